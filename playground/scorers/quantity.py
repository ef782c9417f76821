"""The scorer that looks for a number with its unit: `5 km` is also `5,000 m` and `5公里`.

quantity(Sample("It is about 3.1 miles."), expected="5 km", tolerance=0.1)  →  Score("quantity", 1.0, …)
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from playground.answers.units import Quantity, Unit, quantities_in, unit_of
from playground.answers.wording import clip, quote, show_number
from playground.scorers.options import STANDS_IN, About
from playground.types.scores import Sample, Score

Which = Literal["last", "first", "any"]
READ_CHARS = 20_000
"""Of an answer, from the end that counts: each number of a long list takes a tenth of a millisecond."""


def quantity(
    sample: Sample,
    *,
    expected: Annotated[str, About("A number and its unit, such as 5 km, 20 °C, $3.50 or 2小时.")],
    tolerance: Annotated[
        float, About("How far the answer may be away, counted in the unit of what is expected.")
    ] = 0,
    which: Annotated[Which, About("Which of the answer's numbers with a unit of that kind counts.")] = "last",
    unit_needed: Annotated[
        bool, About("Off: a number without any unit counts too, as if it were in the expected one.")
    ] = True,
) -> Score:
    """1 when the answer has this number in this unit, or the same amount in another unit of the kind.

    Metric and other units of length, mass, time, volume, area, speed, temperature, data, energy and power are
    converted; currencies are not converted to each other. A unit is read in English, German and Chinese.
    """
    answer = sample.answer.strip()
    answer = answer[-READ_CHARS:] if which == "last" else answer[:READ_CHARS]
    wanted = quantities_in(expected)[0]
    unit = unit_of(wanted.unit)
    fitting = [found for found in quantities_in(answer) if _fits(found, unit, unit_needed)]
    if not fitting:
        return Score("quantity", 0.0, answer, _nothing(answer, unit))
    goal = wanted.values[0]
    candidates = fitting if which == "any" else [fitting[-1 if which == "last" else 0]]
    found, value = min(
        ((found, _in(value, found, unit)) for found in candidates for value in found.values),
        key=lambda pair: abs(pair[1] - goal),
    )
    off = abs(value - goal)
    even = 1e-9 * max(abs(value), abs(goal), tolerance)  # conversions do not come out even in binary
    is_near = off <= tolerance + even
    is_same = not found.unit or _meant(found, unit) == unit
    explanation = f"found {quote(found.text)}" + (
        "" if is_same else f", which is {show_number(value)} {wanted.unit}"
    )
    if off > even:
        explanation += f", {show_number(off)} {wanted.unit} away from {clip(expected)}".replace("  ", " ")
    return Score("quantity", float(is_near), clip(found.text), explanation)


def _fits(found: Quantity, unit: Unit | None, unit_needed: bool) -> bool:
    if not found.unit:
        return unit is None or not unit_needed
    theirs = _meant(found, unit)
    return theirs is not None and unit is not None and theirs.kind == unit.kind


def _meant(found: Quantity, unit: Unit | None) -> Unit | None:
    """What its unit is where this one is expected: 度 of a temperature are degrees Celsius."""
    is_warmth = found.unit == "度" and unit is not None and unit.kind == "temperature"
    return unit_of("摄氏度" if is_warmth else found.unit)


def _in(value: float, found: Quantity, unit: Unit | None) -> float:
    theirs = _meant(found, unit) if found.unit else None
    if unit is None or theirs is None or theirs == unit:
        return value
    return (value * theirs.factor + theirs.offset - unit.offset) / unit.factor


def _nothing(answer: str, unit: Unit | None) -> str:
    found = quantities_in(answer)
    if not found:
        return "there is no number in the answer"
    if unit is None:
        return "the numbers of the answer have units, and none is expected"
    if all(not each.unit for each in found):
        return f"found {quote(found[-1].text)}, which has no unit"
    return f"found no number of {unit.kind} in the answer"


def quantity_problem(
    *, expected: str, tolerance: float = 0, which: Which = "last", unit_needed: bool = True
) -> str | None:
    """Why these options cannot be meant, or None."""
    del which, unit_needed
    if tolerance < 0 or not math.isfinite(tolerance):
        return 'The option "tolerance" must not be negative.'
    if expected.strip() == STANDS_IN:
        return None
    found = quantities_in(expected)
    if len(found) != 1:
        return f"{quote(expected)} is not one number with a unit, such as 5 km."
    if found[0].unit == "" and (rest := expected.replace(found[0].text, "", 1).strip()):
        return f"The unit {quote(rest, 30)} is not known; without a unit use the check Number."
    return None
