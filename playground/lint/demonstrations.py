"""The labels that a prompt's solved cases show, in their order.

    user: "Great phone."   assistant: "positive"   user: "It broke."   assistant: "negative" …
    → Shown(("positive", "negative", …), turn=1)

Solved cases are earlier assistant turns, or the rows of a variable of kind `examples`. Free answers are no labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playground.types.prompt import Prompt

FEW = 4
"""Fewer solved cases have no balance or order to speak of."""
LABEL_CHARS = 40


@dataclass(frozen=True, slots=True)
class Shown:
    """Labels one after another: of the assistant turns from `turn` on (from 0), or of the variable `name`."""

    labels: tuple[str, ...]
    turn: int | None = None
    name: str = ""


def shown_labels(prompt: Prompt, values: Mapping[str, Any]) -> Iterator[Shown]:
    """The labels of the turns, then those of each variable; nothing where answers are free text."""
    turns = [n for n, turn in enumerate(prompt.turns) if turn.role == "assistant" and turn.template.strip()]
    if turns and turns[-1] == len(prompt.turns) - 1:
        turns.pop()  # a prefill
    # Reasoning may come first: the label is the last line.
    lines = [prompt.turns[n].template.strip().rpartition("\n")[2].strip().casefold() for n in turns]
    if _are_labels(lines):
        yield Shown(tuple(lines), turns[0])
    for field in prompt.inputs:
        rows = rows_of(value_of(prompt, values, field.name)) if field.kind == "examples" else []
        if labels := _label_column(rows):
            yield Shown(tuple(labels), name=field.name)


def value_of(prompt: Prompt, values: Mapping[str, Any], name: str) -> Any:
    """The value on screen, else the declared example or default, else None."""
    if values.get(name) not in (None, "", []):
        return values[name]
    field = next((field for field in prompt.inputs if field.name == name), None)
    return None if field is None else field.default if field.example is None else field.example


def rows_of(value: Any) -> list[dict[str, Any]]:
    """The value as rows with columns, empty when it is anything else."""
    rows = value if isinstance(value, list) else []
    return rows if rows and all(isinstance(row, dict) and row for row in rows) else []


def _are_labels(texts: Sequence[str]) -> bool:
    """Whether these look like labels: short, and each in use more than once on average."""
    if len(texts) < FEW or not all(0 < len(text) <= LABEL_CHARS for text in texts):
        return False
    return len(set(texts)) <= len(texts) // 2


def _label_column(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The values of the column with few distinct ones, beside one where all differ; empty when there is none."""
    keys = [key for key in rows[0] if all(key in row for row in rows)] if rows else []
    columns = [[str(row[key]).strip().casefold() for row in rows] for key in keys]
    # Without an input that differs in every row these are no solved cases: edges of a graph, say.
    if not any(len(set(column)) == len(rows) for column in columns):
        return []
    # One value all along is a label only where nothing else can be; beside others it may be a language or a source.
    fitting = [c for c in columns if _are_labels(c) and (len(set(c)) > 1 or len(columns) == 2)]
    return min(fitting, key=lambda column: len(set(column)), default=[])
