"""GitHub Models prompts: `{{var}}` only, test data and evaluators both ways, everything else is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import github_models, yaml_text
from playground.formats.base import Export
from playground.formats.cases import read_inputs
from playground.formats.plain_jinja import Piece, join
from playground.templating import worker
from playground.templating.rendering import variables
from playground.types.generation import Message
from playground.types.prompt import Check, Input, Prompt, Sampling, Turn
from playground.types.scores import Score
from tests.examples import examples
from tests.sampled import ran_with

SOURCE = """\ufeffname: Sentiment
description: Judges a review.
model: openai/gpt-4o-mini
modelParameters: {temperature: 0.5, maxTokens: 4, topP: 0.9, frobnicate: 1}
messages:
  - role: system
    content: |
      One word, "{% raw %}" is text.
      user:
  - {role: user, content: "Review: {{review}} {{ review }} {{my-var}}", name: bob}
  - {role: tool, content: x}
testData:
  - {review: "Dull.\\nLong.", expected: negative}
  - {review: Fine., expected: positive}
evaluators:
  - {name: 'contains "{{ expected }}"', string: {contains: "{{expected}}"}}
  - {name: exact, string: {equals: 42}}
  - {name: end, string: {endsWith: "a.b"}}
  - {name: open end, string: {endsWith: "{{expected}}"}}
  - {name: two, string: {startsWith: x, contains: y, matches: z}}
  - {name: judge, llm: {modelId: x, prompt: p}}
  - {name: shared, uses: github/similarity}
  - {name: none, string: {}}
responseFormat: json_schema
jsonSchema: '{"name": "answer", "strict": true, "schema": {"type": "object"}}'
color: red
"""


def test_a_foreign_file_is_read_and_its_other_fields_are_losses() -> None:
    (reading,) = github_models.FORMAT.read(SOURCE, "x.prompt.yml") if github_models.FORMAT.read else ()
    prompt = reading.prompt
    assert (prompt.name, prompt.description) == ("Sentiment", "Judges a review.")
    assert prompt.turns == (
        Turn(role="system", template="One word, \"{{ '{%' }} raw %}\" is text.\n{{ '' }}user:"),
        Turn(role="user", template="Review: {{ review }} {{ review }} {{ '{{' }}my-var}}"),
        Turn(role="user", template="x"),
    )
    assert prompt.inputs == (Input(name="review", kind="long_text", example="Dull.\nLong."),)
    assert prompt.cases[1] == {"review": "Fine.", "expected": "positive"}
    assert prompt.sampling == Sampling(temperature=0.5, max_tokens=4, top_p=0.9, seed=None)
    assert prompt.output_schema == {"type": "object"}
    assert prompt.checks == (
        Check(scorer="contains", options={"text": "{{ expected }}", "ignore_case": True}),
        Check(scorer="equals", options={"text": "42", "ignore_case": False}),
        Check(scorer="regex", options={"pattern": r"a\.b\Z", "ignore_case": True}),
        Check(scorer="contains", options={"text": "y", "ignore_case": True}),
    )
    assert [loss.rpartition(": ")[0] for loss in reading.losses] == [
        "color",
        "model",
        "message 2.name",
        "message 2",
        "message 3",
        "evaluators: exact",
        "evaluators: end",
        "evaluators: open end.endsWith",
        "evaluators: two.startsWith",
        "evaluators: two.matches",
        "evaluators: two",
        "evaluators: judge",
        "evaluators: shared",
        "evaluators: none",
        "modelParameters.frobnicate",
        "jsonSchema.strict",
    ]


def export() -> Export:
    prompt = Prompt(
        name="Sentiment of a review",
        description="Judges a review.",
        turns=(
            Turn(role="system", template="Answer in one word.\nNothing else."),
            Turn(role="user", template="Review: {{ review }}"),
        ),
        inputs=(Input(name="review", example="The plot drags."),),
        cases=({"review": "The plot drags.", "expected": "negative"},),
        checks=(
            Check(scorer="contains", options={"text": "{{ expected }}", "ignore_case": True}),
            Check(scorer="starts_with", options={"text": "n", "ignore_case": True}),
            Check(scorer="equals", options={"text": "negative", "ignore_case": False}),
            Check(scorer="regex", options={"pattern": r"e\.\Z", "ignore_case": True}),
        ),
        output_schema={"type": "string"},
        sampling=Sampling(max_tokens=4, seed=None),
    )
    return Export(prompt=prompt, model="vllm:org/model", sampling=ran_with(max_tokens=4, seed=None))


def test_the_written_file_equals_the_golden_one_and_reads_back(golden: Any) -> None:
    written = github_models.write(export())
    golden("sentiment.prompt.yml", written.text)
    assert (written.name, written.losses) == ("sentiment-of-a-review.prompt.yml", ())
    reading = github_models.read(written.text)
    assert reading.prompt == export().prompt
    assert reading.losses == ("model: 'org/model'; the model is chosen when the prompt runs",)


TEXTS = [
    "a",
    "{",
    "}",
    "\n",
    " ",
    "{%",
    "{#",
    "user:",
    "\nuser:\n",
    "\u00e9",
    "\U0001f469",
    "|",
    ": ",
    "- ",
    "'",
]
plain = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=5).map("".join)
literal_text = plain.filter(lambda text: "{{" not in text)
names = ["review", "tone"]
pieces = st.one_of(
    literal_text.map(lambda text: ("text", text)), st.sampled_from(names).map(lambda name: ("value", name))
)


def turn_of(parts: list[tuple[str, str]]) -> str:
    return join(Piece(kind, text) for kind, text in parts).rstrip("\n")  # type: ignore[arg-type]


checks = st.one_of(
    st.builds(
        lambda scorer, text: Check(scorer=scorer, options={"text": text, "ignore_case": scorer != "equals"}),
        st.sampled_from(["equals", "contains", "starts_with"]),
        st.sampled_from(["yes", "{{ expected }}", "a.b (c)"]),
    ),
    st.just(Check(scorer="regex", options={"pattern": r"a\.b\Z", "ignore_case": True})),
)
cases = st.fixed_dictionaries({name: plain for name in names} | {"expected": st.sampled_from(["x", "y"])})


@settings(max_examples=examples(80), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.lists(pieces, min_size=1, max_size=4)), min_size=1, max_size=3),
    st.lists(cases, min_size=1, max_size=3),
    st.lists(checks, max_size=3),
    st.builds(Sampling, temperature=st.floats(0, 5), top_p=st.floats(0.01, 1), max_tokens=st.integers(1, 999), seed=st.none()),
)  # fmt: skip
def test_a_prompt_of_plain_variables_reads_back_equal(
    parts: list[tuple[Any, Any]], rows: list[dict[str, Any]], found: list[Check], sampling: Sampling
) -> None:
    if any("{{" in "".join(text for _, text in row if text not in names) for _, row in parts):
        return  # braces of two texts that meet would be a variable there, which no escape prevents
    turns = tuple(Turn(role=role, template=turn_of(row)) for role, row in parts)
    prompt = Prompt(
        name="n",
        turns=turns,
        inputs=read_inputs([variable.name for variable in variables(turns)], rows),
        cases=tuple(rows),
        checks=tuple(found),
        sampling=sampling,
    )
    written = github_models.write(Export(prompt=prompt, sampling=sampling))
    reading = github_models.read(written.text)
    assert (written.losses, reading.losses) == ((), ())
    before = worker.render([(turn.role, turn.template) for turn in turns], rows[0], 10_000)
    after = worker.render([(turn.role, turn.template) for turn in reading.prompt.turns], rows[0], 10_000)
    assert before == after
    assert reading.prompt.model_copy(update={"turns": turns}) == prompt


def test_what_the_format_cannot_hold_is_named_one_by_one() -> None:
    prompt = Prompt(
        turns=(Turn(role="user", template="{{ a }}"),),
        inputs=(
            Input(name="a", kind="choice", choices=("x", "y"), default="x", required=False),
            Input(name="b"),
        ),
        checks=(
            Check(scorer="equals", options={"text": "x"}, weight=2),
            Check(scorer="contains", options={"text": "x"}, negate=True),
            Check(scorer="length", options={"max": 3}),
            Check(scorer="regex", options={"pattern": "a+"}),
            Check(scorer="contains"),
        ),
        tags=("t",),
        metadata={"k": 1},
        use_when="always",
    )
    written = github_models.write(
        Export(
            prompt=prompt,
            sampling=Sampling(top_k=4, stop=("x",)),
            answer="A",
            scores=(Score("s", 1.0, "", ""),),
        )
    )
    assert [loss.split(": ")[0] for loss in written.losses] == [
        "cases",
        "inputs.a.kind",
        "inputs.a.required",
        "inputs.a.default",
        "inputs.a.example",
        "inputs.a.choices",
        "inputs.b",
        "tags",
        "use_when",
        "metadata",
        "scores",
        "answer",
        "top_k",
        "stop",
        *["checks"] * 6,
    ]
    data = yaml_text.load(written.text, file="x")
    assert data["testData"] == [{"a": "x"}]
    assert data["evaluators"] == [{"name": 'equals "x"', "string": {"equals": "x"}}]


@pytest.mark.parametrize(
    "template",
    ["{% if a %}x{% endif %}", "{{ a.b }}", "{{ a|upper }}", "{{ '{{' }}a}}", "{% include 'p' %}", "{{ a"],
)
def test_a_turn_with_more_than_variables_is_frozen_and_named_or_refused(template: str) -> None:
    prompt = Prompt(turns=(Turn(role="system", template="{{ x }}"), Turn(role="user", template=template)))
    with pytest.raises(PromptError, match="Turn 2 cannot be written for GitHub Models"):
        github_models.write(Export(prompt=prompt))
    written = github_models.write(
        Export(prompt=prompt, messages=(Message("system", "X"), Message("user", "frozen")))
    )
    assert yaml_text.load(written.text, file="x")["messages"] == [
        {"role": "system", "content": "{{x}}"},
        {"role": "user", "content": "frozen"},
    ]
    assert written.losses[0].endswith("written as rendered with the values of this run")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "messages: 3",
        "messages: []\nmessages: []",
        "messages: &a []\ntestData: *a",
        "messages: !!python/object:os.system []",
        "messages: [",
    ],
)
def test_an_unusable_file_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(PromptError, match="x.yml") as caught:
        github_models.read(text, "x.yml")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("row", "loss"),
    [
        ("testData: 3", "testData: entry 1 (3) is not a block of `key: value` lines, it is left out"),
        ("testData: [{a: x}, 3]", "testData: entry 2 (3) is not a block of `key: value` lines, it is left out"),
        ("evaluators: {a: 1}", "evaluators: one without a name: only evaluators of texts (`string`) are read"),
        ("modelParameters: [1]", "modelParameters: [1] is not a block of `key: value` lines, it is left out"),
        ("modelParameters: {max_tokens: -1}", "max_tokens: -1 cannot be used here (Input should be greater than or equal to 1)"),
    ],
)  # fmt: skip
def test_one_field_that_cannot_be_read_costs_that_field_alone(row: str, loss: str) -> None:
    reading = github_models.read(f"messages: [{{role: user, content: Hi}}, 3]\n{row}", "x.yml")
    assert [turn.template for turn in reading.prompt.turns] == ["Hi"]
    assert reading.losses[0] == "message 2: 3 has no role and content, it is left out"
    assert loss in reading.losses


@pytest.mark.parametrize("key", ["maxTokens", "max_tokens", "maxCompletionTokens", "max_completion_tokens"])
def test_the_number_of_tokens_is_understood_in_every_spelling(key: str) -> None:
    reading = github_models.read(f"messages: []\nmodelParameters: {{{key}: 9, top_p: 0.5}}", "x.yml")
    assert reading.prompt.sampling == Sampling(max_tokens=9, top_p=0.5, seed=None)
    assert reading.losses == ()


def test_references_are_left_behind_and_named() -> None:
    reading = github_models.read("messages: []\nname: ${env:KEY}\nexec: rm\ntestData: [{a: '${file:x}'}]")
    assert [loss.partition(":")[0] for loss in reading.losses] == ["name", "exec", "testData.0.a"]
    assert reading.prompt.cases == ({},)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | plain,
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["role", "content", "name", "string", "contains", "endsWith", "a"]), inner),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=examples(100), deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(github_models._KNOWN)), anything, max_size=5),
    st.lists(
        st.fixed_dictionaries({"role": st.just("user") | anything, "content": plain | anything}), max_size=2
    ),
)
def test_any_mapping_reads_as_a_prompt_or_ends_in_a_prompt_error(
    data: dict[str, Any], messages: list[Any]
) -> None:
    for candidate in (data, {**data, "messages": messages}):
        try:
            assert isinstance(github_models.read(yaml_text.dump(candidate), "x").prompt, Prompt)
        except PromptError as exc:
            assert exc.hint
