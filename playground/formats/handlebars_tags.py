r"""Handlebars source as texts and tags, with white space and escapes as Handlebars treats them.

    "Hi {{name}}\n{{#if x}}\nYes\n{{/if}}\n"  →  "Hi ", name, "\n", #if x, "Yes\n", /if

Rules (handlebarsjs.com and the lexer of 4.7): `\{{` is text; `~` eats white space; a block, comment or partial
alone on its line takes the line with it; between `{{{{raw}}}}` and `{{{{/raw}}}}` there are no tags.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from playground.errors import PromptError

# The tag after "{{": words and quoted texts up to the braces.
_TAG = re.compile(
    r"\{\{(?P<left>~?)(?P<triple>\{?)(?P<body>(?:\"[^\"]*\"|'[^']*'|[^{}\"']|\}(?!\}))*?)(?P<right>~?)\}\}",
    re.S,
)


_RAW = re.compile(r"\{\{\{\{\s*([\w.-]+)[^{}]*\}\}\}\}")
_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
MAX_TAGS = 2_000


class Tag(NamedTuple):
    """A tag of the source: its place, its words, and whether it eats the white space on either side.

    One that `stands_alone` has taken its line, which began with `indent`. `verbatim` is the inside of a raw block.
    """

    start: int
    end: int
    body: str
    left: bool = False
    right: bool = False
    stands_alone: bool = False
    indent: str = ""
    verbatim: str | None = None


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
        if raw := _RAW.match(source, start):
            closing = f"{{{{{{{{/{raw[1]}}}}}}}}}"
            inside_end = source.find(closing, raw.end())
            if inside_end >= 0:
                flush(False)
                position = inside_end + len(closing)
                found.append(Tag(start, position, raw[1], verbatim=source[raw.end() : inside_end]))
                continue
        is_comment, tag = source.startswith(("{{!", "{{~!"), start), None
        if is_comment:
            tag = _comment(source, start)
        elif not source.startswith("{{{{", start) and (match := _TAG.match(source, start)):
            end = match.end() + (bool(match["triple"]) and source.startswith("}", match.end()))
            body = match["body"].rstrip("}") if match["triple"] else match["body"]
            tag = Tag(start, end, body, bool(match["left"]), bool(match["right"]))
        if tag is None:
            losses.append(
                f"body, line {source.count(chr(10), 0, start) + 1}: a tag that cannot be read is text"
            )
            text += "{{"
            position = start + 2
            continue
        position = tag.end
        alone = re.match(r"[#/^!>]|else\b", tag.body.strip()) and not slashes
        indent = _indent(source, start) if alone else None
        after = _LINE_END.match(source, tag.end) if indent is not None else None
        if after and indent is not None:
            text = text.rstrip(" \t")
            position = after.end()
            tag = tag._replace(stands_alone=True, indent=indent)
        flush(tag.left)
        if not is_comment:
            found.append(tag)
        eat = tag.right
    flush(False)
    return found


def _comment(source: str, start: int) -> Tag | None:
    """The comment that begins here, None when it never ends. One with dashes may hold braces."""
    left = source.startswith("{{~", start)
    inside = start + (4 if left else 3)
    end = source.find("}}", inside)
    if source.startswith("--", inside):
        # "~" may stand between the dashes and the braces.
        ends = [place for text in ("--}}", "--~}}") if (place := source.find(text, inside)) >= 0]
        end = source.find("}}", min(ends)) if ends else end
    return None if end < 0 else Tag(start, end + 2, "!", left, source[end - 1] == "~")


def _indent(source: str, start: int) -> str | None:
    """The white space before a tag that begins its line, None when something else stands before it."""
    at = start
    while at and source[at - 1] in " \t":
        at -= 1
    return source[at:start] if not at or source[at - 1] == "\n" else None
