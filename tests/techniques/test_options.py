"""Options of techniques: from a signature to a form, and from what was typed to values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from playground.errors import PromptError
from playground.techniques.base import StepPrompt
from playground.techniques.options import Option, OptionsError, options_of, read_options
from playground.techniques.registry import rows
from playground.techniques.technique import check_step, lacking


async def vote(
    task: Any,
    ask: Any,
    tools: Any,
    *,
    samples: Annotated[int, Field(ge=2, le=40, description="Answers that vote.")] = 5,
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.7,
    order: Literal["breadth", "depth"] = "breadth",
    keep: bool = False,
    models: list[str] = [],  # noqa: B006
    note: str = "",
    steps: list[dict[str, str]] | None = None,
) -> None:
    """A signature with one option of each kind."""


def test_the_signature_is_the_form() -> None:
    assert options_of(vote)[:7] == (
        Option("samples", "integer", 5, "Answers that vote.", low=2, high=40),
        Option("temperature", "number", 0.7, low=0, high=2),
        Option("order", "choice", "breadth", choices=("breadth", "depth")),
        Option("keep", "boolean", False),
        Option("models", "list", []),
        Option("note", "text", ""),
        Option("steps", "json", None),
    )
    calls, tokens = options_of(vote)[7:]
    assert (calls.name, calls.default, calls.low) == ("max_calls", 40, 1)
    assert (tokens.name, tokens.default, tokens.kind) == ("max_tokens", None, "integer")


def test_what_is_typed_in_a_shell_has_its_type() -> None:
    read = read_options(
        vote,
        {
            "samples": " 7",
            "temperature": "1",
            "keep": "true",
            "models": "a; b",
            "order": "depth",
            "max_tokens": "",
        },
    )
    assert read["samples"] == 7 and read["temperature"] == 1.0 and read["keep"] is True
    assert read["models"] == ["a", "b"] and read["order"] == "depth" and read["max_tokens"] is None
    assert read_options(vote, {"steps": '[{"prompt": "x"}]'})["steps"] == [{"prompt": "x"}]
    assert read_options(vote, {})["samples"] == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sampels": 7}, 'There is no option "sampels" of vote. Do you mean "samples"?'),
        ({"zzz": 7}, 'There is no option "zzz" of vote. Options: samples, temperature, order, keep, models, note, steps, max_calls, max_tokens.'),
        ({"samples": "many"}, 'The option "samples" of vote is "many": this needs a whole number.'),
        ({"samples": 1}, 'The option "samples" of vote is 1: this must be at least 2.'),
        ({"samples": 41}, 'The option "samples" of vote is 41: this must be at most 40.'),
        ({"samples": 2.5}, 'The option "samples" of vote is 2.5: this needs a whole number.'),
        ({"order": "width"}, "The option \"order\" of vote is \"width\": this is one of 'breadth' or 'depth'."),
        ({"keep": "perhaps"}, 'The option "keep" of vote is "perhaps": this is true or false.'),
        ({"steps": "{"}, 'The option "steps" of vote is "{": this needs a list.'),
        ({"max_calls": 0}, 'The option "max_calls" of vote is 0: this must be at least 1.'),
        ({"temperature": "nan"}, 'The option "temperature" of vote is "nan": this must be at'),
    ],
)  # fmt: skip
def test_a_wrong_option_is_named_with_what_it_needs(given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError) as wrong:
        read_options(vote, given, technique="vote")
    assert str(wrong.value).startswith(message)


def test_every_technique_has_a_form_and_words() -> None:
    for name, row in rows().items():
        assert row.title and row.title_zh, name
        assert row.read({}) == {option.name: option.default for option in row.options}, name


STEP = StepPrompt("sample", "techniques/self-consistency/sample", ("question",), ("hint",))


def test_a_fork_that_dropped_a_variable_is_named_before_the_run() -> None:
    check_step(STEP, {"question"}, {"question"}, "Mine@3")
    check_step(STEP, {"question", "hint", "tone"}, {"question", "hint"}, "Mine@3")
    with pytest.raises(PromptError) as wrong:
        check_step(STEP, {"text"}, {"text"}, "Mine@3")
    assert wrong.value.message == '"Mine@3" cannot be the step "sample": it has no {{ question }}.'
    with pytest.raises(PromptError) as wrong:
        check_step(STEP, {"question", "tone"}, {"question", "tone"}, "Mine@3")
    assert wrong.value.message == '"Mine@3" cannot be the step "sample": nothing gives it {{ tone }}.'
    assert "question, hint" in wrong.value.hint


def test_what_a_technique_lacks_is_said_in_half_a_sentence() -> None:
    row = next(iter(rows().values()))
    assert lacking(row, ()) == ""
