"""Two experiments laid beside each other: one table when cases, checks and models match, else what does not.

laid = beside(first, second, rule, other_rule)
laid.problems  →  ("12 of 160 cases are only in the first.",)
laid.table     →  the variants of both, those of the second called "A (2)", …
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from playground.plurals import plural
from playground.types.experiment import Rule
from playground.verdicts.table import State, Table


@dataclass(frozen=True, slots=True)
class Beside:
    """The joint table, None when something does not match; `problems` name what.

    `order` is the place in the second of each case of the first.
    """

    table: Table | None
    problems: tuple[str, ...]
    order: tuple[int, ...] = ()


def beside(
    first: Table, second: Table, rule: Rule, other_rule: Rule, called: Mapping[str, str] | None = None
) -> Beside:
    """Both in one table, by the first's rule. Models must be the same ones, however many variants use them.

    `called` says what a check of that hash is called.
    """
    problems = [
        *_cases(first, second),
        *_sets("check", first.checks, second.checks, called or {}),
        *_sets("model", [e.model for e in first.entries], [e.model for e in second.entries]),
    ]
    if rule.metric != other_rule.metric:
        problems.append(f"The first is judged by {rule.metric}, the second by {other_rule.metric}.")
    if first.repeats != second.repeats:
        problems.append(
            f"The first has {_answers(first.repeats)} a case, the second {_answers(second.repeats)}."
        )
    if problems:
        return Beside(None, tuple(problems))
    place = {case: n for n, case in enumerate(_told_apart(second.cases))}
    order = [place[case] for case in _told_apart(first.cases)]
    return Beside(_joined(first, second, order), (), tuple(order))


def _answers(count: int) -> str:
    return f"{count} answer{'' if count == 1 else 's'}"


def _joined(first: Table, second: Table, order: list[int]) -> Table:
    taken = {entry.name for entry in first.entries}
    called = {
        entry.name: f"{entry.name} (2)" if entry.name in taken else entry.name for entry in second.entries
    }
    entries = tuple(
        replace(entry, name=called[entry.name], twin_of=called.get(entry.twin_of, ""))
        for entry in second.entries
    )
    shift = len(first.entries)
    back = {old: new for new, old in enumerate(order)}

    def both(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        return np.asarray(np.concatenate([getattr(first, name), getattr(second, name)[:, order]]))

    arrays: dict[str, Any] = {
        name: both(name) for name in ("status", "passed", "score", "tokens", "seconds", "cut")
    }
    reasons = dict(first.reasons) | {
        (v + shift, back[c], r): why for (v, c, r), why in second.reasons.items()
    }
    states = {first.state, second.state}
    state: State = "running" if "running" in states else "stopped" if "stopped" in states else "done"
    return replace(first, entries=first.entries + entries, reasons=reasons, state=state, **arrays)


def _told_apart(cases: Sequence[str]) -> list[tuple[str, int]]:
    """Each case with how often it stood there before: a row may stand in the data twice."""
    seen: Counter[str] = Counter()
    found = []
    for case in cases:
        found.append((case, seen[case]))
        seen[case] += 1
    return found


def _cases(first: Table, second: Table) -> list[str]:
    sides = {word: set(_told_apart(table.cases)) for word, table in (("first", first), ("second", second))}
    found = []
    for word, other in (("first", "second"), ("second", "first")):
        missing = len(sides[word] - sides[other])
        if missing:
            found.append(
                f"{missing:,} of {plural(len(sides[word]), 'case')} {'is' if missing == 1 else 'are'} only in the {word}."
            )
    return found


def _sets(
    noun: str, first: Sequence[str], second: Sequence[str], called: Mapping[str, str] | None = None
) -> list[str]:
    mine, other = set(first), set(second)
    found = []
    for left, right, word in ((mine, other, "first"), (other, mine, "second")):
        names = sorted((called or {}).get(name, str(name)) for name in left - right if name)
        if names:
            found.append(
                f"Only the {word} has the {noun}{'' if len(names) == 1 else 's'} {', '.join(names)}."
            )
    return found
