"""What a template can run into, in words for its author: never Python's own."""

from __future__ import annotations

import re
from collections.abc import Callable

from jinja2 import TemplateError as JinjaError

KINDS = {
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "NoneType": "an empty value",
    "list": "a list",
    "tuple": "a list",
    "dict": "an object",
    "Function": "a function",
    "builtin_function_or_method": "a function",
    "_Macro": "a macro",
    "Span": "a range",
    "Stream": "a list that is not made yet",
    "generator": "a list that is not made yet",
}
MAKE_NUMBER = 'Turn a text into a number with "|int", a number into a text with "|string".'

Said = tuple[str, str]


def kind(name: str) -> str:
    """A Python type as a thing a person knows."""
    return KINDS.get(name, "this value")


def _pair(match: re.Match[str]) -> Said:
    operator, left, right = match.groups()
    operator = operator.removesuffix(" or pow()")
    return f'"{operator}" does not work with {kind(left)} and {kind(right)}.', MAKE_NUMBER


def _argument(match: re.Match[str]) -> Said:
    return f'a value is missing: "{match[1]}".', ""


_SAID: tuple[tuple[str, Callable[[re.Match[str]], Said]], ...] = (
    (r"unsupported operand type\(s\) for (.+): '(\w+)' and '(\w+)'", _pair),
    (r"'(.+)' not supported between instances of '(\w+)' and '(\w+)'", _pair),
    (
        r"can only concatenate (\w+) \(not \"(\w+)\"\) to \w+",
        lambda m: (
            f"{kind(m[1])} and {kind(m[2])} cannot be added.",
            'Join texts with "~", lists with "+".',
        ),
    ),
    (
        r"can't multiply sequence by non-int of type '(\w+)'",
        lambda m: (f"a text or list cannot be repeated by {kind(m[1])}.", "Use a whole number."),
    ),
    (
        r"bad operand type for unary (.): '(\w+)'",
        lambda m: (f'"{m[1]}" does not work with {kind(m[2])}.', MAKE_NUMBER),
    ),
    (
        r"'(\w+)' object is not iterable|cannot unpack non-iterable (\w+) object",
        lambda m: (f"{kind(m[1] or m[2])} has no items to go through.", "Give it a list."),
    ),
    (
        r"argument of type '(\w+)' is not (?:iterable|a container).*",
        lambda m: (f'"in" cannot look into {kind(m[1])}.', ""),
    ),
    (
        r"'(\w+)' object is not callable",
        lambda m: (f"{kind(m[1])} cannot be called.", 'Remove the "()" after it.'),
    ),
    (
        r"object of type '(\w+)' has no len\(\)",
        lambda m: (f"{kind(m[1])} has no length.", 'Add "|list" or "|string" first.'),
    ),
    (
        r"(?:unhashable type: |cannot use )'(\w+)'.*",
        lambda m: (f"{kind(m[1])} cannot be a key here.", "Use a text."),
    ),
    (
        r"'(\w+)' object cannot be interpreted as an integer",
        lambda m: (f"a whole number is needed here, not {kind(m[1])}.", MAKE_NUMBER),
    ),
    (r"'(\w+)' object is not (?:subscriptable|reversible).*", lambda m: (f"{kind(m[1])} has no items.", "")),
    (r"'(\w+)' object has no attribute '(\w+)'", lambda m: (f"{kind(m[1])} cannot be used here.", "")),
    (
        r"(?:too many|not enough) values to unpack \(expected(?: at least)? (\d+).*",
        lambda m: (f"a row here does not have {m[1]} parts.", ""),
    ),
    (r".*missing \d+ required positional arguments?: '(\w+)'.*", _argument),
    (r".*missing \d+ required keyword-only arguments?: '(\w+)'.*", _argument),
    (r".*got an unexpected keyword argument '(\w+)'.*", lambda m: (f'there is no option "{m[1]}" here.', "")),
    (
        r".*takes .* arguments? .*(?:given|\(\d+ given\)).*|.*expected (?:at (?:most|least) )?\d+ arguments?.*",
        lambda _: ("this takes another number of values.", ""),
    ),
    (r"range\(\) arg 3 must not be zero", lambda _: ("the step of a range cannot be 0.", "")),
    (
        r"Exceeds the limit .* for integer string conversion.*|int too large to convert.*",
        lambda _: ("this number is too long.", ""),
    ),
    (r"cannot convert float (?:infinity|NaN) to integer", lambda _: ("this is no whole number.", "")),
    (
        r"invalid literal for int.*|could not convert string to float.*",
        lambda _: ("this text is no number.", ""),
    ),
    (
        r"not (?:enough|all) arguments.*format.*|.*[Rr]eplacement index.*|format requires a mapping|unsupported format character.*"
        r"|%. format: .*|incomplete format.*|[Uu]nknown format code.*|[Ii]nvalid format specifier.*|Single '.' encountered.*"
        r"|expected '\}' before end of string|unmatched '.' in format spec.*|cannot switch from .* field .*",
        lambda _: ("the format text does not fit its values.", 'Use one "%s" for each value.'),
    ),
    (
        r"(?:string|list|tuple|range object)? ?index out of range",
        lambda _: ("there is no item of that number.", ""),
    ),
    (r"empty separator", lambda _: ("a text cannot be split at nothing.", "")),
    (
        r"substring not found|.* is not in list|.*\.index\(x\): x not in .*",
        lambda _: ("it does not hold that.", ""),
    ),
    (
        r"Object of type (\w+) is not JSON serializable",
        lambda m: (f"{kind(m[1])} cannot be written as JSON.", 'Add "|list" first.'),
    ),
    (r"Circular reference detected", lambda _: ("this object holds itself.", "")),
)
_RULES = tuple((re.compile(pattern, re.S), said) for pattern, said in _SAID)


def in_words(exc: Exception) -> Said:
    """What happened, beginning with a small letter, and what to do next."""
    if isinstance(exc, ZeroDivisionError):
        return "division by zero.", "Test the divisor with {% if %} first."
    if isinstance(exc, RecursionError):
        return "this calls itself too often or is nested too deeply.", "Use a loop."
    if isinstance(exc, MemoryError):
        return "this needs too much memory.", "Make the text or the loop smaller."
    if isinstance(exc, KeyError):
        return f'"{str(exc.args[0])[:100]}" was not found.' if exc.args else "a key was not found.", ""
    text = str(exc).strip().partition("\n")[0][:300]
    for pattern, said in _RULES:
        if match := pattern.fullmatch(text):
            return said(match)
    # Jinja2's own sentences, and those of our sandbox, are written for authors.
    if text and isinstance(exc, JinjaError | OverflowError):
        return text if text.endswith((".", '"')) else f"{text}.", ""
    return "this does not work with these values.", "Look at the values that this line uses."
