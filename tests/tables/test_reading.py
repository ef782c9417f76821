"""Tables on their way in: what is found has its evidence, what is wrong has its line, nothing is guessed in silence."""

from __future__ import annotations

import datetime
import decimal
import io
import math
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from playground.errors import PromptError
from playground.tables import separated, xlsx
from playground.tables.base import Choices
from playground.tables.preview import Preview
from playground.tables.reading import read_table
from playground.tables.registry import format_of
from playground.types.dataset import Column

LATE = (
    "message;order no;days late;channel;answer\r\n"
    + "".join(f"Mail {n};DX-{n};{n};email;refund\r\n" for n in range(30))
    + 'Grüße "a";DX;drei;chat;\r\n"open; semi; x";1;2\r\n=HYPERLINK(1);x;39,90;chat;wait\r\nMail 3;DX-3;3;email;refund\r\n'
).encode("cp1252")


def found(preview: Preview, what: str) -> tuple[str, str, bool]:
    return next((each.value, each.evidence, each.sure) for each in preview.found if each.what == what)


def problems(preview: Preview) -> list[tuple[list[int], str, bool]]:
    return [(each.lines, each.what, each.refused) for each in preview.problems]


def values(data: bytes | str, file: str = "a.csv", **choices: Any) -> list[dict[str, Any]]:
    content = data.encode() if isinstance(data, str) else data
    return [row.values for row in read_table(file, content, Choices(**choices)).rows()]


def test_everything_found_about_a_file_has_its_evidence() -> None:
    preview = read_table("late.csv", LATE).preview()
    assert found(preview, "encoding") == ("cp1252", "not UTF-8: byte 0xFC in line 32", False)
    assert found(preview, "delimiter") == (";", "in 34 of 35 records", False)
    assert found(preview, "header") == ("yes", "5 names, all different", True)
    assert found(preview, "decimal") == (",", "39,90 is read as 39.9", True)
    assert (preview.records, preview.stored, preview.refused, preview.told) == (34, 33, 1, 3)
    assert problems(preview) == [
        ([33], "3 fields instead of 5", True),
        ([32], 'days late: "drei" is not a number', False),
        ([32], "answer is empty", False),
        ([34], "message begins with =", False),
        ([35], "equal to line 5", False),
    ]
    assert preview.problems[0].then == "2 semicolons are inside quotes."


def test_columns_become_variables_by_name_and_guesses_are_marked() -> None:
    preview = read_table("late.csv", LATE, variables=("message", "order_no", "tone")).preview()
    told = {each.name: (each.becomes, each.kind, each.role, each.why, each.sure) for each in preview.columns}
    assert told["message"] == ("message", "text", "input", "variable, same name", True)
    assert told["order no"] == ("order_no", "text", "input", "variable, guessed from the name", False)
    assert told["days late"][3:] == ("column only; 32 of 33 are numbers", False)
    assert told["answer"][2:] == (
        "expected",
        "guessed from the name: the expected answer; column only",
        False,
    )
    assert preview.without_column == ("tone",)


def test_columns_are_known_by_their_chinese_names() -> None:
    reading = read_table(
        "题.csv", "问题,标准答案,聚类,标记,划分\n一加一,二,甲,算术,训练\n二加二,四,乙,算术,测试集\n".encode()
    )
    assert [(each.name, each.role) for each in reading.as_columns] == [
        ("问题", ""), ("标准答案", "expected"), ("聚类", "cluster"), ("标记", "tag"),
    ]  # fmt: skip
    assert [row.half for row in reading.rows()] == ["train", "held-out"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("问题，标准答案\n中国的首都是哪里？，北京\n一加一等于几？，二\n", ["问题", "标准答案"]),
        ("题目；答案\n一加一；二\n二加二；四\n", ["题目", "答案"]),
        ("问题,答案\n一，二,甲，乙\n三，四,丙，丁\n", ["问题", "答案"]),
        ("床前明月光，疑是地上霜。\n举头望明月，低头思故乡。\n", ["column 1"]),
        ("他来了，她走了\n我不知道，你知道，他也知道\n", ["column 1"]),
    ],
)
def test_full_width_marks_part_a_table_and_no_prose(text: str, names: list[str]) -> None:
    choices = Choices(header=True) if names[0] != "column 1" else Choices(header=False)
    assert [each.name for each in read_table("a.csv", text.encode(), choices).as_columns] == names


def test_a_choice_is_read_again_in_place() -> None:
    choices = Choices(
        kinds={"days late": "text"}, names={"channel": "", "answer": "reply"}, lines={33: "ok;1;2;chat;wait"}
    )
    reading = read_table("late.csv", LATE, choices)
    assert [(each.name, each.kind, each.role) for each in reading.as_columns] == [
        ("message", "text", ""), ("order no", "text", ""), ("days late", "text", ""), ("reply", "text", ""),
    ]  # fmt: skip
    rows = list(reading.rows())
    assert rows[31].values == {"message": "ok", "order no": "1", "days late": "2", "reply": "wait"}
    assert rows[32].values["days late"] == "39,90"
    assert reading.preview(only_problems=True).shown == 2


def test_a_preview_shows_the_rows_with_a_problem_and_the_line_as_it_stands() -> None:
    page = read_table("late.csv", LATE).preview(start=1, count=1, only_problems=True)
    assert (page.shown, [row.line for row in page.rows]) == (4, [33])
    assert (page.rows[0].refused, page.rows[0].raw) == (True, "open; semi; x | 1 | 2")


def test_rows_that_the_data_set_has_are_refused_unless_asked_for() -> None:
    first = read_table("a.csv", b"text,n\na,1\nb,2\n")
    known = {row.id: number for number, row in enumerate(first.rows(), 47)}
    columns = first.as_columns
    more = b"Text,n\nb,2\nc,3\n"
    preview = read_table("b.csv", more, into=columns, known=known).preview()
    assert problems(preview) == [([2], "equal to row 48 of the data set", True)]
    assert preview.columns[0].why == "column of the data set, guessed from the name"
    assert (
        len(list(read_table("b.csv", more, Choices(keep_equal=True), into=columns, known=known).rows())) == 2
    )


def test_three_encodings_in_one_file_are_read_line_by_line_and_named() -> None:
    data = (
        "a,b\nGrüße,1\n".encode() + "Grüße,2\n".encode("cp1252") + "メール,3\n".encode("cp932") + b"x\0y,4\n"
    )
    preview = read_table("a.csv", data).preview()
    assert found(preview, "encoding")[1:] == ("not UTF-8: byte 0xFC in line 3, and in 2 lines in all", False)
    assert [row.values.get("a") for row in preview.rows][:2] == ["Grüße", "Grüße"]
    assert ([5], "a zero byte, so this is no text", True) in problems(preview)
    assert [each.lines for each in preview.problems if each.kind == "encoding"] == [[3], [4]]
    chosen = read_table("a.csv", data, Choices(encoding="utf-8")).preview()
    assert ([3, 4], "bytes that are not UTF-8", True) in problems(chosen)


def test_two_encodings_of_which_none_is_utf_8_are_told_apart_and_each_line_is_named() -> None:
    chinese = "你好世界，这是中文\n今天天气很好，我们去公园\n"
    german = "“naïve” café déjà vu\nGrüße in die Straße\n"
    data = b"text\n" + chinese.encode("gbk") + german.encode("cp1252") + b"plain\n"
    preview = read_table("a.csv", data).preview()
    assert [row.values["text"] for row in preview.rows] == [*(chinese + german).split("\n")[:4], "plain"]
    assert found(preview, "encoding") == (
        "",
        "not UTF-8: byte 0xC4 in line 2, and in 4 lines in all",
        False,
    )
    words = "not UTF-8, as other lines are: read as"
    named = {each.what: each.lines for each in preview.problems}
    assert named == {f"{words} GB18030": [2, 3], f"{words} Windows-1252": [4, 5]}
    russian = "Привет\nя и ты\nмы\nПожалуйста\n".encode("cp1251")
    whole = read_table("a.csv", b"text\n" + russian).preview()
    assert not whole.problems, "a file of one encoding is not torn apart"


def test_pieces_of_utf_16_in_another_file_are_refused_by_line() -> None:
    wide = "4,wide Ünïcode text\n5,and one more of it\n".encode("utf-16-le")
    data = "id,text\n1,Grüße\n".encode() + "2,你好世界，中文\n".encode("gbk") + b"3,plain\n" + wide
    preview = read_table("a.csv", data).preview()
    assert [row.values.get("text") for row in preview.rows][:3] == ["Grüße", "你好世界，中文", "plain"]
    assert ([3], "not UTF-8, as other lines are: read as GB18030", False) in problems(preview)
    assert ([5, 6, 7], "a zero byte, so this is no text", True) in problems(preview)
    assert preview.stored == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text\nhello, you\nworld\n", [{"text": "hello, you"}, {"text": "world"}]),
        ("a\tb\n1,5\t2\n", [{"a": 1.5, "b": 2}]),
        ("sep=;\na;b\n1;2\n", [{"a": 1, "b": 2}]),
        ("a|b\n1|x\n", [{"a": 1, "b": "x"}]),
        ("| a | b |\n|---|:-:|\n| 1 | x |\n", [{"a": 1, "b": "x"}]),
        ('a,b\n"x\ny",2\n', [{"a": "x\ny", "b": 2}]),
        ("id,n\n007,\"1,234\"\n008,\"2,500\"\n", [{"id": "007", "n": 1234}, {"id": "008", "n": 2500}]),
        ("a,b\n" + "NA,1\n" * 2 + "null,\n", [{"a": "NA", "b": 1}] * 2 + [{"a": "null"}]),
        ("a,a,,b,\n1,2,,x,\n", [{"a": 1, "a 2": 2, "b": "x"}]),
        ("1,2\n3,4\n", [{"column 1": 1, "column 2": 2}, {"column 1": 3, "column 2": 4}]),
        ('t,o\ntrue,"[1, 2]"\nFALSE,[]\n', [{"t": True, "o": [1, 2]}, {"t": False, "o": []}]),
        ("n\n1e400\n2\n", [{"n": "1e400"}, {"n": "2"}]),
        ("card\n1234567890123456789\n", [{"card": "1234567890123456789"}]),
    ],
)  # fmt: skip
def test_text_is_taken_for_what_it_is(text: str, expected: list[dict[str, Any]]) -> None:
    assert values(text) == expected


def test_a_broken_record_costs_one_line_and_reading_goes_on() -> None:
    text = 'a,b\n1,"open\n2,x\n"a"b,4\n5,z\n6\n7,8,9\n' + "y" * 1_200_000 + ",1\n10,w\n"
    preview = read_table("a.csv", text.encode()).preview()
    assert [row.values["a"] for row in preview.rows if row.values] == [2, 5, 10]
    assert problems(preview) == [
        ([2, 4], "a quote is closed in the middle of a field", True),
        ([6], "1 field instead of 2", True),
        ([7], "3 fields instead of 2", True),
        ([8], "a field of more than 1,000,000 characters", True),
    ]
    never = read_table("a.csv", b'a,b\n1,"open\n2,x\n3,y\n').preview()
    assert problems(never) == [([2], "a quote is opened and never closed", True)]


def test_quotes_that_stay_open_in_every_line_are_read_in_good_time() -> None:
    # Read from its beginning to the end of the file for each line, this takes minutes.
    text = "a,b\n" + 'x","  \n' * 5_000
    assert read_table("a.csv", text.encode()).preview().refused >= 2_000


def test_a_mark_in_the_only_text_of_a_column_parts_no_fields() -> None:
    for file in ("a.csv", "a.tsv"):
        assert values(b"name\r\none|two; three\r\n", file) == [{"name": "one|two; three"}]


def test_pasted_cells_and_json_are_recognised() -> None:
    assert values("q\tn\n1+1\t2\n", "pasted") == [{"q": "1+1", "n": 2}]
    assert values('[{"q": "x"}]', "pasted") == [{"q": "x"}]
    assert values('{"q": "x"}\n{"q": "y"}', "pasted") == [{"q": "x"}, {"q": "y"}]
    assert values("q;n\nhi, late again;2\n", "Pasted") == [{"q": "hi, late again", "n": 2}]


def test_every_name_that_the_page_gives_to_rows_without_a_file_is_read() -> None:
    scripts = Path(__file__).parents[2] / "playground/ui/assets"
    names = {
        name for file in scripts.glob("data*.js") for name in re.findall(r'name: "(\w+)"', file.read_text())
    }
    assert names >= {"Pasted", "Typed"}
    assert {format_of(name, b"q\tn\n1\t2") for name in names} == {"tsv"}


def test_json_in_its_usual_shapes() -> None:
    assert values('[{"q": "a", "n": null}, {"o": {"x": [1]}}, "alone"]', "a.json") == [
        {"q": "a"}, {"o": {"x": [1]}}, {"value": "alone"},
    ]  # fmt: skip
    assert values('{"a": [1, 2], "b": ["x", null]}', "a.json") == [{"a": 1, "b": "x"}, {"a": 2}]
    assert values('{"rows": [{"a": 1}], "name": "x"}', "a.json") == [{"a": 1}]
    lines = read_table(
        "a.jsonl", b'{"q": "1"}\n{"q": "2"\n\n{"q": "\\ud83d"}\n{"q": "3", "q": "4"}\n[1]\n{"q": "\\u0000"}\n'
    ).preview()
    assert [(lines, refused) for lines, _, refused in problems(lines)] == [
        ([n], True) for n in (2, 4, 5, 6, 7)
    ]
    assert lines.stored == 1


def workbook(*rows: list[Any], merge: str = "") -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Empty"
    sheet = book.create_sheet("June")
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


NO_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5_000)
SAID = ("NaN", "Infinity", "-Infinity", "Infinity", "Infinity")


def parquet_of(**columns: list[Any]) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("a.json", "[" + ",".join(f'{{"q": "x", "n": {each}, "l": [1]}}' for each in ("1", *NO_NUMBERS)) + "]"),
        ("a.json", '{"q": ["x", "x", "x", "x", "x", "x"], "n": [1, ' + ", ".join(NO_NUMBERS) + '], "l": [[1], [1], [1], [1], [1], [1]]}'),
        ("a.jsonl", "\n".join(f'{{"q": "x", "n": {each}, "l": [1]}}' for each in ("1", *NO_NUMBERS))),
        ("a.parquet", parquet_of(q=["x"] * 6, n=[1.0, math.nan, *(math.inf, -math.inf, math.inf, math.inf)], l=[[1]] * 6)),
    ],
)  # fmt: skip
def test_a_number_that_is_none_is_missing_and_named_with_its_row(file: str, data: str | bytes) -> None:
    told = read_table(file, data.encode() if isinstance(data, str) else data).preview()
    assert [row.values for row in told.rows] == [{"q": "x", "n": 1, "l": [1]}, *[{"q": "x", "l": [1]}] * 5]
    assert (told.columns[1].kind, told.columns[1].missing, told.stored, told.refused) == ("number", 1, 6, 0)
    assert sorted(
        (line, what) for lines, what, refused in problems(told) for line in lines if "equal" not in what
    ) == [(line, f"n: {each} is no number that can be stored") for line, each in enumerate(SAID, 2)]


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("a.json", '[{"l": [1, NaN, {"x": -Infinity}]}]'),
        ("a.csv", 'l,q\n"[1, NaN, {""x"": -Infinity}]",\n'),
        ("a.parquet", parquet_of(l=[[1.0, math.nan, -math.inf]])),
    ],
)
def test_a_number_that_is_none_inside_of_a_list_leaves_the_rest_of_it(file: str, data: str | bytes) -> None:
    told = read_table(file, data.encode() if isinstance(data, str) else data).preview()
    assert told.rows[0].values["l"] in ([1, None, {"x": None}], [1, None, None])
    assert problems(told) == [([1 + (file == "a.csv")], "l: NaN is no number that can be stored", False)]


def test_numbers_that_are_none_leave_their_column_one_of_numbers() -> None:
    told = read_table("a.csv", b"n,who\n1,Nan\nNaN,Ann\ninf,Bob\n-Infinity,Cem\n2,Dot\n").preview()
    assert [each.kind for each in told.columns] == ["number", "text"]
    assert [row.values for row in told.rows][:2] == [{"n": 1, "who": "Nan"}, {"who": "Ann"}]
    assert problems(told) == [([line], f'n: "{each}" is not a number', False) for line, each in ((3, "NaN"), (4, "inf"), (5, "-Infinity"))]  # fmt: skip
    assert read_table("a.csv", b"n,q\nNaN,1\nnan,2\n").preview().columns[0].kind == "text", "none is a number"


def test_a_sheet_with_errors_in_a_column_of_numbers_says_each() -> None:
    written = workbook(["n", "q"], [1, "a"], ["#DIV/0!", "b"], ["#BUSY!", "c"], [12345, "d"])
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written)) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<v>12345</v>", b"<v>1E999</v>"))
    told = read_table("a.xlsx", data.getvalue()).preview()
    assert [row.values for row in told.rows] == [{"n": 1, "q": "a"}, {"q": "b"}, {"q": "c"}, {"q": "d"}]
    assert told.columns[0].kind == "number"
    assert problems(told) == [
        ([3], "n: the sheet shows #DIV/0!", False),
        ([4], "n: the sheet shows #BUSY!", False),
        ([5], "n: Infinity is no number that can be stored", False),
    ]


def test_a_row_that_cannot_be_taken_costs_that_row_alone() -> None:
    deep = "[" * 50 + "]" * 50
    told = read_table(
        "a.json",
        f'[{{"q": 1}}, {{"z": 1, "z": 2}}, {{"q": "\\ud83d"}}, {{"q": {deep}}}, {{"q": 2}}]'.encode(),
    )
    assert [row.values for row in told.rows()] == [{"q": 1}, {"q": 2}]
    assert problems(told.preview()) == [
        ([2], "a key stands twice in one object", True),
        ([3], "half of a character stands alone in it", True),
        ([4], "values are nested more than 40 deep", True),
    ]
    assert [column.name for column in told.columns] == ["q"]
    assert "\\ud83d" in told.preview().rows[2].raw


def test_a_line_that_is_refused_makes_no_column() -> None:
    told = read_table("a.jsonl", b'{"q": "1"}\n[1, 2]\n{"q": "2"}\n').preview()
    assert [each.becomes for each in told.columns] == ["q"]
    assert problems(told) == [([2], "a list, and a row is an object", True)]


def test_a_workbook_with_formulas_dates_and_merged_cells() -> None:
    data = workbook(
        ["message", "when", "total", "shop"],
        ["M1", datetime.datetime(2026, 5, 2), "=1+1", "g"],
        ["M2", datetime.datetime(2026, 5, 3, 10, 30), "=A1*2", None],
        ["#N/A", None, 5, "h"],
        merge="D2:D3",
    )
    reading = read_table("a.xlsx", data)
    preview = reading.preview()
    assert found(preview, "sheet") == ("June", "of 2 sheets, the first with rows", False)
    assert [row.values for row in reading.rows()] == [
        {"message": "M1", "when": "2026-05-02", "shop": "g"},
        {"message": "M2", "when": "2026-05-03 10:30:00", "shop": "g"},
        {"total": 5, "shop": "h"},
    ]
    assert problems(preview) == [
        ([2, 3], "total: a formula without a value", False),
        ([2], "merged cells", False),
        ([4], "message: the sheet shows #N/A", False),
    ]
    assert preview.columns[1].why == "dates, stored as 2026-05-02"
    with pytest.raises(PromptError, match='no sheet "July". It has: Empty, June'):
        read_table("a.xlsx", data, Choices(sheet="July"))


def test_a_chart_sheet_without_its_drawing_is_no_damage() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["question"])
    sheet.append(["Why?"])
    book.create_chartsheet("Chart")
    whole, bare = io.BytesIO(), io.BytesIO()
    book.save(whole)
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(bare, "w") as other:
        for name in archive.namelist():
            if "chartsheets/_rels" not in name and "drawing" not in name:
                other.writestr(name, re.sub(rb"<drawing[^>]*>", b"", archive.read(name)))
    reading = read_table("charts.xlsx", bare.getvalue())
    assert [row.values for row in reading.rows()] == [{"question": "Why?"}]


def test_parquet_with_nested_columns() -> None:
    table = pa.table(
        {
            "q": ["a", "b", None],
            "l": [[1, 2], None, []],
            "s": [{"x": 1}, {"x": 2}, None],
            "d": [datetime.date(2026, 1, 1)] * 3,
            "b": [b"ok", b"\xff", None],
            "f": [1.0, float("nan"), 2.5],
        }
    )
    out = io.BytesIO()
    parquet.write_table(table, out)
    preview = read_table("a.parquet", out.getvalue()).preview()
    assert [row.values for row in preview.rows] == [
        {"q": "a", "l": [1, 2], "s": {"x": 1}, "d": "2026-01-01", "b": "ok", "f": 1.0},
        {"q": "b", "s": {"x": 2}, "d": "2026-01-01"},
        {"l": [], "d": "2026-01-01", "f": 2.5},
    ]
    assert [each.kind for each in preview.columns] == ["text", "list", "json", "text", "text", "number"]
    assert problems(preview) == [
        ([2], "b: bytes that are no text", False),
        ([2], "f: NaN is no number that can be stored", False),
    ]


@pytest.mark.parametrize(
    ("file", "data", "says"),
    [
        ("a.csv", b" \n", "a.csv is empty"),
        ("a.pdf", b"%PDF", "is no table that is read here"),
        ("a.csv", bytes(range(256)) * 20, "no encoding that is known here"),
        ("a.csv", b"\0" * 1000, "zero bytes"),
        (
            "a.csv",
            ",".join(f"c{n}" for n in range(2_000)).encode() + b"\n1\n",
            "2,000 columns do not fit into 1,000",
        ),
        ("a.csv", b"\x1f\x8b\x08\0" + b"x" * 40, "a.csv is compressed with gzip"),
        ("a.json", b"{}", "holds no list"),
        ("a.json", b'[{"a": "\\ud800"}]', "half of a character stands alone in it"),
        ("a.json", b'[{"a": 1},]', "a.json, line 1: a "),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.xlsx", b"PK\x03\x04garbage", "is no XLSX file, or is damaged"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xx", "an old .xls file, or has a password"),
        ("a.parquet", b"PAR1xxxxPAR1", "is no Parquet file, or is damaged"),
        ("a.xlsx", workbook(), "holds no table"),
        ("a.xlsx", workbook([None] * 1_200 + ["x"]), "1,201 columns do not fit into 1,000"),
    ],
)
def test_a_file_that_is_no_table_says_why(file: str, data: bytes, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        read_table(file, data)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"</sheetData>", b'<row r="99999999999"><c r="A99999999999" t="inlineStr"/></row></sheetData>', "has rows after"),
        (b"</sheetData>", b'<row r="3"><c r="XFD3" t="inlineStr"><is><t>z</t></is></c></row></sheetData>', "16,384 columns"),
        (b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><worksheet', ""),
        (b"</sheetData>", b"<row", "its sheets are damaged"),
    ],
)  # fmt: skip
def test_a_sheet_that_is_made_to_harm_ends_at_once(
    old: bytes, new: bytes, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "LAST_ROW", 1_000)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(["a"], ["x"]))) as plain, zipfile.ZipFile(out, "w") as made:
        for name in plain.namelist():
            content = plain.read(name)
            made.writestr(name, content.replace(old, new, 1) if name.endswith("sheet2.xml") else content)
    if says:
        with pytest.raises(PromptError, match=says):
            read_table("a.xlsx", out.getvalue())
    else:
        assert len(list(read_table("a.xlsx", out.getvalue()).rows())) == 1


def test_an_archive_that_unpacks_to_too_much_is_refused_with_both_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xlsx, "MAX_UNPACKED", 2_000_000)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "x")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 3_000_000)
    with pytest.raises(PromptError, match=r"unpacks to 2 files of 3 MB, more than 2,000 and 2 MB"):
        read_table("a.xlsx", out.getvalue())


def test_two_columns_cannot_become_one() -> None:
    with pytest.raises(PromptError, match='Two columns become "b"'):
        read_table("a.csv", b"a,b\nx,y\n", Choices(names={"a": "b"}))
    assert Column(name="a") == read_table("a.csv", b"a,b\nx,y\n", Choices(names={"b": ""})).as_columns[0]


def test_quotes_in_a_text_do_not_hide_what_parts_the_fields() -> None:
    lines = [f'"He said ""{n}"" twice";{n},5;wait\r\n' for n in range(30)]
    data = ("text;price;answer\r\n" + "".join(lines) + "a;b\r\n").encode()
    assert [column.name for column in read_table("late.csv", data).columns] == ["text", "price", "answer"]


def parquet_names() -> bytes:
    stream = io.BytesIO()
    parquet.write_table(
        pa.table({"id": pa.array([], pa.string()), "text": pa.array([], pa.string())}), stream
    )
    return stream.getvalue()


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("a.csv", b"id,text\n"),
        ("a.csv", b"id,text\n,\n , \n"),
        ("a.tsv", b"id\ttext"),
        ("a.xlsx", workbook(["id", "text"])),
        ("a.parquet", parquet_names()),
    ],
)
def test_a_file_that_only_names_columns_has_no_row(file: str, data: bytes) -> None:
    reading = read_table(file, data)
    preview = reading.preview()
    assert [column.name for column in preview.columns] == ["id", "text"]
    assert (preview.records, list(reading.rows())) == (0, [])
    assert [problem.what for problem in preview.problems] == ["names of columns, and no row under them"]


@pytest.mark.parametrize(
    ("file", "data", "cells"),
    [
        ("a.csv", b"Where is my parcel?,yes\n", ["Where is my parcel?", "yes"]),
        ("a.csv", b"a,a\n", ["a", "a"]),
        ("a.csv", b"2,text\n", [2, "text"]),
        ("pasted", b"hello", ["hello"]),
    ],
)
def test_a_lone_record_that_names_nothing_is_a_row(file: str, data: bytes, cells: list[object]) -> None:
    [row] = read_table(file, data).rows()
    assert list(row.values.values()) == cells
    [kept] = read_table("a.csv", b"id,text\n", Choices(header=False)).rows()
    assert list(kept.values.values()) == ["id", "text"]


@pytest.mark.parametrize(
    ("lines", "is_header"),
    [
        ("country,2021,2022;FR,1,2;DE,3,4", True),
        (",2021,2022;FR,1,2;DE,3,4", True),
        ("国家,2020,2015,2010;法国,1,2,3", True),
        ("country,2021;FR,12.3;DE,30.5", True),
        ("2021,2022,2023;12,13,14", True),
        ("student,1,2,3;Ann,A,B,A;Bob,C,A,B", True),
        ("Inception,2010;Matrix,1999", False),
        ("a,1,2;b,3,4", False),
        ("lamp,2000;chair,150", False),
        ("2000;3000", False),
        ("2000,1900;3000,4500", False),
        ("a,2010,2011;b,2012,2013", False),
        ("a,5;b,n/a;c,", False),
        ("a,true;b,no;c,maybe", False),
        ("a,2021,2021;b,1,2", False),
        ("a,2021,2022", False),
    ],
)
@pytest.mark.parametrize("file", ["a.csv", "a.xlsx"])
def test_a_first_record_with_numbers_names_the_columns_where_those_below_are_of_another_kind(
    file: str, lines: str, is_header: bool
) -> None:
    data = lines.replace(";", "\n").encode()
    if file == "a.xlsx":
        book, kept = openpyxl.Workbook(), io.BytesIO()
        for line in lines.split(";"):
            cells = line.split(",")
            book.active.append(
                [float(cell) if cell.replace(".", "").isdecimal() else cell or None for cell in cells]
            )
        book.save(kept)
        data = kept.getvalue()
    preview = read_table(file, data).preview()
    assert found(preview, "header")[::2] == ("yes" if is_header else "no", False)
    other = read_table(file, data, Choices(header=not is_header)).preview()
    assert abs(other.records - preview.records) == 1
    if is_header:
        assert [column.name for column in preview.columns][-1] == lines.split(";")[0].split(",")[-1]


def test_pieces_of_ascii_in_a_utf_16_file_are_named_by_line() -> None:
    start = "text\nGruesse\n你好，世界\n".encode("utf-16")
    even, odd = b"plain eight bit lines\n", b"plain eight bit line\n"
    preview = read_table("a.csv", start + even + "last\nnext\n".encode("utf-16-le")).preview()
    [problem] = preview.problems
    assert (problem.lines, problem.refused) == ([4], True)
    assert [row.values.get("text") for row in preview.rows] == ["Gruesse", "你好，世界", None, "next"]
    with pytest.raises(PromptError, match="begins as UTF-16, and from line 4 on it is something else"):
        read_table("a.csv", start + odd + "last\n".encode("utf-16-le"))


@pytest.mark.parametrize("name", ["sentiment-zh", "facts-zh"])
def test_no_line_of_a_chinese_file_in_utf_16_is_taken_for_ascii(name: str) -> None:
    [path] = (Path(__file__).parents[2] / "data" / name).glob("*.csv")
    assert read_table("a.csv", path.read_text("utf-8").encode("utf-16")).preview().refused == 0


def test_a_hidden_sheet_is_read_only_where_no_other_one_is_or_it_is_chosen() -> None:
    book = openpyxl.Workbook()
    secret, shown = book.worksheets[0], book.create_sheet("Open")
    secret.title, secret.sheet_state = "Secret", "hidden"
    for sheet in (secret, shown):
        sheet.append(["question"])
        sheet.append([sheet.title])
    book.active = 1
    out = io.BytesIO()
    book.save(out)
    reading = read_table("two.xlsx", out.getvalue())
    assert [row.values for row in reading.rows()] == [{"question": "Open"}]
    (found,) = [each for each in reading.preview().found if each.what == "sheet"]
    assert (
        found.options == (("Open", "Open"), ("Secret", "Secret, hidden")) and "hidden" not in found.evidence
    )
    chosen = read_table("two.xlsx", out.getvalue(), Choices(sheet="Secret"))
    assert [row.values for row in chosen.rows()] == [{"question": "Secret"}]


def test_times_that_python_has_no_value_for_are_text_and_long_decimals_are_told() -> None:
    exact = [decimal.Decimal("12345678901234567890.5"), decimal.Decimal("0.10")]
    table = pa.table(
        {
            "q": ["a", "b"],
            "mars": pa.array([1_234_567, None], pa.timestamp("us", "Mars/Olympus")),
            "far": pa.array([10**17, 0], pa.timestamp("us")),
            "long": pa.array([10**18, 1], pa.duration("s")),
            "price": pa.array(exact, pa.decimal128(38, 2)),
        }
    )
    out = io.BytesIO()
    parquet.write_table(table, out)
    reading = read_table("odd.parquet", out.getvalue())
    first, second = (row.values for row in reading.rows())
    assert first["mars"].startswith("1970-01-01 00:00:01.234567") and "mars" not in second
    assert first["far"].startswith("5138-") and second["far"].startswith("1970-01-01")
    assert second["long"] == "1 s"
    assert (first["price"], second["price"]) == (12345678901234567890.5, 0.1)
    (told,) = reading.preview().problems
    assert (told.what, told.lines) == ("price: a number of more digits than can be stored", [1])


def test_a_parquet_file_of_two_thousand_columns_is_refused_at_once() -> None:
    out = io.BytesIO()
    parquet.write_table(pa.table({f"c{number}": [1] for number in range(2000)}), out)
    began = time.process_time()
    with pytest.raises(PromptError, match="2,000 columns do not fit"):
        read_table("wide.parquet", out.getvalue())
    assert time.process_time() - began < 2


def test_a_text_file_of_too_many_records_is_refused_when_they_are_first_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(separated, "MOST_ROWS", 50)
    with pytest.raises(PromptError, match="more than 50 records"):
        read_table("many.csv", b"q,a\n" + b"x,1\n" * 51)
    assert len(list(read_table("many.csv", b"q,a\n" + b"x,1\n" * 50).rows())) == 50
