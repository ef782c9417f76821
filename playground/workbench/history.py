"""Stored runs for asyncio callers: the list of them, their cells, and what a person says of them.

page = await workbench.history.runs("refund")    # newest first
await workbench.history.vote(run_id, "column", 1)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from playground.errors import NotFoundError
from playground.store import Store
from playground.store.records import (
    CellPage,
    CellRecord,
    HistoryPage,
    MatrixEntry,
    RunFilter,
    RunSummary,
    StoredCell,
    StoredRun,
    StoredVote,
)
from playground.store.writer import Trouble
from playground.types.grid import CellKey, Choice
from playground.types.setups import Setup

PORTION = 500
"""Runs that `all_runs` reads at a time."""


class History:
    """Each method is one transaction in a thread; what raises is said by the method of `Store` behind it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def trouble(self) -> Trouble | None:
        """Why changes of runs wait to be stored; None while nothing hinders."""
        return self._store.trouble

    async def runs(
        self,
        search: str = "",
        limit: int = 50,
        offset: int = 0,
        *,
        sort: str = "time",
        falls: bool = True,
        wanted: RunFilter | None = None,
    ) -> HistoryPage:
        """Some of the runs that contain every word and fulfil the filter, in the order asked for."""
        return await asyncio.to_thread(
            self._store.history, search, limit, offset, sort=sort, falls=falls, wanted=wanted
        )

    def all_runs(
        self,
        search: str = "",
        *,
        sort: str = "time",
        falls: bool = True,
        wanted: RunFilter | None = None,
    ) -> Iterator[RunSummary]:
        """All of them, each once, read a portion at a time. Blocks."""
        start, seen = 0, set[str]()  # a run that begins meanwhile pushes the others down
        while page := self._store.history(search, PORTION, start, sort=sort, falls=falls, wanted=wanted).rows:
            yield from (run for run in page if run.id not in seen)
            seen |= {run.id for run in page}
            start += len(page)

    async def choices(self) -> tuple[list[str], list[str]]:
        """What the list can be narrowed to: models by name, and titles, the last used first."""
        return await asyncio.to_thread(self._store.run_choices)

    async def setups(self, run_ids: Sequence[str]) -> dict[str, Setup]:
        """What these runs were made with, by their ids; unknown ones are left out."""
        return await asyncio.to_thread(self._store.setups, run_ids)

    async def run(self, run_id: str) -> StoredRun:
        """A run as Compare shows it. Raises NotFoundError."""
        return await asyncio.to_thread(self._store.run, run_id)

    async def cells(self, run_id: str, *, after: CellKey | None = None, limit: int = 100) -> CellPage:
        """The cells of a run after that one, in short. Raises NotFoundError."""
        return await asyncio.to_thread(self._store.cells.page, run_id, after=after, limit=limit)

    async def cell(self, run_id: str, key: CellKey) -> StoredCell:
        """One cell with everything that was sent and received. Raises NotFoundError."""
        return await asyncio.to_thread(self._store.cells.get, run_id, key)

    async def case_values(self, run_id: str, first: int, count: int) -> list[dict[str, Any]]:
        """The values of so many cases from that one on. Raises NotFoundError."""
        return await asyncio.to_thread(self._store.cells.case_values, run_id, first, count)

    async def case_of_row(self, run_id: str, row_id: str) -> int | None:
        """The case that was made from the row of a data set with this hash; None without one."""
        return await asyncio.to_thread(self._store.cells.case_of_row, run_id, row_id)

    async def begins(self, run_id: str, keys: Sequence[CellKey]) -> dict[CellKey, str]:
        """How the answers of these cells begin, or why there is none. Raises NotFoundError."""
        return await asyncio.to_thread(self._store.cells.begins, run_id, keys)

    async def values_of(self, run_id: str, cases: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The values of these cases. Raises NotFoundError."""
        return await asyncio.to_thread(self._store.cells.values_of, run_id, cases)

    def cases(self, run_id: str, portion: int) -> Iterator[tuple[int, list[MatrixEntry]]]:
        """What each variant came to in each case, a portion of cases at a time with the first one's number. Blocks."""
        first = 0
        while part := self._store.cells.matrix(run_id, first=first, cases=portion):
            yield first, part
            first += portion

    def values_of_cases(self, run_id: str, first: int, count: int) -> list[dict[str, Any]]:
        """As `case_values`. Blocks."""
        return self._store.cells.case_values(run_id, first, count)

    def answers(self, run_id: str) -> Iterator[CellRecord]:
        """Every cell of a run with its case, read a portion at a time. Blocks. Raises NotFoundError."""
        return self._store.cells.stream_rows(run_id)

    def variant_names(self, run_id: str) -> tuple[str, ...]:
        """What an experiment calls its columns; () for another run. Blocks."""
        try:
            return self._store.experiments.get(run_id).names
        except NotFoundError:
            return ()

    async def said(self, run_id: str) -> tuple[StoredVote | None, str]:
        """The vote and the note. Raises NotFoundError."""
        return await asyncio.to_thread(self._store.vote_and_note, run_id)

    async def vote(
        self, run_id: str, kind: Choice | None, column: int | None = None, *, repeat: int | None = None
    ) -> None:
        """Replace the vote, None takes it back; "column" means that repeat of the column, or its latest."""
        await asyncio.to_thread(self._store.vote, run_id, kind, column, repeat=repeat)

    async def thumb(self, run_id: str, column: int, value: int, repeat: int | None = None) -> None:
        """Thumb for a repeat of a column, None for the latest: -1 down, 0 none, 1 up."""
        await asyncio.to_thread(self._store.thumb, run_id, column, value, repeat)

    async def note(self, run_id: str, text: str) -> None:
        """Replace the note."""
        await asyncio.to_thread(self._store.note, run_id, text)

    async def mark_interrupted(self) -> int:
        """Mark the cells whose program has ended before they did; how many there were."""
        return await asyncio.to_thread(self._store.mark_interrupted)
