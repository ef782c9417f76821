"""What a template may use but never print: functions, and lists that are not made yet.

    {{ range(3)|list }}   yes
    {{ range }} {{ range ~ "" }} {{ [name.upper]|join }} {{ rows|map("upper") ~ "" }}   refused

Their text would be a name and a memory address of this program. Jinja2 asks for text in many places (`~`, filters,
format strings, lists in lists), so the values themselves refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from jinja2 import TemplateRuntimeError, Undefined
from jinja2.runtime import LoopContext, Macro, TemplateReference
from jinja2.utils import Namespace

FUNCTION = 'this is a function, not a text; call it with "()".'
NOT_MADE = 'this cannot be printed as it is; add "|list" or "|join(…)".'
NO_TEXT = "this has no text of its own; use one of its fields."


class Opaque:
    """A value without a text."""

    __slots__ = ()
    why = NO_TEXT

    def _refuse(self, *_: object) -> NoReturn:
        raise TemplateRuntimeError(type(self).why)  # a namespace has no attributes but the template's

    __str__ = __repr__ = __format__ = _refuse


class Function(Opaque):
    """A function or method; the sandbox takes it out when it is called."""

    __slots__ = ("function",)
    why = FUNCTION

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """What the function gives."""
        return self.function(*arguments, **named)


class Stream(Opaque):
    """An iterator: of a filter such as `map`."""

    __slots__ = ("_items",)
    why = NOT_MADE

    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._items)


class Span(Opaque):
    """A range, or the keys, values or items of an object."""

    __slots__ = ("_items",)
    why = NOT_MADE

    def __init__(self, items: Any) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Any) -> Any:
        return self._items[key]

    def __contains__(self, value: Any) -> bool:
        return value in self._items

    def __reversed__(self) -> Iterator[Any]:
        return iter(reversed(self._items))


_VIEWS: tuple[type, ...] = (range, bytes, type({}.keys()), type({}.values()), type({}.items()))


def covered(value: Any) -> Any:
    """The value, or what stands for it when its text would tell of this program."""
    if isinstance(value, _VIEWS):
        return Span(value)
    if hasattr(value, "__next__") and not isinstance(value, Opaque | LoopContext):
        return Stream(value)
    if callable(value) and not isinstance(value, Opaque | Macro | LoopContext | Undefined | type):
        return Function(value)
    return value


class _Macro(Opaque, Macro):
    why = FUNCTION


class _Loop(Opaque, LoopContext):
    pass


class _Self(Opaque, TemplateReference):
    pass


class OpaqueNamespace(Opaque, Namespace):
    """`namespace()`."""


RUNTIME: dict[str, Any] = {"Macro": _Macro, "LoopContext": _Loop, "TemplateReference": _Self}
"""What a compiled template finds under these names in place of Jinja2's own classes."""
