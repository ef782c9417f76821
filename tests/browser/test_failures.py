"""Every kind of failure: the reason is shown where it belongs, the neighbours go on, nothing is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenApp

pytestmark = pytest.mark.same_page


def test_a_failing_column_shows_its_reason_and_leaves_its_neighbour_alone(scripted: OpenApp) -> None:
    app = scripted("breaks", "steady", "echo")
    app.run_to_the_end()
    expect(app.problem(0)).to_contain_text("The server went away.")
    expect(app.problem(0)).to_contain_text("Start it again.")
    expect(app.state(0)).to_contain_text("failed")
    assert app.answer(0) == "Half an answer"
    expect(app.state(1)).to_contain_text("done")
    assert app.answer(1).split()[-1] == "word11"
    assert app.answer(2) == "Say hello"
    expect(app.page.locator("#vote")).to_contain_text("Column 1 failed and sits out.")
    expect(app.page.locator('#vote [data-vote=column][data-column="0"]')).to_be_disabled()


def test_a_fault_of_the_program_is_told_without_its_details(scripted: OpenApp) -> None:
    app = scripted("faulty", "echo")
    app.run_to_the_end()
    expect(app.problem(0)).to_contain_text("RuntimeError")
    assert "secret" not in (app.page.locator("body").text_content() or "")
    assert app.answer(0) == "Some text"
    assert app.answer(1) == "Say hello"


def test_an_answer_that_ends_without_a_reason_is_not_a_success(scripted: OpenApp) -> None:
    app = scripted("aborted", "echo")
    app.run_to_the_end()
    expect(app.problem(0)).to_contain_text("without saying why")
    assert app.answer(0) == "cut off here"
    expect(app.state(0)).to_contain_text("failed")


def test_a_failed_column_can_be_run_again_from_its_message(scripted: OpenApp) -> None:
    app = scripted("breaks", "echo")
    app.run_to_the_end()
    app.problem(0).get_by_role("button", name="Run again").click()
    expect(app.page.locator("#run")).to_be_disabled()
    app.wait_until_idle()
    expect(app.problem(0)).to_be_visible()
    assert app.answer(1) == "Say hello"


def test_what_a_backend_ignored_and_what_was_cut_are_badges(scripted: OpenApp) -> None:
    app = scripted("deaf", "long")
    app.run_to_the_end()
    expect(app.column(0)).to_contain_text("ignored: repetition penalty")
    cut = app.column(1).get_by_role("button", name="cut at 256 tokens")
    cut.click()
    expect(app.page.locator(".pop")).to_contain_text("max tokens is 256")


@pytest.mark.parametrize(
    ("template", "message", "place"),
    [
        ("fine\nSay {{ word", "never closed", ("line 2", "column 5")),
        ("Say {{ word | shout }}", "shout", ("line 1", "column 15")),
        ("Say {{ word }}\n{% if %}x{% endif %}", "", ("line 2", "column")),
    ],
    ids=["syntax error", "unknown filter", "empty condition"],
)
def test_a_template_problem_names_turn_line_and_column_beside_the_editor(
    scripted: OpenApp, template: str, message: str, place: tuple[str, str]
) -> None:
    app = scripted("echo", "cat", turns=[("system", "Be brief."), ("user", "Say {{ word }}")])
    app.turn(1).fill(template)
    problem = app.turn_problem(1)
    expect(problem).to_contain_text(message)
    text = problem.inner_text()
    assert text.startswith("User turn") and place[0] in text and place[1] in text
    expect(app.turn_problem(0)).to_have_count(0)

    app.run()
    expect(app.alert).to_contain_text("User turn")
    app.wait_until_idle()
    assert "run=" not in app.page.url
    assert app.answer(0) == ""

    app.turn(1).fill("Say {{ word }} again")
    expect(problem).to_have_count(0)
    app.run_to_the_end()
    assert app.answer(0) == "Say hello again"


def test_a_variable_without_a_value_is_named_and_nothing_starts(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{ word }} to {{ friend }}")
    needs = app.page.locator('.var[data-v="friend"]').get_by_text("needs a value")
    expect(needs).to_be_visible()
    expect(app.variable("friend")).to_have_accessible_description("needs a value")
    expect(app.page.locator("[role=alert]")).to_have_count(0)
    app.run()
    expect(app.alert).to_contain_text("friend")
    expect(app.alert).to_contain_text(re.compile("User turn, line 1, column 22"))
    expect(app.page.locator("[role=alert]")).to_have_count(1)
    app.wait_until_idle()
    assert "run=" not in app.page.url
    app.variable("friend").fill("Anna")
    expect(needs).not_to_be_visible()
    app.run_to_the_end()
    assert app.answer(0) == "Say hello to Anna"


def test_a_broken_variant_fails_in_its_own_column_only(scripted: OpenApp) -> None:
    app = scripted("echo", "echo")
    app.own_prompt(2)
    own = app.page.get_by_label("Column 2, user turn 1", exact=True)
    own.fill("Say {{ word")
    expect(app.column(1).locator(".own .problem")).to_contain_text("line 1", ignore_case=True)
    app.run_to_the_end()
    assert app.answer(0) == "Say hello"
    expect(app.problem(1)).to_contain_text("line 1", ignore_case=True)


def test_an_empty_prompt_is_refused_in_words(scripted: OpenApp) -> None:
    app = scripted("echo", turns="  ")
    app.run()
    expect(app.alert).to_contain_text("The prompt is empty.")
    app.wait_until_idle()
    app.save("Empty")
    expect(app.drawer.locator(".messages")).to_contain_text("The prompt is empty.")


def test_a_loop_without_end_is_stopped_and_the_page_stays_usable(scripted: OpenApp) -> None:
    app = scripted("echo")
    app.turn(0).fill("{% for i in range(10**9) %}x{% endfor %}")
    expect(app.page.locator(".editor .problem")).to_be_visible()
    app.run()
    expect(app.alert).to_be_visible()
    app.wait_until_idle()
    app.turn(0).fill("Say {{ word }}")
    app.run_to_the_end()
    assert app.answer(0) == "Say hello"


def test_a_loop_that_renders_for_ever_is_stopped(scripted: OpenApp) -> None:
    app = scripted("echo")
    app.turn(0).fill("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}x")
    app.run()
    expect(app.alert).to_contain_text("longer than")
    app.wait_until_idle()


def test_a_prompt_longer_than_the_context_is_refused_with_both_numbers(scripted: OpenApp) -> None:
    app = scripted("echo", "cat", turns="{{ text }}", values={"text": "word " * 5000})
    app.run_to_the_end()
    expect(app.problem(0)).to_contain_text(re.compile(r"5,\d\d\d tokens do not fit into 4,096"))
    assert app.answer(0) == ""


def test_a_prompt_of_a_megabyte_leaves_the_page_responsive(scripted: OpenApp) -> None:
    app = scripted("echo")
    app.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    app.page.evaluate("navigator.clipboard.writeText('lorem ipsum dolor '.repeat(58255))")
    app.turn(0).fill("")
    app.turn(0).focus()
    app.page.keyboard.press("Control+v")
    app.page.wait_for_function("document.querySelector('.editor textarea').value.length > 1000000")
    app.page.click("#checks-button", timeout=2000)
    expect(app.drawer).to_be_visible(timeout=2000)
    app.close_drawer()
    app.tab("Library")
    expect(app.page.locator("#lib-search")).to_be_visible()
    app.tab("Compare")
    app.run_to_the_end()
    expect(app.problem(0)).to_contain_text("do not fit into 4,096")


def test_an_address_of_a_run_that_is_gone_is_told_and_the_page_works(scripted: OpenApp) -> None:
    app = scripted("echo", query="?run=0123456789abcdef")
    expect(app.alert).to_be_visible()
    app.run_to_the_end()
    assert app.answer(0) == "Say hello"


def test_a_draft_that_cannot_be_read_any_more_does_no_harm(scripted: OpenApp) -> None:
    app = scripted("echo")
    app.wait_for_draft()
    app.page.evaluate("localStorage.setItem('playground.draft', '{\"form\": {\"prompt\": 7}}')")
    app.page.reload()
    app.wait_until_ready()
    expect(app.turn(0)).to_be_visible()
    app.page.evaluate("localStorage.setItem('playground.draft', 'not json')")
    app.page.reload()
    app.wait_until_ready()
    expect(app.turn(0)).to_be_visible()
