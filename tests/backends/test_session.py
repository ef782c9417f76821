"""HTTP to one server: every framing, cut at every byte, and what is not HTTP."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from playground.backends.faults import Broken, NoConnection
from playground.backends.session import Answer, Session
from tests.backends.conftest import body_length, serving

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def answering(*pieces: bytes, hang_up: bool = False) -> AsyncIterator[tuple[Session, list[bytes]]]:
    """Session to a server that sends these pieces to every request, and the heads it got (one list a connection)."""
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
        session = Session(f"http://127.0.0.1:{port}/base", {"User-Agent": "test"}, 2.0)
        try:
            yield session, heads
        finally:
            await session.aclose()


async def ask(session: Session, method: str = "POST", body: bytes | None = b"{}") -> tuple[int, bytes]:
    answer = await session.send(method, "/x y", body)
    try:
        async with asyncio.timeout(10):
            return answer.status, b"".join([piece async for piece in pieces_of(answer)])
    finally:
        answer.close()


async def pieces_of(answer: Answer) -> AsyncIterator[bytes]:
    while piece := await answer.read():
        yield piece


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
        async with answering(*pieces, hang_up=ends) as (session, _):
            assert await ask(session) == (200, expected)


async def test_an_answer_without_a_body_may_keep_silent_about_it() -> None:
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (session, heads):
        assert [await ask(session, "DELETE", None) for _ in range(2)] == [(204, b"")] * 2
        assert heads[0].startswith(b"DELETE /base/x%20y HTTP/1.1\r\nHost: 127.0.0.1:")
        assert b"Content-Length: 0\r\n" in heads[0] and b"User-Agent: test\r\n" in heads[0]


async def test_a_path_cannot_add_a_header() -> None:
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (session, heads):
        answer = await session.send("GET", "/a HTTP/1.1\r\nEvil: 1\r\n\r\n", None)
        answer.close()
        assert len(heads) == 1 and b"Evil: 1" not in heads[0]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 999 X\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"Content-Length: -5\r\n\r\n",
        OK + b"Content-Length: 5, 6\r\n\r\nhello",
        OK + b"Content-Length: 9\r\n\r\nhello",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        OK + b"X: " + b"x" * 100_000,
        CHUNKED + b"-1\r\nx\r\n0\r\n\r\n",
        CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"5\r\nhe",
        CHUNKED.replace(b"chunked", b"chunked, gzip") + b"hello",
        CHUNKED + b"1" * 100_000,
    ],
)
async def test_what_is_not_a_whole_answer_is_broken(raw: bytes) -> None:
    async with answering(raw, hang_up=True) as (session, _):
        with pytest.raises(Broken):
            await ask(session)


async def test_a_connection_is_used_again_only_after_a_whole_answer() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while head := await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(body_length(head))
            extra = b"HTTP/1.1 204 No Content\r\n\r\n" if b"/extra" in head else b""
            last = b"Connection: Close\r\n" if b"/last" in head else b""
            writer.write(OK + last + b"Content-Length: 5\r\n\r\nhello" + extra)

    async with serving(serve) as port:
        session = Session(f"http://localhost:{port}", {}, 2.0)
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
            answer = await session.send("GET", path, None)
            if read:
                assert [piece async for piece in pieces_of(answer)] == [b"hello"]
            answer.close()
            seen.append(connections)
        await session.aclose()
    assert seen == [1, 1, 1, 2, 2, 3, 3]  # the last but one had come whole, if unread


async def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used() -> None:
    async with answering(OK + b"Content-Length: 2\r\n\r\nok", hang_up=True) as (session, heads):
        assert await ask(session) == (200, b"ok")
        await asyncio.sleep(0.05)
        assert await ask(session) == (200, b"ok")
        assert len(heads) == 2


async def test_a_long_answer_that_is_read_slowly_arrives_whole() -> None:
    body = b"0123456789" * 500_000
    async with answering(OK + b"Content-Length: %d\r\n\r\n" % len(body), body) as (session, _):
        answer = await session.send("GET", "/", None)
        await asyncio.sleep(0.1)
        assert b"".join([piece async for piece in pieces_of(answer)]) == body
        answer.close()


async def test_nobody_at_the_address_is_told_from_a_broken_exchange() -> None:
    async with serving(lambda reader, writer: asyncio.sleep(0)) as port:
        pass
    with pytest.raises(NoConnection):
        await Session(f"http://127.0.0.1:{port}", {}, 2.0).send("GET", "/", None)


async def test_headers_of_one_name_are_kept_and_case_does_not_count() -> None:
    raw = OK + b"A: 1\r\na:  2 \r\nEmpty:\r\nLatin: \xe9\r\nContent-Length: 0\r\n\r\n"
    for pieces in ([raw], [raw[at : at + 1] for at in range(len(raw))]):
        async with answering(*pieces) as (session, _):
            answer = await session.send("GET", "/", None)
            answer.close()
            assert [*answer.headers.items()] == [
                ("A", "1"),
                ("a", "2"),
                ("Empty", ""),
                ("Latin", "\udce9"),
                ("Content-Length", "0"),
            ]
            assert answer.headers["content-length"] == answer.headers["CONTENT-LENGTH"] == "0"


@pytest.mark.parametrize("framing", [CHUNKED + b"1\r\nx\r\n0\r\n\r\n", OK + b"Content-Length: 1\r\n\r\nx"])
@pytest.mark.parametrize("extra", [b"more", OK + b"Content-Length: 4\r\n\r\nevil"])
@pytest.mark.parametrize("later", [None, 0, 0.02])
async def test_what_follows_an_answer_is_part_of_no_answer(
    framing: bytes, extra: bytes, later: float | None
) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while head := await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(body_length(head))
            writer.write(framing if later is not None else framing + extra)
            if later is not None:
                await asyncio.sleep(later)
                writer.write(extra)

    async with serving(serve) as port:
        session = Session(f"http://127.0.0.1:{port}", {}, 2.0)
        for _ in range(3):
            try:
                assert await ask(session) == (200, b"x")
            except Broken:  # what is no HTTP and comes along with an answer spoils it
                assert extra == b"more" and not later
            await asyncio.sleep(0.05)
            for _ in range(
                3
            ):  # a machine that stood still wakes both at once: what is written by now is read first
                await asyncio.sleep(0)
        await session.aclose()
    assert connections == 3


async def test_what_announces_an_answer_is_part_of_no_answer() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 2
    async with answering(early + OK + b"Content-Length: 0\r\n\r\n") as (session, _):
        answer = await session.send("GET", "/", None)
        answer.close()
        assert (answer.status, dict(answer.headers)) == (200, {"Content-Length": "0"})


@pytest.mark.parametrize("fault", [b"nonsense", b"9\r\nhel", b""])
async def test_text_before_a_fault_arrives_before_the_fault(fault: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CHUNKED)
        await asyncio.sleep(0.01)
        writer.write(b"5\r\nhello\r\n" + fault)
        await asyncio.sleep(0)
        writer.transport.abort()

    async with serving(serve) as port:
        session = Session(f"http://127.0.0.1:{port}", {}, 2.0)
        answer = await session.send("GET", "/", None)
        await asyncio.sleep(0.1)  # the fault is there before anybody reads
        assert (await answer.read()).startswith(b"hello")
        for _ in range(2):
            with pytest.raises(Broken):
                await answer.read()
        answer.close()
        await session.aclose()


@pytest.mark.parametrize("fault", [b"nonsense", b"2\r\nabcdef\r\n", b"0\r\nbad trailer\r\n\r\n"])
async def test_who_waits_for_more_is_told_at_once_that_it_is_not_http(fault: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in (CHUNKED, b"5\r\nhello\r\n", fault):
            writer.write(piece)
            await asyncio.sleep(0.02)
        await reader.read()

    async with serving(serve) as port:
        session = Session(f"http://127.0.0.1:{port}", {}, 2.0)
        answer = await session.send("GET", "/", None)
        assert await answer.read() == b"hello"
        async with asyncio.timeout(2):
            with pytest.raises(Broken):
                while await answer.read():
                    pass
        answer.close()
        await session.aclose()


@pytest.mark.parametrize("endless", [b"0\r\nTrailer: ", b"0\r\n" + b"T: x\r\n" * 20_000])
async def test_trailers_without_an_end_are_given_up(endless: bytes) -> None:
    async with answering(CHUNKED + b"1\r\nx\r\n" + endless, *[b"y" * 10_000] * 8) as (session, _):
        with pytest.raises(Broken):
            await ask(session)


async def test_a_packed_answer_is_unpacked_though_nobody_asked_for_it() -> None:
    packed = gzip.compress(b"hello")
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with answering(head + packed) as (session, heads):
        assert await ask(session) == (200, b"hello")
