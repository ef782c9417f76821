from __future__ import annotations

import hashlib
import json
from threading import Thread

import pytest

from playground.errors import NotFoundError, PromptError
from playground.formats import prompty
from playground.formats.base import stated
from playground.store import Store, content_hash
from playground.types.prompt import Check, Prompt, Turn


def greeting(text: str = "Hello {{ name }}", name: str = "Greeting") -> Prompt:
    return Prompt(name=name, turns=(Turn(role="user", template=text),))


def test_a_saved_prompt_comes_back_with_its_name_message_and_author(store: Store) -> None:
    saved = store.save_version(
        greeting(), message=" first ", author="Ada", forked_from="techniques/zero-shot"
    )
    assert (saved.number, saved.message, saved.author, saved.origin) == (1, "first", "Ada", "fork")
    assert store.version(saved.prompt_id) == saved
    assert saved.prompt == greeting()
    (row,) = store.prompts()
    assert (row.name, row.forked_from, row.latest) == ("Greeting", "techniques/zero-shot", 1)


def test_every_save_is_a_further_version_and_old_ones_stay_as_they_were(store: Store) -> None:
    first = store.save_version(greeting("one"), message="")
    second = store.save_version(greeting("two"), message="", prompt_id=first.prompt_id)
    assert [v.number for v in store.versions(first.prompt_id)] == [2, 1]
    assert store.version(first.prompt_id, 1).prompt == greeting("one")
    assert store.version(first.prompt_id) == second


def test_saving_unchanged_content_returns_the_latest_version(store: Store) -> None:
    first = store.save_version(greeting(), message="a")
    assert store.save_version(greeting(name=" Greeting "), message="b", prompt_id=first.prompt_id) == first
    assert len(store.versions(first.prompt_id)) == 1


def test_content_that_was_there_before_but_is_not_the_latest_is_a_new_version(store: Store) -> None:
    first = store.save_version(greeting("one"), message="")
    store.save_version(greeting("two"), message="", prompt_id=first.prompt_id)
    third = store.save_version(greeting("one"), message="", prompt_id=first.prompt_id)
    assert (third.number, third.content_hash) == (3, first.content_hash)


def test_restoring_saves_the_old_content_under_the_name_of_today(store: Store) -> None:
    first = store.save_version(greeting("one"), message="")
    store.save_version(greeting("two", name="Salute"), message="", prompt_id=first.prompt_id)
    restored = store.restore(first.prompt_id, 1)
    assert (restored.number, restored.message, restored.name) == (3, "Restored version 1", "Salute")
    assert restored.prompt == greeting("one", name="Salute")


def test_a_rename_is_recorded_as_a_version_and_found_by_the_new_name_only(store: Store) -> None:
    first = store.save_version(greeting(), message="")
    renamed = store.rename(first.prompt_id, " Salute ")
    assert (renamed.name, renamed.prompt.name, renamed.number) == ("Salute", "Salute", 2)
    assert renamed.message == 'Renamed from "Greeting"'
    assert [p.name for p in store.prompts("salute")] == ["Salute"]
    assert store.prompts("greeting") == []


@pytest.mark.parametrize("name", ["GREETING", "greeting", " Greeting "])
def test_a_name_is_taken_whatever_its_letter_case(store: Store, name: str) -> None:
    store.save_version(greeting(), message="")
    other = store.save_version(greeting(name="Other"), message="")
    with pytest.raises(PromptError, match="already a prompt named") as caught:
        store.save_version(greeting("x", name=name), message="")
    assert "another name" in caught.value.hint
    with pytest.raises(PromptError, match="already"):
        store.rename(other.prompt_id, name)
    assert [p.name for p in store.prompts()] == ["Other", "Greeting"]


def test_changing_only_the_letter_case_of_ones_own_name_is_allowed(store: Store) -> None:
    first = store.save_version(greeting(), message="")
    assert store.rename(first.prompt_id, "GREETING").name == "GREETING"


def test_a_deleted_prompt_leaves_the_list_frees_its_name_and_stays_readable(store: Store) -> None:
    first = store.save_version(greeting(), message="")
    store.bin.put(first.prompt_id)
    assert store.prompts() == []
    assert store.find_version(first.content_hash) is None
    assert store.version(first.prompt_id) == first
    again = store.save_version(greeting(), message="")
    assert again.prompt_id != first.prompt_id
    with pytest.raises(NotFoundError, match="was deleted"):
        store.save_version(greeting("x"), message="", prompt_id=first.prompt_id)


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "..",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "x" * 200,
        "👩‍👩‍👧 שלום",
        "100%_\\",
        "'; DROP",
    ],
)
def test_a_name_is_only_data(store: Store, name: str) -> None:
    saved = store.save_version(greeting(name=name), message="")
    assert store.version(saved.prompt_id).name == name
    assert [p.name for p in store.prompts()] == [name]


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\0b", "a\nb", "a\x1bb", "a\u2028b"])
def test_a_name_nobody_could_read_is_refused_and_nothing_is_saved(store: Store, name: str) -> None:
    with pytest.raises(PromptError) as caught:
        store.save_version(greeting(name=name), message="")
    assert caught.value.hint
    assert store.prompts() == []
    assert store.facts().counts["content"] == 0


@pytest.mark.parametrize(
    "text", ["a\0b", "\x01a", "👩‍👩‍👧", "\u202eשלום\u200f", "e\u0301", "\r\n\t ", "x" * 1_000_000]
)
def test_text_comes_back_character_by_character(store: Store, text: str) -> None:
    saved = store.save_version(greeting(text), message=text, author=text, forked_from=text)
    loaded = store.version(saved.prompt_id)
    assert loaded.prompt.turns[0].template == text
    assert (loaded.message, loaded.forked_from) == (text.strip(), text)


def test_the_order_of_keys_is_kept_though_the_hash_does_not_depend_on_it(store: Store) -> None:
    schema = {"properties": {"z": {}, "a": {}}}
    prompt = Prompt(name="S", output_schema=schema)
    saved = store.save_version(prompt, message="")
    assert list(store.version(saved.prompt_id).prompt.output_schema["properties"]) == ["z", "a"]  # type: ignore[index]
    turned = Prompt(name="S", output_schema={"properties": {"a": {}, "z": {}}})
    assert content_hash(turned) == saved.content_hash


def test_the_hash_is_the_sha256_of_canonical_json_and_covers_every_field_that_is_set() -> None:
    prompt = Prompt(name="é", checks=(Check(scorer="contains", options={"text": "x"}),))
    data = {"name": "é", "checks": [{"scorer": "contains", "options": {"text": "x"}}]}
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    assert content_hash(prompt) == hashlib.sha256(canonical.encode()).hexdigest()
    changed = [
        prompt.model_copy(update={field: value})
        for field, value in [("name", "e"), ("source", "x"), ("tags", ("t",))]
    ]
    assert len({content_hash(p) for p in [prompt, *changed]}) == 4


def test_data_that_json_cannot_hold_is_a_prompt_error(store: Store) -> None:
    with pytest.raises(PromptError, match="cannot be stored"):
        store.save_version(Prompt(name="N", metadata={"x": object()}), message="")
    assert store.prompts() == []


def test_find_version_gives_the_newest_save_of_that_content(store: Store) -> None:
    first = store.save_version(greeting("one"), message="a")
    store.save_version(greeting("two"), message="", prompt_id=first.prompt_id)
    third = store.save_version(greeting("one"), message="b", prompt_id=first.prompt_id)
    assert store.find_version(first.content_hash) == third
    assert store.find_version("0" * 64) is None


def test_prompts_are_found_by_every_word_with_percent_underscore_and_backslash_literal(store: Store) -> None:
    for name in ("100% sure", "100 sure", "snake_case", "snakeXcase", "back\\slash"):
        store.save_version(greeting(name=name), message="")
    assert [p.name for p in store.prompts("100% SURE")] == ["100% sure"]
    assert [p.name for p in store.prompts("snake_case")] == ["snake_case"]
    assert [p.name for p in store.prompts("\\")] == ["back\\slash"]
    assert [p.name for p in store.prompts("hello", limit=2, offset=1)] == ["snakeXcase", "snake_case"]


@pytest.mark.parametrize("number", [0, 2, -1, 10**30])
def test_a_version_that_is_not_there_is_named(store: Store, number: int) -> None:
    saved = store.save_version(greeting(), message="")
    with pytest.raises(NotFoundError, match="no version"):
        store.version(saved.prompt_id, number)


@pytest.mark.parametrize("prompt_id", ["", "nope", "\0", "\ud800", "' OR 1=1"])
def test_an_unknown_prompt_is_not_found(store: Store, prompt_id: str) -> None:
    for call in (store.version, store.versions, store.bin.put):
        with pytest.raises(NotFoundError):
            call(prompt_id)


def test_two_threads_saving_one_prompt_get_different_numbers_and_lose_nothing(store: Store) -> None:
    prompt_id = store.save_version(greeting("start"), message="").prompt_id
    failures: list[Exception] = []

    def save(who: str) -> None:
        try:
            for n in range(10):
                store.save_version(greeting(f"{who} {n}"), message=who, prompt_id=prompt_id)
        except Exception as exc:
            failures.append(exc)

    threads = [Thread(target=save, args=(who,)) for who in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [v.number for v in store.versions(prompt_id)] == list(range(21, 0, -1))


def test_what_a_file_states_survives_the_library_and_nothing_joins_it(store: Store) -> None:
    text = "---\nname: A\nmodel:\n  options:\n    temperature: 0.0\n    stopSequences:\n      - END\n---\nuser:\nHi\n"
    prompt = prompty.read(text).prompt
    saved = store.save_version(prompt, message="")
    again = prompty.dump(store.version(saved.prompt_id).prompt)[0]
    assert stated(prompty.read(again).prompt.sampling) == {"temperature": 0.0, "stop": ("END",)}
