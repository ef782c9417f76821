"""Where a judge and people disagree, on its page: the answers of the working half, the farthest apart first, and the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.types.grid import CellKey
from playground.types.outcomes import JudgeVersion
from playground.types.prompt import Check
from playground.ui.html import button, icon, join, plural, seconds
from playground.verdicts import Aligned
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.ui.verdict import Shown
    from playground.verdicts import Place

MOST_LISTED = 100


async def disagreeing(
    workbench: Workbench, shown: Shown, check: Check, version: JudgeVersion, aligned: Aligned
) -> Markup:
    """The left half of the page: the list, and the answer that is looked at."""
    apart = aligned.disagreements
    through = [at for at in apart if aligned.judge[at]]
    rejects = [at for at in apart if not aligned.judge[at]]
    listed = {"through": through, "rejects": rejects}.get(shown.look.lets, list(apart))[:MOST_LISTED]
    chips = join(
        Markup(
            '<button data-act="verdict_look" data-id="{}" data-look="{}" aria-pressed="{}">{} <span class="num">{:,}</span></button>'
        ).format(
            shown.id,
            shown.look.to(lets=which, row=None).text,
            str(shown.look.lets == which).lower(),
            words,
            count,
        )
        for which, words, count in (
            ("", "All", len(apart)),
            ("through", "Lets through", len(through)),
            ("rejects", "Rejects", len(rejects)),
        )
    )
    with_value = any(at in aligned.sure for at in listed)
    order = "; the farthest apart first" if with_value else ""
    head = Markup(
        '<div class="v-filters"><h3>{}</h3><span class="hint">{}</span><span class="grow"></span><span class="seg" role="group" aria-label="Disagreements">{}</span></div>'
    ).format(
        plural(len(apart), "disagreement"),
        f"of {plural(len(aligned.working), 'label')} of the working half{order}",
        chips,
    )
    if not listed:
        body = Markup('<p class="empty">{}</p>').format(
            "Judge and people agree on these."
            if aligned.working
            else "The labels so far are all held out: they make the card, and are not looked at one by one."
        )
    else:
        at = shown.look.row if shown.look.row in listed else listed[0]
        begins = await workbench.history.begins(shown.id, [CellKey(case, v, 0) for v, case in listed])
        rows = join(
            _row(
                shown, aligned, place, begins.get(CellKey(place[1], place[0], 0), ""), place == at, with_value
            )
            for place in listed
        )
        value_heads = (
            Markup('<th class="sure">its value for pass</th><th class="num far">Apart</th>')
            if with_value
            else ""
        )
        table = Markup(
            '<div class="scroll-x" tabindex="0" role="group" aria-label="Answers"><table class="table va-apart"><thead><tr><th class="num nr">Case</th><th class="mark"></th>'
            '<th>Answer</th><th class="says">You</th><th class="says">Judge</th>{}</tr></thead><tbody>{}</tbody></table></div>'
        ).format(value_heads, rows)
        after = listed[(listed.index(at) + 1) % len(listed)]
        body = Markup("{}{}").format(
            table, await _chosen(workbench, shown, check, version, aligned, at, after)
        )
    return Markup('<section class="va-left" aria-label="Disagreements">{}{}</section>').format(head, body)


def _says(passes: bool) -> Markup:
    return (
        Markup('<span class="ok">{} pass</span>').format(icon("check", "ok"))
        if passes
        else Markup('<span class="bad">{} fail</span>').format(icon("cross", "bad"))
    )


def _row(shown: Shown, aligned: Aligned, place: Place, begins: str, is_at: bool, with_value: bool) -> Markup:
    variant, case = place
    return Markup(
        '<tr class="case{}" id="va-{}-{}" tabindex="0" data-act="verdict_look" data-id="{}" data-look="{}"{}><td class="num soft">{}</td><td class="mark" translate="no">{}</td>'
        '<td class="mono"><span class="one">{}</span></td><td class="says"><i class="hint by">you</i>{}</td><td class="says"><i class="hint by">judge</i>{}</td>{}</tr>'
    ).format(
        " at" if is_at else "",
        variant,
        case,
        shown.id,
        shown.look.to(row=place).text,
        Markup(' aria-current="true"') if is_at else "",
        case + 1,
        shown.found.table.entries[variant].name,
        " ".join(begins.split()),
        _says(aligned.labels[place]),
        _says(aligned.judge[place]),
        _value(aligned, place) if with_value else "",
    )


def _value(aligned: Aligned, place: Place) -> Markup:
    """The judge's value for pass as a bar with a stroke at a half, and how far it is from the label."""
    sure, apart = aligned.sure.get(place), aligned.distance(place)
    if sure is None or apart is None:
        return Markup('<td class="sure soft">–</td><td class="num far">–</td>')
    bar = Markup(
        '<svg class="va-bar-of" width="72" height="12" viewBox="0 0 72 12" aria-hidden="true"><rect class="empty" y="4" width="72" height="4" rx="2"/>'
        '<rect class="full" y="4" width="{:.1f}" height="4" rx="2"/><path class="half" d="M36 0v12"/></svg>'
    ).format(72 * sure)
    return Markup(
        '<td class="sure"><span>{}<b class="num">{:.2f}</b></span></td><td class="num far"><b>{:.2f}</b></td>'
    ).format(bar, sure, apart)


async def _chosen(
    workbench: Workbench,
    shown: Shown,
    check: Check,
    version: JudgeVersion,
    aligned: Aligned,
    place: Place,
    after: Place,
) -> Markup:
    """The answer that is looked at, with the note and the judge's reason; and what may be done about it."""
    variant, case = place
    cell = await workbench.history.cell(shown.id, CellKey(case, variant, 0))
    labels = {each.key: each for each in await workbench.labels.of(shown.id, check)}
    mine = labels.get(CellKey(case, variant, 0))
    note = mine.note if mine else ""
    done = cell.completion
    lines = (
        ("Criterion", version.check.options.get("criterion", ""), ""),
        (f"Answer {case + 1}", (done.text if done else "") or "No answer.", "mono"),
        ("Your note", note or "–", ""),
        ("Its reason", aligned.reasons.get(place) or "–", "mono"),
    )
    told = join(
        Markup('<dt>{}</dt><dd class="{}" translate="no">{}</dd>').format(name, kind, text)
        for name, text, kind in lines
    )
    said = "I was wrong: it fails" if aligned.labels[place] else "I was wrong: it passes"
    wrong = Markup(
        '<button class="btn" data-act="label_answer" data-id="{}" data-look="{}" data-variant="{}" data-case="{}" data-passes="{}" data-note="{}" data-hot="l">{}<kbd>L</kbd></button>'
    ).format(
        shown.id,
        shown.look.text,
        variant,
        case,
        "no" if aligned.labels[place] else "yes",
        note,
        said,
    )
    add = Markup(
        '<button class="btn" data-act="judge_criterion_from" data-id="{}" data-look="{}" data-note="{}" data-hot="c">{}Add a criterion from this<kbd>C</kbd></button>'
    ).format(shown.id, shown.look.to(step="criteria", row=place).text, note, icon("plus"))
    leave = Markup(
        '<button class="btn quiet" data-act="verdict_look" data-id="{}" data-look="{}" data-hot=" ">Leave it<kbd>Space</kbd></button>'
    ).format(shown.id, shown.look.to(row=after).text)
    return Markup(
        '<div class="va-chosen"><dl class="facts">{}</dl><div class="va-say">{}{}{}<span class="grow"></span><span class="hint">{}</span></div></div>'
    ).format(told, add, wrong, leave, await change_words(workbench, shown, version, aligned))


async def change_words(workbench: Workbench, shown: Shown, version: JudgeVersion, aligned: Aligned) -> str:
    """Such as "a change costs 80 calls, 36 s"; without the time where none was measured."""
    calls = len(aligned.working)
    _, each_s = await workbench.labels.price(shown.id, version.check)
    took = f", about {seconds(calls * each_s)}" if each_s else ""
    return f"a change costs {plural(calls, 'call')}{took}"


def unlabelled(shown: Shown, to_labelling: Markup, first_card: int) -> Markup:
    """In the place of the list before anybody has labelled."""
    return Markup(
        '<section class="va-left" aria-label="Disagreements"><div class="va-part"><h2><b>What is this judge worth?</b></h2><p>{}</p><p>{}</p><div class="row">{}</div></div></section>'
    ).format(
        "A model passed and failed answers by one sentence. Say of some of them what you would have said: then the card shows how "
        "often the two agree, what the judge lets through, and every score of its as your labels correct it.",
        f"The first card comes after about {plural(first_card, 'label')}; half of them are held out for it.",
        to_labelling,
    )


def not_asked(shown: Shown, version: JudgeVersion, working: int) -> Markup:
    """In the place of the list for a version that was asked about no label of the working half."""
    return Markup(
        '<section class="va-left" aria-label="Disagreements"><div class="va-part"><p>{}</p><div class="row">{}</div></div></section>'
    ).format(
        f"Version {version.number} was asked about none of the labelled answers.",
        button(
            f"Ask it about {plural(working, 'labelled answer')}",
            "judge_ask",
            kind="small",
            id=shown.id,
            look=shown.look.text,
            half="working",
        ),
    )
