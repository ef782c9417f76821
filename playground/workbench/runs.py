"""The desk of runs: plan, execute, score, store and tell, whether anybody looks or not; stop, look at, export.

async for event in workbench.runs.compare(spec):   # RunStarted, Started, Delta…, Ended for every cell
...
live = await workbench.runs.begin(spec)            # the same, on the server: whoever looks is shown how it stands
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Coroutine, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from playground.backends.base import RendersChat
from playground.endings import ended
from playground.errors import NotFoundError, PlaygroundError, StoreError
from playground.formats.base import Export
from playground.runs.answers import source_name
from playground.runs.deposits import Deposits
from playground.runs.drafts import Drafts
from playground.runs.events import Ended, Event, RunStarted
from playground.runs.gate import Rank
from playground.runs.live import Live, LiveRuns
from playground.runs.planning import (
    first_words,
    in_order,
    plan_again,
)
from playground.runs.runner import Delta, End, Execution, Failed, Started, Stepped, Waits
from playground.runs.samples import sample_number
from playground.runs.scoring import sample_of
from playground.sandbox.switch import Switch
from playground.store import Store, content_hash
from playground.store.changes import CellFacts, CreateRun, EndCell, StartCell
from playground.store.records import StoredCell, StoredRun
from playground.store.reopen import begun_run, ended_cell
from playground.techniques.registry import plain_or
from playground.types.files import ExportFile
from playground.types.generation import Completion, Finish, RenderedChat
from playground.types.grid import CellKey, CellStatus, RunKind, RunSpec, Work
from playground.types.prompt import Check
from playground.types.trace import Answer
from playground.workbench.counting import counted
from playground.workbench.models import ModelDesk
from playground.workbench.prompts import PromptDesk
from playground.workbench.run_plan import planned
from playground.workbench.scoring import ScoringDesk
from playground.workbench.techniques import TechniqueDesk

log = logging.getLogger(__name__)

T = TypeVar("T")

WINDOW = 64
"""Cells of a large run that are under way at the same time; the gates of the backends let fewer through."""
RUNS_END_S = 10.0


class RunDesk:
    """The runs that this program has begun, and those that are stored."""

    def __init__(self, store: Store, models: ModelDesk, prompts: PromptDesk) -> None:
        self._store = store
        self._models = models
        self._prompts = prompts
        self.deposits = Deposits()
        self.live = LiveRuns(self.deposits.settled)
        self._active: dict[str, Execution[Ended]] = {}
        self._kept: set[asyncio.Task[Any]] = set()
        self._drafts = Drafts(store.submit)
        self.sandbox = Switch(prompts.settings.sandbox)
        self.programs = TechniqueDesk(prompts, models, self.sandbox)
        self.scoring = ScoringDesk(models, self.sandbox)
        self._is_ending = False

    async def close(self) -> None:
        """Begin nothing more, stop what runs, and wait until it is scored and stored, but not for ever."""
        self._is_ending = True
        self.scoring.end()
        runs = [execution.close() for execution in self._active.values()]
        everything = asyncio.gather(*runs, *self._kept, *self.live.driving, return_exceptions=True)
        await ended("runs", everything, RUNS_END_S)
        self._drafts.close()

    async def compare(self, spec: RunSpec) -> AsyncGenerator[Event, None]:
        """Run every cell; store, score and tell. Leaving early stops the work and keeps what arrived.

        A comparison raises before anything is stored when its shared prompt cannot be rendered; a column whose own
        variant cannot be is an error of that column alone, and so is a case of a larger run.
        """
        self._refuse_when_ending()
        works = await planned(spec, self._models, self._prompts)
        title = spec.prompt.name or first_words(works)
        created = CreateRun(spec, works, title, find_version=True)
        run_id = created.run_id
        try:
            await self.deposits.stored(self._store.submit(created))
        except asyncio.CancelledError:  # a tab closed meanwhile: what is stored after it ends it
            self._cancel(run_id, works)
            raise
        first = RunStarted(run_id, len(spec.variants), begun_run(created))
        async with aclosing(self._execute(run_id, works, spec.kind, first)) as events:
            async for event in events:
                yield event

    async def rerun(self, run_id: str, column: int) -> AsyncGenerator[Event, None]:
        """Repeat one column of a stored run, all its samples, exactly as it was sent; free seeds are drawn again."""
        self._refuse_when_ending()
        run = await self.get(run_id)
        cell = find_cell(run, column)
        messages, problem = cell.messages, None
        if not messages or run.spec.variants[column].technique is not None:  # the prompt's, not a step's
            try:
                messages = await self._prompts.render(cell.prompt, run.spec.case.values)
            except PlaygroundError as exc:
                problem = exc
        again = plan_again(run, cell, messages, problem)
        adding = self._keep(asyncio.to_thread(self._add_repeats, run_id, again))
        try:
            works = await asyncio.shield(adding)
        except asyncio.CancelledError:
            adding.add_done_callback(partial(self._cancel_added, run_id))
            raise
        async with aclosing(self._execute(run_id, works, run.spec.kind)) as events:
            async for event in events:
                yield event

    async def begin(self, spec: RunSpec) -> Live:
        """Run it whether anybody looks or not, to its end or `stop`; the run, begun. Raises what `compare` raises."""
        return await self.live.begin(self.compare(spec), None)

    async def begin_again(self, run_id: str, column: int) -> Live:
        """Repeat one column like `rerun`, whether anybody looks or not. Raises what `rerun` raises."""
        run = await self.get(run_id)
        return await self.live.begin(self.rerun(run_id, column), run)

    def stop(self, run_id: str, column: int | None = None, repeat: int | None = None) -> None:
        """End one cell of a running comparison, all of a column, or all; what had arrived is kept as "cancelled"."""
        self.scoring.drop(run_id, column)
        for key, execution in list(self._active.items()):
            if key.partition("/")[0] == run_id:
                execution.stop(column, repeat)

    def stop_all(self) -> None:
        """End everything that runs."""
        self.scoring.drop()
        for execution in list(self._active.values()):
            execution.stop()

    async def get(self, run_id: str) -> StoredRun:
        """One stored run; raises NotFoundError."""
        try:
            return await asyncio.to_thread(self._store.run, run_id)
        except NotFoundError as exc:
            if (trouble := self._store.trouble) is None:
                raise
            hint = "Wait until what waits is stored, then try again."
            raise StoreError(f"This run is not stored yet. {trouble.cause}", hint) from exc

    async def look_at(self, run_id: str) -> StoredRun:
        """A run as `get` gives it, or what is known of one that waits to be stored."""
        try:
            return await self.get(run_id)
        except (NotFoundError, StoreError):
            if (live := self.live.get(run_id)) is None:
                raise
            return live.run

    async def rendered(self, cell: StoredCell) -> RenderedChat | None:
        """The exact text a cell's model received, with its tokens; None where the backend does not tell."""
        backend = self._models.backend_of(cell.model)
        if not cell.messages or not isinstance(backend, RendersChat):
            return None
        return await backend.render_chat(cell.model, cell.messages)

    async def _execute(
        self, run_id: str, works: Sequence[Work], kind: RunKind, first: RunStarted | None = None
    ) -> AsyncGenerator[Event, None]:
        able = [work for work in works if work.problem is None]
        failures = [
            Failed(work, _nothing(work, "error"), work.problem.message, work.problem.hint)
            for work in works
            if work.problem is not None
        ]
        started: dict[CellKey, datetime] = {}

        def save(end: End) -> Coroutine[Any, Any, Ended]:
            return self.save(run_id, end, started.get(end.cell.key))

        rank = partial(self._rank, run_id)
        # Nobody reads along in a large run.
        large: dict[str, Any] = {}
        if kind != "comparison":
            able, large = in_order(able), {"window": WINDOW, "tells": "whole"}
        large["program"] = self.programs.make
        execution = Execution(able, self._models.backend_of, self._models.gates, save, rank, **large)
        key = f"{run_id}/{secrets.token_hex(8)}"
        self._active[key] = execution
        if self._is_ending:  # it began while this run was planned or stored
            execution.stop()
        # What is known already is stored whether anybody goes on reading or not.
        known = [self._keep(save(failure)) for failure in failures]
        try:
            # From here on leaving stores an end for every cell, whether it was begun or not.
            if first is not None:
                yield first
            for task in known:
                yield await asyncio.shield(task)
            async with aclosing(execution.events()) as events:
                async for event in events:
                    if isinstance(event, Started):
                        # Nobody waits for this: should it fail, so does the storing of the end.
                        start = StartCell(run_id, event.cell.key)
                        started[event.cell.key] = start.at
                        self._store.submit(start)
                    elif isinstance(event, Delta):
                        self._drafts.add(run_id, event.cell.key, event.text, event.reasoning)
                    elif isinstance(event, Stepped):
                        if kind == "comparison":  # cells of a large run are begun again after a sudden end
                            self._drafts.add_step(run_id, event.cell.key, event.step)
                    elif not isinstance(event, Waits):
                        self._drafts.drop(run_id, event.cell.key)
                    yield event
        finally:
            self._active.pop(key, None)
            for work in able:
                self._drafts.drop(run_id, work.key)
            if known:
                await asyncio.wait(known)
            await execution.finish()

    def _rank(self, run_id: str) -> int:
        """0 for a run that somebody looks at (the command line reads its own), 1 for one in the background."""
        live = self.live.get(run_id)
        return 0 if live is None or live.is_watched else 1

    async def save(
        self,
        run_id: str,
        event: End,
        started_at: datetime | None,
        checks: Sequence[Check] | None = None,
        rank: Rank | None = None,
    ) -> Ended:
        """Score the end of a cell by these checks, else its prompt's, and store it; never raises."""
        answer, work = event.answer, event.cell
        if not self._is_ending:  # at the end nobody waits for a number
            answer = await counted(self._models, work.model, answer)
        sample = sample_of(work.prompt, work.case.values, answer)
        rank = rank or partial(self._rank, run_id)
        scores, note = await self.scoring.scored(work, sample, rank, run_id, checks)
        end = EndCell(
            run_id,
            work.key,
            status=_status(event),
            answer=answer,
            error=event.message if isinstance(event, Failed) else note,
            hint=event.hint if isinstance(event, Failed) else "",
            scores=scores,
            unwatched=rank() > 0,
        )
        unsaved = None
        try:
            facts = await self.deposits.stored(self._store.submit(end))
        except PlaygroundError as exc:
            facts, unsaved = None, exc
        except Exception as exc:  # must not cost the neighbours, and the answer is shown all the same
            log.exception("the answer of column %d could not be stored", work.key.variant + 1)
            what = f"The program failed with {type(exc).__name__} while it stored this answer."
            facts, unsaved = None, StoreError(what, "The terminal where it runs shows the details.")
        if facts is None:
            facts = CellFacts(content_hash(work.prompt), 0, started_at, end.at)
        return Ended(run_id, ended_cell(work, end, facts), unsaved)

    def _keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """The work as a task that `close` waits for and that no reader's leaving cancels."""
        task = asyncio.create_task(work)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)
        return task

    def _cancel(self, run_id: str, works: Iterable[Work]) -> None:
        """Store that cells were left before they were begun."""
        for work in works:
            self._store.submit(EndCell(run_id, work.key, "cancelled", _nothing(work, "cancelled")))

    def _add_repeats(self, run_id: str, again: Sequence[Work]) -> list[Work]:
        """The works as further, pending repeats; when one cannot be added none stays pending."""
        works: list[Work] = []
        try:
            for work in again:
                repeat = self._store.add_repeat(run_id, work)
                works.append(replace(work, key=work.key._replace(repeat=repeat)))
        except PlaygroundError:
            self._cancel(run_id, works)
            raise
        return works

    def _cancel_added(self, run_id: str, adding: asyncio.Task[list[Work]]) -> None:
        if not adding.cancelled() and adding.exception() is None:
            self._cancel(run_id, adding.result())

    def _refuse_when_ending(self) -> None:
        if self._is_ending:
            raise PlaygroundError("The program is ending.", "Start it again.")

    async def export_cell(
        self, run_id: str, column: int, format_name: str, repeat: int | None = None
    ) -> ExportFile:
        """A file made from one answer of a run (None: the column's latest): its prompt, model, sampling, scores, text."""
        run = await self.get(run_id)
        cell = find_cell(run, column, repeat)
        technique = run.spec.variants[cell.column].technique if cell.column < len(run.spec.variants) else None
        prompt = cell.prompt.model_copy(
            update={"name": cell.prompt.name or run.title, "run_with": plain_or(technique)}
        )
        file = await self._prompts.written(
            format_name,
            Export(
                prompt=prompt,
                values=run.spec.case.values,
                messages=cell.messages,
                answer=cell.completion.text if cell.completion else None,
                model=cell.model,
                sampling=cell.sampling,
                version_hash=cell.content_hash,
                scores=cell.scores,
                created=run.created_at,
                source=source_name(run, cell.column),
                sample=_sample(run, cell),
            ),
        )
        lost = ["images: the text alone is written"] if run.spec.case.images else []
        return replace(file, losses=(*file.losses, *lost))


def _sample(run: StoredRun, cell: StoredCell) -> tuple[int, int] | None:
    """Which of how many samples of its column a cell is; None for the only one."""
    if cell.column >= len(run.spec.variants) or run.spec.variants[cell.column].samples == 1:
        return None
    variant = run.spec.variants[cell.column]
    return sample_number(variant, cell.repeat), variant.samples


def find_cell(run: StoredRun, column: int, repeat: int | None = None) -> StoredCell:
    """One repeat of a column (counted from 0), None for its latest; raises NotFoundError."""
    known = run.cells if repeat is None else (*run.cells, *run.earlier)
    for cell in known:
        if cell.column == column and repeat in (None, cell.repeat):
            return cell
    if repeat is not None and any(cell.column == column for cell in known):
        raise NotFoundError("This column has no such answer.", "Open the run from History again.")
    raise NotFoundError(f"This run has no column {column + 1}.", "Open it from History again.")


def _nothing(work: Work, finish: Finish) -> Answer:
    """The answer of a work that was not begun."""
    return Answer.of_one_call(work.messages, Completion("", finish))


def _status(event: End) -> CellStatus:
    if isinstance(event, Failed):
        return "error"
    return "cancelled" if event.answer.finish == "cancelled" else "done"
