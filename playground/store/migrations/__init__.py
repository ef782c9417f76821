"""Alembic revisions of the schema; `env.py` is run by `playground.store.schema`, never from a shell."""
