"""What libraries say of bad input, in plain words: JSON's and pydantic's own sentences are for programmers.

of_json(exc)  → "a comma is missing"
of_field(row) → "this needs a number"
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_JSON = {
    "Expecting value": "a value is missing or misspelt",
    "Expecting property name enclosed in double quotes": "a key in double quotes is missing",
    "Expecting ',' delimiter": "a comma is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Extra data": "something follows after the end",
    "Unterminated string starting at": "a text in quotes is never closed",
    "Invalid control character at": "a text in quotes holds a raw line break or control character",
    "Invalid \\escape": "a backslash stands before a letter that means nothing",
    "Invalid \\uXXXX escape": "\\u needs four hex digits",
    "Illegal trailing comma before end of object": "a comma stands before the end",
    "Illegal trailing comma before end of array": "a comma stands before the end",
}
_FIELD = {
    "missing": "this is missing",
    "extra_forbidden": "there is no such field",
    "string_type": "this needs a text",
    "string_too_short": "this is too short: at least {min_length} characters",
    "string_too_long": "this is too long: at most {max_length} characters",
    "string_pattern_mismatch": "this has characters that cannot stand here",
    "int_type": "this needs a whole number",
    "int_parsing": "this needs a whole number",
    "int_from_float": "this needs a whole number",
    "int_parsing_size": "this number is too long",
    "float_type": "this needs a number",
    "float_parsing": "this needs a number",
    "finite_number": "this needs a number that is not infinite",
    "bool_type": "this is true or false",
    "bool_parsing": "this is true or false",
    "dict_type": "this needs an object",
    "model_type": "this needs an object",
    "model_attributes_type": "this needs an object",
    "list_type": "this needs a list",
    "tuple_type": "this needs a list",
    "too_short": "this has {actual_length} entries, and needs at least {min_length}",
    "too_long": "this has too many entries: at most {max_length}",
    "literal_error": "this is one of {expected}",
    "enum": "this is one of {expected}",
    "greater_than": "this must be more than {gt:g}",
    "greater_than_equal": "this must be at least {ge:g}",
    "less_than": "this must be less than {lt:g}",
    "less_than_equal": "this must be at most {le:g}",
    "json_invalid": "this is no complete JSON",
    "string_unicode": "this holds half a character",
}


def refuse_constant(constant: str) -> None:
    """For `json.loads(…, parse_constant=…)`: NaN and Infinity, which Python reads, are no JSON. Raises ValueError."""
    raise ValueError(f"{constant} is not a JSON number")


def of_json(exc: json.JSONDecodeError) -> str:
    """What is wrong at that place, without an end."""
    return _JSON.get(exc.msg, "this is not JSON")


def of_field(error: Mapping[str, Any]) -> str:
    """What is wrong with a field, from one row of pydantic's `errors()`, without an end.

    Sentences of our own validators pass as they are.
    """
    kind = str(error["type"])
    if kind in ("value_error", "assertion_error"):
        return str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ").rstrip(".")
    try:
        return _FIELD[kind].format(**error.get("ctx", {}))
    except (KeyError, ValueError):
        return "this cannot be used here"


def of_value(exc: Exception) -> str:
    """Why plain data could not be read: our own reasons as they are, Python's in other words, without an end."""
    text = str(exc).rstrip(".")
    if isinstance(exc, RecursionError):
        return "it is nested too deeply"
    if "Exceeds the limit" in text or isinstance(exc, OverflowError):
        return "a number is too long"
    if isinstance(exc, UnicodeEncodeError):
        return "half of a character stands alone in it"
    foreign = (
        "invalid literal",
        "could not convert",
        "must be in",
        "is out of range",
        "year ",
        "month ",
        "day ",
        "hour ",
    )
    return (
        "a number or date is not one"
        if text.startswith(foreign) or foreign[2] in text or foreign[3] in text
        else text
    )
