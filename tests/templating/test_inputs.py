"""Values as their variables mean them: JSON read, defaults of fields filled in, mistakes named with their place."""

from __future__ import annotations

from typing import Any

import pytest

from playground.runs.planning import with_defaults
from playground.templating.inputs import problem_of, with_kind
from playground.templating.rendering import variables
from playground.types.prompt import Input, Prompt, Turn

CUSTOMER = Input(
    name="customer",
    kind="object",
    fields=(
        Input(name="first", default="Ann"),
        Input(name="tier", kind="number"),
        Input(name="note", required=False),
        Input(name="active", kind="boolean", required=False),
        Input(
            name="address",
            kind="object",
            required=False,
            fields=(Input(name="city", default="Ulm"), Input(name="lines", kind="list", required=False)),
        ),
    ),
)


@pytest.mark.parametrize(
    ("kind", "value", "meant"),
    [
        ("object", '{"first": "Bo"}', {"first": "Bo"}),
        ("object", {"first": "Bo"}, {"first": "Bo"}),
        ("object", '{"first": ', '{"first": '),
        ("list", "[1, 2]", [1, 2]),
        ("list", "\ufeff[1]", [1]),
        ("examples", '[{"q": "a"}]', [{"q": "a"}]),
        ("text", '{"first": "Bo"}', '{"first": "Bo"}'),
        ("long_text", "[1]", "[1]"),
        ("object", "", ""),
        ("object", "[" * 100_000, "[" * 100_000),
    ],
)
def test_json_text_is_read_where_a_nested_value_is_meant(kind: Any, value: Any, meant: Any) -> None:
    assert with_kind(Input(name="x", kind=kind), value) == meant


def test_fields_that_are_missing_take_their_default_at_every_level() -> None:
    assert with_kind(CUSTOMER, '{"tier": 2, "address": {}, "more": 1}') == {
        "first": "Ann",
        "tier": 2,
        "note": "",
        "active": False,
        "address": {"city": "Ulm", "lines": []},
        "more": 1,
    }


def test_an_object_nobody_gave_is_its_default_or_that_of_its_fields() -> None:
    whole = CUSTOMER.model_copy(update={"default": {"first": "Bo", "tier": 1}})
    assert with_defaults(Prompt(inputs=(whole,)), {})["customer"]["first"] == "Bo"
    assert with_defaults(Prompt(inputs=(CUSTOMER,)), {"customer": ""})["customer"]["first"] == "Ann"
    bare = Input(name="customer", kind="object")
    assert with_defaults(Prompt(inputs=(bare,)), {}) == {}
    optional = bare.model_copy(update={"required": False})
    assert with_defaults(Prompt(inputs=(optional,)), {}) == {"customer": {}}


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("object", '{"a": 1', "\"x\" must be an object as JSON: line 1, column 8: Expecting ',' delimiter."),
        ("object", "[1]", '"x" must be an object as JSON, not a list.'),
        ("object", "null", '"x" must be an object as JSON, not null.'),
        ("object", '{"a": NaN}', '"x" must be an object as JSON: NaN is no JSON number.'),
        ("list", '{"a": 1}', '"x" must be a list as JSON, not an object.'),
        ("list", "a, b", '"x" must be a list as JSON: line 1, column 1: Expecting value.'),
        ("object", 7, '"x" must be an object as JSON, not a number.'),
        ("object", "[" * 100_000, '"x" must be an object as JSON: it is nested too deeply.'),
        ("object", {"a": 1}, None),
        ("list", "[]", None),
        ("object", "", None),
        ("text", "{", None),
    ],
)
def test_what_is_wrong_with_a_nested_value_is_said_with_its_place(
    kind: Any, value: Any, problem: str | None
) -> None:
    assert problem_of(Input(name="x", kind=kind), value) == problem


@pytest.mark.parametrize(
    ("template", "kinds"),
    [
        ("{{ c.first }} {{ c }}", {"c": "object"}),
        ('{{ c["first"] }}', {"c": "object"}),
        ("{% for k, v in c.items() %}{{ k }}{% endfor %}", {"c": "object"}),
        ("{% for t in ts %}{{ t.name }}{% endfor %}", {"ts": "list"}),
        ("{{ ts[0] }}", {"ts": "list"}),
        ("{{ name.strip() }} {{ name.upper() }}", {"name": "text"}),
        ("{{ name | upper }}", {"name": "text"}),
        ("{% set c = 1 %}{{ c.first }}{% for x in xs %}{{ loop.index }}{% endfor %}", {"xs": "list"}),
        ("{% if c.first is defined %}{{ c.first }}{% endif %}", {"c": "object"}),
    ],
)
def test_the_kind_of_an_undeclared_variable_is_what_its_uses_need(
    template: str, kinds: dict[str, str]
) -> None:
    found = variables([Turn(role="user", template=template)])
    assert {variable.name: variable.kind for variable in found} == kinds
