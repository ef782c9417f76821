"""Readings of a comparison as HTML: state, checks, measurements, what can be done. Every text is escaped.

`Markup("…{}…").format(text)` escapes what it inserts; nothing here joins strings by hand.
"""

from __future__ import annotations

from markupsafe import Markup

from playground.answers.amounts import amount
from playground.answers.wording import checks_pass_words
from playground.errors import PlaygroundError
from playground.runs.planning import checks_of
from playground.scorers import passed
from playground.store.records import StoredCell, StoredRun
from playground.types.generation import Completion, Finish
from playground.types.scores import Score
from playground.ui import traces
from playground.ui.badges import badges
from playground.ui.html import (
    button,
    count,
    icon,
    join,
    plural,
    seconds,
)
from playground.ui.update import ColumnPart, ColumnState

ENDED: dict[Finish, str] = {
    "stop": "end of text",
    "length": "max tokens",
    "refusal": "refusal",
    "tool_calls": "tool call",
    "cancelled": "stopped",
    "error": "error",
    "aborted": "error",
}


def tokens_per_second(completion: Completion) -> float | None:
    """Decoding speed after the first token, in tokens per second.

    None when the backend reported no count or the answer is one token: a made-up rate would look measured.
    """
    tokens, first = completion.completion_tokens, completion.first_token_s
    if tokens is None or tokens < 2 or first is None or completion.total_s <= first:
        return None
    return (tokens - 1) / (completion.total_s - first)


# --- one column -----------------------------------------------------------------------------------------


def column_update(cell: StoredCell, run: StoredRun) -> ColumnPart:
    """Everything the page shows of an ended cell, as the page's script takes it."""
    return {
        "stamp": f"{run.id}/{cell.repeat}/{cell.status}",
        "state": state(cell),
        "badges": badges(cell, run),
        "problem": problem(cell),
        "reasoning": reasoning(cell),
        "foot": foot(cell, run),
        "waits": "",
        "trace": traces.trace(cell.answer.steps, cell.key, cell.answer) if cell.answer.is_traced else "",
    }


def state(cell: StoredCell) -> ColumnState:
    """Kind, icon and words of a column's state, and the sentence a screen reader hears."""
    took = seconds(cell.completion.total_s) if cell.completion else "0 s"
    symbol, text = {
        "pending": ("ring", "waits"),
        "running": ("dot", "writing"),
        "done": ("check", f"done in {took}"),
        "cancelled": ("stop", f"stopped at {took}"),
        "error": ("warn", f"failed at {took}"),
        "interrupted": ("clock", "interrupted"),
    }[cell.status]
    if cell.status == "error" and cell.completion:  # the model's own doing, not a failure of anything
        words = {"refusal": f"refused at {took}", "tool_calls": f"called a tool at {took}"}
        text = words.get(cell.completion.finish, text)
    return {"kind": cell.status, "icon": symbol, "text": text, "say": f"Column {cell.column + 1} {text}."}


def problem(cell: StoredCell) -> Markup:
    """The reason of a failure, below the text that had arrived."""
    if not cell.error:
        return Markup("")
    again = button("Run again", "rerun", symbol="redo", kind="small", column=cell.column)
    return Markup(
        '<div class="alert" role="alert">{}<div><b>{}</b>{}<div style="margin-top:8px">{}</div></div></div>'
    ).format(icon("warn"), cell.error, cell.hint, again)


def unsaved(exc: PlaygroundError) -> Markup:
    """That an answer which is shown was not stored, and why."""
    return Markup(
        '<div class="alert" role="alert">{}<div><b>This answer is not kept.</b>{} {}</div></div>'
    ).format(icon("warn"), exc.message, exc.hint)


def reasoning(cell: StoredCell) -> Markup:
    """What the model thought before it answered, apart from the answer; checks never look at it."""
    return thoughts(cell.completion.reasoning if cell.completion else "")


def thoughts(text: str, *, live: bool = False) -> Markup:
    """Thoughts, folded; open while they are being written."""
    if not text.strip():
        return Markup("")
    return Markup(
        '<details class="reasoning"{}><summary>Thinking, {}</summary><pre>{}</pre></details>'
    ).format(Markup(" data-live open") if live else "", amount(text), text.strip())


def foot(cell: StoredCell, run: StoredRun) -> Markup:
    """Checks, five readings, and what can be done with the answer."""
    read = traces.readings(cell, run) if cell.answer.is_traced else readings(cell.completion, cell.status)
    return join((checks(cell), read, acts(cell)))


def waiting_foot() -> Markup:
    """The foot before an answer has ended: every place is there, so that nothing jumps; the script counts checks."""
    line = Markup(
        '<div class="checks"><div class="row hint">{}<span class="what checks-wait"></span></div></div>'
    )
    return join((line.format(icon("ring")), readings(None), Markup('<div class="acts"></div>')))


def checks(cell: StoredCell) -> Markup:
    """Always two lines: the first failure with its number, then how many pass; all of them on demand."""
    total = len(checks_of(cell.prompt))
    scores = cell.scores
    if not total:
        lines = Markup(
            '<div class="row hint">{}<span class="what">No checks yet. Add them in the editor.</span></div>'
        ).format(icon("ring"))
        return Markup('<div class="checks">{}</div>').format(lines)
    applied = [score for score in scores if score.value is not None]
    if not applied:
        word = "does not apply" if total == 1 else "do not apply"
        why = scores[0].explanation if scores else "the answer is incomplete"
        text = f"{plural(total, 'check')} {word}: {why.removeprefix('does not apply: ')}"
        row = Markup('<div class="row hint">{}<span class="what" title="{}">{}</span></div>').format(
            icon("dash"), text, text
        )
        return Markup('<div class="checks">{}</div>').format(row)
    worst = next((score for score in applied if not passed(score)), None)
    passing = sum(1 for score in applied if passed(score))
    first = check_row(worst) if worst else Markup("")
    more = Markup(
        '<button class="bare soft" data-act="show_checks" data-column="{}">show all</button>'
    ).format(cell.column)
    tick = icon("check", "ok") if passing == len(applied) else icon("half", "soft")
    second = Markup('<div class="row">{}<span class="what">{}</span>{}</div>').format(
        tick, checks_pass_words(passing, len(applied)), more
    )
    every = join(check_row(score) for score in scores)
    return Markup(
        '<div class="checks">{}{}<div class="all-checks" role="group" aria-label="All checks" tabindex="0" hidden>{}</div></div>'
    ).format(first, second, every)


def check_row(score: Score) -> Markup:
    """One check: mark, name, and why."""
    if score.value is None:
        mark, colour = icon("dash", "soft"), "soft"
    elif passed(score):
        mark, colour = icon("check", "ok"), "soft"
    elif score.value > 0:
        mark, colour = icon("half", "warn"), "warn"
    else:
        mark, colour = icon("cross", "bad"), "bad"
    return Markup(
        '<div class="row" title="{}">{}<span class="what">{}</span><span class="why {}">{}</span></div>'
    ).format(score.explanation, mark, score.name, colour, score.explanation)


def readings(done: Completion | None, status: str = "") -> Markup:
    """Five readings in fixed places; unknown is a dash."""
    speed = tokens_per_second(done) if done else None
    rows = (
        ("tokens in", count(done.prompt_tokens) if done else "–"),
        ("tokens out", count(done.completion_tokens) if done else "–"),
        ("first token", seconds(done.first_token_s) if done else "–"),
        ("tokens/s", f"{speed:.1f}" if speed else "–"),
        ("ended by", (status if status == "interrupted" else ENDED[done.finish]) if done else "–"),
    )
    cells = join(Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(label, value) for label, value in rows)
    return Markup('<dl class="readings">{}</dl>').format(cells)


PROBABILITIES = (("Probabilities", "probabilities", "", "How sure the model was of each token"),)


def acts(cell: StoredCell) -> Markup:
    """Copy, Markdown, Diff, What it saw, Run again, thumbs."""
    column = cell.column
    rows = (
        ("Copy", "copy", "copy", "Copy the answer"),
        ("Markdown", "markdown", "", "Show the answer as Markdown"),
        ("Diff", "diff", "diff", "Compare with another answer, word by word"),
        ("What it saw", "saw", "eye", "The exact text this model received"),
        *PROBABILITIES[: bool(cell.completion and cell.completion.logprobs)],
        ("Run again", "rerun", "redo", "Repeat this column exactly as it was sent"),
    )
    left = join(
        Markup('<button class="btn quiet" data-act="{}" data-column="{}" title="{}">{}{}</button>').format(
            act, column, title, icon(symbol, "soft-icon") if symbol else "", label
        )
        for label, act, symbol, title in rows
    )
    thumbs = join(
        Markup(
            '<button class="btn quiet icon {}" data-act="thumb" data-column="{}" data-value="{}" aria-pressed="{}" '
            'aria-label="{}" title="{}">{}</button>'
        ).format(
            "on" if cell.thumb == value else "",
            column,
            value,
            str(cell.thumb == value).lower(),
            label,
            label,
            icon(symbol),
        )
        for value, label, symbol in ((1, "Good answer", "up"), (-1, "Bad answer", "down"))
    )
    return Markup('<div class="acts">{}<span class="thumbs">{}</span></div>').format(left, thumbs)
