"""What an experiment takes before it starts: calls, tokens, time; which differences it would find; the file that it equals.

cost(now, estimate)       # `estimate` as the desk made it
file_of(now)              # the YAML, to copy, change and paste back
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.formats.experiment_file import write_experiment
from playground.stats import tenths
from playground.types.experiment import Experiment
from playground.ui.experiment_setup import note
from playground.ui.forest import named
from playground.ui.html import button, count, join, plural, seconds

if TYPE_CHECKING:
    from playground.types.outcomes import Estimate, Power

SHOWN = 0.10
"""The difference that the sentence over the power table is about."""
BAR = 96
POWERS = 4
"""Differences whose power is told."""


def waiting(now: Experiment) -> Markup:
    """The places that the numbers will fill, with their height."""
    line = Markup("<tr><td>&nbsp;</td><td></td><td></td><td></td></tr>")
    rows = line * (len(now.variants) + now.twin + 1)
    return Markup(
        '<h3>What it takes</h3><table class="table exp-takes">{}<tbody>{}</tbody></table><p class="hint">Working it out.<br>&nbsp;</p>'
        '<h3>Which differences it finds</h3><table class="table exp-power"><tbody>{}</tbody></table><p class="hint">&nbsp;<br>&nbsp;</p>'
    ).format(_HEAD, rows, line * (POWERS + 1))


_HEAD = Markup(
    '<thead><tr><th></th><th class="num">Calls</th><th class="num">Tokens</th><th class="num">Time</th></tr></thead>'
)


def cost(now: Experiment, estimate: Estimate) -> Markup:
    """Calls, tokens and time of each variant and together; then what power that buys."""
    rows = join(
        Markup(
            '<tr><td>{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>'
        ).format(named(number, name=each.name), count(each.calls), count(each.tokens), seconds(each.seconds))
        for number, each in enumerate(estimate.variants)
    )
    if estimate.judged:
        rows += Markup(
            '<tr><td>Judge</td><td class="num">{}</td><td class="num">–</td><td class="num">–</td></tr>'
        ).format(count(estimate.judged))
    total = Markup(
        '<tr class="sum"><td>Together</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>'
    ).format(count(estimate.calls), count(estimate.tokens), seconds(estimate.seconds))
    notes = join(note("warn", words) for words in estimate.warnings)
    about = Markup('<p class="hint">{}</p>').format(_about(now, estimate))
    return Markup(
        '<h3>What it takes</h3><table class="table exp-takes">{}<tbody>{}{}</tbody></table>{}{}{}'
    ).format(_HEAD, rows, total, about, notes, _power(now, estimate.power))


def in_short(estimate: Estimate) -> str:
    """The same on one line, for a phone."""
    time = f", about {seconds(estimate.seconds)}" if estimate.seconds is not None else ""
    return f"{plural(estimate.calls, 'call')}{time}"


def _about(now: Experiment, estimate: Estimate) -> str:
    parts = [f"{plural(estimate.cases, 'case')}, {plural(estimate.cells, 'cell')}"]
    if estimate.judged:
        parts.append("tokens and time are without the judge's")
    parts.append(
        f"{now.limits.at_once} at once" if now.limits.at_once else "as many at once as the backend takes"
    )
    parts.append(estimate.measured or "tokens and time are not known: no answer like these was measured yet")
    return ", ".join(parts) + "."


def _power(now: Experiment, power: Sequence[Power]) -> Markup:
    """A bar for deciding at the end, a tick for deciding any time; the same in words."""
    if not power:
        return Markup("")
    any_time = now.rule.looking == "any time"
    shown = min(power, key=lambda each: abs(each.difference - SHOWN))
    rows = join(
        Markup(
            '<tr class="{}"><td>{}</td><td>{}</td><td class="num">{}</td><td class="num">{}</td></tr>'
        ).format(
            "sum" if each is shown else "",
            f"{100 * each.difference:g} points",
            _bar(each, chosen=each is shown),
            _short(each.at_end),
            _short(each.any_time),
        )
        for each in power
    )
    return Markup(
        '<h3>Finds a difference of {:g} points {}.</h3><table class="table exp-power"><thead><tr><th>A difference of</th><th></th>'
        '<th class="num">At the end</th><th class="num">Any time</th></tr></thead><tbody>{}</tbody></table>'
        '<p class="hint">Bar: at the end; tick: any time. Simulated for one pair of which 30 % of the cases differ.</p>'
    ).format(100 * shown.difference, tenths(shown.any_time if any_time else shown.at_end), rows)


def _short(share: float) -> str:
    """Such as "6 in 10"; near none and near all in hundredths: "99 in 100"."""
    if 0.05 <= share < 0.95:
        return f"{round(10 * share)} in 10"
    return f"{min(max(round(100 * share), 1), 99)} in 100"


def _bar(each: Power, *, chosen: bool) -> Markup:
    return Markup(
        '<span class="power{}" style="width:{}px" aria-hidden="true"><i style="width:{:.0f}%"></i><u style="left:{:.0f}%"></u></span>'
    ).format(" on" if chosen else "", BAR, 100 * each.at_end, 100 * each.any_time)


def file_of(now: Experiment) -> Markup:
    """The YAML of the set-up, which can be typed over; what it does not understand is said below it."""
    text = write_experiment(now)
    return Markup(
        '<div class="exp-file-head"><h3>The file it equals</h3>{}{}</div>'
        '<textarea class="mono" id="exp-yaml" data-set="file" spellcheck="false" wrap="off" rows="{}" aria-label="The experiment as a YAML file"'
        ' aria-describedby="exp-yaml-problem">{}</textarea><div id="exp-yaml-problem" role="alert"></div><p class="hint mono">$ playground run {}</p>'
    ).format(
        button("Copy", "copy_text", symbol="copy", kind="quiet", from_="#exp-yaml"),
        button(
            "Download",
            "download_text",
            symbol="download",
            kind="quiet",
            from_="#exp-yaml",
            name=file_name(now),
        ),
        min(max(text.count("\n") + 1, 8), 28),
        text,
        file_name(now),
    )


def file_name(now: Experiment) -> str:
    """What the file is called when it is taken away."""
    words = "".join(char if char.isalnum() else "-" for char in (now.name or "experiment").lower())
    short = "-".join(part for part in words.split("-") if part)[:40].strip("-")
    return f"{short or 'experiment'}.experiment.yaml"
