"""OpenAI batches: a line for the values at hand and one for each case; each line read is a prompt."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import openai_batch
from playground.formats.base import Export
from playground.templating import worker
from playground.types.generation import Message
from playground.types.prompt import Check, Input, Prompt
from tests.examples import examples
from tests.sampled import ran_with

contents = st.text("{}%# '\\\n\tuser:\u05d0\u2028\U0001f469", max_size=20).filter(lambda text: text.strip())
chats = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), contents), min_size=1, max_size=3
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(chats.map(tuple), min_size=1, max_size=4))
def test_every_line_reads_back_as_its_messages(rows: list[tuple[Message, ...]]) -> None:
    prompt = Prompt(cases=tuple({"n": n} for n in range(len(rows) - 1)))
    written = openai_batch.write(Export(prompt=prompt, messages=rows[0], case_messages=tuple(rows[1:])))
    readings = openai_batch.read(written.text)
    assert [reading.prompt.name for reading in readings] == [
        "values", *(f"case-{number}" for number in range(1, len(rows)))
    ]  # fmt: skip
    for reading, row in zip(readings, rows, strict=True):
        pairs = [(turn.role, turn.template) for turn in reading.prompt.turns]
        assert worker.render(pairs, {}, 10_000) == [
            (message.role, message.content.rstrip("\n")) for message in row
        ]
        assert reading.prompt.sampling is None


def test_the_written_file_equals_the_golden_one_and_names_every_field_that_is_lost(golden: Any) -> None:
    prompt = Prompt(
        name="Weather", inputs=(Input(name="city"),), cases=({"city": "Ulm"}, {"city": "Bonn"}, {"city": "Hof"}),
        checks=(Check(scorer="json"),), output_schema={"type": "object"},
    )  # fmt: skip
    export = Export(
        prompt=prompt,
        messages=(Message("user", "In Ulm?"),),
        case_messages=((Message("user", "In Ulm?"),), (Message("user", "In Bonn?\u2028"),)),
        model="vllm:org/model",
        sampling=ran_with(top_k=4, max_tokens=8),
        answer="Rain",
    )
    written = openai_batch.write(export)
    golden("weather.jsonl", written.text)
    assert (written.name, written.media_type) == ("weather.jsonl", "application/jsonl")
    rows = [json.loads(line) for line in written.text.rstrip("\n").split("\n")]
    assert [row["custom_id"] for row in rows] == ["values", "case-1", "case-2"]
    assert {(row["method"], row["url"], row["body"]["model"]) for row in rows} == {
        ("POST", "/v1/chat/completions", "org/model")
    }
    assert [loss.split(":")[0] for loss in written.losses] == [
        "name",
        "checks",
        "answer",
        "variables",
        "cases",
        "top_k",
    ]


def test_foreign_lines_name_what_they_lose() -> None:
    line = {
        "custom_id": "a",
        "method": "POST",
        "url": "/v1/completions",
        "odd": 1,
        "body": {"messages": [], "n": 3},
    }
    (reading,) = openai_batch.read(json.dumps(line) + "\n\n")
    assert [loss.split(":")[0] for loss in reading.losses] == ["odd", "url", "n"]
    assert reading.prompt == Prompt(name="a")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("\n", "x.jsonl holds no requests"),
        ('{"body": {"messages": []}}\n{', "x.jsonl, line 2: "),
        ('{"body": {"messages": []}}\n\n[1]', "x.jsonl, line 3 holds no `body`"),
        ('{"body": {}}', "x.jsonl, line 1 holds no `messages`"),
        ('{"body": {"messages": []}}\n' * 2001, "x.jsonl holds more than 2,000 requests"),
        (" " * 2_000_001, "x.jsonl is larger than"),
    ],
)
def test_unusable_files_are_refused_with_file_and_line(text: str, place: str) -> None:
    with pytest.raises(PromptError) as caught:
        openai_batch.read(text, "x.jsonl")
    assert caught.value.message.startswith(place)
    assert caught.value.hint
