"""An editor that forgives: nothing complains, moves or goes away while somebody is still typing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

TWO = "Say {{ word }} to {{ friend }}"


def fields(app: App) -> list[str]:
    return [str(row.get_attribute("data-v")) for row in app.page.locator(".vars .var").all()]


def watch_fields(app: App) -> None:
    """From now on `window.seen` in the page holds every name that had a field, if only for a moment."""
    app.page.evaluate(
        """() => { window.seen = new Set(); new MutationObserver(() => {
            for (const row of document.querySelectorAll('.vars .var')) window.seen.add(row.dataset.v);
        }).observe(document.querySelector('.vars'), {childList: true, subtree: true}); }"""
    )


def red(app: App) -> int:
    """How many messages are shown in red."""
    return app.page.locator(".alert:visible, [role=alert]:visible:not(:empty)").count()


# --- while a tag is half typed --------------------------------------------------------------------------------


def test_while_a_tag_is_half_typed_the_fields_stay_and_the_place_is_underlined(scripted: OpenApp) -> None:
    app = scripted("echo", turns=TWO, values={"word": "hello", "friend": "Anna"})
    before = app.page.locator(".var").first.bounding_box()
    app.turn(0).press("Control+End")
    for text in (" {{ ", "{{ co", "{{ customer."):
        app.turn(0).fill(f"{TWO}{text}")
        underlined = app.page.locator('.editor [data-turn="0"] .half')
        expect(underlined).to_have_count(1)
        assert fields(app) == ["word", "friend"]
        assert red(app) == 0
    # Of the last text: of the first one it was column 32.
    expect(app.page.locator(".editor .said")).to_contain_text("User turn, line 1, column 31")
    expect(app.turn(0)).to_have_accessible_description(
        app.page.locator(".editor .said").inner_text(), timeout=5000
    )
    assert app.page.locator(".var").first.bounding_box() == before
    app.turn(0).fill(f"{TWO} {{{{ customer }}}}")
    expect(app.page.locator(".vars .var")).to_have_count(3)
    expect(underlined).to_have_count(0)


def test_a_loop_that_is_not_closed_yet_keeps_the_fields_of_its_turn(scripted: OpenApp) -> None:
    app = scripted("echo", turns=TWO, values={"word": "hello", "friend": "Anna"})
    app.turn(0).fill(f"{TWO} {{% for item in items %}}{{{{ item }}}}")
    expect(app.page.locator(".editor .said")).to_contain_text("never closed")
    assert fields(app) == ["word", "friend"]
    app.turn(0).fill(f"{TWO} {{% for item in items %}}{{{{ item }}}}{{% endfor %}}")
    expect(app.page.locator('.var[data-v="items"]')).to_have_attribute("data-kind", "list")
    assert fields(app) == ["word", "friend", "items"]


def test_a_name_that_is_being_written_inside_a_closed_tag_is_no_field_yet(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{  }}", values={})
    app.turn(0).focus()
    app.turn(0).evaluate("(area) => area.setSelectionRange(7, 7)")
    watch_fields(app)
    app.page.keyboard.type("customer", delay=150)
    app.page.keyboard.press("Escape")
    app.page.keyboard.press("End")
    expect(app.page.locator('.var[data-v="customer"]')).to_have_count(1)
    assert app.page.evaluate("[...window.seen]") == ["customer"]


def test_an_answer_to_a_name_that_was_typed_on_since_is_not_taken_for_the_whole_name(
    scripted: OpenApp,
) -> None:
    app = scripted("echo", turns="Say {{  }}", values={})
    held: list[Any] = []

    def hold(route: Any) -> None:
        is_half = "{{ custome " in route.request.post_data and not held
        held.append(route) if is_half else route.continue_()

    app.page.route(re.compile("component_server"), hold)
    app.turn(0).focus()
    app.turn(0).evaluate("(area) => area.setSelectionRange(7, 7)")
    watch_fields(app)
    with app.page.expect_request(lambda request: "{{ custome " in (request.post_data or "")):
        app.page.keyboard.type("custome")
    app.page.keyboard.type("r")
    (half,) = held
    with app.page.expect_response(lambda response: response.request == half.request):
        half.continue_()
    app.page.keyboard.press("Escape")
    app.page.keyboard.press("End")
    expect(app.page.locator('.var[data-v="customer"]')).to_have_count(1)
    assert app.page.evaluate("[...window.seen]") == ["customer"]


def test_thirty_new_variables_are_thirty_calm_fields(scripted: OpenApp) -> None:
    names = [f"part{number}" for number in range(30)]
    app = scripted("echo", turns=" ".join(f"{{{{ {name} }}}}" for name in names), values={})
    expect(app.page.locator(".vars .var.needs")).to_have_count(30)
    assert fields(app) == names
    assert red(app) == 0
    app.run()
    expect(app.alert).to_contain_text(
        "30 variables have no value: part0, part1, part2, part3, part4 and 25 more"
    )
    assert red(app) == 1
    app.variable("part0").fill("x")
    expect(app.page.locator(".vars .var.needs")).to_have_count(29)


def test_red_comes_with_run_and_once(scripted: OpenApp) -> None:
    app = scripted("echo", "cat", turns="Say {{ word")
    expect(app.page.locator(".editor .half")).to_have_count(1)
    assert red(app) == 0
    app.run()
    expect(app.alert).to_contain_text("never closed")
    app.wait_until_idle()
    assert red(app) == 1


def test_json_that_is_half_typed_does_not_complain_in_red(scripted: OpenApp) -> None:
    app = scripted("echo", turns="{{ customer.first }}", values={})
    app.variable("customer").fill('{"first": ')
    expect(app.page.locator("#v-customer-problem")).to_contain_text("Not JSON yet")
    expect(app.page.locator(".editor .said")).to_be_visible()
    assert red(app) == 0
    assert app.page.locator(".editor .bad:visible").count() == 0


# --- typing fast ----------------------------------------------------------------------------------------------


def test_two_hundred_characters_a_second_into_a_large_prompt_drop_no_key(scripted: OpenApp) -> None:
    names = [f"part{number}" for number in range(30)]
    text = "".join(f"{{{{ {name} }}}} {'lorem ipsum dolor ' * 190}\n" for name in names)
    assert len(text) > 100_000
    app = scripted("echo", turns=[("system", "Be brief."), ("user", text)], values={"part0": "x"})
    expect(app.page.locator(".vars .var")).to_have_count(30)
    app.turn(1).focus()
    app.page.keyboard.press("Control+End")
    typed = "The quick brown fox; jumps over {the} lazy dog 0123456789. " * 4
    app.page.keyboard.type(typed, delay=5)  # 200 a second
    expect(app.turn(1)).to_have_value(text + typed)
    kept = app.page.evaluate(
        "async () => (await import('/playground/store.js')).page.form.prompt.turns[1].template"
    )
    assert kept == text + typed
    expect(app.page.locator(".vars .var")).to_have_count(30)
    short = app.turn(0)
    short.focus()
    app.page.keyboard.press("Control+End")
    app.page.keyboard.type(" {{ part1 }} and so on", delay=5)
    expect(short).to_have_value("Be brief. {{ part1 }} and so on")


# --- what is drawn anew while somebody is in the middle of something --------------------------------------------

PATCHED = """async () => {
    const { fillAnew, patch } = await import("/playground/patch.js");
    const said = [], box = document.body.appendChild(document.createElement("div"));
    const page = (name, more = "", cell = "a") => `<details><summary>${name}</summary><pre>one two three</pre></details>
        <div class="list" style="height:20px;overflow:auto">${more}<p id="x">first</p><p id="y" class="${cell}">
        second</p><p>third</p></div><input name="n" value="${name}"><input name="m"><p>Some <b>${cell}</b> words</p>`;
    fillAnew(box, page("A"));
    const of = (selector) => box.querySelector(selector);
    const [details, list, other, y] = ["details", ".list", "[name=m]", "#y"].map(of);
    details.open = true;
    list.scrollTop = 15;
    other.value = "typed";
    other.focus();
    other.setSelectionRange(1, 3);
    patch(box, page("A", "", "b"));
    said.push(of("details") === details && details.open, list.scrollTop, of("#y") === y && y.className);
    said.push(document.activeElement === other && other.selectionStart, other.value, of("b").textContent);
    getSelection().setBaseAndExtent(of("pre").firstChild, 4, of("pre").firstChild, 7);
    patch(box, page("B", "<p>zeroth</p>", "b"));  // a row comes on top
    said.push(getSelection().toString(), of("summary").textContent, list.children.length, of("#y") === y);
    said.push(of("[name=n]").value, of("[name=m]") === other);
    y.append("what a script has added");
    patch(box, page("B", "<p>zeroth</p>", "c"));
    said.push(of("#y").textContent.trim().split(" ")[0], of("#y").className);
    list.replaceChildren();  // by a script, too: what there is is drawn as it came
    patch(box, page("B", "", "c").replace("third", "3rd"));
    said.push(list.textContent.replace(/\\s+/g, " "));
    box.remove();
    return said;
}"""


def test_markup_that_nobody_asked_for_changes_only_where_it_differs(scripted: OpenApp) -> None:
    said = scripted("echo", values={}).page.evaluate(PATCHED)
    assert said[:6] == [True, 15, "b", 1, "typed", "b"]
    assert said[6:12] == ["two", "B", 4, True, "B", True]
    assert said[12:] == ["second", "c", "first second3rd"]


def test_a_preview_that_comes_meanwhile_loses_neither_a_press_nor_a_word_that_is_composed(
    scripted: OpenApp,
) -> None:
    app = scripted("echo", turns=TWO, values={"word": "hello"})
    said = app.page.locator(".editor .said")
    expect(said).to_contain_text("2 variables")
    add = app.page.get_by_role("button", name="Add turn")
    add.hover()
    app.page.mouse.down()
    field = app.variable("word")
    field.focus()
    field.evaluate("(el) => el.setSelectionRange(1, 3)")
    moved = """(el) => { window.moved = 0; new MutationObserver((records) => {
        for (const { removedNodes } of records) for (const node of removedNodes) window.moved += node.contains(el);
    }).observe(document.querySelector(".vars"), { childList: true }); }"""
    field.evaluate(moved)
    app.turn(0).evaluate("""(area) => {
        area.value = "{{ more }} " + area.value;
        area.dispatchEvent(new Event("input", { bubbles: true }));
    }""")
    expect(app.page.locator('.var[data-v="more"]')).to_have_count(1)
    assert app.page.evaluate("window.moved") == 0
    expect(field).to_be_focused()
    app.page.mouse.up()
    expect(app.page.locator(".editor .turns [data-turn]")).to_have_count(2)
    expect(said).to_contain_text("3 variables")


def test_a_drawer_that_was_let_go_of_does_not_come_late_and_stays_with_its_place(scripted: OpenApp) -> None:
    app = scripted("echo", values={})
    include = app.page.get_by_role("button", name="Include")
    held: list[Any] = []

    def hold(route: Any) -> None:
        is_asked = not held and "partials" in (route.request.post_data or "")
        held.append(route) if is_asked else route.continue_()

    app.page.route(re.compile("component_server"), hold)
    with app.page.expect_request(lambda request: "partials" in (request.post_data or "")):
        include.click()
    app.page.keyboard.press("Escape")
    with app.page.expect_response(lambda response: response.request == held[0].request):
        held[0].continue_()
    app.page.unroute(re.compile("component_server"))
    app.page.evaluate("() => new Promise((done) => setTimeout(done, 100))")  # what came is on screen by then
    expect(app.drawer).to_have_count(0)
    include.click()
    expect(app.drawer).to_be_visible()
    app.page.evaluate(
        "dispatchEvent(new PopStateEvent('popstate', { state: history.state }))"
    )  # Back or Forward
    expect(app.drawer).to_have_count(0)


# --- declaring ------------------------------------------------------------------------------------------------


def test_the_form_of_a_declaration_stays_open_while_one_fills_it(scripted: OpenApp) -> None:
    app = scripted("echo", values={})
    app.page.get_by_label("Declare word").click()
    form = app.page.locator('.var[data-v="word"] .declare')
    form.get_by_label("Description").fill("What to say")
    app.page.keyboard.press("Tab")
    expect(form.get_by_label("Default")).to_be_focused()
    app.page.keyboard.type("hello")
    app.page.keyboard.press("Tab")
    expect(form.get_by_label("Example")).to_be_focused()
    app.page.keyboard.type("goodbye")
    app.page.keyboard.press("Tab")
    expect(form.get_by_label("Required")).to_be_focused()
    expect(app.variable("word")).to_have_attribute("placeholder", "for example goodbye")
    expect(app.page.locator('.var[data-v="word"] .note')).to_have_text("What to say")
    expect(app.page.get_by_label("Declare word")).to_have_attribute("aria-expanded", "true")
    kind = app.page.get_by_label("Type of word")
    kind.focus()
    kind.select_option("choice")
    expect(app.page.get_by_label("Type of word")).to_be_focused()
    form.get_by_label("Choices").fill("warm, plain")
    app.page.keyboard.press("Tab")
    expect(app.variable("word").locator("option")).to_have_count(3)
    expect(form).to_be_visible()
    app.page.get_by_label("Declare word").click()
    expect(form).to_have_count(0)
