"""The command line for a reader of Chinese: help, errors and tables; what programs read stays English."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import Call

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def language(data: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_LANG", "zh")


def test_errors_are_told_in_the_readers_language(call: Call) -> None:
    called = call("run", "nope")
    assert called.code == 2
    assert called.err.startswith("错误：没有") and "nope" in called.err
    assert not re.search("[A-Za-z]{3,} [a-z]{3,} ", called.err)


def test_help_is_in_the_readers_language(call: Call) -> None:
    told = call("run", "--help").out
    assert told.startswith("用法：") and "选项" in told and "变量的值" in told
    assert "Value of a variable" not in told and "Show this message" not in told


def test_what_programs_read_stays_english(call: Call) -> None:
    told = json.loads(call("list", "--format", "json").out)
    assert told.keys() == {"patterns", "saved"}
    assert not CHINESE.search(told["patterns"][0]["name"] + told["patterns"][0]["slug"])
