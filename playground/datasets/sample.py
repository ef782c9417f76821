"""Some rows drawn from many, the same ones for the same seed.

sample(rows, 60, seed=1)  →  60 rows in their own order; sample(rows, 80, seed=1) holds the same 60 and 20 more
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from playground.types.dataset import Row


def lot(seed: int, *words: object) -> str:
    """What a row, or a group of rows, is drawn by: it depends on nothing but the seed and these words."""
    return hashlib.sha256("\n".join(map(str, (seed, *words))).encode("utf-8", "replace")).hexdigest()


def sample(rows: Sequence[Row], count: int | None, seed: int = 0) -> list[Row]:
    """So many of the rows, all when there are no more; which ones does not depend on the order they come in."""
    if count is None or count >= len(rows):
        return list(rows)
    lots = sorted(range(len(rows)), key=lambda place: (lot(seed, rows[place].id, rows[place].number), place))
    return [rows[place] for place in sorted(lots[:count])]
