"""Self-consistency: several ways to the answer, and the answer of most. arXiv 2203.11171."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.reading import AnswerKind, Temperature, elect
from playground.types.trace import Answer


async def self_consistency(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    samples: Annotated[int, Field(ge=1, le=100, description="Answers that vote.")] = 5,
    temperature: Temperature = 0.7,
    words: Annotated[
        Literal["steps", "prompt"], Field(description="Ask for steps, or send the prompt as it is.")
    ] = "steps",
    answer: AnswerKind = "auto",
) -> Answer:
    """Samples in parallel, the answer of most; ties go to the earliest."""
    what: tuple[Any, Any] = (
        (task.messages, None) if words == "prompt" else ("sample", {"question": task.question})
    )
    replies = await ask.samples(samples, *what, label="sample", temperature=temperature)
    return elect(ask, replies, answer)
