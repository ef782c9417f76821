"""What each keyword of a JSON schema looks like, and errors for those that look otherwise. Runs in the child.

check_shapes("#/properties/a", {"minLength": "3"}) raises: In the JSON schema at #/properties/a/minLength: …
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playground.engine.schema.numbers import is_number
from playground.errors import BackendError


def _is_count(value: Any) -> bool:
    return is_number(value) and value >= 0 and value == int(value)


def _is_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_TEXT = (lambda v: isinstance(v, str), "a text")
_COUNT = (_is_count, "a whole number from 0")
_NUMBER = (is_number, "a number")
_BOUND = (lambda v: is_number(v) or isinstance(v, bool), "a number")
_SCHEMAS = (lambda v: isinstance(v, list) and v != [], "a list of schemas, with one at least")
_NAMED = (lambda v: isinstance(v, dict), "an object with a schema for each name")
_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("$ref", "$dynamicRef", "$recursiveRef", "$id", "$anchor", "pattern", "format"), _TEXT),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _COUNT),
    **dict.fromkeys(("minimum", "maximum"), _NUMBER),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), _BOUND),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _SCHEMAS),
    **dict.fromkeys(("properties", "patternProperties"), _NAMED),
    "prefixItems": (lambda v: isinstance(v, list), "a list of schemas"),
    "multipleOf": (lambda v: is_number(v) and v > 0, "a number above 0"),
    "enum": (lambda v: isinstance(v, list), "a list of values"),
    "required": (_is_strings, "a list of names"),
    "type": (lambda v: isinstance(v, str) or (_is_strings(v) and v != []), "a name of a type, or a list of them"),
}  # fmt: skip


def check_shapes(path: str, node: dict[str, Any]) -> None:
    """Raise BackendError for a keyword whose value is not of its kind."""
    for keyword, value in node.items():
        shape = _SHAPES.get(keyword)
        if shape and not shape[0](value):
            raise wrong(f"{path}/{keyword}", f"{keyword} is {shape[1]}", value)


def wrong(path: str, expected: str, value: Any) -> BackendError:
    """Error for a value that is not what its place in the schema asks for."""
    got = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(
        type(value), "a number"
    )
    if isinstance(value, int | float | str | list) and not isinstance(value, bool):
        got = repr(value) if not isinstance(value, list | str) else got
    return BackendError(f"In the JSON schema at {path}: {expected}, not {got}.", "Correct the schema.")


def too_large(what: str, hint: str) -> BackendError:
    """Error for a schema beyond a limit."""
    return BackendError(f"The JSON schema {what}.", hint)
