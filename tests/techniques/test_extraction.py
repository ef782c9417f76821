r"""What a model wrote → the answer in it. The table is the specification: a new notation is a new row."""

from __future__ import annotations

import time

import pytest

from playground.techniques.extraction import KINDS, Extracted, Kind, extract, normal, vote

NUMBERS = [
    ("42", "42"),
    ("The answer is 42.", "42"),
    ("The answer is: 42", "42"),
    ("The final answer is **42**.", "42"),
    ("**Final Answer:** 42", "42"),
    ("## Answer\n42", "42"),
    ("Final answer\n\n**1,000**", "1000"),
    ("Roger has 5 + 6 = 11 balls.\n#### 11", "11"),
    ("#### 1,234", "1234"),
    ("So 6 × 7 = 42, the answer is 42 because 6 and 7 make 13.", "42"),
    ("The answer is 3 + 4 = 7.", "7"),
    ("The answer is x = 5", "5"),
    ("The answer is $18 (16 − 3 − 4 = 9, and 9 × 2 = 18).", "18"),
    ("The answer to 3 + 4 is 7", "7"),
    ("Therefore, the answer (arabic numerals) is 8.", "8"),
    ("The answer is 5. Wait, I forgot one. The answer is 6.", "6"),
    ("The answer is not 5 but 6.", "6"),
    ("He buys 3 bags.\nHe pays 12 for each.\nThe total is 36 euros.", "36"),
    ("First 3, then 4\n\nTotal: 7", "7"),
    ("We get **42** for 3 people.", "42"),
    (r"Thus \boxed{42}.", "42"),
    (r"Thus $\boxed{1{,}000}$, not 999.", "1000"),
    (r"\boxed{\frac{3}{4}}", "0.75"),
    (r"\boxed{-\dfrac{1}{3}}", "-1/3"),
    (r"\boxed{\frac{-1}{3}}", "-1/3"),
    (r"\boxed{3\frac{1}{2}}", "3.5"),
    (r"\boxed{x = 5\text{ km}}", "5"),
    (r"\boxed{20\%}", "20%"),
    (r"\boxed{\$18}", "18"),
    (r"\boxed{12", "12"),
    (r"\boxed{1} no, \boxed{2}", "2"),
    ("$1,234.50", "1234.5"),
    ("1.234,50 €", "1234.5"),
    ("2,5 + 1.231,5 = 1.234,0\nAntwort: 1.234", "1234"),
    ("It costs 5 km.", "5"),
    ("The answer is −5 °C.", "-5"),
    ("The answer is 3/4.", "0.75"),
    ("The answer is 1/3.", "1/3"),
    ("The answer is 1 3/4 cups", "1.75"),
    ("½", "0.5"),
    ("The answer is 20%.", "20%"),
    ("20 per cent", "20%"),
    ("12‰", "12‰"),
    ("6.02 × 10^23", "6.02e+23"),
    ("$1.5 million", "1500000"),
    ("12345678901234567891", "12345678901234567891"),
    ("The answer is forty-two.", "42"),
    ("There are twelve of them.", "12"),
    ("one hundred and five", "105"),
    ("two and a half million", "2500000"),
    ("He has a dozen eggs.", "12"),
    ("a third", "1/3"),
    ("one hundred ninety", "190"),
    ("twenty-five percent", "25%"),
    ("nineteen ninety-nine", None),
    ('{"answer": 42, "steps": 3}', "42"),
    ('```json\n{"answer": "1,000"}\n```', "1000"),
    ("Answer - 17", "17"),
    ("<answer>42</answer>", "42"),
    ("La réponse est 17.", "17"),
    ("I cannot determine this from the 3 numbers given.", None),
    ("I'm sorry, but I can't help with 5 of these.", None),
    ("As an AI, I have 0 opinions.", None),
    ("There is not enough information: only 3 of 5 are given.", None),
    ("The answer is unknown, since 3 of 5 are missing.", None),
    ("I cannot use 5, so the answer is 6.", "6"),
    ("There is no number here.", None),
    ("The last one wins.", None),
    ("", None),
    ("   \n", None),
    (r"\boxed{3\sqrt{2}}", None),
    # Chinese
    ("四十二", "42"),
    ("一百二十三", "123"),
    ("答案是一百二十三。", "123"),
    ("答案：四十二", "42"),
    ("答案是 42。", "42"),
    ("答案是：42。", "42"),
    ("答案为42", "42"),
    ("最终答案是３．５", "3.5"),
    ("答案＝１０００", "1000"),
    ("正确答案应该是1,000元。", "1000"),
    ("答：小明一共有12个苹果。", "12"),
    ("答：还剩五个。", "5"),
    ("结果等于3+4=7", "7"),
    ("答案是三分之一。", "1/3"),
    ("答案是四分之三", "0.75"),
    ("答案是百分之二十。", "20%"),
    ("答案是20％", "20%"),
    ("负三点一四", "-3.14"),
    ("零下五度，即答案是-5", "-5"),
    ("一千", "1000"),
    ("一千零五", "1005"),
    ("两千三", "2300"),
    ("壹萬貳仟叁佰元", "12300"),
    ("二〇二四", "2024"),
    ("3万5千", "35000"),
    ("总共1.5亿人", "150000000"),
    ("一億二千三百万", "123000000"),
    ("答案是不是5，而是6。", "6"),
    ("先算3×4=12，再减去2，所以还剩10个。", "10"),
    ("第一步：3+4=7\n第二步：7×2=14\n所以一共14元", "14"),
    ("小红有５个，小明有３个，一共８个。", "8"),
    ("答案是5千克，因为2+3=5", "5"),
    ("答案是十五分钟", "15"),
    ("因此 \\boxed{十二}", "12"),
    ("**答案：** 1，234", "1234"),
    ("结论是：需要二十一天。", "21"),
    ('{"答案": "三十"}', "30"),
    ("答案是6，我一开始写的是5", "6"),
    ("答案为负数，即-3", "-3"),
    ("答案是九成五", "95%"),
    ("大约三成", "30%"),
    ("他成为第一名，得了7分", "7"),
    ("答案是3又2分之1", "3.5"),
    ("三又四分之一", "3.25"),
    ("答案是5。不对，重新计算后答案是六。", "6"),
    ("抱歉，我无法回答这个有3个条件的问题。", None),
    ("我不知道，可能是5", None),
    ("条件不足，只给出了2个数。", None),
    ("答案未知，缺少3个条件。答案是无法确定的，因为只有2个数。", None),
    ("作为一个AI语言模型，我没有3个苹果。", None),
    ("统一、唯一、万一。", None),
]
CHOICES = [
    ("B", "B"),
    ("b", "B"),
    ("(b)", "B"),
    ("B.", "B"),
    ("(B) Paris", "B"),
    ("**B) Paris**", "B"),
    ("The answer is (B).", "B"),
    ("The answer is B because it is larger.", "B"),
    ("The correct answer is option C: Paris", "C"),
    ("Answer: **D**", "D"),
    ("I choose C.", "C"),
    ("A is wrong, so it must be that B is correct.", "B"),
    ("A is incorrect. C is the best answer.", "C"),
    (r"\boxed{\text{(C)}}", "C"),
    (r"$\boxed{C}$", "C"),
    ("The answer is A dog.", None),
    ("The answer is A.", "A"),
    ("The answer is A and C.", "AC"),
    ("The answer is A, C and D", "ACD"),
    ("The answer is A or B.", None),
    ("A. London\nB. Paris\nC. Rome", None),
    ("A. London\nB. Paris\nC. Rome\nAnswer: B", "B"),
    ('{"answer": "B"}', "B"),
    ("I can't help with that.", None),
    ("A dog barks.", None),
    ("It is Paris.", None),
    ("(A) is incorrect, (B) is incorrect, therefore (C).", "C"),
    ("Neither A nor B", None),
    ("So it is D.", "D"),
    ("选B", "B"),
    ("故选：C。", "C"),
    ("因此选择 D", "D"),
    ("答案是Ｂ", "B"),
    ("答案：（Ｃ）", "C"),
    ("正确答案是【D】。", "D"),
    ("答案为A选项", "A"),
    ("应该选B项，因为它更大", "B"),
    ("A不正确，B正确。", "B"),
    ("不选A，选C。", "C"),
    ("答案不是A，而是B。", "B"),
    ("A错误，B错误，故选C", "C"),
    ("A或B", None),
    ("B选项是正确的。", "B"),
    ("答案：ABD", "ABD"),
    ("答案是A、C和D", "ACD"),
    ("答案是A还是B？", None),
    ("A．北京\nB．上海\n所以答案选B", "B"),
    ("C、上海", "C"),
    ("对不起，我无法回答。", None),
    ("我不知道选什么。", None),
]
YES_NO = [
    ("Yes", "yes"),
    ("yes.", "yes"),
    ("**No**", "no"),
    ("No, he cannot, because the bridge is closed.", "no"),
    ("Yes, that is possible.", "yes"),
    ("The answer is no.", "no"),
    ("The answer is: Yes, it can.", "yes"),
    ("It was long. So the answer is yes.", "yes"),
    ("There is no evidence against it, so yes.", "yes"),
    ("The statement is not true.", "no"),
    ("This is correct.", "yes"),
    ("That isn't right.", "no"),
    ("False", "no"),
    (r"\boxed{\text{No}}", "no"),
    ('{"answer": true}', "yes"),
    ("I would say no.", "no"),
    ("Absolutely not.", "no"),
    ("Of course.", "yes"),
    ("<answer>No</answer>", "no"),
    ("Nobody knows.", None),
    ("No one knows.", None),
    ("Maybe.", None),
    ("Yes and no.", None),
    ("I don't know.", None),
    ("Not a word of it.", None),
    ("是", "是"),
    ("是的，他可以去。", "是"),
    ("否", "否"),
    ("不，他不是医生。", "否"),
    ("不是。", "否"),
    ("答案：是", "是"),
    ("答案是否。", "否"),
    ("答案是：不能。", "否"),
    ("答案是是的。", "是"),
    ("最终答案：否，因为桥关了。", "否"),
    ("我认为是。", "是"),
    ("我认为不是。", "否"),
    ("他病了，所以不能。", "否"),
    ("这个说法不正确。", "否"),
    ("这句话是正确的。", "是"),
    ("该说法错误。", "否"),
    ("对", "是"),
    ("不对", "否"),
    ("没有。", "否"),
    ("当然可以。", "是"),
    ("当然不是。", "否"),
    ("判断：错误", "否"),
    ("判断：正确", "是"),
    ("是真的吗？不是。", "否"),
    ("企鹅不会飞，所以答案是：否。", "否"),
    ("答案是肯定的。", "是"),
    ("答案是否定的。", "否"),
    ("是否可以还要看情况。", None),
    ("不一定。", None),
    ("也许吧。", None),
    ("抱歉，我不能回答。", None),
]
DATES = [
    ("2024-05-06", "2024-05-06"),
    ("The answer is May 6, 2024.", "2024-05-06"),
    ("6 May 2024", "2024-05-06"),
    ("the 6th of May 2024", "2024-05-06"),
    ("Sept. 3rd, 1999", "1999-09-03"),
    ("06.05.2024", "2024-05-06"),
    ("05/06/2024", "2024-05-06"),
    ("25/12/2024", "2024-12-25"),
    ("It began on 1 May 2020 and ended on 3 May 2020.", "2020-05-03"),
    ("May 2024", "2024-05"),
    ("May 6", "--05-06"),
    ("2024-02-30", None),
    ("He may go.", None),
    ("I do not know the date.", None),
    ("答案是2024年5月6日。", "2024-05-06"),
    ("二〇二四年五月六日", "2024-05-06"),
    ("２０２４年１２月２５日", "2024-12-25"),
    ("一九九九年十月一日", "1999-10-01"),
    ("2024年5月", "2024-05"),
    ("五月六日", "--05-06"),
    ("答案：2024/5/6", "2024-05-06"),
    ("会议在2024年5月6号举行", "2024-05-06"),
    ("2024年2月30日", None),
    ("我不知道日期。", None),
]
TEXTS: list[tuple[str, Kind, str | None]] = [
    ('{"answer": "Paris"}', "json_field", "Paris"),
    ('Sure:\n```json\n{"answer": ["a", "b"]}\n```', "json_field", '["a", "b"]'),
    ('{"answer": 1} then {"answer": 2}', "json_field", "2"),
    ('{"answer": 42', "json_field", "42"),
    ("{'answer': 'B',}", "json_field", "B"),
    ('{"answer": null}', "json_field", None),
    ('{"other": 1}', "json_field", None),
    ("no JSON", "json_field", None),
    ('{"答案": "北京"}', "json_field", "北京"),
    ("结果如下：{“答案”：“北京”}", "json_field", "北京"),
    ("The answer is Paris. It is large.", "phrase", "Paris"),
    ("The answer is St. Louis.", "phrase", "St. Louis"),
    ("Answer: **Paris**", "phrase", "Paris"),
    ("The answer is 3.5 km", "phrase", "3.5 km"),
    ("It is Paris.", "phrase", None),
    ("答案是北京。它很大。", "phrase", "北京"),
    ("最终答案：“北京”", "phrase", "北京"),
    ("综上，答案为上海", "phrase", "上海"),
    ("是北京。", "phrase", None),
    ("Let me think.\n\nParis", "last_line", "Paris"),
    ("Let me think.\n- **Paris**\n```", "last_line", "Paris"),
    ("Hm.\nAnswer: Paris", "last_line", "Paris"),
    ("我想想。\n北京", "last_line", "北京"),
    ("我想想。\n答案：北京", "last_line", "北京"),
    ("I cannot answer that.", "last_line", None),
    ("  Paris\n", "text", "Paris"),
    ("“北京”", "text", "北京"),
    ("I'm unable to answer this.", "text", None),
    ("抱歉，我无法回答这个问题。", "text", None),
]
ROWS: list[tuple[str, Kind, str | None]] = [
    *((text, "number", expected) for text, expected in NUMBERS),
    *((text, "choice", expected) for text, expected in CHOICES),
    *((text, "yes_no", expected) for text, expected in YES_NO),
    *((text, "date", expected) for text, expected in DATES),
    *TEXTS,
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "expected"), ROWS)
def test_the_answer_is_found_as_a_person_would_find_it(text: str, kind: Kind, expected: str | None) -> None:
    found = extract(text, kind)
    assert (found.text if found else None) == expected


def test_the_table_has_cases_of_every_kind_and_enough_in_chinese() -> None:
    chinese = [text for text, _, _ in ROWS if any("\u3000" <= char <= "\uffef" for char in text)]
    assert len(ROWS) >= 160 and len(chinese) >= 80
    assert {kind for _, kind, _ in ROWS} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("number", ["1,000", "1000", "一千", "１０００", "1 000", "$1,000.00", "one thousand", r"\boxed{1{,}000}"]),
        ("number", ["1/3", "三分之一", r"\frac{1}{3}", "a third", "0.333333333333333"]),
        ("number", ["20%", "百分之二十", "20 ％", "20 percent"]),
        ("number", ["0.5", "½", "1/2", "二分之一", ".5", "0.50"]),
        ("number", ["-5", "−5", "负五", "－５", "minus five"]),
        ("choice", ["B", "(b)", "选B", "答案：Ｂ", "Option B", r"\boxed{B}"]),
        ("yes_no", ["yes", "是", "对。", "The answer is yes", "正确"]),
        ("yes_no", ["no", "否", "不是", "False", "答案是否"]),
        ("date", ["2024-05-06", "May 6, 2024", "2024年5月6日", "二〇二四年五月六日", "6 May 2024"]),
        ("text", ["Paris", "paris.", "**Paris**", "“Paris”", "Ｐａｒｉｓ", "PARIS!"]),
        ("text", ["The dog", "the dog.", "a dog"]),
        ("text", ["1,000", "1000", "一千", "１０００。"]),
        ("json_field", ['{"answer": 1000}', '{"answer": "1,000"}', '{"answer": 1000.0}', '{"answer": "一千"}']),
    ],
)  # fmt: skip
def test_answers_that_say_the_same_vote_together(kind: Kind, texts: list[str]) -> None:
    keys = [found.key if (found := extract(text, kind)) else None for text in texts]
    assert set(keys) == {keys[0]} and keys[0]


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("number", "1,000", "1,001"),
        ("number", "12345678901234567890", "12345678901234567891"),
        ("number", "5", "-5"),
        ("number", "1/3", "0.33"),
        ("choice", "A", "AB"),
        ("date", "2024-05-06", "2024-06-05"),
        ("text", "Paris", "Pari"),
        ("text", "a", "b"),
    ],
)
def test_answers_that_differ_do_not(kind: Kind, one: str, other: str) -> None:
    first, second = extract(one, kind), extract(other, kind)
    assert first and second and first.key != second.key


def test_only_the_letters_of_the_question_are_choices() -> None:
    assert extract("E", "choice", letters="ABCD") is None
    assert extract("E", "choice", letters="ABCDE") == Extracted("E", "E")


def test_a_field_may_lie_inside_another() -> None:
    assert extract('{"result": {"value": 3, "unit": "km"}}', "json_field", field="result.value") == Extracted(
        "3", "3"
    )
    assert extract('{"items": [1, 2]}', "json_field", field="items.1") == Extracted("2", "2")
    assert extract('{"answer": 3}', "json_field", field="result") is None


def numbers(*texts: str) -> list[Extracted | None]:
    return [extract(text, "number") for text in texts]


def test_the_answer_of_most_wins_with_its_share_and_those_without_answer_count_as_asked() -> None:
    found = vote(numbers("1,000", "999", "一千", "I do not know.", "1000"))
    assert found.winner == Extracted("1000", "1000", ("1",))
    assert found.share == 0.6
    assert found.counts == (("1000", 3), ("999", 1))
    assert found.keys == ("1000", "999", "1000", None, "1000")


def test_a_tie_goes_to_the_answer_that_came_first() -> None:
    assert vote(numbers("2", "1", "1", "2")).counts == (("2", 2), ("1", 2))
    winner = vote(numbers("7", "8")).winner
    assert winner and winner.text == "7"


def test_a_percentage_goes_with_what_the_others_mean_by_it() -> None:
    assert vote(numbers("20%", "20", "30")).counts == (("20", 2), ("30", 1))
    assert vote(numbers("20%", "0.2", "30")).counts == (("0.2", 2), ("30", 1))
    assert vote(numbers("20%", "百分之二十", "0.2")).counts == (("0.2", 3),)
    assert vote(numbers("20%", "百分之二十", "30")).counts == (("20%", 2), ("30", 1))
    assert vote(numbers("20%", "30%")).counts == (("20%", 1), ("30%", 1))


def test_a_vote_of_nobody_has_no_winner() -> None:
    assert vote([]).winner is None
    assert vote(numbers("I cannot say.", "")).share == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        "9" * 200_000,
        "the answer is " * 15_000,
        "答案是" * 60_000,
        "\\boxed{" * 30_000,
        "{" * 100_000,
        '{"answer": "' + "\\" * 100_000,
        "**" * 100_000,
        "one hundred and " * 12_000,
        "(A) or " * 20_000,
        "是不是" * 60_000,
        "a" * 200_000,
        "1/" * 100_000,
        " " * 100_000 + "x",
        "- " * 100_000,
        "\ud800 5",
    ],
    ids=lambda text: text[:12],
)
def test_a_long_or_broken_answer_takes_no_time(kind: Kind, text: str) -> None:
    started = time.perf_counter()
    extract(text, kind)
    assert time.perf_counter() - started < 20  # a bad pattern would take hours


def test_a_key_forgets_case_marks_and_the_notation_of_numbers() -> None:
    assert normal(" **The Dog.** ") == "dog"
    assert normal("１，０００") == "1000"
    assert normal("A") == "a"
