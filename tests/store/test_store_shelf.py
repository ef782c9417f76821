from __future__ import annotations

import pytest

from playground.errors import NotFoundError, PromptError
from playground.store import Store
from playground.store.records import Facets
from playground.types.prompt import Prompt, Turn


def save(store: Store, name: str, **fields: object) -> str:
    """The id of a new prompt."""
    data = {"turns": (Turn(role="user", template="Hello"),)} | fields
    return store.save_version(Prompt(name=name, **data), message="").prompt_id  # type: ignore[arg-type]


def names(store: Store, search: str = "", **filters: object) -> list[str]:
    return [p.name for p in store.prompts(search, **filters)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "search",
    ["refund", "POLITE mail", "tone-tag", "fun", "退款", "语气 refund", "straße", "STRASSE", "turn two"],
)
def test_a_prompt_is_found_by_words_and_parts_of_words_of_all_its_texts(store: Store, search: str) -> None:
    save(store, "Other")
    save(
        store,
        "Refund",
        description="A polite mail",
        name_zh="退款邮件",
        description_zh="礼貌的语气",
        tags=("tone-tag",),
        turns=(Turn(role="system", template="Straße"), Turn(role="user", template="turn two")),
    )
    assert names(store, search) == ["Refund"]
    assert names(store, search + " needle") == []


def test_matches_in_the_name_come_first_then_the_last_changed(store: Store) -> None:
    save(store, "Tone of a mail")
    old = save(store, "Old", description="tone mail")
    save(store, "New", description="mail tone")
    assert names(store, "mail tone") == ["Tone of a mail", "New", "Old"]
    store.rename(old, "Older")
    assert names(store, "tone") == ["Tone of a mail", "Older", "New"]
    assert names(store) == ["Older", "New", "Tone of a mail"]


def test_a_list_comes_in_pages(store: Store) -> None:
    for number in range(5):
        save(store, f"P{number}")
    assert names(store, limit=2) == ["P4", "P3"]
    assert names(store, limit=2, offset=4) == ["P0"]
    assert names(store, limit=-1) == []
    assert names(store, limit=10**30, offset=10**30) == []


def test_filters_narrow_the_list_together(store: Store) -> None:
    one = save(store, "One", family="coding", tags=("a", "b"))
    save(store, "Two", family="coding", tags=("b",))
    save(store, "Three", tags=("a",))
    store.set_favourite(f"prompt:{one}", True)
    assert names(store, family="coding") == ["Two", "One"]
    assert names(store, tag="a") == ["Three", "One"]
    assert names(store, tag="A") == []
    assert names(store, favourite=True) == ["One"]
    assert names(store, family="coding", tag="b", favourite=True, origin="mine") == ["One"]
    assert names(store, "two", tag="a") == []


def test_a_summary_tells_what_a_card_shows(store: Store) -> None:
    prompt = Prompt(name="Card", description="Short\0", family="coding", tags=("b", "a", "b"))
    saved = store.save_version(prompt, message="", forked_from="hub/x")
    store.save_version(prompt, message="", prompt_id=saved.prompt_id, variant="terse")
    store.set_label(saved.prompt_id, "production", 1)
    store.set_favourite(f"prompt:{saved.prompt_id}", True)
    (card,) = store.prompts()
    assert (card.description, card.family, card.tags) == ("Short\0", "coding", ("b", "a"))
    assert (card.origin, card.favourite, card.deleted_at) == ("fork", True, None)
    assert (card.labels, card.variants) == ((("production", 1),), ("terse",))
    assert (card.latest, card.content_hash) == (1, saved.content_hash)
    assert store.find_prompt(" CARD ") == card
    assert store.find_prompt("Car") is None


def test_a_summary_follows_the_newest_main_version(store: Store) -> None:
    ident = save(store, "P", family="old", tags=("x",))
    changed = Prompt(name="P", family="new", tags=("y", "z"), description="fresh")
    saved = store.save_version(changed, message="", prompt_id=ident)
    store.save_version(
        Prompt(name="P", family="rival", tags=("r",)), message="", prompt_id=ident, variant="r"
    )
    (card,) = store.prompts("fresh")
    assert (card.family, card.tags, card.content_hash) == ("new", ("y", "z"), saved.content_hash)
    assert names(store, tag="x") == names(store, tag="r") == names(store, "hello") == []


def test_facets_count_what_is_found_most_frequent_first(store: Store) -> None:
    one = save(store, "Mail one", family="coding", tags=("b", "a"))
    save(store, "Mail two", family="reasoning", tags=("b",))
    save(store, "Mail three", family="reasoning")
    save(store, "Other", tags=("c",))
    store.save_version(Prompt(name="Fork mail"), message="", forked_from="hub/x")
    store.set_favourite(f"prompt:{one}", True)
    gone = save(store, "Mail gone", family="coding", tags=("b",))
    store.set_favourite(f"prompt:{gone}", True)
    store.set_favourite("pattern:hub/x", True)
    store.bin.put(gone)
    found = store.facets("mail")
    assert found == Facets(
        total=4,
        origins={"mine": 3, "fork": 1},
        families={"reasoning": 2, "coding": 1},
        tags={"b": 2, "a": 1},
        favourites=1,
        binned=1,
    )
    assert list(found.families) == ["reasoning", "coding"]
    assert store.facets().total == 5
    assert store.facets("needle") == Facets(0, {}, {}, {}, 0, 0)


def test_facets_of_an_empty_library_are_zero(store: Store) -> None:
    assert store.facets() == Facets(0, {}, {}, {}, 0, 0)


def test_favourites_are_kept_for_saved_prompts_and_patterns_alike(store: Store) -> None:
    keys = {f"prompt:{save(store, 'P')}", "pattern:hub/coding/fix \ud800"}
    for key in keys:
        store.set_favourite(key, True)
        store.set_favourite(key, True)
    assert store.favourites() == keys
    for key in keys:
        store.set_favourite(key, False)
        store.set_favourite(key, False)
    assert store.favourites() == frozenset()


@pytest.mark.parametrize("key", ["", "prompt", "pattern:", "vote:1", "pattern:" + "x" * 501])
def test_a_favourite_of_another_kind_is_refused(store: Store, key: str) -> None:
    with pytest.raises(PromptError, match="cannot be a favourite"):
        store.set_favourite(key, True)


def test_a_prompt_that_is_not_there_cannot_become_a_favourite(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.set_favourite("prompt:nope", True)
    store.set_favourite("prompt:nope", False)
    assert store.favourites() == frozenset()
