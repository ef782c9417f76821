"""The rows of one version of a data set: read by number, a page in any order, a batch of a stream.

Rows(session, version).page(RowLook(half="train", sort="days_late", falls=True, count=50))  →  RowPage(rows, total)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from playground.datasets.looking import Term
from playground.errors import NotFoundError, PromptError
from playground.store.dataset_filter import conditions
from playground.store.dataset_tables import Dataset, DatasetEntry, DatasetRow
from playground.types.dataset import DatasetVersion, Half, Row

MOST_ON_A_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class RowLook:
    """Which rows of a version are asked for, and in which order.

    `sort` is a column's name, "half", or "" for the order of the numbers; missing values come last.
    """

    half: Half = ""
    sort: str = ""
    falls: bool = False
    start: int = 0
    count: int = 50
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some rows, how many there are in all, and how many of them in each half."""

    rows: list[Row]
    total: int
    halves: dict[Half, int] = field(default_factory=dict)


class Rows:
    """The rows of a version, in an open session."""

    def __init__(self, session: Session, version: DatasetVersion) -> None:
        self._session = session
        self._version = version
        names: list[Any] = session.execute(
            sa.select(col(Dataset.names)).where(col(Dataset.id) == version.dataset_id)
        ).scalar_one()
        self.places = {name: place for place, name in enumerate(names)}
        """Where in a row's cells the value of a column stands."""
        self._columns = [(column.name, self.places[column.name]) for column in version.columns]

    @property
    def alive(self) -> list[sa.ColumnElement[bool]]:
        """What an entry of this version fulfils."""
        entry, number = DatasetEntry, self._version.number
        return [
            col(entry.dataset_id) == self._version.dataset_id,
            col(entry.born) <= number,
            col(entry.died) > number,
        ]

    def select(self) -> sa.Select[Any]:
        """All rows of the version, in no order."""
        return (
            sa.select(
                col(DatasetEntry.number),
                col(DatasetEntry.half),
                col(DatasetEntry.made_by),
                col(DatasetRow.hash),
                col(DatasetRow.cells),
            )
            .join(DatasetRow, col(DatasetRow.id) == col(DatasetEntry.row_id))
            .where(*self.alive)
        )

    def page(self, look: RowLook) -> RowPage:
        """The rows asked for; at most MOST_ON_A_PAGE. Raises PromptError for a column that is not there."""
        wanted = self._wanted(look.terms)
        if wanted and look.sort:
            return self._sorted_hits(look, wanted)
        halves = self._halves(wanted) if wanted else self._all_halves()
        total = halves.get(look.half, 0) if look.half else sum(halves.values())
        statement = self.select().where(*wanted).order_by(*self._order(look))
        if look.half:
            statement = statement.where(col(DatasetEntry.half) == look.half)
        statement = statement.limit(max(0, min(look.count, MOST_ON_A_PAGE))).offset(max(0, look.start))
        return RowPage(self._read(statement), total, halves)

    def _sorted_hits(self, look: RowLook, wanted: Sequence[sa.ColumnElement[bool]]) -> RowPage:
        """The page of a filter in an order of its own: one pass that counts and sorts, then the rows of the page."""
        statement = (
            sa.select(col(DatasetEntry.number), col(DatasetEntry.half))
            .join(DatasetRow, col(DatasetRow.id) == col(DatasetEntry.row_id))
            .where(*self.alive, *wanted)
            .order_by(*self._order(look))
        )
        hits = self._session.execute(statement).all()
        halves: dict[Half, int] = Counter(half for _, half in hits)
        numbers = [number for number, half in hits if look.half in ("", half)]
        start = max(0, look.start)
        shown = numbers[start : start + max(0, min(look.count, MOST_ON_A_PAGE))]
        rows = {row.number: row for row in self.numbered(shown)}
        return RowPage([rows[number] for number in shown], len(numbers), dict(halves))

    def _all_halves(self) -> dict[Half, int]:
        version = self._version
        rest = version.rows - version.train - version.held_out
        halves: dict[Half, int] = {"": rest, "train": version.train, "held-out": version.held_out}
        return {half: count for half, count in halves.items() if count}

    def after(self, number: int, count: int, half: Half = "") -> list[Row]:
        """The next rows after that number."""
        statement = self.select().where(col(DatasetEntry.number) > number)
        if half:
            statement = statement.where(col(DatasetEntry.half) == half)
        return self._read(statement.order_by(col(DatasetEntry.number)).limit(count))

    def row(self, number: int) -> Row:
        """One row. Raises NotFoundError."""
        found = self._read(self.select().where(col(DatasetEntry.number) == number))
        if not found:
            raise NotFoundError(f"{self._version.words} has no row {number}.", "Load the rows again.")
        return found[0]

    def numbered(self, numbers: Sequence[int]) -> list[Row]:
        """The rows of these numbers that there are, by number."""
        statement = self.select().where(col(DatasetEntry.number).in_(numbers))
        return self._read(statement.order_by(col(DatasetEntry.number)))

    def known(self) -> dict[str, int]:
        """The hashes of all rows with their numbers."""
        found = self._session.execute(
            sa.select(col(DatasetRow.hash), col(DatasetEntry.number))
            .join(DatasetRow, col(DatasetRow.id) == col(DatasetEntry.row_id))
            .where(*self.alive)
        )
        return {key: number for key, number in found}  # noqa: C416

    def _wanted(self, terms: Sequence[Term]) -> list[sa.ColumnElement[bool]]:
        kinds = {column.name: column.kind for column in self._version.columns}
        places = {name: self.places[name] for name in kinds}
        return conditions(terms, places, kinds, self._session.get_bind().dialect.name)

    def _halves(self, wanted: Sequence[sa.ColumnElement[bool]]) -> dict[Half, int]:
        counted = sa.select(col(DatasetEntry.half), sa.func.count()).where(*self.alive, *wanted)
        if wanted:
            counted = counted.join(DatasetRow, col(DatasetRow.id) == col(DatasetEntry.row_id))
        rows = self._session.execute(counted.group_by(col(DatasetEntry.half)))
        return {half: count for half, count in rows}  # noqa: C416

    def _order(self, look: RowLook) -> list[Any]:
        number = col(DatasetEntry.number)
        if not look.sort:
            return [number.desc() if look.falls else number]
        if look.sort == "half":
            half = col(DatasetEntry.half)
            return [half.desc() if look.falls else half, number]
        if look.sort not in self.places:
            raise PromptError(f'There is no column "{look.sort}".', "Load the rows again.")
        kind = next((each.kind for each in self._version.columns if each.name == look.sort), "text")
        cell = col(DatasetRow.cells)[self.places[look.sort]]
        value: Any = cell.as_float() if kind == "number" else sa.func.lower(cell.as_string())
        # JSON's null is no SQL NULL everywhere, so what is missing is told from its text.
        is_missing = sa.case((sa.func.coalesce(cell.as_string(), "") == "", 1), else_=0)
        return [is_missing, value.desc() if look.falls else value, number]

    def _read(self, statement: sa.Select[Any]) -> list[Row]:
        columns = self._columns
        found = []
        for number, half, made_by, key, cells in self._session.execute(statement):
            length = len(cells)
            values = {
                name: value
                for name, place in columns
                if place < length and (value := cells[place]) is not None
            }
            found.append(Row(values, half, made_by, number, key))
        return found
