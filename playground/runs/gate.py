"""The gate of a backend: so many calls at the same time, those somebody waits for before those in the background.

    gate = Gate(lambda: backend.parallel)
    async with gate: ...                       # somebody watches: rank 0
    async with gate.ranked(lambda: 1): ...     # after all that are watched; of one rank first come, first served

The number may change while it is in use: a smaller one sends nobody away, it holds for those who come. So may a rank:
it is asked when a place is free.

A backend that puts off what nobody watches for what somebody does must hear of the latter to do so: its gate `preempts`,
and keeps the same number of places for those who watch, whoever else is inside.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

Rank = Callable[[], int]
"""The lowest is let in first; 0 is for what somebody watches, 1 for what goes on in the background."""


def watched() -> int:
    """The rank of what somebody watches."""
    return 0


def background() -> int:
    """The rank of what goes on in the background."""
    return 1


class _Turn(NamedTuple):
    number: int
    comes: asyncio.Future[bool]
    """Whether it came in as one of those who watch."""


class Gate:
    """So many places as `limit` says now, one at least. Belongs to one event loop.

    Where it `preempts`, those of the background take none from who watches: twice the number may be inside for a while.
    """

    def __init__(self, limit: Callable[[], int], preempts: Callable[[], bool] = lambda: False) -> None:
        self._limit = limit
        self._preempts = preempts
        self._inside = {True: 0, False: 0}
        """How many came in as watched, and how many did not."""
        self._count = 0
        self._waiting: dict[Rank, deque[_Turn]] = {}
        """Those of one rank in the order of their coming: a choice looks at the first of each alone."""

    @property
    def preempts(self) -> bool:
        """Whether those who watch need not wait for the background to leave."""
        return self._preempts()

    async def __aenter__(self) -> None:
        await self.enter(watched)

    async def __aexit__(self, *_: object) -> None:
        self.leave(is_watched=True)

    def ranked(self, rank: Rank) -> Ranked:
        """The gate as those of that rank go through it."""
        return Ranked(self, rank)

    async def enter(self, rank: Rank) -> bool:
        """Take a place, or wait for one; whether it is that of somebody who watches."""
        self.admit()  # the limit may have grown since somebody left
        is_watched = rank() <= 0
        if not self.locked(rank):
            self._inside[is_watched] += 1
            return is_watched
        self._count += 1
        turn = _Turn(self._count, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(rank, deque()).append(turn)
        try:
            return await turn.comes
        except asyncio.CancelledError:
            if turn.comes.done() and not turn.comes.cancelled():  # the place was given in the same moment
                self.leave(is_watched=turn.comes.result())
            else:
                self._forget(rank, turn)
            raise

    def leave(self, *, is_watched: bool) -> None:
        """Give a place back."""
        self._inside[is_watched] -= 1
        self.admit()

    def locked(self, rank: Rank = watched) -> bool:
        """Whether the next one of that rank has to wait."""
        is_watched = rank() <= 0
        ahead = any((other() <= 0) >= is_watched for other in self._waiting)
        return ahead or not self._has_room(is_watched)

    def admit(self) -> None:
        """Let in as many as there is room for, the lowest rank first."""
        while self._waiting:
            rank = min(self._waiting, key=lambda rank: (rank(), self._waiting[rank][0].number))
            is_watched = rank() <= 0
            if not self._has_room(is_watched):
                return  # nor for one of a higher rank
            turn = self._waiting[rank][0]
            self._forget(rank, turn)
            if not turn.comes.done():
                self._inside[is_watched] += 1
                turn.comes.set_result(is_watched)

    def _forget(self, rank: Rank, turn: _Turn) -> None:
        turns = self._waiting.get(rank, deque())
        if turns and turns[0] is turn:
            turns.popleft()
        elif turn in turns:
            turns.remove(turn)
        if not turns:
            self._waiting.pop(rank, None)

    def _has_room(self, is_watched: bool) -> bool:
        limit = max(1, self._limit())
        if sum(self._inside.values()) < limit:
            return True
        return is_watched and self._inside[True] < limit and self.preempts


class Ranked:
    """A gate for those of one rank; each of these has its own."""

    def __init__(self, gate: Gate, rank: Rank) -> None:
        self._gate = gate
        self._rank = rank
        self._is_watched = False

    async def __aenter__(self) -> None:
        self._is_watched = await self._gate.enter(self._rank)

    async def __aexit__(self, *_: object) -> None:
        self._gate.leave(is_watched=self._is_watched)

    def locked(self) -> bool:
        """Whether the next one has to wait."""
        return self._gate.locked(self._rank)
