"""Promptfoo configurations: prompts, tests and assertions both ways, CSV tests, and nothing that points elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import promptfoo, yaml_text
from playground.formats.base import Export
from playground.formats.cases import read_inputs
from playground.formats.literal import literal
from playground.formats.promptfoo_table import read_csv_tests
from playground.templating.rendering import variables
from playground.types.generation import Message
from playground.types.prompt import Check, Input, Prompt, Sampling, Turn
from tests.examples import examples
from tests.sampled import ran_with

CONFIG = r"""
description: Capitals
prompts:
  - "What is the capital of {{country}}? {{ country | dump }} {{ env.KEY }}"
  - label: chat
    raw: '[{"role": "system", "content": "Brief.\nuser:"}, {"role": "user", "content": "{{country}}"}, {"role": "tool", "content": "x"}]'
  - {id: named, raw: "- role: user\n  content: Capital of {{country}}", config: {a: 1}}
  - file://prompt.txt
  - prompts/*.txt
  - exec:./run.sh
  - {label: code, function: f}
  - chat.json
  - {raw: "file://x.py:main", label: y}
providers:
  - openai:gpt-4o
  - id: ollama:chat:qwen3
    config: {temperature: 0.5, num_predict: 9, repeat_penalty: 1.5, apiKey: "${env:KEY}", frob: 1}
defaultTest:
  vars: {tone: kind}
  assert:
    - {type: not-icontains, value: sorry, weight: 2}
    - {type: javascript, value: output.length}
    - {type: latency, threshold: 100}
tests:
  - description: first
    vars: {country: [France, Gallia], hint: "{{country}}!"}
    assert: [{type: contains, value: Paris, metric: m}, {type: is-json}, {type: regex, value: "x{{country}}"}]
  - vars: {country: Italy, secret: file://secret.txt}
    assert: [{type: contains, value: Rome}, {type: equals, value: Rome}, {type: contains, value: "{% if a %}"}]
  - file://more.csv
scenarios: []
outputPath: out.json
"""


def test_a_foreign_configuration_gives_one_reading_for_each_prompt_in_it() -> None:
    readings = promptfoo.read(CONFIG, "c.yaml")
    assert [reading.prompt.name for reading in readings] == ["", "chat", "named"]
    assert readings[1].prompt.turns == (
        Turn(role="system", template="Brief.\n{{ '' }}user:"),
        Turn(role="user", template="{{country}}"),
        Turn(role="user", template="x"),
    )
    assert readings[2].prompt.turns == (Turn(role="user", template="Capital of {{country}}"),)
    prompt = readings[1].prompt
    assert prompt.description == "Capitals"
    assert prompt.sampling == Sampling(temperature=0.5, max_tokens=9, repetition_penalty=1.5, seed=None)
    assert prompt.inputs == (Input(name="country", example="France"),)
    assert prompt.cases == (
        {"tone": "kind", "country": "France", "hint": "{{country}}!", "expected": "Paris", "expected_2": "xFrance"},
        {"tone": "kind", "country": "Gallia", "hint": "{{country}}!", "expected": "Paris", "expected_2": "xGallia"},
        {"tone": "kind", "country": "Italy", "expected": "Rome", "expected_3": "Rome"},
    )  # fmt: skip
    assert prompt.checks == (
        Check(scorer="contains", options={"ignore_case": True, "text": "sorry"}, negate=True, weight=2),
        Check(scorer="contains", options={"ignore_case": False, "text": "{{ expected }}"}),
        Check(scorer="regex", options={"ignore_case": False, "pattern": "{{ expected_2 }}"}),
        Check(scorer="equals", options={"ignore_case": False, "text": "{{ expected_3 }}"}),
    )


def test_everything_a_configuration_leaves_behind_is_named() -> None:
    readings = promptfoo.read(CONFIG, "c.yaml")
    shared = [loss.partition(":")[0] for loss in readings[1].losses]
    assert shared == [
        "providers.1.config.apiKey",
        "providers",
        "providers",
        "providers.config.frob",
        "assert contains.metric",
        "assert contains",  # its value is a template
        "tests.description",
        "tests.vars.hint",
        "tests.vars.secret",
        "tests",
        "defaultTest.assert javascript",
        "defaultTest.assert latency",
        "scenarios",
        "outputPath",
        *[f"prompt {number}" for number in (4, 5, 6)],
        "prompt 7.function",
        "prompt 7",
        "prompt 8",
        "prompt 9",
        "assert json",
        "prompt 2, message 3",
    ]
    own = [loss for loss in readings[0].losses if loss.startswith("prompt 1")]
    assert 'there is no filter "dump"' in own[0]
    assert own[1].startswith("prompt 1: env is refused")


def export() -> Export:
    prompt = Prompt(
        name="Capitals",
        description="Asks for a capital.",
        turns=(
            Turn(role="system", template="Be {{ tone }}.{% if brief %}\nBrief.{% endif %}"),
            Turn(role="user", template="Capital of {{ country | trim }}?"),
        ),
        inputs=(
            Input(name="tone", example="kind"),
            Input(name="brief", kind="boolean", example=True),
            Input(name="country", example="France"),
        ),
        cases=(
            {"tone": "kind", "brief": True, "country": "France", "expected": "Paris", "only": "x"},
            {"tone": "firm", "brief": False, "country": "Italy", "expected": "Rome"},
        ),
        checks=(
            Check(scorer="contains", options={"text": "{{ expected }}", "ignore_case": False}),
            Check(scorer="contains_any", options={"texts": ["a", "b"], "ignore_case": True}, negate=True, weight=2),
            Check(scorer="regex", options={"pattern": "^[A-Z]", "ignore_case": False}),
            Check(scorer="json_schema", options={"schema": {"type": "string"}}),
            Check(scorer="equals", options={"text": "{{ only }}", "ignore_case": False}),
        ),
        output_schema={"type": "object"},
        sampling=Sampling(top_k=40),
    )  # fmt: skip
    return Export(prompt=prompt, model="ollama:qwen3:4b", sampling=ran_with(top_k=40))


def test_the_written_configuration_equals_the_golden_one_and_reads_back(golden: Any) -> None:
    written = promptfoo.write(export())
    golden("capitals.promptfoo.yaml", written.text)
    assert (written.name, written.losses) == ("capitals.promptfoo.yaml", ())
    (reading,) = promptfoo.read(written.text)
    assert reading.prompt == export().prompt
    assert reading.losses == ("providers: 'ollama:chat:qwen3:4b'; the model is chosen when the prompt runs",)


texts = st.lists(
    st.sampled_from(["a", "/", "*", "{", "\n", " ", "user:", "\u00e9", ".txt", '"', "[", ": ", "}", "\\"]),
    min_size=1,
    max_size=5,
).map("".join)
templates = st.lists(
    st.one_of(
        texts.map(lambda text: literal(text.strip("\n{"))),
        st.sampled_from(["{{ a }}", "{{ b | upper }}", "{% if a %}x{% endif %}", "{% for c in d %}{{ c }}{% endfor %}"]),
    ),
    min_size=1,
    max_size=4,
).map("".join)  # fmt: skip
checks = st.builds(
    lambda row, negate, weight: Check(scorer=row[0], options=row[1], negate=negate, weight=weight),
    st.sampled_from(
        [
            ("equals", {"ignore_case": False, "text": "x"}),
            ("contains", {"ignore_case": True, "text": "{{ expected }}"}),
            ("contains", {"ignore_case": False, "text": "x"}),
            ("starts_with", {"ignore_case": False, "text": "x {{ a }}"}),
            ("contains_all", {"ignore_case": False, "texts": ["x", "{{ expected }}"]}),
            ("regex", {"ignore_case": False, "pattern": "a+b"}),
            ("json", {}),
            ("json_schema", {"schema": {"type": "string"}}),
        ]
    ),
    st.booleans(),
    st.sampled_from([1, 0.5, 3]),
)
safe = texts.filter(lambda text: "{{" not in text and "{%" not in text and text.strip())
rows = st.fixed_dictionaries(
    {"a": safe, "b": safe, "d": st.lists(safe, max_size=2), "expected": st.sampled_from(["x", "y"])}
)


@settings(max_examples=examples(80), deadline=None)
@given(
    texts,
    st.lists(st.builds(Turn, role=st.sampled_from(["system", "user", "assistant"]), template=templates), min_size=1, max_size=3),
    st.lists(rows, min_size=1, max_size=3),
    st.lists(checks, max_size=3),
    st.builds(Sampling, temperature=st.floats(0, 5), top_k=st.integers(0, 9), min_p=st.floats(0, 1), seed=st.none() | st.integers(0, 9)),
)  # fmt: skip
def test_a_prompt_with_cases_reads_back_equal(
    name: str, turns: list[Turn], cases: list[dict[str, Any]], found: list[Check], sampling: Sampling
) -> None:
    prompt = Prompt(
        name=name,
        turns=tuple(turns),
        inputs=read_inputs([variable.name for variable in variables(turns)], cases),
        cases=tuple(cases),
        checks=tuple(found),
        sampling=sampling,
    )
    written = promptfoo.write(Export(prompt=prompt, model="ollama:m", sampling=sampling))
    (reading,) = promptfoo.read(written.text)
    assert written.losses == ()
    assert reading.losses == ("providers: 'ollama:chat:m'; the model is chosen when the prompt runs",)
    assert reading.prompt == prompt


def test_what_promptfoo_cannot_hold_is_named_one_by_one() -> None:
    prompt = Prompt(
        turns=(Turn(role="user", template="{{ a }}"),),
        inputs=(Input(name="a", kind="choice", choices=("x",), example="file://x"),),
        cases=({"a": "{{ b }}", "wanted": ["x", "y"]},),
        checks=(
            Check(scorer="equals", options={"text": "x"}),
            Check(scorer="regex", options={"pattern": r"(?P<a>x)"}),
            Check(scorer="regex", options={"pattern": "x", "ignore_case": True}),
            Check(scorer="levenshtein", options={"text": "x"}),
            Check(scorer="json", options={"allow_fence": True}),
            Check(scorer="contains_any", options={"texts": "{{ wanted }}"}),
            Check(scorer="contains", options={"text": "{{ nobody }}"}),
            Check(scorer="json_schema", options={"schema": True}),
            Check(scorer="nothing"),
        ),
        family="f",
        metadata={"k": 1},
    )
    written = promptfoo.write(
        Export(prompt=prompt, model="vllm:m", sampling=ran_with(top_k=3, min_p=0.5), answer="A")
    )
    data = yaml_text.load(written.text, file="x")
    assert [loss.partition(":")[0] for loss in written.losses] == [
        "cases",
        "inputs.a.kind",
        "inputs.a.choices",
        "family",
        "metadata",
        "answer",
        *["checks"] * 9,
        "cases",
        "cases",
        "top_k",
        "min_p",
        "providers",
    ]
    assert data["tests"] == [
        {"vars": {}},
        {
            "vars": {"a": "{{ b }}", "wanted": ["x", "y"]},
            "assert": [{"type": "icontains-any", "value": ["x", "y"]}],
        },
    ]
    assert data["defaultTest"]["options"] == {"disableVarExpansion": True}
    assert [row["type"] for row in data["defaultTest"]["assert"]] == ["equals", "is-json"]
    assert data["providers"][0]["id"] == "openai:chat:m"


@pytest.mark.parametrize(
    "template",
    ["{% macro m() %}{% endmacro %}", "{{ a[1:] }}", "{{ a | title }}", "{% raw %}#}{% endraw %}", "{{ a|tojson }}", "{{ a.upper() }}", "{{ a is mapping }}", "{{ a is not number }}", "{{ 7 // 2 }}",
     "{{ env.X }}", "{% for a in b %}\nuser:\n{{ a }}{% endfor %}", "{% include 'p' %}", "{{ a"],
)  # fmt: skip
def test_a_turn_beyond_nunjucks_is_frozen_and_named_or_refused(template: str) -> None:
    prompt = Prompt(turns=(Turn(role="user", template=template),))
    with pytest.raises(PromptError, match="Turn 1 cannot be written for promptfoo"):
        promptfoo.write(Export(prompt=prompt))
    written = promptfoo.write(Export(prompt=prompt, messages=(Message("user", "{{ x }}"),)))
    raw = yaml_text.load(written.text, file="x")["prompts"][0]["raw"]
    assert json.loads(raw) == [{"role": "user", "content": "{{ '{{' }} x }}"}]
    assert "rendered with the values of this run" in written.losses[0]


def test_the_end_of_a_comment_in_a_text_is_written_as_a_value_because_nunjucks_would_stop_there() -> None:
    written = promptfoo.write(Export(prompt=Prompt(turns=(Turn(role="user", template="a #} {{ b }} #}"),))))
    (reading,) = promptfoo.read(written.text)
    assert reading.prompt.turns == (Turn(role="user", template="a {{ '#}' }} {{ b }} {{ '#}' }}"),)


def test_lists_multiply_cases_up_to_a_bound_unless_that_is_turned_off() -> None:
    head = "prompts: ['{{a}}{{b}}']\n"
    tests = "tests: [{vars: {a: [1, 2], b: [3, 4]}}]"
    (reading,) = promptfoo.read(head + tests)
    assert reading.prompt.cases == (
        {"a": 1, "b": 3},
        {"a": 1, "b": 4},
        {"a": 2, "b": 3},
        {"a": 2, "b": 4},
    )
    (reading,) = promptfoo.read(head + "defaultTest: {options: {disableVarExpansion: true}}\n" + tests)
    assert reading.prompt.cases == ({"a": [1, 2], "b": [3, 4]},)
    many = list(range(40))
    with pytest.raises(PromptError, match="more than 1,000 cases"):
        promptfoo.read(head + f"tests: [{{vars: {{a: {many}, b: {many}}}}}]", "x.yaml")
    (reading,) = promptfoo.read("prompts: [hi there]\ndefaultTest: {vars: {a: [1, 2]}}")
    assert reading.prompt.cases == ({"a": 1}, {"a": 2})


def test_an_assertion_that_only_some_tests_have_judges_only_these() -> None:
    (reading,) = promptfoo.read(
        "prompts: ['{{a}}']\n"
        "tests:\n"
        "  - {vars: {a: x}, assert: [{type: contains-any, value: 'p, q'}, {type: is-json}, {type: contains, value: same}]}\n"
        "  - {vars: {a: y}, assert: [{type: contains, value: same}]}\n"
    )
    assert reading.prompt.cases == ({"a": "x", "expected": ["p", "q"]}, {"a": "y"})
    assert reading.prompt.checks == (
        Check(scorer="contains_any", options={"ignore_case": False, "texts": "{{ expected }}"}),
        Check(scorer="contains", options={"ignore_case": False, "text": "same"}),
    )
    assert reading.losses == ("assert json: it stands in 1 of 2 tests; checks are for all",)


CSV = (
    "\ufeffcity, country ,__expected,__expected2,__description,__metric\n"
    'Paris,"France, EU",contains: Paris,not-icontains-any:sorry,first,m\n'
    "\n"
    "Rome,Italy,Rome,python: x,,\n"
    "Bern,file:///etc/passwd,similar(0.8): Bern,is-json,,\n"
)


def test_a_table_of_tests_becomes_cases_and_checks() -> None:
    cases, found, losses = read_csv_tests(CSV, "t.csv")
    assert cases == (
        {"city": "Paris", "country": "France, EU", "expected": "Paris", "expected_2": ["sorry"]},
        {"city": "Rome", "country": "Italy", "expected_3": "Rome"},
        {"city": "Bern"},
    )
    assert [check.options.get("text", check.options.get("texts")) for check in found] == [
        "{{ expected }}",
        "{{ expected_2 }}",
        "{{ expected_3 }}",
    ]
    assert [loss.partition(":")[0] for loss in losses] == [
        "__description",
        "__metric",
        "__expected2",
        "country",
        "__expected similar",
        "assert json",
    ]


@pytest.mark.parametrize(
    "text", ["", "a,b\n", "a,a\n1,2\n", "a,\n1,2\n", "a\n1,2\n", 'a\n"x\n', "a\n" + "x\n" * 1001, "a\n" + " " * 2_000_001]
)  # fmt: skip
def test_an_unusable_table_is_refused(text: str) -> None:
    with pytest.raises(PromptError, match="t.csv") as caught:
        read_csv_tests(text, "t.csv")
    assert caught.value.hint


def test_very_long_lists_are_cut_and_named_or_refused() -> None:
    (reading,) = promptfoo.read(
        "prompts: [a b]\ntests: [{assert: [" + "{type: contains, value: y}," * 101 + "]}]"
    )
    assert len(reading.prompt.checks) == 100
    assert reading.losses == ("assert: only the first 100 of a list are read",)
    with pytest.raises(PromptError, match="c.yaml holds more than 2,000 prompts"):
        promptfoo.read("prompts: [" + "a b," * 2001 + "]", "c.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a",
        "tests: []",
        "prompts:",
        "prompts: []",
        "prompts: [file://a.txt]",
        "prompts: {a.txt: b}",
        "prompts: [3]",
        "prompts: [a b]\nprompts: [c d]",
        "prompts: &a [x y]\nb: *a",
        "prompts: !!js/function 'x'",
    ],
)
def test_an_unusable_configuration_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(PromptError, match="c.yaml") as caught:
        promptfoo.read(text, "c.yaml")
    assert caught.value.hint


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.sampled_from(["equals", "not-contains", "is-json", "regex", "file://x", "{{ a }}", "("]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["raw", "label", "id", "config", "vars", "assert", "type", "value", "weight", "options", "a", "role", "content"]),
        inner,
        max_size=4,
    ),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=examples(150), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["description", "prompts", "providers", "defaultTest", "tests", "targets", "exec"]),
        anything,
    ),
    st.lists(anything, max_size=3),
    st.lists(
        st.fixed_dictionaries(
            {
                "vars": anything,
                "assert": st.lists(
                    st.dictionaries(
                        st.sampled_from(["type", "value", "weight"]), anything | st.just("contains")
                    ),
                    max_size=2,
                ),
            }
        ),
        max_size=3,
    ),
)
def test_any_mapping_reads_as_prompts_or_ends_in_a_prompt_error(
    data: dict[str, Any], providers: Any, tests: Any
) -> None:
    whole = {"prompts": ["Say {{ a }}"], "providers": providers, "tests": tests}
    for candidate in (data, data | whole):
        try:
            assert promptfoo.read(yaml_text.dump(candidate), "x")
        except PromptError as exc:
            assert exc.hint


@settings(max_examples=examples(100), deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ['"', ",", "\n", "a", "__expected", "contains:", "x", "not-", "regex:(", "\r", "\0", " "]
        )
    ).map("".join)
)
def test_any_table_reads_as_cases_or_ends_in_a_prompt_error(text: str) -> None:
    try:
        cases, _, _ = read_csv_tests("a,__expected\n" + text, "t.csv")
        assert cases
    except PromptError as exc:
        assert exc.hint
