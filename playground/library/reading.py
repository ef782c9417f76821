"""Files that hold prompts: a bundle, or any format by its content, dropped or found in a folder.

read_incoming([("tone.prompty", b"…"), ("mails.zip", b"…")])
→ [Incoming("tone.prompty", Prompt("Tone", …)), Incoming("mails.zip/refund.prompty", Prompt("Refund", …)), …]
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from playground.errors import PromptError
from playground.formats import bundle
from playground.formats.archive import MAX_BYTES
from playground.formats.base import shown
from playground.formats.beside import Beside
from playground.formats.bundle import read_bundle
from playground.library.naming import MODELFILE, SUFFIXES, distinct, stem
from playground.store.naming import NAME_CHARS, clean_name
from playground.types.prompt import Prompt

MAX_FILES = 2_000
MAX_PROMPTS = bundle.MAX_PROMPTS
FOLDER_DEPTH = 20
FOLDER_PLACES = 50_000
"""Files and folders that are looked at in a folder."""
BUNDLE = "bundle"
_UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Characters that no name has: of control, of line ends, half ones."""

Report = Callable[[int, int], None]
"""Told how many of how many are done."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One prompt of a file. When it cannot be read, `error` says why and `prompt` has only the file's name.

    `history` are the content hashes of its earlier versions where the file tells them; `format` is a name of FORMATS
    or "bundle", empty when it was not recognised.
    """

    path: str
    prompt: Prompt
    losses: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    error: PromptError | None = None
    format: str = ""


class Folder(NamedTuple):
    """The files of a folder by their path in it, and the paths of those that no format would be."""

    files: list[tuple[str, bytes]]
    passed_over: list[str]


def read_incoming(files: Sequence[tuple[str, bytes]], report: Report | None = None) -> list[Incoming]:
    """The prompts of these files (name, content), unreadable ones with their error.

    Raises PromptError for too much at once, and for a bundle that is refused when it is the only file.
    """
    if len(files) > MAX_FILES:
        raise _too_many(f"These are {len(files):,} files", f"At most {MAX_FILES:,} are read at once.")
    if sum(len(data) for _, data in files) > MAX_BYTES:
        raise _too_many("These files are too large", f"At most {MAX_BYTES // 2**20} MiB are read at once.")
    incoming: list[Incoming] = []
    beside = Beside(files)
    for number, (name, data) in enumerate(files):
        if len(files) == 1 and data.startswith(bundle.MAGIC):
            incoming += _entries("", data, report)
        else:
            incoming += _prompts(name, data, beside)
            if report is not None:
                report(number + 1, len(files))
        if len(incoming) > MAX_PROMPTS:
            raise _too_many("These files hold too many prompts", f"At most {MAX_PROMPTS:,} are read at once.")
    return _named_all(incoming)


def read_folder(path: Path) -> Folder:
    """The files below a folder, by path, that could be prompts; a single file when `path` is one.

    Hidden files and folders and links are left out. Raises PromptError for a folder that cannot be read, or with more
    in it than `read_incoming` takes.
    """
    try:
        if path.is_file():
            return Folder([(path.name, _bytes(path, MAX_BYTES))], [])
        found, passed_over = [], []
        for place in _walk(path):
            name = place.relative_to(path).as_posix()
            if place.suffix.lower() in SUFFIXES or MODELFILE.fullmatch(place.name):
                found.append((name, place))
            else:
                passed_over.append(name)
        if len(found) > MAX_FILES:
            raise _too_many(
                f"{path.name} has {len(found):,} files", f"At most {MAX_FILES:,} are read at once."
            )
        files, room = [], MAX_BYTES
        for name, place in found:
            files.append((name, _bytes(place, room)))
            room -= len(files[-1][1])
    except (OSError, ValueError) as exc:
        raise PromptError(
            f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}.",
            "Check the path and its permissions.",
        ) from exc
    return Folder(files, passed_over)


def _walk(folder: Path) -> Iterator[Path]:
    """Every ordinary file, in the order of the names, folder by folder."""
    seen = 0
    waiting = deque([(folder, 0)])
    while waiting:
        here, depth = waiting.popleft()
        for place in sorted(here.iterdir()):
            seen += 1
            if seen > FOLDER_PLACES or depth > FOLDER_DEPTH:
                raise _too_many(
                    f"{folder.name} holds too many files and folders", "Choose the folder of the prompts."
                )
            if place.name.startswith(".") or place.is_symlink():
                continue
            if place.is_dir():
                waiting.append((place, depth + 1))
            elif place.is_file():
                yield place


def _bytes(path: Path, room: int) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(room + 1)
    if len(data) > room:
        raise _too_many(f"{path.name} is too large", f"At most {MAX_BYTES // 2**20} MiB are read at once.")
    return data


def _prompts(name: str, data: bytes, beside: Beside) -> list[Incoming]:
    """The prompts of one file, or one row that says why there are none."""
    # All the formats: not before a file is there.
    from playground.formats.recognise import not_a_prompt, recognise, shown_name
    from playground.formats.registry import FORMATS

    try:
        if data.startswith(bundle.MAGIC):
            return _entries(f"{name}/", data, None)
        found = recognise(name, data, beside.of(name))
        if FORMATS[found.format].only_cases:
            raise not_a_prompt(shown_name(name))
    except PromptError as exc:
        return [Incoming(name, Prompt(name=stem(name)), error=exc)]
    return [Incoming(name, reading.prompt, reading.losses, format=found.format) for reading in found.readings]


def _entries(before: str, data: bytes, report: Report | None) -> list[Incoming]:
    return [
        Incoming(before + entry.path, entry.prompt, entry.losses, entry.history, entry.error, BUNDLE)
        for entry in read_bundle(data, report).entries
    ]


def _named_all(incoming: list[Incoming]) -> list[Incoming]:
    """Each with a name to save it under: its own, else one after its file that no other of them has."""
    nameless = [item for item in incoming if item.error is None and not item.prompt.name.strip()]
    names = iter(distinct([item.path for item in nameless]))
    return [
        _named(item, next(names) if item.error is None and not item.prompt.name.strip() else "")
        for item in incoming
    ]


def _named(incoming: Incoming, name: str) -> Incoming:
    """With this name, else its own cleaned, and what that changed as a loss."""
    if incoming.error is not None:
        return incoming
    prompt, losses = incoming.prompt, incoming.losses
    wanted = name or _UNNAMEABLE.sub(" ", prompt.name).strip()[:NAME_CHARS].strip()
    if not name and wanted != prompt.name.strip():
        losses = (
            f"name: {shown(prompt.name)} is no name, it is called {shown(wanted or stem(incoming.path))}",
            *losses,
        )
    name = clean_name(wanted or stem(incoming.path))
    return replace(incoming, prompt=prompt.model_copy(update={"name": name}), losses=losses)


def _too_many(what: str, limit: str) -> PromptError:
    return PromptError(f"{what}.", f"Nothing was imported. {limit}")
