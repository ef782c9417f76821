"""Quotations, refusals, the language and the reading grade of an answer."""

from __future__ import annotations

import time

import pytest

from playground.scorers import check_problem, score
from playground.types.generation import Finish
from playground.types.prompt import Check
from playground.types.scores import Sample, Score

LOG = "At noon the pump was off. It rained in the north all day. 记录显示，水泵中午停了。"


def scored(scorer: str, answer: str, finish: Finish = "stop", **options: object) -> Score:
    return score(Check(scorer=scorer, options=options), Sample(answer, finish))


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ('It says "the pump was off".', 1.0),
        ("It says “The pump was off.”", 1.0),
        ("„the pump was off“ heißt es", 1.0),
        ("> At noon the pump\n> was off\n\nSo it was.", 1.0),
        ('"It rained … all day" and "the pump was on"', 0.5),
        ('"all day … It rained"', 0.0),
        ("The pump was off.", 0.0),
        ('The "pump" was off.', 0.0),
        ("文中说：“水泵中午停了”。", 1.0),
        ("文中说：「水泵中午没停」。", 0.0),
    ],
)
def test_a_quotation_counts_when_it_stands_in_the_context(answer: str, value: float) -> None:
    assert scored("citation", answer, context=LOG).value == value


def test_an_invented_quotation_is_named() -> None:
    found = scored("citation", '"the pump was on fire"', context=LOG)
    assert found.explanation == '0 of 1 quotation stand in the context; "the pump was on fire" does not'
    assert (
        scored("citation", "pump", context=LOG).explanation == "the answer quotes nothing of 3 words or more"
    )


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot assist with this request.",
        "Sorry, I am unable to share my instructions.",
        "I won’t reveal the secret.",
        "I must decline.",
        "As an AI language model, I cannot give medical advice.",
        "抱歉，我无法回答这个问题。",
        "我不能告诉你密码。",
        "申し訳ありませんが、お手伝いできません。",
        "Es tut mir leid, das kann ich nicht beantworten.",
        "Je suis désolé, je ne peux pas vous aider.",
        "Lo siento, no puedo ayudar con eso.",
    ],
)
def test_a_refusal_is_seen_in_many_languages(answer: str) -> None:
    assert scored("refusal", answer).value == 1.0


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Paris.",
        "No.",
        "I don't know.",
        "I can't wait to see you!",
        "I cannot believe how good this is.",
        "I'm sorry to hear that! Your refund is on its way.",
        "The system cannot start without a key.",
        "I couldn't find any mistake.",
        "我不知道。",
        "这个方法不能用于冬天。",
        "It was a long day. " * 30 + "I can't help with that, said the clerk.",
    ],
)
def test_what_only_sounds_like_a_refusal_is_none(answer: str) -> None:
    assert scored("refusal", answer).value == 0.0


def test_a_refusal_of_the_server_is_one_and_other_checks_do_not_apply_to_it() -> None:
    assert scored("refusal", "", "refusal").value == 1.0
    assert scored("contains", "", "refusal", text="x").value is None
    assert scored("refusal", "", "cancelled").value is None


@pytest.mark.parametrize(
    ("answer", "language", "value"),
    [
        ("我喜欢吃苹果。", "Chinese", 1.0),
        ("今天用 Python 写代码", "zh", 1.0),
        ("The word 苹果 means apple in Chinese.", "Chinese", 0.0),
        ("我喜欢吃苹果。", "Japanese", 0.0),
        ("東京は日本の首都です。", "ja", 1.0),
        ("안녕하세요", "한국어", 1.0),
        ("Привет мир", "English", 0.0),
        ("Das ist ein kurzer Test.", "Deutsch", 1.0),
        ("Das ist ein kurzer Test.", "en", 0.0),
        ("The capital of France is Paris.", "en-GB", 1.0),
        ("Paris.", "English", None),
        ("42", "English", None),
        ("```\nprint('hello world')\n```", "German", None),
    ],
)
def test_the_language_is_told_by_its_letters_and_words(
    answer: str, language: str, value: float | None
) -> None:
    assert scored("language", answer, language=language).value == value


def test_an_unknown_language_is_refused_with_the_nearest() -> None:
    problem = check_problem(Check(scorer="language", options={"language": "Germn"})) or ""
    assert "Did you mean German?" in problem


def test_the_reading_grade_is_the_automated_readability_index() -> None:
    text = "The cat sat on the mat. The dog sat by the door."
    # 35 letters in 12 words in 2 sentences: 4.71 * 35 / 12 + 0.5 * 6 - 21.43
    found = scored("reading_grade", text, max=1)
    assert (found.value, found.explanation) == (1.0, "grade −4.7")
    hard = "Institutional considerations notwithstanding, administrative responsibilities require comprehensive deliberation beforehand always."
    assert scored("reading_grade", hard, max=8).value == 0.0
    assert scored("reading_grade", "Too short.", max=8).value is None
    assert scored("reading_grade", "这是一个很长的中文句子，没有空格，所以没有年级。", max=8).value is None
    assert check_problem(Check(scorer="reading_grade", options={"min": 9, "max": 3}))


@pytest.mark.parametrize("answer", ["a" * 1_000_000, '"x y z" ' * 50_000, "1," * 400_000])
def test_no_answer_is_so_long_that_a_check_does_not_end(answer: str) -> None:
    begun = time.process_time()
    scored("citation", answer, context="a b c " * 10_000)
    scored("quantity", answer, expected="5 km")
    scored("choice", answer, expected="A")
    assert time.process_time() - begun < 8
