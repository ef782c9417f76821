"""Looking closely at answers, voting on them, and the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page


def vote(app: App, kind: str, column: int | None = None) -> Locator:
    extra = "" if column is None else f'[data-column="{column}"]'
    return app.page.locator(f'#vote [data-act=vote][data-vote="{kind}"]{extra}')


def test_what_it_saw_shows_messages_text_ids_and_the_column_beside(scripted: OpenApp) -> None:
    app = scripted("echo", "cat", turns=[("system", "Be brief."), ("user", "Say {{ word }}")])
    app.own_prompt(2)
    app.page.get_by_label("Column 2, user turn 2", exact=True).fill("Shout {{ word }}")
    app.run_to_the_end()
    app.act(0, "saw")
    expect(app.drawer.locator(".lines")).to_contain_text("<system>Be brief.")
    app.drawer.get_by_role("button", name="Messages").click()
    expect(app.drawer.locator(".turn-view")).to_have_count(2)
    app.drawer.get_by_role("button", name="Token ids").click()
    expect(app.drawer).to_contain_text("0 1 2 3")
    app.drawer.get_by_role("button", name="Text after the template").click()
    expect(app.drawer.locator(".lines")).to_be_visible()
    app.drawer.get_by_label("beside").select_option("1")
    expect(app.drawer).to_contain_text("Columns 1 and 2 received different texts.")
    expect(app.drawer.locator(".differs").filter(has_text="Shout hello")).to_have_count(1)
    app.drawer.get_by_role("button", name="Messages").click()
    expect(app.drawer.locator(".turn-view")).to_have_count(4)


def test_two_columns_with_one_prompt_received_the_same_text(scripted: OpenApp) -> None:
    app = scripted("echo", "echo")
    app.run_to_the_end()
    app.act(1, "saw")
    app.drawer.get_by_label("beside").select_option("0")
    expect(app.drawer).to_contain_text("received the same text")


def test_a_word_diff_against_another_column_is_one_click(scripted: OpenApp) -> None:
    app = scripted("cat", "dog")
    app.run_to_the_end()
    app.act(1, "diff")
    expect(app.drawer.locator("del")).to_have_text(["cat"])
    expect(app.drawer.locator("ins")).to_have_text(["dog"])


def test_a_word_diff_against_the_answer_of_the_last_run(scripted: OpenApp) -> None:
    app = scripted("echo")
    app.run_to_the_end()
    first = app.run_id()
    app.variable("word").fill("goodbye")
    app.run()
    app.page.wait_for_url(lambda url: "run=" in url and first not in url)
    app.wait_until_idle()
    app.act(0, "diff")
    expect(app.drawer.locator("del")).to_have_text(["hello"])
    expect(app.drawer.locator("ins")).to_have_text(["goodbye"])


def test_copy_takes_the_answer_exactly(scripted: OpenApp) -> None:
    app = scripted("markdown", "echo")
    app.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    app.run_to_the_end()
    app.act(0, "copy")
    expect(app.toast).to_contain_text("Copied")
    assert app.page.evaluate("navigator.clipboard.readText()") == app.answer(0)
    app.act(0, "saw")
    app.drawer.get_by_role("button", name="Copy text").click()
    app.page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('<user>')")
    assert app.page.evaluate("navigator.clipboard.readText()") == "<user>Say hello\n<assistant>"


def test_votes_thumbs_and_note_are_kept(scripted: OpenApp) -> None:
    app = scripted("cat", "dog")
    app.run_to_the_end()
    for kind, column in (("column", 0), ("column", 1), ("tie", None), ("all_bad", None)):
        vote(app, kind, column).click()
        expect(vote(app, kind, column)).to_have_attribute("aria-pressed", "true")
        expect(app.page.locator("#vote [data-act=vote][aria-pressed=true]")).to_have_count(1)
    up = app.column(0).get_by_role("button", name="Good answer")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    down = app.column(1).get_by_role("button", name="Bad answer")
    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    note = app.page.get_by_label("Note on this comparison")
    note.fill("Both sit.")
    note.press("Tab")
    expect(app.toast).to_contain_text("Note kept")

    app.page.reload()
    app.wait_until_ready()
    expect(vote(app, "all_bad")).to_have_attribute("aria-pressed", "true")
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(note).to_have_value("Both sit.")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "false")
    vote(app, "all_bad").click()
    expect(vote(app, "all_bad")).to_have_attribute("aria-pressed", "false")


def test_voting_is_shut_until_two_columns_are_done_and_says_why(scripted: OpenApp) -> None:
    app = scripted("cat")
    expect(vote(app, "tie")).to_be_disabled()
    app.run_to_the_end()
    expect(vote(app, "column", 0)).to_be_disabled()
    expect(app.page.locator("#vote")).to_contain_text("One column: add another to vote.")


def test_a_key_votes(scripted: OpenApp) -> None:
    app = scripted("cat", "dog")
    app.page.locator("#run").focus()
    app.page.keyboard.press("Control+Enter")
    expect(vote(app, "tie")).to_be_enabled()
    for key, kind, column in (
        ("1", "column", 0),
        ("2", "column", 1),
        ("=", "tie", None),
        ("0", "all_bad", None),
    ):
        app.page.keyboard.press(key)
        expect(vote(app, kind, column)).to_have_attribute("aria-pressed", "true")


def test_keys_that_are_typed_into_a_field_do_not_vote(scripted: OpenApp) -> None:
    app = scripted("cat", "dog")
    app.run_to_the_end()
    app.turn(0).press("End")
    app.page.keyboard.type(" 1 2 = 0 ?")
    expect(app.turn(0)).to_have_value("Say {{ word }} 1 2 = 0 ?")
    expect(app.drawer).to_have_count(0)
    expect(app.page.locator("#vote [aria-pressed=true]")).to_have_count(0)


def test_the_keys_run_save_focus_and_explain_themselves(scripted: OpenApp) -> None:
    app = scripted("echo", "cat")
    app.turn(0).press("Control+Enter")
    app.wait_until_idle()
    assert app.answer(0) == "Say hello"
    expect(app.turn(0)).to_have_value("Say {{ word }}")
    app.page.keyboard.press("Alt+2")
    expect(app.column(1).locator(".col-body")).to_be_focused()
    app.page.keyboard.press("?")
    expect(app.drawer).to_contain_text("Vote: tie")
    app.close_drawer()
    expect(app.column(1).locator(".col-body")).to_be_focused()
    app.page.keyboard.press("Control+s")
    expect(app.drawer).to_contain_text("What changed")
    app.close_drawer()


def test_arrow_keys_move_between_the_tabs(scripted: OpenApp) -> None:
    app = scripted("echo")
    tabs = app.page.locator("#page").get_by_role("tab", exact=True)
    tabs.filter(has_text="Compare").first.focus()
    app.page.keyboard.press("ArrowRight")
    expect(app.page.locator("#lib-list .item").first).to_be_visible()
    for place in ("#data-home", "#exp-body", "#hist-search"):
        app.page.keyboard.press("ArrowRight")
        expect(app.page.locator(place)).to_be_visible()
    for _ in range(2):
        app.page.keyboard.press("ArrowLeft")
    app.page.keyboard.press("ArrowLeft")
    expect(app.page.locator("#lib-search")).to_be_visible()


def test_a_finished_column_is_announced(scripted: OpenApp) -> None:
    app = scripted("cat")
    app.run_to_the_end()
    expect(app.page.locator("#live[aria-live=polite]")).to_contain_text("Column 1 done in")
