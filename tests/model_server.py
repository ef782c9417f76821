"""A model server of the tests: `python tests/model_server.py ollama|vllm PORT [KEY [LIST_S]]`, Ollama's answers as recorded.

pull tiny:1b     two layers in a second, then it is there
pull slow:1b     steps without an end: who leaves is counted
pull absent:1b   the error line of a name that does not exist
chat (vllm)      the recorded stream; /metrics counts its tokens from then on
LIST_S           seconds that every list of models takes
GET /_seen       {"requests": [[method, path, body, authorization]…], "pulling": 0}
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WIRE = Path(__file__).parent / "wire"
HOSTILE = '"><img src=x onerror=window.hacked=1>:1b'
MIB = 1 << 20
STEP_S = {"slow:1b": 0.1, "tiny:1b": 0.15}
"""How long a model takes for each step of its pull; the others take none."""


def recorded(name: str) -> Any:
    (path,) = WIRE.glob(f"{name}_*.json")
    return json.loads(path.read_text("utf-8"))["response"]


class State:
    """What the server has, and what was asked of it."""

    def __init__(self, kind: str, key: str, list_s: float) -> None:
        self.kind, self.key, self.list_s = kind, key, list_s
        self.requests: list[list[Any]] = []
        self.pulling = 0
        self.written = 0
        rows = recorded("ollama/a025")["body"]["models"]
        self.models = {"smollm2:latest": next(row for row in rows if row["name"] == "smollm2:latest")}
        self.add(HOSTILE, abilities=["completion", "tools", "thinking"])
        self.add("nomic-embed-text:latest", abilities=["embedding"])
        self.loaded = recorded("ollama/b002")["body"]["models"]

    def add(self, name: str, abilities: list[str]) -> None:
        row = self.models["smollm2:latest"]
        self.models[name] = row | {"name": name, "model": name, "capabilities": abilities}

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON (text stays text) of a call without a stream."""
        name = (body or {}).get("model", "")
        if path == "/_seen":
            return 200, {"requests": self.requests, "pulling": self.pulling}
        if self.kind == "vllm":
            row = {"id": "<b>vllm</b>", "object": "model", "owned_by": "vllm", "max_model_len": 4096}
            metrics = 'vllm:num_requests_running{engine="0"} 3.0\nvllm:num_requests_waiting{engine="0"} 1.0\nvllm:kv_cache_usage_perc{engine="0"} 0.25\n'
            if self.written:
                metrics += f'vllm:generation_tokens_total{{engine="0"}} {self.written}\n'
            known = {"/v1/models": {"object": "list", "data": [row]}, "/version": {"version": "0.25.1"}}
            return (
                (200, metrics) if path == "/metrics" else (200, known[path]) if path in known else (404, {})
            )
        if path == "/api/version":
            return 200, {"version": "0.33.0"}
        if path == "/api/tags":
            return 200, {"models": list(self.models.values())}
        if path == "/api/ps":
            return 200, {"models": self.loaded}
        if path == "/v1/models":
            data = [{"id": known, "object": "model", "owned_by": "library"} for known in self.models]
            return 200, {"object": "list", "data": data}
        if path == "/api/chat" and body.get("keep_alive") == 0:
            self.loaded = [row for row in self.loaded if row["name"] != name]
            return 200, {"model": name, "done": True, "done_reason": "unload"}
        if path == "/api/delete" and method == "DELETE":
            if name not in self.models:
                return 404, {"error": f"model '{name}' not found"}
            del self.models[name]
            return 200, ""
        return 404, {"error": "not found"}

    def steps(self, path: str, name: str) -> Iterator[dict[str, Any]]:
        """Lines of a pull or a creation."""
        if path == "/api/create":
            for line in recorded("ollama/a016")["ndjson"].splitlines():
                yield json.loads(line)
            self.add(name, ["completion"])
            return
        yield {"status": "pulling manifest"}
        if name == "absent:1b":
            yield {"error": "pull model manifest: file does not exist"}
            return
        layers = [("sha256:aaaaaaaaaaaa11", 512), ("sha256:bbbbbbbbbbbb22", 300 * MIB)]
        small, (digest, total) = layers[0], layers[1]
        yield {"status": "pulling aaaaaaaaaaaa", "digest": small[0], "total": small[1], "completed": small[1]}
        step = MIB if name == "slow:1b" else 100 * MIB
        for done in range(0, total + 1, step):
            yield {"status": "pulling bbbbbbbbbbbb", "digest": digest, "total": total, "completed": done}
        yield {"status": "writing manifest"}
        self.add(name, ["completion"])
        yield {"status": "success"}


async def serve(state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            first, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ", 2)
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
            text = await reader.readexactly(int(headers.get("content-length", 0)))
            body = json.loads(text) if text else None
            key = headers.get("authorization", "")
            if path != "/_seen":
                state.requests.append([method, path, body, key])
            if path in ("/v1/models", "/api/tags"):
                await asyncio.sleep(state.list_s)
            if state.key and path != "/_seen" and key != f"Bearer {state.key}":
                await send(writer, 401, {"error": f"wrong key: {key}"})
            elif path in ("/api/pull", "/api/create"):
                await stream(state, writer, path, body["model"])
            elif path == "/v1/chat/completions" and state.kind == "vllm":
                await chat(state, writer)
            else:
                await send(writer, *state.answer(method, path, body))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def send(writer: asyncio.StreamWriter, status: int, body: Any) -> None:
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    kind = "text/plain" if isinstance(body, str) else "application/json"
    writer.write(
        f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n\r\n".encode()
    )
    writer.write(content)
    await writer.drain()


async def stream(state: State, writer: asyncio.StreamWriter, path: str, name: str) -> None:
    head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
    writer.write(head.encode())
    state.pulling += path == "/api/pull"
    try:
        for step in state.steps(path, name):
            line = json.dumps(step).encode() + b"\n"
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))
            await writer.drain()
            if name in STEP_S:
                await asyncio.sleep(STEP_S[name])
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    finally:
        state.pulling -= path == "/api/pull"


async def chat(state: State, writer: asyncio.StreamWriter) -> None:
    head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    writer.write(head.encode())
    for event in recorded("vllm/a015")["sse"].split("\n\n")[:-1]:
        line = f"{event}\n\n".encode()
        writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        await writer.drain()
        await asyncio.sleep(0.005)
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    state.written += 8


async def main(kind: str, port: int, key: str, list_s: float) -> None:
    state = State(kind, key, list_s)
    server = await asyncio.start_server(lambda r, w: serve(state, r, w), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    kind, port, key, list_s = (*sys.argv[1:], *["", "0"][len(sys.argv) - 3 :])
    asyncio.run(main(kind, int(port), key, float(list_s)))
