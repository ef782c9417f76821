"""A long list as one table: sorted by a header, narrowed by words, at most 200 rows at a time, and whole as CSV.

    heads = (Head("time", "Time", "130px", falls=True), Head("", "Models"))
    look = look_of(ask, heads)                         # what is asked for: search, sort, which rows
    table(heads, rows, look, total, "open_history")    # rows are `<tr>`s; the header's buttons ask for open_history

Whoever owns the rows sorts and filters them (a database does it better than a page); this file knows how that is
asked for, shown and written. The search stands in a field of the form (`data-form`) that holds the table too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from markupsafe import Markup

from playground.tables.spreadsheet import inert
from playground.ui.actions import Ask
from playground.ui.html import attributes, button, icon, join

FIRST_ROWS = 50
WINDOW_ROWS = 200
"""Rows on screen at most: more make a page slow to draw and tedious to read out."""


@dataclass(frozen=True, slots=True)
class Head:
    """A column: `sort` is what it is sorted by, "" when it cannot be; `falls` begins with the greatest."""

    sort: str
    label: str
    width: str = ""
    falls: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """Which rows are looked at, in which order."""

    search: str = ""
    sort: str = ""
    falls: bool = True
    start: int = 0
    rows: int = FIRST_ROWS


def look_of(asked: Mapping[str, str], heads: Sequence[Head], rows: int = FIRST_ROWS) -> Look:
    """The look that was asked for; what makes no sense is as if it was not asked."""
    sorts = {head.sort: head for head in heads if head.sort}
    first = next(iter(sorts.values()))
    head = sorts.get(asked.get("sort", ""), first)
    falls = asked.get("falls", "")
    return Look(
        search=asked.get("search", ""),
        sort=head.sort,
        falls=head.falls if falls not in ("yes", "no") else falls == "yes",
        start=_number(asked.get("start", ""), 0, 10**9, 0),
        rows=_number(asked.get("rows", ""), 1, WINDOW_ROWS, rows),
    )


def asked_by(ask: Ask, *filters: str) -> dict[str, str]:
    """What an action was asked about a table, and of these filters."""
    return {name: ask.text(name) for name in ("search", "sort", "falls", "start", "rows", *filters)}


def _number(text: str, low: int, high: int, default: int) -> int:
    return min(max(int(text), low), high) if text.isdecimal() and len(text) < 10 else default


def kept(look: Look) -> Markup:
    """Hidden fields of the search's form: a search keeps the order, what is pressed in a row the window too."""
    fields = {
        "sort": look.sort,
        "falls": "yes" if look.falls else "no",
        "start": look.start,
        "rows": look.rows,
    }
    return join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value)
        for name, value in fields.items()
    )


def table(heads: Sequence[Head], rows: Iterable[Markup], look: Look, total: int, action: str) -> Markup:
    """The rows under their headers, with the way to the rows before and after."""
    return Markup('<table class="table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>{}').format(
        join(_head(head, look, action) for head in heads), join(rows), _ways(look, total, action)
    )


def _head(head: Head, look: Look, action: str) -> Markup:
    width = Markup(' style="width:{}"').format(head.width) if head.width else ""
    if not head.sort:
        return Markup("<th{}>{}</th>").format(width, head.label)
    is_on = head.sort == look.sort
    falls = not look.falls if is_on else head.falls
    data = {"sort": head.sort, "falls": "yes" if falls else "no", "start": 0}
    symbol = icon("arrow", "falls" if look.falls else "rises") if is_on else ""
    sorted_ = Markup(' aria-sort="{}"').format("descending" if look.falls else "ascending") if is_on else ""
    return Markup(
        '<th{}{}><button class="sort" data-act="{}"{} title="Sort by {}">{}{}</button></th>'
    ).format(width, sorted_, action, attributes(data), head.label.lower(), head.label, symbol)


def _ways(look: Look, total: int, action: str) -> Markup:
    """More rows up to a window, then windows; nothing when all rows are there."""
    now = {"sort": look.sort, "falls": "yes" if look.falls else "no"}
    if not look.start and look.rows < min(total, WINDOW_ROWS):
        more = button("Show more", action, **now, rows=min(look.rows + 100, WINDOW_ROWS))
        return Markup('<p class="ways">{}</p>').format(more)
    if total <= WINDOW_ROWS:
        return Markup("")
    last = min(look.start + look.rows, total)
    before, after = max(0, look.start - WINDOW_ROWS), look.start + WINDOW_ROWS
    return Markup('<p class="ways">{}{}<span class="hint num">{:,} to {:,} of {:,}</span></p>').format(
        button("Before", action, symbol="left", **now, start=before, rows=WINDOW_ROWS) if look.start else "",
        button("After", action, symbol="right", **now, start=after, rows=WINDOW_ROWS) if last < total else "",
        min(look.start + 1, last),
        last,
        total,
    )


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A CSV file line by line, of any length. A text that a spreadsheet would run as a formula gets a quote before."""
    for row in chain((names,), rows):
        text = io.StringIO()
        csv.writer(text).writerow([inert(value) for value in row])
        yield text.getvalue()
