"""What people prefer: ratings of pairs, counted by case, judged by evidence that may be looked at any time."""

from __future__ import annotations

import json
import re

import pytest

from playground.stats import ratings as davidson
from playground.stats.evidence import of_wins
from playground.translation.lines import in_chinese, width
from playground.types.experiment import Rule
from playground.types.outcomes import Better, Rating
from playground.verdicts import (
    Entry,
    Table,
    as_json,
    as_markdown,
    as_text,
    csv_table,
    rated,
    table_of,
    verdict,
)

RULE = Rule(baseline="A")


def table(*ratings: Rating, cases: int = 40, cluster: tuple[str, ...] = ()) -> Table:
    entries = [Entry("A"), Entry("B"), Entry("=C")]
    return table_of(entries, [f"r{n}" for n in range(cases)], [], ratings=ratings, cluster=cluster)


def said(better: str, a: int = 0, b: int = 1, start: int = 0) -> list[Rating]:
    """A rating a case: "b" prefers the second, "-" is a tie, "0" is both bad."""
    words: dict[str, Better] = {"a": "a", "b": "b", "-": "tie", "0": "bad"}
    return [Rating(start + n, a, b, words[each]) for n, each in enumerate(better)]


def test_who_is_preferred_is_told_by_evidence_against_the_baseline() -> None:
    [pair] = rated(table(*said("b" * 14 + "a" * 2 + "--0")), RULE).pairs
    assert (pair.a, pair.b, pair.prefer_a, pair.prefer_b, pair.ties, pair.bad) == ("B", "A", 14, 2, 2, 1)
    assert pair.outcome == "better" and pair.found.difference == 12 / 19
    assert pair.sentence.startswith("By ratings B is ahead, looking as it runs: E = ")
    assert "of 40 cases" in pair.sentence


def test_few_ratings_and_even_ones_are_no_verdict() -> None:
    [few] = rated(table(*said("b" * 14)), RULE).pairs
    assert few.sentence == "Too few ratings for a verdict: 14 rated cases, 15 are the least."
    [even] = rated(table(*said("ab" * 8)), RULE).pairs
    assert even.outcome == "no verdict" and even.found.difference == 0
    assert even.found.evidence == pytest.approx(of_wins(8, 8))
    assert even.sentence.startswith(
        "No verdict by ratings: B is preferred 8 times and A 8 times in 16 cases (E = 0."
    )


def test_cases_that_belong_together_count_once() -> None:
    of_one = table(*said("b" * 20), cluster=tuple(f"document {n // 10}" for n in range(40)))
    [pair] = rated(of_one, RULE).pairs
    assert (pair.cases, pair.units, pair.of) == (20, 2, 4) and pair.outcome == "too few"
    assert "2 rated clusters" in pair.sentence


def test_several_pairs_give_each_variant_a_strength_against_the_baseline() -> None:
    ratings = said("b" * 16 + "a" * 8) + said("b" * 12 + "a" * 4, 1, 2, 24)
    b, c = rated(table(*ratings), RULE).strengths
    assert abs(b.chance - 16 / 24) < 0.01, "as if B had met A alone"
    odds = (16 / 8) * (12 / 4)
    assert abs(c.chance - odds / (1 + odds)) < 0.02, "C never met A: it is as much ahead of B as B is of A"
    assert b.low < b.chance < b.high < 1
    assert rated(table(*said("b" * 16)), RULE).strengths == (), "one pair is told by itself"
    plain = davidson.davidson_votes([davidson.Vote(0, 1, "right", "", n) for n in range(3)], 2, against=0)
    assert plain.values[0] == plain.low[0] == plain.high[0] == 0


def test_ratings_are_in_every_form_of_the_verdict() -> None:
    found = verdict(table(*said("b" * 15, 0, 2)), RULE)
    sentence = (
        "By ratings =C is ahead, looking as it runs: E = 2,048.0, decided at 20 (15 of 40 cases). Few cases."
    )
    assert sentence in as_text(found) and "=C and A" in as_text(found)
    assert "By ratings =C is ahead" in as_markdown(found) and "| =C and A | 15 |" in as_markdown(found)
    assert json.loads(as_json(found))["ratings"]["pairs"][0]["preferred"] == 15
    assert "\n1,r0,A,'=C,'=C,\n" in (csv_table(found, "ratings.csv") or "")
    assert "rated" not in as_text(verdict(table(), RULE))


def test_columns_of_the_text_stand_under_each_other_in_the_words_of_the_reader() -> None:
    found = verdict(table(*said("b" * 16)), RULE)
    lines = as_text(found, in_chinese).split("\n")
    head = next(line for line in lines if "通过" in line)
    row = lines[lines.index(head) + 1]
    ends = [
        {width(line[: cell.end()]) for cell in re.finditer(r"\S+(?: \S+)*", line)} for line in (head, row)
    ]
    assert (
        "! 40 个用例中 40 个未计入：B 与 A 只在双方都有值处比较。未计入：B 和 A 未运行（40）。"
        in "\n".join(lines)
    )
    assert len(ends[0] & ends[1]) >= 3, (head, row)
    assert all(re.search(": .*: ", line) is None for line in as_text(found).split("\n") if "! few" in line)
