"""Any prompt in any column: chosen in its head, kept with the run, saved before a vote, gone on from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page


def clicks(app: App) -> int:
    """How often somebody has pressed since `count_clicks`."""
    return int(app.page.evaluate("window.clicks"))


def count_clicks(app: App) -> None:
    app.page.evaluate("window.clicks = 0; addEventListener('click', () => { window.clicks += 1; }, true)")


def test_another_technique_in_a_column_takes_two_clicks_and_asks_for_its_variables(scripted: OpenApp) -> None:
    app = scripted("echo", "echo")
    count_clicks(app)
    app.page.get_by_label("Prompt of column 2:").click()
    panel = app.page.get_by_role("dialog", name="Prompt of column 2")
    panel.get_by_role("button", name="Chain of thought, zero-shot").click()
    expect(app.page.get_by_label("Prompt of column 2:")).to_have_text("Chain of thought, zero-shot")
    assert clicks(app) == 2
    expect(app.toast).to_contain_text("Filled with the example of Chain of thought, zero-shot: question")
    expect(app.page.locator("textarea#v-question")).not_to_have_value(
        ""
    )  # as long as the pattern declares it
    expect(app.column(1).get_by_role("button", name="turns differ")).to_be_visible()
    app.page.fill("#v-question", "How many?")
    app.run_to_the_end()
    assert app.answer(0) == "Say hello"
    assert app.answer(1).startswith("How many?")


def test_what_an_own_prompt_lacks_is_named_and_costs_no_other_column(scripted: OpenApp) -> None:
    app = scripted("echo", "echo")
    app.own_prompt(2)
    app.page.get_by_label("Column 2, user turn 1", exact=True).fill("Say {{ other }}")
    expect(app.variable("other")).to_be_visible()
    expect(app.page.locator('.var[data-v="other"]')).to_contain_text("needs a value")
    app.run_to_the_end()
    assert app.answer(0) == "Say hello"
    expect(app.problem(1)).to_contain_text("other")


def test_the_difference_from_the_shared_prompt_is_counted_and_shown(scripted: OpenApp) -> None:
    app = scripted("echo", "echo")
    app.own_prompt(2)
    app.page.get_by_label("Column 2, user turn 1", exact=True).fill("Say {{ word }} twice")
    mark = app.column(1).get_by_role("button", name="1 turn differs")
    mark.click()
    expect(app.drawer).to_contain_text("Column 2 against shared prompt")
    expect(app.drawer.locator("ins")).to_have_text("twice")
    app.close_drawer()
    app.choose_prompt(2, "The shared prompt")
    expect(app.column(1).locator(".own")).to_be_hidden()
    expect(mark).to_have_count(0)
    app.own_prompt(2)  # what was written comes back
    expect(app.page.get_by_label("Column 2, user turn 1", exact=True)).to_have_value("Say {{ word }} twice")


def test_an_own_prompt_folds_to_one_line_and_never_eats_the_answer(scripted: OpenApp) -> None:
    app = scripted("echo", "echo", viewport={"width": 1366, "height": 768})
    app.own_prompt(2)
    app.page.get_by_label("Column 2, user turn 1", exact=True).fill("Say {{ word }}\n" * 60)
    body = app.column(1).locator(".col-body").bounding_box()
    assert body and body["height"] >= 95
    app.run_to_the_end()
    own = app.column(1).locator(".own").bounding_box()
    assert own and own["height"] <= 34
    expect(app.page.get_by_label("Show the text of column 2")).to_contain_text("Say {{ word }}")
    app.page.get_by_label("Show the text of column 2").click()
    expect(app.page.get_by_label("Column 2, user turn 1", exact=True)).to_be_visible()


def test_a_columns_text_is_saved_before_any_vote_and_its_name_stays_with_the_run(scripted: OpenApp) -> None:
    app = scripted("echo", "echo")
    app.own_prompt(2)
    app.page.get_by_label("Column 2, user turn 1", exact=True).fill("Shout {{ word }}")
    app.page.get_by_label("Save the text of column 2").click()
    app.drawer.get_by_label("Name").fill("Shouting")
    app.drawer.get_by_role("button", name="Save version").click()
    expect(app.toast).to_contain_text("Saved as version 1")
    name = app.page.get_by_label("Prompt of column 2:")
    expect(name).to_have_text("Shouting@1")
    expect(app.turn(0)).to_have_value("Say {{ word }}")
    app.run_to_the_end()
    assert [app.answer(0), app.answer(1)] == ["Say hello", "Shout hello"]
    run = app.run_id()
    app.page.evaluate("localStorage.clear()")
    app.open(f"?run={run}")
    expect(name).to_have_text("Shouting@1")
    expect(app.output(1)).to_have_text("Shout hello")
    expect(app.page.locator("#vote")).to_contain_text("Shouting@1")
    app.page.get_by_label("Show the text of column 2").click()
    app.page.get_by_label("Column 2, user turn 1", exact=True).fill("Shout {{ word }} now")
    expect(name).to_have_text("Shouting@1, edited")


def test_sampling_stands_in_one_place_and_exceptions_are_chips(scripted: OpenApp) -> None:
    app = scripted("echo", "echo", "echo")
    panel = app.sampling(2)
    panel.locator("#s-temperature").fill("0.9")
    panel.get_by_role("button", name="All columns").click()
    panel.locator("#s-max_tokens").fill("64")
    panel.locator("#s-temperature").fill("0.5")
    expect(panel.get_by_role("button", name="Column 2 as all: temperature 0.9 goes")).to_be_visible()
    app.page.keyboard.press("Escape")
    assert app.page.evaluate(
        "import('/playground/store.js').then((m) => m.page.form.columns.map((c) => "
        "[c.sampling.temperature, c.sampling.max_tokens]))"
    ) == [[0.5, 64], [0.9, 64], [0.5, 64]]
    expect(app.exceptions(2)).to_have_text("temperature 0.9")
    expect(app.exceptions(1)).to_have_text("")
    expect(app.page.locator("#sampling")).to_contain_text("1 column differs")
    app.reload()
    panel = app.sampling()
    panel.get_by_role("button", name="Column 2 as all: temperature 0.9 goes").click()
    app.page.keyboard.press("Escape")
    expect(app.exceptions(2)).to_have_text("")


def test_a_new_prompt_starts_with_fresh_values(scripted: OpenApp) -> None:
    app = scripted("echo", "echo")
    panel = app.sampling()
    panel.locator("#s-max_tokens").fill("48")
    panel.locator("#s-temperature").fill("1.5")
    app.page.keyboard.press("Escape")
    app.tab("Library")
    app.page.get_by_role("button", name="New prompt").click()
    expect(app.page.locator("#sampling")).to_contain_text("temperature 0 (greedy), seed 42, max 512")
    expect(app.page.locator("#sampling")).not_to_contain_text("differ")


def test_an_answer_that_was_cut_is_raised_and_run_again(scripted: OpenApp) -> None:
    app = scripted("long", "echo")
    panel = app.sampling()
    panel.locator("#s-max_tokens").fill("48")
    app.page.keyboard.press("Escape")
    app.run_to_the_end()
    app.column(0).get_by_role("button", name="cut at 48 tokens").click()
    app.page.get_by_role("button", name="Raise to 512 and run again").click()
    app.wait_until_idle()
    expect(app.column(0).get_by_role("button", name="cut at 512 tokens")).to_be_visible()
    expect(app.page.locator("#sampling")).to_contain_text("max 512")


def test_an_answer_becomes_a_turn_in_one_click_and_the_conversation_is_cut_back(scripted: OpenApp) -> None:
    app = scripted("echo", "echo", values={"word": "{{ braces }}"})
    app.run_to_the_end()
    app.column(1).get_by_role("button", name="Go on", exact=True).click()
    last = app.page.get_by_label("Column 2, user turn 3", exact=True)
    expect(last).to_be_focused()
    app.page.keyboard.type("And now?")
    app.run_to_the_end()
    assert [app.answer(0), app.answer(1)] == ["Say {{ braces }}", "And now?"]
    app.act(1, "saw")
    expect(app.drawer).to_contain_text("Say {{ braces }}")  # said again as it was, no variable
    app.close_drawer()
    app.page.get_by_label("Show the text of column 2").click()
    app.page.get_by_label("Cut back to Column 2, user turn 1").click()
    expect(app.page.get_by_label("Column 2, user turn 1", exact=True)).to_be_visible()
    expect(last).to_have_count(0)


def test_all_columns_go_on_from_one_answer(scripted: OpenApp) -> None:
    app = scripted("cat", "echo")
    app.run_to_the_end()
    app.column(0).get_by_role("button", name="Go on in all columns").click()
    expect(app.turn(1)).to_have_value("The cat sat on the mat.")
    expect(app.turn(2)).to_be_focused()
    app.page.keyboard.type("Why?")
    app.run_to_the_end()
    assert app.answer(1) == "Why?"


def test_the_conversation_of_a_column_with_its_own_text_goes_on_in_all(scripted: OpenApp) -> None:
    app = scripted("echo", "echo")
    app.own_prompt(2)
    app.page.get_by_label("Column 2, user turn 1", exact=True).fill("Shout {{ word }}")
    app.run_to_the_end()
    app.column(1).get_by_role("button", name="Go on in all columns").click()
    expect(app.turn(0)).to_have_value("Shout {{ word }}")
    expect(app.turn(1)).to_have_value("Shout hello")
    expect(app.turn(2)).to_be_focused()
    expect(app.page.get_by_label("Prompt of column 2:")).to_have_text("shared prompt")


def test_six_columns_fit_on_a_wide_screen_and_a_narrow_one_says_why_not(scripted: OpenApp) -> None:
    app = scripted("echo", "echo", viewport={"width": 1920, "height": 1080})
    count = app.page.get_by_role("group", name="Number of columns")
    count.get_by_role("button", name="6").click()
    shown = app.page.locator("#columns > :not(.off)")
    expect(shown).to_have_count(6)
    app.run_to_the_end()
    assert [app.answer(i) for i in range(6)] == ["Say hello"] * 6
    edges = shown.evaluate_all("(all) => all.map((el) => el.getBoundingClientRect().right)")
    assert max(edges) <= 1920
    app.page.reload()
    app.wait_until_ready()
    expect(shown).to_have_count(6)
    assert [app.answer(i) for i in range(6)] == ["Say hello"] * 6
    count.get_by_role("button", name="2").click()
    app.page.set_viewport_size({"width": 1440, "height": 900})
    expect(count.get_by_role("button", name="5")).to_be_disabled()
    expect(count.get_by_role("button", name="5")).to_have_attribute(
        "title", "5 columns need a window 1,500 px wide; this one has 1,440"
    )
    expect(count.get_by_role("button", name="4")).to_be_enabled()
