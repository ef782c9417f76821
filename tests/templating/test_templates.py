"""Turns, variables, problems and rendering of templates."""

import asyncio
import os
import signal

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import TemplateError
from playground.templating.rendering import (
    Renderer,
    Variable,
    check,
    join_turns,
    normalise,
    split_turns,
    variables,
)
from playground.templating.worker import render as render_here
from playground.types.generation import Message
from playground.types.prompt import Turn
from tests.examples import examples

FEW_SHOT = """system:
Answer in one word.

{% for shot in shots %}
user:
{{ shot.q }}
assistant:
{{ shot.a }}
{% endfor %}

user:
{{ question }}
"""


def turns(*texts, role="user"):
    return tuple(Turn(role=role, template=text) for text in texts)


one_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def renderer():
    """One for all that only render; what is about its process takes a `fresh` one."""
    made = Renderer(seconds=2.0, chars=100_000)
    yield made
    await made.close()


@pytest.fixture
async def fresh():
    made = Renderer(seconds=2.0, chars=100_000)
    yield made
    await made.close()


def problem(text, known=None):
    (error,) = check(turns(text), known)
    return error


# --- splitting and joining ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", []),
        ("\n \n", []),
        ("\nBe kind.\n", [("system", "Be kind.")]),
        ("Be kind.\nuser:\nHi\n", [("system", "Be kind."), ("user", "Hi")]),
        ("\n\nuser:\nHi", [("user", "Hi")]),
        ("USER:\r\nHi\r\nthere\r\n", [("user", "Hi\nthere")]),
        ("# System:\na\n  user [name=bob]:  \nb", [("system", "a"), ("user", "b")]),
        ("user:\n\n  a\n\n  \n\n", [("user", "\n  a\n\n  ")]),
        ("user:\nassistant:\n", [("user", ""), ("assistant", "")]),
        (
            "user: not alone\nuser:\nx\nThe user:\ny",
            [("system", "user: not alone"), ("user", "x\nThe user:\ny")],
        ),
        ("user [bob]:\nx", [("system", "user [bob]:\nx")]),
        ("ſystem:\nuſer:\nx", [("system", "ſystem:\nuſer:\nx")]),
        ("user:\n{# a\nsystem:\n#}b", [("user", "{# a\nsystem:\n#}b")]),
        (
            "user:\n{% raw %}\nsystem:\n{% endraw %}{{ 'a\nuser:\n' }}",
            [("user", "{% raw %}\nsystem:\n{% endraw %}{{ 'a\nuser:\n' }}")],
        ),
        ("{% set a = 1 %}\nuser:\nb", [("system", "{% set a = 1 %}"), ("user", "b")]),
        ("{% set a %}\nuser:\n{% endset %}", [("system", "{% set a %}\nuser:\n{% endset %}")]),
        ("{{ a -}}\n user:\nb", [("system", "{{ a -}}"), ("user", "b")]),
        (
            "{% if a %}\nuser:\nb\nassistant:\nc",
            [("system", "{% if a %}"), ("user", "b"), ("assistant", "c")],
        ),
        ("{% endif %}\nuser:\nb", [("system", "{% endif %}"), ("user", "b")]),
        ("{{ a\nuser:\nb", [("system", "{{ a"), ("user", "b")]),
    ],
)
def test_role_lines_at_depth_zero_open_turns(body, expected):
    assert [(turn.role, turn.template) for turn in split_turns(body)] == expected


def test_a_loop_that_emits_messages_stays_one_turn():
    assert [turn.role for turn in split_turns(FEW_SHOT)] == ["system", "user"]


def test_a_pasted_body_in_a_turn_becomes_turns():
    pasted = normalise(turns("before\nsystem:\nBe kind.\n\nuser:\nHi\n"))
    assert [(turn.role, turn.template) for turn in pasted] == [
        ("user", "before"),
        ("system", "Be kind."),
        ("user", "Hi"),
    ]
    assert normalise(turns("\nassistant:\nYes"))[0].role == "assistant"


PIECES = st.sampled_from(
    ["a", " ", "\n", "\n\n", "{{ x }}", "{{- x -}}", "{# c\nuser:\n#}", "user:", "\nuser:\n", "\nSystem:\n"]
    + [
        "{% for s in t %}\nuser:\n{{ s }}\n{% endfor %}",
        "{% raw %}{{\nsystem:\n{% endraw %}",
        "\r\n",
        "ß🙂\u200d",
    ]
    + [
        "{% set y = 1 -%}",
        "{% set z %}\nuser:\n{% endset %}",
        "\n# assistant [a=b]:\n",
        "{% if x %}b{% endif %}",
    ]
)
BROKEN = st.sampled_from(["{{", "{%", "{#", "#}", "'", "{% if x %}", "{% endfor %}", "{% raw %}", "-%}"])
WHOLE_TURNS = st.lists(
    st.builds(
        Turn,
        role=st.sampled_from(["system", "user", "assistant"]),
        template=st.lists(PIECES, max_size=6).map("".join),
    ),
    max_size=4,
).map(tuple)


@given(WHOLE_TURNS)
def test_a_body_gives_back_its_turns(written):
    assert split_turns(join_turns(written)) == normalise(written)
    assert normalise(normalise(written)) == normalise(written)


@given(
    st.lists(st.one_of(PIECES, BROKEN, st.just("\nuser:\n"), st.text(max_size=3)), max_size=12).map("".join)
)
def test_splitting_loses_no_line_of_a_broken_body(body):
    lines = [line for line in body.replace("\r", "\n").split("\n") if line.strip()]
    kept = [line for line in join_turns(split_turns(body)).split("\n") if line.strip()]
    for line in lines:
        if "user:" not in line.lower() and "system:" not in line.lower() and "assistant" not in line:
            assert line in kept
            kept.remove(line)


# --- variables ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{ b }} {{ a }} {{ b }}", ["b", "a"]),
        (
            "{% for s in shots %}{{ s.q }}{{ loop.index }}{% else %}{{ none_left }}{% endfor %}",
            ["shots", "none_left"],
        ),
        ("{% for s in s %}{{ s }}{% endfor %}", ["s"]),
        ("{% set a = a %}{{ a }}", ["a"]),
        ("{{ a }}{% set a = 1 %}", ["a"]),
        ("{% for x in xs %}{% set n = x %}{% endfor %}{{ n }}", ["xs", "n"]),
        ("{% set t %}{{ y }}{% endset %}{{ t }}", ["y"]),
        ("{% macro m(p, q=z) %}{{ p }}{{ caller() }}{% endmacro %}{{ m(1) }}", ["z"]),
        ("{% call(u) m() %}{{ u }}{% endcall %}", ["m"]),
        ("{% with k = v %}{{ k }}{% endwith %}{{ k }}", ["v", "k"]),
        ("{% filter replace(old, 'x') %}{{ body }}{% endfilter %}", ["old", "body"]),
        ("{% set ns = namespace(n=0) %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{{ range(2)|list }}", []),
        ("{{ yes if test else no }}", ["yes", "test", "no"]),
        ("{{ lipsum }}{{ x.y }}{{ f(k=w) }}", ["lipsum", "x", "f", "w"]),
        ("{{ 10**10**10 }}{{ name }}", ["name"]),
    ],
)
def test_variables_are_the_names_a_template_reads_but_does_not_set(text, names):
    assert [variable.name for variable in variables(turns(text))] == names


def test_variables_know_their_place_and_a_set_is_seen_by_later_turns():
    found = variables(
        turns("{% set tone = 'calm' %}\n  {{ who }}", "{{ tone }} {{ who }} {{ x.why }} {{ why }}")
    )
    assert found == [
        Variable("who", 0, 2, 6),
        Variable("x", 1, 1, 25, kind="object"),
        Variable("why", 1, 1, 37),
    ]


def test_a_variable_with_a_fallback_is_optional():
    found = variables(turns("{{ a|default('x') }}{% if b is defined %}{{ b }}{% endif %}{{ c }}"))
    assert [variable.optional for variable in found] == [True, True, False]


def test_variables_of_the_other_turns_are_found_beside_a_broken_one():
    assert [variable.name for variable in variables(turns("{{ a", "{{ b }}"))] == ["b"]


# --- check ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("a\n  {{ x", 2, 3, '"{{" is never closed.', 'Close it with "}}".'),
        ("{% for x in y", 1, 1, '"{%" is never closed.', 'Close it with "%}".'),
        ("a\n{% if x %}b\n", 2, 1, '"{% if %}" is never closed.', "Add {% endif %}."),
        ("a {# b", 1, 3, '"{#" is never closed.', 'Close the comment with "#}".'),
        ("a {% raw %} b", 1, 3, '"{% raw %}" is never closed.', "Add {% endraw %}."),
        ("{{ a b }}", 1, 6, 'expected "}}", found "b".', ""),
        ("{{ 'a }}", 1, 4, "a text in quotes is never closed.", "Add the closing quote."),
        ("{{ a ? b }}", 1, 6, "unexpected char '?'.", ""),
        ("\n{% fro x in y %}", 2, 4, 'there is no tag "fro" here.', 'Did you mean "for"?'),
        ("{{ a|uper }}", 1, 6, 'there is no filter "uper".', 'Did you mean "upper"?'),
        ("{% filter uper %}{% endfilter %}", 1, 11, 'there is no filter "uper".', 'Did you mean "upper"?'),
        ("{{ a is not evn }}", 1, 13, 'there is no test "evn".', 'Did you mean "even"?'),
        ("{% include 'x' %}", 1, 4, 'there is no prompt "x" in the library.', "Save one of that name."),
        ("{% from 'x' import y %}", 1, 4, 'there is no prompt "x" in the library.', "Save one of that name."),
        (
            "{%- extends 'x' %}",
            1,
            5,
            "extends is not available here.",
            'Write {% include "Name of a prompt@3" %}.',
        ),
        ("{{ " + "9" * 5000 + " }}", 1, 4, "this number is too long.", ""),
    ],
)
def test_a_problem_names_turn_line_and_column(text, line, column, message, hint):
    error = problem(text)
    assert (error.turn, error.line, error.column, error.hint) == (0, line, column, hint)
    assert error.message == f"User turn, line {line}, column {column}: {message}"


def test_a_name_without_a_value_is_a_problem_with_the_nearest_name():
    error = problem("Hello\nabout order {{ order_nr }}", known=["order_no", "name"])
    assert str(error) == 'User turn, line 2, column 16: "order_nr" has no value. Did you mean "order_no"?'


def test_values_are_only_checked_when_they_are_known():
    assert check(turns("{{ a }}")) == []
    assert check(turns("{{ a|default(1) }}{{ b }}"), ["b"]) == []


def test_every_turn_is_checked_and_turns_of_one_role_are_numbered():
    errors = check(turns("{{ a", "{{ b|x1 }}\n{{ c|x2 }}", "{% if %}"), known=[])
    assert [(error.turn, error.line) for error in errors] == [(0, 1), (1, 1), (1, 1), (1, 2), (1, 2), (2, 1)]
    assert errors[1].message.startswith("User turn 2, line 1, column ")


@pytest.mark.parametrize(
    "text", ["{{ " + "(" * 5000 + " }}", "{{ a" + ".b" * 5000 + " }}", "{{ " + "not " * 5000 + "a }}"]
)
def test_deep_nesting_is_a_problem_and_no_crash(text):
    assert all("nested" in error.message for error in check(turns(text)))


@given(st.lists(st.one_of(PIECES, BROKEN, st.text(max_size=4)), max_size=8).map("".join))
def test_checking_any_text_gives_problems_and_never_raises(text):
    for error in check(turns(text), known=["x"]):
        assert error.turn == 0
        assert error.line is None or 1 <= error.line <= text.count("\n") + text.count("\r") + 1


# --- rendering ------------------------------------------------------------------------------------------


@one_loop
async def test_a_loop_over_examples_opens_messages(renderer):
    shots = [{"q": "1+1?", "a": "two\n"}, {"q": "Sky?", "a": "blue"}]
    messages = await renderer.render(split_turns(FEW_SHOT), {"shots": shots, "question": "Grass?"})
    assert messages == (
        Message("system", "Answer in one word."),
        Message("user", "1+1?"),
        Message("assistant", "two\n"),
        Message("user", "Sky?"),
        Message("assistant", "blue"),
        Message("user", "Grass?"),
    )


@one_loop
async def test_white_space_of_a_turn_is_exact(renderer):
    messages = await renderer.render(turns("  a\n\n {{ x }}  ", "{{- x }}"), {"x": "\n b \n"})
    assert [message.content for message in messages] == ["  a\n\n \n b \n  ", "\n b \n"]


@one_loop
async def test_blank_system_and_assistant_messages_go_and_an_empty_user_message_stays(renderer):
    written = (*turns("{{ x }}", role="system"), *turns("{{ x }}"), *turns(" \n", role="assistant"))
    assert await renderer.render(written, {"x": ""}) == (Message("user", ""),)
    assert await renderer.render((), {}) == ()


@one_loop
async def test_a_user_turn_that_only_holds_a_loop_of_turns_sends_nothing_of_its_own(renderer):
    loop = "{% for q in questions %}\nuser:\n{{ q }}\n{% endfor %}"
    messages = await renderer.render(turns(loop), {"questions": ["one", "two"]})
    assert messages == (Message("user", "one"), Message("user", "two"))


@one_loop
async def test_a_set_in_one_turn_is_seen_in_the_next(renderer):
    messages = await renderer.render(turns("{% set n = 2 * 3 %}a", "{{ n }}"), {})
    assert [message.content for message in messages] == ["a", "6"]


@one_loop
async def test_a_macro_can_emit_messages(renderer):
    text = "{% macro shot(q) %}\nuser:\n{{ q }}\nassistant:\nok{% endmacro %}{{ shot('a') }}{{ shot('b') }}"
    messages = await renderer.render(turns(text, role="system"), {})
    assert [message.role for message in messages] == ["user", "assistant"] * 2
    assert [message.content for message in messages] == ["a", "ok", "b", "ok"]


@one_loop
async def test_marks_do_not_change_what_a_filter_measures(renderer):
    text = "{% set s %}ab\n{% endset %}{{ s|length }}{% filter upper %}\nassistant:\nx{% endfilter %}"
    assert await renderer.render(turns(text), {}) == (Message("user", "3"), Message("assistant", "X"))


@one_loop
async def test_json_keeps_its_characters(renderer):
    (message,) = await renderer.render(turns("{{ x|tojson }}"), {"x": {"k": "<é & 'ü'>"}})
    assert message.content == '{"k": "<é & \'ü\'>"}'


@one_loop
async def test_values_of_every_json_kind_can_be_printed(renderer):
    text = "{{ a }} {{ b }} {{ c }} {{ d }} {{ e.f }}{% if not b %}!{% endif %}"
    (message,) = await renderer.render(
        turns(text), {"a": 1.5, "b": False, "c": None, "d": [1, "x"], "e": {"f": 7}}
    )
    assert message.content == "1.5 False None [1, 'x'] 7!"


@pytest.mark.parametrize(
    "value", [object(), {1: 2}, (1,), {"a": {"b": b"x"}}, 10**2000, type("S", (str,), {})("x"), lambda: 1]
)
@one_loop
async def test_values_beyond_json_are_refused(renderer, value):
    with pytest.raises(TemplateError, match='The value of "x" cannot be used'):
        await renderer.render(turns("{{ x }}"), {"x": value})


@one_loop
async def test_a_value_that_holds_itself_is_refused(renderer):
    loop = []
    loop.append(loop)
    with pytest.raises(TemplateError, match="nested more than"):
        await renderer.render(turns("{{ x }}"), {"x": loop})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nb {{ nam }}", 'User turn, line 2, column 6: "nam" has no value. Did you mean "name"?'),
        ("{{ 1 }}\n{{ nam.x }}", 'User turn, line 2, column 4: "nam" has no value. Did you mean "name"?'),
        ("{{ name.x }}", 'User turn, line 1, column 9: there is no "x" in this text.'),
        (
            "\n{% for x in n %}{% endfor %}",
            "User turn, line 2: a number has no items to go through. Give it a list.",
        ),
        ("{{ 1 / 0 }}", "User turn, line 1: division by zero. Test the divisor with {% if %} first."),
        (
            "{{ name + 1 }}",
            'User turn, line 1: a text and a number cannot be added. Join texts with "~", lists with "+".',
        ),
        ("{{ name.upper }}", 'User turn, line 1: this is a function, not a text; call it with "()".'),
        (
            "{{ [1]|map('upper') }}",
            'User turn, line 1: this cannot be printed as it is; add "|list" or "|join(…)".',
        ),
        ("{{ a b }}", 'User turn, line 1, column 6: expected "}}", found "b".'),
        ("{{ name|nope }}", 'User turn, line 1, column 9: there is no filter "nope".'),
        (
            "\n{% for i in range(10**9) %}{% endfor %}",
            "User turn, line 2: a range of more than 100,000 numbers is not available.",
        ),
    ],
)
@one_loop
async def test_an_error_while_rendering_says_where_and_what(renderer, text, message):
    with pytest.raises(TemplateError) as caught:
        await renderer.render(turns(text), {"name": "Ada", "n": 3})
    assert str(caught.value) == message
    assert caught.value.turn == 0


@one_loop
async def test_an_error_in_a_later_turn_names_that_turn(renderer):
    with pytest.raises(TemplateError, match="Assistant turn, line 3, column 4") as caught:
        await renderer.render((*turns("a\nb"), *turns("\n\n{{ x }}{{ 1 + 1 }}", role="assistant")), {})
    assert (caught.value.turn, caught.value.line, caught.value.column) == (1, 3, 4)


@one_loop
async def test_a_block_does_not_span_turns(renderer):
    with pytest.raises(TemplateError, match="User turn 1, line 1, column 1: .*never closed"):
        await renderer.render(turns("{% if true %}a", "b{% endif %}"), {})


@one_loop
async def test_the_rendered_size_is_capped_in_both_places(renderer):
    for text in ("{{ x }}{{ x }}", "{% for i in [1, 2] %}{{ x }}{% endfor %}"):
        assert len((await renderer.render(turns(text), {"x": "a" * 50_000}))[0].content) == 100_000
        with pytest.raises(TemplateError, match="longer than 100,000 characters"):
            await renderer.render(turns(text), {"x": "a" * 50_001})


def test_a_turn_with_a_flood_of_tags_is_refused_at_once():
    assert problem("{{ a }}" * 2001).message == "User turn, line 1: more than 2,000 tags in one turn."
    assert len(variables(turns("".join(f"{{{{ v{n} }}}}" for n in range(2000))))) == 2000


async def test_a_long_prompt_renders_whole():
    renderer = Renderer(seconds=20.0, chars=4_000_000)
    text = "wörd 🙂 " * 150_000
    for ending in ("{{ x }}", "{{ x|upper }}"):
        (message,) = await renderer.render(turns(text + ending), {"x": "END"})
        assert message.content == text + "END"
    await renderer.close()


# --- the child process ----------------------------------------------------------------------------------

LOOP = "{% for i in range(n) %}{{ i }}{% endfor %}"
BOMB = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


async def test_plain_templates_need_no_child(fresh):
    await fresh.render(turns("{{ a }}{% if a %}{{ a.b }}{% else %}x{% endif %}"), {"a": {"b": 1}})
    assert fresh._child is None


async def test_renderings_share_one_child_and_wait_for_each_other(fresh):
    results = await asyncio.gather(*(fresh.render(turns(LOOP), {"n": n}) for n in range(1, 9)))
    assert [result[0].content for result in results] == ["01234567"[:n] for n in range(1, 9)]
    first = fresh._child
    await fresh.render(turns(LOOP), {"n": 1})
    assert fresh._child is first


async def test_a_time_bomb_is_stopped_and_the_next_rendering_works():
    renderer = Renderer(seconds=0.3, chars=1000)
    with pytest.raises(TemplateError, match="longer than 0.3 s"):
        await renderer.render(turns(BOMB), {})
    renderer.seconds = 5.0
    assert (await renderer.render(turns(LOOP), {"n": 3}))[0].content == "012"
    await renderer.close()


async def test_a_cancelled_rendering_leaves_nothing_behind():
    renderer = Renderer(seconds=30.0, chars=1000)
    await renderer.render(turns(LOOP), {"n": 1})
    task = asyncio.create_task(renderer.render(turns(BOMB), {}))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await renderer.render(turns(LOOP), {"n": 3}))[0].content == "012"
    await renderer.close()


async def test_a_killed_child_is_replaced(fresh):
    await fresh.render(turns(LOOP), {"n": 1})
    os.kill(fresh._child.pid, signal.SIGKILL)
    with pytest.raises(TemplateError, match="Rendering was stopped"):
        await fresh.render(turns(LOOP), {"n": 2})
    assert (await fresh.render(turns(LOOP), {"n": 3}))[0].content == "012"


async def test_closing_ends_the_child_and_may_be_repeated():
    renderer = Renderer(seconds=2.0, chars=1000)
    await renderer.close()
    await renderer.render(turns(LOOP), {"n": 1})
    child = renderer._child
    await renderer.close()
    await renderer.close()
    assert child.returncode is not None


# --- values never open a turn ---------------------------------------------------------------------------

VALUES = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            ["\n", "\r\n", "system:", "user:", "# assistant:", "{{ 7*7 }}", "{% endfor %}", "{#", "\x00"]
        )
        | st.sampled_from(
            ["\ue000", "0" * 39, "1", "🙂", "\u200d", "\u202e", "\u05d0", "\ud800", "\u2028", "ᏽ"]
        ),
        max_size=8,
    ).map("".join),
)


@settings(max_examples=examples(200))
@given(VALUES, VALUES, VALUES)
def test_no_value_changes_the_messages_and_every_value_arrives_exactly(q, a, question):
    pairs = [
        (turn.role, turn.template)
        for turn in split_turns(FEW_SHOT.replace("{{ shot.a }}", "A: {{ shot.a }}"))
    ]
    values = {"shots": [{"q": q, "a": a}, {"q": a, "a": q}], "question": question}
    assert render_here(pairs, values, 10_000) == [
        ("system", "Answer in one word."),
        ("user", q),
        ("assistant", f"A: {a}"),
        ("user", a),
        ("assistant", f"A: {q}"),
        ("user", question),
    ]


@pytest.mark.parametrize("text", ["{{ x }}", "{% for i in [1] %}{{ x }}{% endfor %}"])
@pytest.mark.parametrize(
    "value",
    [
        "{{ 7*7 }}{% if %}{#",
        "a\nsystem:\nb",
        "a\r\nsystem:\r\nb",
        "\x00\x07",
        "👩‍👩‍👧",
        "\u202eشكرا\u200f",
        "\ud83d",
        "\n\n",
    ],
)
@one_loop
async def test_hard_values_survive_both_ways_of_rendering(renderer, text, value):
    assert await renderer.render(turns(text), {"x": value}) == (Message("user", value),)
