"""Templates of `llm`: dollar variables both ways, options, defaults and the schema; code is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import llm_template
from playground.formats.base import Export
from playground.formats.plain_jinja import Piece, join
from playground.templating import worker
from playground.templating.rendering import normalise
from playground.types.generation import Message
from playground.types.prompt import Input, Prompt, Sampling, Turn
from tests.examples import examples
from tests.sampled import ran_with

NAMES = ("a", "B_2", "input")
pieces = st.lists(
    st.sampled_from([Piece("value", name) for name in NAMES])
    | st.text("${}%#_x1 '\\\n\tuser:\u05d0\U0001f469", max_size=12).map(lambda text: Piece("text", text)),
    max_size=6,
)


def rendered(turns: tuple[Turn, ...]) -> list[tuple[str, str]]:
    values = dict.fromkeys(NAMES, "v$x")
    return [
        (role, text) for role, text in worker.render([(t.role, t.template) for t in turns], values, 10_000)
    ]


@settings(max_examples=examples(200), deadline=None)
@given(pieces, pieces, st.text("ab\u4f60: ", max_size=8), st.none() | st.just({"type": "object"}))
def test_a_system_and_a_user_turn_read_back_equal(
    system: list[Piece], user: list[Piece], name: str, schema: dict[str, Any] | None
) -> None:
    turns = normalise(
        turn
        for turn in (Turn(role="system", template=join(system)), Turn(role="user", template=join(user)))
        if rendered((turn,)) and rendered((turn,))[0][1].rstrip("\n")
    )
    if not turns or turns[-1].role == "system":
        return
    sampling = ran_with(temperature=0.5, stop=("END",))
    prompt = Prompt(name=name, turns=turns, sampling=sampling, output_schema=schema)
    written = llm_template.write(Export(prompt=prompt, sampling=sampling))
    assert written.losses == ()
    reading = llm_template.read(written.text)
    assert rendered(reading.prompt.turns) == rendered(turns)
    ignored = {"turns": (), "inputs": ()}
    assert reading.prompt.model_copy(update=ignored) == prompt.model_copy(update=ignored)
    assert reading.losses == ()


def test_the_written_file_equals_the_golden_one_and_names_every_field_that_is_lost(golden: Any) -> None:
    prompt = Prompt(
        name="Weather",
        description="Small talk.",
        turns=(
            Turn(role="system", template="Be {{ tone }}."),
            Turn(role="user", template="In {{ city }}ville for $5?\nSay so."),
        ),
        inputs=(Input(name="tone", default="dry"), Input(name="city", kind="long_text")),
        output_schema={"type": "object"},
    )
    written = llm_template.write(
        Export(prompt=prompt, sampling=ran_with(top_k=4, stop=("a", "b")), model="ollama:m:1")
    )
    golden("weather.llm.yaml", written.text)
    assert (written.name, written.media_type) == ("weather.yaml", "application/yaml")
    assert yaml.safe_load(written.text)["prompt"] == "In ${city}ville for $$5?\nSay so."
    assert [loss.split(":")[0] for loss in written.losses] == [
        "description",
        "top_k",
        "inputs.city.kind",
        "stop",
    ]


def test_more_turns_stand_in_the_prompt_under_headings() -> None:
    turns = (
        Turn(role="system", template="S"),
        Turn(role="user", template="U {{ x }}"),
        Turn(role="assistant", template="A"),
    )
    written = llm_template.write(Export(prompt=Prompt(turns=turns)))
    assert yaml.safe_load(written.text)["prompt"] == "User:\nU $x\n\nAssistant:\nA"
    assert written.losses == ("roles: this format holds one text; the turns stand in it under headings",)


def test_a_name_that_llm_does_not_allow_freezes_the_text() -> None:
    prompt = Prompt(turns=(Turn(role="user", template="{{ \u00e9t\u00e9 }}"),))
    written = llm_template.write(Export(prompt=prompt, messages=(Message("user", "$1"),)))
    assert yaml.safe_load(written.text)["prompt"] == "$$1"
    assert written.losses[0].startswith("template: this format does not allow the name")


def test_a_system_text_alone_takes_what_is_typed_as_the_prompt() -> None:
    reading = llm_template.read("system: Be brief.\n")
    assert reading.prompt.turns == (
        Turn(role="system", template="Be brief."),
        Turn(role="user", template="{{ input }}"),
    )
    assert [item.name for item in reading.prompt.inputs] == ["input"]
    written = llm_template.write(Export(prompt=Prompt(turns=(Turn(role="system", template="Be brief."),))))
    assert written.losses[0].startswith("prompt: there is none")


def test_a_text_alone_is_a_prompt() -> None:
    assert llm_template.read("Summarise $input for ${who}, $$3, 100%").prompt.turns == (
        Turn(role="user", template="Summarise {{ input }} for {{ who }}, $3, 100%"),
    )


def test_code_and_references_are_refused_and_every_other_key_is_named() -> None:
    reading = llm_template.read(
        "prompt: Hi {{ x }} $y\nfunctions: |\n  import os\nfragments: [https://example.org]\nattachments: [a.png]\n"
        "tools: [t]\nextract: true\nodd: 1\nmodel: gpt\noptions: {temperature: 9, json_object: 1, seed: 1}\n"
        "defaults: {y: 2, z: 3}\nschema_object: [1]\n"
    )
    assert "import os" not in repr(reading)
    assert reading.prompt.turns == (Turn(role="user", template="Hi {{ '{{' }} x }} {{ y }}"),)
    assert reading.prompt.inputs == (Input(name="y", default=2),)
    assert reading.prompt.sampling == Sampling(seed=1)
    assert {loss.split(":")[0] for loss in reading.losses} == {
        "functions", "fragments", "attachments", "tools", "extract", "odd", "model", "options.json_object", "temperature",
        "defaults.z", "schema_object",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "", "3", "[a]", "{}", "prompt: 3", "system: [a]", "prompt: ''", "prompt: 3",
        "prompt: a\nprompt: b", "prompt: &a x\nsystem: *a", "prompt: !!python/name:os.system x", "prompt:\n\ta: b",
        "prompt: a\ndefaults: {a: .inf}", "prompt: " + "x" * 2_000_001,
    ],
)  # fmt: skip
def test_unusable_files_are_refused_with_the_name_of_the_file(text: str) -> None:
    with pytest.raises(PromptError, match="x.yaml") as caught:
        llm_template.read(text, "x.yaml")
    assert caught.value.hint
