"""Inputs and cases for formats that know variables only by their test rows.

inputs (review: example "Dull.")  →  rows [{"review": "Dull."}]  →  inputs (review: example "Dull.")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from playground.formats.properties import kind_of_value
from playground.scorers import check_name
from playground.types.prompt import Check, Input, Prompt, example_values


def guessed(name: str, value: Any) -> Input:
    """The input that a variable with this value (None for none) is read as."""
    kind = "long_text" if isinstance(value, str) and "\n" in value else kind_of_value(value)
    return Input(name=name, kind=kind, example=value)


def read_inputs(names: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> tuple[Input, ...]:
    """An input for each variable, in order, with its value in the first row as the example."""
    first = next(iter(rows), {})
    return tuple(guessed(name, first.get(name)) for name in names)


def rows_of(prompt: Prompt, losses: list[str]) -> list[dict[str, Any]]:
    """The prompt's cases; the examples (else defaults) of its inputs come first unless the first case holds them."""
    rows = [dict(row) for row in prompt.cases]
    first = example_values(prompt)
    if first and not (rows and _shows(rows[0], first)):
        rows.insert(0, first)
        losses.append("cases: the example values of the variables become the first row")
    return rows


def checks_of(prompt: Prompt, rows: Sequence[Mapping[str, Any]], losses: list[str]) -> tuple[Check, ...]:
    """The checks for a format in which each counts for all rows: those of the example only where it is the one row."""
    example = example_values(prompt)
    is_alone = len(rows) == 1 and _shows(rows[0], example)
    for check in prompt.checks:
        if check.example:
            what = "counts for any values there" if is_alone else "left out, it is of the example values only"
            losses.append(f"checks: {check_name(check)}: {what}")
    return tuple(check for check in prompt.checks if is_alone or not check.example)


def _shows(row: Mapping[str, Any], example: Mapping[str, Any]) -> bool:
    return all(row.get(name) == value for name, value in example.items())


def input_losses(prompt: Prompt, names: Iterable[str], rows: list[dict[str, Any]]) -> list[str]:
    """What a reader of `names` and `rows` would not know of the declared inputs."""
    read, losses = {item.name: item for item in read_inputs(names, rows)}, []
    for item in prompt.inputs:
        if item.name not in read:
            losses.append(f"inputs.{item.name}: no turn that is written uses it")
            continue
        mine, theirs = item.model_dump(), read[item.name].model_dump()
        losses += [
            f"inputs.{item.name}.{key}: this format has no such field"
            for key in mine
            if mine[key] != theirs[key]
        ]
    return losses
