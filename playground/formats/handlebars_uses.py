"""Questions about a Handlebars tree: which variables it reads, what a loop's body asks of its list, a partial's name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playground.formats.handlebars_names import HELPERS, Lost
from playground.formats.handlebars_terms import CONDITIONS
from playground.formats.handlebars_tree import Block, Call, Expression, Literal, Node, Partial, Path, Value


def _expressions(nodes: list[Node], level: int = 0) -> Iterator[tuple[Expression, int]]:
    """Every expression, with the number of loops and scopes around it."""
    for node in nodes:
        if isinstance(node, Value | Partial):
            yield from ((part, level) for part in _parts(node.call))
        elif isinstance(node, Block):
            yield from ((part, level) for part in _parts(node.call))
            deeper = node.call.name not in CONDITIONS and node.kind in ("#", "^")
            yield from _expressions(node.body, level + deeper)
            yield from _expressions(node.inverse or [], level)


def _parts(call: Call) -> Iterator[Expression]:
    helper = call.name in HELPERS or not call.is_bare
    for part in (*(() if helper else (call.head,)), *call.args, *(value for _, value in call.options)):
        if isinstance(part, Call):
            yield from _parts(part)
        else:
            yield part


def variables(nodes: list[Node]) -> set[str]:
    """The first words of all paths."""
    paths = (part for part, _ in _expressions(nodes) if isinstance(part, Path))
    return {path.parts[0] for path in paths if path.parts and not path.is_data}


def uses_key(nodes: list[Node]) -> bool:
    """Whether something in the block is the key of an item."""
    return any(
        isinstance(part, Path) and part.is_data and part.parts == ("key",) and part.up == level
        for part, level in _expressions(nodes)
    )


def uses_item(nodes: list[Node]) -> bool:
    """Whether something in the block is an item itself, or its number."""
    return any(
        isinstance(part, Path)
        and part.up == level
        and (part.parts[:1] in (("index",), ("first",), ("last",)) if part.is_data else not part.parts)
        for part, level in _expressions(nodes)
    )


def partial_name(call: Call) -> str:
    """The name that a partial's tag gives; raises Lost for one that only a run knows."""
    head = call.head
    if isinstance(head, Literal):
        name = str(head.value)
    elif isinstance(head, Path) and head.is_data:
        name = "@" + ".".join(head.parts)
    elif isinstance(head, Path) and head.parts and not head.up:
        name = head.spelled
    else:
        raise Lost("is chosen when the prompt runs")
    if len(call.args) > 1 or not re.fullmatch(r"@partial-block|[\w./ -]{1,100}", name):
        raise Lost("has a name that cannot be used here")
    return name


def can_be_included(text: str, block: Block | None) -> bool:
    """Whether the partial may be a prompt of its own: a single turn that asks nothing of its block."""
    asks = block is not None and (
        "@partial-block" in text or any(_is_definition(node) for node in block.body)
    )
    return not asks and not re.search(r"\{\{~?\s*(?:role\s|history\b|>\s*@)", text)


def _is_definition(node: Node) -> bool:
    return isinstance(node, Block) and node.kind == "#*"
