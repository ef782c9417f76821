"""The list of runs: one page of summaries, newest first, found by words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.store.content import search_words
from playground.store.records import ColumnSummary, HistoryPage, RunSummary, StoredVote
from playground.store.reopen import stored_vote
from playground.store.sample_shares import samples_of_columns, shares
from playground.store.tables import Cell, CellText, Run, ScoreRow, VariantRow, Vote
from playground.types.grid import CellStatus, RunKind

PAGE_ROWS = 500
"""Rows of one page at most."""
MOST_COLUMNS = 8
"""Columns that a row of the list describes."""


class Checks(NamedTuple):
    """The checks of one cell that apply."""

    passed: int
    applying: int
    mean: float | None


NO_CHECKS = Checks(0, 0, None)


def history(
    session: Session, search: str, limit: int, offset: int, sort: str = "time", falls: bool = True
) -> HistoryPage:
    """Runs whose title, values, turns, answers, models or note contain every word of the search."""
    found = [_holds(word) for word in search_words(search)]
    limit, offset = max(0, min(limit, PAGE_ROWS)), max(0, min(offset, 2**31 - 1))
    # The count rides along: a search reads every run's text, and reading it twice would take twice as long.
    page = session.exec(
        select(Run.id, sa.func.count().over())
        .where(*found)
        .order_by(*_order(sort, falls))
        .limit(limit)
        .offset(offset)
    ).all()
    if page:
        return HistoryPage(tuple(_summaries(session, [row[0] for row in page])), page[0][1])
    if limit and not offset:
        return HistoryPage((), 0)
    # A page beyond the end.
    return HistoryPage((), session.exec(select(sa.func.count()).select_from(Run).where(*found)).one())


def _order(sort: str, falls: bool) -> list[Any]:
    """By time, or by a text with the empty ones last and the newest of equal ones first."""
    newest = [col(Run.created_at).desc(), col(Run.id).desc()]
    text = {"prompt": col(Run.title), "note": col(Run.note)}.get(sort)
    if text is None:
        return newest if falls else [col(Run.created_at), col(Run.id)]
    lower = sa.func.lower(text)
    return [text == "", lower.desc() if falls else lower, *newest]


def _summaries(session: Session, run_ids: Sequence[str]) -> list[RunSummary]:
    """Summaries in the order of the ids, with a fixed number of queries."""
    rows = session.execute(
        sa.select(
            col(Run.id),
            col(Run.created_at),
            col(Run.title),
            col(Run.note),
            col(Run.kind),
            col(Run.planned),
            col(Run.comparison),
        ).where(col(Run.id).in_(run_ids))
    ).all()
    runs = {row[0]: row for row in rows}
    cells = _latest_cells(session, run_ids)
    checks = checks_of_cells(session, [cell.id for of_run in cells.values() for cell in of_run])
    votes = _votes(session, run_ids)
    samples = {
        (run_id, number): count
        for run_id, row in runs.items()
        for number, count in samples_of_columns(row[6]).items()
        if row[4] == "comparison"
    }
    held = shares(session, samples, lambda ids: checks_of_cells(session, ids))
    return [
        RunSummary(
            id=run_id,
            created_at=runs[run_id][1],
            title=runs[run_id][2],
            models=tuple(dict.fromkeys(cell.model for cell in cells[run_id])),
            columns=tuple(
                replace(
                    _column(cell, checks),
                    samples=samples.get((run_id, cell.variant_number), 1),
                    share=held.get((run_id, cell.variant_number)),
                )
                for cell in cells[run_id]
            ),
            vote=votes.get(run_id),
            note=runs[run_id][3],
            kind=cast(RunKind, runs[run_id][4]),
            planned=runs[run_id][5],
        )
        for run_id in run_ids
    ]


def _holds(word: str) -> sa.ColumnElement[bool]:
    """Whether the run's own texts or one of its answers contain the word."""
    in_answer = sa.exists().where(
        col(CellText.run_id) == col(Run.id), col(CellText.text).contains(word, autoescape=True)
    )
    return sa.or_(col(Run.search_text).contains(word, autoescape=True), in_answer)


def _latest_cells(session: Session, run_ids: Sequence[str]) -> dict[str, list[Any]]:
    """The latest repeat of each of the first columns by run, in column order; of the first case alone.

    Asks for one cell a column over the index: a run may have any number of cells.
    """
    columns = (
        sa.select(col(VariantRow.run_id), col(VariantRow.number))
        .where(col(VariantRow.run_id).in_(run_ids), col(VariantRow.number) < MOST_COLUMNS)
        .distinct()
        .subquery()
    )
    there = Cell.__table__.alias("there")  # type: ignore[attr-defined]
    newest = (
        sa.select(there.c.id)
        .where(
            there.c.run_id == columns.c.run_id,
            there.c.case_number == 0,
            there.c.variant_number == columns.c.number,
        )
        .order_by(there.c.repeat.desc())
        .limit(1)
        .scalar_subquery()
    )
    cells = session.execute(
        sa.select(
            col(Cell.id),
            col(Cell.run_id),
            col(Cell.variant_number),
            col(VariantRow.model),
            col(Cell.status),
            col(Cell.thumb),
        )
        .select_from(columns)
        .join(Cell, col(Cell.id) == newest)
        .join(VariantRow, col(VariantRow.id) == col(Cell.variant_id))
        .order_by(col(Cell.run_id), col(Cell.variant_number))
    )
    latest: dict[str, list[Any]] = {run_id: [] for run_id in run_ids}
    for cell in cells:
        latest[cell.run_id].append(cell)
    return latest


def checks_of_cells(session: Session, cell_ids: Sequence[int]) -> dict[int, Checks]:
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
        select(Vote, Cell.variant_number, Cell.repeat)
        .join(Cell, col(Cell.id) == Vote.cell_id, isouter=True)
        .where(col(Vote.run_id).in_(run_ids), col(Vote.voter) == "")
    )
    return {vote.run_id: stored_vote(vote, column, repeat) for vote, column, repeat in rows}


def _column(cell: Any, checks: dict[int, Checks]) -> ColumnSummary:
    verdict = checks.get(cell.id, NO_CHECKS)
    return ColumnSummary(
        column=cell.variant_number,
        model=cell.model,
        status=cast(CellStatus, cell.status),
        passed=verdict.passed,
        checks=verdict.applying,
        score=verdict.mean,
        thumb=cell.thumb,
    )
