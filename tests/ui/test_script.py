"""The page's script as text: which file knows which."""

from __future__ import annotations

import re
from pathlib import Path

import playground.ui.app as page

IMPORT = re.compile(r"""(?:^import\b[^;]*?|\bfrom\s*|\bimport\()\s*["']\./(\w+)\.js["']""", re.MULTILINE)
SCRIPTS = {path.stem: path.read_text(encoding="utf-8") for path in Path(page.ASSETS).glob("*.js")}
KNOWS = {name: set(IMPORT.findall(text)) for name, text in SCRIPTS.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The names of one circle in the order of its imports; nothing when there is none."""
    seen: set[str] = set()

    def walk(name: str, above: list[str]) -> list[str]:
        if name in above:
            return [*above[above.index(name) :], name]
        if name in seen:
            return []
        seen.add(name)
        return next((found for other in sorted(graph[name]) if (found := walk(other, [*above, name]))), [])

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


def test_no_script_imports_itself_through_others() -> None:
    assert circle(KNOWS) == []


def test_a_circle_would_be_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_every_import_is_seen_and_every_file_is_reached_from_the_entry() -> None:
    for name, text in SCRIPTS.items():
        named = re.findall(r"""["']\./(\w+)\.js["']""", text)
        assert sorted(named) == sorted(KNOWS[name]), name
    reached, found = {"main"}, {"main"}
    while found:
        found = {other for name in found for other in KNOWS[name]} - reached
        reached |= found
    assert reached == SCRIPTS.keys()
