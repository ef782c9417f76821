"""A text of the source as its literal pieces and the holes between them, and the messages that it can become.

f"{len(rows):,} {'row' if one else 'rows'}"  →  (Hole("rows"), " ", Hole("", (("row",), ("rows",))))
                                             →  "{rows} row", "{rows} rows"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

MOST_FORMS = 24
"""So many forms of one text are written out; a text with more keeps holes."""


@dataclass(frozen=True, slots=True)
class Hole:
    """What is filled in: `forms` where the source tells all that it can be; `empty` for an icon, which says nothing."""

    name: str
    forms: tuple[tuple[Part, ...], ...] = ()
    empty: bool = False


Part = str | Hole


def joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Neighbouring texts as one."""
    found: list[Part] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part != "":
            found.append(part)
    return tuple(found)


def has_markup(parts: Sequence[Part]) -> bool:
    """Whether there is a tag in it, or in something that may stand in a hole."""
    return any(
        re.search(r"</?[a-z]", part) is not None
        if isinstance(part, str)
        else any(has_markup(form) for form in part.forms)
        for part in parts
    )


def is_plain(hole: Hole) -> bool:
    """Whether all that may stand in the hole is text without tags."""
    return bool(hole.forms) and not any(has_markup(form) for form in hole.forms)


def written_out(parts: Sequence[Part]) -> Iterator[tuple[Part, ...]]:
    """Each form of the text, with only holes left that the source says nothing of."""
    known = [part for part in parts if isinstance(part, Hole) and is_plain(part)]
    count = 1
    for hole in known:
        count *= len(hole.forms)
    if not known:
        yield joined(parts)
    elif count > MOST_FORMS:
        yield joined([part if isinstance(part, str) else Hole(part.name or "value") for part in parts])
    else:
        choices = [part.forms if isinstance(part, Hole) and is_plain(part) else ((part,),) for part in parts]
        for chosen in product(*choices):
            yield from written_out(joined([part for form in chosen for part in form]))


def inner_forms(parts: Sequence[Part]) -> Iterator[tuple[Part, ...]]:
    """What stands in holes and has to be read by itself: it has tags, or there are too many forms."""
    for part in parts:
        if isinstance(part, Hole):
            yield from part.forms


def to_message(parts: Sequence[Part]) -> str:
    """The text with named placeholders, each name once, without spaces around; braces of the text stay as they are."""
    names: dict[str, int] = {}
    written = []
    for part in joined(parts):
        # A text that is filled in elsewhere has its fields in it: "at most {le:g}", "The database {} is damaged."
        for piece in (
            re.split(r"((?<!\{)\{\w*(?::[\w.,]+)?\}(?!\}))", part) if isinstance(part, str) else [part]
        ):
            field = re.fullmatch(r"\{(\w*)[^}]*\}", piece) if isinstance(piece, str) else None
            if isinstance(piece, str) and not field:
                written.append(piece)
            elif isinstance(piece, str) or not piece.empty:
                name = (
                    field[1] if field else piece.name if isinstance(piece, Hole) else ""
                ).lower() or "value"
                names[name] = names.get(name, 0) + 1
                written.append("{" + (name if names[name] == 1 else f"{name}{names[name]}") + "}")
    return re.sub(r"\s+", " ", "".join(written)).strip()
