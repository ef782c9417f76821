"""The list of runs: one page of summaries, newest first, found by words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select

from playground.store.content import matches
from playground.store.records import ColumnSummary, HistoryPage, RunSummary, StoredVote
from playground.store.reopen import stored_vote
from playground.store.tables import Cell, Run, ScoreRow, Vote
from playground.types.grid import CellStatus

PAGE_ROWS = 500
"""Rows of one page at most."""
SHORT: Any = (Cell.run_id, Cell.column_index, Cell.repeat, Cell.model, Cell.status, Cell.thumb)
"""What a summary needs of a cell; its long texts stay in the database."""


class Checks(NamedTuple):
    """The checks of one cell that apply."""

    passed: int
    applying: int
    mean: float | None


def history(session: Session, search: str, limit: int, offset: int) -> HistoryPage:
    """Runs whose title, values, turns, answers, models or note contain every word of the search."""
    found = matches(Run.search_text, search)
    limit, offset = max(0, min(limit, PAGE_ROWS)), max(0, min(offset, 2**31 - 1))
    # The count rides along: a search reads every run's text, and reading it twice would take twice as long.
    page = session.exec(
        select(Run.id, sa.func.count().over())
        .where(*found)
        .order_by(col(Run.created_at).desc(), col(Run.id).desc())
        .limit(limit)
        .offset(offset)
    ).all()
    if page:
        return HistoryPage(tuple(_summaries(session, [row[0] for row in page])), page[0][1])
    if limit and not offset:
        return HistoryPage((), 0)
    # A page beyond the end.
    return HistoryPage((), session.exec(select(sa.func.count()).select_from(Run).where(*found)).one())


def _summaries(session: Session, run_ids: Sequence[str]) -> list[RunSummary]:
    """Summaries in the order of the ids, with a fixed number of queries."""
    rows = session.exec(
        select(Run.id, Run.created_at, Run.title, Run.note).where(col(Run.id).in_(run_ids))
    ).all()
    runs = {row[0]: row for row in rows}
    cells = _latest_cells(session, run_ids)
    checks = _checks(session, [cell.id for of_run in cells.values() for cell in of_run if cell.id])
    votes = _votes(session, run_ids)
    return [
        RunSummary(
            id=run_id,
            created_at=runs[run_id][1],
            title=runs[run_id][2],
            models=tuple(dict.fromkeys(cell.model for cell in cells[run_id])),
            columns=tuple(_column(cell, checks) for cell in cells[run_id]),
            vote=votes.get(run_id),
            note=runs[run_id][3],
        )
        for run_id in run_ids
    ]


def _latest_cells(session: Session, run_ids: Sequence[str]) -> dict[str, list[Cell]]:
    """The latest repeat of each column by run, in column order."""
    cells = session.exec(
        select(Cell)
        .options(load_only(*SHORT))
        .where(col(Cell.run_id).in_(run_ids))
        .order_by(col(Cell.column_index), col(Cell.repeat))
    )
    latest: dict[str, dict[int, Cell]] = {run_id: {} for run_id in run_ids}
    for cell in cells:
        latest[cell.run_id][cell.column_index] = cell
    return {run_id: list(columns.values()) for run_id, columns in latest.items()}


def _checks(session: Session, cell_ids: Sequence[int]) -> dict[int, Checks]:
    """Passed and counted checks, and their weighted mean, by cell; checks that do not apply are left out."""
    by_cell: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for cell_id, value, weight in session.exec(
        select(ScoreRow.cell_id, ScoreRow.value, ScoreRow.weight).where(col(ScoreRow.cell_id).in_(cell_ids))
    ):
        if value is not None:
            by_cell[cell_id].append((value, weight))
    return {
        cell_id: Checks(
            passed=sum(value >= 1 for value, _ in rows),
            applying=len(rows),
            mean=sum(value * weight for value, weight in rows) / sum(weight for _, weight in rows),
        )
        for cell_id, rows in by_cell.items()
    }


def _votes(session: Session, run_ids: Sequence[str]) -> dict[str, StoredVote]:
    rows = session.exec(
        select(Vote, Cell.column_index, Cell.repeat)
        .join(Cell, col(Cell.id) == Vote.cell_id, isouter=True)
        .where(col(Vote.run_id).in_(run_ids))
    )
    return {vote.run_id: stored_vote(vote, column, repeat) for vote, column, repeat in rows}


def _column(cell: Cell, checks: dict[int, Checks]) -> ColumnSummary:
    verdict = checks.get(cell.id or 0, Checks(0, 0, None))
    return ColumnSummary(
        column=cell.column_index,
        model=cell.model,
        status=cast(CellStatus, cell.status),
        passed=verdict.passed,
        checks=verdict.applying,
        score=verdict.mean,
        thumb=cell.thumb,
    )
