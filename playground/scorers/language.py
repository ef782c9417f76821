"""The scorer that tells the language of an answer: by its script where that says it, else by a small statistical model.

language(Sample("Das ist ein Test."), language="German")  →  1.0

py3langid is 5 MB and kept; what names more languages weighs twenty times as much.
"""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, NamedTuple

import regex

from playground.answers.wording import quote
from playground.scorers.alike import trimmed
from playground.scorers.options import STANDS_IN, About
from playground.types.scores import Sample, Score

LEAST_LETTERS = 2
TOO_CLOSE = 5.0
"""Languages within so many units of log-likelihood of the likeliest cannot be told from it."""
READ_CHARS = 20_000
HAN_OF_NAMES = 5
"""Fewer Chinese characters without kana may be Japanese too: 東京都, 株式会社."""
_WEIGHT = {"Han": 3, "Hiragana": 2, "Katakana": 2, "Hangul": 2}
"""How many letters of an alphabet one counts as: texts of one content take as many bytes in UTF-8."""


class Language(NamedTuple):
    """One that a check can ask for: its code (ISO 639-1), English name, other names, and scripts."""

    code: str
    name: str
    others: tuple[str, ...]
    scripts: frozenset[str]


def _languages() -> dict[str, Language]:
    rows = (
        "en English,英语,英文 Latin", "zh Chinese,中文,汉语,Mandarin,普通话,国语,华语,中国话 Han",
        "de German,Deutsch,德语,德文 Latin", "fr French,Français,法语,法文 Latin",
        "es Spanish,Español,西班牙语,西班牙文,西语 Latin", "it Italian,Italiano,意大利语,意大利文 Latin",
        "pt Portuguese,Português,葡萄牙语,葡萄牙文,葡语 Latin", "nl Dutch,Nederlands,荷兰语,荷兰文 Latin",
        "sv Swedish,Svenska,瑞典语,瑞典文 Latin", "da Danish,Dansk,丹麦语,丹麦文 Latin", "no Norwegian,Norsk,挪威语,挪威文 Latin",
        "fi Finnish,Suomi,芬兰语,芬兰文 Latin", "pl Polish,Polski,波兰语,波兰文 Latin", "cs Czech,Čeština,捷克语,捷克文 Latin",
        "sk Slovak,斯洛伐克语,斯洛伐克文 Latin", "hu Hungarian,Magyar,匈牙利语,匈牙利文 Latin",
        "ro Romanian,Română,罗马尼亚语,罗马尼亚文 Latin", "tr Turkish,Türkçe,土耳其语,土耳其文 Latin",
        "hr Croatian,Hrvatski,克罗地亚语,克罗地亚文 Latin", "vi Vietnamese,越南语,越南文 Latin",
        "id Indonesian,印度尼西亚语,印尼语,印尼文 Latin", "sw Swahili,斯瓦希里语 Latin", "la Latin,拉丁语,拉丁文 Latin",
        "ru Russian,Русский,俄语,俄文 Cyrillic", "uk Ukrainian,Українська,乌克兰语,乌克兰文 Cyrillic",
        "bg Bulgarian,保加利亚语,保加利亚文 Cyrillic", "sr Serbian,塞尔维亚语,塞尔维亚文 Cyrillic",
        "el Greek,Ελληνικά,希腊语,希腊文 Greek", "ar Arabic,العربية,阿拉伯语,阿拉伯文 Arabic", "fa Persian,Farsi,波斯语,波斯文 Arabic",
        "ur Urdu,乌尔都语 Arabic", "he Hebrew,עברית,希伯来语,希伯来文 Hebrew", "hi Hindi,हिन्दी,印地语,印地文 Devanagari",
        "mr Marathi,马拉地语 Devanagari", "bn Bengali,孟加拉语,孟加拉文 Bengali", "ta Tamil,泰米尔语,泰米尔文 Tamil",
        "te Telugu,泰卢固语 Telugu", "th Thai,ไทย,泰语,泰文 Thai", "ja Japanese,日本語,日语,日文,日本语 Hiragana,Katakana,Han",
        "ko Korean,한국어,韩语,韩文,朝鲜语 Hangul",
    )  # fmt: skip
    found = {}
    for row in rows:
        code, names, scripts = row.split()
        name, *others = names.split(",")
        found[code] = Language(code, name, tuple(others), frozenset(scripts.split(",")))
    return found


LANGUAGES = _languages()
IN_LETTERS = {
    "Latin": "written in Latin letters",
    "Cyrillic": "written in Cyrillic letters",
    "Arabic": "written in Arabic letters",
    "Devanagari": "written in Devanagari letters",
}
"""What is said of an answer in a script of several languages."""
_BY_NAME = {
    name.casefold(): language
    for language in LANGUAGES.values()
    for name in (language.code, language.name, *language.others)
}
_SCRIPTS = sorted({script for language in LANGUAGES.values() for script in language.scripts})
_LETTER = regex.compile("|".join(rf"(?P<{script}>(?=\p{{L}})\p{{Script={script}}})" for script in _SCRIPTS))
_PLAIN_LETTER = regex.compile("[A-Za-z]")
_CODE = regex.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", regex.DOTALL)


def language(
    sample: Sample,
    *,
    language: Annotated[str, About("Its name or its code: English, zh, Deutsch.")],
) -> Score:
    """1 when the answer is in this language; None for one that is too short to tell it from its neighbours.

    Most of the letters decide, so that a foreign name does not count; code and addresses are passed over. A Chinese
    character counts as three letters, a kana and a Korean syllable as two: they say as much. Chinese is written with
    Chinese characters and no kana.
    """
    answer = trimmed(sample.answer)
    wanted = _BY_NAME[_plain(language)]
    text = _CODE.sub(" ", answer[:READ_CHARS])
    if text.isascii():  # to look the letters up one by one would take longer than all the rest
        letters = Counter({"Latin": len(_PLAIN_LETTER.findall(text))})
    else:
        letters = Counter(match.lastgroup or "" for match in _LETTER.finditer(text))
    if sum(letters[script] * _WEIGHT.get(script, 1) for script in letters) < LEAST_LETTERS:
        return Score("language", None, answer, "does not apply: there are no words in the answer")
    script = _script(letters)
    if script == "Han" and wanted.code == "ja" and letters.total() < HAN_OF_NAMES:
        return Score("language", None, answer, _untold(wanted.name, "Chinese"))
    candidates = [each for each in LANGUAGES.values() if script in each.scripts and _first(each, script)]
    if wanted not in candidates:
        said = candidates[0].name if len(candidates) == 1 else IN_LETTERS[script]
        return Score("language", 0.0, answer, _another(said, wanted.name))
    if len(candidates) == 1:
        return Score("language", 1.0, answer, f"the answer is {wanted.name}")
    return _told_apart(answer, text, wanted, candidates)


def _script(letters: Counter[str]) -> str:
    """The script that says most; Japanese is told by its kana, which stand among Chinese characters."""
    kana = letters["Hiragana"] + letters["Katakana"]
    if kana and kana * 10 >= letters["Han"] and kana + letters["Han"] > letters.total() / 2:
        return "Hiragana"
    return max(letters, key=lambda script: letters[script] * _WEIGHT.get(script, 1))


def _first(language: Language, script: str) -> bool:
    """Chinese characters alone are Chinese; kana make them Japanese."""
    return not (script == "Han" and language.code == "ja")


def _told_apart(answer: str, text: str, wanted: Language, candidates: list[Language]) -> Score:
    by_code = {each.code: each for each in candidates}
    ranked = [(code, value) for code, value in _rank(text) if code in by_code]
    best = ranked[0][1]
    close = [code for code, value in ranked if value >= best - TOO_CLOSE]
    if wanted.code not in close:
        return Score("language", 0.0, answer, _another(by_code[close[0]].name, wanted.name))
    if len(close) == 1:
        return Score("language", 1.0, answer, f"the answer is {wanted.name}")
    names = [by_code[code].name for code in close if code != wanted.code]
    return Score("language", None, answer, _untold(wanted.name, _either(names)))


def _either(names: list[str]) -> str:
    if len(names) > 2:
        return "other languages"
    first, *more = names
    return f"{first} or {more[0]}" if more else first


def _another(said: str, language: str) -> str:
    return f"the answer is {said}, not {language}"


def _untold(language: str, others: str) -> str:
    return f"does not apply: too short to tell {language} from {others}"


def _rank(text: str) -> list[tuple[str, float]]:
    return [(str(code), float(value)) for code, value in _model().rank(" ".join(text.split()))]


@cache
def _model() -> Any:
    from py3langid.langid import (
        MODEL_FILE,
        LanguageIdentifier,
    )  # a second and 80 MB, which only who uses it pays

    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    model.set_languages([*LANGUAGES])
    return model


def _plain(name: str) -> str:
    return name.strip().casefold().partition("-")[0]


def language_problem(*, language: str) -> str | None:
    """Why these options cannot be meant, or None."""
    if language.strip() == STANDS_IN or _plain(language) in _BY_NAME:
        return None
    said = f"{quote(language, 30)} is no language that is known here."
    languages = ", ".join(each.name for each in LANGUAGES.values())
    hint = f"Known are: {languages}."
    if close := get_close_matches(_plain(language), _BY_NAME, n=1):
        near = _BY_NAME[close[0]].name
        hint = f"Did you mean {near}?"
    return f"{said} {hint}"
