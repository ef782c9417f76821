"""A program of several calls: each in a place of its own, stopped and failed with what had come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from playground.backends.scripted import ScriptedBackend
from playground.errors import BackendError
from playground.runs.cells import End, Failed, Finished, Started
from playground.runs.gate import Gate
from playground.runs.runner import Execution
from playground.runs.single import Call, Send, Single, Tell
from playground.types.generation import Chunk, Finish, GenerationRequest, Message
from playground.types.grid import Work
from playground.types.prompt import Sampling
from playground.types.trace import Answer, Step
from tests.works import work

HOUR = 3600.0
SAID = (Message("user", "x"),)


class Together:
    """Asks three models at the same time; the texts, joined, are the answer."""

    def __init__(self, _: Work, send: Send, tell: Tell) -> None:
        self._send = send
        self._calls = [Call(GenerationRequest(f"scripted:{name}", SAID, Sampling())) for name in "abc"]

    async def answer(self) -> Answer:
        got = await asyncio.gather(*map(self._send, self._calls))
        steps = [Step(SAID, each, number=number) for number, each in enumerate(got)]
        return Answer(tuple(steps), final=" ".join(each.text for each in got))

    def so_far(self, finish: Finish) -> Answer:
        steps = [Step(SAID, call.fold.completion(finish), number=n) for n, call in enumerate(self._calls)]
        return Answer(tuple(steps), ended=finish)


class Counting(ScriptedBackend):
    """Knows how many calls there were at the same time."""

    most = 0

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        async with aclosing(super().stream(request)) as chunks:
            async for chunk in chunks:
                self.most = max(self.most, self.running)
                yield chunk


async def as_it_is(end: End) -> End:
    return end


def execution(
    backend: ScriptedBackend, places: int, program: type[Together] | type[Single]
) -> Execution[End]:
    gates = {"scripted": Gate(lambda: places)}
    cells = [work(0, "scripted:a", messages=SAID)]
    return Execution(cells, lambda _: backend, gates, as_it_is, program=program)


async def end_of(run: Execution[End]) -> End:
    async with asyncio.timeout(20):
        return [event async for event in run.events() if isinstance(event, Finished | Failed)][0]


async def test_calls_of_one_cell_run_together_as_far_as_there_are_places() -> None:
    for places in (1, 2, 3):
        backend = Counting({name: ["one", 0.02, name] for name in "abc"})
        end = await end_of(execution(backend, places, Together))
        assert backend.most == places
        assert (end.answer.text, end.answer.calls) == ("onea oneb onec", 3)


async def test_stopping_a_cell_ends_all_of_its_calls_and_keeps_what_had_come() -> None:
    backend = ScriptedBackend({"a": ["one", HOUR], "b": ["two", HOUR], "c": ["three", HOUR]})
    run = execution(backend, 3, Together)
    async with asyncio.timeout(20):
        texts = 0
        async for event in run.events():
            texts += not isinstance(event, Started | Finished)
            if texts == 3:
                run.stop()
            if isinstance(event, Finished):
                end = event
    assert [step.text for step in end.answer.steps] == ["one", "two", "three"]
    assert (end.answer.finish, backend.running) == ("cancelled", 0)


async def test_a_call_that_fails_ends_the_cell_with_what_the_others_had() -> None:
    backend = ScriptedBackend({"a": ["one"], "b": [0.05, BackendError("No.", "Wait.")], "c": ["three"]})
    end = await end_of(execution(backend, 3, Together))
    assert isinstance(end, Failed)
    assert (end.message, end.hint) == ("No.", "Wait.")
    assert [step.text for step in end.answer.steps] == ["one", "", "three"]


class Unmade(Together):
    """Cannot be made."""

    def __init__(self, _: Work, send: Send, tell: Tell) -> None:
        raise RuntimeError("no such thing")


async def test_a_program_that_cannot_be_made_fails_its_cell_alone() -> None:
    end = await end_of(execution(ScriptedBackend({"a": "x"}), 1, Unmade))
    assert isinstance(end, Failed)
    assert end.message == "scripted:a failed with RuntimeError."
    assert (end.answer.text, end.answer.messages) == ("", SAID)


async def test_the_prompt_as_it_is_makes_one_call_whose_hash_tells_what_was_asked() -> None:
    ends = [await end_of(execution(ScriptedBackend({"a": "x"}), 1, Single)) for _ in range(2)]
    assert [end.answer.calls for end in ends] == [1, 1]
    first, again = (end.answer.steps[0].request_hash for end in ends)
    assert first == again and len(first) == 64
