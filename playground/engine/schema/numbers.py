"""Numbers of a JSON schema as llguidance can hold them: rounded inwards, never outwards. Runs in the child.

    bounds({"exclusiveMaximum": 1}, whole_numbers=False) → ({"maximum": 0.9999999999999}, set())

llguidance (1.9) turns bounds into patterns for digits. Beyond 13 digits these let wrong numbers through, very large and very
small bounds fail, and whole numbers are 64 bits wide. A reader in turn rounds "0.99999999999999999999" to 1.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any

_DIGITS = 13
_LARGEST = Decimal(10) ** 15
_SMALLEST = Decimal(10) ** -9
_MOST_WHOLE = 2**53
_ESCAPED = {"\n", "\r", "\t", "\b", "\f"}


def is_number(value: Any) -> bool:
    """Whether this is a finite JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def can_be_said(value: Any) -> bool:
    """Whether llguidance writes exactly this value of an `enum` or a `const`: not with huge numbers or control characters."""
    if isinstance(value, dict):
        return all(can_be_said(item) for item in (*value, *value.values()))
    if isinstance(value, list):
        return all(can_be_said(item) for item in value)
    if isinstance(value, str):
        return all(c >= " " or c in _ESCAPED for c in value) and "\x7f" not in value
    if isinstance(value, float):
        if value == int(value) if math.isfinite(value) else False:
            return abs(value) <= 1e15
        text = repr(value)
        return "e" not in text and sum(c.isdigit() for c in text) <= _DIGITS
    return not isinstance(value, int) or abs(value) <= _MOST_WHOLE


def bounds(node: dict[str, Any], *, whole_numbers: bool) -> tuple[dict[str, Any], set[str]]:
    """`minimum`, `maximum` and `multipleOf` to hold, and the keywords that are not held."""
    held: dict[str, Any] = {}
    lost: set[str] = set()
    for side, sign in (("minimum", 1), ("maximum", -1)):
        exclusive = f"exclusive{side.capitalize()}"
        found: list[
            tuple[Decimal, bool, str]
        ] = []  # all as lower bounds: the upper ones with their sign turned
        strict = node.get(exclusive)
        if side in node:
            found.append(
                (sign * Decimal(repr(node[side])), strict is True, side)
            )  # true is how draft 4 wrote it
        if strict is not None and not isinstance(strict, bool):
            found.append((sign * Decimal(repr(strict)), True, exclusive))
        if not found:
            continue
        bound, is_strict, keyword = max(found)
        inner = _whole(bound, is_strict) if whole_numbers else _decimal(bound, is_strict)
        if inner is None:
            lost.add(keyword)
        else:
            value = sign * inner
            held[side] = int(value) if value == int(value) else float(value)
    step = node.get("multipleOf")
    if step is not None:
        if whole_numbers and step == int(step) and step <= 1_000_000:
            held["multipleOf"] = int(step)
        else:
            lost.add("multipleOf")
    return held, lost


def _whole(bound: Decimal, is_strict: bool) -> Decimal | None:
    """The smallest whole number that a lower bound allows and a double can say."""
    value = math.floor(bound) + 1 if is_strict else math.ceil(bound)
    if abs(value) > _MOST_WHOLE:
        value = -_MOST_WHOLE if value < 0 else 0
        return Decimal(value) if value else None
    return Decimal(value)


def _decimal(bound: Decimal, is_strict: bool) -> Decimal | None:
    """The smallest number of few digits that a lower bound allows; None beyond what patterns can say."""
    if abs(bound) > _LARGEST:
        return -_LARGEST if bound < 0 else None
    if bound == 0:
        return _SMALLEST if is_strict else Decimal(0)
    if abs(bound) < _SMALLEST:
        return _SMALLEST if bound > 0 else Decimal(0)
    context = Context(prec=_DIGITS, rounding=ROUND_CEILING)
    return context.next_plus(bound) if is_strict else context.plus(bound)
