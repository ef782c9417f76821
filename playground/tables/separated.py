"""Tables in text: CSV, TSV, and what was copied out of a spreadsheet or a Markdown page.

open_separated("late.csv", data, Choices())  →  Source(names=("message", "order no"), …)

A record that does not hold together is refused by itself, with its line, and reading goes on at the next line.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from playground.errors import PromptError
from playground.plurals import plural
from playground.tables.base import (
    FIELD_CHARS,
    MOST_COLUMNS,
    MOST_ROWS,
    ONLY_NAMES,
    Choices,
    Finding,
    Found,
    Record,
    Source,
    are_names,
    unique_names,
)
from playground.tables.kinds import looks_like_a_value, numbers_are_names
from playground.tables.text import Text, lines_of

MARKS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar"}
ONE_COLUMN = "none"
WIDE_MARKS = {"，": "Full-width comma", "；": "Full-width semicolon", "｜": "Full-width bar"}
"""Marks of Chinese prose, too: they part fields only where everything speaks for it."""
DELIMITERS = MARKS | WIDE_MARKS | {ONE_COLUMN: "None, one column"}
_NOWHERE = "\x1f"
"""Parts the fields of a file that has one: no text has this character."""
QUOTES = {'"': 'Double "', "'": "Single '", "none": "None"}
LOOKED_AT = 400
"""Lines from which it is told what parts the fields."""
MOST_LINES = 1_000
"""Of one record: a quote that is open longer was never closed."""
FEWER_LINES = 20
"""The same after many such quotes, so that a file full of them is read in good time."""
SEPARATOR = re.compile(r"\"?sep=(.)\"?[ \t;,]*\r?\n?", re.I)
_RULE = re.compile(r"\s*:?-+:?\s*")

# The limit belongs to the whole process; it is only ever raised.
csv.field_size_limit(max(csv.field_size_limit(), FIELD_CHARS))


class _TooLong(Exception):
    """A record spans more lines than any record does."""


def open_separated(file: str, data: bytes, choices: Choices, first: str = "") -> Source:
    """The table of a text file; `first` is the delimiter that its name promises. Raises PromptError."""
    text = lines_of(data, file, choices.encoding)
    _correct(text, choices)
    delimiter, skipped = delimiter_of(text.lines, first)
    delimiter = choices.delimiter or delimiter
    if delimiter not in DELIMITERS and (len(delimiter) != 1 or delimiter in "\"'\r\n\0"):
        raise PromptError(f"{delimiter[:10]!r} cannot part fields.", "Choose one character.")
    quote = choices.quote or '"'
    table = Separated(file, text, delimiter, quote, skipped)
    head = next((record for record in table.parse() if not record.findings), None)
    if head is None:
        raise PromptError(
            f"{file} holds no table.", "Its first line names the columns, each further one is a row."
        )
    if len(head.cells) > MOST_COLUMNS:
        raise PromptError(
            f"{file}: {len(head.cells):,} columns do not fit into {MOST_COLUMNS:,}.",
            "Leave out those nobody needs.",
        )
    has_header, is_alone, header = _header(file, head, choices, table)
    names, notes = unique_names(head.cells if has_header else ["" for _ in head.cells])
    table.names, table.header_line = names, head.line if has_header else 0
    alike, whole, spanning = table.count()
    evidence = f"in {alike:,} of {plural(whole, 'record')}"
    if delimiter == ONE_COLUMN:
        evidence = "nothing parts the records alike"
    elif skipped and not choices.delimiter:
        evidence = "the first line says so"
    label = DELIMITERS.get(delimiter, repr(delimiter))
    found = (
        text.found,
        Found("delimiter", delimiter, label, evidence, alike == whole, tuple(DELIMITERS.items())),
        header,
        Found(
            "quote",
            quote,
            QUOTES.get(quote, quote),
            f"{plural(spanning, 'record')} span{'s' if spanning == 1 else ''} lines"
            if spanning
            else "no record spans lines",
            True,
            tuple(QUOTES.items()),
        ),
    )
    return Source(
        "CSV" if delimiter != "\t" else "TSV",
        names,
        table.records,
        found,
        has_json_texts=True,
        notes=(*notes, *([ONLY_NAMES] if has_header and is_alone else [])),
    )


class Separated:
    """The records of lines, parsed anew each time; a class because it is read more than once with the same settings."""

    def __init__(self, file: str, text: Text, delimiter: str, quote: str, skipped: int) -> None:
        self._file = file
        self._text = text
        self._delimiter = delimiter
        self._quote = quote
        self._skipped = skipped
        self.names: tuple[str, ...] = ()
        self.header_line = 0

    def records(self) -> Iterator[Record]:
        """Every record after the header with as many cells as there are names, or with what is wrong with it."""
        width = len(self.names)
        for record in self.parse():
            if record.line == self.header_line:
                continue
            if len(record.cells) != width and not any(found.refused for found in record.findings):
                record.findings = (*record.findings, self._ragged(record, width))
            yield record

    def count(self) -> tuple[int, int, int]:
        """How many records have as many fields as there are names, of how many, and how many span lines.

        Raises PromptError for more records than are read.
        """
        alike = whole = spanning = 0
        for record in self.parse():
            whole += 1
            if whole > MOST_ROWS + 1:  # the names are one of them
                raise PromptError(f"{self._file} has more than {MOST_ROWS:,} records.", "Split it.")
            if not any(found.refused for found in record.findings):
                alike += len(record.cells) == len(self.names)
                spanning += record.last > record.line
        return alike, whole, spanning

    def parse(self) -> Iterator[Record]:
        """Every record that is not empty."""
        lines, odd = self._text.lines, self._text.odd
        for record in parse(lines, self._delimiter, self._quote, self._skipped):
            if self._delimiter == "|":
                _unframe(record)
                if record.cells and all(_RULE.fullmatch(cell) for cell in record.cells):
                    continue
            if odd and (found := [odd[at] for at in range(record.line, record.last + 1) if at in odd]):
                record.findings = (*found[:1], *record.findings)
            width = len(self.names)
            if width and len(record.cells) > width and not any(map(str.strip, record.cells[width:])):
                record.cells = record.cells[:width]
            yield record

    def _ragged(self, record: Record, width: int) -> Finding:
        told = ""
        inside = sum(str(cell).count(self._delimiter) for cell in record.cells)
        if len(record.cells) < width and inside:
            name = DELIMITERS.get(self._delimiter, "delimiter").lower()
            told = f"{plural(inside, name)} {'is' if inside == 1 else 'are'} inside quotes."
        return Finding("fields", f"{plural(len(record.cells), 'field')} instead of {width}", told, True)


def parse(lines: Sequence[str], delimiter: str, quote: str = '"', first: int = 0) -> Iterator[Record]:
    """The records of lines from `first` (counted from 0) on; empty ones are passed over."""
    options = {"quoting": csv.QUOTE_NONE} if quote == "none" else {"quotechar": quote}
    delimiter = _NOWHERE if delimiter == ONE_COLUMN else delimiter
    at, open_quotes = first, 0
    while at < len(lines):
        most = MOST_LINES if open_quotes < 100 else FEWER_LINES
        place = [at]
        reader = csv.reader(_from(lines, at, most, place), delimiter=delimiter, strict=True, **options)
        try:
            for cells in reader:
                line, place[0] = place[0] + 1, at + reader.line_num
                if any(map(str.strip, cells)):
                    yield Record(line, place[0], cells)
            return
        except (csv.Error, _TooLong) as exc:
            finding = _broken(exc)
            open_quotes += finding.kind == "quote"
            at = place[0] + 1
            yield Record(at, at, [lines[at - 1].rstrip("\r\n")[:FIELD_CHARS]], (finding,))


def _from(lines: Sequence[str], at: int, most: int, place: list[int]) -> Iterator[str]:
    for number in range(at, len(lines)):
        if number - place[0] > most:
            raise _TooLong
        yield lines[number]


def _broken(exc: Exception) -> Finding:
    text = str(exc)
    if "field limit" in text:
        return Finding(
            "size",
            f"a field of more than {FIELD_CHARS:,} characters",
            "Shorten it, or leave the row out.",
            True,
        )
    if isinstance(exc, _TooLong) or "unexpected end" in text:
        return Finding(
            "quote", "a quote is opened and never closed", "Close it, or double it where it is meant.", True
        )
    return Finding(
        "quote",
        "a quote is closed in the middle of a field",
        "Double the quotes that belong to the text.",
        True,
    )


def _unframe(record: Record) -> None:
    """A row of a Markdown table without the bars at both ends, its cells without blanks."""
    cells = [str(cell).strip() for cell in record.cells]
    if len(cells) > 2 and not cells[0] and not cells[-1]:
        cells = cells[1:-1]
    record.cells = cells


def _correct(text: Text, choices: Choices) -> None:
    """Lines in the place of those that a person corrected."""
    for number, corrected in choices.lines.items():
        if 0 < number <= len(text.lines):
            text.lines[number - 1] = corrected.rstrip("\r\n") + "\n"
            text.odd.pop(number, None)


class _Fit(NamedTuple):
    """How well a delimiter parts some records: how many are alike, into how many fields."""

    share: float
    width: int
    whole: bool = True
    """Whether no quotation mark stands inside a field: one that does shows that a field was cut in its middle."""


def delimiter_of(lines: Sequence[str], first: str = "") -> tuple[str, int]:
    """What parts the fields, and the lines before the table: one where a spreadsheet wrote `sep=;` into it."""
    if lines and (stated := SEPARATOR.fullmatch(lines[0])):
        return stated[1], 1
    return _delimiter(lines, first), 0


NEARLY_ALL = 0.9


def _delimiter(lines: Sequence[str], first: str) -> str:
    """What parts most records into the same number of fields, two at least; else what parts the names, if anything."""
    fits = {mark: delimiter_fit(lines[:LOOKED_AT], mark) for mark in MARKS}
    if first and fits[first].width > 1 and fits[first].share >= 0.5:
        return first
    # Texts hold quotes of their own, too: only among marks that part nearly all records does it tell them apart.
    best = max(
        fits,
        key=lambda mark: (
            fits[mark].width > 1,
            fits[mark].share >= NEARLY_ALL,
            fits[mark].whole,
            fits[mark].share,
            fits[mark].width,
        ),
    )
    if fits[best].width > 1:
        return best
    if wide := next((mark for mark in WIDE_MARKS if _is_wide_table(lines[:LOOKED_AT], mark)), ""):
        return wide
    names = re.sub(r'"[^"]*"?', "", lines[0] if lines else "")
    return next((mark for mark in (first, ",", ";", "\t") if mark and mark in names), ONE_COLUMN)


_LONGEST_WIDE_NAME = 8
_SENTENCE_END = re.compile(r"[。！？…]$")


def _is_wide_table(lines: Sequence[str], mark: str) -> bool:
    """Whether a mark that Chinese sentences have too parts every line alike, short names come first, and no line is a sentence."""
    kept = [line.strip() for line in lines if line.strip()]
    parts = len(kept[0].split(mark)) if kept else 0
    if parts < 2 or len(kept) < 2 or any(len(name) > _LONGEST_WIDE_NAME for name in kept[0].split(mark)):
        return False
    return all(len(line.split(mark)) == parts and not _SENTENCE_END.search(line) for line in kept)


def delimiter_fit(lines: Sequence[str], mark: str) -> _Fit:
    """How well this delimiter parts the records of these lines; the last ones may have been cut."""
    widths = Counter[int]()
    broken = 0
    is_whole = True
    for record in parse(lines, mark):
        if record.findings:
            broken += 1
        else:
            widths[len(record.cells)] += 1
            is_whole = is_whole and not any('"' in cell for cell in record.cells)
    if not widths:
        return _Fit(0, 0)
    # In doubt as many as the first record has: a text may hold a mark. One that holds a comma is written in quotes.
    names = 0 if mark == "," else next(iter(widths))
    width, times = max(widths.items(), key=lambda item: (item[1], item[0] == names, item[0]))
    return _Fit(times / (sum(widths.values()) + broken), width, is_whole)


def _header(file: str, head: Record, choices: Choices, table: Separated) -> tuple[bool, bool, Found]:
    """Whether the first record names the columns, whether it is the only one, and why."""
    options = (("yes", "Column names"), ("no", "A row"))
    cells = [str(cell).strip() for cell in head.cells]
    is_alone = next(_after(table.parse(), head.line), None) is None
    values = sum(map(looks_like_a_value, cells))
    filled = [cell for cell in cells if cell]
    if choices.header is not None:
        has, evidence, sure = choices.header, "chosen", True
    elif values:
        below = ([str(cell) for cell in record.cells] for record in _after(table.parse(), head.line))
        told = plural(values, "of its fields is a value", "of its fields are values")
        has, evidence, sure = False, told, False
        if numbers_are_names(cells, below):
            has, evidence = True, f"{told}, but what stands below is of another kind"
    elif is_alone:
        has, evidence, sure = are_names(filled, file), "there is no other record", False
    else:
        has, sure = True, len(filled) == len(set(filled)) == len(cells)
        told = "all different" if len(filled) == len(set(filled)) else "two of them the same"
        evidence = f"{plural(len(filled), 'name')}, {told}" if len(filled) > 1 else "no number in it"
    value = "yes" if has else "no"
    return has, is_alone, Found("header", value, dict(options)[value], evidence, sure, options)


def _after(records: Iterable[Record], line: int) -> Iterator[Record]:
    return (record for record in records if record.line > line)


def as_lines(text: str) -> list[str]:
    """The lines of a text with their ends."""
    return list(io.StringIO(text, newline=""))
