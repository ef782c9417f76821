"""Data sets that are kept: found, looked at a page at a time, saved as versions, deleted.

    version = datasets.create("Late parcels", columns, rows)             →  Late parcels@1
    page = datasets.page(version, Look(half="train", count=50))          →  RowPage(rows, total)
    datasets.save(version.dataset_id, columns, changed_rows, base=1)     →  Late parcels@2

Each method is one transaction; a stream is one for each batch, which is safe because versions never change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from difflib import get_close_matches
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.errors import NotFoundError, PromptError
from playground.store import dataset_saving
from playground.store.columns import now
from playground.store.content import fold, matches, portions
from playground.store.dataset_rows import RowLook, RowPage, Rows
from playground.store.dataset_tables import (
    Dataset,
    DatasetEdit,
    DatasetEntry,
    DatasetRow,
    DatasetUse,
    DatasetVersionRow,
)
from playground.store.naming import clean_name
from playground.store.records import DatasetSummary
from playground.types.dataset import Column, DatasetVersion, Edit, Half, Row

Opening = Callable[[], AbstractContextManager[Session]]
BATCH = 2_000
"""Rows of a stream that are read at a time."""


Place = Literal["list", "bin", "gone"]


class Datasets:
    """The data sets of a store."""

    def __init__(self, reading: Opening, writing: Opening) -> None:
        self._reading = reading
        self._writing = writing

    # --- finding ----------------------------------------------------------------------------------------

    def all(self, search: str = "", *, binned: bool = False) -> list[DatasetSummary]:
        """Data sets whose name contains every word, the last changed first; or those that were deleted."""
        with self._reading() as session:
            return _summaries(session, search, binned)

    def version(self, dataset_id: str, number: int | None = None) -> DatasetVersion:
        """One version, the newest without a number, of a deleted one too. Raises NotFoundError."""
        with self._reading() as session:
            return _version(session, _dataset(session, dataset_id), number)

    def place(self, dataset_id: str) -> Place:
        """Where a data set is: in the list, in the bin, or gone for good."""
        with self._reading() as session:
            row = session.get(Dataset, dataset_id)
            if row is None or row.gone:
                return "gone"
            return "bin" if row.deleted_at else "list"

    def named(self, name: str, number: int | None = None) -> DatasetVersion:
        """A version by the name of its data set. Raises NotFoundError that tells what there is."""
        with self._reading() as session:
            row = session.exec(select(Dataset).where(Dataset.name_key == fold(name.strip()))).first()
            if row is None:
                raise _unknown(session, name)
            return _version(session, row, number)

    def versions(self, dataset_id: str) -> list[DatasetVersion]:
        """All versions, newest first. Raises NotFoundError."""
        with self._reading() as session:
            row = _dataset(session, dataset_id)
            found = session.exec(
                select(DatasetVersionRow)
                .where(DatasetVersionRow.dataset_id == row.id)
                .order_by(col(DatasetVersionRow.number).desc())
            )
            return [to_version(row, each) for each in found]

    # --- rows -------------------------------------------------------------------------------------------

    def page(self, version: DatasetVersion, look: RowLook) -> RowPage:
        """Some rows of a version, in the order asked for, and how many there are."""
        with self._reading() as session:
            return Rows(session, version).page(look)

    def row(self, version: DatasetVersion, number: int) -> Row:
        """One row by its number. Raises NotFoundError."""
        with self._reading() as session:
            return Rows(session, version).row(number)

    def numbered(self, version: DatasetVersion, numbers: Sequence[int]) -> list[Row]:
        """The rows of these numbers that the version has, by number."""
        with self._reading() as session:
            rows = Rows(session, version)
            return [row for portion in portions(sorted(numbers)) for row in rows.numbered(portion)]

    def stream(self, version: DatasetVersion, half: Half = "") -> Iterator[list[Row]]:
        """All rows by number, some at a time."""
        after = 0
        while True:
            with self._reading() as session:
                batch = Rows(session, version).after(after, BATCH, half)
            if batch:
                yield batch
            if len(batch) < BATCH:
                return
            after = batch[-1].number

    def known(self, version: DatasetVersion) -> dict[str, int]:
        """The ids of the rows of a version with their numbers; of equal rows the last."""
        with self._reading() as session:
            return Rows(session, version).known()

    # --- saving -----------------------------------------------------------------------------------------

    def create(
        self, name: str, columns: Sequence[Column], rows: Iterable[Row], *, note: str = "", author: str = ""
    ) -> DatasetVersion:
        """A new data set with its first version. Raises PromptError for a name that is taken or a value that does not fit."""
        with self._writing() as session:
            row = Dataset(name=clean_name(name, "data set"), name_key=None)
            _take_name(session, row, row.name)
            saved = dataset_saving.first_version(session, row, columns, rows, note, author)
            return to_version(row, saved)

    def add(
        self,
        dataset_id: str,
        rows: Iterable[Row],
        *,
        columns: Sequence[Column] = (),
        note: str = "",
        author: str = "",
    ) -> DatasetVersion:
        """The next version: these rows after those that are there; columns that are new come last."""
        with self._writing() as session:
            row = _living(session, dataset_id)
            saved = dataset_saving.with_more_rows(session, row, columns, rows, note, author)
            return to_version(row, saved)

    def save(
        self,
        dataset_id: str,
        columns: Sequence[Column],
        rows: Iterable[Row],
        *,
        base: int | None = None,
        note: str = "",
        author: str = "",
    ) -> DatasetVersion:
        """The next version, with exactly these columns and rows; a row without a number is a new one.

        What others changed since `base` stays, unless the same row was changed here too: then RowsMoved is raised.
        Equal content adds no version and returns the newest one.
        """
        with self._writing() as session:
            row = _living(session, dataset_id)
            saved = dataset_saving.changed(session, row, base or row.latest, columns, rows, note, author)
            return to_version(row, saved)

    def edit(
        self, dataset_id: str, base: int, edits: Sequence[Edit], *, note: str = "", author: str = ""
    ) -> DatasetVersion:
        """The next version: edits of rows on top of version `base`, by the rules of `save`; columns are not its matter."""
        with self._writing() as session:
            row = _living(session, dataset_id)
            saved = dataset_saving.with_edits(session, row, _version(session, row, base), edits, note, author)
            return to_version(row, saved)

    def restore(self, dataset_id: str, number: int, *, author: str = "") -> DatasetVersion:
        """The rows and columns of an old version again as the newest one. Raises NotFoundError."""
        with self._writing() as session:
            row = _living(session, dataset_id)
            old = _version(session, row, number)
            saved = dataset_saving.as_before(session, row, old, author)
            return to_version(row, saved)

    # --- the whole data set -----------------------------------------------------------------------------

    def rename(self, dataset_id: str, name: str) -> None:
        """Another name. Raises PromptError when it is taken."""
        with self._writing() as session:
            row = _living(session, dataset_id)
            _take_name(session, row, clean_name(name, "data set"))
            row.updated_at = now()
            session.add(row)

    def delete(self, dataset_id: str) -> None:
        """Away from the list, its name free; its versions stay readable by id until it is purged."""
        with self._writing() as session:
            row = _living(session, dataset_id)
            row.deleted_at, row.name_key = now(), None
            session.add(row)

    def put_back(self, dataset_id: str, name: str = "") -> DatasetVersion:
        """Back into the list, under another name if one is given. Raises PromptError when the name is taken by now."""
        with self._writing() as session:
            row = _dataset(session, dataset_id, lock=True)
            if row.deleted_at is None:
                raise PromptError(f'The data set "{row.name}" is not deleted.', "Look for it in the list.")
            if row.gone:
                raise NotFoundError(f'The data set "{row.name}" is gone for good.', "Import its file again.")
            row.deleted_at = None
            _take_name(session, row, clean_name(name, "data set") if name.strip() else row.name)
            session.add(row)
            return _version(session, row, None)

    def purge(self, dataset_id: str) -> None:
        """A deleted data set away for good, but for the versions that runs use. Raises PromptError for a living one."""
        with self._writing() as session:
            row = _dataset(session, dataset_id, lock=True)
            if row.deleted_at is None:
                raise PromptError(f'The data set "{row.name}" is not deleted.', "Delete it first.")
            purge_unused(session, row)

    # --- use --------------------------------------------------------------------------------------------

    def use(self, version: DatasetVersion, run_id: str) -> None:
        """Note that a run needs this version, so that its rows outlive the data set. Raises NotFoundError."""
        with self._writing() as session:
            row = _dataset(session, version.dataset_id, lock=True)
            _version(session, row, version.number)
            session.merge(DatasetUse(dataset_id=row.id, run_id=run_id, number=version.number))

    def used_by(self, dataset_id: str) -> dict[str, int]:
        """The runs that use it, with the version that each of them uses."""
        with self._reading() as session:
            found = session.exec(select(DatasetUse).where(DatasetUse.dataset_id == dataset_id))
            return {each.run_id: each.number for each in found}


def to_version(row: Dataset, version: DatasetVersionRow) -> DatasetVersion:
    """What is handed out of a version."""
    return DatasetVersion(
        dataset_id=row.id,
        name=row.name,
        number=version.number,
        columns=tuple(Column.model_validate(column) for column in version.columns),
        rows=version.rows,
        train=version.train,
        held_out=version.held_out,
        note=version.note,
        created_at=version.created_at,
        latest=row.latest,
    )


def _summaries(session: Session, search: str, binned: bool) -> list[DatasetSummary]:
    newest = (col(DatasetVersionRow.dataset_id) == col(Dataset.id)) & (
        col(DatasetVersionRow.number) == col(Dataset.latest)
    )
    deleted = col(Dataset.deleted_at)
    uses = session.execute(
        sa.select(col(DatasetUse.dataset_id), sa.func.count()).group_by(col(DatasetUse.dataset_id))
    )
    used: dict[str, int] = {dataset_id: count for dataset_id, count in uses}  # noqa: C416
    statement = (
        select(Dataset, DatasetVersionRow)
        .join(DatasetVersionRow, newest)
        .where(deleted.is_not(None) if binned else deleted.is_(None), col(Dataset.gone).is_(False))
        .order_by(col(Dataset.updated_at).desc(), col(Dataset.id))
    )
    if not binned:
        statement = statement.where(*matches(Dataset.name_key, search))
    return [
        DatasetSummary(
            id=row.id,
            name=row.name,
            latest=row.latest,
            rows=version.rows,
            train=version.train,
            held_out=version.held_out,
            columns=tuple(Column.model_validate(column) for column in version.columns),
            created_at=row.created_at,
            updated_at=row.updated_at,
            deleted_at=row.deleted_at,
            used=used.get(row.id, 0),
        )
        for row, version in session.exec(statement)
    ]


def _dataset(session: Session, dataset_id: str, *, lock: bool = False) -> Dataset:
    row = session.get(Dataset, dataset_id, with_for_update=True if lock else None)
    if row is None:
        raise NotFoundError("This data set is not there any more.", "Load the list again.")
    return row


def _living(session: Session, dataset_id: str) -> Dataset:
    """The data set, locked for a change. Raises NotFoundError, also when it was deleted."""
    row = _dataset(session, dataset_id, lock=True)
    if row.deleted_at is not None:
        raise NotFoundError(f'The data set "{row.name}" was deleted.', "Put it back first.")
    return row


def _version(session: Session, row: Dataset, number: int | None) -> DatasetVersion:
    version = session.get(DatasetVersionRow, (row.id, row.latest if number is None else number))
    if version is None:
        raise NotFoundError(
            f'The data set "{row.name}" has no version {number or row.latest}.',
            f"Its newest one is {row.latest}.",
        )
    return to_version(row, version)


def _unknown(session: Session, name: str) -> NotFoundError:
    names = session.exec(select(Dataset.name).where(col(Dataset.deleted_at).is_(None))).all()
    shown = name.strip()[:80]
    if not names:
        return NotFoundError(
            f'There is no data set "{shown}".', "There are none yet: import one, playground data import FILE."
        )
    near = get_close_matches(shown, names, n=1)
    told = f'Is it "{near[0]}"?' if near else f"There are: {', '.join(sorted(names)[:10])}."
    return NotFoundError(f'There is no data set "{shown}".', told)


def _take_name(session: Session, row: Dataset, name: str) -> None:
    key = fold(name)
    other = session.exec(select(Dataset.id).where(Dataset.name_key == key, Dataset.id != row.id)).first()
    if other is not None:
        raise PromptError(
            f'There is already a data set named "{name}".',
            "Choose another name, or add the rows to that one.",
        )
    row.name, row.name_key = name, key


def purge_unused(session: Session, row: Dataset) -> None:
    """Take everything away that no used version needs; with none used, the data set itself."""
    used = sorted(set(session.exec(select(DatasetUse.number).where(DatasetUse.dataset_id == row.id))))
    entry, version = col(DatasetEntry.dataset_id), col(DatasetVersionRow.dataset_id)
    session.execute(sa.delete(DatasetEdit).where(col(DatasetEdit.dataset_id) == row.id))
    unneeded = [
        sa.not_(sa.and_(col(DatasetEntry.born) <= number, col(DatasetEntry.died) > number)) for number in used
    ]
    session.execute(sa.delete(DatasetEntry).where(entry == row.id, *unneeded))
    needed = sa.select(col(DatasetEntry.row_id)).where(entry == row.id)
    session.execute(
        sa.delete(DatasetRow).where(col(DatasetRow.dataset_id) == row.id, col(DatasetRow.id).not_in(needed))
    )
    session.execute(
        sa.delete(DatasetVersionRow).where(
            version == row.id, col(DatasetVersionRow.number).not_in(used) if used else sa.true()
        )
    )
    if used:
        row.latest = max(used)
        row.gone = True
        session.add(row)
    else:
        session.delete(row)
