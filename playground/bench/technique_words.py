"""What a bench of techniques says in words: one sentence, never softened, and one on the best and the worst.

headline(report)  →  "No technique beats zero-shot here at equal tokens."
beside(report)    →  "Chain of thought: +9 points over one zero-shot answer (95 %: 3 to 16), +4 (−3 to 10) over …"
"""

from __future__ import annotations

from playground.bench.technique_report import Equal, Report
from playground.plurals import plural
from playground.stats import Paired
from playground.stats.sentences import LEAST, points


def headline(report: Report) -> str:
    """Which techniques beat zero-shot with the same tokens, or that none does."""
    rows = report.equals()
    if not rows:
        return "There is nothing to compare zero-shot with."
    if all(each.gain is None for each in rows):
        return f"Too few cases for a verdict: {plural(report.cases, 'case')}, {LEAST} are the least."
    better = [each.tried.title for each in rows if each.is_decided and each.gain and each.gain.difference > 0]
    if not better:
        return "No technique beats zero-shot here at equal tokens."
    named = better[0] if len(better) == 1 else f"{', '.join(better[:-1])} and {better[-1]}"
    return f"{named} {'beats' if len(better) == 1 else 'beat'} zero-shot here at equal tokens."


def beside(report: Report) -> str:
    """The technique with the largest gain, and those that are worse; "" below 15 cases."""
    rows = [each for each in report.equals() if each.gain is not None]
    if not rows:
        return ""
    said = [_best(rows[0])]
    said += [
        f"{each.tried.title} is worse by {_with(_turned(each.gain), signed=False)}."
        for each in rows
        if each.gain and each.is_decided and each.gain.difference < 0
    ]
    return " ".join(said)


def asked(each: Equal) -> str:
    """The rival: "zero-shot", "zero-shot ×3"; where it was not asked often enough for the same tokens, that it has fewer."""
    return (
        f"zero-shot{f' ×{each.times}' if each.times > 1 else ''}{', fewer tokens' if each.is_short else ''}"
    )


def _best(each: Equal) -> str:
    assert each.gain is not None
    one = f"{each.tried.title}: {_with(each.over_one)} over one zero-shot answer"
    if each.times == 1:
        return f"{one}."
    rest = ", which is fewer tokens" if each.is_short else " for the same tokens"
    return f"{one}, {_with(each.gain)} over zero-shot asked {each.times} times{rest}."


def _with(pair: Paired | None, *, signed: bool = True) -> str:
    if pair is None:
        return "no difference known"
    return (
        f"{points(pair.difference, signed=signed)} points (95 %: {points(pair.low)} to {points(pair.high)})"
    )


def _turned(pair: Paired) -> Paired:
    return pair._replace(difference=-pair.difference, low=-pair.high, high=-pair.low)
