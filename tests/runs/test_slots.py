"""Places for answers whose number may change while somebody waits."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from playground.runs.slots import Slots
from playground.settings import Settings
from playground.workbench.models import ModelDesk


class Limit:
    """A number that a test changes."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self) -> int:
        return self.number


async def crowd(slots: Slots, people: int) -> tuple[list[int], list[asyncio.Event], list[asyncio.Task[None]]]:
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
    inside, leave, tasks = await crowd(Slots(lambda: 2), 4)
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
    slots = Slots(limit)
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
    async with asyncio.timeout(1), Slots(lambda: limit):
        pass


async def test_who_gives_up_waiting_costs_no_place() -> None:
    slots = Slots(lambda: 1)
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
    slots = Slots(lambda: 1)
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
    inside, leave, tasks = await crowd(desk.slots["box"], 3)
    assert inside == [0]
    await desk.add_server("box", "vllm", "http://127.0.0.1:9")
    await settled()
    assert inside == [0, 1, 2]
    await desk.remove_server("box")
    await desk.add_server("box", "llamafactory", "http://127.0.0.1:9")
    for event in leave:
        event.set()
    await asyncio.gather(*tasks)
    inside, leave, tasks = await crowd(desk.slots["box"], 2)
    assert inside == [0]
    for event in leave:
        event.set()
    await asyncio.gather(*tasks)
    await desk.close()
