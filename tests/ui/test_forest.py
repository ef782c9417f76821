"""Tests for the pictures of intervals: one scale for all rows, ends beyond it as arrows, shapes that tell variants apart."""

from __future__ import annotations

import re

import pytest

from playground.ui.forest import HIGH, Axis, Interval, forest, letter, named, ticks


@pytest.mark.parametrize(
    ("ends", "scale"),
    [
        ([(0.62, 0.77), (0.75, 0.87)], (0.6, 0.9)),
        ([(0.71, 0.72)], (0.6, 0.9)),  # never so narrow that a point looks like a mountain
        ([(0.0, 1.0)], (0.0, 1.0)),
        ([], (0.0, 1.0)),
        ([(float("nan"), float("nan")), (0.9, 1.0)], (0.7, 1.0)),
    ],
)
def test_the_scale_is_of_whole_tens_around_all_rows(
    ends: list[tuple[float, float]], scale: tuple[float, float]
) -> None:
    axis = Axis.around(ends)
    assert (axis.low, axis.high) == scale
    assert axis.marks[0] == axis.low and axis.marks[-1] == pytest.approx(axis.high)


def test_a_difference_has_its_reference_on_the_scale_and_a_true_minus_sign() -> None:
    axis = Axis.around([(0.04, 0.2)], within=(-1.0, 1.0), reference=0.0)
    assert axis.low <= 0 <= axis.high
    assert "\u221210" in ticks(Axis(-0.1, 0.3, 0.1))
    assert 'class="ref"' in forest(None, axis)


def test_an_end_outside_of_the_scale_is_an_arrow() -> None:
    axis = Axis(0.5, 1.0, 0.1)
    assert "polyline" in forest(Interval(0.6, 0.3, 0.8), axis)
    assert "polyline" not in forest(Interval(0.6, 0.5, 0.8), axis)
    assert "mark" not in forest(Interval(float("nan"), 0, 1), axis)
    inside = [float(x) for x in re.findall(r'x[12]="([\d.]+)"', forest(Interval(0.6, 0.0, 1.0), axis))]
    assert all(0 <= x <= axis.width for x in inside) and HIGH == 20


def test_variants_are_letters_with_a_shape_each() -> None:
    assert [letter(number) for number in (0, 3, 25, 26, 27, 52)] == ["A", "D", "Z", "AA", "AB", "BA"]
    assert len({str(named(number)).partition("<b>")[0] for number in range(4)}) == 4
