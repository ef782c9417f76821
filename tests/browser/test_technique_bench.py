"""Techniques at equal tokens, from the list of experiments to the verdict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenApp

pytestmark = pytest.mark.same_page


def keep_one(page: Page) -> None:
    """Untick all techniques but the first."""
    expect(page.locator(".tb-pick input:checked").first).to_be_visible()
    while page.locator(".tb-pick input:checked").count() > 1:
        page.locator(".tb-pick input:checked").last.uncheck()


def test_techniques_are_measured_stopped_and_found_again(scripted: OpenApp) -> None:
    app = scripted("echo", query="?tab=experiments")
    page = app.page
    page.get_by_role("button", name="Techniques at equal tokens").click()
    expect(page.locator("#tb-data")).to_contain_text("Arithmetic word problems")
    keep_one(page)
    page.select_option("#tb-cases", "20")
    page.select_option("#tb-samples", "3")
    page.select_option("#tb-model", "scripted:slow")
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.locator(".tb-now")).to_contain_text("of 60 answers")
    page.reload()
    expect(page.locator(".tb-now")).to_contain_text("It goes on when this tab is closed.")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#tb-data")).to_be_visible()  # nothing had ended

    keep_one(page)
    page.select_option("#tb-cases", "20")
    page.select_option("#tb-samples", "3")
    page.get_by_role("button", name="Measure", exact=True).click()
    verdict = page.locator(".tb-verdict h2")
    expect(verdict).to_have_text("No technique beats zero-shot here at equal tokens.")
    expect(page.locator(".tb-table tbody tr")).to_have_count(1)
    expect(page.locator('[data-tb-plot="tokens"] .gains')).to_contain_text("Chain of thought")
    expect(page.get_by_role("link", name="CSV")).to_have_attribute("href", re.compile("^data:text/csv"))
    page.get_by_role("button", name="Time", exact=True).click()
    page.reload()
    expect(verdict).to_be_visible()
    expect(page.locator('[data-tb-plot="time"]')).to_be_visible()
    page.keyboard.press("j")
    row = page.locator(".tb-table tbody tr")
    expect(row).to_be_focused()
    expect(page.locator('[data-tb-plot="time"] g.lit')).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".drawer")).to_contain_text("Chain of thought beside zero-shot")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo", exact=True).last.click()
    expect(page.locator(".tb-order")).to_contain_text("in its own order")
    page.get_by_role("button", name="Experiments", exact=True).click()
    expect(page.get_by_role("button", name="Techniques at equal tokens")).to_be_visible()
