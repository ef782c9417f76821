r"""Handlebars source as a tree: texts, values, blocks, partials; and what stands in a tag as paths and calls.

    "{{#each rows as |row i|}}{{json row.[first name] indent=2}}{{else}}none{{/each}}"
    → Block(call=each(rows), params=("row", "i"), body=[Value(json(row.first name, indent=2))], inverse=["none"])

Grammar: handlebarsjs.com, checked against the lexer and parser of handlebars 4.7.8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from playground.errors import PromptError
from playground.formats.handlebars_tags import Tag, scan

MAX_DEPTH = 50
"""Blocks in each other, brackets in each other in a tag, or the parts of a path."""
MAX_WORDS = 200
"""In one tag."""


# --- what stands in a tag -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Path:
    """`../user.name` has up 1 and parts ("user", "name"); `@index` is data; `this` has no parts.

    `explicit` when it began with `this` or a dot, so that no helper or block parameter is meant. `spelled` is the word.
    """

    parts: tuple[str, ...] = ()
    up: int = 0
    is_data: bool = False
    explicit: bool = False
    spelled: str = ""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number, true, false, null or undefined; the last two are None, told apart by `word`."""

    value: Any
    word: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """The head of a tag with what follows it; without parameters it may be a plain value."""

    head: Path | Literal | Call
    args: tuple[Expression, ...] = ()
    options: tuple[tuple[str, Expression], ...] = ()

    @property
    def name(self) -> str:
        """The helper's name, nothing for a path with several parts."""
        head = self.head
        plain = isinstance(head, Path) and len(head.parts) == 1 and not (head.up or head.explicit)
        return head.parts[0] if isinstance(head, Path) and plain and not head.is_data else ""

    @property
    def is_bare(self) -> bool:
        """Whether nothing follows the head."""
        return not (self.args or self.options)


Expression = Path | Literal | Call


class Unreadable(ValueError):
    """What stands in a tag is not Handlebars, or too deep."""


_WORD = re.compile(
    r"\s+|(?P<text>\"(?:\\\"|[^\"])*\"|'(?:\\'|[^'])*')|(?P<bracket>[()])|(?P<pipes>as\s+\|[^|]*\|)"
    r"|(?P<key>(?:\[[^\]]*\]|[^\s\"'(){}=|\[\]]+)=)|(?P<path>@?(?:\[[^\]]*\]|[^\s\"'(){}=|\[\]])+)",
    re.S,
)
_SEGMENT = re.compile(r"\[([^\]]*)\]|(\.\.)(?=/|$)|(\.)(?=/)|([^./\[\]]+)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None, "undefined": None}


def read_call(text: str) -> tuple[Call, tuple[str, ...]]:
    """The call and the block parameters of a tag's words; raises Unreadable."""
    words: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None or len(words) > MAX_WORDS:
            raise Unreadable(text)
        if match.lastgroup:
            words.append((match.lastgroup, match[0]))
        position = match.end()
    params: tuple[str, ...] = ()
    if words and words[-1][0] == "pipes":
        params = tuple(words.pop()[1].partition("|")[2].rstrip("|").split())
    call, rest = _call(words, 0, 0)
    if rest != len(words):
        raise Unreadable(text)
    return call, params


def _call(words: list[tuple[str, str]], at: int, depth: int) -> tuple[Call, int]:
    head, at = _expression(words, at, depth)
    args: list[Expression] = []
    options: list[tuple[str, Expression]] = []
    while at < len(words) and words[at] != ("bracket", ")"):
        if words[at][0] == "key":
            key = words[at][1][:-1].strip("[]")
            value, at = _expression(words, at + 1, depth)
            options.append((key, value))
        elif options:
            raise Unreadable("a value after options")
        else:
            value, at = _expression(words, at, depth)
            args.append(value)
    return Call(head, tuple(args), tuple(options)), at


def _expression(words: list[tuple[str, str]], at: int, depth: int) -> tuple[Expression, int]:
    if at >= len(words) or depth > MAX_DEPTH:
        raise Unreadable("nothing, or too deep")
    kind, word = words[at]
    if (kind, word) == ("bracket", "("):
        call, at = _call(words, at + 1, depth + 1)
        if at >= len(words):
            raise Unreadable("a bracket that is not closed")
        return call, at + 1
    if kind == "text":
        return Literal(word[1:-1].replace("\\" + word[0], word[0])), at + 1
    if kind != "path":
        raise Unreadable(word)
    if word in _CONSTANTS:
        return Literal(_CONSTANTS[word], word), at + 1
    if _NUMBER.fullmatch(word):
        return Literal(float(word) if "." in word else int(word)), at + 1
    return read_path(word), at + 1


def read_path(text: str) -> Path:
    """The path of a word such as `../a.[b c]/d`, `this`, `.`, `@root.x`; raises Unreadable."""
    is_data = text.startswith("@")
    segments: list[tuple[str, bool]] = []  # and whether it stood in brackets
    position = 1 if is_data else 0
    if not is_data and text == ".":
        return Path(explicit=True)
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None or len(segments) > MAX_DEPTH:
            raise Unreadable(text)
        segments.append((match[1] if match[1] is not None else match[0], match[1] is not None))
        position = match.end()
        if position < len(text):
            if text[position] not in "./" or position + 1 == len(text):
                raise Unreadable(text)
            position += 1
    parts: list[str] = []
    up, explicit = 0, False
    for segment, is_quoted in segments:
        if not is_quoted and segment in ("..", ".", "this"):
            if parts:
                raise Unreadable(text)
            up += segment == ".."
            explicit = True
        else:
            parts.append(segment)
    if not segments:
        raise Unreadable(text)
    return Path(tuple(parts), up, is_data, explicit, text.strip("[]"))


# --- the tree -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Value:
    """A tag that prints: a value or what a helper gives."""

    tag: Tag
    call: Call


@dataclass(frozen=True, slots=True)
class Foreign:
    """What stands in the source from `start` to `end` and cannot be read: it is text, and `why`."""

    tag: Tag
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Verbatim:
    """The inside of `{{{{raw}}}} … {{{{/raw}}}}`."""

    tag: Tag
    text: str


@dataclass(slots=True)
class Block:
    """`{{#helper …}} body {{else}} inverse {{/helper}}`; `kind` is "#", "^", "#>" for a partial or "#*" for an inline one."""

    tag: Tag
    kind: str
    call: Call
    params: tuple[str, ...] = ()
    body: list[Node] = field(default_factory=list)
    inverse: list[Node] | None = None
    end: int = 0
    is_chained: bool = False


@dataclass(frozen=True, slots=True)
class Partial:
    """`{{> name context key=value}}`; `indent` is the white space before one that has its line for itself."""

    tag: Tag
    call: Call


Node = str | Value | Foreign | Verbatim | Block | Partial


def read_tree(source: str, file: str, losses: list[str]) -> list[Node]:
    r"""The tree of a body with "\n" as its only newline; raises PromptError where blocks do not close."""
    return _Builder(source, file, losses).tree()


class _Builder:
    """Open blocks, and the list that the next node goes to."""

    def __init__(self, source: str, file: str, losses: list[str]) -> None:
        self.source, self.file, self.losses = source, file, losses
        self.root: list[Node] = []
        self.open: list[Block] = []

    def tree(self) -> list[Node]:
        for item in scan(self.source, self.file, self.losses):
            if isinstance(item, str):
                self._here.append(item)
            elif item.verbatim is not None:
                self._here.append(Verbatim(item, item.verbatim))
            else:
                self._take(item, item.body.strip())
        if self.open:
            block = next((b for b in self.open if not b.is_chained), self.open[-1])
            raise PromptError(
                f"{self.file}: {{{{{' '.join(block.tag.body.split())[:60]}}}}} in line "
                f"{self._line(block.tag)} of the body is never closed.",
                "Close every block.",
            )
        return self.root

    @property
    def _here(self) -> list[Node]:
        if not self.open:
            return self.root
        block = self.open[-1]
        return block.body if block.inverse is None else block.inverse

    def _line(self, tag: Tag) -> int:
        return self.source.count("\n", 0, tag.start) + 1

    def _take(self, tag: Tag, body: str) -> None:
        if body.startswith("/"):
            self._close(tag, body[1:].strip())
        elif re.match(r"else\b|\^\s*$", body):
            self._else(tag, body.removeprefix("else").removeprefix("^").strip())
        elif found := re.match(r"#>|#\*|[#^]", body):
            self._open(tag, found[0], body[found.end() :].strip())
        elif body.startswith(">"):
            try:
                self._here.append(Partial(tag, read_call(body[1:].strip())[0]))
            except Unreadable:
                self._here.append(Foreign(tag, tag.end, "cannot be read"))
        else:
            try:
                call, params = read_call(body.removeprefix("&").strip())
                self._here.append(Foreign(tag, tag.end, "cannot be read") if params else Value(tag, call))
            except Unreadable:
                self._here.append(Foreign(tag, tag.end, "cannot be read"))

    def _open(self, tag: Tag, kind: str, body: str, *, is_chained: bool = False) -> None:
        try:
            call, params = read_call(body)
        except Unreadable:
            # Its end is found by its first word; nothing else is asked of it.
            call, params = Call(Path((re.split(r"\s", body)[0] or "?",)), (Literal(None),)), ("?",)
            kind = "?"
        block = Block(tag, kind, call, params, is_chained=is_chained)
        self._here.append(block)
        self.open.append(block)
        if len(self.open) > MAX_DEPTH:
            raise PromptError(
                f"{self.file}: more than {MAX_DEPTH} blocks are nested in line {self._line(tag)} of the body.",
                "Use fewer blocks inside each other.",
            )

    def _else(self, tag: Tag, rest: str) -> None:
        if not self.open or self.open[-1].inverse is not None or self.open[-1].kind in ("#>", "#*"):
            self._here.append(Foreign(tag, tag.end, "stands outside a block"))
            return
        self.open[-1].inverse = []
        if rest:
            self._open(tag, "#", rest, is_chained=True)

    def _close(self, tag: Tag, name: str) -> None:
        while self.open and self.open[-1].is_chained:
            self.open.pop().end = tag.start
        if not self.open or _called(self.open[-1]) != _unquoted(name):
            raise PromptError(
                f"{self.file}: {{{{/{name[:60]}}}}} in line {self._line(tag)} of the body closes no open block.",
                "Each {{#…}} needs its own {{/…}}, in order.",
            )
        self.open.pop().end = tag.end


def _called(block: Block) -> str:
    """What the closing tag of a block must say."""
    head = block.call.head
    if block.kind == "#*" and isinstance(head, Path):
        return "inline" if head.parts == ("inline",) else ".".join(head.parts)
    words = re.sub(r"^(?:#>|#\*|[#^]|else\b)", "", block.tag.body.strip()).strip()
    return _unquoted(re.split(r"\s", words)[0] if words else "")


def _unquoted(name: str) -> str:
    return name.strip().strip("\"'")
