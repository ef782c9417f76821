"""A new row that a model writes: what it is asked, and how its answer is read.

    messages(columns, examples, "Write an angry one.")  →  [system, user]
    read_row('{"message": "…", "days_late": 3}', columns)  →  {"message": "…", "days_late": 3}

One row at a time: a person reads each before it is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from playground.datasets.cell import cell_text, is_empty, read_cell
from playground.errors import PromptError
from playground.types.dataset import Column, Row
from playground.types.generation import Message

MOST_EXAMPLES = 5
EXAMPLE_CHARS = 1_200
_SHOWN_CHARS = 120
_TYPES: dict[str, Any] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "list": {"type": "array"},
    "json": {},
}


class Wording(NamedTuple):
    """What is said to the model, in one language."""

    row: str
    alike: str
    expected: str
    one_of: str
    between: str
    anew: str
    role: str
    examples: str
    form: str


ENGLISH = Wording(
    "Write one new row for this data set.",
    "It is of the same kind as the examples, about another situation, in the same language.",
    "{} is the right answer for the rest of the row.",
    "{} is one of: {}.",
    ", ",
    "Do not repeat an example.",
    "You write test cases for prompts. You answer with JSON only.",
    "Examples, one a line:\n{}",
    "Answer with one JSON object on one line, with exactly these keys: {}. Nothing else.",
)
# A model goes on in the language that it is spoken to, whatever that says about languages.
CHINESE = Wording(
    "为这个数据集写一行新数据。",
    "它与示例同类，但讲另一种情形，仍用中文。",
    "{} 是这一行其余内容的正确答案。",
    "{} 只能是其中之一：{}。",
    "、",
    "不要重复示例。",
    "你为提示词编写测试用例，只用 JSON 回答。",
    "示例，每行一个：\n{}",
    "只回答一个 JSON 对象，写在一行里，键恰好是：{}。不要写别的。",
)


def wording(examples: Sequence[Row]) -> Wording:
    """The language that most of the rows' text is in; a Chinese character weighs as much as a word of letters."""
    text = "\n".join(value for row in examples for value in row.values.values() if isinstance(value, str))
    characters = len(re.findall("[\u3400-\u9fff]", text))
    return CHINESE if characters > 0 and characters >= len(re.findall("[A-Za-z]+", text)) else ENGLISH


def instructions(
    columns: Sequence[Column], choices: Mapping[str, Sequence[str]], examples: Sequence[Row] = ()
) -> str:
    """What a model is told unless a person words it otherwise; `choices` are columns with few values."""
    words = wording(examples)
    # Small models copy: they are told first what to keep, then what not to.
    lines = [words.row, words.alike]
    lines += [words.expected.format(column.name) for column in columns if column.role == "expected"][:1]
    lines += [words.one_of.format(name, words.between.join(values)) for name, values in choices.items()]
    return "\n".join([*lines, words.anew])


def messages(columns: Sequence[Column], examples: Sequence[Row], asked: str) -> tuple[Message, ...]:
    """The exchange that asks for one row."""
    words = wording(examples)
    names = words.between.join(f'"{column.name}" ({column.kind})' for column in columns)
    shown = "\n".join(_as_json(row, columns) for row in examples[:MOST_EXAMPLES])
    # The form last: small models follow what they have read last.
    parts = [asked.strip()]
    if shown:
        parts.append(words.examples.format(shown))
    parts.append(words.form.format(names))
    return (Message("system", words.role), Message("user", "\n\n".join(parts)))


def schema(columns: Sequence[Column], choices: Mapping[str, Sequence[str]]) -> str:
    """The JSON schema of a row, for backends that hold an answer to it."""
    properties = {
        column.name: {"enum": list(choices[column.name])} if choices.get(column.name) else _TYPES[column.kind]
        for column in columns
    }
    whole = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return json.dumps(whole)


def read_row(text: str, columns: Sequence[Column]) -> dict[str, Any]:
    """The values of the row that an answer holds; raises PromptError saying what it answered instead."""
    found = _object_in(text)
    if found is None:
        shown = " ".join(text.split())
        raise PromptError(
            f"The model wrote no row: “{shown[:_SHOWN_CHARS]}{'…' if len(shown) > _SHOWN_CHARS else ''}”",
            "Try again, say it more plainly in the instructions, or choose another model.",
        )
    names = {name.casefold(): value for name, value in found.items()}
    values = {}
    for column in columns:
        value = found.get(column.name, names.get(column.name.casefold()))
        if not is_empty(value) and (kept := _of_kind(value, column.kind)) is not None:
            values[column.name] = kept
    if not values:
        known = [column.name for column in columns]
        raise PromptError(
            "The model's row has none of the columns.",
            f"Try again; the columns are {', '.join(known)}.",
        )
    return values


def _of_kind(value: Any, kind: str) -> Any:
    """The value as the column takes it; None for one that it does not."""
    if kind == "text":
        return cell_text(value)
    try:
        return read_cell(cell_text(value), kind)
    except PromptError:
        return None


def _object_in(text: str) -> dict[str, Any] | None:
    """The first JSON object of a text, which may stand in a fence or between words."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            value, _ = decoder.raw_decode(text, at)
        except ValueError:
            at = text.find("{", at + 1)
            continue
        return value if isinstance(value, dict) else None
    return None


def _as_json(row: Row, columns: Sequence[Column]) -> str:
    values = {column.name: row.values.get(column.name) for column in columns}
    short = {
        name: value[:EXAMPLE_CHARS] if isinstance(value, str) else value for name, value in values.items()
    }
    return json.dumps(short, ensure_ascii=False)
