"""One undo and redo over the whole form; what has changed since an answer was run is said beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

PROMPT: dict[str, Any] = {
    "cases": [{"word": "one"}, {"word": "two"}],
    "checks": [{"scorer": "contains", "options": {"text": "cat"}}],
    "inputs": [{"name": "shots", "kind": "examples"}],
}
TURNS = [("system", "Be brief."), ("user", "Say {{ word }} {{ shots }}")]
VALUES = {"word": "hello", "shots": [{"input": "a", "output": "b"}]}
WORK = "prompt, values, columns, spare, images"


def work(app: App) -> Any:
    script = f"""async () => {{ const {{ page }} = await import('/playground/store.js');
        const {{ {WORK} }} = page.form; return JSON.stringify({{ {WORK} }}); }}"""
    return app.page.evaluate(script)


def remove_turn(app: App) -> None:
    app.page.get_by_label("Remove user turn 2").click()


def remove_case(app: App) -> None:
    app.page.get_by_label("Remove case 1", exact=True).click()


def remove_check(app: App) -> None:
    app.page.click("#checks-button")
    app.page.get_by_label("Remove check 1").click()


def remove_example(app: App) -> None:
    app.page.get_by_label("Remove example 1").click()


REMOVALS: dict[str, Callable[[App], None]] = {
    "Turn": remove_turn,
    "Case 1": remove_case,
    "Check": remove_check,
    "Example": remove_example,
}


@pytest.mark.parametrize("what", REMOVALS)
def test_what_is_removed_says_so_and_comes_back(scripted: OpenApp, what: str) -> None:
    app = scripted("echo", turns=TURNS, values=VALUES, prompt=PROMPT)
    before = app.page.locator(".editor [data-turn]").count()
    cases = "(await import('/playground/store.js')).page.form.prompt"
    REMOVALS[what](app)
    notice = app.page.locator(".toast").filter(has_text=f"{what} removed")
    lacking = app.page.evaluate(f"async () => JSON.stringify({cases})")
    notice.get_by_role("button", name="Undo").click()
    expect(notice).to_have_count(0)
    whole = app.page.evaluate(f"async () => JSON.stringify({cases})")
    assert len(app.page.evaluate(f"async () => {cases}.cases")) == 2
    assert len(app.page.evaluate(f"async () => {cases}.checks")) == 1
    assert app.page.locator(".editor [data-turn]").count() == before
    if what == "Example":
        expect(app.page.get_by_label("shots 1, input")).to_have_value("a")
    else:
        assert whole != lacking


def add_turn(app: App) -> None:
    app.page.get_by_role("button", name="Add turn").click()


def change_type(app: App) -> None:
    app.page.get_by_label("Type of word").select_option("number")


def columns(app: App) -> None:
    app.page.get_by_title("3 columns", exact=True).click()


def sampling(app: App) -> None:
    app.preset(None, "Creative")


def own_prompt(app: App) -> None:
    app.own_prompt(1)


def role(app: App) -> None:
    app.page.locator(".editor").get_by_label("Role of turn 1").select_option("assistant")


def title(app: App) -> None:
    app.page.fill("#prompt-name", "Named")


def keep_case(app: App) -> None:
    app.page.get_by_role("button", name="Keep as a case").click()


def case(app: App) -> None:
    app.page.get_by_role("button", name="Case 1", exact=True).click()


def example(app: App) -> None:
    app.page.get_by_label("shots 1, input").fill("another")


CHANGES = (add_turn, change_type, columns, sampling, own_prompt, role, title, keep_case, example, case)


def test_every_change_is_undone_and_done_again_in_its_order(scripted: OpenApp) -> None:
    app = scripted("echo", turns=TURNS, values=VALUES, prompt=PROMPT)
    states = [work(app)]
    for change in CHANGES:
        change(app)
        app.page.locator("body").dispatch_event("pointerdown")  # a rest between two changes
        if work(app) != states[-1]:
            states.append(work(app))
    steps = len(states) - 1
    assert steps == len(CHANGES)
    assert passed(app, "Control+z", states[0]) == states[::-1]
    assert passed(app, "Control+Shift+z", states[-1]) == states


def passed(app: App, key: str, end: Any) -> list[Any]:
    """The states that are on the way to this one,."""
    seen = [work(app)]
    while seen[-1] != end and len(seen) < 4 * len(CHANGES):
        app.page.keyboard.press(key)
        seen.append(work(app))
    return seen


def test_typing_is_undone_where_the_caret_was_with_one_history_for_all_fields(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{ word }}")
    app.turn(0).press("Control+End")
    app.page.keyboard.type(" twice")
    app.variable("word").press("End")
    app.page.keyboard.type(" there")
    app.page.keyboard.press("Control+z")
    expect(app.variable("word")).to_have_value("hello")
    expect(app.variable("word")).to_be_focused()
    app.page.keyboard.press("Control+z")
    expect(app.turn(0)).to_have_value("Say {{ word }}")
    expect(app.turn(0)).to_be_focused()
    app.page.keyboard.type("!")
    expect(app.turn(0)).to_have_value("Say {{ word }}!")


def test_a_search_keeps_the_browsers_own_undo(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{ word }}")
    app.turn(0).fill("Changed {{ word }}")
    app.tab("Library")
    app.page.click("#lib-search")
    app.page.keyboard.type("zero")
    app.page.keyboard.press("Control+z")
    expect(app.page.locator("#lib-search")).not_to_have_value("zero")
    app.tab("Compare")
    expect(app.turn(0)).to_have_value("Changed {{ word }}")


def test_fast_typing_into_a_long_prompt_with_many_variables_drops_no_key(scripted: OpenApp) -> None:
    names = " ".join(f"{{{{ v{number} }}}}" for number in range(30))
    app = scripted("echo", turns="word " * 20_000 + names, values={})
    expect(app.page.locator(".vars .var")).to_have_count(30)
    app.turn(0).press("Control+End")
    typed = "".join(chr(97 + number % 26) for number in range(200))
    app.page.keyboard.type(typed, delay=5)
    assert app.turn(0).input_value().endswith(names + typed)
    for _ in typed:  # one step for what is typed in one go: a busy machine makes pauses of its own
        app.page.keyboard.press("Control+z")
        if app.turn(0).input_value().endswith(names):
            break
    assert app.turn(0).input_value().endswith(names)


def test_an_answer_says_what_has_changed_since_it_was_run(scripted: OpenApp) -> None:
    app = scripted("echo", "cat", turns="Say {{ word }}")
    app.run_to_the_end()
    said = app.page.locator("#col0 .l3")
    expect(said).to_have_attribute("data-since", "")
    app.turn(0).fill("Shout {{ word }}")
    expect(said).to_have_attribute("data-since", "changed since: prompt")
    expect(app.page.locator("#edited")).to_be_hidden()  # it is of no version: "not saved" says it
    app.variable("word").fill("bye")
    app.preset(1, "Creative")
    expect(said).to_have_attribute("data-since", "changed since: prompt, values, sampling")
    expect(app.page.locator("#col1 .l3")).to_have_attribute("data-since", "changed since: prompt, values")
    app.reload()
    expect(said).to_have_attribute("data-since", "changed since: prompt, values, sampling")
    app.run_to_the_end()
    expect(said).to_have_attribute("data-since", "")


def test_the_version_is_called_edited_until_it_is_saved(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Edited {{ word }}")
    app.save("An edited one")
    expect(app.toast).to_contain_text("Saved as version 1")
    edited = app.page.locator("#edited")
    expect(edited).to_be_hidden()
    app.turn(0).fill("Edited twice {{ word }}")
    expect(edited).to_be_visible()
    app.page.keyboard.press("Control+z")
    expect(edited).to_be_hidden()
