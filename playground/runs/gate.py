"""The gate of a backend: so many calls at the same time, those somebody waits for before those in the background.

    gate = Gate(lambda: backend.parallel)
    async with gate: ...                       # somebody watches: rank 0
    async with gate.ranked(lambda: 1): ...     # after all that are watched; of one rank first come, first served

The number may change while it is in use: a smaller one sends nobody away, it holds for those who come. So may a rank:
it is asked when a place is free.
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


class _Turn(NamedTuple):
    number: int
    comes: asyncio.Future[None]


class Gate:
    """So many places as `limit` says now, one at least. Belongs to one event loop."""

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._taken = 0
        self._count = 0
        self._waiting: dict[Rank, deque[_Turn]] = {}
        """Those of one rank in the order of their coming: a choice looks at the first of each alone."""

    async def __aenter__(self) -> None:
        await self.enter(watched)

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def ranked(self, rank: Rank) -> Ranked:
        """The gate as those of that rank go through it."""
        return Ranked(self, rank)

    async def enter(self, rank: Rank) -> None:
        """Take a place, or wait for one."""
        self.admit()  # the limit may have grown since somebody left
        if not self._waiting and self._has_room():
            self._taken += 1
            return
        self._count += 1
        turn = _Turn(self._count, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(rank, deque()).append(turn)
        try:
            await turn.comes
        except asyncio.CancelledError:
            if turn.comes.done() and not turn.comes.cancelled():  # the place was given in the same moment
                self.leave()
            else:
                self._forget(rank, turn)
            raise

    def leave(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self.admit()

    def locked(self) -> bool:
        """Whether the next one has to wait."""
        return bool(self._waiting) or not self._has_room()

    def admit(self) -> None:
        """Let in as many as there is room for, the lowest rank first."""
        while self._waiting and self._has_room():
            rank = min(self._waiting, key=lambda rank: (rank(), self._waiting[rank][0].number))
            turn = self._waiting[rank][0]
            self._forget(rank, turn)
            if not turn.comes.done():
                self._taken += 1
                turn.comes.set_result(None)

    def _forget(self, rank: Rank, turn: _Turn) -> None:
        turns = self._waiting.get(rank, deque())
        if turns and turns[0] is turn:
            turns.popleft()
        elif turn in turns:
            turns.remove(turn)
        if not turns:
            self._waiting.pop(rank, None)

    def _has_room(self) -> bool:
        return self._taken < max(1, self._limit())


class Ranked:
    """A gate for those of one rank."""

    def __init__(self, gate: Gate, rank: Rank) -> None:
        self._gate = gate
        self._rank = rank

    async def __aenter__(self) -> None:
        await self._gate.enter(self._rank)

    async def __aexit__(self, *_: object) -> None:
        self._gate.leave()

    def locked(self) -> bool:
        """Whether the next one has to wait."""
        return self._gate.locked()
