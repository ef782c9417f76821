"""The inside of `templates.py`: syntax, names, the sandbox, and the process that renders."""
