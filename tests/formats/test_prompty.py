"""Prompty files: what is written comes back, what is hostile is refused with its place, what is foreign is named."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import prompty
from playground.formats.base import Export
from playground.templating.rendering import normalise
from playground.types.generation import Message
from playground.types.prompt import Check, Input, Prompt, Sampling, TechniqueChoice, Turn
from playground.types.scores import Score
from tests.examples import examples
from tests.sampled import ran_with

TRICKY = [
    "---", "--- ", "+++", "\n---\n", "user:\n", "# system:\n", "assistant[name=x]:\n", "{{ x }}", "{{", "{% raw %}",
    "{#", "#}", "{% for i in x %}", "{% endfor %}", '"', "'", '"""', "\t", " ", "\n", "\r\n", "\x00", "\x85", "\u2028",
    "\ufeff", "\u200d", "\U0001f469", "\u05d0", "yes", "on", "null", "~", "1:30", "2024-01-01", "0x1f", "1e3", "=", "<<",
    "!!python/object", "&a", "*a", "|", ">-", ": ", " #", "- ", "[", "${x}", "\\", "\\x2D",
]  # fmt: skip
texts = st.lists(st.sampled_from(TRICKY) | st.text(max_size=8), max_size=6).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
inputs = st.builds(
    Input,
    name=st.text(string.ascii_lowercase + "_\u00e9", min_size=1, max_size=5),
    kind=st.sampled_from(["text", "long_text", "number", "choice", "boolean", "examples", "object", "list"]),
    description=texts,
    required=st.booleans(),
    default=values,
    example=values,
    choices=st.lists(texts, max_size=3).map(tuple),
)
inputs |= st.builds(
    lambda item, kind, fields: item.model_copy(update={"kind": kind, "fields": fields}),
    inputs,
    st.sampled_from(["object", "examples"]),
    st.lists(inputs, min_size=1, max_size=2, unique_by=lambda item: item.name).map(tuple),
)
samplings = st.builds(
    Sampling,
    temperature=st.floats(0, 5),
    top_p=st.floats(0.01, 1),
    top_k=st.integers(0, 1000),
    min_p=st.floats(0, 1),
    repetition_penalty=st.floats(0.01, 10),
    presence_penalty=st.floats(-2, 2),
    seed=st.none() | st.integers(0, 2**32 - 2),
    max_tokens=st.integers(1, 1_000_000),
    stop=st.lists(texts.filter(bool), max_size=3).map(tuple),
)
choices = st.builds(
    TechniqueChoice,
    name=texts.filter(str.strip),
    options=st.dictionaries(texts, values, max_size=2),
    prompts=st.dictionaries(texts, texts, max_size=1),
    documents=st.none() | st.lists(texts, max_size=2).map(tuple),
)
prompts = st.builds(
    Prompt,
    name=texts,
    description=texts,
    turns=st.lists(
        st.builds(Turn, role=st.sampled_from(["system", "user", "assistant"]), template=texts), max_size=4
    ).map(tuple),
    inputs=st.lists(inputs, max_size=3, unique_by=lambda item: item.name).map(tuple),
    checks=st.lists(
        st.builds(
            Check,
            scorer=texts,
            options=st.dictionaries(texts, values, max_size=2),
            negate=st.booleans(),
            weight=st.floats(0.1, 1000),
        ),
        max_size=2,
    ).map(tuple),
    sampling=st.none() | samplings,
    output_schema=st.none() | st.dictionaries(texts, values, min_size=1, max_size=3),
    family=texts,
    technique=texts,
    run_with=st.none() | choices,
    tags=st.lists(texts, max_size=3).map(tuple),
    use_when=texts,
    avoid_when=texts,
    source=texts,
    metadata=st.dictionaries(texts, values, max_size=3),
)


@settings(max_examples=examples(150), deadline=None)
@given(prompts)
def test_any_prompt_that_is_written_without_loss_reads_back_equal(prompt: Prompt) -> None:
    text, losses = prompty.dump(prompt)
    if losses:
        return
    reading = prompty.read(text)
    assert reading.prompt == prompt.model_copy(update={"turns": normalise(prompt.turns)})
    assert reading.losses == ()


@settings(max_examples=examples(100), deadline=None)
@given(prompts)
def test_no_front_matter_we_write_ends_early_for_a_loader_that_searches_for_the_fence_anywhere(
    prompt: Prompt,
) -> None:
    """The package prompty 2.1.0 ends front matter at the first `---` or `+++`, also inside a line."""
    text, _ = prompty.dump(prompt)
    found = re.search(r"^\s*(?:---|\+\+\+)(.*?)(?:---|\+\+\+)\s*(.+)$", text, re.S | re.M)
    if prompt.turns:
        assert found is not None
        assert yaml.safe_load(found[1])["name"] == prompt.name


@settings(max_examples=examples(150), deadline=None)
@given(texts)
def test_any_text_at_all_reads_as_a_prompt_or_ends_in_a_prompt_error(text: str) -> None:
    for candidate in (text, f"---\n{text}\n---\nuser:\nHi\n", f"---\nmetadata:\n  a: {text}\n---\n"):
        try:
            assert isinstance(prompty.read(candidate).prompt, Prompt)
        except PromptError as exc:
            assert exc.hint


def everything() -> Export:
    prompt = Prompt(
        name="Everything: at once",
        description="Uses every field.",
        turns=(
            Turn(
                role="system", template="Answer as a {{ tone }} person.\n\n  Two lines, the second indented."
            ),
            Turn(role="user", template="{% for row in rows %}\nuser:\n{{ row.q }}\n{% endfor %}"),
            Turn(role="user", template="{{ text }}"),
        ),
        inputs=(
            Input(name="tone", kind="choice", choices=("kind", "firm"), default="kind", example="firm"),
            Input(
                name="text",
                kind="long_text",
                description="What to answer.",
                example="First line.\nSecond: line.",
            ),
            Input(name="count", kind="number", required=False, default=2, example=3.5),
            Input(name="loud", kind="boolean", default=False),
            Input(name="rows", kind="examples", example=[{"q": "1+1", "a": "2"}, {"q": "2+2", "a": "4"}]),
        ),
        checks=(
            Check(scorer="contains", options={"text": "yes"}, negate=True, weight=2.0),
            Check(scorer="json"),
        ),
        output_schema={
            "type": "object",
            "properties": {
                "label": {"type": "string", "enum": ["a", "b"]},
                "scores": {"type": "array", "items": {"type": "number"}},
            },
            "required": ["label"],
        },
        family="techniques",
        technique="few-shot",
        run_with=TechniqueChoice(name="self-consistency", options={"samples": 5}),
        tags=("one", "two"),
        use_when="Always.",
        avoid_when="Never.",
        source="https://www.promptingguide.ai/",
        metadata={"authors": ["someone"]},
    )
    return Export(
        prompt=prompt,
        values={"tone": "firm"},
        messages=(Message("user", "Hi"),),
        answer="Hello",
        model="ollama:smollm2:135m",
        sampling=ran_with(temperature=0.7, top_k=40, min_p=0.1, seed=None, max_tokens=64, stop=("\n\n",)),
        version_hash="3f2a",
        scores=(Score("contains", 1.0, "Hello", "found it", 2.0), Score("json", None, "Hello", "not tried")),
        created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def test_the_written_file_equals_the_golden_one(golden: Any) -> None:
    written = prompty.write(everything())
    golden("everything.prompty", written.text)
    assert (written.name, written.media_type) == ("everything-at-once.prompty", "text/markdown")
    assert written.losses == ("answer: this format holds the prompt, not an answer",)


def test_an_export_reads_back_as_the_prompt_with_the_sampling_of_the_answer() -> None:
    export = everything()
    reading = prompty.read(prompty.write(export).text)
    turns = normalise(export.prompt.turns)
    assert reading.prompt == export.prompt.model_copy(update={"sampling": export.sampling, "turns": turns})
    assert reading.losses == ()


def test_an_export_names_model_version_and_scores() -> None:
    front = prompty.write(everything()).text.split("---\n")[1]
    assert yaml.safe_load(front)["metadata"]["playground"]["exported"] == {
        "model": "ollama:smollm2:135m",
        "version": "3f2a",
        "created": "2026-01-02T03:04:05+00:00",
        "scores": [
            {"name": "contains", "value": 1.0, "weight": 2.0, "explanation": "found it"},
            {"name": "json", "value": None, "weight": 1.0, "explanation": "not tried"},
        ],
    }


def test_text_with_line_breaks_is_written_as_a_block() -> None:
    text, _ = prompty.dump(Prompt(inputs=(Input(name="a", example="First line.\nSecond: line."),)))
    assert "example: |-\n      First line.\n      Second: line.\n" in text


def test_a_version_one_file_is_read() -> None:
    reading = prompty.read(
        """---
name: Old one
authors: [someone]
tags: [a, b]
model:
  api: chat
  configuration:
    type: azure_openai
    api_key: ${env:KEY}
  parameters:
    max_tokens: 300
    temperature: 0.2
    stop: END
    logit_bias: {}
inputs:
  firstName:
    type: string
    description: Who asks
  count:
    type: number
sample:
  firstName: Jane
  count: 3
  question: Why?
---
system:
You help {{firstName}}.

# user:
{{question}}
""",
        "old.prompty",
    )
    prompt = reading.prompt
    assert (prompt.name, prompt.tags, prompt.metadata) == ("Old one", ("a", "b"), {"authors": ["someone"]})
    assert prompt.sampling == Sampling(max_tokens=300, temperature=0.2, stop=("END",))
    assert [(item.name, item.kind, item.example) for item in prompt.inputs] == [
        ("firstName", "text", "Jane"),
        ("count", "number", 3),
        ("question", "text", "Why?"),
    ]
    assert prompt.turns == (
        Turn(role="system", template="You help {{firstName}}."),
        Turn(role="user", template="{{question}}"),
    )
    assert reading.losses == (
        "model.configuration.api_key: refused, nothing is fetched or executed",
        "model.parameters.logit_bias: there is no such setting here",
        "model.configuration: addresses and keys are not taken from files",
    )


def test_a_foreign_version_two_file_names_what_it_loses() -> None:
    reading = prompty.read(
        """---
name: foreign
displayName: Foreign one
model:
  id: gpt-4o
  provider: openai
  connection: {kind: key, endpoint: "https://example.org", apiKey: secret}
  options: {temperature: 9, topP: 0.5, reasoningEffort: low}
tools:
  - name: search
    kind: function
template: {format: {kind: mustache}, parser: {kind: prompty}}
inputs:
  - {name: photo, kind: image}
  - {name: mood, kind: string, enumValues: [good, bad]}
functions: "import os"
custom: kept
---
user:
{{mood}}
""",
        "foreign.prompty",
    )
    prompt = reading.prompt
    assert prompt.name == "Foreign one"
    assert prompt.sampling == Sampling(top_p=0.5)
    assert [(item.name, item.kind, item.choices) for item in prompt.inputs] == [
        ("photo", "text", ()),
        ("mood", "choice", ("good", "bad")),
    ]
    assert prompt.metadata == {"custom": "kept"}
    assert "secret" not in repr(reading) and "example.org" not in repr(reading)
    assert {loss.split(":")[0] for loss in reading.losses} == {
        "functions",
        "name",
        "inputs.photo.kind",
        "model.options.reasoningEffort",
        "model.connection",
        "model.id",
        "model.provider",
        "temperature",
        "tools",
    }


@pytest.mark.parametrize(
    ("front", "place"),
    [
        ("a: !!python/object/apply:os.system [ls]", "x.prompty, line 2: tags"),
        ("a: &x [1]\nb: *x", "x.prompty, line 3: aliases"),
        ("name: a\nname: b", "x.prompty, line 3: the key 'name'"),
        ("metadata:\n\ta: 1", "x.prompty, line 3: a tab"),
        ("name: [", "x.prompty, line"),
        ("a: " + "[" * 100, "x.prompty, line 2: values are nested"),
        ("a: .inf", "x.prompty, line 2: .inf is not a finite number"),
        ("a: " + "9" * 5000, "x.prompty holds a value that cannot be read"),
        ("a: \x01", "x.prompty"),
        ("- a", "x.prompty: the front matter"),
    ],
)
def test_a_hostile_or_broken_file_is_refused_with_file_and_place(front: str, place: str) -> None:
    with pytest.raises(PromptError) as caught:
        prompty.read(f"---\n{front}\n---\nuser:\nHi\n", "x.prompty")
    assert caught.value.message.startswith(place)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("front", "loss"),
    [
        ("inputs: 3", "inputs: 3 has no name"),
        ("inputs: [{name: a}, {name: a, default: 1}]", "inputs.a: declared twice, the first one counts"),
        ("inputs: [{name: a, enumValues: 3}]", "inputs.a: left out, the variable 'a' has a field that cannot be used"),
        ("inputs: [{kind: string}, {name: b}]", "inputs: {'kind': 'string'} has no name"),
        ("metadata: {playground: {checks: [{scorer: json, weight: -1}]}}", "checks.0.weight: left out"),
        ("metadata: {playground: {checks: 3}}", "metadata.playground.checks: entry 1 (3)"),
        ("metadata: 3", "metadata: 3 is not a block"),
        ("model: [1]", "model: [1] is not a block"),
        ("model: {options: 3}", "model.options: 3 is not a block"),
        ("outputs: 3", "outputs: not a list"),
        ("sample: values.json", "sample: 'values.json' is another file, which is not read; fill the values in"),
        ("sample: [1]", "sample: [1] is not a block"),
        ("metadata: {tags: {a: 1}}", "tags: "),
    ],
)  # fmt: skip
def test_one_field_that_cannot_be_read_costs_that_field_alone(front: str, loss: str) -> None:
    reading = prompty.read(f"---\nname: x\n{front}\n---\nuser:\nHi {{{{ who }}}}\n", "x.prompty")
    assert reading.prompt.turns == (Turn(role="user", template="Hi {{ who }}"),)
    assert any(line.startswith(loss) for line in reading.losses), reading.losses


def test_roles_that_a_prompt_here_does_not_have_are_read_as_the_nearest_and_said() -> None:
    text = "---\nname: W09\n---\ndeveloper:\nAnswer in one word.\n\nuser:\nColour?\n\n# Tool [id=3]:\nblue\n"
    reading = prompty.read(text, "w09.prompty")
    assert [(turn.role, turn.template) for turn in reading.prompt.turns] == [
        ("system", "Answer in one word."),
        ("user", "Colour?"),
        ("user", "blue"),
    ]
    assert reading.losses == (
        "body, line 1: the role 'developer' is read as system",
        "body, line 7: the role 'Tool' is read as user",
    )


def test_a_line_that_is_a_role_elsewhere_stays_text_in_a_prompt_of_ours() -> None:
    prompt = Prompt(name="x", turns=(Turn(role="user", template="Roles:\ndeveloper:\ntool:\nthe end"),))
    text, losses = prompty.dump(prompt)
    assert (prompty.read(text).prompt, losses) == (prompt, ())


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    rows = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    with pytest.raises(PromptError, match="aliases"):
        prompty.read("---\n" + "\n".join(rows) + "\n---\n")


def test_a_file_beyond_the_size_limit_is_refused() -> None:
    with pytest.raises(PromptError, match="larger than 2,000,000 bytes"):
        prompty.read("user:\n" + "x" * 2_000_001)


def test_front_matter_without_an_end_is_refused() -> None:
    with pytest.raises(PromptError, match="does not end its front matter"):
        prompty.read("---\nname: a\n")


def test_a_byte_order_mark_and_windows_line_ends_are_tolerated() -> None:
    reading = prompty.read("\ufeff---\r\nname: a\r\n---\r\nuser:\r\nHi\r\nthere\r\n")
    assert reading.prompt == Prompt(name="a", turns=(Turn(role="user", template="Hi\nthere"),))


def test_a_body_without_front_matter_is_a_prompt() -> None:
    assert prompty.read("Be brief.\n\nuser:\nHi").prompt.turns == (
        Turn(role="system", template="Be brief."),
        Turn(role="user", template="Hi"),
    )


def test_keys_and_dates_stay_the_text_of_the_file() -> None:
    prompt = prompty.read("---\nmetadata: {on: 2024-01-01, 1: no}\n---\n").prompt
    assert prompt.metadata == {"on": "2024-01-01", "1": False}


def test_references_that_other_programs_would_follow_are_neither_read_nor_written() -> None:
    prompt = Prompt(description="${env:HOME}", metadata={"a": ["${file:/etc/passwd}", "kept"]})
    text, losses = prompty.dump(prompt)
    assert "HOME" not in text and "passwd" not in text and "kept" in text
    assert [loss.split(":")[0] for loss in losses] == ["description", "metadata.a.0"]
    reading = prompty.read("---\ndescription: ${env:HOME}\n---\n")
    assert reading.prompt.description == ""
    assert reading.losses == ("description: refused, nothing is fetched or executed",)


def test_names_that_the_format_needs_itself_are_reported() -> None:
    _, losses = prompty.dump(Prompt(metadata={"playground": 1, "tags": ["x"], "other": 2}))
    assert [loss.split(":")[0] for loss in losses] == ["metadata.tags", "metadata.playground"]


def test_an_unclosed_block_that_swallows_the_next_turn_is_reported() -> None:
    turns = (Turn(role="system", template="{% raw %}"), Turn(role="user", template="{% endraw %}"))
    _, losses = prompty.dump(Prompt(turns=turns))
    assert losses[0].startswith("turns: ")


@pytest.mark.parametrize("value", [float("inf"), {1: "a"}, object()])
def test_values_that_a_file_cannot_hold_are_refused_by_name(value: object) -> None:
    with pytest.raises(PromptError, match=r"inputs\[0\]\.default cannot be written"):
        prompty.dump(Prompt(inputs=(Input(name="a", default=value),)))


def test_a_variable_declared_twice_is_refused_on_writing() -> None:
    with pytest.raises(PromptError, match="'a' is declared twice"):
        prompty.dump(Prompt(inputs=(Input(name="a"), Input(name="a"))))


def test_an_object_is_read_with_its_properties_and_written_again() -> None:
    text = """---
inputs:
  - name: customer
    kind: object
    default: {first: Ann, tier: 2}
    properties:
      - {name: first, kind: string, description: how to call them}
      - {name: tier, kind: integer, required: false}
      - name: address
        kind: object
        properties: {city: {kind: string, enumValues: [Ulm, Bonn]}}
  - name: tags
    kind: array
    items: {kind: string}
  - name: shots
    kind: array
    items: {kind: object, properties: [{name: q, kind: string}]}
---
user:
{{ customer.first }}
"""
    reading = prompty.read(text)
    assert reading.losses == ()
    customer, tags, shots = reading.prompt.inputs
    assert (customer.kind, tags.kind, shots.kind) == ("object", "list", "examples")
    assert customer.default == {"first": "Ann", "tier": 2}
    assert [(f.name, f.kind, f.required) for f in customer.fields] == [
        ("first", "text", True),
        ("tier", "number", False),
        ("address", "object", True),
    ]
    assert customer.fields[2].fields[0].choices == ("Ulm", "Bonn")
    assert [f.name for f in shots.fields] == ["q"]
    written, losses = prompty.dump(reading.prompt)
    assert losses == ()
    assert prompty.read(written).prompt == reading.prompt


def test_a_value_of_a_v1_file_that_is_an_object_is_the_example() -> None:
    reading = prompty.read("---\ninputs:\n  customer: {first: Ann}\nsample:\n  tags: [a]\n---\nuser:\nx\n")
    assert reading.losses == ()
    assert [(i.name, i.kind, i.example) for i in reading.prompt.inputs] == [
        ("customer", "object", {"first": "Ann"}),
        ("tags", "list", ["a"]),
    ]


def test_objects_inside_objects_without_end_are_refused() -> None:
    row = "{name: a, kind: string}"
    for _ in range(40):
        row = f"{{name: a, kind: object, properties: [{row}]}}"
    with pytest.raises(PromptError, match="without end|nested"):
        prompty.read(f"---\ninputs: [{row}]\n---\nuser:\nx\n")


def test_declarations_of_other_versions_are_understood() -> None:
    text = "---\nmodel: m\ninputSchema:\n  properties:\n    - {name: q, kind: string, default: Why}\noutputs:\n  - {name: a, type: string}\n---\nuser:\n{{q}}\n"
    reading = prompty.read(text)
    assert [(item.name, item.default) for item in reading.prompt.inputs] == [("q", "Why")]
    assert reading.prompt.output_schema == {"type": "object", "properties": {"a": {"type": "string"}}}
    assert reading.losses == ("model.id: 'm'; the model is chosen when the prompt runs",)


def test_a_declaration_without_a_name_is_named_and_left_out() -> None:
    reading = prompty.read(
        '---\nname: a\ninputs:\n  "": 7\n  word: {type: string}\n---\nuser:\n{{ word }}\n', "a.prompty"
    )
    assert [item.name for item in reading.prompt.inputs] == ["word"]
    assert "inputs: 7 has no name, it is left out" in " ".join(reading.losses)
