"""Run by Alembic: applies revisions on the connection that `schema.py` has opened.

A further revision is written by hand: copy the newest file of `versions/`, raise the number, set
`down_revision`, raise `HEAD` in `schema.py`. `batch_alter_table` changes a column on SQLite.
"""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # The caller holds one transaction around all revisions: an upgrade happens whole or not at all.
    transactional_ddl=True,
)
context.run_migrations()
