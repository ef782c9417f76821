"""Chinese text is scored as a Chinese reader would: its numbers, units, sentences, refusals and characters."""

from __future__ import annotations

import re
import time

import pytest

from playground.answers.amounts import amount
from playground.answers.units import quantities_in
from playground.diff.words import describe, diff_words
from playground.scorers import check_name, names_called, score_all
from playground.scorers.language import IN_LETTERS, LANGUAGES
from playground.scorers.words import sentences
from playground.techniques.extraction import extract
from playground.translation.shown import chinese
from playground.types.prompt import Check
from playground.types.scores import Sample


def value(scorer: str, answer: str, **options: object) -> float | None:
    return score_all((Check(scorer=scorer, options=options),), Sample(answer, "stop", {}))[0].value


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("答案：一百二十三", 123),
        ("所以一共有１２３个。", 123),
        ("答案是三分之一", 1 / 3),
        ("占百分之二十。", 20),
        ("占百分之二十。", 0.2),
        ("零下五度", -5),
        ("气温是零下５度", -5),
        ("负５", -5),
        ("一半", 0.5),
        ("半小时", 0.5),
        ("要两天半", 2.5),
        ("三个半小时", 3.5),
        ("3个半", 3.5),
        ("是原来的两倍", 2),
        ("２又１／２", 2.5),
        ("答案是一百二十三万", 1_230_000),
        ("一億三千萬", 130_000_000),
        ("兩萬五千", 25_000),
        ("答案是半", 0.5),
        ("答案是−５℃", -5),
        ("最低气温-3度", -3),
        ("万分之五", 0.0005),
        ("八折", 0.8),
        ("九五折", 95),
        ("三个亿", 300_000_000),
        ("3个亿", 300_000_000),
        ("约为3乘以10的8次方", 300_000_000),
        ("答案是１０的３次方", 1000),
        ("负百分之五", -5),
        ("一共花了三百二十五元六角。", 325.6),
        ("找回3元5角2分", 3.52),
        ("五块钱的三分之一", 1 / 3),
        ("一共3万2。", 32_000),
        ("1万2000元", 12_000),
        ("3千500米", 3_500),
        ("1千2.5", 2.5),
        ("3万2:5", 5),
        ("答案是俩。", 2),
        ("仨", 3),
    ],
)
def test_a_number_is_read_as_it_is_said(answer: str, expected: float) -> None:
    assert value("number", answer, expected=expected) == 1


@pytest.mark.parametrize(
    "answer", ["一个半径为米的圆", "他是中国的一个朋友"], ids=["a radius", "one behind 的"]
)
def test_a_word_with_a_numeral_in_it_gives_no_half(answer: str) -> None:
    assert value("number", answer, expected=1.5) == value("number", answer, expected=0.5) == 0


@pytest.mark.parametrize(
    "answer",
    ["把纸三折叠", "过半", "方案-5", "对半分", "他俩很高兴"],
    ids=["folded", "more than half", "a name", "half each", "both of them"],
)
def test_a_word_that_looks_like_a_number_is_none(answer: str) -> None:
    assert not any(value("number", answer, expected=number) for number in (30, 0.3, 0.5, -5, 2))


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ("并非如此。", "no"),
        ("并不是。", "no"),
        ("無法。", "no"),
        ("没有错，理由如下。", "yes"),
        ("不错。", "yes"),
        ("是啊", "yes"),
        ("对呀，就是这样。", "yes"),
        ("不对啊", "no"),
        ("是（见第三段）", "yes"),
        ("《否》", "no"),
        ("肯定是。", "yes"),
        ("他的回答是否定的。", "no"),
        ("我的结论是肯定的。", "yes"),
        ("這個說法不準確。", "no"),
        ("答案是「否」。", "no"),
        ("所以，答案是：**不是**。", "no"),
        ("答案是否", "no"),
        ("结论是：不符合题意。", "no"),
        ("恐怕不行。", "no"),
        ("应该是可以的。", "yes"),
        ("该陈述为真。", "yes"),
        ("该命题为假，因为缺少条件。", "no"),
        ("判断：√", "yes"),
        ("判断：×", "no"),
        ("不存在这样的整数。", "no"),
        ("不需要，照常即可。", "no"),
        ("需要。", "yes"),
        ("不同意。", "no"),
        ("没有问题，可以进行。", "yes"),
        ("不过，这还不一定。", None),
        ("不仅如此，它还很贵，视情况而定。", None),
        ("不知道。", None),
        ("未必。", None),
        ("是否正确还不清楚", None),
        ("无法判断", None),
        ("没人知道", None),
        ("可惜没有依据可查", None),
        ("不错过任何机会", None),
        ("确实如此", "yes"),
        ("的确。", "yes"),
        ("是这样的", "yes"),
        ("毫无疑问是的", "yes"),
        ("包含。", "yes"),
        ("已经有了。", "yes"),
        ("提到了。", "yes"),
        ("从未。", "no"),
        ("还没有", "no"),
        ("尚未。", "no"),
        ("没有提到过。", "no"),
        ("未提及。", "no"),
        ("不是这样的", "no"),
        ("不算。", "no"),
        ("因此应回答“否”。", "no"),
        ("所以应回答是", "yes"),
        ("这个判断有误。", "no"),
        ("这个表述不实。", "no"),
        ("还没有确定", None),
        ("确实很难说", None),
        ("包含三个部分", None),
        ("算了", None),
    ],
)
def test_yes_and_no_are_read_as_they_are_said(answer: str, key: str | None) -> None:
    found = extract(answer, "yes_no")
    assert (found and found.key) == key


@pytest.mark.parametrize(
    ("text", "values", "unit"),
    [
        ("三公里半", 3.5, "公里"),
        ("半公里", 0.5, "公里"),
        ("一个半小时", 1.5, "小时"),
        ("一小时三十分", 1.5, "小时"),
        ("三刻钟", 3, "刻钟"),
        ("两斤半", 2.5, "斤"),
        ("一米七五", 1.75, "米"),
        ("1米75", 1.75, "米"),
        ("两块五", 2.5, "块"),
        ("五块八毛", 5.8, "块"),
        ("3元5角2分", 3.52, "元"),
        ("零下５摄氏度", -5, "摄氏度"),
        ("重5千克", 5, "千克"),
        ("３．５公里", 3.5, "公里"),
        ("三斤二两", 3.2, "斤"),
        ("一斤八两半", 1.85, "斤"),
        ("摄氏零下五度", -5, "摄氏度"),
        ("华氏98.6度", 98.6, "华氏度"),
        ("时速约六十公里", 60, "公里每小时"),
        ("每秒5米", 5, "米每秒"),
        ("每小时走了5公里", 5, "公里"),
        ("三十度角", 30, "度"),
    ],
)
def test_a_quantity_is_read_with_its_halves_and_parts(text: str, values: float, unit: str) -> None:
    (found,) = quantities_in(text)
    assert (found.values[0], found.unit) == (pytest.approx(values), unit)


def test_degrees_of_a_temperature_are_celsius_where_one_is_expected() -> None:
    assert value("quantity", "今天最低气温是零下五度。", expected="-5 °C") == 1
    assert value("quantity", "先转九十度。", expected="90 °C", which="first") == 1
    assert value("quantity", "先转九十度。", expected="90 °") == 1
    assert value("quantity", "今天20度", expected="20 °F") == 0


@pytest.mark.parametrize(
    ("answer", "words"),
    [("你好，世界。", 4), ("“你好”，她说：《论语》！", 6), ("用 Python 写代码", 5), ("こんにちは、世界", 7)],
)
def test_marks_are_no_words_beside_chinese_characters(answer: str, words: int) -> None:
    assert value("length", answer, min=words, max=words) == 1


def test_the_name_of_each_language_is_read_in_chinese() -> None:
    for language in LANGUAGES.values():
        other = "German" if language.name == "Chinese" else "Chinese"
        for said in (f"the answer is {language.name}, not {other}", f"in {language.name}"):
            assert not re.search("[A-Za-z]{2}", chinese().of(said)), said
    for said in (
        *(f"the answer is {each}, not Chinese" for each in IN_LETTERS.values()),
        "does not apply: too short to tell Danish from Norwegian or Swedish",
    ):
        assert not re.search("[A-Za-z]{2}", chinese().of(said)), said


def test_what_follows_a_unit_for_itself_is_no_part_of_it() -> None:
    assert [found.values[0] for found in quantities_in("5块3个")] == [5, 3]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("今天天气很好。我们去公园吧！你去吗？", 3),
        ("他说：“走吧。”她没走！", 2),
        ("“走吧。”他说。", 1),
        ("她问：“去吗？”“去。”", 2),
        ("你说什么？！我没听清。", 2),
        ("真的吗?真的.", 2),
        ("北京是首都.上海不是.", 2),
        ("『走。』他說。", 1),
        ("他说：“走。”她说：“好。”", 2),
        ("真的……吗？", 1),
        ("我想……算了。", 1),
        ("价格是3.5元，第一种；第二种是４元。", 1),
        ("1. 西安做过都城吗？\n2. 深圳做过都城吗？", 2),
        ("- 周五停航\n- 周六复航", 2),
        ("一、甲\n二、乙", 2),
        ("春眠不觉晓\n处处闻啼鸟", 2),
        ("（他没有来。）我走了。", 2),
        ("我读了《你好。》。", 1),
        ("《你好。》是一本书。", 1),
        ("Dr. Smith came at 3.5. He sat, e.g. on v1.2.3.", 2),
        ('He said, "Go." She went?! Yes...', 3),
        ("A line\nthat is broken.", 1),
        ("See https://example.org/c?d=e for more.", 1),
        ("。。。！", 0),
        ("", 0),
    ],
)
def test_sentences_are_counted(text: str, count: int) -> None:
    assert len(sentences(text)) == count


def test_an_answer_is_held_to_a_number_of_sentences() -> None:
    check = Check(scorer="length", options={"max": 1, "unit": "sentences"})
    (score,) = score_all((check,), Sample("图书馆延长开放。周日不变。", "stop", {}))
    assert (score.value, score.explanation) == (0, "2 sentences, 1 over")


@pytest.mark.parametrize("text", ["！" * 50_000, "。”" * 25_000, "\n" * 50_000, "\n1. " * 12_000])
def test_counting_sentences_takes_time_that_grows_with_the_text_alone(text: str) -> None:
    begin = time.process_time()
    sentences(text)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    ("answer", "refuses"),
    [
        ("抱歉，我帮不了你。", 1),
        ("無法回答這個問題。", 1),
        ("這個問題我無法回答。", 1),
        ("暂时无法回答。", 1),
        ("恕难从命。", 1),
        ("无可奉告。", 1),
        ("这超出了我的能力范围。", 1),
        ("抱歉让你久等了，答案是5。", 0),
        ("我不能吃辣，所以选A。", 0),
        ("他说对不起，然后离开了。", 0),
        ("根据文章无法确定作者是谁。", 0),
        ("作为一个AI语言模型，我不能……", 1),
        ("作为人工智能助手，我没有能力完成这个任务。", 1),
        ("不好意思，这超出了我的能力。", 1),
        ("我没办法帮你写作业。", 1),
        ("对于这种请求，我只能拒绝。", 1),
        ("我不方便透露。", 1),
        ("根据相关规定，无法提供该内容。", 1),
        ("根據相關規定，無法提供該內容。", 1),
        ("您好，我无法给到相关内容。", 1),
        ("让我们换个话题聊聊吧。", 1),
        ("作为人工智能专业的学生，他不能只会编程。", 0),
        ("根据法律规定，不能提供担保的有三类人。", 0),
        ("我只能拒绝他的邀请。", 0),
        ("我不会做饭。", 0),
        ("我没办法不笑。", 0),
        ("客户的态度：拒绝。", 0),
    ],
)
def test_a_refusal_in_chinese_is_told_from_an_answer(answer: str, refuses: float) -> None:
    assert value("refusal", answer) == refuses


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("我选择第二个", "B"),
        ("选第一项", "A"),
        ("答案是第三个。", "C"),
        ("第2个选项正确", "B"),
        ("第一个错，第二个对", "B"),
        ("第四个选项：上海", "D"),
        ("排除A、B，所以是C", "C"),
        ("综合分析，B选项最为恰当。", "B"),
        ("因此A是错的，选B", "B"),
        ("应该是 A 或 B", None),
        ("因此是A或者B", None),
        ("第二个人走了", None),
        ("第一项工作是调研", None),
        ("第一，我们要努力。", None),
    ],
)
def test_a_choice_is_read_as_it_is_said(answer: str, letter: str | None) -> None:
    found = extract(answer, "choice")
    assert (found and found.key) == letter
    assert value("choice", answer, expected=letter or "J") == (letter is not None)


@pytest.mark.parametrize(
    ("answer", "asked", "fits"),
    [
        ("用Python写一个hello world程序", "中文", 1),
        ("The answer is 北京, as always.", "英语", 1),
        ("The answer is 北京, as always.", "普通话", 0),
        ("Das ist gut und schön, mein Freund.", "德文", 1),
        ("これは本です", "日语", 1),
        ("好", "zh", 1),
        ("東京都", "日语", None),
        ("东京是日本的首都，也是最大的城市。", "日语", 0),
        ("한국어 OK", "韩语", 1),
    ],
)
def test_a_language_is_named_in_chinese_and_told_by_what_is_said_in_it(
    answer: str, asked: str, fits: float | None
) -> None:
    assert value("language", answer, language=asked) == fits


def test_every_language_can_be_asked_for_by_its_name_in_chinese() -> None:
    for language in LANGUAGES.values():
        name = chinese().of(f"in {language.name}").removeprefix("语言为")
        assert name in language.others, language.name


def test_letters_are_compared_without_case_and_chinese_stays_as_it_is() -> None:
    assert value("contains", "我用PYTHON写代码", text="python写") == 1
    assert value("equals", "是", text="是") == 1 and value("equals", "士", text="土") == 0
    assert value("levenshtein", "北京是首都", text="南京是首都") == pytest.approx(0.8)
    assert value("normalised", "答案：是", texts=["答案:是。"]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("今天天气很好。", "6 characters"),
        ("好", "1 character"),
        ("用 Python 写代码，很快。", "7 characters"),
        ("To be, or not — 是 — to be.", "7 words"),
        ("one", "1 word"),
        ("", "0 words"),
    ],
)
def test_a_length_is_told_in_characters_where_words_have_no_spaces(text: str, said: str) -> None:
    assert amount(text) == said


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("今天天气很好。", "今天天气不好。", "adds 1 character, removes 1"),
        ("用三句话概括。", "用五句话概括，不要添加。", "adds 5 characters, removes 1"),
        ("我用Python写", "我用Rust写", "adds 1 word, removes 1"),
        ("你好，世界", "你好,世界", "changes spaces or signs only"),
    ],
)
def test_a_change_of_chinese_text_is_told_in_characters(before: str, after: str, words: str) -> None:
    assert describe(diff_words(before, after)) == words


def test_a_language_that_is_asked_for_by_its_code_is_called_by_its_name() -> None:
    """Scores that were stored under "in ja" are still those of the check."""
    for negate, start in ((False, ""), (True, "not: ")):
        check = Check(scorer="language", options={"language": "JA"}, negate=negate)
        assert check_name(check) == f"{start}in Japanese"
        assert names_called([check], f"{start}in JA") == (f"{start}in JA", f"{start}in Japanese")
    for written in ("日本語", "{{ language }}"):
        assert check_name(Check(scorer="language", options={"language": written})) == f"in {written}"
