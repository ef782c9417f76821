"""Data sets as a person works on them: brought in, edited, taken to and from Compare, written by a model."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

CSV = (
    "message;order no;days late;answer\r\n"
    "Grüße, wo ist mein Paket?;DX-1;4;wait\r\n"
    "=1+1;DX-2;9;refund\r\n"
    "It is late;;drei;refund\r\n"
    "too;few\r\n"
    "My kettle;DX-4;12;wait\r\n"
)


def cell(page: Page, row: int, column: int) -> Any:
    return page.locator(f"#sheet-grid tr[data-at='{row}'] td[data-column='{column}']")


def typed(page: Page, row: int, column: int, text: str, key: str = "Enter") -> None:
    cell(page, row, column).click()
    page.keyboard.press("Enter")
    page.locator(".cell-editor textarea").fill(text)
    page.keyboard.press(key)
    expect(page.locator(".cell-editor")).to_have_count(0)


def imported(page: Page, tmp_path: Path, name: str, data: bytes, store: str) -> None:
    """The file as a data set, open on the page."""
    file = tmp_path / name
    file.write_bytes(data)
    page.set_input_files("#data-file", file)
    page.get_by_role("button", name=store).click()
    expect(page.locator("#sheet-grid tr[data-at='0']")).to_be_visible(timeout=20_000)


ROWS_COME_LATE = """{
  const ask = window.fetch;
  window.fetch = async (...args) => {
    const answer = await ask(...args);
    if (String(args[1]?.body).includes("data_rows")) await new Promise((done) => setTimeout(done, 1000));
    return answer;
  };
}"""


def test_a_file_is_looked_at_stored_edited_and_saved_and_a_reload_loses_nothing(
    scripted: Callable[..., Any], tmp_path: Path
) -> None:
    app = scripted("echo")
    page = app.page
    page.get_by_role("tab", name="Data").click()
    file = tmp_path / "late_parcels.csv"
    file.write_bytes(CSV.encode("cp1252"))
    page.set_input_files("#data-file", file)

    looked = page.locator("#data-import")
    expect(looked).to_contain_text("not UTF-8")
    # A name of a column is nobody's to translate, what stands for one that is missing is ours.
    expect(looked.locator(".import-rows th[translate=no]")).to_have_count(4)
    expect(looked.locator(".import-more [translate=no]", has_text="Untitled prompt")).to_have_count(0)
    expect(looked.locator(".import-side")).to_contain_text("2 fields instead of 4")
    page.get_by_label("Type of days late").select_option("number")
    expect(looked.locator(".import-side")).to_contain_text('"drei" is not a number')
    assert app.server.rows("select count(*) from dataset where name = 'late parcels'") == [(0,)]
    store = page.get_by_role("button", name="Store 4 rows")
    token = store.get_attribute("data-token")
    store.evaluate("el => (el.dataset.token = 'gone')")
    store.click()
    expect(page.locator(".alert:visible")).to_have_count(1)
    store.evaluate("(el, token) => (el.dataset.token = token)", token)
    store.click()

    expect(page.locator("#sheet-window")).to_have_text("rows 1 to 4 of 4")
    # What went wrong before is not told any more once it went right.
    expect(page.locator(".alert:visible")).to_have_count(0)
    expect(page.locator("#data-sheet thead")).to_contain_text("choice of 2")
    page.locator("#sheet-find").fill('"days late":>5')
    expect(page.locator("#sheet-window")).to_have_text("rows 1 to 2 of 2")
    typed(page, 0, 3, "ask")
    expect(page.locator(".data-foot b")).to_have_text("1 cell changed")
    cell(page, 1, 2).click()
    page.keyboard.press("Enter")
    page.locator(".cell-editor textarea").fill("many")
    page.keyboard.press("Enter")
    expect(page.locator(".cell-editor .problem")).to_contain_text('"many" is not a number')
    page.locator(".cell-editor textarea").fill("13")
    # Rows that were read before the cell is changed come after it.
    app.is_changed = True
    page.add_init_script(ROWS_COME_LATE)
    page.reload()

    app.wait_until_ready()
    expect(page.locator("#sheet-find")).to_have_value('"days late":>5')
    expect(page.locator(".data-foot b")).to_have_text("2 cells changed")
    expect(cell(page, 1, 2)).to_have_text("13")
    expect(cell(page, 0, 3)).to_have_text("ask")
    cell(page, 0, 0).click()
    page.keyboard.press("Control+z")
    expect(page.locator(".data-foot b")).to_have_text("1 cell changed")
    page.keyboard.press("Control+s")
    expect(page.locator("#data-sheet .facts-line")).to_contain_text("version 2")
    expect(page.locator(".data-foot b")).to_have_count(0)


def test_rows_are_pasted_added_removed_and_columns_renamed_and_the_difference_is_shown(
    scripted: Callable[..., Any], tmp_path: Path
) -> None:
    app = scripted("echo")
    page = app.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("tab", name="Data").click()
    rows = "".join(f"text {n},{n},{'ab'[n % 2]}\n" for n in range(1, 31))
    imported(page, tmp_path, "pasting.csv", f"text,n,answer\n{rows}".encode(), "Store 30 rows")
    page.locator("#sheet-grid").evaluate("el => el.scrollTop = el.scrollHeight")
    expect(page.locator("#sheet-window")).to_have_text(re.compile(r"to 30 of 30$"))
    page.locator("#sheet-grid").evaluate("el => el.scrollTop = 0")

    page.evaluate("navigator.clipboard.writeText('one\\t101\\ntwo\\t102')")
    cell(page, 2, 0).click()
    page.keyboard.press("Control+v")
    expect(page.locator(".data-foot b")).to_have_text("4 cells changed")
    expect(cell(page, 3, 1)).to_have_text("102")
    page.locator("button.column", has_text="n").first.click()
    page.get_by_role("button", name="Greatest first").click()
    expect(cell(page, 0, 1)).to_have_text("30")
    page.locator("#sheet-grid thead button[data-column=text]").click()
    page.get_by_label("Name", exact=True).fill("message")
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.locator("#sheet-grid thead")).to_contain_text("message")
    page.get_by_role("button", name="Add row").click()
    page.locator(".cell-editor textarea").fill("a new one")
    page.keyboard.press("Enter")
    expect(page.locator(".data-foot b")).to_contain_text("1 row added")
    expect(cell(page, 30, 0)).to_have_text("a new one")
    cell(page, 0, 0).click()
    page.get_by_role("button", name="Remove the row").click()
    expect(page.locator(".data-foot b")).to_contain_text("1 row removed")
    page.keyboard.press("Control+s")
    expect(page.locator("#data-sheet .facts-line")).to_contain_text("version 2")

    page.get_by_role("button", name="version 2").click()
    page.get_by_role("button", name="Difference").click()
    told = page.locator("#data-difference")
    expect(told).to_contain_text("2 rows changed, 1 row added, 1 row removed")
    expect(told).to_contain_text("column text is called message now")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Split and clean").click()
    page.get_by_role("button", name="Split 30 rows").click()
    expect(page.locator(".data-tools .seg:visible")).to_contain_text(re.compile(r"Held out (19|20|21)\b"))
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert text.startswith("message,n,answer,split") and "a new one" in text and len(text.splitlines()) == 31


def test_a_block_over_more_rows_than_the_page_holds_changes_each_and_adds_the_rest(
    scripted: Callable[..., Any], tmp_path: Path
) -> None:
    app = scripted("echo")
    page = app.page
    page.get_by_role("tab", name="Data").click()
    empty = tmp_path / "empty.csv"
    empty.touch()
    page.set_input_files("#data-file", empty)
    refused = page.locator(".alert", has_text="empty.csv is empty")
    expect(refused).to_be_visible()
    text = "text,more\n" + "".join(f"text {n},\n" for n in range(1_300))
    imported(page, tmp_path, f"{tmp_path.name}.csv", text.encode(), "Store 1,300 rows")
    expect(refused).to_have_count(0)  # another file is looked at
    cell(page, 1, 0).click()
    page.evaluate(
        """() => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", Array.from({ length: 1301 }, (_, n) => `new ${n}\\tx`).join("\\n"));
          const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
          document.activeElement.dispatchEvent(paste);
        }"""
    )
    expect(page.locator(".data-foot b")).to_have_text("2,598 cells changed, 2 rows added", timeout=20_000)
    expect(cell(page, 1, 0)).to_have_text("new 0")
    expect(cell(page, 0, 0)).to_have_text("text 0")


def test_the_case_on_screen_becomes_a_row_in_one_click_and_a_row_the_case(
    scripted: Callable[..., Any],
) -> None:
    app = scripted("echo", turns="Say {{ word }}", values={"word": "hello"})
    page = app.page
    page.get_by_role("button", name="Row of a data set").click()
    page.get_by_role("button", name="A new data set").click()
    expect(page.locator("#toasts")).to_contain_text("holds it as row 1")
    page.locator(".vars textarea, .vars input").first.fill("goodbye")
    page.get_by_role("button", name="Row of “").click()
    expect(page.locator("#toasts")).to_contain_text("Row 2 of")
    page.locator("#toasts").get_by_role("button", name="Open").last.click()

    expect(page.locator("#sheet-window")).to_have_text("rows 1 to 2 of 2")
    expect(cell(page, 1, 0)).to_have_text("goodbye")
    cell(page, 0, 0).click()
    page.get_by_role("button", name="Open in Compare").click()
    expect(page.locator(".vars textarea, .vars input").first).to_have_value("hello")
    app.run()
    app.wait_until_idle()
    assert app.answer(0) == "Say hello"


@pytest.mark.parametrize("width", [390])
def test_a_model_writes_a_row_that_is_read_before_it_is_kept_on_a_phone(
    scripted: Callable[..., Any], tmp_path: Path, width: int
) -> None:
    app = scripted("json")
    page = app.page
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{app.server.url}?tab=data")
    app.wait_until_ready()
    data = b"city,year\nRome,2001\nOslo,1999\n"
    imported(page, tmp_path, "cities.csv", data, "Store 2 rows")
    page.get_by_role("button", name="Generate rows").click()
    page.locator("#gen-model").select_option(label="json")
    page.get_by_role("button", name="Write a row").click()
    page.locator("#generated textarea").first.fill("Lyon")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator(".data-foot b")).to_have_text("1 row added")
    page.keyboard.press("Escape")
    expect(cell(page, 2, 0)).to_contain_text("Lyon")
    expect(cell(page, 2, 0)).to_contain_text("generated")
    cell(page, 1, 0).click()
    expect(page.locator(".sheet-row")).to_contain_text("Oslo")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Close the row").click()
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.locator("#data-sheet .facts-line")).to_contain_text("version 2")
    assert app.server.rows("select made_by from dataset_entry where made_by != ''") == [("scripted:json",)]
