"""What counts against a server: its own time, not ours."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from playground.backends import make_backend
from playground.backends.deadlines import Deadline
from playground.backends.http import Connection
from playground.errors import BackendUnavailable
from playground.settings import Settings
from tests.backends.conftest import CHAT, HELLO, HOUSES, ask, listening, outcome, sse


async def test_silence_ends_at_the_limit_and_again_at_once_when_it_has_passed() -> None:
    limit = Deadline(0.2)
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with limit:
                await asyncio.sleep(60)
    assert 0.2 <= time.monotonic() - began < 30


async def test_time_in_which_our_own_work_kept_the_loop_busy_does_not_count() -> None:
    async with Deadline(0.9):  # a busy machine keeps this process waiting, too: that counts
        for _ in range(4):
            time.sleep(0.4)
            await asyncio.sleep(0.02)


async def test_what_arrived_while_nobody_looked_is_read_before_a_limit_that_has_passed_counts() -> None:
    limit = Deadline(0.1)
    await asyncio.sleep(0.3)
    async with limit:
        await asyncio.sleep(0.02)
    with pytest.raises(TimeoutError):
        async with limit:
            await asyncio.sleep(1)


async def test_a_limit_can_be_moved_while_it_is_waited_for() -> None:
    limit = Deadline(0.1)
    async with limit:
        limit.until += 0.3
        await asyncio.sleep(0.2)


async def test_a_stop_is_a_stop_and_no_timeout() -> None:
    async def wait() -> None:
        async with Deadline(5):
            await asyncio.sleep(5)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_server_that_listens_is_not_said_to_be_down_because_we_were_busy(settings: Settings) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    async with listening(head + HELLO) as server:
        url = f"http://127.0.0.1:{server.port}"
        backend = make_backend(
            "llamafactory",
            settings.model_copy(
                update={"llamafactory_url": url, "connect_seconds": 0.2, "first_token_seconds": 1}
            ),
        )

        async def busy() -> None:
            for _ in range(6):
                time.sleep(0.5)
                await asyncio.sleep(0)

        got, _ = await asyncio.gather(outcome(backend, ask("llamafactory")), busy())
        await backend.close()
    assert (got.error, got.completion.text) == (None, "Hello")


async def test_a_name_is_looked_up_though_all_our_threads_are_busy(settings: Settings, scripted) -> None:  # type: ignore[no-untyped-def]
    server = scripted(HOUSES["vllm"] | {CHAT["vllm"]: sse(HELLO)})
    connection = Connection("vLLM", f"http://localhost:{server.port}", settings)
    await connection.get("/version")
    await connection.close()
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as pool:
        loop.set_default_executor(pool)
        go = threading.Event()
        stuck = loop.run_in_executor(None, go.wait, 60)
        try:
            assert await connection.get("/version")
            assert not stuck.done()
        finally:
            go.set()
        await stuck
    await connection.close()


async def test_a_server_that_accepts_no_connection_is_down_after_the_limit(settings: Settings) -> None:
    # An address of documentation: packets to it go nowhere, or are refused at once.
    connection = Connection(
        "vLLM",
        "http://192.0.2.1:9",
        settings.model_copy(update={"connect_seconds": 0.3}),
        start_hint="Start it.",
    )
    began = time.monotonic()
    with pytest.raises(BackendUnavailable, match="does not answer at"):
        await connection.get("/version", timeout_s=60)
    assert time.monotonic() - began < 30
    await connection.close()
