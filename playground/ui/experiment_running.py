"""An experiment while it runs: no verdict yet, progress, scores so far, cells, failures by reason, last answers.

Looking "at the end" nothing here compares variants: no difference, no p, no colour of victory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.plurals import plural
from playground.types.experiment import TWIN
from playground.ui.experiment_choices import prompt_words
from playground.ui.experiment_form import prompt_of
from playground.ui.forest import Axis, Interval, forest, named, ticks
from playground.ui.html import count, icon, join, percent, seconds

if TYPE_CHECKING:
    from playground.types.outcomes import Progress, StoredExperiment
    from playground.verdicts import VariantRow, Verdict

FOREST = 176
TIME_A_CASE = "The mean of its answers; one that waited for its model to load counts with that wait."


# --- the sentence and how far it is ---------------------------------------------------------------------------


def sentence(kept: StoredExperiment, progress: Progress, found: Verdict) -> Markup:
    """Why there is no verdict yet; where one may look any time, or all is done, what was found."""
    rule = kept.experiment.rule
    if kept.state == "done":
        more = join(Markup("<span>{}</span><br>").format(each) for each in found.sentences[1:])
        return Markup('<p class="exp-sentence"><b>{}</b></p><p class="exp-more">{}</p>').format(
            found.sentence, more
        )
    if kept.state == "paused":
        title, rest = "Paused.", kept.row.why or "What is done is kept; it goes on where it stands."
    elif kept.state == "stopped":
        title, rest = (
            "Stopped.",
            "What is done is kept, and it can go on. Stopped early, the rule decides nothing.",
        )
    elif rule.looking == "any time":
        title, rest = "Looking as it runs.", found.sentence
    else:
        title = "No verdict yet."
        whom = {1: "", 2: " by both"}.get(len(kept.names), " by all")
        answered = f"{progress.whole_cases:,} {'is' if progress.whole_cases == 1 else 'are'} answered{whom}"
        rest = f"The rule decides after {plural(kept.cases, 'case')}; {answered}. Scores may be read, they decide nothing."
    return Markup('<p class="exp-sentence"><b>{}</b> <span>{}</span></p>').format(title, rest)


def progress_row(kept: StoredExperiment, progress: Progress, *, hindered: bool = False) -> Markup:
    """A bar, how many cells, how fast, how long, how much is left; words at fixed places.

    While it is `hindered` nothing can be stored, and no further cell begins.
    """
    runs = kept.state == "running"
    share = 100 * (progress.done + progress.failed) / max(progress.total, 1)
    rate = "–" if not progress.cells_per_s or not runs else f"{progress.cells_per_s:.2g} cells/s"
    if progress.cells_per_s and progress.cells_per_s >= 10 and runs:
        rate = f"{progress.cells_per_s:,.0f} cells/s"
    left = (
        "it waits until answers can be stored"
        if runs and hindered
        else Markup("about <b>{}</b> left").format(_about(progress.left_s))
        if runs and progress.left_s is not None
        else "time left not known yet"
        if runs
        else "it does not run"
    )
    failed = (
        Markup('<span class="bad">{}{:,} failed</span>').format(icon("warn"), progress.failed)
        if progress.failed
        else Markup('<span class="soft">0 failed</span>')
    )
    return Markup(
        '<div class="exp-progress"><span class="track big{}" role="progressbar" aria-label="Cells done" aria-valuemin="0" '
        'aria-valuemax="{}" aria-valuenow="{}"><i style="width:{:.1f}%"></i></span><b class="num">{:,} of {}</b>'
        '<span class="soft num">{}</span><span class="soft num">{} so far</span><span class="num">{}</span>{}'
        '<span class="soft num">{:,} running</span><span class="soft num">{:,} wait</span>{}'
        '<span class="grow"></span><span class="hint stays">{}{}</span></div>'
    ).format(
        "" if runs else " rests",
        progress.total,
        progress.done,
        share,
        progress.done,
        plural(progress.total, "cell"),
        rate,
        seconds(progress.elapsed_s),
        left,
        failed,
        progress.running,
        progress.waits,
        Markup('<span class="soft num">{:,} from the cache</span>').format(progress.cached)
        if progress.cached
        else "",
        icon("warn" if hindered and runs else "check"),
        "What is stored is kept; the newest answers are in memory alone."
        if hindered and runs
        else "You can close this page, or restart: the work goes on."
        if runs
        else "What is done is kept.",
    )


def _about(value: float) -> str:
    """A duration that is only guessed, in whole minutes from two on."""
    if value >= 5400:
        return f"{value / 3600:.1f} h"
    return f"{round(value / 60)} min" if value >= 120 else f"{max(1, round(value))} s"


# --- the table ------------------------------------------------------------------------------------------------


def variants_table(kept: StoredExperiment, progress: Progress, found: Verdict) -> Markup:
    """Each variant's cells done and score so far, with a partial interval that is marked as one."""
    intervals = [row.estimate for row in found.rows if row.estimate is not None]
    axis = Axis.around([(each.low, each.high) for each in intervals], width=FOREST)
    parts = {part.name: part for part in progress.variants}
    are_several = len(set(kept.run_models.values())) > 1
    rows = []
    for number, row in enumerate(found.rows):
        part, estimate = parts.get(row.entry.name), row.estimate
        done, total = (part.done, part.total) if part else (0, 0)
        rows.append(
            Markup(
                '<tr><td class="v-name" translate="no">{}</td><td class="told"><span class="one" title="{t}">{t}</span></td><td class="told"><span class="one" title="{p}">{p}</span></td>{}'
                '<td class="how-far"><span class="track"><i style="width:{:.1f}%"></i></span></td><td class="num of">{:,} of {:,}</td><td class="num score"><b>{}</b></td>'
                '<td class="plot">{}</td><td class="num soft ends">{}</td><td class="rule">{}</td><td class="num tok">{}</td><td class="num took">{}</td></tr>'
            ).format(
                named(number, name=row.entry.name),
                _model(kept, row.entry.name) if are_several else "",
                100 * done / max(total, 1),
                done,
                total,
                "–" if estimate is None else _percent(estimate.value),
                forest(
                    None if estimate is None else Interval(estimate.value, estimate.low, estimate.high),
                    axis,
                    number=number,
                    look="" if kept.state == "done" else "part",
                ),
                "" if estimate is None else f"{100 * estimate.low:.0f} to {100 * estimate.high:.0f}",
                _no_verdict(kept, row),
                "–" if (tokens := _known(row.tokens)) is None else count(round(tokens)),
                seconds(_known(row.seconds)),
                t=row.entry.title or "Zero-shot",
                p=prompt_of_row(kept, row.entry.name) or row.entry.prompt,
            )
        )
    return Markup(
        '<div class="scroll-x" tabindex="0" role="group" aria-label="Variants"><table class="table exp-live"><thead><tr><th class="v-name"><span class="sr">Variant</span></th><th class="told">Technique</th><th class="told">Prompt</th>{}'
        '<th class="how-far">Cells done</th><th class="num of"></th><th class="num score">Score so far</th><th class="plot">{}</th><th class="num ends">95 %</th><th class="rule">Verdict</th>'
        '<th class="num tok">Tokens a case</th><th class="num took" title="{}">Time a case</th></tr></thead><tbody>{}</tbody></table></div>'
    ).format(
        Markup('<th class="told">Model</th>') if are_several else "", ticks(axis), TIME_A_CASE, join(rows)
    )


def _model(kept: StoredExperiment, name: str) -> Markup:
    model = kept.run_models.get(name, "").partition(":")[2]
    return Markup('<td class="told mono"><span class="one" title="{m}">{m}</span></td>').format(m=model)


def prompt_of_row(kept: StoredExperiment, name: str) -> str:
    """What a variant's prompt is called beside the others; a twin has its baseline's."""
    experiment = kept.experiment
    own = name.removesuffix(TWIN)
    each = next((each for each in experiment.variants if each.name in (name, own)), None)
    return prompt_words(experiment, prompt_of(experiment, each)) if each else ""


def _known(value: float | None) -> float | None:
    """A number, or None for one that nobody knows yet."""
    return None if value is None or value != value else value


def _percent(share: float) -> str:
    return percent(round(1000 * share), 1000)


def _no_verdict(kept: StoredExperiment, row: VariantRow) -> Markup | str:
    """What the rule says of a variant by now: the baseline, when it will decide, or the evidence of one may look any time."""
    experiment = kept.experiment
    against = row.against
    if row.entry.name == experiment.baseline:
        return Markup('<span class="soft">baseline</span>')
    if kept.state == "done":
        symbol = {"better": "check", "worse": "cross"}.get(against.outcome if against else "", "dash")
        return Markup('<span class="badge">{}{}</span>').format(
            icon(symbol), against.outcome if against else "no pair"
        )
    if experiment.rule.looking == "any time":
        if against is None or against.found is None:
            return Markup('<span class="badge">{}no pair yet</span>').format(icon("clock"))
        evidence = against.found.evidence
        words = "–" if evidence != evidence else f"{evidence:,.1f}" if evidence < 1000 else "over 1,000"
        decided = evidence >= 1 / experiment.rule.alpha
        return Markup('<span class="badge">{}E = {}, {}</span>').format(
            icon("check" if decided else "clock"),
            words,
            "decided" if decided else f"decided at {1 / experiment.rule.alpha:.0f}",
        )
    return Markup('<span class="badge">{}not before {:,}</span>').format(icon("clock"), kept.cases)
