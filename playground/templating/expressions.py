"""One Jinja2 expression as plain data, for those who write it in another language.

expression("order.id | json(2)")
→ Expr("filter", "json", parts=(Expr("field", "id", parts=(Expr("name", "order"),)), Expr("const", value=2)))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from jinja2 import nodes

from playground.errors import TemplateError
from playground.templating.syntax import parse

Kind = Literal[
    "name", "const", "field", "item", "filter", "test", "call", "not", "and", "or", "compare", "choice",
    "object", "list", "other",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression: `name` is that of a variable, field, filter, test or operator, `parts` what it is about first.

    A `choice` has the value, the test and the other value; an `object` its keys and values in turn; "other" is
    everything that is none of these.
    """

    kind: Kind
    name: str = ""
    value: Any = None
    parts: tuple[Expr, ...] = ()


OTHER = Expr("other")


def expression(source: str) -> Expr:
    """The expression that `{{ source }}` would print; "other" for what is none."""
    try:
        body = parse(f"{{{{ {source} }}}}").body
    except TemplateError:
        return OTHER
    output = body[0] if len(body) == 1 else None
    return _expr(output.nodes[0]) if isinstance(output, nodes.Output) and len(output.nodes) == 1 else OTHER


def given_with(tag: str) -> list[tuple[str, Expr]]:
    """The names of `{% with a = x, b = 1 %}` with their values; none for another tag."""
    try:
        body = parse(tag + "{% endwith %}").body
    except TemplateError:
        return []
    block = body[0] if body else None
    if not isinstance(block, nodes.With) or not all(isinstance(name, nodes.Name) for name in block.targets):
        return []
    pairs = zip(block.targets, block.values, strict=True)
    return [(name.name, _expr(value)) for name, value in pairs if isinstance(name, nodes.Name)]


def _expr(node: nodes.Node | None) -> Expr:
    if isinstance(node, nodes.Name):
        return Expr("name", node.name)
    if isinstance(node, nodes.Const):
        return Expr("const", value=node.value)
    if isinstance(node, nodes.Getattr):
        return Expr("field", node.attr, parts=(_expr(node.node),))
    if isinstance(node, nodes.Getitem):
        return Expr("item", parts=(_expr(node.node), _expr(node.arg)))
    if isinstance(node, nodes.Filter | nodes.Test | nodes.Call):
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            return OTHER
        inner = tuple(map(_expr, (node.node, *node.args)))
        if isinstance(node, nodes.Call):
            return Expr("call", parts=inner)
        return Expr("filter" if isinstance(node, nodes.Filter) else "test", node.name, parts=inner)
    if isinstance(node, nodes.Not):
        return Expr("not", parts=(_expr(node.node),))
    if isinstance(node, nodes.And | nodes.Or):
        kind: Kind = "and" if isinstance(node, nodes.And) else "or"
        return Expr(kind, parts=(_expr(node.left), _expr(node.right)))
    if isinstance(node, nodes.Compare) and len(node.ops) == 1:
        return Expr("compare", node.ops[0].op, parts=(_expr(node.expr), _expr(node.ops[0].expr)))
    if isinstance(node, nodes.CondExpr):
        return Expr("choice", parts=(_expr(node.expr1), _expr(node.test), _expr(node.expr2)))
    if isinstance(node, nodes.Dict):
        return Expr(
            "object", parts=tuple(_expr(part) for pair in node.items for part in (pair.key, pair.value))
        )
    if isinstance(node, nodes.List):
        return Expr("list", parts=tuple(map(_expr, node.items)))
    return OTHER
