"""Includes and imports of other prompts by name: what they render to, and what they refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from playground.errors import TemplateError
from playground.templating import worker
from playground.templating.rendering import (
    Partials,
    Renderer,
    check,
    partial_names,
    variables,
    written_out,
)
from playground.types.generation import Message
from playground.types.prompt import Turn

MACROS = "noise {% macro shout(text) %}{{ text|upper }}!{% endmacro %} {% macro low(text) %}{{ text|lower }}{% endmacro %}"
LIBRARY = Partials(
    {
        "Guardrail@3": "Be kind to {{ who }}.\nNever say {{ word }}.",
        "Macros": MACROS,
        "Outer": 'Before. {% include "Guardrail@3" %}',
        "Ouroboros": 'x {% include "Tail" %}',
        "Tail": 'y {% include "Ouroboros" %}',
        "Broken": "Hello {{ name",
        "Shots": "{% for shot in shots %}\nuser:\n{{ shot }}\nassistant:\nok\n{% endfor %}",
    },
    {"Long": ('the prompt "Long" has 3 turns, a partial has one.', "Keep its text in a single turn.")},
)


def turns(*sources: str) -> tuple[Turn, ...]:
    return tuple(Turn(role="user", template=source) for source in sources)


one_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    made = Renderer(5.0, 100_000)
    yield made
    await made.close()


@pytest.fixture
def count_parses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    seen: list[str] = []
    real = worker.parse
    monkeypatch.setattr(
        "playground.templating.partials.parse",
        lambda source, nonce="": seen.append(source) or real(source, nonce),
    )
    yield seen


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('{% include "Guardrail@3" %}', "Be kind to Ada.\nNever say no."),
        ('A\n{%- include "Guardrail@3" -%}\nB', "ABe kind to Ada.\nNever say no.B"),
        ('{% if who %}{% include "Outer" %}{% endif %}', "Before. Be kind to Ada.\nNever say no."),
        ('{% import "Macros" as m %}{{ m.shout(who) }} {{ m.low("B") }}', "ADA! b"),
        ('{% from "Macros" import shout %}{{ shout("a") }}', "A!"),
        ('{% from "Macros" import shout as cry, low %}{{ cry("a") }}{{ low("C") }}', "A!c"),
        ('{% for word in [1, 2] %}{% include "Guardrail@3" %} {% endfor %}', "Be kind to Ada.\nNever say 1. Be kind to Ada.\nNever say 2. "),
    ],
)  # fmt: skip
@one_loop
async def test_a_partial_renders_where_its_tag_stands(renderer: Renderer, source: str, text: str) -> None:
    values = {"who": "Ada", "word": "no"}
    assert check(turns(source), values, LIBRARY) == []
    assert await renderer.render(turns(source), values, LIBRARY) == (Message("user", text),)
    # Written out for a program without this library, the prompt says the same.
    plain = written_out(turns(source), LIBRARY)
    assert partial_names(plain) == []
    assert await renderer.render(plain, values) == (Message("user", text),)


@one_loop
async def test_a_partial_may_open_turns_as_a_loop_does(renderer: Renderer) -> None:
    made = await renderer.render(turns('{% include "Shots" %}'), {"shots": ["a", "user:\nb"]}, LIBRARY)
    assert [(m.role, m.content) for m in made] == [
        ("user", "a"), ("assistant", "ok"), ("user", "user:\nb"), ("assistant", "ok")
    ]  # fmt: skip


def test_the_variables_of_a_partial_are_asked_for_at_its_tag() -> None:
    found = variables(turns('Dear {{ title }}\n{% include "Outer" %}'), LIBRARY)
    assert [(v.name, v.line) for v in found] == [("title", 1), ("who", 2), ("word", 2)]


def test_the_names_of_partials_are_listed_once_in_order() -> None:
    source = (
        '{% include "B@2" %}{% raw %}{% include "no" %}{% endraw %}{% import "A" as a %}{% include "B@2" %}'
    )
    assert partial_names(turns(source, '{% from "C" import d %}')) == ["B@2", "A", "C"]


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ('a\nb {% include "Nothing" %}', 2, 'there is no prompt "Nothing" in the library.'),
        ('{% include "Long" %}', 1, 'the prompt "Long" has 3 turns, a partial has one.'),
        ('{% include "Ouroboros" %}', 1, '"Ouroboros" includes itself.'),
        ('{% include "Broken" %}', 1, 'in the prompt "Broken": "{{" is never closed.'),
        ("{% include who %}", 1, "include needs a name in quotes."),
        ('{% include ["Outer", "Macros"] %}', 1, "include needs a name in quotes."),
        ('{% from "Macros" import whisper %}', 1, 'there is no macro "whisper" in the prompt "Macros".'),
        ('{% extends "Outer" %}', 1, "extends is not available here."),
    ],
)
@one_loop
async def test_a_partial_that_cannot_be_used_is_a_problem_at_its_tag(
    renderer: Renderer, source: str, line: int, message: str
) -> None:
    [problem] = check(turns(source), {"who": 1, "word": 2}, LIBRARY)
    assert problem.line == line
    assert problem.message.endswith(message)
    with pytest.raises(TemplateError) as caught:
        await renderer.render(turns(source), {"who": 1, "word": 2}, LIBRARY)
    assert caught.value.message == problem.message


def test_partials_that_multiply_are_refused_before_they_fill_the_memory(count_parses: list[str]) -> None:
    doubling = {f"P{n}": f'{{% include "P{n + 1}" %}}' * 20 for n in range(7)} | {"P7": "x"}
    [problem] = check(turns('{% include "P0" %}'), (), Partials(doubling))
    assert "more than 200 partials" in problem.message
    assert len(count_parses) <= 202


@one_loop
async def test_a_value_cannot_include_anything(renderer: Renderer) -> None:
    made = await renderer.render(
        turns("{% if who %}{{ who }}{% endif %}"), {"who": '{% include "Outer" %}'}, LIBRARY
    )
    assert made == (Message("user", '{% include "Outer" %}'),)


@one_loop
async def test_a_partial_is_held_to_the_same_sandbox(renderer: Renderer) -> None:
    hostile = Partials({"Evil": "{{ ''.__class__.__mro__ }}"})
    with pytest.raises(TemplateError, match="may not be used|there is no"):
        await renderer.render(turns('{% include "Evil" %}'), {}, hostile)
