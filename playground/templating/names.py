"""Which names a template reads before anything has set them.

{% set tone = "calm" %}{% for shot in shots %}{{ shot.q }} {{ loop.index }} {{ tone }}{% endfor %}
free: shots     (tone, shot and loop are set by the template itself)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from jinja2 import nodes

from playground.templating.sandbox import SANDBOX
from playground.templating.syntax import walk


class Names:
    """Collects names that are read where nothing has set them.

    `free` maps a name to its places (turn, line); `objects` and `lists` hold those of which a field or each item is
    used. A name set in one branch of an `if` counts as set. Jinja2's
    own search (jinja2.meta) runs the compiler, which computes constants and so may never end.
    """

    def __init__(self) -> None:
        self.free: dict[str, list[tuple[int, int]]] = {}
        self.optional: set[str] = set()
        self.objects: set[str] = set()
        self.lists: set[str] = set()
        self._turn = 0
        self._scope: set[str] = {*SANDBOX.globals, "self"}

    def visit_turn(self, turn: int, tree: nodes.Template) -> None:
        """Take the names of one turn; what it sets is known in the turns after it."""
        self._turn = turn
        for node in walk(tree):
            guard = isinstance(node, nodes.Filter) and node.name in ("default", "d")
            guard |= isinstance(node, nodes.Test) and node.name in ("defined", "undefined")
            inner = getattr(node, "node", None) if guard else None
            while isinstance(inner, (nodes.Getattr, nodes.Getitem)):
                inner = inner.node
            if isinstance(inner, nodes.Name):
                self.optional.add(inner.name)
        self._visit(tree)

    def _visit(self, node: nodes.Node) -> None:
        self._note_use(node)
        if isinstance(node, nodes.Name):
            if node.ctx != "load":
                self._scope.add(node.name)
            elif node.name not in self._scope:
                self.free.setdefault(node.name, []).append((self._turn, node.lineno))
        elif isinstance(node, nodes.Call) and _is_text_method(node.node):
            self._visit_all(
                child.node if child is node.node else child  # type: ignore[attr-defined]
                for child in node.iter_child_nodes()
            )
        elif isinstance(node, nodes.NSRef):
            self._visit(nodes.Name(node.name, "load", lineno=node.lineno))
        elif isinstance(node, nodes.Assign):
            self._visit_all([node.node, node.target])
        elif isinstance(node, nodes.AssignBlock):
            self._visit_inside(node.body)
            self._visit_all([*([node.filter] if node.filter else []), node.target])
        elif isinstance(node, nodes.For):
            self._visit(node.iter)
            test = [node.test] if node.test else []
            self._visit_inside([node.target, *test, *node.body], {"loop"})
            self._visit_inside(node.else_)
        elif isinstance(node, (nodes.Macro, nodes.CallBlock)):
            if isinstance(node, nodes.Macro):
                self._scope.add(node.name)
            else:
                self._visit(node.call)
            inside = [*node.defaults, *node.args, *node.body]
            self._visit_inside(inside, {"caller", "varargs", "kwargs"})
        elif isinstance(node, nodes.With):
            self._visit_all(node.values)
            self._visit_inside([*node.targets, *node.body])
        elif isinstance(node, (nodes.FilterBlock, nodes.Block, nodes.ScopedEvalContextModifier)):
            self._visit_inside(node.iter_child_nodes(), {"super"})
        else:
            self._visit_all(node.iter_child_nodes())

    def _note_use(self, node: nodes.Node) -> None:
        """`x.first` and `x["first"]` make an object of x, `x[0]` and a loop over it a list; `x.strip()` is any text's."""
        if isinstance(node, nodes.Getattr):
            self._note(node.node, self.objects)
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            self._note(node.node, self.objects if isinstance(node.arg.value, str) else self.lists)
        elif isinstance(node, nodes.For):
            self._note(node.iter, self.lists)

    def _note(self, node: nodes.Node, names: set[str]) -> None:
        if isinstance(node, nodes.Name) and node.name not in self._scope:
            names.add(node.name)

    def _visit_all(self, children: Iterable[nodes.Node]) -> None:
        for child in children:
            self._visit(child)

    def _visit_inside(self, children: Iterable[nodes.Node], known: Collection[str] = ()) -> None:
        outer = self._scope
        self._scope = outer | set(known)
        self._visit_all(children)
        self._scope = outer


def _is_text_method(node: nodes.Node) -> bool:
    """Whether this is `x.strip`, `x.upper`: what a text has and an object has not."""
    return isinstance(node, nodes.Getattr) and hasattr("", node.attr) and not hasattr({}, node.attr)
