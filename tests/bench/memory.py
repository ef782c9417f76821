"""Resident memory of the app without a model: python tests/bench/memory.py [RUNS]

The served app on a scripted backend (no engine process), after its start, with the page open, and after so many runs
of two columns. The baseline is a bare Gradio app with its page open. Exit code 1 beyond the limit.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from first_token import open_page, run_once
from served import HEAD, READY, chromium, free_port, process, row, rss_mb, stored_run, wait_for_page

LIMIT_MB = 250


def main() -> int:
    """Print the table; 1 when the memory after the runs is beyond the limit."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    served = str(Path(__file__).with_name("served.py"))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        run = stored_run(Path(folder), "stamp", 2)
        browser = stack.enter_context(chromium())  # from here on an event loop is running
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with process([sys.executable, served, "bare", folder, str(port)]) as server:
            wait_for_page(url, server)
            page = browser.new_page()
            page.goto(url)
            page.wait_for_function(READY["bare"])
            bare = rss_mb(server.pid)
            page.close()
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with process([sys.executable, served, "app", folder, str(port)]) as server:
            wait_for_page(url, server)
            started = rss_mb(server.pid)
            page = open_page(browser, url, run)
            opened = rss_mb(server.pid)
            for _ in range(runs):
                run_once(page)
            after = rss_mb(server.pid)
    print(f"resident memory without a model; limit {LIMIT_MB} MB; ratio to a bare Gradio app\n{HEAD}")
    print(row("bare Gradio, page open (baseline)", bare, "MB", None))
    print(row("app, started", started, "MB", LIMIT_MB, bare))
    print(row("app, page open", opened, "MB", LIMIT_MB, bare))
    print(row(f"app, after {runs} runs", after, "MB", LIMIT_MB, bare))
    return 1 if after > LIMIT_MB else 0


if __name__ == "__main__":
    sys.exit(main())
