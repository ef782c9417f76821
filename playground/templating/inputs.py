"""What the kind of a variable makes of its value: JSON text is read, defaults of fields are filled in, mistakes are named.

customer: object, fields first (default "Ann") and tier
with_kind(customer, '{"tier": 2}')  →  {"first": "Ann", "tier": 2}
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from playground.templating.rendering import Variable
from playground.types.prompt import Input, Prompt

NESTED = ("object", "list", "examples")
"""Kinds whose values are JSON."""


def inputs_of(prompt: Prompt, used: Iterable[Variable]) -> dict[str, Input]:
    """How each variable is asked for, by name: as it is declared, else as its uses in the text need it."""
    undeclared = {variable.name: Input(name=variable.name, kind=variable.kind) for variable in used}
    return undeclared | {field.name: field for field in prompt.inputs}


def with_kind(field: Input, value: Any) -> Any:
    """The value as its field means it: JSON text of a nested one read, fields that are missing given their default.

    What cannot be read stays as it is; `problem_of` says so.
    """
    if field.kind not in NESTED:
        return value
    if isinstance(value, str) and value.strip():
        try:
            value = read_json(value)
        except ValueError:
            return value
    if field.kind == "object" and isinstance(value, dict):
        return filled(field.fields, value)
    if field.kind == "examples" and isinstance(value, list):
        return [filled(field.fields, row) if isinstance(row, dict) else row for row in value]
    return value


def filled(fields: Sequence[Input], row: dict[str, Any]) -> dict[str, Any]:
    """The object with the defaults of its missing fields, and "" for what may be left out."""
    found = dict(row)
    for field in fields:
        value = found.get(field.name)
        if value is None or value == "":
            value = empty(field) if field.default is None else field.default
        if value is not None:
            found[field.name] = with_kind(field, value)
    return found


def empty(field: Input) -> Any:
    """What stands for a value that may be left out; None where one is required."""
    if field.kind == "boolean":
        return False
    if field.kind == "object":
        # Fields that have a default make a value of their own.
        row = filled(field.fields, {})
        return row if row or not field.required else None
    if field.required:
        return None
    return [] if field.kind in ("list", "examples") else ""


def problem_of(field: Input, value: Any) -> str | None:
    """Why a nested value cannot be used, with the place in its text where there is one; None when it can."""
    if field.kind not in NESTED or value in (None, ""):
        return None
    wanted = "an object" if field.kind == "object" else "a list"
    if isinstance(value, str):
        try:
            value = read_json(value)
        except json.JSONDecodeError as exc:
            return (
                f'"{field.name}" must be {wanted} as JSON: line {exc.lineno}, column {exc.colno}: {exc.msg}.'
            )
        except ValueError as exc:
            return f'"{field.name}" must be {wanted} as JSON: {exc}.'
    if isinstance(value, dict if field.kind == "object" else list):
        return None
    return f'"{field.name}" must be {wanted} as JSON, not {_called(value)}.'


def read_json(text: str) -> Any:
    """The value of JSON text, a byte order mark before it passed over; raises ValueError for what is none, NaN too."""
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _called(value: Any) -> str:
    names = {
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "an object",
        list: "a list",
    }
    return names.get(type(value), "null")


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number."""
    return type(value) is int or (type(value) is float and math.isfinite(value))
