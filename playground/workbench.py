"""The one service that both shells call: render, plan, run, score, save, export.

    workbench = open_workbench(Settings())
    async for event in workbench.compare(comparison):   # RunStarted, Started, Delta…, Ended for every column
        ...

It knows all the parts; the parts do not know each other.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from playground.backends.base import Backend, RendersChat
from playground.backends.servers import forget_orphans
from playground.desk import every_backend
from playground.errors import (
    BackendError,
    NotFoundError,
    PlaygroundError,
    PromptError,
)
from playground.formats.base import Export
from playground.planning import (
    Planned,
    checks_of,
    first_words,
    plan_again,
    plan_column,
)
from playground.runner import Cell, Delta, End, Execution, Failed, Started
from playground.scorers import is_quick, score_all
from playground.settings import Settings
from playground.store import Store, open_store
from playground.store.changes import CreateRun, EndCell, StartCell
from playground.store.records import NewCell, StoredCell, StoredRun
from playground.store.reopen import ended_cell
from playground.types import (
    CellStatus,
    Comparison,
    Completion,
    ExportFile,
    Message,
    RenderedChat,
    Sample,
)
from playground.writing import WritingDesk


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run is stored; its cells are pending."""

    run_id: str
    columns: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A column's cell has ended and is stored with its scores."""

    run_id: str
    cell: StoredCell


Event = RunStarted | Started | Delta | Ended


def open_workbench(settings: Settings) -> Workbench:
    """A workbench on the settings' database; raises StoreError when that cannot be opened."""
    forget_orphans(settings)
    return Workbench(settings, open_store(settings), every_backend(settings))


class Workbench(WritingDesk):
    """The service. Everything it needs is given; tests give it scripted backends and a store in a temporary folder."""

    def __init__(self, settings: Settings, store: Store, backends: dict[str, Backend]) -> None:
        super().__init__(settings, store, backends)
        self._active: dict[str, Execution[Ended]] = {}

    async def close(self) -> None:
        """Stop what runs, end child processes, close the database."""
        self.stop_all()
        await super().close()

    # --- runs -------------------------------------------------------------------------------------------

    async def compare(self, comparison: Comparison) -> AsyncGenerator[Event, None]:
        """Run every column at once; store, score and tell. Leaving early stops the work and keeps what arrived.

        Raises before anything is stored when the shared prompt cannot be rendered; a column whose own variant
        cannot be is an error of that column alone.
        """
        planned = await self._plan(comparison)
        title = comparison.prompt.name or first_words(planned)
        created = CreateRun(comparison, [plan.new for plan in planned], title, find_version=True)
        run_id = await asyncio.wrap_future(self.store.submit(created))
        first = RunStarted(run_id, len(planned))
        run = self._execute(run_id, planned, [0] * len(planned), comparison.values, first)
        async with aclosing(run) as events:
            async for event in events:
                yield event

    async def rerun(self, run_id: str, column: int) -> AsyncGenerator[Event, None]:
        """Repeat one column of a stored run exactly as it was sent; a seed that was free is drawn again."""
        run = await self.run(run_id)
        cell = find_cell(run, column)
        messages, problem = cell.messages, None
        if not messages:
            try:
                messages = await self.render(cell.prompt, run.comparison.values)
            except PlaygroundError as exc:
                problem = exc
        again = plan_again(run, cell, messages, problem)
        repeat = await asyncio.to_thread(self.store.add_repeat, run_id, column, again.new)
        async with aclosing(self._execute(run_id, [again], [repeat], run.comparison.values)) as events:
            async for event in events:
                yield event

    def stop(self, run_id: str, column: int | None = None) -> None:
        """End one column of a running comparison, or all; what had arrived is kept as "cancelled"."""
        for key, execution in list(self._active.items()):
            if key.partition("/")[0] == run_id:
                execution.stop(column)

    def stop_all(self) -> None:
        """End everything that runs."""
        for execution in list(self._active.values()):
            execution.stop()

    async def run(self, run_id: str) -> StoredRun:
        """One stored run; raises NotFoundError."""
        return await asyncio.to_thread(self.store.run, run_id)

    async def rendered(self, cell: StoredCell) -> RenderedChat | None:
        """The exact text a cell's model received, with its tokens; None where the backend does not tell."""
        backend = self.backend_of(cell.model)
        if not cell.messages or not isinstance(backend, RendersChat):
            return None
        return await backend.render_chat(cell.model, cell.messages)

    async def _plan(self, comparison: Comparison) -> list[Planned]:
        shared: tuple[Message, ...] = ()
        if any(column.prompt is None for column in comparison.columns):
            shared = await self.render(comparison.prompt, comparison.values)
        planned = []
        for index, column in enumerate(comparison.columns):
            messages, problem = shared, None
            if column.prompt is not None:
                try:
                    messages = await self.render(column.prompt, comparison.values)
                except PlaygroundError as exc:
                    messages, problem = (), exc
            raw = None
            if comparison.same_text and problem is None:
                raw = (
                    await self._template_of(comparison.same_text).render_chat(comparison.same_text, messages)
                ).text
            planned.append(replace(plan_column(comparison, index, messages, raw), problem=problem))
        return planned

    def _template_of(self, model: str) -> RendersChat:
        backend = self.backend_of(model)
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
        values: dict[str, Any],
        first: RunStarted | None = None,
    ) -> AsyncGenerator[Event, None]:
        cells: list[Cell] = []
        failures: list[Failed] = []
        news: dict[int, NewCell] = {}
        for plan, repeat in zip(planned, repeats, strict=True):
            cell = Cell(plan.new.column, repeat, plan.new.prompt, plan.request)
            news[cell.column] = plan.new
            if plan.problem is None:
                cells.append(cell)
            else:
                failures.append(
                    Failed(cell, Completion("", "error"), plan.problem.message, plan.problem.hint)
                )

        def save(end: End) -> Awaitable[Ended]:
            return self._save(run_id, news[end.cell.column], end, values)

        execution = Execution(cells, self.backend_of, self._slots, save)
        key = f"{run_id}/{'-'.join(str(cell.column) for cell in cells)}/{secrets.token_hex(4)}"
        self._active[key] = execution
        try:
            # From here on leaving stores an end for every cell, whether it was begun or not.
            if first is not None:
                yield first
            while failures:
                # A closed tab must not undo what is known.
                yield await asyncio.shield(save(failures.pop(0)))
            async with aclosing(execution.events()) as events:
                async for event in events:
                    if isinstance(event, Started):
                        # Nobody waits for this: should it fail, so does the storing of the end.
                        self.store.submit(StartCell(run_id, event.cell.column, event.cell.repeat))
                    yield event
        finally:
            self._active.pop(key, None)
            for end in failures:
                await asyncio.shield(save(end))
            await execution.finish()

    async def _save(self, run_id: str, new: NewCell, event: End, values: dict[str, Any]) -> Ended:
        completion, cell = event.completion, event.cell
        checks = checks_of(cell.prompt)
        sample = Sample(completion.text, completion.finish, values)
        try:
            # A pattern may take its time; the loop must not wait for it.
            quick = is_quick(checks, sample)
            scores = (
                score_all(checks, sample) if quick else await asyncio.to_thread(score_all, checks, sample)
            )
            note = ""
        except PromptError as exc:
            # A check that cannot be read must not cost the answer.
            scores, note = (), str(exc)
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
        )
        facts = await asyncio.wrap_future(self.store.submit(end))
        return Ended(run_id, ended_cell(new, end, facts))

    # --- files ------------------------------------------------------------------------------------------

    async def export_cell(self, run_id: str, column: int, format_name: str) -> ExportFile:
        """A file made from one column of a run: its prompt, model, sampling, scores and answer."""
        run = await self.run(run_id)
        cell = find_cell(run, column)
        prompt = cell.prompt if cell.prompt.name else cell.prompt.model_copy(update={"name": run.title})
        file = await self.written(
            format_name,
            Export(
                prompt=prompt,
                values=run.comparison.values,
                messages=cell.messages,
                answer=cell.completion.text if cell.completion else None,
                model=cell.model,
                sampling=cell.sampling,
                version_hash=cell.content_hash,
                scores=cell.scores,
                created=run.created_at,
            ),
        )
        images = ("images: the text alone is written",) if run.comparison.images else ()
        return replace(file, losses=(*file.losses, *images))


def find_cell(run: StoredRun, column: int) -> StoredCell:
    """The latest cell of a column (counted from 0); raises NotFoundError."""
    for cell in run.cells:
        if cell.column == column:
            return cell
    raise NotFoundError(f"This run has no column {column + 1}.", "Open it from History again.")


def _status(event: End) -> CellStatus:
    if isinstance(event, Failed):
        return "error"
    return "cancelled" if event.completion.finish == "cancelled" else "done"
