"""Yes or no, in a word or in a sentence, in English and Chinese.

    verdict("No, he cannot, because…")  →  Verdict("no", "no")
    verdict("这个说法不正确。")            →  Verdict("否", "no")

What only asks (是否, "whether"), and what leaves it open (不一定, "maybe", "yes and no"), is neither.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import regex

from playground.answers.chinese import simplified
from playground.answers.late import late

_YES = r"yes|yeah|yep|true|correct|right|indeed|certainly|definitely|absolutely|of\scourse|sure|✓|✔|✅|√"
_NO = r"(?:absolutely|certainly|definitely|of\scourse|surely)\snot|✗|✘|❌|×|no|nope|false|incorrect|wrong|untrue|not\s(?:true|correct|right|really)"
_JA = r"是的?|对的?|(?:正|准)确的?|没有?错|没问题|不错|嗯|可|(?:一定|必然)(?:是|会|能|有)?的?|肯定(?:是|会|能|有)的?|真的?|可以的?|能够?|会的?|有的?|肯定的?|行|成立|属实|属于|存在|应该|当然(?:可以|能够?|会|是|有)?的?|没有?问题|需要|同意|赞成|符合(?:题意|要求|原文|事实|条件|规定)?|一致|相同|允许|是?这样的?|(?:确实|的确)(?:如此)?|如此|算是?|包含|包括|已?经?(?:提到|提及)了?|已经?有了?"
_NEIN = r"并不(?:是|对|能|会|正确|准确|成立)?的?|并非(?:如此)?|并没有|无法|没|(?:当然|绝对|肯定|一定)(?:不(?:是|能|会|可以|行)?|没有)的?|否定?的?|不(?:是|对|能|会|可以|正确|准确|成立|属实|属于|存在|应该|行|可能)?的?|错误?的?|没有|假的?|无|未必如此|不(?:需要?|必|用|同意?|赞成|符合(?:题意|要求|原文|事实|条件|规定)?|一致|相同|允许|矛盾|冲突|包含|包括|适合|相等|合理)|没有?必要|从未|尚未|还没有?|(?:并?没有|未)(?:提到|提及|说明|包含|包括|出现)过?|不是这样的?|不算"
_HEDGE = r"(?:毫无疑问|恐怕|看来|显然|其实|确实|的确|应该是?|我认为|我觉得)?"
_COUNTS_NOT = r"(?!\s(?:one|two|idea|matter|doubt|more|less|longer|other|such|evidence|information|answer|now|away)\b)"  # "no idea", "no longer"
_END = _COUNTS_NOT + r"(?=\s*(?:[\s.,!;:。，！；：、)*\"'”]|because|since|as\s|因为|$))"
_ZH_END = _COUNTS_NOT + r"[啊呀哦嘛啦呢]?(?=\s*(?:[.,!;:。，！；：、()*\"'”」』】》\]\n]|因为|由于|$))"
_SO = r"(?:\b(?:so|therefore|thus|hence|conclusion|ultimately|overall|finally)\b[,:]?\s+|(?:所以|因此|因而|故|综上(?:所述)?|总之|可见|结论(?:是|为)?+)[,，:：]?\s*(?:我认为|应该|这?句话|答案)?(?:应[该当]?)?(?:回答|答)?[:：]?[“「\"【]?)"

_FIRST = late(
    rf"[\s\W_]*(?:(?P<no>(?:{_NO})(?!\w))|(?P<yes>(?:{_YES})(?!\w))){_END}|[\s\W_]*{_HEDGE}(?:(?P<fou>(?:{_NEIN}))|(?P<shi>(?:{_JA}))){_ZH_END}",
    regex.IGNORECASE,
)
_CONCLUDED = late(
    rf"{_SO}(?:(?P<no>(?:{_NO})(?!\w))|(?P<yes>(?:{_YES})(?!\w))){_END}|{_SO}(?:(?P<fou>(?:{_NEIN}))|(?P<shi>(?:{_JA}))){_ZH_END}",
    regex.IGNORECASE,
)
_SENTENCE = late(
    r"\b(?:is|was|are|would\sbe|['’]s)\s(?:(?P<not>not|n['’]t)\s)?(?:\w+ly\s)?(?:(?P<yes>true|correct|right|valid)|(?P<no>false|incorrect|wrong|untrue|invalid))\b(?!\sanswer)"
    r"|\b(?P<not2>isn['’]t|wasn['’]t|aren['’]t)\s(?P<yes2>true|correct|right|valid)\b"
    r"|(?<!是否)(?<!是不是)(?:(?P<fou>不正确|不成立|为[假错](?=[。,;]|$)|(?<=:\s?)[×✗✘❌]|不存在(?:这样|该|此|这种|满足)|不属实|不对(?!称)|(?:是|说法|完全|判断|结论|:\s?)错误?的?(?![过在])|错误的?(?=[。,])|是假的?|不是真的?|不是的|(?:回答|答案|结论|答复)是否定的|(?:说法|判断|描述)不准确|(?:说法|判断|描述|命题|陈述|表述|结论)(?:是?有误|不实)|并非如此)|(?P<shi>(?:回答|答案|结论|答复)是肯定的|为[真对](?=[。,;]|$)|(?<=:\s?)[√✓✔✅]|(?:是|完全|说法)?正确|成立|属实|说得对|是对的|是真的))",
    regex.IGNORECASE,
)
_CLAUSE = late(
    r"(?:^|[.!?,:;]\s+|\b(?:would|must|will)\s(?:say|answer|be)\s[\"'“]?)(?:(?P<yes>yes)|(?P<no>no))\s*(?=[.,!;:]|$)|(?:^|[。,!?;:]\s?|我认为|我觉得|应该|回答|[说道][:：]?[“\"「]?)(?:(?P<shi>是的?|对的?|可以|能|会|有)|(?P<fou>不是的?|否|不对|不可以|不能|不会|没有|不))(?=[。,;.!”\"」]|$)",
    regex.IGNORECASE | regex.MULTILINE,
)
_OPEN = late(
    r"\b(?:yes and no|yes or no|maybe|perhaps|possibly|it depends|not sure|not certain|unclear|unknown|uncertain|neither)\b|不一定|不确定|也许|可能是也可能不是|或许|视情况|说不准|难说|是或否|是或不是|是/否",
    regex.IGNORECASE,
)


class Verdict(NamedTuple):
    """`word` in the language of the answer, `key` "yes" or "no"."""

    word: str
    key: str


def begins(text: str) -> Verdict | None:
    """Yes or no with which a text begins, as in what stands after "the answer is"."""
    text = _plain(text)
    return None if _OPEN.match(text.lstrip(" *\"'“(")) else _told(_FIRST.match(text))


def verdict(text: str) -> Verdict | None:
    """What a whole answer says: its conclusion, else its first word, else its last sentence that tells."""
    text = _plain(text)
    concluded = list(_CONCLUDED.finditer(text))
    if concluded:
        return _told(concluded[-1])
    if _OPEN.search(text):
        return None
    if first := _told(_FIRST.match(text)):
        return first
    told = [*_SENTENCE.finditer(text), *_CLAUSE.finditer(text)]
    return _told(max(told, key=lambda match: match.end())) if told else None


def _plain(text: str) -> str:
    return simplified(unicodedata.normalize("NFKC", text)).strip()


def _told(match: regex.Match[str] | None) -> Verdict | None:
    if match is None:
        return None
    groups = match.groupdict()
    if groups.get("shi") or groups.get("fou"):
        return Verdict("是", "yes") if groups.get("shi") else Verdict("否", "no")
    is_yes = bool(groups.get("yes") or groups.get("yes2"))
    if groups.get("not") or groups.get("not2"):
        is_yes = not is_yes
    return Verdict("yes", "yes") if is_yes else Verdict("no", "no")
