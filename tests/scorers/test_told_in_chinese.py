"""Why a check does not apply is told in Chinese to the last word."""

from __future__ import annotations

import re
from typing import Any

import pytest

from playground.scorers import score_all
from playground.translation.shown import chinese
from playground.types.prompt import Check
from playground.types.scores import Sample


@pytest.mark.parametrize(
    ("scorer", "options", "told"),
    [
        ("regex", {"pattern": "{{ bad }}"}, "正则在第 3 个字符处无效：字符集没有结束"),
        ("number", {"expected": "{{ bad }}"}, "选项“expected”须为数字"),
        ("number", {"expected": "{{ missing }}"}, "没有 missing"),
        ("length", {"min": "{{ bad }}"}, "选项“min”须为整数"),
        ("length", {"min": "{{ m }}", "max": "{{ n }}"}, "“min”是 9，高于“max”的 3"),
        ("language", {"language": "{{ de }}"}, "“Germn”不是这里已知的语言。你是指德语吗？"),
        ("choice", {"expected": "{{ z }}"}, "“Z”不是 A 到 J 的字母"),
        ("json_fields", {"expected": "{{ open }}"}, "期望的内容须为 JSON：“{”不是有效的 JSON，第 1 行，第 2 列：缺少双引号中的键"),
    ],
)  # fmt: skip
def test_a_check_that_does_not_apply_says_why_in_chinese(
    scorer: str, options: dict[str, Any], told: str
) -> None:
    values = {"bad": "[a", "n": "3", "m": "9", "z": "Z", "de": "Germn", "open": "{"}
    (score,) = score_all((Check(scorer=scorer, options=options),), Sample("答 12", "stop", values))
    assert score.value is None
    assert chinese().of(score.explanation) == f"不适用：{told}"


def test_the_languages_that_are_known_are_named_in_chinese() -> None:
    check = Check(scorer="language", options={"language": "{{ asked }}"})
    (score,) = score_all((check,), Sample("答", "stop", {"asked": "克林贡"}))
    told = chinese().of(score.explanation)
    assert told.startswith("不适用：“克林贡”不是这里已知的语言。已知的有：英语、中文、德语、")
    assert not re.search("[A-Za-z]", told)
    assert chinese().of(score.name) == "语言为{{ asked }}"
