"""Places for answers whose number may change while somebody waits."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from playground.backends import make_backend
from playground.runs.gate import Gate
from playground.settings import Settings
from playground.workbench.models import ModelDesk


class Limit:
    """A number that a test changes."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self) -> int:
        return self.number


async def crowd(slots: Gate, people: int) -> tuple[list[int], list[asyncio.Event], list[asyncio.Task[None]]]:
    """So many who want a place: who got one, in order, and what lets each go."""
    inside: list[int] = []
    leave = [asyncio.Event() for _ in range(people)]

    async def person(number: int) -> None:
        async with slots:
            inside.append(number)
            await leave[number].wait()

    tasks = [asyncio.create_task(person(number)) for number in range(people)]
    await settled()
    return inside, leave, tasks


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_as_many_as_the_limit_are_inside_first_come_first_served() -> None:
    inside, leave, tasks = await crowd(Gate(lambda: 2), 4)
    assert inside == [0, 1]
    leave[1].set()
    await settled()
    assert inside == [0, 1, 2]
    for event in leave:
        event.set()
    await asyncio.gather(*tasks)
    assert inside == [0, 1, 2, 3]


async def test_a_larger_limit_lets_in_who_waits_and_a_smaller_one_sends_nobody_away() -> None:
    limit = Limit(1)
    slots = Gate(limit)
    inside, leave, tasks = await crowd(slots, 5)
    limit.number = 3
    slots.admit()
    await settled()
    assert inside == [0, 1, 2]
    limit.number = 1
    for number in (0, 1):
        leave[number].set()
        await settled()
        assert inside == [0, 1, 2]
    leave[2].set()
    await settled()
    assert inside == [0, 1, 2, 3]
    for event in leave:
        event.set()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("limit", [0, -3])
async def test_one_place_there_is_always(limit: int) -> None:
    async with asyncio.timeout(1), Gate(lambda: limit):
        pass


async def test_who_gives_up_waiting_costs_no_place() -> None:
    slots = Gate(lambda: 1)
    inside, leave, tasks = await crowd(slots, 4)
    tasks[1].cancel()
    await settled()
    leave[0].set()
    tasks[2].cancel()  # maybe in the moment of its turn
    await settled()
    leave[3].set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert inside[0] == 0 and inside[-1] == 3
    async with asyncio.timeout(1), slots:
        pass


async def test_a_place_given_to_somebody_who_leaves_in_that_moment_goes_on_to_the_next() -> None:
    slots = Gate(lambda: 1)
    inside, leave, tasks = await crowd(slots, 3)
    leave[0].set()
    await asyncio.sleep(0)  # the place has been given to the second, who has not run yet
    tasks[1].cancel()
    await settled()
    assert inside in ([0, 2], [0, 1, 2])
    leave[2].set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_renewed_server_has_its_own_number_of_places_at_once(tmp_path: Path) -> None:
    desk = ModelDesk(Settings(data_dir=tmp_path), {})
    await desk.add_server("box", "llamafactory", "http://127.0.0.1:9")
    inside, leave, tasks = await crowd(desk.gates["box"], 3)
    assert inside == [0]
    await desk.add_server("box", "vllm", "http://127.0.0.1:9")
    await settled()
    assert inside == [0, 1, 2]
    await desk.remove_server("box")
    await desk.add_server("box", "llamafactory", "http://127.0.0.1:9")
    for event in leave:
        event.set()
    await asyncio.gather(*tasks)
    inside, leave, tasks = await crowd(desk.gates["box"], 2)
    assert inside == [0]
    for event in leave:
        event.set()
    await asyncio.gather(*tasks)
    await desk.close()


# --- ranks --------------------------------------------------------------------------------------------------


async def test_what_somebody_watches_goes_before_all_that_waits_in_the_background() -> None:
    gate, order = Gate(lambda: 1), []

    async def call(name: str, rank: int) -> None:
        async with gate.ranked(lambda: rank):
            order.append(name)

    async with gate:
        background = [asyncio.create_task(call(f"b{n}", 1)) for n in range(3)]
        await settled()
        watched = [asyncio.create_task(call(f"w{n}", 0)) for n in range(2)]
        await settled()
    await asyncio.gather(*background, *watched)
    assert order == ["w0", "w1", "b0", "b1", "b2"]


async def test_a_rank_is_asked_when_a_place_is_free() -> None:
    gate, order, ranks = Gate(lambda: 1), [], {"left": 0, "opened": 1}

    async def call(name: str) -> None:
        async with gate.ranked(lambda: ranks[name]):
            order.append(name)

    async with gate:
        calls = [asyncio.create_task(call(name)) for name in ("left", "opened")]
        await settled()
        ranks |= {"left": 1, "opened": 0}  # the tab of one was closed, the other one was opened
    await asyncio.gather(*calls)
    assert order == ["opened", "left"]


async def test_an_interactive_call_waits_for_one_place_and_not_for_a_grid_of_a_thousand() -> None:
    gate, running, begun = Gate(lambda: 16), 0, 0

    async def background() -> None:
        nonlocal running, begun
        async with gate.ranked(lambda: 1):
            begun += 1
            running += 1
            await asyncio.sleep(0)
            running -= 1

    grid = [asyncio.create_task(background()) for _ in range(1000)]
    while begun < 500:
        await asyncio.sleep(0)
    before = begun
    async with gate:
        assert begun - before <= 2 * 16
    await asyncio.gather(*grid)
    assert running == 0


# --- backends that put off the background ---------------------------------------------------------------------


async def stay(gate: Gate, rank: int, inside: list[int], leave: asyncio.Event) -> None:
    async with gate.ranked(lambda: rank):
        inside.append(rank)
        await leave.wait()


async def test_what_somebody_watches_reaches_at_once_a_backend_that_puts_off_the_background() -> None:
    gate, inside, leave = Gate(lambda: 2, preempts=lambda: True), [], asyncio.Event()
    background = [asyncio.create_task(stay(gate, 1, inside, leave)) for _ in range(4)]
    await settled()
    assert inside == [1, 1] and not gate.locked() and gate.ranked(lambda: 1).locked()
    watched = [asyncio.create_task(stay(gate, 0, inside, leave)) for _ in range(3)]
    await settled()
    assert inside == [1, 1, 0, 0], "its own number of places, and no more"
    assert gate.locked()
    leave.set()
    await asyncio.gather(*background, *watched)
    assert sorted(inside) == [0] * 3 + [1] * 4
    assert not gate.locked()


async def test_the_background_gets_no_place_while_those_who_watch_fill_all() -> None:
    gate, inside, leave = Gate(lambda: 2, preempts=lambda: True), [], asyncio.Event()
    tasks = [asyncio.create_task(stay(gate, 0, inside, leave)) for _ in range(2)]
    await settled()
    tasks.append(asyncio.create_task(stay(gate, 1, inside, leave)))
    await settled()
    assert inside == [0, 0]
    leave.set()
    await asyncio.gather(*tasks)
    assert inside == [0, 0, 1]


async def test_a_place_is_given_back_as_what_it_was_taken_as() -> None:
    gate, ranks, leave = Gate(lambda: 1, preempts=lambda: True), {"a": 0}, asyncio.Event()

    async def call() -> None:
        async with gate.ranked(lambda: ranks["a"]):
            await leave.wait()

    task = asyncio.create_task(call())
    await settled()
    ranks["a"] = 1  # its tab was closed meanwhile
    assert gate.locked()
    leave.set()
    await task
    assert not gate.locked() and not gate.ranked(lambda: 1).locked()


async def test_of_two_who_watch_the_second_waits_for_the_first_where_there_is_one_place() -> None:
    gate, inside, leave = Gate(lambda: 1, preempts=lambda: True), [], asyncio.Event()
    tasks = [asyncio.create_task(stay(gate, rank, inside, leave)) for rank in (1, 0, 0)]
    await settled()
    assert inside == [1, 0]
    tasks[2].cancel()
    leave.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not gate.locked()


def test_the_gate_of_the_engine_preempts_and_that_of_a_server_does_not(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    desk = ModelDesk(settings, {name: make_backend(name, settings) for name in ("llama.cpp", "ollama")})
    assert desk.gates["llama.cpp"].preempts and not desk.gates["ollama"].preempts
