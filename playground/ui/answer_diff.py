"""The word diff of two answers of a run, in the drawer: of two columns, of two samples, of an answer and the one before."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from markupsafe import Markup

from playground.diff import describe, diff_words
from playground.errors import NotFoundError
from playground.runs.samples import cells_of, has_samples, sample_number, samples_of
from playground.store.records import StoredCell, StoredRun
from playground.ui.actions import Action, Ask
from playground.ui.html import join, options, pieces
from playground.ui.noise import floors
from playground.ui.samples import cell_name
from playground.ui.update import Update
from playground.workbench.runs import find_cell
from playground.workbench.service import Workbench


class Side(NamedTuple):
    """An answer to compare: how it is called, its text, and the model that wrote it."""

    label: str
    text: str
    model: str


async def diff(workbench: Workbench, ask: Ask) -> Update:
    """A word diff of an answer against another one: `value` is the side that was chosen anew, `side` which one that is.

    Without samples the column that was asked stays; with them both sides can be chosen.
    """
    run = await workbench.runs.get(ask.run_id())
    cell = find_cell(run, ask.integer("column"), ask.repeat())
    sides = _sides(run)
    mine = cell_name(run, cell)
    rivals = {key: side for key, side in sides.items() if key != mine}
    if (before := await _before(workbench, run, cell, ask.previous)) is not None:
        rivals["previous"] = before
    if mine not in sides or not rivals:
        raise NotFoundError(
            "There is no other answer to compare with.", "Run a second column, or this one again."
        )
    chosen = ask.text("value") if ask.text("side") != "after" else ask.text("against")
    chosen = chosen if chosen in rivals else next(iter(_near_first(rivals, cell)))
    if has_samples(run):
        choice = _two_choices(run, sides, rivals, cell, chosen)
    else:
        names = [(key, side.label) for key, side in rivals.items()]
        choice = Markup(
            '<p>Column {} against <select class="field" style="width:auto" aria-label="Compare with" data-act="diff" data-column="{}">{}</select></p>'
        ).format(cell.column + 1, cell.column, options(names, chosen))
    after, rival = sides[mine], rivals[chosen]
    parts = await asyncio.to_thread(diff_words, rival.text, after.text)
    name = after.label[0].upper() + after.label[1:]
    sentence = "The two answers are equal." if rival.text == after.text else f"{name} {describe(parts)}."
    words = Markup('<div class="words">{}</div>').format(pieces(parts))
    legend = Markup(
        '<span class="add">added</span><span class="del">removed</span><span class="hint">compared word by word, against {}</span>'
    ).format(rival.label)
    floor = await asyncio.to_thread(floors, workbench.settings, (cell.model, rival.model))
    body = join((choice, Markup("<h3>{}</h3>").format(sentence), floor, words))
    return {"drawer": {"title": "Difference", "body": body, "foot": legend}}


async def diff_side(workbench: Workbench, ask: Ask) -> Update:
    """The same after the other side, the answer itself, was chosen anew: `value` is its column and repeat."""
    column, _, repeat = ask.text("value").partition("/")
    return await diff(
        workbench,
        Ask(
            action="diff",
            run=ask.run,
            previous=ask.previous,
            side="after",
            against=ask.text("against"),
            column=column,
            repeat=repeat,
        ),
    )


def _sides(run: StoredRun) -> dict[str, Side]:
    """The answers that are shown, by column and repeat."""
    sides = {}
    for number, column in enumerate(run.spec.variants):
        for cell in samples_of(run, number):
            if cell.completion:
                sample = sample_number(column, cell.repeat)
                name = f"column {number + 1}" + (f", sample {sample}" if column.samples > 1 else "")
                sides[cell_name(run, cell)] = Side(name, cell.completion.text, cell.model)
    return sides


def _near_first(rivals: dict[str, Side], cell: StoredCell) -> list[str]:
    """The other samples of its own column first: those after it, then those before."""
    own = [key for key in rivals if key.startswith(f"{cell.column}/")]
    after = [key for key in own if int(key.partition("/")[2]) > cell.repeat]
    return [*after, *(key for key in own if key not in after), *(key for key in rivals if key not in own)]


async def _before(
    workbench: Workbench, run: StoredRun, cell: StoredCell, previous: str | None
) -> Side | None:
    """What the same sample of the same column answered before: in this run, else in the last one."""
    samples = run.spec.variants[cell.column].samples
    earlier = [c for c in cells_of(run, cell.column) if c.repeat <= cell.repeat - samples]
    same = [c for c in earlier if (cell.repeat - c.repeat) % samples == 0 and c.completion]
    if same and same[-1].completion:
        return Side("its answer before Run again", same[-1].completion.text, same[-1].model)
    if not previous or previous == run.id or samples > 1:
        return None
    try:
        last = find_cell(await workbench.runs.get(previous), cell.column)
    except NotFoundError:
        return None
    return Side("its answer in the last run", last.completion.text, last.model) if last.completion else None


def _two_choices(
    run: StoredRun, sides: dict[str, Side], rivals: dict[str, Side], cell: StoredCell, chosen: str
) -> Markup:
    names = [(key, side.label[0].upper() + side.label[1:]) for key, side in sides.items()]
    others = [(key, side.label) for key, side in rivals.items()]
    return Markup(
        '<p class="sides"><select class="field" aria-label="Answer" data-act="diff_side" data-against="{}">{}</select>'
        '<span>against</span><select class="field" aria-label="Compare with" data-act="diff" data-column="{}" data-repeat="{}">'
        "{}</select></p>"
    ).format(chosen, options(names, cell_name(run, cell)), cell.column, cell.repeat, options(others, chosen))


ACTIONS: dict[str, Action] = {"diff": diff, "diff_side": diff_side}
