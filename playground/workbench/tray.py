"""Things on their way in or out, kept for a while under a name that cannot be guessed.

token = tray.put(bundle)
tray.take(token, Bundle)      # NotFoundError once TRAY_ITEMS newer bundles have come
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TypeVar

from playground.errors import NotFoundError

Item = TypeVar("Item")

TRAY_ITEMS = 8
"""Of each kind: exports never push out an import that somebody is still choosing from."""


def _at_rest() -> bool:
    return False


class Tray:
    """The newest things of each kind that were put here; older ones fall off, but never one that is worked on."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[object, Callable[[], bool]]] = {}

    def put(self, item: object, is_busy: Callable[[], bool] = _at_rest) -> str:
        """The token under which the item can be had; it stays while `is_busy` says so."""
        token = secrets.token_urlsafe(16)
        self._items[token] = (item, is_busy)
        alike = [key for key, (other, _) in self._items.items() if type(other) is type(item)]
        for key in alike[:-TRAY_ITEMS]:
            if not self._items[key][1]():
                del self._items[key]
        return token

    def take(self, token: str, kind: type[Item]) -> Item:
        """The item, which stays; raises NotFoundError for a token without one of this kind."""
        item, _ = self._items.get(token, (None, _at_rest))
        if not isinstance(item, kind):
            raise NotFoundError("This is not kept any more.", "Start again.")
        return item
