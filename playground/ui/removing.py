"""What deleting runs and experiments has in common: the drawer that asks once, and what stays on screen in Compare.

ask_to_delete("Delete 2 runs?", contents, "delete_runs", runs="3f… 9a…")   →  {"drawer": …}: what goes, what stays
left(ask, ["3f…"])   →  {"run": None, "form": …, "columns": …} when that run is on screen
"""

from __future__ import annotations

import time
from collections import Counter
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
from playground.workbench.removal import in_words

SHOWN_TITLES = 5


def ask_to_delete(title: str, contents: Contents, action: str, **which: Any) -> Update:
    """The drawer that asks once: what goes, what stays; `action` is asked for again with `which` and sure="yes"."""
    titles = Counter(contents.titles).most_common()
    names = join(
        Markup('<li><b translate="no">{}</b> {}</li>').format(
            name, Markup('<span class="hint">{}</span>').format(plural(count, "run")) if count > 1 else ""
        )
        for name, count in titles[:SHOWN_TITLES]
    )
    more = len(titles) - SHOWN_TITLES
    rest = Markup("<li>and {} more</li>").format(f"{more:,}") if more > 0 else ""
    counted = join(Markup("<li>{}</li>").format(words) for words in in_words(contents))
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
            if is_one
            else "Each experiment among them still counts as an attempt at its question."
        )
        if contents.attempts
        else ""
    )
    body = Markup('<ul class="goes">{}{}</ul>{}<p>{}</p>{}').format(names, rest, with_it, stays, attempts)
    return ask_once(title, body, action, **which)


def ask_once(title: str, body: Markup, action: str, **which: Any) -> Update:
    """The drawer with this body and the two ways on: `action` with `which` and sure="yes", or all stays."""
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
