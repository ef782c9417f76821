"""Templates that try to leave the sandbox or to use up the machine: an error or harmless text, and life goes on."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from playground.errors import TemplateError
from playground.templating.rendering import Renderer, check, variables
from playground.types.generation import Message
from playground.types.prompt import Turn

VALUES = {"name": "Ada", "n": 3, "items": [1, 2], "ticket": {"id": 7}, "nothing": None}

ESCAPES = [
    # attribute walks
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ name['__class__'] }}",
    "{{ [].__class__.__base__ }}",
    "{{ {}.__class__.__bases__[0] }}",
    "{{ ().__class__.__base__.__subclasses__()[40]('/etc/passwd').read() }}",
    "{{ n.__class__.__init__.__globals__ }}",
    "{{ nothing.__class__ }}",
    "{{ ticket.items.__self__.__class__ }}",
    "{{ name.upper.__self__ }}",
    "{{ name.upper.__func__ }}",
    "{{ name['__cla' ~ 'ss__'] }}",
    "{{ name['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ name.__ｃlass__ }}",
    "{{ name.__𝓬𝓵𝓪𝓼𝓼__ }}",
    "{{ ''['__class__']['__mro__'][1] }}",
    "{{ name.__doc__ }}{{ name.__dir__() }}",
    "{{ name.__init_subclass__ }}",
    "{{ name.__reduce_ex__(2) }}",
    # filters that read attributes
    "{{ name|attr('__class__') }}",
    "{{ name|attr('\\x5f_class__')|attr('mro') }}",
    "{{ [name]|map(attribute='__class__')|list }}",
    "{{ [name]|map('attr', '__class__')|list }}",
    "{{ [name]|selectattr('__class__')|list }}",
    "{{ [name]|groupby('__class__')|list }}",
    "{{ [name, name]|sort(attribute='__class__') }}",
    "{{ [name]|sum(attribute='__class__') }}",
    "{{ [name]|join(attribute='__class__') }}",
    "{{ [name]|unique(attribute='__class__')|list }}",
    "{{ [name]|min(attribute='__class__.__mro__') }}",
    # format strings
    "{{ '{0.__class__}'.format(name) }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(namespace) }}",
    "{{ '{x.__class__}'.format_map({'x': name}) }}",
    "{{ ('{0.__class__}'|attr('format'))(name) }}",
    "{{ ['{0.__class__}']|map('format', name)|list }}",
    "{{ '{0.__class__}'|format(name) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(name) }}",
    "{{ ('{0.__class__}'|safe).format(name) }}",
    "{{ ('{0.__class__}'|e).format_map({'0': name}) }}",
    "{{ '%(a)s'|format(a=name.__class__) }}",
    # globals, template internals
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner.__init__.__globals__.os }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ namespace(a=1).__class__ }}",
    "{{ namespace()._Namespace__attrs }}",
    "{{ dict.__base__ }}",
    "{{ dict.mro() }}",
    "{{ dict|attr('fromkeys') }}",
    "{{ range.__class__ }}",
    "{{ range.__globals__ }}",
    "{{ range.__wrapped__ }}",
    "{{ self }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context.environment }}",
    "{% block b %}{{ super }}{{ self.b.__class__ }}{% endblock %}",
    "{{ request.application.__globals__ }}",
    "{{ config.items() }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ __builtins__ }}{{ __import__('os') }}",
    "{{ environment }}{{ context }}{{ resolve }}{{ missing }}",
    "{{ undefined_name._undefined_exception }}",
    "{{ (undefined_name|default(nothing)).__class__ }}",
    # loops and macros
    "{% for x in items %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in items %}{{ loop._iterator.__class__ }}{% endfor %}",
    "{% for x in items %}{{ loop._undefined.__init__ }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m.__class__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "{% macro m() %}{{ caller.__class__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m() %}{{ caller._func }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m() %}{{ varargs.__class__ }}{{ kwargs.__class__ }}{% endmacro %}{{ m(1, a=2) }}",
    "{{ (items|map('upper')).gi_frame }}",
    "{{ (items|map('upper')).gi_frame.f_back.f_globals }}",
    "{{ (items|batch(1)).gi_code }}",
    # changing what was given, other files
    "{{ items.append(4) }}",
    "{{ ticket.update({'id': 8}) }}",
    "{{ ticket.clear() }}",
    "{% set _ = items.pop() %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{% extends name %}",
    "{% set x %}{% include name %}{% endset %}",
    "{{ name|xmlattr }}",
    "{{ name|pprint }}",
    "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.__class__ }}",
    "{% set ticket.id = 9 %}",
    "{% autoescape true %}{{ name.__class__ }}{% endautoescape %}",
    "{% include ['/etc/passwd', name] %}",
    "{% include name ignore missing %}",
    "{% from '../../etc/passwd' import root with context %}",
    "{% import name as m %}{{ m.__class__ }}",
    "{% for x in items %}{{ loop.cycle.__func__.__globals__ }}{% endfor %}",
    "{% for x in items recursive %}{{ loop.__call__.__globals__ }}{% endfor %}",
    "{% with a=name.__class__ %}{{ a }}{% endwith %}",
    "{% filter attr('__class__') %}x{% endfilter %}",
    "{% set a, b = name.__class__, 1 %}{{ a }}",
    "{{ [name]|rejectattr('__class__.__mro__')|list }}",
    "{{ (name, name)|max(attribute='__class__') }}",
    "{{ {'a': name}|dictsort(by='__class__') }}",
    "{{ ticket|items|first|attr('__class__') }}",
    "{{ name.encode.__self__.__class__ }}",
    "{{ name.translate({65: name.__class__}) }}",
    "{{ name is callable and name.__class__ }}",
]

BOMBS = [
    "{{ 'x' * 10**10 }}",
    "{{ 10**10 * 'x' }}",
    "{{ [0] * 10**10 }}",
    "{{ 10**(10**10) }}",
    "{{ 2**(2**40) }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ '{:>10000000000}'.format(1) }}",
    "{{ '{:1000000000d}'.format(1) }}",
    "{{ 'x'|center(10**10) }}",
    "{{ 'x'.ljust(10**10) }}",
    "{{ 'x'.zfill(10**9) }}",
    "{{ 'a\\n'|indent(10**10) }}",
    "{{ ('x' * 40000000)|list }}",
    "{{ ('x' * 40000000).replace('x', 'y' * 1000) }}",
    "{{ range(10**9)|list }}",
    "{{ range(10**30) }}",
    "{{ range(0, 10**9, 1)|sum }}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
    "{% set ns = namespace(s='xxxxxxxxxx') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
    "{% set ns = namespace(n=3) %}{% for i in range(60) %}{% set ns.n = ns.n * ns.n %}{% endfor %}{{ ns.n }}",
    "{% set ns = namespace(n=3) %}{% for i in range(60) %}{% set ns.n = ns.n ** 2 %}{% endfor %}{{ ns.n }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(1) }}",
    "{% for x in [[[1]]] recursive %}{{ loop([[[1]]]) }}{% endfor %}",
    "{% for x in range(99999) %}{{ range(99999)|list|length }}{% endfor %}",
    "{{ (1.5 * 10**308) ** 5 }}",
    "{{ 0xf" + "f" * 20_000 + " }}",
    "{{ " + "9" * 10_000 + " }}",
    "{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}",
    "{{ " + "-" * 3_000 + "1 }}",
    "{{ " + "[" * 300 + "]" * 300 + " }}",
    "{{ name" + ".x" * 3_000 + " }}",
    "{% if n %}" * 400 + "{% endif %}" * 400,
    "{% for x in items %}" * 30 + "x" + "{% endfor %}" * 30,
    "{{ 1" + " + 1" * 3_000 + " }}",
    "{{ 'a'|" + "|".join(["upper"] * 3_000) + " }}",
    "{% filter upper %}{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}{% endfilter %}",
    "{{ ('(' * 30)|urlize }}{{ ('a' * 100000 ~ '@')|urlize }}{{ ('<' * 200000)|striptags }}",
    "{{ items|slice(10**9)|list }}",
    "{{ items|batch(10**10, 'x')|list }}",
    "{{ ('x ' * 999999)|wordwrap(1)|wordwrap(1)|length }}",
    "{{ name|round }}{{ n|round(10**9) }}",
    "{{ 10**4000|int }}{{ (10**4000) ** 4 }}",
]

# What would show that something of Python was reached: a class, a function, a module, an address, a file.
LEAK = re.compile(
    r"<class|<function|<module|<built-in|<bound|<slot|<method| at 0x|root:|uid=|jinja2|Traceback"
)


one_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    """One for all, as in the program: what a template leaves behind in the process is there for the next one."""
    made = Renderer(seconds=5.0, chars=100_000)
    yield made
    await made.close()


async def outcome(renderer: Renderer, text: str) -> tuple[Message, ...] | TemplateError:
    try:
        return await renderer.render((Turn(role="user", template=text),), VALUES)
    except TemplateError as error:
        return error


def assert_harmless(result: tuple[Message, ...] | TemplateError) -> None:
    if isinstance(result, TemplateError):
        assert result.message
        assert not LEAK.search(str(result)), str(result)
        assert "\n" not in str(result)
    else:
        assert [message.role for message in result] == ["user"]
        assert not LEAK.search(result[0].content), result[0].content[:200]


@one_loop
async def test_no_template_leaves_the_sandbox(renderer: Renderer) -> None:
    assert len(ESCAPES) >= 60
    for text in ESCAPES:
        assert_harmless(await outcome(renderer, text))
        assert await outcome(renderer, "{{ 1 + n }}") == (Message("user", "4"),), text
    assert VALUES == {"name": "Ada", "n": 3, "items": [1, 2], "ticket": {"id": 7}, "nothing": None}


@pytest.mark.parametrize("text", ESCAPES[:19])
@one_loop
async def test_a_walk_over_attributes_is_an_error(renderer: Renderer, text: str) -> None:
    result = await outcome(renderer, text)
    assert isinstance(result, TemplateError)
    assert result.turn == 0


@pytest.mark.parametrize("text", BOMBS, ids=[text[:40].replace("\n", " ") for text in BOMBS])
@one_loop
async def test_a_bomb_ends_and_the_next_rendering_works(
    renderer: Renderer, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderer, "seconds", 0.4)
    result = await outcome(renderer, text)
    assert_harmless(result)
    monkeypatch.setattr(renderer, "seconds", 10.0)
    assert await outcome(renderer, "{{ 1 + n }}") == (Message("user", "4"),)


@pytest.mark.parametrize("text", [*BOMBS[:20], *BOMBS[29:37], *ESCAPES[::5]])
def test_looking_at_a_hostile_template_runs_nothing(text):
    turns = (Turn(role="user", template=text),)
    assert all(error.message.startswith("User turn") for error in check(turns, known=VALUES))
    assert all(variable.name in text for variable in variables(turns))


@pytest.mark.parametrize(
    "text",
    ["{% for i in range(10**9) %}x{% endfor %}", "{{ range(10**30) }}", "{{ range(-(10**9), 5)|list }}"],
)
@one_loop
async def test_a_huge_range_is_refused_before_it_runs(renderer: Renderer, text: str) -> None:
    result = await outcome(renderer, text)
    assert str(result) == "User turn, line 1: a range of more than 100,000 numbers is not available."
