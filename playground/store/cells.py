"""The cells of a run, a part at a time: a run of any size opens at once and is read with little memory.

cells.page(run_id, limit=100)    → CellPage(rows, after=CellKey(24, 3, 0), total=10000)
cells.matrix(run_id, cases=100)  → what the repeats of each case and variant come to
cells.open_keys(run_id)          → the cells that are still to be run
cells.stream_rows(run_id)        → whole cells with their cases
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.errors import NotFoundError
from playground.store.content import fold, portions
from playground.store.history import NO_CHECKS, checks_of_cells
from playground.store.ledger import UNFINISHED
from playground.store.records import CellPage, CellRecord, CellRow, MatrixEntry, StoredCell
from playground.store.reopen import CELL, CELLS, STEPS, VARIANT, count_cells, load_cells
from playground.store.runs import find_run
from playground.store.tables import RunCase, ScoreRow
from playground.types.generation import Finish
from playground.types.grid import Case, CellKey, CellStatus

PAGE_CELLS = 500
"""Cells of one page at most."""
BEGINS_CHARS = 300
LARGEST = 2**31 - 1
PLACE = (CELL.c.case_number, CELL.c.variant_number, CELL.c.repeat)


class RunCells:
    """The cells of a store's runs; each method is one transaction."""

    def __init__(self, reading: Callable[[], AbstractContextManager[Session]]) -> None:
        self._reading = reading

    def page(
        self,
        run_id: str,
        *,
        after: CellKey | None = None,
        limit: int = 100,
        status: CellStatus | None = None,
    ) -> CellPage:
        """A run's cells in short by case, variant and repeat, at most 500. Raises NotFoundError."""
        with self._reading() as session:
            return _page(session, find_run(session, run_id).id, after, limit, status)

    def get(self, run_id: str, key: CellKey) -> StoredCell:
        """One cell with everything that was sent and received. Raises NotFoundError."""
        with self._reading() as session:
            return _cell(session, find_run(session, run_id).id, key)

    def matrix(self, run_id: str, *, first: int = 0, cases: int = 100) -> list[MatrixEntry]:
        """What each variant came to in so many cases from that one on, at most 500. Raises NotFoundError."""
        with self._reading() as session:
            return _matrix(session, find_run(session, run_id).id, first, cases)

    def case_values(self, run_id: str, first: int, count: int) -> list[dict[str, Any]]:
        """The values of so many cases from that one on, in order. Raises NotFoundError."""
        with self._reading() as session:
            return _case_values(session, find_run(session, run_id).id, first, count)

    def case_of_row(self, run_id: str, row_id: str) -> int | None:
        """The number of the first case that was made from the row with this hash; None without one."""
        asked = select(RunCase.number).where(RunCase.run_id == fold(run_id), RunCase.row_id == row_id)
        with self._reading() as session:
            return session.exec(asked.order_by(col(RunCase.number)).limit(1)).first()

    def begins(self, run_id: str, keys: Sequence[CellKey]) -> dict[CellKey, str]:
        """How the answers of these cells begin, or why there is none, in one look; unknown ones are left out."""
        with self._reading() as session:
            return _begins(session, find_run(session, run_id).id, keys)

    def values_of(self, run_id: str, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The values of these cases, in one look; unknown ones are left out. Raises NotFoundError."""
        with self._reading() as session:
            cases = _cases(session, find_run(session, run_id).id, numbers)
            return {number: dict(case.values) for number, case in cases.items()}

    def open_keys(self, run_id: str, *, after: CellKey | None = None, limit: int = 500) -> list[CellKey]:
        """The next cells that have not ended: what is left to run. Raises NotFoundError."""
        with self._reading() as session:
            return _open_keys(session, find_run(session, run_id).id, after, limit)

    def stream_rows(self, run_id: str, portion: int = 200) -> Iterator[CellRecord]:
        """Every cell of a run with its case, read in portions as they are taken. Raises NotFoundError.

        No transaction stays open between two portions: cells that end meanwhile come as they are then.
        """
        after: CellKey | None = None
        while True:
            with self._reading() as session:
                records = _records(session, find_run(session, run_id).id, after, portion)
            yield from records
            if len(records) < portion:
                return
            after = records[-1].cell.key


def _page(
    session: Session, run_id: str, after: CellKey | None, limit: int, status: CellStatus | None
) -> CellPage:
    """The cells after that one, of one status when asked; `total` counts all that a page could show."""
    limit = max(1, min(limit, PAGE_CELLS))
    wanted = _after(run_id, after)
    if status is not None:
        wanted.append(CELL.c.status == status)
    asked = (
        sa.select(CELL, VARIANT.c.model, _ANSWER.label("begins"))
        .join(VARIANT, VARIANT.c.id == CELL.c.variant_id)
        .where(*wanted)
        .order_by(*PLACE)
        .limit(limit + 1)
    )
    found = session.execute(asked).all()
    rows = found[:limit]
    checks = checks_of_cells(session, [row.id for row in rows])
    if status is None:
        total = count_cells(session, run_id)
    else:
        counted = sa.select(sa.func.count()).where(CELL.c.run_id == run_id, CELL.c.status == status)
        total = session.execute(counted).scalar_one()
    return CellPage(
        rows=tuple(_row(row, checks.get(row.id, NO_CHECKS)) for row in rows),
        after=_key(rows[-1]) if len(found) > limit else None,
        total=total,
    )


_LAST = (
    sa.select(sa.func.substr(STEPS.c.text, 1, BEGINS_CHARS))
    .where(STEPS.c.cell_id == CELL.c.id)
    .order_by(STEPS.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
# Of a technique the answer need not be what its last step says.
_ANSWER = sa.type_coerce(
    sa.func.coalesce(sa.func.substr(CELL.c.final, 1, BEGINS_CHARS), _LAST), STEPS.c.text.type
)


def _begins(session: Session, run_id: str, keys: Sequence[CellKey]) -> dict[CellKey, str]:
    wanted, found = set(keys), {}
    for portion in portions(sorted({key.case for key in keys})):
        there = (CELL.c.run_id == run_id, CELL.c.case_number.in_(portion))
        asked = sa.select(*PLACE, CELL.c.extracted, CELL.c.error, _ANSWER.label("begins")).where(*there)
        for row in session.execute(asked):
            if (key := _key(row)) in wanted:
                found[key] = row.extracted or row.begins or row.error
    return found


def _cell(session: Session, run_id: str, key: CellKey) -> StoredCell:
    """One whole cell. Raises NotFoundError."""
    found: list[StoredCell] = []
    if all(0 <= number <= LARGEST for number in key):
        place = [column == number for column, number in zip(PLACE, key, strict=True)]
        found = load_cells(session, CELLS.where(CELL.c.run_id == run_id, *place))
    if not found:
        raise NotFoundError(
            f"The run has no repeat {key.repeat} of case {key.case + 1} in column {key.variant + 1}."
        )
    return found[0]


def _matrix(session: Session, run_id: str, first: int, cases: int) -> list[MatrixEntry]:
    """What each variant came to in so many cases from that one on, by case and variant."""
    first, cases = max(0, min(first, LARGEST)), max(0, min(cases, PAGE_CELLS))
    there = (CELL.c.run_id == run_id, CELL.c.case_number >= first, CELL.c.case_number < first + cases)
    value, weight = col(ScoreRow.value), col(ScoreRow.weight)
    of_cell = (
        sa.select(col(ScoreRow.cell_id), (sa.func.sum(value * weight) / sa.func.sum(weight)).label("mean"))
        .join(CELL, CELL.c.id == col(ScoreRow.cell_id))
        .where(value.is_not(None), *there)
        .group_by(col(ScoreRow.cell_id))
        .subquery()
    )

    def counted(*statuses: str) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((CELL.c.status.in_(statuses), 1), else_=0))

    place = (CELL.c.case_number, CELL.c.variant_number)
    rows = session.execute(
        sa.select(
            *place,
            sa.func.count(),
            counted(*UNFINISHED),
            counted("error", "interrupted"),
            sa.func.avg(of_cell.c.mean),
        )
        .join(of_cell, of_cell.c.cell_id == CELL.c.id, isouter=True)
        .where(*there)
        .group_by(*place)
        .order_by(*place)
    )
    return [MatrixEntry(*row) for row in rows]


def _case_values(session: Session, run_id: str, first: int, count: int) -> list[dict[str, Any]]:
    """The values of so many cases from that one on, in order."""
    first = max(0, min(first, LARGEST))
    asked = select(RunCase.input_values).where(RunCase.run_id == run_id, col(RunCase.number) >= first)
    rows = session.exec(asked.order_by(col(RunCase.number)).limit(max(0, count)))
    return [dict(row) for row in rows]


def _open_keys(session: Session, run_id: str, after: CellKey | None, limit: int) -> list[CellKey]:
    """The cells that have not ended, by case, variant and repeat, after that one."""
    asked = sa.select(*PLACE).where(*_after(run_id, after), CELL.c.status.in_(UNFINISHED))
    return [CellKey(*row) for row in session.execute(asked.order_by(*PLACE).limit(max(0, limit)))]


def _records(session: Session, run_id: str, after: CellKey | None, limit: int) -> list[CellRecord]:
    """Whole cells with the values of their cases, after that one; images are left out."""
    asked = CELLS.where(*_after(run_id, after)).order_by(*PLACE).limit(limit)
    cells = load_cells(session, asked)
    cases = _cases(session, run_id, sorted({each.case for each in cells}))
    return [CellRecord(each, cases.get(each.case, Case())) for each in cells]


def _cases(session: Session, run_id: str, numbers: Sequence[int]) -> dict[int, Case]:
    rows = session.exec(
        select(RunCase.number, RunCase.input_values, RunCase.row_id).where(
            RunCase.run_id == run_id, col(RunCase.number).in_(numbers)
        )
    )
    return {number: Case(values=values, row_id=row_id) for number, values, row_id in rows}


def _after(run_id: str, after: CellKey | None) -> list[Any]:
    """The condition for the cells of the run that come after that one."""
    wanted: list[Any] = [CELL.c.run_id == run_id]
    if after is not None:
        last = CellKey(*(max(-1, min(number, LARGEST)) for number in after))
        wanted.append(sa.tuple_(*PLACE) > sa.tuple_(*last))
    return wanted


def _key(row: Any) -> CellKey:
    return CellKey(row.case_number, row.variant_number, row.repeat)


def _row(row: Any, checks: Any) -> CellRow:
    return CellRow(
        key=_key(row),
        model=row.model,
        status=cast(CellStatus, row.status),
        seed=row.seed,
        finish=cast(Finish | None, row.finish),
        calls=row.calls,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        total_s=row.total_s,
        error=row.error,
        hint=row.hint,
        thumb=row.thumb,
        attempt=row.attempt,
        begins=row.begins or "",
        extracted=row.extracted,
        passed=checks.passed,
        checks=checks.applying,
        score=checks.mean,
    )
