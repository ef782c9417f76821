"""A data folder of 0.2.0, made by that release itself (`release_0_2/make.py`), opened by this one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from playground.errors import StoreError
from playground.settings import Settings
from playground.store import Store, open_store
from playground.types.generation import Completion, Message
from playground.types.grid import CellKey
from playground.types.trace import Answer
from tests.store.as_of_0_2 import as_then, told
from tests.works import at, work

FOLDER = Path(__file__).with_name("release_0_2")
TOLD: dict[str, Any] = json.loads((FOLDER / "told.json").read_text())
LEFT = next(run_id for run_id, run in TOLD["runs"].items() if run["title"] == "Left running")


def same(now: Any, then: Any) -> bool:
    now = told(now)
    assert as_then(now, then) == then
    return True


@pytest.fixture
def old(settings: Settings) -> Settings:
    settings.data_dir.mkdir()
    with closing(sqlite3.connect(settings.database_path)) as file:
        file.executescript((FOLDER / "database.sql").read_bytes().decode())
    return settings


@pytest.fixture
def store(old: Settings) -> Iterator[Store]:
    opened = open_store(old)
    yield opened
    opened.close()


@pytest.mark.parametrize("run_id", TOLD["runs"])
def test_a_run_of_0_2_is_read_as_it_was_written(store: Store, run_id: str) -> None:
    assert same(store.run(run_id), TOLD["runs"][run_id])


def test_the_history_of_0_2_is_the_same_list(store: Store) -> None:
    assert same(store.history(), TOLD["history"])


@pytest.mark.parametrize("word", TOLD["found"])
def test_what_0_2_found_is_found(store: Store, word: str) -> None:
    assert [row.id for row in store.history(word).rows] == TOLD["found"][word]


def test_the_library_of_0_2_is_the_same(store: Store) -> None:
    prompts = [*store.prompts(), *store.prompts(binned=True)]
    assert same(prompts, TOLD["prompts"])
    assert same(store.facets(), TOLD["facets"])
    versions = {p.id: [store.version(p.id, v.number) for v in store.versions(p.id)] for p in prompts}
    assert same(versions, TOLD["versions"])
    variants = {p.id: store.variants(p.id) for p in prompts if p.deleted_at is None}
    assert same(variants, TOLD["variants"])
    assert same(store.favourites(), TOLD["favourites"])
    assert same(store.copies.marks("/tmp/synced"), TOLD["marks"])


def test_the_pages_of_a_run_of_0_2_hold_all_its_cells(store: Store) -> None:
    for run_id, run in TOLD["runs"].items():
        cells = sorted([*run["cells"], *run["earlier"]], key=lambda cell: (cell["column"], cell["repeat"]))
        assert same([record.cell for record in store.cells.stream_rows(run_id)], cells)
        page = store.cells.page(run_id)
        assert [row.key for row in page.rows] == [CellKey(0, c["column"], c["repeat"]) for c in cells]
        assert [row.status for row in page.rows] == [cell["status"] for cell in cells]
        (case,) = {json.dumps(r.case.values, sort_keys=True) for r in store.cells.stream_rows(run_id)}
        assert json.loads(case) == run["comparison"]["values"]


def test_an_answer_of_0_2_is_stored_once(store: Store, old: Settings) -> None:
    store.close()
    with closing(sqlite3.connect(old.database_path)) as file:
        lines = [line for line in file.iterdump() if "The answer is 42." in line]
        answers = [line for line in lines if 'INSERT INTO "score"' not in line]  # what a check looked at
        assert len(answers) == 2 and all('INSERT INTO "step"' in line for line in answers)
        assert file.execute("PRAGMA foreign_key_check").fetchall() == []


def test_cells_that_0_2_left_running_are_interrupted_by_this_one(store: Store) -> None:
    assert store.mark_interrupted() == 2
    assert [cell.status for cell in store.run(LEFT).cells] == ["interrupted"] * 2
    assert store.mark_interrupted() == 0


def test_work_goes_on_in_a_run_of_0_2(store: Store) -> None:
    store.vote(LEFT, "column", 1)
    store.thumb(LEFT, 0, 1)
    store.note(LEFT, "on it goes")
    store.save_cell(
        LEFT,
        at(1),
        status="done",
        answer=Answer.of_one_call([Message("user", "x")], Completion("late", "stop")),
    )
    cell = store.run(LEFT).cells[0]
    repeat = store.add_repeat(LEFT, work(0, cell.model, cell.prompt, cell.sampling))
    run = store.run(LEFT)
    assert (repeat, [c.repeat for c in run.cells], run.note) == (1, [1, 0], "on it goes")
    assert run.cells[1].completion == Completion("late", "stop")
    assert run.vote is not None and run.vote.column == 1
    assert [row.id for row in store.history("goes late").rows] == [LEFT]


def test_the_old_file_is_kept_as_a_copy(store: Store, old: Settings) -> None:
    copy = old.data_dir / "playground.db.bak-0002"
    with closing(sqlite3.connect(copy)) as file:
        assert file.execute("SELECT version_num FROM alembic_version").fetchone() == ("0002",)
        assert "\n".join(file.iterdump()) + "\n" == (FOLDER / "database.sql").read_bytes().decode()


def test_an_upgrade_that_is_cut_short_leaves_the_file_of_0_2_as_it_was(
    old: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("playground.store.schema._check_foreign_keys", _fail)
        with pytest.raises(StoreError):
            open_store(old)
    with closing(sqlite3.connect(old.database_path)) as file:
        assert "\n".join(file.iterdump()) + "\n" == (FOLDER / "database.sql").read_bytes().decode()
    store = open_store(old)
    assert len(store.history().rows) == len(TOLD["runs"])
    store.close()


def _fail(*_: object) -> None:
    raise StoreError("The lights went out.")
