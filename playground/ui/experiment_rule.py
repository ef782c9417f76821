"""The rule and the limits in an experiment's set-up: when it is decided, fixed before the first answer, and what stops it."""

from __future__ import annotations

from markupsafe import Markup

from playground.plurals import plural
from playground.scorers import check_name
from playground.types.experiment import PASSES, SCORE, Experiment
from playground.ui.experiment_choices import Choices, Option
from playground.ui.experiment_controls import menu, number_field, tick
from playground.ui.experiment_form import (
    checks_listed,
)
from playground.ui.html import join


def rows_there(now: Experiment, choices: Choices) -> int:
    """How many rows there are to take from; 0 when nobody knows."""
    if now.cases.rows:
        return len(now.cases.rows)
    found = choices.data(now)
    if found is None:
        return 0
    return {"train": found.train, "held-out": found.held_out}.get(now.cases.half, found.rows)


def rule_part(now: Experiment, choices: Choices) -> Markup:
    """What passes, what counts as the same, what is asked, and when it is decided."""
    rule = now.rule
    chosen = [check for check, is_on in checks_listed(now, choices.checks) if is_on]
    together = {0: "its checks pass", 1: "its check passes", 2: "both checks pass"}.get(
        len(chosen), f"all {len(chosen)} checks pass"
    )
    metrics: list[Option] = [(PASSES, together), (SCORE, "by its mean score")]
    metrics += (
        [(check_name(check), f"this one: {check_name(check)}") for check in chosen] if len(chosen) > 1 else []
    )
    margin = f"{100 * rule.margin:g}" if rule.margin else ""
    first = Markup('<div class="exp-line"><span class="of">A case</span>{}{}</div>').format(
        Markup('<label class="pair">passes when {}</label>').format(
            menu("rule/metric", metrics, rule.metric, "When a case passes")
        ),
        Markup('<label class="pair">two variants are the same within {}</label>').format(
            number_field(
                "rule/margin",
                margin,
                "Points within which two variants are the same",
                unit="points",
                none="–",
            )
        ),
    )
    others = [each.name for each in now.variants if each.name != now.baseline]
    asked = (
        f"{' and '.join((', '.join(others[:-1]), others[-1])) if len(others) > 1 else others[0]} against {now.baseline}"
        if others
        else "the rate of one variant"
    )
    alphas = [("1", "1 %"), ("5", "5 %"), ("10", "10 %")]
    second = Markup(
        '<div class="exp-line"><span class="of">Asked</span><b>{}</b><label class="pair"><span>at the level</span> {}</label>{}</div>'
    ).format(
        asked,
        menu("rule/alpha", alphas, f"{100 * rule.alpha:g}", "At which level"),
        menu(
            "rule/gate",
            [("no", "to look around (Benjamini–Hochberg)"), ("yes", "something depends on it (Holm)")],
            "yes" if rule.gate else "no",
            "What the result is for",
        )
        if len(others) > 1
        else "",
    )
    return Markup('{}{}{}<div id="exp-attempt"></div>').format(first, second, _looking(now, choices))


def _looking(now: Experiment, choices: Choices) -> Markup:
    have = rows_there(now, choices)
    taken = min(have, now.cases.limit or have)
    at_end = f"At the end, after {plural(taken, 'case')}" if taken else "At the end, after all cases"
    stop = (
        tick("limits/stop_when_decided", now.limits.stop_when_decided, "Stop when decided")
        if now.rule.looking == "any time"
        else ""
    )
    ways = (
        ("end", at_end, "Interval and p. While it runs, scores are shown and no verdict.", ""),
        (
            "any time",
            "Any time, and stop early",
            "Evidence after every case, decided at 20. Finds large differences sooner, small ones less often.",
            stop,
        ),
    )
    boxes = join(
        Markup(
            '<div class="way{}"><input type="radio" name="exp-looking" id="exp-way-{}" data-set="rule/looking" value="{}"{}>'
            '<div><label for="exp-way-{}"><b>{}</b></label><span class="hint">{}</span>{}</div></div>'
        ).format(
            " on" if value == now.rule.looking else "",
            number,
            value,
            Markup(" checked") if value == now.rule.looking else "",
            number,
            title,
            about,
            more,
        )
        for number, (value, title, about, more) in enumerate(ways)
    )
    return Markup('<div class="ways-two" role="radiogroup" aria-label="When it is decided">{}</div>').format(
        boxes
    )


def limits_part(now: Experiment) -> Markup:
    """What holds the calls back, and what pauses them."""
    limits = now.limits
    pairs = (
        ("at once", number_field("limits/at_once", limits.at_once, "Cells at once", none="auto")),
        (
            "a call ends after",
            number_field(
                "limits/timeout_s",
                f"{limits.timeout_s:g}" if limits.timeout_s is not None else None,
                "Seconds after which a call ends",
                unit="seconds",
                none="no limit",
                width=72,
            ),
        ),
        ("tries", number_field("limits/tries", limits.tries, "Tries of a call")),
        ("pause after", number_field("limits/failures_in_row", limits.failures_in_row, "Failures in a row")),
        (
            "pause at",
            number_field(
                "limits/tokens", limits.tokens, "Tokens to pause at", unit="tokens", width=96, none="no limit"
            ),
        ),
    )
    units = {"pause after": " failures in a row"}
    fields = join(
        Markup('<label class="pair">{} {}{}</label>').format(
            words,
            field,
            Markup('<span class="hint">{}</span>').format(units[words]) if words in units else "",
        )
        for words, field in pairs
    )
    cache = tick("cache", now.cache, "take greedy answers that were given before")
    return Markup('<div class="exp-line">{}{}</div>').format(fields, cache)
