"""What of a JSON schema (Draft 2020-12) can be held while an answer is written: llguidance's part of it. Runs in the child.

    held_part({"type": "array", "items": {"type": "integer"}, "uniqueItems": True})
    → Held(schema={"type": "array", "items": {"type": "integer"}}, not_held=["uniqueItems"])

The part never allows more than the schema does, but for the keywords in `not_held`. It may allow less: keys that an object does
not list are left out where the schema says nothing about them, as other engines do, because small models never stop adding some.
What is no schema at all is refused with its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from playground.engine.schema.numbers import bounds, can_be_said
from playground.engine.schema.patterns import FORMATS, KNOWN_FORMATS, to_held
from playground.engine.schema.shapes import check_shapes, too_large, wrong
from playground.engine.schema.unions import are_apart
from playground.errors import BackendError

MOST_NODES = 20_000
MOST_PROPERTIES = 1000
DEEPEST = 64
MOST_LEVELS = 4000
"""Of all definitions together: llguidance follows them with one call inside the other, and the stack of its thread is bounded."""
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_FAMILIES = {
    "object": {"properties", "patternProperties", "additionalProperties", "required", "minProperties", "maxProperties"},
    "array": {"items", "prefixItems", "additionalItems", "minItems", "maxItems"},
    "string": {"minLength", "maxLength", "pattern"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}  # fmt: skip
_IN_PLACE = {"allOf", "anyOf", "oneOf", "$ref", "$dynamicRef", "$recursiveRef"}
_NEVER_HELD: dict[str, Callable[[Any, dict[str, Any]], bool]] = {
    "not": lambda value, _: value is not False,
    "if": lambda _, node: "then" in node or "else" in node,
    "contains": lambda _, __: True,
    "uniqueItems": lambda value, node: value is not False and node.get("maxItems", 2) > 1,
    "propertyNames": lambda value, _: value is not True and value != {},
    "dependentRequired": lambda value, _: bool(value),
    "dependentSchemas": lambda value, _: bool(value),
    "dependencies": lambda value, _: bool(value),
}  # fmt: skip
_ASSERTING = {"type", "enum", "const", "format", *set().union(*_FAMILIES.values()), *_NEVER_HELD, *_IN_PLACE}
_ASSERTING |= {"unevaluatedProperties", "unevaluatedItems"}


class Held(NamedTuple):
    """A schema of llguidance's part, with every `$ref` into its `$defs`; and the keywords that are not in it."""

    schema: dict[str, Any] | bool
    not_held: list[str]


@dataclass(frozen=True, slots=True)
class Place:
    """A subschema with the way to it; `whole` when nothing else is said about the same values."""

    node: Any
    path: str
    resolver: Any
    whole: bool
    depth: int = 0

    def inside(self, node: Any, *steps: str, whole: bool) -> Place:
        """A subschema of this one."""
        path = "/".join((self.path, *(step.replace("~", "~0").replace("/", "~1") for step in steps)))
        return Place(node, path, self.resolver, whole, self.depth + 1)


def held_part(
    schema: Any, without: frozenset[str] = frozenset(), holds: Callable[[str], bool] = lambda _: True
) -> Held:
    """The part to hold; raises BackendError with the place of what is no schema.

    `without` names keywords that turned out to be too much; `holds` tells whether llguidance takes a pattern.
    """
    resource: Resource[Any] = Resource.from_contents(schema, default_specification=DRAFT202012)
    try:
        registry: Registry[Any] = Registry()
        resolver = registry.resolver_with_root(resource)
        translation = _Translation(without, holds, _dynamic_anchors(schema))
        root = translation.of(Place(schema, "#", resolver, whole=True))
        definitions = translation.definitions()
    except RecursionError as exc:
        raise too_large("is nested too deeply", f"Nest it at most {DEEPEST} deep.") from exc
    if isinstance(root, dict) and definitions:
        root = {"$defs": definitions, **root}
    return Held(root, sorted(translation.not_held))


@dataclass(slots=True)
class _Translation:
    without: frozenset[str]
    holds: Callable[[str], bool]
    anchors: Mapping[str, int]
    not_held: set[str] = field(default_factory=set)
    _count: int = 0
    _deepest: int = 0
    _names: dict[tuple[int, bool], str] = field(default_factory=dict)
    _queue: deque[tuple[str, Place]] = field(default_factory=deque)
    _kept: list[Any] = field(default_factory=list)  # so that no id in `_names` is given to another object

    def definitions(self) -> dict[str, Any]:
        """Everything that references lead to."""
        found: dict[str, Any] = {}
        levels = 0
        while self._queue:
            self._deepest = 0
            name, place = self._queue.popleft()
            found[name] = self.of(place)
            levels += self._deepest + 1
            if levels > MOST_LEVELS:
                raise too_large("has too many definitions inside one another", "Make it smaller.")
        return found

    def of(self, place: Place) -> dict[str, Any] | bool:
        """A subschema's part."""
        node = place.node
        self._count += 1
        self._deepest = max(self._deepest, place.depth)
        if self._count > MOST_NODES:
            raise too_large(f"has more than {MOST_NODES:,} subschemas", "Make it smaller.")
        if place.depth > DEEPEST:
            raise too_large(
                f"is nested more than {DEEPEST} deep", "Make it flatter, or give parts of it names in $defs."
            )
        if isinstance(node, bool):
            return node
        if not isinstance(node, dict):
            raise wrong(place.path, "a schema is an object, true or false", node)
        check_shapes(place.path, node)
        if "$id" in node and place.depth:
            inside: Resource[Any] = Resource.from_contents(node, default_specification=DRAFT202012)
            place = replace(place, resolver=place.resolver.in_subresource(inside))
        for keyword, counts in _NEVER_HELD.items():
            if keyword in node and counts(node[keyword], node):
                self.not_held.add(keyword)
        types = self._types(place)
        found: dict[str, Any] = {} if types is None else {"type": types[0] if len(types) == 1 else types}
        extra: list[dict[str, Any] | bool] = []
        inner = place.whole and not _IN_PLACE & node.keys()
        for keyword in node:
            if keyword in ("enum", "const"):
                self._values(keyword, node, found)
            elif keyword in ("minLength", "maxLength", "minItems", "maxItems"):
                found[keyword] = int(node[keyword])
            elif keyword == "pattern":
                self._pattern(node["pattern"], found, extra)
            elif keyword == "format":
                self._format(node["format"], types, found, extra)
            elif keyword in _IN_PLACE:
                self._in_place(keyword, place, found, extra)
        self._numbers(types, node, found)
        self._array(place, inner, found)
        self._object(place, inner, types, found)
        if extra:
            found["allOf"] = [*found.get("allOf", []), *extra]
        return found

    def _types(self, place: Place) -> list[str] | None:
        """The types that a subschema names, or that its keywords mean when nothing else is said of the value."""
        named = place.node.get("type")
        if named is not None:
            types = [named] if isinstance(named, str) else list(named)
            for name in types:
                if name not in TYPES:
                    hint = f"Types are {', '.join(TYPES)}."
                    raise BackendError(
                        f'In the JSON schema, "{name}" at {place.path}/type is not a type.', hint
                    )
            return types
        asserting = _ASSERTING & place.node.keys()
        family = [name for name, words in _FAMILIES.items() if asserting & words]
        if (
            place.whole
            and len(family) == 1
            and asserting <= _FAMILIES[family[0]] | set(_NEVER_HELD) | {"format"}
        ):
            return family
        return None

    def _values(self, keyword: str, node: dict[str, Any], found: dict[str, Any]) -> None:
        values = node["enum"] if keyword == "enum" else [node["const"]]
        kept = [value for value in values if can_be_said(value)]
        if len(kept) < len(values):
            self.not_held.add(keyword)
        if kept or not values:
            found[keyword] = kept if keyword == "enum" else kept[0]

    def _pattern(self, pattern: str, found: dict[str, Any], extra: list[Any]) -> None:
        held = to_held(pattern)
        if held is None or "pattern" in self.without or not self.holds(held):
            self.not_held.add("pattern")
        elif "pattern" in found:
            extra.append({"pattern": held})
        else:
            found["pattern"] = held

    def _format(self, name: str, types: list[str] | None, found: dict[str, Any], extra: list[Any]) -> None:
        if types is not None and "string" not in types and name in FORMATS.keys() | KNOWN_FORMATS:
            return  # says nothing about other types
        if name in FORMATS:
            if "pattern" in found:
                extra.append({"pattern": FORMATS[name]})
            else:
                found["pattern"] = FORMATS[name]
        elif name in KNOWN_FORMATS:
            found["format"] = name
        else:
            self.not_held.add(f"format {name[:40]}")

    def _numbers(self, types: list[str] | None, node: dict[str, Any], found: dict[str, Any]) -> None:
        held, lost = bounds(node, whole_numbers=types is not None and "number" not in types)
        found.update(held)
        self.not_held |= lost

    def _array(self, place: Place, inner: bool, found: dict[str, Any]) -> None:
        node = place.node
        first, rest, rest_name = node.get("prefixItems"), node.get("items"), "items"
        if isinstance(rest, list):  # as drafts before 2020-12 wrote it
            first, first_name, rest, rest_name = rest, "items", node.get("additionalItems"), "additionalItems"
        else:
            first_name = "prefixItems"
        if rest is None and "unevaluatedItems" in node:
            if _IN_PLACE & node.keys() or "contains" in node:
                self.not_held.add("unevaluatedItems")
            else:
                rest, rest_name = node["unevaluatedItems"], "unevaluatedItems"
        if first is not None:
            parts = enumerate(first)
            found["prefixItems"] = [
                self.of(place.inside(part, first_name, str(i), whole=inner)) for i, part in parts
            ]
        if rest is not None:
            found["items"] = self.of(place.inside(rest, rest_name, whole=inner))

    def _object(self, place: Place, inner: bool, types: list[str] | None, found: dict[str, Any]) -> None:
        node = place.node
        listed: dict[str, Any] = node.get("properties", {})
        if len(listed) > MOST_PROPERTIES:
            raise too_large(
                f"lists {len(listed):,} properties in one object", f"List at most {MOST_PROPERTIES:,}."
            )
        required = list(dict.fromkeys(node.get("required", ())))
        patterns = self._pattern_properties(place, inner)
        others = node.get("additionalProperties")
        others_name = "additionalProperties"
        if others is None and "unevaluatedProperties" in node:
            if _IN_PLACE & node.keys() or "if" in node or "dependentSchemas" in node:
                self.not_held.add("unevaluatedProperties")
            else:
                others, others_name = node["unevaluatedProperties"], "unevaluatedProperties"
        properties = {
            name: self.of(place.inside(value, "properties", name, whole=inner))
            for name, value in listed.items()
        }
        if inner and listed and others is None and not node.get("patternProperties"):
            for name in required:
                properties.setdefault(name, True)
            if node.get("minProperties", 0) <= len(properties):
                found["additionalProperties"] = False
        elif others is not None:
            found["additionalProperties"] = self.of(place.inside(others, others_name, whole=inner))
        if properties:
            found["properties"] = properties
        if patterns:
            found["patternProperties"] = patterns
        if required:
            found["required"] = required
        self._counts(node, required, properties, found)

    def _pattern_properties(self, place: Place, inner: bool) -> dict[str, Any]:
        held: dict[str, Any] = {}
        for pattern, value in place.node.get("patternProperties", {}).items():
            key = to_held(pattern)
            if key is None or "patternProperties" in self.without or not self.holds(key) or key in held:
                self.not_held.add("patternProperties")
            else:
                held[key] = self.of(place.inside(value, "patternProperties", pattern, whole=inner))
        return held

    def _counts(
        self, node: dict[str, Any], required: list[str], properties: dict[str, Any], found: dict[str, Any]
    ) -> None:
        """How many keys: held where llguidance can, and where it follows from the rest."""
        least, most = node.get("minProperties", 0), node.get("maxProperties")
        closed = found.get("additionalProperties") is False and "patternProperties" not in found
        if least > len(required):
            # a key may be written twice, and then counts once
            if (least == 1 or (closed and len(properties) < least)) and "minProperties" not in self.without:
                found["minProperties"] = int(least)
            else:
                self.not_held.add("minProperties")
        if most is not None and not (closed and len(properties) <= most):
            if "maxProperties" in self.without:
                self.not_held.add("maxProperties")
            else:
                found["maxProperties"] = int(most)

    def _in_place(self, keyword: str, place: Place, found: dict[str, Any], extra: list[Any]) -> None:
        node = place.node
        alone = place.whole and len(_ASSERTING & node.keys()) == 1
        if keyword.endswith(("Ref", "ref")):
            reference = self._reference(keyword, place, alone)
            if reference is None:
                return
            if "$ref" in self.without and len(_ASSERTING & node.keys()) > 1:
                self.not_held.add(keyword)
            elif "$ref" in found:
                extra.append(reference)
            else:
                found.update(reference)
            return
        options = node[keyword]
        apart = (
            keyword == "oneOf" and len(options) > 1 and are_apart([self._followed(place, o) for o in options])
        )
        whole = alone and (keyword == "anyOf" or apart or len(options) == 1)
        parts = [
            self.of(place.inside(option, keyword, str(i), whole=whole)) for i, option in enumerate(options)
        ]
        name = "anyOf" if apart else keyword
        if name in found:
            extra.append({name: parts})
        else:
            found[name] = parts

    def _followed(self, place: Place, node: Any) -> Any:
        """A subschema, or what it refers to when it says nothing else."""
        for _ in range(8):
            if (
                not (isinstance(node, dict) and isinstance(node.get("$ref"), str))
                or len(_ASSERTING & node.keys()) > 1
            ):
                return node
            try:
                node = place.resolver.lookup(node["$ref"]).contents
            except (Unresolvable, ValueError):
                return node
        return {}

    def _reference(self, keyword: str, place: Place, alone: bool) -> dict[str, Any] | None:
        """The reference into our own `$defs`; None when it cannot be held."""
        written = place.node[keyword]
        if keyword != "$ref" and self.anchors.get(written.rpartition("#")[2], 0) > 1:
            self.not_held.add(keyword)
            return None
        try:
            target = place.resolver.lookup(written)
        except (Unresolvable, ValueError) as exc:
            where = "leads nowhere" if written.startswith("#") else "leads out of the schema"
            hint = "Put what it means under $defs, and refer to it as #/$defs/name."
            raise BackendError(
                f'In the JSON schema, the reference "{written[:200]}" at {place.path} {where}.', hint
            ) from exc
        key = (id(target.contents), alone)
        if key not in self._names or isinstance(target.contents, bool):
            self._names[key] = f"d{len(self._kept)}"
            self._kept.append(target.contents)
            self._queue.append((self._names[key], Place(target.contents, written, target.resolver, alone)))
        return {"$ref": f"#/$defs/{self._names[key]}"}


def _dynamic_anchors(schema: Any) -> dict[str, int]:
    """How often each dynamic anchor is set ("" for the old `$recursiveAnchor`); counted anywhere, which is never too few."""
    counts: dict[str, int] = {}
    stack = [schema]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            anchor = value.get("$dynamicAnchor")
            if isinstance(anchor, str):
                counts[anchor] = counts.get(anchor, 0) + 1
            if value.get("$recursiveAnchor") is True:
                counts[""] = counts.get("", 0) + 1
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    return counts
