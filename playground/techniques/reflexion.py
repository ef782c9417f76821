"""Reflexion: try, look at the result, learn a lesson, try again. arXiv 2303.11366."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.calls import BoundReached, Reply
from playground.techniques.reading import AnswerKind, extracted_in, verdict_in
from playground.types.trace import Answer

Evaluator = Annotated[
    Literal["auto", "checks", "model"],
    Field(
        description="Who says whether a try succeeded; auto: the prompt's checks where they apply, else the model."
    ),
]


class Judged(NamedTuple):
    """Whether a try succeeded, and why not."""

    passed: bool
    feedback: str


async def reflexion(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    trials: Annotated[int, Field(ge=1, le=10, description="Tries.")] = 3,
    evaluator: Evaluator = "auto",
    answer: AnswerKind = "text",
) -> Answer:
    """At most three calls a try; ends at success. Without success the last try is the answer."""
    lessons: list[str] = []
    tried, last = 0, None
    try:
        for tried in range(1, trials + 1):
            values = {"task": task.question, "lessons": "\n".join(lessons)}
            last = await ask("act", values, label=f"act {tried}", seed=ask.seed(tried - 1))
            judged = await _judged(task, ask, last, tried, evaluator)
            ask.mark(last, state="answer" if judged.passed else "failed", value=float(judged.passed))
            if judged.passed or tried == trials:
                break
            values = {"task": task.question, "result": last.text, "feedback": judged.feedback}
            reflection = await ask("reflect", values, label=f"reflect {tried}", parent=last, brief=True)
            if lesson := " ".join(reflection.text.split()):
                lessons.append(lesson)
                ask.note("memory", "\n".join(lessons), parent=reflection)
            else:
                ask.mark(reflection, state="empty")
    except BoundReached:
        if last is None:
            raise
    assert last is not None
    return ask.answer(last.text, extracted=extracted_in(last.text, answer), tries=f"{tried} of {trials}")


async def _judged(task: Task, ask: Ask, reply: Reply, trial: int, evaluator: str) -> Judged:
    verdict = task.check(reply.text, task.values) if task.check and evaluator != "model" else None
    if verdict is not None:
        ask.note(f"checks {trial}", verdict.reason, parent=reply, value=verdict.value)
        return Judged(verdict.value >= 1, verdict.reason)
    if evaluator == "checks":
        ask.note(f"checks {trial}", "No check applies to this answer.", parent=reply)
        return Judged(True, "")
    said = await ask(
        "evaluate",
        {"task": task.question, "result": reply.text},
        label=f"evaluate {trial}",
        parent=reply,
        brief=True,
    )
    passed = verdict_in(said.text)
    ask.mark(
        said,
        value=None if passed is None else float(passed),
        state="" if passed is not None else "no verdict",
    )
    return Judged(bool(passed), said.text.strip() or "It was not said whether the result is right.")
