"""The page of a judge, a look of an experiment's verdict: labels by hand, where the two disagree, and the card.

    verdict_look(id="3f…", look="judge=1")              the disagreements of the working half beside the card
    verdict_look(id="3f…", look="judge=1&step=label")   one answer after the other, blind: neither variant nor judge is named

Labels come before criteria: the criterion is the check's own; another one is another check, with labels of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.errors import PromptError
from playground.scorers import check_name
from playground.stats.sentences import LEAST
from playground.types.grid import CellKey
from playground.types.prompt import Check
from playground.ui.actions import Action, Ask
from playground.ui.html import button, icon, join, plural
from playground.ui.judge_card import card, shut
from playground.ui.update import Update
from playground.ui.verdict_look import Look
from playground.verdicts import Aligned, labelling_order
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.ui.verdict import Shown
    from playground.verdicts import Place

MOST_LISTED = 100
FIRST_CARD = 2 * LEAST
NOTE_CHARS = 500


def judge_of(shown: Shown) -> Check | None:
    """The judge whose page a look asks for; None when there is none of this number."""
    number = shown.look.judge
    checks = shown.kept.checks
    if number is None or number >= len(checks) or checks[number].scorer != "judge" or shown.other is not None:
        return None
    return checks[number]


async def judge_page(workbench: Workbench, shown: Shown, check: Check) -> Markup:
    """The whole page, in the place of the verdict."""
    aligned = await workbench.labels.alignment(shown.id, check)
    turned = await workbench.labels.reversed_marks(shown.id, check)
    asking = workbench.labels.asking(shown.id, check)
    queue = queue_of(shown, aligned)
    left = (
        await _labelling(workbench, shown, check, aligned, queue)
        if shown.look.step == "label"
        else await _disagreeing(workbench, shown, check, aligned)
    )
    return Markup(
        '<div class="verdict va" id="verdict" data-id="{}" data-look="{}">{}{}<div class="va-two">{}{}</div></div>'
    ).format(
        shown.id,
        shown.look.text,
        _bar(shown, check, aligned, queue),
        _steps(shown, aligned),
        left,
        shut(shown, aligned) if shown.look.step == "label" else card(shown, aligned, turned, asking),
    )


def queue_of(shown: Shown, aligned: Aligned) -> list[Place]:
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
    return [at for at in places if at in aligned.judge and at not in aligned.labels]


def _bar(shown: Shown, check: Check, aligned: Aligned, queue: list[Place]) -> Markup:
    back = Look(pair=shown.look.pair)
    model = check.options.get("model") or "the model that answered"
    if shown.look.step == "label":
        main = button("See the card", "verdict_look", id=shown.id, look=shown.look.to(step="", row=None).text)
    elif queue and aligned.labels:
        main = _to_labelling(shown, "Label more")
    elif queue:
        main = Markup("")  # the page offers it where it says what labels are for
    else:
        main = Markup('<span class="hint">Every answer of the pair is labelled.</span>')
    return Markup(
        '<div class="va-bar">{}<span class="crumb" aria-hidden="true">{}</span><h2 class="one" title="{n}" translate="no">{n}</h2><span class="v-badge">judge</span>'
        '<span class="mono hint one" translate="no">{}</span><span class="grow"></span>{}</div>'
    ).format(
        button("Verdict", "verdict_look", kind="quiet crumbs", id=shown.id, look=back.text),
        icon("right"),
        model,
        main,
        n=check.options.get("criterion") or check_name(check),
    )


def _to_labelling(shown: Shown, words: str) -> Markup:
    look = shown.look.to(step="label", row=None).text
    return button(words, "verdict_look", symbol="plus", kind="primary", id=shown.id, look=look)


def _steps(shown: Shown, aligned: Aligned) -> Markup:
    is_labelling = shown.look.step == "label"
    apart, working, held = len(aligned.disagreements), len(aligned.working), len(aligned.held_out)
    steps = (
        (
            "Label blind",
            f"{len(aligned.labels):,} of {plural(len(aligned.judge), 'answer')} labelled",
            shown.look.to(step="label", row=None, lets=""),
            is_labelling,
            held >= LEAST,
        ),
        (
            "Disagreements",
            f"{apart:,} of the working {working:,}",
            shown.look.to(step="", row=None),
            not is_labelling,
            False,
        ),
    )
    drawn = join(
        Markup(
            '<li class="{}"><button data-act="verdict_look" data-id="{}" data-look="{}"{}><b>{}{}</b><span class="hint">{}</span></button></li>'
        ).format(
            "on" if is_on else "",
            shown.id,
            look.text,
            Markup(' aria-current="step"') if is_on else "",
            icon("check", "ok") if is_done else Markup('<i class="nr">{}</i>').format(number),
            name,
            fact,
        )
        for number, (name, fact, look, is_on, is_done) in enumerate(steps, 1)
    )
    last = Markup('<li><span class="step"><b>{}Card</b><span class="hint">{}</span></span></li>').format(
        icon("check", "ok") if held >= LEAST else Markup('<i class="nr">3</i>'),
        f"held-out half, {plural(held, 'label')}",
    )
    return Markup('<ol class="va-steps" aria-label="Steps">{}{}</ol>').format(drawn, last)


# --- labelling ----------------------------------------------------------------------------------------------


async def _labelling(
    workbench: Workbench, shown: Shown, check: Check, aligned: Aligned, queue: list[Place]
) -> Markup:
    if not queue:
        return Markup(
            '<section class="va-left" aria-label="Labels"><p class="empty">{}</p></section>'
        ).format("Every answer of the pair is labelled. Another pair has others.")
    at = shown.look.row if shown.look.row in queue else queue[0]
    assert at is not None
    after = queue[(queue.index(at) + 1) % len(queue)]
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
            '<button class="btn" data-act="label_answer" data-id="{}" data-look="{}" data-variant="{}" data-case="{}" data-passes="{}" data-hot="{}">{}{}<kbd>{}</kbd></button>'
        ).format(
            shown.id,
            shown.look.text,
            variant,
            case,
            passes,
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
        skip,
        NOTE_CHARS,
        "Blind: neither the variant nor what the judge said is shown. Half of the cases are held out; only they make the card.",
    )


async def label_answer(workbench: Workbench, ask: Ask) -> Update:
    """Store what a person says of an answer, and show the next one, or the same disagreements."""
    from playground.ui.verdict import look_at, verdict_view

    shown = await look_at(workbench, ask.text("id"), Look.read(ask.text("look")), with_more=False)
    check = judge_of(shown)
    if check is None:
        raise PromptError("This judge is gone.", "Open the experiment again.")
    key = CellKey(ask.integer("case"), ask.integer("variant"), 0)
    passes = {"yes": True, "no": False}.get(ask.text("passes"))
    note = str(ask.fields.get("note") or ask.text("note")).strip()[:NOTE_CHARS]
    await workbench.labels.put(shown.id, check, key, passes, note, ask.text("author").strip()[:200])
    look = shown.look.to(row=None)
    then = Ask.model_validate({**ask.model_dump(), "look": look.text, "fields": {}})
    return {"html": {"exp-verdict": await verdict_view(workbench, shown.id, then)}}


# --- disagreements ------------------------------------------------------------------------------------------


async def _disagreeing(workbench: Workbench, shown: Shown, check: Check, aligned: Aligned) -> Markup:
    apart = aligned.disagreements
    through = [at for at in apart if aligned.judge[at]]
    rejects = [at for at in apart if not aligned.judge[at]]
    listed = {"through": through, "rejects": rejects}.get(shown.look.lets, list(apart))[:MOST_LISTED]
    if not aligned.labels:
        return _unlabelled(shown, check)
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
    head = Markup(
        '<div class="v-filters"><h3>{}</h3><span class="hint">{}</span><span class="grow"></span><span class="seg" role="group" aria-label="Disagreements">{}</span></div>'
    ).format(
        plural(len(apart), "disagreement"),
        f"of {plural(len(aligned.working), 'label')} of the working half",
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
            _row(shown, aligned, place, begins.get(CellKey(place[1], place[0], 0), ""), place == at)
            for place in listed
        )
        table = Markup(
            '<div class="scroll-x" tabindex="0" role="group" aria-label="Answers"><table class="table va-apart"><thead><tr><th class="num nr">Case</th><th class="mark"></th>'
            '<th>Answer</th><th class="says">You</th><th class="says">Judge</th></tr></thead><tbody>{}</tbody></table></div>'
        ).format(rows)
        body = Markup("{}{}").format(table, await _chosen(workbench, shown, check, aligned, at))
    return Markup('<section class="va-left" aria-label="Disagreements">{}{}</section>').format(head, body)


def _unlabelled(shown: Shown, check: Check) -> Markup:
    return Markup(
        '<section class="va-left" aria-label="Disagreements"><div class="va-part"><h2><b>What is this judge worth?</b></h2><p>{}</p><p>{}</p><div class="row">{}</div></div></section>'
    ).format(
        "A model passed and failed answers by one sentence. Say of some of them what you would have said: then the card shows how "
        "often the two agree, what the judge lets through, and every score of its as your labels correct it.",
        f"The first card comes after about {FIRST_CARD} labels; half of them are held out for it.",
        _to_labelling(shown, "Label answers"),
    )


def _says(passes: bool) -> Markup:
    return (
        Markup('<span class="ok">{} pass</span>').format(icon("check", "ok"))
        if passes
        else Markup('<span class="bad">{} fail</span>').format(icon("cross", "bad"))
    )


def _row(shown: Shown, aligned: Aligned, place: Place, begins: str, is_at: bool) -> Markup:
    variant, case = place
    return Markup(
        '<tr class="case{}" id="va-{}-{}" tabindex="0" data-act="verdict_look" data-id="{}" data-look="{}"{}><td class="num soft">{}</td><td class="mark" translate="no">{}</td>'
        '<td class="mono"><span class="one">{}</span></td><td class="says">{}</td><td class="says">{}</td></tr>'
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
    )


async def _chosen(workbench: Workbench, shown: Shown, check: Check, aligned: Aligned, place: Place) -> Markup:
    """The answer that is looked at, with the note and the judge's reason; and the way to say that one was wrong."""
    variant, case = place
    cell = await workbench.history.cell(shown.id, CellKey(case, variant, 0))
    labels = {each.key: each for each in await workbench.labels.of(shown.id, check)}
    mine = labels.get(CellKey(case, variant, 0))
    reason = next((score.explanation for score in cell.scores if score.name == check_name(check)), "")
    done = cell.completion
    lines = (
        ("Criterion", check.options.get("criterion", ""), ""),
        (f"Answer {case + 1}", (done.text if done else "") or "No answer.", "mono"),
        ("Your note", (mine.note if mine else "") or "–", ""),
        ("Its reason", reason or "–", "mono"),
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
        mine.note if mine else "",
        said,
    )
    return Markup(
        '<div class="va-chosen"><dl class="facts">{}</dl><div class="va-say">{}</div></div>'
    ).format(told, wrong)


async def judge_in_reverse(workbench: Workbench, ask: Ask) -> Update:
    """Ask the judge again with its two words in reverse, in the background."""
    from playground.ui.verdict import look_at

    shown = await look_at(workbench, ask.text("id"), Look.read(ask.text("look")), with_more=False)
    if (check := judge_of(shown)) is not None:
        await workbench.labels.ask_in_reverse(shown.id, check)
    return await judge_now(workbench, ask)


async def judge_now(workbench: Workbench, ask: Ask) -> Update:
    """The page as it stands, for a page that still shows it."""
    from playground.ui.verdict import verdict_view

    return {
        "only_at": ask.text("id"),
        "html": {"exp-verdict": await verdict_view(workbench, ask.text("id"), ask)},
    }


ACTIONS: dict[str, Action] = {
    "label_answer": label_answer,
    "judge_in_reverse": judge_in_reverse,
    "judge_now": judge_now,
}
