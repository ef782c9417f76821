"""The data sets that come with the program: a folder each, with its table, its card and a prompt that goes with it.

shipped_sets()[0]  →  ShippedSet("arithmetic", title="Arithmetic word problems", rows=120, columns=("id", …), …)

data/sentiment/sentiment.csv     the rows; .jsonl where values are lists or objects
data/sentiment/README.md         the card: origin, size, columns, what it is for, what the embedded model reaches
data/sentiment/make.py           writes the rows again, byte for byte
data/sentiment/sentiment.prompty a prompt whose variables are the columns, with checks on the expected one
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SUFFIXES = (".csv", ".jsonl")
_TITLE = re.compile(r"^# (.+)$", re.M)
_FOR = re.compile(r"^- \*\*For\*\*: (.+)$", re.M)


@dataclass(frozen=True, slots=True)
class ShippedSet:
    """One of them. `card` is its README as Markdown, `about` what it is for; `prompt` and `experiment` are files beside it."""

    name: str
    title: str
    about: str
    path: Path
    rows: int
    columns: tuple[str, ...]
    card: str
    prompt: Path | None
    experiment: Path | None


def data_folder() -> Path:
    """Where they lie: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "data_sets"
    return inside if inside.is_dir() else package.parent / "data"


@cache
def shipped_sets() -> tuple[ShippedSet, ...]:
    """All of them by name; read from disk on the first call only, so call it from a thread."""
    folder = data_folder()
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return tuple(found for path in folders if (found := _read(path)) is not None)


def _read(folder: Path) -> ShippedSet | None:
    """The set of a folder; None for one that is none, such as the pictures of the README."""
    name, card = folder.name, folder / "README.md"
    table = next((path for suffix in SUFFIXES if (path := folder / f"{name}{suffix}").is_file()), None)
    if table is None or not card.is_file():
        return None
    text = card.read_text(encoding="utf-8")
    title, about = _TITLE.search(text), _FOR.search(text)
    rows, columns = _shape(table)
    prompt, experiment = folder / f"{name}.prompty", folder / f"{name}.experiment.yaml"
    return ShippedSet(
        name=name,
        title=title[1] if title else name,
        about=about[1] if about else "",
        path=table,
        rows=rows,
        columns=columns,
        card=text,
        prompt=prompt if prompt.is_file() else None,
        experiment=experiment if experiment.is_file() else None,
    )


def _shape(table: Path) -> tuple[int, tuple[str, ...]]:
    with table.open(encoding="utf-8", newline="") as file:
        if table.suffix == ".csv":
            head, *rows = list(csv.reader(file))
            return len(rows), tuple(head)
        lines = file.readlines()
        return len(lines), tuple(json.loads(lines[0]))
