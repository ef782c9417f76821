"""Traces: what a technique made of its steps, and the answer that is not its last call's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("step", sa.Column("made", sa.JSON(), nullable=True))
    op.add_column("cell", sa.Column("final", sa.Text(), nullable=True))
    op.add_column("cell", sa.Column("facts", sa.JSON(), nullable=True))
