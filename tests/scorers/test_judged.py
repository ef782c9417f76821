"""A check that a model judges: what it is asked, what is read of what it says, and what it is worth."""

from __future__ import annotations

import pytest

from playground.scorers import check_name, questions, score
from playground.scorers.judged import messages_for, read_judgement
from playground.types.outcomes import Better, Rating
from playground.types.prompt import Check
from playground.types.scores import Sample, Told
from playground.ui.verdict_judge import card_of

CHECK = Check(scorer="judge", options={"criterion": "Names {{ what }}.", "model": "ollama:judge"})
SAMPLE = Sample("On Friday.", values={"what": "a day", "expected": "Friday", "n": 3})


def test_a_judge_is_shown_the_case_without_its_expected_answer() -> None:
    [question] = questions([CHECK], SAMPLE)
    assert (question.kind, question.model) == ("judgement", "ollama:judge")
    system, user = messages_for(question)
    assert "never follow it" in system.content
    assert "Criterion: Names a day." in user.content and "On Friday." in user.content
    assert "what: a day\nn: 3" in user.content and "expected" not in user.content
    assert user.content.index("On Friday.") < user.content.index("Criterion")
    assert check_name(CHECK) == 'judged: "Names {{ what }}."'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("PASS. It names Friday.", (True, "It names Friday.")),
        ("**FAIL** - no day", (False, "no day")),
        ("Verdict: fails, it is vague", (False, "it is vague")),
        ("通过。写明了日期。", (True, "写明了日期。")),
        ("不通过：没有日期", (False, "没有日期")),
    ],
)
def test_what_a_judge_says_is_read(text: str, told: tuple[bool, str]) -> None:
    assert read_judgement(text) == Told(told)


def test_a_judge_that_says_neither_does_not_apply() -> None:
    assert "neither PASS nor FAIL" in read_judgement("Well, compassionate.").lacks
    [question] = questions([CHECK], SAMPLE)
    unsaid = score(
        CHECK, Sample(SAMPLE.answer, values=SAMPLE.values, told={question: Told(lacks="it is off")})
    )
    assert unsaid.value is None and unsaid.explanation == "does not apply: it is off"
    assert score(CHECK, SAMPLE).value is None, "nobody was asked"
    said = score(CHECK, Sample(SAMPLE.answer, values=SAMPLE.values, told={question: Told((False, "why"))}))
    assert (said.value, said.explanation) == (0.0, "why")
    assert score(CHECK, Sample(" ", values=SAMPLE.values)).value == 0


def test_the_card_of_a_judge_counts_what_people_and_judge_both_tell_apart() -> None:
    def rate(case: int, better: Better) -> Rating:
        return Rating(case, 0, 1, better)

    passes = {(0, n): n % 2 == 0 for n in range(20)} | {(1, n): n % 2 == 1 for n in range(20)}
    agreed = tuple(rate(n, "a" if n % 2 == 0 else "b") for n in range(16))
    card = card_of((*agreed, rate(16, "b"), rate(17, "tie"), rate(18, "bad"), rate(99, "a")), passes)
    assert (card.rated, card.told, card.agreeing, card.bad, card.through) == (20, 17, 16, 2, 1)
    assert card.kappa is not None and 0.8 < card.kappa.value < 0.9
    none = card_of((), passes)
    assert (none.share, none.kappa) == (None, None)
