"""Which program runs a cell, so that another one does not call it interrupted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("cell", sa.Column("owner", sa.Text(), nullable=True))
