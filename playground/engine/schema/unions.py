"""Which schemas of a `oneOf` can never match the same value, so that it is an `anyOf`. Runs in the child.

are_apart([{"type": "string"}, {"type": "null"}]) → True
"""

from __future__ import annotations

from typing import Any


def are_apart(options: list[Any]) -> bool:
    """Whether no value can match two of these schemas: by their types, or by a required key with different constants."""
    facts = [(_named_types(option), _constants(option)) for option in options]
    if len(facts) > 100:
        return False
    for i, (types, constants) in enumerate(facts):
        for other_types, other_constants in facts[i + 1 :]:
            if types and other_types and not types & other_types:
                continue
            if types != {"object"} or other_types != {"object"}:
                return False
            shared = constants.keys() & other_constants.keys()
            if not any(not constants[key] & other_constants[key] for key in shared):
                return False
    return True


def _named_types(option: Any) -> set[str]:
    named = option.get("type") if isinstance(option, dict) else None
    types = (
        {named}
        if isinstance(named, str)
        else {t for t in named if isinstance(t, str)}
        if isinstance(named, list)
        else set()
    )
    return types | {"integer"} if "number" in types else types


def _constants(option: Any) -> dict[str, set[str]]:
    """The strings that each required key of an object may have, where the schema lists them."""
    found: dict[str, set[str]] = {}
    if (
        isinstance(option, dict)
        and isinstance(option.get("properties"), dict)
        and isinstance(option.get("required"), list)
    ):
        for key, value in option["properties"].items():
            if key in option["required"] and isinstance(value, dict):
                values = [value["const"]] if "const" in value else value.get("enum")
                if isinstance(values, list) and all(isinstance(v, str) for v in values):
                    found[key] = set(values)
    return found
