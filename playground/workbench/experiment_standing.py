"""How experiments stand: their cells as a table, what may be said of it, and how far they are; kept while nothing changes.

    await standing.table(run_id), await standing.verdict(run_id), await standing.progress(run_id)

What runs here is told by what is under way; what has ended is read from its summary, else from its cells.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from playground.store import Store
from playground.types.outcomes import Outcome, Progress, StoredExperiment
from playground.workbench.experiment_going import Going
from playground.workbench.experiment_progress import check_of, progress_of
from playground.workbench.experiment_summary import Summaries

if TYPE_CHECKING:
    from playground.verdicts import Table, Verdict
    from playground.workbench.experiment_table import Grid

KEPT = 8
"""Experiments whose table is kept in memory."""


class Standing:
    """How the experiments of a store stand, those of `going` as they run here."""

    def __init__(self, store: Store, going: Mapping[str, Going], summaries: Summaries) -> None:
        self._store = store
        self._going = going
        self._summaries = summaries
        self._grids: OrderedDict[str, Grid] = OrderedDict()
        self._verdicts: OrderedDict[str, _Kept] = OrderedDict()
        self._tables: OrderedDict[str, _Stood] = OrderedDict()
        self._making: dict[tuple[str, bool], _Making] = {}

    def forget(self, run_id: str) -> None:
        """Read its cells and its cases again: they change."""
        self._grids.pop(run_id, None)
        self._tables.pop(run_id, None)
        self._verdicts.pop(run_id, None)
        self._summaries.drop(run_id)

    async def outcomes(self, run_id: str) -> list[Outcome]:
        """Every cell in numbers, as it stands now. Raises NotFoundError."""
        if (going := self._going.get(run_id)) is not None:
            return [
                outcome._replace(status="running") if outcome.key in going.running else outcome
                for outcome in going.outcomes.values()
            ]
        stored = await asyncio.to_thread(self._store.experiments.get, run_id)
        return await asyncio.to_thread(self._store.experiments.outcomes, run_id, check_of(stored))

    async def table(self, run_id: str) -> Table:
        """All cells in numbers as verdicts read them, with its ratings, as it stands now. Raises NotFoundError."""
        table = await self._table(run_id)
        ratings = await asyncio.to_thread(self._store.ratings.of, run_id)
        return replace(table, ratings=ratings) if ratings else table

    async def _table(self, run_id: str) -> Table:
        """The cells alone: as long as none of them has changed it is the same table."""
        going = self._going.get(run_id)
        stored = (
            going.stored
            if going is not None
            else await asyncio.to_thread(self._store.experiments.get, run_id)
        )
        changed = going.changed if going is not None else -1
        running = frozenset(going.running) if going is not None else None
        row = stored.row
        stamp = (changed, running, row.state, row.done, row.failed, row.attempt, row.why, row.elapsed_s)
        kept = self._tables.get(run_id)
        if kept is not None and kept.stamp == stamp and (going is not None or stored.state != "running"):
            return kept.table
        from playground.workbench.experiment_table import table_of_experiment

        grid = await self._grid(stored)
        has_ended = going is None and stored.state == "done"
        summary = None
        if has_ended:
            empty = table_of_experiment(stored, grid, ())
            summary = await asyncio.to_thread(self._summaries.read, stored, empty)
        if summary is not None:
            progress: Progress | None = summary[1]
            table: Table = replace(summary[0], cached=summary[1].cached)
        else:
            outcomes = await self.outcomes(run_id)
            table = await asyncio.to_thread(table_of_experiment, stored, grid, outcomes)
            # What runs is told by what is under way, which no table knows.
            progress = progress_of(stored, outcomes, None) if going is None else None
            if has_ended and progress is not None:
                await asyncio.to_thread(self._summaries.keep, stored, table, progress)
        if has_ended and (silent := await asyncio.to_thread(self._store.experiments.silent, run_id)):
            table = replace(table, silent=silent)
        self._tables[run_id] = _Stood(stamp, table, progress)
        while len(self._tables) > KEPT:
            self._tables.popitem(last=False)
        return table

    async def verdict(self, run_id: str, *, with_more: bool = True) -> Verdict:
        """What may be said of it by its rule, as it stands now. Raises NotFoundError.

        `with_more` says how many more cases would settle what is open: that is simulated, and takes a while once.
        """
        from playground.verdicts import with_ratings

        table = await self._table(run_id)
        known = self._verdicts.get(run_id)
        if known is None or known.table is not table or (with_more and not known.verdict.has_more):
            known = await self._made(run_id, table, with_more)
        ratings = await asyncio.to_thread(self._store.ratings.of, run_id)
        return await asyncio.to_thread(with_ratings, known.verdict, ratings) if ratings else known.verdict

    async def _made(self, run_id: str, table: Table, with_more: bool) -> _Kept:
        """The verdict on this table: whoever asks for it while it is made waits for the same one."""
        asked = (run_id, with_more)
        making = self._making.get(asked)
        if making is None or making.table is not table:
            making = self._making[asked] = _Making(table, asyncio.create_task(self._make(*asked, table)))
            making.task.add_done_callback(partial(self._forget_making, asked, making))
        return await asyncio.shield(making.task)

    def _forget_making(self, asked: tuple[str, bool], making: _Making, _: object) -> None:
        if self._making.get(asked) is making:
            del self._making[asked]

    async def _make(self, run_id: str, with_more: bool, table: Table) -> _Kept:
        from playground.verdicts import verdict

        rule = (await asyncio.to_thread(self._store.experiments.get, run_id)).experiment.rule
        made = _Kept(table, await asyncio.to_thread(partial(verdict, table, rule, with_more=with_more)))
        known = self._verdicts.get(run_id)
        if with_more or known is None or known.table is not table:
            self._verdicts[run_id] = made
        while len(self._verdicts) > KEPT:
            self._verdicts.popitem(last=False)
        return made

    async def progress(self, run_id: str) -> Progress:
        """How it stands. Raises NotFoundError."""
        if (going := self._going.get(run_id)) is not None:
            return progress_of(going.stored, list(going.outcomes.values()), going)
        stored = await asyncio.to_thread(self._store.experiments.get, run_id)
        if stored.state == "running":  # in another program
            return progress_of(stored, await self.outcomes(run_id), None)
        await self._table(run_id)
        kept = self._tables.get(run_id)
        known = kept.progress if kept is not None else None
        return known or progress_of(stored, await self.outcomes(run_id), None)

    async def _grid(self, stored: StoredExperiment) -> Grid:
        """What tells its cases apart: it never changes."""
        if (grid := self._grids.get(stored.id)) is None:
            from playground.workbench.experiment_table import grid_of

            rows = await asyncio.to_thread(self._store.experiments.rows, stored.id)
            grid = self._grids[stored.id] = await asyncio.to_thread(grid_of, stored, rows)
            while len(self._grids) > KEPT:
                self._grids.popitem(last=False)
        return grid


class _Stood(NamedTuple):
    """All cells as they stood when the stamp was so."""

    stamp: tuple[Any, ...]
    table: Table
    progress: Progress | None


class _Kept(NamedTuple):
    """A verdict with the table that it is on."""

    table: Table
    verdict: Verdict


class _Making(NamedTuple):
    """A verdict that is being made on this table."""

    table: Table
    task: asyncio.Task[_Kept]
