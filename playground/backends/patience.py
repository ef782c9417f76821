"""How long the silence of a server is borne while it answers, and what is asked meanwhile.

patience = Patience(300, 120, connection.is_there)
async with patience:
    data = await response.read()      # TimeoutError; patience.is_gone says that nobody is there any more
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from playground.backends.deadlines import Deadline

SILENCE_S = 5.0
"""After so long without a byte a server is asked whether it still is there."""


class Patience(Deadline):
    """How long silence is borne: `first_s` until the first token, `stall_s` between data after it.

    With `is_there`, which never raises, the server is asked during silence whether it still is; when not, the limit has
    passed at once (`is_gone`): a server that shuts down may keep its open connections for minutes.
    """

    def __init__(
        self, first_s: float, stall_s: float, is_there: Callable[[], Awaitable[bool]] | None = None
    ) -> None:
        super().__init__(first_s)
        self.first_s = first_s
        self.stall_s = stall_s
        self.is_gone = False
        self.aside = ""
        """What should be known when the limit passes."""
        self._speaking = False
        self._is_there = is_there
        self._ask_at = 0.0
        self._question: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.is_gone = False
        self._ask_at = self._loop.time() + SILENCE_S
        return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._question is not None:
            self._question.cancel()
            self._question = None
        await super().__aexit__(kind, exc, trace)

    def _look(self, before: float, planned: float) -> None:
        if self._is_there is not None and self._question is None and self._loop.time() >= self._ask_at:
            self._question = self._loop.create_task(self._ask(self._is_there))
        super()._look(before, planned)

    async def _ask(self, is_there: Callable[[], Awaitable[bool]]) -> None:
        if await is_there():
            self._ask_at = self._loop.time() + SILENCE_S
        else:
            self.is_gone = True
            self.until = self._loop.time()
            self._ask_at = float("inf")
        self._question = None

    @property
    def is_speaking(self) -> bool:
        """Whether the first token has arrived."""
        return self._speaking

    def data(self) -> None:
        """Something other than a keep-alive has arrived."""
        if self._speaking:
            self.until = asyncio.get_running_loop().time() + self.stall_s

    def speaking(self) -> None:
        """The first token has arrived: from now on the shorter limit holds."""
        self._speaking = True
        self.data()

    def complaint(self) -> str:
        """What did not happen in time."""
        if self._speaking:
            return f"has sent nothing for {self.stall_s:g} s in the middle of its answer"
        return f"has sent no word of an answer in {self.first_s:g} s"
