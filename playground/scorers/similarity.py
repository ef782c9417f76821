"""How alike two texts are, and what two sequences share. The only rapidfuzz import."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import LCSseq, Levenshtein

COMPARED_CHARS = 20_000
"""Characters of each text that `similarity` looks at: the work grows with the product."""


class Run(NamedTuple):
    """Items that both sequences hold in the same order: a[a_start:][:size] == b[b_start:][:size]."""

    a_start: int
    b_start: int
    size: int


def similarity(a: str, b: str) -> float:
    """1 minus the Levenshtein distance divided by the longer length, in 0..1; 1 for two empty texts.

    Only the first `COMPARED_CHARS` characters of each are compared.
    """
    return float(Levenshtein.normalized_similarity(a[:COMPARED_CHARS], b[:COMPARED_CHARS]))


def common_runs(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[Run]:
    """The runs of a longest common subsequence, in order.

    Takes len(a) · len(b) / 64 steps and as many words of memory: bound the product before the call.
    """
    ids: dict[Hashable, int] = {}
    # Numbers instead of the items: rapidfuzz compares hashes, and two texts could share one.
    numbers_a = [ids.setdefault(item, len(ids)) for item in a]
    numbers_b = [ids.setdefault(item, len(ids)) for item in b]
    return [
        Run(code.src_start, code.dest_start, code.src_end - code.src_start)
        for code in LCSseq.opcodes(numbers_a, numbers_b)
        if code.tag == "equal"
    ]


def common_count(a: Sequence[str], b: Sequence[str]) -> int:
    """The length of a longest common subsequence."""
    ids: dict[str, int] = {}
    numbers_a = [ids.setdefault(item, len(ids)) for item in a]
    numbers_b = [ids.setdefault(item, len(ids)) for item in b]
    return int(LCSseq.similarity(numbers_a, numbers_b))
