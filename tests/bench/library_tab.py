"""How fast the Library tab shows 5,000 saved prompts and imports 2,000: python tests/bench/library_tab.py [PROMPTS]

Measured in a Chromium, from the click to the painted rows: the first click after the page is loaded (the worst of
three fresh pages), the later ones, a search, and an import from the dropped bundle to its result. Exit code 1 when a
value is beyond its limit.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from library import made  # noqa: E402
from served import HEAD, READY, chromium, free_port, process, row, wait_for_page  # noqa: E402

from playground.formats.bundle import BundleItem, write_bundle  # noqa: E402
from playground.settings import Settings  # noqa: E402
from playground.store import open_store  # noqa: E402
from playground.store.records import SaveItem  # noqa: E402

OPEN_MS, SEARCH_MS, IMPORT_S = 500, 500, 5
IMPORTED = 2_000
SHOWN = """([what, rows]) => new Promise((done) => {
  const started = performance.now(), list = () => document.querySelector("#lib-list");
  if (list()) list().replaceChildren();
  const look = () => list()?.querySelectorAll(".entry").length >= rows
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - started), 0)) : setTimeout(look, 4);
  if (what === "open") [...document.querySelectorAll("[role=tab]")].find((tab) => tab.textContent.trim() === "Library").click();
  else { const field = document.querySelector("#lib-search"); field.value = what; field.dispatchEvent(new Event("input", { bubbles: true })); }
  look();
})"""
"""Milliseconds from a click on the tab, or from typing, until so many rows are painted."""


def main() -> int:
    """Build, measure, print; 0 when every value is within its limit."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with tempfile.TemporaryDirectory() as folder:
        data, file = Path(folder) / "data", Path(folder) / "bundle.zip"
        fill(data, file, count)
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        served = [sys.executable, str(Path(__file__).parent / "served.py"), "app", str(data), str(port)]
        with process(served) as server, chromium() as browser:
            wait_for_page(url, server)
            return report(count, *measured(browser, url, file))


def fill(data: Path, file: Path, count: int) -> None:
    """A data folder with so many prompts, and a bundle of other ones."""
    chance = random.Random(1)
    store = open_store(Settings(data_dir=data, database_url=""))
    for start in range(0, count, 1_000):
        store.save_many([SaveItem(p) for p in made(chance, start, min(1_000, count - start))])
    store.close()
    items = [BundleItem(p) for p in made(chance, 100_000, IMPORTED)]
    file.write_bytes(write_bundle(items, name="Bench", created=datetime.now(UTC)).data)


def measured(browser: Any, url: str, file: Path) -> tuple[list[float], list[float], list[float], float]:
    """Milliseconds of first openings, later openings and searches; seconds of the import."""
    first: list[float] = []
    for _ in range(3):
        page = browser.new_page()
        page.goto(url)
        page.wait_for_function(READY["app"])
        first.append(page.evaluate(SHOWN, ["open", 100]))
    again = []
    for _ in range(5):
        page.get_by_role("tab", name="Compare").click()
        again.append(page.evaluate(SHOWN, ["open", 100]))
    searches = [page.evaluate(SHOWN, [words, 1]) for words in ("baber cetas", "bench", "number-1234.")]
    started = time.perf_counter()
    page.set_input_files("#lib-files", str(file))
    page.locator(".drawer footer").get_by_role("button", name="Import", exact=True).click()
    page.get_by_text(f"{IMPORTED:,} added.").wait_for()
    return first, again, searches, time.perf_counter() - started


def report(count: int, first: list[float], again: list[float], searches: list[float], took: float) -> int:
    """Print the table."""
    print(f"{count:,} saved prompts, {IMPORTED:,} imported\n{HEAD}")
    print(row("open the tab, worst of the first clicks", max(first), "ms", OPEN_MS))
    print(row("open the tab again, median", statistics.median(again), "ms", OPEN_MS))
    print(row("type a search, worst (150 ms are the pause)", max(searches), "ms", SEARCH_MS))
    print(row(f"import {IMPORTED:,} prompts", took, "s", IMPORT_S))
    within = (
        max(first) <= OPEN_MS and max(again) <= OPEN_MS and max(searches) <= SEARCH_MS and took <= IMPORT_S
    )
    return 0 if within else 1


if __name__ == "__main__":
    raise SystemExit(main())
