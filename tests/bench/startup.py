"""From the command to a usable page, with the model on disk: python tests/bench/startup.py [STARTS]

Command → first answer 200, and → a page that can be used in Chromium (the browser is already open). The baseline is
a bare Gradio app of three HTML components, started the same way on the same machine. Exit code 1 beyond the limit.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from served import COMMAND, HEAD, READY, chromium, free_port, process, row, wait_for_page

LIMIT_S = 4.0
GOAL_S = 3.0


def start(browser: Any, kind: str, command: Sequence[str], port: int) -> tuple[float, float]:
    """Seconds from the command to the first answer, and to a usable page."""
    url = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    with process(command) as server:
        wait_for_page(url, server)
        answered = time.perf_counter() - began
        page = browser.new_page()
        page.goto(url, wait_until="commit")
        page.wait_for_function(READY[kind])
        ready = time.perf_counter() - began
        page.close()
    return answered, ready


def main() -> int:
    """Print the table; 1 when the median of the usable page is beyond the limit."""
    starts = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    served = str(Path(__file__).with_name("served.py"))
    times: dict[str, list[tuple[float, float]]] = {"bare": [], "app": []}
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for _ in range(starts + 1):  # the first makes the database and fills the disk cache
            for kind, taken in times.items():
                port = free_port()
                command = [*COMMAND, "--port", str(port), "--data", folder]
                if kind == "bare":
                    command = [sys.executable, served, "bare", folder, str(port)]
                taken.append(start(browser, kind, command, port))
    print(
        f"{starts} starts, medians; limit {LIMIT_S:g} s, goal {GOAL_S:g} s; ratio to a bare Gradio app\n{HEAD}"
    )
    usable = 0.0
    for index, what in enumerate(("command to first answer", "command to usable page")):
        bare, app = (statistics.median(t[index] for t in times[kind][1:]) for kind in ("bare", "app"))
        print(row(f"{what}, bare Gradio", bare, "s", None))
        print(row(what, app, "s", LIMIT_S if index else None, bare))
        usable = app
    print(row("the very first start, to usable page", times["app"][0][1], "s", None, times["bare"][0][1]))
    print(row("slowest start, to usable page", max(t[1] for t in times["app"][1:]), "s", None))
    return 1 if usable > LIMIT_S else 0


if __name__ == "__main__":
    sys.exit(main())
