"""The noise floor of a model: how much its greedy answers differ when the same prompt is asked twice.

    noise(alone, together) → Noise(differing=3, of=10, words=0.12)

The first time each prompt is asked alone, the second time all of them at once, as columns are. A difference between two
models or prompts that is not larger than this may be one of rounding alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher  # a greedy answer of the bench has a handful of words
from typing import Protocol


class _Answer(Protocol):
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Noise:
    """Answers that differ, of those that came both times, and the share of their words (0..1) that differ."""

    differing: int
    of: int
    words: float


def noise(alone: Sequence[_Answer | None], together: Sequence[_Answer | None]) -> Noise | None:
    """None where nothing was answered twice."""
    pairs = [(a.text, b.text) for a, b in zip(alone, together, strict=False) if a and b]
    if not pairs:
        return None
    cut = [(a.split(), b.split()) for a, b in pairs]
    total = sum(len(a) + len(b) for a, b in cut)
    same = sum(
        block.size for a, b in cut for block in SequenceMatcher(None, a, b, False).get_matching_blocks()
    )
    return Noise(sum(a != b for a, b in pairs), len(pairs), (total - 2 * same) / total if total else 0.0)


def worded(found: Noise) -> str:
    """Such as "asked twice, 3 of 10 differ (12 % of the words)"."""
    if not found.differing:
        return f"asked twice, all {found.of} equal"
    share = f"{100 * found.words:.0f} %" if found.words >= 0.005 else "less than 1 %"
    return f"asked twice, {found.differing} of {found.of} differ ({share} of the words)"
