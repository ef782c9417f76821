"""What comes in a stream, shown as what it is: thoughts, halves of characters, refusals, tool calls, parts."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from playground.backends.answers import HALF
from playground.backends.base import complete
from playground.errors import NoAnswer
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling
from tests.backends.conftest import CHAT, END, LLAMA_SERVER_HOUSE, ask, event, ndjson, outcome, sse
from tests.backends.test_contract import cuts

ROWS = ["openai", "vllm", "llama-server", "llamafactory"]
PATH = CHAT["openai"]
THINKS = (
    b'data: {"choices":[{"index":0,"delta":{"content":"Let me see"},"finish_reason":null}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"content":"</think>\\n\\nHello"},"finish_reason":null}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


def deltas(*parts: dict[str, Any], word: str | None = "stop") -> list[bytes]:
    """Events with these changes of the message, then the end."""
    events = [{"index": 0, "delta": part, "finish_reason": None} for part in parts]
    events += [{"index": 0, "delta": {}, "finish_reason": word}] if word else []
    lines = [b"data: " + json.dumps({"choices": [each]}).encode() + b"\n\n" for each in events]
    return [*lines, b"data: [DONE]\n\n"]


def message(part: dict[str, Any], word: str = "stop") -> httpx.Response:
    """The same as one whole JSON answer."""
    return httpx.Response(200, json={"choices": [{"index": 0, "message": part, "finish_reason": word}]})


# --- thoughts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS)
async def test_a_closing_tag_alone_makes_thoughts_of_what_came_before(open_backend: Any, row: str) -> None:
    for cut in cuts(row):
        backend, _ = open_backend(row, {PATH: sse(*cut(THINKS))})
        done = await complete(backend, ask(row))
        assert (done.text, done.reasoning, done.finish) == ("Hello", "Let me see", "stop")


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_tags_are_read_across_the_pieces_of_a_stream(open_backend: Any, row: str, size: int) -> None:
    whole = "<think>Let me see</think>\n\nHello </think>"
    pieces = [event(whole[at : at + size]) for at in range(0, len(whole), size)]
    backend, _ = open_backend(row, {PATH: sse(*pieces, END)})
    done = await complete(backend, ask(row))
    assert (done.text, done.reasoning) == ("Hello </think>", "Let me see")


async def test_a_broken_answer_keeps_what_was_held_back(open_backend: Any) -> None:
    fault = b'data: {"error":{"message":"boom"}}\n\n'
    for piece, text, reasoning in (
        ("x </thi", "x </thi", ""),
        ("<thi", "<thi", ""),
        ("<think>a</", "", "a</"),
    ):
        backend, _ = open_backend("openai", {PATH: sse(event(piece), fault)})
        got = await outcome(backend, ask("openai"))
        assert "boom" in got.error.message
        assert (got.completion.text, got.completion.reasoning) == (text, reasoning)


async def test_ollama_without_a_parser_is_split_too(open_backend: Any) -> None:
    for texts in (["<thi", "nk>why</think>", "\n4"], ["why</th", "ink>\n\n4"]):
        lines = [{"message": {"content": text}, "done": False} for text in texts]
        end = {"message": {"content": ""}, "done": True, "done_reason": "stop"}
        backend, _ = open_backend("ollama", {CHAT["ollama"]: ndjson(*lines, end)})
        done = await complete(backend, ask("ollama"))
        assert (done.text, done.reasoning) == ("4", "why")


async def test_a_template_seen_after_the_answer_only_makes_an_unclosed_answer_thought(
    open_backend: Any,
) -> None:
    opened = httpx.Response(200, json={"prompt": "<|im_start|>assistant\n<think>\n"})
    routes = LLAMA_SERVER_HOUSE | {"/apply-template": opened, PATH: sse(event("never closed"), END)}
    backend, _ = open_backend("llama-server", routes)
    done = await complete(backend, ask("llama-server"))
    assert (done.text, done.reasoning) == ("", "never closed")
    shaped = routes | {PATH: sse(event('{"a":1}'), END)}
    backend, _ = open_backend("llama-server", shaped)
    done = await complete(backend, ask("llama-server", json_schema='{"type":"object"}'))
    assert (done.text, done.reasoning) == ('{"a":1}', "")


async def test_a_parser_on_the_server_is_not_parsed_again(open_backend: Any) -> None:
    first = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"prompt_text":"u\\n<think>\\n"}\n\n'
    stream = deltas({"reasoning": "why"}, {"content": "\n\nThe <think> tag"}, {"content": " and </think>."})
    backend, _ = open_backend("vllm", {PATH: sse(first, *stream)})
    done = await complete(backend, ask("vllm", thinking=True))
    assert (done.text, done.reasoning) == ("The <think> tag and </think>.", "why")


async def test_few_shot_turns_with_thoughts_are_sent_as_they_are(open_backend: Any) -> None:
    turns = (Message("user", "2+2"), Message("assistant", "<think>two</think>\n4"), Message("user", "4+4"))
    backend, server = open_backend("openai", {PATH: sse(event("<think>four</think>\n8"), END)})
    done = await complete(backend, GenerationRequest("openai:smollm2-135m", turns, Sampling()))
    assert server.sent(PATH)["messages"][1]["content"] == "<think>two</think>\n4"
    assert (done.text, done.reasoning) == ("8", "four")


# --- characters and parts -------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["content", "reasoning"])
@pytest.mark.parametrize("row", ROWS)
async def test_halves_of_a_character_in_two_pieces_are_one(open_backend: Any, row: str, field: str) -> None:
    stream = deltas(
        {field: "Hi \ud83d"}, {field: "\udc4b \ud83d"}, {field: ""}, {field: "\udc4b!"}, {"content": ""}
    )
    assert rb"\ud83d" in stream[0]
    backend, _ = open_backend(row, {PATH: sse(*stream)})
    done = await complete(backend, ask(row))
    assert (done.text or done.reasoning) == "Hi 👋 👋!"
    assert HALF not in done.ignored


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["Hi\ud83d"], "Hi"),
        (["Hi\ud83d", "!"], "Hi!"),
        (["Hi", "\udc4b!"], "Hi!"),
        (["\udc4b\ud83d"], ""),
        (["👋\ud83d", "\ud83d\udc4b"], "👋👋"),
    ],
)
async def test_a_half_without_its_other_half_is_left_out_and_said(
    open_backend: Any, pieces: list[str], text: str
) -> None:
    backend, _ = open_backend("openai", {PATH: sse(*deltas(*({"content": piece} for piece in pieces)))})
    done = await complete(backend, ask("openai"))
    assert done.text == text
    assert HALF in done.ignored
    lines = [{"message": {"content": piece}, "done": False} for piece in pieces]
    end = {"message": {"content": ""}, "done": True, "done_reason": "stop"}
    backend, _ = open_backend("ollama", {CHAT["ollama"]: ndjson(*lines, end)})
    done = await complete(backend, ask("ollama"))
    assert (done.text, HALF in done.ignored) == (text, True)


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ([{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}], "Hello", ""),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Hello"}], "Hello", "hm"),
        ([{"type": "reasoning", "text": "hm"}, {"text": "Hello"}], "Hello", "hm"),
        (["Hel", "lo", {"type": "image_url", "image_url": {"url": "x"}}, None, 3], "Hello", ""),
        ({"type": "text", "text": "Hello"}, "Hello", ""),
        (None, "", ""),
        ([], "", ""),
    ],
)  # fmt: skip
async def test_content_in_parts_is_read_as_what_the_parts_are(
    open_backend: Any, content: Any, text: str, reasoning: str
) -> None:
    for reaction in (sse(*deltas({"content": content})), message({"content": content})):
        backend, _ = open_backend("openai", {PATH: reaction})
        done = await complete(backend, ask("openai"))
        assert (done.text, done.reasoning, done.finish) == (text, reasoning, "stop")


async def test_text_after_done_is_not_part_of_the_answer(open_backend: Any) -> None:
    late = (
        event(" and more"),
        b'data: {"error":{"message":"boom"}}\n\n',
        b"what is this\n",
        b"data: [DONE]\n\n",
    )
    for cut in cuts("late"):
        whole = b"".join((event("Hello"), END, *late))
        backend, _ = open_backend("openai", {PATH: sse(*cut(whole))})
        assert (await complete(backend, ask("openai"))).text == "Hello"


# --- refusals and tool calls ----------------------------------------------------------------------------

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
REFUSED, CALLED = "The model refused to answer.", "The model called a tool instead of answering."


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(
    ("parts", "word", "message", "hint"),
    [
        ([{"refusal": "I cannot "}, {"refusal": "help."}], "stop", REFUSED, '"I cannot help."'),
        ([{"content": None, "refusal": "No."}], "stop", REFUSED, '"No."'),
        ([{"content": [{"type": "refusal", "refusal": "No."}]}], "stop", REFUSED, '"No."'),
        ([{"refusal": "No \ud83d"}, {"refusal": "\udc4b"}], "stop", REFUSED, '"No 👋"'),
        ([{}], "refusal", REFUSED, "no reason"),
        ([{"tool_calls": [{"index": 0, **CALL}]}], "tool_calls", CALLED, 'weather({"city": "Rome"})'),
        ([{"tool_calls": [CALL]}], "stop", CALLED, 'weather({"city": "Rome"})'),
        (
            [
                {"tool_calls": [{"index": 0, "function": {"name": "weather", "arguments": ""}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": '{"ci'}}]},
                {"tool_calls": [{"index": 0, "function": {"name": "weather", "arguments": 'ty": 1}'}}]},
                {"tool_calls": [{"index": 1, "function": {"name": "time", "arguments": "{}"}}]},
            ],
            "tool_calls",
            CALLED,
            'weather({"city": 1}), time({})',
        ),
        (
            [{"function_call": {"name": "weather", "arguments": "{"}}, {"function_call": {"arguments": "}"}}],
            "function_call",
            CALLED,
            "weather({})",
        ),
        ([{"content": "One moment."}, {"tool_calls": [CALL]}], "tool_calls", CALLED, "weather("),
        ([{}], "tool_calls", CALLED, "No tool is run here"),
        ([{}], "function_call", CALLED, "No tool is run here"),
    ],
)  # fmt: skip
async def test_what_is_no_answer_is_said_in_its_own_words(
    open_backend: Any, row: str, parts: list[dict[str, Any]], word: str, message: str, hint: str
) -> None:
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
    backend, _ = open_backend(row, {PATH: sse(*deltas(*parts, word=word)[:-1], usage, b"data: [DONE]\n\n")})
    got = await outcome(backend, ask(row))
    assert isinstance(got.error, NoAnswer)
    assert (got.error.message, got.error.finish) == (
        message,
        "refusal" if message == REFUSED else "tool_calls",
    )
    assert hint in got.error.hint
    assert got.completion.text == "".join(
        part.get("content") or "" for part in parts if isinstance(part.get("content"), str)
    )
    assert (got.completion.prompt_tokens, got.completion.completion_tokens) == (3, 2)


@pytest.mark.parametrize(
    "part", [{"content": None, "refusal": "No."}, {"content": None, "tool_calls": [CALL]}]
)
async def test_a_whole_json_answer_that_is_none_is_said_too(open_backend: Any, part: dict[str, Any]) -> None:
    backend, _ = open_backend("openai", {PATH: message(part)})
    assert isinstance((await outcome(backend, ask("openai"))).error, NoAnswer)


@pytest.mark.parametrize("part", [{"content": "Hi", "refusal": None, "tool_calls": None, "function_call": None}, {"content": "Hi", "refusal": "", "tool_calls": []}])  # fmt: skip
async def test_empty_fields_for_refusals_and_calls_are_no_fault(
    open_backend: Any, part: dict[str, Any]
) -> None:
    for reaction in (message(part), sse(*deltas(part))):
        backend, _ = open_backend("openai", {PATH: reaction})
        assert (await complete(backend, ask("openai"))).text == "Hi"


async def test_a_tool_call_of_ollama_is_said(open_backend: Any) -> None:
    call = {"function": {"name": "weather", "arguments": {"city": "Zürich"}}}
    lines = (
        {"message": {"content": "", "tool_calls": [call]}, "done": False},
        {"message": {"content": "", "tool_calls": [call]}, "done": False},
        {"message": {"content": ""}, "done": True, "done_reason": "stop", "eval_count": 4},
    )
    backend, _ = open_backend("ollama", {CHAT["ollama"]: ndjson(*lines)})
    got = await outcome(backend, ask("ollama"))
    assert isinstance(got.error, NoAnswer) and got.error.finish == "tool_calls"
    assert 'weather({"city": "Zürich"}), weather({"city": "Zürich"})' in got.error.hint
    assert got.completion.completion_tokens == 4


async def test_a_content_filter_is_named(open_backend: Any) -> None:
    backend, _ = open_backend("openai", {PATH: sse(*deltas({"content": "Hel"}, word="content_filter"))})
    got = await outcome(backend, ask("openai"))
    assert "content_filter" in got.error.message and "withheld the rest" in got.error.hint
    assert got.completion.text == "Hel"
