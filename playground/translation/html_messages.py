"""The messages of a piece of HTML: its texts and the attributes that are read, without tags.

<button class="btn" title="Open {name}">{icon}Open</button>  →  "Open {name}", "Open"
<p><b>{n}</b> of {total} rows</p>                             →  "<0>{n}</0> of {total} rows"

Text beside elements of its line becomes one message with numbered tags where its pieces are no sentences by themselves:
Chinese has another order of words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from playground.translation.parts import Hole, Part, has_markup, inner_forms, joined, written_out

READ_ATTRIBUTES = frozenset(
    {"title", "aria-label", "placeholder", "alt", "label", "data-tip", "aria-description"}
)
INLINE = frozenset({"b", "span", "a", "code", "em", "kbd", "i", "small", "strong", "mark", "abbr", "time", "samp", "var", "del", "ins", "sup", "sub"})  # fmt: skip
UNREAD = frozenset({"code", "kbd", "pre", "samp", "script", "style", "textarea", "svg"})
VOID = frozenset({"br", "hr", "img", "input", "use", "meta", "link", "path", "rect", "circle", "line"})
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:\"[^\"]*\"|'[^']*'|[^>\"'])*)>|<!--.*?-->", re.DOTALL)
_ATTRIBUTE = re.compile(r"([\w-]+)=(?:\"([^\"]*)\"|'([^']*)')")
_ATTRIBUTES = re.compile(r"\s*(?:disabled )?[\w-]+=[\"'].*[\"']\s*$", re.DOTALL)
_FIRST_MARK = 0xE000


@dataclass
class Node:
    """An element of the piece; the root has no tag."""

    tag: str
    kept: bool = False
    children: list[Node | str] = field(default_factory=list)


def is_html(parts: Sequence[Part]) -> bool:
    """Whether the text has tags, or is attributes for one."""
    return (
        has_markup(parts)
        or _ATTRIBUTES.match("".join(part for part in parts if isinstance(part, str))) is not None
    )


def html_messages(parts: Sequence[Part]) -> Iterator[tuple[Part, ...]]:
    """Every message of the piece, each as its parts; what stands in holes with tags too."""
    holes: list[Hole] = []
    text = ""
    for part in joined(parts):
        if isinstance(part, str):
            text += part
        else:
            text += chr(_FIRST_MARK + len(holes))
            holes.append(part)
    found: list[str] = []
    if _TAG.search(text) is None and _ATTRIBUTES.match(text):  # attributes that are put into a tag elsewhere
        found += _read_attributes(text)
    else:
        _texts(_tree(text, found), found, holes)
    for piece in found:
        yield from _spread(piece, holes)
    for hole in holes:
        if has_markup([hole]):
            for form in hole.forms:
                yield from html_messages(form)


def _tree(text: str, found: list[str]) -> Node:
    root = Node("")
    stack = [root]
    at = 0
    for tag in _TAG.finditer(text):
        if tag.start() > at:
            stack[-1].children.append(text[at : tag.start()])
        at = tag.end()
        name = (tag[2] or "").lower()
        if not name:
            continue
        if tag[1]:
            if any(node.tag == name for node in stack):
                while stack[-1].tag != name:
                    stack.pop()
                stack.pop()
            continue
        kept = 'translate="no"' in tag[3] or stack[-1].kept
        found += _read_attributes(tag[3])
        node = Node(name, kept)
        stack[-1].children.append(node)
        if name not in VOID and not tag[3].endswith("/"):
            stack.append(node)
    if at < len(text):
        stack[-1].children.append(text[at:])
    return root


def _read_attributes(tag: str) -> list[str]:
    """What its attributes say; they are translated where `translate="no"` keeps the text, too, unless that is outside."""
    pairs = [(m[1], m[2] if m[2] is not None else m[3]) for m in _ATTRIBUTE.finditer(tag)]
    return [html.unescape(value) for key, value in pairs if key in READ_ATTRIBUTES]


def _texts(node: Node, found: list[str], holes: Sequence[Hole]) -> None:
    if node.kept or node.tag in UNREAD:
        return
    if _is_mixed(node, holes):
        found.append(_line(node, holes))
        return
    for child in node.children:
        if isinstance(child, Node):
            _texts(child, found, holes)
        else:
            found.append(html.unescape(child))


def _is_inline(node: Node) -> bool:
    return node.tag in INLINE and all(isinstance(child, str) or _is_inline(child) for child in node.children)


def _words(text: str) -> str:
    return re.sub(r"[^A-Za-z]+", " ", html.unescape(text)).strip()


def _says(node: Node) -> bool:
    return any(child.strip() if isinstance(child, str) else _says(child) for child in node.children)


def _is_mixed(node: Node, holes: Sequence[Hole]) -> bool:
    """Whether a text of it goes on in an element of its line, or comes from one."""
    elements = [child for child in node.children if isinstance(child, Node) and child.tag != "svg"]
    if not elements or not all(_is_inline(child) for child in elements):
        return False
    for n, child in enumerate(node.children):
        if not isinstance(child, str) or not _words(child):
            continue
        before = any(isinstance(e, Node) and _says(e) for e in node.children[:n])
        after = any(isinstance(e, Node) and _says(e) for e in node.children[n + 1 :])
        starts = re.match(r"\s*[a-z]", html.unescape(child)) is not None
        ends = re.search(r"[a-z,]\s+$", html.unescape(child)) is not None
        if (before and (starts or re.match(r"\s*[,;]", child))) or (after and ends):
            return True
    return False


def _line(node: Node, holes: Sequence[Hole]) -> str:
    number = -1

    def line(node: Node) -> str:
        nonlocal number
        written = ""
        for child in node.children:
            if isinstance(child, str):
                written += html.unescape(child)
            elif child.tag != "svg":
                number += 1
                own = number
                written += f"<{own}>{line(child)}</{own}>"
        return written

    return line(node)


def _spread(piece: str, holes: Sequence[Hole]) -> Iterator[tuple[Part, ...]]:
    parts: list[Part] = []
    for cut in re.split("([\ue000-\ue0ff])", piece):
        is_mark = len(cut) == 1 and 0xE000 <= ord(cut) <= 0xE0FF
        parts.append(holes[ord(cut) - _FIRST_MARK] if is_mark else cut)
    yield from written_out(joined(parts))
    for form in inner_forms(parts):
        if not has_markup(form):
            yield from written_out(form)
