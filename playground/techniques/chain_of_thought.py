"""Chain of thought: steps first, answer last. arXiv 2201.11903, 2205.11916; with demonstrations of its own 2210.03493."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any

from pydantic import Field

from playground.answers.amounts import length_of
from playground.errors import PlaygroundError
from playground.techniques.asking import Ask
from playground.techniques.base import Row, Task, Tools
from playground.techniques.calls import together
from playground.techniques.few_shot import Choosing, choose, worked
from playground.techniques.nearness import clusters
from playground.techniques.reading import AnswerKind, answer_in
from playground.techniques.single_call import one_call
from playground.types.trace import Answer

_ANSWER = re.compile(r"(?:final answer|the answer is|answer|答案是|答案)\s*[:：]?", re.I)


async def chain_of_thought(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    demonstrations: Annotated[
        int,
        Field(ge=0, le=32, description="Worked cases that are shown; they need a column with their steps."),
    ] = 0,
    choice: Choosing = "fixed",
    answer: AnswerKind = "auto",
) -> Answer:
    """Step by step; with demonstrations, after cases that are solved step by step."""
    if not demonstrations:
        return await one_call(ask, "zero-shot", answer, question=task.question)
    examples = worked(choose(task, len(task.rows), choice))[-demonstrations:]
    if not examples:
        raise PlaygroundError(
            "No other case says how it was solved.",
            'Add a column "rationale" to the cases, or set 0 demonstrations.',
        )
    return await one_call(ask, "few-shot", answer, question=task.question, examples=examples)


async def auto_chain_of_thought(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    demonstrations: Annotated[
        int, Field(ge=1, le=16, description="Groups of like questions, one shown of each.")
    ] = 4,
    most_words: Annotated[int, Field(ge=10, le=1000, description="Longer rationales are not shown.")] = 120,
    answer: AnswerKind = "auto",
) -> Answer:
    """The model works out one question of each kind; these are its demonstrations. Made once for a data set."""
    rows = [row for row in task.rows if row.question.strip() and row.question != task.question]
    if not rows:
        raise PlaygroundError("There are no other cases to learn from.", "Add cases to the prompt.")
    key = _key(task, rows, demonstrations, most_words)
    if key not in task.memory:
        task.memory[key] = await _demonstrate(task, ask, rows, demonstrations, most_words)
    examples = task.memory[key]
    if not examples:
        return await one_call(ask, "zero-shot", answer, question=task.question)
    return await one_call(ask, "few-shot", answer, question=task.question, examples=examples)


async def _demonstrate(
    task: Task, ask: Ask, rows: list[Row], count: int, most_words: int
) -> list[dict[str, str]]:
    """One worked question of each group; those that come to no answer, or are too long, are left out."""
    centres = [rows[group[0]] for group in clusters([row.question for row in rows], count, task.seed)]

    async def work_out(number: int, row: Row) -> dict[str, str] | None:
        reply = await ask(
            "auto-rationale", {"question": row.question}, label=f"demonstration {number}", images=()
        )
        found = answer_in(reply.text)
        steps = _steps(reply.text)
        fits = found is not None and bool(steps) and length_of(steps).words <= most_words
        ask.mark(reply, extracted=found.text if found else "", state="kept" if fits else "pruned")
        return {"question": row.question, "steps": steps, "answer": found.text} if fits and found else None

    made = await together(work_out(number, row) for number, row in enumerate(centres, 1))
    return [each for each in made if each is not None]


def _steps(text: str) -> str:
    """A rationale without its answer."""
    leads = list(_ANSWER.finditer(text))
    return (text[: leads[-1].start()] if leads else text).strip()


def _key(task: Task, rows: list[Row], *rest: Any) -> str:
    told = repr((task.model, task.sampling, [row.question for row in rows], rest))
    return f"auto-chain-of-thought {hashlib.sha256(told.encode()).hexdigest()}"
