"""Rows that are equal or nearly so, each with the earlier row that it repeats.

twins(rows, inputs=("message",), near=True)  →  [Twin(row=171, of=58, likeness=1.0), Twin(row=203, of=12, likeness=0.91)]

Nearly equal are texts that share most of their words, whatever their order, case and punctuation (Jaccard). Found with
an index over the rarest words of each text (Bayardo, Ma and Srikant, "Scaling up all pairs similarity search", 2007).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from playground.types.dataset import Row

LIKE = 0.85
"""The share of words that two texts have in common when they are nearly equal."""
MOST_COMPARED = 40
"""Rows that one is compared with: beyond, its words are so common that likeness says little."""
_WORDS = re.compile(r"[^\W_]+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_HAN = re.compile("([\u3400-\u9fff])")


@dataclass(frozen=True, slots=True)
class Twin:
    """A row, the earlier row that it repeats, and how much (1 is equal). `differs`: the expected answers are not the same."""

    row: int
    of: int
    likeness: float
    differs: bool = False


def twins(
    rows: Iterable[Row],
    *,
    inputs: Collection[str] = (),
    expected: str = "",
    near: bool = False,
    like: float = LIKE,
) -> list[Twin]:
    """Every row whose inputs (all values without any named) are those of an earlier one; with `near`, or nearly."""
    first: dict[str, Row] = {}
    unlike: list[Row] = []
    found: list[Twin] = []
    for row in rows:
        earlier = first.setdefault(_key(row, inputs), row)
        if earlier is row:
            unlike.append(row)
        else:
            found.append(Twin(row.number, earlier.number, 1.0, _differs(row, earlier, expected)))
    if near:
        found += _near(unlike, inputs, expected, like)
    return sorted(found, key=lambda twin: twin.row)


def words_of(row: Row, inputs: Collection[str] = ()) -> frozenset[str]:
    """The words of a row, letter case aside.

    A Chinese character is a word; of other scripts without spaces each two characters that follow each other are.
    """
    text = " ".join(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in row.values.items()
        if not inputs or name in inputs
    ).casefold()
    words = set(_WORDS.findall(text))
    for word in [word for word in words if _UNSPACED.search(word)]:
        words.discard(word)
        for part in filter(None, _HAN.split(word)):
            alone = _HAN.match(part) or not _UNSPACED.search(part)
            words.update([part] if alone else (part[at : at + 2] for at in range(max(1, len(part) - 1))))
    return frozenset(words)


def _key(row: Row, inputs: Collection[str]) -> str:
    own = {name: row.values[name] for name in inputs if name in row.values} if inputs else None
    return row.id if not own else json.dumps(own, sort_keys=True)


def _differs(row: Row, earlier: Row, expected: str) -> bool:
    return bool(expected) and row.values.get(expected) != earlier.values.get(expected)


def _near(rows: Sequence[Row], inputs: Collection[str], expected: str, like: float) -> list[Twin]:
    texts = [words_of(row, inputs) for row in rows]
    often = Counter(word for words in texts for word in words)
    index: dict[str, list[int]] = defaultdict(list)
    found = []
    for place, words in enumerate(texts):
        if not words:
            continue
        # Of two texts that are alike at least one of these words is in both.
        rarest = sorted(words, key=lambda word: (often[word], word))
        rarest = rarest[: len(words) - math.ceil(like * len(words)) + 1]
        compared: dict[int, None] = {}
        for word in rarest:
            for other in index[word][: MOST_COMPARED - len(compared)]:
                compared[other] = None
        best, at = 0.0, -1
        for other in compared:
            theirs = texts[other]
            common = len(words & theirs)
            likeness = common / (len(words) + len(theirs) - common)
            if likeness >= like and likeness > best:
                best, at = likeness, other
        if at >= 0:
            row, earlier = rows[place], rows[at]
            found.append(Twin(row.number, earlier.number, best, _differs(row, earlier, expected)))
        for word in rarest:
            index[word].append(place)
    return found
