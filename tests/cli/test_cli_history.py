"""`playground history`: what has run is listed, and deleted for good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playground.cli import history
from playground.settings import Settings
from playground.store import open_store
from tests.store.everything import everything

if TYPE_CHECKING:
    from tests.conftest import Call


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    """The ids of two experiments on one question, the newest first."""
    store = open_store(Settings(data_dir=tmp_path / "data", database_url=""))
    made = [everything(store, question="q") for _ in range(2)]
    store.close()
    return made[::-1]


def test_runs_are_listed_and_deleted_without_a_question_when_told_so(call: Call, two: list[str]) -> None:
    listed = call("history", "list", "--format", "json")
    assert [row["run"] for row in json.loads(listed.out)] == two
    refused = call("history", "delete", two[0])
    assert (refused.code, "--yes" in refused.err) == (2, True), "there is no terminal, so nobody can be asked"
    assert call("history", "delete", two[0], "--yes").out == "The run is deleted\n"
    assert "Secret plan" in call("history", "list").out
    again = call("history", "delete", *two, "--yes")
    assert (again.code, "This run was deleted." in again.err) == (2, True)
    assert call("history", "delete", two[1], "--yes").code == 0
    assert call("history", "list").out == "No run is here.\n"


def test_who_sits_at_a_terminal_is_asked(call: Call, two: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(("no\n", "yes\n"))

    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return next(said)

    monkeypatch.setattr(history.sys, "stdin", Terminal())
    kept = call("history", "delete", two[0])
    assert (kept.code, kept.out) == (1, "Nothing was deleted.\n")
    for words in ("Secret plan", "4 answers", "1 note", "still counts as an attempt"):
        assert words in kept.err
    assert call("history", "delete", two[0]).out == "The run is deleted\n"
