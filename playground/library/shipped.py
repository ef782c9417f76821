"""The pattern library: a folder of `.prompty` files, read once, searched and filtered in memory.

    Library(shipped_folder()).get("hub/classification/sentiment").prompt
    Library(shipped_folder()).notes_of("hub/classification/sentiment")[0].title

A slug is the file's path below the folder without its suffix. A pattern may have a wording in each language: beside
`sentiment.prompty` lies `sentiment.zh.prompty`, whose slug ends in ".zh". Lists hold each pattern once, in the reader's
language where there is such a wording. A file that cannot be read stays in the list with its error, and never hides
the others. Notes are the Markdown files in `notes/`, worded in the same way: what is worth knowing about several
patterns at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from playground.errors import NotFoundError, PromptError
from playground.formats import front_matter, prompty
from playground.formats.yaml_text import MAX_BYTES
from playground.tables.charset import Decoded, decode
from playground.types.prompt import Prompt

NOTES = "notes"
"""The folder inside a library whose Markdown files are notes."""

Language = Literal["en", "zh"]
"""What a reader reads. A file without a language in its name is in English."""

_ENDINGS: dict[str, Language] = {".zh": "zh"}


def language_of(slug: str) -> Language:
    """The language that a slug names: "zh" of "hub/classification/sentiment.zh"."""
    return next((language for ending, language in _ENDINGS.items() if slug.endswith(ending)), "en")


def plain(slug: str) -> str:
    """The slug without its language: what all wordings of a pattern have in common."""
    return slug if (language := language_of(slug)) == "en" else slug.removesuffix(f".{language}")


def worded(slug: str, language: Language) -> str:
    """The slug of a pattern's wording in this language, whether there is one or not."""
    return plain(slug) if language == "en" else f"{plain(slug)}.{language}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One file of the library. `prompt` is empty and `error` says why when the file cannot be read."""

    slug: str
    prompt: Prompt
    file: Path
    losses: tuple[str, ...] = ()
    error: PromptError | None = None

    def own(self) -> Prompt:
        """The prompt for somebody to go on from: what it was tried on is said of this file alone. Raises its error."""
        if self.error is not None:
            raise self.error
        return self.prompt.model_copy(update={"tried_on": ()})


@dataclass(frozen=True, slots=True)
class Note:
    """One Markdown note: `text` without its front matter, and `patterns`, the slugs or folders it explains.

    `text` is empty and `error` says why when the file cannot be read.
    """

    slug: str
    title: str
    file: Path
    title_zh: str = ""
    patterns: tuple[str, ...] = ()
    source: str = ""
    text: str = ""
    error: PromptError | None = None

    def explains(self, slug: str) -> bool:
        """Whether the note names the pattern itself, in whatever language, or a folder that it lies in."""
        slug = plain(slug)
        return any(slug == name or slug.startswith(f"{name.rstrip('/')}/") for name in self.patterns)


def shipped_folder() -> Path:
    """The patterns that come with the program: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "prompts"
    return inside if inside.is_dir() else package.parent / "prompts"


def read_prompt(path: Path) -> tuple[Prompt, tuple[str, ...]]:
    """The prompt of a `.prompty` file and what of the file it does not hold; raises PromptError."""
    text, note = _read_text(path)
    reading = prompty.read(text, path.name)
    return reading.prompt, (*([note] if note else []), *reading.losses)


def read_note(path: Path) -> Note:
    """The note of a Markdown file, called by the file's name when it has no title; raises PromptError."""
    data, text = front_matter.split(_read_text(path).text, path.name)
    patterns = data.get("patterns") or []
    if not isinstance(patterns, list):
        raise PromptError(
            f"{path.name}: the front matter is not `title`, `title_zh`, `source` and a list `patterns`.",
            "Correct the lines between the two `---`.",
        )
    return Note(
        slug=path.stem,
        title=_line(data.get("title")) or path.stem,
        file=path,
        title_zh=_line(data.get("title_zh")),
        patterns=tuple(_line(name) for name in patterns),
        source=_line(data.get("source")),
        text=text.strip(),
    )


class HasSlug(Protocol):
    """A pattern or a note."""

    @property
    def slug(self) -> str:
        """Its file's path without the ending."""


Worded = TypeVar("Worded", bound=HasSlug)


def _each_once(files: Mapping[str, Worded], language: Language) -> list[Worded]:
    """Each pattern or note in the reader's language, else in the one that it has; in the order of the plain slugs."""
    plains = dict.fromkeys(plain(slug) for slug in files)
    return [files.get(worded(slug, language)) or _all_of(files, slug)[0] for slug in plains]


def _all_of(files: Mapping[str, Worded], slug: str) -> list[Worded]:
    slugs = (plain(slug), *(plain(slug) + ending for ending in _ENDINGS))
    return [files[each] for each in slugs if each in files]


class Library:
    """The patterns of one folder, in the order of their slugs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def patterns(self, language: Language = "en") -> list[Pattern]:
        """Every pattern once, readable or not, in this language where it has such a wording.

        Read from disk on the first call only.
        """
        return _each_once(self._by_slug, language)

    def files(self) -> list[Pattern]:
        """Every file, so every wording of each pattern, in the order of the slugs."""
        return list(self._by_slug.values())

    def get(self, slug: str, language: Language | None = None) -> Pattern:
        """The pattern of that slug, readable or not; raises NotFoundError.

        With a language its wording in that, where it has one.
        """
        pattern = self._by_slug.get(worded(slug, language) if language else slug) or self._by_slug.get(slug)
        if pattern is None:
            raise NotFoundError(f"There is no pattern {slug[:100]!r}.", "List the patterns: playground list")
        return pattern

    def find(self, name: str) -> Pattern | None:
        """The pattern of that slug or, in any language, of that name."""
        return self._by_slug.get(name) or next((p for p in self.files() if p.prompt.name == name), None)

    def wordings(self, slug: str) -> list[Pattern]:
        """All wordings of the pattern that this slug belongs to, English first."""
        return _all_of(self._by_slug, slug)

    def search(
        self, text: str = "", family: str | None = None, tag: str | None = None, language: Language = "en"
    ) -> list[Pattern]:
        """Readable patterns that hold every word of `text` in one of their wordings, in the reader's language.

        Letter case does not count; a match in the name, of whatever language, comes first.
        """
        words = text.casefold().split()

        def has_other_name(pattern: Pattern) -> bool:
            names = "\n".join(self.names(pattern.slug)).casefold()
            return not all(word in names for word in words)

        found = [
            pattern
            for pattern in self.patterns(language)
            if pattern.error is None
            and (not family or pattern.prompt.family == family)
            and (not tag or tag in pattern.prompt.tags)
            and all(word in self._texts[plain(pattern.slug)] for word in words)
        ]
        return sorted(found, key=has_other_name)

    def names(self, slug: str) -> tuple[str, ...]:
        """What a pattern is called, in all languages."""
        prompts = [pattern.prompt for pattern in self.wordings(slug)]
        return tuple(dict.fromkeys(n for prompt in prompts for n in (prompt.name, prompt.name_zh) if n))

    def families(self) -> list[str]:
        """Families that occur, in order."""
        return sorted({pattern.prompt.family for pattern in self.files() if pattern.prompt.family})

    def tags(self) -> list[str]:
        """Tags that occur, in order."""
        return sorted({tag for pattern in self.files() for tag in pattern.prompt.tags})

    def notes(self, language: Language = "en") -> list[Note]:
        """Every note once, readable or not, in this language where it has such a wording, in the order of the files.

        Read from disk on the first call only.
        """
        return _each_once(self._notes, language)

    def note(self, slug: str) -> Note:
        """The note of that slug; raises NotFoundError."""
        note = self._notes.get(slug)
        if note is None:
            raise NotFoundError("There is no such note.", "Reload the page.")
        return note

    def note_wordings(self, slug: str) -> list[Note]:
        """All wordings of the note that this slug belongs to, English first."""
        return _all_of(self._notes, slug)

    def notes_of(self, slug: str, language: Language = "en") -> list[Note]:
        """The notes that explain this pattern, by its slug or a folder above it; none for an unknown one."""
        return [note for note in self.notes(language) if note.explains(slug)]

    @cached_property
    def _notes(self) -> dict[str, Note]:
        files = sorted((self.folder / NOTES).glob("*.md"))
        return {file.stem: _load_note(file) for file in files if file.is_file()}

    @cached_property
    def _by_slug(self) -> dict[str, Pattern]:
        files = sorted(self.folder.rglob(f"*{prompty.SUFFIX}"))
        loaded = (_load(file, self.folder) for file in files if file.is_file())
        return {pattern.slug: pattern for pattern in loaded}

    @cached_property
    def _texts(self) -> dict[str, str]:
        """What is searched of each pattern, by its plain slug: all its wordings."""
        found: dict[str, str] = {}
        for pattern in self.files():
            text = "\n".join(_searchable(pattern)).casefold()
            found[plain(pattern.slug)] = f"{found.get(plain(pattern.slug), '')}\n{text}"
        return found


def _load(file: Path, folder: Path) -> Pattern:
    slug = file.relative_to(folder).with_suffix("").as_posix()
    try:
        prompt, losses = read_prompt(file)
    except PromptError as exc:
        return Pattern(slug, Prompt(name=file.stem), file, error=exc)
    return Pattern(slug, prompt, file, losses)


def _load_note(file: Path) -> Note:
    try:
        return read_note(file)
    except PromptError as exc:
        return Note(file.stem, file.stem, file, error=exc)


def _read_text(path: Path) -> Decoded:
    """The text of a small file; raises PromptError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PromptError(
                f"{path.name} is larger than {MAX_BYTES:,} bytes.", "A prompt is a few kilobytes."
            )
        return decode(path.read_bytes(), path.name)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise PromptError(
            f"{path.name} cannot be read: {reason}.", "Check the path and its permissions."
        ) from exc


def _line(value: Any) -> str:
    """A front-matter value as one line of text."""
    return "" if value is None else " ".join(str(value).split())


def _searchable(pattern: Pattern) -> Iterable[str]:
    prompt = pattern.prompt
    yield from (pattern.slug, prompt.name, prompt.description, prompt.family, prompt.technique)
    yield from (prompt.name_zh, prompt.description_zh)
    yield from (prompt.use_when, *prompt.tags, *(turn.template for turn in prompt.turns))
