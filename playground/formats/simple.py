"""Templates that only put variables into text: what formats with `{x}`, `$x` or `{{x}}` can say.

    "Say {{ word }} to {{ name }}."  ⇄  text "Say ", value "word", text " to ", value "name", text "."

Whatever else Jinja2 can do (loops, conditions, filters) has no place in them; then the rendered text is written.
On the way in, all text between the variables is literal: neither braces nor a line `user:` in it mean anything.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from playground.errors import PromptError, TemplateError
from playground.formats.base import Export
from playground.formats.plain_jinja import RESERVED, Beyond, Piece, merged, pieces
from playground.templating.rendering import normalise, variables
from playground.types.prompt import Input, Role, Turn


class SimpleTurn(NamedTuple):
    """A turn as pieces that are texts and values, with no two texts side by side."""

    role: Role
    pieces: tuple[Piece, ...]


def text_of(text: str) -> Piece:
    """A piece of text."""
    return Piece("text", text)


def slot(name: str) -> Piece:
    """The place of a variable."""
    return Piece("value", name)


# --- on the way in --------------------------------------------------------------------------------------


def variable_name(foreign: str, taken: Collection[str] = ()) -> str:
    """A name that Jinja2 takes for a variable, equal to the foreign one where that works."""
    name = re.sub(r"\W+", "_", foreign[:100]).strip("_") or "value"
    if foreign.isidentifier() and foreign[:100] == foreign:
        name = foreign
    if not name.isidentifier() or keyword.iskeyword(name) or name in RESERVED:
        name = f"value_{name}"
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def used_inputs(turns: Iterable[Turn]) -> tuple[Input, ...]:
    """A text input for each variable of the turns."""
    return tuple(Input(name=variable.name) for variable in variables(tuple(turns)))


# --- on the way out -------------------------------------------------------------------------------------


def simple_turns(
    export: Export, losses: list[str], can_name: Callable[[str], bool] = str.isidentifier
) -> tuple[SimpleTurn, ...]:
    """The prompt's turns; where one of them says more, all are the rendered messages and `losses` says so.

    `can_name` tells which names of variables the format allows. Raises PromptError when there is nothing rendered
    to fall back on.
    """
    found: list[SimpleTurn] = []
    for number, turn in enumerate(normalise(export.prompt.turns), 1):
        parts, problem = pieces_of(turn), ""
        if parts is None:
            problem = f"turn {number} does more than put variables into text"
        elif wrong := [piece.text for piece in parts if piece.kind == "value" and not can_name(piece.text)]:
            problem = f"this format does not allow the name {wrong[0]!r}"
        if problem and not export.messages:
            raise PromptError(
                f"This prompt cannot be written in this format: {problem}.",
                "Fill in its variables, so that the rendered text can be written.",
            )
        if problem:
            losses.append(f"template: {problem}; written with the values of this run")
            return tuple(SimpleTurn(message.role, (text_of(message.content),)) for message in export.messages)
        if parts and (
            turn.role == "user" or any(piece.kind == "value" or piece.text.strip() for piece in parts)
        ):
            found.append(SimpleTurn(turn.role, parts))
    return tuple(found)


def pieces_of(turn: Turn) -> tuple[Piece, ...] | None:
    """The texts and variables of a turn, or None when its template does more."""
    names = {variable.name for variable in variables((turn,))}
    try:
        found = tuple(pieces(turn.template))
    except (Beyond, TemplateError):
        return None
    fits = all(piece.kind == "text" or (piece.kind == "value" and piece.text in names) for piece in found)
    return found if fits else None


def one_text(turns: Sequence[SimpleTurn], losses: list[str]) -> tuple[Piece, ...]:
    """All turns as one text; several turns, or one that is not the user's, get a heading with their role."""
    if len(turns) == 1 and turns[0].role == "user":
        return turns[0].pieces
    if turns:
        losses.append("roles: this format holds one text; the turns stand in it under headings")
    found: list[Piece] = []
    for number, turn in enumerate(turns):
        break_ = "\n\n" if number else ""
        found += [text_of(f"{break_}{turn.role.capitalize()}:\n"), *turn.pieces]
    return tuple(merged(found))


def spelled(found: Sequence[Piece], text: Callable[[str], str], value: Callable[[str, str], str]) -> str:
    """The template in a format's own words; `value` gets the name and the text that follows it."""
    return "".join(
        text(piece.text)
        if piece.kind == "text"
        else value(piece.text, after.text if after.kind == "text" else "")
        for piece, after in zip(found, [*found[1:], text_of("")], strict=False)
    )


def slots(turns: Iterable[SimpleTurn]) -> list[str]:
    """The names of the variables, each once, in order."""
    names = [piece.text for turn in turns for piece in turn.pieces if piece.kind == "value"]
    return list(dict.fromkeys(names))
