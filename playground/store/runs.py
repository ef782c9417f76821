"""Runs, from the press of Run to a person's vote: each function works inside the caller's transaction.

create_run → every cell "pending"       start_cell → "running"       save_cell → done, cancelled or error
mark_interrupted → what a killed process left unfinished
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select, update

from playground.errors import NotFoundError
from playground.store.content import fold, keep_content, searchable, texts_in, to_json
from playground.store.records import NewCell
from playground.store.reopen import load_comparison
from playground.store.tables import Cell, Run, ScoreRow, Step, Vote, now
from playground.types import CellStatus, Choice, Comparison, Completion, Message, Score

UNFINISHED = ("pending", "running")
TITLE_CHARS = 300


def create_run(
    session: Session, comparison: Comparison, cells: Sequence[NewCell], title: str, version_id: str | None
) -> str:
    """The id of a new run with its cells pending; cells of one column get repeats 0, 1, 2 and so on."""
    row = Run(
        title=title.strip()[:TITLE_CHARS],
        version_id=version_id,
        content_hash=keep_content(session, comparison.prompt),
        comparison=_pack(session, comparison),
    )
    session.add(row)
    session.flush()
    repeats: Counter[int] = Counter()
    for cell in cells:
        session.add(_new_cell(session, row.id, cell, repeats[cell.column]))
        repeats[cell.column] += 1
    _refresh_search_text(session, row)
    return row.id


def add_repeat(
    session: Session, run_id: str, column: int, cell: NewCell, comparison: Comparison | None
) -> int:
    """The number of a further, pending repeat in a column of the run."""
    row = find_run(session, run_id, lock=True)
    if comparison is not None:
        row.comparison = _pack(session, comparison)
        row.content_hash = keep_content(session, comparison.prompt)
    highest = session.exec(
        select(sa.func.max(Cell.repeat)).where(Cell.run_id == row.id, Cell.column_index == column)
    ).one()
    repeat = 0 if highest is None else highest + 1
    row.status = "pending"
    session.add(_new_cell(session, row.id, cell, repeat, column))
    _refresh_search_text(session, row)
    return repeat


def _pack(session: Session, comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON data with each prompt replaced by its hash."""
    data = to_json(comparison)
    data["prompt"] = keep_content(session, comparison.prompt)
    for packed, column in zip(data["columns"], comparison.columns, strict=True):
        packed["prompt"] = keep_content(session, column.prompt) if column.prompt else None
    return data


def _new_cell(session: Session, run_id: str, cell: NewCell, repeat: int, column: int | None = None) -> Cell:
    return Cell(
        run_id=run_id,
        column_index=cell.column if column is None else column,
        repeat=repeat,
        model=cell.model,
        backend=cell.backend,
        content_hash=keep_content(session, cell.prompt),
        sampling=to_json(cell.sampling),
    )


def start_cell(session: Session, run_id: str, column: int, repeat: int) -> None:
    """Note that the cell's request is on its way."""
    row = find_run(session, run_id, lock=True)
    cell = _cell(session, row.id, column, repeat)
    if cell.status != "pending":  # its end was stored first: the start of a run that was left came late
        return
    row.status = cell.status = "running"
    cell.started_at = now()
    session.add_all([row, cell])


def save_cell(
    session: Session,
    run_id: str,
    column: int,
    repeat: int,
    *,
    status: CellStatus,
    completion: Completion | None,
    messages: Sequence[Message],
    error: str,
    hint: str,
    scores: Sequence[Score],
) -> None:
    """Store how a cell ended; saving it again replaces its steps and scores.

    A cell that was already marked as interrupted takes the result all the same: it is the truth.
    """
    row = find_run(session, run_id, lock=True)
    cell = _cell(session, row.id, column, repeat)
    assert cell.id is not None
    cell.status, cell.error, cell.hint, cell.finished_at = status, error, hint, now()
    if completion is not None:
        values = asdict(completion)
        del values["rendered_prompt"]  # kept with the step it was sent in
        lists = {"ignored": list(completion.ignored), "logprobs": list(values["logprobs"])}
        for name, value in (values | lists).items():
            setattr(cell, name, value)
    session.exec(delete(Step).where(col(Step.cell_id) == cell.id))
    session.exec(delete(ScoreRow).where(col(ScoreRow.cell_id) == cell.id))
    session.add_all([cell, _step(cell.id, messages, completion)])
    for number, score in enumerate(scores):
        session.add(ScoreRow(cell_id=cell.id, number=number, **asdict(score)))
    session.flush()
    row.status = _run_status(session, row.id)
    _refresh_search_text(session, row)


def _step(cell_id: int, messages: Sequence[Message], completion: Completion | None) -> Step:
    step = Step(cell_id=cell_id, number=0, messages=[asdict(message) for message in messages])
    if completion is not None:
        for name in ("rendered_prompt", "text", "reasoning", "finish", "prompt_tokens", "completion_tokens"):
            setattr(step, name, getattr(completion, name))
        step.first_token_s, step.total_s = completion.first_token_s, completion.total_s
    return step


def _run_status(session: Session, run_id: str) -> str:
    """Status of a run: "running" while a cell is unfinished, "interrupted" when one was, else "done"."""
    statuses = set(session.exec(select(Cell.status).where(Cell.run_id == run_id)))
    if statuses & set(UNFINISHED):
        return "running"
    return "interrupted" if "interrupted" in statuses else "done"


def mark_interrupted(session: Session) -> int:
    """Mark every unfinished cell as interrupted; how many there were."""
    runs = list(session.exec(select(Run.id).where(col(Run.status).in_(UNFINISHED))))
    count = 0
    for run_id in runs:
        unfinished = (col(Cell.run_id) == run_id, col(Cell.status).in_(UNFINISHED))
        count += session.exec(update(Cell).where(*unfinished).values(status="interrupted")).rowcount
        session.exec(update(Run).where(col(Run.id) == run_id).values(status=_run_status(session, run_id)))
    return count


def vote(session: Session, run_id: str, kind: Choice | None, column: int | None, note: str) -> None:
    """Replace the run's vote; None takes it back. "column" means the latest repeat of that column."""
    row = find_run(session, run_id, lock=True)
    cell_id = _latest_cell(session, row.id, column).id if kind == "column" else None
    session.exec(delete(Vote).where(col(Vote.run_id) == row.id))
    if kind is not None:
        session.add(Vote(run_id=row.id, kind=kind, cell_id=cell_id, note=note))


def thumb(session: Session, run_id: str, column: int, value: int) -> None:
    """Set the thumb of the latest repeat of a column: -1 down, 0 none, 1 up."""
    cell = _latest_cell(session, find_run(session, run_id).id, column)
    cell.thumb = max(-1, min(1, value))
    session.add(cell)


def note(session: Session, run_id: str, text: str) -> None:
    """Replace the run's note."""
    row = find_run(session, run_id, lock=True)
    row.note = text
    _refresh_search_text(session, row)


def find_run(session: Session, run_id: str, *, lock: bool = False) -> Run:
    """The run's row, locked for a change when asked. Raises NotFoundError."""
    row = session.get(Run, fold(run_id), with_for_update=lock or None)
    if row is None:
        raise NotFoundError("There is no such run.", "It may be in another data folder; look in History.")
    return row


def _cell(session: Session, run_id: str, column: int, repeat: int) -> Cell:
    found = session.exec(
        select(Cell).where(Cell.run_id == run_id, Cell.column_index == column, Cell.repeat == repeat)
    ).first()
    if found is None:
        raise NotFoundError(f"The run has no repeat {repeat} in column {column + 1}.")
    return found


def _latest_cell(session: Session, run_id: str, column: int | None) -> Cell:
    statement = select(Cell).where(Cell.run_id == run_id, Cell.column_index == column)
    found = None
    if column is not None and 0 <= column < 4:
        found = session.exec(statement.order_by(col(Cell.repeat).desc())).first()
    if found is None:
        raise NotFoundError("The run has no such column.", "Choose one of the columns it was run with.")
    return found


def _refresh_search_text(session: Session, row: Run) -> None:
    """Gather what the run can be found by: title, note, models, values, turns and all answers so far."""
    comparison = load_comparison(session, row)
    prompts = [comparison.prompt, *(column.prompt for column in comparison.columns if column.prompt)]
    session.flush()
    cells = session.exec(select(Cell.model, Cell.text).where(Cell.run_id == row.id)).all()
    row.search_text = searchable(
        [
            row.title,
            row.note,
            " ".join(dict.fromkeys(model for model, _ in cells)),
            *texts_in(comparison.values),
            *(turn.template for prompt in prompts for turn in prompt.turns),
            *(text for _, text in cells),
        ]
    )
    session.add(row)
