"""One request with its place in the cache, and its rows of a decode call. Runs in the child.

run.to_read → 40                    tokens of it that are not in the cache yet
dealt(runs, wants, most=60)         who gets how many rows of a call
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playground.engine.context import Row
from playground.engine.guesses import Guesses
from playground.engine.job import Job
from playground.engine.prefix_tree import Node

if TYPE_CHECKING:
    from playground.engine.context import Vector
    from playground.engine.vision import Picture


@dataclass(slots=True, eq=False)
class Run:
    """A request with its place in the cache: the first `leaf.end` of its tokens have been computed.

    So many of its tokens as are `tiled` are read in tiles, and written as their complements.
    `adapter`, `pictures` and `family` are those of one that needs a seat of its own; `first` are the logits after its prompt.
    """

    job: Job
    adapter: Any = None
    pictures: Sequence[Picture] = ()
    family: str = ""
    tiled: int = 0
    leaf: Node | None = None
    reused: int = 0
    first: Vector | None = None
    guesses: Guesses = field(default_factory=Guesses)

    @property
    def computed(self) -> int:
        """Its tokens that are in the cache."""
        return self.leaf.end if self.leaf else 0

    @property
    def to_read(self) -> int:
        """Its tokens that are not."""
        return len(self.job.tokens) - self.computed

    @property
    def to_tile(self) -> int:
        """Those of them that are read in tiles."""
        return max(0, self.tiled - self.computed)

    @property
    def is_writing(self) -> bool:
        """Whether the next row is that of its last token alone."""
        return self.job.answer_tokens > 0 and self.to_read == 1

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for its next token while its prompt is still read."""
        return not self.is_writing and not self.job.request.background

    @property
    def saved(self) -> int:
        """By how much its position is below the number of its tokens: pictures may take fewer of these."""
        read = (p for p in self.pictures if p.start + p.size <= self.computed)
        return sum(picture.size - picture.positions for picture in read)

    @property
    def rank(self) -> tuple[bool, int]:
        """The lowest goes first."""
        return self.job.request.background, self.job.order


def dealt(runs: list[Run], wants: list[int], most: int) -> list[tuple[Run, int]]:
    """What each gets of `most` rows: the first what they want."""
    shares = []
    for run, wanted in zip(runs, wants, strict=True):
        if share := min(most, wanted):
            shares.append((run, share))
            most -= share
    return shares


def rows_of(run: Run, count: int) -> list[Row]:
    """The next `count` tokens of a request; the very last one wants logits."""
    assert run.leaf
    tokens, start, last, saved = run.job.tokens, run.computed, len(run.job.tokens) - 1, run.saved
    sequence, end = run.leaf.sequence, start + count
    return [Row(max(tokens[i], ~tokens[i]), i - saved, sequence, i == last) for i in range(start, end)]
