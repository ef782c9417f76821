"""The library's shelf: tags, labels, variants, favourites, sync marks, images; what lists show of a prompt."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from playground.store.columns import ExactText
from playground.store.content import searchable

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Empty and nullable first: a column that may not be empty needs its value before.
    with op.batch_alter_table("prompt") as prompt:
        prompt.add_column(sa.Column("content_hash", sa.String(), nullable=True))
        prompt.add_column(sa.Column("description", sa.Text(), nullable=True))
        prompt.add_column(sa.Column("family", sa.Text(), nullable=True))
    with op.batch_alter_table("version") as version:
        version.add_column(sa.Column("variant", sa.String(), nullable=True))
    op.create_table(
        "prompt_tag",
        sa.Column("prompt_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("prompt_id", "position", name="pk_prompt_tag"),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompt.id"], name="fk_prompt_tag_prompt_id"),
    )
    op.create_index("ix_prompt_tag_tag_prompt_id", "prompt_tag", ["tag", "prompt_id"])
    _fill(op.get_bind())
    with op.batch_alter_table("version") as version:
        version.alter_column("variant", existing_type=sa.String(), nullable=False)
    with op.batch_alter_table("prompt") as prompt:
        prompt.alter_column("content_hash", existing_type=sa.String(), nullable=False)
        prompt.alter_column("description", existing_type=sa.Text(), nullable=False)
        prompt.alter_column("family", existing_type=sa.Text(), nullable=False)
        prompt.create_foreign_key("fk_prompt_content_hash", "content", ["content_hash"], ["hash"])
    op.create_index("ix_prompt_content_hash", "prompt", ["content_hash"])
    op.create_table(
        "label",
        sa.Column("prompt_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prompt_id", "name", name="pk_label"),
        sa.ForeignKeyConstraint(
            ["prompt_id", "number"],
            ["version.prompt_id", "version.number"],
            name="fk_label_prompt_id_number",
        ),
    )
    op.create_table(
        "favourite",
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_favourite"),
    )
    op.create_table(
        "sync_mark",
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("prompt_id", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("folder", "path", name="pk_sync_mark"),
    )
    op.create_table(
        "blob",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_blob"),
    )
    # Purging a prompt asks each of these tables whether it still needs a row.
    op.create_index("ix_run_version_id", "run", ["version_id"])
    op.create_index("ix_run_content_hash", "run", ["content_hash"])
    op.create_index("ix_cell_content_hash", "cell", ["content_hash"])


def _exact(text: str) -> Any:
    """The text as a parameter of a statement without types."""
    return ExactText().process_bind_param(text, op.get_bind().dialect)


def _fill(connection: sa.Connection) -> None:
    """Copy out of each prompt's newest version what lists show and search of it."""
    connection.execute(sa.text("UPDATE version SET variant = ''"))
    newest = connection.execute(
        sa.text(
            "SELECT prompt.id, content.hash, content.json_text FROM prompt"
            " JOIN version ON version.prompt_id = prompt.id AND version.number = prompt.latest"
            " JOIN content ON content.hash = version.content_hash"
        )
    )
    prompts: list[dict[str, str]] = []
    tags: list[dict[str, Any]] = []
    for prompt_id, content_hash, json_text in newest:
        data = json.loads(json_text)
        told = [data[key] for key in ("name", "description")]
        chinese = [data.get(key, "") for key in ("name_zh", "description_zh")]
        turns = [turn["template"] for turn in data["turns"]]
        prompts.append(
            {
                "row": prompt_id,
                "content_hash": content_hash,
                "description": _exact(data["description"]),
                "family": _exact(data["family"]),
                "search_text": searchable([*told, *chinese, *data["tags"], *turns]),
            }
        )
        for position, tag in enumerate(dict.fromkeys(data["tags"])):
            tags.append({"prompt_id": prompt_id, "position": position, "tag": _exact(tag)})
    if prompts:
        connection.execute(
            sa.text(
                "UPDATE prompt SET content_hash = :content_hash, description = :description,"
                " family = :family, search_text = :search_text WHERE id = :row"
            ),
            prompts,
        )
    if tags:
        connection.execute(
            sa.text("INSERT INTO prompt_tag (prompt_id, position, tag) VALUES (:prompt_id, :position, :tag)"),
            tags,
        )
