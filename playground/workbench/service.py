"""The one service that both shells call: render, plan, run, score, save, export.

    workbench = open_workbench(Settings())
    async for event in workbench.compare(spec):   # RunStarted, Started, Delta…, Ended for every column
        ...

It knows all the parts; the parts do not know each other.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from playground.backends.base import Backend, RendersChat
from playground.backends.servers import forget_orphans
from playground.endings import ended
from playground.errors import BackendError, NotFoundError, PlaygroundError, PromptError, StoreError
from playground.formats.base import Export
from playground.runs.answers import source_name
from playground.runs.deposits import Deposits
from playground.runs.drafts import Drafts
from playground.runs.events import Ended, Event, RunStarted
from playground.runs.live import Live, LiveRuns
from playground.runs.planning import (
    Planned,
    checks_of,
    first_words,
    is_example,
    plan_again,
    plan_column,
    repeats_of,
    request_hash,
    schema_problem,
)
from playground.runs.runner import Cell, Delta, End, Execution, Failed, Key, Started, Waits
from playground.runs.samples import sample_number
from playground.scorers import is_quick, score_all
from playground.settings import Settings
from playground.store import Store, content_hash, open_store
from playground.store.changes import CellFacts, CreateRun, EndCell, StartCell
from playground.store.records import NewCell, StoredCell, StoredRun
from playground.store.reopen import begun_run, ended_cell
from playground.store.writer import CLOSE_S
from playground.types.files import ExportFile
from playground.types.generation import Completion, Message, RenderedChat
from playground.types.grid import CellStatus, RunSpec
from playground.types.prompt import Prompt
from playground.types.scores import Sample, Score
from playground.workbench.counting import counted
from playground.workbench.files import PromptFiles
from playground.workbench.form_drafts import DraftDesk
from playground.workbench.history import History
from playground.workbench.models import ModelDesk, every_backend
from playground.workbench.prompts import PromptDesk
from playground.workbench.saved import SavedPrompts
from playground.workbench.tray import Tray

log = logging.getLogger(__name__)

T = TypeVar("T")


WINDOW = 64
"""Cells of a large run that are under way at the same time; the gates of the backends let fewer through."""
RUNS_END_S = 10.0
RENDERER_END_S = 5.0


def open_workbench(settings: Settings) -> Workbench:
    """A workbench on the settings' database; raises StoreError when that cannot be opened."""
    forget_orphans(settings)
    return Workbench(settings, open_store(settings), every_backend(settings))


class Workbench:
    """The service. Everything it needs is given; tests give it scripted backends and a store in a temporary folder."""

    def __init__(self, settings: Settings, store: Store, backends: dict[str, Backend]) -> None:
        self.settings = settings
        self.store = store
        self.models = ModelDesk(settings, backends)
        self.prompts = PromptDesk(settings, store, self.models)
        self.history = History(store)
        self.saved = SavedPrompts(store, settings.author)
        self.files = PromptFiles(store, self.prompts.library, settings.author)
        self.drafts = DraftDesk(store)
        self.jobs = self.models.jobs
        self.tray = Tray()
        self._active: dict[str, Execution[Ended]] = {}
        self.deposits = Deposits()
        self.live = LiveRuns(self.deposits.settled)
        self._kept: set[asyncio.Task[Any]] = set()
        self._drafts = Drafts(store.submit)
        self._ending: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Stop what runs, end child processes, close the database; in this order, each whatever the others do.

        Calling it again waits for the same end. Answers that are being scored or stored are waited for, but not
        for ever.
        """
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        runs = [execution.close() for execution in self._active.values()]
        await ended(
            "runs", asyncio.gather(*runs, *self._kept, *self.live.driving, return_exceptions=True), RUNS_END_S
        )
        self._drafts.close()
        await self.models.close()
        await ended("renderer", self.prompts.close(), RENDERER_END_S)
        await ended("database", asyncio.to_thread(self.store.close), CLOSE_S + 5)

    # --- runs -------------------------------------------------------------------------------------------

    async def compare(self, spec: RunSpec) -> AsyncGenerator[Event, None]:
        """Run every cell; store, score and tell. Leaving early stops the work and keeps what arrived.

        A comparison raises before anything is stored when its shared prompt cannot be rendered; a column whose own
        variant cannot be is an error of that column alone, and so is a case of a larger run.
        """
        self._refuse_when_ending()
        planned = await self._plan(spec)
        repeats = repeats_of(planned)
        title = spec.prompt.name or first_words(planned)
        created = CreateRun(spec, [plan.new for plan in planned], title, find_version=True)
        run_id = created.run_id
        try:
            await self.deposits.stored(self.store.submit(created))
        except asyncio.CancelledError:  # a tab closed meanwhile: what is stored after it ends it
            for plan, repeat in zip(planned, repeats, strict=True):
                self._cancel(run_id, plan, repeat)
            raise
        first = RunStarted(run_id, len(spec.variants), begun_run(created))
        run = self._execute(run_id, planned, repeats, spec, first)
        async with aclosing(run) as events:
            async for event in events:
                yield event

    async def rerun(self, run_id: str, column: int) -> AsyncGenerator[Event, None]:
        """Repeat one column of a stored run, all its samples, exactly as it was sent; free seeds are drawn again."""
        self._refuse_when_ending()
        run = await self.run(run_id)
        cell = find_cell(run, column)
        messages, problem = cell.messages, None
        if not messages:
            try:
                messages = await self.prompts.render(cell.prompt, run.spec.case.values)
            except PlaygroundError as exc:
                problem = exc
        again = plan_again(run, cell, messages, problem)
        adding = self._keep(asyncio.to_thread(self._add_repeats, run_id, again))
        try:
            repeats = await asyncio.shield(adding)
        except asyncio.CancelledError:
            adding.add_done_callback(partial(self._cancel_added, run_id, again))
            raise
        async with aclosing(self._execute(run_id, again, repeats, run.spec)) as events:
            async for event in events:
                yield event

    async def begin(self, spec: RunSpec) -> Live:
        """Run it whether anybody looks or not, to its end or `stop`; the run, begun. Raises what `compare` raises."""
        return await self.live.begin(self.compare(spec), None)

    async def begin_again(self, run_id: str, column: int) -> Live:
        """Repeat one column like `rerun`, whether anybody looks or not. Raises what `rerun` raises."""
        run = await self.run(run_id)
        return await self.live.begin(self.rerun(run_id, column), run)

    def stop(self, run_id: str, column: int | None = None, repeat: int | None = None) -> None:
        """End one cell of a running comparison, all of a column, or all; what had arrived is kept as "cancelled"."""
        for key, execution in list(self._active.items()):
            if key.partition("/")[0] == run_id:
                execution.stop(column, repeat)

    def stop_all(self) -> None:
        """End everything that runs."""
        for execution in list(self._active.values()):
            execution.stop()

    async def run(self, run_id: str) -> StoredRun:
        """One stored run; raises NotFoundError."""
        try:
            return await asyncio.to_thread(self.store.run, run_id)
        except NotFoundError as exc:
            if (trouble := self.store.trouble) is None:
                raise
            hint = "Wait until what waits is stored, then try again."
            raise StoreError(f"This run is not stored yet. {trouble.cause}", hint) from exc

    async def run_to_look_at(self, run_id: str) -> StoredRun:
        """A run as `run` gives it, or what is known of one that waits to be stored."""
        try:
            return await self.run(run_id)
        except (NotFoundError, StoreError):
            if (live := self.live.get(run_id)) is None:
                raise
            return live.run

    async def rendered(self, cell: StoredCell) -> RenderedChat | None:
        """The exact text a cell's model received, with its tokens; None where the backend does not tell."""
        backend = self.models.backend_of(cell.model)
        if not cell.messages or not isinstance(backend, RendersChat):
            return None
        return await backend.render_chat(cell.model, cell.messages)

    async def _plan(self, spec: RunSpec) -> list[Planned]:
        """Every cell by case and column, each with its messages or the reason why it has none."""
        planned = []
        for number, case in enumerate(spec.cases):
            shared: tuple[Message, ...] = ()
            missing: PlaygroundError | None = None
            if any(column.prompt is None for column in spec.variants):
                try:
                    shared = await self.prompts.render(spec.prompt, case.values)
                except PlaygroundError as exc:
                    if spec.kind == "comparison":
                        raise
                    missing = exc
            for index, column in enumerate(spec.variants):
                messages, problem = shared, schema_problem(column.prompt or spec.prompt)
                if column.prompt is None:
                    problem = problem or missing
                elif problem is None:
                    try:
                        messages = await self.prompts.render(column.prompt, case.values)
                    except PlaygroundError as exc:
                        messages, problem = (), exc
                raw = None
                if spec.same_text and problem is None:
                    raw = (await self._template_of(spec.same_text).render_chat(spec.same_text, messages)).text
                samples = plan_column(spec, index, messages, raw, case=number)
                planned += [replace(plan, problem=problem) for plan in samples]
        return planned

    def _template_of(self, model: str) -> RendersChat:
        backend = self.models.backend_of(model)
        if not isinstance(backend, RendersChat):
            raise BackendError(
                f"{model} does not tell its chat template.", "Choose another column's text for all of them."
            )
        return backend

    async def _execute(
        self,
        run_id: str,
        planned: Sequence[Planned],
        repeats: Sequence[int],
        spec: RunSpec,
        first: RunStarted | None = None,
    ) -> AsyncGenerator[Event, None]:
        cells: list[Cell] = []
        failures: list[Failed] = []
        news: dict[Key, NewCell] = {}
        started: dict[Key, datetime] = {}
        for plan, repeat in zip(planned, repeats, strict=True):
            cell = Cell(plan.new.column, repeat, plan.new.prompt, plan.request, plan.new.case)
            news[cell.key] = plan.new
            if plan.problem is None:
                cells.append(cell)
            else:
                failures.append(
                    Failed(cell, Completion("", "error"), plan.problem.message, plan.problem.hint)
                )

        def save(end: End) -> Coroutine[Any, Any, Ended]:
            values = spec.cases[end.cell.case].values
            return self._save(run_id, news[end.cell.key], end, values, started.get(end.cell.key))

        rank = partial(self._rank, run_id)
        # Nobody reads along in a large run.
        large: dict[str, Any] = {} if spec.kind == "comparison" else {"window": WINDOW, "streams": False}
        execution = Execution(cells, self.models.backend_of, self.models.gates, save, rank, **large)
        key = f"{run_id}/{secrets.token_hex(8)}"
        self._active[key] = execution
        if self._ending is not None:  # it began while this run was planned or stored
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
                        start = StartCell(run_id, event.cell.column, event.cell.repeat, case=event.cell.case)
                        started[event.cell.key] = start.at
                        self.store.submit(start)
                    elif isinstance(event, Delta):
                        at = event.cell
                        self._drafts.add(run_id, at.column, at.repeat, event.text, event.reasoning)
                    elif not isinstance(event, Waits):
                        self._drafts.drop(run_id, event.cell.column, event.cell.repeat)
                    yield event
        finally:
            self._active.pop(key, None)
            for cell in cells:
                self._drafts.drop(run_id, cell.column, cell.repeat)
            if known:
                await asyncio.wait(known)
            await execution.finish()

    def _rank(self, run_id: str) -> int:
        """0 for a run that somebody looks at (the command line reads its own), 1 for one in the background."""
        live = self.live.get(run_id)
        return 0 if live is None or live.is_watched else 1

    async def _save(
        self, run_id: str, new: NewCell, event: End, values: dict[str, Any], started_at: datetime | None
    ) -> Ended:
        completion, cell = event.completion, event.cell
        if self._ending is None:  # at the end nobody waits for a number
            completion = await counted(self.models, cell.request.model, completion)
        sample = Sample(completion.text, completion.finish, values, is_example(cell.prompt, values))
        scores, note = await _scored(cell.prompt, sample)
        end = EndCell(
            run_id,
            cell.column,
            cell.repeat,
            status=_status(event),
            completion=completion,
            messages=cell.request.messages,
            error=event.message if isinstance(event, Failed) else note,
            hint=event.hint if isinstance(event, Failed) else "",
            scores=scores,
            case=cell.case,
            request_hash=request_hash(cell.request),
        )
        unsaved = None
        try:
            facts = await self.deposits.stored(self.store.submit(end))
        except PlaygroundError as exc:
            facts, unsaved = None, exc
        except Exception as exc:  # must not cost the neighbours, and the answer is shown all the same
            log.exception("the answer of column %d could not be stored", cell.column + 1)
            what = f"The program failed with {type(exc).__name__} while it stored this answer."
            facts, unsaved = None, StoreError(what, "The terminal where it runs shows the details.")
        if facts is None:
            facts = CellFacts(content_hash(new.prompt), 0, started_at, end.at)
        return Ended(run_id, ended_cell(new, end, facts), unsaved)

    def _keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """The work as a task that `close` waits for and that no reader's leaving cancels."""
        task = asyncio.create_task(work)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)
        return task

    def _cancel(self, run_id: str, plan: Planned, repeat: int) -> None:
        """Store that a cell was left before it was begun."""
        nothing, sent = Completion("", "cancelled"), plan.request.messages
        self.store.submit(
            EndCell(run_id, plan.new.column, repeat, "cancelled", nothing, sent, case=plan.new.case)
        )

    def _add_repeats(self, run_id: str, again: Sequence[Planned]) -> list[int]:
        """The numbers of further, pending repeats; when one cannot be added none stays pending."""
        repeats: list[int] = []
        try:
            for plan in again:
                repeats.append(self.store.add_repeat(run_id, plan.new.column, plan.new))
        except PlaygroundError:
            for plan, repeat in zip(again, repeats, strict=False):
                self._cancel(run_id, plan, repeat)
            raise
        return repeats

    def _cancel_added(self, run_id: str, again: Sequence[Planned], adding: asyncio.Task[list[int]]) -> None:
        if not adding.cancelled() and adding.exception() is None:
            for plan, repeat in zip(again, adding.result(), strict=True):
                self._cancel(run_id, plan, repeat)

    def _refuse_when_ending(self) -> None:
        if self._ending is not None:
            raise PlaygroundError("The program is ending.", "Start it again.")

    # --- files ------------------------------------------------------------------------------------------

    async def export_cell(
        self, run_id: str, column: int, format_name: str, repeat: int | None = None
    ) -> ExportFile:
        """A file made from one answer of a run (None: the column's latest): its prompt, model, sampling, scores, text."""
        run = await self.run(run_id)
        cell = find_cell(run, column, repeat)
        prompt = cell.prompt if cell.prompt.name else cell.prompt.model_copy(update={"name": run.title})
        file = await self.prompts.written(
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
        images = ("images: the text alone is written",) if run.spec.case.images else ()
        return replace(file, losses=(*file.losses, *images))


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


async def _scored(prompt: Prompt, sample: Sample) -> tuple[tuple[Score, ...], str]:
    """The scores of an answer, and why there are none: a check that cannot be applied must not cost the answer."""
    try:
        checks = checks_of(prompt)
        if is_quick(checks, sample):
            return score_all(checks, sample), ""
        # A pattern may take its time; the loop must not wait for it.
        return await asyncio.to_thread(score_all, checks, sample), ""
    except PromptError as exc:
        return (), str(exc)
    except Exception as exc:
        log.exception("the checks failed")
        return (), f"The checks failed with {type(exc).__name__}, which is a fault of the program."


def _status(event: End) -> CellStatus:
    if isinstance(event, Failed):
        return "error"
    return "cancelled" if event.completion.finish == "cancelled" else "done"
