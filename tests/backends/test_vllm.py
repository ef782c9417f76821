"""vLLM: what is refused before sending, counting, raw text, and its load."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from playground.backends.base import complete
from playground.backends.vllm import read_metrics
from playground.errors import ContextOverflow
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling
from tests.backends.conftest import HELLO, answer, ask, event, outcome, sse

PATH = "/v1/chat/completions"
MODEL = "vllm:smollm2-135m"
LONG = "word " * 500


def counting(count: int) -> httpx.Response:
    return httpx.Response(200, json={"count": count, "max_model_len": 2048, "tokens": list(range(count))})


@pytest.mark.parametrize(
    ("sampling", "words"),
    [
        ({"stop": tuple("abcde")}, ("at most 4 stop strings", "has 5")),
        ({"temperature": 3.0}, ("temperatures up to 2", "has 3")),
    ],
)
async def test_values_that_vllm_would_refuse_are_refused_before_sending(
    open_backend: Any, sampling: dict[str, Any], words: tuple[str, str]
) -> None:
    backend, server = open_backend("vllm")
    got = await outcome(backend, ask("vllm", sampling=sampling))
    assert all(word in got.error.message for word in words)
    assert server.requests == []


@pytest.mark.parametrize(
    ("sampling", "notes"),
    [
        ({"temperature": 0.0, "top_p": 0.5, "min_p": 0.1}, ()),
        ({"temperature": 1.0, "top_p": 0.5, "min_p": 0.1}, ()),
        ({"temperature": 0.5, "top_k": 40}, ()),
        ({"temperature": 0.5, "top_p": 0.5}, ("temperature before top-p",)),
        ({"temperature": 1.5, "min_p": 0.1}, ("temperature before min-p",)),
        ({"temperature": 0.001}, ("temperature raised to 0.01",)),
    ],
)
async def test_the_order_of_samplers_is_told_only_where_it_matters(
    open_backend: Any, sampling: dict[str, Any], notes: tuple[str, ...]
) -> None:
    backend, _ = open_backend("vllm", {PATH: sse(HELLO)})
    assert (await complete(backend, ask("vllm", sampling=sampling))).ignored == notes


async def test_a_long_prompt_is_counted_and_refused_with_both_numbers(open_backend: Any) -> None:
    backend, server = open_backend("vllm", {"/tokenize": counting(2048)})
    got = await outcome(backend, ask("vllm", LONG))
    assert isinstance(got.error, ContextOverflow)
    assert (got.error.prompt_tokens, got.error.context_tokens) == (2048, 2048)
    assert PATH not in [path for path, _ in server.requests]
    assert server.sent("/tokenize")["chat_template_kwargs"] == {"enable_thinking": False, "thinking": False}


async def test_a_short_prompt_is_not_counted(open_backend: Any) -> None:
    backend, server = open_backend("vllm", {PATH: sse(HELLO)})
    await complete(backend, ask("vllm"))
    paths = [path for path, _ in server.requests]
    assert "/tokenize" not in paths[: paths.index(PATH)]


async def test_a_limit_beyond_the_rest_of_the_window_is_lowered_and_told(open_backend: Any) -> None:
    backend, server = open_backend("vllm", {"/tokenize": counting(600), PATH: sse(HELLO)})
    done = await complete(backend, ask("vllm", LONG, sampling={"max_tokens": 5000}))
    assert server.sent(PATH)["max_tokens"] == 1448
    assert done.ignored == ("5,000 tokens asked, 1,448 fit",)
    assert done.context_tokens == 2048


async def test_a_count_that_the_server_does_not_confirm_is_told(open_backend: Any) -> None:
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":500,"completion_tokens":1}}\n\n'
    routes = {"/tokenize": counting(600), PATH: sse(event("x", finish_reason="stop"), usage)}
    backend, _ = open_backend("vllm", routes)
    done = await complete(backend, ask("vllm", LONG, sampling={"max_tokens": 1000}))
    assert done.ignored == ("600 prompt tokens counted, 500 processed",)


async def test_a_gateway_without_the_counting_route_does_not_stop_a_request(open_backend: Any) -> None:
    backend, _ = open_backend("vllm", {PATH: sse(HELLO)})
    assert (await complete(backend, ask("vllm", LONG, sampling={"max_tokens": 9}))).text == "Hello"


@pytest.mark.parametrize("name", ["a069", "a070"])
async def test_an_overflow_that_only_the_server_sees_carries_both_numbers(
    open_backend: Any, name: str
) -> None:
    backend, _ = open_backend("vllm", {PATH: answer(f"vllm/{name}")})
    got = await outcome(backend, ask("vllm"))
    assert isinstance(got.error, ContextOverflow)
    assert (got.error.prompt_tokens, got.error.context_tokens) == (2049, 2048)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a067", "does not have this model"),
        ("a077", "top_p"),
        ("a094", "Grammar error"),
        ("a090", "multimodal"),
    ],
)
async def test_refusals_are_shown_in_the_servers_own_words(open_backend: Any, name: str, words: str) -> None:
    backend, _ = open_backend("vllm", {PATH: answer(f"vllm/{name}")})
    got = await outcome(backend, ask("vllm"))
    assert words in got.error.message
    assert got.error.hint


async def test_raw_text_goes_to_completions_without_special_tokens(open_backend: Any) -> None:
    backend, server = open_backend("vllm", {"/v1/completions": answer("vllm/a059")})
    done = await complete(backend, ask("vllm", raw_prompt="The capital of France is", top_logprobs=2))
    sent = server.sent("/v1/completions")
    assert (sent["prompt"], sent["add_special_tokens"]) == ("The capital of France is", False)
    assert (sent["logprobs"], sent["max_tokens"]) == (2, 24)
    assert "messages" not in sent and "top_logprobs" not in sent
    assert done.text.startswith(" Paris.")
    assert done.rendered_prompt == "The capital of France is"


async def test_logprobs_of_raw_text_are_read_from_parallel_arrays(open_backend: Any) -> None:
    backend, _ = open_backend("vllm", {"/v1/completions": answer("vllm/a058")})
    done = await complete(backend, ask("vllm", raw_prompt="x", top_logprobs=2))
    assert done.logprobs[-3].token == " Paris"
    assert done.logprobs[-3].top[0] == (" Paris", pytest.approx(-0.2606096))


async def test_cached_tokens_are_told(open_backend: Any) -> None:
    backend, _ = open_backend("vllm", {PATH: answer("vllm/b008")})
    done = await complete(backend, ask("vllm"))
    assert (done.prompt_tokens, done.cached_tokens) == (912, 896)
    assert done.backend_version == "vLLM 0.32.0"


async def test_the_rendered_chat_has_text_and_tokens(open_backend: Any) -> None:
    routes = {"/tokenize": answer("vllm/a008"), "/detokenize": httpx.Response(200, json={"prompt": "<s>Hi"})}
    backend, server = open_backend("vllm", routes)
    shown = await backend.render_chat(MODEL, (Message("user", "Hi"),))
    assert (shown.text, len(shown.tokens), shown.context_tokens) == ("<s>Hi", 31, 2048)
    assert server.sent("/detokenize")["tokens"] == list(shown.tokens)


async def test_tokens_of_plain_text_are_counted(open_backend: Any) -> None:
    backend, server = open_backend("vllm", {"/tokenize": answer("vllm/a007")})
    assert await backend.count_tokens(MODEL, ["Hello, world 123", "again"]) == [7, 7]
    assert server.sent("/tokenize")["add_special_tokens"] is False


async def test_the_load_is_read_from_the_metrics(open_backend: Any) -> None:
    backend, _ = open_backend("vllm", {"/metrics": [answer("vllm/c003"), answer("vllm/a112")]})
    busy = await backend.metrics()
    assert (busy.running, busy.waiting, busy.tokens_per_s) == (1, 1, None)
    assert busy.kv_cache_use is not None and 0 < busy.kv_cache_use < 1
    idle = await backend.metrics()
    assert (idle.running, idle.waiting, idle.prefix_hit_rate) == (0, 0, 0.0)
    assert idle.tokens_per_s is not None and idle.tokens_per_s > 0


def test_metrics_of_several_engines_are_added_and_shares_averaged() -> None:
    text = (
        'vllm:num_requests_running{engine="0"} 2.0\nvllm:num_requests_running{engine="1"} 3.0\n'
        'vllm:kv_cache_usage_perc{engine="0"} 0.2\nvllm:kv_cache_usage_perc{engine="1"} 0.4\n'
        "# HELP vllm:x y\nvllm:odd NaNsense\n"
    )
    values = read_metrics(text)
    assert values["num_requests_running"] == 5
    assert values["kv_cache_usage_perc"] == pytest.approx(0.3)


async def test_a_model_of_another_kind_on_the_usual_port_is_not_listed_as_vllm(open_backend: Any) -> None:
    backend, _ = open_backend("vllm", {"/v1/models": answer("llamafactory/models")})
    assert await backend.models() == []


async def test_the_answer_survives_a_server_that_does_not_name_its_models(open_backend: Any) -> None:
    backend, server = open_backend("vllm", {"/v1/models": httpx.Response(404), PATH: sse(HELLO)})
    request = GenerationRequest("vllm:alias", (Message("user", "Hi"),), Sampling())
    for _ in range(3):
        assert (await complete(backend, request)).text == "Hello"
    assert [path for path, _ in server.requests].count("/v1/models") == 1


@pytest.mark.parametrize(("started", "mode"), [(True, "batch-invariant"), (False, "batched"), (None, None)])
async def test_the_receipt_of_a_server_started_here_says_whether_it_is_batch_invariant(
    open_backend: Any, started: bool | None, mode: str | None
) -> None:
    backend, _ = open_backend("vllm", {PATH: sse(HELLO)})
    backend.server = replace(backend.server, batch_invariant=started)
    assert (await complete(backend, ask("vllm"))).mode == mode
