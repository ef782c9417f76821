"""A number with its word, as people say it; the only function that does.

plural(1, "case")              →  "1 case"
plural(1200, "case")           →  "1,200 cases"
plural(2, "entry", "entries")  →  "2 entries"
"""

from __future__ import annotations


def plural(number: int, one: str, many: str = "") -> str:
    """The number and its word; `many` is the word for other numbers than 1, by default with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
