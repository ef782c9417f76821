"""Least to most: smaller questions first, each answered with those before it. arXiv 2205.10625. Not in the Guide."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.reading import AnswerKind, answer_in, listed
from playground.types.trace import Answer


async def least_to_most(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    parts: Annotated[int, Field(ge=1, le=10, description="Smaller questions at most.")] = 4,
    answer: AnswerKind = "auto",
) -> Answer:
    """Calls: 1 + the smaller questions + 1 for the question itself."""
    split = await ask("decompose", {"question": task.question, "count": parts}, label="decompose", brief=True)
    smaller = [each for each in listed(split.text) if each != task.question][:parts]
    if not smaller:
        ask.mark(split, state="empty")
    so_far: list[dict[str, str]] = []
    reply = split
    for number, part in enumerate((*smaller, task.text), 1):
        is_last = number > len(smaller)
        values = {"question": task.question, "so_far": so_far, "part": part}
        reply = await ask("solve", values, label="answer" if is_last else f"part {number}", parent=split)
        so_far.append({"part": part, "answer": reply.text.strip()})
        ask.so_far(reply.text)
    found = answer_in(reply.text, answer)
    ask.mark(reply, extracted=found.text if found else "")
    return ask.answer(reply.text, extracted=found.text if found else None, parts=str(len(smaller)))
