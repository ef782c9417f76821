"""Techniques that are one call with words of their own: zero-shot, chain of thought, meta prompting, and asking twice.

Their file is the technique; what is done here is to give it the question, and to look for the answer in what came.
"""

from __future__ import annotations

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.reading import AnswerKind, answer_in
from playground.types.trace import Answer


async def zero_shot(task: Task, ask: Ask, tools: Tools, *, answer: AnswerKind = "text") -> Answer:
    """One clear instruction and the input. arXiv 2109.01652."""
    parts = (task.instructions, task.text) if task.instructions else (task.text, "")
    return await one_call(ask, "instruct", answer, instruction=parts[0], text=parts[1])


async def meta_prompting(task: Task, ask: Ask, tools: Tools, *, answer: AnswerKind = "auto") -> Answer:
    """The layout of a solution to fill in, without any example. arXiv 2311.11482."""
    return await one_call(ask, "scaffold", answer, problem=task.question)


async def say_it_twice(task: Task, ask: Ask, tools: Tools, *, answer: AnswerKind = "text") -> Answer:
    """The question, repeated. arXiv 2512.14982."""
    return await one_call(ask, "repeat", answer, question=task.question)


async def re_reading(task: Task, ask: Ask, tools: Tools, *, answer: AnswerKind = "auto") -> Answer:
    """The question, an order to read it again, the question. arXiv 2309.06275."""
    return await one_call(ask, "reread", answer, question=task.question)


async def one_call(ask: Ask, step: str, kind: AnswerKind, **values: object) -> Answer:
    """The answer of one step. Of kind "text" the whole text counts, and there is nothing to extract."""
    reply = await ask(step, values, label=step)
    if kind == "text":
        return ask.answer(reply.text)
    found = answer_in(reply.text, kind)
    ask.mark(reply, extracted=found.text if found else "")
    return ask.answer(reply.text, extracted=found.text if found else None)
