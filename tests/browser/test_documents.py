"""What a technique needs, given in its panel: documents that are dropped, ticked and removed; the sandbox's switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenApp

pytestmark = pytest.mark.same_page

DROP = """([selector, files]) => {
    const data = new DataTransfer();
    for (const [name, text] of files) data.items.add(new File([text], name));
    const zone = document.querySelector(selector);
    zone.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def test_documents_are_dropped_chosen_for_a_column_removed_and_put_back(scripted: OpenApp) -> None:
    app = scripted("echo", "echo", turns="When is the museum closed?", values={})
    app.forgiven.append("400")  # what is refused
    app.column(0).locator(".technique").click()
    panel = app.page.get_by_role("dialog", name="Technique of column 1")
    panel.locator("[data-technique='retrieval-augmented-generation']").click()
    expect(panel.locator(".technique-form")).to_contain_text("It needs documents to look things up in.")
    files = [
        ("museum.md", "The museum is closed on Tuesday.\n\n" * 40),
        ("boats.txt", "Boats sail on Monday."),
    ]
    app.page.evaluate(DROP, [".technique-form", [*files, ("empty.txt", ""), ("tool.exe", "MZ\0\0")]])
    rows = panel.locator(".doc-row")
    expect(rows).to_have_count(2)
    expect(panel.locator(".documents .bad")).to_contain_text("empty.txt is empty.")
    expect(panel.locator(".documents .bad")).to_contain_text("tool.exe cannot be read as a document.")
    expect(rows.nth(1)).to_contain_text("3 passages")
    expect(panel.locator(".technique-form")).not_to_contain_text("It needs documents")
    panel.get_by_label("Chunk chars").fill("200")
    expect(rows.nth(1)).to_contain_text("13 passages")
    panel.get_by_label("museum.md", exact=True).uncheck()
    expect(panel.locator(".documents")).to_contain_text("1 of 2 chosen.")
    app.page.keyboard.press("Escape")
    app.run_to_the_end()
    step = app.column(0).locator(".step").first
    expect(step).to_contain_text("boats.txt")
    expect(step).not_to_contain_text("museum.md")

    app.reload()
    app.column(0).locator(".technique").click()
    expect(panel.locator(".documents")).to_contain_text("1 of 2 chosen.")
    panel.get_by_label("Remove boats.txt").click()
    expect(panel.locator(".documents")).to_contain_text("1 chosen document is not kept any more.")
    expect(panel.locator(".technique-form")).to_contain_text("There is no document")
    app.toast.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(2)
    expect(panel.get_by_label("boats.txt", exact=True)).to_be_checked()

    panel.locator("[data-technique='pal']").click()
    panel.get_by_role("button", name="See what that risks, and switch it on").click()
    expect(app.drawer).to_contain_text("programs that nobody has read")
    app.drawer.get_by_role("button", name="Switch it on").click()
    expect(app.drawer).to_contain_text("It is on.")
    app.drawer.get_by_role("button", name="Switch it off").click()
    expect(app.drawer).to_contain_text("It is off.")
