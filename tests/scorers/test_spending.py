"""What an answer took: seconds, tokens, money."""

from __future__ import annotations

from playground.scorers import check_problem, is_unfilled, score
from playground.types.prompt import Check
from playground.types.scores import Sample, Score, Spent

SPENT = Spent(prompt_tokens=1_000, completion_tokens=200, total_s=2.5, first_token_s=0.4)


def scored(scorer: str, spent: Spent = SPENT, **options: object) -> Score:
    return score(Check(scorer=scorer, options=options), Sample("x", spent=spent))


def test_latency_counts_to_the_end_or_to_the_first_word() -> None:
    assert scored("latency", seconds=3).value == 1.0
    slow = scored("latency", seconds=2)
    assert (slow.value, slow.explanation, slow.name) == (0.0, "2.50 s, 0.50 s over", "within 2 s")
    assert scored("latency", seconds=1, until="first word").value == 1.0


def test_tokens_of_the_answer_the_prompt_or_both_have_bounds() -> None:
    over = scored("tokens", max=150)
    assert (over.value, over.explanation) == (0.0, "200 tokens, 50 over")
    assert scored("tokens", max=1_000, counted="prompt").value == 1.0
    assert scored("tokens", min=1_201, counted="both").value == 0.0


def test_the_price_follows_from_tokens_and_the_given_prices() -> None:
    found = scored("price", at_most=0.001, prompt_price=0.5, answer_price=1.5)
    assert (found.value, found.explanation) == (1.0, "0.0008 for 1,000 + 200 tokens")
    assert scored("price", at_most=0.0007, prompt_price=0.5, answer_price=1.5).value == 0.0


def test_what_was_not_measured_does_not_apply() -> None:
    nothing = Spent()
    assert scored("latency", nothing).value is None
    assert scored("tokens", nothing, max=5).value is None
    assert scored("price", nothing, at_most=1, prompt_price=1).value is None


def test_bounds_and_prices_are_needed() -> None:
    assert is_unfilled(Check(scorer="price"))
    assert is_unfilled(Check(scorer="tokens"))
    assert "cost" in (check_problem(Check(scorer="price", options={"at_most": 1})) or "")
    assert check_problem(Check(scorer="latency", options={"seconds": 0}))
