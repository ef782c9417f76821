"""Lines for a terminal and reports in Chinese: columns stay columns, Markdown stays Markdown."""

from __future__ import annotations

import pytest

from playground.translation import lines
from playground.translation.lines import in_chinese, markdown_in_chinese, width
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


def test_markdown_keeps_its_marks() -> None:
    report = "**A beats B.**\n\n|  | variant | passed |\n|---|---|---:|\n| A | Zero-shot | 61 % |\n\n- ✓ ok\n"
    assert markdown_in_chinese(report) == (
        "**A 胜过 B。**\n\n|  | 变体 | 通过 |\n|---|---|---:|\n| A | 零样本 | 61% |\n\n- ✓ 正常\n"
    )
