"""The cases of a bench where a technique and its rival differ: one is right and the other is not.

bench_differing(name="chain-of-thought")  →  the drawer, with the answer of each
"""

from __future__ import annotations

from markupsafe import Markup

from playground.bench.kept_techniques import last_bench
from playground.bench.technique_report import Equal, Report
from playground.bench.technique_words import asked
from playground.bench.techniques import ANSWERS, QUESTIONS, ZERO_SHOT
from playground.errors import NotFoundError
from playground.store.records import StoredCell
from playground.types.grid import CellKey
from playground.ui.actions import Ask
from playground.ui.html import icon, join, plural
from playground.ui.update import Update
from playground.workbench.service import Workbench

MOST = 100
"""Cases in the drawer."""


async def bench_differing(workbench: Workbench, ask: Ask) -> Update:
    """The cases where a technique and zero-shot with the same tokens differ, what it lost first."""
    last, name = last_bench(workbench.settings), ask.text("name")
    each = next((row for row in last.report.equals() if row.tried.name == name), None) if last else None
    if last is None or each is None:
        raise NotFoundError("This technique was not measured.", "Measure it: Experiments, Techniques.")
    cases = differing(last.report, each)
    body = Markup('<p class="hint">{}</p>{}').format(
        _sentence(each, len(cases)), await _listed(workbench, last.report, each, cases[:MOST])
    )
    return {"drawer": {"title": f"{each.tried.title} beside {asked(each)}", "body": body}}


def differing(report: Report, each: Equal) -> list[tuple[int, bool]]:
    """Case, and whether the technique is the one that is right; the losses first."""
    rival = report.votes[each.times - 1] if each.times > 1 else report.tried[0].right
    found = [
        (case, mine > theirs)
        for case, (mine, theirs) in enumerate(zip(each.tried.right, rival, strict=True))
        if {mine, theirs} == {0.0, 1.0}
    ]
    return sorted(found, key=lambda case: case[1])


def _sentence(each: Equal, count: int) -> str:
    both = sum(right == right for right in each.tried.right)  # NaN where it has not ended
    if not count:
        return f"{each.tried.title} and {asked(each)} are right and wrong in the same {plural(both, 'case')}."
    return f"{plural(count, 'case')} of {both:,} where one of them is right and the other is not."


async def _listed(workbench: Workbench, report: Report, each: Equal, cases: list[tuple[int, bool]]) -> Markup:
    place = next(number for number, tried in enumerate(report.tried) if tried is each.tried)
    rows = []
    try:
        for case, wins in cases:
            values = (await workbench.history.case_values(report.run_id, case, 1))[0]
            mine = await workbench.history.cell(report.run_id, CellKey(case, place, 0))
            plain = await workbench.history.cell(report.run_id, CellKey(case, 0, 0))
            rows.append(_row(case, wins, values, mine, plain))
    except NotFoundError:
        return Markup('<p class="hint">Its answers are not kept any more.</p>')
    if not rows:
        return Markup("")
    head = Markup(
        '<thead><tr><th class="num">Case</th><th>Question</th><th>Expected</th><th>{}</th><th>{}</th></tr></thead>'
    ).format(each.tried.title, ZERO_SHOT.capitalize())
    return Markup(
        '<div class="scroll-x" tabindex="0" role="group" aria-label="Cases that differ"><table class="table tb-cases">{}<tbody>{}</tbody></table></div>'
    ).format(head, join(rows))


def _row(case: int, wins: bool, values: dict[str, object], mine: StoredCell, plain: StoredCell) -> Markup:
    question = next((str(values[name]) for name in QUESTIONS if values.get(name)), "")
    expected = next((str(values[name]) for name in ANSWERS if values.get(name)), "")
    symbol = icon("check", "ok") if wins else icon("cross", "bad")
    return Markup(
        '<tr><td class="num">{}</td><td translate="no">{}</td><td class="mono" translate="no">{}</td>'
        '<td>{} <span class="mono" translate="no">{}</span></td><td class="mono" translate="no">{}</td></tr>'
    ).format(case + 1, question, expected, symbol, _said(mine), _said(plain))


def _said(cell: StoredCell) -> str:
    """What was looked for in the answer, else the end of it: there the answer stands."""
    text = cell.answer.extracted or " ".join(cell.answer.text.split())
    return text if len(text) <= 80 else f"…{text[-79:]}"
