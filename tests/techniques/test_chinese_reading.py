"""What techniques read out of Chinese answers: yes and no, cues, refusals, lists, verdicts, values and marks."""

from __future__ import annotations

import pytest

from playground.techniques.extraction import Kind, extract, is_refusal
from playground.techniques.reading import listed, score_in, value_in, verdict_in
from tests.techniques.scripted import LIBRARY, play


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("不對。", "yes_no", "否"),
        ("正確", "yes_no", "是"),
        ("沒有", "yes_no", "否"),
        ("會。", "yes_no", "是"),
        ("行。", "yes_no", "是"),
        ("【是】", "yes_no", "是"),
        ("「否」", "yes_no", "否"),
        ("答案是否。", "yes_no", "否"),
        ("他是否会来，我不知道。", "yes_no", None),
        ("答案應該是北京。", "phrase", "北京"),
        ("標準答案：北京", "phrase", "北京"),
        ("【答案】北京", "phrase", "北京"),
        ("「答案」：北京", "phrase", "北京"),
        ("**答案**：北京", "phrase", "北京"),
        ("答案→北京", "phrase", "北京"),
        ("綜上所述，答案是十五。", "number", "15"),
        ("答案是四十二，而不是四十三。", "number", "42"),
        ("答案是零下五度", "number", "-5"),
        ("答案是三个半小时", "number", "3.5"),
        ("答案是【B】", "choice", "B"),
    ],
)
def test_an_answer_is_found_behind_its_cue_in_either_script(text: str, kind: Kind, found: str | None) -> None:
    told = extract(text, kind)
    assert (told.text if told else None) == found


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("我没法回答这个问题。", True),
        ("無法回答這個問題。", True),
        ("抱歉，我帮不了你。", True),
        ("不清楚。", True),
        ("恕难从命。", True),
        ("我不能吃辣，所以选A。", False),
        ("抱歉让你久等了，答案是5。", False),
    ],
)
def test_a_refusal_has_no_vote(text: str, refuses: bool) -> None:
    assert is_refusal(text) is refuses


@pytest.mark.parametrize(
    "text",
    [
        "一、甲\n二、乙",
        "①甲\n②乙",
        "（一）甲\n（二）乙",
        "１．甲\n２．乙",
        "第一，甲\n第二，乙",
        "· 甲\n· 乙",
        "● 甲\n● 乙",
    ],
)
def test_a_list_is_read_with_chinese_marks(text: str) -> None:
    assert listed(text) == ["甲", "乙"]


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("结论：通过", True),
        ("结论：不通过", False),
        ("没有通过", False),
        ("未能通过", False),
        ("结论：不能通过", False),
        ("不通過", False),
        ("通過", True),
        ("不合格", False),
        ("任务要写猫，结果里没有猫。", None),
    ],
)
def test_a_verdict_is_not_turned_round(text: str, passed: bool | None) -> None:
    assert verdict_in(text) is passed


@pytest.mark.parametrize(
    ("text", "value"),
    [("评价：一定", 1), ("评价：可能", 0.5), ("评价：不可能", 0), ("不一定能解出来", 0.5), ("肯定不可能", 0)],
)
def test_a_state_that_is_not_sure_is_not_valued_as_sure(text: str, value: float) -> None:
    assert value_in(text) == value


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("得分：10", 1),
        ("评分：8/10", 0.8),
        ("得分：８", 0.8),
        ("打分：7", 0.7),
        ("分数是九", 0.9),
        ("得分：八分", 0.8),
        ("我给9分。", 0.9),
        ("總分：7.5", 0.75),
        ("用了5分钟。", None),
    ],
)
def test_a_mark_is_read_in_digits_and_in_words(text: str, mark: float | None) -> None:
    assert score_in(text) == mark


@pytest.mark.parametrize(
    ("technique", "step", "file", "said", "put_in"),
    [
        ("react", "step", "react/step", ["思考：要算。\n行动：calculator[4 * 12]", "思考：好。\n行动：finish[48]"], "观察：48"),
        ("art", "program", "art/program", ["步骤1：数出总数\ncalculator：4 * 12", "答案：48"], "结果：48"),
        (
            "function-calling",
            "step",
            "function-calling/step",
            ['{"function": "calculator", "arguments": {"expression": "4 * 12"}}', '{"answer": "48"}'],
            "结果：48",
        ),
    ],
)  # fmt: skip
async def test_a_tools_result_is_put_in_behind_the_word_of_the_chinese_step(
    technique: str, step: str, file: str, said: list[str], put_in: str
) -> None:
    prompt = LIBRARY.get(f"techniques/{file}.zh").prompt
    played = await play(technique, said, "4箱鸡蛋，每箱12个，一共多少个？", prompts={step: prompt})
    assert played.scripted.texts[1].splitlines()[-1] == put_in
    assert played.answer.extracted == "48"


async def test_a_stop_text_that_announces_nothing_leaves_the_usual_word() -> None:
    english = LIBRARY.get("techniques/react/step").prompt
    assert english.sampling is not None
    stopped = english.model_copy(update={"sampling": english.sampling.model_copy(update={"stop": ("\n\n",)})})
    said = ["Thought: so.\nAction: calculator[4 * 12]", "Thought: so.\nAction: finish[48]"]
    played = await play("react", said, prompts={"step": stopped})
    assert played.scripted.texts[1].splitlines()[-1] == "Observation: 48"
