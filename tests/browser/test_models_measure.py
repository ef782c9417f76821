"""Which backend for me in a browser: the embedded model and a vLLM server are measured, and the server's load is live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

LONG_MS = 60_000
"""A measuring of 30 s takes at most so long on a busy machine."""


@pytest.fixture
def app(embedded: OpenApp, model_server: Any) -> Iterator[App]:
    """The page on its Models tab, with a server called "gpu box" added through it."""
    server = model_server("vllm")
    app = embedded()
    app.tab("Models")
    page = app.page
    page.get_by_role("button", name="Add a server").click()
    app.drawer.get_by_label("Name").fill("gpu box")
    app.drawer.get_by_label("Address").fill(server.url)
    page.keyboard.press("Enter")
    expect(page.locator("#models-places")).to_contain_text("gpu box")
    yield app
    page.get_by_role("button", name="Remove gpu box").click()
    app.drawer.get_by_role("button", name="Remove it").click()
    expect(page.locator("#models-places")).not_to_contain_text("gpu box")
    assert not app.is_hacked()


def test_backends_are_measured_although_the_tab_is_closed_and_the_result_stays(app: App) -> None:
    page = app.page
    load = page.locator(".load")
    expect(load).to_contain_text("KV cache 25 %")
    expect(load).to_contain_text("tokens/s –")
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(app.drawer.get_by_role("checkbox", checked=True)).to_have_count(2)
    app.drawer.get_by_label("Time for all").select_option("30")
    app.drawer.get_by_role("button", name="Measure").click()
    measuring = page.get_by_role("group", name="Measuring")
    expect(measuring).to_contain_text("at most 30 s. You can close this tab.")
    app.reload()
    app.tab("Models")
    expect(measuring).to_contain_text("1 of 2")
    bar = measuring.get_by_role("progressbar")
    expect(bar).not_to_have_attribute("aria-valuenow", "0")
    # The first server asks for its load again and again: the answers it writes show.
    expect(load).to_contain_text(re.compile(r"tokens/s \d"), timeout=LONG_MS)
    expect(page.get_by_role("button", name="Measure again")).to_be_visible(timeout=LONG_MS)
    rows = page.locator("#measure-result tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("llama.cpp")
    expect(rows.nth(1)).to_contain_text("<b>vllm</b>")
    # A busy machine may leave the embedded model no time for the questions; then the other one is the reference.
    expect(rows.nth(1)).to_contain_text(re.compile(r"\d of \d+|reference"))
    expect(page.get_by_role("img", name="Tokens/s by requests at once")).to_be_visible()
    expect(page.get_by_role("img", name="First token")).to_be_visible()
    with page.expect_download() as markdown:
        page.get_by_role("link", name="Markdown").click()
    assert markdown.value.suggested_filename == "backends.md"
    assert "| model | load |" in Path(markdown.value.path()).read_text()
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(app.toast).to_have_text("Copied")
    page.get_by_text("What each backend can do").click()
    expect(page.locator("#measure-can")).to_contain_text("Log-probs")
    told = page.locator("#measure-sum").text_content() or ""
    assert "gpu box writes" in told
    app.reload()
    app.tab("Models")
    expect(page.locator("#measure-sum")).to_have_text(told)
    page.get_by_role("button", name="Measure again").click()
    app.drawer.get_by_role("checkbox", name="SmolLM2").uncheck()
    app.drawer.get_by_role("button", name="Measure").click()
    measuring.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Measure again")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.set_viewport_size({"width": 1440, "height": 1000})
