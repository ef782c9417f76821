"""Quantities in a text: numbers with their units, in English, German and Chinese, whatever the notation.

    quantities_in("about 1,500 m, or 1.5公里")  →  Quantity((1500.0,), "m"), Quantity((1.5,), "公里")
    unit_of("km")  →  Unit("length", 1000.0)

Own, where a package for units wants whole expressions and knows no Chinese: here a unit is what people write behind a number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import regex

from playground.answers.late import late
from playground.answers.numbers import numbers_at


class Unit(NamedTuple):
    """What kind of thing it measures, and the value of one of it in the kind's own unit: `value * factor + offset`."""

    kind: str
    factor: float
    offset: float = 0.0


class Quantity(NamedTuple):
    """A number with the unit as written, "" where it has none; the values are those that the number may mean, in that unit.

    "1 h 30 min" is one: `values` in the unit of its first part.
    """

    values: tuple[float, ...]
    unit: str
    text: str


def _table() -> Iterator[tuple[str, Unit]]:
    rows: tuple[tuple[str, float, str], ...] = (
        ("length", 1.0, "m metre meter metres meters 米"),
        ("length", 1000.0, "km kilometre kilometer kilometres kilometers 公里 千米"),
        ("length", 0.1, "dm decimetre decimeter decimetres decimeters 分米"),
        ("length", 0.01, "cm centimetre centimeter centimetres centimeters zentimeter 厘米"),
        ("length", 0.001, "mm millimetre millimeter millimetres millimeters 毫米"),
        ("length", 1e-6, "µm μm micrometre micrometer micrometres micrometers 微米"),
        ("length", 1e-9, "nm nanometre nanometer nanometres nanometers 纳米"),
        ("length", 1609.344, "mi mile miles meile meilen 英里"),
        ("length", 0.9144, "yd yard yards 码"),
        ("length", 0.3048, "ft foot feet fuß 英尺"),
        ("length", 0.0254, "in inch inches zoll 英寸"),
        ("length", 500.0, "里"),
        ("mass", 1.0, "kg kilogram kilograms kilo kilos kilogramm 千克 公斤"),
        ("mass", 0.001, "g gram grams gramme grammes gramm 克"),
        ("mass", 1e-6, "mg milligram milligrams milligramm 毫克"),
        ("mass", 1e-9, "µg μg microgram micrograms 微克"),
        ("mass", 1000.0, "t tonne tonnes 吨"),
        ("mass", 0.45359237, "lb lbs pound-mass 磅"),
        ("mass", 0.028349523125, "oz ounce ounces 盎司"),
        ("mass", 0.5, "斤 市斤"),
        ("time", 1.0, "s sec secs second seconds sekunde sekunden 秒 秒钟"),
        ("time", 0.001, "ms millisecond milliseconds millisekunde millisekunden 毫秒"),
        ("time", 60.0, "min mins minute minutes minuten 分钟"),
        ("time", 900.0, "刻钟"),
        ("time", 3600.0, "h hr hrs hour hours stunde stunden 小时 个小时 钟头"),
        ("time", 86400.0, "d day days tag tage tagen 天 日"),
        ("time", 604800.0, "week weeks wk wks woche wochen 周 星期 个星期"),
        ("months", 1.0, "month months monat monate monaten 个月 月"),
        ("months", 12.0, "year years yr yrs jahr jahre jahren 年 岁"),
        ("volume", 1.0, "l litre liter litres liters 升 公升"),
        ("volume", 0.001, "ml millilitre milliliter millilitres milliliters cm³ cm3 cc 毫升"),
        ("volume", 0.01, "cl centilitre centiliter centilitres centiliters"),
        ("volume", 1000.0, "m³ m3 cubic-metre cubic-meter cubic-metres cubic-meters 立方米"),
        ("volume", 3.785411784, "gal gallon gallons 加仑"),
        ("area", 1.0, "m² m2 sqm square-metre square-meter square-metres square-meters 平方米 平米"),
        ("area", 1e-4, "cm² cm2 square-centimetre square-centimeter square-centimetres square-centimeters 平方厘米"),
        ("area", 1e6, "km² km2 square-kilometre square-kilometer square-kilometres square-kilometers 平方公里 平方千米"),
        ("area", 10000.0, "ha hectare hectares hektar 公顷"),
        ("area", 4046.8564224, "acre acres 英亩"),
        ("area", 10000 / 15, "亩"),
        ("speed", 1 / 3.6, "km/h kph kmh kilometres-per-hour kilometers-per-hour 公里/小时 千米/小时 公里每小时 千米每小时"),
        ("speed", 1.0, "m/s metres-per-second meters-per-second 米/秒 米每秒"),
        ("speed", 0.44704, "mph miles-per-hour 英里每小时"),
        ("data", 1.0, "b byte bytes 字节"),
        ("data", 1e3, "kb kilobyte kilobytes"),
        ("data", 1e6, "mb megabyte megabytes"),
        ("data", 1e9, "gb gigabyte gigabytes"),
        ("data", 1e12, "tb terabyte terabytes"),
        ("data", 1024.0, "kib"),
        ("data", 1024.0**2, "mib"),
        ("data", 1024.0**3, "gib"),
        ("energy", 1.0, "j joule joules 焦 焦耳"),
        ("energy", 1e3, "kj kilojoule kilojoules 千焦"),
        ("energy", 4184.0, "kcal kilocalorie kilocalories 千卡 大卡"),
        ("energy", 3.6e6, "kwh kilowatt-hour kilowatt-hours 千瓦时 度电"),
        ("power", 1.0, "w watt watts 瓦 瓦特"),
        ("power", 1e3, "kw kilowatt kilowatts 千瓦"),
        ("power", 1e6, "mw megawatt megawatts 兆瓦"),
        ("voltage", 1.0, "v volt volts 伏 伏特"),
        ("current", 1.0, "amp amps ampere amperes 安 安培"),
        ("frequency", 1.0, "hz hertz 赫兹"),
        ("frequency", 1e3, "khz kilohertz 千赫"),
        ("frequency", 1e6, "mhz megahertz 兆赫"),
        ("frequency", 1e9, "ghz gigahertz 吉赫"),
        ("force", 1.0, "n newton newtons 牛 牛顿"),
        ("pressure", 1.0, "pa pascal pascals 帕"),
        ("pressure", 1e3, "kpa kilopascal kilopascals 千帕"),
        ("pressure", 1e5, "bar bars 巴"),
        ("angle", 1.0, "° deg degree degrees grad 度"),
        ("share", 1.0, "% percent per-cent pct prozent 个百分点"),
        ("share", 0.1, "‰"),
        ("US dollars", 1.0, "$ us$ usd dollar dollars 美元 美金"),
        ("US dollars", 0.01, "cent cents ¢ 美分"),
        ("euros", 1.0, "€ eur euro euros 欧元"),
        ("pounds", 1.0, "£ gbp pound pounds pfund 英镑"),
        ("yuan", 1.0, "¥ cny rmb yuan 元 块 块钱 人民币"),
        ("yuan", 0.1, "角 毛 毛钱"),
        ("yen", 1.0, "jpy yen 日元 円"),
        ("rupees", 1.0, "₹ inr rupee rupees 卢比"),
        ("francs", 1.0, "chf franc francs franken 法郎"),
    )  # fmt: skip
    for kind, factor, names in rows:
        for name in names.split():
            # A name of several words is written with hyphens or spaces.
            for spelled in {name, name.replace("-", " ")}:
                yield spelled, Unit(kind, factor)
    for name in ("°c", "℃", "c", "celsius", "degrees celsius", "grad celsius", "摄氏度", "度摄氏"):
        yield name, Unit("temperature", 1.0, 273.15)
    for name in ("°f", "℉", "f", "fahrenheit", "degrees fahrenheit", "华氏度"):
        yield name, Unit("temperature", 5 / 9, 273.15 - 32 * 5 / 9)
    for name in ("k", "kelvin", "开尔文", "开"):
        yield name, Unit("temperature", 1.0)


UNITS = dict(_table())
# Letters that mean something else in the other case.
_CASED = {"mW": Unit("power", 1e-3), "Mb": Unit("data", 1e6 / 8), "mb": Unit("data", 1e6), "K": UNITS["k"]}


@cache
def _after() -> regex.Pattern[str]:
    """A unit behind a number; compiled when the first quantity is looked for: the program would start later for it."""
    names = "|".join(
        regex.escape(name).replace(r"\ ", r"\s+") for name in sorted(UNITS, key=len, reverse=True)
    )
    # A unit in Latin letters is not the beginning of a word; one in Chinese may stand before anything.
    ends = r"(?:(?<=[^\x00-\u024f])|(?![\p{Latin}\p{Greek}\d²³]))"
    return regex.compile(rf"[\s\u00a0]*-?(?:of\s+)?(?P<unit>{names}){ends}", regex.IGNORECASE)


# 三公里半, 一米七五 and 两块五: what stands behind the unit without one of its own is a fraction of it.
_MORE = late(
    r"(?P<half>半)(?!(?![的左多])\p{Han})|(?P<digits>[一二三四五六七八九]{1,2}|[0-9]{1,2})(?![\d.:/%]|(?![的高长宽左])\p{Han})"
)
_SPLIT = frozenset({"米", "块"})
_PART = {"time": Unit("time", 60.0), "yuan": Unit("yuan", 0.01)}
"""What 分 is behind hours and behind yuan; by itself it may be a mark."""
_LIANG = late(r"(?P<digits>[一二三四五六七八九]|[1-9])[两兩](?P<half>半)?")
"""Tenths behind 斤: 三斤二两. 两 by itself is two of something."""


def _part_of(whole: Unit | None) -> Unit | None:
    return _PART.get(whole.kind) if whole else None


def _fraction(more: regex.Match[str]) -> float:
    if more["half"]:
        return 0.5
    digits = "".join(f"{unicodedata.numeric(char):.0f}" for char in more["digits"])
    return float(f"0.{digits}")


_BEFORE = late(r"(?P<unit>us\$|[$€£¥₹]|usd|eur|gbp|cny|rmb|chf|jpy|inr)[\s\u00a0]*[-+−]?$", regex.IGNORECASE)
_INSIDE = late(r"[$€£¥₹]|[%‰]|per ?cent|pct", regex.IGNORECASE)
_JOINS = late(r"[\s\u00a0]*(?:,|and|und|零)?[\s\u00a0]*", regex.IGNORECASE)


def unit_of(name: str) -> Unit | None:
    """The unit of that name in any of the languages, None for one that is not known."""
    name = " ".join(name.split())
    return _CASED.get(name) or UNITS.get(name.casefold()) or UNITS.get(name.casefold().rstrip("."))


def quantities_in(text: str) -> list[Quantity]:
    """Every number of a text with its unit, in their order; parts of one quantity, as in 5 ft 11 in, are put together."""
    plain, placed = numbers_at(text, words_too=True)
    found: list[tuple[Quantity, Unit | None, int, int, float]] = []
    done = 0
    for number in placed:
        values = tuple(reading[0] for reading in number.found.readings if len(reading) == 1)
        if not values or number.start < done:  # 千 is a number too, but not in 5千克
            continue
        name, end = _unit_at(plain, number.start, number.end)
        unit = unit_of(name) if name else None
        if not name and plain.startswith("分", end) and (part := _part_of(found[-1][1] if found else None)):
            name, unit, end = "分", part, end + 1
        name, unit = _told_before(plain, number.start, name, unit)
        if number.is_word and not name:
            continue
        more = _MORE.match(plain, end) if unit else None
        if name in ("斤", "市斤") and (tenths := _LIANG.match(plain, end)):
            values = tuple(value + unicodedata.numeric(tenths["digits"]) / 10 for value in values)
            values, end = tuple(value + 0.05 * bool(tenths["half"]) for value in values), tenths.end()
        elif more and (more["half"] or name in _SPLIT):
            values, end = tuple(value + _fraction(more) for value in values), more.end()
        done = end
        if unit and unit.kind == "share":
            values = values[:1]  # the other readings are the number as a share of one
        quantity = Quantity(values, name, plain[number.start : end].strip())
        factor = unit.factor if unit else 0.0
        if unit and found and (joined := _joined(found[-1], quantity, unit, plain, number.start, end)):
            found[-1] = (joined, found[-1][1], found[-1][2], end, factor)
        else:
            found.append((quantity, unit, number.start, end, factor))
    return [quantity for quantity, *_ in found]


_AHEAD = late(
    r"(?:(?P<scale>摄|攝|华|華)氏|(?P<rate>时速|時速|每小时|每小時|每秒))[约約是为為达達到近超过過零下\s-]{0,3}$"
)
_SCALES = {"摄": "摄氏度", "攝": "摄氏度", "华": "华氏度", "華": "华氏度"}


def _told_before(plain: str, start: int, name: str, unit: Unit | None) -> tuple[str, Unit | None]:
    """The unit with what stands before the number: 摄氏二十度 is 摄氏度, 时速六十公里 is 公里每小时."""
    if unit is None or unit.kind not in ("angle", "length"):
        return name, unit
    match = _AHEAD.search(plain, max(0, start - 8), start)
    if match is None:
        return name, unit
    rate = match["rate"] or ""
    told = f"{name}{'每秒' if rate == '每秒' else '每小时'}" if rate else _SCALES[match["scale"]]
    known = unit_of(told)
    is_same = known is not None and (known.kind == "temperature") == (unit.kind == "angle")
    return (told, known) if is_same else (name, unit)


def _unit_at(plain: str, start: int, end: int) -> tuple[str, int]:
    """The unit that a number has inside, behind or before it, and where the quantity ends."""
    if match := _after().match(plain, end):
        return match["unit"], match.end()
    if match := _INSIDE.search(plain, start, end):
        return match[0], end
    if match := _BEFORE.search(plain, max(0, start - 8), start):
        return match["unit"], end
    return "", end


def _joined(
    before: tuple[Quantity, Unit | None, int, int, float],
    quantity: Quantity,
    unit: Unit,
    plain: str,
    start: int,
    end: int,
) -> Quantity | None:
    """Both as one quantity where the second is a smaller part of the first: 1 h 30 min."""
    first, whole, begin, stop, last = before
    if whole is None or whole.kind != unit.kind or unit.factor >= last or whole.offset or unit.offset:
        return None
    if (
        not _JOINS.fullmatch(plain, stop, start)
        or quantity.values[0] * unit.factor >= last
        or quantity.values[0] < 0
    ):
        return None
    more = quantity.values[0] * unit.factor / whole.factor
    return Quantity(tuple(value + more for value in first.values), first.unit, plain[begin:end].strip())
