"""What differs between two texts, word by word.

    diff_words("Use the policy below.", "Use the policy and nothing else.")
    → Piece("same", "Use the policy "), Piece("removed", "below"), Piece("added", "and nothing else"),
      Piece("same", ".")

Lossless: same + removed is the first text, same + added the second. Bounded: a part that is too large to
compare word by word is compared line by line, and one that is still too large shows as replaced.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

from playground.answers.amounts import length_of
from playground.plurals import plural
from playground.scorers.similarity import common_runs
from playground.scorers.text import IDEOGRAPH

PieceKind = Literal["same", "added", "removed"]

MAX_PRODUCT = 400_000_000
"""Tokens of one text times tokens of the other in one comparison: about 0.2 s and 50 MB."""
ISLAND_WORDS = 2
"""A common stretch of up to so many words between two larger changes is shown as changed with them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both have, or only the second ("added"), or only the first ("removed")."""

    kind: PieceKind
    text: str


class Changes(NamedTuple):
    """How many words were added and removed; a word holds a letter or a digit."""

    added_words: int
    removed_words: int


# Line break, other white space, ideograph, word or number, sign. Marks, emoji and joiners count as letters, so that
# no accent or flag is cut in two; the quotation marks and dashes of typography do not.
_TOKEN = re.compile(
    rf"\n|[^\S\n]+|{IDEOGRAPH}|(?:"
    r"[A-Za-z0-9_]|(?<=\w)['\u2019](?=\w)|(?<=[0-9])[.,](?=[0-9])"
    r"|[^\x00-\x7f\s«»¿¡\u2010-\u2027\u2030-\u205e\u2e80-\u9fff\uf900-\ufaff\uff01-\uffef\U00020000-\U0003ffff]"
    r")+|.",
    re.DOTALL,
)

Item = TypeVar("Item", bound=Hashable)


class _Block(NamedTuple):
    """A stretch of tokens: `removed` turns into `added`; where nothing changed both are equal."""

    same: bool
    removed: list[str]
    added: list[str]


def diff_words(a: str, b: str) -> tuple[Piece, ...]:
    """The pieces that turn `a` into `b`: no two of a kind in a row, removed before added."""
    blocks = [_Block(True, [a], [a])] if a == b else _diff(_TOKEN.findall(a), _TOKEN.findall(b))
    pieces: list[Piece] = []
    for block in _without_islands(blocks):
        if block.same:
            pieces.append(Piece("same", "".join(block.removed)))
        else:
            pieces += Piece("removed", "".join(block.removed)), Piece("added", "".join(block.added))
    return tuple(piece for piece in pieces if piece.text)


def count_changes(pieces: Sequence[Piece]) -> Changes:
    """The words in the added and in the removed pieces."""
    return Changes(
        added_words=sum(_words(piece.text) for piece in pieces if piece.kind == "added"),
        removed_words=sum(_words(piece.text) for piece in pieces if piece.kind == "removed"),
    )


def describe(pieces: Sequence[Piece]) -> str:
    """One phrase such as "adds 15 words, removes 2", of Chinese in characters; "the same" when nothing differs."""
    added, removed = count_changes(pieces)
    if length_of("".join(piece.text for piece in pieces if piece.kind != "same")).is_unspaced:
        if added and removed:
            return f"adds {plural(added, 'character')}, removes {removed:,}"
        return f"{'adds' if added else 'removes'} {plural(added or removed, 'character')}"
    if added and removed:
        return f"adds {plural(added, 'word')}, removes {removed:,}"
    if added or removed:
        return f"{'adds' if added else 'removes'} {plural(added or removed, 'word')}"
    if any(piece.kind != "same" for piece in pieces):
        return "changes spaces or signs only"
    return "the same"


def _words(text: str) -> int:
    return sum(1 for token in _TOKEN.findall(text) if any(map(str.isalnum, token)))


def _diff(a: list[str], b: list[str]) -> list[_Block]:
    """Blocks in order; token by token where that is bounded, else line by line with the words inside."""
    head, tail = _shared_ends(a, b)
    core_a, core_b = a[head : len(a) - tail], b[head : len(b) - tail]
    if len(core_a) * len(core_b) <= MAX_PRODUCT:
        core = [_Block(*part) for part in _aligned(core_a, core_b)]
    else:
        core = list(_by_lines(_lines(core_a), _lines(core_b)))
    end = len(a) - tail
    return [_Block(True, a[:head], a[:head]), *core, _Block(True, a[end:], a[end:])]


def _by_lines(a: list[tuple[str, ...]], b: list[tuple[str, ...]]) -> Iterator[_Block]:
    """Changed lines word by word, as long as the sum of the work stays bounded; the rest as replaced."""
    alignable = len(a) * len(b) <= MAX_PRODUCT
    left = MAX_PRODUCT
    for same, lines_a, lines_b in _aligned(a, b) if alignable else [(False, a, b)]:
        tokens_a = [token for line in lines_a for token in line]
        tokens_b = [token for line in lines_b for token in line]
        work = len(tokens_a) * len(tokens_b)
        if same or work > left:
            yield _Block(same, tokens_a, tokens_b)
        else:
            left -= work
            yield from (_Block(*part) for part in _aligned(tokens_a, tokens_b))


def _aligned(a: list[Item], b: list[Item]) -> Iterator[tuple[bool, list[Item], list[Item]]]:
    """Stretches in order: (same, items of a, items of b), along a longest common subsequence."""
    at_a = at_b = 0
    for run in [*common_runs(a, b), (len(a), len(b), 0)]:
        start_a, start_b, size = run
        if start_a > at_a or start_b > at_b:
            yield False, a[at_a:start_a], b[at_b:start_b]
        at_a, at_b = start_a + size, start_b + size
        if size:
            yield True, a[start_a:at_a], b[start_b:at_b]


def _shared_ends(a: list[str], b: list[str]) -> tuple[int, int]:
    """How many tokens both begin with and, of what is left, end with."""
    most = min(len(a), len(b))
    head = next((i for i in range(most) if a[i] != b[i]), most)
    rest = most - head
    tail = next((i for i in range(rest) if a[-1 - i] != b[-1 - i]), rest)
    return head, tail


def _lines(tokens: list[str]) -> list[tuple[str, ...]]:
    lines: list[list[str]] = [[]]
    for token in tokens:
        lines[-1].append(token)
        if token == "\n":
            lines.append([])
    return [tuple(line) for line in lines if line]


def _without_islands(blocks: list[_Block]) -> list[_Block]:
    """Joined neighbours of a kind; a little that is common between two changes becomes part of one change.

    Word by word, "a cat sat" → "a dog ran" would alternate between old and new; whole, it can be read.
    """
    out: list[_Block] = []
    for block in blocks:
        if not block.removed and not block.added:
            continue
        if len(out) >= 2 and not block.same and out[-1].same and _is_island(out[-2], out[-1], block):
            _extend(out[-2], out.pop())
        if out and out[-1].same == block.same:
            _extend(out[-1], block)
        else:
            out.append(_Block(block.same, [*block.removed], [*block.added]))
    return out


def _extend(block: _Block, more: _Block) -> None:
    block.removed.extend(more.removed)
    block.added.extend(more.added)


def _is_island(left: _Block, common: _Block, right: _Block) -> bool:
    tokens = common.removed
    if len(tokens) > 4 * ISLAND_WORDS or "\n" in tokens:
        return False
    if not (left.removed or right.removed) or not (left.added or right.added):
        return False  # nothing but additions, or nothing but removals, reads well around any text
    text = "".join(tokens)
    words = _words(text)
    if words == 0:
        return len(text) <= 3
    return words <= ISLAND_WORDS and all(
        max(_chars(side.removed, len(text)), _chars(side.added, len(text))) >= len(text)
        for side in (left, right)
    )


def _chars(tokens: list[str], enough: int) -> int:
    """Characters of the tokens, counted up to `enough`."""
    return sum(map(len, tokens[:enough]))
