"""A few rows before the whole experiment: an ordinary run, no attempt, so that a slip shows before it costs 640 calls.

try_rows()          →  a drawer whose rows fill as the answers come
try_now(id="3f…")   →  {"html": {"try-rows": …}}
"""

from __future__ import annotations

from markupsafe import Markup

from playground.store.records import CellRow
from playground.types.grid import CellKey
from playground.ui.actions import Action, Ask
from playground.ui.experiment_actions import at_hand
from playground.ui.forest import named
from playground.ui.html import button, icon, join, plural, seconds
from playground.ui.update import Update
from playground.workbench.service import Workbench

ROWS = 3
SHOWN_CHARS = 160
LOOK_MS = 900


async def try_rows(workbench: Workbench, ask: Ask) -> Update:
    """Ask every variant for a few rows; nothing of it counts as an attempt, and the held-out half stays closed."""
    run_id, half = await workbench.experiments.try_rows(at_hand(ask), ROWS)
    where = {"train": " of the train half", "held-out": " of the held-out half: there is no other"}.get(
        half, ""
    )
    body = Markup('<p class="hint">{}</p><div id="try-rows">{}</div>').format(
        f"{plural(ROWS, 'row')}{where}. This is a run like any other: it is in History, counts as no attempt, and "
        "its speed goes into the estimate.",
        await _rows(workbench, run_id),
    )
    return {"drawer": {"title": f"{plural(ROWS, 'row')} first", "body": body}}


async def try_now(workbench: Workbench, ask: Ask) -> Update:
    """How they stand by now."""
    return {"html": {"try-rows": await _rows(workbench, ask.text("id"))}}


async def _rows(workbench: Workbench, run_id: str) -> Markup:
    run = await workbench.history.run(run_id)
    names = [variant.name for variant in run.spec.variants]
    cells = (await workbench.history.cells(run_id, limit=ROWS * len(names))).rows
    cases = sorted({cell.key.case for cell in cells})
    of = {cell.key: cell for cell in cells}
    values = await workbench.history.case_values(run_id, 0, ROWS)
    groups = join(
        Markup(
            '<h3 class="mono one" translate="no">{}</h3><table class="table try-rows"><tbody>{}</tbody></table>'
        ).format(
            _first(values[case]) if case < len(values) else f"Row {case + 1}",
            join(_cell(of.get(CellKey(case, n, 0)), n, name) for n, name in enumerate(names)),
        )
        for case in cases
    )
    waits = any(cell.status in ("pending", "running") for cell in cells)
    poll = Markup('<span data-poll="try_now" data-id="{}" data-every="{}"></span>').format(run_id, LOOK_MS)
    foot = Markup("") if waits else Markup("<p>{}</p>").format(_summary(cells))
    return Markup("{}{}{}").format(groups, foot, poll if waits else "")


def _first(values: dict[str, object]) -> str:
    texts = [str(value) for value in values.values() if isinstance(value, str) and value.strip()]
    return " ".join(max(texts, key=len, default="").split())[:SHOWN_CHARS]


def _cell(cell: CellRow | None, number: int, name: str) -> Markup:
    if cell is None or cell.status in ("pending", "running"):
        said, verdict, took = Markup('<span class="soft">waits</span>'), Markup(""), ""
    elif cell.error:
        said = Markup('<span class="bad">{} {}</span> <span class="hint">{}</span>').format(
            icon("warn"), cell.error, cell.hint
        )
        verdict, took = Markup(""), ""
    else:
        text = " ".join((cell.extracted or cell.begins)[:SHOWN_CHARS].split())
        said = Markup('<span class="mono one" translate="no" title="{t}">{t}</span>').format(t=text)
        took = seconds(cell.total_s)
        symbol, colour = (
            ("dash", "soft")
            if not cell.checks
            else ("check", "ok")
            if cell.passed == cell.checks
            else ("cross", "bad")
        )
        verdict = Markup('<span class="{}">{}{} of {}</span>').format(
            colour, icon(symbol), cell.passed, cell.checks
        )
    return Markup(
        '<tr><td class="v-name">{}</td><td>{}</td><td class="num">{}</td><td class="num soft">{}</td></tr>'
    ).format(named(number, name=name), said, verdict, took)


def _summary(cells: tuple[CellRow, ...]) -> Markup:
    failed = sum(cell.status == "error" for cell in cells)
    unjudged = sum(cell.status == "done" and not cell.checks for cell in cells)
    notes = []
    if failed:
        notes.append(f"{plural(failed, 'call')} failed.")
    if unjudged:
        notes.append(f"{plural(unjudged, 'answer')} had no check that applies.")
    notes.append("Close this to go on setting it up, or start it.")
    start = button("Close", "close", kind="")
    return Markup("{} {}").format(" ".join(notes), start)


ACTIONS: dict[str, Action] = {"try_rows": try_rows, "try_now": try_now}
