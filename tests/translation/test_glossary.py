"""One Chinese word for one thing: the glossary of data/README.zh.md holds over the whole catalogue."""

from __future__ import annotations

import re

import pytest

from playground.translation.catalogue import translations
from playground.translation.extract import ROOT

_ROW = re.compile(r"^\| ([a-z ]+) \| ([^|`]+) \| ([^|`]+) \|$", re.MULTILINE)
README = (ROOT.parent / "data" / "README.zh.md").read_text(encoding="utf-8")
GLOSSARY = [(english, chosen, others.split("、")) for english, chosen, others in _ROW.findall(README)]


def test_the_glossary_is_there() -> None:
    assert len(GLOSSARY) >= 20


@pytest.mark.parametrize(("english", "chosen", "others"), GLOSSARY)
def test_a_term_is_said_in_one_way(english: str, chosen: str, others: list[str]) -> None:
    term = re.compile(rf"\b{english}s?\b", re.IGNORECASE)
    said = {text: chinese for text, chinese in translations().items() if term.search(text)}
    assert any(chosen in chinese for chinese in said.values())
    assert {text: shown for text, shown in said.items() if any(other in shown for other in others)} == {}


def test_signs_and_spaces_are_those_of_chinese() -> None:
    wrong = re.compile(
        r"[\u4e00-\u9fff][,;!?](?=[\u4e00-\u9fff])|[\u4e00-\u9fff]\([\u4e00-\u9fff]| [，。；：、！？]|，，|。。|[\u4e00-\u9fff]\.\.\."
        r"|[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]|您"
    )
    assert {text: shown for text, shown in translations().items() if wrong.search(shown)} == {}
