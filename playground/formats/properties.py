"""Prompty's `inputs` and `outputs` lists: our typed inputs and a JSON schema, both ways.

    - name: review            Input("review", kind="long_text", required=True, example="The plot drags.")
      kind: string       <->  ("long_text" travels in metadata.playground.kinds)
      required: true
      example: The plot drags.

Kinds of prompty v2 (package 2.1.0): string, integer, float, boolean, array (needs `items`), object.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from playground.errors import PromptError
from playground.types import Input, InputKind

_TO_PROMPTY: dict[InputKind, str] = {
    "text": "string",
    "long_text": "string",
    "number": "float",
    "choice": "string",
    "boolean": "boolean",
    "examples": "array",
}
_FROM_PROMPTY: dict[str, InputKind] = {
    "string": "text",
    "integer": "number",
    "float": "number",
    "number": "number",
    "boolean": "boolean",
    "array": "examples",
    "list": "examples",
}
_KNOWN_KEYS = {
    "name",
    "kind",
    "type",
    "description",
    "required",
    "default",
    "example",
    "sample",
    "enumValues",
    "items",
}


# --- inputs -----------------------------------------------------------------------------------------------


def write_inputs(inputs: tuple[Input, ...]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Rows for `inputs`, and the kinds that a reader of the rows alone would guess wrong."""
    names = [item.name for item in inputs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PromptError(
            f"The variable {twice[0]!r} is declared twice.", "Keep one of the two declarations."
        )
    rows: list[dict[str, Any]] = []
    kinds: dict[str, str] = {}
    for item in inputs:
        row: dict[str, Any] = {"name": item.name, "kind": _TO_PROMPTY[item.kind]}
        if item.description:
            row["description"] = item.description
        row["required"] = item.required
        if item.choices:
            row["enumValues"] = list(item.choices)
        if item.kind == "examples":
            row["items"] = _items_of(item.example or item.default)
        row |= {key: value for key in ("default", "example") if (value := getattr(item, key)) is not None}
        if _guess_kind(row) != item.kind:
            kinds[item.name] = item.kind
        rows.append(row)
    return rows, kinds


def read_inputs(
    data: Any, kinds: dict[str, Any], samples: dict[str, Any], where: str
) -> tuple[tuple[Input, ...], list[str]]:
    """Typed inputs from the list form, or the map form of v1, with what of them was not kept.

    `kinds` are our exact kinds by name; `samples` the example values of v1's `sample:` block.
    """
    losses: list[str] = []
    if data is None:
        data = []
    if isinstance(data, dict):
        data = [
            {"name": name, **row} if isinstance(row, dict) else {"name": name, "example": row}
            for name, row in data.items()
        ]
    if not isinstance(data, list) or not all(isinstance(row, dict) and row.get("name") for row in data):
        raise PromptError(
            f"{where}: `inputs` is not a list of variables.",
            "Each one needs a `name`, such as `- name: text`.",
        )
    found: dict[str, Input] = {}
    for row in data + [{"name": name} for name in samples if name not in [row["name"] for row in data]]:
        name = str(row["name"])
        if name in found:
            raise PromptError(f"{where}: the variable {name!r} is declared twice.", "Remove one of the two.")
        foreign = str(row.get("kind") or row.get("type") or "string")
        if foreign not in _FROM_PROMPTY:
            losses.append(f"inputs.{name}.kind: {foreign!r} is filled in as text here")
        losses += [f"inputs.{name}.{key}: not used here" for key in row if key not in _KNOWN_KEYS]
        example = next(
            (row[key] for key in ("example", "sample") if row.get(key) is not None), samples.get(name)
        )
        try:
            found[name] = Input(
                name=name,
                kind=kinds.get(name, _guess_kind(row | {"example": example})),
                description=str(row.get("description") or ""),
                required=row.get("required", True) is not False,
                default=row.get("default"),
                example=example,
                choices=tuple(str(choice) for choice in row.get("enumValues") or ()),
            )
        except (ValidationError, TypeError) as exc:
            raise PromptError(
                f"{where}: the variable {name!r} has a field that cannot be used.",
                f"Kinds are {', '.join(_TO_PROMPTY)}; `enumValues` is a list of texts.",
            ) from exc
    return tuple(found.values()), losses


def _guess_kind(row: dict[str, Any]) -> InputKind:
    """The kind that a row without ours stands for."""
    kind = _FROM_PROMPTY.get(str(row.get("kind") or row.get("type") or ""))
    if kind is None:
        value = row.get("default", row.get("example"))
        by_type: dict[type, InputKind] = {bool: "boolean", int: "number", float: "number", list: "examples"}
        kind = by_type.get(type(value), "text")
    return "choice" if kind == "text" and row.get("enumValues") else kind


def _items_of(rows: Any) -> dict[str, Any]:
    """The element type of a list of examples: an object with the columns of the first row."""
    first = rows[0] if isinstance(rows, list | tuple) and rows else {}
    columns = first if isinstance(first, dict) else {}
    return {"kind": "object", "properties": [{"name": name, "kind": "string"} for name in columns]}


# --- outputs ----------------------------------------------------------------------------------------------

_SCALARS = {"string": "string", "integer": "integer", "number": "float", "boolean": "boolean"}
_SCHEMA_TYPES = {
    "string": "string",
    "integer": "integer",
    "float": "number",
    "number": "number",
    "boolean": "boolean",
}


def write_outputs(schema: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Rows for `outputs`, or None when they cannot say everything the schema says."""
    try:
        rows = [_property(name, part, schema) for name, part in schema["properties"].items()]
    except (KeyError, TypeError, AttributeError):
        return None
    return rows if rows and read_outputs(rows) == schema else None


def read_outputs(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The JSON schema of an object with these properties; raises KeyError or TypeError on other shapes."""
    schema: dict[str, Any] = {"type": "object", "properties": {row["name"]: _schema(row) for row in rows}}
    if required := [row["name"] for row in rows if row.get("required")]:
        schema["required"] = required
    return schema


def _property(name: str, part: dict[str, Any], parent: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name} if name else {}
    kind = part["type"]
    row["kind"] = _SCALARS.get(kind, kind)
    if "description" in part:
        row["description"] = part["description"]
    if name and name in parent.get("required", ()):
        row["required"] = True
    if "enum" in part:
        row["enumValues"] = part["enum"]
    if kind == "array":
        row["items"] = _property("", part["items"], {})
    if kind == "object":
        row["properties"] = [_property(key, value, part) for key, value in part["properties"].items()]
    return row


def _schema(row: dict[str, Any]) -> dict[str, Any]:
    kind = row["kind"]
    if kind == "object":
        schema = read_outputs(row["properties"])
    elif kind == "array":
        schema = {"type": "array", "items": _schema(row["items"])}
    else:
        schema = {"type": _SCHEMA_TYPES[kind]}
    if "description" in row:
        schema["description"] = row["description"]
    if "enumValues" in row:
        schema["enum"] = row["enumValues"]
    return schema
