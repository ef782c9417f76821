r"""Handlebars source as texts and tags, with white space and escapes as Handlebars treats them.

    "Hi {{name}}\n{{#if x}}\nYes\n{{/if}}\n"  →  "Hi ", name, "\n", #if x, "Yes\n", /if

Rules (handlebarsjs.com and the lexer of 4.7): `\{{` is text; `~` eats white space; a block, comment or partial
alone on its line takes the line with it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from playground.errors import PromptError

# The tag after "{{": a comment, or words and quoted texts up to the braces.
_COMMENT = re.compile(r"\{\{~?!(?:--.*?--(~?)\}\}|.*?(~?)\}\})", re.S)
_TAG = re.compile(
    r"\{\{(?P<left>~?)(?P<triple>\{?)(?P<body>(?:\"[^\"]*\"|'[^']*'|[^{}\"']|\}(?!\}))*?)(?P<right>~?)\}\}",
    re.S,
)


_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
MAX_TAGS = 2_000


class Tag(NamedTuple):
    """A tag of the source: its place, its words, and whether it eats the white space on either side."""

    start: int
    end: int
    body: str
    left: bool
    right: bool


def scan(source: str, file: str, losses: list[str]) -> list[str | Tag]:
    """Texts and tags in order; lines that hold nothing but a block, a comment or a partial are taken out."""
    found: list[str | Tag] = []
    text, position, eat, seen = "", 0, False, 0
    last_end = source.rfind("}}")

    def flush(cut: bool) -> None:
        nonlocal text
        kept = text.rstrip() if cut else text
        if kept:
            found.append(kept)
        text = ""

    while position < len(source):
        start = source.find("{{", position)
        seen += 1
        if seen > MAX_TAGS:
            raise PromptError(f"{file} holds more than {MAX_TAGS:,} tags.", "Use a loop instead.")
        piece = source[position:] if start < 0 else source[position:start]
        if eat:
            piece, eat = piece.lstrip(), False
        if start < 0:
            text += piece
            break
        slashes = len(piece) - len(piece.rstrip("\\"))
        if slashes == 1:
            text += piece[:-1] + "{{"
            position = start + 2
            continue
        text += piece[:-1] if slashes else piece
        if start > last_end:
            losses.append("body: a tag that is never closed is text")
            text += source[start:]
            break
        comment = _COMMENT.match(source, start)
        match = comment or _TAG.match(source, start)
        if match is None or source.startswith("{{{{", start):
            losses.append(
                f"body, line {source.count(chr(10), 0, start) + 1}: a tag that cannot be read is text"
            )
            text += "{{"
            position = start + 2
            continue
        end = match.end()
        if comment:
            tag = Tag(start, end, "!", source.startswith("{{~", start), bool(match[1] or match[2]))
        else:
            if match["triple"]:
                end += source.startswith("}", end)
            body = match["body"].rstrip("}") if match["triple"] else match["body"]
            tag = Tag(start, end, body, bool(match["left"]), bool(match["right"]))
        position = end
        alone = re.match(r"[#/^!>]|else\b", tag.body.strip()) and not slashes
        line = source[source.rfind("\n", 0, start) + 1 : start]
        after = _LINE_END.match(source, end) if alone and not line.strip(" \t") else None
        if after:
            text = text.rstrip(" \t")
            position = after.end()
        flush(tag.left)
        if not comment:
            found.append(tag)
        eat = tag.right
    flush(False)
    return found
