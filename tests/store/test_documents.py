"""Documents are kept by their hash, listed and removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from playground.errors import NotFoundError, PromptError, StoreError
from playground.store.documents import Documents


def test_a_document_is_kept_listed_read_and_removed(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    assert documents.all() == []
    kept = documents.add("folder/prices.csv", b"item,price\nTea,3\n")
    assert (kept.name, kept.size_bytes, kept.chars) == ("prices.csv", 17, 19)
    assert Documents(tmp_path).all() == [kept]
    assert documents.text(kept) == "item: Tea; price: 3"
    documents.remove(kept)
    assert documents.all() == [] and list(documents.folder.iterdir()) == []
    documents.remove(kept)
    with pytest.raises(NotFoundError, match="not there any more"):
        documents.text(kept)


def test_the_same_bytes_are_kept_once_under_the_newer_name(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    documents.add("old.txt", b"The text.")
    newer = documents.add("new.txt", b"The text.")
    assert documents.all() == [newer]
    assert len(list(documents.folder.iterdir())) == 2


def test_a_document_is_found_by_its_name_or_the_beginning_of_its_hash(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    one, other = documents.add("a.txt", b"One."), documents.add("b.txt", b"Two.")
    assert documents.find("a.txt") == one
    assert documents.find(other.hash[:8].upper()) == other
    with pytest.raises(NotFoundError) as missing:
        documents.find("c.txt")
    assert missing.value.hint == "Documents: a.txt, b.txt."
    documents.add("a.txt", b"Another one.")
    with pytest.raises(NotFoundError, match='2 documents are called "a.txt"'):
        documents.find("a.txt")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Bo\\a.txt", "a.txt"),
        ("a\n\x00b.txt", "a??b.txt"),
        ("", "document.txt"),
        ("x" * 300 + ".txt", "x" * 112 + "….txt"),
    ],
)
def test_a_name_is_one_that_a_list_can_show_and_leads_nowhere(tmp_path: Path, name: str, shown: str) -> None:
    kept = Documents(tmp_path).add(name, b"Text.")
    assert kept.name == shown
    assert {path.parent for path in tmp_path.rglob("*.txt")} == {tmp_path / "documents"}


def test_what_cannot_be_read_is_not_kept(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    with pytest.raises(PromptError, match=r"a\.pdf is no PDF file"):
        documents.add("a.pdf", b"nothing")
    assert documents.all() == [] and not documents.folder.exists()


def test_files_that_are_no_documents_are_passed_over(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    kept = documents.add("a.txt", b"Text.")
    (documents.folder / "notes.json").write_text("{}")
    (documents.folder / "broken.json").write_text("{")
    (documents.folder / f"{'0' * 64}.txt").write_text("a text that was never finished")
    other = documents.add("b.txt", b"Other.")
    (documents.folder / f"{other.hash}.txt").unlink()
    assert documents.all() == [kept]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "documents").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match=r"a\.txt cannot be kept in"):
        Documents(tmp_path).add("a.txt", b"Text.")
