"""A time limit that counts what others take, not what this program takes.

    async with Deadline(2.0):
        await connect()          # TimeoutError after two seconds in which the event loop was free

While the loop is busy, answers lie unread: a limit that went on would blame a server that has answered. So the clock
is looked at in short steps, and a step that comes late moves the limit by as much.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

STEP_S = 0.25
LATE_S = 0.05
"""A step may be so late on a loop that is free."""


class Deadline:
    """A limit that may be entered again and again, by one task at a time, and moved (`until`) meanwhile."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._left_at = self._loop.time()
        self.until = self._left_at + seconds
        self._limit: asyncio.Timeout
        self._step: asyncio.TimerHandle

    async def __aenter__(self) -> Self:
        now = self._loop.time()
        if now - self._left_at > LATE_S:
            # It may have passed while nobody looked: what has arrived is looked at before it counts.
            self.until = max(self.until, now + LATE_S)
        self._limit = asyncio.timeout(None)
        await self._limit.__aenter__()
        self._plan()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._step.cancel()
        self._left_at = self._loop.time()
        await self._limit.__aexit__(kind, exc, trace)

    @property
    def is_over(self) -> bool:
        """Whether it was this limit that ended what was done within it."""
        return self._limit.expired()

    def _plan(self) -> None:
        """Look again at the limit or in a step, whichever is earlier."""
        now = self._loop.time()
        planned = min(self.until, now + STEP_S)
        self._step = self._loop.call_at(planned, self._look, now, planned)

    def _look(self, before: float, planned: float) -> None:
        now = self._loop.time()
        if now - planned > LATE_S:
            # What has arrived meanwhile is read in the next turns of the loop.
            self.until = max(self.until + now - before, now + STEP_S)
        if now < self.until:
            self._plan()
        else:
            self._limit.reschedule(now)
