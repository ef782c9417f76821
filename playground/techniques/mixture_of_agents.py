"""Mixture of agents: several answers, of one model or of different ones, put together by one. arXiv 2406.04692.

Not in the Guide.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.calls import Reply, together
from playground.techniques.reading import AnswerKind, Temperature, extracted_in
from playground.types.trace import Answer


async def mixture_of_agents(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    proposers: Annotated[
        list[str],
        Field(max_length=12, description="Models that answer first; empty: the column's, so many times."),
    ] = [],  # noqa: B006
    answers: Annotated[int, Field(ge=1, le=12, description="Answers where no models are named.")] = 3,
    layers: Annotated[
        int, Field(ge=1, le=4, description="Times that all answer, each seeing the last answers.")
    ] = 1,
    temperature: Temperature = 0.7,
    answer: AnswerKind = "text",
) -> Answer:
    """Calls: proposers × layers + 1."""
    models = proposers or [""] * answers
    earlier: list[Reply] = []
    for layer in range(1, layers + 1):

        async def propose(
            number: int, model: str, layer: int = layer, seen: tuple[Reply, ...] = tuple(earlier)
        ) -> Reply:
            changes: dict[str, Any] = {"label": f"answer {layer}.{number}", "model": model}
            changes |= {"temperature": temperature, "seed": ask.seed(number - 1)}
            if not seen:
                return await ask(task.messages, **changes)
            return await ask("combine", {"question": task.question, "answers": _texts(seen)}, **changes)

        earlier = await together(propose(number, model) for number, model in enumerate(models, 1))
        ask.so_far(earlier[0].text)
    useful = [reply for reply in earlier if reply.text.strip()]
    for reply in earlier:
        if reply not in useful:
            ask.mark(reply, state="empty")
    if useful:
        final = await ask("combine", {"question": task.question, "answers": _texts(useful)}, label="combine")
    else:
        final = await ask(task.messages, label="combine")
    return ask.answer(final.text, extracted=extracted_in(final.text, answer), answers=str(len(useful)))


def _texts(replies: list[Reply] | tuple[Reply, ...]) -> list[dict[str, str]]:
    return [{"text": reply.text.strip()} for reply in replies if reply.text.strip()]
