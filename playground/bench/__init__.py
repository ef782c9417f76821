"""Which backend for me: measuring, tables, and what is kept of it."""
