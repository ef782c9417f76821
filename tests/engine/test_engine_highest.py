"""The first of the highest of many numbers, as numpy finds it."""

from __future__ import annotations

import ctypes
import random

import numpy
import pytest

from playground.engine.highest import highest


def found(numbers: list[float]) -> int:
    values = (ctypes.c_float * len(numbers))(*numbers)
    return highest(ctypes.cast(values, ctypes.POINTER(ctypes.c_float)), len(numbers))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 100, 1000])
def test_it_is_what_numpy_finds(count: int) -> None:
    draws = random.Random(count)
    for kinds in (2, 5, 1000):  # few kinds of numbers, so that many are equal
        for _ in range(20):
            numbers = [float(draws.randrange(-kinds, kinds)) for _ in range(count)]
            assert found(numbers) == int(numpy.argmax(numpy.array(numbers, numpy.float32)))


def test_each_place_can_be_the_highest() -> None:
    for place in range(12):
        assert found([float(n == place) for n in range(12)]) == place


def test_impossible_tokens_are_never_chosen_before_others() -> None:
    none = float("-inf")
    assert found([none, none, -3.5, none, -7.0]) == 2
    assert found([none, none, none]) == 0
