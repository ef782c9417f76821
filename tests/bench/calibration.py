"""What the verdicts promise, by simulation: false alarms, coverage, looking any time, judged scores, "n more cases".

`statistics.py` runs it. Cases have a difficulty of their own, drawn from Beta distributions; A/A is one prompt sampled twice.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from scipy.special import betaln

from playground.stats import (
    ALPHA,
    Paired,
    compare_clusters,
    compare_passes,
    compare_scores,
    corrected_mean,
    mean,
    more_cases,
    rate,
)
from playground.stats.evidence import betting, look_at_passes, look_at_scores

Row = tuple[str, str, str]
DIFFICULTY = {"hard": (1, 4), "mixed": (1, 1), "easy": (4, 1), "bimodal": (0.3, 0.3)}
SIZES = (30, 100, 200)

passes = lru_cache(maxsize=None)(compare_passes)


def answers(random: np.random.Generator, chance: np.ndarray, repeats: int = 1) -> np.ndarray:
    """The case means of so many answers."""
    return np.asarray(random.binomial(repeats, chance) / repeats)


def compared(a: np.ndarray, b: np.ndarray, repeats: int) -> Paired:
    if repeats > 1:
        return compare_scores(a, b)
    return passes(int((a > b).sum()), int((a < b).sum()), a.size)


def false_alarms(random: np.random.Generator, runs: int) -> Iterator[Row]:
    for name, (x, y) in DIFFICULTY.items():
        for repeats in (1, 5):
            found, apart = [], []
            for cases in SIZES:
                decided, differing = 0, 0.0
                for _ in range(runs):
                    chance = random.beta(x, y, cases)
                    a, b = answers(random, chance, repeats), answers(random, chance, repeats)
                    decided += compared(a, b, repeats).is_decided
                    differing += np.count_nonzero(a != b)
                found.append(decided / runs)
                apart.append(differing / runs)
            method = "Tango and mid-p" if repeats == 1 else "paired t, 5 repeats"
            shown = ", ".join(
                f"{100 * share:.1f} %{'' if pairs >= 30 else ' *'}"
                for share, pairs in zip(found, apart, strict=True)
            )
            yield f"A/A, {name} cases, {method}", shown, "≤ 5.7 %, ≥ 4 % where 30 pairs differ"
    found = []
    for cases in SIZES:
        decided = sum(
            compare_scores(random.standard_t(3, cases), random.standard_t(3, cases)).is_decided
            for _ in range(runs)
        )
        found.append(decided / runs)
    yield (
        "A/A, free scores with heavy tails, paired t",
        ", ".join(f"{100 * share:.1f} %" for share in found),
        "≤ 5.7 %, ≥ 4 %",
    )


def coverage(random: np.random.Generator, runs: int) -> Iterator[Row]:
    def share(name: str, once: Callable[[], bool], wanted: str = "95 ± 1.5 %") -> Row:
        return name, f"{100 * np.mean([once() for _ in range(runs)]):.1f} %", wanted

    def of_rate(cases: int) -> bool:
        x, y = list(DIFFICULTY.values())[int(random.integers(4))]
        found = rate(int((random.random(cases) < random.beta(x, y, cases)).sum()), cases)
        return found.low <= x / (x + y) <= found.high

    def of_mean(cases: int) -> bool:
        chance = random.beta(1, 1, cases)
        found = mean(answers(random, chance, 5))
        return found.low <= 0.5 <= found.high

    def of_pair(cases: int, repeats: int) -> bool:
        easy = random.beta(1, 1, cases)
        better = easy**0.6  # its mean is 1 / 1.6
        found = compared(answers(random, better, repeats), answers(random, easy, repeats), repeats)
        return found.low <= 1 / 1.6 - 0.5 <= found.high

    def of_clusters(count: int) -> bool:
        sizes = random.integers(1, 9, count)
        of = np.repeat(np.arange(count), sizes)
        # The size says nothing of the difference, so that the mean of the cases is that of the clusters.
        apart = random.normal(0.1, 0.2, count)[of] + random.normal(0, 0.3, of.size)
        found, _ = compare_clusters(apart, np.zeros(of.size), list(of))
        return found.low <= 0.1 <= found.high

    def at_every_look(kind: str) -> bool:
        easy = random.beta(1, 1, 200)
        apart = answers(random, easy**0.6, 1) - answers(random, easy, 1)
        look = look_at_passes if kind == "passes" else look_at_scores
        return all(
            found.low <= 1 / 1.6 - 0.5 <= found.high
            for found in (look(apart[:n]) for n in (20, 50, 100, 200))
        )

    for cases in (30, 200):
        yield share(f"Coverage, pass rate (Wilson), {cases} cases", lambda cases=cases: of_rate(cases))  # type: ignore[misc]
        yield share(f"Coverage, mean score (t), {cases} cases", lambda cases=cases: of_mean(cases))  # type: ignore[misc]
        yield share(
            f"Coverage, difference of passes (Tango), {cases} cases", lambda cases=cases: of_pair(cases, 1)
        )  # type: ignore[misc]
        yield share(
            f"Coverage, difference of means (t), {cases} cases", lambda cases=cases: of_pair(cases, 5)
        )  # type: ignore[misc]
        yield share(f"Coverage, clusters, {cases} of them", lambda cases=cases: of_clusters(cases))  # type: ignore[misc]
    yield share("Coverage at four looks, passes", lambda: at_every_look("passes"), "≥ 95 %")
    runs = max(1, runs // 20)
    yield share("Coverage at four looks, scores", lambda: at_every_look("scores"), "≥ 95 %")


def contradictions(random: np.random.Generator, tables: int = 10_000) -> Row:
    wrong = 0
    for _ in range(tables):
        cases = int(random.integers(1, 400))
        apart = int(random.integers(0, cases + 1))
        only_a = int(random.binomial(apart, random.uniform(0.2, 0.8)))
        found = passes(only_a, apart - only_a, cases)
        wrong += found.is_decided == (found.low <= 0 <= found.high)
    return f"Interval and p disagree, of {tables:,} random tables", str(wrong), "0"


def looking(random: np.random.Generator, runs: int) -> Iterator[Row]:
    def at_every_case(lift: float) -> tuple[float, float, float, float]:
        chance = random.beta(1, 1, (runs, 200))
        better = np.clip(chance + lift, 0, 1) if lift else chance
        a, b = random.random((runs, 200)) < better, random.random((runs, 200)) < chance
        wins, losses = np.cumsum(a & ~b, axis=1), np.cumsum(b & ~a, axis=1)
        evidence = (wins + losses) * np.log(2) + betaln(1 + wins, 1 + losses)
        crossed = evidence[:, 19:] >= np.log(1 / ALPHA)
        decided = crossed.any(axis=1)
        after = float((20 + crossed.argmax(axis=1))[decided].mean()) if decided.any() else float("nan")
        fixed = np.mean(
            [passes(int(w), int(c), 200).is_decided for w, c in zip(wins[:, -1], losses[:, -1], strict=True)]
        )
        few = max(1, runs // 4)
        peeked = (
            np.mean(
                [
                    any(
                        passes(int(wins[run, n]), int(losses[run, n]), n + 1).is_decided
                        for n in range(19, 200)
                    )
                    for run in range(few)
                ]
            )
            if not lift
            else float("nan")
        )
        return float(decided.mean()), after, float(fixed), float(peeked)

    alarms, _, _, peeked = at_every_case(0.0)
    yield "Looking after every case from 20 to 200, A/A, passes (E)", f"{100 * alarms:.1f} %", "≤ 5 %"
    yield "The same with the fixed test, which is not offered", f"{100 * peeked:.0f} %", "(why)"
    some = max(1, runs // 10)
    scores = random.random((2, some, 200))
    alarms = np.mean(
        [any(betting(d[:n]) >= 1 / ALPHA for n in range(20, 201, 2)) for d in scores[0] - scores[1]]
    )
    yield "Looking after every second case, A/A, scores (betting)", f"{100 * alarms:.1f} %", "≤ 5 %"
    for lift in (0.2, 0.1):
        found, after, fixed, _ = at_every_case(lift)
        yield (
            f"Power, +{100 * lift:.0f} points before they are cut at 100 %, 200 cases",
            f"any time {100 * found:.0f} % after {after:.0f} cases, fixed {100 * fixed:.0f} %",
            "(the price of looking)",
        )


def judged(random: np.random.Generator, runs: int) -> Iterator[Row]:
    for labels, base, sensitivity, specificity in (
        (30, 0.5, 0.8, 0.8),
        (30, 0.8, 0.6, 0.6),
        (40, 0.7, 0.95, 0.6),
        (50, 0.7, 0.9, 0.9),
        (50, 0.8, 0.8, 0.95),
        (30, 0.8, 0.95, 0.95),
    ):
        corrected = naive = 0
        for _ in range(runs):
            good = random.random(labels + 300) < base
            marks = np.where(
                good, random.random(good.size) < sensitivity, random.random(good.size) > specificity
            )
            found = corrected_mean(good[:labels], marks[:labels], marks[labels:]).estimate
            alone = rate(int(marks.sum()), marks.size)
            corrected += found.low <= base <= found.high
            naive += alone.low <= base <= alone.high
        yield (
            f"Judged, {labels} labels, {100 * base:.0f} % good, judge {sensitivity}/{specificity}: covered",
            f"{100 * corrected / runs:.1f} %, without labels {100 * naive / runs:.0f} %",
            "95 ± 1.5 %",
        )


def promised(random: np.random.Generator, experiments: int = 500) -> Row:
    decided = kept = 0
    chances = (0.175, 0.125, 0.7)
    while kept < experiments:
        b, c, _ = (int(n) for n in random.multinomial(100, chances))
        if passes(b, c, 100).is_decided:
            continue
        more = more_cases(b, c, 100, 0.05)
        if more is None:
            continue
        kept += 1
        b2, c2, _ = (int(n) for n in random.multinomial(more, chances))
        decided += compare_passes(b + b2, c + c2, 100 + more).is_decided
    return (
        f'"n more cases", {experiments} experiments, 5 points, promised 80 %',
        f"{100 * decided / kept:.0f} %",
        "70 to 90 %",
    )


def table(runs: int, seed: int = 1) -> Iterator[Row]:
    """All rows: what, found, wanted."""
    random = np.random.default_rng(seed)
    yield from false_alarms(random, runs)
    yield from coverage(random, runs)
    yield contradictions(random)
    yield from looking(random, runs)
    yield from judged(random, runs)
    yield promised(random, min(500, runs))


def main() -> None:
    runs = int(sys.argv[sys.argv.index("--runs") + 1]) if "--runs" in sys.argv else 4_000
    began = time.perf_counter()
    print(f"{runs:,} runs a row, 30 / 100 / 200 cases where there are three figures\n")
    print("| what | found | wanted |\n|---|---:|---|")
    for what, found, wanted in table(runs):
        print(f"| {what} | {found} | {wanted} |", flush=True)
    print(f"\n\\* fewer than 30 pairs differ: more careful. {time.perf_counter() - began:.0f} s")
