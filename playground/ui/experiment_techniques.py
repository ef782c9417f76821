"""The technique of every variant that is being set up, said in so many words: a prompt may name one itself.

    now = await with_techniques(workbench, now)     # "Refund@3" names self-consistency: so does its variant

On the page nothing is run with a technique that its menu does not show; `single` is the prompt as it is.
"""

from __future__ import annotations

import asyncio

from playground.errors import PlaygroundError
from playground.techniques.registry import SINGLE, plain_or
from playground.types.experiment import Experiment
from playground.types.prompt import Prompt, TechniqueChoice
from playground.ui.experiment_form import prompt_of
from playground.workbench.service import Workbench


async def with_techniques(workbench: Workbench, now: Experiment, *, is_told: bool = False) -> Experiment:
    """The set-up with the technique of each variant; with `is_told` one that says nothing means the prompt as it is."""
    plain = TechniqueChoice(name=SINGLE)
    named: dict[str, TechniqueChoice | None] = {}
    variants = []
    for each in now.variants:
        prompt = prompt_of(now, each)
        if isinstance(prompt, str) and prompt not in named:
            named[prompt] = await _named(workbench, prompt)
        own = prompt.run_with if isinstance(prompt, Prompt) else named[prompt]
        technique = each.technique
        if own is None:
            technique = plain_or(technique)
        elif technique is None:
            technique = plain if is_told else own
        variants.append(each.model_copy(update={"technique": technique}))
    return now.model_copy(update={"variants": tuple(variants)})


async def _named(workbench: Workbench, prompt: str) -> TechniqueChoice | None:
    """What the prompt of that name is run with; one that is not here is told of when it is to run."""
    try:
        return (await asyncio.to_thread(workbench.prompts.named, prompt)).run_with if prompt else None
    except PlaygroundError:
        return None
