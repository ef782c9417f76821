"""Handlebars expressions as Jinja2: what a tag prints, when a condition holds, what a loop runs over.

    {{json order indent=2}}          {{ order | json(2) }}
    {{lookup prices item}}           {{ prices[item] | default }}
    {{#ifEquals tone "kind"}}        {% if tone == "kind" %}
    {{#each prices}}{{@key}}…        {% for key, price in prices.items() %}

Equality is JavaScript's `===`: a number never equals a text, and neither true nor false a number. What Handlebars
takes for false (nothing, "", 0, false, an empty list) Jinja2 does too; it takes an empty object for true, which is
written out where the input is declared as a required object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from playground.formats.handlebars_names import Lost, Names, Ref, Scope, quoted
from playground.formats.handlebars_tree import Call, Expression, Literal, Path

EQUALITIES = ("ifEquals", "unlessEquals")
CONDITIONS = ("if", "unless", *EQUALITIES)


class Condition(NamedTuple):
    """A Jinja2 condition, and its opposite."""

    source: str
    opposite: str


class Expressions:
    """Expressions of one body, by its names."""

    def __init__(self, names: Names, losses: list[str]) -> None:
        self.names, self.losses = names, losses

    def ref(self, expression: Expression, scopes: Sequence[Scope]) -> Ref:
        """The Jinja2 expression of a parameter; raises Lost."""
        if isinstance(expression, Path):
            return self.names.find(expression, scopes)
        if isinstance(expression, Literal):
            return _literal(expression)
        if expression.is_bare:
            return self.ref(expression.head, scopes)
        if expression.name == "lookup" and len(expression.args) == 2 and not expression.options:
            return self._lookup(expression.args[0], expression.args[1], scopes)
        if expression.name == "json":
            return self.json(expression, scopes)
        raise Lost("does not convert")

    def _lookup(self, where: Expression, what: Expression, scopes: Sequence[Scope]) -> Ref:
        base, key = self.ref(where, scopes), self.ref(what, scopes)
        if isinstance(what, Literal) and isinstance(what.value, str | int) and isinstance(where, Path):
            parts = (*where.parts, str(what.value))
            return self.ref(Path(parts, where.up, where.is_data, where.explicit), scopes)._replace(
                is_sure=False, may_lack=True
            )
        items = (base.schema or {}).get("items")
        schema = items if isinstance(items, dict) else None
        # `| default` binds weaker than brackets.
        source = f"({base.source})" if " " in base.source else base.source
        return Ref(f"{source}[{key.source}]", schema, is_sure=False, may_lack=True)

    def json(self, call: Call, scopes: Sequence[Scope]) -> Ref:
        """The value as JavaScript writes it as JSON; raises Lost."""
        options = dict(call.options)
        indent = options.pop("indent", Literal(0))
        if len(call.args) != 1 or options or not isinstance(indent, Literal):
            raise Lost("does not convert")
        value = self.ref(call.args[0], scopes)
        steps = indent.value if type(indent.value) is int else 0
        source = f"({value.source})" if " | " in value.source else value.source
        source += f" | json({min(steps, 10)})" if steps > 0 else " | json"
        return Ref(source, {"type": "string"})

    # --- what is printed, tested, repeated ---------------------------------------------------------------

    def printed(self, ref: Ref) -> str:
        """What `{{ }}` holds to print the value as Handlebars does."""
        if ref.kind == "boolean":
            flag = f"{ref.source} | tojson"
            is_whole = ref.is_sure and "." not in ref.source or ref.source.startswith("loop.")
            return flag if is_whole else f'{flag} if {ref.source} is boolean else ""'
        if ref.kind == "array":
            given = f"{ref.source} | default([])" if ref.may_lack else ref.source
            return f'{given} | join(",")'
        return f"{ref.source} | default" if ref.may_lack else ref.source

    def condition(self, call: Call, scopes: Sequence[Scope]) -> Condition:
        """When a block of CONDITIONS shows its body; raises Lost."""
        args, options = call.args, dict(call.options)
        if call.name in EQUALITIES:
            if len(args) != 2 or options:
                raise Lost("needs two values")
            found = self._equal(args[0], args[1], scopes)
        else:
            zero = options.pop("includeZero", Literal(False))
            if len(args) != 1 or options or not isinstance(zero, Literal):
                raise Lost("does not convert")
            found = self.truth(self.ref(args[0], scopes), zero_counts=zero.value is True)
        return found if call.name in ("if", "ifEquals") else Condition(found.opposite, found.source)

    def truth(self, ref: Ref, *, zero_counts: bool = False) -> Condition:
        """When Handlebars takes the value for true."""
        source = f"{ref.source} | default" if _may_be_missing(ref) else ref.source
        if zero_counts:
            return _either(f"{source} or ({source}) == 0 and ({source}) is not boolean")
        if (ref.schema or {}).get("type") == "object" and ref.is_sure:
            return _either(f"{source} or {source} is mapping")
        return Condition(source, f"not {source}")

    def _equal(self, left: Expression, right: Expression, scopes: Sequence[Scope]) -> Condition:
        if isinstance(left, Literal):
            left, right = right, left
        ref, other = self.ref(left, scopes), self.ref(right, scopes)
        source = ref.source
        if isinstance(right, Literal):
            value = right.value
            if value is None:
                test = "undefined" if right.word == "undefined" else "none"
                return Condition(f"{source} is {test}", f"{source} is not {test}")
            if isinstance(value, bool):
                word = str(value).lower()
                return Condition(f"{source} is sameas {word}", f"{source} is not sameas {word}")
        if _may_be_missing(ref):
            is_text = isinstance(right, Literal) and right.value and isinstance(right.value, str)
            source += " | default" if is_text else " | default(none)"
        if isinstance(right, Literal):
            value = right.value
            if isinstance(value, str) or value not in (0, 1) or ref.kind in ("number", "integer"):
                return Condition(f"{source} == {other.source}", f"{source} != {other.source}")
            return _either(f"{source} == {other.source} and {source} is not boolean")
        with_ = f"{other.source} | default(none)" if _may_be_missing(other) else other.source
        if {ref.kind, other.kind} & {"string"} or ref.kind == other.kind != "":
            return Condition(f"{source} == {with_}", f"{source} != {with_}")
        # True == 1 in Python.
        return _either(f"{source} == {with_} and ({source} is boolean) == ({with_} is boolean)")

    def items(self, ref: Ref, *, is_object: bool) -> str:
        """What a loop runs over."""
        if not is_object:
            return f"{ref.source} | default([], true)" if ref.may_lack else ref.source
        return f"({ref.source} | default({{}}, true)).items()" if ref.may_lack else f"{ref.source}.items()"


def _either(source: str) -> Condition:
    return Condition(source, f"not ({source})")


def _may_be_missing(ref: Ref) -> bool:
    """A field that nothing promises; a variable itself always has a value here."""
    return not ref.is_sure


def _literal(literal: Literal) -> Ref:
    value: Any = literal.value
    if isinstance(value, str):
        return Ref(quoted(value), {"type": "string"})
    if value is None:
        return Ref("none", None)
    if isinstance(value, bool):
        return Ref(str(value).lower(), {"type": "boolean"})
    return Ref(repr(value), {"type": "number"})
