"""The bench of techniques for people and for programs: text, Markdown, CSV, JSON.

technique         right            cases  tokens  calls  against zero-shot         same tokens
Zero-shot         12 % (7 to 20)   80     96      1.0    –                         –
Chain of thought  17 % (11 to 27)  80     240     1.0    +5 (−3 to 13), p = 0.290  14 %
"""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict

from playground.bench.tables import NONE, Table, aligned, piped
from playground.bench.technique_report import Report, Tried
from playground.plurals import plural
from playground.stats import Paired
from playground.stats.sentences import p_words, points
from playground.tables.spreadsheet import inert

HEAD = ("technique", "right", "cases", "tokens", "calls", "against zero-shot", "same tokens")


def table(report: Report) -> Table:
    """A row for each technique; "same tokens" is what self-consistency reaches with as many."""
    against = {each.name: (pair, p) for each, pair, p in report.against()}
    return [list(HEAD), *(_row(report, each, *against.get(each.name, (None, None))) for each in report.tried)]


def to_text(report: Report) -> str:
    """The verdict first, then the table, the curve and what went wrong."""
    return _document(report, aligned(table(report)))


def to_markdown(report: Report) -> str:
    """The same for a document."""
    return _document(report, piped(table(report)))


def to_csv(report: Report) -> str:
    """A row for each technique and for each point of the curve, unrounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("technique", "samples", "accuracy", "low", "high", "cases", "tokens", "calls"))
    for each in report.tried:
        found = each.accuracy
        shares = tuple(found) if found else ("", "", "")
        numbers = (each.mean_tokens, each.mean_calls)
        writer.writerow((inert(each.name), "", *shares, each.ended, *map(_known, numbers)))
    for point in report.curve:
        writer.writerow(
            ("self-consistency", point.samples, point.accuracy, "", "", "", _known(point.tokens), "")
        )
    return out.getvalue()


def to_json(report: Report) -> str:
    """Everything, case by case, as one object."""
    against = {each.name: (pair, p) for each, pair, p in report.against()}
    rows = []
    for each in report.tried:
        pair, p = against.get(each.name, (None, None))
        rows.append(
            {
                "technique": each.name,
                "accuracy": each.accuracy._asdict() if each.accuracy else None,
                "right": [_known(value) for value in each.right],
                "tokens": [_known(value) for value in each.tokens],
                "calls": each.calls,
                "failures": dict(each.failures),
                "against_zero_shot": pair._asdict() | {"p_holm": p} if pair else None,
                "same_tokens": report.at_equal_tokens(each),
            }
        )
    whole = {
        "model": report.model,
        "run": report.run_id,
        "cases": report.cases,
        "verdict": report.sentence(),
        "techniques": rows,
        "curve": [asdict(point) for point in report.curve],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _document(report: Report, shown: str) -> str:
    of = plural(report.of, "case")
    of = f"{report.cases:,} of {of}" if report.cases < report.of else of
    lines = [
        report.sentence(),
        "",
        f"{report.model}, {of}, kept as run {report.run_id}",
        "",
        shown,
    ]
    if report.curve:
        steps = (f"{p.samples}: {_percent(p.accuracy)} at {p.tokens:,.0f} tokens" for p in report.curve)
        lines.append(f"Self-consistency by samples: {'; '.join(steps)}.\n")
    for each in report.tried:
        for reason, count in each.failures.most_common():
            lines.append(
                f"{each.title}: {count} {'case' if count == 1 else 'cases'} without an answer: {reason}\n"
            )
    return "\n".join(lines)


def _row(report: Report, each: Tried, pair: Paired | None, p: float | None) -> list[str]:
    found = each.accuracy
    same = report.at_equal_tokens(each)
    return [
        each.title,
        f"{_percent(found.value)} ({points(found.low)} to {points(found.high)})" if found else NONE,
        str(each.ended),
        _number(each.mean_tokens, ",.0f"),
        _number(each.mean_calls, ".1f"),
        _difference(pair, p),
        NONE if same is None else _percent(same),
    ]


def _difference(pair: Paired | None, p: float | None) -> str:
    if pair is None or p is None:
        return NONE
    return f"{points(pair.difference, signed=True)} ({points(pair.low)} to {points(pair.high)}), {p_words(p)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _number(value: float, how: str) -> str:
    return NONE if math.isnan(value) else format(value, how)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
