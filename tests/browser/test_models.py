"""The Models tab in a browser: a server is added, a model is pulled with progress, cancelled, chosen, and all is removed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp


@pytest.fixture
def ollama(model_server: Any) -> Any:
    return model_server("ollama", key="sesame")


@pytest.fixture
def app(scripted: OpenApp, ollama: Any) -> Iterator[App]:
    """The page on its Models tab, with a server called "my box" added through it."""
    app = scripted("echo")
    app.tab("Models")
    page = app.page
    page.get_by_role("button", name="Add a server").click()
    expect(app.drawer.get_by_label("Name")).to_be_focused()
    page.keyboard.type("my box")
    app.drawer.get_by_label("Address").fill(ollama.url)
    app.drawer.get_by_label("Key").fill("sesame")
    page.keyboard.press("Enter")
    expect(app.drawer).to_have_count(0)
    expect(page.locator("#models-places")).to_contain_text("key kept")
    yield app
    page.get_by_role("button", name="Remove my box").click()
    app.drawer.get_by_role("button", name="Remove it").click()
    expect(page.locator("#models-places")).not_to_contain_text("my box")
    assert not app.is_hacked()


def pull(app: App, name: str) -> None:
    app.page.get_by_role("button", name="Pull a model").click()
    app.drawer.get_by_label("Name").fill(name)
    app.page.keyboard.press("Enter")
    expect(app.drawer).to_have_count(0)


def test_what_was_typed_into_a_drawer_and_sent_is_kept_no_longer(
    app: App, model_server: Any, wait_for: Callable[..., Any]
) -> None:
    page = app.page
    page.get_by_role("button", name="Add a server").click()
    app.drawer.get_by_label("Name").fill("second box")
    app.drawer.get_by_label("Address").fill(model_server("vllm").url)

    def keeps_it() -> bool:
        return "second box" in page.evaluate("localStorage.getItem('playground.draft')")

    wait_for(keeps_it, "what is half typed")
    page.keyboard.press("Enter")
    expect(app.drawer).to_have_count(0)
    wait_for(lambda: not keeps_it(), "what was sent")
    page.get_by_role("button", name="Remove second box").click()
    app.drawer.get_by_role("button", name="Remove it").click()
    expect(page.locator("#models-places")).not_to_contain_text("second box")


def test_a_pull_shows_its_layers_survives_the_tab_and_is_cancelled(
    app: App, ollama: Any, wait_for: Callable[..., Any]
) -> None:
    page = app.page
    pull(app, "slow:1b")
    job = page.get_by_role("group", name="slow:1b pulling from my box")
    bar = job.get_by_role("progressbar").nth(1)
    first = float(bar.get_attribute("aria-valuenow") or 0)
    wait_for(lambda: float(bar.get_attribute("aria-valuenow") or 0) > first, "progress")
    expect(job).to_contain_text(re.compile(r"\d+ % .* of 315 MB, \d+ MB/s, \d+ s left"))
    expect(page.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", "100")
    app.reload()
    app.tab("Models")
    # What is typed and where the focus is stays, although the page asks again and again.
    page.get_by_label("Find a model").fill("nomic")
    job.get_by_role("button", name="Cancel").focus()
    now = bar.get_attribute("aria-valuenow")
    expect(bar).not_to_have_attribute("aria-valuenow", now or "")
    expect(job.get_by_role("button", name="Cancel")).to_be_focused()
    expect(page.locator("#models-list tbody tr:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#models-jobs")).to_contain_text("cancelled")
    wait_for(lambda: ollama.seen()["pulling"] == 0, "the hang-up")
    page.get_by_label("Find a model").fill("")
    page.get_by_role("button", name="Dismiss slow:1b").click()
    expect(page.locator("#models-jobs")).to_be_empty()


def test_a_pulled_model_appears_by_itself_and_goes_into_a_column(app: App) -> None:
    page = app.page
    pull(app, "tiny:1b")
    row = page.locator("#models-list tr", has_text="tiny:1b")
    row.get_by_role("button", name="Use in Compare").click()
    expect(page.locator("#col0 .model")).to_have_value("my box:tiny:1b")
    expect(page.locator("#col0 .model option:checked")).to_have_text("tiny:1b")
    app.tab("Models")
    page.get_by_role("button", name="Delete tiny:1b").click()
    expect(app.drawer).to_contain_text("98 MB")
    app.drawer.get_by_role("button", name="Delete it").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Dismiss tiny:1b").click()


def test_a_pull_that_fails_shows_the_servers_words(app: App) -> None:
    pull(app, "absent:1b")
    expect(app.page.locator("#models-jobs")).to_contain_text("file does not exist")
    app.page.get_by_role("button", name="Dismiss absent:1b").click()


def test_a_mistake_in_the_form_loses_nothing(app: App) -> None:
    app.page.get_by_role("button", name="Add a server").click()
    app.drawer.get_by_label("Name").fill("other")
    app.drawer.get_by_label("Address").fill("ftp://host")
    app.page.keyboard.press("Enter")
    expect(app.drawer.get_by_role("alert")).to_contain_text("http or https")
    expect(app.drawer.get_by_label("Address")).to_have_value("ftp://host")
    app.close_drawer()


def test_a_narrow_window_opens_the_tab_from_its_menu(scripted: OpenApp) -> None:
    app = scripted("echo", viewport={"width": 390, "height": 844})
    app.page.get_by_label("More tabs").click()
    app.page.locator(".overflow-dropdown").get_by_text("Models", exact=True).click()
    expect(app.page.locator("#models-list table")).to_be_visible()
    assert app.page.evaluate("document.documentElement.scrollWidth") == 390
