"""The cells of an experiment as strips, a row a variant, a column a case in the order in which they run.

    strips(names, marks)    # marks[variant][case]: "pass", "fail", "part", "none", "failed", "running", "waits"

More cases than fit share a column, whose height then tells which share of them passes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from playground.ui.forest import named
from playground.ui.html import join

MOST_COLUMNS = 200
WORDS = {
    "pass": "pass",
    "part": "in part",
    "fail": "fail",
    "none": "not judged",
    "running": "running",
    "failed": "failed",
    "waits": "waits",
}
"""How a cell stands, in the order of the legend."""
WIDEST = 24
"""Of a column, as the style sheet has it; 1 lies between two."""
ALWAYS = ("pass", "fail", "running", "failed", "waits")


def strips(names: Sequence[str], marks: Sequence[Sequence[str]], order: str = "") -> Markup:
    """Head, legend with counts, ticks, and a strip for each variant; a press on a cell opens it.

    `order` says how they run, in half a sentence.
    """
    cases = max((len(row) for row in marks), default=0)
    per = -(-cases // MOST_COLUMNS) or 1
    counts = Counter(mark for row in marks for mark in row)
    legend = join(
        Markup('<span class="stands"><i class="{}"></i>{} {}</span>').format(
            state, words, f"{counts[state]:,}"
        )
        for state, words in WORDS.items()
        if counts[state] or state in ALWAYS
    )
    about = (
        "one column a case" if per == 1 else f"one column for {per} cases, as high as the share that passes"
    )
    rows = join(
        _row(number, name, row, per) for number, (name, row) in enumerate(zip(names, marks, strict=True))
    )
    return Markup(
        '<div class="strip-head"><h3>Cells</h3><span class="hint">{}</span>'
        '<span class="grow"></span><span class="legend">{}</span></div><div class="strips scroll-x">{}{}</div>'
    ).format(f"{about}; {order}" if order else about, legend, _ticks(cases, per), rows)


def _ticks(cases: int, per: int) -> Markup:
    columns = -(-cases // per)
    step = next(n for n in (5, 10, 20, 50, 100, 200) if columns / n <= 10 or n == 200)
    places = [*range(0, columns, step)]
    if places and columns - 1 - places[-1] < step / 3 and len(places) > 1:
        places.pop()
    ticks = join(
        Markup('<span style="left:{:.2f}%">{:,}</span>').format(100 * place / columns, place * per + 1)
        for place in places
    )
    last = Markup('<span class="last">{:,}</span>').format(cases) if cases else ""
    # Few columns are no wider than they are high and end before the page does; the ticks end with them.
    wide = columns * (WIDEST + 1) - 1
    return Markup(
        '<div class="strip-ticks" aria-hidden="true"><div class="at" style="max-width:{}px">{}{}</div></div>'
    ).format(wide, ticks, last)


def _row(number: int, name: str, marks: Sequence[str], per: int) -> Markup:
    counts = Counter(marks)
    told = ", ".join(f"{counts[state]:,} {words}" for state, words in WORDS.items() if counts[state])
    cells = (
        join(
            Markup('<i class="{}">{}</i>').format(mark, _CROSS if mark == "failed" else "") for mark in marks
        )
        if per == 1
        else join(_several(marks[start : start + per]) for start in range(0, len(marks), per))
    )
    return Markup(
        '<div class="strip-row">{}<div class="strip" data-variant="{}" data-per="{}" tabindex="0" role="group" aria-label="{}">{}</div></div>'
    ).format(named(number, name=name), number, per, f"Cells of {name}: {told}", cells)


_CROSS = Markup("<u>×</u>")


def _several(marks: Sequence[str]) -> Markup:
    """A column for several cases: failed and running before anything else, then the share that passes."""
    for state in ("failed", "running"):
        if state in marks:
            return Markup('<i class="{}">{}</i>').format(state, _CROSS if state == "failed" else "")
    judged = [mark for mark in marks if mark in ("pass", "part", "fail")]
    if not judged:
        return Markup('<i class="{}"></i>').format("none" if "none" in marks else "waits")
    share = sum(mark == "pass" for mark in judged) / len(judged)
    return Markup('<i class="many" style="--share:{:.0f}%"></i>').format(100 * share)
