"""What is asked when a prompt was saved by somebody else since it was opened: nothing is written over unseen."""

from __future__ import annotations

from markupsafe import Markup

from playground.store.records import SavedVersion
from playground.types.prompt import Prompt
from playground.ui.actions import Ask
from playground.ui.html import button, stamp
from playground.ui.update import Drawer
from playground.ui.versions import prompt_diff


def moved_drawer(ask: Ask, newest: SavedVersion, mine: Prompt, number: int) -> Drawer:
    """The newer version against what is on screen, and the three ways on; `number` is the next version's."""
    column = ask.text("column") or None
    way = f"variant:{newest.variant}" if newest.variant else "version"
    who = Markup(" by {}").format(newest.author) if newest.author else ""
    said = Markup(', "{}"').format(newest.message) if newest.message else ""
    head = Markup("<p>Version {} was saved {}{}{}. What you changed began before it.</p>").format(
        newest.number, stamp(newest.created_at), who, said
    )
    hidden = Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, ask.text(name))
        for name in ("name", "message", "author")
    )
    on_top = button(
        f"Save on top, as version {number}", "save", symbol="save", kind="primary",
        sure="yes", as_=way, column=column,
    )  # fmt: skip
    look = button(
        f"Look at version {newest.number}", "open_version", symbol="eye",
        prompt=newest.prompt_id, number=newest.number,
    )  # fmt: skip
    variant = Markup(
        '<label class="soft" for="moved-variant">Variant</label>'
        '<input id="moved-variant" name="variant" class="field" maxlength="40" placeholder="shorter" style="width:160px">{}'
    ).format(button("Save as a variant", "save", symbol="fork", as_="new-variant", column=column, default=""))
    # Two forms: Enter in the name of the variant must not save on top.
    ways = Markup(
        '<div data-form class="row-form">{}{}{}</div><div data-form class="row-form">{}{}</div>'
        '<p class="hint">Looking keeps what is on screen as a draft.</p>'
    ).format(hidden, on_top, look, hidden, variant)
    diff = prompt_diff(newest.prompt, mine, f"Version {newest.number}", "Yours")
    return {
        "title": f"Version {newest.number} was saved meanwhile",
        "body": Markup("{}{}{}").format(head, ways, diff),
    }
