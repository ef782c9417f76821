"""Function calling: arguments held to their schema, whatever the backend could do about it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from playground.errors import PromptError
from playground.techniques.base import Tool, Tools
from playground.techniques.function_calling import schema_of, turn_schema
from playground.techniques.tools.calculator import calculator
from tests.techniques.scripted import play

CALL = '{"function": "calculator", "arguments": {"expression": "6 * 7"}}'
END = '{"answer": "42"}'
ROOM = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "nights": {"type": "integer", "minimum": 1}},
    "required": ["city", "nights"],
    "additionalProperties": False,
}


def book(schema: dict[str, Any] | None = None) -> Tools:
    async def run(text: str) -> str:
        return f"booked {text}"

    return {"book": Tool("book", "a city and nights", run, ROOM if schema is None else schema)}


async def test_calls_and_results_grow_until_it_answers() -> None:
    played = await play("function-calling", [CALL, END], "What is 6 × 7?")
    answer = played.answer
    assert (answer.text, answer.extracted, answer.finish, answer.calls) == ("42", "42", "stop", 2)
    assert dict(answer.facts) == {"turns": "2 of 6"}
    assert played.scripted.texts == [
        "Question: What is 6 × 7?",
        f"Question: What is 6 × 7?\n{CALL}\nResult: 42",
    ]
    assert [(step.label, step.kind, step.parent, step.state) for step in answer.steps] == [
        ("turn 1", "call", None, ""),
        ("calculator", "tool", 1, ""),
        ("turn 2", "call", None, "answer"),
    ]


async def test_the_schema_of_a_turn_goes_along_and_fits_calls_and_answers_only() -> None:
    played = await play("function-calling", [END], tools=book())
    assert played.calls[0].json_schema is not None
    schema = json.loads(played.calls[0].json_schema)
    valid = jsonschema.Draft202012Validator(schema).is_valid
    assert valid(json.loads(CALL)) and valid(json.loads(END))
    assert valid({"function": "book", "arguments": {"city": "Ulm", "nights": 2}})
    assert not valid({"function": "book", "arguments": {"city": "Ulm", "nights": 0}})
    assert not valid({"function": "cook", "arguments": {}})
    assert not valid({"answer": "a", "function": "book"})
    assert played.calls[0].sampling.stop == ()
    free = (await play("function-calling", [END], hold=False)).calls[0]
    assert (free.json_schema, free.sampling.stop) == (None, ("Result:",))


async def test_a_tool_gets_its_one_text_as_it_is_and_else_its_arguments_as_json() -> None:
    call = '{"function": "book", "arguments": {"city": "Ulm", "nights": 2}}'
    played = await play("function-calling", [call, END], tools=book())
    assert played.scripted.texts[1].endswith('Result: booked {"city": "Ulm", "nights": 2}')
    assert played.answer.steps[1].messages[0].content == '{"city": "Ulm", "nights": 2}'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "That is no JSON object."),
        ("I would use the calculator.", "That is no JSON object."),
        ("[1, 2]", "That is no JSON object."),
        ('{"function": "calculator"', "That is no JSON object."),
        ("{}", 'There is neither "function" nor "answer" in it.'),
        ('{"answer": ""}', 'There is neither "function" nor "answer" in it.'),
        ('{"function": "google", "arguments": {}}', 'There is no function "google". Functions: calculator, book.'),
        ('{"function": ["a"], "arguments": {}}', "There is no function"),
        ('{"function": "calculator"}', "The arguments of calculator are wrong: 'expression' is a required property."),
        ('{"function": "calculator", "arguments": [1]}', 'The "arguments" of calculator are no JSON object.'),
        (
            '{"function": "calculator", "arguments": {"expression": 5}}',
            "The arguments of calculator are wrong: expression: 5 is not of type 'string'.",
        ),
        (
            '{"function": "book", "arguments": {"city": "Ulm", "nights": 0}}',
            "The arguments of book are wrong: nights: 0 is less than the minimum of 1.",
        ),
    ],
)  # fmt: skip
async def test_a_wrong_call_is_answered_with_what_is_wrong(text: str, says: str) -> None:
    played = await play("function-calling", [text, END], tools=book())
    assert played.answer.text == "42"
    assert f"Result: {says}" in played.scripted.texts[1]
    assert played.answer.steps[0].state == "malformed"


@pytest.mark.parametrize(
    "text",
    [
        f"Sure:\n```json\n{CALL}\n```",
        f"{CALL}\n{END}",
        '{"function": "calculator", "arguments": "{\\"expression\\": \\"6 * 7\\"}"}',
    ],
)
async def test_a_call_is_read_wherever_it_stands_and_of_two_the_first(text: str) -> None:
    played = await play("function-calling", [text, END])
    assert played.answer.steps[1].output == "42"


async def test_an_answer_may_be_a_number_or_a_list() -> None:
    assert (await play("function-calling", ['{"answer": 42}'])).answer.text == "42"
    assert (await play("function-calling", ['{"answer": ["a"]}'])).answer.text == '["a"]'


async def test_a_model_that_never_answers_is_a_result_of_so_many_turns() -> None:
    played = await play("function-calling", [CALL] * 6)
    assert (played.answer.calls, played.answer.finish, played.answer.extracted) == (6, "length", "")
    played = await play("function-calling", [CALL] * 2, max_calls=2)
    assert (played.answer.calls, played.answer.finish) == (2, "length")


async def test_a_schema_that_is_none_is_named_before_a_call() -> None:
    with pytest.raises(PromptError, match='The schema of the function "book" is wrong'):
        await play("function-calling", [], tools=book({"type": "nonsense"}))


async def test_a_schema_that_points_elsewhere_is_never_fetched() -> None:
    call = '{"function": "book", "arguments": {"city": 1}}'
    elsewhere = {"type": "object", "properties": {"city": {"$ref": "http://127.0.0.1:9/schema.json"}}}
    played = await play("function-calling", [call, END], tools=book(elsewhere))
    assert "its schema points to" in played.scripted.texts[1]


def test_a_tool_without_a_schema_takes_its_text_as_input() -> None:
    plain = Tool("echo", "anything", calculator().run)
    assert schema_of(plain)["required"] == ["input"]
    assert len(turn_schema({"echo": schema_of(plain)})["anyOf"]) == 2
