from __future__ import annotations

from collections.abc import Callable

import pytest

from playground.errors import NotFoundError, PromptError
from playground.store import Store
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from tests.works import work

MakeRun = Callable[..., str]


def prompt(text: str = "Hello", name: str = "Greeting") -> Prompt:
    return Prompt(name=name, turns=(Turn(role="user", template=text),), tags=("t",))


def test_the_bin_lists_what_was_deleted_last_deleted_first(store: Store) -> None:
    ids = [store.save_version(prompt(name=name), message="").prompt_id for name in ("A", "B", "C")]
    store.bin.put(ids[1])
    store.bin.put(ids[0])
    assert [p.name for p in store.prompts()] == ["C"]
    binned = store.prompts(binned=True)
    assert [p.name for p in binned] == ["A", "B"]
    assert binned[0].deleted_at is not None
    assert [p.name for p in store.prompts("b", binned=True)] == ["B"]
    assert store.find_prompt("A") is None


def test_a_prompt_comes_back_out_of_the_bin_as_it_was(store: Store) -> None:
    saved = store.save_version(prompt(), message="first")
    store.set_label(saved.prompt_id, "production", 1)
    store.set_favourite(f"prompt:{saved.prompt_id}", True)
    (before,) = store.prompts()
    store.bin.put(saved.prompt_id)
    assert store.bin.take_out(saved.prompt_id) == saved
    assert store.prompts() == [before]
    with pytest.raises(PromptError, match="already a prompt"):
        store.save_version(prompt("other"), message="")


def test_a_name_that_is_taken_meanwhile_asks_for_another_one(store: Store) -> None:
    first = store.save_version(prompt(), message="")
    store.bin.put(first.prompt_id)
    store.save_version(prompt("other", name="GREETING"), message="")
    for name in ("", "greeting"):
        with pytest.raises(PromptError, match="by now") as caught:
            store.bin.take_out(first.prompt_id, name)
        assert "another name" in caught.value.hint
    assert len(store.prompts(binned=True)) == 1
    restored = store.bin.take_out(first.prompt_id, " Salute ", author="Ada")
    assert (restored.name, restored.prompt.name, restored.number) == ("Salute", "Salute", 2)
    assert (restored.message, restored.author) == ('Renamed from "Greeting"', "Ada")
    assert [p.name for p in store.prompts("salute")] == ["Salute"]


def test_a_prompt_may_come_back_in_other_letter_case(store: Store) -> None:
    saved = store.save_version(prompt(), message="")
    store.bin.put(saved.prompt_id)
    assert store.bin.take_out(saved.prompt_id, "GREETING").name == "GREETING"
    found = store.find_prompt("greeting")
    assert found is not None
    assert found.latest == 2


def test_only_what_is_in_the_bin_can_be_restored_or_purged(store: Store) -> None:
    saved = store.save_version(prompt(), message="")
    for call in (store.bin.take_out, store.bin.purge):
        with pytest.raises(PromptError, match="not in the bin"):
            call(saved.prompt_id)
        with pytest.raises(NotFoundError):
            call("nope")
    assert store.version(saved.prompt_id) == saved


def test_purging_removes_everything_of_the_prompt_and_nothing_else(store: Store) -> None:
    other = store.save_version(prompt("shared", name="Other"), message="")
    saved = store.save_version(prompt("one"), message="")
    store.save_version(prompt("two"), message="", prompt_id=saved.prompt_id)
    store.save_version(prompt("rival"), message="", prompt_id=saved.prompt_id, variant="rival")
    store.set_label(saved.prompt_id, "production", 1)
    store.set_label(other.prompt_id, "production", 1)
    for ident in (saved.prompt_id, other.prompt_id):
        store.set_favourite(f"prompt:{ident}", True)
    store.bin.put(saved.prompt_id)
    store.bin.purge(saved.prompt_id)
    counts = store.facts().counts
    assert {
        key: counts[key] for key in ("prompt", "version", "content", "label", "favourite", "prompt_tag")
    } == (dict(prompt=1, version=1, content=1, label=1, favourite=1, prompt_tag=1))
    assert store.version(other.prompt_id) == other
    with pytest.raises(NotFoundError):
        store.version(saved.prompt_id)


def test_runs_of_a_purged_prompt_keep_what_they_ran(store: Store) -> None:
    saved = store.save_version(prompt("ran"), message="")
    # The second column's prompt was set, but not run: only the comparison names it.
    set_only = store.save_version(prompt("set"), message="", prompt_id=saved.prompt_id)
    comparison = RunSpec.comparison(
        prompt=saved.prompt, variants=(Variant(model="a:b"), Variant(model="a:b", prompt=set_only.prompt))
    )
    cells = [work(0, "a:b", saved.prompt, Sampling())]
    run_id = store.create_run(comparison, cells, title="T", version_id=saved.id)
    before = store.run(run_id)
    assert before.version is not None
    store.bin.put(saved.prompt_id)
    store.bin.purge(saved.prompt_id)
    after = store.run(run_id)
    assert after.version is None
    assert (after.spec, after.cells) == (before.spec, before.cells)
