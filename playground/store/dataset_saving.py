"""Everything that adds a version of a data set: rows stored once, entries opened and closed.

A version costs as many rows as it changes: saving one changed cell of 100,000 rows stores one row and one entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.errors import PromptError, RowsMoved
from playground.store.columns import now
from playground.store.content import fold, portions, texts_in
from playground.store.dataset_limits import check_columns, check_values
from playground.store.dataset_rows import Rows
from playground.store.dataset_tables import NEVER, Dataset, DatasetEntry, DatasetRow, DatasetVersionRow
from playground.types.dataset import (
    Column,
    DatasetVersion,
    DropRow,
    Edit,
    Row,
    SetHalf,
    SetValue,
    edited,
)

_ROWS = DatasetRow.__table__.insert()  # type: ignore[attr-defined]
_ENTRIES = DatasetEntry.__table__.insert()  # type: ignore[attr-defined]
"""Of the tables, not of their classes: a hundred thousand rows need no objects."""
BATCH = 1_000
MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What a version has at a number: the hash of the values, the half, who made it."""

    hash: str
    half: str
    made_by: str


@dataclass(slots=True)
class Difference:
    """What turns one version into the next."""

    changed: list[Row] = field(default_factory=list)
    added: list[Row] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)

    @property
    def touched(self) -> set[int]:
        """The numbers of rows that are not as they were."""
        return self.dropped | {row.number for row in self.changed}


def first_version(
    session: Session, row: Dataset, columns: Sequence[Column], rows: Iterable[Row], note: str, author: str
) -> DatasetVersionRow:
    """Store a new data set with its first version. Raises PromptError."""
    check_columns(columns)
    row.names = [column.name for column in columns]
    session.add(row)
    session.flush()
    _enter(session, row, columns, rows, 1)
    return _conclude(session, row, columns, note, author)


def with_more_rows(
    session: Session, row: Dataset, columns: Sequence[Column], rows: Iterable[Row], note: str, author: str
) -> DatasetVersionRow:
    """Store a version with these rows after the others. Raises PromptError."""
    there = _columns(session, row, row.latest)
    names = {column.name for column in there}
    merged = [*there, *(column for column in columns if column.name not in names)]
    check_columns(merged)
    _learn(row, merged)
    _enter(session, row, merged, (_fresh(each) for each in rows), row.latest + 1)
    return _conclude(session, row, merged, note, author)


def changed(
    session: Session,
    row: Dataset,
    base: int,
    columns: Sequence[Column],
    rows: Iterable[Row],
    note: str,
    author: str,
) -> DatasetVersionRow:
    """Store a version with exactly these columns and rows. Raises PromptError, RowsMoved among them."""
    before = _columns(session, row, base)
    mine = tuple(columns)
    check_columns(mine)
    kinds = {column.name: column.kind for column in before}
    is_checked = any(kinds.get(column.name, column.kind) != column.kind for column in mine)
    found = _difference(session, row, base, mine, rows, check_all=is_checked)
    return _applied(session, row, base, before, mine, found, note, author)


def with_edits(
    session: Session, row: Dataset, base: DatasetVersion, edits: Sequence[Edit], note: str, author: str
) -> DatasetVersionRow:
    """Store a version with these edits of rows on top of `base`; only the rows that they name are read."""
    named = sorted({edit.row for edit in edits if isinstance(edit, SetValue | DropRow | SetHalf)})
    reader = Rows(session, base)
    there = {each.number: each for portion in portions(named) for each in reader.numbered(portion)}
    columns, rows = edited(base.columns, there.values(), edits)
    found = Difference(added=[each for each in rows if not each.number])
    for each in rows:
        if each.number and each != there[each.number]:
            found.changed.append(each)
    found.dropped = there.keys() - {each.number for each in rows}
    return _applied(session, row, base.number, base.columns, columns, found, note, author)


def _applied(
    session: Session,
    row: Dataset,
    base: int,
    before: tuple[Column, ...],
    mine: tuple[Column, ...],
    found: Difference,
    note: str,
    author: str,
) -> DatasetVersionRow:
    """Store what differs from the base version on top of the newest one. Raises PromptError, RowsMoved among them."""
    if base != row.latest:
        newest = _columns(session, row, row.latest)
        if mine == before:
            mine = newest
        elif newest not in (before, mine):
            raise PromptError(
                f"The columns were changed meanwhile, in version {row.latest}.",
                "Look at that version, then change yours on top of it.",
            )
        _refuse_moved(session, row, base, found)
    if not (found.added or found.touched) and mine == _columns(session, row, row.latest):
        return _version_row(session, row, row.latest)
    _learn(row, mine)
    number = row.latest + 1
    _close(session, row, found.touched, number)
    _enter(session, row, mine, found.changed, number)
    _enter(session, row, mine, found.added, number)
    return _conclude(session, row, mine, note, author)


def as_before(session: Session, row: Dataset, old: DatasetVersion, author: str) -> DatasetVersionRow:
    """Store a version with the rows and columns of an old one."""
    if old.number == row.latest:
        return _version_row(session, row, row.latest)
    entry, number = DatasetEntry, row.latest + 1
    own = col(entry.dataset_id) == row.id
    was_there = sa.and_(col(entry.born) <= old.number, col(entry.died) > old.number)
    is_there = col(entry.died) == NEVER
    session.execute(sa.update(entry).where(own, is_there, sa.not_(was_there)).values(died=number))
    copied = sa.select(
        col(entry.dataset_id),
        col(entry.number),
        col(entry.row_id),
        col(entry.half),
        col(entry.made_by),
        sa.literal(number),
        sa.literal(NEVER),
    ).where(own, was_there, col(entry.died) != NEVER)
    names = ["dataset_id", "number", "row_id", "half", "made_by", "born", "died"]
    session.execute(sa.insert(entry).from_select(names, copied))
    return _conclude(session, row, old.columns, f"Restored version {old.number}", author)


# --- what changed ---------------------------------------------------------------------------------------


def _difference(
    session: Session,
    row: Dataset,
    base: int,
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    check_all: bool,
) -> Difference:
    """The rows compared with those of the base version. Raises PromptError for a number that is not there."""
    there = _kept(session, row, base)
    found, seen = Difference(), set[int]()
    kinds = {column.name: column for column in columns}
    for each in rows:
        if not each.number:
            found.added.append(each)
            continue
        kept = there.get(each.number)
        if kept is None or each.number in seen:
            what = "stands in it twice" if each.number in seen else f"is not in version {base}"
            raise PromptError(f"Row {each.number} {what}.", "Load the rows again.")
        seen.add(each.number)
        if (kept.hash, kept.half, kept.made_by) != (each.id, each.half, each.made_by):
            found.changed.append(each)
        elif check_all:
            check_values(each, kinds)
    found.dropped = there.keys() - seen
    return found


def _kept(session: Session, row: Dataset, version: int) -> dict[int, Kept]:
    entry = DatasetEntry
    rows = session.execute(
        sa.select(col(entry.number), col(DatasetRow.hash), col(entry.half), col(entry.made_by))
        .join(DatasetRow, col(DatasetRow.id) == col(entry.row_id))
        .where(col(entry.dataset_id) == row.id, col(entry.born) <= version, col(entry.died) > version)
    )
    return {number: Kept(*rest) for number, *rest in rows}


def _refuse_moved(session: Session, row: Dataset, base: int, found: Difference) -> None:
    """Raise RowsMoved when a touched row was changed or dropped after the base version."""
    entry = DatasetEntry
    moved = session.execute(
        sa.select(col(entry.number))
        .where(col(entry.dataset_id) == row.id)
        .where(sa.or_(col(entry.born) > base, sa.and_(col(entry.died) > base, col(entry.died) <= row.latest)))
    ).scalars()
    if both := sorted(found.touched & set(moved)):
        newest = _version_row(session, row, row.latest)
        raise RowsMoved(both, row.latest, f"{newest.created_at.astimezone():%H:%M}")


# --- writing --------------------------------------------------------------------------------------------


def _close(session: Session, row: Dataset, numbers: Iterable[int], version: int) -> None:
    entry = DatasetEntry
    for portion in portions(sorted(numbers)):
        session.execute(
            sa.update(entry)
            .where(col(entry.dataset_id) == row.id, col(entry.died) == NEVER, col(entry.number).in_(portion))
            .values(died=version)
        )


def _enter(
    session: Session, row: Dataset, columns: Sequence[Column], rows: Iterable[Row], version: int
) -> None:
    """Store rows and their entries; those without a number get the next ones. Raises PromptError."""
    kinds = {column.name: column for column in columns}
    places = {name: place for place, name in enumerate(row.names)}
    for batch in _batches(rows):
        for each in batch:
            check_values(each, kinds)
        ids = _store(session, row.id, batch, places)
        entries = []
        for each in batch:
            number = each.number
            if not number:
                number, row.next_number = row.next_number, row.next_number + 1
                if number > MOST_ROWS:
                    raise PromptError(
                        f"More than {MOST_ROWS:,} rows do not fit into a data set.", "Split it into several."
                    )
            entries.append(
                {
                    "dataset_id": row.id,
                    "number": number,
                    "row_id": ids[each.id],
                    "half": each.half,
                    "made_by": each.made_by,
                    "born": version,
                    "died": NEVER,
                }
            )
        session.connection().execute(_ENTRIES, entries)


def _store(session: Session, dataset_id: str, batch: Sequence[Row], places: dict[str, int]) -> dict[str, int]:
    """The ids of the rows' values by their hash, after storing those that are new."""
    wanted = {each.id: each for each in batch}
    ids = _ids(session, dataset_id, list(wanted))
    new = [each for key, each in wanted.items() if key not in ids]
    if new:
        session.connection().execute(
            _ROWS,
            [
                {
                    "dataset_id": dataset_id,
                    "hash": each.id,
                    "cells": _cells(each, places),
                    "search_text": fold("\n".join(_texts(each))),
                }
                for each in new
            ],
        )
        ids |= _ids(session, dataset_id, [each.id for each in new])
    return ids


def _texts(row: Row) -> Iterator[str]:
    for value in row.values.values():
        if value.__class__ is str:
            yield value
        else:
            yield from texts_in(value)


def _ids(session: Session, dataset_id: str, hashes: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for portion in portions(hashes):
        rows = session.execute(
            sa.select(col(DatasetRow.hash), col(DatasetRow.id)).where(
                col(DatasetRow.dataset_id) == dataset_id, col(DatasetRow.hash).in_(portion)
            )
        )
        found.update((key, number) for key, number in rows if number is not None)
    return found


def _cells(row: Row, places: dict[str, int]) -> list[Any]:
    cells: list[Any] = [None] * (max((places[name] for name in row.values), default=-1) + 1)
    for name, value in row.values.items():
        cells[places[name]] = value
    return cells


def _conclude(
    session: Session, row: Dataset, columns: Sequence[Column], note: str, author: str
) -> DatasetVersionRow:
    """The version row, counted from its entries, as the newest one."""
    entry, number, moment = DatasetEntry, row.latest + 1, now()
    counted = session.execute(
        sa.select(col(entry.half), sa.func.count())
        .where(col(entry.dataset_id) == row.id, col(entry.died) == NEVER)
        .group_by(col(entry.half))
    )
    halves = {half: count for half, count in counted}  # noqa: C416
    version = DatasetVersionRow(
        dataset_id=row.id,
        number=number,
        columns=[column.model_dump() for column in columns],
        rows=sum(halves.values()),
        train=halves.get("train", 0),
        held_out=halves.get("held-out", 0),
        note=note.strip(),
        author=author.strip(),
        created_at=moment,
    )
    row.latest, row.updated_at = number, moment
    session.add(row)
    session.add(version)
    session.flush()
    return version


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _fresh(row: Row) -> Row:
    """The row as a new one, whatever number it had elsewhere."""
    return row if not row.number else Row(row.values, row.half, row.made_by, 0, row.id)


def _learn(row: Dataset, columns: Sequence[Column]) -> None:
    """Places for the values of columns that are new."""
    known = set(row.names)
    row.names = [*row.names, *(column.name for column in columns if column.name not in known)]


def _columns(session: Session, row: Dataset, number: int) -> tuple[Column, ...]:
    return tuple(Column.model_validate(each) for each in _version_row(session, row, number).columns)


def _version_row(session: Session, row: Dataset, number: int) -> DatasetVersionRow:
    found = session.exec(
        select(DatasetVersionRow).where(
            DatasetVersionRow.dataset_id == row.id, DatasetVersionRow.number == number
        )
    ).first()
    if found is None:
        raise PromptError(f'The data set "{row.name}" has no version {number}.', "Load it again.")
    return found
