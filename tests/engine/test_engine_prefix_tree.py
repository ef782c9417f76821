"""The tree alone, and the tree against llama.cpp's own book-keeping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.engine.gguf import read_header
from playground.engine.library import start_library
from playground.engine.model import LoadedModel, Options
from playground.engine.prefix_tree import PrefixTree, common_length
from playground.engine.protocol import Done, Generate
from playground.engine.scheduler import Scheduler
from tests.examples import examples

NewFake = Callable[..., Any]


class Written:
    """A tree over a fake cache, into which whole prompts are written at once."""

    def __init__(self, model: Any, sequences: int) -> None:
        self.context = model.new_context(1000, sequences)
        self.tree = PrefixTree(self.context)

    def write(self, tokens: list[int]) -> Any:
        leaf = self.tree.open(tokens)
        assert leaf
        new = tokens[leaf.end :]
        for position, token in enumerate(new, start=leaf.end):
            self.context.held.append((position, token, {leaf.sequence}))
        self.tree.grow(leaf, new)
        return leaf


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [
        ([], [1], 0),
        ([1], [2], 0),
        ([1, 2, 3], [1, 2, 3], 3),
        ([1, 2, 3], [1, 2, 4, 5], 2),
        ([7] * 99, [7] * 50, 50),
    ],
)
def test_the_common_beginning_of_two_prompts(one: list[int], other: list[int], length: int) -> None:
    assert common_length(one, other) == common_length(other, one) == length


def test_the_last_token_of_a_prompt_is_always_computed(new_fake: NewFake) -> None:
    written = Written(new_fake(), 4)
    written.tree.close(written.write([1, 2, 3]))
    assert written.tree.longest([1, 2, 3]).length == 2
    assert written.tree.longest([1, 2, 3, 4]).length == 3
    assert written.tree.longest([9]).length == 0


def test_shared_cells_are_counted_once_and_go_with_their_last_leaf(new_fake: NewFake) -> None:
    written = Written(new_fake(), 4)
    tree = written.tree
    leaves = [written.write([1, 2, 3, tail]) for tail in (4, 5, 6)]
    assert tree.cells == 6 == len(written.context.held)
    for leaf in leaves:
        tree.close(leaf)
    sizes = []
    while tree.evict():
        sizes.append(tree.cells)
        assert tree.cells == len(written.context.held)
    assert sizes == [5, 4, 3, 0], "the shared part is the last to go"


def test_without_a_free_sequence_an_old_leaf_goes_but_never_the_prefix_that_is_wanted(
    new_fake: NewFake,
) -> None:
    written = Written(new_fake(), 2)
    tree = written.tree
    tree.close(written.write([1, 2, 3]))
    tree.close(written.write([7, 8, 9]))
    leaf = written.write([1, 2, 3, 4])
    assert leaf.start == 3
    assert tree.longest([7, 8, 9]).length == 0
    other = written.write([5, 6])
    assert tree.open([9, 9]) is None, "both sequences are in use"
    tree.close(other)
    assert tree.open([9, 9]) is not None


REQUESTS = st.tuples(
    st.lists(st.sampled_from((5, 90)), max_size=1).map(
        lambda head: head * 9
    ),  # beginnings that are often shared
    st.lists(st.integers(20, 22), min_size=1, max_size=9),
    st.integers(1, 3),
)
MOVES = st.one_of(
    REQUESTS,
    st.integers(1, 3).map(lambda steps: ("step", steps)),
    st.integers(0, 5).map(lambda number: ("cancel", number)),
)


@pytest.fixture(scope="module")
def loaded(small: Path) -> Iterator[LoadedModel]:
    start_library()
    options = Options(context_tokens=64, parallel=3, threads=1, extra_buffers=False)
    found = LoadedModel(read_header(small), options)
    yield found
    found.close()


@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(moves=st.lists(MOVES, min_size=3, max_size=8))
def test_llama_cpp_agrees_with_the_tree_in_random_schedules(loaded: LoadedModel, moves: list[Any]) -> None:
    """Join, step, cancel, evict: every request ends once, no sequence leaks, llama.cpp knows the same positions."""
    scheduler = Scheduler(loaded, loaded.rules)
    scheduler.cells = 48  # llama.cpp has 256; so few make branches and requests give way
    ends: dict[int, Done] = {}
    joined = 0
    for move in moves:
        if move[0] == "step":
            for _ in range(move[1]):
                step(scheduler, ends)
        elif move[0] == "cancel":
            gone = scheduler.cancel(move[1])
            assert gone is None or gone.id not in ends
            ends |= {gone.id: gone} if gone else {}
        else:
            head, tail, tokens = move
            request = Generate(joined, "", False, "", "throughput", [], 0, 1, 0, 0, 1, 0, 0, 0, tokens, [])
            scheduler.submit(request, head + tail)
            joined += 1
    while not scheduler.is_idle:
        step(scheduler, ends)
    assert sorted(ends) == list(range(joined))
    scheduler.close()


def step(scheduler: Scheduler, ends: dict[int, Done]) -> None:
    for event in scheduler.step():
        if isinstance(event, Done):
            assert event.id not in ends
            ends[event.id] = event
    for leaf in scheduler.tree.leaves:
        assert scheduler._calls.last_position(leaf.sequence) == leaf.end - 1
    for sequence in scheduler.tree._free:
        assert scheduler._calls.last_position(sequence) == -1
    assert scheduler.tree.cells <= scheduler.used <= scheduler.cells
