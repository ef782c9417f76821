"""Connections to the page's server: each is bounded in time until its request is there, and their number is bounded.

uvicorn waits for ever for the rest of a head that began, and for a first one (seen in 0.35 to 0.38): a few thousand
half-open connections take all file descriptors.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 20.0
"""Until the head of a request is whole, from the connection's begin or the head's first byte."""
MOST_CONNECTIONS = 800
"""Open at the same time; a tab holds up to six. Further ones are closed at once."""


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, but a connection whose request does not come is closed."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection: closed at once when there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
            return
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Bytes of a head or a body."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._late is None:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        # After a keep-alive answer uvicorn has a timer of its own; here only a head that began, or none at all.
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
