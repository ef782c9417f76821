"""Chinese and Japanese numerals: 三百二十, 壹佰, 两千三, 二〇二四, 3万5千, 百分之五十, 三分之一, 负三点五.

    readings("一百五")  →  (150.0, 105.0)     as said in China, as written in Japan

The values of the characters are Unicode's, from Python's own tables; only their composition is here. cn2an (0.5.24),
the kept package, refuses 一億二千, 參佰 and 千三百, takes 0.2 s to load, and puts folders `build`, `src` and `example`
among the installed packages.
"""

from __future__ import annotations

import unicodedata

import regex

from playground.answers.late import late

DIGITS = "〇零○一二三四五六七八九两兩俩倆仨壹贰貳弍弐叁參参叄弎肆伍陆陸柒漆捌玖"
UNITS = "十拾百佰千仟万萬亿億兆廿卅卌"
_SAID = {"两": 2.0, "兩": 2.0, "俩": 2.0, "倆": 2.0, "仨": 3.0}
_LARGE = 10_000

# Half of what comes next, and half itself: 半小时, 一半. 半径 and 半导体 are words.
_HALF = r"一半|(?<!对)半(?=[个個天年日月斤米里公小分岁歲杯瓶块塊页頁周碗升吨箱盒])|(?:(?<!\w)|(?<=[是为為]))半(?!\w)"

# Characters of which one alone is seldom a number: 统一, 唯一, 进一步. It counts only between words that a number has.
_BEFORE = "是为為有等于於得共约約剩余餘第到至成は"
# 了一下 and 的一个 are words; 了三下 and 的两个 are numbers.
_BEFORE_MORE = "的了要需用花只仅買买賣卖吃過过"
_AFTER = "个個只隻元块塊圆円圓人岁歲歳天年月日号號次本位名条條张張斤米吨秒层層页頁行字句题題倍件家台辆輛双雙组組份杯瓶匹棵颗顆枚回つ匹冊歳階"

_PLAIN = r"[0-9]++(?:,[0-9]{3})*+(?:\.[0-9]++)?"
# 5千克 are five kilograms.
# 三个亿 are three hundred millions. Behind a unit there may be digits that are less than it: 1万2000, and 3万2 for 3万2千.
_LESS = "|".join(
    rf"(?<=[{unit}])[1-9][0-9]{{0,{zeros - 1}}}"
    for unit, zeros in (("百佰", 2), ("千仟", 3), ("万萬", 4), ("亿億", 8))
)
_NUMBER = rf"(?:{_PLAIN}(?=\s?[{UNITS}](?![克米瓦卡焦帕伏赫兹字])|[个個][亿億])\s?|[{DIGITS}{UNITS}]|(?:{_LESS})(?![0-9]|[.,:][0-9])|(?<=[{DIGITS}十百千万0-9])[个個](?=[亿億]))++(?:[点點][{DIGITS}]++[万萬亿億]?)?+"
NUMERAL = rf"(?!零下\s?[0-9])(?P<minus>[负負]|零下)?(?:(?P<halves>{_HALF})|百分之(?P<percent>{_NUMBER}|{_PLAIN})|(?:(?P<and>{_NUMBER}|{_PLAIN})又)?+(?P<below>{_NUMBER}|{_PLAIN})分之(?P<above>{_NUMBER}|{_PLAIN})|(?P<tenths>[一二三四五六七八九两])(?:成(?P<half>[一二三四五六七八九半](?![{DIGITS}{UNITS}]))?(?![为為了功員员分本长長立人绩績果])|(?P<cut>[一二三四五六七八九])?折(?![叠疊断斷磨腾騰扣]))|(?P<number>{_NUMBER}))"
_NUMERAL = late(NUMERAL)
_PARTS = late(rf"{_PLAIN}|[{DIGITS}{UNITS}]")
_WORD = late(r"[\p{Han}\p{Hiragana}\p{Katakana}]")


def readings(text: str) -> tuple[float, ...]:
    """What one numeral may mean, the most usual first; nothing for what is none, such as 一一 or 万一."""
    match = _NUMERAL.fullmatch(text)
    if text in ("半", "一半"):
        return (0.5,)
    if match is None:
        return ()
    sign = -1 if match["minus"] else 1
    if match["percent"]:
        values = _read(match["percent"])
        return tuple(sign * part for value in values for part in (value, value / 100))
    if match["tenths"]:  # 九成五 and 九五折 are 95 percent
        rest = match["half"] or match["cut"]
        half = 5.0 if rest == "半" else _value(rest) if rest else 0.0
        percent = 10 * _value(match["tenths"]) + half
        return sign * percent, sign * percent / 100
    if match["below"]:
        one = "一" if match["below"] in "万萬亿億" else ""  # 万分之五
        below, above = _read(one + match["below"]), _read(match["above"])
        whole = _read(match["and"]) if match["and"] else (0.0,)
        return (sign * (whole[0] + above[0] / below[0]),) if whole and below and above and below[0] else ()
    return tuple(sign * value for value in _read(match["number"]))


def is_sure(match: regex.Match[str]) -> bool:
    """Whether a numeral found in a text is a number wherever it stands: it has a digit, and more than that."""
    text = match[0]
    if text == "一半":
        return True
    return len(text) > 1 and any(
        char in DIGITS or char.isdigit() or char in "廿卅卌" or text[0] == "十" for char in text
    )


def stands_alone(match: regex.Match[str]) -> bool:
    """Whether what is beside the numeral lets it be a number: nothing, no letter, or a word that goes with numbers."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    if match["halves"]:
        return True
    is_free = not _WORD.match(before) or before in _BEFORE or (before in _BEFORE_MORE and match[0] != "一")
    return is_free and (not _WORD.match(after) or after in _AFTER)


_PAIRS = (
    "對对會会確确錯错誤误沒没實实屬属應应該该無无當当絕绝說说這这認认覺觉綜综總总論论結结斷断為为於于選选項项參参標标準准終终"
    "問问題题過过從从難难個个據据處处請请協协條条換换給给講讲讓让價价評评敗败滿满達达夠够還还們们幫帮違违則则規规決决僅仅後后"
)
_SIMPLE = str.maketrans(_PAIRS[::2], _PAIRS[1::2])


def simplified(text: str) -> str:
    """The text with the traditional characters of words that are looked for as simplified ones; as long as it was."""
    return text if text.isascii() else text.translate(_SIMPLE)


def _read(text: str) -> tuple[float, ...]:
    whole, point, fraction = text.replace("點", "点").partition("点")
    if not point:
        return _whole(text)
    digits = fraction.rstrip("万萬亿億")
    decimals = "".join(f"{_value(digit):.0f}" for digit in digits)
    scale = _value(fraction[-1]) if digits != fraction else 1
    return tuple(float(f"{value:.0f}.{decimals}") * scale for value in _whole(whole)[:1])


def _whole(text: str) -> tuple[float, ...]:
    parts = _PARTS.findall(text)
    if all(part in DIGITS for part in parts):
        # 三五 is "three or five", 二〇二四 a number written digit by digit.
        if 1 < len(parts) < 3 and not set(parts) & set("〇零○"):
            return ()
        return (float("".join(f"{_value(part):.0f}" for part in parts)),)
    return _composed(parts)


def _composed(parts: list[str]) -> tuple[float, ...]:
    """The sum of digits times units; a last digit alone is tens of the unit before it in China: 一百五."""
    total = section = 0.0
    digit: float | None = None
    unit, large = float(_LARGE), float("inf")
    for part in parts:
        value = _value(part)
        if part not in UNITS:
            if digit:
                return ()
            digit = value
        elif value in (20, 30, 40):
            if digit or unit <= 10:
                return ()
            section, unit, digit = section + value, 10.0, None
        elif value < _LARGE:
            if value >= unit:
                return ()
            section, unit, digit = section + (digit or 1) * value, value, None
        else:
            section, digit = section + (digit or 0), None
            if value > large and total:
                total = (total + section) * value
            elif section and value < large:
                total += section * value
            else:
                return ()
            section, unit, large = 0.0, float(_LARGE), value
    if digit is None:
        return (total + section,)
    plain = total + section + digit
    last = _value(parts[-2]) if len(parts) > 1 and parts[-2] in UNITS else 0
    return (total + section + digit * last / 10, plain) if last >= 100 and digit < 10 else (plain,)


def _value(part: str) -> float:
    """Unicode's value of a character, that of a written number for other text; 0 for what has none."""
    if part in _SAID:
        return _SAID[part]
    if len(part) == 1 and not part.isascii():
        return unicodedata.numeric(part, 0.0)
    return float(part.replace(",", ""))
