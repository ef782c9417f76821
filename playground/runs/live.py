"""Runs that go on now, for as many as look: whoever comes is shown how it stands, then the news.

    live = await runs.begin(workbench.runs.compare(spec), None)    # reads the events, whether anybody looks or not
    with live.watch("tab 1") as watch:       # whoever looks
        await watch.news()                   # something has changed
        live.cells                           # each with its text so far and the number of its last change

Nobody is sent anything: a watcher compares the numbers of what it has shown with those of now. So a slow one costs
no memory, keeps nobody waiting, and all that one cell wrote meanwhile is one change to it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from playground.runs.events import Ended, Event, RunStarted
from playground.runs.runner import Delta, Started, Stepped, Waits
from playground.store.records import StoredCell, StoredRun
from playground.types.grid import CellKey
from playground.types.trace import Step

log = logging.getLogger(__name__)


class Growing:
    """A text that grows at its end. `epoch` tells that it was replaced: what was read of it before is void."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.length = 0
        self.epoch = 0

    def __str__(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def add(self, text: str) -> None:
        """More of it."""
        if text:
            self._parts.append(text)
            self.length += len(text)

    def become(self, text: str) -> None:
        """Be exactly this text."""
        now = str(self)
        if text.startswith(now):
            self.add(text[self.length :])
        else:
            self._parts, self.length = [text], len(text)
            self.epoch += 1


@dataclass(slots=True)
class LiveCell:
    """A cell as it stands. `changed` is the number of its last change, `turned` of the last one beside its texts."""

    key: CellKey
    model: str
    changed: int = 0
    turned: int = 0
    waits: str = ""
    started_at: float | None = None
    """On the monotonic clock; None until its request is on its way."""
    text: Growing = field(default_factory=Growing)
    thoughts: Growing = field(default_factory=Growing)
    steps: dict[int, Step] = field(default_factory=dict)
    """Those of its technique, by their numbers."""
    end: Ended | None = None

    @property
    def phase(self) -> str:
        """waiting, running or ended."""
        return "ended" if self.end else "waiting" if self.started_at is None else "running"


class Watch:
    """Somebody who looks at a run. With `lost` it is to be shown everything again: it missed something."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lost = True
        self.left = False
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There is news."""
        self._wake.set()

    async def news(self, limit_s: float) -> bool:
        """Wait for news, so long at the most; whether there is any."""
        try:
            async with asyncio.timeout(limit_s):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True


class Live:
    """A run of which something goes on. `run` is what is known of it: with the cells that have ended here."""

    def __init__(self, run: StoredRun) -> None:
        self.run = run
        self.began_at = datetime.now(UTC)
        self.problem: Exception | None = None
        self.cells: dict[CellKey, LiveCell] = {}
        self.is_new = False
        """Whether the run itself goes on; else columns of a stored one run again."""
        self.parts = 0
        """How many are at work on it: the run itself, columns that run again."""
        self._count = 0
        self._watches: list[Watch] = []

    @property
    def is_over(self) -> bool:
        """Whether nothing goes on any more."""
        return not self.parts

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks at it."""
        return bool(self._watches)

    @contextmanager
    def watch(self, name: str) -> Iterator[Watch]:
        """Look at it for a while; the name is how `LiveRuns.watches` finds the watch."""
        watch = Watch(name)
        self._watches.append(watch)
        watch.wake()
        try:
            yield watch
        finally:
            self._watches.remove(watch)

    def begin(self, first: Event) -> None:
        """Somebody begins to work on it, and tells this first. Of a column that runs again the answer before is over."""
        self.parts += 1
        self.is_new = self.is_new or isinstance(first, RunStarted)
        if not isinstance(first, RunStarted):
            place = first.cell.key[:2]
            for key in [k for k, cell in self.cells.items() if k[:2] == place and cell.end is not None]:
                del self.cells[key]
        self.take(first)

    def finish(self, problem: Exception | None = None) -> None:
        """One of those is done, or was ended by a problem."""
        self.parts -= 1
        self.problem = self.problem or problem
        self._tell()

    def take(self, event: Event) -> None:
        """What has happened to one of its cells."""
        match event:
            case RunStarted():
                self._tell()
            case Started(cell):
                known = self._cell(cell.key, cell.model)
                known.started_at = time.monotonic()
                known.waits = f"Asked {cell.model.partition(':')[0]}, which has sent no word yet."
                self._change(known, turned=True)
            case Waits(cell, what):
                known = self._cell(cell.key, cell.model)
                known.waits = what
                self._change(known, turned=True)
            case Delta(cell, text, reasoning, rethought):
                known = self._cell(cell.key, cell.model)
                if rethought:
                    reasoning = str(known.text) + reasoning
                    known.text.become("")
                known.text.add(text)
                known.thoughts.add(reasoning)
                spoke = bool(known.waits)
                known.waits = ""
                self._change(known, turned=spoke)
            case Stepped(cell, step):
                known = self._cell(cell.key, cell.model)
                known.steps[step.number] = step
                known.waits = ""
                self._change(known, turned=True)
            case Ended(_, stored):
                known = self._cell(stored.key, stored.model)
                known.waits, known.end = "", event
                known.text.become(stored.completion.text if stored.completion else "")
                self.run = with_cell(self.run, stored)
                self._change(known, turned=True)

    def _cell(self, key: CellKey, model: str) -> LiveCell:
        if key not in self.cells:
            self.cells[key] = LiveCell(key, model)
        return self.cells[key]

    def _change(self, cell: LiveCell, *, turned: bool) -> None:
        self._count += 1
        cell.changed = self._count
        if turned:
            cell.turned = self._count
        self._tell()

    def _tell(self) -> None:
        for watch in self._watches:
            watch.wake()

    def watches(self, name: str) -> list[Watch]:
        """Those of that name."""
        return [watch for watch in self._watches if watch.name == name]


class LiveRuns:
    """The runs of which something goes on in this program, oldest first. Belongs to one event loop."""

    def __init__(self, stored: Callable[[], Awaitable[object]]) -> None:
        """`stored` waits until what has ended is stored: until then a run is known here."""
        self._stored = stored
        self._runs: dict[str, Live] = {}
        self.driving: set[asyncio.Task[Live]] = set()

    def __iter__(self) -> Iterator[Live]:
        return (live for live in list(self._runs.values()) if not live.is_over)

    def get(self, run_id: str) -> Live | None:
        """That run, when something of it goes on, or waits to be stored."""
        return self._runs.get(run_id)

    async def begin(self, events: AsyncGenerator[Event, None], run: StoredRun | None) -> Live:
        """Read the events of a run to their end, for all who look at it; the run, once it has begun.

        `run` is what is stored of it when a column of it runs again. Who leaves this does not end the run. Raises what
        kept it from beginning.
        """
        begun: asyncio.Future[Live] = asyncio.get_running_loop().create_future()
        driving = asyncio.create_task(self._drive(events, run, begun))
        self.driving.add(driving)
        driving.add_done_callback(self.driving.discard)
        await asyncio.wait({begun, driving}, return_when=asyncio.FIRST_COMPLETED)
        return begun.result() if begun.done() else await driving

    async def _drive(
        self, events: AsyncGenerator[Event, None], run: StoredRun | None, begun: asyncio.Future[Live]
    ) -> Live:
        async with aclosing(events):
            first = await anext(events)
            known = first.run if isinstance(first, RunStarted) else run
            assert known is not None
            live = self._runs.get(known.id)
            if live is None or live.is_over:
                live = self._runs[known.id] = Live(known)
            live.begin(first)
            begun.set_result(live)
            problem = None
            try:
                async for event in events:
                    live.take(event)
            except Exception as exc:
                log.exception("the run %s ended early", known.id)
                problem = exc
            live.finish(problem)
        await self._stored()
        if live.is_over and self._runs.get(known.id) is live:
            del self._runs[known.id]
        return live

    def watches(self, name: str) -> list[Watch]:
        """The watches of that name, whichever run they look at."""
        return [watch for live in self._runs.values() for watch in live.watches(name)]


def with_cell(run: StoredRun, ended: StoredCell) -> StoredRun:
    """The run with a cell that has ended since; of a column the latest repeat stands in `cells`.

    The samples beside it stand in `earlier`, as when the run is read; of a column of one sample the others are left out,
    so that a run of any size costs the same for each of its cells.
    """
    if ended.case:
        return run  # shown is its first case
    columns = run.spec.variants
    latest = {cell.column: cell for cell in run.cells}
    newest = latest.get(ended.column, ended)
    if ended.column >= len(columns) or columns[ended.column].samples == 1:
        if newest.repeat <= ended.repeat:
            latest[ended.column] = ended
        return replace(run, cells=tuple(latest[column] for column in sorted(latest)))
    known = {cell.key: cell for cell in (*run.earlier, newest, ended)}
    latest[ended.column] = newest if newest.repeat > ended.repeat else ended
    shown = {cell.key for cell in latest.values()}
    earlier = tuple(known[key] for key in sorted(known) if key not in shown)
    return replace(run, cells=tuple(latest[column] for column in sorted(latest)), earlier=earlier)
