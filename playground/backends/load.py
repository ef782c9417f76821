"""What is under way at a server, and whether the server goes away under it.

    async with load.call():      # one answer
        ...

Some servers die of many requests at once. When answers fail and the server is gone afterwards, `on_death(64)` is told
how many it had; those of the same death count once, and calls that did not reach it not at all. `on_success` is told of
every answer that ended well.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from playground.errors import BackendBusy, BackendError, ContextOverflow, ServerGone, Unreached

LOOKS_S = (0.3, 1.0, 3.0)
"""A dying server may still take connections for a moment."""
FEW = 2
"""One answer is no load."""


class Load:
    """Counts the answers of one server. `is_there` asks whether it still takes connections, and never raises."""

    def __init__(self, is_there: Callable[[], Awaitable[bool]]) -> None:
        self.under_way = 0
        self.on_death: Callable[[int], None] = lambda _: None
        self.on_success: Callable[[], None] = lambda: None
        self._is_there = is_there
        self._died_at = float("-inf")
        self._watch: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """One answer, from its request to its end."""
        began = asyncio.get_running_loop().time()
        self.under_way += 1
        try:
            yield
        except BackendError as exc:
            if not isinstance(exc, BackendBusy | ContextOverflow | Unreached):
                self._suspect(began, certain=isinstance(exc, ServerGone))
            raise
        else:
            self.on_success()
        finally:
            self.under_way -= 1

    def close(self) -> None:
        """The server is of no interest any more."""
        if self._watch is not None:
            self._watch.cancel()

    def _suspect(self, began: float, *, certain: bool) -> None:
        """An answer has failed that began then."""
        if began < self._died_at or self.under_way < FEW:
            return
        if certain:
            self.close()
            self._dead(self.under_way)
        elif self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look(self.under_way))

    async def _look(self, under_way: int) -> None:
        for pause_s in LOOKS_S:
            await asyncio.sleep(pause_s)
            if not await self._is_there():
                self._dead(under_way)
                return

    def _dead(self, under_way: int) -> None:
        self._died_at = asyncio.get_running_loop().time()
        self.on_death(under_way)
