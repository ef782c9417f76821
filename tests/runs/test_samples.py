"""Samples of a column: which are shown, the share that passes, which answers are equal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from playground.runs.live import with_cell
from playground.runs.samples import answers, only_difference, sample_number, samples_of, share
from playground.store.records import StoredCell, StoredRun
from playground.types.generation import Completion
from playground.types.grid import CellKey, CellStatus, RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from playground.types.scores import Score
from playground.types.trace import Answer

PROMPT = Prompt(turns=(Turn(role="user", template="Say it."),))


def cell(repeat: int, text: str = "", *values: float | None, status: CellStatus = "done") -> StoredCell:
    scores = tuple(Score(f"check {n}", value, text, "") for n, value in enumerate(values))
    done = Completion(text, "stop" if status == "done" else "cancelled")
    return StoredCell(
        key=CellKey(0, 0, repeat), model="m", backend="m", content_hash="", prompt=PROMPT, sampling=Sampling(),
        status=status, answer=Answer.of_one_call((), done), scores=scores, thumb=0, error="", hint="", started_at=None,
        finished_at=None,
    )  # fmt: skip


def run(samples: int, cells: list[StoredCell]) -> StoredRun:
    asked = RunSpec.comparison(prompt=PROMPT, variants=(Variant(model="m", samples=samples),))
    now = datetime.now(UTC)
    return StoredRun("r", now, "", "done", "", asked, "", None, tuple(cells[-1:]), tuple(cells[:-1]), None)


@pytest.mark.parametrize(
    ("samples", "repeats", "shown"),
    [
        (1, [0], [0]),
        (1, [0, 1, 2], [2]),
        (3, [0, 1, 2], [0, 1, 2]),
        (3, [0, 1, 2, 3, 4, 5], [3, 4, 5]),
        (3, [0, 1, 2, 4], [4]),
        (3, [1], [1]),
        (20, list(range(40)), list(range(20, 40))),
    ],
)
def test_the_samples_of_the_last_press_are_shown_and_those_of_presses_before_are_behind(
    samples: int, repeats: list[int], shown: list[int]
) -> None:
    stored = run(samples, [cell(repeat) for repeat in repeats])
    assert [each.repeat for each in samples_of(stored, 0)] == shown


def test_samples_are_numbered_from_one_at_each_press() -> None:
    column = Variant(model="m", samples=3)
    assert [sample_number(column, repeat) for repeat in range(7)] == [1, 2, 3, 1, 2, 3, 1]


def test_the_share_counts_answers_that_pass_every_check_that_applies_and_each_check_alone() -> None:
    cells = [
        cell(0, "a", 1, 1),
        cell(1, "b", 1, 0.5),
        cell(2, "c", None, 1),
        cell(3, "d", None, None),
        cell(4),
    ]
    held = share(cells)
    assert (held.passing, held.judged) == (2, 3), "where no check applies nothing failed, and nothing passed"
    assert held.checks == (("check 0", 2, 2), ("check 1", 2, 3))


def test_checks_of_the_same_name_are_counted_apart() -> None:
    both = cell(0, "a", 1, 0)
    both = replace(both, scores=tuple(replace(score, name="contains") for score in both.scores))
    assert share([both]).checks == (("contains", 1, 1), ("contains", 0, 1))


def test_equal_answers_are_found_largest_group_first_and_unfinished_ones_are_left_out() -> None:
    texts = ["yes", "no", "no.", "yes", "no", "yes", "half"]
    cells = [cell(n, text, status="cancelled" if text == "half" else "done") for n, text in enumerate(texts)]
    found = answers(cells, Variant(model="m", samples=7))
    assert [group.numbers for group in found.groups] == [(1, 4, 6), (2, 5), (3,)]
    assert found.nearly == ()


def test_answers_that_differ_in_nothing_one_can_see_are_named_as_such() -> None:
    cells = [cell(0, "caf\u00e9 au lait"), cell(1, "cafe\u0301 au lait"), cell(2, "caf\u00e9  au\nlait")]
    found = answers(cells, Variant(model="m", samples=3))
    assert len(found.groups) == 3
    assert found.nearly == ((1, 2, "how accents are composed"), (1, 3, "spaces and line breaks"))


@pytest.mark.parametrize(
    ("a", "b", "what"),
    [
        ("a b", "a b", ""),
        ("a b", "a c", ""),
        ("a b", "A b", ""),
        ("a b", " a b\n", "spaces and line breaks"),
        ("a\u00a0b", "a b", "spaces and line breaks"),
        ("\u00e9", "e\u0301", "how accents are composed"),
        ("\u00e9 x", "e\u0301  x", "spaces and how accents are composed"),
        ("\ufb01", "fi", ""),
    ],
)
def test_only_what_is_composed_or_spaced_another_way_is_nearly_equal(a: str, b: str, what: str) -> None:
    assert only_difference(a, b) == only_difference(b, a) == what


def test_a_running_run_keeps_its_samples_as_when_it_is_read_whatever_order_they_end_in() -> None:
    begun = replace(run(3, [cell(0)]), cells=())
    for number in (1, 0, 2):
        begun = with_cell(begun, cell(number, f"answer {number}"))
    assert [each.repeat for each in begun.cells] == [2]
    assert [each.repeat for each in begun.earlier] == [0, 1]
    assert [each.completion.text for each in samples_of(begun, 0) if each.completion] == [
        "answer 0",
        "answer 1",
        "answer 2",
    ]


def test_of_a_column_of_one_sample_a_running_run_keeps_the_latest_alone() -> None:
    begun = replace(run(1, [cell(0)]), cells=())
    for number in (1, 0, 2, 5):
        begun = with_cell(begun, cell(number))
    assert ([each.repeat for each in begun.cells], begun.earlier) == ([5], ())
