"""`playground document`: files are kept, listed and removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Call


def test_documents_are_added_listed_and_removed(call: Call, tmp_path: Path) -> None:
    assert "No documents are kept." in call("document", "list").out
    (tmp_path / "tea.csv").write_text("item,price\nTea,3\n")
    (tmp_path / "a.txt").write_text("Some text.")
    added = call("document", "add", str(tmp_path / "tea.csv"), str(tmp_path / "a.txt"))
    assert added.code == 0
    assert added.out.startswith("tea.csv: 19 characters kept as ")
    listed = json.loads(call("document", "list", "--format", "json").out)
    assert [row["name"] for row in listed] == ["a.txt", "tea.csv"]
    assert call("document", "list").out.splitlines()[1].split()[1:] == ["19", "characters", "tea.csv"]
    assert call("document", "remove", listed[0]["hash"][:12]).out == "a.txt removed\n"
    assert call("document", "remove", "a.txt").code != 0
    assert len(json.loads(call("document", "list", "--format", "json").out)) == 1


def test_a_file_that_is_no_document_is_bad_input(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"nothing")
    for name, says in (
        ("a.pdf", "a.pdf is no PDF file."),
        ("b.txt", "cannot be read: No such file or directory."),
    ):
        done = call("document", "add", str(tmp_path / name))
        assert done.code == 2 and says in done.err
    with (tmp_path / "big.txt").open("wb") as file:
        file.truncate(200_000_000)
    assert (
        "big.txt has 200 MB, more than the 20 that are read."
        in call("document", "add", str(tmp_path / "big.txt")).err
    )
