"""A run is a grid: variants and cases take what every cell repeated, a cell has the short facts, a step the texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from playground.store.columns import ExactText
from playground.store.content import SEARCH_CHARS, fold, searchable, texts_in

revision = "0004"
down_revision = "0003"

ROWS = 1_000
"""Rows that are carried over at a time."""
OLD = ("vote", "score", "step", "cell", "run")
INDEXES = {"run": ("created_at_id", "status", "version_id", "content_hash"), "cell": ("content_hash",)}


def upgrade() -> None:
    connection = op.get_bind()
    for table in OLD:
        _set_aside(connection, table)
    _create()
    runs = _carry_runs(connection)
    _carry_cells(connection, runs)
    _carry_rest(connection)
    for table in OLD:
        op.drop_table(f"old_{table}")
    _create_indexes()


def _set_aside(connection: sa.Connection, table: str) -> None:
    """The old table under another name, and its names of indexes and constraints free."""
    for columns in INDEXES.get(table, ()):
        op.drop_index(f"ix_{table}_{columns}", table_name=table)
    if connection.dialect.name == "postgresql":  # elsewhere such names belong to their table
        inspector = sa.inspect(connection)
        names = [key["name"] for key in inspector.get_foreign_keys(table)]
        names += [key["name"] for key in inspector.get_unique_constraints(table)]
        names.append(inspector.get_pk_constraint(table)["name"])
        for name in names:
            op.execute(sa.text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE'))
    op.rename_table(table, f"old_{table}")
    if table == "cell":  # the order in which the cells are read below
        op.create_index("ix_old_cell", "old_cell", ["run_id", "id"])


def _create() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("comparison", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_run_version_id"),
        sa.ForeignKeyConstraint(["content_hash"], ["content.hash"], name="fk_run_content_hash"),
    )
    op.create_table(
        "run_case",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("input_values", sa.JSON(), nullable=False),
        sa.Column("images", sa.JSON(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_run_case"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_case_run_id"),
    )
    op.create_table(
        "variant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("backend", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("sampling", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_variant"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_variant_run_id"),
        sa.ForeignKeyConstraint(["content_hash"], ["content.hash"], name="fk_variant_content_hash"),
    )
    op.create_table(
        "cell",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("case_number", sa.Integer(), nullable=False),
        sa.Column("variant_number", sa.Integer(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("extracted", sa.Text(), nullable=True),
        sa.Column("finish", sa.String(), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=True),
        sa.Column("completion_tokens", sa.Integer(), nullable=True),
        sa.Column("total_s", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("thumb", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", time, nullable=True),
        sa.Column("finished_at", time, nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cell"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_cell_run_id"),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_cell_variant_id"),
        sa.UniqueConstraint(
            "run_id",
            "case_number",
            "variant_number",
            "repeat",
            name="uq_cell_run_id_case_number_variant_number_repeat",
        ),
    )
    op.create_table(
        "step",
        sa.Column("cell_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=True),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("rendered_prompt", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reasoning", sa.Text(), nullable=False),
        sa.Column("finish", sa.String(), nullable=True),
        sa.Column("prompt_tokens", sa.Integer(), nullable=True),
        sa.Column("completion_tokens", sa.Integer(), nullable=True),
        sa.Column("cached_tokens", sa.Integer(), nullable=True),
        sa.Column("context_tokens", sa.Integer(), nullable=True),
        sa.Column("first_token_s", sa.Float(), nullable=True),
        sa.Column("total_s", sa.Float(), nullable=True),
        sa.Column("model_digest", sa.Text(), nullable=True),
        sa.Column("backend_version", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("ignored", sa.JSON(), nullable=False),
        sa.Column("logprobs", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("cell_id", "number", name="pk_step"),
        sa.ForeignKeyConstraint(["cell_id"], ["cell.id"], name="fk_step_cell_id"),
    )
    op.create_table(
        "cell_text",
        sa.Column("cell_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cell_id", name="pk_cell_text"),
        sa.ForeignKeyConstraint(["cell_id"], ["cell.id"], name="fk_cell_text_cell_id"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_cell_text_run_id"),
    )
    op.create_table(
        "score",
        sa.Column("cell_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("check_hash", sa.String(), nullable=True),
        sa.Column("judge_cell_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("cell_id", "number", name="pk_score"),
        sa.ForeignKeyConstraint(["cell_id"], ["cell.id"], name="fk_score_cell_id"),
        sa.ForeignKeyConstraint(["judge_cell_id"], ["cell.id"], name="fk_score_judge_cell_id"),
    )
    op.create_table(
        "vote",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("voter", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cell_id", sa.Integer(), nullable=True),
        sa.Column("first_cell_id", sa.Integer(), nullable=True),
        sa.Column("second_cell_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vote"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_vote_run_id"),
        sa.ForeignKeyConstraint(["cell_id"], ["cell.id"], name="fk_vote_cell_id"),
        sa.ForeignKeyConstraint(["first_cell_id"], ["cell.id"], name="fk_vote_first_cell_id"),
        sa.ForeignKeyConstraint(["second_cell_id"], ["cell.id"], name="fk_vote_second_cell_id"),
    )


def _create_indexes() -> None:
    """At the end: a table is filled faster without them."""
    for table, *columns in (
        ("run", "created_at", "id"),
        ("run", "version_id"),
        ("run", "content_hash"),
        ("variant", "run_id", "number"),
        ("variant", "content_hash"),
        ("cell", "status", "run_id"),
        ("cell", "variant_id"),
        ("step", "request_hash"),
        ("cell_text", "run_id"),
        ("score", "judge_cell_id"),
        ("vote", "run_id", "voter"),
        ("vote", "cell_id"),
        ("vote", "first_cell_id"),
        ("vote", "second_cell_id"),
    ):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


# --- carrying over ----------------------------------------------------------------------------------------


def _portions(rows: sa.CursorResult[Any]) -> Iterator[list[Any]]:
    while portion := rows.fetchmany(ROWS):
        yield list(portion)


def _carry_runs(connection: sa.Connection) -> dict[str, int]:
    """Every run with its one case; how many cells each has."""
    counted = connection.execute(sa.text("SELECT run_id, count(*) FROM old_cell GROUP BY run_id"))
    planned: dict[str, int] = {run_id: cells for run_id, cells in counted}
    models: dict[str, list[str]] = {}
    asked = sa.text("SELECT DISTINCT run_id, column_index, model FROM old_cell ORDER BY run_id, column_index")
    for run_id, _, model in connection.execute(asked.columns(model=ExactText)):
        models.setdefault(run_id, []).append(model)
    ids = connection.execute(sa.text("SELECT id FROM old_run ORDER BY id")).scalars().all()
    for start in range(0, len(ids), ROWS):
        _carry_some_runs(connection, ids[start : start + ROWS], planned, models)
    return planned


def _carry_some_runs(
    connection: sa.Connection, ids: Any, planned: dict[str, int], models: dict[str, list[str]]
) -> None:
    asked = (
        sa.text("SELECT id, title, note, comparison FROM old_run WHERE id IN :ids")
        .bindparams(sa.bindparam("ids", expanding=True))
        .columns(title=ExactText, note=ExactText, comparison=sa.JSON)
    )
    runs: list[dict[str, Any]] = []
    cases: list[dict[str, Any]] = []
    turns: dict[str, list[str]] = {}
    for run_id, title, note, form in connection.execute(asked, {"ids": list(ids)}):
        values, images = form.pop("values", {}), form.pop("images", [])
        cases.append({"run_id": run_id, "number": 0, "input_values": values, "images": images, "row_id": ""})
        hashes = dict.fromkeys([form["prompt"], *(c["prompt"] for c in form["columns"] if c["prompt"])])
        parts = [title, note, " ".join(dict.fromkeys(models.get(run_id, ()))), *texts_in(values)]
        for key in hashes:
            parts += _turns(connection, key, turns)
        runs.append(
            {
                "row": run_id,
                "planned": planned.get(run_id, 0),
                "search_text": searchable(parts),
                "comparison": form,
            }
        )
    copy = sa.text(
        "INSERT INTO run (id, created_at, kind, title, note, version_id, content_hash, planned, search_text,"
        " comparison) SELECT id, created_at, 'comparison', title, note, version_id, content_hash, :planned,"
        " :search_text, :comparison FROM old_run WHERE id = :row"
    ).bindparams(sa.bindparam("comparison", type_=sa.JSON))
    connection.execute(copy, runs)
    insert = sa.text(
        "INSERT INTO run_case (run_id, number, input_values, images, row_id)"
        " VALUES (:run_id, :number, :input_values, :images, :row_id)"
    ).bindparams(sa.bindparam("input_values", type_=sa.JSON), sa.bindparam("images", type_=sa.JSON))
    connection.execute(insert, cases)


def _turns(connection: sa.Connection, key: str, known: dict[str, list[str]]) -> list[str]:
    """The templates of the prompt with that hash."""
    if key not in known:
        asked = sa.text("SELECT json_text FROM content WHERE hash = :key")
        body = connection.execute(asked, {"key": key}).scalar()
        known[key] = [turn["template"] for turn in json.loads(body)["turns"]] if body else []
    return known[key]


def _carry_cells(connection: sa.Connection, planned: dict[str, int]) -> None:
    """Every cell under its own id, a variant for each form of a column, and what answers can be found by."""
    variants = sa.table(
        "variant",
        sa.column("id", sa.Integer),
        *(sa.column(name, sa.String) for name in ("run_id", "content_hash")),
        sa.column("number", sa.Integer),
        *(sa.column(name, ExactText()) for name in ("model", "backend")),
        sa.column("sampling", sa.JSON),
    )
    asked = (
        sa.text(
            "SELECT id, run_id, column_index, model, backend, content_hash, sampling, text FROM old_cell"
            " WHERE run_id > :run OR (run_id = :run AND id > :id) ORDER BY run_id, id LIMIT :rows"
        )
        .bindparams(rows=ROWS)
        .columns(model=ExactText, backend=ExactText, sampling=sa.JSON, text=ExactText)
    )
    copy = sa.text(
        "INSERT INTO cell (id, run_id, case_number, variant_number, repeat, variant_id, status, seed, finish,"
        " calls, prompt_tokens, completion_tokens, total_s, error, hint, thumb, attempt, started_at,"
        " finished_at, owner) SELECT id, run_id, 0, column_index, repeat, :variant, status, :seed, finish,"
        " CASE WHEN finish IS NULL THEN 0 ELSE 1 END, prompt_tokens, completion_tokens, total_s, error, hint,"
        " thumb, CASE WHEN started_at IS NULL THEN 0 ELSE 1 END, started_at, finished_at, owner"
        " FROM old_cell WHERE id = :row"
    ).bindparams(sa.bindparam("seed", type_=sa.BigInteger))
    find = sa.text("INSERT INTO cell_text (cell_id, run_id, text) VALUES (:cell_id, :run_id, :text)")
    known: dict[Any, int] = {}
    number, last = 0, {"run": "", "id": -1}
    while rows := connection.execute(asked, last).all():
        new: list[dict[str, Any]] = []
        cells: list[dict[str, Any]] = []
        texts: list[dict[str, Any]] = []
        for row in rows:
            sampling = dict(row.sampling)
            seed = sampling.pop("seed", None)
            form = (*row[1:6], json.dumps(sampling, sort_keys=True))
            if form not in known:
                number += 1
                known[form] = number
                names = ("run_id", "number", "model", "backend", "content_hash")
                new.append(
                    dict(zip(names, row[1:6], strict=True))
                    | {"id": number, "sampling": sampling | {"seed": None}}
                )
            cells.append({"row": row.id, "variant": known[form], "seed": seed})
            share = max(SEARCH_CHARS // max(planned[row.run_id], 1), 200)
            if text := fold(row.text[:share]):
                texts.append({"cell_id": row.id, "run_id": row.run_id, "text": text})
        last = {"run": rows[-1].run_id, "id": rows[-1].id}
        known = {form: key for form, key in known.items() if form[0] == last["run"]}
        if new:
            connection.execute(sa.insert(variants), new)
        connection.execute(copy, cells)
        if texts:
            connection.execute(find, texts)


def _carry_rest(connection: sa.Connection) -> None:
    """Steps with all that was measured of them, scores and votes; the database copies them by itself."""
    measured = "c.cached_tokens, c.context_tokens, s.first_token_s, s.total_s, c.model_digest, c.backend_version, c.mode, c.ignored, c.logprobs"
    into = (
        "INSERT INTO step (cell_id, number, kind, label, messages, rendered_prompt, text, reasoning, finish,"
        " prompt_tokens, completion_tokens, cached_tokens, context_tokens, first_token_s, total_s,"
        " model_digest, backend_version, mode, ignored, logprobs)"
    )
    op.execute(
        f"{into} SELECT s.cell_id, s.number, 'call', s.label, s.messages, s.rendered_prompt, s.text,"
        f" s.reasoning, s.finish, s.prompt_tokens, s.completion_tokens, {measured}"
        " FROM old_step s JOIN old_cell c ON c.id = s.cell_id"
    )
    # What a cell had written before its program ended stands in the cell alone.
    op.execute(
        f"{into} SELECT c.id, 0, 'call', '', '[]', NULL, c.text, c.reasoning, c.finish, c.prompt_tokens,"
        " c.completion_tokens, c.cached_tokens, c.context_tokens, c.first_token_s, c.total_s, c.model_digest,"
        " c.backend_version, c.mode, c.ignored, c.logprobs FROM old_cell c"
        " WHERE (c.text != '' OR c.reasoning != '' OR c.finish IS NOT NULL)"
        " AND NOT EXISTS (SELECT 1 FROM old_step s WHERE s.cell_id = c.id)"
    )
    op.execute(
        "INSERT INTO score (cell_id, number, name, value, answer, explanation, weight)"
        " SELECT cell_id, number, name, value, answer, explanation, weight FROM old_score"
    )
    # One vote a run: its id is the run's.
    op.execute(
        "INSERT INTO vote (id, run_id, voter, kind, cell_id, note, created_at)"
        " SELECT run_id, run_id, '', kind, cell_id, note, created_at FROM old_vote"
    )
    if connection.dialect.name == "postgresql":  # rows came with their ids; the next one is given after them
        for table in ("variant", "cell"):
            op.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"
            )
