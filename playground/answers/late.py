"""Patterns that are compiled when they are first used: all of them take a tenth of a second, and most programs use few.

_COUNT = late("[0-9]+")
_COUNT.search(text)            # like what `regex.compile` gives
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import regex

__all__ = ["late"]

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub")

if TYPE_CHECKING:
    from regex import compile as late
else:

    class late:  # noqa: N801 (it stands where a function does)
        """A pattern of the package `regex`, once one of its methods is asked for."""

        def __init__(self, pattern: str, flags: int = 0) -> None:
            self._asked = pattern, flags

        def __getattr__(self, name: str) -> Any:
            compiled = regex.compile(*self._asked)
            for method in _METHODS:
                setattr(self, method, getattr(compiled, method))
            return getattr(compiled, name)
