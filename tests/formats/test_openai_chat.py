"""OpenAI chat JSON: messages come back literally, limits of the API are kept, what is lost is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import openai_chat
from playground.formats.base import Export
from playground.templating import worker
from playground.types.generation import Message
from playground.types.prompt import Check, Input, Prompt, Sampling, Turn
from playground.types.scores import Score
from tests.examples import examples
from tests.sampled import ran_with


def test_the_body_holds_model_messages_sampling_and_receipt(golden: Any) -> None:
    export = Export(
        prompt=Prompt(name="Greeting", output_schema={"type": "object"}),
        messages=(Message("system", "Be brief."), Message("user", "Hi \U0001f469\u200d\U0001f4bb")),
        model="vllm:org/model",
        sampling=ran_with(max_tokens=20, stop=("\n",)),
        version_hash="3f2a",
        scores=(Score("contains", 0.5, "x", "half of it"),),
    )
    written = openai_chat.write(export)
    golden("greeting.json", written.text)
    assert (written.name, written.media_type, written.losses) == ("greeting.json", "application/json", ())


def test_values_outside_the_api_are_reported_one_by_one() -> None:
    export = Export(
        prompt=Prompt(inputs=(Input(name="a"),), checks=(Check(scorer="json"),)),
        messages=(Message("user", "x"),),
        answer="y",
        sampling=ran_with(
            temperature=3, top_k=5, min_p=0.1, repetition_penalty=1.1, seed=None, stop=tuple("abcde")
        ),
        version_hash="v" * 600,
        scores=tuple(Score(f"s{n}", 1.0, "", "") for n in range(20)),
    )
    written = openai_chat.write(export)
    body = json.loads(written.text)
    assert (body["temperature"], body["stop"], "seed" in body) == (2, ["a", "b", "c", "d"], False)
    assert len(body["metadata"]) == 16 and max(map(len, body["metadata"].values())) == 512
    assert [loss.split(":")[0] for loss in written.losses] == [
        "model",
        "top_k",
        "min_p",
        "repetition_penalty",
        "temperature",
        "stop",
        "scores",
        "metadata",
        "variables",
        "checks",
        "answer",
    ]


contents = st.text("{}%# '\\\n\tuser:\u05d0\U0001f469", max_size=30).filter(lambda text: text.strip())


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), contents), min_size=1, max_size=4)
)
def test_messages_read_back_as_turns_that_render_to_the_same_messages(pairs: list[tuple[Any, str]]) -> None:
    messages = tuple(Message(role, text) for role, text in pairs)
    reading = openai_chat.read(openai_chat.write(Export(prompt=Prompt(name="x"), messages=messages)).text)
    rendered = worker.render([(turn.role, turn.template) for turn in reading.prompt.turns], {}, 10_000)
    assert [(role, text) for role, text in rendered] == [(role, text.rstrip("\n")) for role, text in pairs]
    assert reading.prompt.sampling is None
    assert len(reading.losses) == sum(text.endswith("\n") for _, text in pairs)


def test_a_foreign_body_is_read_and_its_other_keys_are_losses() -> None:
    body = {
        "model": "gpt",
        "messages": [
            {"role": "developer", "content": "Rules"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "Look"}, {"type": "image_url"}],
                "name": "bob",
            },
            {"role": "tool", "content": "42"},
            {"role": "assistant", "content": None},
        ],
        "temperature": 7,
        "max_completion_tokens": 9,
        "stop": "END",
        "tools": [],
        "n": 2,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "a", "schema": {"type": "object"}},
        },
    }
    reading = openai_chat.read("\ufeff" + json.dumps(body), "x.json")
    assert reading.prompt.turns == (
        Turn(role="system", template="Rules"),
        Turn(role="user", template="Look"),
        Turn(role="user", template="42"),
        Turn(role="assistant", template=""),
    )
    assert reading.prompt.sampling == Sampling(max_tokens=9, stop=("END",), seed=None)
    assert reading.prompt.output_schema == {"type": "object"}
    assert [loss.split(":")[0] for loss in reading.losses] == [
        "tools",
        "model",
        "n",
        "message 1",
        "message 2.name",
        "message 2",
        "message 3",
        "temperature",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "3",
        "{}",
        '{"messages": 1}',
        '{"messages": [], "messages": []}',
        '{"messages": [], "seed": NaN}',
        "[" * 100_000,
        '{"messages": [' + " " * 2_000_000 + "]}",
    ],
)
def test_unusable_json_is_refused_with_the_name_of_the_file(text: str) -> None:
    with pytest.raises(PromptError, match="x.json") as caught:
        openai_chat.read(text, "x.json")
    assert caught.value.hint


def test_a_list_of_messages_alone_is_a_chat() -> None:
    assert openai_chat.read('[{"role": "user", "content": "Hi"}]').prompt.turns == (
        Turn(role="user", template="Hi"),
    )
