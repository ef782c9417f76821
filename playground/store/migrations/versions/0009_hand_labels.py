"""Labels by hand: whether an answer meets a judge's criterion, as people say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "hand_label",
        sa.Column(
            "cell_id", sa.Integer(), sa.ForeignKey("cell.id", name="fk_hand_label_cell_id"), nullable=False
        ),
        sa.Column("criterion", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("passes", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("voter", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cell_id", "criterion", "kind", name="pk_hand_label"),
    )
