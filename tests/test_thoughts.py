"""Thoughts and answers, told apart: every family of tags, cut anywhere."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from playground.thoughts import TAGS, Thoughts, opened_by

OPENED = "<|im_start|>assistant\n<think>\n"
ABOUT_TAGS = ("How do I close a block? With </think>?",)


def split(pieces: list[str], **known: object) -> tuple[str, str]:
    """Answer and thoughts of an answer that comes in these pieces."""
    thoughts = Thoughts(**known)  # type: ignore[arg-type]
    text = reasoning = ""
    for piece in [*map(thoughts.feed, pieces), thoughts.rest()]:
        if piece.rethought:
            text, reasoning = "", reasoning + text
        text, reasoning = text + piece.text, reasoning + piece.reasoning
    return text, reasoning


CASES = [
    ("<think>why</think>\n\nyes", "yes", "why"),
    ("\n<think>\nwhy\n</think>yes", "yes", "\nwhy\n"),
    ("<think>never closed", "", "never closed"),
    ("<think>cut in its tag</thi", "", "cut in its tag</thi"),
    ("<think></think>yes", "yes", ""),
    ("<think>a</think>\n<think>b</think>\nyes", "yes", "ab"),
    ("yes <think>no</think>", "yes <think>no</think>", ""),
    ("<thinker>yes", "<thinker>yes", ""),
    ("<thi", "<thi", ""),
    (" \n", " \n", ""),
    ("", "", ""),
    ("<think>a</thinking></think>b</think>", "b</think>", "a</thinking>"),
    ("<think>so I write `</think>` there</think>yes", "yes", "so I write `</think>` there"),
    # The chat template had opened the block, and nobody told.
    ("Let me see</think>\n\nHello", "Hello", "Let me see"),
    ("</think>\n\nHello", "Hello", ""),
    ("Let me see</think>", "", "Let me see"),
    ("Let me see\n</think>\n\nWrite </think> at the end.", "Write </think> at the end.", "Let me see\n"),
    ('He said "hm"</think>Hello', "Hello", 'He said "hm"'),
    # Answers about tags.
    ("The tag is `</think>`.", "The tag is `</think>`.", ""),
    ('It is "</think>", mostly.', 'It is "</think>", mostly.', ""),
    ("Write `x </think> y`.", "Write `x </think> y`.", ""),
    ("```\na</think>\n```\n", "```\na</think>\n```\n", ""),
    ("Write <think> first, </think> last.", "Write <think> first, </think> last.", ""),
    ("```\n<think>\na\n</think>\n```", "```\n<think>\na\n</think>\n```", ""),
    ("It ends with `</think>`.\n</think>\nA tag.", "A tag.", "It ends with `</think>`.\n"),
    ("1 < 2 [ok] ◁", "1 < 2 [ok] ◁", ""),
    # More than a tag between the two.
    ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hi", "Hi", "hm"),
    ("<|channel|>final<|message|>Hi", "Hi", ""),
    ("<|channel|>analysis<|message|>hm<|end|>", "", "hm<|end|>"),
    ("<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Hi", "Hi", "hm"),
    ("◁think▷ü◁/think▷é", "é", "ü"),
]


@pytest.mark.parametrize(("whole", "text", "reasoning"), CASES)
def test_an_answer_is_split_the_same_wherever_it_is_cut(whole: str, text: str, reasoning: str) -> None:
    assert split([whole]) == (text, reasoning)
    assert split(list(whole)) == (text, reasoning)
    for at in range(len(whole)):
        assert split([whole[:at], whole[at:]]) == (text, reasoning)


@pytest.mark.parametrize("tags", TAGS, ids=[tags.models for tags in TAGS])
def test_every_family_opens_closes_and_closes_alone(tags: object) -> None:
    for opening in tags.opens:  # type: ignore[attr-defined]
        for closing in tags.closes:  # type: ignore[attr-defined]
            for size in (1, 3, 1000):
                for before, prompt in ((opening, None), ("", None), ("", f"assistant:\n{opening}\n")):
                    whole = f"{before}hm{closing}\n\nHi"
                    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
                    assert split(pieces, prompt=prompt) == ("Hi", "hm"), (before, closing, prompt)
        assert split([opening, "hm"]) == ("", "hm")


@pytest.mark.parametrize(
    ("known", "whole", "text", "reasoning"),
    [
        ({"prompt": OPENED}, "why</think>4", "4", "why"),
        ({"prompt": OPENED}, "never closed", "", "never closed"),
        ({"prompt": OPENED}, "<think>\nopened twice</think>4", "4", "\nopened twice"),
        ({"prompt": "user: <think>\nassistant:"}, "4", "4", ""),
        # A schema: what begins like JSON is the answer, whatever is in its strings.
        ({"prompt": OPENED, "shaped": True}, '{"a": "x</think>y"}', '{"a": "x</think>y"}', ""),
        ({"prompt": OPENED, "shaped": True}, "\n[1]", "\n[1]", ""),
        ({"shaped": True}, "hm</think>{}", "{}", "hm"),
        ({"shaped": True}, "[THINK]hm[/THINK][1]", "[1]", "hm"),
        # Asked about the tag, an answer may name it without quotation marks.
        ({"asked": ABOUT_TAGS}, "Write </think> at the end.", "Write </think> at the end.", ""),
        ({"asked": ABOUT_TAGS}, "Easy.\n</think>\n\nYes.", "Yes.", "Easy.\n"),
    ],
)
def test_what_is_known_of_the_request_decides(
    known: dict[str, object], whole: str, text: str, reasoning: str
) -> None:
    for size in (1, 2, 5, 1000):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert split(pieces, **known) == (text, reasoning)


def test_after_thoughts_in_a_field_of_their_own_tags_are_words() -> None:
    thoughts = Thoughts(OPENED)
    thoughts.told_apart()
    given = [thoughts.feed("\n\n<think> is"), thoughts.feed(" a tag</think>"), thoughts.rest()]
    assert "".join(piece.text for piece in given) == "<think> is a tag</think>"
    assert not any(piece.reasoning or piece.rethought for piece in given)


def test_a_prompt_that_is_known_at_the_end_only_still_decides() -> None:
    def fed(*pieces: str) -> Thoughts:
        thoughts = Thoughts()
        for piece in pieces:
            thoughts.feed(piece)
        thoughts.rest()
        return thoughts

    assert fed("never ", "closed").judged(OPENED).rethought
    assert not fed("an answer").judged("assistant:").rethought
    assert not fed("an answer").judged(None).rethought
    assert not fed("why</think>answer").judged(OPENED).rethought
    assert not fed("<think>why").judged(OPENED).rethought


def test_only_a_tag_at_the_very_end_of_a_prompt_has_opened_a_block() -> None:
    assert opened_by("a<think>\n\n") and opened_by("x [THINK]")
    assert not opened_by("<think>\n\n</think>\n\n") and not opened_by("") and not opened_by(None)


PARTS = ("<think>", "</think>", "[/THINK]", "`", '"', "```", "\n", "a b", " ", "<", "</", "<|end|>", "<|channel|>final<|message|>", "(", ")")  # fmt: skip


@hypothesis.settings(deadline=None)
@hypothesis.given(st.lists(st.sampled_from(PARTS), max_size=12), st.data())
def test_no_cut_changes_anything_and_no_character_is_lost(parts: list[str], data: st.DataObject) -> None:
    whole = "".join(parts)
    known = data.draw(st.sampled_from([{}, {"prompt": OPENED}, {"asked": ABOUT_TAGS}, {"shaped": True}]))
    places = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]
    text, reasoning = split(pieces, **known)
    assert (text, reasoning) == split([whole], **known)
    assert whole.endswith(text)
    if "think" not in whole and "THINK" not in whole and "<|" not in whole:
        assert (text, reasoning) == (whole, "") or "prompt" in known


def test_a_long_answer_full_of_tags_is_split_in_a_moment() -> None:
    whole = "a `</think>` b <i>c</i> [d] " * 20_000
    assert split([whole[at : at + 7] for at in range(0, len(whole), 7)]) == (whole, "")
