"""The cases as a grid: typed and pasted in place, run over all at once, each answer one click away."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.scored import FORM, SCORED

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page


def grid(app: App) -> Any:
    return app.page.get_by_role("group", name="Cases")


def cell(app: App, name: str, number: int) -> Any:
    return grid(app).get_by_label(f"{name} of case {number}", exact=True)


def kept(app: App) -> list[dict[str, Any]]:
    return list(app.page.evaluate(FORM)["prompt"]["cases"])


def paste(app: App, text: str, html: str = "") -> None:
    """Into what has the focus, as from a spreadsheet (with HTML) or a text editor."""
    app.page.evaluate(
        """([text, html]) => { const data = new DataTransfer(); data.setData('text/plain', text);
        if (html) data.setData('text/html', html);
        document.activeElement.dispatchEvent(
            new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })); }""",
        [text, html],
    )


def result(app: App, number: int, column: int) -> Any:
    return grid(app).get_by_role("button", name=f"Case {number}, column {column}: ")


# --- typing ---------------------------------------------------------------------------------------------------


def test_a_cell_is_typed_in_place_and_the_case_on_screen_follows(scripted: OpenApp) -> None:
    app = scripted("echo", prompt=SCORED)
    grid(app).get_by_label("Case 1", exact=True).click()
    cell(app, "word", 1).press("End")
    app.page.keyboard.type(" more")
    expect(cell(app, "word", 1)).to_have_value("one more")
    expect(cell(app, "word", 1)).to_be_focused()
    expect(app.variable("word")).to_have_value("one more")
    app.page.keyboard.press("Enter")
    expect(cell(app, "word", 2)).to_be_focused()
    app.page.keyboard.press("ArrowUp")
    expect(cell(app, "word", 1)).to_be_focused()
    assert kept(app)[0] == {"word": "one more", "expected": "Say one"}
    app.reload()
    expect(cell(app, "word", 1)).to_have_value("one more")


def test_a_row_is_added_and_filled_from_a_spreadsheet(scripted: OpenApp) -> None:
    app = scripted("echo", prompt=SCORED)
    grid(app).get_by_role("button", name="Add case").click()
    expect(cell(app, "word", 3)).to_be_focused()
    paste(
        app,
        'three\tSay three\r\n"four\nlines, ""quoted"""\tSay four\r\n',
        "<table><tr><td>three</td></tr></table>",
    )
    expect(grid(app)).to_contain_text("4 cases")
    assert kept(app)[2:] == [
        {"word": "three", "expected": "Say three"},
        {"word": 'four\nlines, "quoted"', "expected": "Say four"},
    ]


def test_a_csv_with_its_head_fills_by_name_and_prose_stays_in_its_cell(scripted: OpenApp) -> None:
    app = scripted("echo", prompt=SCORED)
    cell(app, "word", 1).focus()
    paste(app, 'expected,word\n"Say a, b","a, b"\nSay c,c\nSay d,d\n')
    expect(cell(app, "word", 3)).to_have_value("d")
    assert kept(app) == [
        {"word": "a, b", "expected": "Say a, b"},
        {"word": "c", "expected": "Say c"},
        {"word": "d", "expected": "Say d"},
    ]
    cell(app, "word", 1).fill("")
    app.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    app.page.evaluate("navigator.clipboard.writeText('Dear Ann,\\nthank you, and bye.')")
    cell(app, "word", 1).press("Control+v")
    expect(cell(app, "word", 1)).to_have_value("Dear Ann,\nthank you, and bye.")
    assert len(kept(app)) == 3


def test_a_thousand_cases_are_paged_and_one_is_jumped_to(scripted: OpenApp) -> None:
    many = {**SCORED, "cases": [{"word": f"w{number}"} for number in range(1, 1001)]}
    app = scripted("echo", prompt=many)
    expect(grid(app).locator("tbody tr")).to_have_count(20)
    grid(app).get_by_label("Go to case").fill("777")
    app.page.keyboard.press("Enter")
    expect(grid(app).get_by_label("Case 777", exact=True)).to_be_focused()
    app.page.keyboard.press("Enter")
    expect(app.variable("word")).to_have_value("w777")
    expect(grid(app)).to_contain_text("Case 777 of 1000")


# --- run over all cases -------------------------------------------------------------------------------------


def test_a_run_over_all_cases_marks_each_cell_and_opens_its_answer(scripted: OpenApp) -> None:
    app = scripted("echo", "cat", prompt=SCORED)
    grid(app).get_by_role("button", name="Run all 2 cases").click()
    expect(grid(app)).to_contain_text("1 of 4 pass")
    expect(result(app, 1, 1)).to_have_accessible_name(re.compile("passes"))
    expect(result(app, 2, 1)).to_have_accessible_name(re.compile("does not pass"))
    expect(result(app, 1, 2)).to_have_accessible_name(re.compile("does not pass"))
    result(app, 2, 1).click()
    expect(app.drawer).to_contain_text("Case 2, column 1")
    expect(app.drawer.locator("pre.out")).to_have_text("Say two")
    expect(app.drawer).to_contain_text('equals "{{ expected }}"')
    app.close_drawer()
    expect(result(app, 2, 1)).to_be_focused()
    # What stands in the columns is left alone.
    assert app.answer(0) == ""
    app.reload()
    expect(result(app, 1, 1)).to_have_accessible_name(re.compile("passes"))
    app.turn(0).fill("Shout {{ word }}")
    expect(grid(app)).to_contain_text("prompt changed since")
    app.turn(0).fill("Say {{ word }}")
    expect(grid(app)).not_to_contain_text("prompt changed since")
    cell(app, "word", 1).fill("another")
    expect(result(app, 1, 1)).to_have_count(0)


def test_a_run_over_all_cases_outlives_a_reload_and_is_stopped(scripted: OpenApp) -> None:
    app = scripted("slow", prompt={**SCORED, "cases": [{"word": f"w{number}"} for number in range(12)]})
    grid(app).get_by_role("button", name="Run all 12 cases").click()
    expect(grid(app)).to_contain_text("of 12 answered")
    app.reload()
    expect(grid(app)).to_contain_text("of 12 answered")
    grid(app).get_by_role("button", name="Stop").click()
    expect(grid(app).get_by_role("button", name="Run all 12 cases")).to_be_visible()
    run = app.page.evaluate(FORM)["cases_run"]
    assert app.server.rows("select count(*) from cell where run_id = ? and status = 'cancelled'", run) == [
        (12,)
    ]


def test_a_case_that_cannot_be_sent_costs_its_own_cell_only(scripted: OpenApp) -> None:
    loop = "{% for n in range(word | int) %}x{% endfor %}{{ 6 / (word | int) }}"
    app = scripted("echo", turns=loop, prompt={"cases": [{"word": "2"}, {"word": "0"}]}, values={"word": "1"})
    grid(app).get_by_role("button", name="Run all 2 cases").click()
    expect(result(app, 2, 1)).to_have_accessible_name(re.compile("failed"))
    expect(grid(app)).to_contain_text("1 failed")
    result(app, 2, 1).click()
    expect(app.drawer).to_contain_text("line 1")
    app.close_drawer()
    result(app, 1, 1).click()
    expect(app.drawer.locator("pre.out")).to_have_text("xx3.0")


def test_history_shows_a_run_over_all_cases_and_brings_it_back(scripted: OpenApp) -> None:
    name = "Grid for history"
    app = scripted("echo", prompt={**SCORED, "name": name})
    grid(app).get_by_role("button", name="Run all 2 cases").click()
    expect(grid(app)).to_contain_text("1 of 2 pass")
    run = app.page.evaluate(FORM)["cases_run"]
    other = scripted("echo", query=f"?run={run}")
    expect(other.drawer).to_contain_text("2 of 2 answers")
    other.close_drawer()
    expect(grid(other)).to_contain_text("1 of 2 pass")
    expect(result(other, 1, 1)).to_have_accessible_name(re.compile("passes"))
    cells = json.loads(
        app.page.evaluate("async (run) => (await fetch(`files/run/${run}/answers.json`)).text()", run)
    )["cells"]
    assert [(each["case"], each["answer"]) for each in cells] == [(1, "Say one"), (2, "Say two")]
