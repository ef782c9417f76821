"""What the menus of an experiment's set-up offer: prompts and versions, techniques, models, data sets, checks.

choices = await choices_of(workbench, experiment)    # asked once, however many menus show it
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.errors import PlaygroundError
from playground.library.shipped_data import ShippedSet
from playground.techniques.registry import SINGLE, rows
from playground.templating.rendering import variables
from playground.types.dataset import DatasetRef
from playground.types.experiment import Experiment
from playground.types.prompt import Check, Prompt
from playground.ui.experiment_form import ROWS, SAME, name_and_version, prompt_of
from playground.ui.html import Name, plural
from playground.workbench.sample_data import all_samples
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.store.records import DatasetSummary

MOST_VERSIONS = 40

SAMPLE = "sample:"
"""How a choice of data names a set that comes with the program and is not kept yet."""

Option = tuple[str, str]
"""What a menu sends, and what it shows."""


@dataclass(frozen=True, slots=True)
class Choices:
    """`data` is the data set that is chosen, None for the prompt's own cases or one that is not here.

    `prompt` is the experiment's prompt where it can be found, `missing` why it cannot.
    """

    models: tuple[Option, ...] = ()
    techniques: tuple[Option, ...] = ()
    versions: tuple[Option, ...] = ()
    datasets: tuple[DatasetSummary, ...] = ()
    prompt: Prompt | None = None
    missing: str = ""
    needs: tuple[str, ...] = ()
    """The variables of the prompt."""
    samples: tuple[ShippedSet, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()
    """The cases that are kept with the prompt."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of the prompt that may say something of other values than its example."""
        return checks_of_any(self.prompt)

    def data(self, now: Experiment) -> DatasetSummary | None:
        """The data set of the experiment."""
        name = DatasetRef.read(now.cases.dataset).name.casefold()
        return next((each for each in self.datasets if each.name.casefold() == name), None)

    def prompts(self, now: Experiment) -> list[Option]:
        """What a variant's prompt can be: the versions of the experiment's, and what other variants have."""
        options = list(self.versions)
        known = {value for value, _ in options}
        texts: list[Prompt] = []
        for each in now.variants:
            prompt = prompt_of(now, each)
            if isinstance(prompt, Prompt):
                if prompt not in texts:
                    texts.append(prompt)
                    options.append((SAME + each.name, prompt_words(now, prompt)))
            elif prompt and prompt not in known:
                known.add(prompt)
                options.append((prompt, prompt_words(now, prompt)))
        return options

    def chosen_prompt(self, now: Experiment, number: int) -> str:
        """What stands for a variant's prompt among those options."""
        prompt = prompt_of(now, now.variants[number])
        if isinstance(prompt, str):
            return prompt
        return SAME + next(each.name for each in now.variants if prompt_of(now, each) == prompt)


def checks_of_any(prompt: Prompt | None) -> tuple[Check, ...]:
    """The checks of a prompt without those that belong to its example."""
    return tuple(check for check in prompt.checks if not check.example) if prompt else ()


def prompt_words(now: Experiment, prompt: str | Prompt) -> str:
    """What a variant's prompt is called in a row: "version 5", "Refund@7", "own text"."""
    name, at = name_and_version(prompt)
    shared, _ = name_and_version(now.prompt)
    if isinstance(prompt, Prompt):
        if prompt == now.prompt and name:
            return Name(name)
        return f"{name}, own text" if name and name != shared else "own text"
    if at and name == shared:
        return f"version {at}" if at.isdecimal() else at
    return prompt


async def choices_of(workbench: Workbench, now: Experiment, at_hand: Prompt | None = None) -> Choices:
    """What can be chosen now; the prompt of Compare, where it is the same by name, brings its cases."""
    prompt, missing = now.prompt if isinstance(now.prompt, Prompt) else None, ""
    if prompt is None and now.prompt:
        try:
            prompt = await asyncio.to_thread(workbench.prompts.named, str(now.prompt))
        except PlaygroundError as exc:
            missing = exc.message
    models = tuple((each.id, Name(each.name)) for each in await workbench.models.all())
    return Choices(
        models=models,
        techniques=((SINGLE, "Zero-shot"), *((n, row.title) for n, row in rows().items() if n != SINGLE)),
        versions=tuple(await versions_of(workbench, now.prompt)),
        datasets=tuple(await workbench.datasets.all()),
        prompt=prompt,
        missing=missing,
        samples=await all_samples(),
        rows=_own_rows(now, prompt, at_hand),
        needs=tuple(each.name for each in variables(prompt.turns)) if prompt else (),
    )


def _own_rows(now: Experiment, prompt: Prompt | None, at_hand: Prompt | None) -> tuple[dict[str, Any], ...]:
    if now.cases.rows:
        return now.cases.rows
    if prompt is not None and prompt.cases:
        return prompt.cases
    return at_hand.cases if at_hand is not None and prompt is not None and at_hand.name == prompt.name else ()


async def versions_of(workbench: Workbench, prompt: str | Prompt) -> list[Option]:
    """The versions of a saved prompt, the newest first; none of a text that is not saved."""
    name, _ = name_and_version(prompt)
    saved = await workbench.saved.find(name) if name else None
    if saved is None:
        return []
    found = await workbench.saved.versions(saved.id)
    labels = {number: label for label, number in (await workbench.saved.labels(saved.id)).items()}
    return [
        (
            f"{saved.name}@{each.number}",
            f"version {each.number}{f', {labels[each.number]}' if each.number in labels else ''}",
        )
        for each in sorted(found, key=lambda each: -each.number)[:MOST_VERSIONS]
    ]


def data_options(now: Experiment, choices: Choices) -> list[tuple[str, Sequence[Option]]]:
    """The groups of the menu of data: those that are kept, the prompt's own cases, samples that fit."""
    kept = [
        (f"{each.name}@{each.latest}", f"{each.name}, version {each.latest}") for each in choices.datasets
    ]
    chosen = now.cases.dataset
    if chosen and chosen not in {value for value, _ in kept}:
        kept = [(chosen, chosen.replace("@", ", version ")), *kept]
    own = [(ROWS, f"The prompt's own {plural(len(choices.rows), 'case')}")] if choices.rows else []
    names = {each.name for each in choices.datasets}
    shipped = [
        (f"{SAMPLE}{each.name}", f"{each.title}, {plural(each.rows, 'row')}")
        for each in choices.samples
        if each.title not in names
    ]
    groups = (("Data sets", kept), ("With the prompt", own), ("Sample data sets", shipped))
    return [(title, options) for title, options in groups if options]
