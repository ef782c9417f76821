"""Importing and exporting many prompts: every status, every choice, all or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.errors import NotFoundError, PromptError
from playground.formats.bundle import BundleItem, read_bundle, write_bundle
from playground.library import reading
from playground.library.exporting import export_bundle
from playground.library.importing import ImportPlan, apply_import, changes, explain, plan_import
from playground.library.reading import Incoming, read_folder, read_incoming
from playground.library.shipped import Library
from playground.settings import Settings
from playground.store import Store, content_hash, open_store
from playground.store.records import SaveItem
from playground.templating.rendering import normalise
from playground.types.prompt import Check, Input, Prompt, Sampling, Turn
from tests.examples import examples

CREATED = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path, migrated_database: Path) -> Iterator[Store]:
    chosen = Settings(data_dir=tmp_path / "data", database_url="")
    chosen.data_dir.mkdir(mode=0o700)
    shutil.copy(migrated_database, chosen.database_path)
    opened = open_store(chosen)
    yield opened
    opened.close()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    folder = tmp_path / "prompts" / "hub" / "classification"
    folder.mkdir(parents=True)
    (folder / "tone.prompty").write_text("---\nname: Tone\n---\nuser:\nHow does {{ mail }} sound?\n")
    (folder / "broken.prompty").write_text("---\nname: [\n---\n")
    return Library(tmp_path / "prompts")


def greeting(text: str = "Hello {{ name }}", name: str = "Greeting") -> Prompt:
    return Prompt(name=name, turns=(Turn(role="user", template=text),))


def arriving(prompt: Prompt, *history: Prompt) -> Incoming:
    return Incoming(f"{prompt.name}.prompty", prompt, history=tuple(map(content_hash, history)))


def bundled(*prompts: Prompt) -> bytes:
    return write_bundle([BundleItem(prompt) for prompt in prompts], name="B", created=CREATED).data


def statuses(plan: ImportPlan) -> list[tuple[str, str]]:
    return [(row.status, row.choice) for row in plan.rows]


def names(store: Store) -> list[str]:
    return sorted(row.name for row in store.prompts())


# --- reading files ------------------------------------------------------------------------------------------


def test_any_files_are_read_together_bundles_by_their_content_and_all_others_by_theirs() -> None:
    files = [
        ("a/tone.prompty", b"---\nname: Tone\n---\nuser:\nHi {{ x }}\n"),
        ("chat.json", b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}'),
        ("anything.bin", bundled(greeting(), greeting(name="Other"))),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0"),
    ]
    seen: list[tuple[int, int]] = []
    found = read_incoming(files, lambda done, of: seen.append((done, of)))
    assert [(item.path, item.format, item.error is None) for item in found] == [
        ("a/tone.prompty", "prompty", True),
        ("chat.json", "openai", True),
        ("anything.bin/greeting.prompty", "bundle", True),
        ("anything.bin/other.prompty", "bundle", True),
        ("picture.png", "", False),
    ]
    assert found[2].prompt == greeting()
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_refused_bundle_is_an_error_alone_and_a_row_among_others() -> None:
    bad = bundled(greeting())[:-1]
    with pytest.raises(PromptError, match="cut off"):
        read_incoming([("b.zip", bad)])
    row, good = read_incoming([("b.zip", bad), ("x.txt", b"user:\nHi")])
    assert "cut off" in str(row.error)
    assert good.error is None


def test_a_prompt_without_a_name_is_called_by_its_file_and_an_unusable_name_is_made_usable_and_told() -> None:
    unnamed, unusable, long, blank = read_incoming(
        [
            ("in/Short answer.prompty", b"---\nname: ''\n---\nuser:\nHi\n"),
            ("bad.prompty", b'---\nname: "a\\0b"\n---\nuser:\nHi\n'),
            ("long.prompty", b"---\nname: " + b"x" * 201 + b"\n---\nuser:\nHi\n"),
            ("none.prompty", b'---\nname: "\\0"\n---\nuser:\nHi\n'),
        ]
    )
    assert unnamed.prompt.name == "Short answer"
    assert [row.prompt.name for row in (unusable, long, blank)] == ["a b", "x" * 200, "none"]
    assert all(row.losses[0].startswith("name: ") and row.error is None for row in (unusable, long, blank))


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["v1.2-reply.j2", "v1.3-reply.j2"], ["v1.2-reply", "v1.3-reply"]),
        (["one/system.md", "two/system.md", "tone.j2"], ["one/system", "two/system", "tone"]),
        (["a/x/s.md", "b/x/s.md", "b/y/S.md"], ["a/x/s", "b/x/s", "y/S"]),
        (["a/s.md", "a/s.txt"], ["a/s.md", "a/s.txt"]),
        (["s.md", "a/s.md"], ["s", "a/s"]),
        (["a.prompt.yml", "b.promptfoo.yaml", "c.PROMPT.MD"], ["a", "b", "c"]),
        (["Dr. Who.txt", "3.5.md", "e.g. this"], ["Dr. Who", "3.5", "e.g. this"]),
        (["mario.Modelfile", "Modelfile", "x/Modelfile"], ["mario", "Modelfile", "x/Modelfile"]),
        (["two.json", "two.json"], ["two 1", "two 2"]),
        (["in\\win\\s.md", "in\\mac\\s.md"], ["win/s", "mac/s"]),
    ],
)
def test_files_are_called_so_that_they_can_be_told_apart(paths: list[str], names: list[str]) -> None:
    from playground.library.naming import distinct

    assert distinct(paths) == names


def test_too_many_files_too_many_bytes_and_too_many_prompts_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(PromptError, match="2,001 files"):
        read_incoming([("x.txt", b"Hi")] * 2_001)
    with pytest.raises(PromptError, match="too large"):
        read_incoming([("x.txt", b"x" * 2**24)] * 3)
    monkeypatch.setattr(reading, "MAX_PROMPTS", 2)
    with pytest.raises(PromptError, match="too many prompts"):
        read_incoming([("a.txt", b"Hi"), ("b.zip", bundled(greeting(), greeting(name="Other")))])


def test_a_folder_is_walked_without_links_hidden_files_and_files_of_other_kinds(tmp_path: Path) -> None:
    folder = tmp_path / "team"
    for name in ("b/deep/x.prompty", "a.txt", "b/Modelfile", ".git/y.txt", "b/.hidden.md", "b/pic.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    (folder / "link.txt").symlink_to(outside)
    (folder / "linked").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder)
    found = read_folder(folder)
    assert found.files == [
        ("a.txt", b"a.txt"),
        ("b/Modelfile", b"b/Modelfile"),
        ("b/deep/x.prompty", b"b/deep/x.prompty"),
    ]
    assert found.passed_over == ["b/pic.png"]
    assert read_folder(outside).files == [("secret.txt", b"secret")]


def test_a_folder_that_is_not_there_or_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PromptError, match="cannot be read"):
        read_folder(tmp_path / "nothing")
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text("x" * 10)
    monkeypatch.setattr(reading, "MAX_BYTES", 39)
    with pytest.raises(PromptError, match="3.txt is too large"):
        read_folder(tmp_path)
    monkeypatch.setattr(reading, "MAX_FILES", 3)
    with pytest.raises(PromptError, match="4 files"):
        read_folder(tmp_path)
    monkeypatch.setattr(reading, "FOLDER_PLACES", 3)
    with pytest.raises(PromptError, match="too many files and folders"):
        read_folder(tmp_path)


# --- what becomes of each -----------------------------------------------------------------------------------


def test_a_prompt_the_library_does_not_have_is_new_and_added(store: Store) -> None:
    plan = plan_import(store, [arriving(greeting())])
    assert statuses(plan) == [("new", "add")]
    assert (plan.rows[0].choices, explain(plan.rows[0])) == (("add", "skip"), "Not in your library yet.")
    assert store.prompts() == []
    result = apply_import(store, plan, author="Ada", source="mails.zip")
    (saved,) = result.added
    assert (saved.prompt, saved.origin, saved.author, saved.message) == (
        greeting(),
        "imported",
        "Ada",
        "Imported from mails.zip",
    )
    assert (result.versions, result.skipped) == ((), 0)


def test_a_prompt_that_is_our_newest_or_an_older_version_is_identical_and_skipped(store: Store) -> None:
    first = store.save_version(greeting("one"), message="")
    store.save_version(greeting("two"), message="", prompt_id=first.prompt_id)
    plan = plan_import(store, [arriving(greeting("two")), arriving(greeting("one"))])
    assert [(row.status, row.number, row.choices) for row in plan.rows] == [
        ("identical", 2, ("skip", "rename")),
        ("identical", 1, ("skip", "rename")),
    ]
    assert explain(plan.rows[0]) == "The same as your version 2."
    assert explain(plan.rows[1]) == "The same as your version 1; yours has gone on to version 2."
    assert apply_import(store, plan).skipped == 2
    assert len(store.versions(first.prompt_id)) == 2


def test_a_prompt_that_follows_our_newest_version_is_changed_and_becomes_the_next_version(
    store: Store,
) -> None:
    first = store.save_version(greeting("one"), message="")
    plan = plan_import(store, [arriving(greeting("two", name="GREETING"), greeting("zero"), greeting("one"))])
    (row,) = plan.rows
    assert (row.status, row.choices, row.ours) == ("changed", ("version", "skip", "rename"), first)
    (saved,) = apply_import(store, plan).versions
    assert (saved.prompt_id, saved.number, saved.prompt.name) == (first.prompt_id, 2, "GREETING")
    assert store.version(first.prompt_id, 1) == store.version(first.prompt_id, 1)
    assert store.version(first.prompt_id, 1).prompt == greeting("one")


def test_two_prompts_of_one_name_that_do_not_follow_each_other_are_in_conflict_and_ours_stays(
    store: Store,
) -> None:
    first = store.save_version(greeting("one"), message="")
    store.save_version(greeting("mine"), message="", prompt_id=first.prompt_id)
    plan = plan_import(store, [arriving(greeting("theirs"), greeting("one"))])
    assert [(row.status, row.choices) for row in plan.rows] == [("conflict", ("skip", "version", "rename"))]
    assert apply_import(store, plan).skipped == 1
    assert store.version(first.prompt_id).prompt == greeting("mine")
    (renamed,) = apply_import(store, plan, {"0": "rename"}).added
    assert (renamed.name, renamed.prompt) == ("Greeting (2)", greeting("theirs", name="Greeting (2)"))
    (version,) = apply_import(
        store, plan_import(store, [arriving(greeting("theirs"))]), {"0": "version"}
    ).versions
    assert (version.number, version.prompt) == (3, greeting("theirs"))
    assert store.version(first.prompt_id, 2).prompt == greeting("mine")


def test_a_file_that_cannot_be_read_can_only_be_skipped(store: Store) -> None:
    bad = Incoming("x.png", Prompt(name="x"), error=PromptError("x.png is an image.", "Choose a prompt."))
    plan = plan_import(store, [bad, arriving(greeting())])
    assert [(row.status, row.choices) for row in plan.rows] == [
        ("unreadable", ("skip",)),
        ("new", ("add", "skip")),
    ]
    assert explain(plan.rows[0]) == "x.png is an image. Choose a prompt."
    with pytest.raises(PromptError, match='"add" is no choice'):
        apply_import(store, plan, {"0": "add"})
    assert store.prompts() == []
    assert apply_import(store, plan).skipped == 1


def test_of_several_with_one_name_the_later_ones_are_renamed_to_names_that_are_free(store: Store) -> None:
    store.save_version(greeting(name="Tone (3)"), message="")
    some = [
        greeting("a", name="Tone"),
        greeting("b", name="tone"),
        greeting("c", name="Tone (2)"),
        greeting("d", name="TONE"),
        greeting("a", name="Tone"),
    ]
    plan = plan_import(store, list(map(arriving, some)))
    assert statuses(plan) == [
        ("new", "add"),
        ("new", "rename"),
        ("new", "add"),
        ("new", "rename"),
        ("identical", "skip"),
    ]
    assert explain(plan.rows[1]) == "One before it in this list has this name."
    assert explain(plan.rows[4]) == "The same as one before it in this list."
    apply_import(store, plan)
    texts = {row.name: store.version(row.id).prompt.turns[0].template for row in store.prompts()}
    mine = {"Tone (3)": "Hello {{ name }}"}
    assert texts == mine | {"Tone": "a", "tone (4)": "b", "Tone (2)": "c", "TONE (5)": "d"}


def test_a_long_name_is_cut_to_make_room_for_the_number(store: Store) -> None:
    long = "x" * 200
    plan = plan_import(store, [arriving(greeting("a", name=long)), arriving(greeting("b", name=long))])
    assert [version.name for version in apply_import(store, plan).added] == [long, "x" * 196 + " (2)"]


def test_a_prompt_in_the_bin_does_not_count(store: Store) -> None:
    store.bin.put(store.save_version(greeting(), message="").prompt_id)
    plan = plan_import(store, [arriving(greeting())])
    assert statuses(plan) == [("new", "add")]
    assert apply_import(store, plan).added[0].name == "Greeting"


def test_every_row_is_reported(store: Store) -> None:
    seen: list[tuple[int, int]] = []
    plan = plan_import(
        store, [arriving(greeting()), arriving(greeting(name="B"))], lambda *step: seen.append(step)
    )
    apply_import(store, plan, {"1": "skip"}, report=lambda *step: seen.append(step))
    assert seen == [(1, 2), (2, 2), (0, 1), (1, 1)]


def test_losses_are_told_of_what_was_saved_only(store: Store) -> None:
    some = [Incoming(name, greeting(name=name), (f"tools: {name}",)) for name in ("a", "b")]
    assert apply_import(store, plan_import(store, some), {"0": "skip"}).losses == ("b: tools: b",)


# --- in words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"turns": (Turn(role="user", template="Bye"),)}, "1 turn differs"),
        (
            {
                "turns": (Turn(role="system", template="Be kind"), Turn(role="user", template="Bye")),
                "checks": (Check(scorer="contains", options={"text": "x"}),),
            },
            "2 turns and the checks differ",
        ),
        ({"description": "x"}, "the description differs"),
        ({"cases": ({"x": 1},)}, "the cases differ"),
        ({"sampling": Sampling(temperature=1), "tags": ("a",), "inputs": (Input(name="x"),)}, "the tags, the sampling and the inputs differ"),
        ({"metadata": {"a": 1}}, "the metadata differs"),
    ],
)  # fmt: skip
def test_what_differs_is_said_in_words(store: Store, change: dict[str, object], words: str) -> None:
    store.save_version(greeting(), message="")
    (row,) = plan_import(store, [arriving(greeting().model_copy(update=change))]).rows
    assert changes(row) == words
    assert explain(row) == (
        f"Different from your version 1, and neither is known to follow the other: {words}."
    )


def test_without_a_prompt_of_ours_nothing_differs(store: Store) -> None:
    assert changes(plan_import(store, [arriving(greeting())]).rows[0]) == ""


# --- all or nothing -----------------------------------------------------------------------------------------


def test_one_item_that_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    mine = store.save_version(greeting("one"), message="")
    plan = plan_import(
        store,
        [
            arriving(greeting(name="A")),
            arriving(greeting("two"), greeting("one")),
            arriving(Prompt(name="B", metadata={"x": "y"})),
            arriving(greeting(name="C")),
        ],
    )
    plan.rows[2].incoming.prompt.metadata["x"] = object()  # what no database holds
    before = store.facts().counts
    with pytest.raises(PromptError):
        apply_import(store, plan)
    assert names(store) == ["Greeting"]
    assert store.version(mine.prompt_id) == mine
    assert store.facts().counts == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("save", "newer version"),
        ("rename", "not there any more"),
        ("delete", "not there any more"),
        ("take", "prompt of that name"),
        ("take renamed", "prompt of that name"),
    ],
)
def test_a_library_that_changed_since_the_list_was_made_is_not_written_to(
    store: Store, change: str, words: str
) -> None:
    mine = store.save_version(greeting("one"), message="")
    incoming = [
        arriving(greeting("two"), greeting("one")),
        arriving(greeting(name="New")),
        arriving(greeting("x", name="new")),
    ]
    plan = plan_import(store, incoming)
    match change:
        case "save":
            store.save_version(greeting("meanwhile"), message="", prompt_id=mine.prompt_id)
        case "rename":
            store.rename(mine.prompt_id, "Elsewhere")
        case "delete":
            store.bin.put(mine.prompt_id)
        case "take":
            store.save_version(greeting(name="NEW"), message="")
        case "take renamed":
            store.save_version(greeting(name="NEW (2)"), message="")
    before = store.facts().counts
    with pytest.raises(PromptError, match=words) as caught:
        apply_import(store, plan)
    assert "Make the list again" in caught.value.hint
    assert store.facts().counts == before


def test_a_change_that_does_not_matter_to_what_is_chosen_does_not_stop_the_import(store: Store) -> None:
    mine = store.save_version(greeting("one"), message="")
    plan = plan_import(store, [arriving(greeting("two"), greeting("one")), arriving(greeting(name="New"))])
    store.save_version(greeting("meanwhile"), message="", prompt_id=mine.prompt_id)
    store.save_version(greeting(name="Another"), message="")
    assert [version.name for version in apply_import(store, plan, {"0": "skip"}).added] == ["New"]


@pytest.mark.parametrize(
    ("choices", "words"), [({"0": "version"}, '"version" is no choice'), ({"7": "skip"}, "no row '7'")]
)
def test_a_choice_that_a_row_does_not_have_is_refused(
    store: Store, choices: dict[str, str], words: str
) -> None:
    with pytest.raises(PromptError, match=words):
        apply_import(store, plan_import(store, [arriving(greeting())]), choices)
    assert store.prompts() == []


# --- bundles of the library ---------------------------------------------------------------------------------


def test_a_selection_is_exported_with_cases_checks_and_history_and_imports_as_identical(
    store: Store, library: Library
) -> None:
    first = store.save_version(greeting("one"), message="")
    store.save_version(greeting("two"), message="", prompt_id=first.prompt_id)
    rich = greeting("three").model_copy(
        update={"cases": ({"name": "Ada"},), "checks": (Check(scorer="contains", options={"text": "x"}),)}
    )
    store.save_version(rich, message="", prompt_id=first.prompt_id)
    keys = [f"prompt:{first.prompt_id}", "pattern:hub/classification/tone", f"prompt:{first.prompt_id}"]
    seen: list[tuple[int, int]] = []
    data, losses = export_bundle(store, library, keys, name="Mine", report=lambda *step: seen.append(step))
    mine, tone = read_bundle(data).entries
    assert (mine.path, mine.prompt) == ("greeting.prompty", rich)
    assert mine.history == (content_hash(greeting("one")), content_hash(greeting("two")))
    assert (tone.path, tone.prompt.name) == ("hub/classification/tone.prompty", "Tone")
    assert (losses, seen) == ((), [(1, 2), (2, 2)])
    assert statuses(plan_import(store, read_incoming([("mine.zip", data)]))) == [
        ("identical", "skip"),
        ("new", "add"),
    ]


def test_a_bundle_goes_to_a_colleague_and_back_as_the_next_version(
    store: Store, library: Library, tmp_path: Path
) -> None:
    mine = store.save_version(greeting("one"), message="")
    sent = export_bundle(store, library, [f"prompt:{mine.prompt_id}"], name="Mine").data
    other = open_store(Settings(data_dir=tmp_path / "other", database_url=""))
    try:
        (theirs,) = apply_import(other, plan_import(other, read_incoming([("a.zip", sent)]))).added
        other.save_version(greeting("two"), message="", prompt_id=theirs.prompt_id)
        back = export_bundle(other, library, [f"prompt:{theirs.prompt_id}"], name="Back").data
    finally:
        other.close()
    plan = plan_import(store, read_incoming([("b.zip", back)]))
    assert statuses(plan) == [("changed", "version")]
    apply_import(store, plan)
    assert store.version(mine.prompt_id).prompt == greeting("two")


def test_the_variants_of_a_prompt_are_no_part_of_its_history(store: Store, library: Library) -> None:
    first = store.save_version(greeting("one"), message="")
    store.save_version(greeting("rival"), message="", prompt_id=first.prompt_id, variant="short")
    store.save_version(greeting("two"), message="", prompt_id=first.prompt_id)
    data, _ = export_bundle(store, library, [f"prompt:{first.prompt_id}"], name="Mine")
    assert read_bundle(data).entries[0].history == (content_hash(greeting("one")),)


def test_prompts_that_the_chosen_ones_include_come_along(store: Store, library: Library) -> None:
    inner = store.save_version(greeting("Be kind.", name="Inner"), message="")
    store.save_version(greeting("Be very kind.", name="Inner"), message="", prompt_id=inner.prompt_id)
    store.save_version(greeting('{% include "Inner@1" %}', name="Outer"), message="")
    text = '{% include "outer" %} {% include "Tone" %} {% include "Nowhere" %} {{ x }}'
    chosen = store.save_version(greeting(text, name="Chosen"), message="")
    data, losses = export_bundle(store, library, [f"prompt:{chosen.prompt_id}"], name="Mine")
    found = {entry.prompt.name: entry.prompt.turns[0].template for entry in read_bundle(data).entries}
    assert found == {"Chosen": text, "Outer": '{% include "Inner@1" %}', "Inner": "Be kind."}
    assert losses == (
        '"Chosen" includes "Nowhere", which is not in your library',
        '"Inner@1": versions are numbered anew where this is imported; pin it again there',
    )


@pytest.mark.parametrize("key", ["prompt:nothing", "nothing", "", "pattern:nothing", "prompt:"])
def test_a_key_without_a_prompt_is_not_found(store: Store, library: Library, key: str) -> None:
    with pytest.raises(NotFoundError):
        export_bundle(store, library, [key], name="Mine")


def test_a_prompt_in_the_bin_and_a_broken_file_are_not_exported(store: Store, library: Library) -> None:
    mine = store.save_version(greeting(), message="")
    store.bin.put(mine.prompt_id)
    with pytest.raises(NotFoundError):
        export_bundle(store, library, [f"prompt:{mine.prompt_id}"], name="Mine")
    with pytest.raises(PromptError, match="broken.prompty"):
        export_bundle(store, library, ["pattern:hub/classification/broken"], name="Mine")


lines = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=8)


@settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(lines, lines, lines), min_size=1, max_size=6))
def test_whatever_is_saved_and_exported_without_loss_is_identical_when_it_comes_back(
    store: Store, library: Library, some: list[tuple[str, str, str]]
) -> None:
    items = [
        SaveItem(
            Prompt(
                name=f"{uuid4()} {name}",
                turns=normalise([Turn(role="user", template=text)]),
                cases=({"x": value},),
            )
        )
        for name, text, value in some
    ]
    saved = store.save_many(items)
    data, losses = export_bundle(
        store, library, [f"prompt:{version.prompt_id}" for version in saved], name="All"
    )
    if not losses:
        plan = plan_import(store, read_incoming([("all.zip", data)]))
        assert [row.status for row in plan.rows] == ["identical"] * len(some)
        assert {row.incoming.prompt.name for row in plan.rows} == {version.name for version in saved}
