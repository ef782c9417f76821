"""Servers that go away while they answer: said within seconds, whatever they leave open; and learnt from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from playground.backends import BACKENDS, make_backend, patience
from playground.backends.base import Backend
from playground.backends.bounds import Bound
from playground.errors import ServerGone, Unreached
from playground.settings import Settings
from tests.backends.conftest import CHAT, MODELS, WIRE, Outcome, ask, body_length, event, outcome

SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
NDJSON = SSE.replace(b"text/event-stream", b"application/x-ndjson")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


BEGUN = {
    "ollama": NDJSON + chunk(json.dumps({"message": {"content": "Par"}, "done": False}).encode() + b"\n"),
} | {kind: SSE + chunk(event("Par")) for kind in MODELS if kind != "ollama"}
LISTS: dict[str, Any] = {
    "/api/tags": json.loads((WIRE / "ollama/a025_tags.json").read_text())["response"]["body"],
    "/api/version": {"version": "0.33.0"},
    "/version": {"version": "0.33.0"},
    "/health": {},
}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence that lasts long enough to be asked about, for a test."""
    monkeypatch.setattr(patience, "SILENCE_S", 0.3)


@pytest.fixture(params=[row for row in BACKENDS if row in MODELS])
def kind(request: pytest.FixtureRequest) -> str:
    """Every row that is a server."""
    return str(request.param)


class Mortal:
    """A server whose answers begin with `begun` and then stay open and silent; `die(how)` takes it away."""

    def __init__(self, kind: str, begun: bytes) -> None:
        self.kind, self.begun = kind, begun
        self.port = 0
        self.health = b"200 OK"
        self.asked = asyncio.Event()
        self.answering = 0
        self.dies_of = 1_000_000
        self._server: asyncio.Server
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop_listening(self) -> None:
        self._server.close()

    def die(self) -> None:
        self.stop_listening()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(body_length(head))
                path = head.split(b" ")[1].decode()
                if path == CHAT[self.kind]:
                    await self._answer(reader, writer)
                    return
                row = {"id": MODELS[self.kind].partition(":")[2], "owned_by": "", "max_model_len": 2048}
                owner = {"vllm": "vllm", "llama-server": "llamacpp", "llamafactory": "owner"}
                row["owned_by"] = owner.get(self.kind, "")
                found = LISTS.get(path, {"data": [row]} if path == "/v1/models" else None)
                status = b"404 Not Found" if found is None else b"200 OK"
                status = self.health if path == "/health" else status
                body = json.dumps(found).encode()
                writer.write(b"HTTP/1.1 %s\r\ncontent-type: application/json\r\n" % status)
                writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.answering += 1
        writer.write(self.begun)
        self.asked.set()
        try:
            if self.answering > self.dies_of:
                await asyncio.sleep(0.05)
                self.die()
            await reader.read()
        finally:
            self.answering -= 1


@asynccontextmanager
async def mortal(
    kind: str, settings: Settings, begun: bytes | None = None, **changes: Any
) -> AsyncIterator[tuple[Mortal, Backend]]:
    server = Mortal(kind, BEGUN[kind] if begun is None else begun)
    await server.open()
    field = f"{kind.replace('-', '_')}_url"
    limits = {"first_token_seconds": 20.0, "stall_seconds": 20.0} | changes
    chosen = settings.model_copy(update={field: f"http://127.0.0.1:{server.port}"} | limits)
    backend = make_backend(kind, chosen)
    try:
        yield server, backend
    finally:
        await backend.close()
        server.die()


async def ended(work: asyncio.Task[Outcome]) -> Outcome:
    async with asyncio.timeout(8):
        return await work


async def test_a_server_that_shuts_down_with_an_open_answer_is_said_to_have_gone_away(
    settings: Settings, kind: str
) -> None:
    async with mortal(kind, settings) as (server, backend):
        work = asyncio.create_task(outcome(backend, ask(kind)))
        await server.asked.wait()
        await asyncio.sleep(0.1)
        server.stop_listening()
        got = await ended(work)
    assert isinstance(got.error, ServerGone)
    assert f":{server.port} has gone away in the middle of its answer." in got.error.message
    assert got.completion.text == "Par"


@pytest.mark.parametrize("head", [b"", SSE], ids=["no head", "no word"])
async def test_so_is_one_that_goes_before_the_first_token(settings: Settings, kind: str, head: bytes) -> None:
    begun = head if kind != "ollama" else head.replace(SSE, NDJSON)
    async with mortal(kind, settings, begun) as (server, backend):
        work = asyncio.create_task(outcome(backend, ask(kind)))
        await server.asked.wait()
        await asyncio.sleep(0.1)
        server.stop_listening()
        got = await ended(work)
    assert isinstance(got.error, ServerGone) and "has gone away before it answered." in got.error.message


async def test_so_is_one_that_breaks_off_and_is_not_there_any_more(settings: Settings, kind: str) -> None:
    async with mortal(kind, settings) as (server, backend):
        work = asyncio.create_task(outcome(backend, ask(kind)))
        await server.asked.wait()
        await asyncio.sleep(0.1)
        server.die()
        got = await ended(work)
    assert isinstance(got.error, ServerGone) and got.completion.text == "Par"


async def test_a_silent_server_that_is_there_keeps_its_whole_time(settings: Settings, kind: str) -> None:
    async with mortal(kind, settings, stall_seconds=1.5) as (_, backend):
        started = asyncio.get_running_loop().time()
        got = await ended(asyncio.create_task(outcome(backend, ask(kind))))
        assert asyncio.get_running_loop().time() - started > 1.4
    assert got.error is not None and "has sent nothing for 1.5 s" in got.error.message


async def test_a_vllm_whose_engine_has_died_is_gone_although_it_still_listens(settings: Settings) -> None:
    async with mortal("vllm", settings) as (server, backend):
        work = asyncio.create_task(outcome(backend, ask("vllm")))
        await server.asked.wait()
        server.health = b"503 Service Unavailable"
        got = await ended(work)
    assert isinstance(got.error, ServerGone)


async def test_stop_during_silence_asks_nothing_more(settings: Settings, kind: str) -> None:
    async with mortal(kind, settings) as (server, backend):
        work = asyncio.create_task(outcome(backend, ask(kind)))
        await server.asked.wait()
        await asyncio.sleep(0.5)
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        await asyncio.sleep(0.2)
        assert server.answering == 0


# --- a death under load ---------------------------------------------------------------------------------


async def crowd(backend: Backend, kind: str, people: int) -> list[Outcome]:
    async with asyncio.timeout(20):
        return await asyncio.gather(*(outcome(backend, ask(kind)) for _ in range(people)))


async def test_a_server_that_dies_under_many_answers_is_asked_for_half_from_then_on(
    settings: Settings,
) -> None:
    async with mortal("vllm", settings) as (server, backend):
        server.dies_of = 15
        assert backend.parallel == 64
        got = await crowd(backend, "vllm", 16)
        assert all(isinstance(one.error, ServerGone) for one in got)
        assert backend.parallel == 8
        await server.open()  # started again by somebody, with the same weakness
        server.dies_of = 7
        await crowd(backend, "vllm", 8)
        assert backend.parallel == 4
        assert type(backend)(backend.settings).bound == Bound(4, died_under=8, deaths=2)  # type: ignore[call-arg, attr-defined]


async def test_a_server_that_is_down_does_not_die_again_of_what_cannot_reach_it(settings: Settings) -> None:
    async with mortal("vllm", settings) as (server, backend):
        server.dies_of = 15
        await crowd(backend, "vllm", 16)
        for _ in range(3):  # as an experiment tries again
            got = await crowd(backend, "vllm", 8)
            assert all(isinstance(one.error, Unreached) for one in got)
            await asyncio.sleep(0.5)
        assert backend.bound == Bound(8, died_under=16, deaths=1)  # type: ignore[attr-defined]


async def test_a_server_that_answers_well_afterwards_is_asked_for_more_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("playground.backends.bounds.PROOF", 1)
    async with mortal("vllm", settings) as (server, backend):
        server.dies_of = 15
        await crowd(backend, "vllm", 16)
        assert "went away with 16 answers under way: it is asked for 8 at once" in caplog.text
        load = backend.connection.load  # type: ignore[attr-defined]
        seen = [backend.parallel]
        for _ in range(8 + 16 + 32 + 1):
            async with load.call():
                pass
            if backend.parallel != seen[-1]:
                seen.append(backend.parallel)
        assert seen == [8, 16, 32, 64]
        assert type(backend)(backend.settings).parallel == 64  # type: ignore[call-arg]


async def test_one_answer_is_no_load_and_a_stop_is_no_death(settings: Settings) -> None:
    async with mortal("vllm", settings) as (server, backend):
        tasks = [asyncio.create_task(outcome(backend, ask("vllm"))) for _ in range(8)]
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.dies_of = 0
        await crowd(backend, "vllm", 1)
        assert backend.parallel == 64


async def test_a_fault_that_all_report_before_the_server_ends_counts_as_its_death(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = (
        b'data: {"error": {"message": "EngineCore encountered an issue.", "code": 500}}\n\ndata: [DONE]\n\n'
    )
    async with mortal("vllm", settings, SSE + chunk(event("Par") + fault)) as (server, backend):
        work = asyncio.create_task(crowd(backend, "vllm", 10))
        await server.asked.wait()
        server.stop_listening()
        got = await work
        assert all("EngineCore" in str(one.error) for one in got)
        async with asyncio.timeout(5):
            while backend.parallel == 64:
                await asyncio.sleep(0.05)
        assert backend.parallel in (4, 5)  # one of ten may have ended before the others had begun


async def test_a_fault_of_a_server_that_goes_on_teaches_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.backends.load.LOOKS_S", (0.05, 0.05))
    fault = b'data: {"error": {"message": "bad luck", "code": 500}}\n\ndata: [DONE]\n\n'
    async with mortal("vllm", settings, SSE + chunk(fault)) as (_, backend):
        await crowd(backend, "vllm", 10)
        await asyncio.sleep(0.5)
        assert backend.parallel == 64
