"""What axe finds against accessibility in a page, of any level."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Page

# For the colour behind each word axe asks all that stands around it, again and again, how far it scrolls: a million
# times in a long list. Nothing moves while it looks, so each element is asked once.
LOOK = """async ([within, rest]) => {
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
    return (await axe.run(within, { resultTypes: ['violations'], ...rest })).violations.map(
      (found) => [found.id, found.nodes.length, found.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]);
  } finally {
    for (const [name, as_it_was] of read) Object.defineProperty(Element.prototype, name, as_it_was);
  }
}"""


class Axe:
    """axe-core in a page; skips the test where it is not installed.

    A second theme differs in its colours alone: with `colours_only` the other rules are left to the first.
    """

    def __init__(self, page: Page, *, colours_only: bool = False) -> None:
        spec = find_spec("axe_core_python")
        if spec is None or not spec.submodule_search_locations:
            pytest.skip("axe-core is not installed: pip install axe-core-python")
        self._page = page
        self._rest = {"runOnly": ["color-contrast"]} if colours_only else {}
        page.evaluate((Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8"))
        self.found: list[tuple[str, list[object]]] = []

    def look(self, place: str, within: str = "html") -> None:
        """Add what is found in that part of the page to `found`, under the name of the place."""
        self.found += [(place, violation) for violation in self._page.evaluate(LOOK, [within, self._rest])]
