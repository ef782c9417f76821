"""Active-prompt: which cases are worth annotating? Those that the model's own answers disagree about. arXiv 2302.12246.

The answer is a list for a person to annotate; annotated, they are the demonstrations of few-shot and chain of thought.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from playground.errors import PlaygroundError
from playground.techniques.asking import Ask
from playground.techniques.base import Row, Task, Tools
from playground.techniques.calls import together
from playground.techniques.few_shot import rationale_of
from playground.techniques.reading import AnswerKind, Temperature, answer_in
from playground.types.trace import Answer


class Unsure(NamedTuple):
    """A question, how unsure the model is of it, its answers, and its step."""

    question: str
    value: float
    answers: tuple[str, ...]
    number: int


async def active_prompt(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    answers: Annotated[int, Field(ge=2, le=40, description="Answers to each question.")] = 5,
    questions: Annotated[int, Field(ge=1, le=100, description="Cases that are asked, the first ones.")] = 8,
    show: Annotated[int, Field(ge=1, le=40, description="Most unsure ones that are shown.")] = 4,
    by: Annotated[
        Literal["disagreement", "entropy"],
        Field(description="Different answers as a share, or their entropy."),
    ] = "disagreement",
    temperature: Temperature = 0.7,
    answer: AnswerKind = "auto",
) -> Answer:
    """Calls: answers × questions."""
    rows = [row for row in task.rows if row.question.strip()][:questions]
    if not rows:
        raise PlaygroundError("There are no other cases to ask about.", "Add cases to the prompt.")
    shown = [
        {"question": row.question, "rationale": rationale_of(row), "answer": row.answer}
        for row in task.rows[questions:]
        if row.answer.strip() and rationale_of(row)
    ][:8]

    async def tried(number: int, row: Row) -> Unsure:
        note = ask.note(f"question {number}", row.question)
        values = {"question": row.question, "examples": shown}
        replies = await ask.samples(
            answers,
            "answer",
            values,
            label=f"answer {number}",
            parent=note,
            temperature=temperature,
            images=(),
        )
        found = [answer_in(reply.text, answer) for reply in replies]
        for reply, each in zip(replies, found, strict=True):
            ask.mark(reply, extracted=each.text if each else "")
        keys = [each.key if each else "" for each in found]  # one that cannot be read is an answer of its own
        value = (_disagreement if by == "disagreement" else _entropy)(keys)
        ask.mark(note, value=value)
        return Unsure(row.question, value, tuple(each.text if each else "?" for each in found), note)

    found = await together(tried(number, row) for number, row in enumerate(rows, 1))
    ranked = sorted(found, key=lambda each: -each.value)
    for place, each in enumerate(ranked):
        ask.mark(each.number, state="kept" if place < show else "pruned")
    lines = [_line(each) for each in ranked[:show]]
    return ask.answer("\n".join(lines), questions=f"{len(ranked[:show])} of {len(found)}", by=by)


def _line(each: Unsure) -> str:
    said = ", ".join(
        f"{text} ×{count}" if count > 1 else text for text, count in Counter(each.answers).most_common()
    )
    return f"{each.value:.2f}  {' '.join(each.question.split())}  ({said})"


def _disagreement(keys: Sequence[str]) -> float:
    """0 where all agree, 1 where no two do."""
    return (len(set(keys)) - 1) / max(1, len(keys) - 1)


def _entropy(keys: Sequence[str]) -> float:
    """The entropy of the answers over its largest value: 0 where all agree, 1 where no two do."""
    if len(keys) < 2:
        return 0.0
    shares = [count / len(keys) for count in Counter(keys).values()]
    return -sum(share * math.log(share) for share in shares) / math.log(len(keys)) + 0.0
