"""The technique that a prompt names: read and written in two formats, named by all others, refused as nothing it is not."""

from __future__ import annotations

from typing import Any

import pytest

from playground.formats import prompty
from playground.formats.base import Export
from playground.formats.registry import FORMATS
from playground.formats.technique_choice import read_choice, written_choice
from playground.types.generation import Message
from playground.types.prompt import Prompt, TechniqueChoice, Turn

CHOICES = [
    ("react", TechniqueChoice(name="react")),
    ({"name": "self-consistency", "samples": 5}, TechniqueChoice(name="self-consistency", options={"samples": 5})),
    ({"name": "x", "options": {"name": 1, "prompts": 2}}, TechniqueChoice(name="x", options={"name": 1, "prompts": 2})),
    ({"name": "x", "documents": []}, TechniqueChoice(name="x", documents=())),
    ({"name": "x", "prompts": {"act": "Mine@2"}}, TechniqueChoice(name="x", prompts={"act": "Mine@2"})),
]  # fmt: skip


@pytest.mark.parametrize(("written", "choice"), CHOICES)
def test_a_choice_is_written_as_a_person_would_and_read_again(written: Any, choice: TechniqueChoice) -> None:
    assert written_choice(choice) == written
    assert TechniqueChoice.model_validate(read_choice(written, "technique")) == choice


def file(run_with: str) -> str:
    return f"---\nname: Sum\nmetadata:\n  playground:\n    technique: react\n    run_with: {run_with}\n---\nuser:\nHi\n"


def test_what_a_pattern_shows_and_what_a_prompt_is_run_with_are_two_things() -> None:
    prompt, losses = prompty.read(file("{name: self-consistency, samples: 5}"))
    assert (prompt.technique, losses) == ("react", ())
    assert prompt.run_with is not None and prompt.run_with.words == "self-consistency, samples 5"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("{samples: 5}", "metadata.playground.run_with: left out, has no name. Write run_with: chain-of-thought"),
        ("[react]", "metadata.playground.run_with: left out, has no name."),
        ("{name: react, options: 5}", "metadata.playground.run_with: left out, .options is no block."),
        ("{name: react, documents: {a: 1}}", "run_with.documents: left out, it cannot be used here"),
    ],
)  # fmt: skip
def test_a_technique_that_cannot_be_read_is_told(written: str, why: str) -> None:
    prompt, losses = prompty.read(file(written))
    assert prompt.run_with is None
    assert losses and losses[0].startswith(why)


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("prompty", "dotprompt")])
def test_every_other_format_says_that_the_technique_is_lost(name: str) -> None:
    prompt = Prompt(
        name="Sum",
        turns=(Turn(role="user", template="Hi"),),
        run_with=TechniqueChoice(name="self-consistency", options={"samples": 5}),
        cases=({"x": "1"},),
    )
    losses = FORMATS[name].write(Export(prompt=prompt, messages=(Message("user", "Hi"),))).losses
    said = "run_with: other programs make one call of this prompt, without self-consistency, samples 5"
    assert losses.count(said) == 1
