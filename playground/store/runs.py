"""Runs beside their work (`ledger`): repeats, votes, thumbs, notes, and what a killed process left unfinished.

Each function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select, update

from playground.errors import NotFoundError
from playground.store.blobs import KEEP
from playground.store.content import fold, keep_content
from playground.store.ledger import UNFINISHED, new_cell_row, packed, run_status, search_texts
from playground.store.records import NewCell
from playground.store.tables import Cell, Run, Vote, now
from playground.types.grid import Choice, Comparison


def add_repeat(
    session: Session,
    run_id: str,
    column: int,
    cell: NewCell,
    comparison: Comparison | None,
    owner: str | None,
) -> int:
    """The number of a further, pending repeat in a column of the run."""
    row = find_run(session, run_id, lock=True)
    if comparison is not None:
        row.comparison, images = packed(comparison, partial(keep_content, session))
        row.content_hash = row.comparison["prompt"]
        if images:
            session.connection().execute(KEEP, images)
    highest = session.exec(
        select(sa.func.max(Cell.repeat)).where(Cell.run_id == row.id, Cell.column_index == column)
    ).one()
    repeat = 0 if highest is None else highest + 1
    row.status = "pending"
    fields: dict[str, Any] = new_cell_row(cell, keep_content(session, cell.prompt), owner)
    session.add(Cell(run_id=row.id, column_index=column, repeat=repeat, **fields))
    _refresh_search_text(session, row)
    return repeat


def lost_cells(alive: Collection[str], host: str | None) -> sa.ColumnElement[bool]:
    """The condition for unfinished cells whose program has ended.

    `host` is given for a database on a server, where the programs of other machines cannot be seen: their cells
    are left alone for a day.
    """
    owner = col(Cell.owner)
    dead = sa.or_(owner.is_(None), owner.not_in(alive))
    if host is not None:
        long_ago = select(Run.id).where(col(Run.created_at) < now() - timedelta(days=1))
        here = sa.or_(owner.is_(None), owner.startswith(f"{host}/", autoescape=True))
        dead = sa.and_(dead, sa.or_(here, col(Cell.run_id).in_(long_ago)))
    return sa.and_(col(Cell.status).in_(UNFINISHED), dead)


def runs_with(session: Session, lost: sa.ColumnElement[bool]) -> list[str]:
    """The runs that have such cells."""
    unfinished = select(Run.id).where(col(Run.status).in_(UNFINISHED))
    return list(session.exec(select(Cell.run_id).where(col(Cell.run_id).in_(unfinished), lost).distinct()))


def mark_interrupted(session: Session, lost: sa.ColumnElement[bool]) -> int:
    """Mark such cells as interrupted, with the text they had written; how many there were."""
    count = 0
    for run_id in runs_with(session, lost):
        there = (col(Cell.run_id) == run_id, lost)
        written = sa.or_(col(Cell.text) != "", col(Cell.reasoning) != "")
        session.exec(update(Cell).where(*there, written).values(finish="aborted"))
        count += session.exec(update(Cell).where(*there).values(status="interrupted")).rowcount
        status = run_status(session.exec(select(Cell.status).where(Cell.run_id == run_id)))
        text = search_texts(session.connection(), [run_id])[run_id]
        session.exec(update(Run).where(col(Run.id) == run_id).values(status=status, search_text=text))
    return count


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
    session.exec(delete(Vote).where(col(Vote.run_id) == row.id))
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
    """The run's row, locked for a change when asked. Raises NotFoundError."""
    row = session.get(Run, fold(run_id), with_for_update=lock or None)
    if row is None:
        raise NotFoundError("There is no such run.", "It may be in another data folder; look in History.")
    return row


def _find_cell(session: Session, run_id: str, column: int | None, repeat: int | None) -> Cell:
    statement = select(Cell).where(Cell.run_id == run_id, Cell.column_index == column)
    if repeat is not None:
        statement = statement.where(Cell.repeat == repeat)
    found = None
    if column is not None and 0 <= column < 4:
        found = session.exec(statement.order_by(col(Cell.repeat).desc())).first()
    if found is None:
        raise NotFoundError("The run has no such column.", "Choose one of the columns it was run with.")
    return found


def _refresh_search_text(session: Session, row: Run) -> None:
    session.add(row)
    session.flush()
    row.search_text = search_texts(session.connection(), [row.id])[row.id]
