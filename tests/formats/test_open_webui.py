"""Open WebUI lists: typed fields both ways, several prompts in one file, odd definitions survive as text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import open_webui
from playground.formats.base import Export, Reading
from playground.formats.plain_jinja import Piece, join
from playground.templating import worker
from playground.templating.rendering import normalise
from playground.types.prompt import Input, Prompt, Turn
from tests.examples import examples

NAMES = ("a", "b_2", "\u00e9t\u00e9")
texts = st.text("xy :=|,[]()'#\u4f60\U0001f469\u200d", min_size=1, max_size=10).map(str.strip).filter(bool)
fields = st.one_of(
    st.builds(
        Input, name=st.just(""), kind=st.sampled_from(["text", "long_text"]), default=st.none() | texts
    ),
    st.builds(
        Input,
        name=st.just(""),
        kind=st.just("number"),
        default=st.none() | st.integers(-999, 999) | st.sampled_from([0.5, -2.25]),
    ),
    st.builds(Input, name=st.just(""), kind=st.just("boolean"), default=st.none() | st.booleans()),
    st.builds(
        Input,
        name=st.just(""),
        kind=st.just("choice"),
        choices=st.lists(texts | st.text('"\\\n:]', max_size=4), min_size=1, max_size=3).map(tuple),
        default=st.none() | texts,
    ),
)
pieces = st.lists(
    st.sampled_from([Piece("value", name) for name in NAMES])
    | st.text("}%#| '\\\n\tuser:\u05d0\U0001f469", max_size=12).map(lambda text: Piece("text", text)),
    max_size=6,
)


def read(content: str, **more: Any) -> Reading:
    (reading,) = open_webui.read(
        json.dumps([{"command": "c", "title": "C", "content": content, **more}]), "x.json"
    )
    return reading


@settings(max_examples=examples(300), deadline=None)
@given(
    pieces,
    st.dictionaries(st.sampled_from(NAMES), fields),
    st.booleans(),
    st.text("ab\u4f60 ", max_size=6),
    texts,
)
def test_a_prompt_of_one_user_turn_reads_back_equal_with_its_typed_inputs(
    parts: list[Piece], declared: dict[str, Input], required: bool, name: str, description: str
) -> None:
    turns = normalise([Turn(role="user", template=join(parts))])
    used = list(dict.fromkeys(part.text for part in parts if part.kind == "value"))
    inputs = tuple(
        declared.get(item, Input(name="")).model_copy(
            update={"name": item, "required": required, "description": description if required else ""}
        )
        for item in used
    )
    prompt = Prompt(name=name or "x", turns=turns, inputs=inputs)
    written = open_webui.write(Export(prompt=prompt))
    assert written.losses == ()
    (reading,) = open_webui.read(written.text)
    assert reading.losses == ()
    values = dict.fromkeys(NAMES, "v")
    pairs = [[(turn.role, turn.template) for turn in side] for side in (reading.prompt.turns, turns)]
    assert worker.render(pairs[0], values, 10_000) == worker.render(pairs[1], values, 10_000)
    assert reading.prompt.model_copy(update={"turns": ()}) == prompt.model_copy(update={"turns": ()})


def test_the_written_file_equals_the_golden_one_and_names_every_field_that_is_lost(golden: Any) -> None:
    prompt = Prompt(
        name="Weather report",
        description="Small talk.",
        metadata={"command": "rain", "author": "x"},
        turns=(
            Turn(
                role="user",
                template="{{ tone }} in {{ city }}, {{ city }}: {{ shots }} {{ n }} {{ o }} {{ d }}",
            ),
        ),
        inputs=(
            Input(name="tone", kind="choice", choices=("dry", 'say "warm"'), default="dry"),
            Input(name="city", description="Where", example="Ulm"),
            Input(name="shots", kind="examples", required=False),
            Input(name="n", kind="number", default=2, required=False),
            Input(name="o", kind="choice", choices=("{",), default='"', required=False),
            Input(name="d", required=False),
            Input(name="e"),
        ),
    )
    written = open_webui.write(Export(prompt=prompt))
    golden("weather.open-webui.json", written.text)
    (row,) = json.loads(written.text)
    assert row["command"] == "rain"
    assert row["content"] == (
        '{{tone | select:options=["dry","say \\"warm\\""]:default="dry":required}} in '
        '{{city | text:placeholder="Where":required}}, {{city}}: {{shots | textarea}} {{n | number:default=2}} '
        "{{o | select}} {{d}}"
    )
    assert [loss.split(":")[0] for loss in written.losses] == [
        "description", "metadata.author", "inputs.e", "inputs.city.example", "inputs.shots.kind", "inputs.o.choices",
        "inputs.o.default",
    ]  # fmt: skip


def test_double_braces_that_are_text_are_named_because_there_is_no_way_to_write_them() -> None:
    for template in ("{{ '{{' }} x }}", "{% raw %}{{% endraw %}{{ a }}"):
        written = open_webui.write(Export(prompt=Prompt(turns=(Turn(role="user", template=template),))))
        assert "template: double braces in the text will be taken for a variable there" in written.losses


def test_several_prompts_in_one_file_are_all_read() -> None:
    rows = [
        {"command": "/one", "title": "One", "content": "Hi"},
        {"command": "two", "name": "Two", "content": "Ho", "access_control": {"read": 1}, "user_id": ""},
    ]
    first, second = open_webui.read(json.dumps(rows))
    assert (first.prompt.name, first.losses) == ("One", ())
    assert (second.prompt.name, second.losses) == ("Two", ("access_control: there is no such field here",))


def test_fields_that_are_not_known_here_become_text_and_say_so() -> None:
    reading = read(
        "{{when | date:required}} {{r | range:min=1:max=5:default=3}} {{first-name}} {{CLIPBOARD}} {{s | select}} "
        '{{t | type="textarea":placeholder="a:b=c"}} {{when}} {{ not a name }} {{a | text:options=3}} {{if}}'
    )
    assert [(item.name, item.kind, item.required, item.default) for item in reading.prompt.inputs] == [
        ("when", "text", True, None), ("r", "number", False, 3), ("first_name", "text", False, None),
        ("CLIPBOARD", "text", False, None), ("s", "text", False, None), ("t", "long_text", False, None),
        ("a", "text", False, None), ("value_if", "text", False, None),
    ]  # fmt: skip
    assert reading.prompt.inputs[5].description == "a:b=c"
    assert "{{ '{{' }} not a name }}" in reading.prompt.turns[0].template
    assert {loss.split(":")[0] for loss in reading.losses} == {
        "inputs.when.kind", "inputs.r.kind", "inputs.r.min", "inputs.r.max", "variable 'first-name'", "CLIPBOARD",
        "inputs.a.options", "variable 'if'",
    }  # fmt: skip


def test_a_definition_after_the_first_place_still_counts() -> None:
    reading = read("{{x}} {{x | textarea:required}} {{x | number}}")
    assert reading.prompt.inputs == (Input(name="x", kind="long_text"),)


def test_two_foreign_names_never_share_one_variable() -> None:
    reading = read("{{a-b}} {{a_b}} {{a.b}}")
    assert [item.name for item in reading.prompt.inputs] == ["a_b", "a_b_2", "a_b_3"]


def test_braces_without_end_are_read_in_linear_time() -> None:
    for content in ("{{a|" * 200_000, "{{" * 400_000, "{{a" + " " * 800_000):
        assert read(content).prompt.inputs == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "[]",
        "[3]",
        "{}",
        '[{"content": 3}]',
        '[{"content": "\\ud800"}]',
        "[" * 5000,
        "[" + "{}," * 2001 + "{}]",
    ],
)
def test_unusable_files_are_refused_with_the_name_of_the_file(text: str) -> None:
    with pytest.raises(PromptError, match="x.json") as caught:
        open_webui.read(text, "x.json")
    assert caught.value.hint
