"""A cache of greedy answers: what was asked before, of the same model, is not asked again.

A request's hash holds everything that is asked. What a server does not tell of itself is found out: per model, a call
that was answered before is made once more, and only when the answer comes back equal, from the same weights and the
same version, are the others served. Repeats and seeds are asked anew: they are there to differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from playground.runs.planning import request_hash
from playground.runs.single import Call, Send
from playground.types.generation import Completion

Find = Callable[[str], Awaitable[Completion | None]]
"""The newest whole answer to the request of that hash."""

Maker = tuple[str | None, str | None]
"""What a completion tells of its maker: the digest of the weights, and the version of the server."""


class GreedyAnswers:
    """What may be served in one run; `served` counts it."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._trusted: dict[str, Maker | None] = {}
        """By model: who makes its answers now. None, when it answered otherwise than before."""
        self._asking: dict[str, asyncio.Lock] = {}
        self.served = 0

    async def ask(self, call: Call, send: Send) -> tuple[Completion, bool]:
        """What the call gives, and whether that was known before."""
        request = call.request
        if request.sampling.temperature > 0 or request.family:
            return await send(call), False
        known = await self._find(request_hash(request))
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


def _maker(completion: Completion) -> Maker:
    return completion.model_digest, completion.backend_version
