"""A check that a model judges: what it is asked, what is read of what it says, and what it is worth."""

from __future__ import annotations

import math

import pytest

from playground.scorers import check_called, check_name, names_called, questions, score
from playground.scorers.judged import Judgement, judgement_of, messages_for, pass_probability, read_judgement
from playground.types.generation import Completion, TokenLogprob
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
    assert check_name(CHECK) == 'judged by ollama:judge: "Names {{ what }}."'
    alone = CHECK.model_copy(update={"options": {"criterion": "Names a day."}})
    assert check_name(alone) == 'judged: "Names a day."'


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
    assert read_judgement(text) == Told(Judgement(*told))


def logprobs(*tokens: tuple[str, dict[str, float]]) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(token, math.log(top[token]), tuple((word, math.log(p)) for word, p in top.items()))
        for token, top in tokens
    )


@pytest.mark.parametrize(
    ("text", "tokens", "sure"),
    [
        ("PASS. Yes", [("PASS", {"PASS": 0.6, "FAIL": 0.2, "The": 0.2}), (". Yes", {". Yes": 1.0})], 0.75),
        (
            "**FAIL**",
            [("**", {"**": 1.0}), ("FA", {"FA": 0.6, "P": 0.3, "PA": 0.1}), ("IL**", {"IL**": 1.0})],
            0.4,
        ),
        (" PASS", [(" PASS", {" PASS": 0.5, "PASS": 0.3, " Fail": 0.2})], 0.8),
        ("不通过。", [("不", {"不": 0.9, "通过": 0.1}), ("通过。", {"通过。": 1.0})], 0.1),
        ("PASS", [], None),
        ("Well", [("Well", {"Well": 1.0})], None),
    ],
)
def test_how_sure_a_judge_was_is_read_where_its_word_begins(
    text: str, tokens: list[tuple[str, dict[str, float]]], sure: float | None
) -> None:
    found = pass_probability(text, logprobs(*tokens))
    assert found == (None if sure is None else pytest.approx(sure))


def test_a_judgement_has_what_the_call_took_and_a_negated_check_turns_how_sure_it_was() -> None:
    done = Completion(
        "PASS. It does.",
        "stop",
        prompt_tokens=300,
        completion_tokens=12,
        total_s=0.45,
        logprobs=logprobs(("PASS", {"PASS": 0.9, "FAIL": 0.1}), (". It does.", {". It does.": 1.0})),
    )
    told = judgement_of(done)
    assert told.value == Judgement(True, "It does.", pytest.approx(0.9), 312, 0.45)
    [question] = questions([CHECK], SAMPLE)
    asked = Sample(SAMPLE.answer, values=SAMPLE.values, told={question: told})
    assert score(CHECK, asked).probability == pytest.approx(0.9)
    turned = score(CHECK.model_copy(update={"negate": True}), asked)
    assert (turned.value, turned.probability) == (0.0, pytest.approx(0.1))


def test_a_judge_that_says_neither_does_not_apply() -> None:
    assert "neither PASS nor FAIL" in read_judgement("Well, compassionate.").lacks
    [question] = questions([CHECK], SAMPLE)
    unsaid = score(
        CHECK, Sample(SAMPLE.answer, values=SAMPLE.values, told={question: Told(lacks="it is off")})
    )
    assert unsaid.value is None and unsaid.explanation == "does not apply: it is off"
    assert score(CHECK, SAMPLE).value is None, "nobody was asked"
    said = score(
        CHECK, Sample(SAMPLE.answer, values=SAMPLE.values, told={question: Told(Judgement(False, "why"))})
    )
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


def test_a_judge_is_known_by_the_name_that_it_had_before_models_stood_in_names() -> None:
    mild, strict = (
        Check(scorer="judge", options={"criterion": "Is short.", "model": f"scripted:{name}"})
        for name in ("mild", "strict")
    )
    nobody = Check(scorer="judge", options={"criterion": "Is short."})
    old, new = 'judged: "Is short."', 'judged by scripted:strict: "Is short."'
    assert (check_name(nobody), check_name(strict)) == (old, new)
    assert check_called([mild, strict], new) is strict
    assert check_called([mild, strict], old) is mild, "of several the first, whose score it was"
    assert check_called([mild, nobody], old) is nobody, "a name of now comes before one of then"
    assert check_called([mild], "judged: something else") is None
    turned = strict.model_copy(update={"negate": True})
    assert check_called([strict, turned], f"not: {old}") is turned
    assert names_called([strict], old) == (old, new)
    assert names_called([strict], new) == (new,)
    assert names_called([strict], "no check") == ("no check",)
