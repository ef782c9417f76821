"""The plain part of Jinja2 that smaller template languages share, as pieces: text, values, if, for, include.

    "Hi {{ name }}{% if tone %}, {{ tone }}{% endif %}"
    → text "Hi ", value "name", if "tone", text ", ", value "tone", endif

`pieces` refuses everything beyond with `Beyond`; `join` writes pieces as Jinja2 source again. Where a turn is
beyond what a format can say, `converted` puts the rendered text in its place, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from playground.errors import PromptError, TemplateError
from playground.formats.base import Export
from playground.formats.literal import literal
from playground.templating.rendering import normalise, variables
from playground.templating.syntax import ROLE_LINE, Token, parse, tokens
from playground.types.prompt import Role

Kind = Literal["text", "value", "if", "elif", "else", "endif", "for", "endfor", "include", "role", "tag"]

NAME = re.compile(r"[^\W\d]\w*")
RESERVED = frozenset(
    ("and", "or", "not", "in", "is", "if", "else", "elif", "true", "false", "none", "True", "False", "None")
) | {"loop", "self", "range", "dict", "namespace", "all_inputs"}
"""Words that are no variable in Jinja2, or not one that a caller can set here."""
METHODS = frozenset(name for kind in (dict, list, str) for name in dir(kind))
"""Fields of these names go into brackets: with a dot Jinja2 would take the method."""
_PATH = r"[^\W\d]\w*(?:\.[^\W\d]\w*|\[(?:'\w+'|\"\w+\")\])*"
_LOOPS = {"loop.index0", "loop.first", "loop.last"}


class Beyond(ValueError):
    """A template uses what the other language cannot say; the text is what, without a full stop."""


class Piece(NamedTuple):
    """One piece of a template. `text` is the text, or the dotted path of a value, a condition or a list.

    `name` is a loop's variable; `negated` belongs to a condition. A `role` piece opens a message inside a block.
    `source`, where it is set, is the Jinja2 expression in place of the path; a `tag` is all of a tag or comment.
    """

    kind: Kind
    text: str = ""
    name: str = ""
    negated: bool = False
    source: str = ""


# --- reading Jinja2 ---------------------------------------------------------------------------------------


def pieces(source: str, *, rich: bool = False) -> list[Piece]:
    """The pieces of one turn, neighbouring texts joined; raises Beyond, and TemplateError where it does not parse.

    `rich` gives what is beyond plain paths as pieces with a `source`, and comments as tags, for the caller to judge.
    """
    parse(source)
    lines = [match for match in ROLE_LINE.finditer(source)]
    found: list[Piece] = []
    inside: list[Token] | None = None
    raw = False
    for token in tokens(source):
        if token.kind in ("raw_begin", "raw_end"):
            raw = token.kind == "raw_begin"
        elif token.kind in ("variable_begin", "block_begin"):
            inside = []
        elif token.kind == "variable_end":
            found.append(_value(inside or [], rich))
            inside = None
        elif token.kind == "block_end":
            found.append(_block(inside or [], rich))
            inside = None
        elif token.kind == "comment" and rich:
            found.append(Piece("tag", source=f"{{#{token.text}#}}"))
        elif inside is not None:
            inside.append(token)
        elif token.kind == "data":
            found.extend([Piece("text", token.text)] if raw else _text(token, lines))
    return merged(found)


def merged(found: Iterable[Piece]) -> list[Piece]:
    """The same pieces with neighbouring texts as one, and no empty ones."""
    result: list[Piece] = []
    for piece in found:
        if piece.kind == "text" and result and result[-1].kind == "text":
            result[-1] = Piece("text", result[-1].text + piece.text)
        elif piece.kind != "text" or piece.text:
            result.append(piece)
    return result


def _text(token: Token, lines: list[re.Match[str]]) -> list[Piece]:
    """The text of a token, split at its role lines; these stand in a block, because turns are split before."""
    found, start, end = [], token.offset, token.offset + len(token.text)
    for match in lines:
        if start <= match.start(1) < end:
            before = token.text[start - token.offset : max(match.start() - token.offset, 0)]
            found += [Piece("text", before.removesuffix("\n")), Piece("role", match[1].lower())]
            start = min(match.end() + 1, end)
    return [*found, Piece("text", token.text[start - token.offset :])]


def _written(inside: list[Token], rich: bool) -> str:
    """The words of a tag with one space between those that need it; `rich` keeps together what stands together."""
    words = [token for token in inside if token.kind != "whitespace"]
    text, end = "", 0
    for word in words:
        glued = word.text in ".[]" or text.endswith((".", "[")) or (rich and word.offset == end)
        text += word.text if glued or not text else " " + word.text
        end = word.offset + len(word.text)
    return text


def _value(inside: list[Token], rich: bool) -> Piece:
    text = _written(inside, rich)
    if re.fullmatch(r"'[^'\\]*'|\"[^\"\\]*\"", text, re.S):
        return Piece("text", text[1:-1])
    return _with_path(Piece("value"), text, rich)


def _block(inside: list[Token], rich: bool) -> Piece:
    text = _written(inside, rich)
    word, _, rest = text.partition(" ")
    if word in ("if", "elif"):
        piece = Piece("if" if word == "if" else "elif", negated=rest.startswith("not "))
        try:
            return _with_path(piece, rest.removeprefix("not "), False)
        except Beyond:
            return _with_path(piece._replace(negated=False), rest, rich)
    if text in ("else", "endif", "endfor"):
        return Piece(text)  # type: ignore[arg-type]
    names = rf"{NAME.pattern}(?: ?, ?{NAME.pattern})?" if rich else NAME.pattern
    if match := re.fullmatch(rf"for ({names}) in (.+)", text, re.S):
        loops = NAME.findall(match[1])
        if RESERVED.intersection(loops):
            raise Beyond(f"{{% {text} %}}")
        return _with_path(Piece("for", name=", ".join(loops)), match[2], rich)
    if match := re.fullmatch(r"include (?:'([^'\\]*)'|\"([^\"\\]*)\")", text):
        return Piece("include", match[1] or match[2] or "")
    if rich and (word in ("with", "endwith") or re.fullmatch(rf"set {NAME.pattern} = loop", text)):
        return Piece("tag", source=f"{{% {text} %}}")
    raise Beyond(f"{{% {text[:60]} %}}")


def _with_path(piece: Piece, text: str, rich: bool) -> Piece:
    """The piece with its path; with the expression as its source where it is more than a path."""
    try:
        return piece._replace(text=_path(text))
    except Beyond:
        if not rich:
            raise
        return piece._replace(source=text)


def _path(text: str) -> str:
    """A dotted path; `['items']` becomes `.items`, and `.items` alone would be a method."""
    if text in _LOOPS:
        return text
    if not re.fullmatch(_PATH, text):
        raise Beyond(f"{{{{ {text[:60]} }}}}")
    first, *rest = re.findall(r"[^\W\d]\w*|\['\w+'\]|\[\"\w+\"\]", text)
    if first in RESERVED or any(part in METHODS for part in rest):
        raise Beyond(f"{{{{ {text[:60]} }}}}")
    return ".".join([first, *(part.strip("[]'\"") for part in rest)])


# --- writing Jinja2 ---------------------------------------------------------------------------------------


def join(found: Iterable[Piece]) -> str:
    """Jinja2 source of the pieces; its text renders to itself, and only `role` pieces open messages."""
    source = ""
    for piece in merged(found):
        if piece.kind == "text":
            source += literal(piece.text)
            continue
        if source.endswith("{"):
            source = source[:-1] + "{{ '{' }}"
        if piece.kind == "role":
            source += ("" if not source or source.endswith("\n") else "\n") + f"{piece.text}:\n"
        else:
            source += _tag(piece)
    return source


def chained(found: list[Piece]) -> list[Piece]:
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


def _tag(piece: Piece) -> str:
    path = piece.source or jinja_path(piece.text)
    if piece.kind == "tag":
        return path
    if piece.kind == "value":
        return f"{{{{ {path} }}}}"
    if piece.kind in ("if", "elif"):
        return f"{{% {piece.kind} {'not ' if piece.negated else ''}{path} %}}"
    if piece.kind == "for":
        return f"{{% for {piece.name} in {path} %}}"
    if piece.kind == "include":
        return f'{{% include "{piece.text}" %}}'
    return f"{{% {piece.kind} %}}"


def jinja_path(path: str) -> str:
    """A dotted path as Jinja2 reads it: fields that are also methods of a value go into brackets."""
    first, *rest = path.split(".")
    return first + "".join(f"['{part}']" if part in METHODS else f".{part}" for part in rest)


# --- turns of a prompt for another language ---------------------------------------------------------------


class Written(NamedTuple):
    """A turn in the other language; `frozen` when it is the rendered text of this run."""

    role: Role
    text: str
    frozen: bool = False


def converted(
    export: Export, convert: Callable[[str], str], escape: Callable[[str], str], losses: list[str], label: str
) -> list[Written]:
    """The prompt's turns by `convert`, which raises Beyond; rendered text, by `escape`, where that fails.

    `label` names the format. Raises PromptError where a turn does not convert and the export has no messages.
    """
    turns = normalise(export.prompt.turns)
    known = {variable.name for variable in variables(turns)}
    problems: dict[int, str] = {}
    texts: list[str] = []
    for number, turn in enumerate(turns):
        text = ""
        try:
            text = convert(turn.template)
            if {variable.name for variable in variables([turn])} - known:
                raise Beyond("a name that an earlier turn sets")
        except Beyond as exc:
            problems[number] = str(exc)
        except TemplateError as exc:
            problems[number] = exc.message.rstrip(".")
        texts.append(text)
    if not problems:
        return [Written(turn.role, text) for turn, text in zip(turns, texts, strict=True)]
    first, reason = next(iter(problems.items()))
    if not export.messages:
        raise PromptError(
            f"Turn {first + 1} cannot be written for {label}: {reason}.",
            "Fill in the variables and export the run, or use only plain variables in that turn.",
        )
    aligned = [message.role for message in export.messages] == [turn.role for turn in turns] and not any(
        ROLE_LINE.search(turn.template) for turn in turns
    )
    if not aligned:
        losses.append(f"turns: {reason}; every turn is written as rendered with the values of this run")
        return [Written(message.role, escape(message.content), True) for message in export.messages]
    losses += [
        f"turn {number + 1}: {reason}; written as rendered with the values of this run"
        for number, reason in problems.items()
    ]
    return [
        Written(turn.role, escape(export.messages[number].content), True)
        if number in problems
        else Written(turn.role, texts[number])
        for number, turn in enumerate(turns)
    ]
