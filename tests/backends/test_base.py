"""Fold: chunks in, one Completion with its measurements out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import Field, fields

from hypothesis import given
from hypothesis import strategies as st

from playground.backends.base import Fold, complete
from playground.backends.scripted import ScriptedBackend
from playground.types.generation import Chunk, Completion, GenerationRequest, Message, TokenLogprob
from playground.types.prompt import Sampling


class Clock:
    """Shows what the test sets."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def folded(chunks: Iterable[Chunk]) -> Completion:
    fold = Fold(clock=Clock())
    for chunk in chunks:
        fold.add(chunk)
    return fold.completion()


def test_time_counts_from_the_making_of_the_fold():
    clock = Clock(100.0)
    fold = Fold(clock=clock)
    clock.now = 100.5
    fold.add(Chunk(text="a"))
    clock.now = 103.0
    done = fold.completion("stop")
    assert (done.first_token_s, done.total_s) == (0.5, 3.0)


def test_time_counts_from_a_start_that_is_given():
    assert Fold(clock=Clock(10.0), started=4.0).completion("stop").total_s == 6.0


def test_a_start_at_zero_is_a_start():
    assert Fold(clock=Clock(10.0), started=0.0).elapsed_s() == 10.0


def test_chunks_without_text_are_not_the_first_token():
    clock = Clock(0.0)
    fold = Fold(clock=clock)
    fold.add(Chunk(prompt_tokens=9))
    assert fold.first_token_s is None
    clock.now = 2.0
    fold.add(Chunk(text="now"))
    clock.now = 3.0
    fold.add(Chunk(text=" later"))
    assert fold.completion("stop").first_token_s == 2.0


def test_reasoning_counts_as_the_first_token():
    clock = Clock(0.0)
    fold = Fold(clock=clock)
    clock.now = 1.0
    fold.add(Chunk(reasoning="hm"))
    clock.now = 5.0
    fold.add(Chunk(text="yes"))
    done = fold.completion("stop")
    assert (done.first_token_s, done.reasoning, done.text) == (1.0, "hm", "yes")


def test_a_first_token_at_once_is_zero_seconds_and_not_unknown():
    fold = Fold(clock=Clock())
    fold.add(Chunk(text="a"))
    fold.add(Chunk(text="b"))
    assert fold.completion("stop").first_token_s == 0.0


def test_an_answer_without_text_has_no_first_token():
    done = folded([Chunk(finish="stop", completion_tokens=0)])
    assert (done.text, done.first_token_s, done.completion_tokens) == ("", None, 0)


def test_a_stream_that_does_not_say_why_it_ended_is_aborted():
    assert folded([Chunk(text="half")]).finish == "aborted"
    assert folded([]).finish == "aborted"


def test_the_caller_may_know_better_how_it_ended():
    fold = Fold(clock=Clock())
    fold.add(Chunk(text="half", finish="stop"))
    assert fold.completion("cancelled").finish == "cancelled"
    assert fold.completion().finish == "stop"


def test_a_later_field_replaces_an_earlier_one_and_a_missing_one_does_not():
    done = folded(
        [
            Chunk(prompt_tokens=5, completion_tokens=1, ignored=("top-k",), model_digest="abc"),
            Chunk(text="x", completion_tokens=2),
            Chunk(finish="length", completion_tokens=0),
        ]
    )
    assert (done.prompt_tokens, done.completion_tokens) == (5, 0)
    assert (done.ignored, done.model_digest, done.finish) == (("top-k",), "abc", "length")


def made_up(number: int, field: Field[object]) -> object:
    """A value of the field's type that is not its default."""
    if field.name == "finish":
        return "length"
    if field.name == "logprobs":
        return (TokenLogprob("text", -1.0),)  # only what fits the text is kept
    if "tuple" in str(field.type):
        return (field.name,)
    return number + 1 if "int" in str(field.type) else field.name


def test_every_field_of_a_chunk_reaches_the_completion():
    values = {field.name: made_up(number, field) for number, field in enumerate(fields(Chunk))}
    del values["rethought"]  # it says what came before
    done = folded([Chunk(**values)])
    assert {name: getattr(done, name) for name in values} == values


def test_text_that_turns_out_to_be_thought_is_none_of_the_answer():
    done = folded(
        [
            Chunk(text="Let me", logprobs=(TokenLogprob("Let me", -1.0),)),
            Chunk(text=" see", logprobs=(TokenLogprob(" see", -1.0), TokenLogprob("</think>", -1.0))),
            Chunk(text="Hi", reasoning=" now", rethought=True, logprobs=(TokenLogprob("\nHi", -2.0),)),
            Chunk(finish="stop"),
        ]
    )
    assert (done.text, done.reasoning) == ("Hi", "Let me see now")
    assert done.logprobs == (TokenLogprob("Hi", -2.0),)


def test_the_text_can_be_read_while_it_grows():
    fold = Fold(clock=Clock())
    assert fold.text == ""
    for word, so_far in (("one", "one"), (" two", "one two"), ("", "one two"), (" three", "one two three")):
        fold.add(Chunk(text=word))
        assert fold.text == so_far
    assert fold.completion().text == "one two three"


@given(st.lists(st.tuples(st.text(), st.text())))
def test_text_and_reasoning_are_joined_without_loss(pieces: list[tuple[str, str]]):
    done = folded(Chunk(text=text, reasoning=reasoning) for text, reasoning in pieces)
    assert done.text == "".join(text for text, _ in pieces)
    assert done.reasoning == "".join(reasoning for _, reasoning in pieces)


async def test_complete_gives_the_whole_answer_of_a_stream():
    request = GenerationRequest("scripted:a", (Message("user", "hi"),), Sampling())
    done = await complete(ScriptedBackend({"a": "one two"}), request)
    assert (done.text, done.finish, done.completion_tokens) == ("one two", "stop", 2)
