"""What is typed, dropped or stored can be long and strange: reading it is bounded and grows no faster than its length."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from playground.lint import secret_keys
from playground.lint.rules import MAX_FINDINGS, lint
from playground.templating import rendering as templates
from playground.templating.rendering import MAX_TURNS, check, is_quick, normalise, variables
from playground.templating.syntax import MAX_PROBLEMS, MAX_TAGS, MAX_WORDS, did_you_mean
from playground.types.prompt import Prompt, Turn

SHAPES: dict[str, Callable[[int], str]] = {
    "role lines": lambda n: "user:\nx\n" * n,
    "role lines beside tags": lambda n: "user:\n{{ a }}\n" * n,
    "a role and blanks": lambda n: "user" + " " * (10 * n),
    "lines that begin like roles": lambda n: ("user" + " " * 50 + "\n") * n,
    "filters in a chain": lambda n: "{{ x" + "|aa" * n + " }}",
    "filters on one line": lambda n: "{{ x|aa }}" * n,
    "names on one line": lambda n: "".join(f"{{{{ v{i} }}}}" for i in range(n)),
    "names on many lines": lambda n: "".join(f"{{{{ v{i} }}}}\n" for i in range(n)),
    "open blocks": lambda n: "{% if a %}" * n,
    "closed blocks": lambda n: "{% if a %}" * n + "{% endif %}" * n,
    "open braces": lambda n: "{{ " * n,
    "raw blocks": lambda n: "{% raw %}x{% endraw %}" * n,
    "comments": lambda n: "{# a #}" * n,
    "a long list": lambda n: "{{ [" + "a," * n + "] }}",
    "many operators": lambda n: "{{ a" + " ~ a" * n + " }}",
    "brackets": lambda n: "{{ " + "(" * n + "a" + ")" * n + " }}",
    "white space control": lambda n: "  {{- a -}}  " * n,
    "words": lambda n: "the answer or " * n,
    "keys": lambda n: "sk-aB3dE5fG7hI9jK1lM3nO5pQ7 " * n,
    "private keys": lambda n: "-----BEGIN PRIVATE KEY-----\n" * n,
    "quotes": lambda n: '"a ' * n,
}
WORK: dict[str, Callable[[tuple[Turn, ...]], Any]] = {
    "normalise": normalise,
    "check": lambda turns: check(normalise(turns), [f"v{i}x" for i in range(300)]),
    "variables": variables,
    "lint": lambda turns: lint(Prompt(name="x", turns=turns), {}),
}


def seconds(work: Callable[[tuple[Turn, ...]], Any], text: str) -> float:
    """Processor time."""
    start = time.process_time()
    work((Turn(role="user", template=text),))
    return time.process_time() - start


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("work", WORK)
def test_nothing_that_is_typed_takes_time_by_the_square_of_its_length(shape: str, work: str):
    short, long = SHAPES[shape](1_000), SHAPES[shape](8_000)
    small, large = seconds(WORK[work], short), seconds(WORK[work], long)
    # Eight times the length: linear work takes 8 times as long, quadratic 64 times. Little is noise, and what is too long
    # is measured once more.
    if large > 25 * max(small, 0.004):
        large = seconds(WORK[work], long)
    assert large <= 25 * max(small, 0.004), f"{small:.3f} s, then {large:.3f} s"


def turn(text: str) -> tuple[Turn, ...]:
    return (Turn(role="user", template=text),)


def test_a_prompt_with_too_many_turns_is_refused_with_both_numbers():
    problems = check(normalise(turn("user:\nx\n" * 50_000)))
    assert [p.message for p in problems] == [
        f"The prompt has 50,000 turns, and at most {MAX_TURNS:,} can be used."
    ]
    assert check(normalise(turn("user:\nx\n" * MAX_TURNS))) == []


def test_too_many_tags_or_characters_are_refused_with_both_numbers(monkeypatch: pytest.MonkeyPatch):
    many = tuple(t for _ in range(6) for t in turn("{{ a }}" * 1_999))
    assert "11,994 tags, and at most 10,000" in check(many)[0].message
    monkeypatch.setattr(templates, "MAX_CHARS", 10)
    assert "11 characters, and at most 10" in check(turn("x" * 11))[0].message
    assert check(turn("x" * 10)) == []


def test_one_turn_has_a_limit_for_tags_and_for_what_stands_inside_them():
    assert f"more than {MAX_TAGS:,} tags" in check(turn("{{ a }}" * (MAX_TAGS + 1)))[0].message
    assert f"more than {MAX_WORDS:,} words" in check(turn("{{ [" + "1," * MAX_WORDS + "] }}"))[0].message


@pytest.mark.parametrize(
    "text", ["{{ a|nofilter }}\n" * 1_999, "".join(f"{{{{ v{i} }}}}" for i in range(1_999))]
)
def test_of_many_problems_the_first_are_told_and_that_there_are_more(text: str):
    problems = check(turn(text), ())
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].message == "There are more problems than these."
    assert [p.line for p in problems[:3]] == ([1, 1, 2] if "nofilter" in text else [1, 1, 1])


def test_problems_of_many_turns_are_bounded_together():
    problems = check(tuple(t for _ in range(900) for t in turn("{{ a|nofilter }}{{ b|nofilter }}")))
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].message == "There are more problems than these."


def test_advice_and_keys_are_bounded():
    text = "sk-aB3dE5fG7hI9jK1lM3nO5pQ7 \n" * 2_000
    assert len(secret_keys.find(text)) == secret_keys.MAX_FOUND
    assert (
        len([f for f in lint(Prompt(name="x", turns=turn(text)), {}) if f.rule == "secret"]) == MAX_FINDINGS
    )


def test_a_guess_is_never_what_was_written():
    assert did_you_mean("name", ["name"]) == ""
    assert did_you_mean("name", ["name", "names"]) == 'Did you mean "names"?'
    assert did_you_mean("x" * 1_000, ["x" * 1_001]) == ""


def test_small_prompts_are_read_at_once_and_large_ones_are_not():
    assert is_quick(turn("{{ a }} " * 50))
    assert not is_quick(turn("{{ a }} " * 500))
    assert not is_quick(turn("x" * 100_000))
