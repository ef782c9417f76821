"""A run as a row of History: what changed since the run before, its best answer, how its checks ended, the vote."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from playground.answers.wording import pass_all_words, pass_words
from playground.diff.changes import Change
from playground.store.records import ColumnSummary, RunSummary
from playground.ui.html import icon, join, marked, percent, plural, stamp

SHOWN_CHANGES = 3
THEIRS = "\N{WORD JOINER}"
"""Before a name of the user's in a description, where no markup can say that it is not translated."""

_MARKS = {
    "done": ("check", "ok"),
    "cancelled": ("stop", "soft"),
    "error": ("warn", "bad"),
    "interrupted": ("clock", "soft"),
    "running": ("dot", "accent"),
    "pending": ("ring", "soft"),
}


def row(run: RunSummary, search: str = "", *, is_picked: bool = False) -> Markup:
    """The `<tr>` of a run; words of the search are marked."""
    models = ", ".join(dict.fromkeys(model.partition(":")[2] or model for model in run.models))
    return Markup(
        '<tr class="run{}" data-act="open_run" data-id="{}" tabindex="0" aria-label="Open run {}"><td class="tools">{}</td>'
        '<td class="soft when">{}</td><td class="what"><b class="one" title="{}" translate="no">{}</b>{}{}{}</td>'
        '<td class="mono best"><span class="two-lines" title="{}">{}{}</span></td>'
        '<td class="mono names"><span class="one" title="{}">{}</span></td><td class="num marks">{}</td><td>{}</td>'
        '<td class="noted" translate="no"><span class="one soft" title="{}">{}</span></td></tr>'
    ).format(
        " pinned" if run.pinned else "",
        run.id,
        run.title,
        _tools(run, is_picked),
        stamp(run.created_at),
        run.title,
        marked(run.title, search),
        _size(run),
        changes_line(run.changes, search) + _prompts(run),
        _found(run, search),
        run.answer,
        Markup('<span class="hint">{}</span> ').format(run.best + 1)
        if run.best is not None and run.answer and len(run.columns) > 1
        else "",
        marked(run.answer, search),
        models,
        marked(models, search),
        _verdict(run),
        vote_words(run),
        run.note,
        marked(run.note, search),
    )


def changes_line(changes: Sequence[Change] | None, search: str = "") -> Markup:
    """What changed since the run before, on one line; the whole of it on hover."""
    if changes is None:
        return Markup('<span class="one hint">first run of this prompt</span>')
    if not changes:
        return Markup('<span class="one hint">as before</span>')
    whole = "; ".join(f"{THEIRS if change.is_named else ''}{change.words}" for change in changes)
    shown = join(_change(change, search) for change in changes[:SHOWN_CHANGES])
    more = len(changes) - SHOWN_CHANGES
    return Markup('<span class="one changes" title="{}">{}{}</span>').format(
        whole, shown, Markup('<span class="hint">and {} more</span>').format(more) if more > 0 else ""
    )


def _change(change: Change, search: str) -> Markup:
    before = (
        Markup('<del class="del">{}</del>').format(marked(change.before, search)) if change.before else ""
    )
    after = Markup('<ins class="add">{}</ins>').format(marked(change.after, search)) if change.after else ""
    theirs = Markup(' translate="no"') if change.is_named else ""
    return Markup('<span class="change"><span class="hint"{}>{}</span> {} {}</span> ').format(
        theirs, marked(change.where, search), before, after
    )


def _found(run: RunSummary, search: str) -> Markup:
    if run.found is None:
        return Markup("")
    return Markup('<span class="one hint found">in {}: <span class="mono">{}</span></span>').format(
        run.found.where, marked(run.found.text, search)
    )


def _tools(run: RunSummary, is_picked: bool) -> Markup:
    box = Markup(
        '<input type="checkbox" name="pick:{}" data-act="open_history" aria-label="Select the run {}" title="Select two to see them side by side"{}>'
    ).format(run.id, run.title, Markup(" checked") if is_picked else "")
    words = "Pinned: stays on top" if run.pinned else "Pin to the top"
    pin = Markup(
        '<button class="btn quiet icon pin{}" data-act="pin_run" data-pin="{}" aria-pressed="{}" aria-label="Pin {}" title="{}">{}</button>'
    ).format(" on" if run.pinned else "", run.id, str(run.pinned).lower(), run.title, words, icon("pin"))
    delete = Markup(
        '<button class="btn quiet icon ends" data-act="delete_runs" data-runs="{}" aria-label="Delete {}" title="Delete">{}</button>'
    ).format(run.id, run.title, icon("trash"))
    return box + pin + delete


def _size(run: RunSummary) -> Markup:
    """How many cells a run has that is more than a comparison; some may have no answer."""
    if run.kind == "comparison":
        return Markup("")
    return Markup('<span class="hint">{}</span>').format(plural(run.planned, "cell"))


def share(columns: Sequence[ColumnSummary]) -> tuple[int, int]:
    """How many of the checks of these columns pass, of those that apply; of samples, how many pass all of theirs."""
    pairs = [_judged(column) for column in columns]
    return sum(passing for passing, _ in pairs), sum(judged for _, judged in pairs)


def _judged(column: ColumnSummary) -> tuple[int, int]:
    return (column.passed, column.checks) if column.samples == 1 else column.share or (0, 0)


def _verdict(run: RunSummary) -> Markup:
    """The share of the run, with a tick when all pass; then a mark for each column."""
    passing, judged = share(run.columns)
    whole = Markup("")
    if len(run.columns) > 1 and judged:
        symbol, colour = _sign(passing, judged)
        whole = Markup('<span class="whole" title="{}"><span class="{}">{}</span> {}</span>').format(
            pass_words(passing, judged), colour, icon(symbol), percent(passing, judged)
        )
    return whole + join(_column(run.id, column) for column in run.columns)


def _sign(passing: int, judged: int) -> tuple[str, str]:
    if passing == judged:
        return "check", "ok"
    return ("half", "warn") if passing else ("cross", "bad")


def _column(run_id: str, column: ColumnSummary) -> Markup:
    symbol, colour = _MARKS[column.status]
    score = f" {column.passed}/{column.checks}" if column.checks else ""
    words: str = column.status
    passing, judged = _judged(column)
    if column.status == "done" and judged:  # what was answered, and what is good, are two things
        symbol, colour = _sign(passing, judged)
    if column.samples > 1:
        score = f" {passing} of {judged}" if judged else f" {column.samples} samples"
        words += f", {column.samples} samples" + (f", {pass_all_words(passing, judged)}" if judged else "")
    elif column.status == "done" and not judged:
        symbol, colour = "dot", "soft"  # no tick where nothing was judged
    mark = Markup('<span class="mark" title="column {}: {}"><span class="{}">{}</span>{}</span>').format(
        column.column + 1, words, colour, icon(symbol), score
    )
    return Markup(
        '<button class="bare" data-act="into_column" data-of_run="{}" data-from="{}" aria-haspopup="dialog" '
        'aria-label="Column {}: {}. Open its prompt in a column">{}</button>'
    ).format(run_id, column.column, column.column + 1, words, mark)


def _prompts(run: RunSummary) -> Markup:
    """The prompts of the columns that had one of their own."""
    named = [f"{column.column + 1} {column.prompt}" for column in run.columns if column.prompt]
    if not named:
        return Markup("")
    # A line of names has nothing to translate: what stands between them is the same in every language.
    return Markup(
        '<span class="one hint" title="Columns with a prompt of their own: {}" translate="no">{}</span>'
    ).format(", ".join(named), " · ".join(named))


def vote_words(run: RunSummary) -> str:
    """The vote, a dash for none."""
    if run.vote is None:
        return "–"
    return {"tie": "tie", "all_bad": "all bad"}.get(run.vote.kind, f"column {(run.vote.column or 0) + 1}")
