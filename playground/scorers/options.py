"""The options of a scorer: read from its signature, checked, and filled with the values of a case.

    def contains(sample: Sample, *, text: str, ignore_case: bool = True) -> Score

    options_from(contains)
    → Option("text", "text", None, required=True), Option("ignore_case", "boolean", True, required=False)

A text may hold `{{ name }}` or `{{ name.field }}`: that value of the case, by plain replacement, no template engine.
"""

from __future__ import annotations

import inspect
import json
import math
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from playground.answers.numbers import the_number

OptionKind = Literal["text", "long_text", "list", "number", "integer", "boolean", "choice", "json", "code"]


class About(str):
    """One sentence on an option, for the form: `Annotated[float, About("…")]`."""


LongText = Annotated[str, "long_text"]
Code = Annotated[str, "code"]
"""A program: nothing is filled into it."""
JsonSchema = Annotated[dict[str, Any] | bool, "json"]

STANDS_IN = "1"
"""What stands in the place of a value while only the check itself is looked at: a text, a number and a pattern."""

PLACEHOLDER = re.compile(r"\{\{ *([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*) *\}\}")


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a scorer, as a form or a table needs it; `default` is None when `required`."""

    name: str
    kind: OptionKind
    default: Any
    required: bool
    choices: tuple[str, ...]
    label: str
    about: str = ""


class OptionError(ValueError):
    """An option that is unknown, missing or of the wrong kind; the text is the reason, one sentence."""


class NoValue(ValueError):
    """A placeholder whose variable is missing or empty in this case: the check does not apply."""


@cache
def options_from(function: Callable[..., Any]) -> tuple[Option, ...]:
    """The options of a scorer, in the order of its signature."""
    hints = get_type_hints(function, include_extras=True)
    return tuple(
        _option(parameter, hints[parameter.name])
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    )


def _option(parameter: inspect.Parameter, hint: Any) -> Option:
    required = parameter.default is parameter.empty
    kind, choices, about = _kind(hint)
    return Option(
        name=parameter.name,
        kind=kind,
        default=None if required else parameter.default,
        required=required,
        choices=choices,
        label=parameter.name.replace("_", " ").capitalize(),
        about=about,
    )


_SIMPLE: dict[Any, OptionKind] = {
    str: "text",
    list[str]: "list",
    float: "number",
    int: "integer",
    bool: "boolean",
}
_MARKED: tuple[OptionKind, ...] = ("long_text", "json", "code")


def _kind(hint: Any) -> tuple[OptionKind, tuple[str, ...], str]:
    """The kind of an annotation with its choices and its sentence; `X | None` counts as X.

    Raises KeyError for one that no form can ask for.
    """
    about, marks = "", list[Any]()
    while True:
        if get_origin(hint) is Annotated:
            hint, *notes = get_args(hint)
            about = next((note for note in notes if isinstance(note, About)), about)
            marks += [note for note in notes if note in _MARKED]
        elif get_origin(hint) in (Union, types.UnionType) and not marks:
            (hint,) = (part for part in get_args(hint) if part is not type(None))
        else:
            break
    if marks:
        return marks[0], (), about
    if get_origin(hint) is Literal:
        return "choice", get_args(hint), about
    return _SIMPLE[hint], (), about


def read_options(
    function: Callable[..., Any], given: Mapping[str, Any], values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The keyword arguments for a scorer, each of its declared type.

    `values` fills placeholders; None only checks, with "1" in their place, which is a text, a number and a
    pattern. Raises OptionError for what the writer of the check must change, NoValue for a case without the
    variable.
    """
    declared = {option.name: option for option in options_from(function)}
    for name in given:
        if name not in declared:
            raise OptionError(f'There is no option "{name}"; the options are: {", ".join(declared)}.')
    read = {}
    for option in declared.values():
        value = given.get(option.name)
        if value is None or (isinstance(value, str) and not value.strip() and not option.required):
            if option.required:
                raise OptionError(f'The option "{option.name}" is missing.')
            read[option.name] = option.default
        else:
            read[option.name] = _READERS[option.kind](option, _filled(option.kind, value, values))
    return read


def filled_options(
    function: Callable[..., Any], given: Mapping[str, Any], read: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The options that `read_options` has read without values, with those read again that mention values of a case.

    Raises what `read_options` raises.
    """
    filled = dict(read)
    for option in options_from(function):
        value = given.get(option.name)
        if _mentions({option.name: value}):
            filled[option.name] = _READERS[option.kind](option, _filled(option.kind, value, values))
    return filled


def written_options(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Valid options with their placeholders left as written, for the name of a check."""
    written = read_options(function, given)
    kept = {name: f"{{{{ {name} }}}}" for name in _mentions(given)}
    for option in options_from(function):
        value = given.get(option.name)
        if not _mentions({option.name: value}):
            continue
        if option.kind in ("text", "long_text", "list", "code"):
            written[option.name] = _READERS[option.kind](option, _filled(option.kind, value, kept))
        else:
            written[option.name] = str(value).strip()
    return written


def placeholders(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the variables that the options mention, each once; "customer" of `{{ customer.first }}`."""
    return tuple(dict.fromkeys(name.partition(".")[0] for name in _mentions(given)))


def _mentions(given: Mapping[str, Any]) -> list[str]:
    texts = [
        text for value in given.values() for text in (value if isinstance(value, list | tuple) else (value,))
    ]
    return [name for text in texts if isinstance(text, str) for name in PLACEHOLDER.findall(text)]


def _filled(kind: OptionKind, value: Any, values: Mapping[str, Any] | None) -> Any:
    if kind in ("json", "code"):
        return value
    if isinstance(value, str):
        alone = PLACEHOLDER.fullmatch(value.strip())
        if kind == "list" and alone and values is not None:
            return _spread(alone[1], values)
        return PLACEHOLDER.sub(lambda match: _value(match[1], values), value)
    if isinstance(value, list | tuple):
        filled: list[Any] = []
        for item in value:
            alone = PLACEHOLDER.fullmatch(item.strip()) if isinstance(item, str) else None
            if alone and values is not None:
                filled.extend(_spread(alone[1], values))
            else:
                filled.append(_filled("text", item, values))
        return filled
    return value


def _spread(name: str, values: Mapping[str, Any]) -> list[Any]:
    """A list in the case stands for its items, anything else for itself."""
    text = _value(name, values)
    value = _found(name, values)
    return list(value) if isinstance(value, list | tuple) else [text]


def _value(name: str, values: Mapping[str, Any] | None) -> str:
    if values is None:
        return STANDS_IN
    value = _found(name, values)
    if value is None or value == [] or not str(value).strip():
        raise NoValue(f"no {name}")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | tuple) else str(value)


def _found(name: str, values: Mapping[str, Any]) -> Any:
    """The value of a variable, or of a field in it; an object that is given as JSON text has fields too."""
    first, *fields = [name] if name in values else name.split(".")
    value = values.get(first)
    for field in fields:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return None
        value = value.get(field) if isinstance(value, Mapping) else None
    return value


def _read_text(option: Option, value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):  # YAML reads `text: 42` as a number
        value = str(value)
    if not isinstance(value, str):
        raise OptionError(f'The option "{option.name}" must be text.')
    if not value.strip():
        raise OptionError(f'The option "{option.name}" is empty.')
    return value


def _read_list(option: Option, value: Any) -> list[str]:
    if isinstance(value, str):
        value = [line for line in value.splitlines() if line.strip()]
    if not isinstance(value, list | tuple):
        raise OptionError(f'The option "{option.name}" must be a list of texts.')
    if not value:
        raise OptionError(f'The option "{option.name}" is empty.')
    try:
        return [_read_text(option, item) for item in value]
    except OptionError:
        raise OptionError(f'An item of the option "{option.name}" is empty or not text.') from None


def _read_number(option: Option, value: Any) -> float:
    """A number as people write it: "1,142", "1.142,5", "−2", "83 %" (83), "三百二十"."""
    wrong = OptionError(f'The option "{option.name}" must be a number.')
    if isinstance(value, bool):
        raise wrong
    number: float | None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = the_number(value) if isinstance(value, str) else None
    if number is None or not math.isfinite(number):
        raise wrong
    return number


def _read_integer(option: Option, value: Any) -> int:
    try:
        number = _read_number(option, value)
    except OptionError:
        number = math.nan
    if not number.is_integer():
        raise OptionError(f'The option "{option.name}" must be a whole number.')
    return int(number)


def _read_boolean(option: Option, value: Any) -> bool:
    if not isinstance(value, bool):
        raise OptionError(f'The option "{option.name}" must be true or false.')
    return value


def _read_choice(option: Option, value: Any) -> str:
    if value not in option.choices:
        raise OptionError(f'The option "{option.name}" must be one of: {", ".join(option.choices)}.')
    return str(value)


def _read_json(option: Option, value: Any) -> dict[str, Any] | bool:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as exc:
            place = f"line {exc.lineno}, column {exc.colno}"
            raise OptionError(f'The option "{option.name}" is not valid JSON at {place}.') from None
        except (ValueError, RecursionError):
            raise OptionError(f'The option "{option.name}" is not JSON that can be read.') from None
    if not isinstance(value, dict | bool):
        raise OptionError(f'The option "{option.name}" must be a JSON object.')
    return value


_READERS: dict[OptionKind, Callable[[Option, Any], Any]] = {
    "text": _read_text,
    "long_text": _read_text,
    "code": _read_text,
    "list": _read_list,
    "number": _read_number,
    "integer": _read_integer,
    "boolean": _read_boolean,
    "choice": _read_choice,
    "json": _read_json,
}
