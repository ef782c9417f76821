"""A text as the words that are compared: case, punctuation and width passed over, Chinese by its characters.

    words("The Cat's 3.5 kg.")  →  ["the", "cat", "s", "3", "5", "kg"]     as ROUGE cuts a text
    normal_words("The cat's 3.5 kg!")  →  ["cats", "3.5", "kg"]            as answers to questions are compared
    normal_words("答案是北京。")  →  ["答", "案", "是", "北", "京"]

Chinese, Japanese, Thai and their like have no spaces between words: each character counts by itself.
"""

from __future__ import annotations

import regex

from playground.scorers.alike import folded, looks

_MARKS = r"[\p{M}\u200c\u200d]*+"
# Han, kana, Bopomofo, and the scripts of South-East Asia; not Hangul, which has spaces.
_ALONE = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}々〆ー]"
    rf"(?<!\p{{P}}){_MARKS}"
)
_WORD = regex.compile(rf"{_ALONE}|(?:(?!{_ALONE})[\p{{L}}\p{{N}}]{_MARKS})++")
_ARTICLES = frozenset({"a", "an", "the"})
# Between the digits of a number a point, a comma of thousands and a leading minus are no punctuation.
_THOUSANDS = regex.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_BETWEEN_NUMBERS = regex.compile(r"(?<=\d)[-/:](?=\d)")
_PUNCTUATION = regex.compile(r"(?!(?<=\d)\.(?=\d))(?!(?<![\p{L}\p{N}])-(?=\d))[\p{P}\p{S}]")
_NORMAL = regex.compile(rf"{_ALONE}|(?:(?!{_ALONE})\S)++")


def words(text: str) -> list[str]:
    """The runs of letters and digits, in lower case."""
    return _WORD.findall(folded(looks(text), True))


def normal_words(text: str) -> list[str]:
    """The words without punctuation, case and English articles (SQuAD), but for the signs that belong to a number."""
    text = _THOUSANDS.sub("", folded(looks(text), True))
    text = _PUNCTUATION.sub("", _BETWEEN_NUMBERS.sub(" ", text))
    return [word for word in _NORMAL.findall(text) if word not in _ARTICLES]


def is_spaced(text: str) -> bool:
    """Whether words have spaces between them: no character in ten or more stands by itself."""
    found = words(text)
    return sum(1 for word in found if _ALONE_ONLY.fullmatch(word)) * 10 < len(found) or not found


_ALONE_ONLY = regex.compile(_ALONE)
