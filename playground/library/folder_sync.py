"""A folder of `.prompty` files and the saved prompts, kept equal in both directions; a team's git checkout.

    report = sync(store, Path("prompts-of-the-team"))
    report.conflicts      # changed on both sides since the last time: shown, and left alone

What both sides had in common the last time is kept as a mark for each file, so that a change can be told from its
absence. A file whose time and size are those of its mark is not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Literal

from playground.errors import PlaygroundError, PromptError, SettingsError
from playground.formats import prompty
from playground.formats.base import file_name
from playground.library.shipped import read_prompt
from playground.store import Store, content_hash
from playground.store.content import fold
from playground.store.records import Head, SaveItem, SyncMark
from playground.types.prompt import Prompt
from playground.whole_files import write_whole

Side = Literal["file", "library"]
_ONE_AT_A_TIME = Lock()  # two pages that are opened together must not both write the same files
MAX_FILES = 20_000
FEW_FILES = 5
"""Up to so many files may be gone at once, and beyond that half of them, before nobody believes it."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A file and a prompt that both changed; None on the side that was deleted."""

    path: str
    name: str
    ours: Prompt | None
    theirs: Prompt | None

    @property
    def words(self) -> str:
        """What happened on each side."""
        here = "deleted here" if self.ours is None else "changed here"
        return f"{here} and {'deleted' if self.theirs is None else 'changed'} in the folder"


@dataclass(slots=True)
class SyncReport:
    """What was done, as paths: `to_folder` and `to_library` hold what is equal now, `problems` (path, why).

    `losses` (path, "field: reason") are of files that were written and cannot hold all of their prompt.
    """

    equal: int = 0
    to_folder: list[str] = field(default_factory=list)
    to_library: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    binned: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    losses: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class File:
    """One file as it is on disk now; `prompt` only where it had to be read."""

    path: str
    mtime_ns: int
    size: int
    prompt: Prompt | None = None
    hash: str = ""


def sync(
    store: Store,
    folder: Path,
    *,
    take: Mapping[str, Side] | None = None,
    author: str = "",
    allow_deletions: bool = False,
) -> SyncReport:
    """Make folder and saved prompts equal, and say what was done. Blocks.

    `take` settles conflicts by path. Raises SettingsError for a folder that cannot be used, and when so many files
    are gone that it looks like another folder, unless deletions are allowed.
    """
    with _ONE_AT_A_TIME:
        return _Sync(store, folder, dict(take or {}), author, allow_deletions).run()


class _Sync:
    """One pass over both sides."""

    def __init__(
        self, store: Store, folder: Path, take: dict[str, Side], author: str, allow_deletions: bool
    ) -> None:
        self.store, self.take, self.author, self.allow_deletions = store, take, author, allow_deletions
        self.folder = _usable(folder)
        self.report = SyncReport()
        self.marks = store.copies.marks(str(self.folder))
        self.kept: dict[str, SyncMark] = {}
        self.files = {file.path: file for file in _list_files(self.folder)}
        self.heads = {head.prompt_id: head for head in store.copies.heads()}
        self.by_name = {head.name_key: head for head in self.heads.values()}
        self.saves: list[tuple[File, SaveItem]] = []

    def run(self) -> SyncReport:
        gone = [path for path in self.marks if path not in self.files]
        if not self.allow_deletions and len(gone) > max(FEW_FILES, len(self.marks) // 2):
            raise SettingsError(
                f"{len(gone):,} of {len(self.marks):,} files are gone from {self.folder}.",
                "If you deleted them, sync once with --allow-deletions; else check the folder.",
            )
        self._follow_moves(gone)
        for path, mark in self.marks.items():
            self._known(path, mark)
        for path in [path for path in self.files if path not in self.marks]:
            self._unknown(self.files[path])
        self._save()
        in_folder = {mark.prompt_id for mark in self.kept.values()}
        in_folder |= {self.marks[c.path].prompt_id for c in self.report.conflicts if c.path in self.marks}
        in_folder |= {
            head.prompt_id for c in self.report.conflicts if (head := self.by_name.get(fold(c.name)))
        }
        in_folder |= {self.marks[path].prompt_id for path, _ in self.report.problems if path in self.marks}
        self._write([head for key, head in self.heads.items() if key not in in_folder])
        if self.kept != self.marks:
            self.store.copies.keep_marks(str(self.folder), self.kept)
        self.report.conflicts.sort(key=lambda conflict: conflict.path)
        return self.report

    def _follow_moves(self, gone: list[str]) -> None:
        """A file that is gone and whose content stands under another name has moved."""
        by_hash = {self.marks[path].content_hash: path for path in gone}
        for file in [f for path, f in self.files.items() if by_hash and path not in self.marks]:
            if self._read(file) and (old := by_hash.pop(file.hash, None)) is not None:
                self.marks[file.path] = self.marks.pop(old)

    # --- a file that was here the last time --------------------------------------------------------------

    def _known(self, path: str, mark: SyncMark) -> None:
        file, head = self.files.get(path), self.heads.get(mark.prompt_id)
        here = "gone" if head is None else "same" if head.content_hash == mark.content_hash else "changed"
        there = "gone" if file is None else "same"
        if file is not None and (file.mtime_ns, file.size) != (mark.mtime_ns, mark.size):
            if not self._read(file):
                self.kept[path] = mark
                return
            there = "same" if self._means(file, mark, head) else "changed"
        if here == there == "changed" and head and file and file.hash == head.content_hash:
            here = there = "same"
        if here != "same" and there != "same" and (here, there) != ("gone", "gone"):
            side = self.take.get(path)
            if side is None:
                self._conflict(path, head, file)
                self.kept[path] = mark
                return
            here, there = ("same", there) if side == "file" else (here, "same")
        self._settle(path, mark, head, file, here, there)

    def _settle(
        self, path: str, mark: SyncMark, head: Head | None, file: File | None, here: str, there: str
    ) -> None:
        """At most one side changed: bring the other one along."""
        if there == "changed" and file is not None:
            self._take_file(file, mark.prompt_id if head is not None else None)
        elif there == "gone" and head is not None and here == "same":
            self.store.bin.put(head.prompt_id)
            del self.heads[head.prompt_id]
            self.report.binned.append(path)
        elif here == "gone" and file is not None:
            try:
                (self.folder / path).unlink(missing_ok=True)
                self.report.removed.append(path)
            except OSError as exc:
                self.report.problems.append((path, f"It cannot be deleted: {exc.strerror}."))
                self.kept[path] = mark
        elif here == "changed" and head is not None:
            self._write([head], path)
        elif head is not None and file is not None:
            self.report.equal += 1
            self.kept[path] = SyncMark(head.prompt_id, head.content_hash, file.mtime_ns, file.size)

    def _means(self, file: File, mark: SyncMark, head: Head | None) -> bool:
        """Whether the file, touched or not, still says what was common: also when the format cannot hold all of it."""
        if file.hash == mark.content_hash:
            return True
        if head is None or head.content_hash != mark.content_hash:
            return False
        ours = self.store.copies.contents([head.prompt_id])[head.prompt_id].prompt
        return file.hash == content_hash(prompty.read(prompty.dump(ours)[0], file.path).prompt)

    # --- a file that is new ------------------------------------------------------------------------------

    def _unknown(self, file: File) -> None:
        if not file.prompt and not self._read(file):
            return
        assert file.prompt is not None
        head = self.by_name.get(fold(file.prompt.name.strip()))
        if head is None or head.prompt_id not in self.heads:
            self._take_file(file, None)
        elif file.hash == head.content_hash:
            self.report.equal += 1
            self.kept[file.path] = SyncMark(head.prompt_id, file.hash, file.mtime_ns, file.size)
        elif self.take.get(file.path) == "file":
            self._take_file(file, head.prompt_id)
        elif file.hash in head.hashes or self.take.get(file.path) == "library":
            self._write([head], file.path)
        else:
            self._conflict(file.path, head, file)

    def _conflict(self, path: str, head: Head | None, file: File | None) -> None:
        ours = self.store.copies.contents([head.prompt_id])[head.prompt_id].prompt if head else None
        if file is not None and file.prompt is None:
            self._read(file)
        theirs = file.prompt if file else None
        name = (ours or theirs or Prompt(name=Path(path).stem)).name
        self.report.conflicts.append(Conflict(path, name, ours, theirs))

    # --- moving content ----------------------------------------------------------------------------------

    def _read(self, file: File) -> bool:
        """Fill in the file's prompt; a file that cannot be read is a problem, and stays as it is."""
        try:
            prompt = read_prompt(self.folder / file.path)[0]
            file.prompt = (
                prompt if prompt.name.strip() else prompt.model_copy(update={"name": Path(file.path).stem})
            )
            file.hash = content_hash(file.prompt)
        except PlaygroundError as exc:
            self.report.problems.append((file.path, str(exc)))
            return False
        return True

    def _take_file(self, file: File, prompt_id: str | None) -> None:
        assert file.prompt is not None
        message = f"From {file.path}"
        item = SaveItem(file.prompt, prompt_id, message, self.author, origin="" if prompt_id else "imported")
        self.saves.append((file, item))

    def _save(self) -> None:
        """Save what the files brought: at once, or one by one when one of them cannot be saved."""
        try:
            saved = self.store.save_many([item for _, item in self.saves])
        except PromptError:
            for file, item in self.saves:
                try:
                    self._saved(file, self.store.save_many([item])[0].prompt_id)
                except PromptError as exc:
                    self.report.problems.append((file.path, str(exc)))
                    if file.path in self.marks:
                        self.kept[file.path] = self.marks[file.path]
            return
        for (file, _), version in zip(self.saves, saved, strict=True):
            self._saved(file, version.prompt_id)

    def _saved(self, file: File, prompt_id: str) -> None:
        self.report.to_library.append(file.path)
        self.kept[file.path] = SyncMark(prompt_id, file.hash, file.mtime_ns, file.size)

    def _write(self, heads: list[Head], path: str = "") -> None:
        """Write prompts to their files, or to new ones named after them."""
        contents = self.store.copies.contents([head.prompt_id for head in heads])
        taken = {name.casefold() for name in (*self.files, *self.kept)}
        for head in heads:
            saved = contents[head.prompt_id]
            target = path or _free_path(saved.prompt, taken)
            taken.add(target.casefold())
            try:
                text, losses = prompty.dump(saved.prompt)
                stat = self._replace(target, text)
            except (OSError, PlaygroundError) as exc:
                self.report.problems.append((target, getattr(exc, "strerror", None) or str(exc)))
                if target in self.marks:
                    self.kept[target] = self.marks[target]
                continue
            self.report.to_folder.append(target)
            self.report.losses += [(target, loss) for loss in losses]
            self.kept[target] = SyncMark(head.prompt_id, saved.content_hash, stat.st_mtime_ns, stat.st_size)

    def _replace(self, path: str, text: str) -> os.stat_result:
        """Write a file whole or not at all, and never over one that has changed since it was listed."""
        target = self.folder / path
        known = self.files.get(path)
        now = _stat(target)
        if (now is None) != (known is None) or (now and known and now.st_mtime_ns != known.mtime_ns):
            raise PromptError("The file changed while it was being synced.", "Sync once more.")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, text.encode(), mode=0o644 if now is None else now.st_mode & 0o777)
        return target.stat()


def _usable(folder: Path) -> Path:
    """The folder's real path, made when its parent is there; raises SettingsError."""
    try:
        folder = folder.expanduser().resolve()
        folder.mkdir(exist_ok=True)
    except (OSError, RuntimeError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise SettingsError(
            f"{folder} cannot be synced: {reason}.", "Give a folder that you can write."
        ) from exc
    return folder


def _list_files(folder: Path) -> Iterator[File]:
    """Every `.prompty` file below the folder, in order; hidden folders and links are passed over."""
    number = 0
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(above, name)
            if not name.endswith(prompty.SUFFIX) or name.startswith(".") or path.is_symlink():
                continue
            if (stat := _stat(path)) is None:
                continue
            number += 1
            if number > MAX_FILES:
                raise SettingsError(
                    f"{folder} holds more than {MAX_FILES:,} prompts.", "Sync a smaller folder."
                )
            yield File(path.relative_to(folder).as_posix(), stat.st_mtime_ns, stat.st_size)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _free_path(prompt: Prompt, taken: set[str]) -> str:
    """A new file's path: the family as a folder, the name as its name, numbered where it is taken."""
    above = f"{file_name(prompt.family, '')}/" if prompt.family else ""
    path, number = above + file_name(prompt.name, prompty.SUFFIX), 1
    while path.casefold() in taken:
        number += 1
        path = above + file_name(prompt.name, f"-{number}{prompty.SUFFIX}")
    return path
