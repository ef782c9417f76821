"""Things on their way in or out, kept for a while under a name that cannot be guessed.

token = tray.put(bundle)
tray.take(token)      # NotFoundError once TRAY_ITEMS newer things have come
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import TypeVar

from playground.errors import NotFoundError

Item = TypeVar("Item")

TRAY_ITEMS = 8


class Tray:
    """The newest things that were put here; older ones fall off."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, object] = OrderedDict()

    def put(self, item: object) -> str:
        """The token under which the item can be had."""
        token = secrets.token_urlsafe(16)
        self._items[token] = item
        while len(self._items) > TRAY_ITEMS:
            self._items.popitem(last=False)
        return token

    def take(self, token: str, kind: type[Item]) -> Item:
        """The item, which stays; raises NotFoundError for a token without one of this kind."""
        item = self._items.get(token)
        if not isinstance(item, kind):
            raise NotFoundError("This is not kept any more.", "Start again.")
        return item
