"""Numbers with units, in whatever unit of the kind."""

from __future__ import annotations

import pytest

from playground.answers.units import quantities_in
from playground.scorers import check_problem, score
from playground.types.prompt import Check
from playground.types.scores import Sample


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        ("5 km", "5 km", True),
        ("It is 5,000 m long.", "5 km", True),
        ("大约5公里", "5 km", True),
        ("三公里", "3 km", True),
        ("三明治", "3 m", False),
        ("5 km in 2 hours", "5 km", True),
        ("5 km in 2 hours", "2 h", True),
        ("first 3 km, then 5 km", "5 km", True),
        ("It took 1 h 30 min.", "90 minutes", True),
        ("2小时30分钟", "2.5 h", True),
        ("5 ft 11 in", "71 inches", True),
        ("20°C", "68 °F", True),
        ("-5 °C", "5 °C", False),
        ("$3.50", "3.50 dollars", True),
        ("3,50 €", "€3.50", True),
        ("€5", "$5", False),
        ("10元", "10 yuan", True),
        ("25 percent", "25%", True),
        ("0.3 GB", "300 MB", True),
        ("36 km/h", "10 m/s", True),
        ("5", "5 km", False),
        ("5 kg", "5 km", False),
        ("6 kilometres", "5 km", False),
        ("none", "5 km", False),
    ],
)
def test_the_amount_counts_in_any_unit_of_its_kind(answer: str, expected: str, right: bool) -> None:
    found = score(Check(scorer="quantity", options={"expected": expected}), Sample(answer))
    assert found.value == float(right), found.explanation


def test_it_says_what_the_other_unit_comes_to() -> None:
    check = Check(scorer="quantity", options={"expected": "5 km", "tolerance": 0.1})
    near = score(check, Sample("3.1 miles"))
    assert (near.value, near.answer) == (1.0, "3.1 miles")
    assert near.explanation == 'found "3.1 miles", which is 4.98897 km, 0.0110336 km away from 5 km'
    assert score(check, Sample("5")).explanation == 'found "5", which has no unit'
    bare = check.model_copy(update={"options": check.options | {"unit_needed": False}})
    assert score(bare, Sample("5")).value == 1.0


def test_what_is_expected_must_be_one_number_with_a_unit_that_is_known() -> None:
    def problem(expected: str) -> str:
        return check_problem(Check(scorer="quantity", options={"expected": expected})) or ""

    assert 'The unit "apples" is not known' in problem("5 apples")
    assert "is not one number with a unit" in problem("far")
    assert problem("{{ expected }}") == problem("5 km") == ""


def test_every_number_is_found_with_its_unit() -> None:
    found = quantities_in("1.234,50 € für 3kg, ½ l und 7")
    assert [(quantity.values[0], quantity.unit) for quantity in found] == [
        (1234.5, "€"),
        (3.0, "kg"),
        (0.5, "l"),
        (7.0, ""),
    ]
