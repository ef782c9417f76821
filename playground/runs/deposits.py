"""Changes on their way to the database, for callers that must not wait for ever, nor lose sight of any.

facts = await deposits.stored(store.submit(end))   # None: it takes longer, and goes on
await deposits.all_stored()
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future
from typing import Any, TypeVar

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""Who waits for the database hears of an answer after so long at the latest; it is stored when that can be done."""

T = TypeVar("T")


class Deposits:
    """What is being stored. `failed` holds why some of those that were not waited for could not be."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[Any]] = set()
        self.failed: list[BaseException] = []

    async def stored(self, future: Future[T]) -> T | None:
        """What storing gave; None when it takes longer than PATIENCE_S, and goes on. Raises what it raises."""
        waiting = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({waiting}, timeout=PATIENCE_S)
        if done:
            return waiting.result()
        self._waiting.add(waiting)
        waiting.add_done_callback(self._late)
        return None

    async def all_stored(self) -> None:
        """Wait until the database has taken everything, however long another program holds it.

        Raises the error of one that could not be stored.
        """
        await self.settled()
        if self.failed:
            raise self.failed[-1]

    async def settled(self, timeout_s: float | None = None) -> bool:
        """Wait until all that waits now is stored, or cannot be; whether it is, after so many seconds at the latest."""
        if not self._waiting:
            return True
        _, pending = await asyncio.wait(set(self._waiting), timeout=timeout_s)
        return not pending

    def _late(self, future: asyncio.Future[Any]) -> None:
        self._waiting.discard(future)
        if not future.cancelled() and (exc := future.exception()) is not None:
            self.failed.append(exc)
            log.error("An answer could not be stored: %s", exc)
