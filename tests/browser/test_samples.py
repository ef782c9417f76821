"""Several samples of a column: asked for, watched, paged through, compared, found again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

SIX = {"checks": [{"scorer": "contains", "options": {"text": "six"}}]}
PLACES = """() => JSON.stringify([...document.querySelectorAll('#col0 .samples, #col0 .col-body, #col0 .col-foot')]
  .map((el) => el.getBoundingClientRect()))"""


def ask_for(app: App, number: int, samples: int, **values: Any) -> None:
    """Set samples, and other sampling values, where the sampling of a column is edited."""
    app.page.get_by_label(f"Sampling values of column {number + 1}").click()
    app.page.locator(".pop").locator("#s-samples").fill(str(samples))
    for name, value in values.items():
        app.page.fill(f"#s-{name}", str(value))
    app.page.keyboard.press("Escape")


def marks(app: App, number: int = 0) -> list[str]:
    kinds = app.column(number).locator(".mark").evaluate_all("(all) => all.map((el) => el.className)")
    return [kind.removeprefix("mark ") for kind in kinds]


def page_of(app: App, number: int = 0) -> Locator:
    return app.column(number).locator(".samples .at")


def test_samples_are_paged_by_mouse_and_keyboard_without_a_jump_and_come_back_after_a_reload(
    scripted: OpenApp,
) -> None:
    app = scripted("dice", "echo", prompt=SIX)
    ask_for(app, 0, 8, temperature=1, seed=0)
    expect(page_of(app)).to_have_text("– of 8")
    before = app.page.evaluate(PLACES)
    app.run_to_the_end()
    expect(page_of(app)).to_have_text("1 of 8")
    assert marks(app) == ["fail", "pass", "fail", "fail", "pass", "pass", "fail", "pass"]
    summary = app.column(0).locator(".sum")
    expect(summary).to_have_text("4 of 8 pass all checks · 5 different answers: 1 = 3 = 7, 2 = 6")
    assert app.answer(0) == "The dice show three."
    assert app.column(1).locator(".samples").is_hidden()

    following = app.page.get_by_label("Next sample of column 1")
    following.click()
    following.press("Enter")
    following.press("Enter")
    expect(page_of(app)).to_have_text("4 of 8")
    assert app.answer(0) == "The dice show one."
    app.column(0).locator(".mark").nth(3).focus()
    app.page.keyboard.press("ArrowRight")
    expect(page_of(app)).to_have_text("5 of 8")
    expect(app.column(0).locator(".mark").nth(4)).to_be_focused()
    assert app.answer(0) == "The dice show six, as it\nhappens."
    assert app.page.evaluate(PLACES) == before, "nothing moved from before the run to the fifth page"

    app.page.reload()
    app.wait_until_ready()
    expect(summary).to_contain_text("4 of 8 pass all checks")
    app.page.get_by_label("Previous sample of column 1").click()
    expect(page_of(app)).to_have_text("8 of 8")
    assert app.answer(0) == "The dice show six, as it happens."


def test_what_is_done_is_done_with_the_sample_on_screen(scripted: OpenApp) -> None:
    app = scripted("dice", "echo", prompt=SIX)
    ask_for(app, 0, 4, temperature=1, seed=0)
    app.run_to_the_end()
    app.column(0).locator(".mark").nth(1).click()
    app.act(0, "thumb")
    expect(app.column(0).locator("[data-act=thumb][aria-pressed=true]")).to_have_count(1)
    app.page.keyboard.press("1")
    expect(app.page.locator("#vote")).to_contain_text("Vote stored: column 1, sample 2.")
    app.column(0).locator(".mark").nth(0).click()
    expect(app.column(0).locator("[data-act=thumb][aria-pressed=true]")).to_have_count(0)
    app.column(0).locator(".mark").nth(1).click()
    expect(app.column(0).locator("[data-act=thumb][aria-pressed=true]")).to_have_count(1)

    app.act(0, "markdown")
    expect(app.column(0).locator(".view")).to_have_text("The dice show six.")
    app.column(0).locator(".mark").nth(0).click()
    app.act(0, "markdown")
    expect(app.column(0).locator(".view")).to_have_text("The dice show three.")
    app.column(0).locator(".mark").nth(2).click()
    expect(app.output(0)).to_be_visible()
    expect(app.page.locator("#live")).to_have_text("sample 3 fails a check")
    assert app.answer(0) == "The dice show three."

    app.act(0, "diff")
    expect(app.drawer).to_contain_text("Column 1, sample 3")
    app.drawer.get_by_label("Compare with").select_option(label="column 1, sample 1")
    expect(app.drawer).to_contain_text("The two answers are equal.")
    app.drawer.get_by_label("Answer", exact=True).select_option(label="Column 1, sample 2")
    expect(app.drawer.locator("ins")).to_have_text("six")
    expect(app.drawer.locator("del")).to_have_text("three")
    app.close_drawer()

    app.column(0).locator(".sum").click()
    expect(app.drawer).to_contain_text("Samples of column 1")
    expect(app.drawer).to_contain_text("1 = 3")
    app.drawer.get_by_role("button", name="Show").last.click()
    expect(app.drawer).to_have_count(0)
    expect(page_of(app)).to_have_text("4 of 4")


def test_while_samples_run_the_page_streams_the_strip_counts_and_a_reload_goes_on(scripted: OpenApp) -> None:
    app = scripted("slow", "dice")
    ask_for(app, 0, 3, temperature=1)
    app.run()
    app.wait_for_text(0)
    expect(app.column(0).locator(".sum")).to_have_text("0 of 3 done")
    assert marks(app) == ["running"] * 3
    app.page.get_by_label("Next sample of column 1").click()
    expect(app.state(0)).to_have_text(re.compile(r"^writing, \d"))
    expect(app.output(0)).to_contain_text("word1 word2")
    app.forgiven += ["AbortError: signal is aborted", "Connection errored out"]
    app.page.reload()
    app.wait_until_ready()
    expect(app.column(0).locator(".sum")).to_have_text("0 of 3 done")
    expect(app.output(0)).to_contain_text("word9")
    app.page.get_by_label("Stop column 1").click()
    app.wait_until_idle()
    assert marks(app) == ["cancelled"] * 3
    expect(app.state(0)).to_have_text(re.compile("^stopped"))


def test_run_again_makes_as_many_new_samples(scripted: OpenApp) -> None:
    app = scripted("dice")
    ask_for(app, 0, 3, temperature=1, seed=0)
    app.run_to_the_end()
    app.column(0).locator(".mark").nth(1).click()
    app.act(0, "rerun")
    app.wait_until_idle()
    expect(page_of(app)).to_have_text("2 of 3")
    assert len(marks(app)) == 3
    app.act(0, "diff")
    app.drawer.get_by_label("Compare with").select_option("previous")
    expect(app.drawer).to_contain_text("The two answers are equal.")


def test_who_asks_for_samples_at_temperature_0_is_told_and_a_wrong_number_is_refused_in_words(
    scripted: OpenApp,
) -> None:
    app = scripted("dice")
    app.page.get_by_label("Sampling values of column 1").click()
    pop = app.page.locator(".pop")
    pop.locator("#s-samples").fill("3")
    expect(pop).to_contain_text("At temperature 0 every sample is the same answer.")
    app.page.fill("#s-temperature", "1")
    app.page.fill("#s-seed", "7")
    expect(pop).to_contain_text("Seeds 7 to 9, one for each.")
    pop.locator("#s-samples").fill("21")
    expect(pop.get_by_role("alert")).to_have_text("Samples: a whole number from 1 to 20.")
    # Each field says for itself what is wrong with it, also when another is mended; no number at all is no empty field.
    pop.locator("#s-seed").press("End")
    pop.locator("#s-seed").press_sequentially("e")
    pop.locator("#s-top_p").fill("0.5")
    whole = "Samples: a whole number from 1 to 20.", "Seed: a whole number from 0 to 4,294,967,294."
    expect(pop.get_by_role("alert").locator("span")).to_have_text(whole)
    expect(pop.locator("[aria-invalid=true]")).to_have_count(2)
    assert (
        app.page.evaluate("import('/playground/store.js').then((m) => m.page.form.columns[0].sampling.seed)")
        == 7
    )


def test_twenty_samples_fit_in_four_columns_and_on_a_phone(scripted: OpenApp) -> None:
    for width, height, models in ((1366, 768, ["dice"] * 4), (390, 844, ["dice"])):
        app = scripted(*models, viewport={"width": width, "height": height})
        app.page.evaluate(
            "import('/playground/store.js').then((m) => { m.page.form.columns[0].samples = 20; m.changed('values'); })"
        )
        app.run_to_the_end()
        expect(app.column(0).locator(".mark")).to_have_count(20)
        inside = (
            "(el) => el.getBoundingClientRect().right <= el.closest('.col').getBoundingClientRect().right"
        )
        assert all(mark.evaluate(inside) for mark in app.column(0).locator(".mark").all())
        assert app.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
