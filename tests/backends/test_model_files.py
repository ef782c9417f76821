"""GGUF files added by path: what is taken, what is refused in which words, and what is found in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from playground.backends.llamacpp import LlamaCppBackend
from playground.backends.model_files import add_path, added_files, added_paths, check, remove_path, scan
from playground.errors import NotFoundError, PlaygroundError, SettingsError
from playground.settings import Settings, embedded_model_path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A real GGUF under another name."""
    source = embedded_model_path()
    assert source
    path = tmp_path / "models" / "publisher" / "tiny-Q4_1.gguf"
    path.parent.mkdir(parents=True)
    path.symlink_to(source)
    return path


async def test_an_added_file_is_a_model_at_once_and_stays_one(tmp_path: Path, model: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", embedded=False)
    backend = LlamaCppBackend(settings)
    assert await backend.models() == []
    assert backend.add_file(f' "{model}" ') == model
    backend.add_file(str(model))
    (info,) = await LlamaCppBackend(settings).models()
    assert (info.id, info.quantization, info.trained_tokens) == ("llama.cpp:tiny", "Q4_1", 8192)
    backend.remove_file(str(model))
    assert (await backend.models(), model.exists()) == ([], True)


def test_a_folder_is_looked_through_and_parts_of_models_are_left_out(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "models"
    for name in ("big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "mmproj-tiny.gguf", "notes.txt"):
        (folder / name).touch()
    deep = folder / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "too-deep.gguf").touch()
    assert [path.name for path in scan(folder)] == ["big-00001-of-00002.gguf", "tiny-Q4_1.gguf"]
    assert add_path(tmp_path, str(folder)) == folder
    shutil.copy(folder / "notes.txt", folder / "later.gguf")
    assert {path.name for path in added_files(tmp_path)} >= {"later.gguf", "tiny-Q4_1.gguf"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There is no path."),
        ("a\0b", "There is no path."),
        ("models/tiny.gguf", "is not a whole path."),
        ("{tmp}/nowhere.gguf", "There is no model file at"),
        ("{tmp}/text.txt", "does not end with .gguf."),
        ("{tmp}/fake.gguf", "is not a GGUF file."),
        ("{tmp}/cut.gguf", "is damaged or cut off."),
        ("{tmp}/empty", "There is no GGUF file in"),
    ],
)
def test_what_is_no_model_is_refused_in_words_and_not_remembered(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "fake.gguf").write_text("hello")
    (tmp_path / "cut.gguf").write_bytes(b"GGUF\x03\0\0\0")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PlaygroundError, match=words) as caught:
        add_path(tmp_path, text.format(tmp=tmp_path))
    assert caught.value.hint
    assert added_paths(tmp_path) == []


def test_a_path_that_is_gone_is_named_and_can_be_forgotten(tmp_path: Path, model: Path) -> None:
    add_path(tmp_path, str(model))
    assert check(model) == ""
    model.unlink()
    assert "There is no model file" in check(model)
    remove_path(tmp_path, str(model))
    with pytest.raises(NotFoundError):
        remove_path(tmp_path, str(model))


def test_a_broken_list_is_an_error_where_it_is_shown_and_empty_where_models_are_listed(
    tmp_path: Path,
) -> None:
    (tmp_path / "models.json").write_text("{")
    with pytest.raises(SettingsError, match="models.json"):
        added_paths(tmp_path)
    assert added_files(tmp_path) == []
