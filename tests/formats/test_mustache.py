"""Mustache as Jinja2: what the specification renders is what the Jinja2 renders."""

from __future__ import annotations

from typing import Any

import pytest

from playground.formats import mustache, prompty
from playground.formats.recognise import recognise
from playground.templating import worker
from playground.types.prompt import Input


def rendered(source: str, values: dict[str, Any], inputs: tuple[Input, ...] = ()) -> str:
    losses: list[str] = []
    template = mustache.to_jinja(source, losses, inputs=inputs)
    assert losses == []
    return worker.render([("user", template)], values, 10_000)[0][1]


CASES: list[tuple[str, dict[str, Any], str]] = [
    ("Hi {{name}} {{{name}}} {{& name }}", {"name": "<b>"}, "Hi <b> <b> <b>"),
    ("{{#on}}yes{{/on}}", {"on": True}, "yes"),
    ("a{{#on}}yes{{/on}}", {"on": False}, "a"),
    ("a{{#on}}yes{{/on}}", {"on": ""}, "a"),
    ("a{{#on}}yes{{/on}}", {"on": None}, "a"),
    ("a{{#on}}[{{.}}]{{/on}}", {"on": "abc"}, "a[abc]"),
    ("{{#p}}{{first}} {{last}}{{/p}}", {"p": {"first": "A"}, "last": "B"}, "A B"),
    ("{{#p}}{{first}}{{/p}}", {"p": [{"first": "A"}, {"first": "B"}], "first": ""}, "AB"),
    ("{{#p}}{{#q}}{{a}}{{b}}{{c}}{{/q}}{{/p}}", {"p": {"a": 1, "q": [{"b": 2}, {"b": 3}]}, "c": 4, "q": [], "a": 0, "b": 0}, "124134"),
    ("{{a.b.c}}", {"a": {"b": {"c": "x"}}}, "x"),
    ("{{#a.b}}{{.}};{{/a.b}}", {"a": {"b": [1, 2]}}, "1;2;"),
    ("{{^x}}none{{/x}}", {"x": []}, "none"),
    ("a{{^x}}none{{/x}}", {"x": [1]}, "a"),
    ("a {{! not\nshown }}b", {}, "a b"),
    ("{{=<% %>=}}<% x %> {{x}}<%={{ }}=%>{{x}}", {"x": 1}, "1 {{x}}1"),
    ("Begin\n{{#x}}\nline\n{{/x}}\nend", {"x": True}, "Begin\nline\nend"),
    ("Begin\r\n  {{#x}}\r\nline\r\n  {{/x}}  \r\nend", {"x": True}, "Begin\nline\nend"),
    ("{% if x %} {# c #} {{x}}", {"x": 1}, "{% if x %} {# c #} 1"),
    ("{ {{x}} } {{{x}}}}", {"x": 1}, "{ 1 } 1}"),
    ("{{items}} {{#o}}{{items}}{{/o}}", {"items": 1, "o": {"items": 2}}, "1 2"),
    ("{{#l}}{{#.}}{{.}}{{/.}}|{{/l}}", {"l": [[1, 2], [3]]}, "12|3|"),
    ("{{#a}}{{^b}}no {{c}}{{/b}}{{/a}}", {"a": [{"c": 1, "b": 0}], "b": 1, "c": 2}, "no 1"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "values", "text"), CASES)
def test_jinja_renders_what_mustache_renders(source: str, values: dict[str, Any], text: str) -> None:
    assert rendered(source, values) == text


def test_a_declared_kind_gives_short_jinja() -> None:
    inputs = (
        Input(name="items", kind="examples", example=["a"]),
        Input(name="on", kind="boolean"),
        Input(name="rows", kind="examples", example=[{"q": "1"}]),
    )
    source = "{{#items}}{{.}}{{/items}}{{#on}}{{x}}{{/on}}{{#rows}}{{q}}{{x}}{{/rows}}{{^rows}}-{{/rows}}"
    assert mustache.to_jinja(source, [], inputs=(*inputs, Input(name="x"))) == (
        "{% for item in items %}{{ item }}{% endfor %}{% if on %}{{ x }}{% endif %}"
        "{% for row in rows %}{{ row.q }}{{ x }}{% endfor %}{% if not rows %}-{% endif %}"
    )


@pytest.mark.parametrize(
    ("source", "loss"),
    [
        ("{{#a}}x", "template: the Mustache cannot be read ({{#a}} is never closed), its tags stand as text"),
        ("{{/a}}x", "template: the Mustache cannot be read ({{/a}} closes no open section), its tags stand as text"),
        ("{{a", "template: the Mustache cannot be read ('{{a' is never closed), its tags stand as text"),
        ("{{<a}}x{{/a}}", "template: {{<a}} has no equal here, it stands as text"),
        ("{{>*a}}", "template: {{>*a}} has no equal here, it stands as text"),
        ("{{.}}", "template: {{.}} has no equal here, it stands as text"),
    ],
)  # fmt: skip
def test_what_has_no_equal_stays_as_text_and_is_said(source: str, loss: str) -> None:
    losses: list[str] = []
    template = mustache.to_jinja(source, losses)
    assert losses == [loss]
    assert worker.render([("user", template)], {}, 1_000)[0][1] == source


def test_a_partial_is_an_include() -> None:
    assert mustache.to_jinja("{{> Rules }}\nHi", []) == '{% include "Rules" %}Hi'


W07 = "---\nname: W07\ntemplate:\n  format:\n    kind: mustache\n---\nuser:\n{{#items}}- {{.}}\n{{/items}}{{^items}}nothing{{/items}}\n"


@pytest.mark.parametrize(("items", "text"), [(["a", "b"], "- a\n- b"), ([], "nothing")])
@pytest.mark.parametrize("form", [W07, W07.replace("  format:\n    kind: mustache", "  type: mustache"), W07.replace("template:\n  format:\n    kind: mustache", "template: mustache")])  # fmt: skip
def test_a_prompty_file_that_declares_mustache_is_read_as_mustache(
    form: str, items: list[str], text: str
) -> None:
    found = recognise("w07.prompty", form.encode())
    assert found.format == "prompty"
    reading = found.readings[0]
    assert reading.losses == ()
    pairs = [(turn.role, turn.template) for turn in reading.prompt.turns]
    assert worker.render(pairs, {"items": items}, 1_000)[0] == ("user", text) or worker.render(
        pairs, {"items": items}, 1_000
    )[0] == ("user", text + "\n")


def test_a_section_around_role_lines_opens_turns() -> None:
    text = "---\nname: x\ntemplate: mustache\ninputs:\n  rows:\n    type: array\n    sample: [{q: 1}]\n---\n{{#rows}}\nuser:\nAsk {{q}}\n{{/rows}}\n"
    pairs = [(turn.role, turn.template) for turn in prompty.read(text).prompt.turns]
    assert worker.render(pairs, {"rows": [{"q": 1}, {"q": 2}]}, 1_000) == [
        ("user", "Ask 1"),
        ("user", "Ask 2"),
    ]
