"""Dates as people write them, each with its form in ISO 8601.

    dates_in("from 6 May 2024 to 2024年6月1日")  →  Date("6 May 2024", "2024-05-06"), Date("2024年6月1日", "2024-06-01")

A month alone is 2024-05, a day without its year --05-06. Where 05/06/2024 may be either, `also` has the other reading.
"""

from __future__ import annotations

import calendar
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import regex

from playground.answers import chinese
from playground.answers.late import late

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAME = (
    "jan(?:uary|\\.)?|feb(?:ruary|\\.)?|mar(?:ch|\\.)?|apr(?:il|\\.)?|may|june?\\.?|july?\\.?|aug(?:ust|\\.)?"
    "|sept?(?:ember|\\.)?|oct(?:ober|\\.)?|nov(?:ember|\\.)?|dec(?:ember|\\.)?"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_HAN = "〇零○一二三四五六七八九十廿卅"

_DATE = late(
    rf"""
    (?<![\d.,/-])(?P<y1>\d{{4}})(?P<sep>[-/.])(?P<m1>{_MONTH})(?P=sep)(?P<d1>{_DAY})(?![\d/-]|\.\d)
    | (?<!\d)(?P<y2>\d{{4}}|[{_HAN}]{{4}})\s?年\s?(?:(?P<m2>\d{{1,2}}|[{_HAN}]{{1,3}})\s?月\s?(?:份|(?P<d2>\d{{1,2}}|[{_HAN}]{{1,3}})\s?[日号號])?)
    | (?<![\d年])(?P<m3>\d{{1,2}}|[{_HAN}]{{1,3}})\s?月\s?(?P<d3>\d{{1,2}}|[{_HAN}]{{1,3}})\s?[日号號]
    | \b(?P<m4>{_NAME})\s(?P<d4>{_DAY})(?:st|nd|rd|th)?\b(?:,?\s(?P<y4>\d{{4}})\b)?
    | (?<![\d.,/])(?P<d5>{_DAY})(?:st|nd|rd|th|\.)?\s(?:of\s)?(?P<m5>{_NAME})\b(?:,?\s(?P<y5>\d{{4}})\b)?
    | \b(?P<m6>{_NAME}),?\s(?:of\s)?(?P<y6>\d{{4}})\b
    | (?<![\d.,/-])(?P<a>\d{{1,2}})(?P<sep2>[-/.])(?P<b>\d{{1,2}})(?P=sep2)(?P<y7>\d{{4}})(?![\d/-]|\.\d)
    """,
    regex.VERBOSE | regex.IGNORECASE,
)


class Date(NamedTuple):
    """A date of a text in its form of ISO 8601; `also` is the other one that may be meant, or ""."""

    text: str
    iso: str
    also: str = ""


def dates_in(text: str) -> Iterator[Date]:
    """The dates of a text in their order, those that no calendar has left out."""
    plain = unicodedata.normalize("NFKC", text)
    for match in _DATE.finditer(plain):
        if date := _read(match):
            yield date


def _read(match: regex.Match[str]) -> Date | None:
    if match["a"]:
        first, second, year = int(match["a"]), int(match["b"]), int(match["y7"])
        # Slashes begin with the month in America; points and hyphens with the day everywhere.
        month_first, day_first = _iso(year, first, second), _iso(year, second, first)
        likely, other = (month_first, day_first) if match["sep2"] == "/" else (day_first, month_first)
        iso = likely or other
        return Date(match[0], iso, other if likely and other != likely else "") if iso else None
    year, month, day = (_part(match, *names) for names in _GROUPS)
    if (match["y2"] or match["y6"]) and month in range(1, 13) and not day:
        return Date(match[0], f"{year:04}-{month:02}")
    iso = _iso(year, month, day)
    return Date(match[0], iso) if iso else None


_GROUPS = (
    ("y1", "y2", "y4", "y5", "y6"),
    ("m1", "m2", "m3", "m4", "m5", "m6"),
    ("d1", "d2", "d3", "d4", "d5"),
)


def _part(match: regex.Match[str], *names: str) -> int:
    """The number of the first group that matched, 0 when none did."""
    text = next((match[name] for name in names if match[name]), "0")
    if text.isdecimal():
        return int(text)
    if text[:3].lower() in _MONTHS:
        return _MONTHS.index(text[:3].lower()) + 1
    values = chinese.readings(text.replace("○", "〇"))
    return int(values[0]) if values else 0


def _iso(year: int, month: int, day: int) -> str:
    """The date, "" for one that is in no calendar; a day of no year may be 29 February."""
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year or 2000, month)[1]:
        return ""
    return f"{year:04}-{month:02}-{day:02}" if year else f"--{month:02}-{day:02}"
