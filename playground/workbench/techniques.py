"""The desk of techniques: which can run here, and one made ready for a cell, or refused before anything is sent.

desk.offered()                    # the rows of the registry with what each lacks
ready = await desk.ready(work)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from playground.backends.base import Embeds
from playground.errors import NotFoundError, PlaygroundError, PromptError
from playground.runs.planning import checks_of, is_example, with_defaults
from playground.runs.programs import Ready, TechniqueProgram
from playground.runs.single import Program, Send, Single, Tell
from playground.sandbox.switch import Switch
from playground.scorers import score_all, summary
from playground.store.documents import Documents, Kept
from playground.techniques.base import Document, Embed, Row, StepPrompt, Task, Tools, Verdict
from playground.techniques.registry import rows, technique_of
from playground.techniques.technique import LACKS, Need, Technique, check_step, lacking
from playground.techniques.tools import python
from playground.templating.rendering import normalise, variables
from playground.types.generation import Message
from playground.types.grid import Work
from playground.types.prompt import Prompt, TechniqueChoice
from playground.types.scores import Sample
from playground.workbench.models import ModelDesk
from playground.workbench.prompts import PromptDesk

EXPECTED = ("expected", "answer", "output", "label", "期望答案", "标准答案", "答案", "标签")
"""Columns of a prompt's cases that may hold the answer; the first that is there counts."""
DOCUMENTS = ("document", "documents")
"""Variables whose values are documents to look things up in."""
HINTS: dict[Need, str] = {
    "vision": "Add an image, and choose a model that can see.",
    "documents": "Drop some into the panel of the technique, or keep them with: playground document add FILE. "
    'Or give a variable called "document" a text.',
    "dataset": 'Add cases with a column "expected" to the prompt.',
    "sandbox": "Switch it on in the technique's panel or the Models tab, or start the program with --sandbox: "
    "programs that models write then run here, unread, held in the sandbox.",
    "tools": "Choose another technique.",
}
MOST_ROWS = 500
MOST_KEPT = 64
"""What techniques have made once for all cases of a data set: so many things are remembered."""


class Offered(NamedTuple):
    """A technique of the list, and half a sentence on what it lacks; "" when it can run."""

    name: str
    row: Technique
    lacks: str


class TechniqueDesk:
    """Techniques made ready: their prompts looked up and checked, their case put together."""

    def __init__(self, prompts: PromptDesk, models: ModelDesk, sandbox: Switch) -> None:
        self._prompts = prompts
        self._models = models
        self._memory: dict[str, Any] = {}
        self._kept = Documents(prompts.settings.data_dir)
        self._texts: dict[str, str] = {}
        self._sandbox = sandbox
        self._programs: Tools = {python.NAME: python.python()}

    def make(self, work: Work, send: Send, tell: Tell) -> Program:
        """How a cell gets its answer: by its technique, else by one call."""
        if work.variant.technique is None:
            return Single(work, send)
        return TechniqueProgram(work, send, tell, self.ready)

    async def ready(self, work: Work) -> Ready:
        """The technique of a cell; raises PlaygroundError for what it lacks, before anything is sent."""
        choice = work.variant.technique
        assert choice is not None
        row = technique_of(choice.name)
        options = row.read(choice.options, choice.name)
        self._require(row, work)
        prompts = await self._step_prompts(row, choice, options, work.case.values)
        while len(self._memory) > MOST_KEPT:
            del self._memory[next(iter(self._memory))]
        task = Task(
            messages=work.messages,
            values=work.case.values,
            images=work.case.images,
            documents=await self._documents(work) if looks_things_up(row) else (),
            rows=await self._rows(work.prompt) if _looks_at_cases(row, options) else (),
            check=_check(work.prompt),
            sampling=work.sampling,
            model=work.model,
            memory=self._memory,
            embed=self._embed(work.model),
        )
        return Ready(
            row, options, task, prompts, self._rendered, self._programs if self._sandbox.is_on else {}
        )

    async def read(self, choice: TechniqueChoice, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The options of a choice, when they and its prompts can be used; raises PlaygroundError."""
        row = technique_of(choice.name)
        options = row.read(choice.options, choice.name)
        await self._step_prompts(row, choice, options, values or {})
        if choice.documents:
            await asyncio.to_thread(self._found, choice.documents)
        return options

    def there(
        self,
        prompt: Prompt,
        model: str,
        values: Mapping[str, Any],
        *,
        pictures: bool,
        documents: Sequence[str] | None = None,
    ) -> set[Need]:
        """What a technique finds here; `documents` are those that were chosen of the kept ones."""
        found: set[Need] = set()
        if has_expected(prompt):
            found.add("dataset")
        if pictures and self._sees(model):
            found.add("vision")
        if _documents(values) or (documents != () and self._kept.has_any):
            found.add("documents")
        if self._sandbox.is_on:
            found.add("sandbox")
        return found

    @property
    def has_sandbox(self) -> bool:
        """Whether programs may run here."""
        return self._sandbox.is_on

    def there_anywhere(self) -> set[Need]:
        """What a technique finds with cases of a data set, whichever its model."""
        found: set[Need] = {"documents"} if self._kept.has_any else set()
        return found | ({"sandbox"} if self._sandbox.is_on else set())

    async def _documents(self, work: Work) -> tuple[Document, ...]:
        """What the case gives to look things up in, else the kept ones that were chosen, else every one of them."""
        choice = work.variant.technique
        chosen = choice.documents if choice else None
        return _documents(work.case.values) or await asyncio.to_thread(self._kept_ones, chosen)

    def _kept_ones(self, chosen: Sequence[str] | None) -> tuple[Document, ...]:
        """Kept documents; each text is read once, and forgotten when its document is removed. Raises NotFoundError."""
        every = self._kept.all()
        wanted = every if chosen is None else self._found(chosen)
        texts = {kept.hash: self._texts.get(kept.hash) or self._kept.text(kept) for kept in wanted}
        there = {kept.hash for kept in every}
        self._texts = {key: text for key, text in self._texts.items() if key in there} | texts
        return tuple(Document(kept.name, texts[kept.hash]) for kept in wanted)

    def _found(self, chosen: Iterable[str]) -> list[Kept]:
        """Each of the chosen documents once; raises NotFoundError for one that is not kept any more."""
        return list(dict.fromkeys(map(self._kept.find, chosen)))

    def _embed(self, model: str) -> Embed | None:
        """How the column's model turns texts into vectors; None where its backend cannot."""
        try:
            backend = self._models.backend_of(model)
        except PlaygroundError:  # its server is not here now
            return None
        return partial(backend.embed, model) if isinstance(backend, Embeds) else None

    def _sees(self, model: str) -> bool:
        try:
            return "images" in self._models.backend_of(model).abilities
        except PlaygroundError:  # its server is not here now
            return False

    def _require(self, row: Technique, work: Work) -> None:
        values = work.case.values
        choice = work.variant.technique
        there = self.there(
            work.prompt,
            work.model,
            values,
            pictures=bool(work.case.images),
            documents=choice.documents if choice else None,
        )
        if lacks := lacking(row, there):
            need = next(need for need in LACKS if need in row.needs and need not in there)
            raise PromptError(f"{row.title} {lacks}.", HINTS[need])

    async def _step_prompts(
        self, row: Technique, choice: TechniqueChoice, options: Mapping[str, Any], values: Mapping[str, Any]
    ) -> dict[str, Prompt]:
        steps = row.prompted(options)
        known = [step.name for step in steps]
        for name in choice.prompts:
            if name not in known:
                raise PromptError(
                    f'{row.title} has no step "{name}".',
                    f"Its steps: {', '.join(known)}."
                    if known
                    else "It has no steps with words of their own.",
                )
        return {
            step.name: await self._step_prompt(step, choice.prompts.get(step.name, ""), values)
            for step in steps
        }

    async def _step_prompt(self, step: StepPrompt, fork: str, values: Mapping[str, Any]) -> Prompt:
        try:
            prompt = await asyncio.to_thread(self._prompts.named, fork or step.slug)
        except NotFoundError as exc:
            raise PromptError(
                f'The step "{step.name}" has no prompt "{fork or step.slug}".',
                exc.hint or "Choose another one.",
            ) from exc
        turns = normalise(prompt.turns)
        names = {each.name for each in variables(turns, await self._prompts.partials(prompt))}
        optional = {field.name for field in prompt.inputs if not field.required or field.default is not None}
        check_step(step, names, names - optional, prompt.name or fork, tuple(values))
        return prompt

    async def _rendered(self, prompt: Prompt, values: Mapping[str, Any]) -> tuple[Message, ...]:
        """A step's messages; what its prompt does not ask for is not given to it."""
        return await self._prompts.render(prompt, with_defaults(prompt, dict(values)))

    async def _rows(self, prompt: Prompt) -> tuple[Row, ...]:
        """The prompt's cases, each with its question; those that cannot be rendered are left out."""
        found = []
        for case in prompt.cases[:MOST_ROWS]:
            try:
                messages = await self._prompts.render(prompt, case)
            except PlaygroundError:
                continue
            found.append(Row(case, Task(messages=messages).question, _expected(case)))
        return tuple(found)


def looks_things_up(row: Technique) -> bool:
    """Whether the technique searches documents, itself or through its tools."""
    return "documents" in row.needs or any("tools" in step.needs for step in row.steps)


def _looks_at_cases(row: Technique, options: Mapping[str, Any]) -> bool:
    """Whether the technique does something with the other cases: each is rendered for it."""
    uses_tools = any("tools" in step.needs for step in row.steps)
    return "dataset" in row.needs or uses_tools or bool(options.get("demonstrations"))


def _documents(values: Mapping[str, Any]) -> tuple[Document, ...]:
    """The values of the case that are documents by their name; each may be a list of texts."""
    found = []
    for name in DOCUMENTS:
        given = values.get(name)
        texts = given if isinstance(given, list) else [given]
        found += [Document(name, text) for text in texts if isinstance(text, str) and text.strip()]
    return tuple(found)


def offered(there: Iterable[Need]) -> list[Offered]:
    """Every technique in the registry's order, with what it lacks."""
    able = tuple(there)
    return [Offered(name, row, lacking(row, able)) for name, row in rows().items()]


def has_expected(prompt: Prompt) -> bool:
    """Whether a case of the prompt says which answer is expected."""
    return any(_expected(case) for case in prompt.cases)


def _expected(case: Mapping[str, Any]) -> str:
    return next((str(case[name]) for name in EXPECTED if str(case.get(name) or "").strip()), "")


def _check(prompt: Prompt) -> Any:
    """What the prompt's checks say of an answer: the weighted mean of those that apply, and why not 1."""
    checks = checks_of(prompt)
    if not checks:
        return None

    def check(text: str, values: Mapping[str, Any]) -> Verdict | None:
        given = dict(values)
        scores = [
            score
            for score in score_all(checks, Sample(text, "stop", given, is_example(prompt, given)))
            if score.value is not None
        ]
        value = summary(scores)
        if value is None:
            return None
        failed = [f"{score.name}: {score.explanation}" for score in scores if (score.value or 0.0) < 1]
        return Verdict(value, "; ".join(failed) or "All checks pass.")

    return check
