"""How a cell gets its answer: a program that makes calls, each in a place of its own. The prompt as it is makes one.

answer = await Single(work, send).answer()
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from playground.backends.base import Fold
from playground.runs.planning import request_hash, request_of
from playground.types.generation import Completion, Finish, GenerationRequest
from playground.types.grid import Work
from playground.types.trace import Answer, Step


@dataclass(slots=True)
class Call:
    """One call of a program; `fold` holds what has come of its answer.

    The first one tells that the cell has begun; one that `streams` tells its text as the cell's.
    """

    request: GenerationRequest
    fold: Fold = field(default_factory=Fold)
    is_first: bool = True
    streams: bool = True
    _hash: str = field(default="", init=False, repr=False)

    @property
    def hash(self) -> str:
        """What is asked, in 64 hexadecimal digits; found out once."""
        self._hash = self._hash or request_hash(self.request)
        return self._hash


Send = Callable[[Call], Awaitable[Completion]]
"""Makes a call: waits for its place at the backend, tells what comes. Raises BackendError."""


class Program(Protocol):
    """How one answer is got."""

    async def answer(self) -> Answer:
        """The answer, after as many calls as it takes; raises PlaygroundError."""
        ...

    def so_far(self, finish: Finish) -> Answer:
        """What there is of it when it is stopped or fails."""
        ...


Tell = Callable[[Step], None]
"""Told every change of a step, by a program that has more than one."""

MakeProgram = Callable[[Work, Send, Tell], Program]


class Single:
    """One call: what every column does that has no technique."""

    def __init__(self, work: Work, send: Send, tell: Tell = lambda _: None) -> None:
        self._work = work
        self._send = send
        self._call: Call | None = None

    async def answer(self) -> Answer:
        """What the model answers."""
        self._call = Call(request_of(self._work))
        return self._of(await self._send(self._call))

    def so_far(self, finish: Finish) -> Answer:
        """The text that has come."""
        fold = self._call.fold if self._call else Fold()
        return self._of(fold.completion(finish))

    def _of(self, completion: Completion) -> Answer:
        known = self._call.hash if self._call else ""
        return Answer.of_one_call(self._work.messages, completion, known)
