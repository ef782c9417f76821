"""Library bundles (`.zip`): many prompts with their cases and checks in one file.

    bundle.json                        {"format": 1, "name": …, "description": …, "licence": …, "created": …,
    classification/tone.prompty         "files": {"classification/tone.prompty": {"sha256": …, "history": […]}, …}}
    data/classification/tone.jsonl     the prompt's cases, one JSON object a line

`history` are the content hashes of the prompt's earlier versions, newest last: who has one of them as the newest
knows that this file is the successor. A bundle that breaks a rule is refused whole (`archive` has the rules of the
zip file); a single file that is no readable prompt is an entry with an error. Templates are parsed, never rendered.

The contract's "2,000 entries" counts prompts. Each may have one file of cases, and bundle.json comes on top: a
zip of up to 4,001 files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NoReturn

from pydantic import AwareDatetime, Field, ValidationError

from playground.errors import PromptError
from playground.formats import archive, prompty
from playground.formats.archive import refused
from playground.formats.base import file_name
from playground.formats.yaml_text import MAX_BYTES, plain
from playground.tables import json_text
from playground.types.prompt import Prompt, Value

SUFFIX = ".zip"
MEDIA_TYPE = "application/zip"
MAGIC = archive.MAGIC
MANIFEST = "bundle.json"
MAX_PROMPTS = 2_000
MAX_FILES = 2 * MAX_PROMPTS + 1
MAX_VALUES = 2_000_000
"""Values of all files together, estimated: each is an object in memory, however few bytes it has in the file."""
MAX_HISTORY = 50
"""Earlier versions of a prompt that are written: what is older is hardly anybody's newest."""
ALL_HISTORY = 10_000
"""The same for all prompts together, so that bundle.json keeps below the 2 MB that are read of it."""


_DATA, _ROWS = "data/", ".jsonl"
_MAX_PACKED = archive.MAX_BYTES + 8 * 2**20  # files that do not shrink, with two headers each
_MARKS = (b",", b"\n", b"[", b"{", b"- ")  # every value but the first has one of these before it
_LARGER = "A bundle holds prompts, not models or documents; split it into several."

Report = Callable[[int, int], None]
"""Told how many of how many are done."""
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ListedFile(Value):
    """A row of `files`: the SHA-256 of the file's bytes and, for a prompt, its history."""

    sha256: Hash
    history: Annotated[tuple[Hash, ...], Field(max_length=1_000)] = ()


class Manifest(Value):
    """What bundle.json holds."""

    format: Literal[1] = 1
    name: Annotated[str, Field(max_length=200)]
    description: Annotated[str, Field(max_length=10_000)] = ""
    licence: Annotated[str, Field(max_length=10_000)] = ""
    created: AwareDatetime
    files: dict[str, ListedFile]


@dataclass(frozen=True, slots=True)
class BundleItem:
    """A prompt to take along. `folder` ("hub/classification") is its family's name when it is empty.

    `called` names its file where that is not called as the prompt: two wordings of one pattern lie side by side.
    """

    prompt: Prompt
    history: tuple[str, ...] = ()
    folder: str = ""
    called: str = ""


class Written(NamedTuple):
    """A bundle's bytes, and what its files do not hold: "path: field: reason"."""

    data: bytes
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One prompt of a bundle. When it cannot be read, `error` says why and `prompt` has only the file's name."""

    path: str
    prompt: Prompt
    losses: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    error: PromptError | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files are all what its bundle.json says."""

    name: str
    description: str
    licence: str
    created: datetime
    entries: tuple[Entry, ...]


# --- writing ------------------------------------------------------------------------------------------------


def write_bundle(
    items: Sequence[BundleItem], *, name: str, description: str = "", licence: str = "", created: datetime
) -> Written:
    """A bundle that `read_bundle` takes; the order of the items does not change a byte of it.

    Raises PromptError for no or too many prompts, and for one that no file can hold; names the prompt.
    """
    if not 0 < len(items) <= MAX_PROMPTS:
        raise PromptError(
            f"A bundle of {len(items):,} prompts cannot be written.",
            f"Choose from 1 to {MAX_PROMPTS:,}.",
        )
    share = min(MAX_HISTORY, ALL_HISTORY // len(items))
    files: dict[str, bytes] = {}
    history: dict[str, tuple[str, ...]] = {}
    report: list[str] = []
    for path, item, text, losses in _placed(items):
        files[path] = _encoded(text, item.prompt)
        history[path] = item.history[-share:]
        report += [f"{path}: {loss}" for loss in losses]
        if item.prompt.cases:
            files[_data_path(path)] = _encoded(_write_rows(item.prompt), item.prompt)
    try:
        manifest = Manifest(
            name=name,
            description=description,
            licence=licence,
            created=created,
            files={
                path: ListedFile(sha256=_sha256(files[path]), history=history.get(path, ()))
                for path in sorted(files)
            },
        )
    except ValidationError as exc:
        _refuse_fields("The bundle cannot be written", exc)
    files = {MANIFEST: _write_manifest(manifest)} | dict(sorted(files.items()))
    if (size := sum(map(len, files.values()))) > archive.MAX_BYTES:
        raise PromptError(
            f"The bundle would unpack to {size / 2**20:.1f} MiB; {archive.MAX_BYTES // 2**20} MiB are read.",
            "Choose fewer prompts.",
        )
    _check_values(files)
    return Written(archive.pack(files), tuple(report))


def _write_manifest(manifest: Manifest) -> bytes:
    data = manifest.model_dump(mode="json")
    for row in data["files"].values():
        if not row["history"]:
            del row["history"]
    return json.dumps(data, ensure_ascii=False, indent=1).encode()


def _placed(items: Sequence[BundleItem]) -> Iterator[tuple[str, BundleItem, str, tuple[str, ...]]]:
    """Each item with a path of its own, its text without the cases, and the losses of that."""
    rows = []
    for item in items:
        parts = (item.folder or item.prompt.family).split("/")
        folder = "/".join(file_name(part, "") for part in parts[:2] if part.strip())
        text, losses = prompty.dump(item.prompt.model_copy(update={"cases": ()}))
        ending = prompty.suffix_of(item.prompt).removesuffix(prompty.SUFFIX)
        base = f"{folder}/{file_name(item.called or item.prompt.name, ending)}".lstrip("/")
        rows.append(((base, item.prompt.name, text, item.history), item, losses))
    rows.sort(key=lambda row: row[0])
    bases = {archive.fold(key[0]) for key, _, _ in rows}
    used: dict[str, int] = {}
    for (base, _, text, _), item, losses in rows:
        key = archive.fold(base)
        used[key] = used.get(key, 0) + 1
        while used[key] > 1 and f"{key}-{used[key]}" in bases:
            used[key] += 1
        stem = base if used[key] == 1 else f"{base}-{used[key]}"
        yield stem + prompty.SUFFIX, item, text, losses


def _write_rows(prompt: Prompt) -> str:
    try:
        rows = plain(prompt.cases, "cases")
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    except (PromptError, ValueError) as exc:  # ValueError: a number of more than 4,300 digits
        raise PromptError(
            f'The cases of "{prompt.name}" cannot be written: {exc}', "Correct them, or leave the prompt out."
        ) from exc


def _encoded(text: str, prompt: Prompt) -> bytes:
    try:
        content = text.encode()
    except UnicodeEncodeError as exc:
        raise PromptError(
            f'"{prompt.name}" holds half a character, which no file can hold.',
            "Remove it, or leave the prompt out.",
        ) from exc
    if len(content) > MAX_BYTES:
        raise PromptError(
            f'"{prompt.name}" or its cases need more than {MAX_BYTES:,} bytes, which no import takes.',
            "Shorten it, or leave the prompt out.",
        )
    return content


# --- reading ------------------------------------------------------------------------------------------------


def read_bundle(data: bytes | Path, report: Report | None = None) -> Bundle:
    """The prompts of a bundle, then data that belongs to none of them. Raises PromptError for a bundle that is refused whole, naming entry and rule."""
    data = _bytes_of(data)
    if len(data) > _MAX_PACKED:
        raise PromptError(f"The bundle has {len(data) / 2**20:.0f} MiB.", _LARGER)
    files = archive.unpack(data, members=MAX_FILES)
    _check_values(files)
    content = files.pop(MANIFEST, None)
    if content is None:
        raise PromptError(
            f"The zip file is no library bundle: it has no {MANIFEST}.",
            "Unpack it and import the folder, or choose another file.",
        )
    manifest = _read_manifest(content)
    paths = _check_files(manifest, files)
    entries = []
    for number, path in enumerate(paths):
        entries.append(_entry(path, files, manifest.files[path]))
        if report is not None:
            report(number + 1, len(paths))
    stray = sorted({path for path in files if path.endswith(_ROWS)} - set(map(_data_path, paths)))
    entries += [Entry(path, Prompt(name=_stem(path)), error=_stray(path)) for path in stray]
    return Bundle(manifest.name, manifest.description, manifest.licence, manifest.created, tuple(entries))


def _bytes_of(data: bytes | Path) -> bytes:
    """The bytes, or those of the file and one more than are allowed."""
    if isinstance(data, bytes):
        return data
    try:
        with data.open("rb") as stream:
            return stream.read(_MAX_PACKED + 1)
    except OSError as exc:
        raise PromptError(
            f"{data.name} cannot be read: {exc.strerror or exc}.", "Check the path and its permissions."
        ) from exc


def _read_manifest(content: bytes) -> Manifest:
    data = json_text.load(_decoded(content, MANIFEST), file=MANIFEST)
    if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > 1:
        raise PromptError(
            f"The bundle has format {data['format']}; this program reads format 1.", "Update the program."
        )
    try:
        return Manifest.model_validate(data)
    except ValidationError as exc:
        _refuse_fields(f"{MANIFEST} of the bundle cannot be used", exc)


def _refuse_fields(what: str, exc: ValidationError) -> NoReturn:
    first = exc.errors()[0]
    place = ".".join(str(part)[:100] for part in first["loc"]) or "the file"
    raise PromptError(
        f"{what}: {place}: {first['msg']}.", "Correct that, or export the bundle anew."
    ) from exc


def _check_files(manifest: Manifest, files: dict[str, bytes]) -> list[str]:
    """The paths of the prompts, when the files are exactly the listed ones, of known kinds and unchanged."""
    for path in files:
        if path not in manifest.files:
            raise refused(path, f"is not listed in {MANIFEST}", "Remove it, or export the bundle anew.")
        if not path.endswith(prompty.SUFFIX) and not (path.startswith(_DATA) and path.endswith(_ROWS)):
            raise refused(
                path,
                "is neither a prompt nor data",
                f"Only {prompty.SUFFIX} files, and {_ROWS} files in {_DATA}, belong into a bundle.",
            )
    for path, row in manifest.files.items():
        if path not in files:
            raise refused(path, f"is listed in {MANIFEST} but missing")
        if _sha256(files[path]) != row.sha256:
            raise refused(path, "was changed since the bundle was made: its SHA-256 is another one")
    paths = sorted(path for path in files if path.endswith(prompty.SUFFIX))
    if not 0 < len(paths) <= MAX_PROMPTS:
        raise PromptError(
            f"The bundle is refused: it has {len(paths):,} prompts.",
            f"From 1 to {MAX_PROMPTS:,} are read; split it into several.",
        )
    return paths


def _check_values(files: dict[str, bytes]) -> None:
    """A few bytes of text can be an object of hundreds: count what may become one, before anything is built."""
    if sum(content.count(mark) for content in files.values() for mark in _MARKS) > MAX_VALUES:
        raise PromptError(
            f"The bundle is refused: it has more than {MAX_VALUES:,} values and lines.", _LARGER
        )


def _entry(path: str, files: dict[str, bytes], row: ListedFile) -> Entry:
    try:
        prompt, losses = prompty.read(_decoded(files[path], path), path)
        if (data := files.get(_data_path(path))) is not None:
            if prompt.cases:
                losses += (f"cases: those of {_data_path(path)} take their place",)
            prompt = prompt.model_copy(update={"cases": _read_rows(data, _data_path(path))})
    except PromptError as exc:
        return Entry(path, Prompt(name=_stem(path)), history=row.history, error=exc)
    return Entry(path, prompt, losses, row.history)


def _read_rows(content: bytes, path: str) -> tuple[dict[str, Any], ...]:
    rows = []
    for number, line in enumerate(_decoded(content, path).split("\n"), 1):
        if not line.strip():
            continue
        row = json_text.load(line, file=path, first_line=number)
        if not isinstance(row, dict):
            raise PromptError(
                f"{path}, line {number} is not an object.", 'Write one a line: {"name": "value"}.'
            )
        rows.append(row)
    return tuple(rows)


def _decoded(content: bytes, path: str) -> str:
    if len(content) > MAX_BYTES:
        raise PromptError(f"{path} is larger than {MAX_BYTES:,} bytes.", "A prompt is a few kilobytes.")
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        raise PromptError(f"{path} is not UTF-8 text.", "Save it as UTF-8 and make the bundle anew.") from exc


def _stray(path: str) -> PromptError:
    return PromptError(
        f"{path} belongs to no prompt of the bundle.",
        f"The cases of x{prompty.SUFFIX} lie in {_DATA}x{_ROWS}.",
    )


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def _data_path(path: str) -> str:
    return f"{_DATA}{path.removesuffix(prompty.SUFFIX)}{_ROWS}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
