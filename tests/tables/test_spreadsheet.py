"""Cells that a spreadsheet must not run."""

from __future__ import annotations

import pytest

from playground.tables.spreadsheet import inert


@pytest.mark.parametrize(
    "text", ["=1+1", "=cmd|' /C calc'!A0", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "- a list"]
)
def test_what_would_be_run_gets_a_quote_before(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("value", ["plain", "", "-5", "+1.5", "-1,234.5", "-1e-9", " =1", 3, -2.5, None])
def test_everything_else_stays_as_it_is(value: object) -> None:
    assert inert(value) == value
