"""What changed, in a few words: between versions of a prompt, and between runs."""

from __future__ import annotations

from typing import Any

import pytest

from playground.diff.changes import Change, message_for, prompt_changes, run_changes
from playground.types.prompt import Check, Prompt, Sampling, TechniqueChoice, Turn
from playground.types.setups import ColumnSetup, Setup


def prompt(*turns: tuple[str, str], **more: Any) -> Prompt:
    return Prompt(turns=tuple(Turn(role=role, template=text) for role, text in turns), **more)


VOTE = TechniqueChoice(name="vote", options={"samples": 3}, prompts={"sample": "Mine@2"})


def setup(text: str = "Say {{ word }}", **more: Any) -> Setup:
    given: dict[str, Any] = {"values": {"word": "hello"}, "columns": (ColumnSetup("a:one"),)}
    return Setup(prompt(("user", text)), **(given | more))


def test_a_word_of_a_turn_is_said_with_what_stood_there() -> None:
    changes = prompt_changes(prompt(("system", "Be short.")), prompt(("system", "Be kind.")))
    assert changes == [Change("system turn", "short", "kind")]
    assert message_for(changes) == "System turn: “short” → “kind”"


def test_what_came_and_what_went_are_said_apart() -> None:
    before, after = prompt(("user", "Hello")), prompt(("user", "Hello there"), ("assistant", "Hi"))
    assert [c.words for c in prompt_changes(before, after)] == [
        "user turn: added “there”",
        "assistant turn: added “Hi”",
    ]
    assert [c.words for c in prompt_changes(after, before)] == [
        "user turn: removed “there”",
        "assistant turn: removed “Hi”",
    ]


def test_a_turn_without_text_is_not_told_as_one_that_says_empty() -> None:
    before, after = prompt(("user", "Hello")), prompt(("user", "Hello"), ("user", ""))
    assert message_for(prompt_changes(before, after)) == "User turn 2 added, without text"
    assert message_for(prompt_changes(after, before)) == "User turn 2 removed, without text"


def test_several_places_are_counted_and_the_first_is_shown() -> None:
    before, after = "one two three four five six seven eight", "ONE two three four five six seven EIGHT"
    (change,) = prompt_changes(prompt(("user", before)), prompt(("user", after)))
    assert change == Change("user turn, 2 places", "one", "ONE")


def test_turns_of_one_role_are_told_apart_by_number() -> None:
    before = prompt(("user", "Hello"), ("assistant", "Hi"), ("user", "Tell me a long story about cats"))
    after = prompt(("user", "Hello"), ("assistant", "Hi"), ("user", "Tell me a long story about dogs"))
    assert prompt_changes(before, after) == [Change("user turn 2", "cats", "dogs")]


def test_settings_and_checks_follow_the_turns() -> None:
    check = Check(scorer="contains", options={"text": "x"})
    before = prompt(("user", "Hi"), sampling=Sampling(temperature=0))
    after = prompt(("user", "Hi"), sampling=Sampling(temperature=0.7), checks=(check,))
    words = [c.words for c in prompt_changes(before, after)]
    assert words == ["temperature: 0 → 0.7", 'check: added “contains "x"”']
    assert message_for(prompt_changes(before, before)) == ""


def test_a_message_names_three_changes_and_counts_the_others() -> None:
    changes = [Change(f"v{n}", "a", "b") for n in range(5)]
    assert message_for(changes) == "V0: “a” → “b”; v1: “a” → “b”; v2: “a” → “b”; and 2 more"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (setup(), setup(), []),
        (setup(), setup(values={"word": "bye"}), ["word: “hello” → “bye”"]),
        (setup(values={}), setup(), ["word: added “hello”"]),
        (setup(), setup("Shout {{ word }}"), ["user turn: “Say” → “Shout”"]),
        (setup(), setup(columns=(ColumnSetup("b:two"),)), ["model: “one” → “two”"]),
        (setup(), setup(columns=(ColumnSetup("a:one", samples=8),)), ["samples: 1 → 8"]),
        (setup(), setup(columns=(ColumnSetup("a:one", technique=VOTE),)), ["technique: “none” → “vote”"]),
        (
            setup(columns=(ColumnSetup("a:one", technique=VOTE),)),
            setup(
                columns=(
                    ColumnSetup("a:one", technique=TechniqueChoice(name="vote", options={"samples": 9})),
                )
            ),
            ["vote samples: 3 → 9", "vote sample: removed “Mine@2”"],
        ),
        (setup(), setup(columns=(ColumnSetup("a:one"),) * 2), ["column 2: added “one”"]),
        (setup(), setup(images=("3f",)), ["images: added 1"]),
        (setup(), setup(cases=30), ["cases: 1 → 30"]),
    ],
)
def test_what_a_run_has_that_the_one_before_had_not(before: Setup, after: Setup, said: list[str]) -> None:
    assert [change.words for change in run_changes(before, after)] == said


def test_what_all_columns_share_is_said_once_and_the_rest_with_its_column() -> None:
    warm = Sampling(temperature=0.7)
    before = setup(columns=(ColumnSetup("a:one"), ColumnSetup("a:two")))
    after = setup(columns=(ColumnSetup("a:one", warm), ColumnSetup("a:three", warm)))
    assert [c.words for c in run_changes(before, after)] == [
        "temperature: 0 → 0.7",
        "model of column 2: “two” → “three”",
    ]


def test_a_long_value_shows_the_stretch_that_differs() -> None:
    text = "word " * 3_000
    (change,) = run_changes(setup(values={"t": f"{text}old end"}), setup(values={"t": f"{text}new end"}))
    assert change == Change("t", "old", "new", is_named=True)


def test_texts_that_differ_far_inside_are_found_all_the_same() -> None:
    text = "line of text\n" * 2_000
    before, after = prompt(("user", f"{text}cats")), prompt(("user", f"{text}dogs"))
    assert prompt_changes(before, after) == [Change("user turn", "cats", "dogs")]
