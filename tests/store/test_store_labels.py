"""Labels by hand: kept by criterion, replaced, taken back, and of the answer that was there."""

from __future__ import annotations

import pytest

from playground.errors import NotFoundError
from playground.store import Store
from playground.types.grid import CellKey
from playground.types.outcomes import HandLabel
from tests.store.test_store_grid import create, end
from tests.store.test_store_ratings import answered

FIRST, OTHER = CellKey(0, 0, 0), CellKey(1, 1, 0)


def test_a_label_is_kept_by_its_criterion_replaced_and_taken_back(store: Store) -> None:
    run = answered(store, 2)
    store.hand_labels.put(run, FIRST, "polite", True, voter="mk")
    store.hand_labels.put(run, OTHER, "polite", False, note="Grants both.")
    store.hand_labels.put(run, FIRST, "short", False)
    store.hand_labels.put(run, FIRST, "polite", False, kind="reversed")
    assert store.hand_labels.of(run, "polite") == (
        HandLabel(FIRST, True),
        HandLabel(OTHER, False, "Grants both."),
    )
    store.hand_labels.put(run, FIRST, "polite", False, note="On a second look.")
    assert store.hand_labels.of(run, "polite")[-1] == HandLabel(FIRST, False, "On a second look.")
    store.hand_labels.put(run, OTHER, "polite", None)
    assert [each.key for each in store.hand_labels.of(run, "polite")] == [FIRST]
    assert store.hand_labels.of(run, "short") == (HandLabel(FIRST, False),)
    assert store.hand_labels.of(run, "polite", "reversed") == (HandLabel(FIRST, False),)


def test_an_answer_that_was_given_since_has_no_label(store: Store) -> None:
    run = answered(store, 1)
    store.hand_labels.put(run, FIRST, "polite", True)
    store.submit(end(run, FIRST)).result(60)
    assert store.hand_labels.of(run, "polite") == ()


def test_what_has_no_answer_cannot_be_labelled(store: Store) -> None:
    run = create(store, 1)
    for key in (FIRST, CellKey(7, 0, 0), CellKey(-1, 0, 0), CellKey(2**40, 0, 0)):
        with pytest.raises(NotFoundError, match="no answer to label"):
            store.hand_labels.put(run, key, "polite", True)
