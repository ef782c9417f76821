"""Which tokens lie in the KV cache, as a tree: what two prompts begin with is computed and stored once.

    leaf = tree.open(prompt)           shares the longest prefix that is there
    tree.grow(leaf, tokens)            after these tokens have been decoded
    tree.close(leaf)                   its cells stay until somebody needs them
    tree.evict() → True                the least recently used closed leaf has gone

    root ─ "You are a judge. Text: " ─┬─ "A …"    sequence 3, open
                                      └─ "B …"    sequence 0, closed

A token that is read in tiles (`rules.py`) stands here as its complement, `~token`: what was read otherwise is something else.
Behind a part of a tile no other prompt can go on in tiles.

Each leaf owns one llama.cpp sequence, which holds every cell from the root to the leaf's end. Inner nodes own none: they live
from the leaves below, and the last one leaves its sequence to its parent. `cells` counts each node once, as llama.cpp does; the
cells of what was evicted may stay taken (`calls.py`), and only sequences become free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from playground.engine.rules import TILE


class Cells(Protocol):
    """What the tree needs of `Calls`."""

    sequences: int

    def share(self, source: int, target: int, end: int) -> None: ...  # noqa: D102
    def forget(self, sequence: int, start: int = 0) -> bool: ...  # noqa: D102


@dataclass(slots=True, eq=False)
class Node:
    """A run of tokens at positions `start` to `end`. `sequence` is -1 for an inner node; `used` is the tree's clock."""

    tokens: list[int]
    start: int
    parent: Node | None
    sequence: int = -1
    is_open: bool = False
    used: int = 0
    children: list[Node] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Position after its last token: as many tokens lie in the cache for it."""
        return self.start + len(self.tokens)


class Match(NamedTuple):
    """The longest cached beginning of a prompt: it ends inside (or at the end of) `node`, after `length` tokens."""

    node: Node
    length: int


class PrefixTree:
    """The owner of all sequences and cells of one context. `shares` False: nothing is shared or kept."""

    def __init__(self, cells: Cells, *, shares: bool = True) -> None:
        self.cells = 0
        self.leaves: list[Node] = []
        self._cells = cells
        self._shares = shares
        self._free = list(range(cells.sequences))
        self._root = Node([], 0, None)
        self._clock = 0

    def longest(self, tokens: list[int]) -> Match:
        """The longest beginning of `tokens` without its last one, which has to be computed for its logits."""
        best = Match(self._root, 0)
        if not self._shares:
            return best
        limit = len(tokens) - 1
        nodes = list(self._root.children)
        while nodes:
            node = nodes.pop()
            common = common_length(node.tokens, tokens[node.start : min(limit, node.end)])
            if node.start + common > best.length:
                best = Match(node, node.start + common)
            if common == len(node.tokens) and node.end < limit:
                nodes += node.children
        node, length = best.node, usable(tokens, best.length)
        while node.parent and node.start >= length:
            node = node.parent
        return Match(node, length)

    def open(self, tokens: list[int]) -> Node | None:
        """A new leaf for a prompt, after what is cached of it; None when every sequence is in use."""
        node, length = self.longest(tokens)
        self._clock += 1
        keep = self._leaf_below(node) if length else None
        while not self._free:
            if not self.evict(keep):
                return None
        leaf = Node([], length, self._root, self._free.pop(), is_open=True, used=self._clock)
        if length:
            self._cells.share(self._leaf_below(node).sequence, leaf.sequence, length)
            leaf.parent = self._split(node, length - node.start)
        assert leaf.parent
        leaf.parent.children.append(leaf)
        self.leaves.append(leaf)
        return leaf

    def grow(self, leaf: Node, tokens: list[int]) -> None:
        """Note that these tokens have been decoded at the end of an open leaf."""
        leaf.tokens += tokens
        self.cells += len(tokens)

    def close(self, leaf: Node) -> None:
        """Keep the leaf for later prompts, as long as its cells are not needed."""
        self._clock += 1
        leaf.is_open, leaf.used = False, self._clock
        if not self._shares or not leaf.tokens:
            self.drop(leaf)

    def drop(self, leaf: Node) -> None:
        """Forget a leaf; its parent takes over the sequence when nobody else lives there."""
        parent = leaf.parent
        assert parent
        parent.children.remove(leaf)
        self.leaves.remove(leaf)
        self.cells -= len(leaf.tokens)
        is_last = parent is not self._root and not parent.children
        if is_last and self._cells.forget(leaf.sequence, leaf.start):
            parent.sequence, parent.used = leaf.sequence, leaf.used
            self.leaves.append(parent)
            return
        self._cells.forget(leaf.sequence)
        self._free.append(leaf.sequence)
        if is_last:  # a model that can only forget all: the parent has gone with it
            self._drop_empty(parent)

    def rewind(self, leaf: Node, length: int | None = None) -> bool:
        """Make the cache agree with the leaf again after a decode that was given up half-way, or with its first tokens.

        False, and an empty leaf, where the model can only forget all.
        """
        keep = len(leaf.tokens) if length is None else length
        could = self._cells.forget(leaf.sequence, leaf.start + keep)
        if not could:
            self._cells.forget(leaf.sequence)
            keep = 0
        self.cells -= len(leaf.tokens) - keep
        del leaf.tokens[keep:]
        return could

    def evict(self, keep: Node | None = None) -> bool:
        """Forget the least recently used closed leaf but `keep`; False when there is none."""
        closed = [leaf for leaf in self.leaves if not leaf.is_open and leaf is not keep]
        if closed:
            self.drop(min(closed, key=lambda leaf: leaf.used))
        return bool(closed)

    def open_cells(self) -> int:
        """Cells that open leaves stand on: these cannot be evicted."""
        seen = {id(node): len(node.tokens) for leaf in self.leaves if leaf.is_open for node in _path(leaf)}
        return sum(seen.values())

    def nodes(self) -> Iterator[Node]:
        """Every node but the root."""
        todo = list(self._root.children)
        while todo:
            node = todo.pop()
            yield node
            todo += node.children

    def _leaf_below(self, node: Node) -> Node:
        while node.sequence < 0:
            node = node.children[0]
        return node

    def _split(self, node: Node, at: int) -> Node:
        """The inner node that ends `at` tokens into `node`; new leaves can be hung there."""
        if at == len(node.tokens) and node.sequence < 0:
            return node
        assert node.parent
        upper = Node(node.tokens[:at], node.start, node.parent, children=[node])
        siblings = node.parent.children
        siblings[siblings.index(node)] = upper
        node.tokens, node.start, node.parent = node.tokens[at:], node.start + at, upper
        if (
            not node.tokens and not node.is_open
        ):  # all of it is in `upper` now, which the new leaf keeps alive
            upper.children.remove(node)
            self.leaves.remove(node)
            self._cells.forget(node.sequence)
            self._free.append(node.sequence)
        return upper

    def _drop_empty(self, node: Node) -> None:
        while node.parent and not node.children:
            node.parent.children.remove(node)
            self.cells -= len(node.tokens)
            node = node.parent


def common_length(a: list[int], b: list[int]) -> int:
    """Length of the longest common beginning, by bisection on slices, which compare at C's speed."""
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


def usable(tokens: list[int], there: int) -> int:
    """Of so many tokens of a prompt that are there, those behind which it can go on: in whole tiles, if it does so in tiles."""
    return there - there % TILE if tokens[there] < 0 else there


def _path(leaf: Node) -> Iterator[Node]:
    node: Node | None = leaf
    while node is not None:
        yield node
        node = node.parent
