"""Saving over a base that moved asks; what is the same as before is not saved again."""

from __future__ import annotations

from typing import Any

from playground.workbench.service import Workbench
from tests.ui.conftest import Call


async def opened(call: Call, form: dict[str, Any], name: str) -> dict[str, Any]:
    """The form as it is once version 1 was saved and opened."""
    saved = (await call("save", form=form, fields={"name": name, "message": "First"}))["saved"]
    update = await call("open_version", prompt=saved["prompt_id"], number="1", form=form)
    opened: dict[str, Any] = update["form"]
    return opened


def edited(form: dict[str, Any], text: str) -> dict[str, Any]:
    turns = [{"role": "user", "template": text}]
    return {**form, "prompt": {**form["prompt"], "turns": turns}}


async def test_a_version_that_was_saved_meanwhile_is_shown_before_it_is_saved_over(
    call: Call, form: dict[str, Any], workbench: Workbench
):
    mine = await opened(call, form, "Moved")
    fields = {"name": "Moved", "message": "Theirs"}
    await call("save", form=edited(mine, "Theirs {{ word }}"), fields=fields)
    update = await call("save", form=edited(mine, "Mine {{ word }}"), fields={**fields, "message": "Mine"})
    drawer = update["drawer"]
    assert drawer["title"] == "Version 2 was saved meanwhile"
    assert all(text in drawer["body"] for text in ("Theirs", "Mine", "as version 3", "Look at version 2"))
    assert "saved" not in update
    assert len(await workbench.saved.versions(mine["prompt_id"])) == 2
    asked = {"name": "Moved", "message": "Mine", "variant": "shorter"}
    line = await call("save", form=edited(mine, "Mine {{ word }}"), fields=asked, **{"as": "new-variant"})
    assert line["toast"] == 'Saved as version 3 of "shorter"'
    top = await call(
        "save", form=edited(mine, "Mine {{ word }}"), fields=asked, sure="yes", **{"as": "version"}
    )
    assert top["toast"] == "Saved as version 4"


async def test_one_key_asks_too(call: Call, form: dict[str, Any]):
    mine = await opened(call, form, "Moved at one key")
    await call("save", form=edited(mine, "Theirs {{ word }}"), fields={"name": "Moved at one key"})
    update = await call("save_now", form=edited(mine, "Mine {{ word }}"))
    assert update["drawer"]["title"] == "Version 2 was saved meanwhile"


async def test_an_older_version_that_was_opened_on_purpose_is_saved_without_asking(
    call: Call, form: dict[str, Any]
):
    mine = await opened(call, form, "On purpose")
    await call("save", form=edited(mine, "Second {{ word }}"), fields={"name": "On purpose"})
    old = await call("open_version", prompt=mine["prompt_id"], number="1", form=form)
    assert (old["form"]["version"], old["form"]["open"]["latest"]) == (1, 2)
    update = await call("save", form=edited(old["form"], "Third {{ word }}"), fields={"name": "On purpose"})
    assert update["toast"] == "Saved as version 3"


async def test_a_save_without_a_change_says_so(call: Call, form: dict[str, Any], workbench: Workbench):
    mine = await opened(call, form, "Unchanged")
    update = await call("save", form=mine, fields={"name": "Unchanged"})
    assert update["toast"] == "Nothing has changed since version 1."
    assert len(await workbench.saved.versions(mine["prompt_id"])) == 1
