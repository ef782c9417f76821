"""What a prompt of a file is called that has no name of its own: as the file, and where several are called so, as its folder.

stem("mails/v1.2-reply.j2")                                  →  "v1.2-reply"
distinct(["one/system.md", "two/system.md", "tone.prompty"])  →  ["one/system", "two/system", "tone"]
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from playground.store.content import fold
from playground.store.naming import NAME_CHARS

SUFFIXES = {
    *(
        ".prompty",
        ".prompt",
        ".json",
        ".jsonl",
        ".ndjson",
        ".yaml",
        ".yml",
        ".csv",
        ".tsv",
        ".md",
        ".markdown",
    ),
    *(".txt", ".text", ".j2", ".jinja", ".jinja2", ".modelfile", ".zip"),
}
"""How the names of files end that could be prompts."""
MODELFILE = re.compile(r"modelfile(?:[.-](?!(?:py|go|rs|[jt]sx?|java|rb|sh|lock)$)[^.]+)?", re.I)
"""A Modelfile, and one of several in a folder: `Modelfile.mario`."""
_BEFORE = {".prompt", ".promptfoo", ".chat", ".create", ".instructions", ".prompty"}
"""What may stand before such an ending and is none of the name: `tone.prompt.yml`."""


def stem(path: str) -> str:
    """The file's name without the endings that say what kind of file it is; other dots belong to the name."""
    file = PurePosixPath(path.replace("\\", "/")).name
    name = file
    if PurePosixPath(name).suffix.lower() in SUFFIXES:
        name = name[: -len(PurePosixPath(name).suffix)]
        before = PurePosixPath(name).suffix
        if before.lower() in _BEFORE:
            name = name[: -len(before)]
    return (name.strip() or file.strip() or "prompt")[:NAME_CHARS].strip()


def distinct(paths: Sequence[str]) -> list[str]:
    """A name for the prompt of each path, with as many of its folders as tell it from the others.

    Two kinds of one file in one folder keep their endings; of several prompts in one file each gets a number.
    """
    names = [stem(path) for path in paths]
    for depth in range(1, 21):
        groups = _same(names)
        if not groups:
            return names
        for places in groups:
            if len({paths[place] for place in places}) > 1:
                for place in places:
                    names[place] = _with_folders(paths[place], depth)
    for places in _same(names):
        if len({paths[place] for place in places}) > 1:
            for place in places:
                names[place] = _cut(f"{names[place]}{PurePosixPath(paths[place]).suffix}")
    for places in _same(names):
        for number, place in enumerate(places, 1):
            tail = f" {number}"
            names[place] = names[place][: NAME_CHARS - len(tail)] + tail
    return names


def _same(names: Sequence[str]) -> list[list[int]]:
    """The places of names that stand more than once, letter case aside."""
    counted = Counter(map(fold, names))
    groups: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        if counted[fold(name)] > 1:
            groups[fold(name)].append(place)
    return list(groups.values())


def _with_folders(path: str, depth: int) -> str:
    folders = [part for part in path.replace("\\", "/").split("/")[:-1] if part not in ("", ".", "..")]
    return _cut("/".join([*folders[-depth:], stem(path)]))


def _cut(name: str) -> str:
    """The end of a name that is too long: its beginning is what it shares with the others."""
    return name[-NAME_CHARS:].strip(" /") or "prompt"
