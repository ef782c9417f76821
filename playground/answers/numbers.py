"""Numbers as people write them, found in a text, each with what it may mean.

    numbers_in("1.234,50 €, then 1,234 and ½")
    → Found("1.234,50", ((1234.5,),)), Found("1,234", ((1234.0,), (1.234,))), Found("½", ((0.5,),))

Digits of any script; groups by any space, apostrophe, comma, point or underscore, by three or as in India; a decimal
point, comma or ٫; signs, currencies, percent, fractions, powers of ten, LaTeX's spaces; Chinese numerals. Where a
notation means two things ("1,234"), both are readings, unless the rest of the text shows which sign is its decimal one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import regex

from playground.answers import chinese
from playground.answers.late import late

Reading = tuple[float, ...]


class Found(NamedTuple):
    """A number of a text. A reading of several values says that these may be several numbers, as in 3/4.

    `spelled` in Chinese characters, `sure` when it is a number whatever stands beside it.
    """

    text: str
    readings: tuple[Reading, ...]
    spelled: bool = False
    sure: bool = True


def numbers_in(text: str, context: str = "") -> list[Found]:
    """The numbers of a text in their order; `context` is what it stands in, which may show the decimal sign."""
    return [place.found for place in numbers_at(text, context)[1]]


class Placed(NamedTuple):
    """A number with where it begins and ends in the text that `numbers_at` gives."""

    found: Found
    start: int
    end: int
    is_word: bool


def numbers_at(text: str, context: str = "", *, words_too: bool = False) -> tuple[str, list[Placed]]:
    """The text with digits and signs in one form, and its numbers with their places in that.

    With `words_too` also single Chinese characters that may be part of a word, such as 三 in 三公里 and in 三明治.
    """
    plain = _plain(text)
    if not words_too:  # who wants to know of units reads the parts of money himself
        plain = _MONEY.sub(_in_yuan, plain)
    halved = _PIECE_AND_HALF if words_too else _AND_HALF
    matches = [
        match
        for match in _matches(plain)
        if words_too or not _is_word(match) or halved.match(plain, match.end())
    ]
    around = list(_matches(_plain(context))) if context and any(map(_is_ambiguous, matches)) else matches
    decimal = _decimal_sign(around)
    placed = []
    for match in matches:
        if readings := tuple(dict.fromkeys(_readings(match, decimal))):
            spelled, end = bool(match["chinese"]), match.end()
            half = halved.match(plain, end)
            if half and readings[0][0] >= 1:
                readings, end = tuple((value[0] + 0.5,) for value in readings if len(value) == 1), half.end()
            is_sure = not spelled or half is not None or chinese.is_sure(match)
            found = Found(plain[match.start() : end].strip(), readings, spelled, is_sure)
            placed.append(Placed(found, match.start(), end, _is_word(match)))
    return plain, placed


# 三个半 and 两天半; where the unit behind the number is wanted too, 公里半 is left to it.
_NO_HALF = "(?![径徑球场場圆圓导導岛島决決数數])"
_PIECE_AND_HALF = late(rf"[ ]?[个個]半{_NO_HALF}")
_AND_HALF = late(
    rf"[ ]?(?:[个個天年斤倍米里块塊岁歲杯瓶碗周页頁圈吨升元]|公里|千米|小时|小時|个月|個月)半{_NO_HALF}"
)


def the_number(text: str) -> float | None:
    """The number that the whole text is, in its most usual reading, a percent sign passed over; else None."""
    plain = _plain(text).strip()
    match = _NUMBER.match(plain)
    if match is None or match.end() != len(plain):
        return None
    first = next((reading for reading in _readings(match, "") if len(reading) == 1), None)
    return first[0] if first else None


# --- one form for all scripts -------------------------------------------------------------------------------

_UNSEEN = late(r"[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_DIGIT = late(r"(?![0-9])\p{Nd}")
_SIGNS = str.maketrans("．－﹣‑–＋％٪﹪／＇’‘ʼ＿（）［］", ".----+%%%/''''_()[]")
_TO_THE_POWER = late(r"(乘以|乘)?\s?(?<!\d)10\s?的\s?(-?[0-9]{1,3})\s?次方")
_MONEY = late(
    r"((?<![0-9])[0-9]++|(?<![零〇一二两三四五六七八九十百千万亿])[零〇一二两三四五六七八九十百千万亿]++)[元块]"
    r"([1-9一二三四五六七八九])[角毛](?:([1-9一二三四五六七八九])分)?(?!之)"
)
_FRACTION = late(r"([0-9]?)[ ]?\\[dtc]?frac(?:\{([-−]?[0-9]+)\}\{([0-9]+)\}|([0-9])([0-9]))")
_THIN = late(r"(?<=[0-9])(?:\\[,;:! ]|~|&(?:nbsp|thinsp|#160|#8239);|(?! )\p{Zs})(?=[0-9]{3}(?![0-9]))")


def _plain(text: str) -> str:
    """The text with ASCII digits and signs, and U+00A0 for each space that can only be inside a number."""
    if not text.isascii():
        text = _UNSEEN.sub("", text).translate(_SIGNS)
        text = _DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), text)
        text = _TO_THE_POWER.sub(lambda match: ("×" if match[1] else "") + f"10^{match[2]}", text)
    if "\\" in text:
        text = _FRACTION.sub(_over, text)
        text = text.replace("\\times", "×").replace("\\cdot", "×").replace("\\%", "%")
    return _THIN.sub("\N{NO-BREAK SPACE}", text.replace("{,}", ","))


def _in_yuan(match: regex.Match[str]) -> str:
    """三元五角二分 as 三点五二元, and 3元5角 as 3.5元."""
    parts = [int(unicodedata.numeric(digit)) for digit in (match[2], match[3]) if digit]
    if match[1].isascii():
        return f"{match[1]}.{''.join(map(str, parts))}元"
    return f"{match[1]}点{''.join('零一二三四五六七八九'[part] for part in parts)}元"


def _over(match: regex.Match[str]) -> str:
    whole = f"{match[1]} " if match[1] else ""  # 3\\frac{1}{2} are three and a half
    return f"{whole}{match[2] or match[4]}⁄{match[3] or match[5]}"


# --- what a number looks like -------------------------------------------------------------------------------

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻−", "0123456789+--")
_MULTIPLES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_POWER = r"10(?:(?:\^|\*\*)\{?(?P<to{0}>[-+−]?[0-9]++)\}?|(?P<up{0}>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]++))"

# Chinese words that have no space before the number: 答案是-5, 降到−5度.
_BEFORE_SIGN = "即为為是得於于约約达達到至温溫"

# Of the alternatives of a body the first that fits is taken. What stands beside a further sign and digit (1.2.3,
# 6.5.2024, 1,2,3) is none of them but several whole numbers. Possessive throughout: time grows with the text alone.
_NUMBER = late(
    rf"""
    (?P<chinese>{chinese.NUMERAL})
    |
    (?P<sign>(?<![^\W{_BEFORE_SIGN}]|[)\].])[-+]|(?<![^\W{_BEFORE_SIGN}][ ]?|[)\].%}}][ ]?)−[ ]?|(?:[负負]|零下)[ ]?)?  # a hyphen after a letter or digit is none: 3-5
    (?:\p{{Sc}}[ \u00a0]?)?
    (?:
        (?<!\d[.,'٫٬_]?)
        (?:
            {_POWER.replace("{0}", "1")}
            |
            (?P<indian>\d{{1,2}}(?:,\d{{2}}(?!\d))++,\d{{3}}(?:\.\d++)?)(?!\d|[.,]\d)
            |
            (?P<grouped>(?!0)\d{{1,3}}(?:(?P<group>[ \u00a0'_,.٬，])\d{{3}}(?!\d))(?:(?P=group)\d{{3}}(?!\d))*+)
            (?P<rest>(?!(?P=group))[.,٫]\d++)?+(?![.,]\d)
            |
            (?P<decimal>\d++[.,٫]\d++)(?![.,]\d)
            |
            (?P<point>(?<![\w.])[.٫]\d++)(?![.,]\d)
        )
        |
        (?P<whole>\d++)
        |
        (?P<single>(?=[\p{{No}}\p{{Nl}}])[^⁰¹²³⁴-⁹₀-₉])
    )
    (?:
        [eE](?P<exponent>[-+−]?\d++)(?!\w)
        |
        [ ]?[×x*·⋅][ ]?{_POWER.replace("{0}", "2")}
        |
        (?<=\d)(?<![/⁄∕]\d++)(?P<over>[ ]?[/⁄∕][ ]?)(?P<below>\d++)(?![/.,]?\d)
        |
        (?<=\d)[ ]?(?P<mixed>(?=\p{{No}})[¼-¾⅐-⅞↉])
        |
        (?<=\d)(?:[ ]|又)(?P<above>\d++)[/⁄∕](?P<under>\d++)(?![/.,]?\d)
    )?+
    (?P<hundredth>[ \u00a0]?(?:[%‰]|per[ ]?cent\b|pct\b))?+
    (?:[ \u00a0](?P<multiple>thousand|million|billion|trillion)\b)?+
    """,
    regex.VERBOSE | regex.IGNORECASE,
)


# Looking for the first character alone is twenty times as fast as trying the whole at each place.
_START = late(rf"[-+−\p{{Sc}}.٫0-9\p{{No}}\p{{Nl}}百负負半{chinese.DIGITS}{chinese.UNITS}]")


def _matches(plain: str) -> Iterator[regex.Match[str]]:
    place = 0
    while start := _START.search(plain, place):
        match = _NUMBER.match(plain, start.start())
        place = match.end() if match else start.end()
        if match:
            yield match


def _is_word(match: regex.Match[str]) -> bool:
    """Whether a single Chinese character is part of a word."""
    return bool(match["chinese"]) and not chinese.is_sure(match) and not chinese.stands_alone(match)


def _is_ambiguous(match: regex.Match[str]) -> bool:
    """Whether the decimal sign of the text decides what it means: "1,234" and "1.234"."""
    return bool(match["grouped"]) and match["group"] in ".," and not match["rest"]


def _decimal_sign(matches: list[regex.Match[str]]) -> str:
    """The decimal sign of a text, "." or ",", as its numbers show it; "" when they show none or both."""
    signs = set()
    for match in matches:
        if match["grouped"]:
            several = match["grouped"].count(match["group"]) > 1
            if match["rest"]:
                signs.add(match["rest"][0])
            elif several and match["group"] in ".,":
                signs.add("," if match["group"] == "." else ".")
        elif match["decimal"]:
            signs.add(next(char for char in match["decimal"] if not char.isdigit()))
        elif match["indian"]:
            signs.add(".")
    signs &= {".", ","}
    return signs.pop() if len(signs) == 1 else ""


# --- what it means ------------------------------------------------------------------------------------------


def _readings(match: regex.Match[str], decimal: str) -> Iterator[Reading]:
    if match["chinese"]:
        yield from ((value,) for value in chinese.readings(match[0]))
        return
    sign = -1.0 if (match["sign"] or "").strip() in ("-", "−", "负", "負", "零下") else 1.0
    for reading in _unsigned(match, decimal):
        first = sign * reading[0]
        many = _MULTIPLES.get((match["multiple"] or "").lower(), 1.0)
        if match["hundredth"]:
            yield (first,)
            yield (first / (1000 if "‰" in match["hundredth"] else 100),)
        elif many > 1:
            yield (first * many,)
            yield (first,)
        else:
            yield (first, *reading[1:])


def _unsigned(match: regex.Match[str], decimal: str) -> Iterator[Reading]:
    power = match["to1"] or match["up1"]
    if power:
        yield (_float("1", power),)
        return
    for body in _bodies(match, decimal):
        power = match["exponent"] or match["to2"] or match["up2"] or "0"
        value = _float(body, power) if body else unicodedata.numeric(match["single"])
        if match["mixed"]:
            yield (value + unicodedata.numeric(match["mixed"]),)
        elif match["under"]:
            if float(match["under"]):
                yield (value + float(match["above"]) / float(match["under"]),)
            yield (value, float(match["above"]), float(match["under"]))
        elif match["below"]:
            if float(match["below"]):
                yield (value / float(match["below"]),)
            if "/" in match["over"]:
                yield (value, float(match["below"]))
        else:
            yield (value,)
            if not match["exponent"]:
                yield from _list(match)


def _bodies(match: regex.Match[str], decimal: str) -> Iterator[str]:
    """The digits, with a decimal point, of each way to read groups and decimals; "" for a character such as ½."""
    if match["grouped"]:
        group, rest = match["group"], (match["rest"] or "")
        grouped = match["grouped"].replace(group, "")
        single = match["grouped"].count(group) == 1 and not rest
        # "1,234" is 1234 where the point is the decimal sign, "1.234" is 1.234 there.
        as_decimal = single and group in ".,"
        readings = [grouped + rest.replace(",", ".").replace("٫", ".")]
        if as_decimal:
            fraction = match["grouped"].replace(",", ".")
            readings = [fraction] if decimal == group else readings if decimal else [*readings, fraction]
            if group == "." and not decimal:
                readings.reverse()
        yield from readings
    elif match["single"]:
        yield ""
    else:
        text = (
            match["indian"].replace(",", "")
            if match["indian"]
            else match["decimal"] or match["point"] or match["whole"]
        )
        yield text.replace(",", ".").replace("٫", ".")


def _list(match: regex.Match[str]) -> Iterator[Reading]:
    """Further readings as several numbers: (3,4) in brackets, and 100 200 300 with plain spaces."""
    text = match["grouped"] or match["decimal"] or ""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    if match["group"] == " " and text.find(" ") == 3 and not match["rest"]:
        yield tuple(map(float, text.split()))
    elif text.count(",") == 1 and "." not in text and before + after in ("()", "[]", "{}"):
        yield tuple(map(float, text.split(",")))


def _float(body: str, power: str) -> float:
    return float(f"{body}e{power.translate(_SUPERSCRIPTS)}")
