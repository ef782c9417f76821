"""A JSON schema as a grammar that llama.cpp can follow, or an error: never a silent "any JSON". Runs in the child.

grammar_of('{"type": "object", "properties": {"city": {"type": "string"}}}') → Grammar(text="root ::= …", notes=[])

The conversion is llama-cpp-python's own. Keywords it reads over are named in `notes`: the answer may break them.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import llama_cpp.llama_cpp as llama
from llama_cpp.llama_grammar import json_schema_to_gbnf

from playground.errors import BackendError

_NOT_ENFORCED = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems", "contains", "not",
    "if", "then", "else", "patternProperties", "propertyNames", "minProperties", "maxProperties", "dependentRequired",
    "dependentSchemas", "dependencies", "unevaluatedProperties", "unevaluatedItems",
)  # fmt: skip
_HINT = "Simplify the schema: types, properties, required, enum, const, items, anyOf and local $ref are understood."


class Grammar(NamedTuple):
    """GBNF text, and what it does not enforce."""

    text: str
    notes: list[str]


def grammar_of(json_schema: str) -> Grammar:
    """Grammar whose sentences match the schema; raises BackendError when there is none."""
    try:
        schema = json.loads(json_schema)
    except ValueError as exc:
        raise BackendError(
            f"The JSON schema is not JSON: {exc}.", "Check commas, quotes and brackets."
        ) from exc
    if not isinstance(schema, dict):
        raise BackendError("The JSON schema is not an object.", 'Write it as {"type": "object", …}.')
    try:
        text = json_schema_to_gbnf(json_schema)
    except (
        Exception
    ) as exc:  # the converter fails with whatever the schema made it trip over, AssertionError too
        reason = str(exc).splitlines()[0][:200] if str(exc) else type(exc).__name__
        raise BackendError(f"The JSON schema cannot be turned into a grammar: {reason}", _HINT) from exc
    ignored = sorted(_keywords(schema).intersection(_NOT_ENFORCED))
    return Grammar(text, [f"JSON schema: {', '.join(ignored)} not enforced"] if ignored else [])


def new_grammar_sampler(vocabulary: Any, text: str) -> Any:
    """llama.cpp's sampler for a grammar; raises BackendError, where a NULL in the chain would end the process."""
    sampler = (
        llama.llama_sampler_init_grammar(vocabulary, text.encode(), b"root") if "\0" not in text else None
    )
    if not sampler:
        raise BackendError(
            "The grammar cannot be read by llama.cpp.",
            "It must be GBNF, start at a rule called root, and not call itself on the left.",
        )
    return sampler


def _keywords(schema: object) -> set[str]:
    """Every keyword that is used as such, at any depth; names of properties are no keywords."""
    if isinstance(schema, list):
        return {word for item in schema for word in _keywords(item)}
    if not isinstance(schema, dict):
        return set()
    found = set(schema)
    for key, value in schema.items():
        if key in ("properties", "$defs", "definitions", "patternProperties") and isinstance(value, dict):
            found |= {word for part in value.values() for word in _keywords(part)}
        elif key not in ("enum", "const", "default", "examples"):
            found |= _keywords(value)
    return found
