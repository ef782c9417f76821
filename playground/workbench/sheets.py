"""Data sets as they are edited: a version with the edits over it that are not saved yet, a window of rows at a time.

    sheet = await sheets.open(dataset_id, draft="k3…")
    page = await sheets.rows(sheet, Looking(filter="days_late:>5", start=0, count=100))
    sheet = await sheets.do(sheet, (SetValue(row=47, column="expected", value="refund"),))
    version = await sheets.save(sheet, note="")

What is stored is searched and sorted by the database; of the edits there are few.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from playground.datasets.draft import Draft, Step, read_step, written_step
from playground.datasets.looking import Term, matches, read_filter, words
from playground.errors import PromptError
from playground.store import Store
from playground.store.unsaved import Journal, Sign
from playground.types.dataset import DatasetVersion, Half, Row
from playground.workbench.datasets import DatasetDesk

MOST_OPEN = 16
"""States of drafts that are kept as they are: the last ones, so that an edit and its undo read none of those before."""
MOST_ROWS = 500
MOST_TOUCHED = 2_000
"""Edited rows that are looked at for a filter which they did not match before."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Which rows are looked at, and in which order."""

    filter: str = ""
    half: Half = ""
    sort: str = ""
    falls: bool = False
    start: int = 0
    count: int = 100


@dataclass(frozen=True, slots=True)
class Sheet:
    """A version and the edits over it; without a `draft` it is only read."""

    version: DatasetVersion
    edits: Draft
    draft: str = ""
    steps: int = 0
    changed_at: datetime | None = None


class ShownRow(NamedTuple):
    """A row as the edits leave it; `was` is the stored one, None for one that was added."""

    row: Row
    was: Row | None
    is_dropped: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A window of what is looked at; `total` rows are, of them `halves` in each half, and `words` is what was asked.

    So many edited rows as `unread` says were looked at only as they are saved: what edits make match is not among these.
    """

    rows: tuple[ShownRow, ...]
    total: int
    halves: dict[Half, int]
    words: str
    unread: int = 0


class SheetDesk:
    """Sheets by the id of their draft."""

    def __init__(self, store: Store, datasets: DatasetDesk) -> None:
        self._edits = store.dataset_edits
        self._datasets = datasets
        self._open: OrderedDict[tuple[str, Sign], Sheet] = OrderedDict()

    async def open(self, dataset_id: str, number: int | None = None, draft: str = "") -> Sheet:
        """The newest version, or the one that the draft was begun from with its edits; with a number, that one alone."""
        if number is not None or not draft:
            version = await self._datasets.version(dataset_id, number)
            return Sheet(version, Draft.of(version.columns, ()), draft if number is None else "")
        sign = await asyncio.to_thread(self._edits.sign, draft)
        known = self._open.get((draft, sign))
        if known and known.version.dataset_id == dataset_id:
            self._open.move_to_end((draft, sign))
            return known
        journal = await asyncio.to_thread(self._edits.of, draft) if sign.steps else None
        if journal is None or journal.dataset_id != dataset_id:
            version = await self._datasets.version(dataset_id)
            return Sheet(version, Draft.of(version.columns, ()), draft)
        version = await self._datasets.version(journal.dataset_id, journal.base)
        steps = [read_step(step) for step in journal.steps]
        edits = Draft.of(version.columns, steps)
        return self._kept(Sheet(version, edits, journal.draft, len(steps), journal.changed_at))

    def _kept(self, sheet: Sheet) -> Sheet:
        sign = (sheet.draft, Sign(sheet.steps, sheet.changed_at))
        self._open[sign] = sheet
        self._open.move_to_end(sign)
        while len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
        return sheet

    # --- looking ----------------------------------------------------------------------------------------

    async def rows(self, sheet: Sheet, looking: Looking) -> Page:
        """A window of rows: stored ones in their order with the edits over them, then what the edits bring along."""
        edits, version = sheet.edits, sheet.version
        terms = read_filter(looking.filter, edits.columns)
        start, count = max(0, looking.start), min(max(0, looking.count), MOST_ROWS)
        stored = _as_stored(terms, edits)
        shown: list[ShownRow] = []
        total = 0
        halves: dict[Half, int] = {"": 0, "train": 0, "held-out": 0}
        if stored is not None:
            page = await self._datasets.rows(
                version,
                filter=stored,
                half=looking.half,
                sort=edits.stored.get(looking.sort, ""),
                falls=looking.falls,
                start=start,
                count=count,
            )
            shown = [self._shown(edits, row) for row in page.rows]
            total, halves = page.total, {**halves, **page.halves}
        more = await self._brought(sheet, terms, stored, looking)
        first = max(0, start - total)
        shown += more[first : first + count - len(shown)]
        for row, _, _ in more:
            halves[row.half] += 1
        is_narrowed = bool(terms or looking.half)
        unread = len(edits.touched) if is_narrowed and len(edits.touched) > MOST_TOUCHED else 0
        return Page(tuple(shown), total + len(more), halves, words(terms), unread)

    @staticmethod
    def _shown(edits: Draft, row: Row) -> ShownRow:
        return ShownRow(edits.shown(row), row, row.number in edits.dropped)

    async def _brought(
        self, sheet: Sheet, terms: Sequence[Term], stored: Sequence[Term] | None, looking: Looking
    ) -> list[ShownRow]:
        """Rows that the edits make match, then rows that they add."""
        edits = sheet.edits
        found: list[ShownRow] = []
        if (terms or looking.half) and edits.touched and len(edits.touched) <= MOST_TOUCHED:
            for row in await self._datasets.rows_of(sheet.version, edits.touched):
                was_there = (
                    stored is not None and matches(row, stored) and row.half in (looking.half or row.half,)
                )
                now = edits.shown(row)
                if not was_there and matches(now, terms) and now.half in (looking.half or now.half,):
                    found.append(self._shown(edits, row))
        found += [
            ShownRow(row, None)
            for row in edits.added.values()
            if matches(row, terms) and row.half in (looking.half or row.half,)
        ]
        return found

    async def row(self, sheet: Sheet, number: int) -> ShownRow:
        """One row by its number; raises PromptError when there is none."""
        if number < 0:
            added = sheet.edits.added.get(number)
            if added is not None:
                return ShownRow(added, None)
        elif stored := await self._datasets.rows_of(sheet.version, (number,)):
            return self._shown(sheet.edits, stored[0])
        raise PromptError(f"Row {number:,} is not there.", "It was removed, or belongs to another version.")

    # --- editing ----------------------------------------------------------------------------------------

    async def do(self, sheet: Sheet, step: Step) -> Sheet:
        """The sheet after one more step, which is kept. Raises PromptError for one that cannot be made."""
        if not sheet.draft:
            raise PromptError("An older version is only read.", "Open the newest one to edit it.")
        base = sheet.version
        # Another page may have edited it meanwhile.
        sheet = await self.open(base.dataset_id, draft=sheet.draft)
        if sheet.steps:
            base = sheet.version
        edits = (sheet.edits if sheet.steps else Draft.of(base.columns, ())).after(step)
        before, after = await asyncio.to_thread(
            self._edits.add, sheet.draft, base.dataset_id, base.number, written_step(step)
        )
        if before != Sign(sheet.steps, sheet.changed_at):
            return await self.open(base.dataset_id, draft=sheet.draft)
        version = await self._datasets.version(base.dataset_id, base.number)
        return self._kept(Sheet(version, edits, sheet.draft, after.steps, after.at))

    async def undo(self, sheet: Sheet) -> tuple[Sheet, Step]:
        """The sheet without the last step, and that step; an empty one when there was none."""
        step = await asyncio.to_thread(self._edits.take_back, sheet.draft)
        sheet = await self.open(sheet.version.dataset_id, draft=sheet.draft)
        version = await self._datasets.version(sheet.version.dataset_id, sheet.version.number)
        return replace(sheet, version=version), read_step(step or [])

    async def discard(self, sheet: Sheet) -> Journal | None:
        """Throw all edits away; the journal, which `put_back` takes."""
        journal = await asyncio.to_thread(self._edits.of, sheet.draft)
        await asyncio.to_thread(self._edits.forget, sheet.draft)
        return journal

    async def put_back(self, journal: Journal) -> Sheet:
        """The edits that were thrown away, as they were."""
        await asyncio.to_thread(self._edits.put_back, journal)
        return await self.open(journal.dataset_id, draft=journal.draft)

    async def known(self, drafts: Sequence[str]) -> dict[str, str]:
        """Of these drafts those that have edits: the data set of each."""
        return await asyncio.to_thread(self._edits.known, drafts)

    async def onto_newest(self, sheet: Sheet) -> Sheet:
        """The same edits over the newest version; raises PromptError when they do not fit it, and changes nothing."""
        journal = await asyncio.to_thread(self._edits.of, sheet.draft)
        newest = await self._datasets.version(sheet.version.dataset_id)
        if journal is not None:
            Draft.of(newest.columns, [read_step(step) for step in journal.steps])
            await asyncio.to_thread(self._edits.put_back, replace(journal, base=newest.number))
        return await self.open(newest.dataset_id, draft=sheet.draft)

    async def drafts_of(self, dataset_id: str) -> list[tuple[str, int, datetime]]:
        """The drafts of a data set: their ids, how many steps each has, and when the last was made."""
        return await asyncio.to_thread(self._edits.drafts_of, dataset_id)

    async def save(self, sheet: Sheet, note: str = "") -> DatasetVersion:
        """The edits as the next version, on top of what others saved meanwhile; then there are none.

        Raises PromptError when nothing is different, RowMoved for rows that somebody else has changed since.
        """
        edits = sheet.edits.edits()
        if not edits:
            raise PromptError("Nothing is different from the version.", "Change a cell or add a row first.")
        version = await self._datasets.edit(sheet.version.dataset_id, sheet.version.number, edits, note=note)
        await asyncio.to_thread(self._edits.forget, sheet.draft)
        return version


def _as_stored(terms: Sequence[Term], edits: Draft) -> tuple[Term, ...] | None:
    """The terms by the names that the version has; None when no stored row can have them."""
    found = []
    for term in terms:
        if not term.column:
            found.append(term)
        elif term.column in edits.stored:
            found.append(replace(term, column=edits.stored[term.column]))
        elif (term.op in ("empty", "!=")) == term.negated:  # a column that is new: all its cells are empty
            return None
    return tuple(found)
