"""The folder of the settings: synced when the Library is opened, its conflicts shown and settled."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from playground.formats import prompty
from playground.types.prompt import Prompt, Turn
from playground.ui import syncing
from playground.ui.actions import make_call
from playground.ui.app import ACTIONS
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
Read = Callable[[str], Any]
HOSTILE = "<img src=x onerror=alert(1)>"


def prompt(text: str, name: str = "Greeting") -> Prompt:
    return Prompt(name=name, turns=(Turn(role="user", template=text),))


def put(folder: Path, text: str, path: str = "greeting.prompty", name: str = "Greeting") -> None:
    """Write a file that is seen as changed, however fast the tests run."""
    file = folder / path
    file.write_text(prompty.dump(prompt(text, name))[0])
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 10**9 * len(text)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "team"
    made.mkdir()
    return made


@pytest.fixture
def workbench(make_workbench: Callable[..., Workbench], folder: Path) -> Workbench:
    """Its settings name a folder that is kept equal."""
    return make_workbench(library_dir=folder, author="Ada")


@pytest.fixture
async def conflict(call: Call, workbench: Workbench, folder: Path) -> str:
    """A prompt that has changed here and in the folder; its id."""
    put(folder, "Hello")
    await call("open_library_tab")
    (saved,) = workbench.store.prompts()
    await workbench.prompts.save(prompt("Hello from here"), message="", prompt_id=saved.id)
    put(folder, "Hello from the folder")
    return saved.id


def newest(workbench: Workbench) -> str:
    return workbench.store.version_named("Greeting").prompt.turns[0].template


async def test_opening_the_tab_brings_both_sides_together(call: Call, workbench: Workbench, folder: Path):
    put(folder, "Hello")
    await workbench.prompts.save(prompt("Bye", "Farewell"), message="")
    update = await call("open_library_tab")
    assert "alert" not in update
    assert "Greeting" in update["html"]["lib-list"] and "Farewell" in update["html"]["lib-list"]
    assert "Sync folder" in update["html"]["lib-foot"]
    assert workbench.store.versions(workbench.store.prompts("greeting")[0].id)[0].author == "Ada"
    assert prompty.read((folder / "farewell.prompty").read_text()).prompt.name == "Farewell"


async def test_without_a_folder_the_tab_only_opens(make_workbench: Callable[..., Workbench], tmp_path: Path):
    answer = make_call(make_workbench(), ACTIONS)
    update = json.loads(await answer('{"action": "open_library_tab"}'))
    assert "Sync folder" not in update["html"]["lib-foot"]
    alert = json.loads(await answer('{"action": "sync_folder"}'))["alert"]
    assert alert["message"] == "No folder is kept equal to the library."


async def test_a_conflict_is_told_when_the_tab_opens_and_shown_with_its_difference(
    call: Call, workbench: Workbench, folder: Path, conflict: str, read_html: Read
):
    update = await call("open_library_tab")
    assert update["alert"] == {
        "message": "The folder is not in step: 1 conflict.",
        "hint": "Press Sync folder to see them.",
    }
    assert "Greeting" in update["html"]["lib-list"]
    shown = await call("sync_folder")
    page = read_html(shown["drawer"]["body"])
    assert "changed here and changed in the folder" in page.text
    assert '<del class="del">here</del>' in shown["drawer"]["body"]
    assert [found["value"] for found in page.find("option")] == ["", "file", "library"]
    assert shown["again"] == "open_library"
    assert newest(workbench) == "Hello from here"
    assert "from the folder" in (folder / "greeting.prompty").read_text()


@pytest.mark.parametrize(
    ("side", "text"), [("file", "Hello from the folder"), ("library", "Hello from here")]
)
async def test_a_conflict_is_settled_by_what_is_chosen(
    call: Call, workbench: Workbench, folder: Path, conflict: str, read_html: Read, side: str, text: str
):
    (select,) = read_html((await call("sync_folder"))["drawer"]["body"]).find("select")
    settled = await call("sync_folder", fields={select["name"]: side})
    assert not settled["drawer"]["foot"]
    assert newest(workbench) == text
    assert text in (folder / "greeting.prompty").read_text()
    assert len(workbench.store.versions(conflict)) == (3 if side == "file" else 2)
    assert "alert" not in await call("open_library_tab")


@pytest.mark.parametrize("side", ["", "neither"])
async def test_a_conflict_that_nobody_settles_stays(
    call: Call, workbench: Workbench, folder: Path, conflict: str, side: str
):
    update = await call("sync_folder", fields={"side:greeting.prompty": side, "side:other.prompty": "file"})
    assert "1 conflict" in update["drawer"]["body"]
    assert newest(workbench) == "Hello from here"
    assert "from the folder" in (folder / "greeting.prompty").read_text()


async def test_many_conflicts_are_shown_in_parts(call: Call, conflict: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(syncing, "SHOWN_CONFLICTS", 0)
    assert "1 more are shown once these are settled." in (await call("sync_folder"))["drawer"]["body"]


async def test_a_file_that_cannot_be_read_is_named_and_left_alone(
    call: Call, workbench: Workbench, folder: Path, read_html: Read
):
    (folder / "bad.prompty").write_text("---\nname: [\n---\n")
    put(folder, "Hello")
    update = await call("open_library_tab")
    assert update["alert"]["message"] == "The folder is not in step: 1 problem."
    assert newest(workbench) == "Hello"
    text = read_html((await call("sync_folder"))["drawer"]["body"]).text
    assert "Left alone" in text and text.count("bad.prompty") == 1
    assert (folder / "bad.prompty").read_text() == "---\nname: [\n---\n"


async def test_a_folder_that_cannot_be_used_is_an_alert_and_the_list_still_shows(
    make_workbench: Callable[..., Workbench], tmp_path: Path
):
    (tmp_path / "file").write_text("x")
    for broken in (tmp_path / "file", tmp_path / "no" / "such"):
        workbench = make_workbench(library_dir=broken)
        update = json.loads(await make_call(workbench, ACTIONS)('{"action": "open_library_tab"}'))
        assert "cannot be synced" in update["alert"]["message"]
        assert "lib-list" in update["html"]


async def test_a_folder_whose_files_are_all_gone_empties_nothing(
    call: Call, workbench: Workbench, folder: Path
):
    for number in range(8):
        put(folder, "Hello", f"{number}.prompty", f"P{number}")
    await call("open_library_tab")
    for file in folder.iterdir():
        file.unlink()
    update = await call("open_library_tab")
    assert "8 of 8 files are gone" in update["alert"]["message"]
    assert len(workbench.store.prompts()) == 8


async def test_hostile_names_are_text(call: Call, workbench: Workbench, folder: Path, read_html: Read):
    put(folder, "Hello", f"{HOSTILE}.prompty", HOSTILE)
    await call("open_library_tab")
    (saved,) = workbench.store.prompts()
    await workbench.prompts.save(prompt("Mine", HOSTILE), message="", prompt_id=saved.id)
    put(folder, "Hello theirs", f"{HOSTILE}.prompty", HOSTILE)
    page = read_html((await call("sync_folder"))["drawer"]["body"])
    assert HOSTILE in page.text and not page.find("img")
