"""The upper zones of a verdict: the sentence with its block, what it leans on, and the variants with their intervals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.ui.experiment_running import TIME_A_CASE
from playground.ui.forest import Axis, Interval, forest, shape, ticks
from playground.ui.forest import Look as Drawn
from playground.ui.html import button, icon, join, plural
from playground.ui.verdict_look import Look
from playground.ui.verdict_rating import rated_sentence
from playground.verdicts import Entry, VariantRow, Verdict
from playground.verdicts.health import summary
from playground.verdicts.words import (
    adjusted_cell,
    bounds_words,
    count_words,
    difference_bounds,
    difference_words,
    outcome_words,
    p_cell,
    ratio_words,
    second_words,
    value_words,
)

if TYPE_CHECKING:
    from playground.ui.verdict import Shown

MOST_SAID = 4
SOON_MS = 50
MOST_SEGMENTS = 5
WIDE = 204
_STANDS_ON = re.compile(r" \((?=[\d.]+ %: |[\d,]+ of [\d,]+ (?:case|cluster)s\))")
SIGNS = {"ok": ("check", "ok"), "warn": ("warn", "warn"), "bad": ("cross", "bad")}


# --- the sentence and the block -----------------------------------------------------------------------------


def top(shown: Shown, judged: Markup) -> Markup:
    """What is said, and the pair's block."""
    return Markup(
        '<section class="v-top" aria-label="Verdict"><div class="v-says" id="v-says">{}</div>{}</section>'
    ).format(says(shown, judged), _block(shown) if shown.pair is not None else "")


def says(shown: Shown, judged: Markup) -> Markup:
    """The sentence of the pair, what else is said, what is `judged`, and the pairs to choose from."""
    found, pair = shown.found, shown.pair
    first = pair.sentence if pair is not None and found.comparisons else found.sentence
    by_people = {each.sentence for each in found.rated.pairs}
    rest = [said for said in found.sentences if said != first and said not in by_people]
    more = len(rest) - MOST_SAID
    lines = join(
        Markup("<p>{} {}</p>").format(_said(said), _more_cases(shown, said)) for said in rest[:MOST_SAID]
    )
    outcome = pair.outcome if pair is not None else found.outcome
    asks = Markup('<span data-poll="verdict_more" data-id="{}" data-look="{}" data-every="{}"></span>')
    quiet = "" if found.is_trusted and outcome in ("better", "worse", "same") else "quiet"
    return Markup('<h2 class="{}" id="v-sentence">{}</h2>{}{}<p id="v-rated-says">{}</p>{}{}{}').format(
        quiet,
        Markup("{} {}").format(_said(first), _more_cases(shown, first)),
        lines,
        Markup('<p class="hint">and {} more in the table</p>').format(more) if more > 0 else "",
        rated_sentence(shown),
        judged,
        _pairs(shown),
        "" if shown.has_more else asks.format(shown.id, shown.look.text, SOON_MS),
    )


def _more_cases(shown: Shown, sentence: str) -> Markup:
    """The way to the cases that a sentence says would settle it."""
    pair = shown.pair
    known = [*shown.found.comparisons, *([pair] if pair is not None else [])]
    found = next((each for each in known if each.sentence == sentence), None)
    if found is None or found.outcome not in ("no verdict", "too few"):
        return Markup("")
    if not shown.has_more and found.outcome == "no verdict":
        # The number takes its place, which is as long.
        return Markup('<span class="soft">How many more cases would settle it is being reckoned.</span>')
    if shown.other is not None:
        return Markup("")
    more = found.more or ""
    return button("Add cases", "ask_for_cases", kind="quiet small link add-cases", id=shown.id, more=more)


def _said(sentence: str) -> Markup:
    """What is said in ink, what it stands on in brackets softer; what only explains is plain."""
    found = _STANDS_ON.search(sentence)
    at = found.start() if found else len(sentence)
    head, tail = sentence[:at], sentence[at:]
    if head.startswith("No verdict: "):
        return Markup("<b>No verdict:</b> {}{}").format(head.removeprefix("No verdict: "), tail)
    if found or head.startswith(("Too few", "No verdict yet")):
        return Markup('<b>{}</b><span class="on">{}</span>').format(head, tail)
    return Markup("{}").format(sentence)


def _pairs(shown: Shown) -> Markup:
    found, pair = shown.found, shown.pair
    names = [entry.name for entry in found.table.entries]
    if pair is None or len(names) < 3:
        return Markup("")
    base = names.index(found.baseline)
    pairs = [(n, base) for n in range(len(names)) if n != base]
    pairs += _beyond(found, base)
    now = (names.index(pair.a), names.index(pair.b))
    if now not in pairs:
        pairs.append(now)
    note = "sentence, block, cases and slices follow the pair"
    if not pair.is_in_rule:
        note += f"; {pair.a} and {pair.b} is outside the rule"
    if len(pairs) > MOST_SEGMENTS:
        rows = join(
            Markup('<option value="{}-{}"{}>{} and {}</option>').format(
                a, b, Markup(" selected") if (a, b) == now else "", names[a], names[b]
            )
            for a, b in pairs
        )
        chosen = Markup(
            '<select class="field" aria-label="Pair" data-act="verdict_pair" data-id="{}" data-look="{}">{}</select>'
        ).format(shown.id, shown.look.text, rows)
    else:
        chosen = Markup('<span class="seg" role="group" aria-label="Pair">{}</span>').format(
            join(
                Markup(
                    '<button data-act="verdict_look" data-id="{}" data-look="{}" aria-pressed="{}">{} and {}</button>'
                ).format(
                    shown.id,
                    shown.look.to(pair=each).text,
                    str(each == now).lower(),
                    names[each[0]],
                    names[each[1]],
                )
                for each in pairs
            )
        )
    return Markup(
        '<div class="v-pairs"><span class="soft">Pair</span>{}<span class="hint">{}</span></div>'
    ).format(chosen, note)


def _beyond(found: Verdict, base: int) -> list[tuple[int, int]]:
    """The two best beside each other, which the rule does not ask for."""
    rated = [
        row for row in found.rows if row.estimate is not None and row.number != base and not row.entry.twin_of
    ]
    rated.sort(key=lambda row: -(row.estimate.value if row.estimate else 0))
    return [(rated[0].number, rated[1].number)] if len(rated) > 1 else []


def _block(shown: Shown) -> Markup:
    """Cases by who passes: rows are the second of the pair (the baseline), columns the first; each cell is a filter."""
    pair, look = shown.pair, shown.look
    if pair is None or pair.block is None:
        return Markup("")
    both, only_a, only_b, neither = pair.block
    a, b = pair.a, pair.b

    def cell(number: int, words: str, marks: tuple[str, ...], show: str) -> Markup:
        chosen = look.show == show or (look.show == "differ" and show in ("regressions", "improvements"))
        glyphs = join(
            icon(mark, "ok" if mark == "check" else "bad" if mark == "cross" else "soft") for mark in marks
        )
        return Markup(
            '<button class="v-cell" data-act="verdict_look" data-id="{}" data-look="{}" aria-pressed="{}"><b>{:,}</b><span class="glyphs">{}</span><span>{}</span></button>'
        ).format(
            shown.id,
            look.to(show="differ" if look.show == show else show).text,
            str(chosen).lower(),
            number,
            glyphs,
            words,
        )

    if not pair.is_counted:
        return Markup(
            '<div class="v-block three" role="group" aria-label="Cases by who is higher">{}{}{}<span class="sum">{}</span></div>'
        ).format(
            cell(only_b, f"{b} higher", (), "regressions"),
            cell(both, "equal", (), "both"),
            cell(only_a, f"{a} higher", (), "improvements"),
            plural(both + only_a + only_b, "case"),
        )
    return Markup(
        '<div class="v-block" role="group" aria-label="Cases by who passes"><span></span><span class="head">{a} passes</span><span class="head">{a} fails</span><span></span>'
        '<span class="side">{b} passes</span>{}{}<span class="sum">{:,}</span><span class="side">{b} fails</span>{}{}<span class="sum">{:,}</span>'
        '<span></span><span class="sum below">{:,}</span><span class="sum below">{:,}</span><span class="sum below">{:,}</span></div>'
    ).format(
        cell(both, "both pass", ("check", "check"), "both"),
        cell(only_b, f"only {b}", ("check", "cross"), "regressions"),
        both + only_b,
        cell(only_a, f"only {a}", ("cross", "check"), "improvements"),
        cell(neither, "both fail", ("cross", "cross"), "neither"),
        only_a + neither,
        both + only_a,
        only_b + neither,
        both + only_a + only_b + neither,
        a=a,
        b=b,
    )


# --- what it leans on ---------------------------------------------------------------------------------------


def health_strip(experiment_id: str, found: Verdict, look: Look) -> Markup:
    """Short facts, the failing ones first; Details says what follows from each."""
    facts = join(
        Markup('<span class="fact" title="{}">{}{}</span>').format(
            fact.details, icon(*SIGNS[fact.kind]), fact.words
        )
        for fact in found.health
    )
    return Markup(
        '<section class="v-health {}" aria-label="What the verdict leans on"><span class="facts">{}</span><span class="short">{}</span>{}</section>'
    ).format(
        "" if found.is_trusted else "bad-strip",
        facts,
        summary(found.health),
        button("Details", "verdict_facts", kind="quiet small link", id=experiment_id, look=look.text),
    )


# --- the variants -------------------------------------------------------------------------------------------


def variants_table(shown: Shown) -> Markup:
    """Each variant with its value, and its difference from the baseline as number and picture, on one scale."""
    found = shown.found
    rows = found.rows
    ends = [
        (row.against.found.low, row.against.found.high) for row in rows if row.against and row.against.found
    ]
    axis = Axis.around(ends, within=(-1.0, 1.0), reference=0.0, width=WIDE)
    level = f"{100 * (1 - found.rule.alpha):g} %"
    is_live = found.rule.looking == "any time"
    with_prompt = len({row.entry.prompt for row in rows}) > 1
    with_model = len({row.entry.model for row in rows}) > 1
    adjusted = found.correction if found.correction and not is_live else ""
    title = (
        f"Verdicts after {found.correction}: they allow for {len(found.comparisons)} comparisons"
        if found.correction
        else ""
    )
    heads = [
        Markup('<th class="who"></th><th>Technique</th>'),
        Markup("<th>Prompt</th>") if with_prompt else "",
        Markup("<th>Model</th>") if with_model else "",
        Markup(
            '<th class="num">{}</th><th class="num">Score</th><th class="num">{}</th><th class="num">Against {}</th><th class="pic">{}</th><th class="num">{}</th><th class="num">{}</th>'
        ).format(
            "Passed" if rows[0].passed is not None else "Cases",
            level,
            found.baseline,
            ticks(axis),
            level,
            "Evidence" if is_live else "p",
        ),
        Markup('<th class="num" title="{}">{}</th>').format(
            title, "after Holm" if adjusted == "Holm" else "after BH"
        )
        if adjusted
        else "",
        Markup(
            '<th title="{}">Verdict</th><th class="num">Tokens a case</th><th class="num">Price</th><th class="num" title="{}">Time a case</th>'
        ).format(title, TIME_A_CASE),
    ]
    body = join(_row(shown, row, axis, with_prompt, with_model, bool(adjusted)) for row in rows)
    note = (
        Markup('<p class="hint v-note">{}</p>').format(
            f"{title} ({'Holm gates' if found.rule.gate else 'for browsing'})."
        )
        if title
        else ""
    )
    files = Markup(
        '<a class="btn quiet small" download href="files/experiment/{}/variants.csv{}">{}CSV</a>'
    ).format(shown.id, shown.look.files(), icon("download"))
    return Markup(
        '<section class="v-variants" aria-label="Variants"><div class="scroll-x" tabindex="0" role="group" aria-label="Variants"><table class="table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
        '<div class="v-under">{}<span class="grow"></span>{}</div></section>'
    ).format(join(Markup("{}").format(head) for head in heads), body, note, files)


def what_words(entry: Entry, baseline: str) -> Markup:
    """What a variant is in one line: its technique, prompt and model, and whether the others are compared with it."""
    what = [entry.title or "Zero-shot", entry.prompt, entry.model.partition(":")[2] or entry.model]
    parts = join(
        Markup('<span> · <span translate="no">{}</span></span>').format(each) for each in what[1:] if each
    )
    base = Markup("<span>baseline</span> · ") if entry.name == baseline else Markup("")
    return Markup("{}<span>{}</span>{}").format(base, what[0], parts)


def prompt_of_entry(entry: Entry, entries: Sequence[Entry]) -> str:
    """What its prompt is called beside the others': "version 5" where all are versions of one prompt."""
    named = {each.prompt.rpartition("@")[0] for each in entries}
    version = entry.prompt.rpartition("@")[2]
    return f"version {version}" if len(named) == 1 and named != {""} and version.isdecimal() else entry.prompt


def _row(
    shown: Shown, row: VariantRow, axis: Axis, with_prompt: bool, with_model: bool, is_adjusted: bool
) -> Markup:
    found, rule = shown.found, shown.found.rule
    look = _drawn(row, found)
    pair = row.against.found if row.against else None
    interval = (
        Interval(0.0, 0.0, 0.0)
        if row.is_baseline
        else Interval(pair.difference, pair.low, pair.high)
        if pair
        else None
    )
    entry = row.entry
    what = entry.title or "Zero-shot"
    wins = entry.name == found.winner
    cells = [
        Markup(
            '<td class="who"><span class="variant">{}<b translate="no">{}</b></span></td><td class="what"><span class="one" title="{w}">{w}</span></td>'
        ).format(shape(row.number, "best" if wins else ""), entry.name, w=what),
        Markup('<td><span class="one" title="{}">{}</span></td>').format(
            entry.prompt, prompt_of_entry(entry, found.table.entries)
        )
        if with_prompt
        else "",
        Markup('<td class="mono"><span class="one" title="{m}">{m}</span></td>').format(
            m=entry.model.partition(":")[2] or entry.model
        )
        if with_model
        else "",
        Markup(
            '<td class="num">{}</td><td class="num score"><b>{}</b></td><td class="num soft">{}</td><td class="num against"><b>{}</b></td><td class="pic">{}</td><td class="num soft ends">{}</td><td class="num">{}</td>'
        ).format(
            f"{row.passed:,}" if row.passed is not None else f"{row.cases:,}",
            value_words(row, rule),
            bounds_words(row.estimate),
            "0" if row.is_baseline else difference_words(row.against),
            forest(interval, axis, number=row.number, look=look),
            "" if row.is_baseline else difference_bounds(row.against),
            "" if row.is_baseline else p_cell(row.against, rule),
        ),
        Markup('<td class="num">{}</td>').format("" if row.is_baseline else adjusted_cell(row.against))
        if is_adjusted
        else "",
        Markup(
            '<td class="says">{}</td><td class="num">{}</td><td class="num soft">{}</td><td class="num">{}</td>'
        ).format(
            outcome_badge(row, found),
            count_words(row.tokens),
            ratio_words(row.price),
            second_words(row.seconds),
        ),
    ]
    opens = (
        ""
        if row.is_baseline
        else Markup(
            ' data-act="verdict_look" data-id="{}" data-look="{}" tabindex="0" aria-label="{} against {}"'
        ).format(
            shown.id,
            shown.look.to(pair=(row.number, found.table.number(found.baseline))).text,
            entry.name,
            found.baseline,
        )
    )
    return Markup('<tr class="{}" id="v-variant-{}"{}>{}</tr>').format(
        "wins" if wins else "", row.number, opens, join(Markup("{}").format(cell) for cell in cells)
    )


def _drawn(row: VariantRow, found: Verdict) -> Drawn:
    if row.entry.name == found.winner:
        return "best"
    return "worse" if row.against is not None and row.against.outcome == "worse" else ""


def outcome_badge(row: VariantRow, found: Verdict) -> Markup:
    """The verdict in a word, with a sign that is no colour."""
    words = outcome_words(row, found.rule)
    kind = row.against.outcome if row.against is not None and not row.entry.twin_of else ""
    signs = {
        "better": ("check", "ok"),
        "worse": ("cross", "bad"),
        "same": ("dash", "fact"),
        "no verdict": ("dash", "fact"),
        "too few": ("dash", "fact"),
    }
    if kind not in signs:
        return Markup('<span class="soft">{}</span>').format(words)
    symbol, colour = signs[kind]
    return Markup('<span class="v-badge {}">{}{}</span>').format(colour, icon(symbol), words)
