"""A text as the words that are compared: case, punctuation and width passed over, Chinese by its characters.

    words("The Cat's 3.5 kg.")  →  ["the", "cat", "s", "3", "5", "kg"]     as ROUGE cuts a text
    normal_words("The cat's 3.5 kg!")  →  ["cats", "3.5", "kg"]            as answers to questions are compared
    normal_words("答案是北京。")  →  ["答", "案", "是", "北", "京"]
    sentences("他说：“走吧。”她没走！")  →  ["他说：“走吧。”", "她没走！"]

Chinese, Japanese, Thai and their like have no spaces between words: each character counts by itself.
"""

from __future__ import annotations

import regex

from playground.scorers.alike import form_of, looks

_MARKS = r"[\p{M}\u200c\u200d]*+"
# Han, kana, Bopomofo, and the scripts of South-East Asia; not Hangul, which has spaces.
_ALONE = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}々〆ー]"
    rf"(?<!\p{{P}}){_MARKS}"
)
_WORD = regex.compile(rf"{_ALONE}|(?:(?!{_ALONE})[\p{{L}}\p{{N}}]{_MARKS})++")
# Where no letter is beyond ASCII the same is found in a fraction of the time.
_PLAIN_WORD, _PLAIN_NORMAL = regex.compile("[a-z0-9]++"), regex.compile(r"\S++")
_ARTICLES = frozenset({"a", "an", "the"})
# Between the digits of a number a point, a comma of thousands and a leading minus are no punctuation.
_THOUSANDS = regex.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_BETWEEN_NUMBERS = regex.compile(r"(?<=\d)[-/:](?=\d)")
_PUNCTUATION = regex.compile(r"(?!(?<=\d)\.(?=\d))(?!(?<![\p{L}\p{N}])-(?=\d))[\p{P}\p{S}]")
_NORMAL = regex.compile(rf"{_ALONE}|(?:(?!{_ALONE})\S)++")


def words(text: str) -> list[str]:
    """The runs of letters and digits, in lower case."""
    text = form_of(looks, text, True)
    return (_PLAIN_WORD if text.isascii() else _WORD).findall(text)


def normal_words(text: str) -> list[str]:
    """The words without punctuation, case and English articles (SQuAD), but for the signs that belong to a number."""
    text = _THOUSANDS.sub("", form_of(looks, text, True))
    text = _PUNCTUATION.sub("", _BETWEEN_NUMBERS.sub(" ", text))
    found = (_PLAIN_NORMAL if text.isascii() else _NORMAL).findall(text)
    return [word for word in found if word not in _ARTICLES]


# What may end a sentence. Each is read once and never again: a text of marks alone takes no longer than any other.
_STOP = regex.compile(
    r"(?P<marks>[.!?…。！？｡]++)(?P<close>[\"'”’」』）)》\]]*+)|\n(?P<space>\s*+)(?P<item>[-*•·]|\d++[.\0)、．]|[一二三四五六七八九十]{1,3}、)?+"
)
_WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_GOES_ON = regex.compile(
    r"[”’」』）)》。，、；：,]|(?<=》)\p{Han}|\p{Han}{0,4}[说說道问問答喊叫想笑](?![：:])"
)
"""Behind speech in quotation marks: “走吧。”他说。"""
_POINTS = regex.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|No|Fig|approx)\.|(?m:^[ \t]*+\d++\.)", regex.ASCII
)
_SAYS = regex.compile(r"[\p{L}\p{N}]")


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with what ends it; what has no letter and no digit is none.

    A full stop ends one before a space, 。！？ anywhere; an empty line, the next item of a list, and a line's end in
    a script without spaces between words do too. Speech inside a sentence is a part of it.
    """
    text = _POINTS.sub(lambda match: match[0][:-1] + "\0", text)
    pieces, begin = [], 0
    for match in _STOP.finditer(text):
        if _ends(text, match):
            at = match.end() if match["marks"] else match.start() + 1
            pieces.append(text[begin:at])
            begin = at
    pieces.append(text[begin:])
    return [piece.replace("\0", ".").strip() for piece in pieces if _SAYS.search(piece)]


def _ends(text: str, match: regex.Match[str]) -> bool:
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    if not match["marks"]:
        return "\n" in match["space"] or bool(match["item"]) or bool(_WIDE.match(before))
    is_wide = any(mark in "。！？｡" for mark in match["marks"]) or (
        bool(_WIDE.match(before))
        and (match["marks"][0] in "!?" or (match["marks"] == "." and bool(_WIDE.match(after))))
    )
    if not is_wide:
        return not after or after.isspace()
    return not (match["close"] and _GOES_ON.match(text, match.end()))


def is_spaced(text: str) -> bool:
    """Whether words have spaces between them: no character in ten or more stands by itself."""
    found = words(text)
    return sum(1 for word in found if _ALONE_ONLY.fullmatch(word)) * 10 < len(found) or not found


_ALONE_ONLY = regex.compile(_ALONE)
