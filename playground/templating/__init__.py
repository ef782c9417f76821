"""Templates: read, checked and rendered; the one home of Jinja2."""
