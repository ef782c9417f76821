"""Chain of verification: an answer, questions that check it, each answered alone, then the answer again. arXiv 2309.11495.

Not in the Guide.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.calls import together
from playground.techniques.reading import AnswerKind, extracted_in, listed
from playground.types.trace import Answer


async def chain_of_verification(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    questions: Annotated[
        int, Field(ge=1, le=10, description="Questions that check the answer, at most.")
    ] = 3,
    answer: AnswerKind = "text",
) -> Answer:
    """Calls: 3 + the questions, which are asked at the same time and do not see the answer that they check."""
    first = await ask(task.messages, label="draft")
    ask.so_far(first.text)
    values = {"question": task.question, "answer": first.text}
    plan = await ask("plan", {**values, "count": questions}, label="plan", parent=first, brief=True)
    planned = listed(plan.text)[:questions]
    if not planned:  # nothing to check: the first answer stands
        ask.mark(plan, state="empty")
        reply = first
    else:

        async def checked(number: int, question: str) -> dict[str, str]:
            said = await ask(
                "verify", {"question": question}, label=f"verify {number}", parent=plan, brief=True
            )
            return {"question": question, "answer": said.text.strip()}

        found = await together(checked(number, each) for number, each in enumerate(planned, 1))
        reply = await ask("revise", {**values, "checks": found}, label="answer", parent=plan)
    return ask.answer(reply.text, extracted=extracted_in(reply.text, answer), checks=str(len(planned)))
