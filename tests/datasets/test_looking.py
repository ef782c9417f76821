"""What a typed filter lets through."""

from __future__ import annotations

from typing import Any

import pytest

from playground.datasets.cell import read_cell
from playground.datasets.looking import Term, filter_by, matches, read_filter, to_text, words
from playground.errors import PromptError
from playground.types.dataset import Column, Row

COLUMNS = (
    Column(name="message"),
    Column(name="days late", kind="number"),
    Column(name="channel", role="tag"),
    Column(name="tags", kind="list"),
)
ROW = Row(
    {"message": "Where is my Kettle: 2 days?", "days late": 7, "channel": "email", "tags": ["new"]},
    "train",
    made_by="ollama:x",
    number=47,
)


@pytest.mark.parametrize(
    ("text", "lets_through"),
    [
        ("", True),
        ("kettle where", True),
        ('"my kettle"', True),
        ("kettle teapot", False),
        ("-teapot", True),
        ('"days late":>5', True),
        ('"Days Late":>=7.0', True),
        ('"days late":<7', False),
        ('"days late":=7.00', True),
        ('"days late":>five', False),
        ("channel:=mail", False),
        ("channel:mail", True),
        ("channel:!=phone", True),
        ("channel:", False),
        ("-channel:", True),
        ("tags:new", True),
        ("kettle: ", True),
        ("unknown:word", False),
        ("row:3,47", True),
        ("row:4", False),
        ("-row:4", True),
        ("is:generated", True),
        (">5", False),
    ],
)
def test_a_filter_lets_a_row_through(text: str, lets_through: bool) -> None:
    assert matches(ROW, read_filter(text, COLUMNS)) is lets_through


def test_what_is_asked_for_is_told_in_words() -> None:
    asked = read_filter('"days late":>50 channel: -refund row:3,4', COLUMNS)
    assert words(asked) == "days late over 50 and channel empty and no “refund” and the number 3, 4"


@pytest.mark.parametrize(
    "text",
    [
        '"days late":>5',
        "-channel:=email",
        "channel:",
        '"two ""quoted"" words"',
        "row:1,2 -is:generated",
        '"-a"',
    ],
)
def test_a_filter_reads_back_from_its_text(text: str) -> None:
    asked = read_filter(text, COLUMNS)
    assert read_filter(to_text(asked), COLUMNS) == asked


@pytest.mark.parametrize("value", ["email", 'a "b": c', 5, 5.5, None, "", ["new"], ">5", True])
def test_the_filter_for_a_value_finds_its_row(value: Any) -> None:
    row = Row({"days late": value} if value is not None else {})
    (term,) = read_filter(filter_by("days late", value), COLUMNS)
    assert isinstance(term, Term) and term.matches(row)
    assert not term.matches(Row({"days late": "another"}))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("39.9", "number", 39.9),
        (" 12 ", "number", 12),
        ("", "number", None),
        ("", "text", None),
        (" two ", "text", " two "),
        ("Yes", "boolean", True),
        ("a, b", "list", ["a", "b"]),
        ('{"a": 1}', "json", {"a": 1}),
    ],
)
def test_a_typed_cell_is_a_value_of_its_column(text: str, kind: str, value: Any) -> None:
    assert read_cell(text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("drei", "number"),
        ("nan", "number"),
        ("maybe", "boolean"),
        ("{", "json"),
        ("[1,", "list"),
        ("[NaN]", "json"),
    ],
)
def test_a_cell_that_is_no_such_value_is_refused_by_name(text: str, kind: str) -> None:
    with pytest.raises(PromptError) as refused:
        read_cell(text, kind)
    assert f'"{text}"' in refused.value.message
