"""The page of a judge, a look of an experiment's verdict: labels by hand, its criteria, where the two disagree, and the card.

    verdict_look(id="3f…", look="judge=1")                  the disagreements of the working half beside the card
    verdict_look(id="3f…", look="judge=1&step=label")       one answer after the other, blind: neither variant nor judge is named
    verdict_look(id="3f…", look="judge=1&step=criteria")    its criteria, to be changed; each change is a version

Labels come before criteria: they say what people want of an answer, whatever the judge is told by now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.errors import PromptError
from playground.scorers import check_hash, check_name
from playground.stats.sentences import LEAST
from playground.types.grid import CellKey
from playground.types.outcomes import JudgeVersion
from playground.types.prompt import Check
from playground.ui.actions import Action, Ask
from playground.ui.html import button, icon, join, plural
from playground.ui.judge_apart import disagreeing, not_asked, unlabelled
from playground.ui.judge_card import card, shut
from playground.ui.judge_criteria import criteria, criteria_of, of_version
from playground.ui.judge_labelling import NOTE_CHARS, labelling, queue_of
from playground.ui.update import Update
from playground.ui.verdict_look import Look
from playground.verdicts import Aligned
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.ui.verdict import Shown

FIRST_CARD = 2 * LEAST


@dataclass(frozen=True, slots=True)
class Judged:
    """What the page shows: the version that is looked at beside the labels, and the one that scores (`in_use`).

    `each` are all versions beside the labels where the page compares them, else none.
    """

    shown: Shown
    check: Check
    versions: tuple[JudgeVersion, ...]
    version: JudgeVersion
    aligned: Aligned
    in_use: Aligned
    each: tuple[Aligned, ...] = ()

    @property
    def is_in_use(self) -> bool:
        """Whether the version that is looked at is the one that scores."""
        return self.aligned is self.in_use


def judge_of(shown: Shown) -> Check | None:
    """The judge whose page a look asks for; None when there is none of this number."""
    number = shown.look.judge
    checks = shown.kept.checks
    if number is None or number >= len(checks) or checks[number].scorer != "judge" or shown.other is not None:
        return None
    return checks[number]


async def judged_of(workbench: Workbench, shown: Shown, check: Check) -> Judged:
    """What the page of this judge shows of the version that the look names, else of the newest."""
    versions = await workbench.labels.versions(shown.id, check)
    asked = shown.look.version
    version = versions[asked - 1] if asked is not None and asked <= len(versions) else versions[-1]
    wanted = {check_hash(each.check): each.check for each in versions if shown.look.step == "criteria"}
    wanted |= {check_hash(each): each for each in (version.check, check)}
    read = await workbench.labels.alignments(shown.id, check, list(wanted.values()))
    found = dict(zip(wanted, read, strict=True))
    of_versions = tuple(found[mark] for each in versions if (mark := check_hash(each.check)) in found)
    in_use, aligned = found[check_hash(check)], found[check_hash(version.check)]
    each = of_versions if len(of_versions) == len(versions) else ()
    return Judged(shown, check, versions, version, aligned, in_use, each)


async def judge_page(workbench: Workbench, shown: Shown, check: Check, *, added: str | None = None) -> Markup:
    """The whole page, in the place of the verdict; `added` is a note that a new criterion begins with."""
    judged = await judged_of(workbench, shown, check)
    aligned, version = judged.aligned, judged.version
    queue = queue_of(shown, judged.in_use)
    step = shown.look.step
    if step == "label":
        left = await labelling(workbench, shown, check, judged.in_use, queue)
    elif step == "criteria":
        beside = list(zip(judged.versions, judged.each, strict=True))
        left = await criteria(workbench, shown, check, version, beside, added=added)
    elif not judged.in_use.labels:
        left = unlabelled(shown, _to_labelling(shown, "Label answers"), FIRST_CARD)
    elif not aligned.working and not aligned.held_out and judged.in_use.working:
        left = not_asked(shown, version, len(judged.in_use.working))
    else:
        left = await disagreeing(workbench, shown, check, version, aligned)
    if step == "label":
        right = shut(shown, judged.in_use)
    else:
        asking = workbench.labels.asking(shown.id, version.check)
        held = sum(at in aligned.held_places for at in aligned.labels)
        right = card(
            shown,
            aligned,
            await workbench.labels.reversed_marks(shown.id, version.check),
            asking if judged.is_in_use else None,
            words=await workbench.labels.words(shown.id, check),
            price=await workbench.labels.price(shown.id, version.check),
            number=version.number if len(judged.versions) > 1 else 0,
            above=of_version(shown, check, version, aligned, asking, held),
            is_scoring=judged.is_in_use,
        )
    return Markup(
        '<div class="verdict va" id="verdict" data-id="{}" data-look="{}">{}{}<div class="va-two">{}{}</div></div>'
    ).format(shown.id, shown.look.text, _bar(judged, bool(queue.places)), _steps(judged), left, right)


def _bar(judged: Judged, has_more: bool) -> Markup:
    shown, check = judged.shown, judged.check
    back = Look(pair=shown.look.pair)
    model = check.options.get("model") or "the model that answered"
    if shown.look.step == "label":
        main = button("See the card", "verdict_look", id=shown.id, look=shown.look.to(step="", row=None).text)
    elif has_more and judged.in_use.labels:
        main = _to_labelling(shown, "Label more")
    elif has_more:
        main = Markup("")  # the page offers it where it says what labels are for
    else:
        main = Markup('<span class="hint">Every answer of the pair is labelled.</span>')
    edit = (
        button(
            "Edit criteria",
            "verdict_look",
            symbol="pencil",
            kind="quiet fold",
            id=shown.id,
            look=shown.look.to(step="criteria", row=None).text,
        )
        if shown.look.step != "criteria" and judged.in_use.labels
        else ""
    )
    export = (
        Markup(
            '<a class="btn quiet fold" download href="files/experiment/{}/judge.md?{}">Export card</a>'
        ).format(shown.id, shown.look.text)
        if judged.in_use.labels and shown.look.step != "label"
        else ""
    )
    many = len(criteria_of(judged.version.check))
    facts = f"version {judged.version.number}, {plural(many, 'criterion', 'criteria')}"
    return Markup(
        '<div class="va-bar">{}<span class="crumb" aria-hidden="true">{}</span><h2 class="one" title="{n}" translate="no">{n}</h2><span class="v-badge">judge</span>'
        '<span class="hint">{}</span><span class="mono hint one" translate="no">{}</span><span class="grow"></span>{}{}{}</div>'
    ).format(
        button("Verdict", "verdict_look", kind="quiet crumbs", id=shown.id, look=back.text),
        icon("right"),
        facts,
        model,
        edit,
        export,
        main,
        n=(criteria_of(judged.version.check) or [check_name(check)])[0],
    )


def _to_labelling(shown: Shown, words: str) -> Markup:
    look = shown.look.to(step="label", row=None).text
    return button(words, "verdict_look", symbol="plus", kind="primary", id=shown.id, look=look)


def _steps(judged: Judged) -> Markup:
    shown, aligned, in_use = judged.shown, judged.aligned, judged.in_use
    apart, working, held = len(aligned.disagreements), len(aligned.working), len(aligned.held_out)
    begun = f", with version 1 it was {len(in_use.disagreements):,}" if judged.version.number > 1 else ""
    steps = (
        (
            "label",
            "Label blind",
            f"{len(in_use.labels):,} of {plural(len(in_use.judge), 'answer')} labelled",
            len(in_use.held_out) >= LEAST,
        ),
        (
            "criteria",
            "Criteria",
            f"{len(criteria_of(judged.version.check)):,}, version {judged.version.number} of {len(judged.versions)}",
            len(judged.versions) > 1,
        ),
        ("", "Disagreements", f"{apart:,} of the working {working:,}{begun}", False),
    )
    drawn = join(
        Markup(
            '<li class="{}"><button data-act="verdict_look" data-id="{}" data-look="{}"{}><b>{}{}</b><span class="hint">{}</span></button></li>'
        ).format(
            "on" if shown.look.step == step else "",
            shown.id,
            shown.look.to(step=step, row=None, lets="").text,
            Markup(' aria-current="step"') if shown.look.step == step else "",
            icon("check", "ok") if is_done else Markup('<i class="nr">{}</i>').format(number),
            name,
            fact,
        )
        for number, (step, name, fact, is_done) in enumerate(steps, 1)
    )
    last = Markup('<li><span class="step"><b>{}Card</b><span class="hint">{}</span></span></li>').format(
        icon("check", "ok") if held >= LEAST else Markup('<i class="nr">4</i>'),
        f"held-out half, {plural(held, 'label')}",
    )
    return Markup('<ol class="va-steps" aria-label="Steps">{}{}</ol>').format(drawn, last)


# --- what is done -------------------------------------------------------------------------------------------


async def _asked(workbench: Workbench, ask: Ask) -> tuple[Shown, Check]:
    """The look of the page that asks, and its judge. Raises PromptError when it is gone."""
    from playground.ui.verdict import look_at

    shown = await look_at(workbench, ask.text("id"), Look.read(ask.text("look")))
    if (check := judge_of(shown)) is None:
        raise PromptError("This judge is gone.", "Open the experiment again.")
    return shown, check


async def _number(workbench: Workbench, shown: Shown, check: Check) -> int:
    return (await judged_of(workbench, shown, check)).version.number


async def label_answer(workbench: Workbench, ask: Ask) -> Update:
    """Store what a person says of an answer, and show the next one, or the same disagreements."""
    shown, check = await _asked(workbench, ask)
    key = CellKey(ask.integer("case"), ask.integer("variant"), 0)
    passes = {"yes": True, "no": False}.get(ask.text("passes"))
    note = str(ask.fields.get("note") or ask.text("note")).strip()[:NOTE_CHARS]
    await workbench.labels.put(
        shown.id,
        check,
        key,
        passes,
        note,
        ask.text("author").strip()[:200],
        is_again=ask.text("again") == "yes",
    )
    return await _page(workbench, ask, shown.look.to(row=None))


async def judge_improve(workbench: Workbench, ask: Ask) -> Update:
    """A further version of the judge, with the criteria that were written; it is asked at once."""
    shown, check = await _asked(workbench, ask)
    number = await workbench.labels.improve(shown.id, check, str(ask.fields.get("criterion", "")))
    return await _page(workbench, ask, shown.look.to(step="", row=None, version=number))


async def judge_criterion_from(workbench: Workbench, ask: Ask) -> Update:
    """The criteria with a further line, which begins with the note on an answer."""
    shown, check = await _asked(workbench, ask)
    page = await judge_page(workbench, shown, check, added=ask.text("note"))
    return {"html": {"exp-verdict": page}}


async def judge_ask(workbench: Workbench, ask: Ask) -> Update:
    """Ask a version about the labelled answers of one half."""
    shown, check = await _asked(workbench, ask)
    half = "held-out" if ask.text("half") == "held-out" else "working"
    await workbench.labels.ask(shown.id, check, await _number(workbench, shown, check), half)
    return await judge_now(workbench, ask)


async def judge_use(workbench: Workbench, ask: Ask) -> Update:
    """Judge every answer by a version, and score by it."""
    shown, check = await _asked(workbench, ask)
    await workbench.labels.use(shown.id, check, await _number(workbench, shown, check))
    return await judge_now(workbench, ask)


async def judge_in_reverse(workbench: Workbench, ask: Ask) -> Update:
    """Ask the judge again with its two words in reverse, in the background."""
    shown, check = await _asked(workbench, ask)
    await workbench.labels.ask_in_reverse(shown.id, check, await _number(workbench, shown, check))
    return await judge_now(workbench, ask)


async def judge_now(workbench: Workbench, ask: Ask) -> Update:
    """The page as it stands, for a page that still shows it."""
    return {**await _page(workbench, ask, Look.read(ask.text("look"))), "only_at": ask.text("id")}


async def _page(workbench: Workbench, ask: Ask, look: Look) -> Update:
    from playground.ui.verdict import verdict_view

    now = Ask.model_validate({**ask.model_dump(), "look": look.text, "fields": {}})
    return {"html": {"exp-verdict": await verdict_view(workbench, ask.text("id"), now)}}


ACTIONS: dict[str, Action] = {
    "label_answer": label_answer,
    "judge_improve": judge_improve,
    "judge_criterion_from": judge_criterion_from,
    "judge_ask": judge_ask,
    "judge_use": judge_use,
    "judge_in_reverse": judge_in_reverse,
    "judge_now": judge_now,
}
