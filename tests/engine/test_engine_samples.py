"""Samples of one prompt in exact mode: read once, and each answer is bit for bit what it is alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from playground.engine.client import Engine, Wishes
from playground.engine.one_seat import OneSeat
from playground.engine.protocol import Done, Generate, Piece
from playground.types.prompt import Sampling

NewFake = Callable[..., Any]
NewEngine = Callable[..., Engine]
PROMPT = [n % 70 + 10 for n in range(200)]


def sample(number: int, max_tokens: int = 5, family: str = "f") -> Generate:
    return Generate(number, "m", True, "", "exact", [], 0, 1, 0, 0, 1, 0, 0, 0, max_tokens, [], family=family)


def run_out(scheduler: OneSeat, limit: int = 5_000) -> tuple[dict[int, str], dict[int, int]]:
    """Texts and cached tokens of all requests."""
    texts: dict[int, str] = {}
    cached: dict[int, int] = {}
    for _ in range(limit):
        for event in scheduler.step():
            if isinstance(event, Piece):
                texts[event.id] = texts.get(event.id, "") + event.text
            else:
                assert isinstance(event, Done)
                cached[event.id] = event.cached_tokens
        if scheduler.is_idle:
            return texts, cached
    raise AssertionError("a request starves")


def prompt_rows(model: Any) -> int:
    return sum(len(rows) for rows in model.calls if len(rows) > 1)


def test_samples_follow_the_one_that_reads(new_fake: NewFake) -> None:
    model = new_fake(cells=4096)
    scheduler = OneSeat(model)
    for number in range(8):
        scheduler.submit(sample(number), PROMPT)
    texts, cached = run_out(scheduler)
    assert set(texts.values()) == {model.says(PROMPT, 5)}
    assert sorted(cached.values()) == [0] + 7 * [200]
    assert [len(rows) for rows in model.calls if len(rows) > 1] == [128, 72], "one prefill, cut as alone"


def test_samples_go_on_in_the_cells_that_the_one_before_has_left(new_fake: NewFake) -> None:
    model = new_fake(cells=256, context_tokens=256)
    scheduler = OneSeat(model)
    for number in range(5):
        scheduler.submit(sample(number), PROMPT)
    texts, cached = run_out(scheduler)
    assert set(texts.values()) == {model.says(PROMPT, 5)}
    assert sorted(cached.values()) == [0] + 4 * [200]
    assert prompt_rows(model) == 200


def test_a_sample_that_comes_a_little_later_finds_the_prompt(new_fake: NewFake) -> None:
    model = new_fake(cells=1024)
    scheduler = OneSeat(model)
    scheduler.submit(sample(1), PROMPT)
    run_out(scheduler)
    scheduler.submit(sample(2), PROMPT)
    assert run_out(scheduler) == ({2: model.says(PROMPT, 5)}, {2: 200})


def test_a_request_of_its_own_takes_the_cells_of_the_prompt_that_was_left(new_fake: NewFake) -> None:
    model = new_fake(cells=256, context_tokens=256)
    scheduler = OneSeat(model)
    scheduler.submit(sample(1), PROMPT)
    run_out(scheduler)
    scheduler.submit(sample(2, family=""), [5] * 200)
    assert run_out(scheduler) == ({2: model.says([5] * 200, 5)}, {2: 0})
    scheduler.submit(sample(3), PROMPT)
    assert run_out(scheduler) == ({3: model.says(PROMPT, 5)}, {3: 0})


def test_samples_of_two_prompts_that_come_mixed_read_each_prompt_once(new_fake: NewFake) -> None:
    model = new_fake(cells=1024)
    scheduler = OneSeat(model)
    for number in range(6):
        scheduler.submit(sample(number, family="fg"[number % 2]), PROMPT if number % 2 else [7] * 200)
    texts, cached = run_out(scheduler)
    assert sorted(cached.values()) == [0, 0] + 4 * [200]
    assert texts == {n: model.says(PROMPT if n % 2 else [7] * 200, 5) for n in range(6)}


def test_a_longer_sample_than_there_is_room_for_reads_the_prompt_again(new_fake: NewFake) -> None:
    model = new_fake(cells=1024)
    scheduler = OneSeat(model, 205)
    for number, length in enumerate((5, 50)):
        scheduler.submit(sample(number, length), PROMPT)
    assert run_out(scheduler) == ({0: model.says(PROMPT, 5), 1: model.says(PROMPT, 50)}, {0: 0, 1: 0})


def test_other_families_other_prompts_and_plain_requests_share_nothing(new_fake: NewFake) -> None:
    model = new_fake(cells=4096)
    scheduler = OneSeat(model)
    other = [*PROMPT[:-1], 99]
    scheduler.submit(sample(1), PROMPT)
    scheduler.submit(sample(2, family="g"), PROMPT)
    scheduler.submit(sample(3), other)
    scheduler.submit(sample(4, family=""), PROMPT)
    scheduler.submit(sample(5, family=""), PROMPT)
    texts, cached = run_out(scheduler)
    assert set(cached.values()) == {0}
    assert texts == {n: model.says(other if n == 3 else PROMPT, 5) for n in range(1, 6)}


def test_where_an_end_cannot_be_forgotten_each_sample_reads_for_itself(new_fake: NewFake) -> None:
    model = new_fake(cells=4096, shares_prefixes=False)
    scheduler = OneSeat(model)
    for number in range(3):
        scheduler.submit(sample(number), PROMPT)
    texts, cached = run_out(scheduler)
    assert set(texts.values()) == {model.says(PROMPT, 5)}
    assert list(cached.values()) == [0, 0, 0]


def test_when_the_one_that_reads_is_stopped_the_next_one_reads(new_fake: NewFake) -> None:
    model = new_fake(cells=4096)
    scheduler = OneSeat(model)
    for number in range(4):
        scheduler.submit(sample(number), PROMPT)
    scheduler.step()
    assert scheduler.cancel(0) == Done(0, "cancelled", 0, 0, "")
    texts, cached = run_out(scheduler)
    assert set(texts.values()) == {model.says(PROMPT, 5)}
    assert sorted(cached.values()) == [0, 200, 200]


def test_a_stopped_sample_leaves_the_prompt_to_the_next(new_fake: NewFake) -> None:
    model = new_fake(cells=256, context_tokens=256)
    scheduler = OneSeat(model)
    for number in (1, 2):
        scheduler.submit(sample(number, 30), PROMPT)
    for _ in range(6):
        scheduler.step()
    scheduler.cancel(1)
    texts, cached = run_out(scheduler)
    assert (texts[2], cached[2]) == (model.says(PROMPT, 30), 200)


# --- the real model ---------------------------------------------------------------------------------------

TEXT = "Name a colour, a river and an animal.\n" + "The ship left the harbour at dawn. " * 14
SAMPLING = Sampling(temperature=1.0, top_p=0.95, max_tokens=5)
SCHEMA = '{"type": "object", "properties": {"colour": {"type": "string"}}}'


async def answer(
    engine: Engine, model: Path, seed: int, wishes: Wishes, **sampling: Any
) -> tuple[str, Any, int]:
    """Text, log-probabilities, and how many tokens of the prompt were not computed."""
    wanted = SAMPLING.model_copy(update={"seed": seed, **sampling})
    events = [e async for e in engine.generate(model, [["user", TEXT]], wanted, wishes)]
    done = events[-1]
    assert isinstance(done, Done)
    pieces = [event for event in events if isinstance(event, Piece)]
    return "".join(p.text for p in pieces), [row for p in pieces for row in p.logprobs], done.cached_tokens


@pytest.mark.parametrize(
    ("wishes", "sampling"),
    [
        (Wishes(top_logprobs=3), {"repetition_penalty": 1.3, "min_p": 0.05, "top_k": 40}),
        (Wishes(json_schema=SCHEMA, top_logprobs=1), {}),
        (Wishes(top_logprobs=1), {"temperature": 0.0}),
    ],
    ids=["sampled", "schema", "greedy"],
)
async def test_samples_at_once_read_the_prompt_once_and_are_bit_for_bit_what_they_are_alone(
    wishes: Wishes, sampling: Any, new_engine: NewEngine, small: Path
) -> None:
    engine = new_engine()
    prompt = len((await engine.render(small, [["user", TEXT]])).tokens)
    assert prompt > 127, "more than one portion"
    family = replace(wishes, family="one")
    together = await asyncio.gather(*(answer(engine, small, seed, family, **sampling) for seed in range(4)))
    assert sorted(cached for _, _, cached in together) == [0] + 3 * [prompt - 1], (
        "its last token gives the logits"
    )
    fresh = new_engine()
    for seed in (0, 3):
        alone = await answer(fresh, small, seed, wishes, **sampling)
        assert alone[:2] == together[seed][:2]


async def test_samples_that_come_in_waves_read_the_prompt_once(new_engine: NewEngine, small: Path) -> None:
    engine = new_engine(context_tokens=512)  # room for two of them
    slots = asyncio.Semaphore(3)

    async def one(seed: int) -> tuple[str, Any, int]:
        async with slots:
            return await answer(engine, small, seed, Wishes(family="one"))

    together = await asyncio.gather(*(one(seed) for seed in range(10)))
    assert [cached for _, _, cached in together].count(0) == 1
    assert (await answer(engine, small, 9, Wishes()))[0] == together[9][0]
