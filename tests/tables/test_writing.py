"""Tables on their way out: read again they are what they were, and no spreadsheet runs anything in them."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from playground.errors import PromptError
from playground.tables.reading import read_table
from playground.tables.registry import FORMATS
from playground.tables.writing import inert_cells, write_table
from playground.types.dataset import Column, Row

COLUMNS = (
    Column(name="text"),
    Column(name="order no"),
    Column(name="days", kind="number"),
    Column(name="paid", kind="boolean"),
    Column(name="parts", kind="list"),
    Column(name="who", kind="json"),
)
ROWS = [
    Row({"text": '=cmd|" /C calc"!A0', "order no": "x", "days": 8, "paid": True, "parts": ["a", 1], "who": {"name": "Bo"}}, "train"),
    Row({"text": "Grüße, \"quoted\"\nand 中文 👩", "order no": "007x", "days": -3, "parts": [], "who": {}}, "held-out", "ollama:x"),
    Row({"text": "@SUM(1)", "days": 0, "paid": False}),
    Row({"text": "+49 30", "order no": "-"}),
    Row({"text": " blanks ", "days": 12}),
]  # fmt: skip


def written(name: str, rows: list[Row] = ROWS, columns: tuple[Column, ...] = COLUMNS) -> bytes:
    return b"".join(write_table(name, columns, lambda: [rows[:2], rows[2:]]))


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_exported_is_imported_as_it_was(name: str) -> None:
    reading = read_table(f"a.{name}", written(name))
    assert [column.model_copy(update={"role": ""}) for column in reading.as_columns] == list(COLUMNS)
    assert list(reading.rows()) == ROWS


EXACT = (0.1 + 0.2, 2**53 + 1, -(2**60) - 1, 10**30, 1e300, 5e-324, 7, -0.0)
ODD = ("'=1", "''=1+1", "'-x", "=1+1", "-1", "_x0041_", "_x005F_x0041_", "a\x01b", "a\r\nb", "#N/A")


@pytest.mark.parametrize("name", FORMATS)
def test_no_digit_of_a_number_and_no_sign_of_a_text_is_lost_on_the_way(name: str) -> None:
    columns = (Column(name="n", kind="number"), Column(name="m", kind="number"), Column(name="text"))
    rows = [Row({"n": n, "m": 2**53 + 1, "text": text}) for n, text in zip((*EXACT, 1, 2), ODD, strict=True)]
    got = list(read_table(f"a.{name}", written(name, rows, columns), into=columns).rows())
    assert got == rows
    assert [type(row.values["n"]) for row in got] == [type(row.values["n"]) for row in rows]
    for line in csv.reader(io.StringIO(written("csv", rows, columns).decode(), newline="")):
        assert line[2] == "-1" or line[2][0] not in "=+-@\t\r"


def test_no_cell_of_a_spreadsheet_is_a_formula() -> None:
    texts = list(csv.reader(io.StringIO(written("csv").decode(), newline="")))
    assert [line[0][:2] for line in texts[1:]] == ["'=", "Gr", "'@", "'+", " b"]
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx"))).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert "f" not in {cell.data_type for cell in cells}
    assert [cell.value[0] for cell in cells if cell.quotePrefix] == ["=", "@", "+", "-"]
    assert inert_cells(COLUMNS, [ROWS]) == 4


def test_a_text_too_long_for_a_cell_is_refused_and_never_cut() -> None:
    long: list[Row] = [Row({"text": "y" * 40_000})]
    with pytest.raises(PromptError, match=r"Row 1, text: 40,000 characters do not fit into the 32,767"):
        written("xlsx", long)
    assert len(written("csv", long)) > 40_000


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows_make_a_file_too(name: str) -> None:
    assert written(name, []) is not None


def test_control_characters_survive_a_workbook() -> None:
    rows: list[Row] = [Row({"text": "a\x01b _x0041_"})]
    sheet: Any = openpyxl.load_workbook(io.BytesIO(written("xlsx", rows))).active
    assert sheet["A2"].value == "a_x0001_b _x005F_x0041_"
