"""A transport for this machine: one connection a lane, a free lane for every request.

The pool of httpx looks at all its connections, and asks the system about each, whenever a request starts or ends:
with 16 requests at a time that was a third of the whole cost of a call (httpcore 1.0.9). A lane has one connection
and nothing to look through.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import httpx

LIMITS = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=2.0)
"""uvicorn closes idle connections after 5 s: ours go first, or a request would meet a closed door."""


class Lanes(httpx.AsyncBaseTransport):
    """Opens a lane when all are taken. The last one used is the next one taken: its connection is the freshest."""

    def __init__(self) -> None:
        self._free: list[httpx.AsyncHTTPTransport] = []
        self._certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # none are loaded: plain http only

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange on a lane of its own, which is free again when the response is closed."""
        lane = self._free.pop() if self._free else self._new()
        try:
            response = await lane.handle_async_request(request)
        except BaseException:
            await lane.aclose()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        stream = _Body(response.stream, lane, self._free)
        return httpx.Response(
            response.status_code, headers=response.headers, stream=stream, extensions=response.extensions
        )

    async def aclose(self) -> None:
        """Close every free lane."""
        while self._free:
            await self._free.pop().aclose()

    def _new(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=self._certificates, limits=LIMITS, trust_env=False)


class _Body(httpx.AsyncByteStream):
    """The body of a response; closing it gives its lane back."""

    def __init__(
        self,
        stream: httpx.AsyncByteStream,
        lane: httpx.AsyncHTTPTransport,
        free: list[httpx.AsyncHTTPTransport],
    ) -> None:
        self._stream = stream
        self._lane: httpx.AsyncHTTPTransport | None = lane
        self._free = free

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
        lane, self._lane = self._lane, None
        if lane is not None:
            self._free.append(lane)
