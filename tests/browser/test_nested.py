"""Objects and lists as values: a field for each property, JSON where none is declared, and what a reload keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenApp

pytestmark = pytest.mark.same_page


def field(name: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, **more}


CUSTOMER = field(
    "customer",
    "object",
    default={"first": "Ann", "tier": 2},
    fields=[
        field("first"),
        field("tier", "number"),
        field("plan", "choice", choices=["free", "paid"], required=False),
        field("active", "boolean"),
        field("address", "object", fields=[field("city"), field("lines", "list", required=False)]),
    ],
)
GREET = "Greet {{ customer.first }}, tier {{ customer.tier }}."


def test_a_declared_object_has_a_field_for_each_property(scripted: OpenApp) -> None:
    turns = "{{ customer.first }} {{ customer.tier + 1 }} {{ customer.active }} {{ customer.address.city }}"
    values = {"customer": {"first": "Ann", "tier": 2, "more": "stays"}}
    app = scripted("echo", turns=turns, values=values, prompt={"inputs": [CUSTOMER]})
    app.page.fill("#v-customer-first", "Bo")
    app.page.fill("#v-customer-tier", "7")
    app.page.check("#v-customer-active")
    app.page.fill("#v-customer-address-city", "Ulm")
    app.page.fill("#v-customer-address-lines", '["a"]')
    app.run_to_the_end()
    assert app.answer(0) == "Bo 8 True Ulm"
    app.wait_for_draft()
    app.reload()
    expect(app.page.locator("#v-customer-address-city")).to_have_value("Ulm")
    assert app.page.evaluate("JSON.parse(localStorage['playground.draft']).form.values.customer") == {
        "first": "Bo",
        "tier": 7,
        "active": True,
        "address": {"city": "Ulm", "lines": ["a"]},
        "more": "stays",
    }


def test_an_object_that_nobody_declared_is_json_with_its_mistake_under_it(scripted: OpenApp) -> None:
    app = scripted("echo", turns=GREET, values={})
    value = app.variable("customer")
    height = app.page.locator(".vars").bounding_box()
    value.fill('{"first": "Bo", "tier": }')
    problem = app.page.locator("#v-customer-problem")
    expect(problem).to_contain_text("Not JSON yet: line 1, column")
    assert app.page.locator(".vars").bounding_box() == height
    value.fill('["Bo"]')
    expect(problem).to_have_text("JSON, but not an object: { … }")
    value.fill('{"first": "Bo", "tier": 4}')
    expect(problem).to_have_text("")
    app.run_to_the_end()
    assert app.answer(0) == "Greet Bo, tier 4."
    app.wait_for_draft()
    app.reload()
    expect(app.variable("customer")).to_have_value('{"first":"Bo","tier":4}')


def test_half_typed_json_is_kept_and_refused_by_name_when_it_is_run(scripted: OpenApp) -> None:
    declared = field("customer", "object")
    app = scripted("echo", turns=GREET, values={}, prompt={"inputs": [declared]})
    app.variable("customer").fill('{"first": "Bo"')
    app.wait_for_draft()
    app.reload()
    expect(app.variable("customer")).to_have_value('{"first": "Bo"')
    app.run()
    expect(app.alert).to_contain_text('"customer" must be an object as JSON: line 1, column')


def test_a_text_becomes_an_object_with_named_fields_and_back(scripted: OpenApp) -> None:
    app = scripted("echo", turns="{{ customer }}", values={"customer": '{"first": "Bo"}'})
    app.page.get_by_label("Type of customer").select_option("object")
    app.page.get_by_label("Declare customer").click()
    app.page.fill("#d-customer-fields", "first, last")
    app.page.locator("#d-customer-fields").press("Tab")
    expect(app.page.locator("#v-customer-first")).to_have_value("Bo")
    app.page.fill("#v-customer-last", "Li")
    app.page.get_by_label("Type of customer").select_option("text")
    expect(app.variable("customer")).to_have_value('{"first":"Bo","last":"Li"}')


def test_a_list_is_json_and_examples_with_objects_in_them_too(scripted: OpenApp) -> None:
    app = scripted(
        "echo",
        turns="{% for tag in tags %}{{ tag }} {% endfor %}{{ shots[0].q.a }}",
        values={"tags": ["x"], "shots": [{"q": {"a": 1}}]},
        prompt={"inputs": [field("shots", "examples")]},
    )
    expect(app.variable("shots")).to_have_value('[{"q":{"a":1}}]')
    app.variable("tags").fill('["one", "two"]')
    app.run_to_the_end()
    assert app.answer(0) == "one two 1"


@pytest.mark.parametrize("width", [1440, 390])
def test_nested_fields_stay_inside_the_page(scripted: OpenApp, width: int) -> None:
    app = scripted(
        "echo",
        turns=GREET,
        values={},
        prompt={"inputs": [CUSTOMER]},
        viewport={"width": width, "height": 900},
    )
    if width < 900:
        app.page.get_by_role("button", name="Edit").first.click()
    expect(app.page.locator("#v-customer-first")).to_be_visible()
    assert app.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for box in app.page.locator(".nested .field").all():
        place = box.bounding_box()
        assert place and place["width"] >= 80 and place["x"] + place["width"] <= width
