"""Servers for the backends to meet: recorded bytes, scripted ones, and a real socket that notices a hang-up."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from playground.backends import BACKENDS, make_backend
from playground.backends.base import Backend, Fold
from playground.errors import PlaygroundError
from playground.settings import Settings
from playground.types.generation import Completion, GenerationRequest, Message
from playground.types.prompt import Sampling

WIRE = Path(__file__).parent.parent / "wire"


def exchange(name: str) -> dict[str, Any]:
    """The recorded exchange of that name; the number is enough, as in "ollama/b005"."""
    path = WIRE / f"{name}.json"
    if not path.is_file():
        (path,) = WIRE.glob(f"{name}_*.json")
    return json.loads(path.read_text("utf-8"))


def body_bytes(response: Mapping[str, Any]) -> bytes:
    """What the server sent after its head."""
    for key in ("sse", "ndjson", "body_text"):
        if response.get(key) is not None:
            return str(response[key]).encode()
    body = response.get("body")
    return b"" if body in ("", None) else json.dumps(body, ensure_ascii=False).encode()


class Pieces(httpx.AsyncByteStream):
    """A body that arrives in these pieces; an exception among them breaks the connection, a number is a pause in seconds."""

    def __init__(self, pieces: Iterable[bytes | float | Exception]) -> None:
        self.pieces = tuple(pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, float | int):
                await asyncio.sleep(piece)
            elif piece:
                yield piece


Reaction = httpx.Response | Exception | Callable[[httpx.Request, Any], httpx.Response]
"""httpx's values say what is asked and answered; the bytes go over a real connection."""


@dataclass
class Scripted:
    """A server on a port of its own: path → reaction (a list is used up one by one); remembers every request and its JSON.

    An exception as the reaction is a connection that ends without an answer.
    """

    routes: dict[str, Any]
    port: int = 0
    requests: list[tuple[str, Any]] = field(default_factory=list)
    headers: list[httpx.Headers] = field(default_factory=list)
    _serving: asyncio.Task[None] | None = None
    _listener: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, port: int = 0) -> Scripted:
        """Listen from now on; the requests are taken once the caller waits for something."""
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._serving = asyncio.create_task(self._serve(self._listener))
        return self

    async def stop(self) -> None:
        """Nobody listens there any more."""
        if self._serving is not None and self._listener is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
            self._listener.close()  # a task that never began has not taken it

    def react(self, request: httpx.Request) -> httpx.Response:
        """The response to a request, which is remembered; raises what the script says."""
        body = json.loads(request.content) if request.content else None
        self.requests.append((request.url.path, body))
        self.headers.append(request.headers)
        reaction = self.routes.get(request.url.path)
        if isinstance(reaction, list):
            reaction = reaction.pop(0) if len(reaction) > 1 else reaction[0]
        if reaction is None:
            return httpx.Response(404, json={"detail": "Not Found"})
        if isinstance(reaction, Exception):
            raise reaction
        return reaction(request, body) if callable(reaction) else reaction

    def sent(self, path: str) -> Any:
        """The JSON of the last request to a path."""
        return next(body for sent, body in reversed(self.requests) if sent == path)

    async def _serve(self, listener: socket.socket) -> None:
        async with serving(self._converse, sock=listener):
            await asyncio.get_running_loop().create_future()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            method, path, _ = first.split(" ")
            headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
            content = await reader.readexactly(body_length(head))
            request = httpx.Request(method, self.url + path, headers=headers, content=content)
            try:
                await send_response(writer, self.react(request))
            except Exception:
                writer.transport.abort()
                raise


async def send_response(writer: asyncio.StreamWriter, response: httpx.Response) -> None:
    """Write a response, each piece of its body read by the client before the next one is sent."""
    dropped = ("content-length", "transfer-encoding")
    lines = [f"{name}: {value}" for name, value in response.headers.items() if name not in dropped]
    head = "\r\n".join([f"HTTP/1.1 {response.status_code} X", *lines, "transfer-encoding: chunked", "", ""])
    writer.write(head.encode("latin-1"))
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    async for piece in stream:
        if piece:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            for _ in range(3):  # the client, in the same event loop, reads one piece at a time
                await asyncio.sleep(0)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def answer(name: str, cut: Callable[[bytes], Iterable[bytes]] | None = None) -> Callable[..., httpx.Response]:
    """A reaction that replays a recorded response, in pieces if asked for."""
    response = exchange(name)["response"]
    whole = body_bytes(response)
    pieces: list[bytes | Exception] = list(cut(whole)) if cut else [whole]
    if response.get("read_error"):
        pieces.append(
            httpx.RemoteProtocolError("peer closed connection without sending complete message body")
        )
    kind = {k.lower(): v for k, v in response["headers"].items()}.get("content-type", "")
    headers = {"content-type": kind} if kind else {}
    return lambda *_: httpx.Response(response["status"], headers=headers, stream=Pieces(pieces))


def sse(*pieces: bytes | float | Exception, status: int = 200) -> Callable[..., httpx.Response]:
    """A reaction with an event stream made of these pieces."""
    headers = {"content-type": "text/event-stream"}
    return lambda *_: httpx.Response(status, headers=headers, stream=Pieces(pieces))


def ndjson(*lines: Any) -> Callable[..., httpx.Response]:
    """A reaction with one JSON line each; bytes and exceptions go out as they are."""
    pieces = [
        line if isinstance(line, bytes | Exception | float) else json.dumps(line).encode() + b"\n"
        for line in lines
    ]
    headers = {"content-type": "application/x-ndjson"}
    return lambda *_: httpx.Response(200, headers=headers, stream=Pieces(pieces))


def event(text: str | None = None, **choice: Any) -> bytes:
    """One event of a chat stream."""
    delta = {} if text is None else {"content": text}
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta} | choice]}).encode() + b"\n\n"


END = event(finish_reason="stop") + b"data: [DONE]\n\n"
HELLO = event("Hello") + END

OLLAMA_HOUSE = {
    "/api/tags": answer("ollama/a025"),
    "/api/version": answer("ollama/a003"),
    "/api/ps": answer("ollama/b002"),
    "/api/show": answer("ollama/a027"),
}
VLLM_HOUSE = {"/v1/models": answer("vllm/a004"), "/version": answer("vllm/a003")}
LLAMA_SERVER_HOUSE = {
    "/v1/models": lambda *_: httpx.Response(
        200,
        json={
            "object": "list",
            "data": [
                {
                    "id": "/models/SmolLM2-Q4_1.gguf",
                    "owned_by": "llamacpp",
                    "meta": {"n_ctx_train": 8192, "size": 98_000_000},
                }
            ],
        },
    ),
    "/props": lambda *_: httpx.Response(
        200,
        json={
            "default_generation_settings": {"n_ctx": 2048},
            "total_slots": 2,
            "build_info": "b1-0c1e57098",
            "modalities": {"vision": False},
        },
    ),
}
HOUSES: dict[str, dict[str, Any]] = {
    "ollama": OLLAMA_HOUSE,
    "vllm": VLLM_HOUSE,
    "llama-server": LLAMA_SERVER_HOUSE,
    "llamafactory": {"/v1/models": answer("llamafactory/models")},
    "openai": {"/v1/models": answer("vllm/a004")},
}
MODELS = {
    "ollama": "ollama:smollm2:latest",
    "vllm": "vllm:smollm2-135m",
    "llama-server": "llama-server:/models/SmolLM2-Q4_1.gguf",
    "llamafactory": "llamafactory:smol-zork",
    "openai": "openai:smollm2-135m",
}
CHAT = {kind: "/api/chat" if kind == "ollama" else "/v1/chat/completions" for kind in MODELS}


def ask(kind: str, text: str = "What is the capital of France?", **fields: Any) -> GenerationRequest:
    """A request of one user turn; `sampling` as a dictionary."""
    sampling = Sampling(**fields.pop("sampling", {"max_tokens": 24}))
    return GenerationRequest(MODELS[kind], (Message("user", text),), sampling, **fields)


@dataclass
class Outcome:
    """What a caller has in hand at the end: the completion, and the error if there was one."""

    completion: Completion
    error: PlaygroundError | None


async def outcome(backend: Backend, request: GenerationRequest) -> Outcome:
    """Run a request as the runner does: text that arrived before an error is kept."""
    fold = Fold()
    try:
        async for chunk in backend.stream(request):
            fold.add(chunk)
    except PlaygroundError as error:
        return Outcome(fold.completion("error"), error)
    return Outcome(fold.completion(), None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The window of the recordings; patience short enough for a test."""
    return Settings(
        data_dir=tmp_path,
        context_tokens=2048,
        openai_url="http://127.0.0.1:1234/v1",
        first_token_seconds=5,
        stall_seconds=5,
    )


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[..., Scripted]]:
    """Starts scripted servers: `scripted(routes)`, or on a port of your choice."""
    started: list[Scripted] = []

    def start(routes: dict[str, Any], port: int = 0) -> Scripted:
        started.append(Scripted(routes).start(port))
        return started[-1]

    yield start
    for server in started:
        await server.stop()


@pytest.fixture
async def open_backend(
    settings: Settings, scripted: Callable[..., Scripted]
) -> AsyncIterator[Callable[..., tuple[Any, Scripted]]]:
    """Makes a backend of a kind whose server is scripted; what every server of the kind tells is there already."""
    made: list[Backend] = []

    def make(kind: str, routes: dict[str, Any] | None = None, **changes: Any) -> tuple[Any, Scripted]:
        server = scripted(HOUSES[kind] | (routes or {}))
        address = {f"{kind.replace('-', '_')}_url": server.url}
        made.append(make_backend(kind, settings.model_copy(update=address | changes)))
        return made[-1], server

    yield make
    for backend in made:
        await backend.close()


@pytest.fixture(params=[row for row in BACKENDS if row in MODELS])
def kind(request: pytest.FixtureRequest) -> str:
    """Every row that is a server."""
    return request.param


@dataclass
class Socket:
    """A server on a real port: the script writes, `hung_up` is set when the client has gone."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, sock: socket.socket | None = None) -> AsyncIterator[int]:
    """A server on a free port, or on a socket that listens already; at the end no handler and no connection of it is left."""
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, httpx.HTTPError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    where: dict[str, Any] = {"host": "127.0.0.1", "port": 0} if sock is None else {"sock": sock}
    server = await asyncio.start_server(serve, **where)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def listening(*pieces: bytes | float) -> AsyncIterator[Socket]:
    """Sends these pieces (a number is a pause) to a POST, then stays silent until the client hangs up."""
    state = Socket()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"POST"):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            await reader.readexactly(body_length(head))
            state.heads.append(head)
            state.asked.set()
            for piece in pieces:
                if isinstance(piece, bytes):
                    writer.write(piece)
                    await writer.drain()
                else:
                    await asyncio.sleep(piece)
            await reader.read()
        finally:
            if state.heads:
                state.hung_up.set()

    async with serving(serve) as port:
        state.port = port
        yield state


def unused_ports(count: int) -> list[int]:
    """Ports of this machine on which nobody listens."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def body_length(head: bytes) -> int:
    """Bytes that follow a request's head."""
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
