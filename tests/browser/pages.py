"""The pages of one browser, used again by one test after another: loaded again, or brought back to their beginning."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import chain
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Error, Page

MOST_FREE = 4
"""Pages that nobody uses and that are kept nevertheless."""
MOST_USES = 25
"""So many tests have a page one after another: it grows by some 20 MB with each."""
ANEW = (Path(__file__).parent / "anew.js").read_text(encoding="utf-8")
USUAL: dict[str, Any] = {"viewport": {"width": 1440, "height": 1000}, "color_scheme": "light"}


class Pages:
    """The pages of one browser, used again: what a page has loaded once it loads in a third of the time.

    Measured on two busy cores: a page of a fresh context takes 3.4 s of processor time until it can be used (its
    process, Gradio's scripts, their compilation), one that goes to the address again 0.9 s. A test still finds nothing
    of the one before: the storage is emptied before the first script of the page runs.

    Tests that say so begin on a page that `stays`: the one before has left it on the app, and its script brings it back
    to its beginning (anew.js) in 0.4 s. What they look at must not depend on what a script does once, when it is loaded.
    """

    def __init__(self, browser: Browser, patience_ms: float) -> None:
        self._browser, self._patience_ms = browser, patience_ms
        self._free: dict[str, list[Page]] = defaultdict(list)
        self._taken: dict[Page, tuple[str, str]] = {}
        self._uses: Counter[Page] = Counter()
        self._tools: dict[Page, CDPSession] = {}
        self._stand: set[Page] = set()
        """Those that are on the app although nobody has them."""

    def take(self, url: str, options: dict[str, Any]) -> Page:
        """A page that nobody else has, in a context of its own."""
        chosen = USUAL | options
        size = chosen.pop("viewport")
        key = json.dumps([url, bool(size), chosen], sort_keys=True)
        if self._free[key]:
            page = self._free[key].pop()
            if size:
                page.set_viewport_size(size)
        else:
            context = self._browser.new_context(**chosen, viewport=size)
            context.set_default_timeout(self._patience_ms)
            page = context.new_page()
            self._tools[page] = context.new_cdp_session(page)
            self._tools[page].send("Page.enable")
        self._taken[page] = (key, url)
        self._uses[page] += 1
        return page

    def open_with(self, page: Page, url: str, query: str, draft: str | None, *, stays: bool) -> None:
        """Show the app with storage that holds nothing but this draft; a reload finds what the page has kept."""
        if page in self._stand:
            self._stand.remove(page)
            if stays and draft is not None and not query:
                page.evaluate(ANEW, draft)
                return
            self._leave(page, url)
        source = "localStorage.clear(); sessionStorage.clear();"
        if draft is not None:
            source += f"localStorage.setItem('playground.draft', {json.dumps(draft)});"
        script = self._tools[page].send("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        try:
            page.goto(url + query)
        finally:
            if not page.is_closed():
                self._tools[page].send("Page.removeScriptToEvaluateOnNewDocument", script)

    def give_back(self, page: Page, *, again: bool, stays: bool) -> None:
        """The page is used `again` unless the test has changed more than it; unless it `stays`, the app is left."""
        key, url = self._taken.pop(page)
        if again and not page.is_closed() and self._uses[page] < MOST_USES:
            for beside in page.context.pages:
                if beside is not page:
                    beside.close()
            try:
                page.unroute_all(behavior="ignoreErrors")
                if stays:
                    self._stand.add(page)
                else:
                    self._leave(page, url)
                page.mouse.move(0, 0)
            except Error:
                pass  # its server has ended, or the page has crashed
            else:
                page.context.clear_cookies()
                page.context.clear_permissions()
                self._free[key].append(page)
                self._end(list(chain(*self._free.values()))[MOST_FREE:])
                return
        self._end([page])

    def _leave(self, page: Page, url: str) -> None:
        """Go from the app as a closed tab would."""
        page.goto(f"{url}playground/dom.js")  # of the same origin, or the browser would take another process

    def _end(self, pages: list[Page]) -> None:
        for page in pages:
            for free in self._free.values():
                if page in free:
                    free.remove(page)
            del self._tools[page], self._uses[page]
            self._stand.discard(page)
            page.context.close()
