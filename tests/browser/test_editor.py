"""The editor's helpers: turns moved by handle, advice, the cases of a prompt, images that go along."""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.scored import CASES, FORM, SCORED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

THREE = [("system", "First"), ("user", "Second {{ word }}"), ("assistant", "Third"), ("user", "Fourth")]
CARET = "(area) => [area.selectionStart, area.selectionEnd, document.activeElement === area]"


def png(width: int = 8, height: int = 6) -> bytes:
    """A small picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((200, 80, 40)) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def order(app: App) -> list[str]:
    return [str(area.input_value()).split()[0] for area in app.page.locator(".editor .turn textarea").all()]


def grip(app: App, name: str) -> Any:
    return app.page.get_by_label(f"Reorder {name}", exact=True)


def drag(app: App, name: str, onto: int, *, drop: bool = True) -> None:
    """Take the turn's handle to the outer edge of another turn (from 0), so that it comes to stand beyond it."""
    handle = grip(app, name)
    handle.scroll_into_view_if_needed()
    at, goal = handle.bounding_box(), app.page.locator(f'.editor [data-turn="{onto}"]').bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    app.page.mouse.move(x, y)
    app.page.mouse.down()
    app.page.mouse.move(x, goal["y"] + 4 if goal["y"] < y else goal["y"] + goal["height"] - 4, steps=5)
    if drop:
        app.page.mouse.up()


def choose(app: App, *files: tuple[str, str, bytes]) -> None:
    chosen: Any = [{"name": n, "mimeType": kind, "buffer": data} for n, kind, data in files]
    app.page.locator(".images input[type=file]").set_input_files(chosen)


# --- turns ----------------------------------------------------------------------------------------------


def test_a_turn_is_dragged_by_its_handle_and_the_caret_stays_where_it_is(scripted: OpenApp) -> None:
    app = scripted("echo", turns=THREE)
    app.turn(1).focus()
    app.turn(1).evaluate("(area) => area.setSelectionRange(2, 5)")
    drag(app, "user turn 4", 2, drop=False)
    expect(app.page.locator(".turn.dragged")).to_have_count(1)
    room = re.compile(r"translateY\(\d+px\)")
    expect(app.page.locator('.editor [data-turn="2"]')).to_have_attribute("style", room)
    expect(app.page.locator('.editor [data-turn="1"]')).not_to_have_attribute("style", room)
    app.page.mouse.up()
    assert order(app) == ["First", "Second", "Fourth", "Third"]
    assert app.turn(1).evaluate(CARET) == [2, 5, True]
    drag(app, "user turn 2", 3)
    assert order(app) == ["First", "Fourth", "Third", "Second"]
    assert app.turn(3).evaluate(CARET) == [2, 5, True]
    app.run_to_the_end()
    assert app.answer(0) == "Second hello"
    app.reload()
    assert order(app) == ["First", "Fourth", "Third", "Second"]


def test_escape_puts_a_dragged_turn_back(scripted: OpenApp) -> None:
    app = scripted("echo", turns=THREE)
    drag(app, "user turn 4", 0, drop=False)
    app.page.keyboard.press("Escape")
    expect(app.page.locator(".turn.dragged")).to_have_count(0)
    app.page.mouse.up()
    assert order(app) == ["First", "Second", "Third", "Fourth"]


def test_a_turn_is_dragged_by_a_finger(scripted: OpenApp) -> None:
    app = scripted(
        "echo", turns=THREE, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    app.page.get_by_role("button", name="Edit", exact=True).click()
    at = grip(app, "system turn 1").bounding_box()
    touch = app.hands()
    x, y = at["x"] + 8, at["y"] + 8

    def send(kind: str, *points: dict[str, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    send("touchStart", {"x": x, "y": y})
    for step in range(1, 6):
        send("touchMove", {"x": x, "y": y + 16 * step})
    send("touchEnd")
    assert order(app) == ["Second", "First", "Third", "Fourth"]


def test_a_turn_is_moved_by_keys_and_its_place_is_said(scripted: OpenApp) -> None:
    app = scripted("echo", turns=THREE)
    live = app.page.locator("#live")
    grip(app, "user turn 4").focus()
    app.page.keyboard.press("Alt+ArrowUp")
    expect(live).to_have_text("user turn is now 3 of 4")
    expect(grip(app, "user turn 3")).to_be_focused()
    app.page.keyboard.press("Alt+ArrowUp")
    app.page.keyboard.press("Alt+ArrowUp")
    assert order(app) == ["Fourth", "First", "Second", "Third"]
    app.page.keyboard.press("Alt+ArrowUp")
    expect(live).to_have_text("user turn 1 is already the first")
    app.page.keyboard.press("Alt+ArrowDown")
    expect(grip(app, "user turn 2")).to_be_focused()
    assert order(app) == ["First", "Fourth", "Second", "Third"]


def test_the_turns_of_a_column_are_moved_too(scripted: OpenApp) -> None:
    app = scripted("echo", "echo", turns=[("user", "One"), ("assistant", "Two"), ("user", "Three")])
    app.own_prompt(2)
    grip(app, "Column 2, user turn 3").focus()
    app.page.keyboard.press("Alt+ArrowUp")
    expect(grip(app, "Column 2, user turn 2")).to_be_focused()
    assert order(app) == ["One", "Two", "Three"]
    own = [turn["template"] for turn in app.page.evaluate(FORM)["columns"][1]["turns"]]
    assert own == ["One", "Three", "Two"]


# --- advice ---------------------------------------------------------------------------------------------


def test_advice_waits_behind_a_badge_and_leads_to_its_turn(scripted: OpenApp) -> None:
    turns = [("user", "Classify the remark: {{ word }}"), ("system", "Be kind")]
    app = scripted("echo", turns=turns)
    badge, advice = app.page.locator("#advice-badge"), app.page.locator("#advice")
    expect(badge).to_have_text("1 warning, 1 hint")
    expect(advice).to_be_hidden()
    badge.click()
    expect(badge).to_have_attribute("aria-expanded", "true")
    expect(advice.locator("li")).to_have_count(2)
    expect(advice).to_contain_text("nothing says how to answer")
    advice.get_by_role("button", name="System turn 2").click()
    expect(app.turn(1)).to_be_focused()
    app.turn(0).fill("Classify the remark as good or bad: {{ word }}")
    expect(badge).to_have_text("1 warning")
    expect(app.turn(0)).to_be_focused()
    app.page.get_by_label("Remove system turn 2").click()
    expect(badge).to_have_count(0)
    expect(advice).to_be_hidden()


def test_an_unused_variable_is_removed_from_the_advice(scripted: OpenApp) -> None:
    app = scripted("echo", prompt={"inputs": [{"name": "word"}, {"name": "<b>tone"}]})
    badge = app.page.locator("#advice-badge")
    expect(badge).to_have_text("1 warning")
    badge.click()
    expect(app.page.locator("#advice")).to_contain_text('"<b>tone" is declared and not used.')
    app.page.get_by_label("Remove <b>tone").click()
    expect(badge).to_have_count(0)
    assert [field["name"] for field in app.page.evaluate(FORM)["prompt"]["inputs"]] == ["word"]


def test_a_key_in_a_turn_is_warned_of_at_its_line_and_not_shown(scripted: OpenApp) -> None:
    key = "gh" + "p_" + "a8Fk2Lq9Zt4Xw7Rb1Vn6Ys3Dp5Hm0Jc8Gu2Q7"
    app = scripted("echo", turns=f"Say {{{{ word }}}}\nwith {key}")
    app.page.locator("#advice-badge").click()
    advice = app.page.locator("#advice")
    expect(advice).to_contain_text("Line 2 holds what looks like a GitHub token")
    expect(advice).not_to_contain_text(key[4:12])
    advice.get_by_role("button", name="User turn 1").click()
    assert app.turn(0).evaluate("(area) => area.value.slice(area.selectionStart)") == f"with {key}"


# --- cases ----------------------------------------------------------------------------------------------


def test_a_case_fills_the_fields_and_its_expected_answer_reaches_the_checks(scripted: OpenApp) -> None:
    app = scripted("echo", prompt=SCORED)
    cases = app.page.get_by_role("group", name="Cases")
    expect(cases).to_contain_text("Example, 2 cases")
    cases.get_by_label("Case 1", exact=True).click()
    expect(cases).to_contain_text("Case 1 of 2")
    expect(cases.get_by_label("Case 1", exact=True)).to_be_focused()
    expect(app.variable("word")).to_have_value("one")
    expect(app.variable("expected")).to_have_value("Say one")
    app.run_to_the_end()
    expect(app.column(0).locator(".checks")).to_contain_text("1 of 1 check pass")
    cases.get_by_label("Case 2", exact=True).click()
    expect(app.variable("word")).to_have_value("two")
    expect(cases.get_by_label("Case 2", exact=True)).to_have_attribute("aria-pressed", "true")
    app.run_to_the_end()
    expect(app.column(0).locator(".checks")).to_contain_text("0 of 1 check pass")
    cases.get_by_label("Case 1", exact=True).click()
    app.reload()
    expect(cases).to_contain_text("Case 1 of 2")
    cases.get_by_role("button", name="Example").click()
    expect(app.variable("word")).to_have_value("hello")
    expect(cases).to_contain_text("Example, 2 cases")


def test_the_values_on_screen_are_kept_as_a_case_and_a_case_is_removed(scripted: OpenApp) -> None:
    app = scripted("echo", prompt=SCORED)
    cases = app.page.get_by_role("group", name="Cases")
    cases.get_by_label("Case 1", exact=True).click()
    app.variable("word").fill("three")
    app.variable("expected").fill("Say three")
    expect(cases).to_contain_text("Case 1 of 2, edited")
    keep = app.page.get_by_role("button", name="Keep as a case")
    keep.click()
    expect(cases).to_contain_text("Case 3 of 3")
    keep.click()
    expect(app.page.locator("#live")).to_have_text("These values are case 3 already")
    kept = [*CASES, {"word": "three", "expected": "Say three"}]
    assert app.page.evaluate(FORM)["prompt"]["cases"] == kept
    cases.get_by_label("Remove case 3").click()
    expect(cases).to_contain_text("2 cases")
    assert app.page.evaluate(FORM)["prompt"]["cases"] == CASES


def test_a_prompt_without_cases_shows_no_chooser(scripted: OpenApp) -> None:
    app = scripted("echo")
    cases = app.page.get_by_role("group", name="Cases")
    expect(cases).to_have_count(0)
    app.page.get_by_role("button", name="Keep as a case").click()
    expect(cases).to_contain_text("Case 1 of 1")


def test_cases_of_a_table_are_added_with_its_checks_and_a_bad_file_changes_nothing(scripted: OpenApp) -> None:
    app = scripted("echo", prompt=SCORED)
    cases, picker = app.page.get_by_role("group", name="Cases"), app.page.get_by_label("File of cases")

    def pick(name: str, text: str) -> None:
        picker.set_input_files({"name": name, "mimeType": "text/plain", "buffer": text.encode()})

    with app.page.expect_file_chooser():
        app.page.get_by_role("button", name="Import cases").click()
    pick("bad.csv", 'word\n"open\n')
    expect(app.alert).to_contain_text("bad.csv, line 2: a quote is opened and never closed")
    pick("<b>.jsonl", '{"word": "x"}\n{"word"}\n')
    expect(app.alert).to_contain_text("<b>.jsonl, line 2: ")
    assert app.page.evaluate(FORM)["prompt"]["cases"] == CASES
    table = "word,expected,__expected,__expected2,__metric\none,Say one,equals:{{ expected }},icontains:say,m\nsix,Say six,equals:{{ expected }},icontains:say,\n"
    pick("t.csv", table)
    expect(app.alert).to_contain_text("1 case and 2 checks added from t.csv. Not taken over:")
    expect(app.alert).to_contain_text("__metric: there is no such field here")
    expect(cases).to_contain_text("3 cases")
    pick("more.json", '[{"expected": "Say one", "word": "one"}, {"word": "seven"}]')
    expect(app.alert).to_contain_text(
        "1 case added from more.json. Not taken over:1 case that the prompt has already"
    )
    cases.get_by_label("Case 3", exact=True).click()
    expect(app.variable("word")).to_have_value("six")
    app.run_to_the_end()
    expect(app.column(0).locator(".checks")).to_contain_text("3 of 3 checks pass")
    pick("many.jsonl", "".join(f'{{"word": "{number}"}}\n' for number in range(1_000)))
    expect(app.alert).to_contain_text(
        "996 cases added from many.jsonl. Not taken over:4 cases: a prompt has at most 1,000"
    )
    app.reload()
    expect(cases).to_contain_text("of 1000")


def test_cases_in_another_charset_are_read_and_the_alert_says_which(scripted: OpenApp) -> None:
    app = scripted("echo", prompt=SCORED)
    picker = app.page.get_by_label("File of cases")
    table = "sep=;\nword;place\nGrüße;Köln\n".encode("cp1252")
    picker.set_input_files({"name": "l.csv", "mimeType": "text/csv", "buffer": table})
    expect(app.alert).to_contain_text("1 case added from l.csv. Not taken over:text: read as Windows-1252")
    assert app.page.evaluate(FORM)["prompt"]["cases"][-1] == {"word": "Grüße", "place": "Köln"}


# --- images ---------------------------------------------------------------------------------------------


def test_an_image_is_added_runs_along_survives_a_reload_and_is_removed(scripted: OpenApp) -> None:
    app = scripted("echo")
    choose(app, ("red.png", "image/png", png()))
    thumb = app.page.get_by_alt_text("Image 1")
    expect(thumb).to_be_visible()
    assert thumb.evaluate("(img) => img.decode().then(() => [img.naturalWidth, img.width])") == [8, 64]
    data = base64.b64encode(png()).decode()
    assert app.page.evaluate(FORM)["images"] == [data]
    app.reload()
    expect(thumb).to_be_visible()
    app.page.get_by_label("Remove image 1").click()
    expect(thumb).to_have_count(0)
    assert app.page.evaluate(FORM)["images"] == []
    app.run_to_the_end()
    assert app.answer(0) == "Say hello"


def test_an_image_is_pasted_into_a_turn_and_text_still_is(scripted: OpenApp) -> None:
    app = scripted("echo")
    app.turn(0).evaluate(
        """(area, bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], 'shot.png', { type: 'image/png' }));
          area.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        list(png()),
    )
    expect(app.page.get_by_alt_text("Image 1")).to_be_visible()
    expect(app.turn(0)).to_have_value("Say {{ word }}")


def test_what_is_no_image_too_large_or_too_many_is_refused_by_name(scripted: OpenApp) -> None:
    app = scripted("echo")
    said, images = app.page.locator(".images [role=alert]"), app.page.locator(".thumb")
    choose(app, ("page.png", "image/png", b"<svg onload=window.hacked=1>"))
    expect(said).to_have_text("page.png is not a PNG, JPEG, WebP or GIF image.")
    choose(app, ("sound.webp", "image/webp", b"RIFF\x00\x00\x00\x00WAVEfmt "))
    expect(said).to_have_text("sound.webp is not a PNG, JPEG, WebP or GIF image.")
    choose(app, ("huge.png", "image/png", png() + bytes(8 * 1024 * 1024)))
    expect(said).to_have_text("huge.png has 8.1 MB; an image may have 8 MB. Make it smaller first.")
    expect(images).to_have_count(0)
    choose(app, *((f"{n}.png", "image/png", png(n + 1)) for n in range(5)))
    expect(images).to_have_count(4)
    expect(said).to_contain_text("4.png was left out: at most 4 images")
    expect(app.page.get_by_role("button", name="Add image")).to_be_disabled()
    assert not app.is_hacked()


def test_images_too_large_for_the_browser_are_kept_by_the_program(
    scripted: OpenApp, wait_for: Callable[..., None]
) -> None:
    app = scripted("echo")
    choose(app, ("large.png", "image/png", png() + bytes(4_500_000)))
    expect(app.page.locator(".thumb")).to_have_count(1)
    app.turn(0).fill("Typed beside {{ word }}")
    query = "SELECT form FROM draft WHERE form LIKE '%Typed beside%'"
    wait_for(lambda: any("sha256" in form for (form,) in app.server.rows(query)), "the draft with its image")
    expect(app.page.locator(".images")).not_to_contain_text("Too large to be kept")
    draft = json.loads(str(app.page.evaluate("localStorage.getItem('playground.draft')")))["form"]
    assert draft["images"] == []
    app.page.reload()
    app.wait_until_ready()
    expect(app.turn(0)).to_have_value("Typed beside {{ word }}")
    expect(app.page.locator(".thumb")).to_have_count(1)
