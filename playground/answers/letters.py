"""Letters of multiple choice: "The answer is (B).", 故选B, "ACD", "A and C".

    stated("Paris, so option B", "ABCD")  →  "B"
    leading("（Ｃ）上海", "ABCD")          →  "C"

"A or B" is no choice, and the article of "A dog" is no letter.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import regex

from playground.answers.late import late

_OPEN, _CLOSE = r"[(\[{【「\"'“*_`$]", r"[)\]}】」\"'”*_`$]"
_JOIN = r"\s*(?:,|、|;|/|&|\+|和|与|及|以及|,?\s*and\s)\s*"
_AFTER_ARTICLE = (
    r"(?!\s+(?!because|since|as\b|which|for\b|and\b|is\b|was\b|due|would|given|though|but\b)[a-z])"
)
# 选第二个, 第二项正确 and 第二个选项, not 第二个人.
_ORDINAL = late(
    r"第([一二三四五六七八九十1-9])(?:[个個][选選][项項]|[个個种種](?:答案)?|[选選]?[项項])(?=\s*(?:\W|$|[吧呢]|[是最更]?(?:正确|正確|[对對错錯不])|符合|因[为為]))"
)
_PLACE = {char: place for chars in ("一二三四五六七八九十", "123456789") for place, char in enumerate(chars)}
_CORRECT = r"(?:correct|right|best|true|the\sanswer|the\s(?:only\s)?(?:correct|right|best)(?:\s\w+)?)"


def leading(text: str, letters: str) -> str:
    """The letters with which a text begins, as in what stands after "the answer is"; "" when it begins otherwise."""
    match = _patterns(letters)[0].match(plain(text))
    return _told(match) if match else ""


def stated(text: str, letters: str) -> str:
    """The letters that a text chooses in so many words, the last time it does; "" when it does not."""
    matches = list(_patterns(letters)[1].finditer(plain(text)))
    return _told(matches[-1]) if matches else ""


def only(text: str, letters: str) -> str:
    """The one letter that a text has as such, however often; "" for none and for several."""
    found = {match[0].strip("()[]*. ") for match in _patterns(letters)[2].finditer(plain(text))}
    return found.pop() if len(found) == 1 else ""


def is_open(text: str, letters: str) -> bool:
    """Whether a text leaves it between two letters: "A or B"."""
    return _patterns(letters)[3].search(plain(text)) is not None


def plain(text: str) -> str:
    """Full-width letters and LaTeX's text as plain ones, and 第二个选项 as B."""
    text = unicodedata.normalize("NFKC", text)
    text = _ORDINAL.sub(lambda match: "ABCDEFGHIJ"[_PLACE[match[1]]], text)
    return regex.sub(r"\\(?:text|textbf|mathrm|mathbf|rm)\s*\{([^{}]*)\}", r"\1", text)


def _told(match: regex.Match[str]) -> str:
    groups = match.groupdict()
    text = next((value for name, value in groups.items() if name.startswith("l") and value), "")
    text = regex.sub(r"\band\b", "", text, flags=regex.IGNORECASE)
    return "".join(sorted(set(regex.sub(r"[^A-Za-z]", "", text).upper())))


@cache
def _patterns(letters: str) -> tuple[regex.Pattern[str], ...]:
    one = f"[{letters}]"
    marked = rf"{_OPEN}{{0,4}}{one}{_CLOSE}{{0,4}}"
    many = rf"{marked}(?:{_JOIN}{marked})+(?![A-Za-z])|{one}{{2,}}(?![A-Za-z])"
    undecided = r"(?!\s*(?:or\s|或者?|还是)\s*[(\[]?[A-Z](?![A-Za-z]))"
    single = rf"{_OPEN}{{0,4}}(?:{one}(?![A-Za-z'’]){_AFTER_ARTICLE})"
    refuted = r"(?!\s*[)\]]?\s*(?:is|was|are)\s(?:not|wrong|incorrect|false)|\s*[)\]]?(?:选?项)?(?:不(?![仅止])|错|是错|有误|排除))"
    begins = regex.compile(
        rf"\s*(?:[:\-–—,>]\s*)?(?:(?:the\s)?(?:option|choice|letter|answer|statement|选项|选择|选)\s*)?"
        rf"(?:(?P<l1>{many})|(?P<l2>{single}){undecided}{refuted}"
        rf"|[(\[](?P<l3>(?i:{one}))[)\]]{undecided}{refuted}|(?P<l4>(?i:{one}))(?:[).]?\s*$|\)\s))"
    )
    states = regex.compile(
        rf"(?:\b(?i:option|choice|letter|choose|pick|select|chose)\s*[:]?\s*|(?<![不未没勿])选(?:择|项)?(?:的?是|为|:)?\s*|答案?:\s*)"
        rf"(?:(?P<l1>{many})|(?P<l2>{marked})(?![A-Za-z'’])){undecided}{refuted}"
        rf"|(?<![A-Za-z])(?P<l5>{marked})[.)]?\s+(?:is|must\sbe|would\sbe|seems)\s+(?i:{_CORRECT})\b"
        rf"|(?<![A-Za-z])(?P<l6>{marked})(?:选?项)?(?:说法|表述)?(?:是|为|才是)?(?:最为?|更)?(?:正确|对(?![比应照])|符合题意|恰当|合适|合理|准确|贴切)"
        rf"|\b(?i:therefore|thus|hence|so)[,:]?\s+(?:it(?:['’]s|\sis)\s)?(?P<l7>{marked})(?![A-Za-z'’]){_AFTER_ARTICLE}{undecided}{refuted}"
        rf"|(?<![A-Za-z])(?P<l9>{many})\s*(?:[两二三四][项个])?(?:选?项|说法|表述|都|均|是)*(?:正确|对(?![比应照])|符合题意)"
        rf"|(?:而是|应为|应该?是|(?:所以|因此|因而|故|那么)(?:答案)?(?:就|应该?)?[是为])\s*(?P<l8>{marked})(?![A-Za-z'’]){undecided}{refuted}"
    )
    lone = regex.compile(
        rf"(?<![A-Za-z'’\\])(?:\({one}\)|{one}(?=[.):、,。]|\s*$)|(?<=\*\*){one}(?=\*\*))", regex.MULTILINE
    )
    between = regex.compile(rf"(?<![A-Za-z]){marked}\s*(?:or\s|nor\s|或者?|还是)\s*{marked}(?![A-Za-z])")
    return begins, states, lone, between
