"""The scripted backend keeps the contract of a backend: the other tests stand on it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.backends import make_backend
from playground.backends.base import CountsTokens, RendersChat, complete
from playground.backends.scripted import ScriptedBackend
from playground.errors import BackendError, ContextOverflow, SettingsError
from playground.settings import Settings
from playground.types.generation import Chunk, GenerationRequest, Message
from playground.types.prompt import Sampling


def request(model: str, text: str = "hello there", **sampling: object) -> GenerationRequest:
    return GenerationRequest(f"scripted:{model}", (Message("user", text),), Sampling(**sampling))


async def test_every_script_is_a_model():
    models = await ScriptedBackend({"a": "x", "b": "y"}, context_tokens=77).models()
    assert [(m.id, m.backend, m.name, m.context_tokens) for m in models] == [
        ("scripted:a", "scripted", "a", 77),
        ("scripted:b", "scripted", "b", 77),
    ]


async def test_a_text_is_sent_word_by_word_and_the_last_chunk_says_how_it_ended():
    chunks = [chunk async for chunk in ScriptedBackend({"a": " one  two\n"}).stream(request("a"))]
    assert [chunk.text for chunk in chunks] == [" one", "  two", "\n", ""]
    assert [chunk.finish for chunk in chunks] == [None, None, None, "stop"]
    assert (chunks[-1].completion_tokens, chunks[-1].context_tokens) == (3, 4096)


@given(st.text())
def test_an_echo_loses_no_character(text: str):
    backend = ScriptedBackend()
    done = asyncio.run(complete(backend, request("echo", text, max_tokens=1_000_000)))
    assert done.text == text


async def test_an_answer_is_cut_at_max_tokens():
    done = await complete(ScriptedBackend({"a": "one two three"}), request("a", max_tokens=2))
    assert (done.text, done.finish, done.completion_tokens) == ("one two", "length", 2)


async def test_pauses_are_waited_for_and_exceptions_raised_in_their_turn():
    backend = ScriptedBackend({"a": ["one ", 0, 0.001, BackendError("It broke.", "Wait."), "never"]})
    got: list[Chunk] = []
    with pytest.raises(BackendError, match="It broke"):
        async for chunk in backend.stream(request("a")):
            got.append(chunk)
    assert [chunk.text for chunk in got] == ["one "]
    assert backend.running == 0


async def test_closing_the_stream_stops_the_work():
    backend = ScriptedBackend({"a": ["one", 3600, "two"]})
    async with aclosing(backend.stream(request("a"))) as stream:
        assert (await anext(stream)).text == "one"
        assert backend.running == 1
    assert backend.running == 0


async def test_a_prompt_beyond_the_context_is_refused_before_anything_is_written():
    backend = ScriptedBackend({"a": "x"}, context_tokens=5)
    with pytest.raises(ContextOverflow) as caught:
        await complete(backend, request("a", "one two three four five six"))
    assert (caught.value.prompt_tokens, caught.value.context_tokens) == (7, 5)
    assert backend.requests == []


async def test_an_unknown_model_is_a_worded_error():
    with pytest.raises(BackendError, match='no model "nothing"'):
        await complete(ScriptedBackend(), request("nothing"))


async def test_requests_are_kept_as_they_came():
    backend = ScriptedBackend()
    asked = request("echo", seed=5)
    await complete(backend, asked)
    assert backend.requests == [asked]


async def test_the_rendered_prompt_is_the_text_it_counted():
    backend = ScriptedBackend()
    asked = request("echo")
    done = await complete(backend, asked)
    seen = await backend.render_chat(asked.model, asked.messages)
    assert (done.rendered_prompt, done.prompt_tokens) == (seen.text, len(seen.tokens))
    assert seen.text == "<user>hello there\n<assistant>"


async def test_tokens_are_words():
    assert await ScriptedBackend().count_tokens("scripted:echo", ["", "one two", " x "]) == [0, 2, 1]


async def test_it_has_every_ability_and_is_well():
    backend = ScriptedBackend()
    assert isinstance(backend, RendersChat)
    assert isinstance(backend, CountsTokens)
    assert (await backend.health()).ok


async def test_it_is_made_by_its_row(tmp_path):
    settings = Settings(data_dir=tmp_path)
    made = make_backend("scripted", settings)
    assert [model.id for model in await made.models()] == ["scripted:echo"]
    with pytest.raises(SettingsError, match='no backend "nothing"'):
        make_backend("nothing", settings)
