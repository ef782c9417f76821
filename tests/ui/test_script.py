"""The page's script as text: which file knows which."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import playground.ui.app as page
from playground.ui import compare, update
from playground.ui.update import Alert, ColumnPart, ColumnState, Drawer, Strip, Update, View

IMPORT = re.compile(r"""(?:^import\b[^;]*?|\bfrom\s*|\bimport\()\s*["']\./(\w+)\.js["']""", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
STYLES = {path.name: path.read_text(encoding="utf-8") for path in page.STYLES}
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


def read(words: str, *, under: str = "") -> set[str]:
    """The keys that the scripts take from a variable of such a name."""
    found = re.compile(rf"\b(?:{words})\??\.(\w+)")
    code = {name: COMMENT.sub("", text) for name, text in SCRIPTS.items() if under in ("", name)}
    return {key for text in code.values() for key in found.findall(text)}


def test_the_page_reads_the_keys_that_an_update_has_and_no_others() -> None:
    # What Python answers is called so in every script.
    assert read("update|reply") == Update.__annotations__.keys()
    of_column = read("data", under="answers") | read("data", under="samples")
    assert of_column - {"dataset"} == ColumnPart.__annotations__.keys()
    for parts, keys in ((Drawer, {"title", "body", "foot", "narrow"}), (Alert, {"message", "hint"})):
        assert parts.__annotations__.keys() == keys
    assert "openDrawer({ title, body, foot = " in SCRIPTS["drawer"]
    assert "showAlert({ message, hint }, " in SCRIPTS["alerts"]
    assert read(r"update\.view") == View.__annotations__.keys()
    assert read("state", under="answers") == ColumnState.__annotations__.keys()
    assert read("strip", under="samples") == Strip.__annotations__.keys()


def test_every_key_of_an_update_is_explained() -> None:
    text = Path(str(update.__file__)).read_text(encoding="utf-8")
    tree = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    for kind in ("Update", "ColumnPart"):
        body = [node for node in tree[kind].body[1:] if not isinstance(node, ast.Pass)]
        assert all(isinstance(node, ast.AnnAssign) for node in body[::2])
        assert all(isinstance(node, ast.Expr) for node in body[1::2])
        assert len(body) % 2 == 0


def test_the_number_of_columns_stands_in_one_place() -> None:
    assert 'plain("bridge", extra=str(COLUMNS)' in Path(str(compare.__file__)).read_text(encoding="utf-8")
    for name, text in SCRIPTS.items():
        assert not re.search(r"\bi < \d|\[1, 2, 3|size === \d", text), name


# --- how it is written ----------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted({*SCRIPTS} - {"store"}) + [*STYLES])
def test_a_line_is_short_enough_for_a_diff(file: str) -> None:
    lines = (SCRIPTS | STYLES)[file].splitlines()
    assert [f"{number}: {line[:60]}" for number, line in enumerate(lines, 1) if len(line) > 120] == []


def crowded(css: str) -> list[str]:
    """Lines that hold two rules, or more than three declarations."""
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), css, flags=re.DOTALL)
    text = re.sub(r'"[^"]*"', '""', text)
    rules = [line for line in text.splitlines() if not line.lstrip().startswith("@keyframes")]
    return [
        line for line in rules if line.count(";") > 3 or line.count("{") > 1 or re.search(r"}\s*\S", line)
    ]


def test_every_style_sheet_is_served_once() -> None:
    assert sorted(page.STYLES) == sorted(page.ASSETS.rglob("*.css"))


def test_a_style_rule_has_one_declaration_a_line_when_it_has_more_than_three() -> None:
    assert {name: crowded(css) for name, css in STYLES.items() if crowded(css)} == {}
    assert crowded("a { b: c; d: e; } f { g: h; }") and crowded("a { b: c; d: e; f: g; h: i; }")
    assert crowded('a { b: url("x;y;z;u;v"); }\n/* c; d; e; f; g */') == []


EXPORT = re.compile(
    r"^export (?:async )?(?:function (?P<f>\w+)\((?P<p>.*?)\) \{|const (?P<c>\w+) = (?:\((?P<q>[^)]*)\)) =>)",
    re.MULTILINE | re.DOTALL,
)
KNOWN = {
    "string",
    "number",
    "boolean",
    "null",
    "undefined",
    "any",
    "void",
    "object",
    "Record",
    "Promise",
    "Array",
}
KNOWN |= {
    "Node",
    "HTMLElement",
    "SVGElement",
    "ParentNode",
    "DataTransfer",
    "Blob",
    "File",
    "Partial",
    "Event",
}


def parameters(text: str) -> int:
    """How many parameters a function has; what stands in braces is one."""
    while (less := re.sub(r"\{[^{}]*\}|\[[^\[\]]*\]|\([^()]*\)", "", text)) != text:
        text = less
    return len([part for part in text.split(",") if part.strip()]) if text.strip(" \n,") or "{" in text else 0


def exported() -> list[Any]:
    found = []
    for file, text in SCRIPTS.items():
        for match in EXPORT.finditer(text):
            raw = re.sub(r"\{[^{}]*\}", "parts", match["p"] if match["f"] else match["q"])
            before = text[: match.start()].rstrip()
            note = before[before.rfind("/**") :] if before.endswith("*/") else ""
            name = match["f"] or match["c"]
            found.append(pytest.param(note, parameters(raw), id=f"{file}.{name}"))
    return found


@pytest.mark.parametrize(("note", "count"), exported())
def test_what_crosses_files_has_its_types(note: str, count: int) -> None:
    typedefs = {name for text in SCRIPTS.values() for name in re.findall(r"@typedef \{.*\} (\w+)", text)}
    assert len(re.findall(r"@param \{", note)) == count, note
    for kind in re.findall(r"@(?:param|returns) \{(.+?)\}(?: |$)", note, re.MULTILINE):
        plain = re.sub(r'"[^"]*"|\w+\??:', "", kind)
        assert set(re.findall(r"[A-Za-z]\w*", plain)) <= KNOWN | typedefs, kind
