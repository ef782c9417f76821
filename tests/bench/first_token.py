"""From the first token at the engine to the screen, and repaints a second: python tests/bench/first_token.py [RUNS]

The engine is a scripted backend in the served app whose first token is the time at which it was made; the page's
MutationObserver compares that with its own clock (the same machine's). The baseline is one round trip of the page to
a route of the same server. Then four columns write up to 250 words a second each: repaints, and the work of the page in
English and in Chinese. Exit code 1 beyond a limit.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from served import HEAD, READY, chromium, free_port, process, row, stored_run, wait_for_page

LIMIT_MS, GOAL_MS = 150, 60
LIMIT_PAINTS = 25
LIMIT_CHINESE, LANGUAGE_RUNS = 1.1, 4
"""Times the work that the page has in English."""

# Gathers the delay of the first text of column 1, once a run.
WATCH_FIRST = """() => {
  window.delays = [];
  const out = document.querySelector('#col0 .out');
  let last = out.textContent;
  new MutationObserver(() => {
    const now = performance.timeOrigin + performance.now(), made = parseFloat(out.textContent);
    if (made > 1e12 && out.textContent !== last) window.delays.push(now - made);
    last = out.textContent;
  }).observe(out, {childList: true, characterData: true, subtree: true});
}"""

# Counts changes of the answers, together and by column, and the frames in which any of them changed.
WATCH_PAINTS = """() => {
  const seen = window.seen = {batches: 0, columns: [0, 0, 0, 0], frames: new Set(), frame: 0, first: 0, last: 0};
  const tick = () => { seen.frame++; requestAnimationFrame(tick); };
  tick();
  const outs = [0, 1, 2, 3].map((i) => document.querySelector(`#col${i} .out`));
  const observer = new MutationObserver((records) => {
    const now = performance.now();
    seen.first ||= now; seen.last = now;
    seen.batches++; seen.frames.add(seen.frame);
    for (const i of new Set(records.map((r) => outs.findIndex((out) => out.contains(r.target))))) seen.columns[i]++;
  });
  for (const out of outs) observer.observe(out, {childList: true, characterData: true, subtree: true});
  window.paints = () => {
    const s = (seen.last - seen.first) / 1000;
    return {seconds: s, batches: seen.batches / s, frames: seen.frames.size / s, column: Math.max(...seen.columns) / s};
  };
}"""

ROUND_TRIP = """async () => {
  const times = [];
  for (let i = 0; i < 20; i++) {
    const began = performance.now();
    await (await fetch('playground/dom.js', {cache: 'no-store'})).text();
    times.push(performance.now() - began);
  }
  return times;
}"""


def open_page(browser: Any, url: str, run: str, locale: str = "en-US") -> Any:
    """The page with that run's form, ready."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale=locale)
    page.goto(f"{url}/?run={run}")
    page.wait_for_function(READY["app"])
    return page


def run_once(page: Any) -> None:
    """Press Run and wait until no column is at work."""
    page.locator("[data-act=run]:visible").first.click()
    page.wait_for_selector(".state.running", timeout=20_000)
    page.wait_for_function("!document.querySelector('.state.running, .state.pending')", timeout=60_000)


def busy_s(page: Any) -> float:
    """Seconds that the page's main thread works for one run."""
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")

    def worked() -> float:
        metrics = tools.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    before = worked()
    run_once(page)
    return worked() - before


def main() -> int:
    """Print the table; 1 when a limit is broken."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        one, four = stored_run(Path(folder), "stamp", 1), stored_run(Path(folder), "fast", 4)
        browser = stack.enter_context(chromium())  # from here on an event loop is running
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(Path(__file__).with_name("served.py")), "app", folder, str(port)]
        with process(command) as server:
            wait_for_page(url, server)
            page = open_page(browser, url, one)
            trip = statistics.median(page.evaluate(ROUND_TRIP))
            page.evaluate(WATCH_FIRST)
            for _ in range(runs):
                run_once(page)
            delays = page.evaluate("window.delays")
            page.close()
            page = open_page(browser, url, four)
            page.evaluate(WATCH_PAINTS)
            run_once(page)
            paints = page.evaluate("window.paints()")
            page.close()
            # Translating the page must not slow the answers, which it leaves alone. The two by turns.
            pages = {locale: open_page(browser, url, four, locale) for locale in ("en-US", "zh-CN")}
            work: dict[str, list[float]] = {locale: [] for locale in pages}
            for _ in range(1 + LANGUAGE_RUNS):
                for locale, each in pages.items():
                    each.bring_to_front()
                    work[locale].append(busy_s(each))
    if len(delays) != runs:
        raise RuntimeError(f"{len(delays)} first tokens seen in {runs} runs")
    middle = statistics.median(delays)
    print(
        f"{runs} runs; limit {LIMIT_MS} ms, goal {GOAL_MS} ms; ratio to one round trip to the server\n{HEAD}"
    )
    print(row("one round trip (baseline)", trip, "ms", None))
    print(row("first token to DOM, median", middle, "ms", LIMIT_MS, trip))
    print(row("first token to DOM, worst", max(delays), "ms", None, trip))
    print(f"\nfour columns of up to 250 words a second each, for {paints['seconds']:.1f} s\n{HEAD}")
    print(row("frames in which an answer changed", paints["frames"], "/s", LIMIT_PAINTS))
    print(row("changes of the busiest column", paints["column"], "/s", LIMIT_PAINTS))
    print(row("batches of changes, all columns", paints["batches"], "/s", None))
    english, chinese = (statistics.median(seconds[1:]) for seconds in work.values())  # the first warms up
    print(f"\nwork of the page for one such run, {LANGUAGE_RUNS} each by turns\n{HEAD}")
    print(row("in English (baseline)", english, "s", None))
    print(row("in Chinese", chinese, "s", LIMIT_CHINESE * english, english))
    slow = middle > LIMIT_MS or max(paints["frames"], paints["column"]) > LIMIT_PAINTS
    return 1 if slow or chinese > LIMIT_CHINESE * english else 0


if __name__ == "__main__":
    sys.exit(main())
