"""The ledger of runs: many changes stored in one transaction.

apply(connection, [CreateRun(…), EndCell(…), …]) → what each of them gives

Statements of SQLAlchemy's Core, each executed once for all changes: objects of its ORM would cost ten times as much.
A change reads and writes the rows of its own cells alone, however many the run has: what a run comes to (its status,
what it can be found by) is asked of its cells when somebody wants to know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from playground.errors import NotFoundError
from playground.store.changes import (
    LARGEST,
    CellFacts,
    Change,
    CreateRun,
    EndCell,
    KeepDrafts,
    StartCell,
    StepDraft,
    storable,
)
from playground.store.columns import ExactText
from playground.store.content import SEARCH_CHARS, fold
from playground.store.creation import create
from playground.store.tables import Table
from playground.types.generation import Message, TokenLogprob
from playground.types.grid import CellKey
from playground.types.scores import Score
from playground.types.trace import Answer, Step

UNFINISHED = ("pending", "running")
LEAST_CHARS = 200
"""A run can be found by at least so much of each of its answers."""

STEP = (
    "prompt_tokens", "completion_tokens", "cached_tokens", "context_tokens", "first_token_s", "total_s", "text",
    "reasoning", "finish", "rendered_prompt", "model_digest", "backend_version", "mode",
)  # fmt: skip
"""What a step keeps of a completion as it is, beside `ignored` and `logprobs`."""
PLAIN = Step()
MADE = ("extracted", "value", "state", "start_s", "model")
"""What a step keeps of itself in one column, where there is something to say."""

# --- statements -------------------------------------------------------------------------------------------

_tables = Table.metadata.tables
RUN, VARIANT, CELL = _tables["run"], _tables["variant"], _tables["cell"]
STEPS, SCORES, TEXTS = _tables["step"], _tables["score"], _tables["cell_text"]
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)

_PLACE = ("run", *CellKey._fields)
FOUND = (
    CELL.c.id,
    CELL.c.run_id,
    CELL.c.case_number,
    CELL.c.variant_number,
    CELL.c.repeat,
    CELL.c.status,
    CELL.c.thumb,
    CELL.c.started_at,
    CELL.c.finished_at,
    CELL.c.attempt,
    VARIANT.c.content_hash,
    RUN.c.planned,
)


@cache
def _find_cells(count: int, locks: bool) -> sa.TextualSelect:
    """The cells at so many places, each by its own look into the index.

    Joined, because SQLite looks through the whole table for `(a, b) IN (VALUES …)`. As text, because SQLAlchemy puts
    such a statement together anew each time, which costs more than the look. In one order, so that two programs cannot
    wait for each other.
    """
    places = ", ".join(f"(:run{n}, :case{n}, :variant{n}, :repeat{n})" for n in range(count))
    asked = ", ".join(f"{column.table.name}.{column.name}" for column in FOUND)
    found = sa.text(
        f"WITH place (of_run, of_case, of_variant, of_repeat) AS (VALUES {places}) SELECT {asked} FROM place"
        " JOIN cell ON cell.run_id = place.of_run AND cell.case_number = place.of_case"
        " AND cell.variant_number = place.of_variant AND cell.repeat = place.of_repeat"
        " JOIN variant ON variant.id = cell.variant_id JOIN run ON run.id = cell.run_id"
        " ORDER BY cell.id" + (" FOR UPDATE OF cell" if locks else "")
    )
    numbers = [sa.bindparam(f"{name}{n}", type_=sa.Integer) for n in range(count) for name in CellKey._fields]
    names = [sa.bindparam(f"run{n}", type_=sa.String) for n in range(count)]
    return found.bindparams(*names, *numbers).columns(*FOUND)


FIND_RUNS = sa.select(RUN.c.id).where(RUN.c.id.in_(_KEYS))
UPDATE_CELL = sa.update(CELL).where(CELL.c.id == sa.bindparam("key"))
# As text, because SQLAlchemy has these statements, which SQLite and PostgreSQL share, only by dialect.
KEEP_DRAFT = sa.text(
    "INSERT INTO step (cell_id, number, kind, label, messages, text, reasoning, ignored, logprobs)"
    " SELECT id, 0, 'call', '', '[]', :text, :reasoning, '[]', '[]' FROM cell"
    " WHERE run_id = :run AND case_number = :case AND variant_number = :variant AND repeat = :repeat"
    " AND status IN ('pending', 'running')"
    " ON CONFLICT (cell_id, number) DO UPDATE SET text = excluded.text, reasoning = excluded.reasoning"
).bindparams(sa.bindparam("text", type_=ExactText), sa.bindparam("reasoning", type_=ExactText))
KEEP_TEXT = sa.text(
    "INSERT INTO cell_text (cell_id, run_id, text) VALUES (:cell_id, :run_id, :text)"
    " ON CONFLICT (cell_id) DO UPDATE SET text = excluded.text"
)
FORGET_STEP = sa.delete(STEPS).where(
    STEPS.c.cell_id == sa.bindparam("cell"), STEPS.c.number == sa.bindparam("at")
)
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
    attempt: int
    planned: int


Place = tuple[str, CellKey]
"""The folded id of a run, and a cell's place in it."""


def apply(connection: sa.Connection, changes: Sequence[Change[Any]]) -> list[Any]:
    """Store them all; what each gives, or the NotFoundError of one whose run or cell is not there."""
    create(connection, [change for change in changes if isinstance(change, CreateRun)])
    moves = [change for change in changes if isinstance(change, StartCell | EndCell)]
    kept = [change for change in changes if isinstance(change, KeepDrafts)]
    places = {_place(move) for move in moves}
    of_steps = {_place(draft) for change in kept for draft in change.steps}
    states = _states(connection, places | of_steps)
    runs = _runs(connection, {run_id for run_id, _ in places - states.keys()})
    started: dict[int, _State] = {}
    ends: dict[int, tuple[_State, EndCell]] = {}
    outcomes: list[Any] = []
    for change in changes:
        if not isinstance(change, StartCell | EndCell):
            outcomes.append(change.run_id if isinstance(change, CreateRun) else None)
            continue
        state = states.get(_place(change))
        if state is None:
            outcomes.append(_missing(change, runs))
        elif isinstance(change, EndCell):
            state.status = change.status
            ends[state.id] = (state, change)
            outcomes.append(CellFacts(state.content_hash, state.thumb, state.started_at, change.at))
        else:
            if state.status == "pending":  # else its end was stored first: the start of a run that was left
                state.status, state.started_at = "running", change.at
                state.attempt += 1
                started[state.id] = state
            outcomes.append(None)
    # One whose end is in the same transaction is written once.
    _start(connection, [state for key, state in started.items() if key not in ends])
    _end(connection, list(ends.values()))
    _keep_drafts(connection, kept)
    _keep_steps(connection, kept, states)
    return outcomes


def _place(change: StartCell | EndCell | StepDraft) -> Place:
    return fold(change.run_id), change.key


def _states(connection: sa.Connection, places: Collection[Place]) -> dict[Place, _State]:
    if not places:
        return {}
    states: dict[Place, _State] = {}
    keys = sorted((run_id, *key) for run_id, key in places)
    # Filled up to a power of two: so many statements are compiled, and no more.
    keys += keys[-1:] * ((1 << (len(keys) - 1).bit_length()) - len(keys))
    asked: dict[str, Any] = {}
    for number, place in enumerate(keys):
        asked |= {f"{name}{number}": part for name, part in zip(_PLACE, place, strict=True)}
    for row in connection.execute(_find_cells(len(keys), connection.dialect.name != "sqlite"), asked):
        (
            key,
            run_id,
            case,
            variant,
            repeat,
            status,
            thumb,
            started_at,
            finished_at,
            attempt,
            content,
            planned,
        ) = row
        had_result = finished_at is not None
        state = _State(key, run_id, status, content, thumb, started_at, had_result, attempt, planned)
        states[run_id, CellKey(case, variant, repeat)] = state
    return states


def _runs(connection: sa.Connection, run_ids: Collection[str]) -> set[str]:
    """Those of the runs that are there."""
    if not run_ids:
        return set()
    return set(connection.execute(FIND_RUNS, {"keys": sorted(run_ids)}).scalars())


def _missing(change: StartCell | EndCell, runs: set[str]) -> NotFoundError:
    if fold(change.run_id) not in runs:
        return NotFoundError("There is no such run.", "It may be in another data folder; look in History.")
    case, variant, repeat = change.key
    where = f" of case {case + 1}" if case else ""
    return NotFoundError(f"The run has no repeat {repeat} in column {variant + 1}{where}.")


def _start(connection: sa.Connection, cells: Iterable[_State]) -> None:
    rows = [
        {"key": cell.id, "status": "running", "started_at": cell.started_at, "attempt": cell.attempt}
        for cell in cells
    ]
    if rows:
        connection.execute(UPDATE_CELL, rows)


def _keep_drafts(connection: sa.Connection, kept: Sequence[KeepDrafts]) -> None:
    rows = [
        {
            "run": fold(draft.run_id),
            "case": draft.key.case,
            "variant": draft.key.variant,
            "repeat": draft.key.repeat,
            "text": draft.text,
            "reasoning": draft.reasoning,
        }
        for change in kept
        for draft in change.drafts
    ]
    if rows:
        connection.execute(KEEP_DRAFT, rows)


def _keep_steps(
    connection: sa.Connection, kept: Sequence[KeepDrafts], states: Mapping[Place, _State]
) -> None:
    """The steps of cells that go on; each in place of what was kept of it."""
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for change in kept:
        for draft in change.steps:
            state = states.get(_place(draft))
            if state is not None and state.status in UNFINISHED:
                (step,) = storable(Answer((draft.step,))).steps
                rows[state.id, step.number] = _step(state.id, step)
    if rows:
        connection.execute(FORGET_STEP, [{"cell": cell, "at": number} for cell, number in rows])
        connection.execute(sa.insert(STEPS), list(rows.values()))


def _end(connection: sa.Connection, ends: Sequence[tuple[_State, EndCell]]) -> None:
    if not ends:
        return
    for forget in FORGET:  # drafts, and what an earlier end has left
        connection.execute(forget, {"keys": [state.id for state, _ in ends]})
    cells: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    scores: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    for state, end in ends:
        answer = storable(end.answer)
        cells.append(_cell(state, end, answer))
        steps += (_step(state.id, step) for step in answer.steps)
        scores += score_rows(state.id, end.scores)
        if text := findable(answer.text, state.planned):
            texts.append({"cell_id": state.id, "run_id": state.run_id, "text": text})
        elif state.had_result:
            texts.append({"cell_id": state.id, "run_id": state.run_id, "text": ""})
    for statement, rows in (
        (UPDATE_CELL, cells),
        (sa.insert(STEPS), steps),
        (sa.insert(SCORES), scores),
        (KEEP_TEXT, texts),
    ):
        if rows:
            connection.execute(statement, rows)


def score_rows(cell_id: int, scores: Iterable[Score]) -> list[dict[str, Any]]:
    """The rows of a cell's scores."""
    return [
        {
            "cell_id": cell_id,
            "number": number,
            "check_hash": score.check_hash or None,
            "name": score.name,
            "value": score.value,
            "answer": score.answer,
            "explanation": score.explanation,
            "weight": score.weight,
            "probability": score.probability,
        }
        for number, score in enumerate(scores)
    ]


def findable(text: str, planned: int) -> str:
    """The beginning of an answer that its run can be found by; `planned` is how many cells the run has."""
    return fold(text[: max(SEARCH_CHARS // max(planned, 1), LEAST_CHARS)])


def _cell(state: _State, end: EndCell, answer: Answer) -> dict[str, Any]:
    return {
        "key": state.id,
        "status": end.status,
        "extracted": answer.extracted,
        "finish": answer.finish,
        "calls": answer.calls,
        "attempt": state.attempt,
        "prompt_tokens": _count(answer.prompt_tokens),
        "completion_tokens": _count(answer.completion_tokens),
        "total_s": answer.total_s,
        "final": answer.final,
        "facts": [list(fact) for fact in answer.facts] or None,
        "error": end.error,
        "hint": end.hint,
        "started_at": state.started_at,
        "finished_at": end.at,
    }


def _count(value: int | None) -> int | None:
    return value if value is not None and value < LARGEST else None


def _step(cell_id: int, step: Step) -> dict[str, Any]:
    completion = step.completion
    row: dict[str, Any] = {name: getattr(completion, name, None) for name in STEP}
    if completion is None:
        row |= {"text": step.output, "reasoning": ""}
    return row | {
        "cell_id": cell_id,
        "number": step.number,
        "parent": step.parent,
        "kind": step.kind,
        "label": step.label,
        "request_hash": step.request_hash or None,
        "messages": messages_json(step.messages),
        "ignored": list(completion.ignored) if completion else [],
        "logprobs": [_token(each) for each in completion.logprobs] if completion else [],
        "made": {name: value for name in MADE if (value := getattr(step, name)) != getattr(PLAIN, name)}
        or None,
    }


def messages_json(messages: Iterable[Message]) -> list[dict[str, str]]:
    """Messages as a step keeps them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def _token(token: TokenLogprob) -> dict[str, Any]:
    row = {"token": token.token, "logprob": token.logprob, "top": token.top}
    return row | ({"raw": token.raw} if token.raw else {})
