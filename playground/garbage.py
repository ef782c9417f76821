"""When Python looks for garbage: a program loads much at its start, and nearly all of it stays.

With Python's own thresholds a quarter of an import of the workbench goes into looking through what is in use.
"""

from __future__ import annotations

import gc


def put_off() -> None:
    """Look seldom from now on: what is being loaded stays."""
    gc.set_threshold(500_000, 10, 10)


def keep_loaded() -> None:
    """Everything that is loaded stays for good and is looked through no more; of what comes, garbage is found as usual."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
