"""Stop one column or all, from any tab: what was shown is kept. Close, reload, leave: the run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

CELLS = """select variant_number, status, cell.finish, text from cell left join step on step.cell_id = cell.id
    where run_id = ? and repeat = 0 order by variant_number"""


def cells(app: App, run: str) -> list[tuple[int, str, str, str]]:
    """Column, status, finish and text of a run's cells, as stored."""
    return [(int(c), str(s), str(f), str(t)) for c, s, f, t in app.server.rows(CELLS, run)]


def test_stopping_one_column_leaves_the_other_writing(scripted: OpenApp) -> None:
    app = scripted("slow", "slow")
    app.run()
    app.wait_for_text(0)
    app.wait_for_text(1)
    app.page.get_by_label("Stop column 1").click()
    expect(app.state(0)).to_contain_text("stopped")
    expect(app.state(1)).to_contain_text("writing")
    length = len(app.answer(1))
    app.page.wait_for_function(f"document.querySelector('#col1 .out').textContent.length > {length}")
    kept = app.answer(0)
    app.page.click("#stop")
    app.wait_until_idle()
    expect(app.state(1)).to_contain_text("stopped")
    stored = cells(app, app.run_id())
    assert [(status, finish) for _, status, finish, _ in stored] == [("cancelled", "cancelled")] * 2
    assert stored[0][3] == kept and kept.startswith("word0 word1")
    assert stored[1][3] == app.answer(1)


@pytest.mark.parametrize("how", ["button", "Escape"])
def test_stopping_all_keeps_the_text_and_history_shows_it_as_stopped(scripted: OpenApp, how: str) -> None:
    app = scripted("slow", "slow", prompt={"name": f"Stopped by {how}"})
    app.run()
    app.wait_for_text(0)
    app.wait_for_text(1)
    if how == "button":
        app.page.click("#stop")
    else:
        app.page.keyboard.press("Escape")
    expect(app.page.locator("#run")).to_be_enabled(timeout=2000)
    kept = [app.answer(0), app.answer(1)]
    assert all(kept)
    assert [text for *_, text in cells(app, app.run_id())] == kept
    app.tab("History")
    app.page.fill("#hist-search", f"stopped {how}")
    row = app.page.locator("#hist-list tr[data-act=open_run]")
    expect(row).to_have_count(1)
    expect(row.locator('[title="column 1: cancelled"]')).to_be_visible()
    expect(row.locator('[title="column 2: cancelled"]')).to_be_visible()


def test_stopping_before_the_first_word_works(scripted: OpenApp) -> None:
    app = scripted("slow")
    for _ in range(2):
        # In one go: the page does not know the run's id yet.
        app.page.evaluate("document.querySelector('#run').click(); document.querySelector('#stop').click()")
        expect(app.page.locator("#run")).to_be_enabled(timeout=5000)
        expect(app.state(0)).to_contain_text("stopped")


def ended(app: App, run: str) -> list[tuple[int, str, str, str]]:
    """The cells of a run once all have ended."""
    found = cells(app, run)
    return found if all(s not in ("running", "pending") for _, s, _, _ in found) else []


def test_a_run_whose_tab_is_closed_goes_on_to_its_end_and_is_stored(
    scripted: OpenApp, wait_for: object
) -> None:
    app = scripted("steady", "echo")
    app.run()
    app.page.wait_for_function("document.querySelector('#col0 .out').textContent.includes('word1 ')")
    run = app.run_id()
    app.page.close()
    stored = wait_for(lambda: ended(app, run), "the end of a run whose tab is closed")  # type: ignore[operator]
    assert stored[0][1:3] == ("done", "stop")
    assert stored[0][3].split() == [f"word{n}" for n in range(12)]
    assert stored[1][1:] == ("done", "stop", "Say hello")

    other = scripted("echo", query=f"?run={run}")
    expect(other.state(0)).to_contain_text("done")
    assert other.answer(0) == stored[0][3]


def test_after_a_reload_in_mid_stream_the_page_shows_what_came_and_goes_on_streaming(
    scripted: OpenApp,
) -> None:
    app = scripted("slow", "echo")
    # Gradio's own words about the stream that the reload cuts.
    app.forgiven += ["AbortError: signal is aborted", "Connection errored out"]
    app.run()
    app.page.wait_for_function("document.querySelector('#col0 .out').textContent.includes('word5 ')")
    run = app.run_id()
    app.page.reload()
    app.wait_until_ready()
    app.page.wait_for_function(
        "document.querySelector('#col0 .out').textContent.startsWith('word0 word1 word2')"
    )
    expect(app.state(0)).to_contain_text("writing")
    expect(app.state(1)).to_contain_text("done")
    assert app.answer(1) == "Say hello"
    length = len(app.answer(0))
    app.page.wait_for_function(f"document.querySelector('#col0 .out').textContent.length > {length + 20}")
    expect(app.page.locator("#run")).to_be_disabled()
    app.page.keyboard.press("Escape")
    app.wait_until_idle()
    expect(app.state(0)).to_contain_text("stopped")
    assert app.run_id() == run
    assert cells(app, run)[0][1:] == ("cancelled", "cancelled", app.answer(0))


def test_one_column_is_stopped_after_a_reload(scripted: OpenApp) -> None:
    app = scripted("slow", "slow")
    app.forgiven += ["AbortError: signal is aborted", "Connection errored out"]
    app.run()
    app.wait_for_text(1)
    app.run_id()
    app.page.reload()
    app.wait_until_ready()
    app.wait_for_text(0)
    app.page.get_by_label("Stop column 1").click()
    expect(app.state(0)).to_contain_text("stopped")
    expect(app.state(1)).to_contain_text("writing")
    app.page.click("#stop")
    app.wait_until_idle()


def test_two_tabs_show_one_run_and_either_stops_it(scripted: OpenApp) -> None:
    first = scripted("slow", "slow")
    first.run()
    first.wait_for_text(0)
    run = first.run_id()
    second = scripted(beside=first, query=f"?run={run}")
    for app in (first, second):
        expect(app.state(0)).to_contain_text("writing")
        length = len(app.answer(0))
        app.page.wait_for_function(f"document.querySelector('#col0 .out').textContent.length > {length}")
    second.page.get_by_label("Stop column 1").click()
    expect(first.state(0)).to_contain_text("stopped")
    expect(first.state(1)).to_contain_text("writing")
    second.page.keyboard.press("Escape")
    for app in (first, second):
        app.wait_until_idle()
        expect(app.state(1)).to_contain_text("stopped")
    assert [first.answer(n) for n in (0, 1)] == [second.answer(n) for n in (0, 1)]
    assert [text for *_, text in cells(first, run)] == [first.answer(n) for n in (0, 1)]


def test_the_head_of_every_tab_says_what_runs_and_its_list_opens_and_stops_it(scripted: OpenApp) -> None:
    first = scripted("slow", prompt={"name": "A long story"})
    second = scripted(beside=first)
    expect(second.page.locator("#running")).to_be_empty()
    first.run()
    run = first.run_id()
    expect(first.page.locator("#running")).to_contain_text("1 running")
    expect(second.page.locator("#running")).to_contain_text("1 running")
    second.page.click("#running button")
    row = second.drawer.get_by_role("group", name="A long story")
    expect(row).to_contain_text("slow")
    row.get_by_role("button", name="Open").click()
    expect(second.state(0)).to_contain_text("writing")
    assert second.run_id() == run
    second.wait_for_text(0)
    second.page.click("#running button")
    second.drawer.get_by_role("button", name="Stop").click()
    expect(second.drawer).to_contain_text("Nothing is running.")
    for app in (first, second):
        expect(app.page.locator("#running")).to_be_empty()
        expect(app.state(0)).to_contain_text("stopped")


def test_another_prompt_leaves_the_run_running_and_history_leads_back_to_it(scripted: OpenApp) -> None:
    app = scripted("slow", "slow", prompt={"name": "Left alone"})
    app.run()
    app.wait_for_text(0)
    run = app.run_id()
    app.page.evaluate("import('/playground/actions.js').then((m) => m.send('new_prompt', {}))")
    expect(app.page.locator("#run")).to_be_enabled()
    expect(app.state(0)).to_have_text("")
    expect(app.page.locator("#running")).to_contain_text("1 running")
    app.tab("History")
    app.page.fill("#hist-search", "left alone")
    app.page.locator("#hist-list tr[data-act=open_run]", has_text="Left alone").click()
    expect(app.state(0)).to_contain_text("writing")
    assert app.run_id() == run
    length = len(app.answer(0))
    app.page.wait_for_function(f"document.querySelector('#col0 .out').textContent.length > {length}")
    app.page.keyboard.press("Escape")
    app.wait_until_idle()


def test_a_column_runs_again_while_the_others_write(scripted: OpenApp) -> None:
    app = scripted("slow", "cat")
    app.run()
    app.wait_for_text(0)
    expect(app.state(1)).to_contain_text("done")
    app.page.get_by_label("Model of column 2").is_enabled()
    app.act(1, "rerun")
    expect(app.state(1)).to_contain_text("done")
    expect(app.state(0)).to_contain_text("writing")
    app.page.keyboard.press("Escape")
    app.wait_until_idle()
    assert app.answer(1) == "The cat sat on the mat."


def test_two_tabs_run_at_once_and_do_not_mix(scripted: OpenApp) -> None:
    first = scripted("steady", "echo", values={"word": "one"})
    second = scripted(beside=first)
    second.variable("word").fill("two")
    first.run()
    second.run()
    expect(first.state(0)).to_contain_text("writing")
    expect(second.state(0)).to_contain_text("writing")
    first.wait_until_idle()
    second.wait_until_idle()
    assert (first.answer(1), second.answer(1)) == ("Say one", "Say two")
    assert first.answer(0) == second.answer(0)
    assert first.run_id() != second.run_id()


def test_stopping_one_tab_leaves_the_other_running(scripted: OpenApp) -> None:
    first = scripted("slow")
    second = scripted("slow")
    first.run()
    second.run()
    first.wait_for_text(0)
    second.wait_for_text(0)
    first.page.keyboard.press("Escape")
    first.wait_until_idle()
    expect(second.state(0)).to_contain_text("writing")
    second.page.keyboard.press("Escape")
    second.wait_until_idle()


def test_one_column_is_run_again_and_its_last_answer_can_be_compared(scripted: OpenApp) -> None:
    app = scripted("steady", "cat")
    app.run_to_the_end()
    app.act(0, "rerun")
    expect(app.page.locator("#run")).to_be_disabled()
    app.wait_until_idle()
    assert app.answer(0).split()[-1] == "word11"
    assert app.answer(1) == "The cat sat on the mat."
    app.act(0, "diff")
    app.drawer.get_by_label("Compare with").select_option("previous")
    expect(app.drawer).to_contain_text("The two answers are equal.")
