"""A judge on the page of a verdict: its part raw and corrected, how often it agrees with ratings, the way to its own page.

await judge_cards(workbench, shown)   →  markup below the ratings; nothing without a judge among the checks
await judged_line(workbench, shown)   →  "1 of 4 checks is judged. Corrected by your 80 labels, B is 13 points higher …"

People say which of two answers is better; a judge passes or fails each. Where both tell the two apart they agree or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from playground.scorers import check_called, check_name
from playground.stats import Estimate, krippendorff, rate
from playground.stats.agreement import agree
from playground.stats.sentences import LEAST, coefficient, points
from playground.types.experiment import PASSES
from playground.types.outcomes import Rating
from playground.types.prompt import Check
from playground.ui.html import button, icon, join, plural
from playground.ui.judge_card import corrected
from playground.verdicts import Aligned, Bias, align, labelling_order
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
    judges = [(n, check) for n, check in enumerate(shown.kept.checks) if check.scorer == "judge"]
    if not judges or shown.other is not None:
        return Markup("")
    drawn = []
    for number, check in judges:
        passes = await workbench.labels.marks(shown.id, check)
        card = await asyncio.to_thread(card_of, shown.found.table.ratings, passes)
        drawn.append(_card(shown, number, check, card))
    return Markup('<div class="v-judges"><h3>Judge{}</h3>{}</div>').format(
        "" if len(judges) == 1 else "s", join(drawn)
    )


def _card(shown: Shown, number: int, check: Check, card: Card) -> Markup:
    model = check.options.get("model") or "the model that answered"
    said, state = _said(card), ("ok" if card.told >= LEAST else "warn")
    return Markup(
        '<div class="v-judge">{}<div><p><b translate="no">{}</b> <span class="hint mono" translate="no">{}</span></p><p>{}</p>{}</div><span class="grow"></span>{}</div>'
    ).format(
        icon("check" if state == "ok" else "warn", state),
        check_name(check),
        model,
        said,
        _bad(card),
        to_page("Labels and card", shown, number),
    )


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
        else f"kappa {coefficient(card.kappa.value)}, {coefficient(card.kappa.low)} to {coefficient(card.kappa.high)}"
    )
    return f"{agreement} ({100 * share.value:.0f} %, 95 %: {bounds}; {kappa})."


def _bad(card: Card) -> Markup:
    if not card.bad:
        return Markup("")
    return Markup('<p class="hint">It lets {:,} of {} that you call bad through.</p>').format(
        card.through, plural(card.bad, "answer")
    )


# --- raw and corrected --------------------------------------------------------------------------------------


def to_page(label: str, shown: Shown, number: int) -> Markup:
    """The way to the page of the judge that is the check of this number."""
    look = shown.look.to(judge=number, at=None, step="", row=None)
    return button(label, "verdict_look", kind="quiet small link add-cases", id=shown.id, look=look.text)


async def judged_line(workbench: Workbench, shown: Shown) -> Markup:
    """That models' opinions count here, and what the labels of people make of the pair's difference.

    Of several judges each has its own score, corrected by its own labels, and how far they agree is said.
    """
    checks = shown.kept.checks
    judges = [number for number, check in enumerate(checks) if check.scorer == "judge"]
    if not judges:
        return Markup("")
    said = f"{len(judges)} of {plural(len(checks), 'check')} {'is' if len(judges) == 1 else 'are'} judged by a model."
    if shown.other is not None or shown.pair is None:
        return Markup('<p class="hint">{}</p>').format(said)
    found = {number: await workbench.labels.alignment(shown.id, checks[number]) for number in judges}
    by_all = shown.found.rule.metric == PASSES
    if len(judges) > 1:
        whole = await _whole(workbench, shown, found) if by_all else decided_by(shown, judges)
        lines = join(_own(shown, place, number, found[number]) for place, number in enumerate(judges, 1))
        return Markup('<div id="v-judged"><p class="hint">{} {}</p>{}{}</div>').format(
            said, whole, lines, judges_agree(checks, found)
        )
    [(number, aligned)] = found.items()
    if not aligned.labels:
        rest, way = "Its score is an opinion until labels of yours correct it.", "Label answers"
    else:
        as_one = await _together(workbench, shown, found) if by_all else aligned
        judged = _passed(shown, aligned) if by_all else aligned.judge
        rest, way = corrected_words(shown, *_biases(shown, as_one, judged), aligned), "Card"
    return Markup('<p class="hint" id="v-judged">{} {} {}</p>').format(
        said, rest, to_page(way, shown, number)
    )


def decided_by(shown: Shown, judges: Sequence[int]) -> str:
    """Which judge's score the verdict is about, where it is one's alone; "" where it is about another check."""
    deciding = check_called(shown.kept.checks, shown.found.rule.metric)
    for place, number in enumerate(judges, 1):
        if shown.kept.checks[number] is deciding:
            return f"The verdict is about the score of judge {place} alone."
    return ""


def _own(shown: Shown, place: int, number: int, aligned: Aligned) -> Markup:
    """What one judge of several says of the pair, and what its own labels make of it."""
    assert shown.pair is not None
    check = shown.kept.checks[number]
    first, second = _biases(shown, aligned, aligned.judge)
    if first is None or second is None:
        rest = "It has judged no answer of one of the two."
    elif aligned.labels:
        rest = corrected_words(shown, first, second, aligned)
    else:
        apart = points(first.judged - second.judged, signed=True)
        rest = f"It has {shown.pair.a} at {apart} points against {shown.pair.b}: an opinion until labels of yours correct it."
    way = to_page("Card" if aligned.labels else "Label answers", shown, number)
    return Markup('<p class="hint"><b>{}</b> <span translate="no">{}</span> {} {}</p>').format(
        f"Judge {place}", check_name(check), rest, way
    )


def judges_agree(checks: Sequence[Check], found: Mapping[int, Aligned]) -> Markup:
    """How far several judges say the same of the same answers, beyond chance."""
    marks = [aligned.judge for aligned in found.values()]
    both = sorted(set(marks[0]).intersection(*marks[1:]))
    if not both:
        return Markup("")
    criteria = {str(checks[number].options.get("criterion", "")).strip() for number in found}
    why = "" if len(criteria) == 1 else " They judge by different criteria, so that they need not agree."
    if len(marks) > 2:
        alpha = krippendorff([[float(each[at]) for at in both] for each in marks])
        how = "not defined: all say the same" if isnan(alpha) else coefficient(alpha)
        told = f"The {len(marks)} judges over {plural(len(both), 'answer')}: Krippendorff's alpha {how}.{why}"
        return Markup('<p class="hint">{}</p>').format(told)
    one, other = ([each[at] for at in both] for each in marks)
    agreed = agree(one, other)
    share = rate(agreed.agreeing, agreed.cases)
    kappa = (
        "kappa is not defined: one of the two gave only one mark"
        if agreed.kappa is None
        else f"kappa {coefficient(agreed.kappa.value)}, {coefficient(agreed.kappa.low)} to {coefficient(agreed.kappa.high)}"
    )
    bounds = f"{100 * share.low:.0f} to {100 * share.high:.0f}"
    told = (
        f"The two judges say the same of {agreed.agreeing:,} of {plural(agreed.cases, 'answer')} "
        f"({100 * share.value:.0f} %, 95 %: {bounds}; {kappa}).{why}"
    )
    return Markup('<p class="hint">{}</p>').format(told)


async def _whole(workbench: Workbench, shown: Shown, found: Mapping[int, Aligned]) -> str:
    """What the verdict counts of several judges, and what labels of all of them make of it."""
    counts = "The verdict counts an answer as passed where all of them, and all other checks, pass it."
    together = await _together(workbench, shown, found)
    if not together.labels:
        return f"{counts} Answers that are labelled for each judge correct that; none is so far."
    first, second = _biases(shown, together, _passed(shown, together))
    return f"{counts} {corrected_words(shown, first, second, together)}"


async def _together(workbench: Workbench, shown: Shown, found: Mapping[int, Aligned]) -> Aligned:
    """Whether answers pass as a whole with labels in the places of all judges, where each judge's label is known."""
    labels = {
        at: all(aligned.labels[at] for aligned in found.values())
        for at in next(iter(found.values())).labels
        if all(at in aligned.labels for aligned in found.values())
    }
    for number, check in enumerate(shown.kept.checks):
        if number not in found:
            marks = await workbench.labels.marks(shown.id, check)
            labels = {at: good and marks.get(at, True) for at, good in labels.items()}
    judge = {
        at: mark
        for at, mark in next(iter(found.values())).judge.items()
        if all(at in aligned.judge for aligned in found.values())
    }
    return align(judge, labels, labelling_order(shown.found.table.cases))


def _passed(shown: Shown, aligned: Aligned) -> dict[tuple[int, int], bool]:
    """Which answers pass all checks, of those that were judged."""
    passed = shown.found.table.passed[:, :, 0].tolist()
    return {at: bool(passed[at[0]][at[1]]) for at in aligned.judge if passed[at[0]][at[1]] in (0.0, 1.0)}


def _biases(shown: Shown, aligned: Aligned, judged: Passes) -> tuple[Bias | None, Bias | None]:
    """What both of the pair pass, as judged and as labels have it."""
    assert shown.pair is not None
    table = shown.found.table
    a, b = table.number(shown.pair.a), table.number(shown.pair.b)
    return aligned.bias(judged, aligned.labels, a), aligned.bias(judged, aligned.labels, b)


def corrected_words(shown: Shown, first: Bias | None, second: Bias | None, aligned: Aligned) -> str:
    """Such as "Corrected by your 80 labels, B is 13 points higher (95 %: 1 to 25)."; or how many labels it still takes."""
    assert shown.pair is not None
    pair = shown.pair
    if first is None or second is None:
        return "It has judged no answer of one of the two."
    found = corrected(first, second)
    if found is None:
        return f"Held-out labels: {first.labels:,} of {pair.a}, {second.labels:,} of {pair.b}; from {LEAST} of each on they correct it."
    size = points(abs(found.value))
    which = "higher" if found.value >= 0 else "lower"
    apart = f"{size} {'point' if size == '1' else 'points'} {which}"
    labels = plural(len(aligned.held_out), "held-out label")
    return f"Corrected by your {labels}, {pair.a} is {apart} than {pair.b} (95 %: {points(found.low)} to {points(found.high)})."
