"""Tests for the strips of cells: one column a case, several cases in one where more do not fit."""

from __future__ import annotations

import re
from pathlib import Path

from playground.ui import experiment_strip
from playground.ui.experiment_strip import MOST_COLUMNS, WIDEST, strips


def test_every_case_has_a_column_and_every_state_is_counted() -> None:
    html = strips(["A", "B"], [["pass", "fail", "running"], ["pass", "failed", "waits"]])
    assert re.findall(r'<i class="(\w+)">', html.partition('class="strips')[2]) == [
        *("pass", "fail", "running"),
        *("pass", "failed", "waits"),
    ]
    assert "pass 2" in html and "waits 1" in html
    assert 'aria-label="Cells of B: 1 pass, 1 failed, 1 waits"' in html


def test_more_cases_than_fit_share_a_column_with_the_share_that_passes() -> None:
    marks = (["pass"] * 3 + ["fail"]) * 300
    html = strips(["A"], [marks])
    columns = re.findall(r"--share:(\d+)%", html)
    assert 0 < len(columns) <= MOST_COLUMNS and 'data-per="6"' in html
    assert sum(map(int, columns)) / len(columns) == 75
    broken = strips(["A"], [[*marks[:-1], "failed"]])
    assert broken.count('<i class="failed">') == 2  # in the strip and in the legend


def test_no_cases_are_no_strip() -> None:
    assert "Cells" in strips(["A"], [[]])


def test_the_ticks_of_few_columns_end_where_the_columns_do() -> None:
    css = (Path(experiment_strip.__file__).parent / "assets/look/experiments.css").read_text()
    assert f"max-width: {WIDEST}px" in css.partition(".strip i {")[2].partition("}")[0]
    assert 'class="at" style="max-width:749px"' in strips(["A"], [["pass"] * 30])
