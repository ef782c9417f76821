"""Drafts as the page asks for them: kept, opened, thrown away, put back; and what an address leads to."""

from __future__ import annotations

from typing import Any

from playground.ui.forms import readable_draft
from playground.workbench.service import Workbench
from tests.ui.conftest import Call


def typed(form: dict[str, Any], text: str, key: str = "new:1", ident: str = "draft0001") -> dict[str, Any]:
    turns = [{"role": "user", "template": text}]
    return {**form, "open": {"key": key, "draft": ident}, "prompt": {"turns": turns}}


async def test_a_draft_is_kept_listed_thrown_away_and_put_back(call: Call, form: dict[str, Any]):
    sent = {"tab": "tab1", "run": None, "form": typed(form, "A precious text")}
    assert await call("keep_draft", draft=sent) == {"kept": "draft0001"}
    listed = await call("open_library", origin="drafts")
    assert "A precious text" in listed["html"]["lib-list"]
    assert "Go on" in listed["html"]["lib-preview"]
    dropped = await call("drop_draft", draft="draft0001")
    assert dropped["toast_act"] == {"label": "Undo", "act": "restore_draft", "draft": "draft0001"}
    assert "A precious text" not in (await call("open_library", origin="drafts"))["html"]["lib-list"]
    await call("restore_draft", draft="draft0001")
    opened = await call("open_draft", draft="draft0001", tab="tab2")
    assert opened["form"]["prompt"]["turns"][0]["template"] == "A precious text"
    assert opened["form"]["open"]["draft"] == "draft0001"


async def test_what_is_no_form_is_refused_in_words(call: Call):
    for sent in (None, {}, {"tab": "t", "form": {}}, {"tab": "t", "form": {"prompt": 7}}):
        assert (await call("keep_draft", draft=sent))["alert"]["message"]
    assert (await call("open_draft", draft="nothing", tab="t"))["alert"]["message"]
    assert (await call("keep_image", image="%%%"))["alert"]["message"]


async def test_the_address_of_a_prompt_that_was_never_saved_opens_its_draft_as_a_copy(
    call: Call, form: dict[str, Any]
):
    sent = {"tab": "tab1", "form": typed(form, "Never saved")}
    await call("keep_draft", draft=sent)
    update = await call("load", query={"new": "1"})
    assert update["form"]["prompt"]["turns"][0]["template"] == "Never saved"
    assert update["form"]["open"]["draft"] == ""
    assert "no draft of it" in (await call("load", query={"new": "2"}))["alert"]["message"]


async def test_a_page_that_comes_back_finds_its_draft_by_its_id(
    call: Call, form: dict[str, Any], workbench: Workbench
):
    slug = workbench.prompts.library.patterns()[0].slug
    await call("keep_draft", draft={"tab": "t", "form": typed(form, "Typed on", f"pattern:{slug}")})
    update = await call("load", query={"pattern": slug}, draft_id="draft0001")
    assert update["form"]["prompt"]["turns"][0]["template"] == "Typed on"
    other = await call(
        "load", query={"pattern": workbench.prompts.library.patterns()[1].slug}, draft_id="draft0001"
    )
    assert other["form"]["prompt"]["turns"][0]["template"] != "Typed on"


def test_a_draft_of_another_version_of_the_program_is_read_without_what_is_unknown(form: dict[str, Any]):
    column = {**form["columns"][0], "colour": "red"}
    read = readable_draft({**typed(form, "Text"), "mood": 3, "columns": [column]})
    assert read is not None and read.prompt.turns[0].template == "Text"
    assert readable_draft({"prompt": 5}) is None
