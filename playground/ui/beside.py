"""Two runs beside each other, in the drawer: what they were made with, and their answers word by word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from markupsafe import Markup

from playground.diff import describe, diff_words
from playground.diff.changes import Change, run_changes
from playground.errors import PromptError
from playground.runs.samples import samples_of
from playground.store.records import StoredRun
from playground.ui.actions import Ask
from playground.ui.html import button, join, pieces, stamp
from playground.ui.update import Update
from playground.workbench.service import Workbench

SHOWN_CHARS = 200_000
"""Longer answers are compared as far as this."""


def picked_runs(ask: Ask) -> list[str]:
    """The runs that are selected; none when the selection was just cleared."""
    names = [name for name, on in ask.fields.items() if name.startswith("pick:") and on]
    return [] if ask.text("clear") else [name.removeprefix("pick:") for name in names]


async def beside(workbench: Workbench, ask: Ask) -> Update:
    """The two selected runs, the older one first."""
    picked = picked_runs(ask)
    if len(picked) != 2:
        raise PromptError(f"{len(picked)} runs are selected.", "Select two of them.")
    runs = [await workbench.runs.get(run_id) for run_id in picked]
    before, after = sorted(runs, key=lambda run: (run.created_at, run.id))
    setups = await workbench.history.setups([before.id, after.id])
    changes = run_changes(setups[before.id], setups[after.id])
    columns = max(len(before.spec.variants), len(after.spec.variants))
    answers = await asyncio.to_thread(_answers, before, after, columns)
    body = join((_heads(before, after), _changes(changes), answers))
    return {"drawer": {"title": "Two runs side by side", "body": body}}


def _heads(before: StoredRun, after: StoredRun) -> Markup:
    sides = join(
        Markup('<div><h3>{}</h3><p class="hint">{} · {}</p>{}</div>').format(
            run.title, word, stamp(run.created_at), button("Open", "open_run", kind="small", id=run.id)
        )
        for run, word in ((before, "earlier"), (after, "later"))
    )
    return Markup('<div class="two">{}</div>').format(sides)


def _changes(changes: Sequence[Change]) -> Markup:
    if not changes:
        return Markup('<p class="soft">Both were made with the same prompt, values and settings.</p>')
    rows = join(
        Markup(
            '<tr><td>{}</td><td translate="no"><span class="del">{}</span></td><td translate="no"><span class="add">{}</span></td></tr>'
        ).format(change.where, change.before, change.after)
        for change in changes
    )
    return Markup(
        '<h3>What changed</h3><table class="table"><tr><th>What</th><th>Earlier</th><th>Later</th></tr>{}</table>'
    ).format(rows)


def _answers(before: StoredRun, after: StoredRun, columns: int) -> Markup:
    return join(_column(before, after, number) for number in range(columns))


def _column(before: StoredRun, after: StoredRun, number: int) -> Markup:
    """The answers of one column; of several samples the first."""
    (old, was), (new, now) = (_answer(run, number) for run in (before, after))
    parts = diff_words(old[:SHOWN_CHARS], new[:SHOWN_CHARS])
    sentence = "The two answers are equal." if old == new else f"The later answer {describe(parts)}."
    sides = (
        Markup('<div><p class="hint">{}</p><pre class="words" tabindex="0">{}</pre></div>').format(
            label, pieces(parts, side=side)
        )
        for label, side in ((was, "before"), (now, "after"))
    )
    return Markup('<h3>Column {}</h3><p class="soft">{}</p><div class="two">{}</div>').format(
        number + 1, sentence, join(sides)
    )


def _answer(run: StoredRun, number: int) -> tuple[str, str]:
    """The text of a column's answer, and whose it is."""
    if number >= len(run.spec.variants):
        return "", "no such column"
    cells = samples_of(run, number)
    text = cells[0].completion.text if cells and cells[0].completion else ""
    column = run.spec.variants[number]
    model = column.model.partition(":")[2] or column.model
    return text, model + (f", the first of {column.samples} samples" if column.samples > 1 else "")
