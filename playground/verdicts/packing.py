"""The numbers of a table as bytes and back, with what else is told of them.

    pack(table, {"stamp": …})    →  b"PK…"
    unpack(data, empty)          →  (table, {"stamp": …})

The bytes hold how each cell ended, its numbers and its reason, and nothing else of the table: cases and columns are those
of `empty`, the table of the same cases before any of them ended.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np

from playground.verdicts.table import Table

_NUMBERS = ("passed", "score", "tokens", "seconds", "cut")


def pack(table: Table, told: Mapping[str, Any]) -> bytes:
    """The bytes; what is told beside must be JSON."""
    words, status = np.unique(table.status, return_inverse=True)
    head = {
        "words": words.tolist(),
        "reasons": [[*place, why] for place, why in table.reasons.items()],
        "told": told,
    }
    arrays: dict[str, Any] = {name: getattr(table, name) for name in _NUMBERS}
    arrays["status"] = status.reshape(table.status.shape).astype(np.uint8)
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    out = BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def unpack(data: bytes, empty: Table) -> tuple[Table, Any]:
    """The table, and what was told beside. Raises ValueError for bytes that are damaged, or of other cases."""
    try:
        with np.load(BytesIO(data), allow_pickle=False) as kept:
            head = json.loads(kept["head"].tobytes())
            status = np.array(head["words"], dtype="<U11")[kept["status"]]
            numbers: dict[str, Any] = {name: kept[name] for name in _NUMBERS}
        reasons = {(v, c, r): why for v, c, r, why in head["reasons"]}
        told = head["told"]
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, zipfile.BadZipFile) as exc:
        raise ValueError(f"no packed table: {exc}") from exc
    if any(array.shape != empty.status.shape for array in (status, *numbers.values())):
        raise ValueError("a packed table of other cases")
    return replace(empty, status=status, reasons=reasons, **numbers), told
