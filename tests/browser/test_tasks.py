"""What a person wants to do, with the number of clicks it may take; typing is free."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

from playground.formats.bundle import read_bundle

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

IMAGE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "e221bc330000000049454e44ae426082"
)


class Clicks:
    """Counts what a person presses, and allows no more than a task may take."""

    def __init__(self, app: App, most: int) -> None:
        self.app, self.left = app, most

    def press(self, what: str | Locator) -> None:
        self.left -= 1
        assert self.left >= 0, f"{what} is one click too many"
        (self.app.page.locator(what) if isinstance(what, str) else what).first.click()


def drop(app: App, *paths: Path, on: str = "body") -> None:
    """Drop files of this machine on an element, as the mouse does."""
    box = app.page.locator(on).first.bounding_box()
    assert box
    tool = app.hands()
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        at = {
            "type": kind,
            "x": box["x"] + min(200, box["width"] / 2),
            "y": box["y"] + min(60, box["height"] / 2),
        }
        tool.send("Input.dispatchDragEvent", at | {"data": data})


def test_1_two_prompts_answer_side_by_side_in_one_click(scripted: OpenApp) -> None:
    app = scripted()
    clicks = Clicks(app, 1)
    clicks.press("#run")
    app.wait_until_idle()
    assert app.answer(0) and app.answer(1)


def test_3_a_pattern_is_found_and_run_in_four_clicks(scripted: OpenApp) -> None:
    app = scripted("echo")
    clicks = Clicks(app, 4)
    clicks.press(app.page.locator("#page").get_by_role("tab", name="Library", exact=True))
    expect(app.page.locator("#lib-search")).to_be_focused()
    app.page.keyboard.type("extract json from text")
    expect(app.page.locator("#lib-list mark").first).to_be_visible()
    app.page.keyboard.press("ArrowDown")
    expect(app.page.locator("#lib-list .item").first).to_be_focused()
    clicks.press(app.page.get_by_role("button", name="Try it"))
    clicks.press("#run")
    app.wait_until_idle()
    assert "{{" not in app.answer(0) and len(app.answer(0)) > 40


def test_4_one_word_is_changed_and_one_click_shows_what_changed(scripted: OpenApp) -> None:
    app = scripted("echo", values={"word": "cats"})
    app.run_to_the_end()
    app.variable("word").fill("dogs")
    app.page.keyboard.press("Control+Enter")
    expect(app.output(0)).to_have_text("Say dogs")
    clicks = Clicks(app, 1)
    clicks.press("#col0 [data-act=diff]")
    expect(app.drawer.locator("ins")).to_have_text("dogs")


def test_5_and_6_one_click_shows_what_the_model_received_and_none_what_was_ignored(scripted: OpenApp) -> None:
    app = scripted("deaf")
    app.run_to_the_end()
    expect(app.column(0).locator(".badge.ignored")).to_have_text("ignored: repetition penalty")
    Clicks(app, 1).press("#col0 [data-act=saw]")
    expect(app.drawer).to_contain_text("What the model saw")


def test_7_one_click_stops_a_column_and_escape_all(scripted: OpenApp) -> None:
    app = scripted("slow", "slow")
    app.run()
    app.wait_for_text(0)
    app.wait_for_text(1)
    Clicks(app, 1).press("#col0 .stop")
    expect(app.state(0)).to_contain_text("stopped")
    app.page.keyboard.press("Escape")
    expect(app.state(1)).to_contain_text("stopped")
    assert app.answer(0) and app.answer(1)


def test_9_keys_vote(scripted: OpenApp) -> None:
    app = scripted("cat", "dog")
    app.run_to_the_end()
    app.page.locator("#col0 .col-body").focus()
    app.page.keyboard.press("2")
    expect(app.page.locator('#vote [data-column="1"][data-vote]')).to_have_attribute("aria-pressed", "true")


def test_10_the_winner_is_kept_in_one_click_and_a_file_in_two(scripted: OpenApp) -> None:
    app = scripted("cat", "dog", prompt={"name": "Keep the winner"})
    app.run_to_the_end()
    app.page.click('#vote [data-vote="column"][data-column="1"]')
    expect(app.page.locator("#vote")).to_contain_text("Vote stored.")
    Clicks(app, 1).press("#vote [data-act=save_winner]")
    expect(app.toast).to_contain_text("Saved as version 1")
    expect(app.drawer).to_have_count(0)
    clicks = Clicks(app, 2)
    clicks.press("#vote [data-act=export]")
    expect(app.drawer.locator("#export-text")).to_be_visible()
    with app.page.expect_download() as got:
        clicks.press(app.drawer.get_by_role("link", name="Download"))
    assert got.value.suggested_filename.endswith(".prompty")


def test_10_one_key_saves_when_the_name_is_known(scripted: OpenApp) -> None:
    app = scripted("echo", prompt={"name": "Saved by a key"})
    app.page.keyboard.press("Control+s")
    expect(app.toast).to_contain_text("Saved as version 1")
    app.turn(0).fill("Say {{ word }} loudly")
    app.page.keyboard.press("Control+s")
    expect(app.toast).to_contain_text("Saved as version 2: User turn: added “loudly”")
    expect(app.drawer).to_have_count(0)
    app.page.keyboard.press("Control+Shift+s")
    expect(app.drawer).to_contain_text("Save version")


def test_11_a_run_of_the_day_before_reopens_in_two_clicks(scripted: OpenApp) -> None:
    app = scripted("echo", values={"word": "yesterday"})
    app.run_to_the_end()
    other = scripted("cat")
    clicks = Clicks(other, 2)
    clicks.press(other.page.locator("#page").get_by_role("tab", name="History", exact=True))
    expect(other.page.locator("#hist-search")).to_be_focused()
    other.page.keyboard.type("yesterday")
    expect(other.page.locator("#hist-list mark").first).to_be_visible()
    clicks.press("#hist-list tr.run")
    expect(other.output(0)).to_have_text("Say yesterday")
    expect(other.variable("word")).to_have_value("yesterday")


def test_12_a_bundle_is_two_clicks(scripted: OpenApp) -> None:
    app = scripted("echo", prompt={"name": "For a colleague"})
    app.page.keyboard.press("Control+s")
    expect(app.toast).to_contain_text("Saved as version 1")
    app.tab("Library")
    row = app.page.locator("#lib-list .entry").filter(has_text="For a colleague")
    clicks = Clicks(app, 2)
    clicks.press(row.get_by_role("checkbox"))
    with app.page.expect_download() as got:
        clicks.press(app.page.get_by_role("button", name="Download 1 prompt"))
    names = [entry.prompt.name for entry in read_bundle(Path(got.value.path()).read_bytes()).entries]
    assert names == ["For a colleague"]


def test_13_a_link_is_one_click(scripted: OpenApp) -> None:
    app = scripted("echo", values={"word": "link"})
    app.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    app.run_to_the_end()
    Clicks(app, 1).press(app.page.locator("#vote").get_by_role("button", name="Link"))
    expect(app.toast).to_contain_text("Copied")
    assert app.run_id() in app.page.evaluate("navigator.clipboard.readText()")


# --- what else a hand does ----------------------------------------------------------------------------------


def test_a_deleted_prompt_comes_back_with_one_click(scripted: OpenApp) -> None:
    app = scripted("echo", prompt={"name": "Deleted by mistake"})
    app.page.keyboard.press("Control+s")
    expect(app.toast).to_contain_text("Saved as version 1")
    app.tab("Library")
    row = app.page.locator("#lib-list .entry").filter(has_text="Deleted by mistake")
    row.locator(".item").click()
    app.page.locator("#lib-preview").get_by_role("button", name="Delete", exact=True).click()
    expect(row).to_have_count(0)
    Clicks(app, 1).press(app.toast.get_by_role("button", name="Undo"))
    expect(row).to_have_count(1)


@pytest.mark.parametrize("tab", ["Compare", "History"])
def test_a_file_dropped_anywhere_is_taken_for_what_it_is(scripted: OpenApp, tmp_path: Path, tab: str) -> None:
    app = scripted("echo")
    (tmp_path / "shot.png").write_bytes(IMAGE)
    (tmp_path / "rows.csv").write_text("word\none\ntwo\n")
    (tmp_path / "greet.prompty").write_text("---\nname: Dropped anywhere\n---\nuser:\nHello\n")
    for name in ("shot.png", "rows.csv"):
        if tab != "Compare":
            app.tab(tab)
        drop(app, tmp_path / name)
        expect(app.turn(0)).to_be_visible()
    expect(app.page.locator(".thumb img")).to_have_count(1)
    expect(app.page.locator("#editor")).to_contain_text("2 cases")
    drop(app, tmp_path / "greet.prompty")
    expect(app.drawer).to_contain_text("1 prompt: 1 new")
    expect(app.page.locator("body.dropping")).to_have_count(0)
    assert app.page.url.startswith(app.server.url), "the browser never leaves the app"


def test_a_link_that_is_dropped_does_not_leave_the_app(scripted: OpenApp) -> None:
    app = scripted("echo")
    data: dict[str, Any] = {
        "items": [{"mimeType": "text/uri-list", "data": "http://localhost:1/elsewhere"}],
        "files": [],
        "dragOperationsMask": 1,
    }
    tool = app.hands()
    for kind in ("dragEnter", "dragOver", "drop"):
        tool.send("Input.dispatchDragEvent", {"type": kind, "x": 700, "y": 20, "data": data})
    app.page.wait_for_timeout(300)
    assert app.page.url.startswith(app.server.url)
    expect(app.turn(0)).to_be_visible()


def test_checks_are_counted_alike_in_editor_and_column(scripted: OpenApp) -> None:
    schema = {"type": "object"}
    check = {"scorer": "contains", "options": {"text": "x"}}
    app = scripted("echo", prompt={"output_schema": schema, "checks": [check]})
    expect(app.page.locator("#checks-button")).to_contain_text("2 checks")
    expect(app.column(0).locator(".checks")).to_contain_text("2 checks run when the answer ends")


def test_who_reads_chinese_sees_chinese_names(scripted: OpenApp) -> None:
    app = scripted("echo", locale="zh-CN")
    app.tab("提示词库")
    expect(app.page.locator("#lib-list .item[lang=zh]").first).to_have_text(re.compile("[\u4e00-\u9fff]"))


def test_two_runs_are_seen_side_by_side_one_is_pinned_and_both_are_deleted(scripted: OpenApp) -> None:
    app = scripted("echo", values={"word": "besidecats"})
    app.run_to_the_end()
    app.variable("word").fill("besidedogs")
    app.run_to_the_end()
    app.tab("History")
    app.page.locator("#hist-search").fill("beside")
    rows = app.page.locator("#hist-list tr.run")
    expect(rows).to_have_count(2)
    expect(rows.first.locator(".changes")).to_have_text(re.compile("word besidecats besidedogs"))
    for number in (0, 1):
        rows.nth(number).get_by_role("checkbox").check()
    app.page.get_by_role("button", name="Side by side").click()
    expect(app.drawer.locator("ins")).to_contain_text(["besidedogs"])
    app.close_drawer()
    rows.nth(1).locator(".pin").click()
    expect(rows.first.locator(".pin")).to_have_attribute("aria-pressed", "true")
    app.reload().tab("History")
    app.page.locator("#hist-search").fill("besidecats")
    expect(rows.first.locator(".pin")).to_have_attribute("aria-pressed", "true")
    app.page.locator("#hist-search").fill("beside")
    expect(rows).to_have_count(2)
    for number in (0, 1):
        rows.nth(number).get_by_role("checkbox").check()
    app.page.get_by_role("button", name="Delete 2 runs").click()
    expect(app.drawer).to_contain_text("With them go:")
    app.drawer.get_by_role("button", name="Delete for good").click()
    expect(rows).to_have_count(0)
    expect(app.page.locator("#hist-picked")).to_be_empty()
    # What Compare has shown of them stays as a form of its own.
    app.tab("Compare")
    expect(app.variable("word")).to_have_value("besidedogs")
    expect(app.column(0).locator(".out")).to_have_text("")
    assert "run=" not in app.page.url
