"""ART: a program written line by line after solved ones, paused at each tool call to put its result in. arXiv 2303.09014.

step 1: count all eggs
calculator: 4 * 12
result: 48            ← put in; then the model goes on
answer: 48
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import regex
from pydantic import Field

from playground.errors import PromptError
from playground.techniques.art_tasks import TASKS
from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.calls import BoundReached
from playground.techniques.reading import AnswerKind, extracted_in
from playground.techniques.tools import standard_tools
from playground.techniques.tools.search import Bm25
from playground.types.trace import Answer

_LINE = regex.compile(r"^[\s*`_-]*(?P<name>[^\s:：]{1,40})[*`_]*\s*[:：][\s`]*(?P<input>.*?)[\s`]*$")
_ANSWER = ("answer", "答案")
_RESULT = ("result", "结果")


class Pause(NamedTuple):
    """The program up to where it stops, and why: a tool with its input, an answer, or neither."""

    program: str
    tool: str = ""
    input: str = ""
    answer: str | None = None


async def art(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    demonstrations: Annotated[
        int, Field(ge=0, le=6, description="Solved tasks that are shown, the nearest.")
    ] = 2,
    tool_calls: Annotated[int, Field(ge=0, le=30, description="Tool calls at most.")] = 8,
    library: Annotated[
        list[dict[str, str]] | None,
        Field(
            description='Solved tasks of your own: [{"task": …, "program": …}]; else those that are shipped.'
        ),
    ] = None,
    answer: AnswerKind = "text",
) -> Answer:
    """One call and one more for each tool call; a program without an answer ends with its last line."""
    at_hand = await standard_tools(task, tools)
    told = "\n".join(f"{tool.name}: {tool.takes}" for tool in at_hand.values())
    shown = nearest_tasks(task.question, _checked(library), demonstrations)
    progress, used, last = "", 0, None
    lead = ask.lead("program", "result:")
    try:
        while True:
            values = {"tools": told, "examples": shown, "task": task.question, "progress": progress.strip()}
            last = await ask("program", values, label=f"write {used + 1}")
            pause = read_program(last.text, list(at_hand))
            progress += pause.program + "\n"
            ask.so_far(progress.strip(), "")
            if not pause.tool:
                break
            if used == tool_calls:
                ask.is_bounded = True
                ask.mark(last, state="one tool call too many")
                return ask.answer(progress.strip(), extracted="", tools=f"{used} used")
            used += 1
            result = await ask.use(at_hand[pause.tool], pause.input, parent=last)
            progress += f"{lead}{' '.join(result.split())}\n"
    except BoundReached:
        if last is None:
            raise
        return ask.answer(progress.strip(), extracted="", tools=f"{used} used")
    said = pause.answer
    if said is None:
        ask.mark(last, state="no answer line")
        said = pause.program.strip().rpartition("\n")[2]
    extracted = said if answer == "text" else extracted_in(said, answer)
    ask.mark(last, extracted=extracted, state=None if pause.answer is None else "answer")
    return ask.answer(progress.strip(), extracted=extracted, tools=f"{used} used")


def read_program(text: str, tools: Sequence[str]) -> Pause:
    """What was written up to the first tool call or answer; results that the model made up itself are left out."""
    kept: list[str] = []
    for line in text.strip().splitlines():
        match = _LINE.match(line)
        name = match["name"].strip("*`_").casefold() if match else ""
        if name in _RESULT:
            continue
        if not line.strip() or line.strip().startswith("```"):
            continue
        kept.append(line.strip())
        if match and match["input"]:
            if name in _ANSWER:
                return Pause("\n".join(kept), answer=match["input"])
            if tool := next((each for each in tools if each.casefold() == name), ""):
                return Pause("\n".join(kept), tool, match["input"])
    return Pause("\n".join(kept))


def nearest_tasks(question: str, library: Sequence[Mapping[str, str]], count: int) -> list[dict[str, str]]:
    """The solved tasks most like the question; where none is, the first ones."""
    ranked = Bm25([task["task"] for task in library]).ranked(question)
    places = [*ranked, *(place for place in range(len(library)) if place not in ranked)][:count]
    return [dict(library[place]) for place in places]


def _checked(library: Any) -> Sequence[Mapping[str, str]]:
    if library is None:
        return TASKS
    for task in library:
        if not task.get("task", "").strip() or not task.get("program", "").strip():
            raise PromptError(
                'A solved task of the option "library" lacks its "task" or its "program".', "Write both."
            )
    return list(library)
