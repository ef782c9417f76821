"""Prompty's `inputs` and `outputs` lists: our typed inputs and a JSON schema, both ways.

    - name: review            Input("review", kind="long_text", required=True, example="The plot drags.")
      kind: string       <->  ("long_text" travels in metadata.playground.kinds)
      required: true
      example: The plot drags.

Kinds of prompty v2 (package 2.1.0): string, integer, float, boolean, array (needs `items`), object (`properties`).
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from playground.errors import PromptError
from playground.types.prompt import Input, InputKind

_TO_PROMPTY: dict[InputKind, str] = {
    "text": "string",
    "long_text": "string",
    "number": "float",
    "choice": "string",
    "boolean": "boolean",
    "examples": "array",
    "object": "object",
    "list": "array",
}
_FROM_PROMPTY: dict[str, InputKind] = {
    "string": "text",
    "integer": "number",
    "float": "number",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "list": "list",
    "object": "object",
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
    "properties",
}
MAX_DEPTH = 20
"""Objects inside objects."""


# --- inputs -----------------------------------------------------------------------------------------------


def write_inputs(inputs: tuple[Input, ...]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Rows for `inputs`, and the kinds that a reader of the rows alone would guess wrong: "customer.note" is a field's."""
    rows: list[dict[str, Any]] = []
    kinds: dict[str, str] = {}
    _write_rows(inputs, "", rows, kinds)
    return rows, kinds


def _write_rows(
    inputs: tuple[Input, ...], path: str, rows: list[dict[str, Any]], kinds: dict[str, str]
) -> None:
    names = [item.name for item in inputs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PromptError(
            f"The variable {path + twice[0]!r} is declared twice.", "Keep one of the two declarations."
        )
    for item in inputs:
        row: dict[str, Any] = {"name": item.name, "kind": _TO_PROMPTY[item.kind]}
        if item.description:
            row["description"] = item.description
        row["required"] = item.required
        if item.choices:
            row["enumValues"] = list(item.choices)
        fields: list[dict[str, Any]] = []
        _write_rows(item.fields, f"{path}{item.name}.", fields, kinds)
        if item.kind == "examples":
            row["items"] = {
                "kind": "object",
                "properties": fields or _columns_of(item.example or item.default),
            }
        elif item.kind == "list":
            row["items"] = {"kind": _kind_of_items(item.example or item.default)}
        elif fields:
            row["properties"] = fields
        row |= {key: value for key in ("default", "example") if (value := getattr(item, key)) is not None}
        if _guess_kind(row) != item.kind:
            kinds[path + item.name] = item.kind
        rows.append(row)


def read_inputs(
    data: Any, kinds: dict[str, Any], samples: dict[str, Any], where: str
) -> tuple[tuple[Input, ...], list[str]]:
    """Typed inputs from the list form, or the map form of v1, with what of them was not kept.

    `kinds` are our exact kinds by name; `samples` the example values of v1's `sample:` block.
    """
    losses: list[str] = []
    rows = _rows(data, where)
    declared = {row["name"] for row in rows}
    rows += [{"name": name} for name in samples if name not in declared]
    return _read_rows(rows, kinds, samples, where, "", losses), losses


def _rows(data: Any, where: str) -> list[dict[str, Any]]:
    """The list form of a list or a map of variables; raises PromptError for anything else."""
    if data is None:
        return []
    if isinstance(data, dict):
        # A mapping without a key of a declaration is a value: `customer: {first: Ann}`.
        data = [
            {"name": name, **row}
            if isinstance(row, dict) and (not row or _KNOWN_KEYS & row.keys() - {"name"})
            else {"name": name, "example": row}
            for name, row in data.items()
        ]
    if not isinstance(data, list) or not all(isinstance(row, dict) and row.get("name") for row in data):
        raise PromptError(
            f"{where}: `inputs` is not a list of variables.",
            "Each one needs a `name`, such as `- name: text`.",
        )
    return data


def _read_rows(
    rows: list[dict[str, Any]],
    kinds: dict[str, Any],
    samples: dict[str, Any],
    where: str,
    path: str,
    losses: list[str],
) -> tuple[Input, ...]:
    found: dict[str, Input] = {}
    for row in rows:
        name = str(row["name"])
        full = path + name
        if name in found:
            raise PromptError(f"{where}: the variable {full!r} is declared twice.", "Remove one of the two.")
        foreign = str(row.get("kind") or row.get("type") or "string")
        if foreign not in _FROM_PROMPTY:
            losses.append(f"inputs.{full}.kind: {foreign!r} is filled in as text here")
        losses += [f"inputs.{full}.{key}: not used here" for key in row if key not in _KNOWN_KEYS]
        example = next(
            (row[key] for key in ("example", "sample") if row.get(key) is not None), samples.get(name)
        )
        kind = kinds.get(full, _guess_kind(row | {"example": example}))
        items = row.get("items")
        properties = row.get("properties")
        if kind == "examples":
            properties = items.get("properties") if isinstance(items, dict) else None
            # Columns that the rows show by themselves.
            if properties == _columns_of(example or row.get("default")):
                properties = None
        fields: tuple[Input, ...] = ()
        if kind in ("object", "examples") and properties is not None:
            if path.count(".") >= MAX_DEPTH:
                raise PromptError(
                    f"{where}: the variable {full[:60]!r}… holds objects inside objects without end.",
                    f"At most {MAX_DEPTH} levels are read.",
                )
            fields = _read_rows(_rows(properties, where), kinds, {}, where, f"{full}.", losses)
        try:
            found[name] = Input(
                name=name,
                kind=kind,
                description=str(row.get("description") or ""),
                required=row.get("required", True) is not False,
                default=row.get("default"),
                example=example,
                choices=tuple(str(choice) for choice in row.get("enumValues") or ()),
                fields=fields,
            )
        except (ValidationError, TypeError) as exc:
            raise PromptError(
                f"{where}: the variable {full!r} has a field that cannot be used.",
                f"Kinds are {', '.join(_TO_PROMPTY)}; `enumValues` is a list of texts.",
            ) from exc
    return tuple(found.values())


def _guess_kind(row: dict[str, Any]) -> InputKind:
    """The kind that a row without ours stands for."""
    kind = _FROM_PROMPTY.get(str(row.get("kind") or row.get("type") or ""))
    value = next((row[key] for key in ("default", "example") if row.get(key) is not None), None)
    if kind is None:
        kind = "object" if isinstance(row.get("properties"), list | dict) else kind_of_value(value)
    if kind == "list":
        items = row.get("items")
        of_objects = isinstance(items, dict) and (items.get("kind") or items.get("type")) == "object"
        kind = "examples" if of_objects else kind_of_value(value) if isinstance(value, list) else "list"
    return "choice" if kind == "text" and row.get("enumValues") else kind


def kind_of_value(value: Any) -> InputKind:
    """The kind whose field shows this value whole: rows with columns of texts are examples, other lists JSON."""
    if isinstance(value, list | tuple):
        return "examples" if value and all(_is_row(row) for row in value) else "list"
    by_type: dict[type, InputKind] = {bool: "boolean", int: "number", float: "number", dict: "object"}
    return by_type.get(type(value), "text")


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(item, str) for item in value.values())


def _columns_of(rows: Any) -> list[dict[str, Any]]:
    """The columns of the first row of a list of examples."""
    first = rows[0] if isinstance(rows, list | tuple) and rows else {}
    columns = first if isinstance(first, dict) else {}
    return [{"name": name, "kind": "string"} for name in columns]


def _kind_of_items(values: Any) -> str:
    """The element type of a list: that of its first value, else text."""
    first = values[0] if isinstance(values, list | tuple) and values else ""
    return {bool: "boolean", int: "integer", float: "float", dict: "object", list: "array"}.get(
        type(first), "string"
    )


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
    kind = row.get("kind") or row["type"]  # what v1 calls it
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
