"""A file is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from playground.whole_files import write_whole, write_whole_pieces


def test_the_content_takes_the_place_of_the_old_one_with_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_whole(path, b"one")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"one", 0o600)
    write_whole(path, b"two", mode=0o644)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o644)
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_put_in_place_leaves_the_old_one_and_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    (folder / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        write_whole(folder, b"text")
    assert list(tmp_path.iterdir()) == [folder]
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "nowhere" / "a", b"text")


def broken() -> Iterator[bytes]:
    yield b"half"
    raise OSError("the disk is full")


def test_a_users_file_stays_as_it_was_when_its_pieces_end_early(tmp_path: Path) -> None:
    path, link = tmp_path / "old.csv", tmp_path / "link.csv"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    with pytest.raises(OSError, match="full"):
        write_whole_pieces(path, broken())
    with pytest.raises(OSError, match="full"):
        write_whole_pieces(tmp_path / "new.csv", broken())
    assert (path.read_bytes(), sorted(tmp_path.iterdir())) == (b"old", sorted([path, link]))
    write_whole_pieces(link, [b"n", b"ew"])
    assert (path.read_bytes(), path.stat().st_mode & 0o777, link.is_symlink()) == (b"new", 0o640, True)


def test_a_users_new_file_has_the_usual_rights_and_a_pipe_gets_the_pieces(tmp_path: Path) -> None:
    path, usual = tmp_path / "new", tmp_path / "usual"
    usual.touch()
    write_whole_pieces(path, [b"a"])
    assert path.stat().st_mode == usual.stat().st_mode
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole_pieces(pipe, [b"a", b"b"])
    assert os.read(reader, 10) == b"ab"
    os.close(reader)
