"""The one service that both shells call: render, plan, run, score, save, export.

    workbench = open_workbench(Settings())
    async for event in workbench.compare(comparison):   # RunStarted, Started, Delta…, Ended for every column
        ...

It knows all the parts; the parts do not know each other.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from playground.backends.base import Backend, CountsTokens, RendersChat
from playground.desk import ModelDesk, every_backend
from playground.errors import (
    BackendError,
    NotFoundError,
    PlaygroundError,
    PromptError,
    TemplateError,
)
from playground.formats import write_export
from playground.formats.base import Export
from playground.library import Library, shipped_folder
from playground.planning import (
    Planned,
    checks_of,
    first_words,
    plan_again,
    plan_column,
    with_defaults,
)
from playground.runner import Cell, Delta, Execution, Failed, Finished, Started
from playground.scorers import check_problem, score_all
from playground.settings import Settings
from playground.store import Store, content_hash, open_store
from playground.store.records import SavedVersion, StoredCell, StoredRun
from playground.templates import Renderer, check, normalise, variables
from playground.types import (
    CellStatus,
    Comparison,
    Completion,
    ExportFile,
    Message,
    Prompt,
    RenderedChat,
    Sample,
    Sampling,
)


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


@dataclass(frozen=True, slots=True)
class Preview:
    """What can be said about a prompt while it is being typed.

    `tokens` counts each turn's rendered text (None where it does not render or nobody can count);
    `messages` is None while there are problems.
    """

    variables: tuple[str, ...]
    problems: tuple[TemplateError, ...]
    messages: tuple[Message, ...] | None = None
    tokens: tuple[int | None, ...] = ()
    total: int | None = None


def open_workbench(settings: Settings) -> Workbench:
    """A workbench on the settings' database; raises StoreError when that cannot be opened."""
    return Workbench(settings, open_store(settings), every_backend(settings))


class Workbench(ModelDesk):
    """The service. Everything it needs is given; tests give it scripted backends and a store in a temporary folder."""

    def __init__(self, settings: Settings, store: Store, backends: dict[str, Backend]) -> None:
        super().__init__(settings, backends)
        self.store = store
        self.library = Library(shipped_folder())
        self._renderer = Renderer(settings.render_seconds, settings.render_chars)
        self._active: dict[str, Execution] = {}

    async def close(self) -> None:
        """Stop what runs, end child processes, close the database."""
        self.stop_all()
        await super().close()
        await self._renderer.close()
        await asyncio.to_thread(self.store.close)

    # --- prompts ----------------------------------------------------------------------------------------

    async def render(self, prompt: Prompt, values: dict[str, Any]) -> tuple[Message, ...]:
        """The prompt's messages with these values; missing ones take their declared default.

        Raises TemplateError naming turn, line and column, and PromptError when there is nothing to send.
        """
        turns = normalise(prompt.turns)
        given = with_defaults(prompt, values)
        problems = check(turns, given.keys())
        if problems:
            raise problems[0]
        messages = await self._renderer.render(turns, given)
        if not any(message.content.strip() for message in messages):
            raise PromptError("The prompt is empty.", "Write something in a turn, then run it.")
        return messages

    async def preview(self, prompt: Prompt, values: dict[str, Any], model: str | None) -> Preview:
        """Variables, problems, rendered turns and their tokens; never raises for what is typed."""
        turns = normalise(prompt.turns)
        names = tuple(dict.fromkeys(variable.name for variable in variables(turns)))
        given = with_defaults(prompt, values)
        problems = tuple(check(turns, given.keys()))
        problems += tuple(
            _as_template_error(problem) for problem in map(check_problem, prompt.checks) if problem
        )
        if any(problem.turn is not None for problem in problems):
            return Preview(names, problems)
        try:
            messages = await self._renderer.render(turns, given)
        except TemplateError as exc:
            return Preview(names, (*problems, exc))
        counts = await self._count(model, [message.content for message in messages])
        per_turn: tuple[int | None, ...] = ()
        if len(messages) == len(prompt.turns):
            per_turn = tuple(counts) if counts else ()
        return Preview(names, problems, messages, per_turn, sum(counts) if counts else None)

    async def _count(self, model: str | None, texts: Sequence[str]) -> list[int]:
        if model is None:
            return []
        try:
            backend = self.backend_of(model)
            # The first count loads the model; typing must not wait for that.
            async with asyncio.timeout(1.5):
                return await backend.count_tokens(model, texts) if isinstance(backend, CountsTokens) else []
        except (PlaygroundError, TimeoutError):
            return []

    async def save_prompt(
        self, prompt: Prompt, *, message: str, prompt_id: str | None = None, forked_from: str = ""
    ) -> SavedVersion:
        """A new immutable version; a prompt that does not parse is saved too, an empty one is not."""
        turns = normalise(prompt.turns)
        if not any(turn.template.strip() for turn in turns):
            raise PromptError("The prompt is empty.", "Write something in a turn before saving it.")
        return await asyncio.to_thread(
            self.store.save_version,
            prompt.model_copy(update={"turns": turns}),
            message=message,
            prompt_id=prompt_id,
            forked_from=forked_from,
        )

    # --- runs -------------------------------------------------------------------------------------------

    async def compare(self, comparison: Comparison) -> AsyncGenerator[Event, None]:
        """Run every column at once; store, score and tell. Leaving early stops the work and keeps what arrived.

        Raises before anything is stored when the shared prompt cannot be rendered; a column whose own variant
        cannot be is an error of that column alone.
        """
        planned = await self._plan(comparison)
        version = await asyncio.to_thread(self.store.find_version, content_hash(comparison.prompt))
        run_id = await asyncio.to_thread(
            self.store.create_run,
            comparison,
            [p.new for p in planned],
            title=comparison.prompt.name or first_words(planned),
            version_id=version.id if version else None,
        )
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
        failures: list[Finished | Failed] = []
        for plan, repeat in zip(planned, repeats, strict=True):
            cell = Cell(plan.new.column, repeat, plan.new.prompt, plan.request)
            if plan.problem is None:
                cells.append(cell)
            else:
                failures.append(
                    Failed(cell, Completion("", "error"), plan.problem.message, plan.problem.hint)
                )
        execution = Execution(cells, self.backend_of, self._slots)
        key = f"{run_id}/{'-'.join(str(cell.column) for cell in cells)}/{secrets.token_hex(4)}"
        self._active[key] = execution
        try:
            # From here on leaving stores an end for every cell, whether it was begun or not.
            if first is not None:
                yield first
            while failures:
                yield await asyncio.shield(self._save(run_id, failures.pop(0), values))
            async with aclosing(execution.events()) as events:
                async for event in events:
                    if isinstance(event, Finished | Failed):
                        # A closed tab must not undo an answer that is complete.
                        yield await asyncio.shield(self._save(run_id, event, values))
                        continue
                    if isinstance(event, Started):
                        await asyncio.to_thread(
                            self.store.start_cell, run_id, event.cell.column, event.cell.repeat
                        )
                    yield event
        finally:
            self._active.pop(key, None)
            for end in (*failures, *execution.leftover()):
                await asyncio.shield(self._save(run_id, end, values))

    async def _save(self, run_id: str, event: Finished | Failed, values: dict[str, Any]) -> Ended:
        completion, cell = event.completion, event.cell
        checks = checks_of(cell.prompt)
        sample = Sample(completion.text, completion.finish, values)
        try:
            scores = await asyncio.to_thread(score_all, checks, sample)
            note = ""
        except PromptError as exc:
            # A check that cannot be read must not cost the answer.
            scores, note = (), str(exc)
        await asyncio.to_thread(
            self.store.save_cell,
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
        return Ended(run_id, find_cell(await self.run(run_id), cell.column))

    # --- files ------------------------------------------------------------------------------------------

    async def export_cell(self, run_id: str, column: int, format_name: str) -> ExportFile:
        """A file made from one column of a run: its prompt, model, sampling, scores and answer."""
        run = await self.run(run_id)
        cell = find_cell(run, column)
        prompt = cell.prompt if cell.prompt.name else cell.prompt.model_copy(update={"name": run.title})
        return write_export(
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

    async def export_prompt(
        self, prompt: Prompt, values: dict[str, Any], model: str, format_name: str
    ) -> ExportFile:
        """A file made from a prompt alone, rendered with these values where the format needs that."""
        try:
            messages = await self.render(prompt, values)
        except PlaygroundError:
            if format_name != "prompty":  # the one format that holds templates
                raise
            messages = ()
        return write_export(
            format_name,
            Export(
                prompt=prompt,
                values=values,
                messages=messages,
                model=model,
                sampling=prompt.sampling or Sampling(),
                version_hash=content_hash(prompt),
                created=datetime.now(UTC),
            ),
        )


def find_cell(run: StoredRun, column: int) -> StoredCell:
    """The latest cell of a column (counted from 0); raises NotFoundError."""
    for cell in run.cells:
        if cell.column == column:
            return cell
    raise NotFoundError(f"This run has no column {column + 1}.", "Open it from History again.")


def _status(event: Finished | Failed) -> CellStatus:
    if isinstance(event, Failed):
        return "error"
    return "cancelled" if event.completion.finish == "cancelled" else "done"


def _as_template_error(problem: str) -> TemplateError:
    return TemplateError(problem, "Correct it under Checks.")
