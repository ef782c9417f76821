r"""Documents to look things up in: the text of `.txt`, `.md`, `.csv`, `.pdf` and `.docx` files, whatever is in them.

read_document("prices.csv", b"item,price\nTea,3\n")  →  "item: Tea; price: 3"

What a file is its first bytes say; the name only tells text from tables. Nothing is written to disk, PDFs are read in
a process that may die, and a file that cannot be read is refused with what to do. It may take seconds: call it in a
thread.
"""

from __future__ import annotations

from playground.errors import PromptError
from playground.formats import docx_text, pdf_text
from playground.tables.charset import decode
from playground.tables.separated import as_lines, delimiter_of, parse

SUFFIXES = ("txt", "md", "csv", "tsv", "pdf", "docx")
MAX_BYTES = 20_000_000
MAX_CHARS = 5_000_000
"""Text of one document; a novel has half a million."""

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK"


def read_document(name: str, data: bytes) -> str:
    """The text of a document; raises PromptError that says what is wrong with the file."""
    check_size(name, len(data))
    if not data.strip():
        raise PromptError(f"{name} is empty.", "Choose a file with text in it.")
    text = _text(name, data)
    if not text.strip():
        raise PromptError(f"{name} has no text in it.", "Choose a file with text in it.")
    if len(text) > MAX_CHARS:
        raise PromptError(
            f"{name} has {len(text):,} characters of text, more than the {MAX_CHARS:,} that are read.",
            "Split it into several files.",
        )
    return text


def check_size(name: str, size: int) -> None:
    """Raise PromptError for a file with more bytes than are read."""
    if size > MAX_BYTES:
        raise PromptError(
            f"{name} has {size / 1e6:,.0f} MB, more than the {MAX_BYTES // 10**6} that are read.",
            "Split it, or save only its text.",
        )


def _text(name: str, data: bytes) -> str:
    suffix = name.rpartition(".")[2].lower() if "." in name else "txt"
    if b"%PDF-" in data[:1024]:
        return pdf_text.read(name, data)
    if data.startswith(_ZIP):
        return docx_text.read(name, data, MAX_CHARS)
    if data.startswith(_OLD_OFFICE):
        raise PromptError(
            f"{name} is a Word file of the old kind, or has a password.",
            "Save it as .docx without a password, or as text.",
        )
    if suffix in ("pdf", "docx"):
        raise PromptError(f"{name} is no {suffix.upper()} file.", "It may be damaged; export it again.")
    if suffix not in SUFFIXES:
        raise PromptError(
            f"{name} cannot be read as a document.",
            f"These can: {', '.join(f'.{each}' for each in SUFFIXES)}.",
        )
    text = decode(data, name).text.replace("\r\n", "\n").replace("\r", "\n")
    return _table(name, text) if suffix in ("csv", "tsv") else text


def _table(name: str, text: str) -> str:
    """The rows of a table, each as a line that also names its columns: a chunk of it makes sense alone."""
    lines = as_lines(text)
    delimiter, start = delimiter_of(lines)
    rows = []
    for record in parse(lines, delimiter, first=start):
        if record.findings:
            raise PromptError(
                f"{name} is no table that can be read: line {record.line}, {record.findings[0].what}.",
                "Save it as CSV again.",
            )
        rows.append(list(record.cells))
    if len(rows) < 2:
        return text
    names = [" ".join(each.split()) or f"column {number}" for number, each in enumerate(rows[0], 1)]
    return "\n".join(_line(names, row) for row in rows[1:])


def _line(names: list[str], row: list[str]) -> str:
    pairs = []
    for place, value in enumerate(row):
        if value.strip():
            number = place + 1
            column = names[place] if place < len(names) else f"column {number}"
            pairs.append(f"{column}: {' '.join(value.split())}")
    return "; ".join(pairs)
