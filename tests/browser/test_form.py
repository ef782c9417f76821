"""Writing: turns, variables, checks, columns and their sampling; and what a reload keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from playground.scorers import SCORERS, options_of

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

CHECKS: dict[str, dict[str, str]] = {
    "equals": {"text": "the cat sat on the mat."},
    "contains": {"text": "cat"},
    "contains_any": {"texts": "dog\ncat"},
    "contains_all": {"texts": "cat\nmat"},
    "starts_with": {"text": "The"},
    "regex": {"pattern": "c.t"},
    "number": {"expected": "7", "tolerance": "0.5"},
    "json": {},
    "contains_json": {},
    "json_schema": {"schema": '{"type": "object"}'},
    "levenshtein": {"text": "The cat sat on the mat."},
    "length": {"max": "10"},
}


def declare(app: App, name: str, **fields: str) -> None:
    for key, value in fields.items():
        if not app.page.locator(f"#d-{name}-{key}").count():
            app.page.get_by_label(f"Declare {name}").click()
        app.page.fill(f"#d-{name}-{key}", value)
        app.page.locator(f"#d-{name}-{key}").press("Tab")


def test_variables_appear_while_typing_and_the_focus_stays(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{ word }}")
    app.turn(0).press("Control+End")
    text = " to {{ friend }}, {{ place }} and me"
    app.page.keyboard.type(text, delay=15)
    expect(app.variable("place")).to_be_visible()
    expect(app.turn(0)).to_be_focused()
    app.page.keyboard.type("!")
    expect(app.turn(0)).to_have_value(f"Say {{{{ word }}}}{text}!")
    expect(app.variable("word")).to_have_value("hello")


def test_a_variable_put_before_others_leaves_their_values_by_name(scripted: OpenApp) -> None:
    app = scripted("echo", turns="{{ b }}, {{ c }}", values={"b": "two", "c": "three"})
    app.turn(0).fill("{{ a }}, {{ b }}, {{ c }}")
    app.variable("a").fill("one")
    expect(app.variable("b")).to_have_value("two")
    expect(app.variable("c")).to_have_value("three")
    app.run_to_the_end()
    assert app.answer(0) == "one, two, three"
    app.turn(0).fill("{{ c }}, {{ a }}")
    expect(app.variable("b")).to_have_count(0)
    app.run_to_the_end()
    assert app.answer(0) == "three, one"


def test_the_prompt_as_sent_is_previewed_with_its_tokens(scripted: OpenApp) -> None:
    app = scripted("echo", turns=[("system", "Be brief."), ("user", "Say {{ word }}")])
    expect(app.page.locator(".editor .after").first).to_contain_text(
        "4 tokens before the template, 1 variable"
    )
    app.variable("word").fill("good day")
    expect(app.page.locator(".editor .after").first).to_contain_text("5 tokens")
    app.page.get_by_role("button", name="Preview as sent").click()
    expect(app.page.locator(".sent").nth(1)).to_contain_text("Say good day")
    app.page.get_by_role("button", name="Back to the template").click()
    expect(app.turn(1)).to_be_visible()


def test_turns_are_added_moved_and_removed(scripted: OpenApp) -> None:
    app = scripted("echo", turns="First")
    app.page.get_by_role("button", name="Add turn").click()
    expect(app.turn(1)).to_be_focused()
    app.turn(1).fill("Second")
    app.page.get_by_label("Role of turn 2").select_option("user")
    app.page.get_by_label("Move user turn 2 up").click()
    expect(app.turn(0)).to_have_value("Second")
    app.run_to_the_end()
    assert app.answer(0) == "First"
    app.page.get_by_label("Remove user turn 1").click()
    expect(app.turn(0)).to_have_value("First")
    expect(app.turn(1)).to_have_count(0)


def test_typed_variables_choice_number_and_boolean(scripted: OpenApp) -> None:
    template = "{{ tone }} {{ count + 1 }} {% if loud %}loud{% else %}quiet{% endif %}"
    app = scripted("echo", turns=template, values={})
    app.page.get_by_label("Type of tone").select_option("choice")
    declare(app, "tone", choices="warm, plain, formal")
    app.variable("tone").select_option("plain")
    app.page.get_by_label("Type of count").select_option("number")
    app.variable("count").fill("2")
    app.page.get_by_label("Type of loud").select_option("boolean")
    app.variable("loud").check()
    app.run_to_the_end()
    assert app.answer(0) == "plain 3 loud"
    app.variable("loud").uncheck()
    app.run_to_the_end()
    assert app.answer(0) == "plain 3 quiet"


def test_a_box_that_was_never_ticked_means_no(scripted: OpenApp) -> None:
    app = scripted("echo", turns="{% if loud %}loud{% else %}quiet{% endif %}", values={"loud": "yes"})
    app.page.get_by_label("Type of loud").select_option("boolean")
    expect(app.variable("loud")).not_to_be_checked()
    app.run_to_the_end()
    assert app.answer(0) == "quiet"


def test_a_text_is_not_sent_for_a_number_whose_field_shows_nothing(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Count {{ word }}")
    app.page.get_by_label("Type of word").select_option("number")
    expect(app.variable("word")).to_have_value("")
    app.run()
    expect(app.alert).to_contain_text("word")
    app.wait_until_idle()
    assert "run=" not in app.page.url


def test_examples_are_added_filled_and_removed(scripted: OpenApp) -> None:
    template = "{% for e in shots %}{{ e.input }}={{ e.output }};{% endfor %}"
    field = {"name": "shots", "kind": "examples"}
    app = scripted("echo", turns=template, values={}, prompt={"inputs": [field]})
    for number in (1, 2, 3):
        app.page.get_by_role("button", name="Add example").click()
        app.page.get_by_label(f"shots {number}, input").fill(f"in{number}")
        app.page.get_by_label(f"shots {number}, output").fill(f"out{number}")
    app.page.get_by_label("Remove example 1").click()
    app.run_to_the_end()
    assert app.answer(0) == "in2=out2;in3=out3;"


def test_defaults_examples_and_descriptions_are_declared(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{ word }}", values={})
    declare(app, "word", description="What to say", example="hi", default="good morning")
    expect(app.page.locator(".var .note")).to_have_text("What to say")
    app.run_to_the_end()
    assert app.answer(0) == "Say good morning"


def test_every_kind_of_check_can_be_added_and_looks_at_the_answer(scripted: OpenApp) -> None:
    app = scripted("cat")
    app.page.click("#checks-button")
    add = app.drawer.get_by_role("button", name="Add check")
    add.click()
    kinds = (
        app.drawer.get_by_label("Kind of check 1")
        .locator("option")
        .evaluate_all("a => a.map((o) => o.value)")
    )
    assert sorted(kinds) == sorted(SCORERS)
    for number, kind in enumerate(CHECKS):
        if number:
            add.click()
        app.drawer.get_by_label(f"Kind of check {number + 1}", exact=True).select_option(kind)
        for option, value in CHECKS[kind].items():
            app.page.fill(f"#check{number}-{option}", value)
    app.close_drawer()
    expect(app.page.locator("#checks-button")).to_have_text("12 checks")
    app.run_to_the_end()
    app.act(0, "show_checks")
    rows = app.column(0).locator(".all-checks .row")
    expect(rows).to_have_count(12)
    expect(app.column(0).locator(".checks")).to_contain_text("8 of 12 checks pass")  # the JSON ones, number
    for words in ("at most 10 words", 'contains "cat"', "not valid JSON"):
        expect(app.column(0).locator(".all-checks")).to_contain_text(words, ignore_case=True)
    app.close_drawer()
    app.page.click("#checks-button")
    add.click()
    chosen = app.drawer.get_by_label("Kind of check 13", exact=True)
    for kind in sorted(set(SCORERS) - set(CHECKS)):
        chosen.select_option(kind)
        for option in options_of(kind):
            if option.required:
                expect(app.page.locator(f"#check12-{option.name}")).to_be_visible()


def test_a_check_is_negated_weighted_and_removed(scripted: OpenApp) -> None:
    app = scripted("cat")
    app.page.click("#checks-button")
    app.drawer.get_by_role("button", name="Add check").click()
    app.page.fill("#check0-text", "dog")
    app.drawer.get_by_label("not").check()
    app.drawer.get_by_label("weight").fill("2.5")
    app.close_drawer()
    app.run_to_the_end()
    expect(app.column(0).locator(".checks")).to_contain_text("1 of 1 check pass")
    weights = app.server.rows(
        "select weight from score join cell on cell.id = cell_id where run_id = ?", app.run_id()
    )
    assert weights == [(2.5,)]
    app.page.click("#checks-button")
    app.drawer.get_by_label("Remove check 1").click()
    app.close_drawer()
    expect(app.page.locator("#checks-button")).to_have_text("0 checks")


def test_a_pattern_that_is_none_shows_its_problem_and_costs_no_answer(scripted: OpenApp) -> None:
    app = scripted("cat")
    app.page.click("#checks-button")
    app.drawer.get_by_role("button", name="Add check").click()
    app.drawer.get_by_label("Kind of check 1").select_option("regex")
    app.page.fill("#check0-pattern", "(cat")
    expect(app.drawer.locator(".problem")).to_contain_text("cannot be used")
    app.close_drawer()
    app.run_to_the_end()
    assert app.answer(0) == "The cat sat on the mat."
    app.page.click("#checks-button")
    app.page.fill("#check0-pattern", "(cat)")
    expect(app.drawer.locator(".problem")).to_have_count(0)


def test_columns_come_and_go_and_keep_their_settings(scripted: OpenApp) -> None:
    app = scripted("echo", "cat")
    count = app.page.get_by_role("group", name="Number of columns")
    count.get_by_role("button", name="4").click()
    shown = app.page.locator("#columns > :not(.off)")
    expect(shown).to_have_count(4)
    app.page.get_by_label("Model of column 4").select_option("scripted:dog")
    app.run_to_the_end()
    assert [app.answer(i) for i in range(4)] == [
        "Say hello",
        *["The cat sat on the mat."] * 2,
        "The dog sat on the mat.",
    ]
    count.get_by_role("button", name="1").click()
    expect(shown).to_have_count(1)
    count.get_by_role("button", name="4").click()
    expect(app.page.get_by_label("Model of column 4")).to_have_value("scripted:dog")


def test_a_column_has_its_own_prompt_and_sampling(scripted: OpenApp) -> None:
    app = scripted("echo", "echo")
    app.own_prompt(2)
    app.page.get_by_label("Column 2, user turn 1", exact=True).fill("Shout {{ word }} to {{ friend }}")
    app.variable("friend").fill("Anna")
    app.page.get_by_label("Sampling values of column 2").click()
    app.page.locator("#s-temperature").fill("9")
    expect(app.page.locator(".pop [role=alert]")).to_contain_text("from 0 to 5")
    app.page.locator("#s-temperature").fill("0.9")
    expect(app.page.locator(".pop [role=alert]")).to_have_text("")
    app.page.locator("#s-stop").fill("END")
    app.page.keyboard.press("Escape")
    expect(app.exceptions(2)).to_have_text("temperature 0.9, 1 stop")
    expect(app.exceptions(1)).to_have_text("")
    expect(app.page.locator("#sampling")).to_contain_text("Greedy")
    app.run_to_the_end()
    assert [app.answer(0), app.answer(1)] == ["Say hello", "Shout hello to Anna"]
    app.act(1, "saw")
    app.drawer.get_by_label("beside").select_option("0")
    row: Any = app.drawer.get_by_role("row").filter(has_text="Temperature")
    expect(row).to_contain_text("differs")


def test_what_was_typed_survives_a_reload(scripted: OpenApp) -> None:
    app = scripted("echo", "cat")
    app.page.fill("#prompt-name", "My draft")
    app.turn(0).fill("Tell {{ word }} and {{ more }}")
    app.variable("more").fill("this")
    app.preset(2, "Creative")
    app.own_prompt(2)
    app.page.get_by_label("Column 2, user turn 1", exact=True).fill("Mine")
    app.reload()
    expect(app.page.locator("#prompt-name")).to_have_value("My draft")
    expect(app.turn(0)).to_have_value("Tell {{ word }} and {{ more }}")
    expect(app.variable("more")).to_have_value("this")
    expect(app.exceptions(2)).to_have_text("temperature 1, top-p 0.95")
    expect(app.page.get_by_label("Column 2, user turn 1", exact=True)).to_have_value("Mine")
    assert app.answer(0) == ""
