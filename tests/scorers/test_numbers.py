"""Numbers as people write them, in any script and notation, and what is none."""

from __future__ import annotations

import time

import pytest

from playground.answers.chinese import readings
from playground.scorers import check_problem, is_quick, score
from playground.types.prompt import Check
from playground.types.scores import Sample, Score


def judged(answer: str, expected: float | str, which: str = "last") -> Score:
    return score(Check(scorer="number", options={"expected": expected, "which": which}), Sample(answer))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("1\u00a0234", 1234),  # no-break space
        ("1\u202f234\u202f567", 1234567),  # narrow no-break space
        ("1\u2009234,5", 1234.5),  # thin space
        ("1 234 567", 1234567),
        ("1&nbsp;234", 1234),
        ("1\\,234", 1234),
        ("1{,}234", 1234),
        ("1'234", 1234),
        ("1’234’567.50", 1234567.5),
        ("1_234_567", 1234567),
        ("1,234,567.89", 1234567.89),
        ("1.234.567,89", 1234567.89),
        ("1.234,50 €", 1234.5),
        ("12,34,567", 1234567),
        ("₹1,23,45,678.5", 12345678.5),
        ("about 12,5", 12.5),
        ("0,500", 0.5),
        ("0.500", 0.5),
        ("1234,567", 1234.567),
        ("４２", 42),
        ("１，２３４．５", 1234.5),
        ("٣٢٠", 320),
        ("١٬٢٣٤٫٥", 1234.5),
        ("۱۲۳", 123),
        ("१,२३४", 1234),
        ("๔๒", 42),
        ("－5", -5),
        ("x = − 5", -5),
        ("–5", -5),
        ("\u200e−5\u200e", -5),
        ("-€ 5", -5),
        ("83 %", 0.83),
        ("83 ％", 83),
        ("12‰", 0.012),
        ("50 per cent", 0.5),
        ("3/4", 0.75),
        ("3⁄4", 0.75),
        ("½", 0.5),
        ("1½", 1.5),
        ("1 3/4 cups", 1.75),
        ("\\boxed{\\frac{3}{4}}", 0.75),
        ("score: 3/4", 4),
        ("6.02 × 10²³", 6.02e23),
        ("6.02*10^23", 6.02e23),
        ("6.02 \\times 10^{23}", 6.02e23),
        ("2 · 10⁻³", 0.002),
        ("10^6", 1e6),
        ("$1.5 million", 1_500_000),
        ("④", 4),
        ("Ⅻ", 12),
        ("the point is (3,4)", 4),
        ("sorted: 100 200 300", 300),
        ("06.05.2024", 2024),
        ("version 1.2.3", 3),
        ("1, 2 and 3", 3),
        ("No.5", 5),
        ("三百二十", 320),
        ("答案是三百二十。", 320),
        ("壹佰", 100),
        ("壹萬貳仟叁佰元", 12300),
        ("两", 2),
        ("兩千", 2000),
        ("一千零五", 1005),
        ("一百五", 150),
        ("十五", 15),
        ("二〇二四年", 2024),
        ("负三点一四", -3.14),
        ("百分之五十", 0.5),
        ("四分之三", 0.75),
        ("一億二千三百万", 123_000_000),
        ("千三百円", 1300),
        ("共3万5千元", 35_000),
        ("1.5亿", 150_000_000),
        ("答案是五。", 5),
        ("一共有五个。", 5),
        ("5千克", 5),
        ("42。请进一步说明，这十分重要，千万不要忘记。", 42),
        ("从3个增加到二十个", 20),
    ],
)
def test_a_number_is_found_in_the_notation_of_its_writer(answer: str, expected: float) -> None:
    result = judged(answer, expected)
    assert result.value == 1, result.explanation
    assert judged(answer, expected * 1.001 + 1).value == 0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("1\u00a0234", 234),
        ("1 234", 234),
        ("1'234", 234),
        ("1.234,50 €", 50),
        ("12,5", 5),
        ("12,34,567", 567),
        ("1,234,567", 1.234567),
        ("1.234.567", 1.234567),
        ("０.5", 5),
        ("0.5 + 0.734 = 1.234", 1234),  # the point is this text's decimal sign
        ("2,5 + 1.231,5 = 1.234", 1.234),  # and here the comma
        ("10 − 5", -5),
        ("3–5", -5),
        ("3-5", -5),
        ("6.02 × 10²³", 10),
        ("10^6", 6),
        ("1½", 1),
        ("三百二十", 20),
        ("三百二十", 3),
        ("统一、唯一、万一、进一步", 1),
        ("七八个", 78),
        ("42。请进一步说明。", 1),
        ("3万", 3),
    ],
)
def test_a_part_of_a_number_or_of_a_word_is_not_taken_for_the_number(answer: str, expected: float) -> None:
    assert judged(answer, expected).value == 0


@pytest.mark.parametrize(
    ("answer", "expected", "explanation"),
    [
        ("1,234", 1234, "found 1,234"),
        ("1,234", 1.234, 'found "1,234", read as 1.234'),
        ("1.234", 1.234, "found 1.234"),
        ("1.234", 1234, 'found "1.234", read as 1,234'),
        ("1.234", 1235, 'found "1.234", read as 1,234, 1 away from 1,235'),
        ("83 %", 83, "found 83"),
        ("83 %", 0.83, 'found "83 %", read as 0.83'),
        ("3/4", 4, 'found "3/4", read as 4'),
        ("一百五", 105, 'found "一百五", read as 105'),
        ("1.234,50 €", 1235, "found 1234.5, 0.5 away from 1,235"),
        ("万一", 1, "there is no number in the answer"),
    ],
)
def test_a_number_that_may_mean_two_things_says_which_was_taken(
    answer: str, expected: float, explanation: str
) -> None:
    assert judged(answer, expected).explanation == explanation


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("1.142,5", "1142.5"),
        ("1 142", "1,142"),
        ("４２", "42"),
        ("三百", "300"),
        ("−2", "-2"),
        ("83 %", "83"),
        ("1/2", "0.5"),
    ],
)
def test_what_is_expected_may_be_written_in_any_notation_too(expected: str, answer: str) -> None:
    assert judged(answer, expected).value == 1


@pytest.mark.parametrize("expected", ["3 or 4", "abc", "1,2,3", "一一", "n5"])
def test_what_is_no_single_number_is_not_expected(expected: str) -> None:
    assert "must be a number" in (check_problem(Check(scorer="number", options={"expected": expected})) or "")


@pytest.mark.parametrize(("answer", "value"), [("3/4", 1), ("it is 0,75", 1), ("3 of 4", 0), ("五 (5)", 0)])
def test_the_only_number_may_be_a_fraction(answer: str, value: float) -> None:
    assert judged(answer, 0.75, "only").value == value


def test_a_number_in_words_and_digits_is_one_number() -> None:
    assert judged("五 (5)", 5, "only").value == 1


@pytest.mark.parametrize("text", ["一一", "万一", "千千万万", "二三十", "三五", "百百", "", "五五五十"])
def test_characters_that_make_no_numeral_have_no_reading(text: str) -> None:
    assert readings(text) == ()


def test_every_whole_number_below_a_hundred_million_is_read_back_from_its_chinese_form() -> None:
    digits, units = "零一二三四五六七八九", ["", "十", "百", "千"]

    def section(number: int) -> str:
        text = "".join(
            digits[int(char)] + (units[place] if char != "0" else "")
            for place, char in zip(range(len(str(number)) - 1, -1, -1), str(number), strict=True)
        )
        while "零零" in text:
            text = text.replace("零零", "零")
        return text.rstrip("零")

    def written(number: int) -> str:
        high, low = divmod(number, 10_000)
        gap = "零" if high and 0 < low < 1000 else ""
        return (section(high) + "万" if high else "") + gap + (section(low) if low else "")

    for number in [*range(1, 10_000, 7), *range(10_001, 99_999_999, 612_347)]:
        assert readings(written(number))[0] == number, written(number)


@pytest.mark.parametrize(
    "piece", ["1,", "1,111", "1 111 ", "1/", "一千", "百分之", "− ", "统一", "1×10", "["]
)
def test_hostile_answers_are_read_in_time_that_grows_with_their_length(piece: str) -> None:
    began = time.process_time()
    judged(piece * (20_000 // len(piece)), 7)
    assert time.process_time() - began < 5
    assert not is_quick([Check(scorer="number", options={"expected": 1})], Sample(piece * 10_000))
