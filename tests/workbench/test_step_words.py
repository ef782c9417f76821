"""In which language the steps of a technique are offered: for a reader of Chinese, and beside a prompt in Chinese."""

from __future__ import annotations

import pytest

from playground.library.shipped import Library, shipped_folder
from playground.techniques.base import StepPrompt
from playground.techniques.registry import TECHNIQUES
from playground.types.prompt import Prompt, Turn
from playground.workbench.step_words import fitting, is_chinese, wordings

ENGLISH = Prompt(turns=(Turn(role="user", template="How many apples are left? {{ question }}"),))
CHINESE = Prompt(turns=(Turn(role="user", template="用 JSON 回答：还剩几个苹果？{{ question }}"),))
BARE = Prompt(turns=(Turn(role="user", template="{{ question }}"),))


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(shipped_folder())


@pytest.mark.parametrize("name", [name for name, row in TECHNIQUES.items() if row.steps])
def test_every_technique_has_all_its_steps_in_chinese(library: Library, name: str) -> None:
    steps = TECHNIQUES[name].steps
    words = fitting(library, steps, CHINESE, {})
    assert words.keys() == {step.name for step in steps}
    assert all(library.get(slug).prompt.language == "zh" for slug in words.values())


def test_steps_are_english_for_a_reader_of_english_with_an_english_prompt_and_chinese_else(
    library: Library,
) -> None:
    steps = TECHNIQUES["tree-of-thoughts"].steps
    assert fitting(library, steps, ENGLISH, {"question": "苹果有几个？"}) == {}
    assert (
        fitting(library, steps, ENGLISH, {}, reader="zh")["propose"]
        == "techniques/tree-of-thoughts/propose.zh"
    )
    assert fitting(library, steps, BARE, {"question": "还剩几个苹果？"}).keys() == {
        "propose",
        "value",
        "answer",
    }


def test_a_technique_with_a_step_that_nobody_worded_in_chinese_stays_english(library: Library) -> None:
    steps = (*TECHNIQUES["react"].steps, StepPrompt("mine", "techniques/mine/mine"))
    assert wordings(library, steps) == {} and fitting(library, steps, CHINESE, {}, reader="zh") == {}


def test_a_prompt_is_chinese_by_its_own_words() -> None:
    assert is_chinese(CHINESE, {}) and not is_chinese(ENGLISH, {"question": "苹果"})
    assert not is_chinese(
        Prompt(turns=(Turn(role="user", template="Translate to English: 你好 and {{ 词 }}"),)), {}
    )
    assert is_chinese(BARE, {"question": "苹果"}) and not is_chinese(BARE, {"question": "apples"})
