"""ReAct: a thought, an action, what came of it, until the model says that it is finished. arXiv 2210.03629.

Thought: I must find the tallest tree.
Action: search[tallest tree]
Observation: [3] The tallest tree is an oak, 31 metres high.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import regex
from pydantic import Field

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.calls import BoundReached
from playground.techniques.reading import AnswerKind, extracted_in
from playground.techniques.tools import standard_tools
from playground.types.trace import Answer

FINISH = "finish"
OBSERVATION = "Observation:"
_INVENTED = regex.compile(r"(?:Observation|观察(?:结果)?)\s*[:：].*", regex.DOTALL | regex.IGNORECASE)
_ACTION = regex.compile(r"^[*_\s]*(?:Action|行动|动作)\s*\d*\s*[:：][*_\s]*(?P<rest>[^\n]*)", regex.MULTILINE | regex.IGNORECASE)  # fmt: skip
_CALL = regex.compile(r"(?P<name>[^\s\[\](){}:]{1,64})\s?(?:\[(?P<input>.*)\]|\[(?P<open>.*))")
_KEPT_CHARS = 1_000


class Action(NamedTuple):
    """A tool and its input, and the text up to there. `rule` says what was wrong instead; then there is no tool."""

    text: str
    tool: str = ""
    input: str = ""
    rule: str = ""
    has_more: bool = False


async def react(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    steps: Annotated[int, Field(ge=1, le=30, description="Thoughts and actions at most.")] = 6,
    answer: AnswerKind = "text",
) -> Answer:
    """At most `steps` calls. A malformed action is answered with the rule; who never finishes ends with "length"."""
    at_hand = await standard_tools(task, tools)
    named = [*at_hand, FINISH]
    told = "\n".join(
        [*(f"{tool.name}[{tool.takes}]" for tool in at_hand.values()), f"{FINISH}[the answer]: ends with it"]
    )
    trace, last, taken = "", None, 0
    lead = ask.lead("step", OBSERVATION)
    try:
        for taken in range(1, steps + 1):
            values = {"tools": told, "question": task.question, "trace": trace.strip()}
            last = await ask("step", values, label=f"think {taken}")
            action = read_action(last.text, named)
            if action.tool == FINISH:
                extracted = action.input if answer == "text" else extracted_in(action.input, answer)
                ask.mark(last, extracted=extracted, state="answer")
                return ask.answer(action.input, extracted=extracted, steps=f"{taken} of {steps}")
            if action.rule:
                observation = action.rule
                ask.note("rule", action.rule, parent=last, state="failed")
                ask.mark(last, state="malformed")
            else:
                if action.has_more:
                    ask.mark(last, state="first action only")
                observation = await ask.use(at_hand[action.tool], action.input, parent=last)
            trace += f"{action.text}\n{lead}{' '.join(observation.split())}\n"
    except BoundReached:
        if last is None:
            raise
    ask.is_bounded = True
    assert last is not None
    return ask.answer(last.text, extracted="", steps=f"{taken} of {steps}, no {FINISH}")


def read_action(text: str, named: list[str]) -> Action:
    """The first action of a step; what the model wrote after it, and every observation of its own, is left out."""
    text = _INVENTED.sub("", text).strip()
    form = f'Write one line "Action: tool[input]" with one of: {", ".join(named)}.'
    found = list(_ACTION.finditer(text))
    if not found:
        return Action(text[:_KEPT_CHARS], rule=f"There is no action. {form}")
    kept = text[: found[0].end()].strip()[-_KEPT_CHARS:]
    call = _CALL.match(found[0]["rest"].strip().strip("`"))
    if call is None:
        return Action(kept, rule=f"The action has no input in square brackets. {form}")
    name = next((each for each in named if each.casefold() == call["name"].casefold()), "")
    given = (call["input"] if call["input"] is not None else call["open"]).strip()
    if not name:
        return Action(kept, rule=f'There is no tool "{call["name"]}". {form}')
    if not given:
        return Action(kept, rule=f"The brackets of {name} are empty. {form}")
    return Action(kept, name, given, has_more=len(found) > 1)
