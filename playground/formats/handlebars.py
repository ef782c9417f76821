r"""Handlebars templates as dotprompt uses them ⇄ turns in Jinja2, as far as both can say the same.

    {{role "system"}}                          Turn("system", "Be {{ tone }}.")
    Be {{tone}}.                          ⇄    Turn("user", "{% for shot in shots %}{{ shot.q }}
    {{role "user"}}                                          {% endfor %}{{ question }}")
    {{#each shots}}{{this.q}}
    {{/each}}{{question}}

Both ways: values with nested fields, if / else if / else / unless, each with this, ../, @index, @first, @last,
role lines, partials (`{% include "name" %}`). What reading cannot convert stays as visible text and is named.

Newlines: a Handlebars tag alone on its line takes the line with it, so the Jinja2 text may look denser or the
Handlebars text looser than its source; both render to the same. Values other than text print as each language
prints them (true and True), and an empty object counts as true in Handlebars only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from playground.errors import PromptError
from playground.formats.handlebars_tags import Tag, scan
from playground.formats.plain_jinja import NAME, RESERVED, Beyond, Piece, Written, join, merged, pieces
from playground.types import Role, Turn

ROLES: dict[str, Role] = {"system": "system", "user": "user", "model": "assistant", "assistant": "assistant"}
_HELPERS = frozenset(
    ("if", "unless", "each", "with", "log", "lookup", "role", "history", "media", "section", "json", "this")
) | {"ifEquals", "unlessEquals"}
_UNSAYABLE = frozenset({"true", "false", "null", "undefined", "as"})
_AT = {"@index": "loop.index0", "@first": "loop.first", "@last": "loop.last"}
_FROM_AT = {jinja: tag for tag, jinja in _AT.items()}
_PARTIAL = re.compile(r"[\w-]+")


# --- reading ------------------------------------------------------------------------------------------------


def read(source: str, file: str, losses: list[str]) -> list[Turn]:
    """The turns of a Handlebars body; raises PromptError where its blocks do not close.

    Text before the first role is a user turn. A turn has no newline after its role tag nor at its end.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    return _Reader(source, file, losses).turns()


@dataclass(frozen=True, slots=True)
class _Frame:
    """An open block: its helper, its loop variable ("" for none), whether it is only text, whether `else` was seen.

    A `nested` one stands in the `else` of the block before it, for an `elif`.
    """

    helper: str
    item: str = ""
    as_text: bool = False
    in_else: bool = False
    nested: bool = False


class _Reader:
    """One body on its way to turns: pieces of the present turn, open blocks, losses."""

    def __init__(self, source: str, file: str, losses: list[str]) -> None:
        self.source, self.file, self.losses = source, file, losses
        self.frames: list[_Frame] = []
        self.words = set(NAME.findall(source))
        self.done: list[tuple[Role, list[Piece]]] = [("user", [])]

    def turns(self) -> list[Turn]:
        """The turns; blank ones are dropped, as dotprompt drops them."""
        for item in scan(self.source, self.file, self.losses):
            if isinstance(item, str):
                self._add(Piece("text", item))
            else:
                self._tag(item)
        if self.frames:
            raise PromptError(
                f"{self.file}: {{{{#{self.frames[-1].helper}}}}} is never closed.", "Close every block."
            )
        turns = []
        for number, (role, found) in enumerate(self.done):
            found = _chained(merged(found))
            if found and number and found[0].kind == "text":
                found[0] = Piece("text", found[0].text.removeprefix("\n"))
            if found and found[-1].kind == "text":
                found[-1] = Piece("text", found[-1].text.rstrip("\n"))
            if any(piece.kind != "text" or piece.text.strip() for piece in found):
                turns.append(Turn(role=role, template=join(found)))
        return turns

    def _add(self, piece: Piece) -> None:
        found = self.done[-1][1]
        if piece.kind == "text" and found and found[-1].kind == "role":
            piece = Piece("text", piece.text.removeprefix("\n"))
        found.append(piece)

    def _lost(self, tag: Tag, reason: str) -> None:
        """Keep the tag as visible text."""
        line = self.source.count("\n", 0, tag.start) + 1
        shown = " ".join(tag.body.split())[:60]
        self.losses.append(f"body, line {line}: {{{{{shown}}}}} {reason}, it stands as text")
        self._add(Piece("text", self.source[tag.start : tag.end]))

    def _tag(self, tag: Tag) -> None:
        body = tag.body.strip()
        if body.startswith("#"):
            self._open(tag, body[1:].strip())
        elif body.startswith("/"):
            self._close(tag, body[1:].strip())
        elif body == "else" or body == "^" or body.startswith("else "):
            self._else(tag, body.removeprefix("else").strip(" ^"))
        elif body.startswith(">"):
            self._partial(tag, body[1:].strip())
        else:
            self._mustache(tag, body)

    def _open(self, tag: Tag, body: str) -> None:
        helper, _, rest = body.partition(" ")
        path = self._path(rest.strip()) if helper in ("if", "unless", "each") else None
        if path is None:
            self.frames.append(_Frame(helper, as_text=True))
            self._lost(tag, "does not convert")
        elif helper == "each":
            item = self._loop_name(path)
            self._add(Piece("for", path, item))
            self.frames.append(_Frame("each", item))
        else:
            self._add(Piece("if", path, negated=helper == "unless"))
            self.frames.append(_Frame(helper))

    def _close(self, tag: Tag, helper: str) -> None:
        if not self.frames or self.frames[-1].helper != helper:
            line = self.source.count("\n", 0, tag.start) + 1
            raise PromptError(
                f"{self.file}: {{{{/{helper[:60]}}}}} in line {line} of the body closes no open block.",
                "Each {{#…}} needs its own {{/…}}, in order.",
            )
        frame = self.frames.pop()
        if frame.as_text:
            self._add(Piece("text", self.source[tag.start : tag.end]))
        else:
            self._add(Piece("endfor" if frame.helper == "each" else "endif"))

    def _else(self, tag: Tag, rest: str) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame is None or frame.as_text or frame.in_else:
            return self._lost(tag, "stands outside a block")
        helper, _, condition = rest.partition(" ")
        path = self._path(condition.strip()) if helper in ("if", "unless") else None
        if not rest:
            self._add(Piece("else"))
            self.frames[-1] = replace(frame, item="", in_else=True)
        elif path is not None and frame.helper != "each":
            self._add(Piece("elif", path, negated=helper == "unless"))
        else:
            self._lost(tag, "does not convert")
        return None

    def _partial(self, tag: Tag, body: str) -> None:
        if not _PARTIAL.fullmatch(body):
            return self._lost(tag, "passes values to another file")
        self.losses.append(
            f'partial {body}: its text is in another file; a prompt named "{body}" takes its place'
        )
        return self._add(Piece("include", body))

    def _mustache(self, tag: Tag, body: str) -> None:
        role = re.fullmatch(r"role\s+(?:\"([^\"]*)\"|'([^']*)')", body)
        if role:
            name = role[1] or role[2] or ""
            if name not in ROLES:
                self._lost(tag, "is a role that is not known here")
            elif any(not frame.as_text for frame in self.frames):
                self._add(Piece("role", ROLES[name]))
            else:
                self.done.append((ROLES[name], []))
        elif body == "history" and not self.frames:
            self.losses.append("history: earlier messages are not put into a prompt here")
            self.done.append(("assistant", []))  # dotprompt goes on as the model until the next role
        elif body.startswith("media ") or body == "media":
            self.losses.append(f"{body[:60]}: images are added when the prompt runs")
        elif (path := None if body in _HELPERS - {"this"} else self._path(body.lstrip("&").strip())) is None:
            self._lost(tag, "does not convert")
        else:
            self._add(Piece("value", path))

    def _path(self, text: str) -> str | None:
        """A Handlebars path as a Jinja2 path in the present scope; None for anything else."""
        scopes = [frame for frame in self.frames if not (frame.as_text or frame.in_else)]
        items = [frame.item for frame in scopes if frame.item]
        if any(frame.as_text for frame in self.frames):
            return None  # inside an unknown block nobody knows what a name stands for
        if text in _AT:
            return _AT[text] if items else None
        text = text.removeprefix("./")
        while text == ".." or text.startswith("../"):
            if not items:
                return None
            items.pop()
            text = text[3:] or "this"
        if text.startswith("@root."):
            items, text = [], text[6:]
        parts = re.split(r"[./]", text) if text != "." else ["this"]
        if parts[0] == "this":
            parts = parts[1:]
            if not parts and not items:
                return None
        if not all(NAME.fullmatch(part) for part in parts) or "length" in parts[1:]:
            return None
        if not items and parts[0] in RESERVED:
            return None
        return ".".join([*items[-1:], *parts])

    def _loop_name(self, path: str) -> str:
        """A name for the items of a list that nothing else in the template has."""
        name, number = loop_name(path), 1
        taken = {frame.item for frame in self.frames} | self.words | RESERVED
        wanted = name
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        return name


def _chained(found: list[Piece]) -> list[Piece]:
    """The same with an `elif` for an `if` that fills the whole `else` of another one."""
    ends: dict[int, int] = {}
    open_: list[int] = []
    for index, piece in enumerate(found):
        if piece.kind in ("if", "for"):
            open_.append(index)
        elif piece.kind in ("endif", "endfor"):
            ends[open_.pop()] = index
    outer = {end: start for start, end in ends.items() if found[end].kind == "endif"}
    result, dropped = list(found), set[int]()
    for start, end in ends.items():
        fills = found[start].kind == "if" and found[start - 1].kind == "else" and end + 1 in outer
        if start and fills:
            result[start] = found[start]._replace(kind="elif")
            dropped |= {start - 1, end}
    return [piece for index, piece in enumerate(result) if index not in dropped]


def loop_name(path: str) -> str:
    """What an item of a list is called: shots → shot, queries → query, evidence → item."""
    last = path.rsplit(".", 1)[-1]
    if last.endswith("ies") and len(last) > 3:
        return last[:-3] + "y"
    return last[:-1] if last.endswith("s") and not last.endswith("ss") and len(last) > 1 else "item"


# --- writing ------------------------------------------------------------------------------------------------


def convert(template: str) -> str:
    """Checks that a turn converts, and gives it back; `write` converts all turns in one go. Raises Beyond."""
    _mustaches(pieces(template), [])
    return template


def write(turns: list[Written], losses: list[str]) -> str:
    """The Handlebars body of turns that `convert` has accepted; frozen ones hold plain text."""
    found: list[str | _Out] = []
    for turn in turns:
        role = "model" if turn.role == "assistant" else turn.role
        inner = [turn.text] if turn.frozen else _mustaches(pieces(turn.text), losses)
        found += [_Out(f'role "{role}"', False), "\n", *inner, "\n"]
    return _emit(found)


class _Out(NamedTuple):
    """A tag to write, without braces; a `block` tag alone on a line would take the line with it."""

    body: str
    block: bool


def _mustaches(found: list[Piece], losses: list[str]) -> list[str | _Out]:
    """Pieces as texts and tags."""
    result: list[str | _Out] = []
    open_: list[_Frame] = []

    def path(text: str) -> str:
        items = [frame.item for frame in open_ if frame.item]
        if text in _FROM_AT:
            if not items:
                raise Beyond(text)
            return _FROM_AT[text]
        first, *rest = text.split(".")
        if {first, *rest} & _UNSAYABLE or "length" in rest:
            raise Beyond(f"{{{{ {text} }}}}")
        if first in items:
            up = len(items) - 1 - max(index for index, item in enumerate(items) if item == first)
            here = ["this", *rest] if not up else rest
            return "../" * (up - (not here)) + (".".join(here) or "..")
        outside = "../" * len(items) or ("this." if first in _HELPERS else "")
        return outside + text

    for piece in found:
        if piece.kind == "text":
            if "\0" in piece.text or "<<<dotprompt:" in piece.text:
                raise Beyond("a text that dotprompt would take for its own mark")
            result.append(piece.text)
        elif piece.kind == "value":
            result.append(_Out(path(piece.text), False))
        elif piece.kind == "role":
            result.append(_Out(f'role "{"model" if piece.text == "assistant" else piece.text}"', False))
            result.append("\n")
        elif piece.kind == "include":
            if not _PARTIAL.fullmatch(piece.text):
                raise Beyond(f'{{% include "{piece.text}" %}}')
            losses.append(f"partial {piece.text}: the file _{piece.text}.prompt must stand beside this one")
            result.append(_Out(f">{piece.text}", True))
        elif piece.kind == "for":
            if piece.name != loop_name(piece.text):
                losses.append(f"loop over {piece.text}: its variable {piece.name} has no name there")
            result.append(_Out(f"#each {path(piece.text)}", True))
            open_.append(_Frame("each", piece.name))
        elif piece.kind == "if":
            helper = "unless" if piece.negated else "if"
            result.append(_Out(f"#{helper} {path(piece.text)}", True))
            open_.append(_Frame(helper))
        elif piece.kind == "elif":
            # A block of its own: around `{{else if}}` Handlebars (4.7.8) strips white space by other rules.
            helper = "unless" if piece.negated else "if"
            result += [_Out("else", True), _Out(f"#{helper} {path(piece.text)}", True)]
            open_.append(_Frame(helper, nested=True))
        elif piece.kind == "else":
            open_[-1] = replace(open_[-1], item="")
            result.append(_Out("else", True))
        else:
            while open_[-1].nested:
                result.append(_Out(f"/{open_.pop().helper}", True))
            result.append(_Out(f"/{open_.pop().helper}", True))
    return result


def _emit(found: list[str | _Out]) -> str:
    """The text, with what Handlebars would read differently made safe: braces, backslashes, lines of their own."""
    joined: list[str | _Out] = []
    for item in found:
        if isinstance(item, str) and joined and isinstance(joined[-1], str):
            joined[-1] += item
        elif item != "":
            joined.append(item)
    source = ""
    for number, item in enumerate(joined):
        before = joined[number - 1] if number else "\n"
        after = joined[number + 1] if number + 1 < len(joined) else "\n"
        if isinstance(item, str):
            source += _escaped(item)
            if number + 1 < len(joined):
                source += "\\" if item.endswith("\\") else " " if item.endswith("{") else ""
            continue
        left = "~" if isinstance(before, str) and before.endswith("{") else ""
        right = "~" if isinstance(after, str) and after.startswith("}") else ""
        tag = f"{{{{{left}{item.body}{right}}}}}" + (" " if right else "")
        if item.block and isinstance(before, str) and isinstance(after, str):
            indent = re.search(r"(?:^|(?<=\n))[ \t]*\Z", before)
            if indent and (rest := re.match(r"[ \t]*\n", after)):
                plain = not indent[0] and rest[0] == "\n"
                tag = tag + "\n" if plain else "{{!}}" + tag
        source += tag
    return source


def _escaped(text: str) -> str:
    """Text in which no "{{" opens a tag; one after a backslash is kept from it by an empty comment."""
    return re.sub(r"(\\*)\{\{", lambda match: (match[1] + "\\{{!}}" if match[1] else "") + "\\{{", text)
