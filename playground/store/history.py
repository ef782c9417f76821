"""The list of runs: one page of summaries, newest first, found by words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.store.content import search_words
from playground.store.notebook import changes_since, first_line, found_in, texts_of
from playground.store.ratings import OF_RUN
from playground.store.records import ColumnSummary, HistoryPage, RunFilter, RunSummary, StoredVote
from playground.store.reopen import stored_vote
from playground.store.run_filter import IS_PINNED, conditions, order
from playground.store.sample_shares import samples_of_columns, shares
from playground.store.tables import Cell, Run, ScoreRow, VariantRow, Vote
from playground.types.grid import CellStatus, PromptSource, RunKind

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
    session: Session, wanted: RunFilter, limit: int, offset: int, sort: str = "time", falls: bool = True
) -> HistoryPage:
    """Runs that fulfil the filter, whose texts contain every word of its search."""
    found = conditions(session, wanted)
    limit, offset = max(0, min(limit, PAGE_ROWS)), max(0, min(offset, 2**31 - 1))
    # The count rides along: a search reads every run's text, and reading it twice would take twice as long.
    page = session.exec(
        select(Run.id, sa.func.count().over())
        .where(*found)
        .order_by(*order(session, sort, falls))
        .limit(limit)
        .offset(offset)
    ).all()
    if page:
        rows = _summaries(session, [row[0] for row in page], search_words(wanted.search))
        return HistoryPage(tuple(rows), page[0][1])
    if limit and not offset:
        return HistoryPage((), 0)
    # A page beyond the end.
    return HistoryPage((), session.exec(select(sa.func.count()).select_from(Run).where(*found)).one())


def _summaries(session: Session, run_ids: Sequence[str], words: Sequence[str] = ()) -> list[RunSummary]:
    """Summaries in the order of the ids; but for the runs before each, with a fixed number of queries."""
    rows = session.execute(
        sa.select(
            col(Run.id),
            col(Run.created_at),
            col(Run.title),
            col(Run.note),
            col(Run.kind),
            col(Run.planned),
            col(Run.comparison),
            col(Run.content_hash),
            IS_PINNED,
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
    changes, known = changes_since(
        session, [(run_id, runs[run_id][1], runs[run_id][2], runs[run_id][7]) for run_id in run_ids]
    )
    best = {run_id: _best(cells[run_id], checks, votes.get(run_id)) for run_id in run_ids}
    texts = texts_of(session, [cell.id for cell in best.values() if cell is not None])
    summaries = []
    for run_id in run_ids:
        _, created, title, note, kind, planned, *_, pinned = runs[run_id]
        chosen, vote = best[run_id], votes.get(run_id)
        summaries.append(
            RunSummary(
                id=run_id,
                created_at=created,
                title=title,
                models=tuple(dict.fromkeys(cell.model for cell in cells[run_id])),
                columns=tuple(
                    replace(
                        _column(cell, checks),
                        samples=samples.get((run_id, cell.variant_number), 1),
                        share=held.get((run_id, cell.variant_number)),
                        prompt=_own_prompt(runs[run_id][6], cell.variant_number),
                    )
                    for cell in cells[run_id]
                ),
                vote=vote.vote if vote else None,
                note=note,
                kind=cast(RunKind, kind),
                planned=planned,
                changes=changes[run_id],
                answer=first_line(texts.get(chosen.id, "")) if chosen is not None else "",
                best=chosen.variant_number if chosen is not None else None,
                pinned=bool(pinned),
            )
        )
    if not words:
        return summaries
    shown = {row.id: "\n".join((row.title, row.note, row.answer, *row.models)) for row in summaries}
    hits = found_in(session, words, shown, known)
    return [replace(row, found=hits.get(row.id)) for row in summaries]


def _best(cells: Sequence[Any], checks: dict[int, Checks], vote: _Voted | None) -> Any:
    """The cell voted for, else the one with the best score, then the best thumb, then the first that has ended."""
    ended = [cell for cell in cells if cell.status not in ("pending", "running")]
    if vote is not None and vote.cell is not None:
        return vote.cell

    def worth(cell: Any) -> tuple[bool, float, int]:
        score = checks.get(cell.id, NO_CHECKS).mean
        return cell.status == "done", -1.0 if score is None else score, cell.thumb

    return max(ended, key=worth, default=None)


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


class _Place(NamedTuple):
    """The cell that a vote names, as far as lists need it."""

    id: int
    variant_number: int


class _Voted(NamedTuple):
    vote: StoredVote
    cell: _Place | None


def _votes(session: Session, run_ids: Sequence[str]) -> dict[str, _Voted]:
    rows = session.exec(
        select(Vote, Cell.id, Cell.variant_number, Cell.repeat)
        .join(Cell, col(Cell.id) == Vote.cell_id, isouter=True)
        .where(col(Vote.run_id).in_(run_ids), *OF_RUN)
    )
    return {
        vote.run_id: _Voted(
            stored_vote(vote, column, repeat), None if cell_id is None else _Place(cell_id, column)
        )
        for vote, cell_id, column, repeat in rows
    }


def _own_prompt(comparison: Mapping[str, Any], column: int) -> str:
    """What the prompt of a column is called that had one of its own; "" for the shared one."""
    columns = comparison.get("columns", ())
    told = columns[column] if column < len(columns) else {}
    if source := told.get("source"):
        return PromptSource.model_validate(source).words
    return "own text" if told.get("prompt") else ""


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
