"""Jinja2 expressions as Handlebars, the way back of handlebars_terms.py; everything else is Beyond.

order | json(2)                   json order indent=2
prices[item] | default            lookup prices item
tone == "kind"                    ifEquals tone "kind"
prices.items()                    prices, an object
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from playground.formats.plain_jinja import NAME, Beyond
from playground.templating.expressions import Expr, expression, given_with

ToPath = Callable[[str, list[str]], str]
"""A variable and the names of fields after it → a Handlebars path; raises Beyond."""
_OPPOSITE = {"if": "unless", "ifEquals": "unlessEquals", "unlessEquals": "ifEquals"}
_EMPTY = (Expr("list"), Expr("object"), Expr("const", value=None), Expr("const", value=""))


@dataclass(frozen=True, slots=True)
class Variables:
    """What is known of the variables: the booleans among them, all that are declared.

    `original` are names that a variable has in Handlebars only: "first-name", "@auth".
    """

    booleans: frozenset[str] = frozenset()
    declared: frozenset[str] = frozenset()
    original: Mapping[str, str] = field(default_factory=dict)


class Head(NamedTuple):
    """The helper and the words of a block: ("ifEquals", 'tone "kind"')."""

    helper: str
    words: str


def segment(name: str) -> str:
    """A part of a path; in brackets where it is no plain name."""
    if "]" in name:
        raise Beyond(f"a name with a bracket, {name[:60]}")
    return name if NAME.fullmatch(name) else f"[{name}]"


class Back:
    """Expressions of one turn, with paths by `to_path`. Each method raises Beyond for what Handlebars cannot say."""

    def __init__(self, to_path: ToPath, variables: Variables) -> None:
        self.to_path, self.variables = to_path, variables

    def printed(self, source: str) -> str:
        """What a tag holds to print the value."""
        node = expression(source)
        if node.kind == "choice":
            node = _flag(node, source)
        if node.kind == "filter":
            inner = _without_default(node.parts[0])
            is_flag = inner.name in self.variables.booleans if inner.kind == "name" else _is_loop_flag(inner)
            is_list = node.name == "join" and node.parts[1:] == (Expr("const", value=","),)
            if is_list or (node.name == "tojson" and is_flag and not node.parts[1:]):
                node = node.parts[0]
        if node.kind == "const":
            raise _beyond(source)  # there it would be a name
        found = self._parameter(node, source)
        return found[1:-1] if found.startswith("(") else found

    def condition(self, source: str) -> Head:
        """The block that shows its body when the condition holds."""
        return self._condition(expression(source), source)

    def over(self, source: str) -> str:
        """What a loop runs over; `prices.items()` is `prices`."""
        node = expression(source)
        if node.kind == "call" and node.parts[0].kind == "field" and node.parts[0].name == "items":
            if node.parts[1:]:
                raise _beyond(source)
            node = node.parts[0].parts[0]
        return self._parameter(node, source)

    def options(self, tag: str) -> str:
        """The words after a partial's name for `{% with a = x, b = 1 %}`: `a=x b=1`."""
        pairs = given_with(tag)
        if not pairs:
            raise Beyond(tag[:60])
        return " ".join(f"{name}={self._parameter(value, tag)}" for name, value in pairs)

    # --- inside ------------------------------------------------------------------------------------------

    def _parameter(self, node: Expr, source: str) -> str:
        node = _without_default(node)
        if node.kind == "const":
            return _literal(node.value, source)
        if node.kind == "filter" and node.name == "json":
            inner = self._parameter(node.parts[0], source)
            if not node.parts[1:]:
                return f"(json {inner})"
            indent = node.parts[1]
            if len(node.parts) > 2 or type(indent.value) is not int:
                raise _beyond(source)
            return f"(json {inner} indent={indent.value})"
        if node.kind == "filter" and node.name == "length" and not node.parts[1:]:
            inner = self._parameter(node.parts[0], source)
            if inner.startswith("("):
                raise _beyond(source)
            return f"{inner}.length"
        if node.kind == "item" and node.parts[1].kind != "const":
            base, key = (self._parameter(part, source) for part in node.parts)
            return f"(lookup {base} {key})"
        if self._is_everything(node):
            return self.to_path("", [])
        return self.to_path(*_path(node, source))

    def _condition(self, node: Expr, source: str) -> Head:
        def text(part: Expr) -> str:
            return self._parameter(part, source)

        if node.kind == "not":
            inner = self._condition(node.parts[0], source)
            return Head(_OPPOSITE.get(inner.helper, "if"), inner.words)
        if node.kind == "and":
            return Head("ifEquals", self._guarded(node, source))
        if node.kind == "or":
            left, right = node.parts
            if right == Expr("test", "mapping", parts=(left,)):
                return Head("if", text(left))
            if right.kind == "and" and self._guarded(right, source) == f"{text(left)} 0":
                return Head("if", f"{text(left)} includeZero=true")
            raise _beyond(source)
        if node.kind == "compare":
            helper = {"eq": "ifEquals", "ne": "unlessEquals"}.get(node.name)
            if helper is None or any(map(_is_zero_or_one, node.parts)):  # True == 1 in Jinja2
                raise _beyond(source)
            return Head(helper, " ".join(map(text, node.parts)))
        if node.kind == "test":
            return Head("ifEquals", f"{text(node.parts[0])} {_tested(node, source)}")
        return Head("if", text(node))

    def _guarded(self, node: Expr, source: str) -> str:
        """The two sides of `a == b and (a is boolean) == (b is boolean)` or `a == 1 and a is not boolean`."""
        equal, guard = node.parts
        if equal.kind == "compare" and equal.name == "eq":
            left, right = equal.parts
            is_left, is_right = (Expr("test", "boolean", parts=(side,)) for side in equal.parts)
            is_number = guard == Expr("not", parts=(is_left,)) and _is_zero_or_one(right)
            if is_number or guard == Expr("compare", "eq", parts=(is_left, is_right)):
                return f"{self._parameter(left, source)} {self._parameter(right, source)}"
        raise _beyond(source)

    def _is_everything(self, node: Expr) -> bool:
        """`all_inputs()`, or an object of all declared variables by their names."""
        if node == Expr("call", parts=(Expr("name", "all_inputs"),)):
            return True
        pairs = list(zip(node.parts[::2], node.parts[1::2], strict=False))
        names = {key.value for key, value in pairs if value.kind == "name" and key.value == value.name}
        is_object = node.kind == "object" and bool(pairs)
        return is_object and len(names) == len(pairs) and names == self.variables.declared


def _beyond(source: str) -> Beyond:
    return Beyond(f"{{{{ {source[:60]} }}}}")


def _path(node: Expr, source: str) -> tuple[str, list[str]]:
    """The variable and the fields of a path; raises Beyond."""
    fields: list[str] = []
    while node.kind in ("field", "item"):
        if node.kind == "field":
            fields.insert(0, node.name)
        else:
            key = node.parts[1]
            if key.kind != "const" or type(key.value) not in (str, int) or key.value in ("", "length"):
                raise _beyond(source)
            fields.insert(0, str(key.value))
        node = _without_default(node.parts[0])
    if node.kind != "name":
        raise _beyond(source)
    return node.name, fields


def _tested(node: Expr, source: str) -> str:
    """What `is none`, `is undefined` and `is sameas true` compare with."""
    arguments = node.parts[1:]
    if node.name in ("none", "undefined") and not arguments:
        return {"none": "null", "undefined": "undefined"}[node.name]
    if node.name == "sameas" and len(arguments) == 1 and isinstance(arguments[0].value, bool):
        return str(arguments[0].value).lower()
    raise _beyond(source)


def _is_zero_or_one(node: Expr) -> bool:
    return node.kind == "const" and type(node.value) in (int, float) and node.value in (0, 1)


def _without_default(node: Expr) -> Expr:
    """The value without `| default`, which Handlebars does not need; not with a text of its own."""
    while node.kind == "filter" and node.name in ("default", "d"):
        if node.parts[1:] and node.parts[1] not in _EMPTY:
            break
        node = node.parts[0]
    return node


def _flag(node: Expr, source: str) -> Expr:
    """The field of `field | tojson if field is boolean else ""`."""
    shown, test, other = node.parts
    is_shown = shown.kind == "filter" and shown.name == "tojson" and other == Expr("const", value="")
    if is_shown and test == Expr("test", "boolean", parts=shown.parts):
        return shown.parts[0]
    raise _beyond(source)


def _is_loop_flag(node: Expr) -> bool:
    return node in [Expr("field", name, parts=(Expr("name", "loop"),)) for name in ("first", "last")]


def _literal(value: object, source: str) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        quote = '"' if '"' not in value else "'"
        if quote in value or re.search(r"[\\{}\n]", value):
            raise _beyond(source)
        return quote + value + quote
    if isinstance(value, int | float):
        return json.dumps(value)
    raise _beyond(source)
