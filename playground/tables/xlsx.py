"""Tables in XLSX, read by openpyxl a row at a time.

open_xlsx("late.xlsx", data, Choices(sheet="June"))  →  Source(names=("message", "days_late"), unit="row", …)

A formula counts for the value that it last had; a date becomes text (2026-05-02); the value of merged cells below each
other counts for each of them. The archive is looked at before anything is unpacked.
"""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

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
from playground.tables.kinds import BELOW, looks_like_a_value, numbers_are_names

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAX_UNPACKED = 200_000_000
MAX_FILES = 2_000
LAST_ROW = 1_048_576
MOST_SPREAD = 1_000_000
"""Cells that get the value of merged ones."""
MOST_CELLS = 10_000_000
MOST_MERGED = 10_000
_CHUNK = 2**20
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_ESCAPED = re.compile(r"_x((?![Dd][89A-Fa-f])[0-9A-Fa-f]{4})_")
"""A character that XML cannot hold, or a line end, as spreadsheets write it; openpyxl 3.1 leaves it so."""
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
ERRORS = (
    "#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!", "#GETTING_DATA",
    "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#EXTERNAL!", "#PYTHON!", "#TIMEOUT!",
)  # fmt: skip
"""What a cell shows in the place of a value that could not be computed."""


def open_xlsx(file: str, data: bytes, choices: Choices) -> Source:
    """The table of a sheet, the first that is shown and holds something unless one is chosen. Raises PromptError."""
    _check_archive(file, data)
    with _told(file):
        values = _open(data, formulas=False)
        # What is hidden is not what a person means, unless there is nothing else.
        sheets = sorted(values.worksheets, key=lambda sheet: sheet.sheet_state != "visible")
        names = [sheet.title for sheet in sheets]
        hidden = {sheet.title for sheet in sheets if sheet.sheet_state != "visible"}
        if not names:
            raise PromptError(f"{file} has no sheet.", "Save it again from a spreadsheet.")
        if choices.sheet and choices.sheet not in names:
            raise PromptError(
                f'{file} has no sheet "{choices.sheet[:60]}".', f"It has: {', '.join(names[:20])}."
            )
        rows: list[tuple[int, tuple[Any, ...]]] = []
        chosen = choices.sheet
        for name in [choices.sheet] if choices.sheet else names:
            rows, chosen = _rows(file, values, name), name
            if rows:
                break
        if not rows:
            raise PromptError(
                f"{file} holds no table.", "Its first row names the columns, each further one is a row."
            )
        has_formulas, merged = _scan(data, values, chosen)
        formulas = _formulas(data, chosen) if has_formulas else set()
    _spread(rows, merged)
    head = rows[0][1]
    has_header, header = _header(file, head, choices, [cells for _, cells in rows[1 : BELOW + 1]])
    width = max(len(cells) for _, cells in rows)
    shown = [_text(cell) if has_header else "" for cell in head] + [""] * (width - len(head))
    columns, notes = unique_names(shown)
    notes += [ONLY_NAMES] if has_header and len(rows) == 1 else []
    findings = _findings(rows, columns, formulas, merged)
    dated = {
        place for _, cells in rows for place, cell in enumerate(cells) if isinstance(cell, datetime.date)
    }
    whys = tuple("dates, stored as 2026-05-02" if place in dated else "" for place in range(width))

    def records() -> Iterator[Record]:
        for line, cells in rows[1:] if has_header else rows:
            plain = [_plain(cell) for cell in cells] + [None] * (width - len(cells))
            found = list(findings.get(line, ()))
            for place, cell in enumerate(plain):
                if (
                    isinstance(cell, str) and cells[place] in ERRORS
                ):  # before it is unescaped: _x0023_N/A is a text
                    plain[place] = None
                    found.append(
                        Finding(
                            "formula",
                            f"{columns[place]}: the sheet shows {cell}",
                            "Stored as missing.",
                            column=columns[place],
                        )
                    )
                elif isinstance(cell, str) and len(cell) > FIELD_CHARS:
                    found.append(
                        Finding(
                            "size", f"a cell of more than {FIELD_CHARS:,} characters", "Shorten it.", True
                        )
                    )
            yield Record(line, line, plain, tuple(found))

    options = tuple((name, f"{name}, hidden" if name in hidden else name) for name in names)
    evidence = f"of {plural(len(names), 'sheet')}" + (
        "" if choices.sheet or len(names) == 1 else ", the first with rows"
    )
    evidence += ", hidden in the file" if chosen in hidden else ""
    sheet = Found("sheet", chosen, chosen, evidence, len(names) == 1 or bool(choices.sheet), options)
    return Source("XLSX", columns, records, (sheet, header), "row", True, True, whys, tuple(notes))


def _check_archive(file: str, data: bytes) -> None:
    """Raise PromptError for an archive that is no workbook, or would unpack to more than anybody needs."""
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise PromptError(
            f"{file} is an old .xls file, or has a password.", "Save it as .xlsx without a password."
        )
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as exc:
        raise PromptError(
            f"{file} is no XLSX file, or is damaged.", "Save it again from a spreadsheet."
        ) from exc
    size = sum(info.file_size for info in infos)
    if len(infos) > MAX_FILES or size > MAX_UNPACKED:
        raise PromptError(
            f"{file} unpacks to {plural(len(infos), 'file')} of {size / 1e6:,.0f} MB, "
            f"more than {MAX_FILES:,} and {MAX_UNPACKED / 1e6:,.0f} MB.",
            "Save the table as CSV.",
        )
    if not any(info.filename == "xl/workbook.xml" for info in infos):
        raise PromptError(f"{file} is no XLSX file.", "Save it from a spreadsheet as .xlsx.")


@contextmanager
def _told(file: str) -> Iterator[None]:
    """Whatever a workbook that is made to harm, or only broken, makes openpyxl raise, in plain words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions that openpyxl leaves out concern no value
            yield
    except PromptError:
        raise
    except (
        *(KeyError, ValueError, TypeError, IndexError, AttributeError, OSError, EOFError, SyntaxError),
        *(zipfile.BadZipFile, zlib.error, OverflowError, RecursionError, NotImplementedError, RuntimeError),
    ) as exc:  # a ParseError of XML is a SyntaxError
        raise PromptError(
            f"{file} cannot be read: its sheets are damaged.", "Save it again from a spreadsheet."
        ) from exc


def _open(data: bytes, *, formulas: bool) -> Workbook:
    from openpyxl.reader.excel import ExcelReader  # half a second that only XLSX costs

    reader = ExcelReader(BytesIO(data), read_only=True, data_only=not formulas, keep_links=False)
    # A sheet that is one chart holds no row, and openpyxl 3.1 fails at one whose drawing is not there.
    reader.read_chartsheet = lambda sheet, rel: None
    reader.read()
    book: Workbook = reader.wb
    return book


def _rows(file: str, book: Workbook, name: str) -> list[tuple[int, tuple[Any, ...]]]:
    """Rows with something in them, by their number in the sheet, without empty cells at their ends."""
    sheet = book[name]
    sheet.reset_dimensions()  # they may be made up
    found, cells = [], 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if (
            number > LAST_ROW
        ):  # openpyxl makes up all the empty rows before one that says it is the trillionth
            raise PromptError(f"{file} has rows after the last one of XLSX, {LAST_ROW:,}.", "Save it again.")
        width = len(row)
        while width and (row[width - 1] is None or row[width - 1] == ""):
            width -= 1
        if width > MOST_COLUMNS:
            raise PromptError(
                f"{file}: {width:,} columns do not fit into {MOST_COLUMNS:,} (row {number:,}).",
                "Leave out those nobody needs.",
            )
        if width:
            found.append((number, row[:width]))
            cells += width
        if len(found) > MOST_ROWS or cells > MOST_CELLS:
            raise PromptError(
                f"{file} has more than {MOST_ROWS:,} rows or {MOST_CELLS:,} cells.", "Save the table as CSV."
            )
    return found


def _scan(data: bytes, book: Workbook, name: str) -> tuple[bool, list[tuple[int, int, int, int]]]:
    """Whether the sheet has formulas, and its merged cells as first column and row, last column and row."""
    path = book[name]._worksheet_path
    merged: list[tuple[int, int, int, int]] = []
    has_formulas, rest = False, b""
    with zipfile.ZipFile(BytesIO(data)) as archive, archive.open(path) as stream:
        while piece := stream.read(_CHUNK):
            text = rest + piece
            has_formulas = has_formulas or _FORMULA.search(text) is not None
            end = 0
            for found in _MERGED.finditer(text):
                end = found.end()
                if len(merged) < MOST_MERGED:
                    merged.append((_column(found[1]), int(found[2]), _column(found[3]), int(found[4])))
            rest = text[max(end, len(text) - 200) :]
    return has_formulas, merged


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _formulas(data: bytes, name: str) -> set[tuple[int, int]]:
    """Where formulas are: row, and place in it, which counts from 0."""
    sheet = _open(data, formulas=True)[name]
    sheet.reset_dimensions()
    found = set()
    for number, row in enumerate(sheet.iter_rows(), 1):
        for place, cell in enumerate(row):
            if getattr(cell, "data_type", "") == "f":
                found.add((number, place))
    return found


def _spread(rows: list[tuple[int, tuple[Any, ...]]], merged: list[tuple[int, int, int, int]]) -> None:
    """The value of cells that are merged below each other in each of their rows."""
    numbers = [number for number, _ in rows]
    spread = 0
    for left, top, right, bottom in merged:
        first, last = bisect_left(numbers, top), bisect_right(numbers, bottom)
        spread += last - first
        if left != right or first >= last or numbers[first] != top or spread > MOST_SPREAD:
            continue
        cells = rows[first][1]
        value = cells[left - 1] if left <= len(cells) else None
        for place in range(first + 1, last if value is not None else 0):
            row = list(rows[place][1])
            row += [None] * (left - len(row))
            row[left - 1] = value
            rows[place] = (numbers[place], tuple(row))


def _findings(
    rows: list[tuple[int, tuple[Any, ...]]],
    columns: tuple[str, ...],
    formulas: set[tuple[int, int]],
    merged: list[tuple[int, int, int, int]],
) -> dict[int, list[Finding]]:
    """What to tell of formulas and merged cells, by row."""
    there = dict(rows)
    found: dict[int, list[Finding]] = {}
    for number, place in sorted(formulas):
        cells = there.get(number, ())
        name = columns[place] if place < len(columns) else ""
        if place < len(cells) and cells[place] is not None:
            finding = Finding(
                "formula", f"{name}: a formula", "The value that it last had is stored.", column=name
            )
        else:
            finding = Finding(
                "formula",
                f"{name}: a formula without a value",
                "Stored as missing. Open the file in a spreadsheet and save it there.",
                column=name,
            )
        found.setdefault(number, []).append(finding)
    for left, top, right, bottom in merged:
        if left != right:
            then = "The value belongs to the first of its columns; the others are empty."
        else:
            then = f"The value counts for each of the rows {top} to {bottom}."
        found.setdefault(top, []).append(Finding("merged", "merged cells", then))
    return found


def _header(
    file: str, head: tuple[Any, ...], choices: Choices, below: Sequence[tuple[Any, ...]]
) -> tuple[bool, Found]:
    options = (("yes", "Column names"), ("no", "A row"))
    texts = [cell for cell in head if isinstance(cell, str) and cell.strip() and not looks_like_a_value(cell)]
    are_texts = len(texts) == sum(cell is not None for cell in head)
    if choices.header is not None:
        has, evidence = choices.header, "chosen"
    elif not below:
        has, evidence = are_texts and are_names(texts, file), "there is no other row"
    else:
        has = are_texts
        evidence = f"{plural(len(texts), 'name')}" if has else "not all of its cells are texts"
        names, under = [_text(cell) for cell in head], ([_text(cell) for cell in cells] for cells in below)
        if (
            not has
            and not any(isinstance(cell, datetime.date) for cell in head)
            and numbers_are_names(names, under)
        ):
            has, evidence = True, "not all of its cells are texts, but what stands below is of another kind"
    value, sure = "yes" if has else "no", choices.header is not None or (has and are_texts)
    return has, Found("header", value, dict(options)[value], evidence, sure, options)


def _text(cell: Any) -> str:
    return "" if cell is None else str(_plain(cell))


def _plain(cell: Any) -> Any:
    """A cell as plain data: dates and times as ISO text, without a time where it is midnight."""
    if isinstance(cell, datetime.datetime):
        day = cell.time() == datetime.time() and cell.tzinfo is None
        return cell.date().isoformat() if day else cell.isoformat(sep=" ")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, datetime.timedelta):
        return str(cell)
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), cell) if isinstance(cell, str) else cell
