"""A count that should lie between a least and a most number.

within(103, None, 100)  →  0.0, ", 3 over"
"""

from __future__ import annotations


def within(count: int, least: int | None, most: int | None) -> tuple[float, str]:
    """1 when it does, else 0; and by how much it does not, "" when it does."""
    over = count - most if most is not None else 0
    under = least - count if least is not None else 0
    beyond = f", {over:,} over" if over > 0 else ""
    beyond += f", {under:,} too few" if under > 0 else ""
    return float(not beyond), beyond


def bounds_problem(least: int | None, most: int | None) -> str | None:
    """Why the options "min" and "max" cannot be meant, or None."""
    if least is None and most is None:
        return 'Set "min", "max" or both.'
    if (least is not None and least < 0) or (most is not None and most < 0):
        return '"min" and "max" must not be negative.'
    if least is not None and most is not None and least > most:
        return f'"min" is {least:,}, above "max", which is {most:,}.'
    return None
