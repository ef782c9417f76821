"""The options of a technique: read from its signature, for a form, the command line and an experiment's file.

    async def vote(task, ask, tools, *, samples: Annotated[int, Field(ge=2, le=40, description="Answers.")] = 5)

options_of(vote) → (Option("samples", "integer", 5, low=2, high=40, help="Answers."),)
read_options(vote, {"samples": "7"}) → {"samples": 7}
read_options(vote, {"sampels": 7})   → OptionsError: There is no option "sampels". Do you mean "samples"?
"""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from playground.errors import PromptError
from playground.plain_words import of_field

OptionKind = Literal["integer", "number", "text", "choice", "boolean", "list", "json"]

BOUNDS: dict[str, Any] = {
    "max_calls": (
        Annotated[int, Field(ge=1, le=10_000, description="Calls after which it ends with what it has.")],
        40,
    ),
    "max_tokens": (
        Annotated[
            int | None, Field(ge=1, le=10_000_000, description="Tokens after which it ends; empty: none.")
        ],
        None,
    ),
}
"""What every technique can be told besides its own."""


class OptionsError(PromptError):
    """An option of a technique that is unknown or cannot be used."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option as a form needs it; `low` and `high` are None where there is no limit, `default` None means empty."""

    name: str
    kind: OptionKind
    default: Any
    help: str = ""
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def label(self) -> str:
        """Its name for people."""
        return self.name.replace("_", " ").capitalize()


@cache
def options_of(function: Callable[..., Any], max_calls: int = 40) -> tuple[Option, ...]:
    """The options in the order of the signature, then those that all have."""
    return tuple(_option(name, field) for name, field in _model(function, max_calls).model_fields.items())


def read_options(
    function: Callable[..., Any], given: Mapping[str, Any], *, technique: str = "", max_calls: int = 40
) -> dict[str, Any]:
    """All options with their types and defaults, from values of a form, a file or `--option name=value`.

    Raises OptionsError for the first that is wrong. An empty value stands for the default.
    """
    model = _model(function, max_calls)
    kinds = {option.name: option.kind for option in options_of(function, max_calls)}
    for name in given:
        if name not in kinds:
            near = get_close_matches(name, kinds, n=1)
            names = ", ".join(kinds)
            known = f'Do you mean "{near[0]}"?' if near else f"Options: {names}."
            of = f'There is no option "{name}" of {technique}.'
            raise OptionsError(of if technique else f'There is no option "{name}".', known)
    filled = {name: _plain(kinds[name], value) for name, value in given.items() if value not in (None, "")}
    try:
        read = model.model_validate(filled)
    except ValidationError as exc:
        error = exc.errors()[0]
        place = str(error["loc"][0]) if error["loc"] else ""
        shown = json.dumps(given.get(place), ensure_ascii=False, default=str)[:80]
        why = of_field(error)
        of = f'The option "{place}" of {technique} is {shown}: {why}.'
        raise OptionsError(
            of if technique else f'The option "{place}" is {shown}: {why}.', "Change it."
        ) from exc
    return {name: getattr(read, name) for name in model.model_fields}


@cache
def _model(function: Callable[..., Any], max_calls: int) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        parameter.name: (hints[parameter.name], parameter.default)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    bounds = BOUNDS | {"max_calls": (BOUNDS["max_calls"][0], max_calls)}
    return create_model("Options", __config__=ConfigDict(extra="forbid"), **(fields | bounds))


def _option(name: str, field: FieldInfo) -> Option:
    kind, choices = _kind(field.annotation)
    limits = {
        key: getattr(part, key)
        for part in field.metadata
        for key in ("ge", "le", "gt", "lt")
        if hasattr(part, key)
    }
    return Option(
        name=name,
        kind=kind,
        default=None if field.is_required() else field.default,
        help=field.description or "",
        choices=choices,
        low=limits.get("ge", limits.get("gt")),
        high=limits.get("le", limits.get("lt")),
    )


def _kind(hint: Any) -> tuple[OptionKind, tuple[str, ...]]:
    """The kind of an annotation; `X | None` counts as X."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
        return _kind(hint)
    if get_origin(hint) is Literal:
        return "choice", tuple(str(choice) for choice in get_args(hint))
    simple: dict[Any, OptionKind] = {int: "integer", float: "number", str: "text", bool: "boolean"}
    if hint in simple:
        return simple[hint], ()
    if get_origin(hint) in (list, tuple) and get_args(hint)[0] is str:
        return "list", ()
    return "json", ()


def _plain(kind: OptionKind, value: Any) -> Any:
    """A value as it is typed in a form or a shell, as what the model reads."""
    if not isinstance(value, str):
        return value
    if kind == "list":
        return [line.strip() for line in value.replace(";", "\n").splitlines() if line.strip()]
    if kind == "json":
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value.strip() if kind in ("integer", "number", "boolean", "choice") else value
