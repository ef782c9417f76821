"""Directional stimulus: a small model writes the hint, the main one answers with it. arXiv 2302.11520."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.types.trace import Answer


async def directional_stimulus(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    policy: Annotated[str, Field(description="Model that writes the hint; empty: the column's.")] = "",
) -> Answer:
    """A hint of keywords, then the answer that holds them."""
    hint = await ask("hint", {"text": task.question}, label="hint", model=policy, brief=True)
    words = "; ".join(part for line in hint.text.splitlines() for part in [line.strip(" ;-*•")] if part)
    ask.mark(hint, extracted=words, state="" if words else "empty")
    values = {"text": task.question, "hint": words or "(none)"}
    reply = await ask("answer", values, label="answer", parent=hint)
    return ask.answer(reply.text)
