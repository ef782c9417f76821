"""ROUGE, BLEU and chrF, with values worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.scorers import score
from playground.scorers.words import _NORMAL, _PLAIN_NORMAL, _PLAIN_WORD, _WORD
from playground.types.prompt import Check
from playground.types.scores import Sample, Score
from tests.examples import examples

FOX = "The quick brown fox jumps over the lazy dog"
DOG = "The quick brown dog jumps on the log."


def scored(scorer: str, answer: str, **options: object) -> Score:
    return score(Check(scorer=scorer, options=options), Sample(answer))


@pytest.mark.parametrize(
    ("kind", "precision", "recall"),
    [("1", 6 / 8, 6 / 9), ("2", 2 / 7, 2 / 8), ("L", 5 / 8, 5 / 9)],
)
def test_rouge_counts_words_pairs_and_the_longest_sequence(
    kind: str, precision: float, recall: float
) -> None:
    assert scored("rouge", DOG, text=FOX, kind=kind, measure="precision").value == pytest.approx(precision)
    assert scored("rouge", DOG, text=FOX, kind=kind, measure="recall").value == pytest.approx(recall)
    f1 = 2 * precision * recall / (precision + recall)
    assert scored("rouge", DOG, text=FOX, kind=kind).value == pytest.approx(f1)


def test_rouge_takes_each_chinese_character_for_a_word() -> None:
    # 我 喜 欢 吃 of six characters each.
    assert scored("rouge", "我喜欢吃苹果", text="我喜欢吃香蕉", kind="1").value == pytest.approx(4 / 6)
    assert scored("rouge", "我喜欢吃苹果", text="我喜欢吃香蕉", kind="2").value == pytest.approx(3 / 5)
    # Words of both scripts: "GPT" is one, and the answer's order is another.
    assert scored("rouge", "模型GPT很好", text="GPT 模型很好", kind="L").value == pytest.approx(4 / 5)


def test_bleu_is_that_of_one_sentence() -> None:
    # Precisions 5/6, 3/5, 1/4, and 1/6 for the missing runs of four (exponential smoothing).
    expected = (5 / 6 * 3 / 5 * 1 / 4 * 1 / 6) ** 0.25
    found = scored("bleu", "the cat sat on the mat", text="the cat is on the mat")
    assert found.value == pytest.approx(expected, abs=1e-4)
    assert found.explanation == "BLEU 38.0 of 100"


def test_bleu_cuts_chinese_into_characters_and_japanese_too() -> None:
    expected = (4 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert scored("bleu", "我喜欢吃苹果", text="我喜欢吃香蕉").value == pytest.approx(expected, abs=1e-4)
    assert (scored("bleu", "これは犬です", text="これは猫です").value or 0) > 0.3


def test_chrf_counts_runs_of_characters_in_any_script() -> None:
    assert scored("chrf", "国の首都", text="国の首都").value == pytest.approx(1.0)
    assert scored("chrf", "abc", text="xyz").value == 0.0
    # One character each way: of runs of one, 1 of 2; of two, none.
    assert scored("chrf", "ab", text="ac").value == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize("scorer", ["rouge", "bleu", "chrf"])
def test_an_empty_answer_scores_nothing_and_a_threshold_decides(scorer: str) -> None:
    assert scored(scorer, "", text="abc").value == 0.0
    assert scored(scorer, FOX, text=FOX, at_least=0.99).value == 1.0
    assert scored(scorer, "something else", text=FOX, at_least=0.5).value == 0.0


@settings(max_examples=examples(50))
@given(st.text(st.characters(codec="ascii")))
def test_plain_texts_have_the_same_words_as_by_the_rules_for_all_scripts(text: str) -> None:
    assert _PLAIN_WORD.findall(text.lower()) == _WORD.findall(text.lower())
    assert _PLAIN_NORMAL.findall(text) == _NORMAL.findall(text)
