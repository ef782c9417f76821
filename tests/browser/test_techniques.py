"""Techniques in the page: chosen in a column's head, watched as they run, looked at closely, found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page


def choose(app: App, number: int, technique: str, **options: object) -> None:
    """Choose a technique of a column, and set its options."""
    app.column(number).locator(".technique").click()
    app.page.locator(f".pop [data-technique='{technique}']").click()
    for name, value in options.items():
        app.page.fill(f"#t-{name}", str(value))
    app.page.keyboard.press("Escape")


def test_a_tree_of_thoughts_beside_the_prompt_as_it_is(scripted: OpenApp) -> None:
    app = scripted("steps", "steps")
    choose(app, 0, "tree-of-thoughts")
    button = app.column(0).locator(".technique")
    expect(button).to_have_text("Tree of thoughts")
    expect(button).to_be_focused()
    app.run_to_the_end()
    rows = app.column(0).locator(".step")
    expect(rows).to_have_count(36)
    kept = app.column(0).locator(".step:has(.st.kept) b")
    assert kept.all_inner_texts()[:2] == ["thought 1", "thought 1.1"]
    expect(app.column(0).locator(".found b")).to_have_text("(10 - 4) * (13 - 9) = 24")
    assert app.answer(0) == "Answer: (10 - 4) * (13 - 9) = 24"
    places = app.column(0).locator(".readings dd").all_inner_texts()
    assert places[0] == "21" and places[3].startswith("×") and places[4] == "36"
    assert app.column(1).locator(".step").count() == 0

    rows.filter(has_text="value 1.1.1").click()
    drawer = app.page.get_by_role("dialog")
    expect(drawer).to_contain_text("Look one or two steps ahead")
    expect(drawer).to_contain_text("13 - 9 = 4 (left: 4 and 6)")
    app.page.keyboard.press("Escape")

    app.page.reload()
    expect(app.column(0).locator(".technique")).to_have_text("Tree of thoughts")
    expect(app.column(0).locator(".step")).to_have_count(36)


def test_options_are_checked_while_they_are_typed_and_undone_with_the_rest(scripted: OpenApp) -> None:
    app = scripted("steps")
    app.column(0).locator(".technique").click()
    app.page.locator(".pop [data-technique='self-consistency']").click()
    app.page.fill("#t-samples", "0")
    problem = app.page.locator(".technique-form .bad")
    expect(problem).to_contain_text('The option "samples" of self-consistency is 0: this must be at least 1.')
    app.page.fill("#t-samples", "4")
    expect(problem).to_have_text("")
    lacks = app.page.locator(".pop [data-technique='few-shot']")
    expect(lacks).to_contain_text("needs further cases with an expected answer")
    app.page.keyboard.press("Escape")
    app.run_to_the_end()
    expect(app.column(0).locator(".step")).to_have_count(4)
    expect(app.column(0).locator(".found")).to_contain_text("votes")


def test_stop_ends_every_step_and_keeps_the_trace(scripted: OpenApp) -> None:
    app = scripted("slow")
    choose(app, 0, "self-consistency", samples=3)
    app.page.keyboard.press("Control+Enter")
    expect(app.column(0).locator(".step")).to_have_count(3)
    app.page.keyboard.press("Escape")
    expect(app.column(0).locator(".state")).to_contain_text("stopped", timeout=2000)
    expect(app.column(0).locator(".step")).to_have_count(3)
