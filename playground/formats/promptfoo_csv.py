"""Promptfoo's test table (`tests.csv`): a column for each variable, a row for each case, and the checks.

    city,expected,__expected,__expected2
    Paris,France,icontains:{{ expected }},not-icontains:sorry
    Rome,Italy,icontains:{{ expected }},not-icontains:sorry

A check that names a value is left out of the rows that lack it, and one that names a list is written into each row:
promptfoo fills in texts only. There is no space after the colon, because promptfoo takes it for a part of the
value. The table holds no prompt; read, it is one without turns.

A value that begins with = + - or @ is written as it is, since promptfoo must get it back unchanged. A spreadsheet takes
such a cell for a formula, so open a table of values you did not write with its columns imported as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from playground.formats.base import Export, Format, Reading, checked, file_name, one, unheld
from playground.formats.cases import checks_of, input_losses, read_inputs
from playground.formats.promptfoo_asserts import REFERENCE, write_assert
from playground.formats.promptfoo_table import read_csv_tests
from playground.formats.promptfoo_tests import MAX_ASSERTS, has_value, write_vars
from playground.scorers import check_name
from playground.scorers.options import PLACEHOLDER, placeholders
from playground.templating.rendering import variables
from playground.types.files import ExportFile
from playground.types.prompt import Check, example_values

SUFFIX = ".csv"
MEDIA_TYPE = "text/csv"

_BRACES = re.compile(r"\{\{|\{%|\{#")
_QUOTED = re.compile(r'[",;\t\r\n]|^\s|\s$')


# --- writing ------------------------------------------------------------------------------------------------


def write(export: Export) -> ExportFile:
    """The prompt's cases as rows, else one row of its example values, with its checks in `__expected…` columns."""
    prompt = export.prompt
    losses = ["turns: a table of tests holds no prompt"] if prompt.turns else []
    used = [variable.name for variable in variables(prompt.turns)]
    rows = _rows(export, used, losses)
    names = [name for name in _columns(used, rows, losses) if name not in _spread(export, used, rows)]
    losses += input_losses(prompt, names, rows)
    losses += unheld(export, "checks", "cases")
    kept = [write_vars(row, number, losses) for number, row in enumerate(rows, 1)]
    columns = _expected(checks_of(prompt, rows, losses), rows, losses)
    header = [*names, *(f"__expected{number if number > 1 else ''}" for number in range(1, len(columns) + 1))]
    lines = [
        [*(_text(row.get(name)) for name in names), *(column[index] for column in columns)]
        for index, row in enumerate(kept)
    ]
    losses += [f"cases: case {number} is empty" for number, cells in enumerate(lines, 1) if not any(cells)]
    losses += _value_losses(names, kept)
    table = [header or ["__expected"], *(cells for cells in lines if any(cells))]
    text = "".join(",".join(map(_cell, cells)) + "\n" for cells in table)
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, text, tuple(losses))


def _rows(export: Export, used: Sequence[str], losses: list[str]) -> list[dict[str, Any]]:
    """The cases; without any the example of each variable, else its default or the export's value."""
    if export.prompt.cases:
        return [dict(row) for row in export.prompt.cases]
    row = {name: export.values.get(name) for name in used} | example_values(export.prompt)
    row = {name: value for name, value in row.items() if value is not None}
    if row:
        losses.append("cases: there are none, the example values become the one row")
    return [row]


def _columns(used: Sequence[str], rows: Sequence[Mapping[str, Any]], losses: list[str]) -> list[str]:
    """The variables and every further key of the cases, without names that a table cannot have."""
    names = dict.fromkeys([*used, *(name for row in rows for name in row)])
    for name in names:
        if not _is_column(name):
            losses.append(f"cases.{name[:60]}: a column cannot have this name")
    return [name for name in names if _is_column(name)]


def _spread(export: Export, used: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Lists that only checks ask for: they are written into these, so they need no column."""
    checks = export.prompt.checks
    asked = {
        name
        for check in checks
        if check.scorer.startswith("contains_")
        for name in placeholders(check.options)
    }
    return {
        name
        for name in asked.difference(used)
        if all(isinstance(row.get(name), list | tuple | None) for row in rows)
    }


def _is_column(name: str) -> bool:
    return bool(name) and name == name.strip() and name.isprintable() and not name.startswith("__")


def _expected(checks: Sequence[Check], rows: Sequence[dict[str, Any]], losses: list[str]) -> list[list[str]]:
    """A column of cells for each check that a table can hold; empty where the case has no value for the check."""
    columns = []
    for check in checks:
        found: list[str] = []
        named = placeholders(check.options)
        lists = any(isinstance(row.get(name), list | tuple) for row in rows for name in named)
        cells = [
            _shorthand(check, found, row if lists else None)
            if all(has_value(row, name) for name in named)
            else ""
            for row in rows
        ]
        losses += dict.fromkeys(found)
        if any(cells):
            columns.append(cells)
        elif not found:
            losses.append(f"checks: no case has a value for {', '.join(named)}")
    if len(columns) > MAX_ASSERTS:
        losses.append(f"checks: only the first {MAX_ASSERTS} are written")
    return columns[:MAX_ASSERTS]


def _shorthand(check: Check, losses: list[str], row: Mapping[str, Any] | None) -> str:
    """`not-icontains:sorry`; nothing, with a loss, for what the shorthand would change."""
    data = write_assert(check, losses, row)
    if data is None:
        return ""
    name, kind, value = check_name(check), str(data["type"]), data.get("value")
    if "weight" in data:
        losses.append(f"checks: {name}: its weight is lost, a table has none")
    if isinstance(value, list):
        if any("," in str(item) for item in value):
            losses.append(f"checks: {name}: left out, a comma in an item would split it")
            return ""
        text, items = ",".join(map(str, value)), [str(item) for item in value]
    elif isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False)
        items = [text]
    else:
        text = "" if value is None else str(value)
        items = [text] if text else []
    if any(not item.strip() or item != item.strip() for item in items):
        losses.append(f"checks: {name}: left out, white space around a value is lost")
    elif any(_BRACES.search(PLACEHOLDER.sub("", item)) for item in items):
        losses.append(f"checks: {name}: left out, promptfoo would take its braces for a template")
    elif REFERENCE.match(text):
        losses.append(f"checks: {name}: left out, promptfoo would load it")
    else:
        return f"{kind}:{text}" if text else kind
    return ""


def _value_losses(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    losses = []
    for name in names:
        if any(not isinstance(row.get(name), str | None) for row in rows):
            losses.append(f"cases.{name}: values that are no text become text")
        missing = sum(row.get(name) is None for row in rows)
        if 0 < missing < len(rows):
            losses.append(
                f"cases.{name}: an empty cell in {missing} of {len(rows)} rows, which have no value"
            )
    return losses


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def _cell(text: str) -> str:
    # Outer white space is quoted too: some readers trim what is not.
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str, file: str = "The file") -> Reading:
    """The cases, the checks, and a text input for each column that no check names; raises PromptError."""
    cases, checks, losses = read_csv_tests(text, file)
    asked = {name for check in checks for name in placeholders(check.options)}
    names = dict.fromkeys(name for row in cases for name in row if name not in asked)
    prompt = checked(file, inputs=read_inputs(names, cases), cases=cases, checks=checks)
    return Reading(prompt, losses)


FORMAT = Format("promptfoo-csv", "Promptfoo test CSV", SUFFIX, MEDIA_TYPE, one(read), write, only_cases=True)
