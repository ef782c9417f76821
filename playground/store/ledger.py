"""The ledger of runs: many changes stored in one transaction.

apply(connection, [CreateRun(…), EndCell(…), …]) → what each of them gives

Statements of SQLAlchemy's Core, each executed once for all changes: objects of its ORM would cost ten times as much.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from playground.errors import NotFoundError
from playground.store.blobs import KEEP as KEEP_BLOB
from playground.store.blobs import packed_images
from playground.store.changes import (
    COUNTS,
    CellFacts,
    Change,
    CreateRun,
    EndCell,
    KeepDrafts,
    StartCell,
    storable,
)
from playground.store.content import KEEP, body_rows, content_hash, fold, searchable, texts_in, to_json
from playground.store.records import NewCell
from playground.store.tables import Table
from playground.types.generation import Completion, Message
from playground.types.grid import Comparison
from playground.types.prompt import Prompt

UNFINISHED = ("pending", "running")
TITLE_CHARS = 300

ANSWER = (*COUNTS, "text", "reasoning", "finish", "first_token_s", "total_s", "model_digest", "backend_version", "mode")  # fmt: skip
STEP = ("rendered_prompt", "text", "reasoning", "finish", *COUNTS[:2], "first_token_s", "total_s")


def packed(
    comparison: Comparison, keep: Callable[[Prompt], str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The comparison as JSON data with each prompt and image replaced by its hash, and the rows of its images.

    `keep` gives the hash of a prompt and sees to it that its body is stored.
    """
    data = to_json(comparison)
    data["images"], images = packed_images(comparison.images)
    data["prompt"] = keep(comparison.prompt)
    for column, each in zip(data["columns"], comparison.columns, strict=True):
        column["prompt"] = keep(each.prompt) if each.prompt else None
    return data, images


def search_text(
    title: str, note: str, values: object, turns: Iterable[str], cells: Sequence[tuple[str, str]]
) -> str:
    """What a run can be found by: title, note, models, values, the source of its turns, and all answers so far."""
    models = " ".join(dict.fromkeys(model for model, _ in cells))
    return searchable([title, note, models, *texts_in(values), *turns, *(text for _, text in cells)])


# --- statements -------------------------------------------------------------------------------------------

_tables = Table.metadata.tables
RUN, CELL, STEPS, SCORES = _tables["run"], _tables["cell"], _tables["step"], _tables["score"]
CONTENT, VERSION, PROMPT = _tables["content"], _tables["version"], _tables["prompt"]
_KEY: sa.BindParameter[Any] = sa.bindparam("key")
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)

LOCK_RUNS = sa.select(RUN.c.id).where(RUN.c.id.in_(_KEYS)).order_by(RUN.c.id).with_for_update()
FIND_CELLS = sa.select(
    CELL.c.id,
    CELL.c.run_id,
    CELL.c.column_index,
    CELL.c.repeat,
    CELL.c.status,
    CELL.c.content_hash,
    CELL.c.thumb,
    CELL.c.started_at,
    CELL.c.finished_at,
).where(CELL.c.run_id.in_(_KEYS))
FIND_VERSIONS = (
    sa.select(VERSION.c.content_hash, VERSION.c.id)
    .join(PROMPT, PROMPT.c.id == VERSION.c.prompt_id)
    .where(PROMPT.c.deleted_at.is_(None), VERSION.c.content_hash.in_(_KEYS))
    .order_by(VERSION.c.created_at, VERSION.c.number)  # the last one counts
)
READ_RUNS = sa.select(RUN.c.id, RUN.c.title, RUN.c.note, RUN.c.comparison).where(RUN.c.id.in_(_KEYS))
READ_TEXTS = (
    sa.select(CELL.c.run_id, CELL.c.model, CELL.c.text)
    .where(CELL.c.run_id.in_(_KEYS))
    .order_by(CELL.c.run_id, CELL.c.id)
)
READ_CONTENT = sa.select(CONTENT.c.hash, CONTENT.c.json_text).where(CONTENT.c.hash.in_(_KEYS))
UPDATE_CELL = sa.update(CELL).where(CELL.c.id == _KEY)
UPDATE_DRAFT = sa.update(CELL).where(
    CELL.c.run_id == sa.bindparam("of_run"),
    CELL.c.column_index == sa.bindparam("of_column"),
    CELL.c.repeat == sa.bindparam("of_repeat"),
    sa.or_(*(CELL.c.status == status for status in UNFINISHED)),  # a list could not be executed for many rows
)
UPDATE_RUN = sa.update(RUN).where(RUN.c.id == _KEY)
FORGET = [sa.delete(table).where(table.c.cell_id.in_(_KEYS)) for table in (STEPS, SCORES)]


# --- storing ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _State:
    """A cell as the database has it, kept up with the changes of this transaction."""

    id: int
    run_id: str
    status: str
    content_hash: str
    thumb: int
    started_at: datetime | None
    had_result: bool


def apply(connection: sa.Connection, changes: Sequence[Change[Any]]) -> list[Any]:
    """Store them all; what each gives, or the NotFoundError of one whose run or cell is not there."""
    _create(connection, [change for change in changes if isinstance(change, CreateRun)])
    moves = [change for change in changes if isinstance(change, StartCell | EndCell)]
    states = _states(connection, sorted({fold(move.run_id) for move in moves}))
    started: set[int] = set()
    ends: dict[int, tuple[_State, EndCell]] = {}
    outcomes: list[Any] = []
    for change in changes:
        if isinstance(change, CreateRun):
            outcomes.append(change.run_id)
            continue
        if isinstance(change, KeepDrafts):
            outcomes.append(None)
            continue
        assert isinstance(change, StartCell | EndCell)
        state = _find(states, change)
        if isinstance(state, NotFoundError):
            outcomes.append(state)
        elif isinstance(change, EndCell):
            state.status = change.status
            ends[state.id] = (state, change)
            outcomes.append(CellFacts(state.content_hash, state.thumb, state.started_at, change.at))
        else:
            if state.status == "pending":  # else its end was stored first: the start of a run that was left
                state.status, state.started_at = "running", change.at
                started.add(state.id)
            outcomes.append(None)
    cells = {state.id: state for run in states.values() for state in run.values()}
    _start(connection, [cells[key] for key in started - ends.keys()])
    _end(connection, list(ends.values()))
    touched = {cells[key].run_id for key in started | ends.keys()}
    finished = {state.run_id for state, _ in ends.values()}
    _keep_drafts(connection, [change for change in changes if isinstance(change, KeepDrafts)])
    _conclude(connection, {run_id: states[run_id].values() for run_id in touched}, finished)
    return outcomes


def _create(connection: sa.Connection, created: Sequence[CreateRun]) -> None:
    if not created:
        return
    bodies: dict[str, Prompt] = {}
    runs: list[dict[str, Any]] = []
    cells: list[dict[str, Any]] = []
    blobs: list[dict[str, Any]] = []
    for change in created:
        hashes: dict[int, str] = {}

        def keep(prompt: Prompt, hashes: dict[int, str] = hashes) -> str:
            if (known := hashes.get(id(prompt))) is None:
                known = hashes[id(prompt)] = content_hash(prompt)
                bodies.setdefault(known, prompt)
            return known

        comparison, images = packed(change.comparison, keep)
        blobs += images
        title = change.title.strip()[:TITLE_CHARS]
        prompts = [change.comparison.prompt, *(c.prompt for c in change.comparison.columns if c.prompt)]
        turns = [turn.template for prompt in prompts for turn in prompt.turns]
        text = search_text(title, "", change.comparison.values, turns, [(c.model, "") for c in change.cells])
        runs.append(
            {
                "id": change.run_id,
                "created_at": change.at,
                "status": "pending",
                "title": title,
                "note": "",
                "version_id": change.version_id,
                "content_hash": comparison["prompt"],
                "search_text": text,
                "comparison": comparison,
            }
        )
        repeats: Counter[int] = Counter()
        for cell in change.cells:
            place = {"run_id": change.run_id, "column_index": cell.column, "repeat": repeats[cell.column]}
            cells.append(place | new_cell_row(cell, keep(cell.prompt), change.owner))
            repeats[cell.column] += 1
    connection.execute(KEEP, body_rows(bodies))
    if blobs:
        connection.execute(KEEP_BLOB, blobs)
    wanted = [row["content_hash"] for row, change in zip(runs, created, strict=True) if change.find_version]
    if wanted:
        found = connection.execute(FIND_VERSIONS, {"keys": sorted(set(wanted))})
        versions: dict[str, str] = {row.content_hash: row.id for row in found}
        for row, change in zip(runs, created, strict=True):
            if change.find_version and row["version_id"] is None:
                row["version_id"] = versions.get(row["content_hash"])
    connection.execute(sa.insert(RUN), runs)
    if cells:
        connection.execute(sa.insert(CELL), cells)


def new_cell_row(cell: NewCell, key: str, owner: str | None) -> dict[str, Any]:
    """The columns of a pending cell whose prompt has that hash, but for its place in the run."""
    return {
        "owner": owner,
        "model": cell.model,
        "backend": cell.backend,
        "content_hash": key,
        "sampling": to_json(cell.sampling),
        "status": "pending",
        "thumb": 0,
        "total_s": 0.0,
        "ignored": [],
        "logprobs": [],
        "error": "",
        "hint": "",
        "text": "",
        "reasoning": "",
    }


States = dict[str, dict[tuple[int, int], _State]]


def _states(connection: sa.Connection, run_ids: Sequence[str]) -> States:
    """The cells of these runs, which are locked; runs that are not there are left out."""
    if not run_ids:
        return {}
    states: States = {key: {} for key in connection.execute(LOCK_RUNS, {"keys": run_ids}).scalars()}
    for row in connection.execute(FIND_CELLS, {"keys": run_ids}):
        key, run_id, column, repeat, status, content, thumb, started_at, finished_at = row
        state = _State(key, run_id, status, content, thumb, started_at, finished_at is not None)
        states[run_id][column, repeat] = state
    return states


def _find(states: States, change: StartCell | EndCell) -> _State | NotFoundError:
    cells = states.get(fold(change.run_id))
    if cells is None:
        return NotFoundError("There is no such run.", "It may be in another data folder; look in History.")
    missing = f"The run has no repeat {change.repeat} in column {change.column + 1}."
    return cells.get((change.column, change.repeat)) or NotFoundError(missing)


def _start(connection: sa.Connection, cells: Sequence[_State]) -> None:
    if cells:
        rows = [{"key": cell.id, "status": "running", "started_at": cell.started_at} for cell in cells]
        connection.execute(UPDATE_CELL, rows)


def _keep_drafts(connection: sa.Connection, kept: Sequence[KeepDrafts]) -> None:
    rows = [
        {
            "of_run": fold(draft.run_id),
            "of_column": draft.column,
            "of_repeat": draft.repeat,
            "text": draft.text,
            "reasoning": draft.reasoning,
        }
        for change in kept
        for draft in change.drafts
    ]
    if rows:
        connection.execute(UPDATE_DRAFT, rows)


def _end(connection: sa.Connection, ends: Sequence[tuple[_State, EndCell]]) -> None:
    if not ends:
        return
    replaced = [state.id for state, _ in ends if state.had_result]
    for forget in FORGET if replaced else ():
        connection.execute(forget, {"keys": replaced})
    answered: list[dict[str, Any]] = []
    silent: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    scores: list[dict[str, Any]] = []
    for state, end in ends:
        completion = storable(end.completion) if end.completion is not None else None
        row: dict[str, Any] = {
            "key": state.id,
            "status": end.status,
            "error": end.error,
            "hint": end.hint,
            "started_at": state.started_at,
            "finished_at": end.at,
        }
        if completion is None:
            silent.append(row)
        else:
            row |= {name: getattr(completion, name) for name in ANSWER}
            row["ignored"] = list(completion.ignored)
            row["logprobs"] = [
                {"token": each.token, "logprob": each.logprob, "top": each.top}
                | ({"raw": each.raw} if each.raw else {})
                for each in completion.logprobs
            ]
            answered.append(row)
        steps.append(_step(state.id, end.messages, completion))
        scores += (
            {
                "cell_id": state.id,
                "number": number,
                "name": score.name,
                "value": score.value,
                "answer": score.answer,
                "explanation": score.explanation,
                "weight": score.weight,
            }
            for number, score in enumerate(end.scores)
        )
    for statement, rows in (
        (UPDATE_CELL, answered),
        (UPDATE_CELL, silent),
        (sa.insert(STEPS), steps),
        (sa.insert(SCORES), scores),
    ):
        if rows:
            connection.execute(statement, rows)


def _step(cell_id: int, messages: Sequence[Message], completion: Completion | None) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(STEP)
    if completion is None:
        row |= {"text": "", "reasoning": ""}
    else:
        row = {name: getattr(completion, name) for name in STEP}
    sent = [{"role": message.role, "content": message.content} for message in messages]
    return row | {"cell_id": cell_id, "number": 0, "label": "", "messages": sent}


def run_status(statuses: Iterable[str]) -> str:
    """Status of a run: "running" while a cell is unfinished, "interrupted" when one was, else "done"."""
    found = set(statuses)
    if not found.isdisjoint(UNFINISHED):
        return "running"
    return "interrupted" if "interrupted" in found else "done"


def _conclude(connection: sa.Connection, runs: dict[str, Iterable[_State]], ended: set[str]) -> None:
    """Bring the status of these runs up to date; those whose last cell has ended can be found by their answers."""
    if not runs:
        return
    statuses = {run_id: run_status(cell.status for cell in cells) for run_id, cells in runs.items()}
    over = sorted(run_id for run_id in ended if statuses[run_id] != "running")
    texts = search_texts(connection, over) if over else {}
    going = [{"key": key, "status": status} for key, status in statuses.items() if key not in texts]
    if going:
        connection.execute(UPDATE_RUN, going)
    if texts:
        rows = [{"key": key, "status": statuses[key], "search_text": text} for key, text in texts.items()]
        connection.execute(UPDATE_RUN, rows)


def search_texts(connection: sa.Connection, run_ids: Sequence[str]) -> dict[str, str]:
    """What these runs can be found by, from what is stored of them."""
    runs = connection.execute(READ_RUNS, {"keys": run_ids}).all()
    cells: dict[str, list[tuple[str, str]]] = {run_id: [] for run_id in run_ids}
    for run_id, model, text in connection.execute(READ_TEXTS, {"keys": run_ids}):
        cells[run_id].append((model, text))
    hashes = {run.id: _hashes(run.comparison) for run in runs}
    wanted = sorted({key for keys in hashes.values() for key in keys})
    turns: dict[str, list[str]] = {}
    for key, json_text in connection.execute(READ_CONTENT, {"keys": wanted}):
        turns[key] = [turn["template"] for turn in json.loads(json_text)["turns"]]
    return {
        run.id: search_text(
            run.title,
            run.note,
            run.comparison["values"],
            [template for key in hashes[run.id] for template in turns.get(key, ())],
            cells[run.id],
        )
        for run in runs
    }


def _hashes(comparison: dict[str, Any]) -> list[str]:
    """The hashes in a stored comparison: the shared prompt's and those of the columns that have their own."""
    return [comparison["prompt"], *(c["prompt"] for c in comparison["columns"] if c["prompt"])]
