"""Labels by hand on a judge's page: one answer after the other, blind: neither variant nor judge is named.

    places, is_again = queue_of(shown, aligned)      # what is shown next, and whether it was labelled before

After every ten labels one of the earlier answers is shown a second time, unannounced: how often a person says the same of
it bounds what a judge can be asked to reach.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from playground.stats.sentences import LEAST
from playground.types.grid import CellKey
from playground.types.prompt import Check
from playground.ui.html import icon, join, plural
from playground.verdicts import Aligned, labelling_order
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.ui.verdict import Shown
    from playground.verdicts import Place

NOTE_CHARS = 500
EVERY = 10
"""Labels for each answer that is shown a second time, which was labelled at least so many labels before."""


class Queue(NamedTuple):
    """The answers that are still to be labelled, the next one first; `again` is one that comes before them, a second time."""

    places: list[Place]
    again: Place | None = None


def queue_of(shown: Shown, aligned: Aligned) -> Queue:
    """The answers of the pair that are still to be labelled, case by case in the order in which they are drawn.

    Which of the two comes first changes from case to case, so that the place does not tell.
    """
    table = shown.found.table
    pair = (
        [table.number(shown.pair.b), table.number(shown.pair.a)]
        if shown.pair is not None
        else [*range(len(table.entries))]
    )
    order = labelling_order(table.cases)
    places = [
        (variant, case)
        for rank, case in enumerate(order)
        for variant in (pair if rank // 2 % 2 == 0 else reversed(pair))
    ]
    left = [at for at in places if at in aligned.judge and at not in aligned.labels]
    return Queue(left, _again(aligned) if left else None)


def _again(aligned: Aligned) -> Place | None:
    """An answer that is due a second time; drawn from its place, the same until it is labelled."""
    given = list(aligned.labels)
    if len(given) // EVERY <= len(aligned.again):
        return None
    ripe = [at for at in given[: len(given) - EVERY + 1] if at not in aligned.again and at in aligned.judge]
    return min(ripe, key=lambda at: hashlib.sha256(repr(at).encode()).digest(), default=None)


async def labelling(
    workbench: Workbench, shown: Shown, check: Check, aligned: Aligned, queue: Queue
) -> Markup:
    """The left half of the page while answers are labelled."""
    if not queue.places:
        return Markup(
            '<section class="va-left" aria-label="Labels"><p class="empty">{}</p></section>'
        ).format("Every answer of the pair is labelled. Another pair has others.")
    at = queue.again or (shown.look.row if shown.look.row in queue.places else queue.places[0])
    assert at is not None
    after = queue.places[(queue.places.index(at) + 1) % len(queue.places)] if at in queue.places else at
    variant, case = at
    cell = await workbench.history.cell(shown.id, CellKey(case, variant, 0))
    values = (await workbench.history.case_values(shown.id, case, 1))[0]
    facts = join(
        Markup('<dt class="mono">{}</dt><dd class="mono">{}</dd>').format(name, value)
        for name, value in values.items()
        if name != "expected"
    )
    held = len(aligned.held_out)
    goal = (
        f"{plural(LEAST - held, 'label')} of the held-out half to go for a card"
        if held < LEAST
        else "further labels make the intervals narrower"
    )

    def verdict_button(label: str, passes: str, key: str, *, symbol: str) -> Markup:
        return Markup(
            '<button class="btn" data-act="label_answer" data-id="{}" data-look="{}" data-variant="{}" data-case="{}" data-passes="{}" data-again="{}" data-hot="{}">{}{}<kbd>{}</kbd></button>'
        ).format(
            shown.id,
            shown.look.text,
            variant,
            case,
            passes,
            "yes" if at == queue.again else "",
            key.lower(),
            icon(symbol, "ok" if passes == "yes" else "bad"),
            label,
            key,
        )

    skip = Markup(
        '<button class="btn quiet" data-act="verdict_look" data-id="{}" data-look="{}" data-hot=" ">Skip<kbd>Space</kbd></button>'
    ).format(shown.id, shown.look.to(row=after).text)
    done = cell.completion
    return Markup(
        '<section class="va-left va-label" aria-label="Labels" data-form><p class="lead"><b>{}</b></p><p class="hint">{}</p><dl class="facts">{}</dl>'
        '<pre class="out" tabindex="0">{}</pre><div class="va-say">{}{}{}</div><input class="field va-note" name="note" maxlength="{}" autocomplete="off" placeholder="Why, if it helps later" aria-label="Why, if it helps later">'
        '<p class="hint">{}</p></section>'
    ).format(
        check.options.get("criterion", ""),
        f"Does the answer meet this? So far {plural(len(aligned.labels), 'label')}; {goal}.",
        facts,
        (done.text if done else "") or "No answer.",
        verdict_button("Pass", "yes", "P", symbol="check"),
        verdict_button("Fail", "no", "F", symbol="cross"),
        skip if at != queue.again else "",
        NOTE_CHARS,
        "Blind: neither the variant nor what the judge said is shown. Half of the cases are held out; only they make the card. "
        "Answers come in a drawn order, not the doubtful ones first: labels of those would not speak for the rest. "
        "One answer in eleven comes a second time: how often you say the same of it stands on the card.",
    )
