"""Multimodal chain of thought: what in the picture matters, then the answer from picture and rationale. arXiv 2302.00923."""

from __future__ import annotations

from playground.errors import PlaygroundError
from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.reading import AnswerKind, answer_in
from playground.types.trace import Answer

HERE = "(the picture that comes with this message)"


async def multimodal_chain_of_thought(
    task: Task, ask: Ask, tools: Tools, *, answer: AnswerKind = "auto"
) -> Answer:
    """Two calls, both with the picture."""
    if not task.images:
        raise PlaygroundError("This technique looks at a picture, and the case has none.", "Add an image.")
    values = {"picture": HERE, "question": task.question}
    rationale = await ask("rationale", values, label="rationale")
    told = rationale.text.strip() or "(nothing)"
    reply = await ask("answer", {**values, "rationale": told}, label="answer", parent=rationale)
    found = answer_in(reply.text, answer)
    ask.mark(reply, extracted=found.text if found else "")
    return ask.answer(reply.text, extracted=found.text if found else None)
