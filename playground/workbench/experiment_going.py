"""One experiment that this program runs: its open cells are asked for, scored and stored, until none is left.

    going = Going(desks, stored, spec, open_cells, outcomes)
    await going.run()          # "done", or why it paused itself
    going.pause()              # what has begun ends; going.cut(): what has begun is left, and stays open

What has ended is stored before it counts; what has not is open again, here or in another program.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from playground.errors import PlaygroundError
from playground.runs.blocks import in_blocks
from playground.runs.cells import End, Failed, Started, Stepped
from playground.runs.events import Ended
from playground.runs.gate import background
from playground.runs.greedy import GreedyAnswers
from playground.runs.prepared import Preparing
from playground.runs.runner import Execution
from playground.runs.single import MakeProgram
from playground.scorers import all_passed, summary
from playground.store import Store
from playground.store.changes import StartCell
from playground.store.experiment_cells import FAILED, same_reason
from playground.store.experiments import OpenCell
from playground.store.records import StoredCell
from playground.templating.plain import PlainTurns, plain_turns
from playground.templating.rendering import normalise
from playground.types.experiment import ExperimentState
from playground.types.generation import Message
from playground.types.grid import Case, CellKey, RunSpec, Variant, Work
from playground.types.outcomes import OPEN, Outcome, StoredExperiment, UnderWay
from playground.types.prompt import Prompt
from playground.types.trace import CACHED
from playground.workbench.experiment_progress import check_of
from playground.workbench.models import ModelDesk
from playground.workbench.prompts import PromptDesk

log = logging.getLogger(__name__)

PORTION = 128
"""Cases that are read at a time; so many portions are kept as models are in turn."""
KEPT_PORTIONS = 8
PROVEN = 3
"""Cases that are rendered both ways before a prompt is filled in without the engine."""
RATE_S = 60.0
"""The rate is that of the last minute."""
HINDERED_S = 0.5
"""While nothing can be stored, no further cell is begun; looked at so often."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
LOOK_S = 1.0
"""Another program may pause or stop it: its state is looked at so often."""

Save = Callable[[str, End, datetime | None], Awaitable[Ended]]
Decide = Callable[[], Awaitable[str]]
"""Why it is decided by its rule, "" while it is not."""


class Left(NamedTuple):
    """A cell that was stopped before its end, and is open again."""

    key: CellKey


@dataclass(frozen=True, slots=True)
class Desks:
    """What running needs of the rest of the program."""

    store: Store
    models: ModelDesk
    prompts: PromptDesk
    make: MakeProgram
    save: Save


class Going:
    """An experiment under way. Belongs to one event loop."""

    def __init__(
        self,
        desks: Desks,
        stored: StoredExperiment,
        spec: RunSpec,
        cells: Sequence[OpenCell],
        outcomes: Sequence[Outcome],
        rests: ExperimentState | None = None,
    ) -> None:
        """`rests` is the state that it has again once these cells have ended, where others stay open."""
        self._desks = desks
        self.stored = stored
        self._spec = spec
        self._cells = cells
        self._rests = rests
        self._check = check_of(stored)
        self.outcomes = {outcome.key: outcome for outcome in outcomes}
        self._statuses = Counter(outcome.status for outcome in outcomes)
        self.running: set[CellKey] = set()
        self.began = time.monotonic()
        self.changed = 0
        self.tokens = 0
        self.decide: Decide | None = None
        self.state: ExperimentState | None = "done"
        """What it is when this ends; None leaves that to the store."""
        self.why = ""
        self._ends: deque[float] = deque()
        self._executions: list[Execution[Ended | Left]] = []
        self._is_pausing = False
        self._started: dict[CellKey, datetime] = {}
        self._row: tuple[str, int] = ("", 0)
        """The reason of the last failures, and how many came in a row."""
        self._portions: OrderedDict[int, list[Case]] = OrderedDict()
        self._plain: dict[int, PlainTurns | None] = {}
        self._proven: Counter[int] = Counter()
        self._rendered: dict[CellKey, tuple[Message, ...]] = {}
        self._prompts: list[Prompt] = []
        self._bounds: dict[str, asyncio.Semaphore] = {}
        self._left_of_case = Counter(cell.key.case for cell in cells)
        self._looked = 0.0

    # --- asked from outside -----------------------------------------------------------------------------

    def pause(self, state: ExperimentState | None = "paused", why: str = "") -> None:
        """Begin nothing more; what has begun goes on to its end."""
        self._end_as(state, why)
        for execution in self._executions:
            execution.hold()

    def cut(self, state: ExperimentState | None = "stopped", why: str = "") -> None:
        """Leave what has begun: it is open again."""
        self._end_as(state, why)
        for execution in self._executions:
            execution.stop()

    @property
    def elapsed_s(self) -> float:
        """Since this program went on with it."""
        return time.monotonic() - self.began

    @property
    def under_way(self) -> UnderWay:
        """How it stands in short; asked for often, so no cell is looked at."""
        total, ended = len(self.outcomes), self._statuses["done"] + self._statuses[FAILED]
        row, rate = self.stored.row, self.cells_per_s
        left_s = (total - ended) / rate if rate else None
        return UnderWay(row.id, row.name, total, ended, len(self.running), left_s)

    @property
    def cells_per_s(self) -> float | None:
        """The rate of the last minute; None before anything has ended."""
        while self._ends and self._ends[0] < time.monotonic() - RATE_S:
            self._ends.popleft()
        took = min(RATE_S, self.elapsed_s)
        return len(self._ends) / took if self._ends and took > 0 else None

    # --- running ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Ask for all open cells, those of each backend beside the others'."""
        models = [variant.model for variant in self._spec.variants]
        in_rounds = self.stored.experiment.limits.stop_when_decided
        queues = in_blocks(self._cells, models, lambda cell: cell.key, in_rounds=in_rounds)
        looking = asyncio.create_task(self._look())
        try:
            async with asyncio.TaskGroup() as group:
                for backend, cells in queues.items():
                    group.create_task(self._drive(backend, cells))
        finally:
            looking.cancel()
        if not +self._left_of_case and self.state is not None:
            # Whatever it was to become, nothing of these cells is left; of others perhaps.
            self.state = self._rests if self._rests is not None and self._open_cells() else "done"

    def _open_cells(self) -> bool:
        return any(outcome.status in OPEN for outcome in self.outcomes.values())

    async def _drive(self, backend: str, cells: Sequence[OpenCell]) -> None:
        limits = self.stored.experiment.limits
        places = self._places(backend)
        if limits.at_once is not None:
            places = limits.at_once
            self._bounds[backend] = asyncio.Semaphore(places)
        pauses = [min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 4**number) for number in range(limits.tries - 1)]
        known = None
        if self.stored.experiment.cache:
            known = GreedyAnswers(
                lambda of: asyncio.to_thread(self._desks.store.experiments.known_answers, of), places
            )
        preparing = Preparing(self._render, self._desks.make, self._ready, known, self._bounds.get(backend))
        execution: Execution[Ended | Left] = Execution(
            self._works(cells),
            self._desks.models.backend_of,
            self._desks.models.gates,
            self._settle,
            background,
            window=4 * places + 8,
            tells="ends",
            retry=pauses,
            program=preparing.program,
            timeout_s=limits.timeout_s,
        )
        self._executions.append(execution)
        async with aclosing(execution.events()) as events:
            async for event in events:
                if isinstance(event, Started):
                    self._start(event.cell.key)
                elif isinstance(event, Ended):
                    await self._judge(event)
                else:
                    assert isinstance(event, Left | Stepped)

    def _places(self, backend: str) -> int:
        known = self._desks.models.backends.get(backend)
        return max(1, known.parallel) if known is not None else 1

    def _works(self, cells: Sequence[OpenCell]) -> Iterator[Work]:
        """The works as they are begun; nothing is rendered yet. Ends early when it is to pause."""
        self._prompts = [
            (prompt := variant.prompt or self._spec.prompt).model_copy(
                update={"turns": normalise(prompt.turns)}
            )
            for variant in self._spec.variants
        ]
        for cell in cells:
            if self._is_pausing:
                return
            variant = self._spec.variants[cell.key.variant]
            try:
                case = self._case(cell.key.case)
            except PlaygroundError as exc:
                self._end_as("paused", f"Its cases cannot be read. {exc}")
                return
            yield Work(
                cell.key,
                variant,
                case,
                self._prompts[cell.key.variant],
                (),
                variant.sampling.model_copy(update={"seed": cell.seed}),
                family=self._family(cell.key, variant),
            )

    def _family(self, key: CellKey, variant: Variant) -> str:
        """Repeats of a case are samples of one prompt."""
        if self._spec.repeats == 1 or variant.technique is not None:
            return ""
        return f"{self.stored.id}/{key.case}/{key.variant}"

    def _case(self, number: int) -> Case:
        portion = number // PORTION
        if (cases := self._portions.get(portion)) is None:
            while len(self._portions) >= KEPT_PORTIONS:
                self._portions.popitem(last=False)
            cases = self._desks.store.experiments.cases(self.stored.id, portion * PORTION, PORTION)
            self._portions[portion] = cases
        self._portions.move_to_end(portion)
        return cases[number % PORTION]

    async def _render(self, work: Work) -> tuple[Message, ...]:
        messages = self._quick(work)
        if messages is None or self._proven[work.key.variant] < PROVEN:
            whole = await self._desks.prompts.render(work.prompt, work.case.values)
            if messages is not None:
                # The quick way holds for a variant once it has given what the engine gives.
                self._proven[work.key.variant] += 1
                if messages != whole:
                    self._plain[work.key.variant] = None
            messages = whole
        self._rendered[work.key] = messages
        return messages

    def _quick(self, work: Work) -> tuple[Message, ...] | None:
        """The messages of a prompt that only puts texts in place; None for any other."""
        number = work.key.variant
        if number not in self._plain:
            self._plain[number] = plain_turns(work.prompt)
        plain = self._plain[number]
        return plain.fill(work.case.values) if plain is not None else None

    async def _ready(self) -> None:
        while self._desks.store.trouble is not None and not self._is_pausing:
            await asyncio.sleep(HINDERED_S)

    def _end_as(self, state: ExperimentState | None, why: str) -> None:
        if not self._is_pausing:
            self._is_pausing, self.state, self.why = True, state, why
        elif state is None or self.state is not None:
            self.state = state  # a stop after a pause counts

    def _start(self, key: CellKey) -> None:
        self.running.add(key)
        start = StartCell(self.stored.id, key)
        self._started[key] = start.at
        # Nobody waits for this: should it fail, so does the storing of the end.
        self._desks.store.submit(start)

    async def _settle(self, end: End) -> Ended | Left:
        """Score and store it; what was only stopped is open again."""
        messages = self._rendered.pop(end.cell.key, ())
        end = replace(end, cell=replace(end.cell, messages=messages))  # a check may ask for what was sent
        if not isinstance(end, Failed) and end.answer.finish == "cancelled":
            self.running.discard(end.cell.key)
            return Left(end.cell.key)
        self._count(end)
        return await self._desks.save(self.stored.id, end, self._started.pop(end.cell.key, None))

    def _count(self, end: End) -> None:
        """Pause when too many fail one after the other: told before it is stored, for a model that is gone refuses at once."""
        reason = same_reason(end.message) if isinstance(end, Failed) else ""
        count = self._row[1] + 1 if reason and reason == self._row[0] else int(bool(reason))
        self._row = (reason, count)
        if isinstance(end, Failed) and count >= self.stored.experiment.limits.failures_in_row:
            failed = "A cell failed" if count == 1 else f"{count:,} cells failed in a row for one reason"
            self.pause("paused", f"{failed}: {end.message} {end.hint}".strip())

    async def _judge(self, ended: Ended) -> None:
        """Take the end into account, and pause when something is the matter."""
        cell = ended.cell
        self.running.discard(cell.key)
        if ended.unsaved is not None:
            self.pause("paused", f"An answer could not be stored. {ended.unsaved}")
            return
        outcome = outcome_of(cell, self._check)
        self._statuses[self.outcomes[cell.key].status] -= 1
        self._statuses[outcome.status] += 1
        self.outcomes[cell.key] = outcome
        self.changed += 1
        self._ends.append(time.monotonic())
        limits = self.stored.experiment.limits
        self.tokens += 0 if outcome.cached else outcome.tokens or 0
        if limits.tokens is not None and self.tokens >= limits.tokens:
            self.pause("paused", f"It took {self.tokens:,} tokens; it was to pause at {limits.tokens:,}.")
        self._left_of_case[cell.key.case] -= 1
        if self.decide is not None and not self._left_of_case[cell.key.case] and not self._is_pausing:
            await self._decided()

    async def _decided(self) -> None:
        if time.monotonic() < self._looked or self.decide is None:
            return
        began, is_first = time.monotonic(), not self._looked
        why = await self.decide()
        # The look must not take more than a small part of the time; the first one loads the statistics, once.
        now = time.monotonic()
        self._looked = now if is_first else now + 10 * (now - began)
        if why:
            self.pause("done", why)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            state, owner = await asyncio.to_thread(self._desks.store.experiments.state, self.stored.id)
            if state == "paused":
                self.pause(None)
            elif state == "stopped":
                self.cut(None)


def outcome_of(cell: StoredCell, check: Collection[str] = ()) -> Outcome:
    """A cell that has ended, in numbers; `score` is that of the check of one of these names, where there are any."""
    is_done = cell.status == "done"
    score = summary(cell.scores)
    if check:
        score = next((each.value for each in cell.scores if each.name in check), None)
    answer = cell.answer
    return Outcome(
        cell.key,
        cell.status,
        all_passed(cell.scores) if is_done else None,
        score if is_done else None,
        cell.error if cell.status == FAILED else "",
        answer.finish == "length",
        answer.tokens if is_done else None,
        answer.total_s if is_done else None,
        any(name == CACHED for name, _ in answer.facts),
    )
