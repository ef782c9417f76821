"""The switch of the sandbox: what it risks, how strongly this machine holds a program, on and off.

{"action": "open_sandbox"}                 → a drawer
{"action": "switch_sandbox", "on": "yes"}  → the same drawer, and programs that models write may run
"""

from __future__ import annotations

from markupsafe import Markup

from playground.sandbox.levels import RISK
from playground.sandbox.run import SandboxUnavailable, level_here, why_not_stronger
from playground.ui.actions import Action, Ask
from playground.ui.drawers import drawer
from playground.ui.html import button, icon, join
from playground.ui.update import Update
from playground.workbench.service import Workbench

TITLE = "Sandbox for programs of models"


async def open_sandbox(workbench: Workbench, ask: Ask) -> Update:
    """The drawer."""
    return drawer(TITLE, await _body(workbench))


async def switch_sandbox(workbench: Workbench, ask: Ask) -> Update:
    """Switch it on or off; a machine that holds no program at all stays off. Raises SandboxUnavailable."""
    on = ask.text("on") == "yes"
    if on:
        await level_here()
    workbench.runs.sandbox.is_on = on
    said = "Programs of models may run until this program ends" if on else "Programs of models run no more"
    return {**drawer(TITLE, await _body(workbench)), "toast": said}


async def _body(workbench: Workbench) -> Markup:
    on = workbench.runs.sandbox.is_on
    state = Markup("<p>{} <b>It is {}.</b> {}</p>").format(
        icon("unlock" if on else "lock", "warn" if on else "soft"),
        "on" if on else "off",
        "The next start of the playground is off again, unless it is started with --sandbox."
        if on
        else "PAL, the tool “python” and checks that compute do not run without it.",
    )
    return join(
        (
            state,
            Markup('<p class="warn">{} {}</p>').format(icon("warn"), RISK),
            await _level(),
            Markup('<p class="row">{}</p>').format(
                button("Switch it off", "switch_sandbox", symbol="lock", on="no")
                if on
                else button("Switch it on", "switch_sandbox", symbol="unlock", kind="primary", on="yes")
            ),
        )
    )


async def _level() -> Markup:
    """What this machine guarantees, found by trying; what would make it stronger."""
    try:
        level = await level_here()
    except SandboxUnavailable as exc:
        return Markup('<p class="bad">{} {}</p>').format(exc.message, exc.hint)
    problems = "; ".join((await why_not_stronger()).values())
    more = " ".join(
        part for part in (f"Not stronger, because: {problems}." if problems else "", level.stronger) if part
    )
    return Markup('<p><b>This machine: {}, {}.</b> {}</p><p class="hint">{}</p>').format(
        level.name, level.short, level.guarantees, more
    )


ACTIONS: dict[str, Action] = {"open_sandbox": open_sandbox, "switch_sandbox": switch_sandbox}
