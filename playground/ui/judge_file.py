"""The card of a judge as a file, to go with whatever it scored.

await card_file(workbench, shown)   →  "# Keeps to the policy, then its version, counts and readings"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.errors import NotFoundError
from playground.plurals import plural
from playground.stats import Estimate, rate
from playground.stats.sentences import LEAST, coefficient, points
from playground.ui.judge_card import flips
from playground.ui.judge_criteria import criteria_of
from playground.ui.judge_page import judge_of, judged_of
from playground.verdicts import markdown_table
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.ui.verdict import Shown


async def card_file(workbench: Workbench, shown: Shown) -> str:
    """Markdown: its criteria, the counts of the held-out half, the readings, every score twice. Raises NotFoundError."""
    check = judge_of(shown)
    if check is None:
        raise NotFoundError("This look is no judge's page.", "Open the judge's page and export from there.")
    judged = await judged_of(workbench, shown, check)
    aligned, version = judged.aligned, judged.version
    agreement = aligned.agreement
    criteria = criteria_of(version.check)
    model = check.options.get("model") or "the model that answered"
    held = plural(len(aligned.held_out), "label")
    lines = [
        f"# {criteria[0] if criteria else 'A judge'}",
        f"Version {version.number}, {plural(len(criteria), 'criterion', 'criteria')}, judged by {model}. Experiment: {shown.kept.row.name}.",
        *(f"- {each}" for each in criteria),
    ]
    if agreement is None:
        return "\n\n".join([*lines, f"No card yet: {held} held out, {LEAST} are the least."]) + "\n"
    both, rejected, through, neither = aligned.counts
    kappa = agreement.kappa
    found = (
        f"Kappa {coefficient(kappa.value)} (95 %: {coefficient(kappa.low)} to {coefficient(kappa.high)})"
        if kappa is not None
        else "Kappa is not defined: one of the two gave only one mark"
    )
    slope = aligned.length_slope(await workbench.labels.words(shown.id, check))
    turned = await workbench.labels.reversed_marks(shown.id, version.check)
    lines += [
        f"{found}; held-out half, {held}, base rate {100 * agreement.base_rate:.0f} % pass. It lets {through:,} of "
        f"{plural(through + neither, 'bad answer')} through.",
        markdown_table(
            ("", "judge passes", "judge fails"),
            ("people pass", f"{both:,}", f"{rejected:,}"),
            ("people fail", f"{through:,}", f"{neither:,}"),
        ),
        markdown_table(
            ("Measured on these", "Value", "95 %"),
            ("Agreement", *_share(rate(agreement.agreeing, agreement.cases))),
            ("Lets good pass (sensitivity)", *_share(agreement.sensitivity)),
            ("Stops bad (specificity)", *_share(agreement.specificity)),
            ("Order flips", *_share(flips(aligned, turned))),
            ("Same label twice (people)", *_share(aligned.same_twice)),
            (
                "Length slope, points for each 100 words more",
                points(slope.value, signed=True) if slope else "–",
                f"{points(slope.low)} to {points(slope.high)}" if slope else "–",
            ),
        ),
    ]
    if judged.is_in_use:
        rows = []
        for number, entry in enumerate(shown.found.table.entries[: len(shown.kept.names)]):
            if (bias := aligned.bias(aligned.judge, aligned.labels, number)) is not None:
                corrected = _share(bias.corrected.share if bias.corrected else None)
                rows.append((entry.name, f"{100 * bias.judged:.0f} %", f"{bias.labels:,}", *corrected))
        lines.append(markdown_table(("Variant", "Judge says", "Labels", "Corrected (PPI++)", "95 %"), *rows))
    return "\n\n".join(lines) + "\n"


def _share(found: Estimate | None) -> tuple[str, str]:
    if found is None:
        return "–", "–"
    return f"{100 * found.value:.0f} %", f"{points(found.low)} to {points(found.high)}"
