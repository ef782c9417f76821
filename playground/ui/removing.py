"""Runs and experiments that are deleted: the drawer asks once and says what goes, then the list is drawn anew.

delete_runs(fields={"pick:3f…": True})           →  {"drawer": …}
delete_runs(runs="3f… 9a…", sure="yes")          →  {"html": {"hist-list": …}, "toast": "2 runs are deleted"}
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from playground.store.records import Contents
from playground.ui.actions import Ask
from playground.ui.forms import COLUMNS
from playground.ui.html import button, join, plural
from playground.ui.stream import BLANK
from playground.ui.update import ColumnPart, Update
from playground.ui.vote_bar import vote_bar

SHOWN_TITLES = 5


def ask_to_delete(title: str, contents: Contents, action: str, **which: Any) -> Update:
    """The drawer that asks once: what goes, what stays; `action` is asked for again with `which` and sure="yes"."""
    names = join(Markup('<li translate="no">{}</li>').format(name) for name in contents.titles[:SHOWN_TITLES])
    more = len(contents.titles) - SHOWN_TITLES
    rest = Markup("<li>and {} more</li>").format(f"{more:,}") if more > 0 else ""
    goes = (
        (contents.answers, "answer"), (contents.scores, "score"), (contents.votes, "vote"),
        (contents.labels, "label"), (contents.notes, "note"),
    )  # fmt: skip
    counted = join(Markup("<li>{}</li>").format(plural(count, what)) for count, what in goes if count)
    is_one = len(contents.titles) == 1
    with_it = "With it go:" if is_one else "With them go:"
    with_it = Markup('<p>{}</p><ul class="goes">{}</ul>').format(with_it, counted) if counted else ""
    stays = (
        "It cannot be put back. Saved prompts and data sets stay."
        if is_one
        else "They cannot be put back. Saved prompts and data sets stay."
    )
    attempts = (
        Markup('<p class="note">{}</p>').format(
            "It still counts as an attempt at its question: the next one is not told as the first."
            if contents.attempts == 1
            else "Each experiment still counts as an attempt at its question."
        )
        if contents.attempts
        else ""
    )
    body = Markup('<ul class="named">{}{}</ul>{}<p>{}</p>{}').format(names, rest, with_it, stays, attempts)
    sure = button("Delete for good", action, symbol="trash", kind="danger", sure="yes", **which)
    foot = join((sure, button("Keep", "close", kind="quiet")))
    return {"drawer": {"title": title, "body": body, "foot": foot, "narrow": True}}


def left(ask: Ask, run_ids: Sequence[str]) -> Update:
    """What is on screen in Compare when its run was deleted: the form stays, as one that was never saved."""
    form = ask.form or {}
    update: Update = {}
    if ask.run in run_ids:
        empty = BLANK | ColumnPart(text="", state={"kind": "idle", "icon": "", "text": ""})
        update = {
            "run": None,
            "columns": {str(i): empty | ColumnPart(stamp=str(time.monotonic())) for i in range(COLUMNS)},
            "vote": vote_bar(None, len(form.get("columns", ()))),
        }
    key = (form.get("open") or {}).get("key", "")
    is_all_cases = form.get("cases_run") in run_ids
    if key in {f"run:{run_id}" for run_id in run_ids} or (is_all_cases and form.get("cases_run")):
        kept = {"cases_run": ""} if is_all_cases else {}
        is_own = key.removeprefix("run:") in run_ids
        update["form"] = {**form, **kept, **({"open": {}} if is_own else {})}
    return update
