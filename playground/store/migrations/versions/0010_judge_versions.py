"""Versions of a judge, and how sure a judge was of what it said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "judge_version",
        sa.Column(
            "run_id", sa.String(), sa.ForeignKey("run.id", name="fk_judge_version_run_id"), nullable=False
        ),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("judge", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "line", "number", name="pk_judge_version"),
    )
    op.add_column("score", sa.Column("probability", sa.Float(), nullable=True))
    op.add_column("hand_label", sa.Column("probability", sa.Float(), nullable=True))
    op.add_column("hand_label", sa.Column("tokens", sa.Integer(), nullable=True))
    op.add_column("hand_label", sa.Column("total_s", sa.Float(), nullable=True))
