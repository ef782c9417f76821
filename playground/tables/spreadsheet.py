"""Cells of CSV files that a person opens in a spreadsheet."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def inert(value: object) -> object:
    """The cell; a text that a spreadsheet would run as a formula gets a quote before, a number stays one.

    What has such a quote of its own gets one more: whoever reads it takes one away.
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
