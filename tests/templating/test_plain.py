"""The quick way to fill in a prompt gives what the template engine gives, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from playground.templating.plain import plain_turns
from playground.templating.rendering import normalise
from playground.types.prompt import Input, Prompt, Turn
from playground.workbench.service import Workbench

MakeWorkbench = Callable[..., Workbench]


async def test_what_is_filled_in_is_what_the_engine_renders(make_workbench: MakeWorkbench) -> None:
    prompts = make_workbench().prompts
    templates = [
        "{{ a }}",
        "Say {{a}} and {{ b }}.\n\n",
        "\n {{ a }} }",
        "{ {{ b }}",
        "a: {{ a }}\nb",
        "% {{ a }} #",
    ]
    values = [
        {"a": "x", "b": "two words"},
        {"a": "user:\nnot a turn", "b": "{{ a }}"},
        {"a": "{% if %}", "b": "<b>&"},
        {"a": "3", "b": "null"},
    ]
    for template in templates:
        turns = normalise((Turn(role="system", template="Be kind."), Turn(role="user", template=template)))
        prompt = Prompt(turns=turns)
        plain = plain_turns(prompt)
        assert plain is not None
        for given in values:
            filled = plain.fill(given)
            assert filled is None or filled == await prompts.render(prompt, dict(given))
        assert plain.fill(values[0]) is not None


@pytest.mark.parametrize(
    "template", ["{{ a | upper }}", "{% if a %}x{% endif %}", "{{- a }}", "{{ a.b }}", "{# c #}", "{{ true }}", "{{ a"]
)  # fmt: skip
def test_what_has_to_be_computed_is_left_to_the_engine(template: str) -> None:
    assert plain_turns(Prompt(turns=(Turn(role="user", template=template),))) is None


@pytest.mark.parametrize("value", [None, "", " ", "x\n", 3, ["x"], '{"a": 1}', "[1]", "a\rb", "x" * 30_000])
def test_values_that_may_mean_something_else_are_left_to_the_engine(value: Any) -> None:
    prompt = Prompt(turns=(Turn(role="user", template="{{ a }}"),))
    plain = plain_turns(prompt)
    assert plain is not None
    assert plain.fill({"a": value}) is None
    number = plain_turns(prompt.model_copy(update={"inputs": (Input(name="a", kind="number"),)}))
    assert number is not None
    assert number.fill({"a": "3"}) is None
