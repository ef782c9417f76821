"""What the page says while answers wait to be stored: another program holds the database, or the disk is full.

It stands in a corner until it is over; the page asks for it again and again meanwhile.
"""

from __future__ import annotations

from markupsafe import Markup

from playground.errors import StoreBusy
from playground.ui.actions import Action, Ask
from playground.ui.html import icon, plural
from playground.ui.update import Update
from playground.workbench.service import Workbench


def notice(workbench: Workbench) -> Markup:
    """The alert for the place `trouble`; empty while nothing hinders."""
    trouble = workbench.history.trouble
    if trouble is None:
        return Markup("")
    what = "What was begun waits" if not trouble.answers else f"{plural(trouble.answers, 'answer')} in memory"
    if isinstance(trouble.error, StoreBusy):
        then = f"{what}, to be stored as soon as it is free."
    else:
        then = f"{what}, not kept yet: stored when that is mended, lost if the program ends before. {trouble.error.hint}"
    return Markup(
        '<div><div class="alert pp" role="alert" data-poll="store_trouble" data-every="1000" data-lost="{}">{}'
        '<div class="grow"><b>{}</b>{}</div></div></div>'
    ).format(len(workbench.runs.deposits.failed), icon("warn"), trouble.cause, then)


async def store_trouble(workbench: Workbench, ask: Ask) -> Update:
    """How it stands; at its end what became of the answers that waited."""
    update: Update = {"html": {"trouble": notice(workbench)}}
    if workbench.history.trouble is None:
        lost = len(workbench.runs.deposits.failed) - ask.integer("lost", 0)
        if lost > 0:
            what = f"{plural(lost, 'answer')} could not be stored."
            update["alert"] = {"message": what, "hint": "Copy what you need from the page."}
        else:
            update["toast"] = "All that waited is stored"
    return update


ACTIONS: dict[str, Action] = {"store_trouble": store_trouble}
