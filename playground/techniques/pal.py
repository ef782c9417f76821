"""PAL, program-aided language models: the model writes Python, it runs in the sandbox, what it prints is the answer.

arXiv 2211.10435. Needs the tool `python`, which is there where the sandbox is switched on.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from playground.errors import PromptError
from playground.sandbox.run import level_here
from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.calls import BoundReached
from playground.techniques.reading import AnswerKind, extracted_in
from playground.techniques.tools.python import NAME, SECONDS, code_of
from playground.types.trace import Answer

NO_PROGRAM = "There is no Python program in the answer."


async def pal(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    retries: Annotated[
        int, Field(ge=0, le=10, description="Further programs where one fails or prints nothing.")
    ] = 0,
    answer: AnswerKind = "text",
) -> Answer:
    """One call and its program; one more of each a retry.

    A fact of the answer names the level that the programs were held at. Without a printed value the answer is what became of the program, and nothing is extracted.
    """
    if NAME not in tools:
        raise PromptError(
            "PAL needs the sandbox for code, which is off.", "Start the playground with --sandbox."
        )
    seen, program, tried = "", "", 0
    for tried in range(1, retries + 2):
        try:
            if tried == 1:
                reply = await ask("program", {"question": task.question}, label="program")
            else:
                values = {"question": task.question, "program": program, "observation": seen}
                reply = await ask("again", values, label=f"program {tried}", seed=ask.seed(tried - 1))
        except BoundReached:
            if tried == 1:
                raise
            tried -= 1
            break
        code = code_of(reply.text)
        program = code or reply.text
        if not code:
            seen = NO_PROGRAM
            ask.note("no program", seen, parent=reply, state="failed")
            ask.mark(reply, state="failed")
            continue
        seen = await ask.use(tools[NAME], code, parent=reply, seconds=SECONDS)
        run = ask.steps[-1]
        if run.state != "failed":
            ask.mark(reply, state="answer")
            value = seen.strip().splitlines()[-1].strip() if answer == "text" else extracted_in(seen, answer)
            ask.mark(run, extracted=value)
            held = (await level_here()).name
            return ask.answer(seen, extracted=value, programs=f"{tried} of {retries + 1}", sandbox=held)
        ask.mark(reply, state="failed")
    return ask.answer(seen, programs=f"{tried} of {retries + 1}, none printed an answer")
