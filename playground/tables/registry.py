r"""The one registry of table formats: what a file is, who reads it.

open_table("late.csv", data)  →  Source(…)
format_of("pasted", b"a\\tb\\n1\\t2")  →  "tsv"
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from playground.errors import PromptError
from playground.tables.base import MAX_BYTES, Choices, Source
from playground.tables.json_rows import open_json, open_lines
from playground.tables.parquet import open_parquet
from playground.tables.separated import open_separated
from playground.tables.xlsx import open_xlsx

Open = Callable[[str, bytes, Choices], Source]


@dataclass(frozen=True, slots=True)
class TableFormat:
    """One row of the registry: its name for people, the endings of its files, who opens it."""

    label: str
    suffixes: tuple[str, ...]
    media_type: str
    open: Open


FORMATS: dict[str, TableFormat] = {
    "csv": TableFormat("CSV", ("csv", "txt"), "text/csv", open_separated),
    "tsv": TableFormat(
        "TSV", ("tsv", "tab"), "text/tab-separated-values", partial(open_separated, first="\t")
    ),
    "json": TableFormat("JSON", ("json",), "application/json", open_json),
    "jsonl": TableFormat("JSON Lines", ("jsonl", "ndjson"), "application/jsonl", open_lines),
    "xlsx": TableFormat(
        "XLSX",
        ("xlsx", "xlsm"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        open_xlsx,
    ),
    "parquet": TableFormat("Parquet", ("parquet", "pq"), "application/vnd.apache.parquet", open_parquet),
}
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
"""How files begin that a program has compressed, and by which name."""
SUFFIXES = {suffix: name for name, row in FORMATS.items() for suffix in row.suffixes}


def format_of(file: str, data: bytes) -> str:
    """The name of the format: told from the first bytes where these leave no doubt, else from the file's ending.

    What has no ending, as all that is pasted or typed, is told from how it begins. Raises PromptError for other endings.
    """
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "xlsx"
    suffix = file.rpartition(".")[2].lower() if "." in file else ""
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if "." in file:
        known = ", ".join(f".{suffix}" for suffix in SUFFIXES)
        raise PromptError(f"{file} is no table that is read here.", f"Tables are read from {known}.")
    start = data[:10_000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        return "json"
    if start.startswith(b"{"):
        lines = data.strip().split(b"\n", 1)
        return "jsonl" if len(lines) > 1 and lines[0].rstrip().endswith(b"}") else "json"
    return "tsv"


def open_table(file: str, data: bytes, choices: Choices | None = None) -> Source:
    """The table in a file with this name; what was pasted has any name without an ending. Raises PromptError."""
    if not data.strip(b" \t\r\n\xef\xbb\xbf"):
        raise PromptError(f"{file} is empty.", "Choose a file with rows in it.")
    if len(data) > MAX_BYTES:
        raise PromptError(
            f"{file} has {len(data) / 1e6:,.0f} MB, more than the {MAX_BYTES / 1e6:,.0f} that are read.",
            "Split it and import the parts.",
        )
    packed = next((what for start, what in _PACKED.items() if data.startswith(start)), "")
    if packed:
        raise PromptError(f"{file} is compressed with {packed}.", "Unpack it, and import the table in it.")
    return FORMATS[format_of(file, data)].open(file, data, choices or Choices())
