"""What a technique cost, in the drawer: its price beside the other columns, and when its calls ran.

lanes(steps)   →  [[propose], [value 1, value 4], [value 2]]: calls of one lane follow each other
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup

from playground.scorers import all_passed
from playground.store.records import StoredCell, StoredRun
from playground.techniques.registry import SINGLE, rows
from playground.types.grid import CellKey
from playground.types.trace import Step
from playground.ui.actions import Action, Ask
from playground.ui.html import button, count, icon, join, plural, seconds
from playground.ui.plots import at
from playground.ui.traces import price
from playground.ui.update import Update
from playground.workbench.runs import find_cell
from playground.workbench.service import Workbench

MOST_LANES = 12
"""Lanes that are drawn; those after them are counted."""
WIDE, LEFT, LANE, BAR = 520, 52, 18, 11
KINDS = 3
"""Kinds of calls that look different; further ones look like the last."""
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600)


async def trace_price(workbench: Workbench, ask: Ask) -> Update:
    """The rivals of a column and its lanes, in the drawer."""
    run = await workbench.runs.get(ask.run_id())
    cell = find_cell(run, ask.integer("column"), ask.repeat())
    parts = (_rivals(cell, run), _lanes(cell.answer.steps, cell.key))
    return {"drawer": {"title": f"What column {cell.column + 1} took", "body": join(parts)}}


# --- beside its rivals --------------------------------------------------------------------------------------


def _rivals(cell: StoredCell, run: StoredRun) -> Markup:
    lines = join(_rival(other, run, other.key == cell.key) for other in run.cells)
    over_data = button("Run all over a data set", "experiment_from_compare", kind="quiet")
    return Markup(
        '<section class="part-of"><h3>The price beside its rivals</h3><table class="table rivals"><thead><tr><th>Technique</th><th>Answer</th><th></th>'
        '<th class="num">Calls</th><th class="num">Tokens</th><th class="num">Time</th><th class="num">Price</th></tr></thead><tbody>{}</tbody></table>'
        '<p class="hint">One case is an anecdote. {}</p></section>'
    ).format(lines, over_data)


def _rival(cell: StoredCell, run: StoredRun, is_chosen: bool) -> Markup:
    answer = cell.answer
    choice = run.spec.variants[cell.column].technique if cell.column < len(run.spec.variants) else None
    row = rows().get(choice.name if choice else SINGLE)
    said = answer.extracted if answer.extracted is not None else " ".join(answer.text.split())
    passed = all_passed(cell.scores)
    mark = Markup("") if passed is None else icon("check", "ok") if passed else icon("cross", "bad")
    paid = price(cell, run) if answer.is_traced else "×1.0" if answer.tokens else "–"
    return Markup(
        '<tr class="{}"><td>{} {}</td><td class="mono" translate="no" title="{}"><span class="one">{}</span></td><td>{}</td>'
        '<td class="num">{:,}</td><td class="num">{}</td><td class="num">{}</td><td class="num"><b>{}</b></td></tr>'
    ).format(
        "on" if is_chosen else "",
        cell.column + 1,
        row.title if row else choice.name if choice else "",
        said[:500],
        said[:80],
        mark,
        answer.calls,
        count(answer.tokens),
        seconds(answer.wall_s),
        paid,
    )


# --- when its calls ran -------------------------------------------------------------------------------------


def lanes(steps: Iterable[Step]) -> list[list[Step]]:
    """The calls that have ended, each in the first lane that is free when it begins."""
    found: list[list[Step]] = []
    calls = [step for step in steps if step.kind == "call" and step.completion is not None]
    for step in sorted(calls, key=lambda step: (step.start_s, step.number)):
        free = next((lane for lane in found if _end(lane[-1]) <= step.start_s + 1e-3), None)
        if free is None:
            found.append([step])
        else:
            free.append(step)
    return found


def _end(step: Step) -> float:
    return step.start_s + (step.completion.total_s if step.completion else 0.0)


def _kind(step: Step) -> str:
    """The label without its number: "value" of "value 3"."""
    return re.sub(r"[\s\d.]+$", "", step.label) or "call"


def _lanes(steps: Sequence[Step], key: CellKey) -> Markup:
    drawn = lanes(steps)
    if not drawn:
        return Markup(
            '<section class="part-of"><h3>When the calls ran</h3><p class="hint">None has ended.</p></section>'
        )
    kinds = list(dict.fromkeys(_kind(step) for lane in drawn for step in lane))
    whole = max(_end(step) for lane in drawn for step in lane) or 1.0
    step_s = next((step for step in STEPS_S if whole / step <= 6), whole)
    shown = drawn[:MOST_LANES]
    foot = LANE * len(shown) + 14

    def x_of(second: float) -> float:
        return LEFT + (WIDE - LEFT - 16) * second / whole

    bars = join(
        _bar(step, x_of, LANE * number + 1, min(kinds.index(_kind(step)), KINDS - 1), key)
        for number, lane in enumerate(shown)
        for step in lane
    )
    names = join(
        Markup(
            '<text x="0" y="{}">lane {}</text><line class="grid" x1="{}" x2="{}" y1="{y}" y2="{y}"/>'
        ).format(LANE * number + 10, number + 1, LEFT, WIDE, y=LANE * number + LANE - 3)
        for number in range(len(shown))
    )
    ticks = join(
        Markup('<text class="middle" x="{}" y="{}">{:g} s</text>').format(
            at(x_of(n * step_s)), foot, n * step_s
        )
        for n in range(math.floor(whole / step_s) + 1)
    )
    legend = join(
        Markup('<span class="kind"><i class="k{}"></i>{}</span>').format(min(number, KINDS - 1), kind)
        for number, kind in enumerate(kinds[:KINDS])
    )
    more = len(drawn) - len(shown)
    rest = Markup('<p class="hint">{} more.</p>').format(plural(more, "lane")) if more > 0 else Markup("")
    work = sum(step.completion.total_s for lane in drawn for step in lane if step.completion)
    told = f"{seconds(whole)} by the clock, {seconds(work)} of work, {plural(len(drawn), 'call')} at once at the most."
    return Markup(
        '<section class="part-of"><h3>When the calls ran <span class="legend">{}</span></h3>'
        '<svg class="plot lanes" role="img" viewBox="0 0 {} {}"><title>{t}</title>{}{}{}</svg>{}<p class="hint">{t}</p></section>'
    ).format(legend, WIDE, foot + 6, names, bars, ticks, rest, t=told)


def _bar(step: Step, x_of: Callable[[float], float], top: float, kind: int, key: CellKey) -> Markup:
    left, right = x_of(step.start_s), x_of(_end(step))
    done = step.completion.total_s if step.completion else 0.0
    return Markup(
        '<rect class="k{}{}" x="{}" y="{}" width="{}" height="{}" rx="2" data-act="step" data-column="{}" data-repeat="{}" data-number="{}">'
        "<title>{}: {} from {} on</title></rect>"
    ).format(
        kind,
        " answer" if step.state == "answer" else "",
        at(left),
        top,
        at(max(2.0, right - left - 1)),
        BAR,
        key.variant,
        key.repeat,
        step.number,
        step.label or "call",
        seconds(done),
        seconds(step.start_s),
    )


ACTIONS: dict[str, Action] = {"trace_price": trace_price}
