"""HTTP for this machine: every framing, cut at every byte, and what is not HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from playground.backends.lanes import Broken, Chunked, Counted, Lanes, NoConnection, read_head
from tests.backends.conftest import body_length, serving

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def answering(*pieces: bytes, hang_up: bool = False) -> AsyncIterator[tuple[Lanes, list[bytes]]]:
    """Lanes to a server that sends these pieces to every request, and the heads it got (one list a connection)."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(body_length(head))
            heads.append(head)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if hang_up:
                return

    async with serving(serve) as port:
        lanes = Lanes(f"http://127.0.0.1:{port}/base", {"User-Agent": "test"}, 2.0)
        try:
            yield lanes, heads
        finally:
            await lanes.aclose()


async def ask(lanes: Lanes, method: str = "POST", body: bytes | None = b"{}") -> tuple[int, bytes]:
    answer = await lanes.send(method, "/x y", body)
    try:
        async with asyncio.timeout(10):
            return answer.status_code, b"".join([piece async for piece in answer.aiter_bytes()])
    finally:
        await answer.aclose()


@pytest.mark.parametrize(
    ("raw", "ends", "expected"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello", False, b"hello"),
        (OK + b"content-length:5\r\n\r\nhello", False, b"hello"),
        (OK + b"Content-Length: 0\r\n\r\n", False, b""),
        (OK + b"\r\nuntil the end", True, b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", True, b"old"),
        (CHUNKED + b"5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n", False, b"hello!"),
        (CHUNKED + b"A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", False, b"0123456789"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", False, b"ok"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", False, b"ok"),
    ],
)
async def test_an_answer_is_read_whole_and_byte_by_byte(raw: bytes, ends: bool, expected: bytes) -> None:
    for pieces in ([raw], [raw[at : at + 1] for at in range(len(raw))]):
        async with answering(*pieces, hang_up=ends) as (lanes, _):
            assert await ask(lanes) == (200, expected)


async def test_an_answer_without_a_body_may_keep_silent_about_it() -> None:
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (lanes, heads):
        assert [await ask(lanes, "DELETE", None) for _ in range(2)] == [(204, b"")] * 2
        assert heads[0].startswith(b"DELETE /base/x%20y HTTP/1.1\r\nHost: 127.0.0.1:")
        assert b"Content-Length: 0\r\n" in heads[0] and b"User-Agent: test\r\n" in heads[0]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 999 X\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"Content-Length: -5\r\n\r\n",
        OK + b"Content-Length: 5, 6\r\n\r\nhello",
        OK + b"Content-Length: 9\r\n\r\nhello",
        OK + b"X: " + b"x" * 100_000,
        CHUNKED + b"-1\r\nx\r\n0\r\n\r\n",
        CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"5\r\nhe",
        CHUNKED + b"1" * 100_000,
    ],
)
async def test_what_is_not_a_whole_answer_is_broken(raw: bytes) -> None:
    async with answering(raw, hang_up=True) as (lanes, _):
        with pytest.raises(Broken):
            await ask(lanes)


async def test_a_connection_is_used_again_only_after_a_whole_answer() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while head := await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(body_length(head))
            extra = b"garbage" if b"/extra" in head else b""
            last = b"Connection: Close\r\n" if b"/last" in head else b""
            writer.write(OK + last + b"Content-Length: 5\r\n\r\nhello" + extra)

    async with serving(serve) as port:
        lanes = Lanes(f"http://localhost:{port}", {}, 2.0)
        seen = []
        for path, read in (
            ("/a", 9),
            ("/b", 9),
            ("/extra", 9),
            ("/a", 9),
            ("/last", 9),
            ("/a", 0),
            ("/a", 9),
        ):
            answer = await lanes.send("GET", path, None)
            if read:
                assert [piece async for piece in answer.aiter_bytes()] == [b"hello"]
            await answer.aclose()
            seen.append(connections)
        await lanes.aclose()
    assert seen == [1, 1, 1, 2, 2, 3, 4]


async def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used() -> None:
    async with answering(OK + b"Content-Length: 2\r\n\r\nok", hang_up=True) as (lanes, heads):
        assert await ask(lanes) == (200, b"ok")
        await asyncio.sleep(0.05)
        assert await ask(lanes) == (200, b"ok")
        assert len(heads) == 2


async def test_a_long_answer_that_is_read_slowly_arrives_whole() -> None:
    body = b"0123456789" * 500_000
    async with answering(OK + b"Content-Length: %d\r\n\r\n" % len(body), body) as (lanes, _):
        answer = await lanes.send("GET", "/", None)
        await asyncio.sleep(0.1)
        assert b"".join([piece async for piece in answer.aiter_bytes()]) == body
        await answer.aclose()


async def test_nobody_at_the_address_is_told_from_a_broken_exchange() -> None:
    async with serving(lambda reader, writer: asyncio.sleep(0)) as port:
        pass
    with pytest.raises(NoConnection):
        await Lanes(f"http://127.0.0.1:{port}", {}, 2.0).send("GET", "/", None)


def test_headers_of_one_name_are_joined_and_case_does_not_count() -> None:
    assert read_head(b"HTTP/1.1 200 OK\r\nA: 1\r\na:  2 ") == (b"HTTP/1.1", 200, {"a": "1, 2"})


def test_what_follows_a_body_is_kept_apart() -> None:
    chunked, counted = Chunked(), Counted(2)
    assert (chunked.feed(b"1\r\nx\r\n0\r\n\r\nmore"), chunked.is_whole, chunked.rest) == (b"x", True, b"more")
    assert (counted.feed(b"xymore"), counted.is_whole, counted.rest) == (b"xy", True, b"more")
