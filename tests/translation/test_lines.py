"""Lines for a terminal and reports in Chinese: columns stay columns, Markdown stays Markdown."""

from __future__ import annotations

import pytest

from playground.translation import lines
from playground.translation.lines import in_chinese, markdown_in_chinese, padded, width, wrapped
from playground.translation.shown import Translation

KNOWN = Translation(
    {
        "passed": "通过",
        "variant": "变体",
        "ok": "正常",
        "Zero-shot": "零样本",
        "A beats B.": "A 胜过 B。",
        "{n} rows": "{n} 行",
    }
)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "chinese", lambda: KNOWN)


def test_columns_of_a_table_stay_under_each_other() -> None:
    table = in_chinese("   variant      passed\nA  Zero-shot      61 %\nB  Few words       7 %").split("\n")
    assert table == ["   变体         通过", "A  零样本          61%", "B  Few words        7%"]
    assert [width(line) for line in table[1:]] == [22, 22]


def test_a_line_without_columns_is_a_sentence() -> None:
    assert in_chinese("12 rows\nA beats B.") == "12 行\nA 胜过 B。"


def test_a_fact_of_a_report_is_read_behind_its_sign() -> None:
    assert (
        in_chinese("  ✓ ok\n  ! 12 rows: A beats B. Nobody knows.")
        == "  ✓ 正常\n  ! 12 行：A 胜过 B。Nobody knows."
    )
    assert (
        markdown_in_chinese("- ! 12 rows: A beats B. Nobody knows.") == "- ! 12 行：A 胜过 B。Nobody knows."
    )
    assert markdown_in_chinese("- note: of theirs") == "- note: of theirs"


def test_markdown_keeps_its_marks() -> None:
    report = "**A beats B.**\n\n|  | variant | passed |\n|---|---|---:|\n| A | Zero-shot | 61 % |\n\n- ✓ ok\n"
    assert markdown_in_chinese(report) == (
        "**A 胜过 B。**\n\n|  | 变体 | 通过 |\n|---|---|---:|\n| A | 零样本 | 61% |\n\n- ✓ 正常\n"
    )


def test_a_character_is_as_wide_as_a_terminal_draws_it() -> None:
    assert [width(text) for text in ("abc", "爬行", "，", "e\u0301", "\u2060x", "👍🏽\ufe0f")] == [
        3,
        4,
        2,
        1,
        1,
        4,
    ]
    assert [padded("爬行", 6), padded("12", 4, right=True), padded("too long", 3)] == [
        "爬行  ",
        "  12",
        "too long",
    ]


def test_lines_are_broken_where_chinese_is_broken() -> None:
    text = "用例“词”（第 1 行）通过，playground run 打印回答。"
    for columns in range(12, 60):
        lines = wrapped(text, columns)
        assert [
            line for line in lines if width(line) > columns or line[0] in "，。）”" or line[-1] in "（“"
        ] == []
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrapped("playground --help", 8) == ["playground", "--help"]
    assert wrapped(" ", 8) == []
