"""Which of two answers is better, as people say case by case: keys 1, 2, = and 0, and what their ratings come to.

    rate_case(id="3f…", look="pair=1-0", case="33", better="a")   →  that row, the table of ratings and their sentence anew

The baseline stands left and is 1; a rating that is given again is taken back.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from markupsafe import Markup

from playground.errors import PromptError
from playground.stats.sentences import e_words, limit_words, points
from playground.types.outcomes import Better, Rating
from playground.ui.actions import Action, Ask
from playground.ui.forest import Axis, Interval, forest, shape, ticks
from playground.ui.html import icon, join
from playground.ui.update import Update
from playground.ui.verdict_judge import judge_cards
from playground.ui.verdict_look import Look
from playground.verdicts import Preference, Verdict, differing, with_ratings
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.ui.verdict import Shown

WIDE = 204
_OUTCOME = {"better": ("check", "ok"), "worse": ("cross", "bad")}


def can_rate(shown: Shown) -> bool:
    """Whether the pair may be rated: both are of this experiment, not of one that lies beside it."""
    own = len(shown.kept.names)
    return shown.pair is not None and all(number < own for number in _sides(shown))


def _sides(shown: Shown) -> tuple[int, int]:
    """The numbers of the left and the right variant."""
    assert shown.pair is not None
    table = shown.found.table
    return table.number(shown.pair.b), table.number(shown.pair.a)


def ratings_of(shown: Shown) -> dict[int, Rating]:
    """The ratings of the pair by case."""
    pair = set(_sides(shown))
    return {each.case: each for each in shown.found.table.ratings if {each.a, each.b} == pair}


def unrated(shown: Shown) -> list[int]:
    """The cases where the pair differs and that nobody has rated yet, in the order in which they are listed."""
    assert shown.pair is not None
    groups = differing(shown.found.table, shown.found.rule, shown.pair.a, shown.pair.b)
    known = ratings_of(shown)
    return [
        case
        for group in groups
        if group.side in ("only a", "only b")
        for case in group.cases
        if case not in known
    ]


def rating_cell(shown: Shown, case: int) -> Markup:
    """The four choices of a case; none where one of the two has no answer."""
    left, right = _sides(shown)
    status = shown.found.table.status
    if any(not (status[number, case] == "done").any() for number in (left, right)):
        return Markup('<span class="soft">\u2013</span>')
    return _choices(shown, case, ratings_of(shown).get(case))


def _choices(shown: Shown, case: int, known: Rating | None) -> Markup:
    left, right = _sides(shown)
    entries = shown.found.table.entries
    better = {left: "a", right: "b"} if left < right else {left: "b", right: "a"}
    choices = (
        (better[left], Markup('<span translate="no">{}</span>').format(entries[left].name), "1", f"{entries[left].name} is better"),
        (better[right], Markup('<span translate="no">{}</span>').format(entries[right].name), "2", f"{entries[right].name} is better"),
        ("tie", "tie", "=", "Both are alike"),
        ("bad", "bad", "0", "Both are bad"),
    )  # fmt: skip
    return Markup(
        '<span class="v-rate" id="v-rate-{}" role="group" aria-label="Your rating of case {}">{}</span>'
    ).format(
        case,
        case + 1,
        join(
            Markup(
                '<button data-act="rate_case" data-id="{}" data-look="{}" data-case="{}" data-better="{}" data-key="{}" '
                'aria-pressed="{}" title="{} ({})">{}</button>'
            ).format(
                shown.id,
                shown.look.text,
                case,
                value,
                key,
                str(known is not None and known.better == value).lower(),
                title,
                key,
                words,
            )
            for value, words, key, title in choices
        ),
    )


# --- what they come to --------------------------------------------------------------------------------------


def rated_zone(shown: Shown) -> Markup:
    """A row a rated pair, and how strong each variant is where several pairs are; nothing without ratings."""
    found = shown.found
    if not found.rated.pairs:
        return Markup("")
    axis = Axis.around(
        [each.found[1:3] for each in found.rated.pairs], within=(-1.0, 1.0), reference=0.0, width=WIDE
    )
    rows = join(_row(found, each, axis) for each in found.rated.pairs)
    files = Markup(
        '<a class="btn quiet small" download href="files/experiment/{}/ratings.csv">{}CSV</a>'
    ).format(shown.id, icon("download"))
    return Markup(
        '<div class="scroll-x" tabindex="0" role="group" aria-label="Ratings"><table class="table"><thead><tr><th class="who">Rated</th>'
        '<th class="num">Cases</th><th class="num">First better</th><th class="num">Second better</th><th class="num">Tie</th><th class="num">Both bad</th>'
        '<th class="num" title="Cases where the first is preferred minus cases where the second is, in points">Difference</th><th class="pic">{}</th><th class="num">{:g} %</th><th class="num">Evidence</th><th>Verdict</th></tr></thead><tbody>{}</tbody></table></div>'
        '<div class="v-under"><p class="hint v-note">{}</p><span class="grow"></span>{}</div>'
    ).format(ticks(axis), 100 * (1 - found.rule.alpha), rows, _note(found), files)


def _row(found: Verdict, each: Preference, axis: Axis) -> Markup:
    table = found.table
    kind = each.outcome if each.outcome in _OUTCOME else ""
    symbol, colour = _OUTCOME.get(each.outcome, ("dash", "fact"))
    words = {"too few": "too few ratings"}.get(each.outcome, each.outcome)
    pair = join(
        Markup('<span class="variant">{}<b translate="no">{}</b></span>').format(
            shape(table.number(name)), name
        )
        for name in (each.a, each.b)
    )
    return Markup(
        '<tr><td class="who" translate="no">{}</td><td class="num">{:,}</td><td class="num">{:,}</td><td class="num">{:,}</td><td class="num soft">{:,}</td><td class="num soft">{:,}</td>'
        '<td class="num against"><b>{}</b></td><td class="pic">{}</td><td class="num soft ends">{} to {}</td><td class="num">{}, decided at {}</td><td class="says"><span class="v-badge {}">{}{}</span></td></tr>'
    ).format(
        pair,
        each.cases,
        each.prefer_a,
        each.prefer_b,
        each.ties,
        each.bad,
        points(each.found.difference, signed=True),
        forest(
            Interval(*each.found[:3]),
            axis,
            number=table.number(each.a),
            look="worse" if kind == "worse" else "" if kind else "part",
        ),
        points(each.found.low),
        points(each.found.high),
        e_words(each.found.evidence),
        limit_words(1 / found.rule.alpha),
        colour,
        icon(symbol),
        words,
    )


def _note(found: Verdict) -> str:
    """What the ratings stand on, and the strengths that Davidson's model finds."""
    note = "Rated while one looks, so judged by evidence that may be looked at any time. Tie and both bad speak for none."
    if found.rated.strengths:
        told = "; ".join(
            f"{each.name} {_share(each.chance)} ({_share(each.low)} to {_share(each.high)})"
            for each in found.rated.strengths
        )
        note += f" Preferred to {found.baseline} where one of the two is, by all ratings together: {told}."
    return note


def _share(chance: float) -> str:
    return "under 1 %" if chance < 0.01 else "over 99 %" if chance > 0.99 else f"{100 * chance:.0f} %"


def rated_sentence(shown: Shown) -> Markup:
    """What the ratings say of the pair; its line is there before the first of them, so that nothing moves."""
    pair = shown.pair
    if pair is None or not can_rate(shown):
        return Markup("")
    known = shown.found.rated.of(pair.a, pair.b)
    return Markup("{}").format(known.sentence if known is not None else "No case is rated by hand yet.")


# --- rating -------------------------------------------------------------------------------------------------


async def rate_case(workbench: Workbench, ask: Ask) -> Update:
    """Store what is said of one case; the same again takes it back. Only what follows from it is drawn anew."""
    from playground.ui.verdict import look_at

    better, case = ask.text("better"), ask.integer("case")
    if better not in get_args(Better):
        raise PromptError("This is no rating.", "Reload the page.")
    shown = await look_at(workbench, ask.text("id"), Look.read(ask.text("look")))
    if not can_rate(shown):
        raise PromptError("This pair cannot be rated.", "Choose two variants of one experiment.")
    left, right = _sides(shown)
    a, b = min(left, right), max(left, right)
    before = ratings_of(shown).get(case)
    chosen: Better | None = None
    if before is None or before.better != better:
        chosen = next(value for value in get_args(Better) if value == better)
    await workbench.experiments.rate(shown.id, case, a, b, chosen, ask.text("author").strip()[:200])
    shown = await rated_anew(workbench, shown)
    return {
        "html": {
            f"v-rate-of-{case}": rating_cell(shown, case),
            "v-rated": rated_zone(shown),
            "v-judges": await judge_cards(workbench, shown),
            "v-rated-says": rated_sentence(shown),
            "v-unrated": f"{len(unrated(shown)):,}",
        }
    }


async def rated_anew(workbench: Workbench, shown: Shown) -> Shown:
    """The same with the ratings as they are now."""
    ratings = (await workbench.experiments.table(shown.id)).ratings
    return replace(shown, found=await asyncio.to_thread(with_ratings, shown.found, ratings))


ACTIONS: dict[str, Action] = {"rate_case": rate_case}
