"""The texts of a script that a person may read, each as its parts, read from its syntax tree.

h("p", {title: `Open ${name}`}, n, " rows left")  →  "Open {name}", "rows left"
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from playground.translation.html_messages import INLINE, READ_ATTRIBUTES, UNREAD
from playground.translation.parts import Hole, Part, joined
from playground.translation.python_source import Found

TAKES_NAMES = frozenset(re.findall(r"\S+", """
    $ $$ querySelector querySelectorAll closest matches getAttribute removeAttribute hasAttribute addEventListener
    removeEventListener toggle add remove contains startsWith endsWith split join includes indexOf getElementById
    createElement createElementNS onAct doAction send changed told has get delete icon replace replaceAll test match
    exec localeCompare getItem setItem removeItem dispatchEvent Event CustomEvent InputEvent KeyboardEvent setProperty
    getPropertyValue padStart toggleAttribute RegExp execCommand matchMedia supports postMessage fetch symbol key
    NumberFormat DateTimeFormat Intl scrollIntoView observe
"""))  # fmt: skip
READ_PROPERTIES = frozenset(
    {"textContent", "title", "placeholder", "innerText", "label", "ariaLabel", "alt", "data"}
)
READ_KEYS = READ_ATTRIBUTES | {"text", "message", "hint", "missing", "what", "words", "say", "lead", "why"}


def texts_of(source: str) -> Iterator[Found]:
    """Every text of the script."""
    reader = _Reader()
    reader.visit(Parser(Language(tree_sitter_javascript.language())).parse(source.encode()).root_node)
    yield from reader.found


class _Reader:
    def __init__(self) -> None:
        self.found: list[Found] = []
        self.worded = False

    def visit(self, node: Node) -> None:
        kind = node.type
        if kind in ("import_statement", "comment", "regex"):
            return
        if kind == "expression_statement" and node.children[0].type == "string":
            return
        if kind == "binary_expression" and _operator(node) in ("==", "===", "!=", "!==", "in", "<", ">"):
            for side in node.named_children:
                if side.type not in ("string", "template_string"):
                    self.visit(side)
            return
        if kind == "switch_case":
            for child in node.children_by_field_name("body"):
                self.visit(child)
            return
        if kind == "subscript_expression":
            self.visit(node.named_children[0])
            if node.named_children[1].type not in ("string", "template_string"):
                self.visit(node.named_children[1])
            return
        if kind == "pair":
            self.pair(node)
        elif kind == "assignment_expression":
            left = _source(node.child_by_field_name("left")).rpartition(".")[2]
            self.with_words(left in READ_PROPERTIES, node.child_by_field_name("right"))
        elif _is_text(node):
            self.add(node)
        elif kind in ("call_expression", "new_expression"):
            self.call(node)
        else:
            for child in node.named_children:
                self.visit(child)

    def with_words(self, worded: bool, node: Node | None) -> None:
        if node is None:
            return
        before, self.worded = self.worded, worded
        self.visit(node)
        self.worded = before

    def pair(self, node: Node) -> None:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        name = _source(key).strip("\"'")
        if value is None or (name in ("class", "id", "type", "role", "value", "kind", "do", "href", "style", "for",
                                      "symbol", "name", "inputmode", "accept", "sort", "mode", "cls", "act", "method")
                             or name.startswith("data-") and name not in READ_KEYS) and _is_text(value):  # fmt: skip
            if value is not None:
                for inner in _inside(value):
                    self.visit(inner)
            return
        self.with_words(name in READ_KEYS, value)

    def call(self, node: Node) -> None:
        if line := _line(node):
            self.found.append(Found(line, True))
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        arguments = node.child_by_field_name("arguments")
        name = _source(function).rpartition(".")[2]
        if function is not None and function.type == "member_expression":
            self.visit(function)
        for number, argument in enumerate(arguments.named_children if arguments else []):
            is_name = name in TAKES_NAMES or (name in ("h", "on", "listen", "drag") and number == 0)
            is_name |= name == "setAttribute" and (number == 0 or _source(node).find("aria-label") < 0 and _source(node).find("title") < 0)  # fmt: skip
            if is_name and _is_text(argument):
                for inner in _inside(argument):
                    self.visit(inner)
                continue
            self.with_words(name in ("append", "toast", "confirm", "replaceChildren") or (name == "h" and number > 1) or name == "setAttribute", argument)  # fmt: skip

    def add(self, node: Node) -> None:
        self.found.append(Found(_parts(node), self.worded))
        for inner in _inside(node):
            self.visit(inner)


def _line(node: Node) -> tuple[Part, ...]:
    """What `h` makes of texts beside elements of their line, as HTML: one sentence. () of anything else."""
    written = _element(node)
    opened = [part for part in written if isinstance(part, str) and re.fullmatch(r"<\w+>", part)]
    return joined(written) if len(opened) > 1 else ()


def _element(node: Node, within: bool = False) -> list[Part]:
    """The element that a call of `h` makes, as HTML; [] where a child is not plain text or an element of a line."""
    if node.type != "call_expression" or _source(node.child_by_field_name("function")) != "h":
        return []
    arguments = node.child_by_field_name("arguments")
    given = list(arguments.named_children) if arguments else []
    tag = _source(given[0]).strip("\"'") if given else ""
    if len(given) < 3 or (within and tag not in INLINE) or not re.fullmatch("[a-z0-9]+", tag):
        return []
    inner: list[Part] = []
    if tag in UNREAD or re.search(r"translate: \"no\"|\bmono\b|\bwords\b", _source(given[1])):
        inner = [Hole("name")]
    else:
        for child in given[2:]:
            below = [*_parts(child)] if _is_text(child) else _element(child, within=True)
            if not below:
                return []
            inner += below
    return [f"<{tag}>", *inner, f"</{tag}>"]


def _source(node: Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode()


def _operator(node: Node) -> str:
    return _source(node.child_by_field_name("operator"))


def _is_text(node: Node | None) -> bool:
    if node is None:
        return False
    match node.type:
        case "string" | "template_string":
            return True
        case "parenthesized_expression":
            return _is_text(node.named_children[0])
        case "binary_expression":
            sides = node.child_by_field_name("left"), node.child_by_field_name("right")
            if _operator(node) == "+":
                return any(_is_text(side) for side in sides)
            return _operator(node) in ("||", "??", "&&") and _is_text(sides[1])
        case "ternary_expression":
            return any(_is_text(node.child_by_field_name(way)) for way in ("consequence", "alternative"))
    return False


def _parts(node: Node | None) -> tuple[Part, ...]:
    if node is None:
        return ()
    if not _is_text(node):
        return (Hole(_hole_name(node)),)
    match node.type:
        case "string":
            return (_unquoted(_source(node)[1:-1]),)
        case "template_string":
            found: list[Part] = []
            for child in node.children:
                if child.type == "template_substitution":
                    found += _parts(child.named_children[0])
                elif child.type in ("string_fragment", "escape_sequence"):
                    found.append(_unquoted(_source(child)))
            return joined(found)
        case "parenthesized_expression":
            return _parts(node.named_children[0])
        case "ternary_expression":
            ways = [node.child_by_field_name(way) for way in ("consequence", "alternative")]
            return (Hole(_hole_name(ways[1]), tuple(_parts(way) for way in ways)),)
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if _operator(node) == "+":
        return joined([*_parts(left), *_parts(right)])
    if _operator(node) == "&&":
        return (Hole(_hole_name(right), (_parts(right), ())),)
    return (Hole(_hole_name(left), (_parts(left), _parts(right))),)


def _inside(node: Node | None) -> Iterator[Node]:
    if node is None or node.type == "string":
        return
    if not _is_text(node):
        yield node
    elif node.type == "template_string":
        for child in node.children:
            if child.type == "template_substitution":
                yield from _inside(child.named_children[0])
    elif node.type == "ternary_expression":
        condition = node.child_by_field_name("condition")
        if condition is not None:
            yield condition
        yield from _inside(node.child_by_field_name("consequence"))
        yield from _inside(node.child_by_field_name("alternative"))
    else:
        for child in node.named_children:
            yield from _inside(child)


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b"}


def _unquoted(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        return _ESCAPES.get(found[2], found[2])

    return re.sub(r"\\(?:u\{?([0-9a-fA-F]{4,6})\}?|(.))", one, text, flags=re.DOTALL)


def _hole_name(node: Node | None) -> str:
    """A word for what is filled in: rows for `page.rows.length`, name for `nameOf(form)`."""
    if node is None:
        return "value"
    match node.type:
        case "identifier":
            return _snake(_source(node))
        case "member_expression":
            name = _source(node.child_by_field_name("property"))
            return (
                _hole_name(node.child_by_field_name("object")) if name in ("length", "size") else _snake(name)
            )
        case "call_expression":
            function = node.child_by_field_name("function")
            name = _source(function).rpartition(".")[2]
            if (
                name
                in ("toLocaleString", "trim", "toFixed", "join", "toLowerCase", "map", "slice", "toString")
                and function is not None
            ):
                return _hole_name(function.child_by_field_name("object"))
            arguments = node.child_by_field_name("arguments")
            if name in ("String", "Number", "count", "number") and arguments and arguments.named_children:
                return _hole_name(arguments.named_children[0])
            return _snake(re.sub(r"Of$|Words$", "", name)) or "value"
        case "subscript_expression" | "parenthesized_expression" | "await_expression":
            return _hole_name(node.named_children[0])
        case "binary_expression":
            return _hole_name(node.child_by_field_name("left"))
    return "value"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", re.sub(r"\W", "", name)).lower().strip("_") or "value"
