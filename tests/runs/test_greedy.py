from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from playground.errors import StoreError
from playground.runs import greedy
from playground.runs.greedy import Looks
from playground.types.generation import Completion

LONDON = Completion("London", "stop")


class Store:
    """Answers that are known, and what was asked for."""

    def __init__(self, *faults: Exception) -> None:
        self.asked: list[list[str]] = []
        self.faults = list(faults)

    async def find(self, keys: Collection[str]) -> Mapping[str, Completion]:
        self.asked.append(list(keys))
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.pop()
        return {"a": LONDON}


async def test_answers_that_are_asked_for_at_about_the_same_time_are_looked_up_together() -> None:
    store = Store()
    looks = Looks(store.find, 9)
    found = await asyncio.gather(*(looks.up(key) for key in ("a", "b", "a", "c")))
    assert found == [LONDON, None, LONDON, None]
    assert store.asked == [["a", "b", "c"]]
    assert await looks.up("a") == LONDON
    assert store.asked[1:] == [["a"]]


async def test_who_is_stopped_while_looking_leaves_the_others_theirs() -> None:
    looks = Looks(Store().find, 9)
    stopped, other = asyncio.create_task(looks.up("a")), asyncio.create_task(looks.up("a"))
    await asyncio.sleep(0)
    stopped.cancel()
    assert await other == LONDON
    assert stopped.cancelled()


async def test_a_look_that_fails_fails_for_those_who_asked_then() -> None:
    looks = Looks(Store(StoreError("The disk.", "Look.")).find, 9)
    found = await asyncio.gather(looks.up("a"), looks.up("b"), return_exceptions=True)
    assert [type(each) for each in found] == [StoreError, StoreError]
    assert await looks.up("a") == LONDON


async def test_a_look_begins_when_as_many_are_asked_for_as_there_are_calls_at_once() -> None:
    store = Store()
    looks = Looks(store.find, 2)
    looking = [asyncio.create_task(looks.up(key)) for key in ("a", "b", "c")]
    async with asyncio.timeout(greedy.GATHER_S / 2):
        assert await asyncio.gather(*looking[:2]) == [LONDON, None]
    assert await looking[2] is None, "who is alone does not wait for ever"
    assert store.asked == [["a", "b"], ["c"]]
