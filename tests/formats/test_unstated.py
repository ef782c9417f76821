"""What nobody said is in no file: sampling, a model; what somebody said is in it or named."""

from __future__ import annotations

from typing import Any

import pytest

from playground.formats import openai_chat
from playground.formats.base import Export, Format, stated
from playground.formats.recognise import recognise
from playground.formats.registry import FORMATS
from playground.store import content_hash
from playground.types.generation import Message
from playground.types.prompt import Prompt, Sampling, Turn

BARE = Prompt(name="W18 no sampling", turns=(Turn(role="user", template="Say hi."),))
MESSAGES = (Message("user", "Say hi."),)
rows = pytest.mark.parametrize("row", FORMATS.values(), ids=FORMATS)
WORDS = (
    "temperature",
    "seed",
    "top_p",
    "topp",
    "max_tokens",
    "maxtokens",
    "maxoutputtokens",
    "num_predict",
    "penalty",
)


@rows
def test_a_prompt_without_sampling_is_written_without_any(row: Format) -> None:
    written = row.write(Export(prompt=BARE, messages=MESSAGES))
    assert [word for word in WORDS if word in written.text.lower()] == []
    if not row.only_cases:
        assert row.read(written.text, written.name)[0].prompt.sampling is None


@rows
def test_only_what_was_stated_is_written_or_named(row: Format) -> None:
    sampling = Sampling(temperature=0.0)
    written = row.write(Export(prompt=BARE, messages=MESSAGES, sampling=sampling))
    told = any(loss.startswith("temperature: ") for loss in written.losses)
    assert [word for word in WORDS if word in written.text.lower()] == ([] if told else ["temperature"])
    if not told and row.name not in ("text", "markdown"):
        assert stated(row.read(written.text, written.name)[0].prompt.sampling) == {"temperature": 0.0}


def test_a_file_of_github_gives_its_bytes_back() -> None:
    text = (
        "name: Sentiment\nmodelParameters:\n  temperature: 0.5\n"
        "messages:\n  - role: user\n    content: Hi {{who}}\n"
    )
    reading = FORMATS["github"].read(text, "a.prompt.yml")[0]
    written = FORMATS["github"].write(Export(prompt=reading.prompt, sampling=reading.prompt.sampling))
    assert written.text == text


def test_a_prompt_that_only_writes_down_the_defaults_is_the_same_prompt() -> None:
    """A library of an earlier version has all values written down; it must know its prompts again."""
    full = Sampling.model_validate(Sampling(temperature=0.5).model_dump())
    part = Sampling(temperature=0.5)
    hashes = {content_hash(BARE.model_copy(update={"sampling": sampling})) for sampling in (full, part)}
    assert len(hashes) == 1


def test_a_request_without_a_chosen_model_says_so() -> None:
    written = openai_chat.write(Export(prompt=BARE, messages=MESSAGES))
    assert [loss.partition(":")[0] for loss in written.losses] == ["model"]


def test_a_saved_prompt_states_what_it_stated_before_and_what_was_changed_on_screen() -> None:
    from playground.ui.forms import restated

    assert restated(None, Sampling()) is None
    before = Sampling(temperature=0.5)
    assert stated(restated(before, before)) == {"temperature": 0.5}
    changed: Any = restated(before, before.model_copy(update={"max_tokens": 9}))
    assert stated(changed) == {"temperature": 0.5, "max_tokens": 9}


def test_recognising_does_not_add_sampling() -> None:
    data = b'{"messages": [{"role": "user", "content": "Hi"}], "stop": "END"}'
    assert stated(recognise("a.json", data).readings[0].prompt.sampling) == {"stop": ("END",)}
