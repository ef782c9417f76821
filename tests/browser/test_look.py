"""The page on a phone and in the dark, and what people with other senses meet."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.axe import Axe

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
UNNAMED = """() => [...document.querySelectorAll('button, input, select, textarea, a[href], [role=tab], [role=dialog]')]
  .filter((el) => el.checkVisibility() && el.type !== 'hidden')
  .filter((el) => !(el.getAttribute('aria-label') || el.labels?.length || el.getAttribute('aria-labelledby')
    || (!['INPUT', 'SELECT', 'TEXTAREA'].includes(el.tagName) && el.innerText.trim())))
  .map((el) => el.outerHTML.slice(0, 120))"""


def is_wide(app: App) -> bool:
    return bool(app.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def places(app: App) -> Any:
    """Every place of the page in turn, after a run: its name, and the page standing there."""
    app.run_to_the_end()
    yield "compare"
    for action in ("saw", "diff"):
        app.act(1, action)
        expect(app.drawer).to_be_visible()
        yield action
        app.close_drawer()
    app.page.click("#vote [data-act=export]")
    expect(app.drawer.locator("#export-text")).to_be_visible()
    yield "export"
    app.close_drawer()
    app.tab("Library")
    expect(app.page.locator("#lib-preview h2")).to_be_attached()
    yield "library"
    app.tab("History")
    expect(app.page.locator("#hist-list tr[data-act]").first).to_be_visible()
    yield "history"
    app.tab("Data")
    expect(app.page.locator("#data-home h2").first).to_be_visible()
    yield "data"
    table = {
        "name": f"words{time.monotonic_ns()}.csv",
        "mimeType": "text/csv",
        "buffer": b"word,expected\nhi,hi\nho,\n",
    }
    app.page.set_input_files("#data-file", [table])
    expect(app.page.locator(".import-side")).to_contain_text("Split")
    yield "import"
    app.page.get_by_role("button", name="Store 2 rows").click()
    app.page.locator("#sheet-grid tr[data-at='0'] td[data-column='0']").click()
    expect(app.page.locator(".sheet-row h2")).to_have_text("Row 1")
    yield "data set"
    app.tab("Experiments")
    app.page.locator("#exp [data-act=experiment_from_compare]").click()
    expect(app.page.locator("#exp-cost")).to_contain_text("What it takes")
    yield "experiment"
    app.tab("Models")
    expect(app.page.locator("#models-list table")).to_be_visible()
    yield "models"
    app.page.get_by_role("button", name="Add a server").click()
    expect(app.drawer).to_be_visible()
    yield "add a server"
    app.close_drawer()


def test_a_phone_shows_one_column_at_a_time_and_never_scrolls_sideways(scripted: OpenApp) -> None:
    app = scripted("echo", "long", "cat", "dog", values={"word": "x" * 300}, **PHONE)
    app.page.evaluate("document.querySelector('#compare').classList.remove('folded')")
    assert not is_wide(app), "the editor"
    app.run()
    app.wait_until_idle()
    expect(app.column(0)).to_be_visible()
    expect(app.column(1)).to_be_hidden()
    app.page.get_by_role("tablist", name="Columns").get_by_role("tab").nth(1).click()
    expect(app.column(1)).to_be_visible()
    expect(app.column(0)).to_be_hidden()
    assert app.answer(1).startswith("word0 word1")
    for place in places(app):
        assert not is_wide(app), place


def test_the_menu_of_a_phone_opens_what_was_chosen(scripted: OpenApp) -> None:
    app = scripted("echo", **PHONE)
    app.run_to_the_end()
    tools = app.tools()
    lists = {
        "Library": "#lib-list .entry",
        "History": "#hist-list tr[data-act]",
        "Models": "#models-list table",
    }
    for slower in (1, 1, 1, 1, 4):
        tools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        # The menu is drawn anew with the other tabs: the button that was pressed has another name by then.
        for name, shown in lists.items():
            # The page asks for what runs, too, whenever it likes.
            opens = re.compile(f"component_server.*open_{name.lower()}")
            with app.page.expect_request(
                lambda request, opens=opens: bool(opens.search(f"{request.url} {request.post_data}")),
                timeout=60_000,
            ):
                app.tab(name)
            expect(app.page.locator(shown).first).to_be_visible(timeout=60_000)


def test_a_phone_reaches_the_editor_and_runs(scripted: OpenApp) -> None:
    app = scripted("echo", **PHONE)
    edit = app.page.get_by_role("button", name="Edit", exact=True)
    edit.click()
    app.turn(0).fill("Say {{ word }} on the phone")
    app.run_to_the_end()
    assert app.answer(0) == "Say hello on the phone"


# Pairs of icons of which one covers part of the other, where neither is scrolled out of what scrolls around it.
COVERED = """() => {
  const seen = (el) => {
    let { left, top, right, bottom } = el.getBoundingClientRect();
    for (let up = el.parentElement; up; up = up.parentElement) {
      if (!/auto|scroll/.test(getComputedStyle(up).overflow)) continue;
      const box = up.getBoundingClientRect();
      [left, top] = [Math.max(left, box.left), Math.max(top, box.top)];
      [right, bottom] = [Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    return { left, top, right, bottom };
  };
  const all = [...document.querySelectorAll('svg.i')].filter((el) => el.checkVisibility())
    .map((el) => [el.closest('button, div').outerHTML.slice(0, 120), seen(el)])
    .filter(([, a]) => a.left < a.right && a.top < a.bottom);
  return all.flatMap(([one, a], i) => all.slice(i + 1).filter(([, b]) =>
      a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).map(([other]) => [one, other])); }"""


def test_four_columns_fit_on_a_desk_without_sideways_scrolling(scripted: OpenApp) -> None:
    app = scripted("echo", "cat", "dog", "long", viewport={"width": 768, "height": 900})
    app.run_to_the_end()
    for width in (768, 1280, 1500):
        app.page.set_viewport_size({"width": width, "height": 900})
        # Twice: what gives way is measured before the next picture.
        app.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        assert not is_wide(app), width
        assert app.page.evaluate(COVERED) == [], width


def luminance(app: App, selector: str, what: str) -> float:
    """Rough brightness in 0..1 of a colour that the element really has."""
    script = (
        "([s, w]) => getComputedStyle(document.querySelector(s))[w].match(/[\\d.]+/g).slice(0, 3).map(Number)"
    )
    red, green, blue = app.page.evaluate(script, [selector, what])
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def test_dark_is_dark_forced_chosen_or_of_the_system(scripted: OpenApp) -> None:
    light = scripted("echo")
    assert luminance(light, "gradio-app", "backgroundColor") > 0.8
    for app in (scripted("echo", query="?__theme=dark"), scripted("echo", color_scheme="dark")):
        expect(app.page.locator("body")).to_have_class("dark")
        assert luminance(app, "gradio-app", "backgroundColor") < 0.2
        assert luminance(app, ".editor textarea", "caretColor") > 0.5
        assert luminance(app, "#prompt-name", "color") > 0.7
    light.page.get_by_role("button", name="Light or dark").click()
    expect(light.page.locator("body.dark")).to_have_count(1)
    light.page.reload()
    light.wait_until_ready()
    expect(light.page.locator("body.dark")).to_have_count(1)
    assert luminance(light, "gradio-app", "backgroundColor") < 0.2


def test_every_control_has_a_name_and_axe_finds_nothing_in_the_light_and_in_the_dark(
    scripted: OpenApp,
) -> None:
    check = {"scorer": "contains", "options": {"text": "cat"}}
    app = scripted("breaks", "cat", "echo", prompt={"name": "For axe", "checks": [check]})
    axe, unnamed = Axe(app.page), {}
    for place in places(app):
        unnamed[place] = app.page.evaluate(UNNAMED)
        if place == "library":  # a hundred rows are alike: some of one family
            family = app.page.locator('#lib-side [data-family="classification"]')
            family.click()
            expect(family).to_have_attribute("aria-pressed", "true")
        within = ".drawer" if app.drawer.is_visible() else "html"
        axe.look(
            place, within, in_the_dark=True, all_tabs=place == "models"
        )  # the last tab: all others are there
    app.tab("Compare")
    for button in ("#checks-button", "#save"):
        app.page.click(button)
        expect(app.drawer).to_be_visible()
        unnamed[button] = app.page.evaluate(UNNAMED)
        app.close_drawer()
    assert {place: found for place, found in unnamed.items() if found} == {}
    assert axe.found == []
