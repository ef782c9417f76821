"""How many examples a random test tries: a third in an everyday run, each run others; all of them with EXAMPLES=all.

EXAMPLES=all python -m pytest tests/formats
"""

from __future__ import annotations

import os

ALL = os.environ.get("EXAMPLES") == "all"


def examples(count: int) -> int:
    """For `settings(max_examples=examples(count))`."""
    return count if ALL else -(-count // 3)
