import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.engine.answer import AnswerText


def shown(pieces: list[bytes], stop: list[str]) -> tuple[list[str], bool]:
    """Every text released, piece by piece, and whether a stop string ended it."""
    answer = AnswerText(stop)
    texts = []
    for piece in pieces:
        texts.append(answer.add(piece))
        if answer.stopped:
            break
    texts.append(answer.finish())
    return texts, answer.stopped


@pytest.mark.parametrize(
    ("pieces", "stop", "texts", "stopped"),
    [
        ([b"so E", b"N", b"D!"], ["END"], ["so ", "", "", ""], True),
        ([b"so E", b"N", b"!"], ["END"], ["so ", "", "EN!", ""], False),
        ([b"so EN"], ["END"], ["so ", "EN"], False),
        ([b"aXbYc"], ["Y", "X"], ["a", ""], True),
        ([b"xx", b"y"], ["xxy", "xz"], ["", "", ""], True),
        ([b"aa", b"ab"], ["aab"], ["", "a", ""], True),
        ([b"\n", b"\n"], ["\n\n"], ["", "", ""], True),
        ([b"plain"], [], ["plain", ""], False),
    ],
)
def test_only_what_may_be_a_stop_string_is_held_back(
    pieces: list[bytes], stop: list[str], texts: list[str], stopped: bool
) -> None:
    assert shown(pieces, stop) == (texts, stopped)


def test_a_character_split_over_tokens_appears_whole() -> None:
    rocket = "👩\u200d🚀".encode()
    texts, _ = shown([rocket[:2], rocket[2:5], rocket[5:9], rocket[9:]], [])
    assert "".join(texts) == "👩\u200d🚀"
    assert "\ufffd" not in "".join(texts)


def test_the_beginning_of_a_character_that_was_cut_off_is_left_out() -> None:
    assert shown([b"a\xf0\x9f"], []) == (["a", ""], False)


@given(
    st.text(alphabet="ab\nשé👍"),
    st.lists(st.text(alphabet="abé", min_size=1, max_size=3), max_size=2),
    st.data(),
)
def test_any_cutting_into_pieces_gives_the_text_before_the_first_stop(
    text: str, stop: list[str], data: st.DataObject
) -> None:
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    texts, stopped = shown(pieces, stop)
    ends = [text.find(s) for s in stop if s in text]
    assert stopped == bool(ends)
    got = "".join(texts)
    if not ends:
        assert got == text
    else:  # with two stop strings, the one whose end arrives first decides
        assert text.startswith(got)
        assert any(text.startswith(s, len(got)) for s in stop)
