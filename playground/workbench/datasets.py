"""Data sets for asyncio callers: found, looked at, saved, read from files.

version = await workbench.datasets.find("Late parcels@3")
page = await workbench.datasets.rows(version, half="train", count=50)
version, cases = await workbench.datasets.cases("Late parcels")
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Literal

from playground.datasets.duplicates import Twin, twins
from playground.datasets.facts import Facts, look_over
from playground.datasets.looking import Term, read_filter
from playground.datasets.sample import sample
from playground.datasets.split import HELD_OUT, SEED, split
from playground.errors import NotFoundError, PromptError
from playground.plurals import plural
from playground.store import Store
from playground.store.dataset_rows import RowLook, RowPage
from playground.store.records import DatasetSummary
from playground.tables.preview import Tally
from playground.tables.reading import Reading
from playground.tables.writing import inert_cells, write_table
from playground.types.dataset import (
    Column,
    DatasetRef,
    DatasetVersion,
    Edit,
    Half,
    RenameColumn,
    Row,
    SetColumns,
    edited,
    to_case,
)
from playground.types.grid import Case

MOST_FACTS = 16
READ_FIRST = 200_000


class DatasetDesk:
    """Each method is one transaction in a thread; what raises is said by the method of `store.datasets` with its name."""

    def __init__(self, store: Store, author: str) -> None:
        self._sets = store.datasets
        self._author = author
        self._facts: dict[tuple[str, int], Facts] = {}

    # --- finding ----------------------------------------------------------------------------------------

    async def all(self, search: str = "", *, binned: bool = False) -> list[DatasetSummary]:
        """Data sets whose name contains every word, the last changed first; or those that were deleted."""
        return await asyncio.to_thread(self._sets.all, search, binned=binned)

    async def place(self, dataset_id: str) -> Literal["list", "bin", "gone"]:
        """Where a data set is: in the list, in the bin, or gone for good."""
        return await asyncio.to_thread(self._sets.place, dataset_id)

    async def find(self, ref: DatasetRef | str) -> DatasetVersion:
        """The version that "name" or "name@3" means; a name that ends in @3 goes before version 3 of another."""
        if isinstance(ref, str):
            try:
                return await asyncio.to_thread(self._sets.named, ref)
            except NotFoundError:
                ref = DatasetRef.read(ref)
        return await asyncio.to_thread(self._sets.named, ref.name, ref.number)

    async def version(self, dataset_id: str, number: int | None = None) -> DatasetVersion:
        """One version, the newest without a number."""
        return await asyncio.to_thread(self._sets.version, dataset_id, number)

    async def versions(self, dataset_id: str) -> list[DatasetVersion]:
        """All versions, newest first."""
        return await asyncio.to_thread(self._sets.versions, dataset_id)

    # --- rows -------------------------------------------------------------------------------------------

    async def rows(
        self,
        version: DatasetVersion,
        *,
        filter: str | Sequence[Term] = "",
        half: Half = "",
        sort: str = "",
        falls: bool = False,
        start: int = 0,
        count: int = 50,
    ) -> RowPage:
        """Some rows of a version in the order asked for, and how many there are; `filter` as `datasets.looking` reads it."""
        terms = read_filter(filter, version.columns) if isinstance(filter, str) else tuple(filter)
        look = RowLook(half=half, sort=sort, falls=falls, start=start, count=count, terms=terms)
        return await asyncio.to_thread(self._sets.page, version, look)

    async def row(self, version: DatasetVersion, number: int) -> Row:
        """One row by its number."""
        return await asyncio.to_thread(self._sets.row, version, number)

    async def rows_of(self, version: DatasetVersion, numbers: Sequence[int]) -> list[Row]:
        """The rows of these numbers that the version has."""
        return await asyncio.to_thread(self._sets.numbered, version, numbers)

    async def facts(self, version: DatasetVersion) -> Facts:
        """What can be said of its columns, and which rows need a look; a version never changes, so it is said once."""
        key = (version.dataset_id, version.number)
        if key not in self._facts:
            facts = await asyncio.to_thread(lambda: look_over(version.columns, self._sets.stream(version)))
            self._facts[key] = facts
            while len(self._facts) > MOST_FACTS:
                del self._facts[next(iter(self._facts))]
        return self._facts[key]

    async def stream(self, version: DatasetVersion, half: Half = "") -> AsyncIterator[list[Row]]:
        """All rows by number, some at a time."""
        batches = self._sets.stream(version, half)
        nothing: list[Row] = []
        while batch := await asyncio.to_thread(next, batches, nothing):
            yield batch

    def batches(self, version: DatasetVersion, half: Half = "") -> Callable[[], Iterator[list[Row]]]:
        """All rows from their beginning, as often as it is called; to be read in a thread."""
        return lambda: self._sets.stream(version, half)

    async def all_rows(self, version: DatasetVersion, half: Half = "") -> list[Row]:
        """All rows by number, at once."""
        return await asyncio.to_thread(
            lambda: [row for batch in self._sets.stream(version, half) for row in batch]
        )

    async def cases(self, ref: DatasetRef | str) -> tuple[DatasetVersion, list[Case]]:
        """The rows that a reference means as cases of a run, with their version."""
        wanted = DatasetRef.read(ref) if isinstance(ref, str) else ref
        version = await self.find(wanted)
        rows = sample(await self.all_rows(version, wanted.half), wanted.limit, wanted.seed)
        return version, [to_case(row, version.columns) for row in rows]

    # --- saving -----------------------------------------------------------------------------------------

    async def create(
        self, name: str, columns: Sequence[Column], rows: Iterable[Row], note: str = ""
    ) -> DatasetVersion:
        """A new data set with its first version."""
        return await asyncio.to_thread(self._sets.create, name, columns, rows, note=note, author=self._author)

    async def add(
        self, dataset_id: str, rows: Iterable[Row], columns: Sequence[Column] = (), note: str = ""
    ) -> DatasetVersion:
        """The next version: these rows after those that are there."""
        return await asyncio.to_thread(
            self._sets.add, dataset_id, rows, columns=columns, note=note, author=self._author
        )

    async def save(
        self,
        dataset_id: str,
        columns: Sequence[Column],
        rows: Iterable[Row],
        *,
        base: int | None = None,
        note: str = "",
    ) -> DatasetVersion:
        """The next version, with exactly these columns and rows; RowsMoved when a row was changed by others since `base`."""
        return await asyncio.to_thread(
            self._sets.save, dataset_id, columns, rows, base=base, note=note, author=self._author
        )

    async def edit(self, dataset_id: str, base: int, edits: Sequence[Edit], note: str = "") -> DatasetVersion:
        """The next version: these edits on top of version `base`, merged with what others changed since."""
        if not any(isinstance(edit, SetColumns | RenameColumn) for edit in edits):
            return await asyncio.to_thread(
                self._sets.edit, dataset_id, base, edits, note=note, author=self._author
            )
        version = await self.version(dataset_id, base)
        columns, rows = edited(version.columns, await self.all_rows(version), edits)
        return await self.save(dataset_id, columns, rows, base=base, note=note)

    async def keep(self, reading: Reading, name: str, note: str = "") -> tuple[DatasetVersion, Tally]:
        """The rows of a file as a new data set, and what was counted on the way; nothing is stored when none is usable."""

        def work() -> tuple[DatasetVersion, Tally]:
            tally = Tally()
            rows = _some(reading, tally)
            version = self._sets.create(name, reading.as_columns, rows, note=note, author=self._author)
            return version, tally

        return await asyncio.to_thread(work)

    async def keep_more(
        self, reading: Reading, dataset_id: str, note: str = ""
    ) -> tuple[DatasetVersion, Tally]:
        """The rows of a file added to a data set, as its next version."""

        def work() -> tuple[DatasetVersion, Tally]:
            tally = Tally()
            rows = _some(reading, tally)
            version = self._sets.add(
                dataset_id, rows, columns=reading.as_columns, note=note, author=self._author
            )
            return version, tally

        return await asyncio.to_thread(work)

    async def known(self, version: DatasetVersion) -> dict[str, int]:
        """The ids of its rows with their numbers, by which an import tells what is there already."""
        return await asyncio.to_thread(self._sets.known, version)

    async def split(
        self,
        version: DatasetVersion,
        *,
        held_out: float = HELD_OUT,
        seed: int = SEED,
        by: str = "",
        cluster: str = "",
        keep: bool = False,
    ) -> DatasetVersion:
        """The next version, its rows drawn into halves; clusters, by the column of that role unless named, stay together."""
        names = {column.name for column in version.columns}
        for name in (by, cluster):
            if name and name not in names:
                raise PromptError(
                    f'There is no column "{name}".', f"There are: {', '.join(sorted(names)[:20])}."
                )
        cluster = cluster or next((each.name for each in version.columns if each.role == "cluster"), "")
        inputs, _ = _compared(version)
        rows = await self.all_rows(version)

        def draw() -> list[Row]:
            halves = split(
                rows, held_out=held_out, seed=seed, by=by, cluster=cluster, inputs=inputs, keep=keep
            )
            return [replace(row, half=halves[row.number]) for row in rows]

        drawn = await asyncio.to_thread(draw)
        held = sum(row.half == "held-out" for row in drawn)
        told = [f"{len(drawn) - held:,} to train, {held:,} held out, drawn with seed {seed}"]
        told += [f"alike in {by}"] if by else []
        told += [f"{cluster} kept together"] if cluster else []
        note = ", ".join(told)
        return await self.save(version.dataset_id, version.columns, drawn, base=version.number, note=note)

    async def twins(self, version: DatasetVersion, *, near: bool = False) -> list[Twin]:
        """Rows that repeat an earlier one by their inputs, exactly or nearly."""
        inputs, expected = _compared(version)
        rows = await self.all_rows(version)
        return await asyncio.to_thread(twins, rows, inputs=inputs, expected=expected, near=near)

    async def dedupe(self, version: DatasetVersion, *, near: bool = False) -> DatasetVersion:
        """The next version without rows that repeat an earlier one; those with another expected answer stay."""
        repeated = await self.twins(version, near=near)
        gone = {twin.row for twin in repeated if not twin.differs}
        differ = len(repeated) - len(gone)
        rows = [row for row in await self.all_rows(version) if row.number not in gone]
        left_out = plural(len(gone), "row")
        note = (
            f"{left_out} left out, equal or nearly equal to another"
            if near
            else f"{left_out} left out, equal to another"
        )
        note += f"; {differ:,} with another expected answer stay" if differ else ""
        return await self.save(version.dataset_id, version.columns, rows, base=version.number, note=note)

    async def draw(self, version: DatasetVersion, count: int, seed: int = SEED) -> DatasetVersion:
        """The next version with so many of its rows, drawn by the seed."""
        rows = sample(await self.all_rows(version), count, seed)
        note = f"{len(rows):,} of {plural(version.rows, 'row')}, drawn with seed {seed}"
        return await self.save(version.dataset_id, version.columns, rows, base=version.number, note=note)

    def written(self, version: DatasetVersion, format_name: str, half: Half = "") -> Iterator[bytes]:
        """The rows as a file in pieces, read as they are needed; blocks, so ask for them in a thread."""
        return write_table(format_name, version.columns, lambda: self._sets.stream(version, half))

    async def inert_cells(self, version: DatasetVersion, half: Half = "") -> int:
        """How many cells get a quote in a spreadsheet's format, because they look like formulas."""
        return await asyncio.to_thread(inert_cells, version.columns, self._sets.stream(version, half))

    async def restore(self, dataset_id: str, number: int) -> DatasetVersion:
        """The rows and columns of an old version again as the newest one."""
        return await asyncio.to_thread(self._sets.restore, dataset_id, number, author=self._author)

    # --- the whole data set -----------------------------------------------------------------------------

    async def rename(self, dataset_id: str, name: str) -> None:
        """Another name."""
        await asyncio.to_thread(self._sets.rename, dataset_id, name)

    async def delete(self, dataset_id: str) -> None:
        """Away from the list, its name free; what runs use of it stays."""
        await asyncio.to_thread(self._sets.delete, dataset_id)

    async def put_back(self, dataset_id: str, name: str = "") -> DatasetVersion:
        """Back into the list, under another name if one is given."""
        return await asyncio.to_thread(self._sets.put_back, dataset_id, name)

    async def purge(self, dataset_id: str) -> None:
        """A deleted data set away for good, but for the versions that runs use."""
        await asyncio.to_thread(self._sets.purge, dataset_id)

    async def use(self, version: DatasetVersion, run_id: str) -> None:
        """Note that a run needs this version."""
        await asyncio.to_thread(self._sets.use, version, run_id)

    async def used_by(self, dataset_id: str) -> dict[str, int]:
        """The runs that use it, with the version that each of them uses."""
        return await asyncio.to_thread(self._sets.used_by, dataset_id)


SAID_COLUMNS = 20
"""Columns that are named of a file without rows."""


def _compared(version: DatasetVersion) -> tuple[list[str], str]:
    """The columns by which two rows are the same question, and the one of the expected answer.

    A column that only numbers or names the rows (`id`) makes no two of them different.
    """
    inputs = [
        each.name
        for each in version.columns
        if each.role not in ("expected", "cluster", "tag")
        and each.name.casefold() not in ("id", "row", "number")
    ]
    expected = next((each.name for each in version.columns if each.role == "expected"), "")
    return inputs, expected


def _some(reading: Reading, tally: Tally) -> Iterator[Row]:
    """The rows of a file; raises PromptError when there is none.

    As many as are usual are read here, before the database is locked for them, the rest while it is.
    """
    rows = reading.rows(tally)
    first = list(islice(rows, READ_FIRST))
    if not first and not tally.records:
        names = ", ".join(column.name for column in reading.columns[:SAID_COLUMNS])
        raise PromptError(
            f"{reading.file} has 0 rows: it only names columns ({names}).",
            "Write rows under them; if they are a row themselves, read the file without column names.",
        )
    if not first:
        problem = next(iter(tally.problems.values()), None)
        why = f" The first problem, line {problem.lines[0]}: {problem.what}." if problem else ""
        raise PromptError(
            f"{reading.file} has no row that can be stored.{why}", "Correct the file, or how it is read."
        )
    return chain(first, rows)
