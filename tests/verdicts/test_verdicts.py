"""From cells to a verdict: what is said, of which cases, and what is said against it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from playground.types.experiment import Rule
from playground.verdicts import (
    Entry,
    Slot,
    Table,
    as_json,
    as_markdown,
    as_text,
    at_least,
    beside,
    caution,
    compare,
    csv_table,
    differing,
    not_worse,
    slices,
    table_of,
    verdict,
)

RULE = Rule(baseline="A")


def passing(*variants: Sequence[int | None], entries: Sequence[Entry] = (), **more: Any) -> Table:
    """One answer a case: 1 passes, 0 fails, None has no check that applies."""
    names = entries or [Entry(letter, f"Prompt {letter}") for letter in "ABCDEFGH"[: len(variants)]]
    slots = [
        Slot(v, c, 0, passed=None if value is None else bool(value), tokens=100 * (v + 1), seconds=1.5)
        for v, values in enumerate(variants)
        for c, value in enumerate(values)
    ]
    return table_of(names, [f"r{n}" for n in range(len(variants[0]))], slots, **more)


def counts(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[int], list[int]]:
    first = [1] * both + [1] * only_a + [0] * only_b + [0] * neither
    second = [1] * both + [0] * only_a + [1] * only_b + [0] * neither
    return first, second


LATE = counts(98, 14, 33, 15)


def test_the_sentence_comes_first_everywhere() -> None:
    found = verdict(passing(*LATE), RULE)
    said = "B beats A by 12 points (95 %: 4 to 20; 160 cases; p = 0.006)."
    assert found.sentence == said
    assert as_text(found).startswith(said)
    assert as_markdown(found).startswith(f"**{said}**")
    assert json.loads(as_json(found))["sentence"] == said
    assert (found.winner, found.outcome, found.correction) == ("B", "better", "")


def test_a_variant_has_its_rate_and_its_difference_from_the_baseline() -> None:
    a, b = verdict(passing(*LATE), RULE).rows
    assert (a.passed, a.cases, a.against) == (112, 160, None)
    assert a.estimate is not None and round(a.estimate.low, 2) == 0.62
    assert b.against is not None and b.against.block == (98, 33, 14, 15), "both, only B, only A, neither"
    assert (b.price, b.seconds) == (2.0, 1.5)


def test_pairs_drop_out_together_and_why_is_said() -> None:
    first, second = counts(40, 3, 20, 10)
    table = passing(first, second)
    table.status[1, :8] = "error"
    table.passed[1, :8] = math.nan
    table.passed[0, 8:10] = math.nan
    found = verdict(table, RULE)
    against = found.comparisons[0]
    assert against.cases == 63
    assert against.dropped == {"B failed": 8, "no check applies": 2}
    assert found.sentences[-1] == "10 cases are left out of B and A: B failed (8), no check applies (2)."
    assert found.health[0].kind == "bad" and found.health[0].words == "8 failed, unequally: A 0, B 8"
    assert not found.is_trusted


def test_what_was_not_run_because_it_is_decided_is_no_loss() -> None:
    table = passing(*counts(20, 2, 40, 8))
    for array, value in ((table.status, "pending"), (table.passed, math.nan)):
        array[:, 65:] = value
    early = verdict(table, Rule(baseline="A", looking="any time"))
    assert early.sentence.startswith("B is ahead")
    assert not [said for said in early.sentences if "left out" in said]
    facts = {fact.words: fact.kind for fact in early.health}
    assert facts["the same 65 cases"] == "ok" and facts["decided at 130 of 140 cells"] == "ok"
    # A case that fails is one all the same, and what a person stops is not decided by the rule.
    table.status[1, 0], table.passed[1, 0] = "error", math.nan
    said = verdict(table, Rule(baseline="A", looking="any time")).sentences
    assert "1 case is left out of B and A: B failed (1)." in said
    stopped = verdict(replace(table, state="stopped"), Rule(baseline="A", looking="any time"))
    assert "6 cases are left out of B and A: B and A not run yet (5), B failed (1)." in stopped.sentences
    assert "stopped at 130 of 140 cells" in [fact.words for fact in stopped.health]
    assert "B and A not run (5)" in verdict(table, RULE).sentences[-1]


@pytest.mark.parametrize(
    ("failed", "words", "kind"),
    [
        ((range(14), range(14, 29)), "29 failed (A 14, B 15)", "warn"),
        ((range(0), range(5)), "5 failed (A 0, B 5)", "warn"),
        ((range(0), range(6)), "6 failed, unequally: A 0, B 6", "bad"),
        ((range(20), range(26)), "46 failed, unequally: A 20, B 26", "bad"),
        ((range(1), range(1), range(6)), "8 failed (A 1, B 1, C 6)", "warn"),
        ((range(1), range(1), range(8)), "10 failed, unequally: A 1, B 1, C 8", "bad"),
        ((range(4), range(10, 14)), "8 failed", "warn"),
    ],
)
def test_failures_are_called_unequal_only_where_chance_does_not_spread_them_like_that(
    failed: Sequence[range], words: str, kind: str
) -> None:
    table = passing(*[[1] * 80 for _ in failed])
    for variant, cases in enumerate(failed):
        table.status[variant, list(cases)] = "error"
        table.passed[variant, list(cases)] = math.nan
    assert (words, kind) in {(fact.words, fact.kind) for fact in verdict(table, RULE).health}


def test_repeats_of_one_case_that_fail_are_one_failure_to_the_test() -> None:
    slots = [
        Slot(v, c, r, "error" if v == 1 and c < 2 else "done", passed=True)
        for v in range(2)
        for c in range(80)
        for r in range(5)
    ]
    table = table_of([Entry("A"), Entry("B")], [str(n) for n in range(80)], slots, repeats=5)
    assert "10 failed (A 0, B 10)" in {fact.words for fact in verdict(table, RULE).health}


def test_under_15_pairs_nothing_is_said_and_under_30_that_they_are_few() -> None:
    clear = verdict(passing([0] * 14, [1] * 14), RULE)
    assert clear.sentences == ("Too few cases for a verdict: 14 paired cases, 15 are the least.",)
    assert clear.winner == ""
    assert verdict(passing([0] * 15, [1] * 15), RULE).sentence.endswith("p < 0.001). Few cases.")


def test_repeats_are_averaged_and_count_as_no_further_cases() -> None:
    random = np.random.default_rng(3)
    slots = [
        Slot(v, c, r, passed=bool(random.random() < (0.4, 0.8)[v]))
        for v in range(2)
        for c in range(40)
        for r in range(3)
    ]
    table = table_of([Entry("A"), Entry("B")], [str(n) for n in range(40)], slots, repeats=3)
    found = verdict(table, RULE)
    assert "40 cases, 3 repeats" in found.sentence
    assert found.rows[0].passed is None and found.rows[0].cases == 40
    block = found.comparisons[0].block
    assert block is not None and sum(block) == 40 and block.neither == 0


def test_the_same_in_every_case_is_not_the_same_for_certain() -> None:
    slots = [Slot(v, c, 0, score=0.7) for v in range(2) for c in range(20)]
    table = table_of([Entry("A"), Entry("B")], [str(n) for n in range(20)], slots)
    rule = Rule(metric="tone", baseline="A", margin=0.05)
    found = verdict(table, rule)
    assert found.outcome == "no verdict", "twenty cases cannot show five points"
    assert found.comparisons[0].found is not None and found.comparisons[0].found.high > 0.15


def test_several_comparisons_pay_for_their_number() -> None:
    base, better = counts(60, 4, 14, 22)
    alone = verdict(passing(base, better), RULE)
    assert alone.outcome == "better"
    many = verdict(passing(base, better, base, base, base), Rule(baseline="A", gate=True))
    assert (many.outcome, many.correction, many.winner) == ("no verdict", "Holm", "")
    assert "Alone it would be told apart" in many.sentence and "Holm: p = 0." in many.sentence
    browsed = verdict(passing(base, better, base), RULE)
    assert browsed.correction == "Benjamini\u2013Hochberg"


def test_the_same_is_said_only_within_the_margin_of_the_rule() -> None:
    level = counts(300, 15, 15, 70)
    assert verdict(passing(*level), Rule(baseline="A", margin=0.05)).sentence == (
        "B and A are the same within 5 points (95 %: \u22123 to 3; 400 cases)."
    )
    left = verdict(passing(*level), RULE)
    assert left.sentence.startswith("No verdict: B and A are level") and left.sentence.endswith(
        "A difference of 5 points is ruled out."
    )


def test_at_the_end_nothing_is_compared_while_it_runs() -> None:
    table = passing(*LATE, state="running")
    table.status[:, 100:] = "pending"
    found = verdict(table, RULE)
    assert found.sentence == "No verdict yet: 200 of 320 cells have ended, the rule decides at the end."
    assert found.comparisons == () and found.outcome == "not yet"


def test_looking_any_time_decides_by_evidence() -> None:
    random = np.random.default_rng(1)
    a, b = (random.random(60) < 0.3).astype(int), (random.random(60) < 0.8).astype(int)
    rule = Rule(baseline="A", looking="any time")
    table = passing(list(a), list(b), state="running")
    found = verdict(table, rule)
    assert found.sentence.startswith("B is ahead, looking as it runs: E = ")
    assert found.sentence.endswith("decided at 20 (60 of 60 cases).")
    assert found.is_decided
    low = found.comparisons[0].found
    assert low is not None and low.low > 0
    open_ = verdict(passing(list(a), list(a), state="running"), rule)
    assert "decided at 20" in open_.sentence and not open_.is_decided


def test_what_was_decided_stays_decided_unless_all_cases_say_otherwise() -> None:
    rule = Rule(baseline="A", looking="any time")
    early = [1] * 18 + [0, 1] * 60
    later = verdict(passing([0] * 18 + [1, 0] * 60, early), rule)
    assert later.outcome == "better" and "(18 of 138 cases)" in later.sentence
    turned = verdict(passing([0] * 18 + [1] * 60, [1] * 18 + [0] * 60), rule)
    assert turned.sentence.startswith("A is ahead") and "78 of 78" in turned.sentence


def test_cases_that_belong_together_count_as_one() -> None:
    a, b = counts(40, 8, 24, 28)
    clusters = [f"doc {n // 5}" for n in range(100)]
    found = verdict(passing(a, b, cluster=clusters), RULE)
    assert "100 cases in 20 clusters" in found.sentence
    few = verdict(passing(a, b, cluster=[str(n // 10) for n in range(100)]), RULE)
    assert few.sentence == "Too few clusters for a verdict: 10 paired clusters, 15 are the least."


def test_the_strip_says_what_a_verdict_leans_on() -> None:
    entries = [Entry("A", ignored=("penalty window",)), Entry("B"), Entry("A\u2032", twin_of="A")]
    first, second = LATE
    table = passing(
        first,
        second,
        [1 - first[0], *first[1:]],
        entries=entries,
        data="Late parcels, version 3",
        leaks=2,
        attempt=3,
    )
    table.cut[1, :7] = True
    words = {fact.words: fact.kind for fact in verdict(table, RULE).health}
    assert words["2 rows stand in both halves"] == "bad"
    assert (
        words["1 setting ignored"]
        == words["7 answers cut"]
        == words["rule fixed before, attempt 3"]
        == "warn"
    )
    assert (
        words["noise floor 0.6 %: 1 of 160 change"]
        == words["0 failed"]
        == words["Late parcels, version 3"]
        == "ok"
    )
    assert next(iter(words)) == "2 rows stand in both halves", "the failing ones come first"
    assert len(verdict(table, RULE).comparisons) == 1, "a twin is no rival"


def test_what_a_backend_says_of_an_answer_is_no_setting_that_it_ignored() -> None:
    entries = (Entry("A", ignored=("window unknown",)), Entry("B", ignored=("window unknown",)))
    facts = verdict(passing([1] * 40, [1] * 40, entries=entries), RULE).health
    (fact,) = (fact for fact in facts if "ignored" in fact.words)
    assert (fact.kind, fact.words) == ("ok", "no setting ignored")
    assert fact.details.endswith("Said of answers: A: window unknown; B: window unknown.")


def test_not_worse_is_a_statement_with_an_interval() -> None:
    table = passing(*LATE)
    assert (
        not_worse(table, RULE, 0.03).sentence
        == "B is not worse than A by 3 points (95 %: 4 to 20; 160 cases)."
    )
    level = not_worse(passing(*counts(20, 4, 4, 12)), RULE, 0.03)
    assert not level.holds, "a higher mean would have passed"
    assert level.sentence.startswith(
        "Not shown: B may be 15 points worse than A, less than 3 points was asked"
    )
    assert not not_worse(passing([0] * 10, [1] * 10), RULE).holds
    assert not_worse(table, RULE, 0.0, "A").holds
    with pytest.raises(ValueError, match='"Z" is no variant; they are A, B'):
        not_worse(table, RULE, 0.03, "Z")


def test_a_least_score_names_who_misses_it() -> None:
    gate = at_least(passing(*LATE), RULE, 0.8)
    assert not gate.holds
    assert gate.sentence == "A reaches only 70 % (95 %: 62 to 77; 160 cases); at least 80 % was asked."
    assert at_least(passing(*LATE), RULE, 0.8, ("B",)).holds


def test_slices_are_for_looking_and_only_what_survives_is_apart() -> None:
    first, second = counts(30, 0, 30, 0)
    order = np.random.default_rng(0).permutation(60)
    more = [0, 1] * 30, [1, 0] * 30
    table = passing(
        [first[n] for n in order] + more[0],
        [second[n] for n in order] + more[1],
        columns={
            "channel": ["email"] * 60 + ["chat"] * 50 + [""] * 10,
            "late": [n % 22 for n in range(120)],
            "text": [str(n) for n in range(120)],
        },
    )
    found = slices(table, RULE, "B", "A")
    assert [(each.column, each.value, each.cases) for each in found][:3] == [
        ("channel", "email", 60),
        ("channel", "chat", 50),
        ("channel", "empty", 10),
    ]
    assert [each.value for each in found][3:] == ["0 to 6", "7 to 13", "14 to 21"]
    assert found[0].is_apart and not found[1].is_apart and not found[2].is_apart
    assert caution(found[:2], RULE) == (
        "To look around, not to decide: with 2 slices one table in ten has one that strays by chance. "
        "After the correction only email stays apart from 0."
    )


def test_regressions_come_first_and_the_worst_of_them_on_top() -> None:
    table = passing(*counts(2, 3, 1, 1))
    table.score[:] = 0.5
    table.score[0, 4, 0] = 1.0
    groups = differing(table, RULE, "B", "A")
    assert [(group.side, group.title, group.cases) for group in groups] == [
        ("only b", "Only A passes", (4, 2, 3)),
        ("only a", "Only B passes", (5,)),
        ("neither", "Both fail", (6,)),
        ("both", "Both pass", (0, 1)),
    ]


def test_two_experiments_lie_beside_each_other_only_when_they_match() -> None:
    models = [Entry("A", model="m"), Entry("B", model="m")]
    first = passing(*LATE, entries=models, checks=("c1",))
    laid = beside(first, passing(*LATE, entries=models, checks=("c1",)), RULE, RULE)
    assert laid.table is not None and [e.name for e in laid.table.entries] == ["A", "B", "A (2)", "B (2)"]
    assert compare(laid.table, RULE, "B (2)", "A").sentence.startswith("B (2) beats A by 12 points")
    other = passing(
        *counts(10, 0, 0, 0), entries=[Entry("A", model="m"), Entry("B", model="n")], checks=("c2",)
    )
    assert beside(first, other, RULE, RULE).problems == (
        "150 of 160 cases are only in the first.",
        "Only the first has the check c1.",
        "Only the second has the check c2.",
        "Only the second has the model n.",
    )


def test_every_table_is_a_csv_that_no_spreadsheet_runs() -> None:
    table = passing(*LATE, entries=[Entry("A", "=cmd|x"), Entry("B")], columns={"channel": ["@a", "b"] * 80})
    found, parts = verdict(table, RULE), slices(table, RULE, "B", "A")
    names = ("variants.csv", "health.csv", "ratings.csv", "cases.csv", "slices.csv")
    files = {name: csv_table(found, name, parts=parts) or "" for name in names}
    assert all(files.values()) and csv_table(found, "else.csv") is None
    assert "'=cmd|x" in files["variants.csv"] and "'@a" in files["cases.csv"]
    assert len(files["cases.csv"].splitlines()) == 161
    assert "nan" not in "".join(files.values())


def test_names_are_no_markdown() -> None:
    table = passing(*LATE, entries=[Entry("A"), Entry("B|*x*")])
    assert "B\\|\\*x\\* beats A" in as_markdown(verdict(table, RULE))


def test_none_or_all_are_worded_as_bounds() -> None:
    text = as_text(verdict(passing([0] * 20, [1] * 20), RULE))
    assert "at most 17" in text and "at least 83" in text


def test_one_variant_alone_is_no_verdict() -> None:
    assert (
        verdict(passing([1, 0] * 10), RULE).sentence
        == "No verdict: A is the only variant; it reaches 50 % over 20 cases."
    )


def test_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="channel has 1 values for 2 cases"):
        passing([1, 0], [0, 1], columns={"channel": ["x"]})


@pytest.mark.parametrize("looking", ["end", "any time"])
def test_thousands_of_cases_that_all_say_the_same_are_a_verdict_as_any_other(looking: Any) -> None:
    found = verdict(passing([0] * 3000, [1] * 3000), Rule(baseline="A", looking=looking))
    assert found.winner == "B" and "3,000 cases" in found.sentence
    _, second = json.loads(as_json(found))["variants"]
    assert 1e20 < second["evidence"] < math.inf and 0 <= second["p"] < 1e-20


def test_thousands_of_scores_that_all_say_the_same_are_a_verdict_as_any_other() -> None:
    slots = [Slot(v, c, 0, score=float(v), passed=None) for v in range(2) for c in range(3000)]
    table = table_of([Entry("A"), Entry("B")], [str(c) for c in range(3000)], slots)
    found = verdict(table, Rule(baseline="A", metric="score", looking="any time"))
    _, second = json.loads(as_json(found))["variants"]
    assert found.winner == "B" and 1e20 < second["evidence"] < math.inf


def test_what_so_many_cases_rule_out_is_no_reason_for_more_of_them() -> None:
    found = verdict(passing(*counts(4000, 100, 110, 5790)), RULE)
    assert found.sentence == (
        "No verdict: B is 0.1 points higher than A (95 %: −0.2 to 0.4; 10,000 cases). A difference of 5 points is ruled out."
    )
    assert found.comparisons[0].more is None
    wide = verdict(passing(*counts(60, 8, 10, 82)), RULE)
    assert "would settle a difference of 5 points" in wide.sentence
    at_once = verdict(passing(*counts(4000, 100, 110, 5790)), RULE, with_more=False)
    assert at_once.sentence == found.sentence, "it needs no simulation, so it waits for none"


@pytest.mark.parametrize(("cases", "alpha"), [(3, 0.1), (5, 0.01), (6, 0.05), (16, 0.01)])
def test_of_a_few_equal_differences_the_interval_and_p_say_the_same(cases: int, alpha: float) -> None:
    slots = [Slot(v, c, 0, score=float(v)) for v in range(2) for c in range(cases)]
    table = table_of([Entry("A"), Entry("B")], [str(c) for c in range(cases)], slots)
    found = compare(table, Rule(baseline="A", metric="score", alpha=alpha), "B", "A").found
    assert found is not None and (found.p < alpha) != (found.low <= 0 <= found.high)


@pytest.mark.parametrize("times", [1, 3])
def test_no_interval_of_scores_passes_what_is_possible(times: int) -> None:
    # Two cases (or clusters of three) of twenty are far from the rest: the t distribution reaches 104 points of 100.
    units = 20 * times
    sides = [0.0] * units, [0.0] * 2 * times + [1.0] * 18 * times
    slots = [Slot(v, c, 0, score=score) for v, side in enumerate(sides) for c, score in enumerate(side)]
    table = table_of(
        [Entry("A"), Entry("B")],
        [str(case) for case in range(units)],
        slots,
        cluster=[f"page {case // 3}" for case in range(units)] if times > 1 else [],
        columns={"kind": ["long" if case < units * 0.8 else "short" for case in range(units)]},
    )
    rule = Rule(baseline="A", metric="score")
    found = verdict(table, rule)
    assert found.sentence.startswith("B beats A by 90 points (95 %: 76 to 100; "), found.sentence
    _, second = json.loads(as_json(found))["variants"]
    assert second["difference_high"] == 1 and 0 <= second["low"] <= second["high"] <= 1
    assert "76 to 100" in as_text(found) and "76 to 100" in as_markdown(found)
    rows = [each.found for each in slices(table, rule, "B", "A")]
    assert all(row is not None and row.low >= -1 and row.high <= 1 for row in rows)
