"""The noise floor: the same prompts asked alone and together, and how the difference is counted and worded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.bench.measuring import GREEDY, Greedy, measure
from playground.bench.noise import Noise, noise, worded
from playground.types.generation import GenerationRequest
from playground.workbench.service import Workbench

MakeWorkbench = Callable[..., Workbench]


def answers(*texts: str | None) -> list[Greedy | None]:
    return [None if text is None else Greedy(text, 5) for text in texts]


@pytest.mark.parametrize(
    ("alone", "together", "found"),
    [
        (("a b", "c"), ("a b", "c"), Noise(0, 2, 0.0)),
        (("a b c d", "e"), ("a b c x", "e"), Noise(1, 2, 2 / 10)),
        (("a", None, "b"), ("a", "x", None), Noise(0, 1, 0.0)),
        (("", ""), ("", ""), Noise(0, 2, 0.0)),
        (("a b",), ("a  b",), Noise(1, 1, 0.0)),  # the same words, and yet another answer
        (("a",), ("",), Noise(1, 1, 1.0)),
        ((None,), ("a",), None),
        ((), (), None),
        (("a",), (), None),  # of a measuring that asked once
    ],
)
def test_answers_and_words_that_differ_are_counted_of_those_that_came_twice(
    alone: tuple[str | None, ...], together: tuple[str | None, ...], found: Noise | None
) -> None:
    assert noise(answers(*alone), answers(*together)) == found


def test_it_is_told_in_words() -> None:
    assert worded(Noise(0, 10, 0.0)) == "asked twice, all 10 equal"
    assert worded(Noise(3, 10, 0.124)) == "asked twice, 3 of 10 differ (12 % of the words)"
    assert worded(Noise(1, 10, 0.001)) == "asked twice, 1 of 10 differ (less than 1 % of the words)"


async def test_the_bench_asks_the_same_prompts_again_all_at_once(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    workbench = make_workbench()
    backend = workbench.models.backends["scripted"]
    assert isinstance(backend, ScriptedBackend)
    monkeypatch.setattr(type(backend), "parallel", 4)
    seen: list[int] = []

    def depends_on_company(_: str, request: GenerationRequest) -> list[str | float]:
        seen.append(backend.running)
        return [0.02, "in company" if backend.running > 1 else "alone"]

    monkeypatch.setattr(backend, "_pieces", depends_on_company)
    [found] = await measure(workbench, ["scripted:echo"], seconds=20)
    assert len(found.greedy) == len(found.again) == len(GREEDY)
    told = noise(found.greedy, found.again)
    assert told and told.of == 10 and told.differing > 0
    assert max(seen[-len(GREEDY) :]) == 4, "never more at once than a backend takes"
