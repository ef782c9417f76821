"""The criteria of a judge, edited in place on its page: each change is a version, measured by the same labels.

A version is tuned on the working half and reported on the other, which is opened once for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.scorers import check_hash
from playground.stats.sentences import LEAST, coefficient
from playground.types.outcomes import JudgeVersion
from playground.types.prompt import Check
from playground.ui.html import button, icon, join, plural
from playground.ui.judge_apart import change_words
from playground.verdicts import Aligned
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.ui.verdict import Shown

MOST_CHARS = 4000


def criteria_of(check: Check) -> list[str]:
    """Its criteria, one a line."""
    return [line for line in str(check.options.get("criterion", "")).splitlines() if line.strip()]


async def criteria(
    workbench: Workbench,
    shown: Shown,
    check: Check,
    version: JudgeVersion,
    beside: Sequence[tuple[JudgeVersion, Aligned]],
    *,
    added: str | None = None,
) -> Markup:
    """The left half of the page: the text of the version, to be changed, and all versions, each `beside` the labels.

    `added` is a note that a further line begins with.
    """
    text = str(version.check.options.get("criterion", ""))
    if added is not None:
        text = f"{text.rstrip()}\n{added}"
    rows = [_version(shown, check, each, version, aligned) for each, aligned in beside]
    aligned = next(aligned for each, aligned in beside if each.number == version.number)
    return Markup(
        '<section class="va-left va-criteria" aria-label="Criteria" data-form><div class="v-filters"><h3>Criteria</h3><span class="hint">{}</span></div>'
        '<div class="va-part"><textarea class="field" name="criterion" rows="6" maxlength="{}" aria-label="Criteria, one a line"{}>{}</textarea>'
        '<div class="va-say">{}<span class="hint">{}</span></div><p class="hint">{}</p></div>{}</section>'
    ).format(
        "one a line; an answer passes when it meets all of them",
        MOST_CHARS,
        Markup(" data-added") if added is not None else "",
        text,
        Markup(
            '<button class="btn" data-act="judge_improve" data-id="{}" data-look="{}">{}Save as version {}</button>'
        ).format(shown.id, shown.look.text, icon("check"), len(beside) + 1),
        await change_words(workbench, shown, version, aligned),
        "Saving asks the judge about the labelled answers of the working half. Your labels stay; what they said of the version "
        "before stays with that one.",
        Markup(
            '<div class="scroll-x" tabindex="0" role="group" aria-label="Versions"><table class="table va-versions"><thead><tr><th>Version</th><th class="num">Criteria</th>'
            '<th class="num">Disagreements</th><th class="num">Kappa, held out</th><th></th></tr></thead><tbody>{}</tbody></table></div>'
        ).format(join(rows)),
    )


def _version(shown: Shown, check: Check, each: JudgeVersion, at: JudgeVersion, aligned: Aligned) -> Markup:
    kappa = aligned.agreement.kappa if aligned.agreement is not None else None
    scores = (
        Markup('<span class="v-badge ok">{}scores</span>').format(icon("check"))
        if check_hash(each.check) == check_hash(check)
        else ""
    )
    return Markup(
        '<tr class="{}" data-act="verdict_look" data-id="{}" data-look="{}" tabindex="0"><td><b>{}</b> <span class="hint one" translate="no">{}</span></td><td class="num">{:,}</td>'
        '<td class="num">{}</td><td class="num">{}</td><td>{}</td></tr>'
    ).format(
        "at" if each.number == at.number else "",
        shown.id,
        shown.look.to(version=each.number, row=None).text,
        f"version {each.number}",
        (criteria_of(each.check) or [""])[-1],
        len(criteria_of(each.check)),
        f"{len(aligned.disagreements):,} of {len(aligned.working):,}" if aligned.working else "–",
        coefficient(kappa.value) if kappa is not None else "–",
        scores,
    )


def looking_again(shown: Shown) -> Markup:
    """What makes the page look again while something is asked; not under the hands of who writes criteria."""
    if shown.look.step == "criteria":
        return Markup("")
    return Markup('<span data-poll="judge_now" data-id="{}" data-look="{}" data-every="1000"></span>').format(
        shown.id, shown.look.text
    )


def of_version(
    shown: Shown,
    check: Check,
    version: JudgeVersion,
    aligned: Aligned,
    asking: tuple[int, int] | None,
    labels: int,
) -> Markup:
    """Above the card of a version that does not score: to open the held-out half for it, then to score by it."""
    if check_hash(version.check) == check_hash(check):
        return Markup("")
    if asking is not None:
        done, of = asking
        return Markup('<p class="hint below">{}{}</p>').format(
            f"Version {version.number} is asked: {done:,} of {plural(of, 'answer')}.", looking_again(shown)
        )
    if not aligned.held_out and labels:
        return Markup(
            '<div class="va-part"><p>{}</p><div class="va-say">{}<span class="hint">{}</span></div></div>'
        ).format(
            f"Version {version.number} has not seen the held-out half. Open it when you are done with the criteria: "
            "each look at it makes it less of a test.",
            button(
                f"Make the card of version {version.number}",
                "judge_ask",
                kind="small",
                id=shown.id,
                look=shown.look.text,
                half="held-out",
            ),
            plural(labels, "call"),
        )
    if len(aligned.held_out) < LEAST:
        return Markup("")
    answers = int((shown.found.table.status == "done").sum())
    return Markup('<div class="va-part va-say">{}<span class="hint">{}</span></div>').format(
        button(
            f"Score by version {version.number}",
            "judge_use",
            kind="small",
            id=shown.id,
            look=shown.look.text,
        ),
        f"Judges {plural(answers, 'answer')} by it, all there are; a further attempt on the question.",
    )
