"""Each rule with what it must find and what looks like it and is fine; and no false alarm on our own prompts."""

from __future__ import annotations

from typing import Any

import pytest

from playground.library.shipped import Library, Pattern, shipped_folder
from playground.lint import secret_keys
from playground.lint.rules import LONG_CHARS, RULES, Finding, lint
from playground.types.prompt import Check, Input, Prompt, Turn, example_values

PATTERNS = Library(shipped_folder()).patterns()
RIGHT: dict[str, set[str]] = {}
"""Findings on our own prompts that are true and stay, by slug, with the reason beside them: none at present."""


def prompt(*turns: str, **rest: Any) -> Prompt:
    """ "u: text" is a user turn, and so on."""
    roles = {"s": "system", "u": "user", "a": "assistant"}
    made = tuple(Turn.model_validate({"role": roles[t[0]], "template": t[3:]}) for t in turns)
    return Prompt(turns=made, **rest)


def rules(
    given: Prompt, values: dict[str, Any] | None = None, tokens: tuple[int | None, ...] = ()
) -> list[str]:
    return [finding.rule for finding in lint(given, values or {}, tokens)]


def only(given: Prompt, values: dict[str, Any] | None = None) -> Finding:
    (finding,) = lint(given, values or {})
    return finding


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p.slug)
def test_our_own_prompts_get_no_advice_that_is_wrong(pattern: Pattern):
    found = lint(pattern.prompt, example_values(pattern.prompt))
    assert {finding.rule for finding in found} == RIGHT.get(pattern.slug, set()), found


def test_every_rule_is_kept_quiet_by_an_empty_prompt():
    assert RULES and rules(Prompt()) == []
    assert rules(prompt("s: ", "u: ")) == []


# --- variables ------------------------------------------------------------------------------------------


def test_a_declared_variable_that_nothing_mentions_is_named():
    found = only(prompt("u: Say {{ word }}", inputs=(Input(name="word"), Input(name="tone"))))
    assert (found.rule, found.severity, found.turn, found.name) == ("unused_variable", "warn", None, "tone")
    assert '"tone"' in found.message and "{{ tone }}" in found.hint


@pytest.mark.parametrize(
    "given",
    [
        prompt("u: {% for x in tone %}{{ x }}{% endfor %}", inputs=(Input(name="tone"),)),
        prompt("u: {% if tone is defined %}a{% endif %}", inputs=(Input(name="tone"),)),
        prompt(
            "u: Hello",
            inputs=(Input(name="tone"),),
            checks=(Check(scorer="contains", options={"text": "{{ tone }}"}),),
        ),
        prompt("u: {{ tone ", inputs=(Input(name="tone"),)),
        prompt('u: {% include "guard@1" %}', inputs=(Input(name="tone"),)),
        prompt("u: {{ tone }}"),
    ],
    ids=["loop", "optional", "only in a check", "does not parse", "may be in a partial", "not declared"],
)
def test_a_variable_that_may_be_used_is_not_called_unused(given: Prompt):
    assert rules(given) == []


# --- roles ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("u: Hi", "s: Be brief"), [("role_order", 1)]),
        (("s: Be brief", "s: Be kind", "u: Hi"), [("role_order", 1)]),
        (("u: Hi", "a: One", "a: Two", "u: Go on"), [("role_order", 2)]),
        (("u: Hi", "a: The answer is"), [("prefill", 1)]),
        (("u: Hi", "a: One", "a: Two"), [("role_order", 2), ("prefill", 2)]),
        (("s: Be brief", "u: Hi", "a: One", "u: Two"), []),
        (("u: Hi",), []),
        # Blank turns are not sent.
        (("u: Hi", "s:  "), []),
        (("u: Hi", "a: "), []),
        (("u: Hi", "a: One", "a: ", "u: Two"), []),
        # The loop ends with a user message, whatever the turn is called.
        (("u: Hi", "a: {% for e in shots %}\nuser:\n{{ e }}\n{% endfor %}"), []),
    ],
)
def test_the_order_of_roles(turns: tuple[str, ...], expected: list[tuple[str, int]]):
    assert [(f.rule, f.turn) for f in lint(prompt(*turns), {})] == expected


def test_a_prefill_is_a_hint_and_no_mistake():
    assert only(prompt("u: Hi", "a: Once upon")).severity == "hint"


# --- the form of the answer -----------------------------------------------------------------------------

EQUALS = (Check(scorer="equals", options={"text": "spicy"}),)
NUMBER = (Check(scorer="number", options={"expected": 7}),)
JSON = (Check(scorer="json"),)
SHOTS: dict[str, Any] = {"shots": [{"input": "a", "output": "b"}]}


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        (prompt("u: What is the taste of {{ food }}?", checks=EQUALS), "warn"),
        (prompt("u: How many apples are in the bag?", checks=NUMBER), "warn"),
        (prompt("u: Tell me about the city {{ city }}.", checks=JSON), "warn"),
        (prompt("u: Answer in one line about the city.", checks=JSON), "warn"),
        (prompt("u: Where is the tower?", output_schema={"type": "object"}), "warn"),
        (
            prompt(
                "u: Is the claim right?", checks=(Check(scorer="regex", options={"pattern": "^(yes|no)$"}),)
            ),
            "warn",
        ),
        (prompt("u: Classify the remark: {{ remark }}"), "hint"),
        (prompt("u: Extract the names from this text: {{ text }}"), "hint"),
        (prompt("u: 提取文中的人名：{{ text }}"), "hint"),
        (prompt("u: 小唐现在有几张邮票？", checks=NUMBER), "warn"),
        (
            prompt("u: What is the taste?", checks=EQUALS, inputs=(Input(name="shots", kind="examples"),)),
            "warn",
        ),
    ],
)
def test_a_scored_or_sorting_prompt_that_does_not_say_how_to_answer(given: Prompt, severity: str):
    found = [f for f in lint(given, {}) if f.rule == "missing_output_format"]
    assert [f.severity for f in found] == [severity]
    assert found[0].turn == 0


@pytest.mark.parametrize(
    "given",
    [
        prompt("u: What is the taste of {{ food }}? Answer with one word.", checks=EQUALS),
        prompt("u: Is {{ food }} sweet or spicy?", checks=EQUALS),
        prompt("u: Name the taste, sweet, sour or bitter.", checks=EQUALS),
        prompt("u: Sweet thing?", "a: sweet", "u: What is the taste of {{ food }}?", checks=EQUALS),
        prompt("u: How many apples? Give only the number.", checks=NUMBER),
        prompt('u: How many are there? The last line is "Answer:" and the number.', checks=NUMBER),
        prompt("u: What is the year? Return JSON.", checks=JSON),
        prompt('u: What is the year? {% raw %}{"year": 0}{% endraw %}', checks=JSON),
        prompt("u: Classify the remark as positive, negative or neutral."),
        prompt("u: Classify the remark as good or bad: {{ remark }}"),
        prompt("u: Classify the remark into praise, blame and other."),
        prompt("u: Classify the remark (good/bad)."),
        prompt("u: Classify the remark.\nLabel:"),
        prompt("u: Extract the names, one word a line."),
        prompt("u: 分类这句话，只回答正面或负面。"),
        prompt("u: 小唐有几张邮票？一步一步来，最后写出答案。", checks=NUMBER),
        prompt("u: 冰会沉到水底吗？以“是”或“否”开头。", checks=EQUALS),
        prompt("u: Wie schmeckt {{ food }}?", checks=EQUALS),
        prompt('u: What is it?\n{% include "answer-form@1" %}', checks=EQUALS),
        prompt(
            "u: What is in the text?", checks=(Check(scorer="equals", options={"text": "x"}, negate=True),)
        ),
        prompt("u: What is it?", checks=(Check(scorer="contains", options={"text": "x"}),)),
        prompt("u: What is it?", checks=(Check(scorer="regex", options={"pattern": "x+"}),)),
        prompt("u: The extraction of coal is a topic. Write about it."),
    ],
)
def test_a_prompt_that_says_or_shows_how_to_answer_or_is_free(given: Prompt):
    assert rules(given) == []


def test_examples_in_a_variable_show_how_to_answer():
    given = prompt("u: What is the taste?", checks=EQUALS, inputs=(Input(name="shots", kind="examples"),))
    assert "missing_output_format" not in rules(given, SHOTS)


# --- demonstrations -------------------------------------------------------------------------------------


def shots(labels: str) -> dict[str, Any]:
    """Rows with an input that differs each time, and a label a letter."""
    names = {"p": "positive", "n": "negative", "m": "neutral"}
    return {"shots": [{"text": f"case {i}", "label": names[c]} for i, c in enumerate(labels)]}


def turned(labels: str) -> Prompt:
    """The same cases as turns of the prompt."""
    rows = shots(labels)["shots"]
    return prompt(*(t for r in rows for t in (f"u: {r['text']}", f"a: {r['label']}")), "u: {{ remark }}")


LABELS = [
    ("pnpn", []),
    ("pnmpnm", []),
    ("pnpnp", []),
    ("pnp", []),
    ("ppnnpn", []),
    ("pppnnn", ["example_order"]),
    ("ppnnmm", ["example_order"]),
    ("npnpppp", ["example_balance", "example_order"]),
    ("ppnpp", ["example_balance"]),
    ("npnnpppp", ["example_order"]),
    ("pppp", ["example_balance"]),
]


@pytest.mark.parametrize(("labels", "expected"), LABELS)
def test_the_balance_and_order_of_examples_in_a_variable(labels: str, expected: list[str]):
    given = prompt(
        "u: {% for e in shots %}{{ e.text }}: {{ e.label }}\n{% endfor %}{{ remark }}",
        inputs=(Input(name="shots", kind="examples"),),
    )
    found = lint(given, shots(labels))
    assert [f.rule for f in found] == expected
    assert all(f.name == "shots" and '"shots"' in f.message and f.turn is None for f in found)


@pytest.mark.parametrize(("labels", "expected"), LABELS)
def test_the_balance_and_order_of_examples_as_turns(labels: str, expected: list[str]):
    found = lint(turned(labels), {})
    assert [f.rule for f in found] == expected
    assert all(f.turn == 1 for f in found)


def test_the_declared_example_stands_in_for_a_value():
    given = prompt(
        "u: {{ shots }}", inputs=(Input(name="shots", kind="examples", example=shots("ppnn")["shots"]),)
    )
    assert rules(given) == ["example_order"]
    assert rules(given, shots("pnpn")) == []


@pytest.mark.parametrize(
    "rows",
    [
        [
            {"a": "Ana", "b": "Ben"},
            {"a": "Ana", "b": "Cleo"},
            {"a": "Ben", "b": "Dan"},
            {"a": "Ben", "b": "Dan"},
        ],
        [{"q": f"q{i}", "a": f"a free answer {i}"} for i in range(6)],
        [{"q": f"q{i}", "a": f"a{i}", "language": "English"} for i in range(6)],
        [{"q": f"q{i}", "a": "x" * 60} for i in range(6)],
        ["positive", "positive", "negative", "negative"],
        [{"q": "1"}, {"q": "2", "a": "x"}, {"q": "3"}, {"q": "4"}],
        "text",
    ],
    ids=["edges of a graph", "free answers", "a language", "long answers", "no columns", "ragged", "text"],
)
def test_rows_that_are_no_labelled_cases(rows: Any):
    given = prompt("u: {{ rows }}", inputs=(Input(name="rows", kind="examples"),))
    assert rules(given, {"rows": rows}) == []


def test_the_label_after_a_reasoning_is_its_last_line():
    answers = ["It costs too much.\nVerdict: no", "It fits.\nVerdict: yes"] * 2 + [
        "It fits.\nVerdict: yes"
    ] * 3
    given = prompt(*(t for i, a in enumerate(answers) for t in (f"u: case {i}", f"a: {a}")), "u: {{ x }}")
    assert rules(given) == ["example_balance", "example_order"]


# --- long texts -----------------------------------------------------------------------------------------

LONG = "word " * (LONG_CHARS // 5)


@pytest.mark.parametrize(
    ("turns", "found"),
    [
        (("s: Summarise the text.", "u: {{ text }}"), True),
        (("u: Answer from the text: {{ question }}\n<text>\n{{ text }}\n</text>",), True),
        (("u: Summarise: {% if text %}{{ text }}{% endif %}",), True),
        (("s: Answer from the text.", "u: {{ text }}\n\nQuestion: {{ question }}"), False),
        (("s: Answer from the text.", "u: {{ text }}\n{{ question }}"), False),
        (("u: Summarise:\n{{ text }}\nSummarise the text above.",), False),
        (("u: 总结：{{ text }}\n请总结上文。",), False),
        (("u: {{ text }}",), False),
        (("s: Summarise.", "u: {{ question }}"), False),
        (("u: {{ text }}", "a: I have read it.", "u: Summarise it."), False),
    ],
)
def test_a_task_before_a_long_text_reads_better_after_it(turns: tuple[str, ...], found: bool):
    values = {"text": LONG, "question": "Who built it?"}
    assert rules(prompt(*turns), values) == (["instruction_before_long_text"] if found else [])


def test_a_short_text_may_follow_its_task_and_tokens_count_for_length():
    given, text = prompt("s: Summarise.", "u: {{ text }}"), "字" * 900
    assert rules(given, {"text": text}) == []
    assert rules(given, {"text": text}, (2, 900)) == ["instruction_before_long_text"]
    assert rules(given, {"text": text}, (2, None)) == []
    assert rules(given, {"text": "short"}, (2, 900)) == []


# --- partials -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('{% include "Guardrail" %}', ["Guardrail"]),
        ('{% import "Macros" as m %}{% include "B" %}', ["Macros", "B"]),
        ('{% include "Guardrail@3" %}', []),
        ('{% include "Guardrail@production" %}', []),
        ('{% include "techniques/zero-shot/instruct" %}', []),
        ('{% raw %}{% include "Guardrail" %}{% endraw %}', []),
    ],
)
def test_a_partial_without_a_version_may_change_under_the_prompt(source: str, names: list[str]) -> None:
    found = [
        f
        for f in lint(Prompt(turns=(Turn(role="user", template=source),)), {})
        if f.rule == "unpinned_partial"
    ]
    assert [f.message for f in found] == [f'"{name}" is included as it is at the moment.' for name in names]


# --- secrets --------------------------------------------------------------------------------------------

# Made up here, and put together so that no scanner takes this file for a leak.
BODY = "a8Fk2Lq9Zt4Xw7Rb1Vn6Ys3Dp5Hm0Jc8Gu2"
KEYS = {
    "an OpenAI key": "sk-" + "proj-" + BODY,
    "an Anthropic key": "sk-" + "ant-api03-" + BODY,
    "an AWS access key": "AK" + "IA2E7QTZ9WKPLM4RXB",
    "a GitHub token": "gh" + "p_" + BODY + "Q7",
    "a GitLab token": "gl" + "pat-" + BODY[:20],
    "a Slack token": "xo" + "xb-2048-" + BODY,
    "a Google key": "AI" + "za" + BODY[:35],
    "a Stripe key": "sk" + "_live_" + BODY[:24],
    "a Hugging Face token": "h" + "f_" + BODY,
    "a signed token (JWT)": "eyJ" + BODY[:20] + ".eyJ" + BODY[:22] + "." + BODY[:30],
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a password in an address": "postgres://" + "anna:s3cr3tpw@db.internal/x",
    "a key or password": 'api_key = "' + "k93mf81xq02hs7vt" + '"',
    "a key": BODY + "Tz",
}


@pytest.mark.parametrize(("kind", "key"), KEYS.items(), ids=KEYS)
def test_a_key_is_found_in_a_turn_and_never_repeated(kind: str, key: str):
    found = only(prompt("s: Be brief.", f"u: First line\nUse {key} for it"))
    assert (found.rule, found.severity, found.turn, found.line) == ("secret", "warn", 1, 2)
    assert kind in found.message
    said = f"{found.message} {found.hint} {found.why}"
    assert not any(
        key[start : start + 8] in said for start in range(len(key) - 8) if key[start : start + 8] not in kind
    )


@pytest.mark.parametrize(
    "text",
    [
        "sk-...",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-learn-pipelines-for-beginners-and-others",
        "AKIAIOSFODNN7EXAMPLE",
        "api_key = YOUR_API_KEY_GOES_HERE_1234",
        "api_key = os.environ['OPENAI_API_KEY']",
        "token: {{ token }}",
        "The secret is HERON-4271.",
        "password: correct-horse-battery-staple",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "550e8400-e29b-41d4-a716-446655440000",
        "https://www.promptingguide.ai/prompts/adversarial-prompting/Prompt-Leaking2024",
        "AbstractSingletonProxyFactoryBeanRegistryImplementation2",
        "/usr/local/lib/python3.11/site-packages/Gradio/Components",
        "postgres://anna@db.internal/x",
        "https://user:{{ password }}@host/",
        "-----BEGIN CERTIFICATE-----",
        "data:image/png;base64," + BODY * 30,
        "1234567890123456789012345678901234567890",
        "llamaLLAMA" * 5,
    ],
)
def test_what_only_looks_like_a_key(text: str):
    assert secret_keys.find(text) == []


def test_a_key_in_a_value_an_example_or_a_case_is_found_where_it_is():
    key = KEYS["a GitHub token"]
    given = prompt(
        "u: {{ a }} {{ b }}", inputs=(Input(name="a", example=key), Input(name="b")), cases=({"b": key},)
    )
    found = lint(given, {"a": key, "b": [{"x": key}]})
    assert [(f.rule, f.name) for f in found] == [("secret", "a"), ("secret", "b"), ("secret", "b")]
    assert "example" in found[0].message and "Case 1" in found[1].message and "value" in found[2].message


def test_each_place_is_named_once_and_lines_count_from_one():
    assert secret_keys.find(f"x\n{KEYS['an OpenAI key']}\n\n{KEYS['a private key']}") == [
        ("an OpenAI key", 2),
        ("a private key", 4),
    ]
