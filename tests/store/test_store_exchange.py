from __future__ import annotations

import pytest

from playground.errors import NotFoundError, PromptError, StoreError
from playground.store import Store
from playground.store.blobs import keep_blob, load_blobs
from playground.store.records import SaveItem, SyncMark
from playground.types.prompt import Prompt, Turn


def prompt(name: str, text: str = "Hello") -> Prompt:
    return Prompt(name=name, turns=(Turn(role="user", template=text),), tags=("t",))


def test_many_prompts_are_saved_in_order_as_new_ones_and_as_versions(store: Store) -> None:
    first = store.save_version(prompt("A"), message="")
    store.save_version(prompt("A", "rival"), message="", prompt_id=first.prompt_id, variant="rival")
    saved = store.save_many(
        [
            SaveItem(prompt("B"), None, " why ", " Ada ", origin="imported"),
            SaveItem(prompt("A", "two"), first.prompt_id, "again"),
            SaveItem(prompt("C"), forked_from="hub/x"),
            SaveItem(prompt("A", "three"), first.prompt_id),
        ]
    )
    assert [(v.name, v.number) for v in saved] == [("B", 1), ("A", 3), ("C", 1), ("A", 4)]
    assert [v.origin for v in saved] == ["imported", "mine", "fork", "mine"]
    assert (saved[0].message, saved[0].author, saved[2].forked_from) == ("why", "Ada", "hub/x")
    for version in saved:
        assert store.version(version.prompt_id, version.number) == version
    assert store.prompts(origin="imported", tag="t")[0].id == saved[0].prompt_id
    assert store.save_many([]) == []


def test_unchanged_content_among_many_adds_nothing(store: Store) -> None:
    first = store.save_version(prompt("A"), message="")
    changed, same, back = store.save_many(
        [
            SaveItem(prompt("A", "two"), first.prompt_id),
            SaveItem(prompt("A", "two"), first.prompt_id),
            SaveItem(prompt("A"), first.prompt_id),
        ]
    )
    assert (changed.number, same, back.number) == (2, changed, 3)
    assert store.save_many([SaveItem(prompt(" A "), first.prompt_id)]) == [back]
    assert len(store.versions(first.prompt_id)) == 3


@pytest.mark.parametrize(
    ("names", "match"), [(("C", "b"), "already"), (("C", "c"), "already"), (("C", ""), "no name")]
)
def test_one_bad_name_among_many_saves_none(store: Store, names: tuple[str, str], match: str) -> None:
    first = store.save_version(prompt("A"), message="")
    store.save_version(prompt("B"), message="")
    items = [SaveItem(prompt("A2"), first.prompt_id), *(SaveItem(prompt(name, "x")) for name in names)]
    with pytest.raises(PromptError, match=match):
        store.save_many(items)
    assert [p.name for p in store.prompts()] == ["B", "A"]
    assert store.facts().counts["content"] == 2


def test_an_unknown_or_deleted_prompt_among_many_saves_none(store: Store) -> None:
    gone = store.save_version(prompt("A"), message="").prompt_id
    store.bin.put(gone)
    for prompt_id, match in (("nope", "no such prompt"), (gone, "was deleted")):
        with pytest.raises(NotFoundError, match=match):
            store.save_many([SaveItem(prompt("B")), SaveItem(prompt("A", "x"), prompt_id)])
    assert store.prompts() == []


def test_prompts_may_swap_their_names_and_a_new_one_may_take_a_name_given_up(store: Store) -> None:
    a = store.save_version(prompt("A", "a"), message="").prompt_id
    b = store.save_version(prompt("B", "b"), message="").prompt_id
    store.save_many([SaveItem(prompt("B", "a"), a), SaveItem(prompt("A", "b"), b)])
    assert (store.version(a).name, store.version(b).name) == ("B", "A")
    new, _ = store.save_many([SaveItem(prompt("B", "c")), SaveItem(prompt("D", "a"), a)])
    assert [head.prompt_id for head in store.copies.heads()] == [b, new.prompt_id, a]


def test_more_prompts_than_one_statement_takes_are_saved_at_once(store: Store) -> None:
    saved = store.save_many([SaveItem(prompt(f"P{n}", f"text {n}")) for n in range(1_100)])
    assert len(store.copies.contents([v.prompt_id for v in saved])) == len(store.copies.heads()) == 1_100
    again = store.save_many([SaveItem(v.prompt, v.prompt_id) for v in saved])
    assert again == saved
    assert store.facets().tags == {"t": 1_100}


def test_heads_are_the_living_prompts_with_all_their_main_hashes(store: Store) -> None:
    first = store.save_version(prompt("Beta"), message="")
    second = store.save_version(prompt("Beta", "two"), message="", prompt_id=first.prompt_id)
    rival = store.save_version(prompt("Beta", "r"), message="", prompt_id=first.prompt_id, variant="rival")
    other = store.save_version(prompt("alpha"), message="")
    store.bin.put(store.save_version(prompt("Gone"), message="").prompt_id)
    alpha, beta = store.copies.heads()
    assert (alpha.name, alpha.name_key, alpha.prompt_id) == ("alpha", "alpha", other.prompt_id)
    assert (beta.name, beta.name_key, beta.content_hash) == ("Beta", "beta", second.content_hash)
    assert beta.hashes == {first.content_hash, second.content_hash}
    assert beta.updated_at == rival.created_at


def test_contents_are_the_newest_main_versions_in_the_order_asked_for(store: Store) -> None:
    a = store.save_version(prompt("A"), message="")
    b = store.save_version(prompt("B"), message="")
    b2 = store.save_version(prompt("B", "two"), message="", prompt_id=b.prompt_id)
    store.save_version(prompt("B", "r"), message="", prompt_id=b.prompt_id, variant="rival")
    found = store.copies.contents([b.prompt_id, "nope", a.prompt_id, b.prompt_id])
    assert list(found.items()) == [(b.prompt_id, b2), (a.prompt_id, a)]
    assert store.copies.contents([]) == {}


def test_sync_marks_are_kept_by_folder_and_replaced_whole(store: Store) -> None:
    mark = SyncMark("3f0c", "a" * 64, 2**62, 2**40)
    marks = {"a/b.prompty": mark, "odd \udcff.prompty": mark}
    store.copies.keep_marks("/here", marks)
    store.copies.keep_marks("/there", {"x": mark})
    assert store.copies.marks("/here") == marks
    store.copies.keep_marks("/here", {"only.prompty": mark})
    assert store.copies.marks("/here") == {"only.prompty": mark}
    store.copies.keep_marks("/here", {})
    assert store.copies.marks("/here") == {}
    assert store.copies.marks("/there") == {"x": mark}


def test_bytes_come_back_by_their_hash_and_are_stored_once(store: Store) -> None:
    data = bytes(range(256))
    with store._writing() as session:
        keys = [keep_blob(session, each) for each in (data, b"", data)]
    assert keys[0] == keys[2]
    assert store.facts().counts["blob"] == 2
    with store._reading() as session:
        assert load_blobs(session, keys) == {keys[0]: data, keys[1]: b""}
        assert load_blobs(session, []) == {}
        with pytest.raises(StoreError, match="missing"):
            load_blobs(session, [*keys, "0" * 64])
