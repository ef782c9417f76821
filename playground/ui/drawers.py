"""A drawer with a small form: fields with their labels, the button that sends them, a sentence below."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from playground.ui.html import join, options
from playground.ui.update import Update


def drawer(title: str, body: Markup) -> Update:
    """The update that opens it."""
    return {"drawer": {"title": title, "body": body, "narrow": True}}


def form(rows: Sequence[tuple[str, str, Markup]], submit: Markup, note: str = "") -> Markup:
    """A small form: (id, label, field) rows, the button that sends it, and a sentence below."""
    fields = join(
        Markup('<label for="{}" class="soft">{}</label>{}').format(ident, label, control)
        for ident, label, control in rows
    )
    return Markup(
        '<div class="form" data-form>{}<span></span><span>{}</span></div><p class="hint">{}</p>'
    ).format(fields, submit, note)


def field(
    ident: str, name: str, *, value: str = "", hint: str = "", kind: str = "text", extra: str = ""
) -> Markup:
    """A line to type in; `extra` is "autofocus", or "mono" for a focused field in the models' own type."""
    return Markup(
        '<input id="{}" name="{}" type="{}" class="field {}" value="{}" placeholder="{}" spellcheck="false" autocomplete="{}" {}>'
    ).format(
        ident,
        name,
        kind,
        "mono" if extra == "mono" else "",
        value,
        hint,
        "new-password" if kind == "password" else "off",
        Markup("autofocus") if extra in ("autofocus", "mono") else "",
    )


def select(ident: str, name: str, rows: Sequence[tuple[str, str]], chosen: str) -> Markup:
    """A list of (value, label) to choose from."""
    return Markup('<select id="{}" name="{}" class="field">{}</select>').format(
        ident, name, options(rows, chosen)
    )
