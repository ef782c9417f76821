"""Ollama: fair requests, receipts after the answer, and the care of its models."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest

from playground.backends import make_backend
from playground.backends.base import CountsTokens, Embeds, ManagesModels, RendersChat, WarmsUp, complete
from playground.backends.http import Patience
from playground.backends.ollama_client import Call
from playground.backends.servers import Server
from playground.errors import BackendError, ContextOverflow
from playground.settings import Settings
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling
from playground.types.servers import Progress
from tests.backends.conftest import answer, ask, exchange, listening, ndjson, outcome, unused_ports

CHAT, GENERATE = "/api/chat", "/api/generate"
DONE = {"message": {"content": ""}, "done": True, "done_reason": "stop"}
MODEL = "ollama:smollm2:latest"


def say(*words: str, **last: Any) -> Any:
    return ndjson(*({"message": {"content": word}, "done": False} for word in words), DONE | last)


async def test_every_sampling_value_is_sent_and_nothing_is_left_to_a_default(open_backend: Any) -> None:
    backend, server = open_backend("ollama", {CHAT: say("Hi")})
    sampling = {
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
    done = await complete(backend, ask("ollama", sampling=sampling))
    chat = [body for path, body in server.requests if path == CHAT]
    assert chat[0] == {
        "model": "smollm2:latest",
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "stream": True,
        "think": False,
        "truncate": False,
        "shift": False,
        "options": {
            "temperature": 0.7,
            "top_p": 0.9,
            "top_k": 40,
            "min_p": 0.05,
            "typical_p": 1.0,
            "repeat_penalty": 1.1,
            "repeat_last_n": 64,
            "presence_penalty": 0.2,
            "frequency_penalty": 0.3,
            "seed": 7,
            "num_predict": 99,
            "num_ctx": 2048,
            "stop": ["END"],
        },
    }
    assert done.ignored == ("penalty window 64",)


async def test_the_last_chunk_tells_the_exact_prompt_the_window_and_the_model(open_backend: Any) -> None:
    def chat(request: httpx.Request, body: Any) -> httpx.Response:
        return answer("ollama/b012" if body.get("_debug_render_only") else "ollama/b005")()

    backend, server = open_backend("ollama", {CHAT: chat})
    done = await complete(backend, ask("ollama"))
    assert done.text == "The capital of France is Paris."
    assert done.rendered_prompt == (
        "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert (done.prompt_tokens, done.completion_tokens, done.context_tokens) == (16, 8, 2048)
    assert done.model_digest == "fd5f44c0b5aff6453726119fc560d73a8a995a55b4a49804bc24b1969ecf1794"
    assert done.backend_version == "Ollama 0.0.0"
    assert done.ignored == ()
    asked, rendered = (body for path, body in server.requests if path == CHAT)
    assert rendered == asked | {"stream": False, "_debug_render_only": True}  # other options would reload


async def test_a_window_that_is_not_the_one_asked_for_is_told(open_backend: Any) -> None:
    backend, _ = open_backend("ollama", {CHAT: say("Hi")}, context_tokens=8192)
    done = await complete(backend, ask("ollama"))
    assert done.ignored == ("context 8,192 asked, 2,048 in force",)
    assert done.context_tokens == 2048


async def test_no_window_beyond_the_trained_one_is_asked_for(open_backend: Any) -> None:
    backend, server = open_backend("ollama", {CHAT: say("Hi")}, context_tokens=100_000)
    await complete(backend, ask("ollama"))
    assert server.sent(CHAT)["options"]["num_ctx"] == 8192


async def test_the_trained_window_is_asked_of_show_where_the_list_does_not_tell(open_backend: Any) -> None:
    tags = exchange("ollama/a025")["response"]["body"]
    for row in tags["models"]:
        del row["details"]["context_length"]
    routes = {CHAT: say("Hi"), "/api/tags": httpx.Response(200, json=tags)}
    backend, server = open_backend("ollama", routes, context_tokens=100_000)
    await complete(backend, ask("ollama"))
    await complete(backend, ask("ollama"))
    assert server.sent(CHAT)["options"]["num_ctx"] == 8192
    assert len([path for path, _ in server.requests if path == "/api/show"]) == 1


async def test_a_receipt_that_does_not_come_holds_no_answer_back(open_backend: Any) -> None:
    routes = {CHAT: say("Hi"), "/api/ps": httpx.Response(500), "/api/version": answer("ollama/a003")}
    backend, _ = open_backend("ollama", routes)
    done = await complete(backend, ask("ollama"))
    assert (done.text, done.finish, done.rendered_prompt) == ("Hi", "stop", None)


@pytest.mark.parametrize("name", ["c004", "c006", "c007", "c012", "g009", "g010", "g011"])
async def test_an_overflow_hidden_in_nested_json_carries_both_numbers(open_backend: Any, name: str) -> None:
    backend, _ = open_backend("ollama", {CHAT: answer(f"ollama/{name}")})
    got = await outcome(backend, ask("ollama"))
    assert isinstance(got.error, ContextOverflow)
    assert got.error.prompt_tokens in (3010, 3031)
    assert got.error.context_tokens == 512


async def test_thinking_asked_of_a_model_that_cannot_says_what_to_do(open_backend: Any) -> None:
    backend, server = open_backend("ollama", {CHAT: answer("ollama/b065")})
    got = await outcome(backend, ask("ollama", thinking=True))
    assert server.sent(CHAT)["think"] is True
    assert "does not support thinking" in got.error.message
    assert got.error.hint == "Switch thinking off for this column."


async def test_an_unknown_model_and_a_bad_name_are_named(open_backend: Any) -> None:
    backend, _ = open_backend("ollama", {CHAT: [answer("ollama/d006"), answer("ollama/d009")]})
    assert "does not have this model" in (await outcome(backend, ask("ollama"))).error.message
    assert "invalid model name" in (await outcome(backend, ask("ollama"))).error.message


async def test_a_stream_without_its_last_line_is_an_error_with_the_text_kept(open_backend: Any) -> None:
    lines = [{"message": {"content": word}, "done": False} for word in ("a", " a", " a")]
    backend, _ = open_backend("ollama", {CHAT: ndjson(*lines)})
    got = await outcome(backend, ask("ollama"))
    assert got.completion.text == "a a a"
    assert "without saying why" in got.error.message


async def test_an_error_line_inside_a_good_answer_is_an_error(open_backend: Any) -> None:
    backend, _ = open_backend("ollama", {CHAT: answer("ollama/d025")})
    got = await outcome(backend, ask("ollama"))
    assert got.completion.text == 'The story of the "L'
    assert "unexpected EOF" in got.error.message


async def test_an_empty_stop_string_is_refused_before_sending(open_backend: Any) -> None:
    backend, server = open_backend("ollama", {CHAT: say("Hi")})
    request = ask("ollama")
    broken = GenerationRequest(request.model, request.messages, Sampling.model_construct(stop=("",)))
    got = await outcome(backend, broken)
    assert "empty stop string" in got.error.message
    assert CHAT not in [path for path, _ in server.requests]


async def test_thinking_is_kept_apart_from_the_answer(open_backend: Any) -> None:
    lines = (
        {"message": {"content": "", "thinking": "Let me "}, "done": False},
        {"message": {"content": "", "thinking": "see."}, "done": False},
    )
    backend, _ = open_backend(
        "ollama", {CHAT: ndjson(*lines, {"message": {"content": "4"}, "done": False}, DONE)}
    )
    done = await complete(backend, ask("ollama", thinking=True))
    assert (done.reasoning, done.text) == ("Let me see.", "4")


async def test_logprobs_come_with_their_tokens(open_backend: Any) -> None:
    backend, server = open_backend("ollama", {CHAT: answer("ollama/b049")})
    done = await complete(backend, ask("ollama", top_logprobs=2))
    chat = next(body for path, body in server.requests if path == CHAT)
    assert (chat["logprobs"], chat["top_logprobs"]) == (True, 2)
    assert "".join(item.token for item in done.logprobs) == done.text
    first = done.logprobs[0]
    assert first.logprob == pytest.approx(-0.6410474)
    assert [token for token, _ in first.top] == ["The", "L"]


async def test_logprobs_that_do_not_come_are_told(open_backend: Any) -> None:
    backend, _ = open_backend("ollama", {CHAT: say("Hi")})
    assert "log-probs" in (await complete(backend, ask("ollama", top_logprobs=2))).ignored


async def test_a_schema_goes_out_as_format(open_backend: Any) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    backend, server = open_backend("ollama", {CHAT: answer("ollama/b056")})
    done = await complete(backend, ask("ollama", json_schema=json.dumps(schema)))
    assert next(body for path, body in server.requests if path == CHAT)["format"] == schema
    assert isinstance(json.loads(done.text), dict)


@pytest.mark.parametrize("schema", ["{", "[]", '"yaml"', "7"])
async def test_a_schema_that_is_none_is_refused_before_sending(
    open_backend: Any, kind: str, schema: str
) -> None:
    backend, server = open_backend(kind)
    got = await outcome(backend, ask(kind, json_schema=schema))
    if kind == "llamafactory":  # which reads no schema, and says so
        return
    assert "JSON schema" in got.error.message
    assert not any(path in (CHAT, "/v1/chat/completions") for path, _ in server.requests)


async def test_raw_text_goes_out_as_it_is(open_backend: Any) -> None:
    backend, server = open_backend("ollama", {GENERATE: answer("ollama/b009")})
    done = await complete(backend, ask("ollama", raw_prompt="The capital of France is"))
    sent = server.sent(GENERATE)
    assert (sent["prompt"], sent["raw"]) == ("The capital of France is", True)
    assert (sent["truncate"], sent["shift"]) == (False, False)
    assert "messages" not in sent
    assert done.rendered_prompt == "The capital of France is"
    assert done.text.startswith(" Paris.")


@pytest.mark.parametrize(
    ("facts", "prompt"),
    [
        ({"tokenizer.ggml.add_bos_token": True}, "Hello"),
        ({"tokenizer.ggml.add_bos_token": False}, "<s>Hello"),
        ({"tokenizer.ggml.model": "llama"}, "Hello"),
        ({"tokenizer.ggml.model": "gpt2"}, "<s>Hello"),
    ],
)
async def test_a_start_token_is_not_sent_twice(open_backend: Any, facts: dict[str, Any], prompt: str) -> None:
    shown = httpx.Response(200, json={"model_info": facts})
    backend, server = open_backend("ollama", {GENERATE: answer("ollama/b009"), "/api/show": shown})
    await complete(backend, ask("ollama", raw_prompt="<s>Hello"))
    assert server.sent(GENERATE)["prompt"] == prompt


async def test_the_rendered_chat_is_asked_without_generating(open_backend: Any) -> None:
    backend, server = open_backend("ollama", {CHAT: answer("ollama/g004")})
    shown = await backend.render_chat(MODEL, (Message("user", "Hi"),))
    assert shown.text.startswith("<|im_start|>system")
    assert shown.context_tokens == 2048
    assert server.sent(CHAT)["_debug_render_only"] is True


async def test_models_come_with_size_quantisation_window_and_abilities(open_backend: Any) -> None:
    backend, _ = open_backend("ollama")
    model = next(model for model in await backend.models() if model.id == MODEL)
    assert (model.name, model.quantization, model.size_bytes) == ("smollm2:latest", "Q4_1", 98362745)
    assert (model.context_tokens, model.capabilities) == (2048, ("completion",))
    assert model.detail == "134.52M Q4_1"


async def test_a_model_that_only_embeds_is_installed_but_cannot_stand_in_a_column(open_backend: Any) -> None:
    rows = {"models": [{"name": "nomic:latest", "capabilities": ["embedding"]}]}
    backend, _ = open_backend("ollama", {"/api/tags": httpx.Response(200, json=rows)})
    assert await backend.models() == []
    assert [model.name for model in await backend.installed()] == ["nomic:latest"]


async def test_what_is_loaded_is_told_with_its_window(open_backend: Any) -> None:
    backend, _ = open_backend("ollama")
    (loaded,) = await backend.loaded()
    assert (loaded.name, loaded.context_tokens, loaded.gpu_bytes) == ("smollm2:latest", 2048, 0)


async def test_a_pull_tells_the_bytes_of_each_layer(open_backend: Any) -> None:
    lines = (
        {"status": "pulling manifest"},
        {"status": "pulling aa", "digest": "sha256:aa", "total": 10},
        {"status": "pulling aa", "digest": "sha256:aa", "total": 10, "completed": 7},
        {"status": "success"},
    )
    backend, server = open_backend("ollama", {"/api/pull": ndjson(*lines)})
    steps = [step async for step in backend.pull(" smollm2:135m ")]
    assert steps[1:3] == [
        Progress("pulling aa", "sha256:aa", 0, 10),
        Progress("pulling aa", "sha256:aa", 7, 10),
    ]
    assert server.sent("/api/pull") == {"model": "smollm2:135m", "stream": True}


@pytest.mark.parametrize("name", ["a008", "a009"])
async def test_a_pull_that_fails_says_why(open_backend: Any, name: str) -> None:
    backend, _ = open_backend("ollama", {"/api/pull": answer(f"ollama/{name}")})
    with pytest.raises(BackendError, match="no such host"):
        _ = [step async for step in backend.pull("smollm2:135m")]


async def test_a_pull_without_success_is_an_error(open_backend: Any) -> None:
    backend, _ = open_backend("ollama", {"/api/pull": ndjson({"status": "pulling manifest"})})
    with pytest.raises(BackendError, match="before it was done"):
        _ = [step async for step in backend.pull("smollm2")]


async def test_leaving_a_pull_hangs_up(settings: Settings) -> None:
    head = b'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n{"status":"pulling manifest"}\n'
    async with listening(head) as server:
        here = Server("ollama", "ollama", f"http://127.0.0.1:{server.port}", True)
        backend = type(make_backend("ollama", settings))(settings, here)
        async with aclosing(backend.pull("x")) as steps:
            assert (await anext(steps)).status == "pulling manifest"
        await asyncio.wait_for(server.hung_up.wait(), 1)
        await backend.close()


async def test_a_model_is_made_from_a_prompt_without_losing_a_character(open_backend: Any) -> None:
    hostile = [row["text"] for row in exchange("ollama/e001")["rows"] if row["text"]]
    assert len(hostile) == 18
    for text in hostile:
        backend, server = open_backend("ollama", {"/api/create": answer("ollama/a016")})
        messages = (Message("system", text), Message("user", text), Message("assistant", "Arr"))
        steps = [s async for s in backend.create("mine", MODEL, messages, Sampling(stop=(text,)))]
        sent = server.sent("/api/create")
        assert steps[-1].status == "success"
        assert (sent["model"], sent["from"], sent["system"]) == ("mine", "smollm2:latest", text)
        assert sent["messages"] == [
            {"role": "user", "content": text},
            {"role": "assistant", "content": "Arr"},
        ]
        assert sent["parameters"]["stop"] == [text]
        assert "num_ctx" not in sent["parameters"]


async def test_a_model_made_from_one_that_is_not_there_says_why(open_backend: Any) -> None:
    backend, _ = open_backend("ollama", {"/api/create": answer("ollama/a018")})
    with pytest.raises(BackendError, match="no such host"):
        _ = [step async for step in backend.create("x1", "no-such-model", (Message("system", "s"),))]


async def test_a_model_is_unloaded_then_deleted(open_backend: Any) -> None:
    routes = {CHAT: answer("ollama/d029"), "/api/delete": answer("ollama/a034")}
    backend, server = open_backend("ollama", routes)
    await backend.delete("ollama:pirate2:latest")
    unload, delete = server.requests[-2:]
    assert unload[1] == {"model": "pirate2:latest", "messages": [], "keep_alive": 0, "stream": False}
    assert delete == ("/api/delete", {"model": "pirate2:latest"})


async def test_deleting_a_model_that_is_not_there_says_so(open_backend: Any) -> None:
    backend, _ = open_backend("ollama", {CHAT: answer("ollama/d006"), "/api/delete": answer("ollama/a035")})
    with pytest.raises(BackendError, match="pirate2"):
        await backend.delete("ollama:pirate2")


async def test_warming_up_loads_with_the_window_of_the_answers(open_backend: Any) -> None:
    backend, server = open_backend("ollama", {CHAT: answer("ollama/b001")})
    await backend.warm_up(MODEL)
    assert server.sent(CHAT)["options"] == {"num_ctx": 2048}
    assert server.sent(CHAT)["shift"] is False


def test_ollama_says_what_it_can_do(settings: Settings) -> None:
    backend = make_backend("ollama", settings)
    assert isinstance(backend, RendersChat) and isinstance(backend, ManagesModels)
    assert isinstance(backend, WarmsUp) and not isinstance(backend, CountsTokens)


# --- the package underneath -----------------------------------------------------------------------------


async def test_the_environment_of_the_package_changes_neither_address_nor_key(
    open_backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://evil.example")
    monkeypatch.setenv("OLLAMA_API_KEY", "sk-of-another-server")
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    backend, server = open_backend("ollama", {CHAT: say("Hi")})
    assert (await complete(backend, ask("ollama"))).text == "Hi"
    assert not any("authorization" in headers for headers in server.headers)


async def test_one_odd_row_does_not_lose_the_other_models(open_backend: Any) -> None:
    rows = {"models": [{"name": "odd", "modified_at": "", "size": "", "details": None}, {"name": "good:1b"}]}
    backend, _ = open_backend("ollama", {"/api/tags": httpx.Response(200, json=rows)})
    assert [model.name for model in await backend.models()] == ["odd", "good:1b"]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ({"message": {"content": 7}, "done": False}, "message.content"),
        ({"message": {"content": "x"}, "logprobs": "many"}, "logprobs"),
    ],
)
async def test_an_answer_of_another_shape_is_named_and_what_came_before_is_kept(
    open_backend: Any, line: dict[str, Any], place: str
) -> None:
    backend, _ = open_backend("ollama", {CHAT: ndjson({"message": {"content": "Hel"}}, line)})
    got = await outcome(backend, ask("ollama"))
    assert got.completion.text == "Hel"
    assert f"another shape than Ollama ({place})" in got.error.message


async def test_what_a_token_is_made_of_is_not_lost(open_backend: Any) -> None:
    logprobs = [{"token": "\ufffd", "logprob": -0.5, "bytes": [230], "top_logprobs": []}]
    backend, _ = open_backend(
        "ollama", {CHAT: ndjson({"message": {"content": "日"}, "logprobs": logprobs}, DONE)}
    )
    call = Call(backend.connection, Patience(5, 5))
    body = {"model": "m", "messages": [], "stream": True, "truncate": False}
    async with call, aclosing(call.answer(CHAT, body)) as parts:
        assert (await anext(parts)).message.content == "日"
        assert call.part["logprobs"] == logprobs


async def test_a_schema_goes_out_with_its_nulls_and_empty_parts(open_backend: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"enum": [None, 1], "default": None}, "b": {}},
        "required": [],
    }
    backend, server = open_backend("ollama", {CHAT: say("{}")})
    await complete(backend, ask("ollama", json_schema=json.dumps(schema)))
    assert server.sent(CHAT)["format"] == schema


async def test_text_with_half_a_character_is_refused_in_words(open_backend: Any) -> None:
    for request in (ask("ollama", "\ud83d"), ask("ollama", raw_prompt="\ud83d")):
        backend, server = open_backend("ollama", {CHAT: say("Hi"), GENERATE: say("Hi")})
        got = await outcome(backend, request)
        assert "half a character" in got.error.message
        assert not any(path in (CHAT, GENERATE) for path, _ in server.requests)


async def test_an_image_is_never_looked_for_as_a_file(
    open_backend: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "aGVsbG8h").write_text("a secret")
    backend, server = open_backend("ollama", {CHAT: say("Hi")})
    call = Call(backend.connection, Patience(5, 5))
    message = {"role": "user", "content": "Look", "images": ["aGVsbG8h"]}
    async with (
        call,
        aclosing(call.answer(CHAT, {"model": "m", "messages": [message], "stream": True})) as parts,
    ):
        _ = [part async for part in parts]
    assert server.sent(CHAT)["messages"] == [message]


async def test_texts_become_vectors_of_length_one(open_backend: Any) -> None:
    told = httpx.Response(200, json={"model": "m", "embeddings": [[3.0, 4.0], [0.0, 2.0]]})
    backend, server = open_backend("ollama", {"/api/embed": told})
    assert isinstance(backend, Embeds)
    assert await backend.embed(MODEL, ["a", "b"]) == [[0.6, 0.8], [0.0, 1.0]]
    assert server.sent("/api/embed") == {"model": "smollm2:latest", "input": ["a", "b"], "truncate": False}
    with pytest.raises(BackendError, match="no vector for each text"):
        await backend.embed(MODEL, ["a"])


async def test_a_model_that_does_not_embed_says_so(open_backend: Any) -> None:
    backend, _ = open_backend("ollama", {"/api/embed": answer("ollama/b072")})
    with pytest.raises(BackendError, match="status 501"):
        await backend.embed(MODEL, ["a"])


def test_a_server_that_is_not_there_costs_no_import_of_its_client(tmp_path: Path) -> None:
    (port,) = unused_ports(1)
    code = f"""
import asyncio, sys
from pathlib import Path
from playground.backends import make_backend
from playground.settings import Settings

async def main():
    backend = make_backend("ollama", Settings(data_dir=Path({str(tmp_path)!r}), ollama_url="http://127.0.0.1:{port}"))
    print("aiohttp" in sys.modules, await backend.models(), "ollama" in sys.modules)
    await backend.close()

asyncio.run(main())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("False [] False\n", "")
