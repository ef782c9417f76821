"""The Jinja2 sandbox that templates are read, checked and rendered in.

    {{ ticket.subject }}   plain data and its fields: yes
    {{ ticket.__class__ }} {{ range(10**9) }} {{ 10**10**10 }}   refused, in words for the template's author

Globals are `range`, `dict`, `namespace` and `all_inputs`; of our own are `all_inputs()`, every value that the prompt
is given by its name, and the filter `json`, JSON as JavaScript writes it (`{{ order | json }}`, `json(2)` indented).
The sandbox is the first wall; the second is that templates with
more than plain output run in a process that can be killed (worker.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from math import isfinite
from typing import Any

from jinja2 import StrictUndefined, TemplateRuntimeError, Undefined, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, missing

from playground.templating.opaque import (
    FUNCTION,
    NOT_MADE,
    Function,
    Opaque,
    OpaqueNamespace,
    covered,
)

MAX_RANGE = 100_000
MAX_NUMBER_BITS = 20_000
MAX_REPEATED = 50_000_000


class Missing(StrictUndefined):
    """A name without a value: every use but `is defined` and `default` is an error, in our words."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name = self._undefined_name
        if self._undefined_exception is SecurityError:
            return f'"{name}" may not be used in a template.'
        if self._undefined_hint:
            return str(self._undefined_hint)
        if self._undefined_obj is missing:
            return f'"{name}" has no value.'
        return f'there is no "{name}" in this {_kind(self._undefined_obj)}.'

    __repr__ = StrictUndefined.__str__  # in a list that is printed


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, narrowed: attributes only of plain data, no huge numbers, nothing odd printed."""

    # Intercepted operators are also not computed by the compiler.
    intercepted_binops = frozenset({"*", "**"})
    _open_types = (str, int, float, list, dict, tuple, type(None), Namespace, LoopContext, Macro, Undefined)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether `obj.attr` may be read: only on plain data, loops, macros and namespaces."""
        return isinstance(obj, self._open_types) and super().is_safe_attribute(obj, attr, value)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`; a method can be called, and nothing else."""
        return covered(super().getattr(obj, attribute))

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`."""
        return covered(super().getitem(obj, argument))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """`obj(…)`: names with underscores, as in Jinja2, because the arguments' names are the template's."""
        function = __obj.function if isinstance(__obj, Function) else __obj
        return covered(super().call(__context, function, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply or raise to a power; OverflowError before a huge result is computed."""
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() * abs(right) > MAX_NUMBER_BITS:
                raise OverflowError("this power is too large.")
        elif operator == "*":
            for times, text in ((left, right), (right, left)):
                repeats = isinstance(times, int) and isinstance(text, (str, list, tuple))
                if repeats and len(text) * times > MAX_REPEATED:
                    raise OverflowError("this repeats a text or list too often.")
        return super().call_binop(context, operator, left, right)


def _kind(value: object) -> str:
    kinds = {dict: "object", list: "list", str: "text", int: "number", float: "number", bool: "boolean"}
    return "empty value" if value is None else kinds.get(type(value), "value")


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    try:
        too_many = len(numbers) > MAX_RANGE
    except OverflowError:
        too_many = True
    if too_many:
        raise OverflowError(f"a range of more than {MAX_RANGE:,} numbers is not available.")
    return numbers


def _printable(value: Any) -> Any:
    """The value of `{{ … }}`; functions and iterators are refused, their text would be a memory address."""
    if value is None or isinstance(value, (str, int, float, list, dict, tuple, Undefined)):
        return value
    if isinstance(value, Opaque):
        raise TemplateRuntimeError(type(value).why)
    raise TemplateRuntimeError(FUNCTION if callable(value) else NOT_MADE)


def _to_json(value: Any, indent: int | None = None) -> str:
    # Jinja2's own filter escapes < > & ' for HTML pages; a model should see the characters themselves.
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_no_data)


def _no_data(value: Any) -> None:
    str(value)  # what has no text or no value says so itself
    raise TemplateRuntimeError("this holds something that is no data.")


def _covering(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter whose list that is not made yet cannot be printed as such."""

    @wraps(work)
    def filtered(*arguments: Any, **named: Any) -> Any:
        return covered(work(*arguments, **named))

    return filtered


def _json(value: Any, indent: int = 0) -> str:
    """JSON without blanks, or indented; a whole number without its point."""
    if isinstance(indent, bool) or not isinstance(indent, int) or indent > 10:
        raise TemplateRuntimeError("json takes an indent from 0 to 10.")
    separators = (",", ": ") if indent > 0 else (",", ":")
    data = _whole(value)
    return json.dumps(
        data, ensure_ascii=False, indent=indent or None, separators=separators, default=_no_data
    )


def _whole(value: Any) -> Any:
    """The value with 2 for 2.0, and nothing for what JSON has no number for."""
    if isinstance(value, float):
        return None if not isfinite(value) else int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, (list, tuple)) else value


@pass_context
def _all_inputs(context: Context) -> dict[str, Any]:
    """The values that the template was rendered with."""
    return {name: value for name, value in context.parent.items() if name not in _GLOBALS}


_GLOBALS: dict[str, Callable[..., Any]] = {
    "range": _range,
    "dict": dict,
    "namespace": OpaqueNamespace,
    "all_inputs": _all_inputs,
}


def _sandbox() -> Sandbox:
    """The one environment. Of Jinja2's own globals not lipsum, cycler, joiner (`loop` does both)."""
    sandbox = Sandbox(undefined=Missing, autoescape=False, keep_trailing_newline=True, finalize=_printable)
    sandbox.globals = {name: Function(work) for name, work in _GLOBALS.items()}
    sandbox.filters = {name: _covering(work) for name, work in sandbox.filters.items()}
    sandbox.filters["tojson"] = _to_json
    sandbox.filters["json"] = _json
    return sandbox


SANDBOX = _sandbox()
