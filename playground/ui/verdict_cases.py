"""The cases of a verdict: those where the pair differs first, the worst regression on top; each opens beside its rivals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from playground.plurals import plural
from playground.scorers import passed
from playground.store.records import StoredCell
from playground.types.grid import CellKey
from playground.ui.html import button, icon, join
from playground.ui.verdict_look import MORE_CASES, MOST_CASES, Look
from playground.ui.verdict_rating import can_rate, rating_cell, unrated
from playground.verdicts import Comparison, Group, Verdict, differing
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.ui.verdict import Shown

SHOWN_CHARS = 160
MOST_TOLD = 3
"""Failed checks of one variant that are told where a case is opened."""
_SIDES = {
    "only b": "regressions",
    "only a": "improvements",
    "both": "both",
    "neither": "neither",
    "missing": "missing",
}


async def cases_zone(workbench: Workbench, shown: Shown) -> Markup:
    """The filters, and the cases that they leave, in groups."""
    pair = shown.pair
    assert pair is not None
    groups = differing(shown.found.table, shown.found.rule, pair.a, pair.b)
    picked = _picked(groups, shown)
    rows, left = [], shown.look.cases
    rates = can_rate(shown)
    width = 2 + len(shown.found.table.entries) + rates
    parts: list[tuple[Group, Sequence[int]]] = []
    for group in picked:
        part: Sequence[int] = group.cases[:left]
        if not part:
            break
        left -= len(part)
        parts.append((group, part))
    said = await _said(workbench, shown, [case for _, part in parts for case in part])
    for group, part in parts:
        rows.append(_group_head(group, width))
        for case in part:
            rows.append(await _case(workbench, shown, case, said))
    total = sum(len(group.cases) for group in picked)
    a, b = pair.a, pair.b
    others = [n for n in range(len(shown.found.table.entries)) if n not in _numbers(shown)]
    heads = Markup(
        '<th class="num nr">Case</th><th>{}</th><th class="ans">{}{}</th><th class="ans">{}</th>{}{}'
    ).format(
        "Input",
        b,
        ", baseline" if b == shown.found.baseline else "",
        a,
        join(Markup('<th class="mark">{}</th>').format(shown.found.table.entries[n].name) for n in others),
        Markup('<th class="rate">Your rating</th>') if rates else "",
    )
    body = (
        Markup(
            '<div class="scroll-x" tabindex="0" role="group" aria-label="Cases"><table class="table v-cases" style="min-width:{}px"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
        ).format(600 + 44 * len(others) + 160 * rates, heads, join(rows))
        if rows
        else Markup('<p class="empty">{}</p>').format(_nothing(shown, pair))
    )
    return Markup('<section class="v-list" aria-label="Cases">{}{}{}</section>').format(
        _filters(shown, groups), body, _more(shown, total)
    )


def _numbers(shown: Shown) -> tuple[int, int]:
    assert shown.pair is not None
    table = shown.found.table
    return table.number(shown.pair.a), table.number(shown.pair.b)


def _picked(groups: Sequence[Group], shown: Shown) -> list[Group]:
    show = shown.look.show
    if show == "all":
        return list(groups)
    if show == "differ":
        return [group for group in groups if group.side in ("only a", "only b")]
    if show == "unrated":
        open_ = set(unrated(shown)) if can_rate(shown) else set()
        left = [Group(g.side, g.title, tuple(n for n in g.cases if n in open_)) for g in groups]
        return [group for group in left if group.cases]
    if show == "failed":
        bad = (shown.found.table.status == "error").any(axis=(0, 2))
        found = [Group(g.side, g.title, tuple(n for n in g.cases if bad[n])) for g in groups]
        return [group for group in found if group.cases]
    return [group for group in groups if _SIDES[group.side] == show]


def _nothing(shown: Shown, pair: Comparison) -> str:
    if shown.look.show == "differ":
        many = plural(pair.cases, "case")
        end = (
            f"the same {many}"
            if pair.is_counted
            else f"the same on {'the' if pair.cases == 1 else 'all'} {many}"
        )
        return (
            f"{pair.b} and {pair.a} pass and fail {end}."
            if pair.is_counted
            else f"{pair.b} and {pair.a} score {end}."
        )
    if shown.look.show == "unrated":
        return "Every case where the two differ is rated."
    return "No case is of this kind."


def _filters(shown: Shown, groups: Sequence[Group]) -> Markup:
    pair, look = shown.pair, shown.look
    assert pair is not None
    counts = {_SIDES[group.side]: len(group.cases) for group in groups}
    failed = int((shown.found.table.status == "error").any(axis=(0, 2)).sum())
    worse, better = counts.get("regressions", 0), counts.get("improvements", 0)
    chips = [
        ("differ", f"{pair.b} and {pair.a} differ", worse + better),
        ("regressions", "regressions", worse),
        ("failed", "failed calls", failed),
        *([("unrated", "unrated", len(unrated(shown)))] if can_rate(shown) else []),
        *([("missing", "left out", counts["missing"])] if counts.get("missing") else []),
        ("all", "all", len(shown.found.table.cases)),
    ]
    drawn = join(
        Markup(
            '<button class="v-chip" data-act="verdict_look" data-id="{}" data-look="{}" aria-pressed="{}">{} <b{}>{:,}</b></button>'
        ).format(
            shown.id,
            look.to(show=show).text,
            str(look.show == show).lower(),
            words,
            Markup(' id="v-unrated"') if show == "unrated" else "",
            count,
        )
        for show, words, count in chips
    )
    rate = Markup("<kbd>1</kbd> <kbd>2</kbd> <kbd>=</kbd> <kbd>0</kbd> rate ") if can_rate(shown) else ""
    keys = Markup('<span class="hint v-keys">{}<kbd>J</kbd> <kbd>K</kbd> move</span>').format(rate)
    files = Markup(
        '<a class="btn quiet small" download href="files/experiment/{}/cases.csv{}">{}CSV</a>'
    ).format(shown.id, look.files(_numbers(shown)), icon("download"))
    return Markup('<div class="v-filters"><h3>Cases</h3>{}<span class="grow"></span>{}{}</div>').format(
        drawn, keys, files
    )


def _group_head(group: Group, width: int) -> Markup:
    words = {"only b": "regression", "only a": "improvement"}.get(group.side, "case")
    count = len(group.cases)
    return Markup(
        '<tr class="group"><th colspan="{}" scope="rowgroup"><b>{}</b> <span class="hint">{:,} {}{}</span></th></tr>'
    ).format(width, group.title, count, words, "" if count == 1 else "s")


class _Said(NamedTuple):
    """What the listed cases are about, and how the pair's answers begin."""

    values: dict[int, dict[str, Any]]
    begins: dict[tuple[int, int], str]
    """By variant and case."""


async def _said(workbench: Workbench, shown: Shown, cases: Sequence[int]) -> _Said:
    """All of it in a look or two: one for each case would take longer than the rest of the page."""
    places = {(variant, case): shown.place(variant, case) for variant in _numbers(shown) for case in cases}
    of_run: dict[str, list[CellKey]] = {}
    for experiment_id, key in places.values():
        of_run.setdefault(experiment_id, []).append(key)
    found = {run_id: await workbench.history.begins(run_id, keys) for run_id, keys in of_run.items()}
    begins = {
        place: " ".join(found[run_id].get(key, "")[:SHOWN_CHARS].split())
        for place, (run_id, key) in places.items()
    }
    return _Said(await workbench.history.values_of(shown.id, cases), begins)


async def _case(workbench: Workbench, shown: Shown, case: int, said: _Said) -> Markup:
    a, b = _numbers(shown)
    table = shown.found.table
    others = [n for n in range(len(table.entries)) if n not in (a, b)]
    is_at = shown.look.at == case
    row = Markup(
        '<tr class="case{}" id="v-case-{}" data-act="verdict_look" data-id="{}" data-look="{}" tabindex="0" aria-label="Case {}"{}><td class="num soft">{}</td><td class="mono"><span class="one">{}</span></td>{}{}{}</tr>'
    ).format(
        " at" if is_at else "",
        case + 1,
        shown.id,
        _with_at(shown.look, None if is_at else case).text,
        case + 1,
        Markup(' aria-current="true"') if is_at else "",
        case + 1,
        _first_text(said.values.get(case, {})),
        join(
            # The mark is our own word and is read in Chinese: it stands outside what a model wrote.
            Markup('<td><span class="one">{}<span class="mono">{}</span></span></td>').format(
                judged(shown.found, variant, case), said.begins[variant, case]
            )
            for variant in (b, a)
        ),
        join(Markup('<td class="mark">{}</td>').format(judged(shown.found, n, case)) for n in others),
        Markup('<td class="rate" id="v-rate-of-{}">{}</td>').format(case, rating_cell(shown, case))
        if can_rate(shown)
        else "",
    )
    return Markup("{}{}").format(row, await _detail(workbench, shown, case) if is_at else "")


def _with_at(look: Look, case: int | None) -> Look:
    return look.to(at=case)


async def _detail(workbench: Workbench, shown: Shown, case: int) -> Markup:
    """Why the two differ here, in the words of the checks, and where to go from it."""
    a, b = _numbers(shown)
    lines = []
    for variant in (b, a):
        told: list[Markup] = []
        for repeat in shown.repeats:
            experiment_id, key = shown.place(variant, case, repeat)
            told += _broken(await workbench.history.cell(experiment_id, key), shown, variant, repeat)
        lines += told[:MOST_TOLD]
    said = join(lines) or Markup('<span class="soft">No check fails in these two answers.</span>')
    at: dict[str, Any] = {"id": shown.id, "case": case, "look": shown.look.text}
    ways = join(
        (
            button("Open beside its rivals", "verdict_case", kind="quiet small link", **at),
            button("Into Compare", "verdict_to_compare", kind="quiet small link", **at),
        )
    )
    return Markup(
        '<tr class="detail at"><td></td><td colspan="{}"><div class="v-detail"><span class="told">{}</span><span class="to">{}</span></div></td></tr>'
    ).format(1 + len(shown.found.table.entries) + can_rate(shown), said, ways)


def _broken(cell: StoredCell, shown: Shown, variant: int, repeat: int) -> list[Markup]:
    """What does not hold of one answer; of several to a case it says which."""
    table = shown.found.table
    failed = Markup('<span><b class="bad">{} failed</b> {}</span>')
    fails = Markup('<span><b class="bad">{} fails</b> {}: {}</span>')
    whose: tuple[object, ...] = (table.entries[variant].name,)
    if table.repeats > 1:
        failed = Markup('<span><b class="bad">{}, answer {} failed</b> {}</span>')
        fails = Markup('<span><b class="bad">{}, answer {} fails</b> {}: {}</span>')
        whose = (*whose, repeat + 1)
    if cell.error:
        return [failed.format(*whose, cell.error)]
    broken = [score for score in cell.scores if passed(score) is False]
    return [fails.format(*whose, each.name, each.explanation) for each in broken]


def judged(found: Verdict, variant: int, case: int) -> Markup:
    """Whether a variant passes a case: tick, cross, a share of its repeats, or why there is nothing."""
    table, metric = found.table, found.rule.metric
    value = table.value(metric, variant, case)
    name = table.entries[variant].name
    if value != value:
        failed = bool((table.status[variant, case] == "error").any())
        words = f"{name} failed" if failed else f"{name} has no value"
        return Markup('<span title="{w}">{}<span class="sr">{w}</span></span> ').format(
            icon("warn", "bad") if failed else icon("dash", "soft"), w=words
        )
    if value in (0.0, 1.0):
        words = f"{name} {'passes' if value else 'fails'}"
        return Markup('<span title="{w}">{}<span class="sr">{w}</span></span> ').format(
            icon("check", "ok") if value else icon("cross", "bad"), w=words
        )
    return Markup('<span class="part" title="{}">{:.2f}</span> ').format(f"{name}: {value:.2f}", value)


def _first_text(values: dict[str, Any]) -> str:
    texts = [value for value in values.values() if isinstance(value, str) and value.strip()]
    text = max(texts, key=len, default="") or ", ".join(
        f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()
    )
    return " ".join(text[:SHOWN_CHARS].split())


def _more(shown: Shown, total: int) -> Markup:
    shows = shown.look.cases
    if total <= shows:
        return Markup("")
    words = f"{shows:,} of {plural(total, 'case')}"
    if shows >= MOST_CASES:
        return Markup('<p class="ways"><span class="hint">{}; the CSV has all</span></p>').format(words)
    look = shown.look.to(cases=min(shows + MORE_CASES, MOST_CASES))
    return Markup('<p class="ways">{}<span class="hint">{}</span></p>').format(
        button("Show more", "verdict_look", id=shown.id, look=look.text), words
    )
