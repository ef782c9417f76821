"""Jinja2 files: the templates themselves, both ways; nothing is rendered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import jinja
from playground.formats.base import Export
from playground.templating.rendering import normalise
from playground.types.prompt import Input, Prompt, Turn
from tests.examples import examples
from tests.sampled import ran_with

PARTS = [
    "{{ x }}",
    "{% if x %}",
    "{% endif %}",
    "{% raw %}",
    "{% endraw %}",
    "{#",
    "#}",
    "\nuser:\n",
    "{{",
    "a",
    "\n",
]
templates = st.lists(st.sampled_from(PARTS) | st.text(max_size=4), max_size=6).map("".join)
turns = st.lists(st.builds(Turn, role=st.sampled_from(["system", "user", "assistant"]), template=templates), min_size=1, max_size=3)  # fmt: skip


@settings(max_examples=examples(200), deadline=None)
@given(turns.map(tuple))
def test_turns_that_are_written_without_loss_read_back_equal(given_turns: tuple[Turn, ...]) -> None:
    written = jinja.write(Export(prompt=Prompt(turns=given_turns)))
    if not written.losses and normalise(given_turns):
        assert jinja.read(written.text).prompt.turns == normalise(given_turns)


def test_the_written_file_equals_the_golden_one_and_names_every_field_that_is_lost(golden: Any) -> None:
    prompt = Prompt(
        name="Weather",
        turns=(
            Turn(role="system", template="Be {{ tone }}."),
            Turn(role="user", template="{% for city in cities %}\nuser:\n{{ city }}\n{% endfor %}"),
        ),
        inputs=(Input(name="tone", default="dry"), Input(name="other")),
    )
    written = jinja.write(Export(prompt=prompt, sampling=ran_with(seed=None)))
    golden("weather.j2", written.text)
    assert (written.name, written.media_type) == ("weather.j2", "text/plain")
    assert [loss.split(":")[0] for loss in written.losses] == [
        "name",
        "temperature",
        "max_tokens",
        "inputs.other",
        "inputs.tone.default",
    ]
    reading = jinja.read(written.text)
    assert reading.prompt.inputs == (Input(name="tone"), Input(name="cities"))
    assert reading.losses == ()


def test_a_template_without_role_lines_is_one_user_turn() -> None:
    assert jinja.read("\ufeffHi {{ x }},\r\nall\r\n").prompt == Prompt(
        turns=(Turn(role="user", template="Hi {{ x }},\nall"),), inputs=(Input(name="x"),)
    )


def test_what_will_not_render_is_named() -> None:
    reading = jinja.read("user:\n{{ x|nothing }}\n\nassistant:\n{% if %}")
    assert len(reading.losses) == 2 and all(loss.startswith("template: ") for loss in reading.losses)


def test_a_file_beyond_the_size_limit_is_refused() -> None:
    with pytest.raises(PromptError, match="x.j2 is larger"):
        jinja.read("x" * 2_000_001, "x.j2")
