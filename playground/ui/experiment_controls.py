"""The controls of an experiment's set-up: each says with data-set what it changes, see experiment_form.

menu("variants/1/model", models, chosen, "Model of variant B")   number_field("limits/tries", 3, "Tries of a call")
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from playground.ui.experiment_choices import Option
from playground.ui.html import attributes, icon, options


def menu(what: str, choices: Sequence[Option], chosen: str, label: str, kind: str = "field") -> Markup:
    """A menu; what is chosen and not among the choices is shown too."""
    known = any(value == chosen for value, _ in choices)
    rows = choices if known else [(chosen, chosen or "none"), *choices]
    return Markup('<select class="{}" data-set="{}" aria-label="{}">{}</select>').format(
        kind, what, label, options(rows, chosen)
    )


def adder(what: str, choices: Sequence[Option], label: str) -> Markup:
    """A menu that adds what is chosen, worded as a button."""
    return Markup(
        '<span class="adder">{}<select class="bare" data-set="{}" data-adds aria-label="Add a variant: another {}">'
        '<option value="" selected>{}</option>{}</select></span>'
    ).format(icon("plus", "soft-icon"), what, label.lower(), label, options(list(choices), ""))


def number_field(
    what: str, value: object, label: str, *, unit: str = "", width: int = 56, none: str = ""
) -> Markup:
    """A field for a number, with its unit after it."""
    return Markup(
        '<input class="field num" inputmode="decimal" data-set="{}" value="{}" placeholder="{}" aria-label="{}" style="width:{}px">{}'
    ).format(
        what,
        "" if value is None else f"{value:,}" if isinstance(value, int) else value,
        none,
        label,
        width,
        Markup('<span class="hint">{}</span>').format(unit) if unit else "",
    )


def tick(what: str, is_on: bool, label: Markup | str, **data: Any) -> Markup:
    """A checkbox with its words."""
    return Markup('<label><input type="checkbox" data-set="{}"{}{}>{}</label>').format(
        what, attributes(data), Markup(" checked") if is_on else "", label
    )
