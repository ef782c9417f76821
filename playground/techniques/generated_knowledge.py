"""Generated knowledge: statements first, an answer from each, the surest one counts. arXiv 2110.08387."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.calls import Reply, together
from playground.techniques.reading import AnswerKind, Temperature, answer_in, elect
from playground.types.trace import Answer


async def generated_knowledge(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    statements: Annotated[int, Field(ge=1, le=20, description="Statements, with an answer from each.")] = 3,
    temperature: Temperature = 0.7,
    answer: AnswerKind = "auto",
) -> Answer:
    """The answer that the model is surest of, by the mean log-probability of its tokens; without these, of most."""
    question = {"question": task.question}
    told = await ask.samples(
        statements, "knowledge", question, label="knowledge", temperature=temperature, brief=True
    )
    useful = [reply for reply in told if reply.text.strip()]
    for reply in told:
        if reply not in useful:
            ask.mark(reply, state="empty")
    if not useful:
        return elect(ask, [await ask(task.messages, label="answer")], answer)

    async def answered(number: int, statement: Reply) -> Reply:
        values = {**question, "knowledge": statement.text.strip()}
        return await ask("answer", values, label=f"answer {number}", parent=statement, top_logprobs=0)

    replies = await together(answered(number, reply) for number, reply in enumerate(useful, 1))
    sure = [_sureness(reply) for reply in replies]
    if any(each is None for each in sure):
        return elect(ask, replies, answer, by="majority")
    for reply, value in zip(replies, sure, strict=True):
        found = answer_in(reply.text, answer)
        ask.mark(reply, value=value, extracted=found.text if found else "")
    best = max(range(len(replies)), key=lambda i: (sure[i] or 0.0, -i))
    ask.mark(replies[best], state="answer")
    found = answer_in(replies[best].text, answer)
    return ask.answer(replies[best].text, extracted=found.text if found else None, by="log-probability")


def _sureness(reply: Reply) -> float | None:
    """The geometric mean of the probabilities of the answer's tokens; None where the backend told none."""
    tokens = reply.completion.logprobs
    return math.exp(sum(token.logprob for token in tokens) / len(tokens)) if tokens else None
