"""What axe finds against accessibility in a page, of any level."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Page

# For the colour behind each word axe asks all that stands around it, again and again, how far it scrolls: a million
# times in a long list. Nothing moves while it looks, so each element is asked once. It goes through what other tabs hold,
# too, and of what cannot be seen it says nothing but of ids that stand twice: unless those are `all` looked for, it is away.
LOOK = """async ([within, all, rest]) => {
  const hidden = all ? [] : [...document.querySelectorAll('[role=tabpanel]')].filter((el) => !el.checkVisibility());
  const away = hidden.map((panel) => {
    const held = new DocumentFragment();
    held.append(...panel.childNodes);
    return [panel, held];
  });
  const read = ['scrollWidth', 'scrollHeight', 'clientWidth', 'clientHeight'].map(
    (name) => [name, Object.getOwnPropertyDescriptor(Element.prototype, name)]);
  for (const [name, { get }] of read) {
    const known = new WeakMap();
    const once = function () {
      let value = known.get(this);
      if (value === undefined) known.set(this, (value = get.call(this)));
      return value;
    };
    Object.defineProperty(Element.prototype, name, { get: once, configurable: true, enumerable: true });
  }
  try {
    return (await axe.run(within, { resultTypes: ['violations'], selectors: false, ...rest })).violations.map(
      (found) => [found.id, found.nodes.length, found.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]);
  } finally {
    for (const [name, as_it_was] of read) Object.defineProperty(Element.prototype, name, as_it_was);
    for (const [panel, held] of away) panel.append(held);
  }
}"""


# What fades from the colours of one theme to those of the other has arrived; what takes its colour from that fades next.
ARRIVED = """() => {
  const fading = () => document.getAnimations().filter((a) => a instanceof CSSTransition);
  for (let left = 9, all = fading(); left && all.length; left--, all = fading()) all.forEach((a) => a.finish());
}"""


class Axe:
    """axe-core in a page; skips the test where it is not installed.

    A second theme differs in its colours alone: the other rules are left to the one that the page has.
    """

    def __init__(self, page: Page) -> None:
        spec = find_spec("axe_core_python")
        if spec is None or not spec.submodule_search_locations:
            pytest.skip("axe-core is not installed: pip install axe-core-python")
        self._page = page
        page.evaluate((Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8"))
        self.found: list[tuple[str, list[object]]] = []

    def look(
        self, place: str, within: str = "html", *, in_the_dark: bool = False, all_tabs: bool = False
    ) -> None:
        """Add what is found in that part of the page to `found`, under the name of the place.

        `in_the_dark` the colours are looked at once more, as a system that turns dark shows them. With `all_tabs` ids are
        compared with those of tabs that are not in view.
        """
        self._look(place, within, {}, all_tabs=all_tabs)
        if in_the_dark:
            self._page.emulate_media(color_scheme="dark")
            self._page.locator("body.dark").wait_for(state="attached")
            self._page.evaluate(ARRIVED)
            self._look(f"{place} in the dark", within, {"runOnly": ["color-contrast"]})
            self._page.emulate_media(color_scheme="light")
            self._page.locator("body:not(.dark)").wait_for(state="attached")
            self._page.evaluate(ARRIVED)

    def _look(self, place: str, within: str, rest: dict[str, object], *, all_tabs: bool = False) -> None:
        found = self._page.evaluate(LOOK, [within, all_tabs, rest])
        self.found += [(place, violation) for violation in found]
