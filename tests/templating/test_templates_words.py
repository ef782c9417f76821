"""What a template does wrong is said in words for its author: no names of Python, no address of anything."""

from __future__ import annotations

import re

import pytest

from playground.errors import TemplateError
from playground.templating.worker import render

VALUES = {
    "name": "Ada",
    "n": 3,
    "z": None,
    "l": [1, 2],
    "d": {"a": 1},
    "rows": [{"a": 1}, {"a": 2}],
}
PYTHON = re.compile(
    r"0x[0-9a-f]{4}|object|builtin|positional|operand|instances|NoneType|'(?:str|int|list|dict)'|subscript"
    r"|iterable|attribute|generator|dict_|serializ|Namespace|LoopContext|Macro|Undefined"
)


def said(source: str) -> str:
    """The words of the error; fails when the template renders."""
    with pytest.raises(TemplateError) as caught:
        render([("user", source)], VALUES, 100_000)
    return str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ range }}",
        "{{ range ~ dict }}",
        "{{ '' ~ range }}",
        "{{ range|string }}",
        "{{ range|pprint }}",
        "{{ range|upper }}",
        "{{ range|e }}",
        "{{ range|tojson }}",
        "{{ range|urlencode }}",
        "{{ [range] }}",
        "{{ [[range]]|string }}",
        "{{ {'a': range} }}",
        "{{ [range, dict]|join(', ') }}",
        "{{ '%s'|format(range) }}",
        "{{ '%r' % range }}",
        "{{ '{}'.format(range) }}",
        "{{ '{!r}'.format(range) }}",
        "{{ 'a'|replace('a', range) }}",
        "{{ x|default(range) }}",
        "{{ range or 1 }}",
        "{% set f = range %}{{ f ~ '' }}",
        "{{ (range,) }}",
        "{{ namespace ~ '' }}",
        "{{ name.upper }}",
        "{{ name.upper ~ '' }}",
        "{{ [d.items]|join }}",
        "{{ name|attr('upper') ~ '' }}",
        "{% macro m() %}x{% endmacro %}{{ m }}",
        "{% macro m() %}x{% endmacro %}{{ m ~ '' }}",
        "{% macro m() %}x{% endmacro %}{{ [m] }}",
    ],
)
def test_a_function_is_never_turned_into_a_text(source: str):
    assert "function" in said(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ d.items() }}",
        "{{ d.items() ~ '' }}",
        "{{ d.keys()|string }}",
        "{{ d.values()|tojson }}",
        "{{ range(3) ~ '' }}",
        "{{ [range(3)] }}",
        "{{ rows|map(attribute='a') }}",
        "{{ rows|map(attribute='a') ~ '' }}",
        "{{ [rows|select]|string }}",
        "{{ l|batch(1) ~ '' }}",
        "{{ l|unique|string }}",
        "{{ l|reverse ~ '' }}",
        "{{ name.encode() ~ '' }}",
    ],
)
def test_a_list_that_is_not_made_yet_is_never_turned_into_a_text(source: str):
    assert 'add "|list"' in said(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% for x in l %}{{ loop }}{% endfor %}",
        "{% for x in l %}{{ loop ~ '' }}{% endfor %}",
        "{{ namespace(a=1) }}",
        "{{ namespace(a=1) ~ '' }}",
        "{{ self }}",
        "{{ self ~ '' }}",
    ],
)
def test_what_has_no_text_of_its_own_is_refused(source: str):
    assert "no text of its own" in said(source)


def test_a_missing_value_inside_a_list_is_refused():
    assert '"nothing" has no value' in said("{{ [nothing] }}")
    assert 'no "x" in this object' in said("{{ [d.x]|string }}")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ name + 1 }}", "a text and a number cannot be added"),
        ("{{ 1 + name }}", '"+" does not work with a number and a text'),
        ("{{ name < 3 }}", '"<" does not work with a text and a number'),
        ("{{ z + 1 }}", "an empty value and a number"),
        ("{{ -name }}", '"-" does not work with a text'),
        ("{{ name * name }}", "cannot be repeated by a text"),
        ("{{ n() }}", "a number cannot be called"),
        ("{{ n|length }}", "a number has no length"),
        ("{{ 'a' in n }}", '"in" cannot look into a number'),
        ("{{ {l: 1} }}", "a list cannot be a key here"),
        ("{% for a in n %}{% endfor %}", "a number has no items to go through"),
        ("{% for a, b in l %}{% endfor %}", "a number has no items to go through"),
        ("{% for a, b, c in [[1, 2]] %}{% endfor %}", "a row here does not have 3 parts"),
        ("{{ name|replace('a') }}", 'a value is missing: "new"'),
        ("{{ name|upper(3) }}", "another number of values"),
        ("{{ range() }}", "another number of values"),
        ("{{ range(1, 2, 0) }}", "the step of a range cannot be 0"),
        ("{{ range('a') }}", "a whole number is needed here, not a text"),
        ("{{ name.split('') }}", "cannot be split at nothing"),
        ("{{ '%d'|format(name) }}", "does not fit its values"),
        ("{{ '%s %s'|format(1) }}", "does not fit its values"),
        ("{{ '{:d}'.format(name) }}", "does not fit its values"),
        ("{{ '{b}'.format_map(d) }}", '"b" was not found'),
        ("{{ [1, 'a']|sort }}", '"<" does not work with a text and a number'),
        ("{{ 10**999999 }}", "this power is too large"),
        ("{{ name|wordwrap(0) }}", "does not work with these values"),
    ],
)
def test_what_python_would_say_is_said_in_plain_words(source: str, words: str):
    text = said(source)
    assert words in text
    assert not PYTHON.search(text.partition(": ")[2].replace("an object", "")), text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ range(3)|list }}", "[0, 1, 2]"),
        ("{{ range(5)|length }}{{ range(5)|last }}{{ range(5)[2] }}{{ 3 in range(5) }}", "542True"),
        ("{{ range(3)|reverse|join }}", "210"),
        ("{% for k, v in d.items() %}{{ k }}{{ v }}{% endfor %}", "a1"),
        ("{{ d.keys()|list }}{{ d.items()|list|length }}", "['a']1"),
        ("{{ rows|map(attribute='a')|join(',') }}", "1,2"),
        ("{{ rows|map(attribute='a')|map('string')|list }}", "['1', '2']"),
        ("{{ name.upper() }}{{ '{} x'.format(n) }}{{ d.get('a') }}", "ADA3 x1"),
        ("{% set f = range %}{{ f(2)|list }}", "[0, 1]"),
        ("{% for i in range(2) %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{% endfor %}", "1a2b"),
        ("{% set ns = namespace(c=0) %}{% set ns.c = 5 %}{{ ns.c }}", "5"),
        ("{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m(1) }}{{ m('x') ~ 'y' }}", "[1][x]y"),
        ("{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}hi{% endcall %}", "hi"),
        ("{{ range is defined }}{{ range is callable }}{{ dict(a=1).a }}", "TrueTrue1"),
        ("{% for x in l recursive %}{{ x }}{% endfor %}", "12"),
        ("{{ l|tojson }}{{ rows|map(attribute='a')|list|tojson }}", "[1, 2][1, 2]"),
    ],
)
def test_what_is_used_and_not_printed_goes_on_working(source: str, text: str):
    assert render([("user", source)], VALUES, 100_000) == [("user", text)]
