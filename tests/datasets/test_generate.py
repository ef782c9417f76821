"""Rows that a model writes."""

from __future__ import annotations

import json

import pytest

from playground.datasets.generate import messages, read_row, schema
from playground.errors import PromptError
from playground.types.dataset import Column, Row

COLUMNS = (Column(name="message"), Column(name="days", kind="number"), Column(name="answer", role="expected"))


@pytest.mark.parametrize(
    "text",
    [
        '{"message": "Hi", "days": 3, "answer": "wait"}',
        'Here it is:\n```json\n{"Message": "Hi", "days": "3", "answer": "wait", "extra": 1}\n```',
        '{broken {"message": "Hi", "days": 3.0, "answer": "wait"} and more',
    ],
)
def test_a_row_is_read_from_what_a_model_writes(text: str) -> None:
    assert read_row(text, COLUMNS) == {"message": "Hi", "days": 3, "answer": "wait"}


def test_a_value_of_another_kind_is_left_out() -> None:
    assert read_row('{"message": 5, "days": "soon"}', COLUMNS) == {"message": "5"}


@pytest.mark.parametrize("text", ["", "I cannot do that.", "[1, 2]", '{"other": 1}'])
def test_an_answer_without_a_row_is_said_to_be_one(text: str) -> None:
    with pytest.raises(PromptError):
        read_row(text, COLUMNS)


def test_the_model_is_shown_examples_and_asked_for_every_column() -> None:
    _, asked = messages(COLUMNS, [Row({"message": "Where?", "days": 2})], "Write an angry one.")
    assert asked.content.startswith("Write an angry one.")
    assert '{"message": "Where?", "days": 2, "answer": null}' in asked.content
    assert '"days" (number)' in asked.content
    assert json.loads(schema(COLUMNS, {"answer": ["wait"]}))["properties"]["answer"] == {"enum": ["wait"]}
