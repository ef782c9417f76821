"""What every reader of a table takes and gives.

    source = open_separated("late.csv", data, Choices())
    source.names                      →  ("message", "order no")
    next(source.records()).cells      →  ["My parcel was due on 3 June.", "DX-51027"]

A choice that is empty is found out; what was found is told with its evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from playground.types.dataset import ColumnKind, ColumnRole
from playground.types.prompt import Value

MAX_BYTES = 200_000_000
"""Of a file that is read as a table."""
MOST_ROWS = 1_000_000
MOST_COLUMNS = 1_000
FIELD_CHARS = 1_000_000
"""Characters of one value: a longer one is no input of a model."""
NAME_CHARS = 200

Unit = Literal["line", "row", "entry"]


class Choices(Value):
    """What a person chose in place of what was found; columns are named as in the file, lines counted from 1.

    `names` says what a column becomes, "" that it is left out; `lines` holds lines as a person corrected them;
    `keep_equal` stores rows that are in the data set already. `quote` may be "none".
    """

    encoding: str = ""
    delimiter: str = ""
    header: bool | None = None
    quote: str = ""
    decimal: Literal["", ".", ","] = ""
    sheet: str = ""
    kinds: dict[str, ColumnKind] = {}
    names: dict[str, str] = {}
    roles: dict[str, ColumnRole] = {}
    lines: dict[int, str] = {}
    keep_equal: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was found about a file or chosen for it, why, and what else it could be (value, label)."""

    what: Literal["encoding", "delimiter", "header", "quote", "decimal", "sheet"]
    value: str
    label: str
    evidence: str
    sure: bool = True
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What is the matter with a record: findings of the same words and `then` are one problem with many lines."""

    kind: str
    what: str
    then: str = ""
    refused: bool = False
    column: str = ""


@dataclass(slots=True)
class Record:
    """One record with the lines it stands on, from `line` to `last`; its cells are texts, or plain data where typed."""

    line: int
    last: int
    cells: Sequence[Any]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """An opened table. `records` reads it from its beginning, as often as it is called.

    `is_typed` means that values are plain data; else they are texts whose kind is to be told. `has_json_texts`: its format
    has no lists, so that a text such as [1, 2] may be one. `whys` are remarks on
    columns by their place. A line of a file is its `unit`, a row of a sheet, or an entry of a list.
    """

    format: str
    names: tuple[str, ...]
    records: Callable[[], Iterator[Record]]
    found: tuple[Found, ...] = ()
    unit: Unit = "line"
    is_typed: bool = False
    has_json_texts: bool = False
    whys: tuple[str, ...] = ()
    notes: tuple[Finding, ...] = ()


_SENTENCE = re.compile(r"[.?!;:。？！；：…]\s*$|[\r\n]")
_NAME_LIKE_CHARS = 60


def are_names(cells: Sequence[str], file: str) -> bool:
    """Whether a table's only record names its columns: short, all different, no sentences.

    One text alone that was pasted, which has no ending, is a row.
    """
    return (
        bool(cells)
        and (len(cells) > 1 or "." in file)
        and len({cell.strip() for cell in cells}) == len(cells)
        and all(0 < len(cell.strip()) <= _NAME_LIKE_CHARS and not _SENTENCE.search(cell) for cell in cells)
    )


ONLY_NAMES = Finding(
    "header", "names of columns, and no row under them", "If they are a row, choose that they are."
)


def unique_names(names: Sequence[str]) -> tuple[tuple[str, ...], list[Finding]]:
    """Names for columns, printable, each of its own; and what had to be changed for that."""
    taken, found, findings = set[str](), [], []
    for number, raw in enumerate(names, 1):
        shown = "".join(char if char.isprintable() else " " for char in str(raw))
        name = " ".join(shown.split())[:NAME_CHARS] or f"column {number}"
        free, count = name, 1
        while free in taken:
            count += 1
            free = f"{name[: NAME_CHARS - 8]} {count}"
        if free != name:
            findings.append(
                Finding(
                    "header", f"two columns are called {name}", f"The later one becomes {free}.", column=free
                )
            )
        taken.add(free)
        found.append(free)
    return tuple(found), findings
