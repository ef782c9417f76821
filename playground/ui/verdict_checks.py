"""The checks of an experiment that has answers: one is added, changed or taken away, and what is stored is scored again.

verdict_checks(id="3f…")                                →  the drawer: the checks that count by now
verdict_check(id="3f…", number="1")                     →  one of them with its fields; -1 is a further one
score_again(id="3f…", number="-1", scorer="length", …)  →  the page with the verdict by them; no model is asked
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from playground.errors import PromptError
from playground.plurals import plural
from playground.scorers import SCORERS, check_called, check_name
from playground.types.experiment import PASSES, SCORE
from playground.types.outcomes import StoredExperiment
from playground.types.prompt import Check
from playground.ui.actions import Action, Ask
from playground.ui.check_form import check_form, read_check
from playground.ui.experiment_watch import shown
from playground.ui.html import button, icon, join
from playground.ui.update import Update
from playground.workbench.service import Workbench

KINDS = tuple(name for name, row in SCORERS.items() if row.asks is None or name == "python")
"""Those that need no model: what one would say of answers was asked when they were given."""


async def verdict_checks(workbench: Workbench, ask: Ask) -> Update:
    """The drawer of the checks that the answers are scored by."""
    kept = await workbench.experiments.get(ask.text("id"))
    rows = join(_row(kept.id, number, check) for number, check in enumerate(kept.checks))
    body = Markup('<div class="exp-checks v-checks">{}</div><p class="hint">{}</p>').format(
        rows, _about(kept)
    )
    add = button("Add a check", "verdict_check", symbol="plus", kind="primary", id=kept.id, number=-1)
    return {"drawer": {"title": "Checks", "body": body, "foot": add, "narrow": True}}


def _about(kept: StoredExperiment) -> str:
    return (
        f"Stored: {plural(kept.row.done, 'answer')}. A change scores them again and asks no model. "
        f"The verdict follows, and it counts as another attempt: this is attempt {kept.row.attempt}."
    )


def _row(experiment_id: str, number: int, check: Check) -> Markup:
    scorer = SCORERS.get(check.scorer)
    name = check_name(check)
    change = (
        button("Change", "verdict_check", kind="quiet small link", id=experiment_id, number=number)
        if check.scorer in KINDS
        else Markup('<span class="hint">asked when it ran</span>')
    )
    return Markup(
        '<div class="exp-check">{}<b class="one" translate="no" title="{n}">{n}</b><span class="soft one">{}</span>{}</div>'
    ).format(icon("check", "soft"), scorer.label if scorer else check.scorer, change, n=name)


async def verdict_check(workbench: Workbench, ask: Ask) -> Update:
    """The drawer of one check with its fields."""
    kept, number = await workbench.experiments.get(ask.text("id")), ask.integer("number", -1)
    check = kept.checks[number] if 0 <= number < len(kept.checks) else None
    kind = ask.text("value") or ask.text("scorer")
    form = check_form(check, kind, number, action="verdict_check", kinds=KINDS, of=kept.id)
    body = Markup('{}<p class="hint">{}</p>').format(form, _about(kept))
    remove = (
        button("Remove", "score_without", symbol="trash", kind="quiet", id=kept.id, number=number)
        if check is not None and len(kept.checks) > 1
        else ""
    )
    words = f"Score {plural(kept.row.done, 'answer')} again"
    foot = Markup("{}{}{}").format(
        button(words, "score_again", kind="primary", id=kept.id, number=number),
        remove,
        button("Checks", "verdict_checks", kind="quiet", id=kept.id),
    )
    return {"drawer": {"title": "Check", "body": body, "foot": foot, "narrow": True}}


async def score_again(workbench: Workbench, ask: Ask) -> Update:
    """By the check of the drawer too, or by it in the place of the one that was opened."""
    kept, number = await workbench.experiments.get(ask.text("id")), ask.integer("number", -1)
    checks = list(kept.checks)
    if 0 <= number < len(checks):
        checks[number] = read_check(ask)
    else:
        checks.append(read_check(ask))
    return await _scored(workbench, ask, kept, checks)


async def score_without(workbench: Workbench, ask: Ask) -> Update:
    """By the others alone."""
    kept, number = await workbench.experiments.get(ask.text("id")), ask.integer("number", -1)
    checks = [check for at, check in enumerate(kept.checks) if at != number]
    return await _scored(workbench, ask, kept, checks)


async def _scored(workbench: Workbench, ask: Ask, kept: StoredExperiment, checks: Sequence[Check]) -> Update:
    if tuple(checks) == tuple(kept.checks):
        return {"drawer": None, "toast": "These checks count already"}
    metric = kept.experiment.rule.metric
    if metric not in (PASSES, SCORE) and check_called(checks, metric) is None:
        raise PromptError(
            "The rule decides by this check, and was fixed before the run.",
            "Add another beside it, or set up another experiment.",
        )
    answers = await workbench.experiments.rescore(kept.id, checks)
    attempt = (await workbench.experiments.get(kept.id)).row.attempt
    told = f"{plural(answers, 'answer')} scored again, attempt {attempt}"
    return {**await shown(workbench, kept.id, ask), "drawer": None, "toast": told}


ACTIONS: dict[str, Action] = {
    "verdict_checks": verdict_checks,
    "verdict_check": verdict_check,
    "score_again": score_again,
    "score_without": score_without,
}
