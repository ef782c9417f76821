"""Picoschema, dotprompt's short form of a schema ⇄ JSON schema, and our typed inputs.

    review: string, what to judge            {"type": "object", "properties": {"review": {"type": "string",
    tone?(enum, how to answer): [kind, firm]  ⇄   "description": "what to judge"}, "tone": {…}}, "required": ["review"],
    tags(array): string                           "additionalProperties": false}

Rules (google.github.io/dotprompt): `?` means optional, and nullable with it; scalars are string, integer, number,
boolean, null and any; the brackets hold array, object or enum; text after a comma is the description; `(*)`
types further keys; a type that is none of these is the name of a schema defined elsewhere. A mapping whose `type` is a JSON schema type is a JSON schema already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from playground.errors import PromptError
from playground.formats.properties import kind_of_value
from playground.types.prompt import Input, InputKind

SCALARS = ("string", "boolean", "null", "number", "integer")
_KEY = re.compile(r"(?P<name>[^()?]+?)(?P<optional>\??)(?:\((?P<kind>\w+)\s*(?:,\s*(?P<about>.*))?\))?", re.S)
_NAME = re.compile(r"[^\W\d][\w.-]{0,99}")
_WILDCARD = "(*)"


# --- JSON schema --------------------------------------------------------------------------------------------


Schemas = Mapping[str, Mapping[str, Any]]
"""JSON schemas by the names that a Picoschema may give in the place of a type."""


def to_json_schema(
    data: Any, where: str, losses: list[str] | None = None, schemas: Schemas | None = None
) -> dict[str, Any] | None:
    """The JSON schema of a Picoschema, of a JSON schema itself, or None for nothing.

    What cannot be read raises PromptError; with `losses` it is left out instead, and named there.
    """
    if data is None:
        return None
    reader = _Reader(losses, schemas or {})
    try:
        return reader.schema(data, where)
    except PromptError as exc:
        if losses is None:
            raise
        losses.append(f"{where}: {_reason(exc, where)}; it is left out")
        return None


def from_json_schema(schema: dict[str, Any]) -> Any:
    """The shortest form that means exactly this schema: Picoschema where it can say it all, else the schema itself."""
    try:
        short = _short(schema)
        return short if to_json_schema(short, "") == schema else schema
    except (KeyError, TypeError, AttributeError, ValueError, PromptError):
        return schema


class _Reader:
    """Reads Picoschema. With `losses` a field that cannot be read is left out, and a schema without a name is any."""

    def __init__(self, losses: list[str] | None, schemas: Schemas) -> None:
        self.losses, self.schemas = losses, schemas

    def schema(self, data: Any, where: str) -> dict[str, Any] | None:
        if isinstance(data, str):
            return self._scalar(data, where, is_all=True)
        if not isinstance(data, dict):
            raise PromptError(f"{where} is not a schema.", "Write one `field: type` a line.")
        if data.get("type") in (*SCALARS, "array", "object"):
            return data
        if isinstance(data.get("properties"), dict) and not set(data) & {*SCALARS}:
            return {"type": "object", **data}
        return self._object(data, where)

    def _scalar(self, text: str, where: str, *, is_all: bool = False) -> dict[str, Any] | None:
        kind, _, about = (part.strip() for part in text.partition(","))
        schema: dict[str, Any] = {} if kind == "any" else {"type": kind}
        if kind not in (*SCALARS, "any"):
            if kind in self.schemas:
                schema = deepcopy(dict(self.schemas[kind]))
            elif self.losses is None or not _NAME.fullmatch(kind):
                raise PromptError(
                    f"{where}: there is no type {kind[:60]!r} here.", f"Types: {', '.join(SCALARS)}, any."
                )
            else:
                rest = "it is left out" if is_all else "any value is taken"
                self.losses.append(f"{where}: the schema {kind[:60]} is defined elsewhere; {rest}")
                if is_all:
                    return None
                schema = {}
        return schema | ({"description": about} if about else {})

    def _any(self, data: Any, where: str) -> dict[str, Any]:
        if isinstance(data, str):
            return self._scalar(data, where) or {}
        if isinstance(data, dict):
            return self._object(data, where)
        raise PromptError(f"{where} is not a type.", f"Write a type such as {SCALARS[0]}, or nested fields.")

    def _object(self, data: dict[str, Any], where: str) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        schema["additionalProperties"] = False
        for key, value in data.items():
            place = f"{where}.{key}"
            try:
                self._field(schema, str(key), value, place)
            except PromptError as exc:
                if self.losses is None:
                    raise
                self.losses.append(f"{place[:200]}: {_reason(exc, place)}; the field is left out")
        if not schema["required"]:
            del schema["required"]
        return schema

    def _field(self, schema: dict[str, Any], key: str, value: Any, place: str) -> None:
        if key == _WILDCARD:
            schema["additionalProperties"] = self._any(value, place)
            return
        match = _KEY.fullmatch(key)
        if match is None or match["kind"] not in (None, "array", "object", "enum"):
            raise PromptError(
                f"{place[:80]}: this field cannot be read.", "Write `name?(array, what it is)`."
            )
        part: dict[str, Any]
        if match["kind"] == "array":
            part = {"type": "array", "items": self._any(value, place)}
        elif match["kind"] == "enum":
            if not isinstance(value, list):
                raise PromptError(f"{place}: an enum needs a list.", "Write `[one, two]` after the colon.")
            part = {"enum": [*value, None] if match["optional"] and None not in value else value}
        else:
            part = self._any(value, place)
        if match["optional"] and isinstance(part.get("type"), str) and part["type"] != "null":
            part["type"] = [part["type"], "null"]
        if match["about"] and match["about"].strip():
            part["description"] = match["about"].strip()
        name = match["name"].strip()
        schema["properties"][name] = part
        if not match["optional"]:
            schema["required"].append(name)


def _reason(error: PromptError, place: str) -> str:
    """The message without the place that the line begins with."""
    text = error.message.removeprefix(f"{place}:").removeprefix(place).strip().rstrip(".")
    return text or "it cannot be read"


def _short(schema: dict[str, Any]) -> Any:
    """Picoschema text of a schema; the caller compares what it means."""
    kind = schema.get("type", "any")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind != "object":
        about = schema.get("description")
        return f"{kind}, {about}" if about else kind
    rows = {}
    for name, part in schema["properties"].items():
        optional = "" if name in schema.get("required", ()) else "?"
        kinds = part.get("type")
        inner = kinds[0] if isinstance(kinds, list) else kinds
        about = f", {part['description']}" if part.get("description") else ""
        if "enum" in part:
            values = [value for value in part["enum"] if not (optional and value is None)]
            rows[f"{name}{optional}(enum{about})"] = values
        elif inner == "array":
            rows[f"{name}{optional}(array{about})"] = _short(part["items"])
        elif inner == "object":
            rows[f"{name}{optional}(object{about})"] = _short(part)
        else:
            rows[f"{name}{optional}"] = _short(part)
    if schema.get("additionalProperties"):
        rows[_WILDCARD] = _short(schema["additionalProperties"])
    return rows


# --- inputs -------------------------------------------------------------------------------------------------

_TO_TYPE: dict[InputKind, str] = {
    "text": "string",
    "long_text": "string",
    "number": "number",
    "boolean": "boolean",
}
_TYPES_OF_ITEMS = {bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}
_TO_KIND: dict[str, InputKind] = {
    "string": "text",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}
MAX_DEPTH = 20
"""Objects inside objects."""


def read_inputs(
    data: Any, defaults: dict[str, Any], where: str, losses: list[str], schemas: Schemas | None = None
) -> tuple[Input, ...]:
    """Typed inputs of a schema and of the default values; what is no schema is left out and named.

    Raises PromptError for a JSON schema that is not an object's.
    """
    schema = to_json_schema(data, where, losses, schemas) or {}
    if schema and not schema.get("properties"):
        losses.append(f"{where}: only an object with fields becomes variables")
    return _fields(schema, defaults, where, losses, 0)


def _fields(
    schema: dict[str, Any], defaults: dict[str, Any], where: str, losses: list[str], depth: int
) -> tuple[Input, ...]:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        raise PromptError(f"{where} is not a schema of an object.", "Write one `field: type` a line.")
    if depth > MAX_DEPTH:
        raise PromptError(
            f"{where[:60]}… holds objects inside objects without end.",
            f"At most {MAX_DEPTH} levels are read.",
        )
    if schema.get("additionalProperties") not in (None, False):
        losses.append(f"{where}: further {'fields' if depth else 'variables'} are not declared here")
    found = []
    for name in dict.fromkeys([*properties, *defaults]):
        part = properties.get(name, {})
        part = part if isinstance(part, dict) else {}
        kinds = part.get("type")
        kind = next((item for item in kinds if item != "null"), "") if isinstance(kinds, list) else kinds
        choices = tuple(str(item) for item in _items(part.get("enum")) if item is not None)
        if name in properties and not choices and str(kind) not in _TO_KIND:
            losses.append(f"{where}.{name}: its type is filled in as text here")
        ours: InputKind = "choice" if choices else _TO_KIND.get(str(kind), "text")
        if name not in properties:
            ours = kind_of_value(defaults[name])
        inner = part if ours == "object" else part.get("items")
        of_objects = isinstance(inner, dict) and isinstance(inner.get("properties"), dict)
        if ours == "list" and (of_objects or inner in ({}, None)):
            # Of "any", the default tells: rows with columns, or what only JSON can show.
            ours = kind_of_value(defaults[name]) if defaults.get(name) and not of_objects else "examples"
        found.append(
            Input(
                name=name,
                kind=ours,
                description=str(part.get("description") or ""),
                required=name in required,
                default=defaults.get(name),
                choices=choices,
                fields=_fields(inner, {}, f"{where}.{name}", losses, depth + 1)
                if isinstance(inner, dict) and of_objects
                else (),
            )
        )
    return tuple(found)


def write_inputs(inputs: tuple[Input, ...]) -> Any:
    """The schema of the inputs, as Picoschema where that can say it."""
    return from_json_schema(_schema_of(inputs))


def _schema_of(inputs: tuple[Input, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for item in inputs:
        part: dict[str, Any]
        if item.kind == "choice" and item.choices:
            part = {"enum": [*item.choices, *([] if item.required else [None])]}
        elif item.kind == "examples":
            part = {"type": "array", "items": _schema_of(item.fields) if item.fields else {}}
        elif item.kind == "list":
            part = {"type": "array", "items": {"type": _TYPES_OF_ITEMS.get(_type_of_items(item), "string")}}
        elif item.kind == "object":
            part = _schema_of(item.fields) if item.fields else {"type": "object"}
        else:
            part = {"type": _TO_TYPE.get(item.kind, "string")}
        if "type" in part and not item.required:
            part["type"] = [part["type"], "null"]
        schema["properties"][item.name] = part | (
            {"description": item.description} if item.description else {}
        )
        if item.required:
            schema["required"].append(item.name)
    if not schema["required"]:
        del schema["required"]
    return schema | {"additionalProperties": False}


def _type_of_items(item: Input) -> type:
    values = _items(item.default) or _items(item.example) or [""]
    return type(values[0])


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
