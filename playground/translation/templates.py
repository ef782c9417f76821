"""A message with holes and its Chinese: whether a text is one of it, and what stands in its holes.

Template("{n} rows left", "还有 {n} 行").values("12 rows left")  →  {"n": "12"}
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

HOLE = re.compile(r"\{([a-z_][a-z0-9_]*)\}|<(/?)(\d+)>")
WORD = re.compile(r"[A-Za-z]+")
SENTENCES = re.compile(r"(?<=[.?!])\s+(?=[^a-z])|(?<=[。？！])\s+")
WORD_OR_NUMBER = re.compile(r"(?:[^\s,;:(（]|,(?=\d))*")
COUNTED = frozenset({
    "n", "i", "number", "count", "total", "cases", "rows", "variants", "models", "calls", "passing", "judged", "samples",
    "prompts", "attempt",
})  # fmt: skip
"""What these stand for is a number."""


class Piece(NamedTuple):
    """A hole of a template: its name, or the number of a tag (`closes` for its end), between two texts."""

    before: str
    name: str = ""
    tag: str = ""
    closes: bool = False


def pieces_of(text: str) -> tuple[list[Piece], str]:
    """The holes with the text before each, and the text after the last."""
    found, at = [], 0
    for hole in HOLE.finditer(text):
        found.append(Piece(text[at : hole.start()], hole[1] or "", hole[3] or "", bool(hole[2])))
        at = hole.end()
    return found, text[at:]


@dataclass
class Template:
    """A message with holes, and its Chinese."""

    text: str
    chinese: str
    letters: int = 0
    keys: frozenset[str] = frozenset()
    quoted: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    parted: frozenset[str] = frozenset()
    """Holes with another right behind them that stands elsewhere in the Chinese: they hold one word or number."""
    are_several: bool = False
    order: tuple[int, int, bool, str] = (0, 0, False, "")
    """First what has the most letters and the fewest holes, then what counts: that fits the least else."""
    starts: str = ""
    ends: str = ""
    pieces: list[Piece] = field(default_factory=list)
    rest: str = ""

    def __post_init__(self) -> None:
        pieces, rest = pieces_of(self.text)
        self.pieces, self.rest = pieces, rest
        self.starts, self.ends = pieces[0].before, rest
        self.letters = sum(
            len(word) for piece in [*(p.before for p in pieces), rest] for word in WORD.findall(piece)
        )
        # Only whole words: a hole beside one may make it longer.
        marked = HOLE.sub("\x00", self.text)
        self.keys = frozenset(w for w in re.findall(r"(?<![A-Za-z\x00])[A-Za-z]+(?![A-Za-z\x00])", marked))
        counts = any(piece.name.rstrip("0123456789") in COUNTED for piece in pieces)
        self.order = (-self.letters, len(pieces), not counts, self.text)
        self.are_several = bool(SENTENCES.search(self.text))
        self.listed = frozenset(piece.name for piece in pieces if piece.name and piece.before[-2:] == ": ")
        after = [*(piece.before for piece in pieces[1:]), rest]
        beside = re.findall(r"(\{[a-z_0-9]+\})(?=(\{[a-z_0-9]+\}))", self.text)
        self.parted = frozenset(a[1:-1] for a, b in beside if a + b not in self.chinese)
        self.quoted = frozenset(
            piece.name for piece, then in zip(pieces, after, strict=True)
            if piece.name
            and (piece.before[-1:] in ('"', "“", "`") and then[:1] in ('"', "”", "`") or piece.before[-2:] == "--")
        )  # fmt: skip

    @cached_property
    def tagged(self) -> re.Pattern[str] | None:
        """What a text of it looks like, where it has tags; None without."""
        pieces, rest = self.pieces, self.rest
        if not any(piece.tag for piece in pieces):
            return None
        written, tags = "", set()
        for number, piece in enumerate(pieces):
            written += re.escape(piece.before)
            if piece.name:
                written += f"(?P<p{number}>.*?)"
            elif piece.closes or piece.tag in tags:
                written += f"<{'/' if piece.closes else ''}(?P=t{piece.tag})>"
            else:
                tags.add(piece.tag)
                written += rf"<(?P<t{piece.tag}>\d+)>"
        return re.compile(written + re.escape(rest), re.DOTALL)

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in its holes by their names, and the numbers of its tags by theirs; None when it does not fit."""
        pieces, rest = self.pieces, self.rest
        if self.tagged:
            match = self.tagged.fullmatch(text)
            if match is None:
                return None
            found = {piece.name: match[f"p{n}"] for n, piece in enumerate(pieces) if piece.name}
            return found | {piece.tag: match[f"t{piece.tag}"] for piece in pieces if piece.tag}
        # Each literal as early as possible, the last at the end: in one pass, where a pattern would go back and forth.
        at, found = len(pieces[0].before), {}
        for piece, then in zip(pieces, [*(p.before for p in pieces[1:]), rest], strict=True):
            is_last = piece is pieces[-1]
            end = len(text) - len(then) if is_last else text.find(then, at) if then else at
            if not then and not is_last and piece.name in self.parted:
                end += len(WORD_OR_NUMBER.match(text, at)[0])  # type: ignore[index]
            if end < at:
                return None
            found[piece.name] = text[at:end]
            at = end + len(then)
        return found
