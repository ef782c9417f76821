"""News of many cells on its way to one reader, who may be slow: what one cell wrote meanwhile becomes one piece.

outbox.put(Delta(cell, "more"), cell.key)
event = await outbox.get()
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from playground.runs.cells import Delta
from playground.types.grid import CellKey

CROWDED = 256
"""From so many events on, deltas of one cell that nobody has read are put together."""

T = TypeVar("T")


@dataclass(slots=True)
class _Held(Generic[T]):
    event: T
    key: CellKey | None
    is_end: bool


class Outbox(Generic[T]):
    """A queue for one reader. Belongs to one event loop."""

    def __init__(self) -> None:
        self._held: deque[_Held[T]] = deque()
        self._last: dict[CellKey, _Held[Any]] = {}
        self._there = asyncio.Event()
        self._is_closed = False
        self.ends = 0
        """Ends that nobody has read yet."""

    def put(self, event: T, key: CellKey | None = None, *, is_end: bool = False) -> None:
        """Add news of that cell. Once closed, only errors are kept."""
        if self._is_closed and not isinstance(event, BaseException):
            return
        last = self._last.get(key) if key is not None else None
        if (
            isinstance(event, Delta)
            and not event.rethought
            and last is not None
            and isinstance(last.event, Delta)
            and len(self._held) >= CROWDED
        ):
            text, thoughts = last.event.text + event.text, last.event.reasoning + event.reasoning
            last.event = replace(last.event, text=text, reasoning=thoughts, settled=event.settled)
            return
        held = _Held(event, key, is_end)
        self._held.append(held)
        if key is not None:
            self._last[key] = held
        self.ends += is_end
        self._there.set()

    async def get(self) -> T:
        """The next event."""
        while not self._held:
            self._there.clear()
            await self._there.wait()
        held = self._held.popleft()
        if held.key is not None and self._last.get(held.key) is held:
            del self._last[held.key]
        self.ends -= held.is_end
        return held.event

    def close(self) -> None:
        """Nobody reads any more: forget all but the errors."""
        self._is_closed = True
        self._held = deque(held for held in self._held if isinstance(held.event, BaseException))
        self._last.clear()
        self.ends = 0

    def rest(self) -> Iterator[T]:
        """What was left unread."""
        while self._held:
            yield self._held.popleft().event
