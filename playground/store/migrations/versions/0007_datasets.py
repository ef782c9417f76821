"""Data sets: rows stored once by their hash, versions as spans of entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "dataset",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=True),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("updated_at", time, nullable=False),
        sa.Column("deleted_at", time, nullable=True),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dataset"),
        sa.UniqueConstraint("name_key", name="uq_dataset_name_key"),
    )
    op.create_table(
        "dataset_version",
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("train", sa.Integer(), nullable=False),
        sa.Column("held_out", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_dataset_version_dataset_id"),
        sa.PrimaryKeyConstraint("dataset_id", "number", name="pk_dataset_version"),
    )
    op.create_table(
        "dataset_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_dataset_row_dataset_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dataset_row"),
        sa.UniqueConstraint("dataset_id", "hash", name="uq_dataset_row_dataset_id_hash"),
    )
    op.create_table(
        "dataset_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("half", sa.String(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("born", sa.Integer(), nullable=False),
        sa.Column("died", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_dataset_entry_dataset_id"),
        sa.ForeignKeyConstraint(["row_id"], ["dataset_row.id"], name="fk_dataset_entry_row_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dataset_entry"),
    )
    op.create_index("ix_dataset_entry_dataset_id_number", "dataset_entry", ["dataset_id", "number"])
    op.create_index("ix_dataset_entry_row_id", "dataset_entry", ["row_id"])
    op.create_table(
        "dataset_use",
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_dataset_use_dataset_id"),
        sa.PrimaryKeyConstraint("dataset_id", "run_id", name="pk_dataset_use"),
    )
    op.create_table(
        "dataset_edit",
        sa.Column("draft", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("edit", sa.JSON(), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_dataset_edit_dataset_id"),
        sa.PrimaryKeyConstraint("draft", "n", name="pk_dataset_edit"),
    )
    op.create_index("ix_dataset_edit_dataset_id", "dataset_edit", ["dataset_id"])
