"""Ratings of pairs of answers: kept beside the vote on the whole run, and never mistaken for it."""

from __future__ import annotations

import pytest

from playground.errors import NotFoundError
from playground.store import Store
from playground.store.records import RunFilter
from playground.types.grid import CellKey
from playground.types.outcomes import Rating
from tests.store.test_store_grid import create, end


def answered(store: Store, cases: int) -> str:
    """A grid of two variants with all its answers."""
    run = create(store, cases)
    for case in range(cases):
        for variant in (0, 1):
            store.submit(end(run, CellKey(case, variant, 0))).result(60)
    return run


def test_a_rating_is_replaced_taken_back_and_no_vote_on_the_run(store: Store) -> None:
    run = answered(store, 3)
    store.ratings.put(run, 2, 1, 0, "a", "mk")
    store.ratings.put(run, 0, 0, 1, "tie")
    assert store.ratings.of(run) == (Rating(2, 0, 1, "b", "mk"), Rating(0, 0, 1, "tie"))
    store.ratings.put(run, 2, 0, 1, "bad", "jo")
    assert store.ratings.of(run)[-1] == Rating(2, 0, 1, "bad", "jo")
    assert store.vote_and_note(run)[0] is None
    assert store.history(wanted=RunFilter(voted=True)).total == 0
    store.vote(run, "column", 1)
    store.vote(run, None)
    assert len(store.ratings.of(run)) == 2, "the vote on the run leaves them"
    store.ratings.put(run, 2, 0, 1, None)
    store.ratings.put(run, 0, 0, 1, None)
    assert store.ratings.of(run) == ()


@pytest.mark.parametrize("place", [(9, 0, 1), (0, 0, 7), (0, 1, 1), (-1, 0, 1), (2**40, 0, 1)])
def test_what_has_no_two_answers_cannot_be_rated(store: Store, place: tuple[int, int, int]) -> None:
    run = answered(store, 1)
    with pytest.raises(NotFoundError, match="no two answers"):
        store.ratings.put(run, *place, "a")
    with pytest.raises(NotFoundError):
        store.ratings.put("nowhere", 0, 0, 1, "a")
