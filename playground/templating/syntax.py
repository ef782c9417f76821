r"""The Jinja2 source of a turn: tokens with positions, role lines, syntax errors.

    "{% for shot in shots %}\nuser:\n{{ shot.q }}\n{% endfor %}"
     depth 0 ──────────────┘ └ role line at depth 1: opens a message each time the loop runs

Nothing here compiles or runs a template: the compiler computes constants, and `{{ 10**10**10 }}` would never
end. Imports neither pydantic nor asyncio, because the render process imports it and must start fast.
"""

from __future__ import annotations

import difflib
import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from jinja2 import TemplateSyntaxError, nodes
from jinja2.lexer import Token as JinjaToken
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from playground.errors import TemplateError
from playground.templating.sandbox import SANDBOX

ROLES = ("system", "user", "assistant")
# ASCII: without it, case folding would let "ſystem:" with a long s open a turn.
ROLE_LINE = re.compile(
    r"^[ \t]*(?:#[ \t]*)?(system|user|assistant)[ \t]*(?:\[[^]\n={}]*=[^]\n{}]*\][ \t]*)?:[ \t]*$",
    re.ASCII | re.IGNORECASE | re.MULTILINE,
)

# Parsing takes about 0.1 ms a tag, and 0.05 ms a word inside one.
MAX_TAGS = 2_000
MAX_WORDS = 20_000
MAX_PROBLEMS = 50
"""Of one kind in one turn, and of a whole prompt: who has more corrects these first."""
OPENING_TAGS = ("for", "if", "macro", "call", "filter", "set", "with", "autoescape", "block")
LONGEST_GUESS = 60
MOST_GUESSES = 300
"""Names that a wrong one is compared with: each takes some 0.1 ms."""
TAGS = (
    *OPENING_TAGS,
    "include",
    "import",
    "elif",
    "else",
    "raw",
    "endraw",
    *(f"end{tag}" for tag in OPENING_TAGS),
)


# --- tokens and blocks ----------------------------------------------------------------------------------


class Token(NamedTuple):
    """A piece of source: `offset` counts characters from 0, `line` from 1, `kind` is the lexer's name."""

    offset: int
    line: int
    kind: str
    text: str


def tokens(source: str) -> Iterator[Token]:
    r"""Every token of `source` (with "\n" as the only newline); raises jinja2's TemplateSyntaxError."""
    position = 0
    for line, kind, text in SANDBOX.lexer.tokeniter(source, None):
        while not source.startswith(text, position):
            position += 1  # `{%-` made the lexer drop the white space before it
        yield Token(position, line, kind, text)
        position += len(text)


class Blocks:
    """The blocks that are open while tokens pass by, as (tag, offset), outermost first."""

    _capturing = frozenset(["macro", "call", "filter", "set"])

    def __init__(self) -> None:
        self.open: list[tuple[str, int]] = []
        self.broken = False
        self.raw = False
        self.tag_offset = 0
        self.inside = ""  # the "{{" or "{%" of a tag that has begun
        self._tag: str | None = None
        self._brackets = 0
        self._assigns = False

    @property
    def captured(self) -> bool:
        """Whether text here goes into a variable, macro or filter first."""
        return any(tag in self._capturing for tag, _ in self.open)

    def see(self, token: Token) -> None:
        """Take the next token."""
        kind, text = token.kind, token.text
        if kind in ("raw_begin", "raw_end"):
            self.raw = kind == "raw_begin"
        if kind in ("block_begin", "variable_begin", "raw_begin", "comment_begin"):
            self._tag, self._brackets, self._assigns = None, 0, False
            self.tag_offset, self.inside = token.offset, text
        elif kind in ("variable_end", "comment_end", "raw_end"):
            self.inside = ""
        elif kind == "name" and self._tag is None:
            self._tag = text
        elif kind == "operator":
            self._brackets += (text in "([{") - (text in ")]}")
            self._assigns |= text == "=" and self._brackets == 0
        elif kind == "block_end":
            self.inside = ""
            if self._tag is None:
                return
            if self._tag in OPENING_TAGS and not (self._tag == "set" and self._assigns):
                self.open.append((self._tag, self.tag_offset))
            elif self._tag.startswith("end"):
                if self.open and self._tag == "end" + self.open[-1][0]:
                    self.open.pop()
                else:
                    self.broken = True


def role_lines(source: str) -> list[re.Match[str]]:
    """The role lines at depth 0: not in a block, a raw block, a comment or an expression.

    When the source does not hold together nobody knows the depth; then every role line counts, so that a
    slip in one turn cannot swallow the turns after it.
    """
    found = list(ROLE_LINE.finditer(source))
    if not found or "{" not in source:
        return found
    blocks, outer = Blocks(), []
    try:
        for token in tokens(source):
            if token.kind == "data" and not blocks.open and not blocks.raw:
                outer.append((token.offset, token.offset + len(token.text)))
            blocks.see(token)
    except TemplateSyntaxError:
        return found
    if blocks.open or blocks.inside or blocks.broken:
        return found
    starts = [start for start, _ in outer]

    def is_outside(match: re.Match[str]) -> bool:
        before = bisect_right(starts, match.start(1)) - 1
        return before >= 0 and match.start(1) < outer[before][1]

    return [match for match in found if is_outside(match)]


# --- marks: role lines that survive rendering -----------------------------------------------------------


def mark(nonce: str, code: int) -> str:
    """A mark that no value can contain, because the nonce is drawn after the values are known.

    Codes 0 to 2 open a message of that role in ROLES; 3 says that the newlines which follow are the file's.
    Digits only, so that `upper` or `title` around a role line leave it as it is.
    """
    return f"\ue000{nonce}{code}\ue000"


def _marked(token: Token, lines: Sequence[re.Match[str]], nonce: str, captured: bool) -> str:
    """The text of a data token with its role lines, and the newlines around them, replaced by marks.

    `lines` are all role lines of the source. Newlines at the end get mark 3, so that after rendering the
    file's newlines before the next role line can be told from a value's; not in text that a filter measures.
    """
    text: list[str] = []
    start, end = token.offset, token.offset + len(token.text)
    for match in lines[bisect_left(lines, start, key=lambda line: line.start(1)) :]:
        if match.start(1) >= end:
            break
        text.append(token.text[start - token.offset : max(match.start(), start) - token.offset].rstrip("\n"))
        text.append(mark(nonce, ROLES.index(match[1].lower())))
        start = min(match.end() + 1, end)
    rest = token.text[start - token.offset :]
    kept = rest.rstrip("\n")
    edge = "" if kept == rest or captured else mark(nonce, 3)
    return "".join(text) + kept + edge + rest[len(kept) :]


# --- parsing --------------------------------------------------------------------------------------------


def parsed(source: str) -> nodes.Template:
    """The tree that `parse` gives, the same one again for a turn without blocks: a run asks for it several times.

    Nobody changes such a tree; one with blocks may get the nodes of its partials.
    """
    return parse(source) if "{%" in source else _without_blocks(source)


@lru_cache(maxsize=64)
def _without_blocks(source: str) -> nodes.Template:
    return parse(source)


def position(source: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of a character of `source`."""
    breaks = _line_breaks(source)
    line = bisect_left(breaks, offset)
    return line + 1, offset - (breaks[line - 1] if line else -1)


@lru_cache(maxsize=4)
def _line_breaks(source: str) -> list[int]:
    return [match.start() for match in re.finditer("\n", source)]


def parse(source: str, nonce: str = "") -> nodes.Template:
    """The syntax tree of one turn, with its role lines marked when a nonce is given.

    Raises TemplateError with line and column, without turn.
    """
    if sum(source.count(start) for start in ("{{", "{%", "{#")) > MAX_TAGS:
        message = f"more than {MAX_TAGS:,} tags in one turn."
        raise TemplateError(message, "Use a loop, or put the text into a variable.", line=1)
    blocks, words = Blocks(), 0
    lines = list(ROLE_LINE.finditer(source))
    seen: list[tuple[JinjaToken | None, int]] = [(None, 0)]
    failed_at: int | None = None  # where the lexer, not the parser, gave up

    def fed() -> Iterator[tuple[int, str, str]]:
        nonlocal failed_at, words
        last = Token(0, 1, "", "")
        try:
            for last in tokens(source):
                words += last.kind not in ("whitespace", "data")
                if words > MAX_WORDS:
                    message = f"more than {MAX_WORDS:,} words and signs inside the tags of one turn."
                    raise TemplateError(message, "Put long lists and texts into a variable.", line=1)
                seen.append((None, last.offset))
                text = last.text
                if nonce and last.kind == "data" and not blocks.raw:
                    text = _marked(last, lines, nonce, blocks.captured)
                blocks.see(last)
                yield last.line, last.kind, text
        except TemplateSyntaxError:
            unclosed = last.kind.endswith("_begin")
            failed_at = last.offset if unclosed else last.offset + len(last.text)
            raise

    def followed() -> Iterator[JinjaToken]:
        for token in SANDBOX.lexer.wrap(fed()):
            seen.append((token, seen[-1][1]))
            yield token

    parser = None
    try:
        with warnings.catch_warnings():
            # Python warns about "\d" in a string; for a template's author that is just text.
            warnings.simplefilter("ignore", DeprecationWarning)
            parser = Parser(SANDBOX, "")
            parser.stream = TokenStream(followed(), None, None)
            return parser.parse()
    except TemplateSyntaxError as exc:
        offset = failed_at if failed_at is not None else seen[-1][1]
        message, hint = _plain(exc.message or "syntax error")
        if failed_at is None and parser is not None:
            current = parser.stream.current
            if current.type != "eof":
                offset = next((at for token, at in reversed(seen) if token is current), offset)
            elif blocks.inside:
                offset, end = blocks.tag_offset, "}}" if blocks.inside[1] == "{" else "%}"
                message, hint = f'"{blocks.inside[:2]}" is never closed.', f'Close it with "{end}".'
            elif blocks.open:
                tag, offset = blocks.open[-1]
                message, hint = f'"{{% {tag} %}}" is never closed.', f"Add {{% end{tag} %}}."
            else:
                offset = blocks.tag_offset
    except ValueError:
        offset, message, hint = seen[-1][1], "this number is too long.", ""
    except RecursionError:
        offset, message, hint = seen[-1][1], "this is nested too deeply.", "Use fewer brackets or blocks."
    line, column = position(source, offset)
    raise TemplateError(message, hint, line=line, column=column)


def _plain(message: str) -> tuple[str, str]:
    """Jinja2's message of a syntax error as (what happened, what to do), in plain words."""
    names = {"end of print statement": "}}", "end of statement block": "%}", "end of template": "the end"}
    if match := re.match(r"expected token '(.+?)', got '(.+?)'$", message):
        wanted, got = (names.get(name, name) for name in match.groups())
        return f'expected "{wanted}", found "{got}".', ""
    if match := re.match(r"Encountered unknown tag '(.+?)'", message):
        return f'there is no tag "{match[1]}" here.', did_you_mean(match[1], TAGS)
    if message == "Missing end of comment tag":
        return '"{#" is never closed.', 'Close the comment with "#}".'
    if message == "Missing end of raw directive":
        return '"{% raw %}" is never closed.', "Add {% endraw %}."
    if message.startswith(("unexpected char '\"'", 'unexpected char "\'"')):
        return "a text in quotes is never closed.", "Add the closing quote."
    if message.startswith("unexpected char"):
        return re.sub(r" at \d+$", "", message) + ".", ""
    first = message.split(". ")[0].rstrip(".")
    return first[:1].lower() + first[1:] + ".", ""


def did_you_mean(name: str, known: Collection[str]) -> str:
    """A hint with the nearest known name, or nothing; never the name itself."""
    others = [other for other in known if other != name and len(other) <= LONGEST_GUESS]
    near = difflib.get_close_matches(name, others[:MOST_GUESSES], n=1) if len(name) <= LONGEST_GUESS else []
    return f'Did you mean "{near[0]}"?' if near else ""


def walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Every node, in no particular order; without recursion, so that depth does not matter."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def locate(source: str, line: int, name: str, before: tuple[str, ...] = ()) -> tuple[int, int]:
    """Line and column of `name` on that line, or (line, 0).

    `before` names the tokens that should stand in front ("|" for a filter); without it a name is looked for
    that is neither a field, a filter, a test nor a keyword argument.
    """
    hits: list[tuple[bool, int]] = []
    for front, back, offset in _words(source).get((line, name), ()):
        good = front in before if before else front not in (".", "|", "is") and back != "="
        hits.append((not good, offset))
    return position(source, min(hits)[1]) if hits else (line, 0)


@lru_cache(maxsize=4)
def _words(source: str) -> dict[tuple[int, str], list[tuple[str, str, int]]]:
    """Names inside tags, by line and name: the words before and after on that line, and the offset.

    Kept, because a turn with many names is asked for each of them.
    """
    words = [token for token in tokens(source) if token.kind not in ("whitespace", "data")]
    names: dict[tuple[int, str], list[tuple[str, str, int]]] = {}
    for number, token in enumerate(words):
        if token.kind == "name":
            front, back = words[number - 1] if number else None, words[number + 1 : number + 2]
            row = (
                front.text if front and front.line == token.line else "",
                back[0].text if back and back[0].line == token.line else "",
                token.offset,
            )
            names.setdefault((token.line, token.text), []).append(row)
    return names


def refusals(source: str, tree: nodes.Template) -> list[TemplateError]:
    """What parses but will never render: unknown filters and tests, and `extends`; one more than MAX_PROBLEMS at most."""
    found: list[TemplateError] = []
    suspects = [node for node in walk(tree) if isinstance(node, nodes.Filter | nodes.Test | nodes.Extends)]
    for node in sorted(suspects, key=lambda node: node.lineno):
        if len(found) > MAX_PROBLEMS:
            break
        name, hint = "", ""
        before: tuple[str, ...] = ("|", "filter")
        if isinstance(node, nodes.Filter) and node.name not in SANDBOX.filters:
            name, message = node.name, f'there is no filter "{node.name}".'
            hint = did_you_mean(name, SANDBOX.filters)
        elif isinstance(node, nodes.Test) and node.name not in SANDBOX.tests:
            name, before, message = node.name, ("is", "not"), f'there is no test "{node.name}".'
            hint = did_you_mean(name, SANDBOX.tests)
        elif isinstance(node, nodes.Extends):
            name, before = "extends", ("{%", "{%-", "{%+")
            message, hint = "extends is not available here.", 'Write {% include "Name of a prompt@3" %}.'
        if name:
            line, column = locate(source, node.lineno, name.split(".")[0], before)
            found.append(TemplateError(message, hint, line=line, column=column or None))
    return found
