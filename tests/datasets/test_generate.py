"""Rows that a model writes."""

from __future__ import annotations

import json
import re

import pytest

from playground.datasets.generate import instructions, messages, read_row, schema
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


def test_a_model_is_spoken_to_in_the_language_of_the_rows() -> None:
    """A list of keys and English labels beside Chinese text do not make the data English."""
    chinese = [Row({"message": "快递什么时候到？单号 SF-12", "days": 2, "answer": "wait"})]
    told = instructions(COLUMNS, {"answer": ("wait", "refund")}, chinese)
    assert told == (
        "为这个数据集写一行新数据。\n它与示例同类，但讲另一种情形，仍用中文。\nanswer 是这一行其余内容的正确答案。\n"
        "answer 只能是其中之一：wait、refund。\n不要重复示例。"
    )
    system, asked = messages(COLUMNS, chinese, told)
    assert "JSON 回答" in system.content and not re.search("Answer with|Examples", asked.content)
    for rows in ([], [Row({"message": "Where is 快递 please, I ask again"})]):
        assert instructions(COLUMNS, {}, rows).startswith("Write one new row")
        assert "JSON only" in messages(COLUMNS, rows, "x")[0].content
