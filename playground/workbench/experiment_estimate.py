"""What an experiment takes and what it can find, before it starts.

estimate = await estimated(resolved, store, models, prompts)
estimate.calls, estimate.tokens, estimate.seconds, estimate.power
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import ceil

from playground.backends.base import CountsTokens
from playground.errors import PlaygroundError
from playground.plurals import plural
from playground.scorers import check_name
from playground.stats import power
from playground.store import Store, content_hash
from playground.techniques.registry import technique_of
from playground.types.experiment import PASSES
from playground.types.grid import Variant
from playground.types.outcomes import Estimate, Power, VariantEstimate
from playground.types.prompt import Prompt, TechniqueChoice
from playground.workbench.counting import count
from playground.workbench.experiment_plan import FEW, Resolved
from playground.workbench.models import ModelDesk
from playground.workbench.prompts import PromptDesk

DIFFERENCES = (0.05, 0.10, 0.15, 0.20)
TRIED = 8
"""Cases that are rendered to reckon the tokens of all."""
CHARS_PER_TOKEN = 4
HELD_BACK = 30
"""Under so many cases a verdict says that they are few."""


async def estimated(resolved: Resolved, store: Store, models: ModelDesk, prompts: PromptDesk) -> Estimate:
    """The estimate; asks the models' tokenizers, where they answer at once, and the store."""
    spec = resolved.spec
    cells = len(spec.cases) * spec.repeats
    rows, measured = [], 0
    for variant in spec.variants:
        prompt = variant.prompt or spec.prompt
        calls = cells * calls_of(variant.technique)
        rates = await asyncio.to_thread(store.experiments.rates, variant.model, content_hash(prompt))
        sent = await _prompt_tokens(resolved, variant, prompt, models, prompts)
        tokens = seconds = None
        if rates is not None:
            measured += rates.cells
            seconds = calls * rates.seconds / _at_once(resolved, variant, models)
            if sent is not None and rates.completion_tokens is not None:
                tokens = ceil(calls * (sent + rates.completion_tokens))
        rows.append(VariantEstimate(variant.name, calls, tokens, seconds))
    experiment, data = resolved.experiment, resolved.data
    judged = cells * len(spec.variants) * sum(check.scorer == "judge" for check in resolved.checks)
    known = [row.tokens for row in rows if row.tokens is not None]
    times = [row.seconds for row in rows if row.seconds is not None]
    return Estimate(
        variants=tuple(rows),
        cases=len(spec.cases),
        cells=cells * len(spec.variants),
        calls=sum(row.calls for row in rows) + judged,
        tokens=sum(known) if len(known) == len(rows) else None,
        seconds=sum(times) if len(times) == len(rows) else None,
        power=await asyncio.to_thread(_power, resolved),
        attempt=await asyncio.to_thread(store.experiments.attempts, resolved.question) + 1,
        opened=await asyncio.to_thread(store.experiments.opened, data, experiment.cases.half),
        dataset=data.name,
        number=data.number,
        checks=tuple(map(check_name, resolved.checks)),
        measured=f"from {plural(measured, 'answer')} of these models and their loading" if measured else "",
        warnings=tuple(_warnings(resolved)),
        judged=judged,
    )


def calls_of(choice: TechniqueChoice | None) -> int:
    """About how many calls a technique makes for an answer."""
    if choice is None:
        return 1
    row = technique_of(choice.name)
    options = row.read(choice.options, choice.name)
    samples = options.get("samples")
    if isinstance(samples, int):
        return samples
    return max(1, min(row.max_calls, len(row.prompted(options))))


def _at_once(resolved: Resolved, variant: Variant, models: ModelDesk) -> int:
    backend = models.backends.get(variant.model.partition(":")[0])
    places = backend.parallel if backend is not None else 1
    bound = resolved.experiment.limits.at_once
    return max(1, places if bound is None else min(bound, places))


async def _prompt_tokens(
    resolved: Resolved, variant: Variant, prompt: Prompt, models: ModelDesk, prompts: PromptDesk
) -> float | None:
    """The mean tokens of a rendered case, counted by the model where that answers at once, else by characters."""
    cases = resolved.spec.cases
    step = max(1, len(cases) // TRIED)
    texts = []
    for case in cases[::step][:TRIED]:
        try:
            messages = await prompts.render(prompt, dict(case.values))
        except PlaygroundError:
            continue
        texts.append("\n".join(message.content for message in messages))
    if not texts:
        return None
    backend = models.backends.get(variant.model.partition(":")[0])
    counted = None
    if isinstance(backend, CountsTokens):
        counted = await count(backend, variant.model, texts)
    if not counted:
        return sum(map(len, texts)) / CHARS_PER_TOKEN / len(texts)
    return sum(counted) / len(counted)


def _power(resolved: Resolved) -> tuple[Power, ...]:
    """How often differences are found, by both ways of deciding."""
    cases = units_of(resolved)
    if cases < FEW or len(resolved.names) - resolved.experiment.twin < 2:
        return ()
    repeats = resolved.experiment.repeats
    return tuple(
        Power(
            difference,
            power(cases, repeats, difference=difference),
            power(cases, repeats, difference=difference, looking="any time"),
        )
        for difference in DIFFERENCES
    )


def units_of(resolved: Resolved) -> int:
    """The cases that count by themselves: those of one cluster are one."""
    cases = resolved.spec.cases
    cluster = resolved.data.cluster
    if not cluster:
        return len(cases)
    named = [case.values.get(cluster) for case in cases]
    return len({str(value) for value in named if value not in (None, "")}) + sum(
        value in (None, "") for value in named
    )


def _warnings(resolved: Resolved) -> Sequence[str]:
    found = []
    units = units_of(resolved)
    what = "clusters" if resolved.data.cluster else "cases"
    if len(resolved.names) - resolved.experiment.twin < 2:
        found.append("There is one variant: nothing is compared.")
    elif units < FEW:
        found.append(f"No verdict is possible: {units} {what}, {FEW} are the least.")
    elif units < HELD_BACK:
        found.append(f"Few {what}: {units}. A verdict will say so.")
    empty = {
        name: sum(case.values.get(name) in (None, "") for case in resolved.spec.cases)
        for name in ("expected",)
        if any(name in case.values for case in resolved.spec.cases)
    }
    for name, missing in empty.items():
        if missing:
            found.append(
                f'"{name}" is empty in {plural(missing, "case")}: checks that need it do not apply there.'
            )
    if resolved.experiment.rule.metric == PASSES and resolved.experiment.repeats > 1:
        greedy = [
            variant.name
            for variant in resolved.spec.variants
            if variant.sampling.temperature == 0 and variant.technique is None
        ]
        if greedy:
            found.append(f"Repeats of greedy variants ({', '.join(greedy)}) give the same answer each time.")
    return found
