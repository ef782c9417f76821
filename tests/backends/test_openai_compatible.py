"""OpenAI's protocol: what is sent to whom, how streams end, and what is reasoning."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from playground.backends import make_backend
from playground.backends.base import CountsTokens, RendersChat, complete
from playground.settings import Settings
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling
from tests.backends.conftest import CHAT, END, HELLO, answer, ask, event, exchange, outcome, sse

PATH = "/v1/chat/completions"
ROWS = ("vllm", "llama-server", "openai", "llamafactory")
EVERYTHING: dict[str, Any] = {
    "temperature": 0.7,
    "top_p": 0.9,
    "top_k": 40,
    "min_p": 0.05,
    "repetition_penalty": 1.1,
    "presence_penalty": 0.2,
    "frequency_penalty": 0.3,
    "seed": 7,
    "max_tokens": 99,
    "stop": ("END",),
}
MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]
COMMON = {
    "messages": MESSAGES,
    "temperature": 0.7,
    "top_p": 0.9,
    "max_tokens": 99,
    "stop": ["END"],
    "stream": True,
}
OPENAI = COMMON | {
    "seed": 7,
    "presence_penalty": 0.2,
    "frequency_penalty": 0.3,
    "stream_options": {"include_usage": True},
}


@pytest.mark.parametrize(
    ("row", "body", "ignored"),
    [
        ("openai", OPENAI | {"model": "smollm2-135m"}, ("top-k", "min-p", "repetition penalty")),
        (
            "vllm",
            OPENAI
            | {
                "model": "smollm2-135m",
                "top_k": 40,
                "min_p": 0.05,
                "repetition_penalty": 1.1,
                "chat_template_kwargs": {"enable_thinking": False, "thinking": False},
                "return_prompt_text": True,
            },
            ("temperature before top-p", "temperature before min-p"),
        ),
        (
            "llama-server",
            OPENAI
            | {
                "model": "/models/SmolLM2-Q4_1.gguf",
                "top_k": 40,
                "min_p": 0.05,
                "typical_p": 1.0,
                "repeat_penalty": 1.1,
                "repeat_last_n": 64,
                "dry_multiplier": 0.0,
                "xtc_probability": 0.0,
                "dynatemp_range": 0.0,
                "top_n_sigma": -1.0,
                "mirostat": 0,
                "cache_prompt": True,
                "chat_template_kwargs": {"enable_thinking": False, "thinking": False},
            },
            ("penalty window 64",),
        ),
        (
            "llamafactory",
            COMMON | {"model": "smol-zork", "do_sample": True},
            (
                "seed",
                "top-k",
                "min-p",
                "repetition penalty",
                "presence penalty",
                "frequency penalty",
                "stop strings",
                "finish by length",
                "window unknown",
            ),
        ),
    ],
)
async def test_every_value_is_sent_or_named_as_ignored(
    open_backend: Any, row: str, body: dict[str, Any], ignored: tuple[str, ...]
) -> None:
    backend, server = open_backend(row, {PATH: sse(HELLO)})
    done = await complete(backend, ask(row, sampling=EVERYTHING))
    assert server.sent(PATH) == body
    assert done.ignored == ignored


@pytest.mark.parametrize("row", ROWS)
async def test_greedy_requests_are_honoured_in_full(open_backend: Any, row: str) -> None:
    backend, _ = open_backend(row, {PATH: sse(HELLO)})
    done = await complete(backend, ask(row))
    assert done.ignored == (("finish by length", "window unknown") if row == "llamafactory" else ())


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(
    ("pieces", "text", "error"),
    [
        ((event("Hel"), b'data: {"error":{"message":"boom"}}\n\ndata: [DONE]\n\n'), "Hel", "boom"),
        ((event("Hel"), b'{"error":{"message":"boom"}}\n'), "Hel", "boom"),
        ((event("Hel"), b"data: [DONE]\n\n"), "Hel", "without saying why"),
        ((event("Hel"),), "Hel", "without saying why"),
        ((b"data: [DONE]\n\n",), "", "without saying why"),
        ((), "", "without saying why"),
        ((event("Hel", finish_reason="abort"), b"data: [DONE]\n\n"), "Hel", "broke its answer off"),
        ((event("Hel", finish_reason="content_filter"),), "Hel", "content_filter"),
        ((event("Hel"), b"data: [1]\n\n"), "Hel", "not complete JSON"),
        ((event("Hel"), b"what is this\n"), "Hel", "not complete JSON"),
    ],
)
async def test_an_answer_that_does_not_end_well_is_an_error_with_its_text(
    open_backend: Any, row: str, pieces: tuple[bytes, ...], text: str, error: str
) -> None:
    backend, _ = open_backend(row, {PATH: sse(*pieces)})
    got = await outcome(backend, ask(row))
    assert got.completion.text == text
    assert error in got.error.message


@pytest.mark.parametrize("row", ROWS)
async def test_empty_deltas_other_choices_and_a_bare_usage_chunk_are_taken_for_what_they_are(
    open_backend: Any, row: str
) -> None:
    pieces = (
        event(""),
        event("Hel"),
        b'data: {"choices":[{"index":1,"delta":{"content":"Other"},"finish_reason":null}]}\n\n',
        event(None),
        b'data: {"choices":[{"index":0,"delta":{"content":null}}]}\n\n',
        b'data: {"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}\n\n',
        b": keep-alive\n\nevent: x\nid: 7\nretry: 3\n",
        event("lo", finish_reason="stop"),
        b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,'
        b'"prompt_tokens_details":{"cached_tokens":1}}}\n\n',
        b"data: [DONE]\n\n",
    )
    backend, _ = open_backend(row, {PATH: sse(*pieces)})
    done = await complete(backend, ask(row))
    assert (done.text, done.finish) == ("Hello", "stop")
    assert (done.prompt_tokens, done.completion_tokens, done.cached_tokens) == (3, 2, 1)


async def test_a_complete_answer_on_a_line_that_stays_open_is_not_waited_for(open_backend: Any) -> None:
    backend, _ = open_backend("openai", {PATH: sse(HELLO, 60.0, b"")})
    assert (await complete(backend, ask("openai"))).text == "Hello"


async def test_a_server_that_does_not_stream_is_read_too(open_backend: Any) -> None:
    whole = {
        "choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
    pretty = httpx.Response(
        200, content=json.dumps(whole, indent=2), headers={"content-type": "application/json"}
    )
    backend, _ = open_backend("openai", {PATH: pretty})
    done = await complete(backend, ask("openai"))
    assert (done.text, done.finish, done.prompt_tokens) == ("Hello", "length", 3)


@pytest.mark.parametrize("row", ["openai", "llamafactory"])
async def test_a_server_without_a_raw_route_says_so(open_backend: Any, row: str) -> None:
    backend, server = open_backend(row)
    got = await outcome(backend, ask(row, raw_prompt="x"))
    assert "has no raw route" in got.error.message
    assert PATH not in [path for path, _ in server.requests]
    assert not isinstance(backend, RendersChat | CountsTokens)


@pytest.mark.parametrize("row", ["openai", "vllm", "llama-server"])
async def test_a_schema_goes_out_as_response_format(open_backend: Any, row: str) -> None:
    schema = {"type": "object"}
    backend, server = open_backend(row, {PATH: sse(HELLO)})
    await complete(backend, ask(row, json_schema=json.dumps(schema)))
    sent = server.sent(PATH)["response_format"]
    assert (sent["type"], sent["json_schema"]["schema"]) == ("json_schema", schema)
    assert sent["json_schema"]["name"]


@pytest.mark.parametrize("row", ["openai", "vllm", "llama-server"])
async def test_logprobs_of_a_chat_belong_to_its_text(open_backend: Any, row: str) -> None:
    backend, server = open_backend(row, {PATH: answer("vllm/a023")})
    done = await complete(backend, ask(row, top_logprobs=2))
    assert (server.sent(PATH)["logprobs"], server.sent(PATH)["top_logprobs"]) == (True, 2)
    assert "".join(item.token for item in done.logprobs) == done.text  # no end token
    assert done.logprobs[1].token == " capital"
    assert done.logprobs[1].logprob == pytest.approx(-0.0198276)
    assert [token for token, _ in done.logprobs[1].top] == [" capital", " Capital"]


async def test_logprobs_inside_a_character_have_empty_tokens(open_backend: Any) -> None:
    backend, _ = open_backend("vllm", {PATH: answer("vllm/a024")})
    done = await complete(backend, ask("vllm", top_logprobs=1))
    assert done.text == "é 😀 你好"
    assert [item.token for item in done.logprobs[:3]] == ["", "é", " "]
    assert "".join(item.token for item in done.logprobs) == done.text


async def test_logprobs_that_were_asked_for_and_did_not_come_are_told(open_backend: Any) -> None:
    backend, _ = open_backend("openai", {PATH: sse(HELLO)})
    assert (await complete(backend, ask("openai", top_logprobs=2))).ignored == ("log-probs",)


# --- reasoning ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_reasoning_in_a_field_of_its_own_is_not_the_answer(open_backend: Any, field: str) -> None:
    think = b'data: {"choices":[{"index":0,"delta":{"%s":"hmm"}}]}\n\n' % field.encode()
    backend, _ = open_backend("openai", {PATH: sse(think, event("4"), END)})
    done = await complete(backend, ask("openai"))
    assert (done.reasoning, done.text) == ("hmm", "4")


async def test_a_template_that_opens_the_reasoning_is_noticed(open_backend: Any) -> None:
    first = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"prompt_text":"u: 2+2? <think>\\n"}\n\n'
    backend, _ = open_backend("vllm", {PATH: sse(first, event("why</think>4"), END)})
    done = await complete(backend, ask("vllm", thinking=True))
    assert (done.reasoning, done.text) == ("why", "4")
    assert done.rendered_prompt == "u: 2+2? <think>\n"


# --- LLaMA-Factory --------------------------------------------------------------------------------------


def roles(*names: str) -> GenerationRequest:
    messages = tuple(Message(name, "x") for name in names)  # type: ignore[arg-type]
    return GenerationRequest("llamafactory:smol-zork", messages, Sampling())


@pytest.mark.parametrize(
    "turns",
    [
        (),
        ("system",),
        ("user", "user"),
        ("user", "assistant"),
        ("user", "system", "user"),
        ("assistant", "user"),
    ],
)
async def test_turns_that_llamafactory_cannot_take_are_refused_before_sending(
    open_backend: Any, turns: tuple[str, ...]
) -> None:
    backend, server = open_backend("llamafactory")
    got = await outcome(backend, roles(*turns))
    assert "user turn last" in got.error.message
    assert server.requests == []


async def test_turns_in_order_are_sent_and_no_penalty_ever_is(open_backend: Any) -> None:
    backend, server = open_backend("llamafactory", {PATH: answer("llamafactory/chat_stream")})
    done = await complete(backend, roles("system", "user", "assistant", "user"))
    assert done.text == "The horse is fine. ZORK."
    assert not {"presence_penalty", "frequency_penalty", "seed", "top_k"} & server.sent(PATH).keys()
    assert (server.sent(PATH)["temperature"], server.sent(PATH)["do_sample"]) == (0, False)


async def test_pings_after_the_first_chunk_do_not_keep_llamafactory_alive(open_backend: Any) -> None:
    raw = exchange("llamafactory/chat_presence_penalty_0_stream")["response"]["raw_chunks"]
    pieces = [piece for chunk in raw for piece in (chunk["data"].encode(), 0.15)]
    backend, _ = open_backend("llamafactory", {PATH: sse(*pieces)}, first_token_seconds=0.3)
    got = await outcome(backend, roles("user"))
    assert "no word of an answer" in got.error.message


async def test_schema_and_logprobs_are_named_as_ignored_by_llamafactory(open_backend: Any) -> None:
    backend, _ = open_backend("llamafactory", {PATH: sse(HELLO)})
    done = await complete(backend, ask("llamafactory", json_schema="{}", top_logprobs=3, thinking=True))
    assert done.ignored == ("JSON schema", "log-probs", "thinking", "finish by length", "window unknown")


def test_every_server_row_is_built_at_once_and_without_a_network(settings: Settings, kind: str) -> None:
    backend = make_backend(kind, settings)
    assert backend.name == kind
    assert CHAT[kind].startswith("/")
    assert backend.parallel >= 1  # type: ignore[attr-defined]
