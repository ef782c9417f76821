r"""Tables in JSON: a list of objects, one object a line, or an object of columns.

open_json("a.json", b'[{"q": "1+1", "expected": "2"}]', Choices())   →  Source(names=("q", "expected"), …)
open_lines("a.jsonl", b'{"q": "1+1"}\\n{"q": "2+2", "n": 2}', Choices())
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from playground.errors import PromptError
from playground.plain_words import of_json, of_value
from playground.tables.base import (
    FIELD_CHARS,
    MOST_COLUMNS,
    MOST_ROWS,
    Choices,
    Finding,
    Record,
    Source,
    unique_names,
)
from playground.tables.json_text import Twice, parse_rows, trouble
from playground.tables.text import Text, lines_of

LISTS = ("rows", "data", "cases", "tests", "testData", "test_cases", "examples", "samples")
"""Keys under which an object may hold its rows."""
ALONE = "value"
"""The column of rows that are one value each."""
_SHAPE = 'Write a list of objects: [{"question": "1+1", "expected": "2"}]'


def open_lines(file: str, data: bytes, choices: Choices) -> Source:
    """The table of JSON Lines; a line that is no object is refused by itself. Raises PromptError."""
    text = lines_of(data, file, choices.encoding)
    for number, line in choices.lines.items():
        if 0 < number <= len(text.lines):
            text.lines[number - 1] = line + "\n"

    def rows() -> Iterator[Record]:
        return _lines(text, names)

    names: dict[str, int] = {}
    if not sum(not _refused(record) for record in _lines(text, names, learn=True)):
        raise PromptError(
            f"{file} holds no rows.", 'Each line is an object: {"question": "1+1", "expected": "2"}'
        )
    shown, notes = _names(file, names)
    return Source("JSONL", shown, rows, (text.found,), "line", True, notes=notes)


def open_json(file: str, data: bytes, choices: Choices) -> Source:
    """The table of a JSON file. Raises PromptError."""
    text = lines_of(data, file, choices.encoding)
    whole = "".join(text.lines)
    try:
        value = parse_rows(whole)
    except json.JSONDecodeError as exc:
        if len(text.lines) > 1 and all(line.strip()[:1] in ("{", "") for line in text.lines):
            return open_lines(file, data, choices)  # lines of JSON under the name of a list
        raise PromptError(
            f"{file}, line {exc.lineno}: {of_json(exc)}.", "Correct the JSON on that line."
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise PromptError(
            f"{file} is not usable JSON: {of_value(exc)}.", "Correct it and read it again."
        ) from exc
    if isinstance(value, Twice):
        raise PromptError(f"{file} is not usable JSON: {trouble(value)}.", "Correct it and read it again.")
    entries = _entries(value, file)
    if len(entries) > MOST_ROWS:
        raise PromptError(f"{file}: {len(entries):,} rows do not fit into {MOST_ROWS:,}.", "Split the file.")
    names: dict[str, int] = {}
    bad: dict[int, str] = {}
    for number, entry in enumerate(entries, 1):
        if why := trouble(entry):
            bad[number] = why
        elif isinstance(entry, dict):
            for name in entry:
                names.setdefault(name, len(names))
        elif not isinstance(entry, list):
            names.setdefault(ALONE, len(names))
    if not names and bad:
        why = next(iter(bad.values()))
        raise PromptError(f"{file} is not usable JSON: {why}.", "Correct it and read it again.")
    if not names:
        raise PromptError(f"{file} holds no rows.", _SHAPE)
    shown, notes = _names(file, names)

    def rows() -> Iterator[Record]:
        for number, entry in enumerate(entries, 1):
            if number in bad:
                found = Finding("json", bad[number], "Correct the row.", True)
                yield Record(number, number, [_as_written(entry)], (found,))
            else:
                yield _record(number, entry, names)

    return Source("JSON", shown, rows, (text.found,), "entry", True, notes=notes)


def _entries(value: Any, file: str) -> list[Any]:
    """The rows of a list, of the list in an object, or of an object of columns of one length."""
    if isinstance(value, dict):
        key = next((key for key in LISTS if isinstance(value.get(key), list)), "")
        if key:
            value = value[key]
        elif value and all(isinstance(column, list) for column in value.values()):
            lengths = {len(column) for column in value.values()}
            if len(lengths) > 1:
                raise PromptError(f"{file}: its columns are {min(lengths)} to {max(lengths)} long.", _SHAPE)
            return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
        elif value and all(isinstance(row, dict) for row in value.values()):
            return list(value.values())
    if not isinstance(value, list):
        raise PromptError(f"{file} holds no list.", _SHAPE)
    return value


def _lines(text: Text, names: dict[str, int], *, learn: bool = False) -> Iterator[Record]:
    for number, line in enumerate(text.lines, 1):
        if not line.strip():
            continue
        if number in text.odd and text.odd[number].refused:
            yield Record(number, number, [line.strip()], (text.odd[number],))
            continue
        try:
            entry = parse_rows(line)
            what = trouble(entry)
        except (ValueError, RecursionError) as exc:  # a JSONDecodeError is a ValueError
            what = of_json(exc) if isinstance(exc, json.JSONDecodeError) else of_value(exc)
        if what:
            yield Record(
                number,
                number,
                [line.strip()[:FIELD_CHARS]],
                (Finding("json", what, "Correct the line.", True),),
            )
            continue
        if learn and not isinstance(entry, list):  # which is refused
            for name in entry if isinstance(entry, dict) else (ALONE,):
                names.setdefault(name, len(names))
        record = _record(number, entry, names)
        if number in text.odd:
            record.findings = (text.odd[number], *record.findings)
        yield record


def _record(number: int, entry: Any, names: dict[str, int]) -> Record:
    if isinstance(entry, list):
        words = "a list, and a row is an object"
        return Record(
            number, number, [json.dumps(entry, ensure_ascii=False)], (Finding("json", words, "", True),)
        )
    if not isinstance(entry, dict):
        entry = {ALONE: entry}
    cells: list[Any] = [None] * len(names)
    findings: tuple[Finding, ...] = ()
    for name, value in entry.items():
        if name in names:
            cells[names[name]] = value
        if isinstance(value, str) and len(value) > FIELD_CHARS:
            words = f"{name[:60]} has {len(value):,} characters, more than {FIELD_CHARS:,}"
            findings = (Finding("size", words, "Shorten it, or leave the row out.", True),)
    return Record(number, number, cells, findings)


def _as_written(entry: Any) -> str:
    """An entry as JSON, to be shown; half a character as its escape."""
    try:
        text = json.dumps(entry, ensure_ascii=False)
    except RecursionError:
        return "\u2026"
    return text[:FIELD_CHARS].encode("utf-8", "backslashreplace").decode()


def _refused(record: Record) -> bool:
    return any(found.refused for found in record.findings)


def _names(file: str, names: dict[str, int]) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    if len(names) > MOST_COLUMNS:
        raise PromptError(
            f"{file}: {len(names):,} columns do not fit into {MOST_COLUMNS:,}.",
            "Leave out those nobody needs.",
        )
    shown, notes = unique_names(list(names))
    return shown, tuple(notes)
