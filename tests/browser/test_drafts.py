"""Nothing is lost: what is typed is a draft until it is saved or thrown away, and Back leads to what was open."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

TEXT = "My precious text {{ word }}"


def kept(app: App, text: str) -> list[str]:
    """The ids of the drafts that hold this text, as the program has them."""
    rows = app.server.rows("SELECT id, form FROM draft WHERE dropped_at IS NULL")
    return [ident for ident, form in rows if text in form]


def try_it(app: App) -> None:
    app.tab("Library")
    app.page.fill("#lib-search", "sentiment with three labels")
    expect(app.page.locator("#lib-preview h2")).to_have_text("Classify sentiment with three labels")
    app.page.locator("#lib-preview").get_by_role("button", name="Try it").click()


def new_prompt(app: App) -> None:
    app.tab("Library")
    app.page.locator("#lib .searchbar").get_by_role("button", name="New prompt").click()


def enter_in_the_search(app: App) -> None:
    app.tab("Library")
    app.page.fill("#lib-search", "sentiment with three labels")
    expect(app.page.locator("#lib-preview h2")).to_have_text("Classify sentiment with three labels")
    app.page.press("#lib-search", "Enter")


def history_row(app: App) -> None:
    app.tab("History")
    app.page.fill("#hist-search", "An older run")
    expect(app.page.locator("#hist-list tbody tr, #hist-list tr[data-act]")).to_have_count(1)
    app.page.locator("#hist-list tr[data-act]").first.click()


def restore(app: App) -> None:
    app.page.locator(".bar").get_by_role("button", name="Versions").click()
    app.drawer.get_by_role("button", name="Restore").click()


def older_version(app: App) -> None:
    app.page.locator(".bar").get_by_role("button", name="Versions").click()
    app.drawer.locator("table").first.get_by_role("button", name="Open", exact=True).last.click()


WAYS: dict[str, Callable[[App], None]] = {
    "Try it": try_it,
    "New prompt": new_prompt,
    "Enter in the search": enter_in_the_search,
    "a row of History": history_row,
    "Restore": restore,
    "an older version": older_version,
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_typed_is_kept_when_something_else_is_opened_and_undo_brings_it_back(
    scripted: OpenApp, way: str
) -> None:
    app = scripted("echo", turns="An older run {{ word }}")
    if way == "a row of History":
        app.run_to_the_end()
    if way in ("Restore", "an older version"):
        app.save(f"Kept when {way}", "First")
        expect(app.toast).to_contain_text("Saved as version 1")
        app.turn(0).fill("Second {{ word }}")
        app.page.click("#save")
        app.drawer.get_by_role("button", name="Save version").click()
        expect(app.toast).to_contain_text("Saved as version 2")
    text = f"{TEXT} before {way}"
    app.turn(0).fill(text)
    app.variable("word").fill("a long thought")
    WAYS[way](app)
    notice = app.page.locator(".toast").filter(has_text="kept as a draft")
    expect(notice).to_have_count(1)
    expect(app.turn(0)).not_to_have_value(text)
    notice.get_by_role("button", name="Undo").click()
    expect(app.turn(0)).to_have_value(text)
    expect(app.variable("word")).to_have_value("a long thought")
    assert len(kept(app, text)) == 1


def test_what_was_only_looked_at_is_no_draft(scripted: OpenApp) -> None:
    app = scripted()
    expect(app.turn(0)).not_to_have_value("")
    before = app.server.rows("SELECT count(*) FROM draft")
    try_it(app)
    expect(app.page.locator("#prompt-name")).to_have_value("Classify sentiment with three labels")
    expect(app.page.locator(".toast")).to_have_count(0)
    assert app.server.rows("SELECT count(*) FROM draft") == before


def test_drafts_are_listed_gone_on_with_thrown_away_and_put_back(scripted: OpenApp) -> None:
    app = scripted()
    app.turn(0).fill("A listed draft")
    new_prompt(app)
    expect(app.turn(0)).to_have_value("")
    app.tab("Library")
    app.page.locator("#lib-side").get_by_role("button", name="Drafts").click()
    row = app.page.locator("#lib-list .item").filter(has_text="A listed draft")
    row.click()
    preview = app.page.locator("#lib-preview")
    expect(preview).to_contain_text("A listed draft")
    expect(preview).to_contain_text("Draft of a pattern")
    preview.get_by_role("button", name="Throw away").click()
    expect(row).to_have_count(0)
    app.toast.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
    row.click()
    expect(preview).to_contain_text("A listed draft")
    preview.get_by_role("button", name="Go on").click()
    expect(app.turn(0)).to_have_value("A listed draft")
    expect(app.page.locator(".bar")).to_contain_text("from the library")


def test_a_saved_draft_is_a_draft_no_more(scripted: OpenApp, wait_for: Callable[..., None]) -> None:
    app = scripted("echo", turns="Soon to be saved {{ word }}")
    app.turn(0).fill("Soon to be saved, {{ word }}")
    wait_for(lambda: kept(app, "Soon to be saved,"), "the draft")
    app.save("Saved out of a draft")
    expect(app.toast).to_contain_text("Saved as version 1")
    app.reload()
    expect(app.turn(0)).to_have_value("Soon to be saved, {{ word }}")
    expect(app.page.locator(".bar")).to_contain_text("version 1")
    assert re.search(r"[?&]prompt=\w+&version=1", app.page.url)


def test_back_and_forward_go_between_what_was_open_and_a_reload_lands_there(scripted: OpenApp) -> None:
    app = scripted("echo", turns="First of all {{ word }}")
    app.turn(0).fill("First of all, {{ word }}")
    app.run_to_the_end()
    run = app.run_id()
    try_it(app)
    expect(app.page.locator("#prompt-name")).to_have_value("Classify sentiment with three labels")
    expect(app.output(0)).to_have_text("")
    app.page.wait_for_url(re.compile(r"\?pattern=hub"))
    app.page.go_back()
    expect(app.page.locator("#lib-list")).to_be_visible()
    app.page.wait_for_url(re.compile("tab=library"))
    app.page.go_back()
    expect(app.turn(0)).to_have_value("First of all, {{ word }}")
    expect(app.output(0)).to_have_text("First of all, hello")
    assert run in app.page.url
    app.page.go_forward()
    expect(app.page.locator("#lib-list")).to_be_visible()
    app.page.reload()
    app.wait_until_ready()
    expect(app.page.locator("#lib-list .item").first).to_be_visible()
    app.page.go_forward()
    expect(app.page.locator("#prompt-name")).to_have_value("Classify sentiment with three labels")
    app.page.go_back()
    app.page.go_back()
    expect(app.turn(0)).to_have_value("First of all, {{ word }}")
    expect(app.output(0)).to_have_text("First of all, hello")


def test_two_tabs_never_write_over_each_others_draft(
    scripted: OpenApp, wait_for: Callable[..., None]
) -> None:
    first = scripted("echo", turns="One prompt {{ word }}")
    first.turn(0).fill("Typed in the first tab {{ word }}")
    wait_for(lambda: kept(first, "Typed in the first tab"), "the first draft")
    second = scripted(beside=first)
    expect(second.turn(0)).to_have_value("Typed in the first tab {{ word }}")
    second.turn(0).fill("Typed in the second tab {{ word }}")
    wait_for(lambda: kept(first, "Typed in the second tab"), "the second draft")
    assert kept(first, "Typed in the first tab") and kept(first, "Typed in the second tab")
    first.turn(0).press("End")
    first.page.keyboard.type(" and on")
    wait_for(lambda: kept(first, "first tab {{ word }} and on"), "the first draft again")
    first.reload()
    expect(first.turn(0)).to_have_value("Typed in the first tab {{ word }} and on")
    second.page.reload()
    second.wait_until_ready()
    expect(second.turn(0)).to_have_value("Typed in the second tab {{ word }}")


def test_another_browser_finds_what_was_typed_when_the_tab_was_closed_at_once(
    scripted: OpenApp, wait_for: Callable[..., None]
) -> None:
    app = scripted("echo", turns="Soon closed {{ word }}")
    beside = scripted(beside=app)
    beside.turn(0).fill("Typed and closed at once")
    beside.page.close(run_before_unload=True)
    wait_for(lambda: kept(app, "Typed and closed at once"), "the draft of the closed tab")


def test_own_prompts_of_columns_that_are_hidden_for_the_moment_survive_a_reload(scripted: OpenApp) -> None:
    app = scripted("echo", "cat")
    app.own_prompt(2)
    app.column(1).locator(".own textarea").first.fill("Only for the second column")
    app.page.get_by_title("1 column", exact=True).click()
    app.reload()
    app.page.get_by_title("2 columns", exact=True).click()
    expect(app.column(1).locator(".own textarea").first).to_have_value("Only for the second column")


def test_an_image_of_a_draft_comes_back_in_another_tab(
    scripted: OpenApp, wait_for: Callable[..., None]
) -> None:
    app = scripted("echo", turns="A draft with an image {{ word }}")
    png = bytes.fromhex("89504e470d0a1a0a0000000d") + b"IHDR"
    app.page.set_input_files(
        'input[aria-label="Image files"]', {"name": "a.png", "mimeType": "image/png", "buffer": png}
    )
    expect(app.page.locator(".thumb")).to_have_count(1)
    app.forgiven.append("data:image")
    wait_for(lambda: kept(app, "sha256"), "the draft with its image")
    (form,) = [
        json.loads(form)
        for (form,) in app.server.rows("SELECT form FROM draft WHERE form LIKE '%draft with an image%'")
    ]
    assert [list(image) for image in form["images"]] == [["sha256"]]
    other = scripted("cat")
    other.tab("Library")
    other.page.locator("#lib-side").get_by_role("button", name="Drafts").click()
    other.page.locator("#lib-list .item").filter(has_text="A draft with an image").click()
    expect(other.page.locator("#lib-preview")).to_contain_text("A draft with an image")
    other.page.locator("#lib-preview").get_by_role("button", name="Go on").click()
    expect(other.page.locator(".thumb")).to_have_count(1)


def test_a_change_of_type_and_back_keeps_the_value_over_a_reload(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{ word }}", values={"word": "forty-two, as text"})
    kind = app.page.get_by_label("Type of word")
    for other in ("number", "boolean", "list", "examples", "object"):
        kind.select_option(other)
    app.reload()
    app.page.get_by_label("Type of word").select_option("text")
    expect(app.variable("word")).to_have_value("forty-two, as text")


def test_what_is_half_typed_in_a_drawer_survives_escape_and_a_reload(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{ word }}")
    app.page.click("#checks-button")
    app.page.fill("#output-schema", '{"type": "obj')
    app.close_drawer()
    app.page.click("#save")
    app.drawer.get_by_label("What changed").fill("Half a message")
    app.close_drawer()
    app.reload()
    app.page.click("#save")
    expect(app.drawer.get_by_label("What changed")).to_have_value("Half a message")
    app.close_drawer()
    app.page.click("#checks-button")
    expect(app.page.locator("#output-schema")).to_have_value('{"type": "obj')
    expect(app.drawer).to_contain_text("This is not JSON yet.")
    app.page.fill("#output-schema", '{"type": "object"}')
    app.close_drawer()
    app.page.click("#checks-button")
    expect(app.page.locator("#output-schema")).to_have_value('{\n "type": "object"\n}')


def test_a_version_saved_in_another_browser_meanwhile_is_shown_before_it_is_saved_over(
    scripted: OpenApp,
) -> None:
    app = scripted("echo", turns="Say {{ word }}")
    app.save("Saved by two", "First")
    expect(app.toast).to_contain_text("Saved as version 1")
    expect(app.page).to_have_url(re.compile("prompt="))  # the address follows what is on screen
    other = scripted("cat", query=f"?{app.page.url.partition('?')[2]}")
    expect(other.turn(0)).to_have_value("Say {{ word }}")
    app.turn(0).fill("Theirs {{ word }}")
    app.page.keyboard.press("Control+s")
    expect(app.toast).to_contain_text("Saved as version 2")
    other.turn(0).fill("Mine {{ word }}")
    other.page.keyboard.press("Control+s")
    expect(other.drawer.locator("h2")).to_have_text("Version 2 was saved meanwhile")
    expect(other.drawer.locator("ins")).to_contain_text("Mine")
    other.drawer.get_by_role("button", name="Look at version 2").click()
    expect(other.turn(0)).to_have_value("Theirs {{ word }}")
    other.toast.get_by_role("button", name="Undo").click()
    expect(other.turn(0)).to_have_value("Mine {{ word }}")
    other.page.keyboard.press("Control+s")
    other.drawer.get_by_role("button", name="Save on top, as version 3").click()
    expect(other.toast).to_contain_text("Saved as version 3")


def test_a_renamed_variable_is_offered_what_it_had(scripted: OpenApp) -> None:
    more = {
        "inputs": [{"name": "word", "kind": "long_text", "description": "What to say"}],
        "cases": [{"word": "one"}],
        "checks": [{"scorer": "contains", "options": {"text": "{{ word }}"}}],
    }
    app = scripted("echo", turns="Say {{ word }}", values={"word": "good day"}, prompt=more)
    app.turn(0).fill("Say {{ phrase }}")
    app.page.get_by_role("button", name="Take over what word had").click()
    expect(app.variable("phrase")).to_have_value("good day")
    expect(app.page.locator(".var .note")).to_have_text("What to say")
    script = "async () => (await import('/playground/store.js')).page.form.prompt"
    prompt = app.page.evaluate(script)
    assert prompt["cases"] == [{"phrase": "one"}]
    assert prompt["checks"][0]["options"] == {"text": "{{ phrase }}"}
    app.page.keyboard.press("Control+z")
    app.page.keyboard.press("Control+z")
    expect(app.turn(0)).to_have_value("Say {{ word }}")
    expect(app.variable("word")).to_have_value("good day")


def test_a_draft_is_kept_with_the_run_that_its_answers_are_of(
    scripted: OpenApp, wait_for: Callable[..., None]
) -> None:
    text = "Answered and not saved {{ word }}"
    app = scripted("echo", turns=text)
    wait_for(lambda: kept(app, text), "the draft")
    (ident,) = kept(app, text)
    app.run_to_the_end()
    run = app.run_id()
    asked = "SELECT run_id, form FROM draft WHERE id = ?"
    wait_for(lambda: app.server.rows(asked, ident)[0][0] == run, "the run of the draft")
    assert json.loads(app.server.rows(asked, ident)[0][1])["open"]["ran"]
