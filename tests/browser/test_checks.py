"""Checks in the drawer: half filled in they are calm, those of an example stay with it, and hard words are explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenApp

pytestmark = pytest.mark.same_page

OF_EXAMPLE = {
    "inputs": [{"name": "word", "example": "hello"}],
    "checks": [{"scorer": "contains", "options": {"text": "hello"}, "example": True}],
}


def test_a_check_half_filled_in_complains_nowhere(scripted: OpenApp) -> None:
    app = scripted("cat")
    app.page.click("#checks-button")
    app.drawer.get_by_role("button", name="Add check").click()
    for kind in (
        "contains",
        "regex",
        "length",
        "levenshtein",
        "json_schema",
        "number",
        "price",
        "language",
        "python",
    ):
        app.drawer.get_by_label("Kind of check 1").select_option(kind)
        expect(app.drawer.get_by_label("Kind of check 1")).to_have_value(kind)
        expect(app.drawer.locator(".problem, .alert, .bad:not(:empty)")).to_have_count(0)
    app.drawer.get_by_label("Kind of check 1").select_option("contains")
    app.close_drawer()
    app.run_to_the_end()
    assert app.answer(0) == "The cat sat on the mat."
    expect(app.page.locator("#col0 .checks")).to_contain_text("it is not filled in yet")
    expect(app.page.locator("#col0 .alert")).to_have_count(0)
    expect(app.page.locator("#col0 .checks .bad")).to_have_count(0)


def test_a_schema_half_typed_is_told_quietly(scripted: OpenApp) -> None:
    app = scripted("cat")
    app.page.click("#checks-button")
    app.page.fill("#output-schema", '{"type": ')
    problem = app.page.locator("#output-schema-problem")
    expect(problem).to_have_text("This is not JSON yet.")
    app.page.fill("#output-schema", '{"type": "objekt"}')
    expect(problem).to_contain_text('"objekt" is no type; types are string')
    app.page.fill("#output-schema", '{"type": "object"')
    expect(problem).to_have_text("This is not JSON yet.")
    app.page.fill("#output-schema", '{"type": "object"}')
    expect(problem).to_be_empty()
    expect(app.drawer.locator("[role=alert], .bad")).to_have_count(0)


def test_a_check_of_the_example_says_nothing_of_values_of_ones_own(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{ word }}", values={"word": "hello"}, prompt=OF_EXAMPLE)
    app.run_to_the_end()
    expect(app.page.locator("#col0 .checks")).to_contain_text("1 of 1 check passes")
    app.variable("word").fill("goodbye")
    app.run_to_the_end()
    assert app.answer(0) == "Say goodbye"
    expect(app.page.locator("#col0 .checks")).to_contain_text("it belongs to the example values")
    expect(app.page.locator("#col0 .checks .bad")).to_have_count(0)
    app.turn(0).fill("A text of my own")
    app.run_to_the_end()
    expect(app.page.locator("#col0 .checks .bad")).to_have_count(0)


def test_a_check_is_bound_to_the_example_by_a_tick(scripted: OpenApp) -> None:
    prompt = {
        "inputs": OF_EXAMPLE["inputs"],
        "checks": [{"scorer": "contains", "options": {"text": "hello"}}],
    }
    app = scripted("echo", turns="Say {{ word }}", values={"word": "bye"}, prompt=prompt)
    app.page.click("#checks-button")
    app.drawer.get_by_label("example only", exact=True).check()
    expect(app.drawer.locator(".state-of")).to_contain_text("The values on screen are your own")
    app.close_drawer()
    app.reload()
    app.run_to_the_end()
    expect(app.page.locator("#col0 .checks .bad")).to_have_count(0)


def test_a_hard_word_is_explained_by_pointer_and_by_key(scripted: OpenApp) -> None:
    app = scripted("cat")
    app.page.click("#checks-button")
    app.drawer.get_by_role("button", name="Add check").click()
    groups = app.drawer.get_by_label("Kind of check 1").locator("optgroup")
    assert groups.evaluate_all("all => all.map(group => group.label)")[:2] == ["Text", "Against a reference"]
    app.drawer.get_by_label("Kind of check 1").select_option("levenshtein")
    what = app.drawer.get_by_role("button", name="What is Levenshtein similarity?")
    what.click()
    note = app.page.get_by_role("note")
    expect(note).to_contain_text("How alike two texts are")
    app.page.keyboard.press("Escape")
    expect(note).to_have_count(0)
    expect(app.drawer).to_be_visible()
    what.focus()
    app.page.keyboard.press("Enter")
    expect(note).to_be_visible()
    assert app.page.evaluate("document.querySelector('#live').textContent").startswith("How alike")
