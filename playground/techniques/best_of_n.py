"""Best of n: several answers to the prompt, the one with the best score counts. Not in the Guide."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.calls import Reply, together
from playground.techniques.reading import Temperature, score_in
from playground.types.trace import Answer


async def best_of_n(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    samples: Annotated[int, Field(ge=1, le=100, description="Answers to choose from.")] = 5,
    temperature: Temperature = 0.7,
    by: Annotated[
        Literal["auto", "checks", "judge"],
        Field(description="Who scores; auto: the prompt's checks where they apply, else the model."),
    ] = "auto",
) -> Answer:
    """Calls: samples, and as many again for a judge. A check of this prompt may know the expected answer: then it is an upper bound."""
    replies = await ask.samples(samples, task.messages, label="sample", temperature=temperature)
    ask.so_far(replies[0].text)
    scores: list[tuple[Reply, float]]
    verdicts = [task.check(r.text, task.values) if task.check and by != "judge" else None for r in replies]
    if by == "checks" or any(verdict is not None for verdict in verdicts):
        scores = [(r, v.value if v else 0.0) for r, v in zip(replies, verdicts, strict=True)]
        scorer = "checks"
    else:

        async def judged(number: int, reply: Reply) -> tuple[Reply, float | None]:
            values = {"task": task.question, "answer": reply.text}
            said = await ask("judge", values, label=f"judge {number}", parent=reply, brief=True)
            score = score_in(said.text)
            ask.mark(said, value=score, state="" if score is not None else "no score")
            return reply, score

        got = await together(judged(number, reply) for number, reply in enumerate(replies, 1))
        scores = [(reply, -1.0 if score is None else score) for reply, score in got]
        scorer = "judge"
    for reply, score in scores:
        if score >= 0:
            ask.mark(reply, value=score, state="pruned")
    best, score = max(scores, key=lambda each: each[1])  # of equals the earliest
    ask.mark(best, state="answer")
    shown = f"{score:.2f} by {scorer}" if score >= 0 else "none could be read"
    return ask.answer(best.text, score=shown)
