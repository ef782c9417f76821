"""What a Handlebars name stands for, as a Jinja2 expression: variables, fields, loops, `@` names.

    {{#each orders as |order|}}{{order.id}} {{../city}} {{@index}} {{@user.name}}{{/each}}
    → order.id    city    loop.index0    user.name | default

A name that Jinja2 cannot have (`first-name`, `loop`) gets another one. What the front matter says of the inputs
tells lists from objects, and what may be missing from what is always there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from playground.formats.handlebars_tree import Path
from playground.formats.plain_jinja import METHODS, NAME, RESERVED

ALL = "all_inputs()"
"""Every value that the prompt is given: `this` where nothing is declared (templating/sandbox.py)."""

HELPERS = frozenset(
    ("if", "unless", "each", "with", "log", "lookup", "role", "history", "media", "section", "json", "else")
) | {"ifEquals", "unlessEquals"}


class Lost(ValueError):
    """A tag says what Jinja2 cannot say here; the text is why."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside a body: the JSON schema of its inputs, their default values, partials by name."""

    schema: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    partials: Mapping[str, str] = field(default_factory=dict)


class Ref(NamedTuple):
    """A Jinja2 expression, the JSON schema of its value (None: not known), and whether it is surely there.

    `may_lack` when something says that it may be missing: then it prints as nothing.
    """

    source: str
    schema: Mapping[str, Any] | None = None
    is_sure: bool = True
    may_lack: bool = False

    @property
    def kind(self) -> str:
        """The JSON schema type, without null; nothing when it is not known."""
        kinds = (self.schema or {}).get("type", "")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        kinds = [kind for kind in kinds if kind != "null"] if isinstance(kinds, list) else []
        return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], str) else ""


@dataclass(slots=True)
class Loop:
    """A loop of the template: the names of its item and, over an object, of its key; `alias` from inner loops."""

    item: str
    key: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What `this` is: a Ref, the loop that gives it, and names for it. Not `is_own` when `../` looks past it."""

    this: Ref
    loop: Loop | None = None
    names: Mapping[str, Ref] = field(default_factory=dict)
    is_own: bool = True


class Names:
    """The names of one body. `renamed` and `context` tell what a variable was called, and which came from `@`."""

    def __init__(self, known: Known, words: set[str], used: set[str]) -> None:
        self.known, self.words, self.used = known, words, used
        self.renamed: dict[str, str] = {}
        self.context: dict[str, str] = {}
        properties = known.schema.get("properties")
        self.declared: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
        self.root = Scope(Ref(""))

    def find(self, path: Path, scopes: Sequence[Scope]) -> Ref:
        """The expression of a path; raises Lost."""
        if path.is_data:
            return self._data(path, scopes)
        inner = list(scopes)
        for _ in range(path.up):
            while inner and not inner[-1].is_own:
                inner.pop()
            if not inner:
                raise Lost("reaches out of the prompt")
            inner.pop()
        if path.parts and not path.explicit:
            for scope in reversed(scopes):
                if path.parts[0] in scope.names:
                    return self._fields(scope.names[path.parts[0]], path.parts[1:])
        this = inner[-1].this if inner else Ref("")
        if this.source:
            return self._fields(this, path.parts)
        if not path.parts:
            return self._everything()
        return self._fields(self.variable(path.parts[0]), path.parts[1:])

    def variable(self, name: str) -> Ref:
        """A variable of the prompt."""
        schema = self.declared.get(name)
        if not isinstance(schema, dict):
            schema = _guessed(self.known.defaults.get(name))
        return Ref(self._named(name), schema)

    def fresh(self, wanted: str) -> str:
        """A name for something new that nothing else in the template has."""
        name, number = wanted, 1
        while name in self.words or name in RESERVED:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def _named(self, name: str) -> str:
        if NAME.fullmatch(name) and name not in RESERVED:
            return name
        if name not in self.renamed:
            safe = re.sub(r"\W", "_", name)
            safe = safe if safe[:1].isalpha() or safe[:1] == "_" else f"_{safe}"
            self.renamed[name] = self.fresh(safe if safe not in RESERVED else f"{safe}_")
            self.words.add(self.renamed[name])
        return self.renamed[name]

    def _everything(self) -> Ref:
        """All inputs as one object: the declared ones, else whatever is given."""
        rows = (f"{quoted(name)}: {self.variable(name).source}" for name in self.declared)
        source = "{" + ", ".join(rows) + "}" if self.declared else ALL
        return Ref(source, {"type": "object", "properties": dict(self.declared)})

    def _fields(self, ref: Ref, parts: Sequence[str]) -> Ref:
        for number, part in enumerate(parts):
            if part == "length" and number + 1 == len(parts) and ref.kind != "object":
                given = f"({ref.source} | default([]))" if ref.may_lack else ref.source
                return Ref(f"{given} | length", {"type": "integer"})
            ref = _field(ref, part)
        return ref

    def _data(self, path: Path, scopes: Sequence[Scope]) -> Ref:
        name, *rest = path.parts or ("",)
        if name == "root" and not path.up:
            return self.find(Path(tuple(rest), explicit=True), [])
        loops = [scope.loop for scope in scopes if scope.loop is not None]
        if name in ("index", "first", "last", "key") and not rest:
            if path.up >= len(loops):
                raise Lost("stands outside a loop")
            loop = loops[-1 - path.up]
            if name == "key" and loop.key:
                return Ref(loop.key, {"type": "string"})
            if path.up and not loop.alias:
                loop.alias = self.fresh(f"{loop.item}_loop")
            field_ = {"first": "first", "last": "last"}.get(name, "index0")
            kind = "boolean" if name in ("first", "last") else "integer"
            return Ref(f"{loop.alias if path.up else 'loop'}.{field_}", {"type": kind})
        if path.up or not name or name == "partial-block":
            raise Lost("does not convert")
        if name not in self.context:
            self.context[name] = self.fresh(f"context_{name}") if name in self.used else self._named(name)
            self.words.add(self.context[name])
        ref = Ref(self.context[name], may_lack=False)
        for part in rest:
            ref = _field(ref, part)._replace(is_sure=False, may_lack=True)
        return ref


def quoted(text: str) -> str:
    """The text as a Jinja2 string."""
    return json.dumps(text, ensure_ascii=False)


def _field(ref: Ref, part: str) -> Ref:
    """A field of a value, or an item of a list by its number."""
    schema = ref.schema or {}
    base = f"({ref.source} | default({{}}))" if ref.may_lack else ref.source
    if not base.startswith("(") and not re.fullmatch(r"[\w.\[\]'\"()]+", base):
        base = f"({base})"
    if part.isdecimal() and ref.kind != "object":
        items = schema.get("items")
        return Ref(f"{base}[{int(part)}]", items if isinstance(items, dict) else None, False, ref.may_lack)
    properties = schema.get("properties")
    inner = properties.get(part) if isinstance(properties, dict) else None
    required = schema.get("required")
    is_sure = ref.is_sure and isinstance(required, list) and part in required
    may_lack = ref.may_lack or (isinstance(inner, dict) and not is_sure)
    source = f"{base}.{part}" if NAME.fullmatch(part) else f"{base}[{quoted(part)}]"
    if part in METHODS:
        source = f"{base}['{part}']"
    return Ref(source, inner if isinstance(inner, dict) else None, is_sure, may_lack)


def _guessed(value: Any) -> dict[str, Any] | None:
    """The kind of value that a default tells."""
    kinds: dict[type, str] = {dict: "object", list: "array", bool: "boolean", str: "string"}
    return {"type": kinds[type(value)]} if type(value) in kinds else None


def loop_name(path: str) -> str:
    """What an item of a list is called: shots → shot, queries → query, evidence → item."""
    last = re.split(r"[.\[]", path)[-1].strip("]'\"")
    if last.endswith("ies") and len(last) > 3:
        return last[:-3] + "y"
    return last[:-1] if last.endswith("s") and not last.endswith("ss") and len(last) > 1 else "item"
