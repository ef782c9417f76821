"""Function calling: the model writes one JSON object a turn, a call of a function or its answer, held to a schema.

    {"function": "calculator", "arguments": {"expression": "3 * 4"}}   →  12
    {"answer": "12"}

The same loop on every backend: the schema goes along with the request, where a backend can hold an answer to one, and
what comes back is checked here all the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import jsonschema
from pydantic import Field
from referencing import Registry
from referencing.exceptions import Unresolvable

from playground.answers import json_parts
from playground.answers.wording import clip
from playground.errors import PromptError
from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tool, Tools
from playground.techniques.calls import BoundReached
from playground.techniques.reading import AnswerKind, extracted_in
from playground.techniques.tools import standard_tools
from playground.types.trace import Answer

_KEPT_CHARS = 1_000
_FORM = (
    'Write one JSON object: {"function": …, "arguments": {…}} to call a function, or {"answer": …} to end.'
)


class Turn(NamedTuple):
    """What the model wrote: a call, an answer, or neither, with what was wrong."""

    function: str = ""
    arguments: Mapping[str, Any] | None = None
    answer: str | None = None
    problem: str = ""


async def function_calling(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    turns: Annotated[int, Field(ge=1, le=30, description="Turns of the model at most.")] = 6,
    hold: Annotated[bool, Field(description="Hold what the model writes to the functions' schemas.")] = True,
    answer: AnswerKind = "text",
) -> Answer:
    """At most `turns` calls. A wrong call is answered with what is wrong; who never answers ends with "length"."""
    at_hand = await standard_tools(task, tools)
    schemas = {name: schema_of(tool) for name, tool in at_hand.items()}
    for name, schema in schemas.items():
        _check_schema(name, schema)
    told = "\n".join(
        json.dumps(
            {"function": tool.name, "takes": tool.takes, "arguments": schemas[name]}, ensure_ascii=False
        )
        for name, tool in at_hand.items()
    )
    held = json.dumps(turn_schema(schemas), ensure_ascii=False) if hold else None
    trace, last, taken = "", None, 0
    lead = ask.lead("step", "Result:")
    try:
        for taken in range(1, turns + 1):
            values = {"tools": told, "question": task.question, "trace": trace.strip()}
            # A text that is held to a schema ends by itself; a stop text might end it inside a string.
            free: dict[str, Any] = {} if held is None else {"stop": ()}
            last = await ask("step", values, label=f"turn {taken}", json_schema=held, **free)
            turn = read_turn(last.text, schemas)
            if turn.answer is not None:
                extracted = turn.answer if answer == "text" else extracted_in(turn.answer, answer)
                ask.mark(last, extracted=extracted, state="answer")
                return ask.answer(turn.answer, extracted=extracted, turns=f"{taken} of {turns}")
            if turn.problem:
                result = turn.problem
                ask.note("problem", turn.problem, parent=last, state="failed")
                ask.mark(last, state="malformed")
            else:
                result = await ask.use(
                    at_hand[turn.function], _input(schemas[turn.function], turn.arguments or {}), parent=last
                )
            trace += f"{' '.join(last.text.split())[:_KEPT_CHARS]}\n{lead}{' '.join(result.split())}\n"
    except BoundReached:
        if last is None:
            raise
    ask.is_bounded = True
    assert last is not None
    return ask.answer(last.text, extracted="", turns=f"{taken} of {turns}, no answer")


def schema_of(tool: Tool) -> Mapping[str, Any]:
    """The schema of a tool's arguments; one that has none takes its text as "input"."""
    return tool.schema or {
        "type": "object",
        "properties": {"input": {"type": "string", "description": tool.takes}},
        "required": ["input"],
        "additionalProperties": False,
    }


def turn_schema(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The schema of one turn: a call of one of the functions, or an answer."""
    calls = [
        {
            "type": "object",
            "properties": {"function": {"const": name}, "arguments": dict(schema)},
            "required": ["function", "arguments"],
            "additionalProperties": False,
        }
        for name, schema in schemas.items()
    ]
    end = {
        "type": "object",
        "properties": {"answer": {"type": "string"}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    return {"anyOf": [*calls, end]}


def read_turn(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Turn:
    """The call or the answer that stands in a text, its first object; what is wrong with it where it is neither."""
    found = _first_object(text)
    if found is None:
        return Turn(problem=f"That is no JSON object. {_FORM}")
    if "function" not in found:
        said = found.get("answer")
        if said is None or not str(said).strip():
            return Turn(problem=f'There is neither "function" nor "answer" in it. {_FORM}')
        return Turn(answer=said.strip() if isinstance(said, str) else json.dumps(said, ensure_ascii=False))
    name, arguments = found["function"], found.get("arguments", {})
    if not isinstance(name, str) or name not in schemas:
        return Turn(problem=f'There is no function "{clip(str(name))}". Functions: {", ".join(schemas)}.')
    if isinstance(arguments, str):  # some models were trained to write the arguments as a text of JSON
        arguments = _first_object(arguments) or arguments
    if not isinstance(arguments, Mapping):
        return Turn(problem=f'The "arguments" of {name} are no JSON object. {_FORM}')
    if problem := _problem(schemas[name], arguments):
        return Turn(problem=f"The arguments of {name} are wrong: {problem}")
    return Turn(name, arguments)


def _first_object(text: str) -> dict[str, Any] | None:
    try:
        value = json_parts.whole(text.strip())
        return value if isinstance(value, dict) else None
    except json_parts.NotJson:
        pass
    try:
        return next((part.value for part in json_parts.parts(text) if isinstance(part.value, dict)), None)
    except (json_parts.NotJson, TimeoutError):
        return None


def _check_schema(name: str, schema: Mapping[str, Any]) -> None:
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as exc:
        raise PromptError(
            f'The schema of the function "{name}" is wrong: {clip(exc.message)}.', "Correct it."
        ) from exc


def _problem(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """The first thing that is wrong, as a sentence; a `$ref` that leads elsewhere is never fetched."""
    validator = jsonschema.Draft202012Validator(schema, registry=Registry())
    try:
        error = next(
            iter(sorted(validator.iter_errors(arguments), key=lambda each: list(map(str, each.path)))), None
        )
    except Unresolvable as exc:
        return f"its schema points to {clip(str(exc))}, which is not there."
    if error is None:
        return ""
    place = ".".join(map(str, error.path))
    return f"{place + ': ' if place else ''}{clip(error.message, 200)}."


def _input(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """What a tool's `run` is given: its one text as it is, else the arguments as JSON."""
    properties = schema.get("properties", {})
    if len(properties) == 1:
        (name,) = properties
        if isinstance(arguments.get(name), str):
            return str(arguments[name])
    return json.dumps(arguments, ensure_ascii=False)
