"""A cache of greedy answers: what was asked before, of the same model, is not asked again.

A request's hash holds everything that is asked. What a server does not tell of itself is found out: per model, a call
that was answered before is made once more, and only when the answer comes back equal, from the same weights and the
same version, are the others served. Repeats and seeds are asked anew: they are there to differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from playground.runs.single import Call, Send
from playground.types.generation import Completion

Find = Callable[[Collection[str]], Awaitable[Mapping[str, Completion]]]
"""The newest whole answer to each of the requests of these hashes that has one."""

GATHER_S = 0.05
"""How long a call may wait for others to be looked up with: one look costs what many do, and a call takes far longer."""

Maker = tuple[str | None, str | None]
"""What a completion tells of its maker: the digest of the weights, and the version of the server."""


class GreedyAnswers:
    """What may be served in one run; `served` counts it. Its calls are made so many at the same time."""

    def __init__(self, find: Find, at_once: int = 1) -> None:
        self._looks = Looks(find, at_once)
        self._trusted: dict[str, Maker | None] = {}
        """By model: who makes its answers now. None, when it answered otherwise than before."""
        self._asking: dict[str, asyncio.Lock] = {}
        self.served = 0

    async def ask(self, call: Call, send: Send) -> tuple[Completion, bool]:
        """What the call gives, and whether that was known before."""
        request = call.request
        if request.sampling.temperature > 0 or request.family:
            return await send(call), False
        known = await self._looks.up(call.hash)
        if known is None:
            completion = await send(call)
            if completion.model_digest is not None:
                self._trusted.setdefault(request.model, _maker(completion))
            return completion, False
        if request.model not in self._trusted:
            async with self._asking.setdefault(request.model, asyncio.Lock()):
                if request.model not in self._trusted:
                    completion = await send(call)
                    is_same = completion.text == known.text and _maker(completion) == _maker(known)
                    self._trusted[request.model] = _maker(completion) if is_same else None
                    return completion, False
        if self._trusted[request.model] != _maker(known):
            return await send(call), False
        self.served += 1
        return known, True


class Looks:
    """Many looks into the store as few: those that come within a moment are one, and begin it when they are `enough`."""

    def __init__(self, find: Find, enough: int) -> None:
        self._find = find
        self._enough = enough
        self._asked: dict[str, asyncio.Future[Completion | None]] = {}
        self._begins: asyncio.TimerHandle | None = None
        self._looking: set[asyncio.Task[None]] = set()

    async def up(self, key: str) -> Completion | None:
        """The answer that is known; raises what the look raises."""
        if (found := self._asked.get(key)) is None:
            loop = asyncio.get_running_loop()
            found = self._asked[key] = loop.create_future()
            if len(self._asked) >= self._enough:
                self._begin()
            elif len(self._asked) == 1:
                self._begins = loop.call_later(GATHER_S, self._begin)
        return await asyncio.shield(found)  # who is stopped leaves the others theirs

    def _begin(self) -> None:
        if self._begins is not None:
            self._begins.cancel()
        asked, self._asked = self._asked, {}
        looking = asyncio.create_task(self._together(asked))
        self._looking.add(looking)
        looking.add_done_callback(self._looking.discard)

    async def _together(self, asked: Mapping[str, asyncio.Future[Completion | None]]) -> None:
        try:
            known = await self._find(asked)
        except Exception as exc:
            for found in asked.values():
                found.set_exception(exc)
                found.exception()  # whoever asked may have been stopped
            return
        for key, found in asked.items():
            found.set_result(known.get(key))


def _maker(completion: Completion) -> Maker:
    return completion.model_digest, completion.backend_version
