"""Few-shot: solved cases before the new one, chosen from the others of the data set. arXiv 2005.14165, 2202.12837."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Annotated, Literal

from pydantic import Field

from playground.errors import PlaygroundError
from playground.techniques.asking import Ask
from playground.techniques.base import Row, Task, Tools
from playground.techniques.nearness import nearest
from playground.techniques.reading import AnswerKind, extracted_in
from playground.types.trace import Answer

Choosing = Annotated[
    Literal["fixed", "random", "nearest"],
    Field(description="The first ones, some by chance, or those most like the case."),
]
Demonstrations = Annotated[int, Field(ge=1, le=32, description="Solved cases that are shown.")]
RATIONALES = ("rationale", "steps", "reasoning", "solution")
"""Columns of a data set that may hold how a case was solved."""


async def few_shot(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    demonstrations: Demonstrations = 4,
    choice: Choosing = "fixed",
    layout: Annotated[
        Literal["turns", "text"], Field(description="Earlier turns of the chat, or one text.")
    ] = "turns",
    answer: AnswerKind = "text",
) -> Answer:
    """Some solved cases, then the new one."""
    chosen = choose(task, demonstrations, choice)
    examples = [{"input": row.question, "output": row.answer} for row in chosen]
    reply = await ask(f"as-{layout}", {"examples": examples, "input": task.question}, label="answer")
    extracted = extracted_in(reply.text, answer)
    if answer != "text":
        ask.mark(reply, extracted=extracted or "")
    return ask.answer(reply.text, extracted=extracted, demonstrations=str(len(chosen)))


def solved(task: Task) -> list[Row]:
    """The other cases with an expected answer, never this one; raises PlaygroundError where there are none."""
    rows = [row for row in task.rows if row.answer.strip() and row.question.strip() != task.question.strip()]
    if not rows:
        raise PlaygroundError(
            "There is no other case with an expected answer to show.",
            'Add cases with a column "expected" to the prompt.',
        )
    return rows


def choose(task: Task, count: int, choice: str) -> list[Row]:
    """Solved cases to show; the most alike stands last, next to the question."""
    rows = solved(task)
    if choice == "random":
        return Random(task.seed).sample(rows, min(count, len(rows)))
    if choice == "nearest":
        return [rows[i] for i in reversed(nearest(task.question, [row.question for row in rows], count))]
    return rows[:count]


def rationale_of(row: Row) -> str:
    """How the case was solved, where a column says it."""
    return next((str(row.values[name]) for name in RATIONALES if str(row.values.get(name, "")).strip()), "")


def worked(rows: Sequence[Row]) -> list[dict[str, str]]:
    """The rows that say how they were solved, as the steps of a demonstration."""
    return [
        {"question": row.question, "steps": steps, "answer": row.answer}
        for row in rows
        if (steps := rationale_of(row))
    ]
