"""llama-server: its own sampler names, its native route for raw text, and what it tells about itself.

There is no recording of this server: the bytes are written after contracts/backends.md, section 3.5.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from playground.backends.base import complete
from playground.errors import ContextOverflow
from playground.types.generation import Message
from tests.backends.conftest import HELLO, ask, event, outcome, sse

PATH = "/v1/chat/completions"
MODEL = "llama-server:/models/SmolLM2-Q4_1.gguf"


def tokens(count: int) -> httpx.Response:
    return httpx.Response(200, json={"tokens": list(range(count))})


def native(**fields: Any) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


async def test_models_come_with_window_size_and_quantisation(open_backend: Any) -> None:
    backend, _ = open_backend("llama-server")
    (model,) = await backend.models()
    assert (model.id, model.context_tokens, model.size_bytes) == (MODEL, 2048, 98_000_000)
    assert model.quantization == "Q4_1"
    assert backend.parallel == 2
    assert "b1-0c1e57098" in (await backend.health()).detail


async def test_raw_text_goes_out_as_token_ids(open_backend: Any) -> None:
    routes = {
        "/tokenize": tokens(5),
        "/completion": sse(
            native(content=" Par", stop=False, index=0),
            native(
                content="is",
                stop=False,
                completion_probabilities=[
                    {
                        "token": "is",
                        "logprob": -0.5,
                        "top_logprobs": [
                            {"token": "is", "logprob": -0.5},
                            {"token": "ty", "logprob": -1.5},
                        ],
                    }
                ],
            ),
            native(
                content="",
                stop=True,
                stop_type="limit",
                tokens_evaluated=5,
                tokens_predicted=2,
                timings={"cache_n": 4},
            ),
        ),
    }
    backend, server = open_backend("llama-server", routes)
    request = ask("llama-server", raw_prompt="France:", top_logprobs=2, json_schema='{"type":"string"}')
    done = await complete(backend, request)
    sent = server.sent("/completion")
    assert server.sent("/tokenize") == {"content": "France:", "add_special": False, "parse_special": True}
    assert (sent["prompt"], sent["n_predict"], sent["n_probs"]) == ([0, 1, 2, 3, 4], 24, 2)
    assert sent["json_schema"] == {"type": "string"}
    assert (done.text, done.finish) == (" Paris", "length")
    assert (done.prompt_tokens, done.completion_tokens, done.cached_tokens) == (5, 2, 4)
    assert done.logprobs[0].top == (("is", -0.5), ("ty", -1.5))


async def test_an_end_by_stop_string_or_end_token_is_a_stop(open_backend: Any) -> None:
    for word in ("eos", "word"):
        routes = {
            "/tokenize": tokens(5),
            "/completion": sse(native(content="x"), native(content="", stop=True, stop_type=word)),
        }
        backend, _ = open_backend("llama-server", routes)
        assert (await complete(backend, ask("llama-server", raw_prompt="x"))).finish == "stop"


async def test_a_long_prompt_is_counted_and_refused_with_both_numbers(open_backend: Any) -> None:
    routes = {"/apply-template": httpx.Response(200, json={"prompt": "long"}), "/tokenize": tokens(3000)}
    backend, server = open_backend("llama-server", routes)
    for request in (ask("llama-server", "word " * 600), ask("llama-server", raw_prompt="word " * 600)):
        got = await outcome(backend, request)
        assert isinstance(got.error, ContextOverflow)
        assert (got.error.prompt_tokens, got.error.context_tokens) == (3000, 2048)
    assert not {PATH, "/completion"} & {path for path, _ in server.requests}


async def test_an_overflow_that_the_server_sees_carries_both_numbers(open_backend: Any) -> None:
    fault = {
        "error": {
            "code": 400,
            "message": "the request exceeds the available context size",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 3010,
            "n_ctx": 2048,
        }
    }
    backend, _ = open_backend("llama-server", {PATH: httpx.Response(400, json=fault)})
    got = await outcome(backend, ask("llama-server"))
    assert isinstance(got.error, ContextOverflow)
    assert (got.error.prompt_tokens, got.error.context_tokens) == (3010, 2048)


async def test_the_rendered_prompt_comes_after_the_answer(open_backend: Any) -> None:
    routes = {"/apply-template": httpx.Response(200, json={"prompt": "<s>Hi"}), PATH: sse(HELLO)}
    backend, server = open_backend("llama-server", routes)
    done = await complete(backend, ask("llama-server"))
    assert done.rendered_prompt == "<s>Hi"
    paths = [path for path, _ in server.requests]
    assert paths.index(PATH) < paths.index("/apply-template")


async def test_the_rendered_chat_has_text_and_tokens(open_backend: Any) -> None:
    routes = {"/apply-template": httpx.Response(200, json={"prompt": "<s>Hi"}), "/tokenize": tokens(2)}
    backend, _ = open_backend("llama-server", routes)
    shown = await backend.render_chat(MODEL, (Message("user", "Hi"),))
    assert (shown.text, shown.tokens, shown.context_tokens) == ("<s>Hi", (0, 1), 2048)
    assert await backend.count_tokens(MODEL, ["a", "b"]) == [2, 2]


async def test_logprobs_without_alternatives_are_not_answered_with_twenty(open_backend: Any) -> None:
    backend, server = open_backend("llama-server", {PATH: sse(HELLO)})
    await complete(backend, ask("llama-server", top_logprobs=0))
    assert server.sent(PATH)["top_logprobs"] == 1


async def test_a_server_that_is_loading_is_waited_for(open_backend: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("playground.backends.http._pause", lambda *_: 0.01)
    loading = httpx.Response(
        503, json={"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
    )
    backend, _ = open_backend("llama-server", {PATH: [loading, sse(event("Hi", finish_reason="stop"))]})
    assert (await complete(backend, ask("llama-server"))).text == "Hi"
