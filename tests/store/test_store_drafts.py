"""Drafts: kept, never written over by another tab, thrown away and put back, bounded."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from playground.errors import NotFoundError, PromptError, StoreError
from playground.store import Store, drafts
from playground.store.tables import DraftRow
from playground.store.unsaved import FormDraft

IMAGE = b"an image"


def draft(ident: str = "draft0001", tab: str = "tab1", text: str = "precious", **form: Any) -> FormDraft:
    told = {"prompt": {"turns": [{"role": "user", "template": text}]}, **form}
    return FormDraft(ident, "new:1", tab, "Mail", text, 2, None, datetime.now(UTC), told)


def test_a_draft_is_kept_in_place_of_its_state_before(store: Store) -> None:
    assert store.drafts.keep(draft(text="first")) == "draft0001"
    assert store.drafts.keep(draft(text="a\0second \ud800")) == "draft0001"
    assert store.drafts.get("draft0001").form["prompt"]["turns"][0]["template"] == "a\0second \ud800"
    (listed,) = store.drafts.all()
    assert (listed.name, listed.key, listed.version, store.drafts.count()) == ("Mail", "new:1", 2, 1)


def test_another_tab_never_writes_over_it(store: Store) -> None:
    store.drafts.keep(draft(text="mine"))
    other = store.drafts.keep(draft(tab="tab2", text="yours"))
    assert other != "draft0001"
    assert store.drafts.get("draft0001").begins == "mine"
    assert store.drafts.get(other).begins == "yours"


def test_a_tab_that_goes_on_with_a_draft_has_it_and_the_one_before_gets_its_own(store: Store) -> None:
    store.drafts.keep(draft(text="mine"))
    assert store.drafts.take("draft0001", "tab2").begins == "mine"
    assert store.drafts.keep(draft(tab="tab2", text="yours")) == "draft0001"
    assert store.drafts.keep(draft(text="mine again")) != "draft0001"
    assert store.drafts.count() == 2


def test_what_is_thrown_away_can_be_put_back(store: Store) -> None:
    store.drafts.keep(draft())
    store.drafts.drop("draft0001")
    assert (store.drafts.all(), store.drafts.newest("new:1")) == ([], None)
    store.drafts.put_back("draft0001")
    assert store.drafts.newest("new:1") == store.drafts.get("draft0001")


def test_drafts_are_found_by_what_is_in_them(store: Store) -> None:
    store.drafts.keep(draft(text="A refund letter"))
    store.drafts.keep(draft("draft0002", text="A poem"))
    assert [found.begins for found in store.drafts.all("REFUND mail")] == ["A refund letter"]
    assert store.drafts.all("100%_") == []


def test_images_are_kept_once_and_come_back_with_the_draft(store: Store) -> None:
    key = store.drafts.keep_image(IMAGE)
    store.drafts.keep(draft(images=[{"sha256": key}]))
    assert store.drafts.get("draft0001").form["images"] == [base64.b64encode(IMAGE).decode()]
    with pytest.raises(StoreError, match="missing"):
        store.drafts.keep(draft("draft0002", images=[{"sha256": "0" * 64}]))


def age(store: Store, **times: timedelta) -> None:
    moment = datetime.now(UTC)
    with store._writing() as session:
        session.execute(sa.update(DraftRow).values({name: moment - ago for name, ago in times.items()}))


def test_what_is_old_goes_with_the_images_that_nothing_else_names(store: Store) -> None:
    key = store.drafts.keep_image(IMAGE)
    store.drafts.keep(draft(images=[{"sha256": key}]))
    age(store, updated_at=timedelta(days=drafts.MOST_DAYS + 1))
    store.drafts.keep(draft("draft0002"))
    assert [row.id for row in store.drafts.all()] == ["draft0002"]
    assert store.facts().counts["blob"] == 0


def test_what_was_thrown_away_goes_after_a_day_and_another_draft_keeps_its_image(store: Store) -> None:
    key = store.drafts.keep_image(IMAGE)
    store.drafts.keep(draft(images=[{"sha256": key}]))
    age(store, dropped_at=timedelta(days=2))
    store.drafts.keep(draft("draft0002", images=[{"sha256": key}]))
    with pytest.raises(NotFoundError, match="no such draft"):
        store.drafts.get("draft0001")
    assert store.drafts.get("draft0002").form["images"]


def test_of_too_many_the_oldest_goes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MOST_DRAFTS", 3)
    for number in range(5):
        store.drafts.keep(draft(f"draft000{number}"))
    assert [row.id for row in store.drafts.all()] == ["draft0004", "draft0003", "draft0002"]


def test_one_that_is_too_large_is_refused_with_both_numbers(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MOST_CHARS", 1_000)
    with pytest.raises(PromptError, match=r"has 1,\d\d\d characters; at most 1,000"):
        store.drafts.keep(draft(text="x" * 1_000))


@pytest.mark.parametrize("ident", ["", "../../etc", "x" * 99, "A\0"])
def test_an_odd_id_is_none(store: Store, ident: str) -> None:
    kept = store.drafts.keep(replace(draft(), id=ident))
    assert kept != ident and store.drafts.get(kept)
    with pytest.raises(NotFoundError):
        store.drafts.get(ident)
