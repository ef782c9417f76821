"""That a page asks nobody beyond this machine is seen by these tests."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Error

from tests.browser.outside import Outside


@pytest.mark.parametrize(
    ("address", "first_line"),
    [
        ("http://tracker.example/pixel.png", "GET http://tracker.example/pixel.png HTTP/1.1"),
        ("https://tracker.example/pixel.png", "CONNECT tracker.example:443 HTTP/1.1"),
    ],
)
def test_what_the_browser_asks_elsewhere_is_noticed(
    browser: Browser, outside: Outside, address: str, first_line: str
) -> None:
    outside.asked.clear()
    page = browser.new_page()
    try:
        page.goto(address)
    except Error:
        pass  # refused
    finally:
        page.close()
    assert first_line in outside.asked
