r"""The answer of a technique, taken out of what a model wrote: what the checks see and what votes are counted by.

    extract("6 × 7 = 42, so the answer is 1,042 km.", "number")  →  Extracted("1042", "1042")
    extract("综上，答案是三分之一。", "number")                    →  Extracted("1/3", "1/3")
    extract("I am sorry, I cannot help with that.", "number")    →  None

`key` is equal for answers that say the same: 1,000, 1000 and 一千. It looks, in this order, into a box, behind phrases
such as "the answer is" and 答案是 (the last one first), into the last line, and into the whole text.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, Literal, NamedTuple, get_args

import regex

from playground.answers import json_parts, letters, places, yes_no
from playground.answers.chinese import simplified
from playground.answers.dates import dates_in
from playground.answers.english import Words, words_in
from playground.answers.late import late
from playground.answers.numbers import Found, numbers_in, the_number

Kind = Literal["text", "number", "choice", "yes_no", "date", "json_field", "phrase", "last_line"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Extracted(NamedTuple):
    """An answer in one form, and the key under which it votes.

    `also` are keys of other readings: "20%" may have been meant as 20 or as 0.2, "1,234" as 1.234.
    """

    text: str
    key: str
    also: tuple[str, ...] = ()


def extract(text: str, kind: Kind, *, letters: str = "ABCDEFGHIJ", field: str = "answer") -> Extracted | None:
    """The answer of this kind; None for a refusal, and where there is none.

    `letters` are the choices, `field` is the JSON field, with points for one inside another: "result.value".
    """
    text = text[-places.MOST_CHARS :]
    if not text.strip():
        return None
    if kind == "json_field":
        return _json_field(text, field)
    if kind == "choice":
        return _choice(text, letters)
    return _READERS[kind](text)


def normal(text: str) -> str:
    """The key of a text: without letter case, marks, quotes and full stop; a number in digits."""
    line = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    line = regex.sub(r"^(?:the|an?)\s(?=\w)", "", line.strip("*_`\"'“”‘’「」$ .。!,;:、"))
    value = the_number(line) if line else None
    return line if value is None or regex.search(r"[%‰]|百分|per ?cent", line) else shown(value)


# --- votes --------------------------------------------------------------------------------------------------


class Vote(NamedTuple):
    """The answer of most, its share of all that were asked, and how many said what, the most first."""

    winner: Extracted | None
    share: float
    counts: tuple[tuple[str, int], ...]
    keys: tuple[str | None, ...]


def vote(answers: Sequence[Extracted | None]) -> Vote:
    """The majority; ties go to the answer that came first. None, an answer that could not be read, has no vote.

    An answer that may be read in two ways joins those that can only mean the other: "20%" goes with 20, or with
    0.2, whichever more say; "1,234" beside a plain 1234 stays there.
    """
    own = Counter(answer.key for answer in answers if answer)
    keys: list[str | None] = []
    for answer in answers:
        key = answer.key if answer else None
        if answer and own[answer.key] == sum(1 for other in answers if other and other == answer):
            key = max(
                (other for other in answer.also if other in own and other != answer.key),
                key=lambda other: own[other],
                default=answer.key,
            )
        keys.append(key)
    counts = Counter(key for key in keys if key is not None)
    if not counts:
        return Vote(None, 0.0, (), tuple(keys))
    ranked = tuple(counts.most_common())  # equal counts keep the order in which they came
    best = ranked[0][0]
    said = [answer for answer, key in zip(answers, keys, strict=True) if answer and key == best]
    winner = next((answer for answer in said if answer.key == best), said[0])
    return Vote(winner, ranked[0][1] / len(answers), ranked, tuple(keys))


# --- refusals -----------------------------------------------------------------------------------------------

_REFUSAL = late(
    r"\bI(?:['’]m| am)? (?:sorry|afraid)\b(?!.{0,200}\banswer is\b)"
    r"|\bI(?:['’]m| am)(?: really)? (?:not able|unable|not allowed|not permitted)\b"
    r"|\bI (?:can(?:not|['’]t| not)|could not|couldn['’]t|won['’]t|will not|am not going to|must decline|do not feel comfortable)(?: really| currently)? (?:to )?(?:answer|determine|help|provide|assist|solve|say|tell|comply|do (?:that|this)|fulfil|give|continue|discuss|calculate|decide|know|share|be sure)"
    r"|\bI (?:do not|don['’]t) (?:know|have (?:enough|access|the|any|sufficient))\b"
    r"|\b(?:as an AI|no idea|not enough information|insufficient (?:information|data)|cannot be (?:determined|answered|calculated|known)|can['’]t be (?:determined|answered)|impossible to (?:say|tell|determine|know))\b"
    r"|(?:抱歉|对不起|很遗憾|不好意思)[，,。!！]?.{0,12}(?:无法|不能|不会|没法|没办法|没有办法|不知道|不清楚|没有|帮不了|帮不上)"
    r"|恕(?:我)?(?:不能|无法|难)|无可奉告|爱莫能助|(?:超出|不在)(?:了)?我的?(?:能力|知识|服务|职责)范围"
    r"|(?:我|本人|作为.{0,12}(?:AI|模型|助手|人工智能)[，,]?我?)(?:现在|目前|暂时|也)?(?:真的)?(?:无法|不能|没法|没办法|不便|拒绝|不可以)(?:够)?(?:回答|确定|提供|帮助|协助|判断|给出|告诉|解答|计算|满足|讨论|完成)"
    r"|我(?:也|真的|实在)?(?:不知道|不清楚|不会做|不确定)|作为(?:一个|一名)?.{0,6}(?:AI|人工智能|语言模型)"
    r"|^\W*(?:不知道|不清楚|不确定)\W*$|(?:信息|条件|数据|已知)(?:不足|不够)|无法(?:确定|判断|得出|计算|回答|得知|求出)",
    regex.IGNORECASE,
)
_NOTHING = late(
    r"[\s*\"'“]*(?:unknown|undetermined|indeterminate|unclear|not (?:known|given|possible|available|sure|certain|provided|determinable)|none(?: of the above)?\b|n/?a\b|undefined|un(?:able|answerable)|未知|无法|不确定|不能确定|不知道|不详|无解|没有答案|不存在)",
    regex.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Whether a text says that it gives no answer."""
    return _REFUSAL.search(simplified(text)) is not None


# --- numbers ------------------------------------------------------------------------------------------------

_CONTRAST = late(
    r"^\W*(?:not\s.{1,40}?(?:,?\sbut\s(?:rather\s)?|;\sit['’]?s\s|,\sit\sis\s)|不是.{1,20}?[，,]?\s?(?:而是|应该是|应是|是))"
)
_REASON = late(r"[;；]|(?<!\d),(?!\d)|，|,\s|\s\(|（|\b(?:because|since|which|for|as)\s|因为|由于|其中")
_BOLD = late(r"\*\*([^*\n]{1,60})\*\*")
_BEYOND = late(r"\\(?:sqrt|pi|infty|log|ln|sin|cos|tan)\b|[√π∞]|\^")


def _number(text: str) -> Extracted | None:
    box = places.boxed(text)
    if box is not None:
        return None if _BEYOND.search(box) and "10^" not in box else _first_number(box, text)
    for told in places.told(text):
        told = _CONTRAST.sub("", told)
        if _NOTHING.match(told):
            return None
        if found := _first_number(places.sentence(told), text) or _first_number(told, text):
            return found
    if is_refusal(text):
        return None
    if value := _json_value(text):
        return _first_number(value, value)
    line = places.last_line(text)
    for bold in reversed(_BOLD.findall(line)):
        if found := _first_number(bold, text):
            return found
    return _last_number(line, text) or _last_number(text, text)


def _first_number(told: str, context: str) -> Extracted | None:
    """The number that a phrase names first; of a calculation its result: "3 + 4 = 7"."""
    found = numbers_in(told, context)
    if not found:
        return _worded(list(words_in(told))[:1])
    head = told[: cut.start()] if (cut := _REASON.search(told)) else told
    result = regex.split(r"=|＝|≈|等于|得", head)[-1]
    results = numbers_in(result, context) if len(result) < len(head) else []
    return _as_number((results or found)[0])


def _last_number(text: str, context: str) -> Extracted | None:
    found = numbers_in(text, context)
    # 一 and 五 are in many words; where there are digits they count.
    written = [item for item in found if item.sure] or found
    return _as_number(written[-1]) if written else _worded(list(words_in(text))[-1:])


def _worded(words: Sequence[Words]) -> Extracted | None:
    if not words:
        return None
    told = shown(words[0].value)
    return _percentage(told, shown(words[0].value / 100)) if words[0].is_percent else Extracted(told, told)


def _percentage(told: str, part: str, sign: str = "%") -> Extracted:
    return Extracted(f"{told}{sign}", f"{told}{sign}", (told, part))


def _as_number(found: Found) -> Extracted:
    values = [reading[0] for reading in found.readings if len(reading) == 1]
    if not values:
        values = [found.readings[0][0]]
    exact = regex.sub(r"[\s,_'\p{Sc}]", "", unicodedata.normalize("NFKC", found.text)).replace("−", "-")
    if len(exact) > 15 and regex.fullmatch(r"-?\d+", exact):  # more digits than a float holds
        sign, digits = ("-", exact[1:]) if exact.startswith("-") else ("", exact)
        whole = sign + (digits.lstrip("0") or "0")
        return Extracted(whole, whole)
    also = tuple(dict.fromkeys(shown(value) for value in values))
    if hundredth := regex.search(r"[%％‰]|百分|成|per ?cent|pct", found.text, regex.IGNORECASE):
        return _percentage(also[0], also[-1], "‰" if hundredth[0] == "‰" else "%")
    return Extracted(also[0], also[0], also[1:])


def shown(value: float) -> str:
    """A number in its shortest digits, a fraction with a small denominator as such: "1000", "-3.14", "1/3"."""
    if value == int(value) if abs(value) < 1e15 else False:
        return str(int(value))
    decimal = f"{value:.12g}"
    if len(decimal) > 10 and abs(value) < 1e6:
        near = Fraction(value).limit_denominator(1000)
        if near and abs(float(near) - value) <= 1e-12 * abs(value):
            return f"{near.numerator}/{near.denominator}"
    return decimal


# --- the other kinds ----------------------------------------------------------------------------------------


def _choice(text: str, allowed: str) -> Extracted | None:
    box = places.boxed(text)
    if box is not None:
        told = letters.leading(box, allowed)
        return Extracted(told, told) if told else None
    for told in places.told(text):
        told = _CONTRAST.sub("", told)
        if found := letters.leading(told, allowed) or letters.stated(told, allowed):
            return Extracted(found, found)
        if letters.is_open(told, allowed) or _NOTHING.match(told):
            return None
    if value := _json_value(text):
        found = letters.leading(value, allowed)
        return Extracted(found, found) if found else None
    if found := letters.stated(text, allowed):
        return Extracted(found, found)
    if is_refusal(text):
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    led = [found for line in lines if (found := letters.leading(places.unmarked(line), allowed))]
    if not led and letters.is_open(text, allowed):
        return None
    # Several lines that begin with letters are the options told again.
    found = led[0] if len(set(led)) == 1 else letters.only(text, allowed)
    return Extracted(found, found) if found else None


def _yes_no(text: str) -> Extracted | None:
    box = places.boxed(text)
    for told in [letters.plain(box)] if box is not None else places.told(text):
        told = _CONTRAST.sub("", told)
        if _NOTHING.match(told):
            return None
        if found := yes_no.begins(told):
            return Extracted(*found)
    if value := _json_value(text):
        return Extracted(*found) if (found := yes_no.begins(value)) else None
    if is_refusal(text):
        return None
    found = yes_no.verdict(text)
    return Extracted(*found) if found else None


def _date(text: str) -> Extracted | None:
    box = places.boxed(text)
    for told in [letters.plain(box)] if box is not None else places.told(text):
        if _NOTHING.match(told):
            return None
        for date in dates_in(_CONTRAST.sub("", told)):
            return Extracted(date.iso, date.iso, (date.also,) if date.also else ())
    if is_refusal(text):
        return None
    dates = list(dates_in(places.last_line(text))) or list(dates_in(text))
    if not dates:
        return None
    return Extracted(dates[-1].iso, dates[-1].iso, (dates[-1].also,) if dates[-1].also else ())


def _phrase(text: str) -> Extracted | None:
    box = places.boxed(text)
    if box is not None:
        return _as_text(letters.plain(box))
    for told in places.told(text):
        if found := _as_text(places.sentence(places.unmarked(told))):
            return found
    return None


def _last_line(text: str) -> Extracted | None:
    if is_refusal(text) and not places.told(text):
        return None
    line = places.last_line(text)
    told = places.told(line)
    return _as_text(told[-1] if told else line)


def _text(text: str) -> Extracted | None:
    return None if is_refusal(text) and not places.told(text) else _as_text(text)


def _as_text(text: str) -> Extracted | None:
    text = text.strip().strip("*_`").strip()
    if not text or is_refusal(text) or not regex.search(r"[\w\p{S}]", text):
        return None
    while len(text) > 1 and text[0] + text[-1] in ('""', "“”", "「」", "''", "$$"):
        text = text[1:-1].strip()
    return Extracted(text, normal(text) or text)


# --- JSON ---------------------------------------------------------------------------------------------------

_NO_VALUE = object()
_OTHER_NAMES = ("final_answer", "finalAnswer", "Answer", "result", "答案", "最终答案", "结果")


def _json_field(text: str, field: str) -> Extracted | None:
    value = _field(text, field)
    if value is _NO_VALUE or value is None:
        return None
    if isinstance(value, str):
        return _as_text(value)
    if isinstance(value, bool):
        return Extracted(str(value).lower(), str(value).lower())
    if isinstance(value, int | float):
        return Extracted(number := shown(value) if isinstance(value, float) else str(value), number)
    written = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return Extracted(written, written)


def _json_value(text: str) -> str:
    """What an answer in JSON says under "answer", as text; "" where it is none, or says nothing there."""
    if not regex.match(r"\s*(?:```\w*\s*)?\{", text):
        return ""
    value = _field(text, "answer")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is _NO_VALUE or value is None or isinstance(value, dict | list) else str(value)


def _field(text: str, field: str) -> Any:
    """The value of a field in the last object that has it; of broken JSON what stands behind its name."""
    names = (field, *_OTHER_NAMES) if field == "answer" else (field,)
    values = list(_objects(text))
    for name in names:
        for value in reversed(values):
            if (found := _inside(value, name)) is not _NO_VALUE:
                return found
    for name in names:
        pattern = rf"""["'“]{regex.escape(name.rpartition(".")[2])}["'”]\s*[:：]\s*(?:"((?:[^"\\\n]|\\.)*+)"?|'([^'\n]*+)'?|([^\s,}}\]"'{{\[][^,}}\]\n]*+))"""
        if matches := list(regex.finditer(pattern, text)):
            found = next((group for group in matches[-1].groups() if group is not None), "").strip()
            return None if found in ("null", "None") else found
    return _NO_VALUE


def _objects(text: str) -> Iterable[Any]:
    try:
        yield json_parts.whole(text.strip())
        return
    except json_parts.NotJson:
        pass
    try:
        for part in json_parts.parts(text):
            yield part.value
    except (json_parts.NotJson, TimeoutError):
        return


def _inside(value: Any, path: str) -> Any:
    if isinstance(value, dict) and path in value:
        return value[path]
    for name in path.split("."):
        if isinstance(value, list) and name.lstrip("-").isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return _NO_VALUE
    return value


_READERS: dict[str, Callable[[str], Extracted | None]] = {
    "text": _text,
    "number": _number,
    "yes_no": _yes_no,
    "date": _date,
    "phrase": _phrase,
    "last_line": _last_line,
}
