"""GGUF files and folders that were added by path: a small list in the data folder, `models.json`.

["/models/qwen3-0.6b-Q8_0.gguf", "/home/me/.cache/gguf"]

Files stay where they are. A folder is looked through when models are listed, so what is put into it appears by itself.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from playground.backends.projectors import is_projector_file
from playground.engine.gguf import read_header
from playground.errors import BackendError, NotFoundError, SettingsError

DEEPEST = 3
"""Levels of folders that are looked through: publisher/model/file.gguf is how collections are laid out."""
MOST_FOLDERS = 2_000
MOST_FILES = 500
_LATER_PART = re.compile(r"-0*(?:[2-9]|[1-9]\d+)-of-\d+\.gguf$", re.IGNORECASE)


def added_paths(data_dir: Path) -> list[Path]:
    """What was added, in that order; raises SettingsError for a list that cannot be read."""
    try:
        rows = json.loads((data_dir / "models.json").read_text("utf-8"))
        return [Path(row) for row in rows]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as exc:
        raise SettingsError("models.json in the data folder cannot be read.", "Repair or delete it.") from exc


def added_files(data_dir: Path) -> list[Path]:
    """The model files among them and inside the folders; a list that cannot be read counts as empty here."""
    try:
        paths = added_paths(data_dir)
    except SettingsError:
        return []  # the Models tab says so; the other models still work
    return [file for path in paths for file in (scan(path) if path.is_dir() else [path])]


def add_path(data_dir: Path, text: str) -> Path:
    """Remember a file or a folder; raises SettingsError or BackendError, in plain words, for what holds no model."""
    text = text.strip().strip("\"'")
    if not text or "\0" in text:
        raise SettingsError(
            "There is no path.", "Write the path of a GGUF file or of a folder on this machine."
        )
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise SettingsError(f'"{text}" is not a whole path.', "Begin it with / or ~.")
    path = path.absolute()
    if path.is_dir():
        if not scan(path):
            raise SettingsError(
                f"There is no GGUF file in {path}.", f"Files up to {DEEPEST} levels below it are found."
            )
    elif path.suffix.lower() != ".gguf" and path.exists():
        raise SettingsError(
            f"{path} does not end with .gguf.", "Choose a model file in the GGUF format, or a folder of them."
        )
    else:
        read_header(path)
    paths = added_paths(data_dir)
    if path not in paths:
        _write(data_dir, [*paths, path])
    return path


def remove_path(data_dir: Path, text: str) -> None:
    """Forget an added file or folder, which stays where it is; raises NotFoundError."""
    paths = added_paths(data_dir)
    if Path(text) not in paths:
        raise NotFoundError(f"{text} is not in the list.", "Look again.")
    _write(data_dir, [path for path in paths if path != Path(text)])


def scan(folder: Path) -> list[Path]:
    """Model files in a folder and below, sorted; bounded, so that a whole disk is not searched.

    Later parts of a split model are left out, and projectors: neither is a model by itself.
    """
    files = (
        Path(root, name)
        for root, names in islice(_walk(folder), MOST_FOLDERS)
        for name in names
        if name.lower().endswith(".gguf")
        and not _LATER_PART.search(name)
        and not is_projector_file(Path(root, name))
    )
    return sorted(islice(files, MOST_FILES))


def _walk(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for root, folders, names in os.walk(folder):
        depth = len(Path(root).relative_to(folder).parts)
        folders[:] = [] if depth + 1 >= DEEPEST else sorted(f for f in folders if not f.startswith("."))
        yield root, names


def _write(data_dir: Path, paths: list[Path]) -> None:
    target = data_dir / "models.json"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = target.with_suffix(".json.new")
        fresh.write_text(json.dumps([str(path) for path in paths], indent=1), "utf-8")
        fresh.replace(target)
    except (OSError, UnicodeError) as exc:
        raise SettingsError("models.json in the data folder cannot be written.", "Check its rights.") from exc


def check(path: Path) -> str:
    """Why an added path is of no use now, or nothing."""
    if path.is_dir():
        return "" if scan(path) else "no GGUF file in it"
    try:
        read_header(path)
    except BackendError as exc:
        return exc.message
    return ""
