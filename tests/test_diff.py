"""Words, turns and fields that differ: exact for any text, readable for the usual ones, bounded for large ones."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.diff import (
    Changes,
    FieldChange,
    Piece,
    count_changes,
    describe,
    diff_fields,
    diff_turns,
    diff_words,
    words,
)
from playground.types.prompt import Check, Input, Prompt, Role, Sampling, Turn

TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(["a", "b", "the", " ", "\n", "\r\n", ", ", "東", "é", "👩‍🚀", "3.5"]), max_size=40
    ).map("".join),
)


def marked(a: str, b: str) -> str:
    """The diff in one line: [-removed-]{+added+}."""
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(marks[piece.kind].format(piece.text) for piece in diff_words(a, b))


def rebuilt(pieces: tuple[Piece, ...]) -> tuple[str, str]:
    before = "".join(piece.text for piece in pieces if piece.kind != "added")
    after = "".join(piece.text for piece in pieces if piece.kind != "removed")
    return before, after


def turn(role: Role, template: str) -> Turn:
    return Turn(role=role, template=template)


# --- words ------------------------------------------------------------------------------------------------


@given(TEXTS, TEXTS)
def test_a_diff_holds_both_texts_exactly(a: str, b: str) -> None:
    pieces = diff_words(a, b)
    assert rebuilt(pieces) == (a, b)
    assert all(piece.text for piece in pieces)
    assert all(left.kind != right.kind for left, right in zip(pieces, pieces[1:], strict=False))
    assert all(piece.kind == "same" for piece in pieces) == (a == b)


@given(TEXTS, TEXTS)
def test_a_diff_too_large_for_words_still_holds_both_texts(a: str, b: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "MAX_PRODUCT", 6)
        assert rebuilt(diff_words(a, b)) == (a, b)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (
            "Use the policy below.",
            "Use the policy and nothing else.",
            "Use the policy [-below-]{+and nothing else+}.",
        ),
        ("one two three", "one three", "one [-two -]three"),
        ("a cat sat", "a dog ran", "a [-cat sat-]{+dog ran+}"),
        ("Provide the report", "Deliver the letter", "[-Provide the report-]{+Deliver the letter+}"),
        ("max 1,128 words", "max 1,256 words", "max [-1,128-]{+1,256+} words"),
        ("東京は日本", "東京が日本", "東京[-は-]{+が+}日本"),
        ("hello world", "hello  world", "hello[- -]{+  +}world"),
        ("a café b", "a cafe\u0301 b", "a [-café-]{+cafe\u0301+} b"),
        ("x 👨‍👩‍👧", "x 👨‍👩‍👦", "x [-👨‍👩‍👧-]{+👨‍👩‍👦+}"),
        ("don't go", "do go", "[-don't-]{+do+} go"),
        ("old\nkept\nold", "new\nkept\nnew", "[-old-]{+new+}\nkept\n[-old-]{+new+}"),
        ("policy", "the policy allows", "{+the +}policy{+ allows+}"),
        ("", "a", "{+a+}"),
        ("a", "", "[-a-]"),
        ("", "", ""),
        ("same", "same", "same"),
    ],
)
def test_a_diff_reads_like_an_edit(a: str, b: str, expected: str) -> None:
    assert marked(a, b) == expected


def test_a_large_text_is_compared_by_lines_and_then_by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MAX_PRODUCT", 100)
    a = "alpha one\n" + "kept line\n" * 5 + "omega one\n"
    b = "beta one\n" + "kept line\n" * 5 + "omega two\n"
    lines = "kept line\n" * 5
    assert marked(a, b) == "[-alpha-]{+beta+} one\n" + lines + "omega [-one-]{+two+}\n"


def test_a_megabyte_of_one_line_with_no_common_beginning_shows_as_replaced() -> None:
    a, b = "a " * 500_000, "b " * 500_000
    pieces = diff_words(a, b)
    assert rebuilt(pieces) == (a, b)
    assert [piece.kind for piece in pieces] == ["removed", "added", "same"]


def test_one_changed_word_in_a_megabyte_is_found() -> None:
    a, b = "word " * 100_000 + "old" + " word" * 100_000, "word " * 100_000 + "new" + " word" * 100_000
    assert [piece.text for piece in diff_words(a, b)[1:3]] == ["old", "new"]


@pytest.mark.parametrize(
    ("a", "b", "changes", "sentence"),
    [
        ("a b", "a c d e", Changes(3, 1), "adds 3 words, removes 1"),
        ("a", "a b", Changes(1, 0), "adds 1 word"),
        ("a b c", "a", Changes(0, 2), "removes 2 words"),
        ("a, b", "a b", Changes(0, 0), "changes spaces or signs only"),
        ("a", "a", Changes(0, 0), "the same"),
    ],
)
def test_a_diff_is_counted_in_words_and_said_in_one_phrase(
    a: str, b: str, changes: Changes, sentence: str
) -> None:
    pieces = diff_words(a, b)
    assert (count_changes(pieces), describe(pieces)) == (changes, sentence)


# --- turns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "kinds"),
    [
        (
            [turn("system", "Be brief."), turn("user", "{{ q }}")],
            [turn("system", "Be kind."), turn("user", "{{ q }}")],
            ["changed", "same"],
        ),
        ([turn("user", "{{ q }}")], [turn("system", "Be kind."), turn("user", "{{ q }}")], ["added", "same"]),
        (
            [turn("user", "Is 7 prime?"), turn("assistant", "Yes"), turn("user", "{{ q }}")],
            [turn("user", "{{ q }}")],
            ["removed", "removed", "same"],
        ),
        ([turn("user", "Hello")], [turn("system", "Hello")], ["removed", "added"]),
        ([turn("user", "entirely old")], [turn("user", "BRAND NEW")], ["changed"]),
        ([], [turn("user", "")], ["added"]),
        ([], [], []),
    ],
)
def test_turns_are_paired_by_role_and_likeness(a: list[Turn], b: list[Turn], kinds: list[str]) -> None:
    diffs = diff_turns(a, b)
    assert [item.kind for item in diffs] == kinds
    assert [item.before for item in diffs if item.before] == a
    assert [item.after for item in diffs if item.after] == b


def test_an_example_put_in_front_moves_the_others_unchanged() -> None:
    old = [turn("user", "2 + 2"), turn("assistant", "4"), turn("user", "{{ q }}")]
    diffs = diff_turns(old, [turn("user", "1 + 1"), turn("assistant", "2"), *old])
    assert [item.kind for item in diffs] == ["added", "added", "same", "same", "same"]
    assert diffs[0].pieces == (Piece("added", "1 + 1"),)


def test_hundreds_of_turns_are_paired_where_they_are_equal() -> None:
    old = [turn("user", f"question {n}") for n in range(300)]
    kinds = [item.kind for item in diff_turns(old, [*old[:100], *old[101:]])]
    assert kinds == ["same"] * 100 + ["removed"] + ["same"] * 199


# --- fields -----------------------------------------------------------------------------------------------


def test_equal_prompts_have_no_changed_fields() -> None:
    prompt = Prompt(name="a", checks=(Check(scorer="json"),), inputs=(Input(name="q"),), sampling=Sampling())
    assert diff_fields(prompt, prompt) == []


@pytest.mark.parametrize(
    ("a", "b", "changes"),
    [
        (Prompt(name="old"), Prompt(name="new"), [FieldChange("Name", "old", "new")]),
        (Prompt(), Prompt(tags=("a", "b")), [FieldChange("Tags", "absent", "a, b")]),
        (Prompt(use_when="x"), Prompt(), [FieldChange("Use when", "x", "absent")]),
        (
            Prompt(sampling=Sampling(max_tokens=128)),
            Prompt(sampling=Sampling(max_tokens=1256, seed=None, stop=("\n",))),
            [
                FieldChange("Seed", "42", "random"),
                FieldChange("Max tokens", "128", "1,256"),
                FieldChange("Stop", "none", "\n"),
            ],
        ),
        (
            Prompt(),
            Prompt(sampling=Sampling(temperature=0.7, top_k=40)),
            [FieldChange("Sampling", "absent", "temperature 0.7, top k 40, seed 42, max tokens 256")],
        ),
        (
            Prompt(inputs=(Input(name="order_no"),)),
            Prompt(inputs=(Input(name="order_no", required=False, default="none yet"),)),
            [FieldChange("Input order_no", "required", "optional, default none yet")],
        ),
        (
            Prompt(
                inputs=(Input(name="tone", choices=("warm", "cool"), example="warm", description="voice"),)
            ),
            Prompt(),
            [
                FieldChange(
                    "Input tone",
                    'text, required, described as "voice", example warm, choices warm, cool',
                    "absent",
                )
            ],
        ),
        (
            Prompt(),
            Prompt(checks=(Check(scorer="length", options={"max": 70}),)),
            [FieldChange("Check at most 70 words", "absent", "at most 70 words, weight 1")],
        ),
        (
            Prompt(checks=(Check(scorer="length", options={"max": 50}), Check(scorer="json"))),
            Prompt(checks=(Check(scorer="json"), Check(scorer="length", options={"max": 70}, weight=2))),
            [
                FieldChange(
                    "Check at most 70 words", "at most 50 words, weight 1", "at most 70 words, weight 2"
                )
            ],
        ),
        (
            Prompt(checks=(Check(scorer="contains", options={"text": "a"}),)),
            Prompt(checks=(Check(scorer="contains", options={"text": "a", "ignore_case": False}),)),
            [
                FieldChange(
                    'Check contains "a"',
                    'contains "a", weight 1',
                    'contains "a", ignore case no, weight 1',
                )
            ],
        ),
        (
            Prompt(checks=(Check(scorer="json"), Check(scorer="json"))),
            Prompt(checks=(Check(scorer="json"),)),
            [FieldChange("Check valid JSON", "valid JSON, weight 1", "absent")],
        ),
        (
            Prompt(metadata={"big": 10**400, "dated": 1}),
            Prompt(metadata={"big": 10**400, "dated": {date(2026, 5, 1): "x"}}),
            [FieldChange("Metadata dated", "1", "{datetime.date(2026, 5, 1): 'x'}")],
        ),
        (
            Prompt(metadata={"big": 10**15}),
            Prompt(metadata={"big": -2}),
            [FieldChange("Metadata big", "1,000,000,000,000,000", "−2")],
        ),
        (
            Prompt(output_schema={"type": "object"}, metadata={"author": "A"}),
            Prompt(metadata={"author": "B"}),
            [
                FieldChange("Output schema", '{"type": "object"}', "absent"),
                FieldChange("Metadata author", "A", "B"),
            ],
        ),
    ],
)
def test_a_changed_field_is_named_and_said_in_words(a: Prompt, b: Prompt, changes: list[FieldChange]) -> None:
    assert diff_fields(a, b) == changes
