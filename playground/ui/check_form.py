"""The fields of one check in the drawer: its kind, and the options of that kind.

check_form(check, "", 2, action="experiment_check")     # markup of the drawer's body
read_check(ask)                                         # the check that its fields say; raises PromptError
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from markupsafe import Markup

from playground.errors import PromptError
from playground.scorers import SCORERS, check_problem, options_of
from playground.scorers.options import Option
from playground.types.prompt import Check
from playground.ui.actions import Ask
from playground.ui.html import join, options


def check_form(
    check: Check | None, scorer: str, number: int, *, action: str, kinds: Collection[str] = (), of: str = ""
) -> Markup:
    """The fields of a check: its kind, which `action` shows others of, and its options.

    `kinds` are those to choose from, () all; `of` is the experiment that it belongs to, "" the one being set up.
    """
    kind = scorer if scorer in SCORERS else check.scorer if check and check.scorer in SCORERS else "equals"
    held = check.options if check and check.scorer == kind else {}
    menu = Markup(
        '<select class="field" name="scorer" data-act="{}" data-id="{}" data-number="{}" aria-label="Kind of check">{}</select>'
    ).format(action, of, number, _kinds(kind, kinds or SCORERS))
    fields = join(_option_field(option, held.get(option.name)) for option in options_of(kind))
    negate = Markup('<label><input type="checkbox" name="negate"{}>not: the opposite passes</label>').format(
        Markup(" checked") if check and check.negate else ""
    )
    return Markup(
        '<div class="form one-column" data-form><label>Kind</label>{}{}{}<p class="hint">{}</p><p class="hint">{}</p></div>'
    ).format(
        menu,
        fields,
        negate,
        SCORERS[kind].about,
        "{{ expected }} stands for the expected answer of the row, and {{ name }} for any other column.",
    )


def _kinds(chosen: str, known: Collection[str]) -> Markup:
    """The kinds of checks in their groups."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, row in SCORERS.items():
        if name not in known and name != chosen:
            continue
        groups.setdefault(row.group, []).append((name, row.label))
    return join(
        Markup('<optgroup label="{}">{}</optgroup>').format(group, options(rows, chosen))
        for group, rows in groups.items()
    )


def _option_field(option: Option, held: Any) -> Markup:
    name, value = f"option:{option.name}", option.default if held is None else held
    if option.kind == "boolean":
        return Markup('<label class="wide"><input type="checkbox" name="{}"{}>{}</label>').format(
            name, Markup(" checked") if value else "", option.label
        )
    if option.kind == "choice":
        field = Markup('<select class="field" name="{}">{}</select>').format(
            name, options([(each, each) for each in option.choices], str(value))
        )
    elif option.kind in ("list", "long_text", "json"):
        field = Markup(
            '<textarea class="field mono" rows="3" name="{}" aria-label="{}">{}</textarea>'
        ).format(name, option.label, _written(value))
    else:
        shown_value = (
            "{{ expected }}"
            if value is None and option.required and option.kind == "text"
            else _written(value)
        )
        field = Markup('<input class="field mono" name="{}" aria-label="{}" value="{}">').format(
            name, option.label, shown_value
        )
    return Markup("<label>{}</label>{}").format(option.label, field)


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return "\n".join(map(str, value))
    return str(value)


def read_check(ask: Ask) -> Check:
    """The check that the fields of the drawer say; raises PromptError for one that cannot be used."""
    kind = ask.text("scorer")
    given: dict[str, Any] = {}
    for option in options_of(kind) if kind in SCORERS else ():
        value = ask.fields.get(f"option:{option.name}", "")
        if option.kind == "boolean":
            given[option.name] = bool(value)
        elif str(value).strip() or option.required:
            text = str(value)
            given[option.name] = (
                [line for line in text.splitlines() if line.strip()] if option.kind == "list" else text
            )
    check = Check(scorer=kind, options=given, negate=bool(ask.fields.get("negate")))
    if problem := check_problem(check):
        raise PromptError(problem, "Correct it in the drawer.")
    return check
