"""Places for answers at the same time: a semaphore whose number may change while it is in use.

    slots = Slots(lambda: backend.parallel)
    async with slots: ...        # first come, first served

A smaller number sends nobody away: it holds for those who come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Slots:
    """So many places as `limit` says now, one at least. Belongs to one event loop."""

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        self.admit()  # the limit may have grown since somebody left
        if not self._waiting and self._has_room():
            self._taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place was given in the same moment
                self._leave()
            else:
                self._waiting.remove(turn)
            raise

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    def locked(self) -> bool:
        """Whether the next one has to wait."""
        return bool(self._waiting) or not self._has_room()

    def admit(self) -> None:
        """Let in as many as there is room for."""
        while self._waiting and self._has_room():
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)

    def _has_room(self) -> bool:
        return self._taken < max(1, self._limit())

    def _leave(self) -> None:
        self._taken -= 1
        self.admit()
