"""How fast a folder of 2,000 prompts is synced: python tests/bench/sync.py [FILES]

Prints seconds of the first sync (every prompt is written), of one with nothing changed beside its limit, and of one
after a git checkout touched every file; and the ratio to walking the folder and reading every file's text. Exit code 1
when the median sync with nothing changed is beyond the limit.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playground.library.folder_sync import sync
from playground.library.shipped import Library, shipped_folder
from playground.settings import Settings
from playground.store import open_store
from playground.store.records import SaveItem

LIMIT_S = 1.0
REPEATS = 5


def main() -> int:
    """Build, measure, print; 0 when nothing changed stays within the limit."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    shipped = [pattern.prompt for pattern in Library(shipped_folder()).patterns() if not pattern.error]
    prompts = [
        shipped[number % len(shipped)].model_copy(update={"name": f"Prompt {number}"})
        for number in range(count)
    ]
    with tempfile.TemporaryDirectory() as place:
        store = open_store(Settings(data_dir=Path(place, "data"), database_url=""))
        store.save_many([SaveItem(prompt) for prompt in prompts])
        folder = Path(place, "team")
        timed("first sync, all written", lambda: sync(store, folder))

        def read_all() -> int:
            return sum(
                len(Path(top, name).read_text()) for top, _, names in os.walk(folder) for name in names
            )

        bare = statistics.median(timed("bare walk and read (baseline)", read_all) for _ in range(REPEATS))
        times = [timed("nothing changed", lambda: sync(store, folder)) for _ in range(REPEATS)]
        for file in folder.rglob("*.prompty"):
            os.utime(file)
        timed("every file touched", lambda: sync(store, folder))
        store.close()
    median = statistics.median(times)
    print(
        f"{'nothing changed, median':32} {median:7.3f} s of {LIMIT_S:.1f} s, {median / bare:.2f} x baseline"
    )
    print("ok" if median <= LIMIT_S else "TOO SLOW")
    return 0 if median <= LIMIT_S else 1


def timed(name: str, call: Callable[[], Any]) -> float:
    """Seconds of one call, printed."""
    started = time.perf_counter()
    call()
    seconds = time.perf_counter() - started
    print(f"{name:32} {seconds:7.3f} s")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
