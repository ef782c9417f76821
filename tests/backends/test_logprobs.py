"""One contract for all backends: the tokens of an answer, joined, are its text."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
import pytest_asyncio
from hypothesis import strategies as st

from playground.backends.base import complete
from playground.backends.llamacpp import LlamaCppBackend
from playground.backends.tokens import UNFIT, aligned, spell
from playground.settings import Settings
from playground.types.generation import Completion, GenerationRequest, Mode, TokenLogprob
from playground.types.prompt import Sampling
from tests.backends.conftest import CHAT, WIRE, answer, ask, exchange, ndjson, sse
from tests.backends.test_contract import ROUTES, cuts
from tests.tried_engine import Tried

EMBEDDED = "llama.cpp:SmolLM2-135M-Instruct"


def joined(done: Completion) -> str:
    return "".join(token.token for token in done.logprobs)


# --- recorded servers -----------------------------------------------------------------------------------


def recorded() -> Iterator[Any]:
    """Every recorded answer with log-probabilities, with every row that speaks its protocol."""
    for path in sorted(WIRE.glob("*/*.json")):
        known = json.loads(path.read_text("utf-8"))
        asked = known.get("request", {}).get("json") or known.get("request", {}).get("body") or {}
        fits = isinstance(asked, dict) and asked.get("logprobs") and known["response"]["status"] == 200
        # An echoed prompt is part of the text, and its first token has no probability.
        if not fits or asked.get("echo") or path.parent.name == "llamafactory":
            continue
        for row in ROUTES.get(known["request"]["path"], ()):
            own = {"ollama": "openai"}.get(path.parent.name, path.parent.name)
            if row in (path.parent.name, own) or ("sse" in known["response"] and row != "llamafactory"):
                yield pytest.param(row, f"{path.parent.name}/{path.stem}", id=f"{row}-{path.stem}")


@pytest.mark.parametrize(("row", "name"), list(recorded()))
async def test_the_tokens_of_recorded_answers_are_their_text(open_backend: Any, row: str, name: str) -> None:
    path = exchange(name)["request"]["path"]
    raw = "text" if path in ("/api/generate", "/v1/completions") else None
    for cut in cuts(name):
        backend, _ = open_backend(row, {path: answer(name, cut)})
        done = await complete(backend, ask(row, raw_prompt=raw, top_logprobs=2))
        assert done.text and joined(done) == done.text
        assert UNFIT not in done.ignored


def test_some_answers_were_recorded_with_log_probabilities() -> None:
    assert len(list(recorded())) >= 10


# --- scripted servers -----------------------------------------------------------------------------------


def scored(token: str, data: bytes | None = None) -> dict[str, Any]:
    """A token as servers tell it; `data` its bytes where they are told."""
    return {"token": token, "logprob": -0.5, "bytes": None if data is None else list(data)}


WAVE = "👋".encode()
PARTS = {
    # OpenAI: escaped text, true bytes.
    "bytes": [scored("\\xf0\\x9f", WAVE[:2]), scored("\\x91\\x8b", WAVE[2:])],
    # llama-server: replacement characters, true bytes.
    "replaced": [scored("\ufffd", WAVE[:3]), scored("\ufffd", WAVE[3:])],
    # vLLM: empty until the character is whole.
    "empty": [scored("", b""), scored("👋", WAVE)],
    # Servers that tell no bytes.
    "no bytes": [scored("\ufffd"), scored("\ufffd")],
    "half pairs": [scored("\ud83d"), scored("\udc4b")],
}


@pytest.mark.parametrize("shape", PARTS)
@pytest.mark.parametrize("row", ["openai", "vllm", "llama-server", "ollama"])
async def test_a_character_of_several_tokens_is_in_the_last_of_them(
    open_backend: Any, row: str, shape: str
) -> None:
    tokens = [scored("Hi "), *PARTS[shape], scored("!"), scored("<|im_end|>")]
    texts = ["Hi ", "", "👋", "!", ""]
    if row == "ollama":
        lines = [
            {"message": {"content": text}, "done": False, "logprobs": [token]}
            for text, token in zip(texts, tokens, strict=True)
        ]
        reaction = ndjson(*lines, {"message": {"content": ""}, "done": True, "done_reason": "stop"})
    else:
        events = [
            {"index": 0, "delta": {"content": text}, "logprobs": {"content": [token]}}
            for text, token in zip(texts, tokens, strict=True)
        ]
        events.append({"index": 0, "delta": {}, "finish_reason": "stop"})
        lines = [b"data: " + json.dumps({"choices": [event]}).encode() + b"\n\n" for event in events]
        reaction = sse(*lines, b"data: [DONE]\n\n")
    backend, _ = open_backend(row, {CHAT[row]: reaction})
    done = await complete(backend, ask(row, top_logprobs=0))
    assert done.text == "Hi 👋!"
    assert [token.token for token in done.logprobs] == ["Hi ", "", "👋", "!"]
    if shape in ("bytes", "replaced"):
        assert "".join(token.raw for token in done.logprobs) == WAVE.hex()


async def test_thoughts_tags_and_a_stop_string_have_no_tokens_in_the_answer(open_backend: Any) -> None:
    words = ["<think>", "so", "</think>", "\n\nY", "es", " EN", "D", "<|im_end|>"]
    whole = {
        "choices": [
            {
                "index": 0,
                "message": {"content": "<think>so</think>\n\nYes "},
                "logprobs": {"content": [scored(word) for word in words]},
                "finish_reason": "stop",
            }
        ]
    }
    backend, _ = open_backend("openai", {CHAT["openai"]: httpx.Response(200, json=whole)})
    done = await complete(backend, ask("openai", top_logprobs=0))
    assert (done.text, done.reasoning) == ("Yes ", "so")
    assert [token.token for token in done.logprobs] == ["Y", "es", " "]


async def test_a_server_that_splits_thoughts_counts_their_tokens_too(open_backend: Any) -> None:
    words = ["<think>", "4", "</think>", "4", "<|im_end|>"]
    whole = {
        "choices": [
            {
                "index": 0,
                "message": {"reasoning": "4", "content": "4"},
                "logprobs": {"content": [{**scored(w), "logprob": -float(n)} for n, w in enumerate(words)]},
                "finish_reason": "stop",
            }
        ]
    }
    backend, _ = open_backend("vllm", {CHAT["vllm"]: httpx.Response(200, json=whole)})
    done = await complete(backend, ask("vllm", top_logprobs=0))
    assert [(token.token, token.logprob) for token in done.logprobs] == [("4", -3.0)]


# --- llama.cpp ------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def llama(tmp_path: Path, tried_engine: Tried) -> AsyncIterator[LlamaCppBackend]:
    made = LlamaCppBackend(Settings(data_dir=tried_engine(tmp_path), context_tokens=1024))
    yield made
    await made.close()


async def test_tokens_of_llama_cpp_are_the_text_of_its_answers(llama: LlamaCppBackend) -> None:
    async def said(
        raw: str, *, mode: Mode = "exact", schema: str | None = None, **sampling: Any
    ) -> Completion:
        options = Sampling(**{"max_tokens": 24, **sampling})
        request = GenerationRequest(EMBEDDED, (), options, mode, schema, top_logprobs=3, raw_prompt=raw)
        done = await complete(llama, request)
        assert joined(done) == done.text, raw
        assert UNFIT not in done.ignored
        return done

    chat = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
    for mode in ("exact", "throughput"):
        # An answer that ends by itself, several characters of several tokens each, and one cut in a character.
        ended = await said(chat.format("What is the capital of France?"), mode=mode, max_tokens=60)
        assert ended.finish == "stop"
        assert len(ended.logprobs) == ended.completion_tokens, "the end is no token of the answer"
        copy = "日本語 👋🌍 日本語 👋🌍 日本語 👋🌍 日本語"
        copied = await said(copy, mode=mode)
        assert "👋" in copied.text and "日" in copied.text
        wave = next(n for n, token in enumerate(copied.logprobs) if token.token == "👋")
        assert copied.logprobs[wave - 1].token == "" and copied.logprobs[wave - 1].raw
        for limit in range(1, 9):
            await said(copy, mode=mode, max_tokens=limit)
        stopped = await said(copied.rendered_prompt or "", mode=mode, stop=("👋",))
        assert stopped.finish == "stop" and "👋" not in stopped.text
        inside = await said(
            "One two three four, one two three four, one two three", mode=mode, stop=("ne t",)
        )
        assert inside.text.endswith(" o") and inside.finish == "stop"
    thought = await said(chat.format("Say hi.") + "<think>\n", stop=())
    assert (thought.text, thought.logprobs) == ("", ()) and thought.reasoning
    shaped = await said(
        chat.format("Describe fire."),
        schema='{"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}',
    )
    assert json.loads(shaped.text)
    tokens, *_ = await llama.score_text(EMBEDDED, "Hello", [" 日本 👋!"])
    assert "".join(token.token for token in tokens) == " 日本 👋!"


# --- any text, any tokens -------------------------------------------------------------------------------


@hypothesis.given(
    st.text(alphabet="ab é日👋\n"), st.text(alphabet="ab 👋"), st.text(alphabet="Eb👋"), st.data()
)
def test_any_cutting_into_tokens_gives_the_answer(
    before: str, text: str, after: str, data: st.DataObject
) -> None:
    raw = (before + "</think>" + text + after).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    tokens = [TokenLogprob(piece.decode("utf-8", "replace"), -1.0, (), piece.hex()) for piece in pieces]
    kept = aligned(tokens, text, before)
    assert kept is not None
    assert "".join(token.token for token in kept) == text


def test_tokens_of_another_text_are_not_taken_for_the_answer() -> None:
    tokens = [TokenLogprob("Bye", -1.0), TokenLogprob(" now", -1.0)]
    assert aligned(tokens, "Hello") is None
    assert aligned(tokens, "") == ()
    assert aligned([], "Hello") == ()


def test_bytes_that_are_no_text_show_the_replacement_character() -> None:
    tokens = [TokenLogprob("", -1.0, (), "ff"), TokenLogprob("a", -1.0), TokenLogprob("", -1.0, (), "e6")]
    assert [token.token for token in spell(tokens)] == ["\ufffd", "a", ""]
