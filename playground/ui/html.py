"""Small pieces of HTML and wording that every tab uses. Every text is escaped.

`Markup("…{}…").format(text)` escapes what it inserts; nothing here joins strings by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup, escape

from playground.diff import Piece
from playground.plurals import plural as plural
from playground.times import minute


def icon(name: str, extra: str = "") -> Markup:
    """An icon of the page's sprite; drawn in the colour of the text."""
    return Markup('<svg class="i {}" aria-hidden="true"><use href="#i-{}"></use></svg>').format(extra, name)


def button(label: str, action: str, *, symbol: str = "", kind: str = "", **data: Any) -> Markup:
    """A button that asks for an action; `data` becomes its data-* attributes."""
    return Markup('<button class="btn {}" data-act="{}"{}>{}{}</button>').format(
        kind, action, attributes(data), icon(symbol, "soft-icon") if symbol else "", label
    )


def attributes(data: dict[str, Any]) -> Markup:
    """`data-*` attributes; None leaves one out, and `from_` is how `from` is written in Python."""
    return Markup("").join(
        Markup(' data-{}="{}"').format(name.strip("_"), value)
        for name, value in data.items()
        if value is not None
    )


def into_column(label: str, **what: Any) -> Markup:
    """A button that opens a prompt in a column of Compare; `what` names it as `take_prompt` reads it."""
    return Markup(
        '<button class="btn quiet small" data-act="into_column"{} aria-haspopup="dialog" '
        'title="Open in a column, beside the other prompts" aria-label="Open {} in a column">{}<span class="word">Column</span></button>'
    ).format(attributes(what), label, icon("plus", "soft-icon"))


def join(parts: Iterable[Markup | str]) -> Markup:
    """Pieces one after another."""
    return Markup("").join(parts)


class Name(str):
    """A name that somebody gave, such as a column's or a prompt's: shown as it is, also when it is a word of ours."""


def options(choices: Sequence[tuple[str, str]], chosen: str) -> Markup:
    """The options of a select, value and label each."""
    return join(
        Markup('<option value="{}"{}{}>{}</option>').format(
            value,
            Markup(" selected") if value == chosen else "",
            Markup(' translate="no"') if isinstance(label, Name) else "",
            label,
        )
        for value, label in choices
    )


def segments(action: str, rows: Sequence[tuple[str, str]], chosen: str, **data: Any) -> Markup:
    """A row of choices of which one is pressed; it asks for `action` with `view`."""
    buttons = join(
        Markup('<button data-act="{}" aria-pressed="{}"{}>{}</button>').format(
            action, str(value == chosen).lower(), attributes({**data, "view": value}), label
        )
        for value, label in rows
    )
    return Markup('<span class="seg">{}</span>').format(buttons)


def warning(title: str, lines: Sequence[Markup | str], symbol: str = "ignored") -> Markup:
    """An alert with a list of what did not come along; nothing without lines."""
    if not lines:
        return Markup("")
    listed = join(Markup("<li>{}</li>").format(line) for line in lines)
    return Markup('<div class="alert warn">{}<div><b>{}</b><ul style="margin:0">{}</ul></div></div>').format(
        icon(symbol), title, listed
    )


def marked(text: str, search: str) -> Markup:
    """The text with the words of a search marked."""
    words = [re.escape(word) for word in search.split()]
    if not words:
        return escape(text)
    parts = re.split(f"({'|'.join(words)})", text, flags=re.IGNORECASE)
    return join(
        Markup("<mark>{}</mark>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts)
    )


def stamp(when: Any) -> Markup:
    """A time as the page's script will word it in the reader's own zone; this machine's until then."""
    return Markup('<time datetime="{}">{}</time>').format(when.isoformat(), minute(when))


def clock(when: Any) -> Markup:
    """As `stamp`, with seconds."""
    return Markup('<time datetime="{}" data-seconds>{}</time>').format(
        when.isoformat(), when.astimezone().strftime("%H:%M:%S")
    )


def pieces(parts: Sequence[Piece], *, side: str = "both") -> Markup:
    """A word diff: removed struck, added underlined. `side` "before" or "after" leaves the other out."""
    skip = {"before": "added", "after": "removed"}.get(side)
    tags = {"same": "{}", "added": '<ins class="add">{}</ins>', "removed": '<del class="del">{}</del>'}
    return join(Markup(tags[part.kind]).format(part.text) for part in parts if part.kind != skip)


# --- words and numbers ----------------------------------------------------------------------------------


def percent(part: int, whole: int) -> str:
    """A share such as "67 %"; 0 and 100 only where it is none or all."""
    rounded = round(100 * part / whole)
    return f"{min(max(rounded, int(part > 0)), 100 if part == whole else 99)} %"


def seconds(value: float | None) -> str:
    """A duration such as "0.42 s", "3.9 s" or "6 min 51 s"; a dash when unknown."""
    if value is None:
        return "–"
    if value >= 59.95:  # what would be rounded to 60.0 s
        return f"{round(value) // 60} min {round(value) % 60} s"
    return f"{value:.2f} s" if value < 0.995 else f"{value:.1f} s"


def count(value: int | None) -> str:
    """A number such as "1,142"; a dash when unknown."""
    return "–" if value is None else f"{value:,}"
