"""Readings of a comparison as HTML: state, badges, checks, measurements, vote. Every text is escaped.

`Markup("…{}…").format(text)` escapes what it inserts; nothing here joins strings by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from playground.answers.amounts import amount
from playground.answers.wording import checks_pass_words
from playground.backends.answers import HALF
from playground.backends.tokens import UNFIT
from playground.errors import PlaygroundError
from playground.runs.planning import checks_of
from playground.runs.samples import sample_number, samples_of
from playground.scorers import passed
from playground.store.records import StoredCell, StoredRun, StoredVote
from playground.types.generation import OLD_EXACT, Completion, Finish, mode_words
from playground.types.scores import Score
from playground.ui import traces
from playground.ui.html import (
    attributes,
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

REMARKS = {
    HALF: "The server sent half of a character (one of a surrogate pair), which no text can hold.",
    UNFIT: "The tokens that the server told, joined, are not the text of the answer.",
}
"""What is said of an answer among the settings that were not honoured."""


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


def badge(
    kind: str, text: str, explanation: str, column: int | None = None, more: int | None = None
) -> Markup:
    """A small fact in a column's head; it opens its explanation, and offers so many `more` max tokens for the column."""
    symbol = {
        "ignored": "ignored",
        "different": "different",
        "cut": "cut",
        "mode": "check",
        "none": "warn",
    }.get(kind, "")
    offer = attributes({"column": column, "more": more}) if more else ""
    return Markup(
        '<button class="badge {}" data-act="explain" title="{}" data-text="{}"{}>{}{}</button>'
    ).format(kind, explanation, explanation, offer, icon(symbol) if symbol else "", text)


ENOUGH = 512
"""Max tokens that most answers end within."""


def _more_tokens(cell: StoredCell) -> int | None:
    """The max tokens to try next: enough for most, else four times as many, as far as the model's window has room."""
    done, limit = cell.completion, cell.sampling.max_tokens
    wanted = max(ENOUGH, 4 * limit)
    if done and done.context_tokens and done.prompt_tokens is not None:
        wanted = min(wanted, done.context_tokens - done.prompt_tokens)
    return wanted if wanted > limit else None


def badges(cell: StoredCell, run: StoredRun) -> Markup:
    """What was cut, different or ignored, then the mode and the context used: in this order."""
    done = cell.completion
    if done is None:
        return Markup("")
    shown: list[Markup] = []
    if done.finish == "length":
        limit = cell.sampling.max_tokens
        at_limit = done.completion_tokens is None or done.completion_tokens >= limit
        why = f"max tokens is {limit:,}" if at_limit else "the context window is full"
        text = f"cut at {count(done.completion_tokens)} tokens"
        words = f"The answer was cut because {why}. The model had not ended it."
        more = _more_tokens(cell) if at_limit else None
        shown.append(badge("cut", text, words, column=cell.column, more=more))
    if cell.status == "done" and not done.text.strip():
        shown.append(badge("none", *_nothing(done)))
    shown += different(cell, run)
    for setting in done.ignored:
        shown.append(_said(setting))
    if run.spec.same_text:
        why = f"Every column was sent the text that {run.spec.same_text} makes of the prompt, unchanged."
        shown.append(badge("mode", "same text", why))
    mode = mode_words(done.mode, done.backend_version, done.prompt_tokens)
    if mode in OLD_EXACT:
        shown.append(badge("fact", mode, _OLD.format(OLD_EXACT[mode])))
    if done.context_tokens and done.prompt_tokens is not None:
        used = done.prompt_tokens + (done.completion_tokens or 0)
        text = f"context {used:,} of {done.context_tokens:,}"
        explanation = (
            f"Prompt and answer fill {used:,} of the {done.context_tokens:,} tokens this model can hold here."
        )
        shown.append(badge("fact", text, explanation))
    return join(shown)


_OLD = (
    "An older version computed this answer in other groups of rows. Run again answers in another mode: after a prompt "
    "of {} tokens and more the last bits may differ, and with them a greedy answer."
)


def _nothing(done: Completion) -> tuple[str, str]:
    """Why there is no answer although it ended: what the badge says, and its explanation."""
    if not done.reasoning.strip():
        return "empty answer", "The model ended its answer without a word."
    return (
        "no answer, only thoughts",
        "The model never closed its thoughts: all that it wrote is above, and checks see an empty answer. "
        "More max tokens, or thinking switched off, may give one.",
    )


FACTS = {
    "window unknown": "This server does not tell how many tokens its model can hold. A prompt that is too long may be cut without a word.",
    "answered as ": "The server names another model in its answer than this column asked for.",
    "not in the server's list": "The server does not list this model. Another one may have answered.",
    "answers take turns": "A trial found that company could change the last bits of this model's answers here, so each is "
    "computed alone. They are exact, and slower side by side.",
    "queue full": "The server was busy at first. The times count from the last try.",
}
"""What a backend says of an answer that is no setting it left out, by how it begins."""


def _said(note: str) -> Markup:
    """A setting that was not honoured, or a fact about the answer."""
    if note in REMARKS:
        return badge("ignored", note, REMARKS[note])
    for beginning, explanation in FACTS.items():
        if note.startswith(beginning):
            return badge("different", note, explanation)
    return badge("ignored", f"ignored: {note}", f"This backend does not honour {note}.")


def different(cell: StoredCell, run: StoredRun) -> list[Markup]:
    """A badge when the first column of the same prompt was sent another text than this one."""
    mine = cell.completion.rendered_prompt if cell.completion else None
    for other in run.cells:
        theirs = other.completion.rendered_prompt if other.completion else None
        if other.column >= cell.column:
            break
        if other.content_hash != cell.content_hash or mine is None or theirs is None or mine == theirs:
            continue
        assert cell.completion and other.completion
        extra = (cell.completion.prompt_tokens or 0) - (other.completion.prompt_tokens or 0)
        text = f"different text sent: {'+' if extra >= 0 else '−'}{abs(extra):,} tokens"
        why = f"Column {other.column + 1} has the same prompt, but its model received another text. What it saw shows both."
        return [badge("different", text, why)]
    return []


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


# --- vote bar -------------------------------------------------------------------------------------------


def vote_bar(run: StoredRun | None, columns: int) -> Markup:
    """The votes, open once two columns are done, else shut with the reason in words.

    A column with several samples is done when all have ended; the vote goes to the one on screen.
    """
    done, failed = _done_and_failed(run) if run else ([], [])
    open_ = len(done) >= 2
    vote = run.vote if run else None
    votes = [
        _vote(
            "column",
            Markup('<span><span class="word">Column </span>{}</span>{}').format(n + 1, _named(run, n)),
            str(n + 1),
            open_ and n in done,
            vote,
            n,
        )
        for n in range(columns)
    ]
    votes.append(_vote("tie", "Tie", "=", open_, vote))
    votes.append(_vote("all_bad", "All bad", "0", open_, vote))
    note = Markup(
        '<input class="field note" aria-label="Note on this comparison" placeholder="Note" data-act="note" value="{}">'
    ).format(run.note if run else "")
    best = vote.column if vote and vote.kind == "column" else (done[0] if len(done) == 1 == columns else None)
    export = Markup('<button class="btn" data-act="export" data-column="{}"{}>{}Export</button>').format(
        best if best is not None else (done[0] if done else 0),
        "" if done else Markup(' disabled title="Opens after a run"'),
        icon("download"),
    )
    why_save = "" if best is not None else "Opens after a vote"
    winner = Markup(
        '<button class="btn" data-act="save_winner" data-column="{}" title="{}"{}>{}Save winner</button>'
    ).format(
        best if best is not None else "",
        why_save,
        "" if best is not None else Markup(" disabled"),
        icon("pin"),
    )
    link = button("Link", "link", symbol="link", kind="quiet") if run else ""
    return Markup(
        '<div class="vote pp" role="group" aria-label="Vote"><b>Which is best?</b>{}'
        '<span class="hint reason grow">{}</span><span class="after">{}{}{}{}</span></div>'
    ).format(
        join(votes),
        _vote_reason(run, open_, done, failed, columns),
        note if run else "",
        link,
        export,
        winner,
    )


def _named(run: StoredRun | None, column: int) -> Markup:
    """The name of a column's own prompt in a run."""
    variants = run.spec.variants if run else ()
    source = variants[column].source if column < len(variants) else None
    return (
        Markup(' <span class="hint name" title="{}">{}</span>').format(source.words, source.words)
        if source
        else Markup("")
    )


def _done_and_failed(run: StoredRun) -> tuple[list[int], list[int]]:
    """The columns with an answer to vote for, and those that ended without one."""
    done: list[int] = []
    failed: list[int] = []
    for number, column in enumerate(run.spec.variants):
        statuses = [cell.status for cell in samples_of(run, number)]
        if len(statuses) < column.samples or "pending" in statuses or "running" in statuses:
            continue
        (done if "done" in statuses or "cancelled" in statuses else failed).append(number)
    return done, failed


def _vote(
    kind: str, label: Markup | str, key: str, enabled: bool, vote: Any, column: int | None = None
) -> Markup:
    chosen = vote is not None and vote.kind == kind and vote.column == column
    return Markup(
        '<button class="btn {}" data-act="vote" data-vote="{}"{} aria-pressed="{}"{}><kbd>{}</kbd>{}</button>'
    ).format(
        "on" if chosen else "",
        kind,
        attributes({"column": column}),
        str(chosen).lower(),
        "" if enabled else Markup(" disabled"),
        key,
        label,
    )


def _stored(run: StoredRun, vote: StoredVote) -> str:
    """That the vote is kept, with the sample it went to."""
    column = run.spec.variants[vote.column] if vote.column is not None else None
    if column is None or column.samples == 1 or vote.repeat is None or vote.column is None:
        return "Vote stored."
    return f"Vote stored: column {vote.column + 1}, sample {sample_number(column, vote.repeat)}."


def _vote_reason(
    run: StoredRun | None, open_: bool, done: Sequence[int], failed: Sequence[int], columns: int
) -> str:
    names = ", ".join(str(n + 1) for n in failed)
    sits_out = f" Columns {names} failed and sit out." if len(failed) > 1 else ""
    sits_out = f" Column {names} failed and sits out." if len(failed) == 1 else sits_out
    if open_:
        return (_stored(run, run.vote) if run and run.vote else "") + sits_out
    if columns < 2:
        return "One column: add another to vote."
    return "Opens when two columns are done." + sits_out
