"""Runs beside their work (`ledger`): repeats, votes, thumbs, notes, and what a killed process left unfinished.

Each function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import partial
from itertools import groupby
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import defer
from sqlmodel import Session, col, delete, select, update

from playground.errors import Deleted, NotFoundError
from playground.store.blobs import KEEP
from playground.store.changes import LARGEST
from playground.store.columns import now
from playground.store.content import fold, keep_content
from playground.store.creation import case_rows, cell_row, form_of, keep_variant, search_text
from playground.store.experiment_tables import DeletedRunRow, ExperimentTable
from playground.store.ledger import KEEP_TEXT, UNFINISHED, findable
from playground.store.ratings import OF_RUN
from playground.store.tables import DELETED, Cell, Run, RunCase, Step, Vote
from playground.types.grid import Choice, RunSpec, Work


def add_repeat(
    session: Session,
    run_id: str,
    work: Work,
    spec: RunSpec | None,
    owner: str | None,
) -> int:
    """The number of a further, pending repeat of the case and variant that the work's key names."""
    row = find_run(session, run_id, lock=True)
    if spec is not None:
        row.comparison = form_of(spec, partial(keep_content, session))
        row.content_hash = row.comparison["prompt"]
        (case,), images = case_rows(row.id, spec)
        session.merge(RunCase(**case))
        if images:
            session.connection().execute(KEEP, images)
    highest = session.exec(
        select(sa.func.max(Cell.repeat)).where(
            Cell.run_id == row.id,
            Cell.case_number == work.key.case,
            Cell.variant_number == work.key.variant,
        )
    ).one()
    repeat = 0 if highest is None else highest + 1
    variant_id, is_new = keep_variant(session.connection(), row.id, work, keep_content(session, work.prompt))
    key = work.key._replace(repeat=repeat)
    session.add(Cell(**cell_row(row.id, work, key, owner), variant_id=variant_id))
    if is_new or spec is not None:
        _refresh_search_text(session, row)
    return repeat


def lost_cells(alive: Collection[str], host: str | None) -> sa.ColumnElement[bool]:
    """The condition for unfinished cells whose program has ended.

    `host` is given for a database on a server, where the programs of other machines cannot be seen: their cells
    are left alone for a day.
    """
    return sa.and_(col(Cell.status).in_(UNFINISHED), _is_dead(alive, host))


def going_cells(alive: Collection[str], host: str | None) -> sa.ColumnElement[bool]:
    """The condition for all other unfinished cells: those that somebody is at work on."""
    return sa.and_(col(Cell.status).in_(UNFINISHED), sa.not_(_is_dead(alive, host)))


def _is_dead(alive: Collection[str], host: str | None) -> sa.ColumnElement[bool]:
    owner = col(Cell.owner)
    dead = sa.or_(owner.is_(None), owner.not_in(alive))
    if host is not None:
        long_ago = select(Run.id).where(col(Run.created_at) < now() - timedelta(days=1))
        here = sa.or_(owner.is_(None), owner.startswith(f"{host}/", autoescape=True))
        dead = sa.and_(dead, sa.or_(here, col(Cell.run_id).in_(long_ago)))
    return dead


def is_there(session: Session, lost: sa.ColumnElement[bool]) -> bool:
    """Whether there is such a cell."""
    return session.exec(select(Cell.id).where(lost).limit(1)).first() is not None


def mark_interrupted(session: Session, lost: sa.ColumnElement[bool]) -> int:
    """Mark such cells as interrupted, with the text they had written and the steps that had ended; how many there were."""
    written = (
        select(Step, Cell.run_id, Run.planned)
        .join(Cell, col(Step.cell_id) == col(Cell.id))
        .join(Run, col(Run.id) == col(Cell.run_id))
        .where(lost)
        .order_by(col(Step.cell_id), col(Step.number))
    )
    texts = []
    for cell_id, rows in groupby(session.exec(written).all(), lambda row: row[0].cell_id):
        steps, runs, planned = zip(*rows, strict=True)
        update_cell, text = _left(steps)
        if text is None:
            continue
        session.exec(
            update(Step).where(col(Step.cell_id) == cell_id, col(Step.number) == 0).values(finish="aborted")
        )
        session.exec(update(Cell).where(col(Cell.id) == cell_id).values(finish="aborted", **update_cell))
        texts.append({"cell_id": cell_id, "run_id": runs[0], "text": findable(text, planned[0])})
    if texts:
        session.connection().execute(KEEP_TEXT, texts)
    return session.exec(update(Cell).where(lost).values(status="interrupted")).rowcount


def _left(steps: Sequence[Step]) -> tuple[dict[str, Any], str | None]:
    """What the columns of a cell say of the steps it was left with, and its text; None where nothing had come.

    Step 0 is the text of a plain call; a technique's steps are counted from 1.
    """
    calls = [step for step in steps if step.number and step.kind == "call"]
    if not any(step.number for step in steps):
        (step,) = steps
        return {}, step.text if step.text or step.reasoning else None
    text = calls[-1].text if calls else ""
    counts = {
        name: sum(known) if None not in (known := [getattr(step, name) for step in calls]) else None
        for name in ("prompt_tokens", "completion_tokens")
    }
    total_s = sum(step.total_s or 0.0 for step in calls)
    return {"final": text, "calls": len(calls), "total_s": total_s, **counts}, text


def vote(
    session: Session,
    run_id: str,
    kind: Choice | None,
    column: int | None,
    note: str,
    repeat: int | None = None,
) -> None:
    """Replace the run's vote; None takes it back. "column" means that repeat of the column, None its latest."""
    row = find_run(session, run_id, lock=True)
    cell_id = _find_cell(session, row.id, column, repeat).id if kind == "column" else None
    session.exec(delete(Vote).where(col(Vote.run_id) == row.id, *OF_RUN))
    if kind is not None:
        session.add(Vote(run_id=row.id, kind=kind, cell_id=cell_id, note=note))


def thumb(session: Session, run_id: str, column: int, value: int, repeat: int | None = None) -> None:
    """Set the thumb of a repeat of a column, None for the latest: -1 down, 0 none, 1 up."""
    cell = _find_cell(session, find_run(session, run_id).id, column, repeat)
    cell.thumb = max(-1, min(1, value))
    session.add(cell)


def note(session: Session, run_id: str, text: str) -> None:
    """Replace the run's note."""
    row = find_run(session, run_id, lock=True)
    row.note = text
    _refresh_search_text(session, row)


def find_run(session: Session, run_id: str, *, lock: bool = False) -> Run:
    """The run's row, locked for a change when asked. Raises NotFoundError, which tells of one that was deleted."""
    row = session.get(Run, fold(run_id), with_for_update=lock or None)
    if row is None or row.kind == DELETED:
        missing = NotFoundError("There is no such run.", "It may be in another data folder; look in History.")
        raise _gone(session, run_id, Deleted("This run was deleted."), missing)
    return row


def find_experiment(session: Session, run_id: str, *, lock: bool = False) -> ExperimentTable:
    """The experiment's row, locked for a change when asked; its plan, which may hold all rows, is read when it is asked for.

    Raises NotFoundError.
    """
    later = [defer(cast(Any, ExperimentTable.plan))]
    row = session.get(ExperimentTable, fold(run_id), options=later, with_for_update=lock or None)
    if row is None:
        missing = NotFoundError(
            "There is no such experiment.", "It may be in another data folder; look in Experiments."
        )
        raise _gone(session, run_id, Deleted("This experiment was deleted."), missing)
    return row


def _gone(session: Session, run_id: str, deleted: Deleted, missing: NotFoundError) -> NotFoundError:
    """Which of the two is told of a run that is not found."""
    return missing if session.get(DeletedRunRow, fold(run_id)) is None else deleted


def _find_cell(session: Session, run_id: str, column: int | None, repeat: int | None) -> Cell:
    statement = select(Cell).where(
        Cell.run_id == run_id, Cell.case_number == 0, Cell.variant_number == column
    )
    if repeat is not None:
        statement = statement.where(Cell.repeat == repeat)
    found = None
    if column is not None and 0 <= column < LARGEST:
        found = session.exec(statement.order_by(col(Cell.repeat).desc())).first()
    if found is None:
        raise NotFoundError("The run has no such column.", "Choose one of the columns it was run with.")
    return found


def _refresh_search_text(session: Session, row: Run) -> None:
    session.add(row)
    session.flush()
    row.search_text = search_text(session.connection(), row.id)
