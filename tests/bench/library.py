"""How fast the Library opens, searches and imports over 5,000 saved prompts: python tests/bench/library.py [PROMPTS]

Prints the median and the worst of seven calls in milliseconds beside their limit, and the ratio to a bare sqlite3
scan of the same texts. Exit code 1 when a worst value is beyond its limit.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playground.settings import Settings
from playground.store import Store, open_store
from playground.store.records import SaveItem, SyncMark
from playground.types.prompt import Prompt, Turn

OPEN_MS, SEARCH_MS, IMPORT_MS = 200, 50, 2_500
REPEATS = 7
IMPORTED = 2_000
WORDS_OF_A_PROMPT = 210  # about 1.5 KB
FIRST, LAST = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi"), ("ber", "len", "tas", "ros", "nik")
WORDS = [first + last for first in FIRST for last in LAST]
CHINESE = "提示词工程指南分类编码创意评估提取图像数学问答推理总结真实对抗"
FAMILIES = ("classification", "coding", "creativity", "reasoning", "")


def main() -> int:
    """Build, measure, print; 0 when every call stayed within its limit."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url="")
        store = open_store(settings)
        for start in range(0, count, 1_000):
            store.save_many([SaveItem(p) for p in made(chance, start, min(1_000, count - start))])
        for summary in store.prompts(limit=count // 10):
            store.set_favourite(f"prompt:{summary.id}", True)
        print(f"{count:,} prompts, {store.facts().size_bytes / 1e6:.0f} MB on disk")
        within = all([*opened(store, settings), *imported(store, chance)])
        store.close()
    print("ok" if within else "TOO SLOW")
    return 0 if within else 1


def opened(store: Store, settings: Settings) -> Iterator[bool]:
    """Opening and searching; whether each stayed within its limit."""
    file = sqlite3.connect(settings.database_path)
    scan = "SELECT count(*) FROM prompt WHERE search_text LIKE '%needle-is-not-there%'"
    baseline = measured("bare sqlite3 scan (baseline)", lambda: file.execute(scan).fetchone())[0]
    file.close()
    ids = [head.prompt_id for head in store.copies.heads()]
    calls: dict[str, tuple[Callable[[], Any], float]] = {
        "open: counts, first 100": (lambda: (store.facets(), store.prompts(limit=100)), OPEN_MS),
        "first 100": (lambda: store.prompts(limit=100), SEARCH_MS),
        "favourites of one tag": (lambda: store.prompts(tag="tag-3", favourite=True, limit=100), SEARCH_MS),
        "search, a common word": (lambda: store.prompts("berber baber", limit=100), SEARCH_MS),
        "search, every prompt": (lambda: store.prompts("bench", limit=100), SEARCH_MS),
        "search, a rare word": (lambda: store.prompts("number-1234.", limit=100), SEARCH_MS),
        "search, Chinese": (lambda: store.prompts("提示词", limit=100), SEARCH_MS),
        "search, nothing": (lambda: store.prompts("needle-is-not-there", limit=100), SEARCH_MS),
        "counts of a common word": (lambda: store.facets("baber"), SEARCH_MS),
        "counts of a rare word": (lambda: store.facets("number-1234."), SEARCH_MS),
        "heads": (store.copies.heads, OPEN_MS),
        "contents of 2,000": (lambda: store.copies.contents(ids[:IMPORTED]), 1_000),
    }
    for name, (call, limit) in calls.items():
        yield measured(name, call, limit, baseline)[1] <= limit


def imported(store: Store, chance: random.Random) -> Iterator[bool]:
    """Saving many at once and keeping the marks of a folder."""
    batches = iter([list(made(chance, 100_000 + n * IMPORTED, IMPORTED)) for n in range(3)])
    saved: list[Any] = []

    def save() -> None:
        saved[:] = store.save_many([SaveItem(p, origin="imported") for p in next(batches)])

    yield measured("2,000 new prompts", save, IMPORT_MS, repeats=3)[1] <= IMPORT_MS
    again = [SaveItem(version.prompt, version.prompt_id) for version in saved]
    yield measured("2,000 unchanged prompts", lambda: store.save_many(again), IMPORT_MS)[1] <= IMPORT_MS
    marks = {f"{v.name}.prompty": SyncMark(v.prompt_id, v.content_hash, 1, 2) for v in saved}
    yield (
        measured("2,000 sync marks", lambda: store.copies.keep_marks("folder", marks), OPEN_MS)[1] <= OPEN_MS
    )


def measured(
    name: str, call: Callable[[], Any], limit_ms: float = 0, baseline_ms: float = 0, repeats: int = REPEATS
) -> tuple[float, float]:
    """Median and worst milliseconds of some calls, printed with the ratio to the baseline."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    median, worst = statistics.median(times), max(times)
    ratio = f"{median / baseline_ms:6.2f} x baseline" if baseline_ms else ""
    limit = f"of {limit_ms:5.0f}" if limit_ms else " " * 8
    print(f"{name:30} median {median:7.1f} ms   worst {worst:7.1f} {limit} ms   {ratio}")
    return median, worst


def made(chance: random.Random, start: int, count: int) -> Iterator[Prompt]:
    """Prompts of about 1.5 KB with families, tags and Chinese names."""
    for number in range(start, start + count):
        text = " ".join(chance.choices(WORDS, k=WORDS_OF_A_PROMPT))
        yield Prompt(
            name=f"Bench number-{number}.",
            description=" ".join(chance.choices(WORDS, k=12)),
            name_zh="".join(chance.choices(CHINESE, k=6)),
            description_zh="".join(chance.choices(CHINESE, k=20)),
            family=chance.choice(FAMILIES),
            tags=tuple(f"tag-{n}" for n in sorted(chance.sample(range(20), 3))),
            turns=(Turn(role="system", template="Be brief."), Turn(role="user", template=text)),
        )


if __name__ == "__main__":
    raise SystemExit(main())
