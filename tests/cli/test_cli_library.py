"""playground library import, export, sync: what they do, print and return, and what bad input brings."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playground.formats import prompty
from playground.formats.bundle import BundleItem, read_bundle, write_bundle
from playground.plurals import plural
from playground.settings import Settings
from playground.store import Store, content_hash, open_store
from playground.types.prompt import Check, Prompt, Turn

if TYPE_CHECKING:
    from tests.conftest import Call, Called

CREATED = datetime(2026, 1, 2, tzinfo=UTC)


def prompt(text: str = "Hello", name: str = "Greeting", **fields: object) -> Prompt:
    return Prompt.model_validate({"name": name, "turns": (Turn(role="user", template=text),)} | fields)


def write(path: Path, value: Prompt) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(prompty.dump(value)[0])
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9 * len(path.read_text())))
    return str(path)


def bundle(path: Path, *items: Prompt | BundleItem) -> str:
    chosen = [item if isinstance(item, BundleItem) else BundleItem(item) for item in items]
    path.write_bytes(write_bundle(chosen, name="B", created=CREATED).data)
    return str(path)


@contextmanager
def opened(data: Path) -> Iterator[Store]:
    store = open_store(Settings(data_dir=data, database_url=""))
    try:
        yield store
    finally:
        store.close()


def texts(data: Path) -> dict[str, list[str]]:
    """The texts of each prompt's versions, oldest first."""
    with opened(data) as store:
        return {
            row.name: [
                store.version(row.id, number + 1).prompt.turns[0].template for number in range(row.latest)
            ]
            for row in store.prompts()
        }


def lines(told: Called) -> list[list[str]]:
    """The first two words of each line of a plan."""
    return [line.split()[:2] for line in told.out.splitlines()[:-1]]


# --- import ---------------------------------------------------------------------------------------------


def test_files_folders_and_bundles_are_imported_together(call: Call, data: Path, tmp_path: Path) -> None:
    write(tmp_path / "one.prompty", prompt(name="One"))
    write(tmp_path / "more" / "deep" / "two.prompty", prompt(name="Two"))
    (tmp_path / "more" / "three.txt").write_text("Say three.\n")
    (tmp_path / "more" / "picture.png").write_bytes(b"\x89PNG")
    bundle(tmp_path / "b.zip", prompt(name="Four"))
    told = call("library", "import", "one.prompty", "more", "b.zip")
    assert told.out.endswith("4 added, 0 new versions, 0 left out.\n")
    assert "passed over: picture.png" in told.err
    assert told.code == 0
    assert set(texts(data)) == {"One", "Two", "three", "Four"}


def test_importing_again_changes_nothing_and_is_no_failure(call: Call, data: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "one.prompty", prompt())
    call("library", "import", file)
    told = call("library", "import", file)
    assert lines(told) == [["identical", "skip"]]
    assert (told.code, told.out.splitlines()[-1]) == (0, "0 added, 0 new versions, 1 left out.")
    assert texts(data) == {"Greeting": ["Hello"]}


def test_a_dry_run_shows_the_plan_and_saves_nothing(call: Call, data: Path, tmp_path: Path) -> None:
    told = call("library", "import", "--dry-run", write(tmp_path / "one.prompty", prompt()))
    assert (told.code, told.out) == (
        0,
        "new  add  Greeting (one.prompty): Not in your library yet.\n",
    )
    assert texts(data) == {}


@pytest.mark.parametrize(
    ("way", "code", "left"),
    [
        ((), 1, {"Greeting": ["mine"]}),
        (("--on-conflict", "skip"), 1, {"Greeting": ["mine"]}),
        (("--on-conflict", "version"), 0, {"Greeting": ["mine", "theirs"]}),
        (("--on-conflict", "rename"), 0, {"Greeting": ["mine"], "Greeting (2)": ["theirs"]}),
    ],
)
def test_a_prompt_that_differs_is_treated_as_asked(
    call: Call, data: Path, tmp_path: Path, way: tuple[str, ...], code: int, left: dict[str, list[str]]
) -> None:
    call("library", "import", write(tmp_path / "a.prompty", prompt("mine")))
    told = call("library", "import", write(tmp_path / "b.prompty", prompt("theirs")), *way)
    assert lines(told) == [["conflict", way[1] if way else "skip"]]
    assert told.code == code
    assert texts(data) == left


def test_a_newer_prompt_becomes_the_next_version_whatever_is_said_of_conflicts(
    call: Call, data: Path, tmp_path: Path
) -> None:
    call("library", "import", write(tmp_path / "a.prompty", prompt("old")))
    newer = BundleItem(prompt("new"), history=(content_hash(prompt("old")),))
    told = call("library", "import", bundle(tmp_path / "b.zip", newer), "--on-conflict", "rename")
    assert (told.code, lines(told)) == (0, [["changed", "version"]])
    assert texts(data) == {"Greeting": ["old", "new"]}


def test_an_unreadable_file_is_named_and_the_others_imported(call: Call, data: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.prompty").write_text("---\nname: [\n---\n")
    told = call("library", "import", "bad.prompty", write(tmp_path / "good.prompty", prompt()))
    assert told.code == 1
    assert "unreadable  skip  bad.prompty: bad.prompty, line 3" in told.out
    assert texts(data) == {"Greeting": ["Hello"]}


def test_what_is_lost_on_the_way_is_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "chat.json").write_text(
        '{"messages": [{"role": "user", "content": "Hi"}], "logit_bias": {"1": 2}}'
    )
    told = call("library", "import", "chat.json")
    assert told.code == 0
    assert "chat.json: " in told.err and "logit_bias" in told.err


def _missing(folder: Path) -> str:
    return "missing.prompty"


def _evil_zip(folder: Path) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../evil.prompty", "x")
    (folder / "evil.zip").write_bytes(packed.getvalue())
    return "evil.zip"


def _half_a_zip(folder: Path) -> str:
    Path(bundle(folder / "half.zip", prompt())).write_bytes((folder / "half.zip").read_bytes()[:200])
    return "half.zip"


def _device(folder: Path) -> str:
    return "/dev/zero"


def _too_large(folder: Path) -> str:
    with (folder / "large.prompty").open("wb") as file:
        file.truncate(200 * 2**20)  # a hole: nothing is written
    return "large.prompty"


def _too_many(folder: Path) -> str:
    (folder / "many").mkdir()
    for number in range(2_001):
        (folder / "many" / f"{number}.prompty").touch()
    return "many"


@pytest.mark.parametrize("make", [_missing, _evil_zip, _half_a_zip, _device, _too_large, _too_many])
def test_what_cannot_be_imported_is_one_line_and_changes_nothing(
    call: Call, data: Path, tmp_path: Path, make: Callable[[Path], str]
) -> None:
    told = call("library", "import", make(tmp_path))
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("error: ") and told.err.count("\n") == 1
    assert texts(data) == {}


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff" * 50, b"---\n!!python/object/apply:os.system [ls]\n---\nx", b"\xef\xbb\xbf"]
)
def test_hostile_files_bring_no_traceback(call: Call, data: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.prompty").write_bytes(content)
    told = call("library", "import", "odd.prompty")
    assert told.code == 1
    assert told.out.startswith("unreadable  skip")
    assert texts(data) == {}


# --- export ---------------------------------------------------------------------------------------------


@pytest.fixture
def stocked(call: Call, tmp_path: Path, data: Path) -> None:
    """Three prompts of two families with tags."""
    rows = [("Refund", "support", ("mail", "money")), ("Apology", "support", ("mail",)), ("Haiku", "fun", ())]
    files = [
        write(tmp_path / "in" / f"{name}.prompty", prompt(f"{name} it", name, family=family, tags=tags))
        for name, family, tags in rows
    ]
    assert call("library", "import", *files).code == 0


@pytest.mark.parametrize(
    ("way", "found"),
    [
        ((), {"Refund", "Apology", "Haiku"}),
        (("--family", "support"), {"Refund", "Apology"}),
        (("--tag", "money"), {"Refund"}),
        (("--search", "APOLOGY it"), {"Apology"}),
        (("--tag", "mail", "--search", "refund"), {"Refund"}),
    ],
)
def test_an_export_holds_what_the_filters_leave(
    call: Call, stocked: None, tmp_path: Path, way: tuple[str, ...], found: set[str]
) -> None:
    told = call("library", "export", "out.zip", *way)
    assert (told.code, told.out) == (0, f"{plural(len(found), 'prompt')} written to out.zip\n")
    assert {entry.prompt.name for entry in read_bundle(tmp_path / "out.zip").entries} == found


def test_an_export_says_who_made_it_and_comes_back_whole(
    call: Call, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = prompt(
        "Say {{ word }}",
        cases=({"word": "yes"}, {"word": "no"}),
        checks=(Check(scorer="contains", options={"text": "{{ word }}"}),),
    )
    call("library", "import", write(tmp_path / "a.prompty", whole))
    words = ("--name", "Team", "--description", "All of it", "--licence", "CC BY 4.0")
    assert call("library", "export", "out.zip", *words).code == 0
    made = read_bundle(tmp_path / "out.zip")
    assert (made.name, made.description, made.licence) == ("Team", "All of it", "CC BY 4.0")
    monkeypatch.setenv("PLAYGROUND_DATA_DIR", str(tmp_path / "other"))
    assert call("library", "import", "out.zip").code == 0
    with opened(tmp_path / "other") as store:
        back = store.version_named("Greeting").prompt
    assert (back.cases, back.checks, back.turns) == (whole.cases, whole.checks, whole.turns)


def test_shipped_patterns_are_exported_when_asked_for(call: Call, stocked: None, tmp_path: Path) -> None:
    call("library", "export", "out.zip", "--shipped", "--family", "mathematics")
    assert {entry.prompt.family for entry in read_bundle(tmp_path / "out.zip").entries} == {"mathematics"}


def test_nothing_to_export_and_nowhere_to_write_are_told(call: Call, stocked: None, tmp_path: Path) -> None:
    nothing = call("library", "export", "out.zip", "--tag", "no such")
    assert (nothing.code, nothing.out) == (2, "")
    assert nothing.err.startswith("error: No saved prompt matches")
    assert not (tmp_path / "out.zip").exists()
    for place in ("no/such/folder/out.zip", "in"):
        told = call("library", "export", place)
        assert (told.code, told.out) == (1, "")
        assert told.err.startswith(f"error: {place} cannot be written")


# --- sync -----------------------------------------------------------------------------------------------


def test_a_folder_and_the_library_become_equal(call: Call, data: Path, tmp_path: Path) -> None:
    write(tmp_path / "team" / "a.prompty", prompt(name="A"))
    call("library", "import", write(tmp_path / "b.prompty", prompt(name="B")))
    told = call("library", "sync", "team")
    assert told == (
        0,
        "written to the folder  b.prompty\nsaved in the library   a.prompty\n0 equal, 2 brought along, 0 in conflict.\n",
        "",
    )
    assert call("library", "sync", "team") == (0, "2 equal, 0 brought along, 0 in conflict.\n", "")
    (tmp_path / "team" / "a.prompty").unlink()
    assert "moved to the bin  a.prompty" in call("library", "sync", "team").out
    assert set(texts(data)) == {"B"}


@pytest.fixture
def conflict(call: Call, data: Path, tmp_path: Path) -> Path:
    """A file and a prompt that have both changed since they were equal."""
    file = tmp_path / "team" / "a.prompty"
    write(file, prompt("Hello"))
    assert call("library", "sync", "team").code == 0
    mine = write(tmp_path / "mine.prompty", prompt("Hello from here"))
    assert call("library", "import", mine, "--on-conflict", "version").code == 0
    write(file, prompt("Hello from the folder"))
    return file


def test_a_conflict_is_told_left_alone_and_exit_code_1(call: Call, data: Path, conflict: Path) -> None:
    told = call("library", "sync", "team")
    assert (told.code, told.out) == (1, "0 equal, 0 brought along, 1 in conflict.\n")
    assert told.err == (
        "conflict: a.prompty: changed here and changed in the folder\n"
        "Settle each with --take-file PATH or --take-library PATH.\n"
    )
    assert "from the folder" in conflict.read_text()
    assert texts(data) == {"Greeting": ["Hello", "Hello from here"]}


@pytest.mark.parametrize(
    ("way", "text"), [("--take-file", "Hello from the folder"), ("--take-library", "Hello from here")]
)
def test_a_conflict_is_settled_by_path(call: Call, data: Path, conflict: Path, way: str, text: str) -> None:
    assert call("library", "sync", "team", way, "a.prompty").code == 0
    assert text in conflict.read_text()
    assert texts(data)["Greeting"][-1] == text


def test_a_path_without_a_conflict_is_told(call: Call, data: Path, conflict: Path) -> None:
    told = call("library", "sync", "team", "--take-file", "other.prompty")
    assert told.code == 1
    assert "nothing to settle: other.prompty\n" in told.err
    assert "1 in conflict" in told.out


def test_a_folder_that_lost_most_files_is_believed_only_when_told(
    call: Call, data: Path, tmp_path: Path
) -> None:
    for number in range(8):
        write(tmp_path / "team" / f"{number}.prompty", prompt(name=f"P{number}"))
    call("library", "sync", "team")
    for file in (tmp_path / "team").iterdir():
        file.unlink()
    told = call("library", "sync", "team")
    assert told.code == 1 and "8 of 8 files are gone" in told.err and "--allow-deletions" in told.err
    assert len(texts(data)) == 8
    assert call("library", "sync", "team", "--allow-deletions").code == 0
    assert texts(data) == {}


def test_a_file_that_cannot_be_read_is_exit_code_1_and_the_rest_is_synced(
    call: Call, data: Path, tmp_path: Path
) -> None:
    write(tmp_path / "team" / "a.prompty", prompt(name="A"))
    (tmp_path / "team" / "bad.prompty").write_bytes(b"\x00\xff")
    told = call("library", "sync", "team")
    assert told.code == 1 and told.err.startswith("left alone: bad.prompty: ")
    assert set(texts(data)) == {"A"}


@pytest.mark.parametrize("place", ["a-file", "no/such/folder"])
def test_a_folder_that_cannot_be_synced_is_one_line(call: Call, tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").write_text("x")
    told = call("library", "sync", place)
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("error: ") and told.err.count("\n") == 1
