"""The samples of a column: the answers of one press of Run, told from those of the presses before.

A column of 8 samples gets 8 repeats at each press: 0 to 7, then (Run again) 8 to 15. The last such block is what is
shown; a run of before there were samples has blocks of one.

    samples_of(run, 0) → cells with repeats 8 to 15        sample_number(column, repeat=9) → 2
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from playground.scorers import all_passed, passed
from playground.store.records import StoredCell, StoredRun
from playground.types.grid import Variant


def sample_number(column: Variant, repeat: int) -> int:
    """Which of its samples a repeat is, from 1."""
    return repeat % column.samples + 1


def block_start(column: Variant, repeat: int) -> int:
    """The first repeat of the press that made this one."""
    return repeat - repeat % column.samples


def cells_of(run: StoredRun, column: int) -> list[StoredCell]:
    """Every cell of a column that is known, by repeat."""
    return sorted(
        (cell for cell in (*run.cells, *run.earlier) if cell.column == column), key=lambda cell: cell.repeat
    )


def samples_of(run: StoredRun, column: int) -> tuple[StoredCell, ...]:
    """The cells of the last press of a column, by repeat; empty when none of them is known yet."""
    cells = cells_of(run, column)
    if not cells or not 0 <= column < len(run.spec.variants):
        return ()
    start = block_start(run.spec.variants[column], cells[-1].repeat)
    return tuple(cell for cell in cells if cell.repeat >= start)


def has_samples(run: StoredRun) -> bool:
    """Whether one of its columns has several."""
    return any(column.samples > 1 for column in run.spec.variants)


# --- what they come to ------------------------------------------------------------------------------------


class CheckShare(NamedTuple):
    """Of how many answers a check applies to it holds."""

    name: str
    passing: int
    applying: int


class Share(NamedTuple):
    """How many of so many samples pass every check that applies to them, and each check's own share.

    `judged` counts the samples to which a check applies; those without (failed, stopped, still writing) are no failures.
    """

    passing: int
    judged: int
    checks: tuple[CheckShare, ...]


def is_good(cell: StoredCell) -> bool | None:
    """Whether every check that applies to the answer holds; None when none applies."""
    return all_passed(cell.scores)


def share(cells: Sequence[StoredCell]) -> Share:
    """The share that passes."""
    verdicts = [is_good(cell) for cell in cells]
    judged = [verdict for verdict in verdicts if verdict is not None]
    by_check: dict[tuple[int, str], list[bool]] = {}
    for cell in cells:
        for place, score in enumerate(cell.scores):
            held = by_check.setdefault((place, score.name), [])
            if score.value is not None:
                held.append(bool(passed(score)))
    checks = tuple(CheckShare(name, sum(held), len(held)) for (_, name), held in sorted(by_check.items()))
    return Share(sum(judged), len(judged), checks)


class Equal(NamedTuple):
    """Answers that are the same text; `numbers` are the samples' numbers, in order."""

    text: str
    numbers: tuple[int, ...]


class Answers(NamedTuple):
    """Groups of equal answers, the largest first, and pairs of groups that differ in nothing that can be seen.

    Of `nearly` each row names the first samples of two groups and what alone differs: "spaces and line breaks",
    "how accents are composed", or both.
    """

    groups: tuple[Equal, ...]
    nearly: tuple[tuple[int, int, str], ...]


def is_complete(cell: StoredCell) -> bool:
    """Whether the answer came to its end, so that it can be compared with others."""
    return cell.status == "done" and cell.completion is not None


def answers(cells: Sequence[StoredCell], column: Variant) -> Answers:
    """Which answers are equal: exactly, character by character; those that were stopped or failed are left out."""
    by_text: dict[str, list[int]] = {}
    for cell in cells:
        if is_complete(cell) and cell.completion:
            by_text.setdefault(cell.completion.text, []).append(sample_number(column, cell.repeat))
    groups = sorted((Equal(text, tuple(numbers)) for text, numbers in by_text.items()), key=_largest_first)
    nearly: list[tuple[int, int, str]] = []
    for place, group in enumerate(groups):
        for other in groups[:place]:
            if what := only_difference(other.text, group.text):
                nearly.append((other.numbers[0], group.numbers[0], what))
                break
    return Answers(tuple(groups), tuple(nearly))


def only_difference(a: str, b: str) -> str:
    """What alone makes two texts differ, when it is nothing that a reader would see; else ""."""
    if a == b:
        return ""
    if a.split() == b.split():
        return "spaces and line breaks"
    one, other = unicodedata.normalize("NFC", a), unicodedata.normalize("NFC", b)
    if one == other:
        return "how accents are composed"
    if one.split() == other.split():
        return "spaces and how accents are composed"
    return ""


def _largest_first(group: Equal) -> tuple[int, int]:
    return -len(group.numbers), group.numbers[0]
