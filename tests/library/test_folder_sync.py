"""A folder and the saved prompts, kept equal: what moves, what is left alone, what is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from playground.errors import SettingsError
from playground.formats import prompty
from playground.library.folder_sync import SyncReport, sync
from playground.settings import Settings
from playground.store import Store, open_store
from playground.types.prompt import Prompt, Turn


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(Settings(data_dir=tmp_path / "data"))
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "team"


def prompt(name: str, text: str = "Hello {{ who }}", family: str = "") -> Prompt:
    return Prompt(name=name, family=family, turns=(Turn(role="user", template=text),))


def put(folder: Path, path: str, value: Prompt | str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(value if isinstance(value, str) else prompty.dump(value)[0])
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9 + len(file.read_text())))


def text_of(store: Store, name: str) -> str:
    return store.version_named(name).prompt.turns[0].template


def text_in(folder: Path, path: str) -> str:
    return prompty.read((folder / path).read_text()).prompt.turns[0].template


def counts(report: SyncReport) -> tuple[int, int, int, int, int, int]:
    return (
        len(report.to_folder),
        len(report.to_library),
        report.equal,
        len(report.removed) + len(report.binned),
        len(report.conflicts),
        len(report.problems),
    )


def test_prompts_go_to_the_folder_and_files_to_the_library_and_then_nothing_moves(
    store: Store, folder: Path
) -> None:
    store.save_version(prompt("Mine", family="coding"), message="")
    store.save_version(prompt("Other: a/b"), message="")
    put(folder, "deep/theirs.prompty", prompt("Theirs", "From git"))
    report = sync(store, folder)
    assert counts(report) == (2, 1, 0, 0, 0, 0)
    assert sorted(report.to_folder) == ["coding/mine.prompty", "other-a-b.prompty"]
    assert text_of(store, "Theirs") == "From git"
    assert text_in(folder, "coding/mine.prompty") == "Hello {{ who }}"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert counts(sync(store, folder)) == (0, 0, 3, 0, 0, 0)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_change_on_one_side_reaches_the_other(store: Store, folder: Path) -> None:
    first = store.save_version(prompt("A"), message="")
    store.save_version(prompt("B"), message="")
    sync(store, folder)
    store.save_version(prompt("A", "changed here"), message="", prompt_id=first.prompt_id)
    put(folder, "b.prompty", prompt("B", "changed there"))
    report = sync(store, folder, author="Ada")
    assert (report.to_folder, report.to_library) == (["a.prompty"], ["b.prompty"])
    assert text_in(folder, "a.prompty") == "changed here"
    assert text_of(store, "B") == "changed there"
    newest = store.version_named("B")
    assert (newest.number, newest.author, newest.message) == (2, "Ada", "From b.prompty")


def test_a_rename_in_the_file_renames_the_prompt_and_keeps_its_versions(store: Store, folder: Path) -> None:
    saved = store.save_version(prompt("Old"), message="")
    sync(store, folder)
    put(folder, "old.prompty", prompt("New"))
    sync(store, folder)
    assert store.version_named("New").prompt_id == saved.prompt_id
    assert store.find_prompt("Old") is None


def test_a_file_that_was_touched_or_moved_is_not_a_change(store: Store, folder: Path) -> None:
    store.save_version(prompt("A"), message="")
    store.save_version(prompt("B"), message="")
    sync(store, folder)
    os.utime(folder / "a.prompty", ns=(1, 1))
    (folder / "sub").mkdir()
    (folder / "b.prompty").rename(folder / "sub" / "renamed.prompty")
    assert counts(sync(store, folder)) == (0, 0, 2, 0, 0, 0)
    assert store.version_named("B").number == 1
    assert counts(sync(store, folder)) == (0, 0, 2, 0, 0, 0)


def test_what_the_format_cannot_hold_is_not_lost_when_a_file_is_touched(store: Store, folder: Path) -> None:
    awkward = prompt("Awkward").model_copy(update={"metadata": {"playground": "reserved"}})
    store.save_version(awkward, message="")
    sync(store, folder)
    os.utime(folder / "awkward.prompty", ns=(1, 1))
    assert counts(sync(store, folder)) == (0, 0, 1, 0, 0, 0)
    assert store.version_named("Awkward").prompt.metadata == {"playground": "reserved"}


def test_a_deletion_on_one_side_reaches_the_other_and_nothing_is_lost_for_good(
    store: Store, folder: Path
) -> None:
    first = store.save_version(prompt("A"), message="")
    store.save_version(prompt("B"), message="")
    sync(store, folder)
    store.bin.put(first.prompt_id)
    (folder / "b.prompty").unlink()
    report = sync(store, folder)
    assert (report.removed, report.binned) == (["a.prompty"], ["b.prompty"])
    assert [p.name for p in store.prompts(binned=True)] == ["A", "B"] or [
        p.name for p in store.prompts(binned=True)
    ] == ["B", "A"]
    assert list(folder.glob("*.prompty")) == []
    assert counts(sync(store, folder)) == (0, 0, 0, 0, 0, 0)


def conflicted(store: Store, folder: Path, here: str, there: str) -> None:
    """Prompt A, synced, then changed or deleted on both sides."""
    saved = store.save_version(prompt("A"), message="")
    sync(store, folder)
    if here == "deleted":
        store.bin.put(saved.prompt_id)
    else:
        store.save_version(prompt("A", "ours"), message="", prompt_id=saved.prompt_id)
    if there == "deleted":
        (folder / "a.prompty").unlink()
    else:
        put(folder, "a.prompty", prompt("A", "theirs"))


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        ("changed", "changed", "changed here and changed in the folder"),
        ("changed", "deleted", "changed here and deleted in the folder"),
        ("deleted", "changed", "deleted here and changed in the folder"),
    ],
)
def test_a_change_on_both_sides_is_shown_and_left_alone_until_it_is_settled(
    store: Store, folder: Path, here: str, there: str, words: str
) -> None:
    conflicted(store, folder, here, there)
    for _ in range(2):  # it does not go away by itself
        [conflict] = sync(store, folder).conflicts
        assert (conflict.path, conflict.name, conflict.words) == ("a.prompty", "A", words)
        assert (folder / "a.prompty").exists() == (there == "changed")
        if there == "changed":
            assert text_in(folder, "a.prompty") == "theirs"
        if here == "changed":
            assert text_of(store, "A") == "ours"


@pytest.mark.parametrize("side", ["file", "library"])
@pytest.mark.parametrize("there", ["changed", "deleted"])
@pytest.mark.parametrize("here", ["changed", "deleted"])
def test_a_conflict_is_settled_by_taking_one_side(
    store: Store, folder: Path, here: str, there: str, side: str
) -> None:
    if here == there == "deleted":
        return  # both agree: no conflict
    conflicted(store, folder, here, there)
    assert sync(store, folder, take={"a.prompty": side}).conflicts == []  # type: ignore[dict-item]
    winner = {"file": there, "library": here}[side]
    if winner == "deleted":
        assert store.find_prompt("A") is None
        assert not (folder / "a.prompty").exists()
    else:
        expected = {"file": "theirs", "library": "ours"}[side]
        assert text_of(store, "A") == text_in(folder, "a.prompty") == expected
    after = sync(store, folder)
    assert (after.conflicts, after.to_folder, after.to_library) == ([], [], [])


def test_a_file_of_the_same_name_as_a_prompt_is_compared_before_anything_moves(
    store: Store, folder: Path
) -> None:
    saved = store.save_version(prompt("Same"), message="")
    store.save_version(prompt("Older", "one"), message="")
    older = store.version_named("Older")
    store.save_version(prompt("Older", "two"), message="", prompt_id=older.prompt_id)
    store.save_version(prompt("Rival", "ours"), message="")
    put(folder, "x.prompty", saved.prompt)
    put(folder, "y.prompty", prompt("Older", "one"))
    put(folder, "z.prompty", prompt("Rival", "theirs"))
    report = sync(store, folder)
    assert (report.equal, report.to_folder, report.to_library) == (1, ["y.prompty"], [])
    assert [c.path for c in report.conflicts] == ["z.prompty"]
    assert text_in(folder, "y.prompty") == "two"
    assert sorted(p.name for p in folder.glob("*.prompty")) == ["x.prompty", "y.prompty", "z.prompty"]


def test_a_file_that_cannot_be_read_is_named_and_costs_neither_side_anything(
    store: Store, folder: Path
) -> None:
    store.save_version(prompt("A"), message="")
    store.save_version(prompt("B"), message="")
    sync(store, folder)
    put(folder, "a.prompty", "---\nname: [\n---\nuser:\nHi\n")
    put(folder, "new.prompty", "---\n!!python/object/apply:os.system ['x']\n---\n")
    report = sync(store, folder)
    assert sorted(path for path, _ in report.problems) == ["a.prompty", "new.prompty"]
    assert report.equal == 1
    assert text_of(store, "A") == "Hello {{ who }}"
    assert (folder / "a.prompty").read_text().startswith("---\nname: [")
    assert sorted(p.name for p in folder.glob("*.prompty")) == ["a.prompty", "b.prompty", "new.prompty"]


def test_one_file_that_cannot_be_saved_does_not_keep_the_others_out(store: Store, folder: Path) -> None:
    put(folder, "one.prompty", prompt("Twin", "1"))
    put(folder, "two.prompty", prompt("twin", "2"))
    put(folder, "good.prompty", prompt("Good"))
    report = sync(store, folder)
    assert sorted(report.to_library) == ["good.prompty", "one.prompty"]
    assert [path for path, why in report.problems if "already a prompt" in why] == ["two.prompty"]


def test_an_empty_folder_is_not_taken_for_the_wish_to_delete_everything(store: Store, folder: Path) -> None:
    for number in range(8):
        store.save_version(prompt(f"P{number}"), message="")
    sync(store, folder)
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(SettingsError, match="8 of 8 files are gone"):
        sync(store, folder)
    assert len(store.prompts()) == 8
    assert len(sync(store, folder, allow_deletions=True).binned) == 8


def test_hidden_files_links_and_other_files_are_passed_over(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    put(tmp_path, "outside/secret.prompty", prompt("Secret"))
    put(folder, ".git/x.prompty", prompt("Git"))
    put(folder, ".draft.prompty", prompt("Draft"))
    put(folder, "README.md", "# Prompts")
    (folder / "link.prompty").symlink_to(tmp_path / "outside/secret.prompty")
    (folder / "linked").symlink_to(tmp_path / "outside")
    assert counts(sync(store, folder)) == (0, 0, 0, 0, 0, 0)
    assert store.prompts() == []


def test_a_file_that_changes_under_the_sync_is_not_overwritten(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = store.save_version(prompt("A"), message="")
    sync(store, folder)
    store.save_version(prompt("A", "ours"), message="", prompt_id=saved.prompt_id)
    dump = prompty.dump

    typed = dump(prompt("A", "typed this very moment"))[0]

    def edited_meanwhile(value: Prompt) -> tuple[str, tuple[str, ...]]:
        put(folder, "a.prompty", typed)
        return dump(value)

    monkeypatch.setattr("playground.library.folder_sync.prompty.dump", edited_meanwhile)
    report = sync(store, folder)
    assert [path for path, _ in report.problems] == ["a.prompty"]
    monkeypatch.undo()
    assert text_in(folder, "a.prompty") == "typed this very moment"
    assert [c.path for c in sync(store, folder).conflicts] == ["a.prompty"]


def test_a_folder_that_cannot_be_used_is_refused_in_words(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for wrong in (tmp_path / "file", tmp_path / "no" / "such" / "parent"):
        with pytest.raises(SettingsError, match="cannot be synced"):
            sync(store, wrong)


HOSTILE = ["system", "---", "# {{", "{% raw %}", "\x00\x07", "a\r\nb\x85c", "\u2028\ufeff", " outer ", "yes", "1e3", "~", "!!python/x", "\u202eabc", "<|im_start|>", "word " * 2_000]  # fmt: skip


def test_hostile_text_in_any_field_survives_the_folder_and_nothing_moves_afterwards(
    store: Store, folder: Path
) -> None:
    for number, text in enumerate(HOSTILE):
        turns = (Turn(role="user", template=text.replace("{%", "{ %").replace("{{", "{ {")),)
        value = Prompt(name=f"P{number}", description=text, tags=(text,), turns=turns, metadata={text: text})
        store.save_version(value, message="")
    assert counts(sync(store, folder)) == (len(HOSTILE), 0, 0, 0, 0, 0)
    for path in folder.rglob("*.prompty"):
        os.utime(path, ns=(1, 1))
    report = sync(store, folder)
    assert (counts(report), report.losses) == ((0, 0, len(HOSTILE), 0, 0, 0), [])


def test_what_a_file_cannot_hold_is_told_when_it_is_written(store: Store, folder: Path) -> None:
    store.save_version(
        Prompt(name="A", metadata={"tags": 1}, turns=(Turn(role="user", template="x"),)), message=""
    )
    report = sync(store, folder)
    assert report.losses == [("a.prompty", "metadata.tags: the name is reserved in this format")]
