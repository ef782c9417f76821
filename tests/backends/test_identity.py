"""Who answered, and what a server was asked for that it cannot: another model, thoughts, a schema, an unknown window."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from playground.backends.base import complete
from playground.backends.identity import answered_as
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling
from tests.backends.conftest import CHAT, HELLO, MODELS, answer, ask, event, exchange, outcome, sse

OpenBackend = Callable[..., Any]
END = event(finish_reason="stop") + b"data: [DONE]\n\n"
NEITHER = ("ollama", "vllm")
"""They refuse a name that they do not have by themselves."""


def asked(kind: str, name: str, **fields: Any) -> GenerationRequest:
    return GenerationRequest(f"{kind}:{name}", (Message("user", "Hi"),), Sampling(), **fields)


def said(model: str) -> bytes:
    row = {"model": model, "choices": [{"index": 0, "delta": {"content": "Hello"}}]}
    return b"data: " + json.dumps(row).encode() + b"\n\n" + END


def listing(*rows: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"object": "list", "data": list(rows)})


# --- another model --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["llamafactory", "llama-server"])
async def test_a_server_that_takes_any_name_is_not_asked_for_one_it_does_not_have(
    open_backend: OpenBackend, kind: str
) -> None:
    backend, server = open_backend(kind, {CHAT[kind]: sse(said("nope"))})
    got = await outcome(backend, asked(kind, "nope"))
    has = MODELS[kind].partition(":")[2]
    assert f'does not have "nope". It has "{has}", and would answer as that.' in got.error.message
    assert CHAT[kind] not in [path for path, _ in server.requests]


async def test_a_server_that_has_been_started_with_another_model_is_noticed(
    open_backend: OpenBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.backends.remote.FRESH_SECONDS", -1)
    row = {"owned_by": "owner"}
    lists = [listing({"id": "first"} | row), listing({"id": "second"} | row)]
    backend, _ = open_backend("llamafactory", {"/v1/models": lists, CHAT["llamafactory"]: sse(said("first"))})
    assert (await outcome(backend, asked("llamafactory", "first"))).error is None
    got = await outcome(backend, asked("llamafactory", "first"))
    assert 'It has "second"' in got.error.message


async def test_other_servers_are_asked_and_the_badge_says_that_the_model_is_not_listed(
    open_backend: OpenBackend,
) -> None:
    backend, _ = open_backend("openai", {CHAT["openai"]: sse(said("nope"))})
    done = await complete(backend, asked("openai", "nope"))
    assert done.ignored == ("window unknown", "not in the server's list of models")


@pytest.mark.parametrize("kind", ["vllm", "llama-server", "llamafactory", "openai"])
async def test_an_answer_that_names_another_model_has_a_badge(open_backend: OpenBackend, kind: str) -> None:
    backend, _ = open_backend(kind, {CHAT[kind]: sse(said("gpt-other"))})
    done = await complete(backend, ask(kind))
    assert 'answered as "gpt-other"' in done.ignored


async def test_a_second_name_of_the_same_weights_is_the_same_model(open_backend: OpenBackend) -> None:
    listed = answer("vllm/b003")
    backend, _ = open_backend("vllm", {"/v1/models": listed, CHAT["vllm"]: answer("vllm/b011")})
    assert exchange("vllm/b011")["response"]["body"]["model"] == "smollm2-135m"
    done = await complete(backend, asked("vllm", "smol-alias"))
    assert done.ignored == ()


async def test_an_alias_of_llama_server_is_one_of_its_names(open_backend: OpenBackend) -> None:
    row = {"id": "/models/a.gguf", "owned_by": "llamacpp", "aliases": ["tiny"]}
    routes = {"/v1/models": listing(row), CHAT["llama-server"]: sse(said("a.gguf"))}
    backend, _ = open_backend("llama-server", routes)
    assert (await outcome(backend, asked("llama-server", "tiny"))).error is None


@pytest.mark.parametrize("models", [listing(), httpx.Response(404), httpx.Response(200, json=[])])
async def test_without_a_list_nothing_is_compared(open_backend: OpenBackend, models: httpx.Response) -> None:
    backend, _ = open_backend("llamafactory", {"/v1/models": models, CHAT["llamafactory"]: sse(HELLO)})
    assert (await outcome(backend, asked("llamafactory", "any"))).completion.text == "Hello"


@pytest.mark.parametrize(
    ("wanted", "told", "same"),
    [
        ("a", "a", True),
        ("a", "", True),
        ("/models/SmolLM2.gguf", "SmolLM2", True),
        ("Qwen/Qwen3-0.6B", "qwen3-0.6b", True),
        ("smollm2", "smollm2:latest", True),
        ("C:\\m\\a.gguf", "a.gguf", True),
        ("gpt-4o", "gpt-4o-2024-08-06", False),
        ("a", "b", False),
        ("lora", "base", False),
    ],
)
def test_names_are_compared_without_folder_and_file_name_end(wanted: str, told: str, same: bool) -> None:
    assert (answered_as(wanted, told, {"lora": "/adapters/x", "base": "/models/b"}) is None) == same


# --- thoughts, window, schema ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["vllm", "llama-server"])
async def test_thinking_that_a_model_cannot_do_has_a_badge(open_backend: OpenBackend, kind: str) -> None:
    backend, _ = open_backend(kind, {CHAT[kind]: sse(HELLO)})
    assert (await complete(backend, ask(kind, thinking=True))).ignored == ("thinking",)
    assert (await complete(backend, ask(kind))).ignored == ()
    thought = b'data: {"choices": [{"index": 0, "delta": {"reasoning": "why"}}]}\n\n'
    backend, _ = open_backend(kind, {CHAT[kind]: sse(thought, HELLO)})
    assert (await complete(backend, ask(kind, thinking=True))).ignored == ()
    backend, _ = open_backend(kind, {CHAT[kind]: sse(event("<think>why</think>Hello"), END)})
    assert (await complete(backend, ask(kind, thinking=True))).ignored == ()


@pytest.mark.parametrize("kind", ["vllm", "llamafactory", "openai"])
async def test_a_window_that_is_not_told_has_a_badge_and_is_named_when_time_is_up(
    open_backend: OpenBackend, kind: str
) -> None:
    owner = {"vllm": "vllm", "llamafactory": "owner", "openai": "me"}[kind]
    models = {"/v1/models": listing({"id": "m", "owned_by": owner})}
    backend, _ = open_backend(kind, models | {CHAT[kind]: sse(HELLO)})
    assert "window unknown" in (await complete(backend, asked(kind, "m"))).ignored
    backend, _ = open_backend(kind, models | {CHAT[kind]: sse(30.0)}, first_token_seconds=0.5)
    got = await outcome(backend, asked(kind, "m"))
    assert "no word of an answer in 0.5 s" in got.error.message
    assert "Its context window is unknown" in got.error.hint


async def test_a_window_that_is_known_is_not_said_to_be_unknown(open_backend: OpenBackend) -> None:
    backend, _ = open_backend("vllm", {CHAT["vllm"]: sse(30.0)}, first_token_seconds=0.5)
    got = await outcome(backend, ask("vllm"))
    assert "window" not in got.error.hint


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        ("vllm", answer("vllm/a094")),
        ("ollama", answer("ollama/b060")),
        (
            "vllm",
            sse(
                event("") + b'data: {"error": {"message": "Grammar error: Invalid type: x", "code": 500}}\n\n'
            ),
        ),
    ],
)
async def test_a_schema_that_a_server_refuses_is_the_schemas_fault(
    open_backend: OpenBackend, kind: str, refusal: Any
) -> None:
    backend, _ = open_backend(kind, {CHAT[kind]: refusal})
    got = await outcome(backend, ask(kind, json_schema='{"type": "object"}'))
    assert "cannot hold an answer to this output schema" in got.error.message
    assert "Change the output schema" in got.error.hint


async def test_another_refusal_is_not_blamed_on_the_schema(open_backend: OpenBackend) -> None:
    backend, _ = open_backend("vllm", {CHAT["vllm"]: answer("vllm/a076")})
    got = await outcome(backend, ask("vllm", json_schema='{"type": "object"}'))
    assert "schema" not in got.error.message
