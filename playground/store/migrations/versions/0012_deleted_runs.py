"""Runs that were deleted: that there was one, and which attempt at its question it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "deleted_run",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("opened", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_deleted_run"),
    )
    op.create_index("ix_deleted_run_question", "deleted_run", ["question"])
