"""The card of a judge: how often a model that judges says the same as people, on the cases that they have rated.

await judge_cards(workbench, shown)   →  markup below the ratings; nothing without a judge among the checks

People say which of two answers is better; a judge passes or fails each. Where both tell the two apart they agree or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from playground.scorers import check_name
from playground.stats import Estimate, rate
from playground.stats.agreement import agree
from playground.stats.sentences import LEAST
from playground.types.outcomes import Rating
from playground.types.prompt import Check
from playground.ui.html import icon, join, plural
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.ui.verdict import Shown

Passes = Mapping[tuple[int, int], bool]
"""Whether the judge passes a variant's answer to a case; nothing where it said neither."""


class Card(NamedTuple):
    """`told` are the cases where people and judge both prefer one, of which they agree on `agreeing`.

    `bad` are answers that people call bad, of which the judge lets `through`.
    """

    rated: int
    told: int
    agreeing: int
    share: Estimate | None
    kappa: Estimate | None
    bad: int
    through: int


def card_of(ratings: tuple[Rating, ...], passes: Passes) -> Card:
    """What the ratings say of a judge."""
    people, judge, bad = [], [], []
    for each in ratings:
        a, b = passes.get((each.a, each.case)), passes.get((each.b, each.case))
        if each.better == "bad":
            bad += [said for said in (a, b) if said is not None]
        elif each.better in ("a", "b") and a is not None and b is not None and a != b:
            people.append(each.better == "a")
            judge.append(a)
    agreeing = sum(x == y for x, y in zip(people, judge, strict=True))
    return Card(
        rated=len(ratings),
        told=len(people),
        agreeing=agreeing,
        share=rate(agreeing, len(people)) if people else None,
        kappa=agree(judge, people).kappa if people else None,
        bad=len(bad),
        through=sum(bad),
    )


async def judge_cards(workbench: Workbench, shown: Shown) -> Markup:
    """A card for each judge among the checks of the experiment."""
    judges = [check for check in shown.kept.checks if check.scorer == "judge"]
    if not judges or shown.other is not None:
        return Markup("")
    drawn = []
    for check in judges:
        scores = await workbench.experiments.scores_of_check(shown.id, check_name(check))
        passes = {(key.variant, key.case): score >= 1 for key, score in scores.items() if key.repeat == 0}
        card = await asyncio.to_thread(card_of, shown.found.table.ratings, passes)
        drawn.append(_card(check, card))
    return Markup('<div class="v-judges"><h3>Judge{}</h3>{}</div>').format(
        "" if len(judges) == 1 else "s", join(drawn)
    )


def _card(check: Check, card: Card) -> Markup:
    model = check.options.get("model") or "the model that answered"
    said, state = _said(card), ("ok" if card.told >= LEAST else "warn")
    return Markup(
        '<div class="v-judge">{}<div><p><b translate="no">{}</b> <span class="hint mono" translate="no">{}</span></p><p>{}</p>{}</div></div>'
    ).format(icon("check" if state == "ok" else "warn", state), check_name(check), model, said, _bad(card))


def _said(card: Card) -> str:
    if card.told < LEAST or card.share is None:
        return (
            f"No card yet: it and your ratings both tell {plural(card.told, 'case')} apart, {LEAST} are the least. "
            "Rate more cases: until then its score is a model's opinion."
        )
    share = card.share
    agreement = f"Says the same as your ratings in {card.agreeing:,} of {plural(card.told, 'case')} that both tell apart"
    bounds = f"{100 * share.low:.0f} to {100 * share.high:.0f}"
    kappa = (
        "kappa is not defined: one of the two always prefers the same side"
        if card.kappa is None
        else f"kappa {card.kappa.value:.2f}, {card.kappa.low:.2f} to {card.kappa.high:.2f}"
    )
    return f"{agreement} ({100 * share.value:.0f} %, 95 %: {bounds}; {kappa})."


def _bad(card: Card) -> Markup:
    if not card.bad:
        return Markup("")
    return Markup('<p class="hint">It lets {:,} of {} that you call bad through.</p>').format(
        card.through, plural(card.bad, "answer")
    )
