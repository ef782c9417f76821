"""More cases for an experiment that ended undecided: in it where its rule may be looked at any time, else as another attempt.

ask_for_cases(id="3f…", more="400")   →  the drawer: how many rows are left, and what adding them means
add_cases(id="3f…", count="80")       →  the experiment goes on, or a set-up over more rows
"""

from __future__ import annotations

from markupsafe import Markup

from playground.errors import PlaygroundError, PromptError
from playground.types.outcomes import StoredExperiment
from playground.ui.actions import Action, Ask
from playground.ui.experiment_watch import shown
from playground.ui.experiments import draw_setup, prompt_at_hand
from playground.ui.html import button, plural
from playground.ui.update import Update
from playground.workbench.experiment_more import Room
from playground.workbench.service import Workbench

SOME = 100
"""Cases that are offered where nobody said how many would settle it."""


async def ask_for_cases(workbench: Workbench, ask: Ask) -> Update:
    """The drawer that says how many rows are left, and what adding them means under the experiment's rule."""
    kept = await workbench.experiments.get(ask.text("id"))
    try:
        room = await workbench.experiments.room(kept.id)
    except PlaygroundError as exc:
        body = Markup('<p>{}</p><p class="hint">{}</p>').format(exc.message, exc.hint)
        again = button("Set up another like it", "set_up_again", id=kept.id)
        return {"drawer": {"title": "More cases", "body": body, "foot": again, "narrow": True}}
    wanted = ask.integer("more", SOME)
    body = Markup("<p>{}</p>{}").format(_left(kept, room), _form(kept, room, wanted))
    return {"drawer": {"title": "More cases", "body": body, "narrow": True}}


def _left(kept: StoredExperiment, room: Room) -> Markup:
    of_half = {"train": " of its train half", "held-out": " of its held-out half"}.get(kept.half, "")
    return Markup(
        'Answered: {used:,} of {there}{half} of <span translate="no">{name}</span>, version {number}; {left} left.'
    ).format(
        used=room.used,
        there=plural(room.there, "row"),
        half=of_half,
        name=room.name,
        number=kept.row.number,
        left=f"{room.left:,}",
    )


def _form(kept: StoredExperiment, room: Room, wanted: int) -> Markup:
    is_live = kept.experiment.rule.looking == "any time"
    newer = room.in_newest - room.used
    if not room.left and newer <= 0:
        return Markup('<p class="hint">{}</p>{}').format(
            "Import more rows into the data set, or generate some; then come back here.",
            button("Open the data set", "data_show", dataset=room.dataset_id),
        )
    grows = is_live and room.left > 0
    most = room.left if grows else max(room.left, newer)
    count = min(max(wanted, 1), most)
    fewer = (
        Markup('<p class="hint">{}</p>').format(
            f"{wanted:,} were said to settle it; with fewer it may stay open, and that would be said again."
        )
        if wanted > most
        else ""
    )
    if grows:
        about = (
            "Its rule may be looked at any time, so they are added to this experiment: its answers and its evidence stay, "
            "and the new cases count on."
        )
        words = "Add them and go on"
    else:
        over = f"version {room.newest if newer > room.left else kept.row.number}"
        about = (
            f"The rule fixed {plural(kept.cases, 'case')} before the first answer, so more of them are another attempt over {over}, "
            "and it is counted as one. Greedy answers that were given already come from the cache."
            if not is_live
            else f"All rows of version {kept.row.number} were answered: another attempt over version {room.newest} has more."
        )
        words = "Set it up over more cases"
    return Markup(
        '<div class="form" data-form><label for="more-count" class="soft">Further cases</label>'
        '<input id="more-count" name="count" class="field num" type="number" min="1" max="{}" value="{}" autofocus>'
        '<span></span><span>{}</span></div>{}<p class="hint">{}</p>'
    ).format(most, count, button(words, "add_cases", symbol="plus", kind="primary", id=kept.id), fewer, about)


async def add_cases(workbench: Workbench, ask: Ask) -> Update:
    """Go on with further rows, or the set-up of another attempt over more of them."""
    kept = await workbench.experiments.get(ask.text("id"))
    room = await workbench.experiments.room(kept.id)
    count = ask.typed("count", "Further cases", 1)
    grows = kept.experiment.rule.looking == "any time" and room.left > 0
    is_newer = not grows and room.in_newest > room.there
    number, there = (room.newest, room.in_newest) if is_newer else (kept.row.number, room.there)
    left = max(0, there - room.used)
    if count > left:
        raise PromptError(
            f"Asked for: {plural(count, 'row')}; left: {left:,}.",
            "Take fewer, or import more rows.",
        )
    if grows:
        await workbench.experiments.grow(kept.id, count)
        return {**await shown(workbench, kept.id, ask), "drawer": None}
    now, taken = kept.as_scored, kept.cases + count
    cases = now.cases.model_copy(
        update={"dataset": f"{room.name}@{number}", "limit": taken if taken < there else None}
    )
    now = now.model_copy(update={"cases": cases})
    update = await draw_setup(workbench, now, prompt_at_hand(ask))
    return {**update, "plan": now.model_dump(mode="json"), "tab": "Experiments", "drawer": None}


ACTIONS: dict[str, Action] = {"ask_for_cases": ask_for_cases, "add_cases": add_cases}
