"""The prompt as it is: one call. What every column does that has no technique."""

from __future__ import annotations

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.types.trace import Answer


async def single(task: Task, ask: Ask, tools: Tools) -> Answer:
    """What the model answers to the prompt."""
    reply = await ask(task.messages)
    return ask.answer(reply.text)
