"""HTTP for this machine: one exchange a connection at a time, a free connection for every request.

    lanes = Lanes("http://127.0.0.1:8000", {"user-agent": "…"}, connect_s=2.0)
    answer = await lanes.send("POST", "/v1/chat/completions", b"{…}")
    async for piece in answer.aiter_bytes(): ...
    await answer.aclose()                      # read to its end, its connection serves the next request

HTTP/1.1 without TLS, compression, redirects or proxies, which nobody needs on one machine; `httptools` reads the
answers. A general client took 1.2 ms of processor time for a short answer, most of the cost of a call; this takes
0.2 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

IDLE_S = 2.0
"""uvicorn closes idle connections after 5 s: ours go first, or a request would meet a closed door."""
MOST_IDLE = 64
LONGEST_HEAD = 64_000
MUCH_UNREAD = 1_000_000
"""Bytes that nobody has asked for yet; more are left with the server."""


class NoConnection(OSError):
    """Nobody answers at that address."""


class Broken(ConnectionError):
    """The connection ended early, or what came over it is not HTTP."""


class Wire(asyncio.Protocol):
    """A connection: bytes as they come."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._paused = False
        self._transport: asyncio.Transport
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._buffer += data
        if len(self._buffer) > MUCH_UNREAD and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The server has said all: there is nothing left to do with this connection."""
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._ended = True
        self._wake()

    def write(self, data: bytes) -> None:
        """Send, without waiting for it."""
        self._transport.write(data)

    async def read(self) -> bytes:
        """What has come since the last time, waiting for it; empty at the end."""
        if not self._buffer and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = bytes(self._buffer)
        self._buffer.clear()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return data

    def is_quiet(self) -> bool:
        """Whether it is open with nothing unread, as a connection must be for the next exchange."""
        return not self._ended and not self._buffer and not self._transport.is_closing()

    def hang_up(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Lanes:
    """The connections to one server. The last one used is the next one taken: it is the freshest."""

    def __init__(self, url: str, headers: Mapping[str, str], connect_s: float) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._prefix = parts.path
        self._connect_s = connect_s
        lines = {"Host": parts.netloc, **headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode("latin-1")
        self._idle: list[Wire] = []

    async def send(self, method: str, path: str, body: bytes | None) -> Answer:
        """The answer once its head is there. Raises NoConnection, Broken and other OSErrors."""
        wire = self._taken() or await self._connected()
        try:
            target = quote(self._prefix + path, safe="/%?=&:@+,;~!$'()*")
            lines = b"%s %s HTTP/1.1\r\n%s" % (method.encode(), target.encode(), self._head)
            if body is not None:
                lines += b"Content-Type: application/json\r\n"
            if body is not None or method not in ("GET", "HEAD"):
                lines += b"Content-Length: %d\r\n" % len(body or b"")
            wire.write(lines + b"\r\n" + (body or b""))
            message = Message()
            while not message.status:
                await message.read_on(wire)
            return Answer(message.status, message.headers, self, wire, message)
        except BaseException:
            wire.hang_up()
            raise

    def give_back(self, wire: Wire) -> None:
        """Keep a connection whose exchange is over."""
        if len(self._idle) < MOST_IDLE and wire.is_quiet():
            wire.idle_since = asyncio.get_running_loop().time()
            self._idle.append(wire)
        else:
            wire.hang_up()

    async def aclose(self) -> None:
        """Close every idle connection."""
        while self._idle:
            self._idle.pop().hang_up()
        await asyncio.sleep(0)  # a transport closes in the next turn of the loop

    def _taken(self) -> Wire | None:
        oldest = asyncio.get_running_loop().time() - IDLE_S
        while self._idle:
            wire = self._idle.pop()
            if wire.idle_since > oldest and wire.is_quiet():
                return wire
            wire.hang_up()
        return None

    async def _connected(self) -> Wire:
        try:
            async with asyncio.timeout(self._connect_s):
                loop = asyncio.get_running_loop()
                _, wire = await loop.create_connection(Wire, self._host, self._port)
                return wire
        except (OSError, UnicodeError) as exc:  # TimeoutError is an OSError
            raise NoConnection(str(exc)) from exc


# --- reading an answer ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Answer:
    """An answer whose head has arrived; the names of its headers are in lower case."""

    status_code: int
    headers: dict[str, str]
    _lanes: Lanes
    _wire: Wire
    _message: Message

    async def aiter_bytes(self) -> AsyncGenerator[bytes, None]:
        """Pieces of the body as they arrive, none empty. Raises Broken when it ends early."""
        message = self._message
        while True:
            if piece := message.take():
                yield piece
            if message.is_whole:
                return
            await message.read_on(self._wire)

    async def aclose(self) -> None:
        """Be done with it: the connection is free when all was read, else closed."""
        message = self._message
        if message.is_whole and message.keeps_open and not message.take():
            self._lanes.give_back(self._wire)
        else:
            self._wire.hang_up()
        message.keeps_open = False  # a second call must not give it back again


class Message:
    """What has been found in an answer so far. The parser calls the `on_…` methods while it is fed."""

    def __init__(self) -> None:
        self.status = 0  # until the final head is there
        self.headers: dict[str, str] = {}
        self.is_whole = False
        self.keeps_open = False
        self._fault: Broken | None = None
        self._pieces: list[bytes] = []
        self._bodiless = 0  # bytes since the last piece of the body: a head, or trailers
        self.on_body = self._pieces.append
        self._parser = HttpResponseParser(self)
        # Some servers fill the line of a chunk's size up with spaces.
        self._parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)

    async def read_on(self, wire: Wire) -> None:
        """Take in what comes next; raises Broken, but only after all that was good has been taken in."""
        if self._fault is not None:
            raise self._fault
        if data := await wire.read():
            self._feed(data)
        elif self._lasts_until_the_end():
            self.is_whole = True
        else:
            raise Broken("the connection ended early")

    def take(self) -> bytes:
        """What has come of the body since the last time."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data

    def on_message_begin(self) -> None:
        """A head begins: the first, or the one after an interim answer."""
        if self.is_whole:
            raise Broken("more than was asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, joined by a comma to those of its name; a trailer is of no use."""
        if self.status:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        """The end of a head; one below 200 only announces another."""
        status = self._parser.get_status_code()
        if self._parser.get_http_version() not in ("1.0", "1.1") or not 100 <= status <= 599:
            raise Broken("this is not HTTP")
        if status < 200:
            self.headers.clear()
        else:
            self.status, self.keeps_open = status, self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        """The end of a body, if only of an empty one."""
        self.is_whole = self.status > 0

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as exc:
            if self.is_whole:  # what follows is nobody's: the answer counts, the connection does not
                self.keeps_open = False
            else:
                self._fault = Broken(f"this is not HTTP: {exc}")
        self._bodiless = 0 if self._pieces else self._bodiless + len(data)
        if self._bodiless > LONGEST_HEAD and not self.is_whole:  # the parser itself has no limit
            self._fault = Broken("a head without an end")

    def _lasts_until_the_end(self) -> bool:
        """Whether only the end of the connection ends the body (RFC 9112, 6.3)."""
        chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        return self.status > 0 and not chunked and "content-length" not in self.headers
