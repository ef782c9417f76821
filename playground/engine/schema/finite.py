"""Whether a schema has an answer that ends: a list that must hold itself has none, and a model would write for ever.

has_an_end({"$defs": {"d0": {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "required": ["a"]}},
            "$ref": "#/$defs/d0"}) → False
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any] | bool


def has_an_end(schema: Schema) -> bool:
    """Takes what `held_part` gives: every reference leads into `$defs`. Runs in the child.

    Definitions are taken to be endless until one turns out to have an end without the others, again and again.
    """
    definitions: dict[str, Schema] = schema.get("$defs", {}) if isinstance(schema, dict) else {}
    ended: set[str] = set()
    names = list(definitions)
    before = -1
    while before < len(ended) < len(names):
        before = len(ended)
        names.reverse()  # most lead to later ones
        for name in names:
            if name not in ended and _ends(definitions[name], ended):
                ended.add(name)
    return _ends(schema, ended)


def _ends(schema: Any, ended: set[str]) -> bool:
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema and schema["$ref"].rpartition("/")[2] not in ended:
        return False
    if not all(_ends(part, ended) for part in schema.get("allOf", ())):
        return False
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema and not any(_ends(part, ended) for part in schema[keyword]):
            return False
    types = schema.get("type", ())
    types = [types] if isinstance(types, str) else types
    if "enum" in schema or "const" in schema or not types:
        return True
    return any(
        _object_ends(schema, ended) if name == "object" else name != "array" or _array_ends(schema, ended)
        for name in types
    )


def _object_ends(schema: dict[str, Any], ended: set[str]) -> bool:
    others = schema.get("additionalProperties", True)
    properties = schema.get("properties", {})
    return all(_ends(properties.get(name, others), ended) for name in schema.get("required", ()))


def _array_ends(schema: dict[str, Any], ended: set[str]) -> bool:
    least = schema.get("minItems", 0)
    first = schema.get("prefixItems", [])
    if not all(_ends(part, ended) for part in first[:least]):
        return False
    return least <= len(first) or _ends(schema.get("items", True), ended)
