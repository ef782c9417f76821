"""Experiments on the page: from the columns of Compare to a verdict; paused, left, gone on with; failures run again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.axe import Axe

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

CHECK = {"scorer": "contains", "options": {"text": "{{ expected }}"}}

OPEN_PAIR = """async (look) => {
  const { id } = document.querySelector("#verdict").dataset;
  await (await import("/playground/actions.js")).doAction("verdict_look", { id, look });
}"""


def rows(count: int) -> list[dict[str, Any]]:
    return [{"word": f"word{n}", "expected": f"word{n}" if n % 10 else "cat"} for n in range(count)]


def to_set_up(app: App) -> None:
    app.page.get_by_role("button", name="Run over a data set").click()
    expect(app.page.locator("#exp-setup")).to_be_visible()


def start(app: App) -> None:
    app.page.keyboard.press("Control+Enter")
    expect(app.page.locator(".exp-run")).to_be_visible()


def test_the_columns_become_an_experiment_that_ends_in_a_verdict(scripted: OpenApp) -> None:
    app = scripted("echo", "cat", prompt={"name": "Repeat", "cases": rows(20), "checks": [CHECK]})
    page, file = app.page, app.page.locator("#exp-yaml")
    to_set_up(app)  # one click
    expect(page.locator("#exp-cost")).to_contain_text("Finds a difference of")
    expect(page.locator("#exp-main")).to_contain_text("20 cases are few")
    # Every control changes the file, and the file every control.
    page.get_by_label("Points within which").fill("5")
    page.get_by_label("Variant B is the baseline").check()
    expect(file).to_have_value(re.compile(r"margin: 0\.05"))
    expect(file).to_have_value(re.compile(r"baseline: B"))
    page.get_by_label("Add a variant: another model").select_option("scripted:dog")
    expect(page.locator(".exp-variants tbody tr")).to_have_count(3)
    file.fill(file.input_value().replace("margin: 0.05", "margin: 0.1"))
    file.blur()
    expect(page.get_by_label("Points within which")).to_have_value("10")
    file.fill("variants: {A: {modle: x}}")
    file.blur()
    expect(page.locator("#exp-yaml-problem")).to_contain_text("model")
    # One undo goes over it like over all that is typed.
    page.locator("#exp-main h3").first.click()
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Points within which")).to_have_value("5")
    app.reload()
    expect(page.get_by_label("Points within which")).to_have_value("5")
    start(app)
    expect(page.locator("#exp-head")).to_contain_text("finished")
    expect(page.locator("#exp-body")).to_contain_text("A beats B")
    expect(page.locator("#exp-say")).to_contain_text("Finished. A beats B")
    # The list has it, and Back leads to it.
    page.get_by_role("button", name="Experiments", exact=True).click()
    row = page.locator(".exp-list tr.exp").first
    expect(row).to_contain_text("Repeat, three variants")
    expect(row).to_contain_text("A beats B")
    expect(page).not_to_have_url(re.compile("experiment="))
    page.go_back()
    expect(page.locator("#exp-head h2")).to_have_text("Repeat, three variants")


def test_what_runs_is_paused_left_and_gone_on_with_from_another_tab(scripted: OpenApp) -> None:
    app = scripted("steady", prompt={"name": "Long", "cases": rows(300), "checks": [CHECK]})
    page = app.page
    to_set_up(app)
    page.get_by_label("Cells at once").fill("1")
    start(app)
    expect(page.locator("#exp-now")).to_contain_text("No verdict yet.")
    expect(page.locator("#running")).to_contain_text("1 running")
    # Who walks along the cells stays where the keys have come to while news arrives.
    strip, done = page.locator(".strip"), page.locator("#exp-progress b.num").first
    strip.press("Home")
    for _ in range(2):
        expect(done).not_to_have_text(done.inner_text())
    expect(strip).to_be_focused()
    expect(strip.locator("i.at")).to_have_count(1)
    # A program that does not answer is asked again, and said to be away once.
    app.forgiven.append("Failed to load resource")
    page.route(re.compile("component_server"), lambda route: route.abort())
    away = page.locator(".alert", has_text="The program did not answer.")
    expect(away).to_have_count(1)
    page.unroute(re.compile("component_server"))
    expect(away).to_have_count(0)
    page.keyboard.press("p")
    expect(page.locator("#exp-head")).to_contain_text("paused")
    expect(page.locator("#exp-now")).to_contain_text("Paused.")
    strip.press("Home")
    strip.press("Enter")
    expect(app.drawer).to_contain_text("word0 word1")
    app.close_drawer()
    beside = scripted(query=f"?{page.url.partition('?')[2]}", beside=app)
    expect(beside.page.locator("#exp-now")).to_contain_text("Paused.")
    beside.page.get_by_role("button", name="Go on").click()
    expect(beside.page.locator("#exp-head")).to_contain_text("running since")
    expect(page.locator("#exp-head")).to_contain_text("running since")  # it asks now and then
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(app.drawer).to_contain_text("Done and kept")
    app.drawer.get_by_role("button", name="Stop it").click()
    expect(page.locator("#exp-now")).to_contain_text("Stopped.")
    expect(beside.page.locator("#exp-now")).to_contain_text("Stopped.")


def test_failures_stand_by_reason_and_run_again(scripted: OpenApp) -> None:
    app = scripted("cat", "breaks", prompt={"name": "Broken", "cases": rows(3), "checks": [CHECK]})
    page = app.page
    to_set_up(app)
    page.get_by_label("Tries of a call").fill("1")
    expect(page.locator("#exp-main")).to_contain_text("no verdict is possible, 15 are the least")
    start(app)
    expect(page.locator("#exp-head")).to_contain_text("finished")
    failures = page.locator(".v-failures[aria-label=Failures]")
    expect(failures).to_contain_text("The server went away.")
    expect(failures).to_contain_text("B 1, B 2, B 3")
    # What was looked at is looked at again once they have run.
    page.get_by_role("button", name=re.compile("failed")).first.click()
    expect(page).to_have_url(re.compile(r"look=show%3D\w+"))
    look = page.locator("#verdict").get_attribute("data-look") or ""
    failures.get_by_role("button", name="Run 3 again").click()
    expect(page.locator("#exp-head")).to_contain_text("running since")
    expect(page.locator("#verdict")).to_have_attribute("data-look", look)
    expect(page).to_have_url(re.compile(r"look=show%3D\w+"))
    expect(failures).to_contain_text("B 1, B 2, B 3")


def test_a_phone_sets_up_and_watches_without_scrolling_sideways(scripted: OpenApp) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    app = scripted("echo", "cat", prompt={"name": "Pocket", "cases": rows(16), "checks": [CHECK]}, **phone)
    page = app.page
    page.get_by_role("button", name="Edit", exact=True).click()
    to_set_up(app)
    is_wide = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(is_wide)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#exp-head")).to_contain_text("finished")
    assert not page.evaluate(is_wide)


def test_a_verdict_is_looked_at_from_all_sides_and_its_address_shows_the_same(scripted: OpenApp) -> None:
    cases = [
        {"word": f"cat{n}" if n % 3 else f"dog{n}", "expected": "cat", "kind": "ab"[n % 2]} for n in range(30)
    ]
    app = scripted("echo", "cat", prompt={"name": "Cats", "cases": cases, "checks": [CHECK]})
    page = app.page
    to_set_up(app)
    start(app)
    expect(page.locator("#v-sentence")).to_contain_text("B beats A by 33 points")
    page.get_by_role("button", name="only B").click()
    expect(page.locator("#verdict")).to_have_attribute("data-look", "show=improvements")
    expect(page.locator(".v-cases tr.case")).to_have_count(10)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    detail = page.locator(".v-cases tr.detail")
    expect(detail).to_contain_text("A fails")
    expect(page.locator("#v-case-1")).to_be_focused()
    expect(page).to_have_url(re.compile(r"look=show%3Dimprovements%26at%3D0"))
    # Keys rate the case that listens and step on; of one that was open the next one opens.
    page.keyboard.press("2")
    expect(detail).to_contain_text("A fails")
    expect(page.locator("#v-case-4")).to_be_focused()
    page.keyboard.press("=")
    page.keyboard.press("1")
    expect(page.locator("#v-rated-says")).to_have_text(
        "Too few ratings for a verdict: 3 rated cases, 15 are the least."
    )
    expect(page.locator("#v-unrated")).to_have_text("7")
    for case, choice in ((1, "B"), (4, "tie"), (7, "A")):
        rating = page.get_by_label(f"Your rating of case {case}", exact=True)
        expect(rating.get_by_role("button", pressed=True)).to_have_text(choice)
    expect(page.locator("#v-case-10")).to_have_class(re.compile(r"\bat\b"))  # where rating stepped to is open
    page.locator("#v-case-1").click()
    expect(page.locator("#v-case-1")).to_have_class(re.compile(r"\bat\b"))
    axe = Axe(page)
    axe.look("verdict", "#verdict")
    assert axe.found == []
    app.reload()
    expect(detail).to_contain_text("A fails")
    # Another pair is another place: the browser's Back leads from it to the one before, as that was looked at.
    page.evaluate(OPEN_PAIR, "pair=0-1")
    expect(page.locator("#verdict")).to_have_attribute("data-look", "pair=0-1")
    expect(page).to_have_url(re.compile("look=pair%3D0-1"))
    page.go_back()
    expect(page.locator("#verdict")).to_have_attribute("data-look", "show=improvements&at=0")
    expect(page).to_have_url(re.compile(r"look=show%3Dimprovements%26at%3D0"))
    # A data set may come back while its tab was never opened.
    page.evaluate("async () => (await import('/playground/updates.js')).apply({ sheet: { back: 'x' } })")
    expect(page.get_by_role("button", name="only B")).to_have_attribute("aria-pressed", "true")
    detail.get_by_role("button", name="Open beside its rivals").click()
    expect(page.locator(".drawer .v-rival")).to_have_count(2)
    page.get_by_role("button", name="Into Compare").last.click()
    expect(page.get_by_label("word", exact=True)).to_have_value("dog0")
