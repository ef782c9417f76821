from __future__ import annotations

import pytest

from playground.errors import NotFoundError, PromptError
from playground.store import Store
from playground.types.prompt import Prompt, Turn

BAD = ["", " ", "a b", "a/b", "x" * 41, "latest", "LATEST", "3", "٣", "a\nb", "a\0", "<b>", "production!"]


def prompt(text: str = "Hello", name: str = "Greeting") -> Prompt:
    return Prompt(name=name, turns=(Turn(role="user", template=text),))


@pytest.fixture
def ident(store: Store) -> str:
    """A prompt with the versions 1 and 2."""
    first = store.save_version(prompt("one"), message="")
    store.save_version(prompt("two"), message="", prompt_id=first.prompt_id)
    return first.prompt_id


@pytest.mark.parametrize("label", ["production", "a", "x" * 40, "v1.0", "team-a_b", "生产"])
def test_a_label_stands_on_one_version_and_moves(store: Store, ident: str, label: str) -> None:
    store.set_label(ident, label, 1)
    assert store.labels(ident) == {label: 1}
    store.set_label(ident, label, 2)
    assert store.labels(ident) == {label: 2}
    store.set_label(ident, label, None)
    store.set_label(ident, label, None)
    assert store.labels(ident) == {}


def test_letter_case_does_not_make_another_label(store: Store, ident: str) -> None:
    store.set_label(ident, "Production", 1)
    store.set_label(ident, "pRODUCTION", 2)
    assert store.labels(ident) == {"Production": 2}


@pytest.mark.parametrize("label", BAD)
def test_a_label_that_means_something_else_or_cannot_be_typed_is_refused(
    store: Store, ident: str, label: str
) -> None:
    with pytest.raises(PromptError, match="cannot name a label") as caught:
        store.set_label(ident, label, 1)
    assert caught.value.hint
    assert store.labels(ident) == {}


def test_a_label_needs_a_version_that_is_there(store: Store, ident: str) -> None:
    store.set_label(ident, "production", 1)
    with pytest.raises(NotFoundError, match="no version 3"):
        store.set_label(ident, "production", 3)
    with pytest.raises(NotFoundError):
        store.set_label("nope", "production", 1)
    assert store.labels(ident) == {"production": 1}


def test_a_version_is_found_by_name_and_number_or_label(store: Store, ident: str) -> None:
    store.set_label(ident, "Production", 1)
    found = {
        at: store.version_named(" GREETING ", at).number for at in ("", "latest", "2", "1", "production")
    }
    assert found == {"": 2, "latest": 2, "2": 2, "1": 1, "production": 1}


def test_a_version_that_is_not_there_tells_what_there_is(store: Store, ident: str) -> None:
    with pytest.raises(NotFoundError, match='no prompt named "Nobody"'):
        store.version_named("Nobody")
    with pytest.raises(NotFoundError, match="no labels. Its newest version is 2"):
        store.version_named("Greeting", "staging")
    store.set_label(ident, "production", 1)
    with pytest.raises(NotFoundError, match="Its labels are: production"):
        store.version_named("Greeting", "staging")
    for number in ("3", "0", "9" * 5000):
        with pytest.raises(NotFoundError, match="from 1 to 2"):
            store.version_named("Greeting", number)
    store.bin.put(ident)
    with pytest.raises(NotFoundError, match="no prompt named"):
        store.version_named("Greeting")


def test_variants_are_lines_of_one_prompt_beside_the_main_one(store: Store, ident: str) -> None:
    terse = store.save_version(prompt("t1"), message="", prompt_id=ident, variant="terse", author="Ada")
    more = store.save_version(prompt("t2"), message="", prompt_id=ident, variant="terse")
    warm = store.save_version(prompt("w1"), message="", prompt_id=ident, variant="a-warm-one")
    main = store.save_version(prompt("three"), message="", prompt_id=ident)
    assert [v.number for v in (terse, more, warm, main)] == [3, 4, 5, 6]
    assert (terse.variant, terse.author, main.variant) == ("terse", "Ada", "")
    assert [(v.variant, v.number) for v in store.variants(ident)] == [("a-warm-one", 5), ("terse", 4)]
    assert [v.variant for v in store.versions(ident)] == ["", "a-warm-one", "terse", "terse", "", ""]
    assert store.version(ident) == main
    assert store.version(ident, 3) == terse


def test_a_variant_leaves_the_newest_main_version_and_the_name_alone(store: Store, ident: str) -> None:
    before = store.version(ident)
    saved = store.save_version(prompt("t1", name="Other name"), message="", prompt_id=ident, variant="terse")
    assert (saved.name, saved.prompt.name) == ("Greeting", "Greeting")
    assert store.version(ident) == before
    (card,) = store.prompts()
    assert (card.latest, card.name) == (2, "Greeting")


def test_unchanged_content_is_compared_with_the_newest_of_its_own_line(store: Store, ident: str) -> None:
    terse = store.save_version(prompt("two"), message="", prompt_id=ident, variant="terse")
    assert terse.number == 3
    assert store.save_version(prompt("two"), message="x", prompt_id=ident, variant="TERSE") == terse
    assert store.save_version(prompt("two"), message="x", prompt_id=ident).number == 2


def test_promoting_makes_a_variants_content_the_next_main_version(store: Store, ident: str) -> None:
    store.save_version(prompt("t1"), message="", prompt_id=ident, variant="terse")
    store.rename(ident, "Salute")
    promoted = store.promote(ident, "Terse", author="Ada")
    assert (promoted.number, promoted.variant, promoted.author) == (5, "", "Ada")
    assert promoted.message == 'Promoted variant "terse"'
    assert promoted.prompt == prompt("t1", name="Salute")
    assert store.version(ident) == promoted
    assert [v.variant for v in store.variants(ident)] == ["terse"]


def test_an_unknown_variant_cannot_be_promoted(store: Store, ident: str) -> None:
    with pytest.raises(NotFoundError, match="Save one first"):
        store.promote(ident, "")
    store.save_version(prompt("t1"), message="", prompt_id=ident, variant="terse")
    with pytest.raises(NotFoundError, match="Its variants are: terse"):
        store.promote(ident, "warm")
    assert store.version(ident).number == 2


def test_a_variant_needs_a_saved_prompt(store: Store) -> None:
    with pytest.raises(PromptError, match="belongs to a saved prompt"):
        store.save_version(prompt(), message="", variant="terse")
    assert store.facts().counts["content"] == 0


@pytest.mark.parametrize("variant", BAD[1:])
def test_a_variants_name_follows_the_rule_of_labels(store: Store, ident: str, variant: str) -> None:
    with pytest.raises(PromptError, match="cannot name a variant"):
        store.save_version(prompt("x"), message="", prompt_id=ident, variant=variant)
    assert len(store.versions(ident)) == 2


def test_restoring_and_renaming_note_their_author(store: Store, ident: str) -> None:
    assert store.restore(ident, 1, author=" Ada ").author == "Ada"
    assert store.rename(ident, "Salute", author="Bob").author == "Bob"
