"""A count that should lie between a least and a most number.

within(103, None, 100, "103 words")  →  0.0, "103 words, 3 over"
"""

from __future__ import annotations


def within(count: int, least: int | None, most: int | None, counted: str) -> tuple[float, str]:
    """1 when it does, else 0; and what was `counted`, in words, with by how much it does not."""
    over = count - most if most is not None else 0
    under = least - count if least is not None else 0
    if over > 0:
        return 0.0, f"{counted}, {over:,} over"
    return (0.0, f"{counted}, {under:,} too few") if under > 0 else (1.0, counted)


def bounds_problem(least: int | None, most: int | None) -> str | None:
    """Why the options "min" and "max" cannot be meant, or None."""
    if least is None and most is None:
        return 'Set "min", "max" or both.'
    if (least is not None and least < 0) or (most is not None and most < 0):
        return '"min" and "max" must not be negative.'
    if least is not None and most is not None and least > most:
        return f'"min" is {least:,}, above "max", which is {most:,}.'
    return None
