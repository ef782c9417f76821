"""The page's style sheets as one file, at an address that changes with what is in it.

Gradio takes style sheets as text that is part of the page; at every opening its script parses that text twice and writes
it out with each rule a second time, below its own container, so that ours win over its components' (`prefix_css` in its
`init.ts`, 6.31). Here that is done once, when the program starts,

    .btn { color: red; }   →   .btn { color: red; } .gradio-container.gradio-container-6-31-0 .contain .btn { color: red; }

and Gradio gets one line that imports the result, in the place where its own would stand: the order of all rules stays what
it was, and the browser keeps what it has read. Inside @media a rule stands twice as well, where Gradio has only the second:
drawers and lists that drop down are drawn outside of its container. Only what our sheets use is known: plain rules, @media
around them, and @keyframes; a test holds that.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from playground.ui.scripts import FOR_GOOD

NAME = "look.css"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PIECE = re.compile(r"""[^{}"']+|"[^"]*"|'[^']*'|[{}]""")


def below(css: str, container: str) -> str:
    """The rules of a sheet, and each again below this container; raises ValueError for what it does not know."""
    found = []
    for head, body in _blocks(_COMMENT.sub("", css)):
        if head.startswith("@keyframes"):
            found.append(f"{head} {{{body}}}")
        elif head.startswith("@media"):
            inner = "\n".join(_twice(each, rule, container) for each, rule in _blocks(body))
            found.append(f"{head} {{\n{inner}\n}}")
        elif head.startswith("@") or "{" in _PIECE.findall(body):
            raise ValueError(f"Not known in a style sheet of the page: {head[:80]}")
        else:
            found.append(_twice(head, body, container))
    return "\n".join(found) + "\n"


def _twice(head: str, body: str, container: str) -> str:
    """One rule, and again below the container, where the dark theme's class stands above that."""
    if head.startswith("@") or "{" in _PIECE.findall(body):
        raise ValueError(f"Not known inside @media: {head[:80]}")
    below = ", ".join(_selector_below(each, container) for each in _selectors(head))
    return f"{head} {{{body}}}\n{below} {{{body}}}"


def _selector_below(selector: str, container: str) -> str:
    bare = selector.removeprefix(".dark").strip()
    return f"{container} {bare}" if bare == selector else f".dark {container} {bare}".rstrip()


def _selectors(head: str) -> Iterator[str]:
    """What commas part, but for those inside :is(a, b)."""
    depth, start = 0, 0
    for at, char in enumerate(head):
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            yield head[start:at].strip()
            start = at + 1
    yield head[start:].strip()


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """What stands before each outer pair of braces, and what stands inside."""
    head, body, depth = "", "", 0
    for piece in _PIECE.findall(css):
        if piece == "}":
            depth -= 1
            if not depth:
                yield " ".join(head.split()), body
                head, body = "", ""
                continue
        if depth:
            body += piece
        elif piece != "{":
            head += piece
        if piece == "{":
            depth += 1


class Styles:
    """The style sheets as they are when the program starts, for a Gradio of this version ("6.31.0")."""

    def __init__(self, sheets: Sequence[Path], gradio: str) -> None:
        container = f".gradio-container.gradio-container-{gradio.replace('.', '-')} .contain"
        css = "\n".join(path.read_text(encoding="utf-8") for path in sheets)
        self._all = below(css, container).encode()
        self.version = hashlib.sha256(self._all).hexdigest()[:16]

    def at(self, name: str, version: str) -> tuple[bytes, str] | None:
        """The sheet, and how long a browser may keep it; a tab of an older program gets what there is now."""
        if name != NAME or not version:
            return None
        return self._all, FOR_GOOD if version == self.version else "no-cache"

    def css(self) -> str:
        """What Gradio is given instead."""
        return f"@import url(playground/{self.version}/{NAME});"

    def head(self) -> str:
        """What the page's head says, so that the sheet is there when Gradio asks for it."""
        return f'<link rel="preload" as="style" href="playground/{self.version}/{NAME}">'
