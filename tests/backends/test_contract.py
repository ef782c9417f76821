"""One suite over all servers: every recorded exchange that concerns generation, whole and cut anywhere.

What a recording says is read here a second time, by plain code that knows no stream, and compared.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from playground.errors import NoAnswer, PlaygroundError
from tests.backends.conftest import WIRE, answer, ask, body_bytes, exchange, outcome

ROUTES = {
    "/api/chat": ("ollama",),
    "/api/generate": ("ollama",),
    "/v1/chat/completions": ("vllm", "llama-server", "openai", "llamafactory"),
    "/v1/completions": ("vllm",),
}
# Not answers to a prompt: a model that is only loaded or unloaded, text that is only rendered, a wrong method.
NOT_GENERATION = ("_load.", "_loads.", "_unload.", "_render", "err_method", "generate_unload")


def recorded() -> Iterator[Any]:
    """Every exchange of generation with every row that speaks its protocol."""
    for path in sorted(WIRE.glob("*/*.json")):
        known = json.loads(path.read_text("utf-8"))
        if "request" not in known or any(word in path.name for word in NOT_GENERATION):
            continue
        name = f"{path.parent.name}/{path.stem}"
        own = {"ollama": "openai"}.get(path.parent.name, path.parent.name)  # its /v1 is a plain server
        for row in ROUTES.get(known["request"]["path"], ()):
            streams = path.parent.name == "vllm" and "sse" in known["response"]
            if row in (path.parent.name, own) or (streams and row != "llamafactory"):
                yield pytest.param(row, name, id=f"{row}-{path.stem}")


def expected(response: dict[str, Any]) -> tuple[str, str, str | None, Any, Any]:
    """Text, reasoning, word for the end, and both counts, as a recording holds them."""
    raw = body_bytes(response).decode()
    lines = [line.removeprefix("data: ") for line in raw.split("\n")]
    if "sse" not in response and "ndjson" not in response and not response.get("raw_chunks"):
        lines = [raw]
    text, reasoning, word, prompt, written = "", "", None, None, None
    for line in lines:
        if not line.startswith("{"):
            continue
        part = json.loads(line)
        if "choices" in part:
            usage = part.get("usage") or {}
            prompt = usage.get("prompt_tokens", prompt)
            written = usage.get("completion_tokens", written)
            for choice in part["choices"]:
                if choice["index"] == 0:
                    says = choice.get("delta") or choice.get("message") or choice
                    text += says.get("content") or says.get("text") or ""
                    reasoning += says.get("reasoning") or ""
                    word = choice.get("finish_reason") or word
        elif "model" in part:
            text += (part.get("message") or {}).get("content", "") + part.get("response", "")
            if part["done"]:
                word, prompt = part["done_reason"], part.get("prompt_eval_count")
                written = part.get("eval_count")
    return text, reasoning, word, prompt, written


def cuts(borders: str) -> list[Callable[[bytes], list[bytes]]]:
    """Ways to deliver bytes: at once, event by event, every border in turn crossed, at random places."""

    def pieces_of(size: int) -> Callable[[bytes], list[bytes]]:
        return lambda data: [data[at : at + size] for at in range(0, len(data), size)]

    def at_random(data: bytes) -> list[bytes]:
        places = sorted(random.Random(borders).sample(range(len(data) + 1), min(20, len(data))))
        return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]

    def late_borders(data: bytes) -> list[bytes]:
        # Each event travels with the first three bytes of the next one.
        parts = data.split(b"\n")
        places = [sum(map(len, parts[:n])) + n + 3 for n in range(1, len(parts))]
        return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]

    def by_event(data: bytes) -> list[bytes]:
        return data.splitlines(keepends=True)

    return [lambda data: [data], by_event, late_borders, pieces_of(61), at_random]


@pytest.mark.parametrize(("row", "name"), list(recorded()))
async def test_a_recorded_exchange_is_read_the_same_however_it_is_cut(
    open_backend: Any, row: str, name: str
) -> None:
    known = exchange(name)
    path, response = known["request"]["path"], known["response"]
    raw = "text" if path in ("/api/generate", "/v1/completions") else None
    request = ask(row, raw_prompt=raw)
    text, reasoning, word, prompt, written = expected(response)
    status_ok = response["status"] == 200
    broken = word is None or b'"error"' in body_bytes(response)
    calls_tool = word == "tool_calls" or '"tool_calls":[{' in body_bytes(response).decode().replace(" ", "")
    opened = [open_backend(row, {path: answer(name, cut)}, busy_retries=0) for cut in cuts(name)]
    for got in await asyncio.gather(*(outcome(backend, request) for backend, _ in opened)):
        done = got.completion
        if not status_ok or broken:
            assert isinstance(got.error, PlaygroundError)
            assert done.finish == "error"
            assert done.text == (text if status_ok else "")
            assert got.error.message and got.error.hint
        elif calls_tool:
            assert isinstance(got.error, NoAnswer)
            assert got.error.finish == "tool_calls"
            assert 'get_weather("gab' in got.error.hint
            assert (done.prompt_tokens, done.completion_tokens) == (prompt, written)
        else:
            assert got.error is None
            assert (done.text, done.reasoning, done.finish) == (text, reasoning, word)
            assert (done.prompt_tokens, done.completion_tokens) == (prompt, written)
