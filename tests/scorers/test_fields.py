"""JSON compared field by field."""

from __future__ import annotations

import json

import pytest

from playground.scorers import check_problem, score
from playground.types.prompt import Check
from playground.types.scores import Sample

WANTED = {"city": "Oslo", "people": 3, "tags": ["a", "b"], "sender": {"name": "Bo", "paid": True}}


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (WANTED, 1.0),
        (WANTED | {"city": " OSLO "}, 1.0),
        (WANTED | {"people": 3.0}, 1.0),
        (WANTED | {"people": "3"}, 5 / 6),
        (WANTED | {"extra": 1}, 1.0),
        (WANTED | {"sender": {"name": "Bo"}}, 5 / 6),
        (WANTED | {"sender": None}, 4 / 6),
        (WANTED | {"sender": {"name": "Bo", "paid": 1}}, 5 / 6),
        (WANTED | {"tags": ["b", "a"]}, 4 / 6),
        (WANTED | {"tags": ["a", "b", "c"]}, 6 / 7),
        ([], 0.0),
        ("Oslo", 0.0),
    ],
)
def test_each_expected_field_counts_the_same(answer: object, value: float) -> None:
    check = Check(scorer="json_fields", options={"expected": json.dumps(WANTED)})
    assert score(check, Sample(json.dumps(answer))).value == pytest.approx(value)


def test_the_json_may_stand_in_other_text_and_the_sentence_names_what_is_wrong() -> None:
    check = Check(scorer="json_fields", options={"expected": '{"city": "Oslo", "year": 1990}'})
    found = score(check, Sample('Here you are:\n```json\n{"city": "Bergen"}\n```\nAnything else?'))
    assert found.value == 0.0
    assert found.explanation == '0 of 2 fields right: $.city is "Bergen", not "Oslo"; $.year is missing'
    assert score(check, Sample('Sure! {"city": "Oslo", "year": 1990} as asked')).value == 1.0
    assert score(check, Sample("no JSON at all")).value == 0.0


def test_fields_that_nobody_asked_for_can_be_wrong() -> None:
    check = Check(scorer="json_fields", options={"expected": '{"a": 1}', "further_fields": "wrong"})
    assert score(check, Sample('{"a": 1, "b": 2}')).value == 0.5


def test_what_is_expected_comes_from_the_case() -> None:
    check = Check(scorer="json_fields", options={"expected": "{{ expected }}"})
    assert check_problem(check) is None
    for given in ({"a": "é"}, '{"a": "é"}'):
        assert score(check, Sample('{"a": "É"}', values={"expected": given})).value == 1.0
    assert score(check, Sample("{}", values={"expected": "not JSON"})).value is None
    parts = Check(scorer="json_fields", options={"expected": '{"name": "{{ name }}", "age": {{ age }}}'})
    assert score(parts, Sample('{"name": "Bo", "age": 7}', values={"name": "Bo", "age": "7"})).value == 1.0
    assert "must be JSON" in (
        check_problem(Check(scorer="json_fields", options={"expected": "{a: 1}"})) or ""
    )
