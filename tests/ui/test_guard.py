"""What is let through to Gradio: doors, sizes, shapes, sessions, and connections whose request does not come."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from playground.settings import Settings
from playground.ui import connections, guard, sessions, still_gradio
from playground.ui.connections import BoundedProtocol
from playground.ui.guard import CALL, DOORS, JOIN, LIMITS, MOST_BYTES, NEWS, Guard
from playground.ui.server import make_app
from playground.ui.sessions import Sessions
from playground.workbench.service import Workbench

HERE = {"origin": "http://localhost:7860"}
GOOD_JOIN = {
    "data": [],
    "fn_index": 0,
    "trigger_id": 3,
    "session_hash": "abc123",
    "event_data": {"form": "{}", "only": None, "run": None, "stream": "s"},
}
GOOD_CALL = {"data": "{}", "component_id": 3, "fn_name": "call", "session_hash": "abc123"}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the length of what it was sent."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


@pytest.fixture(name="web")
async def web_fixture() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Guard(echo, frozenset({"localhost"})))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost:7860", headers=HERE
    ) as client:
        yield client


# --- doors ----------------------------------------------------------------------------------------------


async def test_of_gradios_routes_only_those_that_the_page_uses_are_open():
    with gr.Blocks() as page:
        gr.HTML("x")
    app = gr.mount_gradio_app(FastAPI(), page, path="/")
    inner: Any = next(route for route in app.routes if isinstance(route, Mount)).app
    included = next(route for route in inner.routes if hasattr(route, "original_router"))
    paths = {route.path for route in inner.routes if hasattr(route, "path")}
    paths |= {
        "/gradio_api" + route.path.removeprefix("/gradio_api") for route in included.original_router.routes
    }
    assert len(paths) > 60  # it is really Gradio's list
    filled = {re.sub(r"\{[^}]*\}", "x", path) for path in paths}
    opened = {path for path in filled if DOORS.fullmatch(path)}
    assert opened == {
        "/",
        "/config",
        "/config/",
        "/theme.css",
        "/favicon.ico",
        "/robots.txt",
        "/manifest.json",
        "/assets/x",
        "/static/x",
        "/svelte/x",
        "/gradio_api/queue/join",
        "/gradio_api/queue/data",
        "/gradio_api/component_server",
        "/gradio_api/component_server/",
        "/gradio_api/cancel",
        "/gradio_api/startup-events",
        "/gradio_api/theme.css",
        "/gradio_api/heartbeat/x",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/run/x",
        "/gradio_api/api/x",
        "/gradio_api/call/x",
        "/gradio_api/call/v2/x",
        "/gradio_api/dev/reload",
        "/gradio_api/reset",
        "/gradio_api/vibe-edit",
        "/gradio_api/queue/status",
        "/gradio_api/queue/join/",
        "/gradio_api/profiling/traces",
        "/gradio_api/custom_component/1/client/component/x.js",
        "/login",
        "/logout",
        "/monitoring",
        "/monitoring/summary",
        "/deep",
        "//",
        "/config/x",
        "/GRADIO_API/queue/join",
        "/gradio_api/queue/join\n",
        "/gradio_api/heartbeat/a/b",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD"])
def test_a_path_that_the_page_does_not_use_is_not_found(path: str, method: str):
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(b"host", b"localhost:1"), (b"content-type", b"application/json")],
    }
    answer = Guard(echo, frozenset({"localhost"})).refusal(scope)
    assert answer is not None and answer.status_code == 404


# --- sizes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/files/x", *LIMITS])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_limit_of_its_route_is_refused_before_it_is_read(
    web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str, chunked: bool
):
    monkeypatch.setitem(guard.LIMITS, path, 10_000)
    taken = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1000
            yield b"x" * 1000

    length = {} if chunked else {"content-length": "1000000"}
    answer = await web.post(path, content=pieces(), headers=length)
    assert answer.status_code == 413
    assert "0.01 MB" in answer.text or path == guard.INCOMING
    assert taken <= (12_000 if chunked else 1000)


async def test_a_body_within_the_limit_arrives_whole(web: httpx.AsyncClient):
    answer = await web.post("/files/x", content=b"x" * MOST_BYTES)
    assert (answer.status_code, answer.text) == (200, str(MOST_BYTES))


async def test_bodies_read_at_the_same_time_are_bounded_together(
    web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(guard, "MOST_BYTES_TOGETHER", 150_000)
    monkeypatch.setitem(guard.LIMITS, "/files/x", 100_000)
    go = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 90_000
        await go.wait()
        yield b"x"

    first = asyncio.create_task(web.post("/files/x", content=slow()))
    await asyncio.sleep(0.05)
    second = await web.post("/files/x", content=b"x" * 90_000)
    go.set()
    assert (await first).status_code == 200
    assert second.status_code == 503
    assert (await web.post("/files/x", content=b"x" * 90_000)).status_code == 200


async def test_a_body_that_stops_coming_is_given_up(web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.1)

    async def half() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)
        yield b"}"

    started = time.monotonic()
    answer = await web.post("/files/x", content=half())
    assert answer.status_code == 408
    assert time.monotonic() - started < 30


# --- shapes ---------------------------------------------------------------------------------------------

DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        DEEP.encode(),
        b'{"data": ' + DEEP.encode(),
        json.dumps(GOOD_JOIN | {"data": [1]}).encode(),
        json.dumps(GOOD_JOIN | {"data": "x"}).encode(),
        json.dumps(GOOD_JOIN | {"fn_index": "0"}).encode(),
        json.dumps(GOOD_JOIN | {"fn_index": -1}).encode(),
        json.dumps(GOOD_JOIN | {"fn_index": None}).encode(),
        json.dumps(GOOD_JOIN | {"fn_index": 10**30}).encode(),
        json.dumps(GOOD_JOIN | {"session_hash": None}).encode(),
        json.dumps(GOOD_JOIN | {"session_hash": ""}).encode(),
        json.dumps(GOOD_JOIN | {"session_hash": "x" * 65}).encode(),
        json.dumps(GOOD_JOIN | {"session_hash": {"a": 1}}).encode(),
        json.dumps(GOOD_JOIN | {"event_data": None}).encode(),
        json.dumps(GOOD_JOIN | {"event_data": []}).encode(),
        json.dumps(GOOD_JOIN | {"event_data": {"stream": 1}}).encode(),
        json.dumps(GOOD_JOIN | {"event_data": {"stream": "s", "only": "x"}}).encode(),
        json.dumps(GOOD_JOIN | {"event_data": {"stream": "s", "form": {}}}).encode(),
        json.dumps(GOOD_JOIN | {"trigger_id": "x"}).encode(),
    ],
)
async def test_a_crafted_run_is_refused_with_the_place_of_the_fault(web: httpx.AsyncClient, body: bytes):
    answer = await web.post(JOIN, content=body)
    assert answer.status_code in (413, 422)
    assert "Traceback" not in answer.text and "Input should" not in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"data": None},
        {"data": {}},
        {"component_id": "3"},
        {"component_id": -1},
        {"component_id": 10**20},
        {"fn_name": 3},
        {"session_hash": "a b"},
    ],
)
async def test_a_crafted_call_is_refused(web: httpx.AsyncClient, change: dict[str, Any]):
    for path in (CALL, CALL + "/"):
        assert (await web.post(path, json=GOOD_CALL | change)).status_code == 422


async def test_the_pages_own_calls_arrive_as_they_were_sent(web: httpx.AsyncClient):
    for path, sent in ((JOIN, GOOD_JOIN), (CALL + "/", GOOD_CALL)):
        content = json.dumps(sent).encode()
        answer = await web.post(path, content=content)
        assert (answer.status_code, answer.text) == (200, str(len(content)))


# --- sessions, on Gradio itself ----------------------------------------------------------------------------


@pytest.fixture(name="app")
async def app_fixture(workbench: Workbench) -> Guard:
    app = make_app(workbench.settings, workbench)
    assert isinstance(app, Guard)
    return app


async def test_unknown_sessions_functions_and_events_are_not_found_and_nothing_is_logged(
    app: Guard, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost:7860", headers=HERE
    ) as client:
        bridge = next(
            c["id"]
            for c in (await client.get("/config")).json()["components"]
            if c["props"].get("elem_id") == "bridge"
        )
        assert (await client.get(NEWS, params={"session_hash": "nobody"})).status_code == 404
        assert (await client.get(NEWS)).status_code == 404
        for change in ({"component_id": bridge + 1}, {"component_id": 99_999}, {"fn_name": "__init__"}):
            sent = GOOD_CALL | {"component_id": bridge} | change
            assert (await client.post(CALL, json=sent)).status_code == 404
        assert (await client.post(JOIN, json=GOOD_JOIN | {"fn_index": 77})).status_code == 404
        good = GOOD_CALL | {"component_id": bridge, "data": json.dumps({"action": "no such"})}
        answer = await client.post(CALL, json=good)
        assert "no action" in answer.json()
    assert "Traceback" not in caplog.text + "".join(capfd.readouterr())


async def test_the_page_begins_with_what_stops_gradios_clock(app: Guard):
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost:7860", headers=HERE
    ) as client:
        page = (await client.get("/")).text
    assert page.count(still_gradio.SCRIPT) == 1
    assert page.index(still_gradio.SCRIPT) < page.index('<script type="module"')


def test_a_program_that_nobody_uses_wakes_rarely(app: Guard):
    """Gradio's queue looks for runs by the clock, a thousand times a second if it is let."""
    assert isinstance(app.known, Sessions)
    queue = app.known._queue
    for look, pause in (
        (queue.start_processing, "sleep_when_free"),
        (queue.start_progress_updates, "progress_update_sleep_when_free"),
    ):
        assert f"asyncio.sleep(self.{pause})" in inspect.getsource(look)
        assert getattr(queue, pause) >= sessions.LOOK_SECONDS >= 0.01


async def test_idle_sessions_are_forgotten_and_states_bounded(app: Guard):
    known = app.known
    assert isinstance(known, Sessions)
    now = [0.0]
    known._clock = lambda: now[0]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost:7860", headers=HERE
    ) as client:
        components = (await client.get("/config")).json()["components"]
        bridge = next(c["id"] for c in components if c["props"].get("elem_id") == "bridge")
        for number in range(sessions.MOST_STATES + 20):
            sent = GOOD_CALL | {"component_id": bridge, "session_hash": f"s{number}"}
            assert (await client.post(CALL, json=sent)).status_code == 200
            assert (
                await client.post(JOIN, json=GOOD_JOIN | {"session_hash": f"s{number}"})
            ).status_code == 200
    queue = known._queue
    assert len(known._blocks.state_holder.session_data) <= sessions.MOST_STATES
    assert known.is_awaited("s0")
    for waiting in queue.event_queue_per_concurrency_id.values():
        waiting.queue.clear()  # their runs are over
    now[0] = sessions.IDLE_SECONDS - 1
    known.saw("s1")
    known.sweep()
    assert known.is_awaited("s0")
    now[0] = sessions.IDLE_SECONDS + 1
    known.sweep()
    assert not known.is_awaited("s0")
    assert len(known) == 1  # s1
    assert len(queue.event_ids_to_events) == 1
    assert len(queue.event_analytics) <= 1


# --- connections ----------------------------------------------------------------------------------------


@pytest.fixture(name="port")
def port_fixture(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 5)
    sock = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Guard(echo, frozenset({"127.0.0.1"})), http=BoundedProtocol, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        sock.close()


HALF = b"GET /files/x HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize("begin", [[], [b"G"], [HALF], [HALF + b"\r\n", HALF]])
def test_a_connection_whose_request_does_not_come_is_closed(port: int, begin: list[bytes]):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        started, seen = time.monotonic(), b""
        for piece in begin:
            sock.sendall(piece)
            time.sleep(0.1)
        while piece := sock.recv(65536):
            seen += piece
        assert time.monotonic() - started < 30
        assert seen.count(b"200 OK") == len(begin[1:])


def test_a_head_that_comes_slowly_but_in_time_is_answered(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(HALF)
        time.sleep(0.1)
        sock.sendall(b"Connection: close\r\n\r\n")
        assert b"200 OK" in sock.recv(65536)


def test_more_connections_than_allowed_are_closed_at_once(port: int):
    socks = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(9)]
    try:
        time.sleep(0.1)
        closed = 0
        for sock in socks:
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                closed += sock.recv(1) == b""
        assert closed == 4
    finally:
        for sock in socks:
            sock.close()


def test_the_server_is_served_with_these_bounds(tmp_path: Path):
    assert connections.HEAD_SECONDS == 20.0
    assert Settings(data_dir=tmp_path).host == "127.0.0.1"
