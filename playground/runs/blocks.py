"""The order in which the cells of an experiment are run: model by model, in blocks of cases that all variants answer.

A backend loads each of its models once. Inside a block one variant follows the other, so that prompts which begin alike
are read one after another; a pause after any block leaves pairs. What may be decided early is run in rounds of cases,
each of them model by model: else the first model would answer all cases before the second has answered one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from playground.types.grid import CellKey

BLOCK = 16
"""Cases of a block."""
ROUND = 4 * BLOCK
"""Cases of a round: models take turns after so many, which they are loaded for."""

T = TypeVar("T")


def in_blocks(
    cells: Iterable[T], models: Sequence[str], key_of: Callable[[T], CellKey], *, in_rounds: bool = False
) -> dict[str, list[T]]:
    """The cells of each backend in the order of their running; `models` are those of the variants, by number.

    `in_rounds` has all models answer the first cases before any of them is asked for the next.
    """
    first = {model: number for number, model in reversed(list(enumerate(models)))}

    def place(cell: T) -> tuple[int, int, int, int, int, int]:
        key = key_of(cell)
        number = key.case // ROUND if in_rounds else 0
        return number, first[models[key.variant]], key.case // BLOCK, key.variant, key.case, key.repeat

    queues: dict[str, list[T]] = {}
    for cell in sorted(cells, key=place):
        queues.setdefault(models[key_of(cell).variant].partition(":")[0], []).append(cell)
    return queues
