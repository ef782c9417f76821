"""The bar below the columns: which answer is best, by keys, open once two are done; a note, and what was stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from playground.runs.samples import sample_number, samples_of
from playground.store.records import StoredRun, StoredVote
from playground.ui.html import (
    attributes,
    button,
    icon,
    join,
)


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
