"""Thoughts on the page: they grow beside the answer, and leave it when it turns out that they were none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenApp

pytestmark = pytest.mark.same_page


def test_text_that_was_thought_moves_out_of_the_answer_and_thoughts_go_on_growing(scripted: OpenApp) -> None:
    app = scripted("thinks")
    app.run()
    app.wait_for_text(0)
    column = app.page.locator("#col0")
    expect(column.locator(".out")).to_contain_text("thought2")
    expect(column.locator(".thoughts pre")).to_contain_text("thought7 thought8")
    # A text of it that somebody selects while they grow, to copy it, stays selected; the rest comes behind it.
    select = "el => getSelection().setBaseAndExtent(el.firstChild, 0, el.firstChild, 17)"
    column.locator(".thoughts pre").evaluate(select)
    assert "thought" not in app.answer(0)
    expect(column.locator(".thoughts details")).to_have_attribute("open", "")
    expect(column.locator(".thoughts pre")).to_contain_text("thought15")
    app.wait_until_idle()
    assert app.answer(0).strip() == "The answer."
    assert app.page.evaluate("getSelection().toString()") == "thought0 thought1"
    expect(column.locator(".thoughts details")).to_have_attribute("open", "")
    app.page.evaluate("getSelection().removeAllRanges()")
    expect(column.locator(".thoughts summary")).to_have_text("Thinking, 16 words")
    stored = app.server.rows(
        "select text, reasoning from step join cell on cell.id = cell_id where run_id = ?", app.run_id()
    )
    assert stored == [("The answer. ", " ".join(f"thought{n}" for n in range(16)) + " ")]
