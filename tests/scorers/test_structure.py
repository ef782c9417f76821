"""Tables for the scorers that read the answer as data, hostile answers and schemas included."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from playground.scorers import check_problem, score
from playground.types.generation import Finish
from playground.types.prompt import Check
from playground.types.scores import Sample, Score

PERSON = {
    "type": "object",
    "properties": {"age": {"type": "integer"}, "tags": {"type": "array", "uniqueItems": True}},
    "required": ["age"],
    "additionalProperties": False,
}


def judged(scorer: str, answer: str, finish: Finish = "stop", **options: Any) -> Score:
    return score(Check(scorer=scorer, options=options), Sample(answer, finish))


def doubling_schema(levels: int) -> dict[str, Any]:
    """Each definition refers twice to the next: 2**levels visits."""
    definitions: dict[str, Any] = {
        f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(levels)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**definitions, f"d{levels}": {}}}


@pytest.mark.parametrize(
    ("answer", "value", "explanation"),
    [
        (' {"a": [1, null]}\n', 1, "valid JSON"),
        ("17", 1, "valid JSON"),
        ("", 0, "the answer is empty"),
        ("Here: {}", 0, 'not valid JSON: it starts with "Here: {}"'),
        ('{"a": }', 0, "not valid JSON at line 1, column 7: a value is missing or misspelt"),
        ("{} {}", 0, "not valid JSON at line 1, column 4: something follows after the end"),
        ("```json\n{}\n```", 0, "JSON is wrapped in a code fence"),
        ("```\nnot json\n```", 0, 'not valid JSON: it starts with "``` not json ```"'),
        ('{"a": 1, "a": 2}', 0, 'the key "a" appears twice in one object'),
        ('{"a": NaN}', 0, "NaN is not a JSON number"),
        ("-Infinity", 0, "-Infinity is not a JSON number"),
        ("[" * 1_000_000, 0, "nested too deeply to be read as JSON"),
        ("9" * 1_000_000, 0, "holds a number with too many digits"),
        ('{"a\ud800": 1, "a\ud800": 1}', 0, 'the key "a?" appears twice in one object'),
    ],
)
def test_json_says_whether_the_whole_answer_is_one_value(answer: str, value: float, explanation: str) -> None:
    result = judged("json", answer)
    assert (result.value, result.explanation) == (value, explanation)


def test_a_code_fence_can_be_allowed_and_its_inside_is_what_was_looked_at() -> None:
    result = judged("json", '```json\n{"a": 1}\n```', allow_fence=True)
    assert (result.value, result.answer) == (1, '{"a": 1}')


@pytest.mark.parametrize(
    ("answer", "looked_at"),
    [
        ('Here you go:\n```json\n{"a":1}\n```', '{"a":1}'),
        ("```JSON\r\n[1]\r\n```\nI hope that helps.", "[1]"),
        ('~~~\n{"a": 1}\n~~~', '{"a": 1}'),
        ('Sure: ```json {"a": 1}```', '{"a": 1}'),
        ('First:\n```python\nprint({})\n```\nthen\n```json\n{"a": 1}\n```\n', '{"a": 1}'),
        ('```json\n{"a": "```"}\n```', '{"a": "```"}'),
        ('Here:\n```json\n{"a": 1}', '{"a": 1}'),
        ('\ufeff{"a": 1}\u200b', '{"a": 1}'),
    ],
)
def test_a_fence_may_stand_after_a_sentence_and_before_one(answer: str, looked_at: str) -> None:
    result = judged("json", answer, allow_fence=True)
    assert (result.value, result.answer) == (1, looked_at)
    assert judged("json_schema", answer, allow_fence=True, schema={"type": ["object", "array"]}).value == 1


@pytest.mark.parametrize(
    ("answer", "options", "explanation"),
    [
        ("Here:\n```json\n{}\n```", {}, "JSON stands beside other text in a code fence"),
        ("~~~json\n{}\n~~~", {}, "JSON is wrapped in a code fence"),
        ("A:\n```json\n{'a': 1}\n```", {"allow_fence": True}, "not valid JSON at line 1, column 2: "),
        ("A:\n```\nls\n```", {"allow_fence": True}, 'not valid JSON: it starts with "ls"'),
        ("A: {}", {"allow_fence": True}, 'not valid JSON: it starts with "A: {}"'),
        (
            "```json\n{} {}\n```",
            {"allow_fence": True},
            "not valid JSON at line 1, column 4: something follows after the end",
        ),
    ],
)
def test_what_a_fence_lacks_to_be_json_is_said(
    answer: str, options: dict[str, Any], explanation: str
) -> None:
    result = judged("json", answer, **options)
    assert result.value == 0
    assert result.explanation.startswith(explanation)


@pytest.mark.parametrize(
    ("answer", "value", "explanation"),
    [
        ('So {"a": [1]}, as asked.', 1, 'found JSON {"a": [1]}'),
        ("```json\n[1, 2]\n```", 1, "found JSON [1, 2]"),
        ("The set {1, 2} is [3, 4].", 1, "found JSON [3, 4]"),
        ("{}", 1, "found JSON {}"),
        ("[7]", 1, "found JSON [7]"),
        (
            "So it is[1], see [2](https://a.example) and [3]: b",
            0,
            "there is no JSON object or list in the answer",
        ),
        ("- [ ] buy milk\n- [x] eat", 0, "there is no JSON object or list in the answer"),
        ("17", 0, "there is no JSON object or list in the answer"),
        ("", 0, "there is no JSON object or list in the answer"),
        ("{'a': 1}", 0, "there is no JSON object or list in the answer"),
        ('So {"a": 1, "a": 2}', 0, 'the key "a" appears twice in one object'),
        ('So {"a": NaN}', 0, "NaN is not a JSON number"),
        ('So {"a": NaN}, no: {"a": 1}', 1, 'found JSON {"a": 1}'),
    ],
)
def test_json_is_found_anywhere_in_an_answer(answer: str, value: float, explanation: str) -> None:
    result = judged("contains_json", answer)
    assert (result.value, result.explanation) == (value, explanation)


@pytest.mark.parametrize(
    ("answer", "value", "explanation"),
    [
        ('First {"age": "x"}, then {"age": 7}.', 1, 'found JSON that matches the schema: {"age": 7}'),
        ('First {"age": "x"}, then {}.', 0, "$.age: 'x' is not of type 'integer'"),
        ("Nothing.", 0, "there is no JSON object or list in the answer"),
    ],
)
def test_one_of_the_values_in_an_answer_must_match_the_schema(
    answer: str, value: float, explanation: str
) -> None:
    result = judged("contains_json", answer, schema=PERSON)
    assert (result.value, result.explanation) == (value, explanation)


def test_json_that_was_cut_is_not_contained_and_whole_json_before_the_cut_is() -> None:
    cut = judged("contains_json", 'So {"a": 1', "length")
    assert (cut.value, cut.explanation) == (
        0,
        "there is no JSON object or list in the answer, it was cut at the token limit",
    )
    assert judged("contains_json", 'So {"a": 1}, th', "length").value == 1


@pytest.mark.parametrize("answer", ["[" * 200_000, '{"a":' * 100_000, '["' * 200_000, "[1," * 100_000])
def test_brackets_that_never_close_are_looked_at_for_two_seconds_at_most(answer: str) -> None:
    began = time.process_time()  # a busy machine does not count
    assert judged("contains_json", answer).value in (0, None)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("scorer", ["json", "json_schema"])
@pytest.mark.parametrize("answer", ['{"age": 1', "12", ""])
def test_json_cut_at_the_token_limit_says_so(scorer: str, answer: str) -> None:
    options: dict[str, Any] = {"schema": {}} if scorer == "json_schema" else {}
    result = judged(scorer, answer, "length", **options)
    assert (result.value, result.explanation) == (0, "cut at the token limit, so not valid JSON")


def test_an_object_that_closed_just_before_the_limit_is_whole() -> None:
    assert judged("json", '{"age": 1}', "length").value == 1


@pytest.mark.parametrize(
    ("answer", "value", "explanation"),
    [
        ('{"age": 7}', 1, "matches the schema"),
        ('{"age": "x"}', 0, "$.age: 'x' is not of type 'integer'"),
        ("{}", 0, "$: 'age' is a required property"),
        ('{"age": 7, "b": 1}', 0, '$: the key "b" is not in the schema'),
        ('{"age": 7, "tags": [1, true, "1"]}', 1, "matches the schema"),
        ('{"age": 7, "tags": [{"a": 1}, {"a": 1.0}]}', 0, '$.tags: "{"a": 1.0}" appears twice in a list'),
        ("{", 0, "not valid JSON at line 1, column 2: a key in double quotes is missing"),
    ],
)
def test_json_schema_names_the_place_that_does_not_match(answer: str, value: float, explanation: str) -> None:
    result = judged("json_schema", answer, schema=PERSON)
    assert (result.value, result.explanation) == (value, explanation)


@pytest.mark.parametrize(
    ("schema", "answer", "value"),
    [
        ({"patternProperties": {"^n": {"type": "number"}}, "additionalProperties": False}, '{"n1": 1}', 1),
        ({"patternProperties": {"^n": {"type": "number"}}, "additionalProperties": False}, '{"m": 1}', 0),
        ({"patternProperties": {"^n": {"type": "number"}}}, '{"n1": "x"}', 0),
        ({"additionalProperties": {"type": "number"}}, '{"a": 1, "b": "x"}', 0),
        ({"pattern": r"^\p{Lu}"}, '"Élan"', 1),
        ({"pattern": r"^\p{Lu}"}, '"élan"', 0),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "number"}}}, "1", 1),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "null"}, "null", 1),
        ('{"type": "integer"}', "1.5", 0),
        (False, "1", 0),
    ],
)
def test_keywords_that_were_made_to_stop_still_mean_what_the_draft_says(
    schema: Any, answer: str, value: float
) -> None:
    assert judged("json_schema", answer, schema=schema).value == value


@pytest.mark.parametrize(
    ("schema", "answer", "explanation"),
    [
        ({"pattern": "^(a|aa)+$"}, '"' + "a" * 60 + '!"', "the schema took longer than 1 s"),
        (doubling_schema(40), "1", "the schema took longer than 1 s"),
        (
            {**doubling_schema(40), "$schema": "http://json-schema.org/draft-07/schema#"},
            "1",
            "the schema took longer than 1 s",
        ),
        ({"$ref": "#"}, "1", "the schema or the answer is too deeply nested to compare"),
    ],
)
def test_a_schema_that_explodes_is_stopped_and_does_not_apply(
    schema: Any, answer: str, explanation: str
) -> None:
    result = judged("json_schema", answer, schema=schema)
    assert (result.value, result.explanation) == (None, f"does not apply: {explanation}")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (
            {"type": "objec"},
            'The schema is not valid at $.type: "objec" is no type; types are string, number,',
        ),
        ({"properties": {"a": {"minimum": "x"}}}, "The schema is not valid at $.properties.a.minimum"),
        ({"$ref": "https://example.com/person.json"}, "leads outside the schema"),
        ({"items": {"$ref": "file:///etc/passwd"}}, "leads outside the schema"),
        ({"$ref": "#/$defs/missing"}, 'The reference "#/$defs/missing" leads nowhere.'),
        ({"pattern": "(a"}, "The pattern is not valid at character 3"),
        ({"patternProperties": {"(a": {}}}, "The pattern is not valid at character 3"),
        ({"patternProperties": {"a": {}}, "unevaluatedProperties": False}, 'Use "additionalProperties"'),
        ("{", "not valid JSON at line 1, column 2"),
        ("[" * 100_000, "not JSON that can be read"),
        ([1], "must be a JSON object"),
        (None, "is missing"),
    ],
)
def test_a_bad_schema_is_a_problem_of_the_check_not_a_zero(schema: Any, reason: str) -> None:
    problem = check_problem(Check(scorer="json_schema", options={"schema": schema}))
    assert problem is not None
    assert reason in problem


def test_a_schema_never_reaches_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was attempted")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    # The reference is found from the top of the schema, but not from the inner $id, which becomes its base.
    schema = {
        "$id": "https://example.com/a",
        "$defs": {"n": {}},
        "properties": {"b": {"$id": "https://example.com/b", "$ref": "#/$defs/n"}},
    }
    result = judged("json_schema", '{"b": 1}', schema=schema)
    assert (result.value, result.explanation) == (
        None,
        "does not apply: a reference in the schema leads nowhere",
    )
