"""The program of a cell in an experiment: its prompt is rendered when its turn comes, and its calls may be known already.

A grid of any size is planned with the keys of its cells alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace

from playground.runs.greedy import GreedyAnswers
from playground.runs.single import Call, MakeProgram, Program, Send, Tell
from playground.types.experiment import TWIN
from playground.types.generation import Completion, Finish, Message
from playground.types.grid import Work
from playground.types.trace import CACHED, Answer

Rendered = Callable[[Work], Awaitable[tuple[Message, ...]]]


@dataclass(frozen=True, slots=True)
class Preparing:
    """What the cells of one experiment are prepared with; `make` is how a rendered one gets its answer.

    `bound` lets so many of them through at the same time; `ready` waits while nothing can be stored. `known` may hold
    answers; None asks for everything anew.
    """

    render: Rendered
    make: MakeProgram
    ready: Callable[[], Awaitable[None]]
    known: GreedyAnswers | None = None
    bound: AbstractAsyncContextManager[object] | None = None

    def program(self, work: Work, send: Send, tell: Tell) -> Program:
        """The program of that cell."""
        return Prepared(self, work, send, tell)


class Prepared:
    """One cell."""

    def __init__(self, preparing: Preparing, work: Work, send: Send, tell: Tell) -> None:
        self._preparing = preparing
        self._work = work
        self._send = send
        self._tell = tell
        self._inner: Program | None = None
        self._asked = 0
        self._served = 0

    async def answer(self) -> Answer:
        """The answer; raises PlaygroundError for a case that the prompt cannot be rendered with."""
        async with self._preparing.bound or nullcontext():
            await self._preparing.ready()
            messages = await self._preparing.render(self._work)
            work = replace(self._work, messages=messages)
            self._inner = self._preparing.make(work, self._sent, self._tell)
            answer = await self._inner.answer()
        if not self._served:
            return answer
        said = "" if self._served == self._asked else f"{self._served} of {self._asked} calls"
        return replace(answer, facts=(*answer.facts, (CACHED, said)))

    def so_far(self, finish: Finish) -> Answer:
        """What there is of it."""
        if self._inner is None:
            return Answer.of_one_call((), Completion("", finish))
        return self._inner.so_far(finish)

    async def _sent(self, call: Call) -> Completion:
        self._asked += 1
        known = self._preparing.known
        # A further repeat, and a twin, are there to show what differs.
        if known is None or self._work.key.repeat or self._work.variant.name.endswith(TWIN):
            return await self._send(call)
        completion, is_known = await known.ask(call, self._send)
        self._served += is_known
        return completion
