"""What files of other programs may carry and is never followed: code, and references to files and secrets.

without_references({"a": "${env:KEY}", "b": 1}, "", losses, "refused")  →  {"b": 1}, losses == ["a: refused"]
"""

from __future__ import annotations

import re
from typing import Any

REFERENCE = re.compile(r"\$\{\s*(env|file)\s*:.*\}", re.S | re.I)
"""Some loaders replace such a value by the content of a file or of an environment variable."""
CODE_KEYS = {"functions", "exec"}
"""At the top of a file these hold a program."""


def without_references(value: Any, where: str, losses: list[str], reason: str) -> Any:
    """The value without `${env:…}` and `${file:…}` texts and without keys that carry code, each named."""

    def is_refused(key: str, item: Any) -> bool:
        return (
            isinstance(item, str)
            and bool(REFERENCE.fullmatch(item.strip()))
            or (not where and key in CODE_KEYS)
        )

    pairs = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if pairs is None:
        return value
    kept = []
    for key, item in pairs:
        place = f"{where}.{key}".lstrip(".")
        if is_refused(str(key), item):
            losses.append(f"{place}: {reason}")
        else:
            kept.append((key, without_references(item, place, losses, reason)))
    return dict(kept) if isinstance(value, dict) else [item for _, item in kept]
