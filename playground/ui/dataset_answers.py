"""The answers beside a row of a data set: what experiments said to it, and what a changed row makes of them.

data_answers(dataset, draft, row=47)   →  {"html": {"row-answers": …}}
data_score_anew(id="3f…")              →  stored answers judged by the newest version; no model is called
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from playground.errors import PromptError
from playground.ui.actions import Action, Ask
from playground.ui.dataset_sheet import sheet_of
from playground.ui.forest import shape
from playground.ui.html import button, icon, join, plural, stamp
from playground.ui.update import Update
from playground.workbench.row_answers import RowAnswer, RowRun, answers_to, score_anew
from playground.workbench.service import Workbench


async def data_answers(workbench: Workbench, ask: Ask) -> Update:
    """What experiments answered to the chosen row."""
    sheet = await sheet_of(workbench, ask)
    number = ask.integer("row")
    if number < 0:  # a row that is new has been asked by nobody
        return {"html": {"row-answers": ""}}
    try:
        shown = await workbench.sheets.row(sheet, number)
    except PromptError:
        return {"html": {"row-answers": ""}}
    version = sheet.version
    if sheet.edits.columns != version.columns:  # values stand under other names until they are saved
        runs = await answers_to(workbench, version, shown.was or shown.row)
    else:
        runs = await answers_to(workbench, version, shown.row)
    return {
        "html": {"row-answers": _answers(runs, is_draft=shown.was is not None and shown.was is not shown.row)}
    }


def _answers(runs: Sequence[RowRun], *, is_draft: bool) -> Markup:
    if not runs:
        return Markup("")
    return Markup("<h3>Answers to this row</h3>{}").format(join(_run(each, is_draft) for each in runs))


def _run(run: RowRun, is_draft: bool) -> Markup:
    after = "After Save" if is_draft else "Now"
    two = run.is_changed
    head = Markup('<th class="verdict">{}</th>').format(f"Version {run.number}" if two else "Checks")
    rows = join(_answer(run, each, two) for each in run.answers)
    return Markup(
        '<table class="table row-answers"><thead><tr><th><button class="btn quiet link one" translate="no" data-act="go_to_experiment" data-id="{}" title="{n}">{n}</button>'
        '<span class="hint">{}</span></th>{}{}</tr></thead><tbody>{}</tbody></table>{}'
    ).format(
        run.id,
        stamp(run.at),
        head,
        Markup('<th class="verdict">{}</th>').format(after) if two else "",
        rows,
        _anew(run, is_draft),
        n=run.name or "Untitled experiment",
    )


def _answer(run: RowRun, each: RowAnswer, two: bool) -> Markup:
    text = each.error or each.begins or ("No answer." if each.is_done else "Not asked yet.")
    theirs = Markup(' translate="no"') if text == each.begins else Markup("")  # else it is said by us
    return Markup(
        '<tr data-act="experiment_cell" data-id="{}" data-case="{}" data-variant="{}" tabindex="0" aria-label="Open the answer of {n}">'
        '<td><span class="variant">{}<b translate="no">{n}</b></span> <span class="one"{theirs} title="{t}">{t}</span></td>{}{}</tr>'
    ).format(
        run.id,
        run.case,
        each.variant,
        shape(each.variant),
        _mark(each, each.passed),
        _mark(each, each.now) if two else "",
        n=each.name,
        theirs=theirs,
        t=" ".join(text.split()),
    )


def _mark(each: RowAnswer, passed: bool | None) -> Markup:
    symbol, colour, word = (
        ("warn", "bad", "failed")
        if each.error
        else ("clock", "soft", "waits")
        if not each.is_done
        else ("dash", "soft", "no check")
        if passed is None
        else ("check", "ok", "pass")
        if passed
        else ("cross", "bad", "fail")
    )
    return Markup('<td class="verdict {}">{}{}</td>').format(colour, icon(symbol), word)


def _anew(run: RowRun, is_draft: bool) -> Markup:
    """What a change of the row means for the answers, and the way to count by it."""
    if run.is_other:
        return Markup('<p class="hint">{}</p>').format(
            "This experiment asked with other values than the row has now: its answers are judged by those."
        )
    done = sum(each.is_done for each in run.answers)
    if not run.is_changed or not done:
        return Markup("")
    answers = plural(done, "stored answer")
    keeps = f"The experiment keeps version {run.number}."
    if is_draft:
        return Markup('<div class="alert warn">{}<div><b>{}</b>{}</div></div>').format(
            icon("warn"),
            f"{answers} can be scored again after Save.",
            f"No model is called. {keeps}",
        )
    return Markup('<div class="alert warn">{}<div><b>{}</b>{}</div>{}</div>').format(
        icon("warn"),
        f"{answers} {'was' if done == 1 else 'were'} judged by what was expected in version {run.number}.",
        "Score anew judges all its answers by the newest version; no model is called, and it counts as another attempt.",
        button("Score anew", "data_score_anew", kind="small", id=run.id),
    )


async def data_score_anew(workbench: Workbench, ask: Ask) -> Update:
    """Judge the stored answers of an experiment by what the newest version of its data expects."""
    rows, answers = await score_anew(workbench, ask.text("id"))
    kept = await workbench.experiments.get(ask.text("id"))
    return {
        "toast": f"{plural(answers, 'answer')} scored anew, {plural(rows, 'row')} changed: {kept.row.sentence}",
        "sheet": {"scored": kept.id},
    }


ACTIONS: dict[str, Action] = {"data_answers": data_answers, "data_score_anew": data_score_anew}
