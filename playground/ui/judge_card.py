"""The card of a judge: what its agreement with people is, on the held-out half, and every score of its twice.

card(shown, aligned, turned)   →  markup: kappa, what it lets through, 2 × 2, readings, raw and corrected scores
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.stats import Agreement, Estimate, corrected_difference, rate
from playground.stats.sentences import LEAST, coefficient, points
from playground.ui.forest import Axis, Interval, forest, shape, ticks
from playground.ui.html import button, icon, join, plural, seconds
from playground.ui.judge_criteria import looking_again
from playground.verdicts import Aligned, Bias
from playground.workbench.labels import MOST_REVERSED

if TYPE_CHECKING:
    from playground.ui.verdict import Shown
    from playground.verdicts import Place

GATES = 0.8
"""A judge that stops fewer of the bad answers may warn, and gates nothing."""
WIDE = 112
SIGNED = "+\u2212"


def card(
    shown: Shown,
    aligned: Aligned,
    turned: Mapping[Place, bool],
    asking: tuple[int, int] | None = None,
    *,
    words: Mapping[Place, int] | None = None,
    price: tuple[float | None, float | None] = (None, None),
    number: int = 0,
    above: Markup | str = "",
    is_scoring: bool = True,
) -> Markup:
    """The right half of a judge's page; `turned` is what it says asked in reverse, `asking` how far that is.

    `words` are the lengths of labelled answers, `price` tokens and seconds of a call, `number` the version where there are
    several. One that is not the one which scores (`is_scoring`) has judged labelled answers only, and no variant.
    """
    agreement = aligned.agreement
    many = len(aligned.held_out)
    base = f", base rate {100 * agreement.base_rate:.0f} % pass" if agreement is not None else ""
    of_version = f"version {number}, " if number else ""
    head = Markup('<div class="v-filters"><h3>Card</h3><span class="hint">{}</span></div>').format(
        f"{of_version}held-out half, {plural(many, 'label')}{base}"
    )
    beside = _beside(aligned.length_slope(words or {}), price) if agreement is not None else Markup("")
    return Markup('<aside class="va-card" aria-label="Card">{}{}{}{}</aside>').format(
        head,
        above,
        # A version that has not seen the held-out half has no card to be short of labels for.
        _agreeing(shown, aligned, agreement, turned, asking, beside)
        if aligned.held_out or is_scoring
        else "",
        scores(shown, aligned) if is_scoring else "",
    )


def _beside(slope: Estimate | None, price: tuple[float | None, float | None]) -> Markup:
    """Beside the block: whether it likes length, and what it takes."""
    tokens, took = price
    if slope is None:
        leans, ends = Markup("<b>–</b>"), "length does not vary, or too few labels"
    else:
        size = points(slope.value, signed=True)
        leans = Markup("<b>{}</b> {}").format(
            f"{size} {'point' if size.lstrip(SIGNED) == '1' else 'points'}", "a 100 words"
        )
        ends = f"95 %: {points(slope.low)} to {points(slope.high)}"
    cost = join(
        Markup("<span>{}</span>").format(words)
        for words in (
            f"{tokens:,.0f} tokens" if tokens is not None else "",
            seconds(took) if took is not None else "",
        )
        if words
    )
    return Markup(
        '<div class="va-beside"><span class="hint">Length slope</span><span>{}</span><span class="hint">{}</span>'
        '<span class="hint">Price a row</span><span><b>1 call</b></span>{}</div>'
    ).format(leans, ends, cost)


def shut(shown: Shown, aligned: Aligned) -> Markup:
    """In the place of the card while answers are labelled: only how many labels there are."""
    entries = shown.found.table.entries[: len(shown.kept.names)]
    rows = join(
        Markup('<tr><td class="who">{}</td><td class="num">{:,}</td></tr>').format(
            Markup('<span class="variant">{}<b translate="no">{}</b></span>').format(
                shape(number), entry.name
            ),
            sum(at[0] == number for at in aligned.held_out),
        )
        for number, entry in enumerate(entries)
        if shown.pair is None or entry.name in (shown.pair.a, shown.pair.b)
    )
    return Markup(
        '<aside class="va-card" aria-label="Card"><div class="v-filters"><h3>Card</h3><span class="hint">shut while you label</span></div>'
        '<table class="table va-scores"><thead><tr><th class="who">Variant</th><th class="num">Held-out labels</th></tr></thead><tbody>{}</tbody></table><p class="hint below">{}</p></aside>'
    ).format(
        rows,
        f"Numbers that move with each label would tell what the judge said. {LEAST} held-out labels make a card, {LEAST} of each "
        "variant correct the scores.",
    )


def _agreeing(
    shown: Shown,
    aligned: Aligned,
    agreement: Agreement | None,
    turned: Mapping[Place, bool],
    asking: tuple[int, int] | None,
    beside: Markup,
) -> Markup:
    if agreement is None:
        missing = LEAST - len(aligned.held_out)
        return Markup(
            '<div class="va-part"><h2 class="quiet"><b>No card yet.</b></h2><p>{} held out, {} are the least: {} to go. '
            "Until then its score is a model's opinion.</p>{}</div>"
        ).format(
            plural(len(aligned.held_out), "label is", "labels are"),
            LEAST,
            f"{missing:,}",
            _block(aligned) if aligned.held_out else "",
        )
    return Markup('<div class="va-part"><h2>{}</h2>{}<div class="va-counts">{}{}</div></div>{}{}').format(
        kappa_words(agreement),
        lets_through(aligned),
        _block(aligned),
        beside,
        _readings(agreement, flips(aligned, turned), aligned.same_twice),
        _reverse(shown, aligned, turned, asking),
    )


def kappa_words(agreement: Agreement) -> Markup:
    """Such as "Kappa 0.66 (95 %: 0.48 to 0.84)."; why there is none where all marks are the same."""
    found = agreement.kappa
    if found is None:
        return Markup('<b>Kappa –</b> <span class="on">(not defined: {})</span>').format(
            "one of the two gave only one mark"
        )
    return Markup('<b>Kappa {}</b> <span class="on">(95 %: {} to {}).</span>').format(
        *map(coefficient, found)
    )


def lets_through(aligned: Aligned) -> Markup:
    """The warning that matters more than kappa: how many bad answers it passes."""
    _, _, through, stopped = aligned.counts
    bad = through + stopped
    if not bad:
        return Markup('<p class="hint">{}</p>').format(
            "No answer of this half is bad: what it lets through is not known."
        )
    is_weak = stopped / bad < GATES
    rest = f"May warn, may not gate below {100 * GATES:.0f} %." if is_weak else ""
    return Markup("<p>{} <span>{}</span> <span>{}</span></p>").format(
        icon("warn", "warn") if is_weak else icon("check", "ok"),
        f"It lets {through:,} of {plural(bad, 'bad answer')} through.",
        rest,
    )


def _block(aligned: Aligned) -> Markup:
    both, rejected, through, neither = aligned.counts

    def cell(number: int, words: str, is_right: bool) -> Markup:
        return Markup(
            '<div class="v-cell"><b>{:,}</b><span class="glyphs">{}</span><span>{}</span></div>'
        ).format(number, icon("check", "ok") if is_right else icon("cross", "bad"), words)

    return Markup(
        '<div class="v-block va-block" role="group" aria-label="Labels by what the judge says"><span></span><span class="head">judge passes</span>'
        '<span class="head">judge fails</span><span></span><span class="side">you pass</span>{}{}<span class="sum">{:,}</span>'
        '<span class="side">you fail</span>{}{}<span class="sum">{:,}</span><span></span><span class="sum below">{:,}</span>'
        '<span class="sum below">{:,}</span><span class="sum below">{:,}</span></div>'
    ).format(
        cell(both, "both pass", True),
        cell(rejected, "turned down", False),
        both + rejected,
        cell(through, "let through", False),
        cell(neither, "both fail", True),
        through + neither,
        both + through,
        rejected + neither,
        both + rejected + through + neither,
    )


def flips(aligned: Aligned, turned: Mapping[Place, bool]) -> Estimate | None:
    """How often the judge changes its mind when its two words are named in reverse; None where it was not asked."""
    both = [at for at in turned if at in aligned.judge]
    return rate(sum(turned[at] != aligned.judge[at] for at in both), len(both)) if both else None


def _reverse(
    shown: Shown, aligned: Aligned, turned: Mapping[Place, bool], asking: tuple[int, int] | None
) -> Markup:
    """The way to ask in reverse, or how far that is."""
    if asking is not None:
        done, of = asking
        return Markup('<p class="hint below">{}{}</p>').format(
            f"Asked: {done:,} of {plural(of, 'answer')}.", looking_again(shown)
        )
    if turned:
        return Markup("")
    return Markup('<div class="va-part va-say">{}<span class="hint">{}</span></div>').format(
        button(
            "Ask it in reverse",
            "judge_in_reverse",
            symbol="redo",
            kind="small",
            id=shown.id,
            look=shown.look.text,
        ),
        f"Does it say the same when FAIL is named before PASS? {plural(min(len(aligned.held_out), MOST_REVERSED), 'call')}.",
    )


def _readings(agreement: Agreement, flipped: Estimate | None, twice: Estimate | None) -> Markup:
    axis = Axis(0.0, 1.0, 0.5, WIDE)
    found: list[tuple[str, str, Estimate | None]] = [
        ("Agreement", "", rate(agreement.agreeing, agreement.cases)),
        ("Lets good pass", "sensitivity", agreement.sensitivity),
        ("Stops bad", "specificity", agreement.specificity),
        ("Order flips", "labels named in reverse", flipped),
        ("Same label twice", "you, of answers shown again", twice),
    ]
    rows = join(
        Markup(
            '<tr><td>{} <span class="hint">{}</span></td><td class="num"><b>{}</b></td><td class="pic">{}</td><td class="num soft">{}</td></tr>'
        ).format(
            name,
            term,
            f"{100 * each.value:.0f} %" if each else "–",
            forest(Interval(*each) if each else None, axis),
            _ends(each),
        )
        for name, term, each in found
    )
    return Markup(
        '<table class="table va-readings"><thead><tr><th>Compared with you</th><th></th><th class="pic">{}</th><th class="num">95 %</th></tr></thead><tbody>{}</tbody></table>'
    ).format(ticks(axis), rows)


def _ends(each: Estimate | None) -> str:
    return f"{points(each.low)} to {points(each.high)}" if each is not None else "–"


# --- every score twice --------------------------------------------------------------------------------------


def scores(shown: Shown, aligned: Aligned) -> Markup:
    """What the judge says of each variant, and what the labels make of it; hollow and full on one scale."""
    entries = shown.found.table.entries[: len(shown.kept.names)]
    known = [
        (number, entry.name, bias)
        for number, entry in enumerate(entries)
        if (bias := aligned.bias(aligned.judge, aligned.labels, number)) is not None
    ]
    ends = [each.corrected.share[1:] for _, _, each in known if each.corrected is not None]
    axis = Axis.around([*ends, *((each.judged, each.judged) for _, _, each in known)], width=WIDE)
    rows = [_score(number, name, each, axis) for number, name, each in known]
    rows.append(_apart(shown, {name: each for _, name, each in known}))
    key = Markup('<span class="hint va-key"><i class="ring"></i>judge <i></i>corrected</span>')
    return Markup(
        '<div class="v-filters"><h3>Every score twice</h3><span class="grow"></span>{}</div><div class="scroll-x" tabindex="0" role="group" aria-label="Every score twice"><table class="table va-scores"><thead><tr><th class="who"></th>'
        '<th class="num">Judge says</th><th class="num of">Labels</th><th class="num">Corrected</th><th class="pic">{}</th><th class="num">95 %</th></tr></thead><tbody>{}</tbody></table></div>'
        '<p class="hint below">{}</p>'
    ).format(
        key,
        ticks(axis),
        join(rows),
        f"Corrected by your labels (PPI++), from {LEAST} of a variant on; only labels of the held-out half count.",
    )


def _score(number: int, name: str, bias: Bias, axis: Axis) -> Markup:
    found = bias.corrected.share if bias.corrected is not None else None
    interval = Interval(*found) if found else None
    return Markup(
        '<tr><td class="who"><span class="variant">{}<b translate="no">{}</b></span></td><td class="num soft">{:.0f} %</td><td class="num soft of">{:,}</td>'
        '<td class="num"><b>{}</b></td><td class="pic">{}</td><td class="num soft">{}</td></tr>'
    ).format(
        shape(number),
        name,
        100 * bias.judged,
        bias.labels,
        f"{100 * found.value:.0f} %" if found else "–",
        forest(interval, axis, beside=bias.judged),
        f"{points(interval.low)} to {points(interval.high)}" if interval else "–",
    )


def _apart(shown: Shown, known: dict[str, Bias]) -> Markup:
    """The pair's difference, raw and corrected."""
    pair = shown.pair
    if pair is None or pair.a not in known or pair.b not in known:
        return Markup("")
    first, second = known[pair.a], known[pair.b]
    raw = points(first.judged - second.judged, signed=True)
    found = corrected(first, second)
    if found is None:
        said, ends, what = "–", "–", Markup("")
    else:
        said, ends = points(found.value, signed=True), f"{points(found.low)} to {points(found.high)}"
        decided = "better" if found.low > 0 else "worse" if found.high < 0 else ""
        what = Markup('<span class="v-badge {}">{}{}</span>').format(
            {"better": "ok", "worse": "bad"}.get(decided, "fact"),
            icon({"better": "check", "worse": "cross"}.get(decided, "dash")),
            decided or "no verdict",
        )
    return Markup(
        '<tr><td class="who"><b translate="no">{} − {}</b></td><td class="num soft">{}</td><td class="of"></td><td class="num"><b>{}</b></td><td class="pic">{}</td><td class="num soft">{}</td></tr>'
    ).format(pair.a, pair.b, raw, said, what, ends)


def corrected(first: Bias, second: Bias) -> Estimate | None:
    """The first minus the second as the labels correct both; None while one of them has too few."""
    if first.corrected is None or second.corrected is None:
        return None
    return corrected_difference(first.corrected, second.corrected)
