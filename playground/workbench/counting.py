"""Tokens that the end of a stream would have told: of what was stopped or broke off, and of what is being typed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from playground.backends.base import Backend, CountsTokens
from playground.errors import PlaygroundError
from playground.types.generation import Completion
from playground.types.trace import Answer
from playground.workbench.models import ModelDesk

PATIENCE_S = 1.5
"""A count may have to load the model first; neither typing nor a stopped answer waits for that."""


async def count(backend: Backend, model: str, texts: Sequence[str]) -> list[int] | None:
    """Tokens of each text; None while nobody can say yet, and no numbers at all where nobody ever can."""
    if not isinstance(backend, CountsTokens):
        return []
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await backend.count_tokens(model, texts)
    except TimeoutError:
        return None
    except PlaygroundError:
        return []


async def counted(models: ModelDesk, model: str, answer: Answer) -> Answer:
    """The answer with the tokens of what had arrived, where the end of a call did not come to tell them."""
    if not any(_lacks(step.completion) for step in answer.steps if step.completion):
        return answer
    steps = [
        replace(step, completion=await _counted(models, step.model or model, step.completion))
        if step.completion
        else step
        for step in answer.steps
    ]
    return replace(answer, steps=tuple(steps))


def _lacks(completion: Completion) -> bool:
    """Whether the end that tells tokens did not come."""
    return completion.completion_tokens is None and completion.finish in ("cancelled", "error", "aborted")


async def _counted(models: ModelDesk, model: str, completion: Completion) -> Completion:
    if not _lacks(completion):
        return completion
    text = completion.reasoning + completion.text
    try:
        tokens = await count(models.backend_of(model), model, [text]) if text else [0]
    except PlaygroundError:  # its server has been taken away meanwhile
        return completion
    return replace(completion, completion_tokens=tokens[0]) if tokens else completion
