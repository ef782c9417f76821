"""How fast a bundle of 2,000 prompts is imported: python tests/bench/bundle.py [PROMPTS]

Prints seconds for each step beside the limit, and the ratio to the bare work: unpacking with zipfile, one pass of
libyaml over each file's front matter, one sqlite3 insert a prompt. The prompts are the shipped ones, each under many
names. Processor seconds stand beside: where they are far below, other programs kept the machine busy. Exit code 1 when
the best of three imports is beyond the limit.
"""

from __future__ import annotations

import io
import json
import sqlite3
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import yaml

from playground.formats.bundle import BundleItem, write_bundle
from playground.library.importing import apply_import, plan_import
from playground.library.reading import read_incoming
from playground.library.shipped import Library, shipped_folder
from playground.settings import Settings
from playground.store import open_store

LIMIT_S = 5.0
REPEATS = 3
T = TypeVar("T")


def main() -> int:
    """Build, measure, print; 0 when the best import stayed within the limit."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    shipped = [pattern.prompt for pattern in Library(shipped_folder()).patterns() if not pattern.error]
    items = [
        BundleItem(prompt.model_copy(update={"name": f"{prompt.name} {number}"}), (f"{number:064x}",))
        for number, prompt in ((number, shipped[number % len(shipped)]) for number in range(count))
    ]
    export_s, written = timed(lambda: write_bundle(items, name="Bench", created=datetime.now(UTC)))
    print(
        f"{count:,} prompts, {len(written.data) / 1e6:.1f} MB, written in {export_s:.2f} s; limit {LIMIT_S:g} s"
    )
    with tempfile.TemporaryDirectory() as folder:
        rounds = [one_import(Path(folder) / str(number), written.data) for number in range(REPEATS)]
        bare_s = min(timed(bare, written.data, Path(folder) / f"bare{n}.db")[0] for n in range(REPEATS))
    print("round    read    plan   apply     all   processor   all to the bare work")
    for number, (steps, processor_s) in enumerate(rounds, 1):
        shown = " ".join(f"{step:7.2f}" for step in (*steps, sum(steps)))
        print(f"{number:5} {shown} {processor_s:11.2f} {sum(steps) / bare_s:12.1f} x")
    best = min(sum(steps) for steps, _ in rounds)
    print(
        f"bare work {bare_s:.2f} s; best {best:.2f} s of {LIMIT_S:g} s allowed: {'ok' if best <= LIMIT_S else 'TOO SLOW'}"
    )
    return 0 if best <= LIMIT_S else 1


def one_import(folder: Path, data: bytes) -> tuple[tuple[float, float, float], float]:
    """Seconds to read, plan and apply, into an empty library, and processor seconds of all three."""
    store = open_store(Settings(data_dir=folder, database_url=""))
    before_s = time.process_time()
    read_s, incoming = timed(read_incoming, [("bench.zip", data)])
    plan_s, plan = timed(plan_import, store, incoming)
    apply_s, result = timed(lambda: apply_import(store, plan, source="bench.zip"))
    processor_s = time.process_time() - before_s
    store.close()
    assert len(result.added) == len(incoming)
    return (read_s, plan_s, apply_s), processor_s


def bare(data: bytes, file: Path) -> None:
    """The same files read and stored without a check, a type or a search index."""
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE prompt (path TEXT PRIMARY KEY, body TEXT)")
    with zipfile.ZipFile(io.BytesIO(data)) as source, database:
        for path in source.namelist():
            text = source.read(path).decode()
            if path.endswith(".prompty"):
                front = yaml.load(text.split("---\n")[1], Loader=yaml.CSafeLoader)
                database.execute(
                    "INSERT INTO prompt VALUES (?, ?)", (path, json.dumps(front, default=str) + text)
                )
    database.close()


def timed(call: Callable[..., T], *given: object) -> tuple[float, T]:
    """Seconds of one call, and what it gave."""
    started = time.perf_counter()
    found = call(*given)
    return time.perf_counter() - started, found


if __name__ == "__main__":
    raise SystemExit(main())
