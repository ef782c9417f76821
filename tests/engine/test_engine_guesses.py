"""What is guessed of an answer: by itself, from what it and its prompt have said."""

from __future__ import annotations

from playground.engine.guesses import Guesses, Heard


def test_what_followed_the_same_three_tokens_last_is_guessed() -> None:
    assert Guesses().after([5, 6, 7, 8, 9, 5, 6, 7], 2, 7) == [8, 9]
    assert Guesses().after([5, 6, 7, 8, 0, 5, 6, 7, 9, 0, 5, 6, 7], 1, 7) == [9]


def test_two_tokens_or_one_do_where_more_are_new() -> None:
    assert Guesses().after([1, 5, 6, 7, 8, 2, 5, 6], 1, 7) == [7]
    assert Guesses().after([5, 9, 1, 2, 3, 5], 1, 7) == [9]
    assert Guesses().after([1, 2, 3], 1, 7) == []
    assert Guesses().after([], 1, 7) == []


def test_tokens_that_were_read_in_tiles_are_the_same_tokens() -> None:
    assert Guesses().after([~5, ~6, ~7, ~8, 9, 5, 6, 7], 2, 7) == [8, 9]


def test_more_is_guessed_the_longer_the_text_repeats_itself() -> None:
    phrase = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    guesses, text = Guesses(), [*phrase, *phrase]
    counts = []
    for end in range(len(phrase) + 1, len(text) + 1):
        found = guesses.after(text[:end], 0, 4)
        assert found == [*phrase, *phrase][end - len(phrase) :][: len(found)]
        counts.append(len(found))
    assert counts == [0, 0, 0, 0, 1, 1, 2, 2, 3], "from the fourth on, each was foretold"
    assert guesses.after([*text, 77], 0, 4) == []
    assert guesses.after([*text, 77, 1, 2, 3], 0, 4) == [], "it has to come true again"
    assert guesses.after([*text, 77, 1, 2, 3], 1, 4) == [4]


def test_a_phrase_shorter_than_the_guess_goes_round() -> None:
    assert Guesses().after([1, 2] * 20, 0, 7) == [1, 2, 1, 2, 1, 2, 1]
    assert Guesses().after([3] * 20, 0, 5) == [3] * 5


def test_no_more_than_may_be() -> None:
    assert Guesses().after([3] * 20, 3, 2) == [3, 3]
    assert Guesses().after([3] * 20, 1, 0) == []
    assert Guesses().after([3] * 20, 1, -1) == []


def test_what_an_answer_before_said_is_guessed_where_this_one_has_not_said_it() -> None:
    heard = Heard()
    heard.take([1, 2, ~3, 4, 5, 6, 7])
    guesses = Guesses(heard)
    assert guesses.after([9, 1, 2, 3], 2, 7) == [4, 5]
    assert guesses.after([9, 1, 2, 3, 4, 5], 0, 7) == [6], "two were foretold in a row"
    assert guesses.after([9, 1, 2, 3, 4, 5, 8, 1, 2, 3], 1, 7) == [4], "its own words come first"
    assert Guesses(heard).after([0, 2, 3], 1, 7) == [], "two tokens are not enough"


def test_what_was_heard_does_not_grow_without_end() -> None:
    heard = Heard(most=20)
    heard.take(list(range(100, 115)))
    heard.take(list(range(200, 215)))
    assert Guesses(heard).after([100, 101, 102], 1, 7) == []
    assert Guesses(heard).after([200, 201, 202], 1, 7) == [203]
    heard.take(list(range(300, 400)))
    assert Guesses(heard).after([300, 301, 302], 1, 7) == [303]
    assert Guesses(heard).after([350, 351, 352], 1, 7) == [], "more than is kept"
