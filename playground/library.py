"""The pattern library: a folder of `.prompty` files, read once, searched and filtered in memory.

    Library(shipped_folder()).get("hub/classification/sentiment").prompt

A slug is the file's path below the folder without its suffix. A file that cannot be read stays in the list with
its error, and never hides the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from playground.errors import NotFoundError, PromptError
from playground.formats import prompty
from playground.formats.yaml_text import MAX_BYTES
from playground.types import Prompt


@dataclass(frozen=True, slots=True)
class Pattern:
    """One file of the library. `prompt` is empty and `error` says why when the file cannot be read."""

    slug: str
    prompt: Prompt
    file: Path
    losses: tuple[str, ...] = ()
    error: PromptError | None = None


def shipped_folder() -> Path:
    """The patterns that come with the program: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "prompts"
    return inside if inside.is_dir() else package.parent / "prompts"


def read_prompt(path: Path) -> tuple[Prompt, tuple[str, ...]]:
    """The prompt of a `.prompty` file and what of the file it does not hold; raises PromptError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PromptError(
                f"{path.name} is larger than {MAX_BYTES:,} bytes.", "A prompt is a few kilobytes."
            )
        text = path.read_bytes().decode()
    except UnicodeDecodeError as exc:
        raise PromptError(f"{path.name} is not UTF-8 text.", "Save it as UTF-8 and read it again.") from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise PromptError(
            f"{path.name} cannot be read: {reason}.", "Check the path and its permissions."
        ) from exc
    reading = prompty.read(text, path.name)
    return reading.prompt, reading.losses


class Library:
    """The patterns of one folder, in the order of their slugs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def patterns(self) -> list[Pattern]:
        """Every file, readable or not; read from disk on the first call only."""
        return list(self._by_slug.values())

    def get(self, slug: str) -> Pattern:
        """The pattern of that slug, readable or not; raises NotFoundError."""
        pattern = self._by_slug.get(slug)
        if pattern is None:
            raise NotFoundError(f"There is no pattern {slug[:100]!r}.", "List the patterns: playground list")
        return pattern

    def search(self, text: str = "", family: str | None = None, tag: str | None = None) -> list[Pattern]:
        """Readable patterns that hold every word of `text`, whatever its case; a match in the name comes first."""
        words = text.casefold().split()
        found = [
            pattern
            for pattern in self.patterns()
            if pattern.error is None
            and (not family or pattern.prompt.family == family)
            and (not tag or tag in pattern.prompt.tags)
            and all(word in self._texts[pattern.slug] for word in words)
        ]
        return sorted(found, key=lambda pattern: not all(w in pattern.prompt.name.casefold() for w in words))

    def families(self) -> list[str]:
        """Families that occur, in order."""
        return sorted({pattern.prompt.family for pattern in self.patterns() if pattern.prompt.family})

    def tags(self) -> list[str]:
        """Tags that occur, in order."""
        return sorted({tag for pattern in self.patterns() for tag in pattern.prompt.tags})

    @cached_property
    def _by_slug(self) -> dict[str, Pattern]:
        files = sorted(self.folder.rglob(f"*{prompty.SUFFIX}"))
        loaded = (_load(file, self.folder) for file in files if file.is_file())
        return {pattern.slug: pattern for pattern in loaded}

    @cached_property
    def _texts(self) -> dict[str, str]:
        return {pattern.slug: "\n".join(_searchable(pattern)).casefold() for pattern in self.patterns()}


def _load(file: Path, folder: Path) -> Pattern:
    slug = file.relative_to(folder).with_suffix("").as_posix()
    try:
        prompt, losses = read_prompt(file)
    except PromptError as exc:
        return Pattern(slug, Prompt(name=file.stem), file, error=exc)
    return Pattern(slug, prompt, file, losses)


def _searchable(pattern: Pattern) -> Iterable[str]:
    prompt = pattern.prompt
    yield from (pattern.slug, prompt.name, prompt.description, prompt.family, prompt.technique)
    yield from (prompt.use_when, *prompt.tags, *(turn.template for turn in prompt.turns))
