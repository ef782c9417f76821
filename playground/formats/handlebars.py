r"""Turns in Jinja2 → Handlebars bodies as dotprompt uses them, as far as both can say the same.

    Turn("system", "Be {{ tone }}.")                    {{role "system"}}
    Turn("user", "{% for shot in shots %}{{ shot.q }}   →    Be {{tone}}.
    {% endfor %}{{ question }}")                        {{role "user"}}
                                                        {{#each shots}}{{this.q}}{{/each}}…

What handlebars_read.py makes of Handlebars is written as it was: `{% if tone == "kind" %}` as `{{#ifEquals}}`, the
loop over `history` as `{{history}}`, a comment `{# {{section "x"}} #}` as its tag.

Newlines: a Handlebars tag alone on its line takes the line with it, so the Jinja2 text may look denser or the
Handlebars text looser than its source; both render to the same. An empty object counts as true in Handlebars only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from playground.formats.handlebars_back import Back, Variables, segment
from playground.formats.handlebars_names import HELPERS, loop_name
from playground.formats.handlebars_read import HISTORY
from playground.formats.plain_jinja import NAME, Beyond, Piece, Written, pieces

_UNSAYABLE = frozenset({"true", "false", "null", "undefined", "as"})
_AT = {"loop.index0": "@index", "loop.first": "@first", "loop.last": "@last"}
_PARTIAL = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)*")
_MARK = re.compile(r"\{# \{\{((?:section|media) [^{}]*)\}\} #\}")
_HISTORY = re.compile(re.escape(HISTORY % "NAME").replace("NAME", f"({NAME.pattern})"))
PLAIN = Variables()


@dataclass(frozen=True, slots=True)
class _Frame:
    """An open block: its helper, its loop's item and key ("" for none); a `nested` one stands for an `elif`."""

    helper: str
    item: str = ""
    key: str = ""
    alias: str = ""
    nested: bool = False


def convert(template: str, variables: Variables = PLAIN) -> str:
    """Checks that a turn converts, and gives it back; `write` converts all turns in one go. Raises Beyond."""
    if not _HISTORY.fullmatch(template):
        _Writer(variables, []).tags(pieces(template, rich=True))
    return template


def write(turns: list[Written], losses: list[str], variables: Variables = PLAIN) -> str:
    """The Handlebars body of turns that `convert` has accepted; frozen ones hold plain text."""
    found: list[str | _Out] = []
    for turn in turns:
        if _HISTORY.fullmatch(turn.text) and not turn.frozen:
            found += [_Out("history", False), "\n"]
            continue
        role = "model" if turn.role == "assistant" else turn.role
        inner: list[str | _Out] = [turn.text]
        if not turn.frozen:
            inner = _Writer(variables, losses).tags(pieces(turn.text, rich=True))
        found += [_Out(f'role "{role}"', False), "\n", *inner, "\n"]
    return _emit(found)


class _Out(NamedTuple):
    """A tag to write, without braces; a `block` tag alone on a line would take the line with it."""

    body: str
    block: bool
    takes_line: bool = False


class _Writer:
    """Pieces of one turn as texts and tags; the blocks that are open, outermost first."""

    def __init__(self, variables: Variables, losses: list[str]) -> None:
        self.variables, self.losses = variables, losses
        self.back = Back(self._path, variables)
        self.open: list[_Frame] = []
        self.result: list[str | _Out] = []

    def tags(self, found: list[Piece]) -> list[str | _Out]:
        """All of them; raises Beyond."""
        skip = 0
        for number, piece in enumerate(found):
            if skip:
                skip -= 1
            elif piece.kind == "tag" and piece.source.startswith("{% with "):
                self._include_with(found[number : number + 3])
                skip = 2
            else:
                self._take(piece)
        return self.result

    def _tag(self, body: str, *, block: bool = False) -> None:
        self.result.append(_Out(body, block))

    def _take(self, piece: Piece) -> None:
        if piece.kind == "text":
            if "\0" in piece.text or "<<<dotprompt:" in piece.text:
                raise Beyond("a text that dotprompt would take for its own mark")
            self.result.append(piece.text)
        elif piece.kind == "value":
            plain = piece.text and self._dotted(piece.text)
            self._tag(plain or self.back.printed(piece.source))
        elif piece.kind == "role":
            self._tag(f'role "{"model" if piece.text == "assistant" else piece.text}"')
            self.result.append("\n")
        elif piece.kind == "include":
            self._include(piece.text, "")
        elif piece.kind == "for":
            self._loop(piece)
        elif piece.kind in ("if", "elif"):
            self._condition(piece)
        elif piece.kind == "else":
            self.open[-1] = replace(self.open[-1], item="", key="", alias="")
            self._tag("else", block=True)
        elif piece.kind == "tag":
            self._other(piece.source)
        else:
            while self.open[-1].nested:
                self._tag(f"/{self.open.pop().helper}", block=True)
            self._tag(f"/{self.open.pop().helper}", block=True)

    def _loop(self, piece: Piece) -> None:
        what = self._dotted(piece.text) if piece.text else self.back.over(piece.source)
        key, _, item = piece.name.rpartition(", ")
        is_object = piece.source.endswith(".items()")
        if bool(key) != is_object or what.startswith("(json"):
            raise Beyond(f"{{% for {piece.name} in {piece.source or piece.text} %}}")
        source = piece.text or re.sub(r"^\((.*) \| default\(.*|\.items\(\)$", r"\1", piece.source)
        if item != loop_name(source.partition(" | ")[0]):
            self.losses.append(f"loop over {source}: its variable {item} has no name there")
        self._tag(f"#each {what}", block=True)
        self.open.append(_Frame("each", item, key))

    def _condition(self, piece: Piece) -> None:
        # A block of its own: around `{{else if}}` Handlebars (4.7.8) strips white space by other rules.
        if piece.text:
            helper, words = "unless" if piece.negated else "if", self._dotted(piece.text)
        else:
            helper, words = self.back.condition(piece.source)
        if piece.kind == "elif":
            self._tag("else", block=True)
        self._tag(f"#{helper} {words}", block=True)
        self.open.append(_Frame(helper, nested=piece.kind == "elif"))

    def _other(self, source: str) -> None:
        """A comment that stands for a tag, or the name of a loop for those inside it."""
        if found := _MARK.fullmatch(source):
            self._tag(found[1])
        elif found := re.fullmatch(rf"\{{% set ({NAME.pattern}) = loop %\}}", source):
            number = next((n for n in reversed(range(len(self.open))) if self.open[n].item), None)
            if number is None:
                raise Beyond(source)
            self.open[number] = replace(self.open[number], alias=found[1])
        elif not source.startswith("{#"):
            raise Beyond(source[:60])

    def _include_with(self, found: list[Piece]) -> None:
        if [piece.kind for piece in found] != ["tag", "include", "tag"] or found[2].source != "{% endwith %}":
            raise Beyond(found[0].source[:60])
        self._include(found[1].text, " " + self.back.options(found[0].source))

    def _include(self, name: str, words: str) -> None:
        if not _PARTIAL.fullmatch(name):
            raise Beyond(f'{{% include "{name}" %}}')
        self.losses.append(f"partial {name}: the file _{name}.prompt must stand beside this one")
        self.result.append(_Out(f">{name}{words}", True, takes_line=True))

    def _dotted(self, text: str) -> str:
        first, *rest = text.split(".")
        return self._path(first, rest)

    def _path(self, first: str, rest: list[str]) -> str:
        """The Handlebars path of a variable and its fields; without a variable, everything. Raises Beyond."""
        loops = [frame for frame in self.open if frame.item]
        if not first:
            return "@root" if loops else "this"
        whole = ".".join((first, *rest))
        if whole in _AT and loops:
            return _AT[whole]
        for up, frame in enumerate(reversed(loops)):
            if first == frame.alias and (known := _AT.get(f"loop.{'.'.join(rest)}")):
                return "@" + "../" * up + known[1:]
            if first == frame.key and not rest:
                return "@" + "../" * up + "key"
            if first == frame.item:
                here = ["this", *map(segment, rest)] if not up else list(map(segment, rest))
                return "../" * (up - (not here)) + (".".join(here) or "..")
        original = self.variables.original.get(first, first)
        if {first, *rest} & _UNSAYABLE or "length" in rest or first == "loop":
            raise Beyond(f"{{{{ {whole} }}}}")
        parts = ".".join((original if original.startswith("@") else segment(original), *map(segment, rest)))
        if original.startswith("@"):
            return parts
        return ("../" * len(loops) or ("this." if first in HELPERS else "")) + parts


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
                # The newline that a partial's line takes with it is the one that ends the partial's file.
                tag = (tag if item.takes_line else tag + "\n") if plain else "{{!}}" + tag
        source += tag
    return source


def _escaped(text: str) -> str:
    """Text in which no "{{" opens a tag; one after a backslash is kept from it by an empty comment."""
    return re.sub(r"(\\*)\{\{", lambda match: (match[1] + "\\{{!}}" if match[1] else "") + "\\{{", text)
