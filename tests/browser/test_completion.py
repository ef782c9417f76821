"""What the editor offers while a tag is typed, and how one takes it or goes on without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

KNOWN = {"turns": "{{ word }} {{ friend }} ", "values": {"word": "hello", "friend": "Anna"}}


def offers(app: App) -> Any:
    return app.page.get_by_role("listbox", name="Suggestions")


def texts(app: App) -> list[str]:
    return [option.locator(".mono").inner_text() for option in offers(app).get_by_role("option").all()]


def write(app: App, text: str) -> None:
    app.turn(0).press("Control+End")
    app.page.keyboard.type(text)


def test_two_braces_offer_the_variables_and_enter_takes_one(scripted: OpenApp) -> None:
    app = scripted("echo", **KNOWN)
    write(app, "{{")
    expect(offers(app)).to_be_visible()
    assert texts(app) == ["word", "friend"]
    area = app.turn(0)
    expect(area).to_have_attribute("aria-activedescendant", "offer-0")
    app.page.keyboard.press("ArrowDown")
    expect(area).to_have_attribute("aria-activedescendant", "offer-1")
    expect(offers(app).get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    app.page.keyboard.press("Enter")
    expect(offers(app)).to_have_count(0)
    expect(area).to_have_value("{{ word }} {{ friend }} {{ friend }}")
    expect(area).to_be_focused()


def test_a_part_of_a_name_narrows_and_tab_takes(scripted: OpenApp) -> None:
    app = scripted("echo", **KNOWN)
    write(app, "{{ fr")
    expect(offers(app)).to_be_visible()
    assert texts(app) == ["friend"]
    app.page.keyboard.press("Tab")
    expect(app.turn(0)).to_have_value("{{ word }} {{ friend }} {{ friend }}")
    expect(app.turn(0)).to_be_focused()


def test_a_bar_offers_filters_and_escape_goes_on_without(scripted: OpenApp) -> None:
    app = scripted("slow", **KNOWN)
    app.run()
    app.wait_for_text(0)
    write(app, "{{ word | up")
    expect(offers(app)).to_be_visible()
    assert texts(app)[0] == "upper"
    app.page.keyboard.press("Escape")
    expect(offers(app)).to_have_count(0)
    # Escape was the list's: the run goes on.
    expect(app.page.locator("#stop")).to_be_enabled()
    app.page.keyboard.type(" }}")
    app.page.keyboard.press("Escape")
    app.wait_until_idle()


def test_include_offers_saved_prompts_and_their_labels(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Never promise anything.", values={})
    app.save("Guardrail for completion")
    expect(app.toast).to_contain_text("ersion")
    app.page.evaluate(
        """async () => { const { page } = await import('/playground/store.js');
        const { call } = await import('/playground/store.js');
        await call('set_label', { prompt: page.form.prompt_id, fields: { number: '1', label: 'production' } }); }"""
    )
    other = scripted("echo", turns="Say this. ", values={})
    write(other, "{% include ")
    expect(offers(other)).to_be_visible()
    assert {
        "Guardrail for completion",
        "Guardrail for completion@production",
        "Guardrail for completion@1",
    } <= set(texts(other))
    other.page.keyboard.type('"Guardrail for completion@p')
    expect(offers(other).get_by_role("option")).to_have_count(1)
    other.page.keyboard.press("Enter")
    expect(other.turn(0)).to_have_value('Say this. {% include "Guardrail for completion@production" %}')
    other.run_to_the_end()
    assert other.answer(0) == "Say this. Never promise anything."


def test_a_loop_is_offered_lists_and_its_variable_inside(scripted: OpenApp) -> None:
    shots = {"name": "shots", "kind": "examples", "example": [{"input": "a", "output": "b"}]}
    app = scripted(
        "echo",
        turns="{{ word }} ",
        values={"word": "x", "shots": [{"q": "1", "a": "2"}]},
        prompt={"inputs": [shots]},
    )
    write(app, "{% for shot in ")
    expect(offers(app)).to_be_visible()
    assert texts(app) == ["shots", "word"]
    expect(offers(app).get_by_role("option").first).to_contain_text("list")
    app.page.keyboard.press("Enter")
    app.page.keyboard.type("{{ sh")
    expect(offers(app)).to_be_visible()
    assert texts(app) == ["shot", "shots"]
    app.page.keyboard.press("Escape")
    app.page.keyboard.type("ot.")
    expect(offers(app)).to_be_visible()
    assert texts(app) == ["q", "a"]


def test_nothing_is_offered_while_an_input_method_composes(scripted: OpenApp) -> None:
    app = scripted("echo", **KNOWN)
    write(app, "{{ ")
    expect(offers(app)).to_be_visible()
    tools = app.hands()
    tools.send("Input.imeSetComposition", {"text": "fr", "selectionStart": 2, "selectionEnd": 2})
    expect(offers(app)).to_have_count(0)
    tools.send("Input.insertText", {"text": "fr"})
    expect(offers(app)).to_be_visible()
    assert texts(app) == ["friend"]


def test_plain_text_and_whole_names_offer_nothing(scripted: OpenApp) -> None:
    app = scripted("echo", **KNOWN)
    for text in ("word and friend", "{{ word }} fr", "{{ 'wo", "{# wo", "{{ word fr"):
        app.turn(0).fill("")
        write(app, text)
        expect(offers(app)).to_have_count(0)


def test_a_finger_takes_a_suggestion(scripted: OpenApp) -> None:
    app = scripted("echo", **KNOWN)
    write(app, "{{ ")
    offers(app).get_by_role("option", name="friend").click()
    expect(app.turn(0)).to_have_value("{{ word }} {{ friend }} {{ friend }}")
    expect(app.turn(0)).to_be_focused()
