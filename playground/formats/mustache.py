r"""Mustache templates as Jinja2: values, sections, inverted sections, partials, comments, other delimiters.

    {{#items}}- {{.}}                     {% for item in items %}- {{ item }}
    {{/items}}{{^items}}none{{/items}} →  {% endfor %}{% if not items %}none{% endif %}

Rules: mustache(5) and the public specification, 1.4. What a section does depends on its value: a list repeats it, an object
or text opens it once, nothing closes it. Where the prompt declares the variable's kind the Jinja2 is as short as above;
where it does not, the test stands in the template. A name inside a section is looked up in the section's value first and
outside then. Libraries for Mustache render only: none gives its tree away as something to rely on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from playground.formats.literal import literal, without_tags
from playground.formats.plain_jinja import NAME, RESERVED, jinja_path
from playground.formats.simple import variable_name
from playground.templating.syntax import ROLE_LINE
from playground.types.prompt import Input

MAX_TAGS = 2_000
MAX_DEPTH = 30
_NAME = re.compile(r"[^\s{}]+")
_ALONE = set("#^/!>=")
"""Tags that take their line with them when nothing else is on it."""


class Tag(NamedTuple):
    """A tag: its kind (`#`, `^`, `/`, `>`, `&` for a value, others), its name, and its own text in the file."""

    kind: str
    name: str
    source: str
    indent: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a parsed template: a text, a tag, or a section with what is inside."""

    text: str = ""
    tag: Tag | None = None
    inside: tuple[Node, ...] = ()
    closing: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """An open section: how Jinja2 names its value, and that value's fields; None: any, or none."""

    item: str
    fields: frozenset[str] | None


def to_jinja(source: str, losses: list[str], *, inputs: Sequence[Input] = (), has_roles: bool = False) -> str:
    """Jinja2 source that renders as the Mustache source does; what has no equal stays as text and is told.

    `inputs` are the declared variables. With `has_roles` a line `user:` of the text opens a turn.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    text = without_tags if has_roles else literal
    try:
        nodes = parse(source)
    except ValueError as exc:
        losses.append(f"template: the Mustache cannot be read ({exc}), its tags stand as text")
        return text(source)
    return _Writer(nodes, losses, {item.name: item for item in inputs}, text).source()


# --- parsing ------------------------------------------------------------------------------------------------


def parse(source: str) -> tuple[Node, ...]:
    """The template's pieces; raises ValueError, in words, for tags and sections that do not close."""
    found: list[list[Node]] = [[]]
    opened: list[Tag] = []
    for part in _scan(source):
        if isinstance(part, str):
            found[-1].append(Node(text=part))
        elif part.kind in "#^<$":
            if len(opened) == MAX_DEPTH:
                raise ValueError(f"sections are nested more than {MAX_DEPTH} deep")
            opened.append(part)
            found.append([])
        elif part.kind == "/":
            if not opened or opened[-1].name != part.name:
                raise ValueError(f"{part.source[:60]} closes no open section")
            inside = tuple(found.pop())
            found[-1].append(Node(tag=opened.pop(), inside=inside, closing=part.source))
        else:
            found[-1].append(Node(tag=part))
    if opened:
        raise ValueError(f"{opened[-1].source[:60]} is never closed")
    return tuple(found[0])


def _scan(source: str) -> Iterable[str | Tag]:
    """Texts and tags in order, without comments and changes of the delimiters."""
    left, right, position, text, seen = "{{", "}}", 0, "", 0
    while (start := source.find(left, position)) >= 0:
        seen += 1
        if seen > MAX_TAGS:
            raise ValueError(f"there are more than {MAX_TAGS:,} tags")
        text += source[position:start]
        inner = start + len(left)
        if sigil := re.compile(r"\s+(?=[#^/!>&])").match(source, inner):
            inner = sigil.end()
        kind = source[inner : inner + 1]
        close = {"{": "}" + right, "=": "=" + right}.get(kind, right)
        if kind == "{" and left != "{{":
            close = right
        end = source.find(close, inner)
        if end < 0:
            raise ValueError(f"{source[start : start + 20]!r} is never closed")
        body, after = source[inner:end], end + len(close)
        kind = kind if kind and kind in "#^/!>=&{<$" else ""
        name = body[len(kind) :].strip()
        indent = ""
        line = source[source.rfind("\n", 0, start) + 1 : start]
        rest = re.compile(r"[ \t]*(?:\n|\Z)").match(source, after)
        if kind and kind in _ALONE and not line.strip(" \t") and rest:
            indent, text, position = line, text[: len(text) - len(line)], rest.end()
        else:
            position = after
        if kind == "=":
            marks = name.split()
            if len(marks) != 2 or "=" in name:
                raise ValueError(f"{source[start:after][:60]} names no two delimiters")
            left, right = marks
        elif kind != "!":
            if text:
                yield text
            text = ""
            yield Tag("&" if kind in ("", "&", "{") else kind, name, source[start:after], indent)
    if text := text + source[position:]:
        yield text


# --- writing ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Writer:
    """One template on its way to Jinja2: the open sections, the names it has given, the losses."""

    nodes: tuple[Node, ...]
    losses: list[str]
    inputs: Mapping[str, Input]
    text: Callable[[str], str]
    frames: list[Frame] = field(default_factory=list)
    ours: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)

    def source(self) -> str:
        """The whole template."""
        self.outside = set(self.inputs) | {
            node.tag.name.partition(".")[0] for node in self.nodes if node.tag is not None
        }
        self.taken = set(self.inputs) | set(_words(self.nodes))
        return self._all(self.nodes)

    def _all(self, nodes: Iterable[Node]) -> str:
        whole = ""
        for node in nodes:
            # A text that ends with a brace would make one tag of it and the next.
            if node.tag is not None and whole.endswith("{"):
                whole = whole[:-1] + "{{ '{' }}"
            whole += self.text(node.text) if node.tag is None else self._tag(node, node.tag)
        return whole

    def _tag(self, node: Node, tag: Tag) -> str:
        value = self._value(tag.name) if tag.kind in ("&", "#", "^") else ""
        if tag.kind == "&" and value:
            return f"{{{{ {value} }}}}"
        if tag.kind == "^" and value:
            return f"{{% if not {_bracketed(value)} %}}{self._all(node.inside)}{{% endif %}}"
        if tag.kind == "#" and value:
            return self._section(node, tag, value)
        if tag.kind == ">" and re.fullmatch(r"[^\"\\{}%*\n]+", tag.name):
            if tag.indent:
                self.losses.append(f"template: {tag.source} is put in without its indentation")
            return f'{{% include "{tag.name}" %}}'
        self.losses.append(f"template: {tag.source[:60]} has no equal here, it stands as text")
        return self.text(tag.source) + self._all(node.inside) + self.text(node.closing)

    def _section(self, node: Node, tag: Tag, value: str) -> str:
        """What a section does with its value; the test of what that is where nobody declares it."""
        declared = self.inputs.get(tag.name) if not self.frames else None
        kind = "" if declared is None else str(declared.kind)
        example = None if declared is None else _first(declared.example, declared.default)
        if kind in ("boolean", "number", "choice") or isinstance(example, bool | int | float):
            return self._once(node, value, frozenset())
        if isinstance(example, dict):
            return self._once(node, value, frozenset(map(str, example)))
        if isinstance(example, str) and kind in ("text", "long_text"):
            return self._once(node, value, frozenset())
        item = variable_name(_singular(tag.name), self.taken)
        self.taken.add(item)
        if isinstance(example, list | tuple) or kind in ("examples", "list"):
            rows = example if isinstance(example, list | tuple) else ()
            return self._loop(node, item, value, _fields(rows))
        before, name = "", value
        if not NAME.fullmatch(value):  # said once, for it is asked three times
            name = variable_name(f"{item}_rows", self.taken)
            self.taken.add(name)
            before = f"{{% set {name} = {value} %}}"
        lone = f"{name} is string or {name} is mapping or {name} is not iterable"
        return before + self._loop(node, item, f"([{name}] if {lone} else {name}) if {name}", None)

    def _once(self, node: Node, value: str, fields: frozenset[str]) -> str:
        return f"{{% if {value} %}}{self._inside(node, Frame(value, fields))}{{% endif %}}"

    def _loop(self, node: Node, item: str, rows: str, fields: frozenset[str] | None) -> str:
        return f"{{% for {item} in {rows} %}}{self._inside(node, Frame(item, fields))}{{% endfor %}}"

    def _inside(self, node: Node, frame: Frame) -> str:
        self.frames.append(frame)
        inside = self._all(node.inside)
        self.frames.pop()
        opens_a_turn = self.text is without_tags and ROLE_LINE.match(inside)
        return f"\n{inside}" if opens_a_turn else inside

    def _value(self, name: str) -> str:
        """The Jinja2 expression of a name: looked up in the open sections, the innermost first; empty for none."""
        if name == ".":
            return self.frames[-1].item if self.frames else ""
        first, *rest = name.split(".")
        if not all(_NAME.fullmatch(part) for part in (first, *rest)):
            return ""
        value = self._variable(first) + _path(rest)
        if first not in self.outside:
            value += " | default('')"
        for frame in self.frames:
            here = frame.item + _path([first, *rest])
            if frame.fields is None:
                is_there = (
                    f"{frame.item} is mapping and {json.dumps(first, ensure_ascii=False)} in {frame.item}"
                )
                value = f"{here} if {is_there} else {value}"
            elif first in frame.fields:
                value = here
        return value

    def _variable(self, foreign: str) -> str:
        if foreign not in self.ours:
            self.ours[foreign] = variable_name(foreign, self.ours.values())
            if self.ours[foreign] != foreign:
                self.losses.append(f"variable {foreign[:60]!r}: named {self.ours[foreign]} here")
        return self.ours[foreign]


def _words(nodes: Iterable[Node]) -> Iterable[str]:
    """Every part of every name in the template."""
    for node in nodes:
        if node.tag is not None:
            yield from node.tag.name.split(".")
            yield from _words(node.inside)


def _first(*values: object) -> object:
    return next((value for value in values if value is not None), None)


def _fields(rows: Sequence[object]) -> frozenset[str] | None:
    """The fields of the rows of a list; None where it has no rows to tell."""
    if not rows:
        return None
    return frozenset(str(key) for row in rows if isinstance(row, dict) for key in row)


def _singular(name: str) -> str:
    """What one of them is called: "items" → "item"."""
    word = re.sub(r"\W+", "_", name.rpartition(".")[2]) or "item"
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith("ss") else f"{word}_item"


def _path(parts: Iterable[str]) -> str:
    """`.name` for each part, in brackets where that would be a method or no name."""
    path = ""
    for part in parts:
        is_plain = NAME.fullmatch(part) and part not in RESERVED and jinja_path(f"x.{part}") == f"x.{part}"
        path += f".{part}" if is_plain else f"[{json.dumps(part, ensure_ascii=False)}]"
    return path


def _bracketed(value: str) -> str:
    return value if NAME.fullmatch(value) else f"({value})"
