"""What can be done with a prompt besides running it: render, preview, find its partials, save, export.

messages = await desk.render(prompt, {"review": "Great!"})
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from playground.errors import NotFoundError, PlaygroundError, PromptError, TemplateError
from playground.formats.base import Export
from playground.library.shipped import Library, shipped_folder
from playground.runs.planning import with_defaults
from playground.scorers import check_problem, is_unfilled
from playground.settings import Settings
from playground.store import Store, content_hash
from playground.store.records import SavedVersion
from playground.templating.inputs import inputs_of, problem_of, with_kind
from playground.templating.rendering import (
    Partials,
    Renderer,
    Variable,
    check,
    is_quick,
    normalise,
    oversized,
    partial_names,
    variables,
    written_out,
)
from playground.types.files import ExportFile
from playground.types.generation import Message
from playground.types.prompt import InputKind, Prompt, Turn, example_values
from playground.workbench.counting import count
from playground.workbench.models import ModelDesk

MAX_PARTIALS = 200
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Preview:
    """What can be said about a prompt while it is being typed.

    `kinds` are what the uses of a variable need: an object, a list or text; `needs` are those without a value.
    `tokens` counts each turn's rendered text (None where it does not render or nobody can count);
    `messages` is None while there are problems.
    """

    variables: tuple[str, ...]
    problems: tuple[TemplateError, ...]
    messages: tuple[Message, ...] | None = None
    tokens: tuple[int | None, ...] = ()
    total: int | None = None
    kinds: dict[str, InputKind] = field(default_factory=dict)
    is_counting: bool = False
    """Whether the tokens can be told once the model is loaded."""
    needs: tuple[str, ...] = ()


def _meant(
    values: dict[str, Any], prompt: Prompt, used: Sequence[Variable]
) -> tuple[dict[str, Any], tuple[TemplateError, ...]]:
    """The values as their variables mean them, with defaults, and what is wrong with those that are nested.

    Of a variable that nobody declared a text may be meant: a loop goes over its letters.
    """
    asked = inputs_of(prompt, used)
    given = with_defaults(prompt, values)
    given = {name: with_kind(asked[name], value) if name in asked else value for name, value in given.items()}
    wrong = ((item.name, problem_of(item, given.get(item.name))) for item in prompt.inputs)
    return given, tuple(TemplateError(text, "Correct its value.", name=name) for name, text in wrong if text)


def _first_of(problems: Sequence[TemplateError]) -> TemplateError:
    """The first one; where all that is missing are values, one that names the variables."""
    missing = list(
        dict.fromkeys(problem.name for problem in problems if problem.name and problem.turn is not None)
    )
    if len(missing) < 2 or any(not problem.name for problem in problems):
        return problems[0]
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    message = f"{len(missing)} variables have no value: {', '.join(missing[:5])}{more}."
    return TemplateError(message, "Fill in their fields.", turn=problems[0].turn, name=missing[0])


def _may_be_json(prompt: Prompt, values: dict[str, Any]) -> bool:
    """Whether a value that nobody declared looks like JSON; only then its uses in the text have to be known."""
    declared = {item.name for item in prompt.inputs}
    return any(
        isinstance(value, str) and value.lstrip()[:1] in ("{", "[")
        for name, value in values.items()
        if name not in declared
    )


class PromptDesk:
    """Prompts: shipped, saved, and being written. `models` count their tokens."""

    def __init__(self, settings: Settings, store: Store, models: ModelDesk) -> None:
        self.settings = settings
        self.library = Library(shipped_folder())
        self._store = store
        self._models = models
        self._reading = asyncio.Semaphore(2)
        self._renderer = Renderer(settings.render_seconds, settings.render_chars)

    async def close(self) -> None:
        """End the process that renders."""
        await self._renderer.close()

    async def render(self, prompt: Prompt, values: dict[str, Any]) -> tuple[Message, ...]:
        """The prompt's messages with these values; missing ones take their declared default.

        Raises TemplateError naming turn, line and column, and PromptError when there is nothing to send.
        """
        turns = await self._read(normalise, prompt, prompt.turns)
        partials = await self.partials(prompt)
        used = await self._read(variables, prompt, turns, partials) if _may_be_json(prompt, values) else []
        given, wrong = _meant(values, prompt, used)
        problems = (*await self._read(check, prompt, turns, given.keys(), partials), *wrong)
        if problems:
            raise _first_of(problems)
        messages = await self._renderer.render(turns, given, partials)
        if not any(message.content.strip() for message in messages):
            raise PromptError("The prompt is empty.", "Write something in a turn, then run it.")
        return messages

    async def preview(self, prompt: Prompt, values: dict[str, Any], model: str | None) -> Preview:
        """Variables, problems, rendered turns and their tokens; never raises for what is typed."""
        turns = await self._read(normalise, prompt, prompt.turns)
        if too_much := oversized(turns):
            return Preview((), (too_much,))
        partials = await self.partials(prompt)
        used = await self._read(variables, prompt, turns, partials)
        names: dict[str, InputKind] = {variable.name: variable.kind for variable in used}
        given, wrong = _meant(values, prompt, used)
        needs = tuple(each.name for each in used if not each.optional and each.name not in given)
        problems = (*await self._read(check, prompt, turns, given.keys(), partials), *wrong)
        problems += tuple(
            TemplateError(problem, "Correct it under Checks.")
            for row in prompt.checks
            if not is_unfilled(row) and (problem := check_problem(row))
        )
        broken = {problem.turn for problem in problems if problem.turn is not None}
        if wrong or broken or needs:
            tokens = () if wrong else await self._count_whole(model, turns, given, partials, broken)
            return Preview(tuple(names), problems, tokens=tokens, kinds=names, needs=needs)
        try:
            messages = await self._renderer.render(turns, given, partials)
        except TemplateError as exc:
            return Preview(tuple(names), (*problems, exc), kinds=names)
        counts = await self._count(model, [message.content for message in messages])
        per_turn: tuple[int | None, ...] = ()
        if len(messages) == len(prompt.turns):
            per_turn = tuple(counts) if counts else ()
        total = sum(counts) if counts else None
        return Preview(tuple(names), problems, messages, per_turn, total, names, is_counting=counts is None)

    async def _read(self, work: Callable[..., T], prompt: Prompt, *arguments: Any) -> T:
        """What the work on a prompt's turns gives: in a thread, and not many at once, when it may take its time."""
        if is_quick(prompt.turns):
            return work(*arguments)
        async with self._reading:
            return await asyncio.to_thread(work, *arguments)

    async def _count(self, model: str | None, texts: Sequence[str]) -> list[int] | None:
        """Tokens of each text, nothing where nobody can count; None while the model is being loaded."""
        try:
            return await count(self._models.backend_of(model), model, texts) if model else []
        except PlaygroundError:
            return []

    async def _count_whole(
        self,
        model: str | None,
        turns: Sequence[Turn],
        given: dict[str, Any],
        partials: Partials,
        broken: set[int],
    ) -> tuple[int | None, ...]:
        """Tokens of the turns that are not broken, while others are; None for those, and for all of a bad value."""
        whole = [turn for number, turn in enumerate(turns) if number not in broken]
        try:
            messages = await self._renderer.render(whole, given, partials) if whole and model else ()
        except TemplateError:
            return ()
        counts = await self._count(model, [message.content for message in messages])
        if not counts or len(counts) != len(whole):
            return ()
        left = iter(counts)
        return tuple(None if number in broken else next(left) for number in range(len(turns)))

    async def partials(self, prompt: Prompt) -> Partials:
        """The library's prompts that this one includes or imports by name, and those that they include."""
        waiting = partial_names(prompt.turns)
        if not waiting:
            return Partials()
        return await asyncio.to_thread(self._find_partials, waiting)

    def _find_partials(self, waiting: list[str]) -> Partials:
        sources: dict[str, str] = {}
        problems: dict[str, tuple[str, str]] = {}
        while waiting and len(sources) + len(problems) < MAX_PARTIALS:
            name = waiting.pop()
            if name in sources or name in problems:
                continue
            try:
                turns = [turn for turn in self.named(name).turns if turn.template.strip()]
            except PlaygroundError as exc:
                problems[name] = (exc.message, exc.hint)
                continue
            if len(turns) == 1:
                sources[name] = normalise(turns)[0].template
                waiting += partial_names(turns)
            else:
                problems[name] = (
                    f'the prompt "{name}" has {len(turns)} turns, a partial has one.',
                    "Keep its text in a single turn.",
                )
        return Partials(sources, problems)

    def named(self, name: str) -> Prompt:
        """A saved prompt by "Name", "Name@3" or "Name@label", else a shipped one by its name or slug.

        Raises NotFoundError.
        """
        try:
            return self._store.version_called(name).prompt
        except NotFoundError:
            shipped = self.library.find(name)
            if shipped is None:
                raise
            return shipped.prompt

    async def save(
        self,
        prompt: Prompt,
        *,
        message: str,
        prompt_id: str | None = None,
        forked_from: str = "",
        variant: str = "",
        author: str = "",
        known: int | None = None,
    ) -> SavedVersion:
        """A new immutable version; a prompt that does not parse is saved too, an empty one is not.

        With `variant`, the next one of that line; without `author` the one of the settings. Raises VersionMoved when
        there is a newer one than the newest `known`.
        """
        turns = normalise(prompt.turns)
        if not any(turn.template.strip() for turn in turns):
            raise PromptError("The prompt is empty.", "Write something in a turn before saving it.")
        return await asyncio.to_thread(
            self._store.save_version,
            prompt.model_copy(update={"turns": turns}),
            message=message,
            prompt_id=prompt_id,
            forked_from=forked_from,
            author=author or self.settings.author,
            variant=variant,
            known=known,
        )

    async def export(
        self, prompt: Prompt, values: dict[str, Any], model: str, format_name: str
    ) -> ExportFile:
        """A file made from a prompt alone, rendered with these values where the format needs that."""
        from playground.formats.registry import find_format  # all the formats: not before one is wanted

        try:
            messages = await self.render(prompt, values)
        except PlaygroundError:
            if find_format(format_name).renders:
                raise
            messages = ()
        return await self.written(
            format_name,
            Export(
                prompt=prompt,
                values=values,
                messages=messages,
                model=model,
                sampling=prompt.sampling,
                version_hash=content_hash(prompt),
                created=datetime.now(UTC),
            ),
        )

    async def prompt_of(self, key: str) -> Prompt:
        """The prompt of "pattern:SLUG", or the newest version of "prompt:ID"; raises NotFoundError."""
        kind, _, ident = key.partition(":")
        if kind == "pattern":
            return self.library.get(ident).prompt
        return (await asyncio.to_thread(self._store.version, ident)).prompt

    async def export_example(self, prompt: Prompt, format_name: str) -> ExportFile:
        """A file made from a prompt with its example values; it names no model, because the prompt names none."""
        return await self.export(prompt, example_values(prompt), "", format_name)

    async def written(self, format_name: str, export: Export) -> ExportFile:
        """The file. Partials are written out: no other program has this library.

        Raises PromptError for a format that is none, and what the format itself refuses.
        """
        from playground.formats.registry import find_format

        row, prompt = find_format(format_name), export.prompt
        losses: list[str] = []
        if names := partial_names(prompt.turns):
            turns = written_out(prompt.turns, await self.partials(prompt))
            prompt = prompt.model_copy(update={"turns": turns})
            losses += [f"{name}: its text is written out" for name in names]
        cases = []
        for number, case in enumerate(prompt.cases if row.each_case else (), 1):
            try:
                cases.append(await self.render(prompt, case))
            except PlaygroundError as exc:
                losses.append(f"case {number}: {exc.message}")
        file = row.write(replace(export, prompt=prompt, case_messages=tuple(cases)))
        return replace(file, losses=(*losses, *file.losses))
