"""HTTP for this machine: one exchange a connection at a time, a free connection for every request.

    lanes = Lanes("http://127.0.0.1:8000", {"user-agent": "…"}, connect_s=2.0)
    answer = await lanes.send("POST", "/v1/chat/completions", b"{…}")
    async for piece in answer.aiter_bytes(): ...
    await answer.aclose()                      # read to its end, its connection serves the next request

HTTP/1.1 without TLS, compression, redirects or proxies, which nobody needs on one machine. A general client took
1.2 ms of processor time for a short answer, most of the cost of a call; this takes 0.2 ms.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

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
            return await _answer(self, wire)
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
    _body: Chunked | Counted | Endless
    _keep: bool

    async def aiter_bytes(self) -> AsyncGenerator[bytes, None]:
        """Pieces of the body as they arrive, none empty. Raises Broken when it ends early."""
        body = self._body
        piece = body.feed(b"")
        while True:
            if piece:
                yield piece
            if body.is_whole:
                return
            data = await self._wire.read()
            if not data:
                body.end()
                return
            piece = body.feed(data)

    async def aclose(self) -> None:
        """Be done with it: the connection is free when all was read, else closed."""
        if self._keep and self._body.is_whole and not self._body.rest:
            self._lanes.give_back(self._wire)
        else:
            self._wire.hang_up()
        self._keep = False


async def _answer(lanes: Lanes, wire: Wire) -> Answer:
    data = b""
    while True:
        while (end := data.find(b"\r\n\r\n")) < 0:
            more = await wire.read()
            if not more or len(data) > LONGEST_HEAD:
                raise Broken("closed without an answer" if not more else "a head without an end")
            data += more
        version, status, headers = read_head(data[:end])
        data = data[end + 4 :]
        if status >= 200:  # the others announce a further head
            break
    keep = version == b"HTTP/1.1" and "close" not in headers.get("connection", "").lower()
    body: Chunked | Counted | Endless
    if status in (204, 304):
        body = Counted(0)
    elif "chunked" in headers.get("transfer-encoding", "").lower():
        body = Chunked()
    elif (length := headers.get("content-length")) is not None:
        if not (length.isascii() and length.isdigit()):
            raise Broken("a length that is no number")
        body = Counted(int(length))
    else:
        body = Endless()
    body.rest = data
    return Answer(status, headers, lanes, wire, body, keep)


_STATUS = re.compile(rb"(HTTP/1\.[01]) ([1-5]\d\d)(?: .*)?")


def read_head(head: bytes) -> tuple[bytes, int, dict[str, str]]:
    """Version, status and headers of an answer, those of one name joined by a comma; raises Broken."""
    first, *lines = head.split(b"\r\n")
    if not (found := _STATUS.fullmatch(first)):
        raise Broken("this is not HTTP")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise Broken("a header without a colon")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return found[1], int(found[2]), headers


@dataclass(slots=True)
class Counted:
    """A body of so many bytes. `rest` is what was read and not yet looked at."""

    left: int
    rest: bytes = b""

    @property
    def is_whole(self) -> bool:
        """Whether all of it has come."""
        return self.left == 0

    def feed(self, data: bytes) -> bytes:
        """The part of the body in these bytes."""
        data = self.rest + data
        piece, self.rest = data[: self.left], data[self.left :]
        self.left -= len(piece)
        return piece

    def end(self) -> None:
        """The connection ended."""
        raise Broken(f"{self.left} bytes are missing")


@dataclass(slots=True)
class Endless:
    """A body that lasts as long as the connection."""

    is_whole: bool = False
    rest: bytes = b""

    def feed(self, data: bytes) -> bytes:
        """All of it."""
        data, self.rest = self.rest + data, b""
        return data

    def end(self) -> None:
        """The connection ended, as it should."""
        self.is_whole = True


_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")


@dataclass(slots=True)
class Chunked:
    """A body in chunks, each with its size before it (RFC 9112, 7.1)."""

    is_whole: bool = False
    rest: bytes = b""
    _left: int = 0
    _line: str = field(default="size")  # what the next line is: a size, the end of a chunk, a trailer

    def feed(self, data: bytes) -> bytes:
        """The parts of the body in these bytes, of several chunks where there are several; raises Broken."""
        data, self.rest = self.rest + data, b""
        at, pieces = 0, []
        while at < len(data) and not self.is_whole:
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                continue
            end = data.find(b"\r\n", at)
            if end < 0:
                if len(data) - at > LONGEST_HEAD:
                    raise Broken("a line without an end")
                break
            self._read(data[at:end])
            at = end + 2
        self.rest = data[at:]
        return b"".join(pieces)

    def _read(self, line: bytes) -> None:
        if self._line == "end":
            if line:
                raise Broken("a chunk longer than its size")
            self._line = "size"
        elif self._line == "trailer":
            self.is_whole = not line
        elif found := _SIZE.fullmatch(line):
            self._left = int(found[1], 16)
            self._line = "end" if self._left else "trailer"
        else:
            raise Broken("a chunk without a size")

    def end(self) -> None:
        """The connection ended."""
        raise Broken("the last chunk is missing")
