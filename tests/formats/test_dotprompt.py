"""Dotprompt files: Handlebars and Picoschema both ways, what does not convert is named, nothing hostile is followed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import dotprompt, picoschema, yaml_text
from playground.formats.base import Export
from playground.formats.plain_jinja import Piece, join
from playground.templates import check, normalise
from playground.templating import worker
from playground.types import Check, Input, Message, Prompt, Sampling, Score, Turn
from tests.sampled import ran_with

TEXTS = ["a", "{", "}", "\n", "  ", "\\", "{{", "{{{", "}}", "<b>&", "user:", "\nuser:\n", "{%", "{#", "\u00e9", "~", "'", '"', "---"]  # fmt: skip
text = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4).map("".join)
VALUES: dict[str, Any] = {
    "name": "Ada <b>{{x}}",
    "flag": True,
    "empty": "",
    "role": "R",
    "user": {"first": "F", "items": "I"},
    "rows": [{"q": "q1", "subs": [{"z": "z1"}]}, {"q": "q2", "subs": []}],
    "words": ["w1", "w2"],
}


def blocks(inner: st.SearchStrategy[list[Piece]]) -> st.SearchStrategy[list[Piece]]:
    """Conditions and loops around pieces; the loop's items are used inside."""
    conditions = st.builds(
        Piece,
        st.just("if"),
        st.sampled_from(["flag", "empty", "role", "rows"]),
        negated=st.booleans(),
    )
    elif_ = st.builds(Piece, st.just("elif"), st.sampled_from(["flag", "empty"]), negated=st.booleans())
    rows = st.sampled_from([("rows", "row", "row.q"), ("words", "word", "word"), ("user.subs", "sub", "sub")])
    return st.one_of(
        st.tuples(conditions, inner, inner).map(
            lambda x: [x[0], *x[1], Piece("else"), *x[2], Piece("endif")]
        ),
        st.tuples(conditions, inner, elif_, inner).map(lambda x: [x[0], *x[1], x[2], *x[3], Piece("endif")]),
        st.tuples(rows, inner, text).map(
            lambda x: [
                Piece("for", x[0][0], x[0][1]),
                *x[1],
                Piece("value", x[0][2]),
                Piece("if", "loop.last", negated=True),
                Piece("text", x[2]),
                Piece("endif"),
                Piece("endfor"),
            ]
        ),
    )


leaves = st.one_of(
    text.map(lambda value: [Piece("text", value)]),
    st.sampled_from(["name", "user.first", "user.items", "role"]).map(lambda name: [Piece("value", name)]),
)
bodies = st.lists(st.recursive(leaves, blocks, max_leaves=5), min_size=1, max_size=3).map(
    lambda parts: join(piece for part in parts for piece in part).rstrip("\n")
)
turns = st.lists(
    st.builds(Turn, role=st.sampled_from(["system", "user", "assistant"]), template=bodies).filter(
        lambda turn: bool(turn.template.strip())
    ),
    min_size=1,
    max_size=3,
).map(tuple)
values = st.none() | st.booleans() | st.integers(-9, 9) | text | st.lists(text, max_size=2)
inputs = st.builds(
    Input,
    name=st.text("abc_", min_size=1, max_size=4),
    kind=st.sampled_from(["text", "long_text", "number", "choice", "boolean", "examples", "object", "list"]),
    description=text | st.just(""),
    required=st.booleans(),
    default=values,
    example=values,
    choices=st.lists(text, max_size=2).map(tuple),
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
    top_k=st.integers(0, 100),
    min_p=st.floats(0, 1),
    seed=st.none() | st.integers(0, 2**32 - 2),
    max_tokens=st.integers(1, 9999),
    stop=st.lists(text, max_size=2).map(tuple),
)
prompts = st.builds(
    Prompt,
    name=text,
    description=text,
    turns=turns,
    inputs=st.lists(inputs, max_size=3, unique_by=lambda item: item.name).map(tuple),
    checks=st.lists(st.builds(Check, scorer=text, negate=st.booleans()), max_size=2).map(tuple),
    cases=st.lists(st.dictionaries(text, values, max_size=2), max_size=2).map(tuple),
    output_schema=st.none() | st.just({"type": "object", "properties": {"a": {"type": "string"}}}),
    family=text,
    tags=st.lists(text, max_size=2).map(tuple),
    metadata=st.dictionaries(text, values, max_size=2),
    sampling=samplings,
)


def rendered(turns: tuple[Turn, ...]) -> list[tuple[str, str]]:
    given = {**VALUES, "user": {**VALUES["user"], "subs": ["s"]}}
    messages = worker.render([(turn.role, turn.template) for turn in turns], given, 100_000)
    return [(role, content.strip("\n")) for role, content in messages if content.strip()]


@settings(max_examples=80, deadline=None)
@given(prompts)
def test_what_is_written_reads_back_equal_and_renders_to_the_same_messages(prompt: Prompt) -> None:
    written = dotprompt.write(Export(prompt=prompt, sampling=prompt.sampling or Sampling()))
    reading = dotprompt.read(written.text)
    assert (written.losses, reading.losses) == ((), ())
    assert reading.prompt.model_copy(update={"turns": prompt.turns}) == prompt
    assert rendered(reading.prompt.turns) == rendered(prompt.turns)
    again = dotprompt.write(Export(prompt=reading.prompt, sampling=prompt.sampling or Sampling()))
    assert again.text == written.text


CANONICAL = (
    Turn(
        role="system", template="Be {{ tone }}.{% if strict %} Strictly.{% elif not loose %} Well.{% endif %}"
    ),
    Turn(
        role="user",
        template="{% for shot in shots %}\nuser:\n{{ shot.q }}\nassistant:\n{{ shot.a }}\n{% endfor %}\n{{ text }}",
    ),
)


def everything() -> Export:
    prompt = Prompt(
        name="Everything: at once",
        description="Uses every field.",
        turns=CANONICAL,
        inputs=(
            Input(name="tone", kind="choice", choices=("kind", "firm"), default="kind"),
            Input(name="strict", kind="boolean", required=False, default=True),
            Input(name="text", description="what to answer, in short", example="Why?"),
            Input(name="shots", kind="examples", example=[{"q": "1+1", "a": "2"}]),
        ),
        checks=(Check(scorer="contains", options={"text": "{{ expected }}"}),),
        cases=({"text": "Where is the Eiffel tower?", "expected": "Paris"},),
        output_schema={
            "type": "object",
            "properties": {"label": {"enum": ["a", "b"]}, "why": {"type": ["string", "null"]}},
            "required": ["label"],
            "additionalProperties": False,
        },
        tags=("demo",),
        family="classification",
        metadata={"team": "search"},
    )
    return Export(prompt=prompt, model="ollama:qwen3:4b", sampling=ran_with(top_k=40, stop=("END",)))


def test_the_written_file_equals_the_golden_one_and_reads_back(golden: Any) -> None:
    export = everything()
    written = dotprompt.write(export)
    golden("everything.prompt", written.text)
    assert (written.name, written.losses) == ("everything-at-once.prompt", ())
    reading = dotprompt.read(written.text, "everything.prompt")
    assert reading.prompt == export.prompt.model_copy(update={"sampling": export.sampling})
    assert reading.losses == ("model: 'qwen3:4b'; the model is chosen when the prompt runs",)


FOREIGN = r"""---
model: googleai/gemini-2.5-flash
variant: formal
config:
  temperature: 0.9
  thinkingBudget: 5
tools: [search]
input:
  schema:
    theme?: string, what it is about
    count: integer
    mood(enum, how): [calm, wild]
    tags(array): string
    who(object): {name: string}
  default: {count: 3}
output: {format: json, schema: {title: string}}
---
Hello \{{not this}} {{! a comment }}{{name}}{{~tone~}} !
{{#each tags as |t|}}x{{/each}}{{#each tags}}{{@index}}:{{this}}{{/each}}
{{#unless theme}}none{{else}}{{theme}}{{/unless}}
{{#with who}}{{name}}{{/with}}{{json who}}{{media url=picture}}{{>footer}}{{>p a=1}}
{{history}}
{{role "tool"}}{{role "system"}}
End {{{who.name}}}
"""


def test_a_foreign_file_is_read_and_everything_it_leaves_behind_is_named() -> None:
    reading = dotprompt.read(FOREIGN, "story.formal.prompt")
    prompt = reading.prompt
    assert prompt.name == "story"
    assert [(item.name, item.kind, item.required, item.default) for item in prompt.inputs] == [
        ("theme", "text", False, None),
        ("count", "number", True, 3),
        ("mood", "choice", True, None),
        ("tags", "list", True, None),
        ("who", "object", True, None),
    ]
    assert prompt.sampling == Sampling(temperature=0.9, seed=None)
    assert prompt.output_schema is not None and prompt.output_schema["required"] == ["title"]
    assert [turn.role for turn in prompt.turns] == ["user", "assistant", "system"]
    first = prompt.turns[0].template
    assert first.startswith(
        "Hello {{ '{{' }}not this}} {{ name }}{{ tone }}!\n{{ '{{' }}#each tags as |t|}}x"
    )
    assert "{% for tag in tags %}{{ loop.index0 }}:{{ tag }}{% endfor %}\n" in first
    assert "{% if not theme %}none{% else %}{{ theme }}{% endif %}\n" in first
    assert first.endswith("""{{ '{{' }}json who}}{% include "footer" %}{{ '{{' }}>p a=1}}""")
    assert prompt.turns[2] == Turn(role="system", template="End {{ who.name }}")
    assert [loss.partition(": ")[0] for loss in reading.losses] == [
        "config.thinkingBudget",
        "model",
        "tools",
        "variant",
        "body, line 2",
        "body, line 4",
        "body, line 4",
        "body, line 4",
        "media url=picture",
        "partial footer",
        "body, line 4",
        "history",
        "body, line 6",
    ]


@pytest.mark.parametrize(
    ("source", "template"),
    [
        ("{{#if a}}\nA\n{{else}}\nB\n{{/if}}\nC", "{% if a %}A\n{% else %}B\n{% endif %}C"),
        ("x {{~#if a~}} y {{~/if~}} z", "x{% if a %}y{% endif %}z"),
        ("{{#each a}}{{#each b}}{{x}}{{../y}}{{../../z}}{{@root.w}}{{/each}}{{/each}}",
         "{% for item in a %}{% for item_2 in item.b %}{{ item_2.x }}{{ item.y }}{{ z }}{{ w }}{% endfor %}{% endfor %}"),
        ("{{#each rows}}{{.}}{{else}}{{name}}{{/each}}", "{% for row in rows %}{{ row }}{% else %}{{ name }}{% endfor %}"),
        ("{{#each orders}}{{#each items}}{{this}}{{/each}}{{/each}}",
         "{% for order in orders %}{% for item in order['items'] %}{{ item }}{% endfor %}{% endfor %}"),
        ("{{#if a}}1{{else if b}}2{{else unless c}}3{{/if}}", "{% if a %}1{% elif b %}2{% elif not c %}3{% endif %}"),
        ("a\\\\{{x}}b", "a\\{{ x }}b"),
        ('{"a": {{x~}} }', '{"a": {{ x }}}'),
    ],
)  # fmt: skip
def test_handlebars_blocks_scopes_and_white_space_become_jinja(source: str, template: str) -> None:
    reading = dotprompt.read(source)
    assert reading.prompt.turns == (Turn(role="user", template=template),)
    assert reading.losses == ()


@pytest.mark.parametrize(
    ("template", "source"),
    [
        ("{{ a }}}", "{{a~}} }"),
        ("{{ '{' }}{{ a }}", "{ {{~a}}"),
        ("{% if a %}\nA\n{% endif %}\nB", "{{#if a}}\n\nA\n{{/if}}\n\nB"),
        ("x\n  {% if a %}\nA{% endif %}", "x\n  {{!}}{{#if a}}\nA{{/if}}"),
        ("{{ role }} {{ history }}", "{{this.role}} {{this.history}}"),
        ("{% for q in a %}{{ b }}{{ q }}{% endfor %}", "{{#each a}}{{../b}}{{this}}{{/each}}"),
        ("{% include 'foot' %}.", "{{>foot}}."),
    ],
)
def test_what_handlebars_would_read_differently_is_written_safely(template: str, source: str) -> None:
    prompt = Prompt(turns=(Turn(role="user", template="-\n" + template),))
    body = dotprompt.write(Export(prompt=prompt)).text.split("---\n", 2)[2]
    assert body == '{{role "user"}}\n-\n' + source + "\n"


@pytest.mark.parametrize(
    "template",
    ["{{ a | upper }}", "{% set a = 1 %}", "{{ a.items() }}", "{{ loop.first }}", "{{ a + 1 }}", "{% if a == 1 %}x{% endif %}",
     "{% for a in b if a %}{% endfor %}", "{{ true }}", "{{ a.length }}", "{{ null }}", '{% include "a b" %}', "<<<dotprompt:history>>>"],
)  # fmt: skip
def test_a_turn_beyond_handlebars_is_frozen_and_named_or_refused(template: str) -> None:
    prompt = Prompt(turns=(Turn(role="system", template="{{ x }}"), Turn(role="user", template=template)))
    with pytest.raises(PromptError, match="Turn 2") as caught:
        dotprompt.write(Export(prompt=prompt))
    assert caught.value.hint
    export = Export(prompt=prompt, messages=(Message("system", "X"), Message("user", "{{a}} b")))
    written = dotprompt.write(export)
    assert written.text.endswith('{{role "system"}}\n{{x}}\n{{role "user"}}\n\\{{a}} b\n')
    assert written.losses[0].startswith("turn 2: ")


def test_a_name_that_a_frozen_turn_sets_is_frozen_too_and_loops_of_turns_freeze_them_all() -> None:
    prompt = Prompt(
        turns=(
            Turn(role="system", template="{% set x = 1 %}S"),
            Turn(role="user", template="{{ x }}"),
        )
    )
    written = dotprompt.write(Export(prompt=prompt, messages=(Message("system", "S"), Message("user", "1"))))
    assert [loss.partition(":")[0] for loss in written.losses] == ["turn 1", "turn 2"]
    looped = Prompt(
        turns=(Turn(role="user", template="{% for a in b|sort %}\nuser:\n{{ a }}\n{% endfor %}"),)
    )
    written = dotprompt.write(Export(prompt=looped, messages=(Message("user", "1"), Message("user", "2"))))
    assert written.text.endswith('{{role "user"}}\n1\n{{role "user"}}\n2\n')
    assert written.losses[0].startswith("turns: ")


def test_an_answer_scores_a_blank_turn_and_other_loop_names_are_losses() -> None:
    export = Export(
        prompt=Prompt(
            turns=(
                Turn(role="user", template=""),
                Turn(role="user", template="{% for x in rows %}{{ x }}{% endfor %}{% include 'p' %}"),
            )
        ),
        answer="A",
        scores=(Score("json", 1.0, "", ""),),
    )
    assert [loss.partition(":")[0] for loss in dotprompt.write(export).losses] == [
        "turn 1",
        "loop over rows",
        "partial p",
        "scores",
        "answer",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "---\nname: x\n",
        "---\n- a\n---\n",
        "---\na: !!python/object:os.system x\n---\n",
        "---\na: &x [1]\nb: *x\n---\n",
        "---\na: 1\na: 2\n---\n",
        "---\nconfig: 3\n---\n",
        "---\ninput: [a]\n---\n",
        "---\ninput: {schema: {a: 3}}\n---\n",
        "---\ninput: {schema: {'a(frob)': string}}\n---\n",
        "---\ninput: {schema: {a: strong}}\n---\n",
        "---\ninput: {schema: {'a(enum)': one}}\n---\n",
        "---\ninput: {schema: {type: object, properties: [1]}}\n---\n",
        "---\noutput: {schema: 3}\n---\n",
        "---\nmetadata: text\n---\n",
        "---\next: {playground: {tags: 3}}\n---\n",
        "---\next: {playground: {checks: [3]}}\n---\n",
        "---\next: {playground: {inputs: [{kind: x}]}}\n---\n",
        "---\next: {playground: {inputs: 3}}\n---\n",
        "{{#if a}}",
        "{{/if}}",
        "{{#if a}}{{/each}}",
        "{{a}}" * 2001,
        " " * 2_000_001,
    ],
)
def test_an_unusable_file_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(PromptError, match="x.prompt") as caught:
        dotprompt.read(text, "x.prompt")
    assert caught.value.hint


def test_code_and_references_are_left_behind_and_named() -> None:
    reading = dotprompt.read(
        "---\nfunctions: x\nname: ${env:SECRET}\nmetadata: {k: '${file:/etc/passwd}'}\n---\nHi"
    )
    assert [loss.partition(":")[0] for loss in reading.losses] == ["functions", "name", "metadata.k"]
    assert (reading.prompt.name, reading.prompt.metadata) == ("", {})


hostile = st.recursive(
    st.none() | st.booleans() | st.integers() | text | st.sampled_from(["string", "type", "object"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["type", "a?", "b(enum)", "(*)", "schema", "playground", "default"]) | text, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["name", "model", "config", "input", "output", "tools", "metadata", "ext", "variant", "description"]
        ),
        hostile,
        max_size=4,
    ),
    st.lists(
        st.sampled_from(
            [*TEXTS, "{{#if a}}", "{{/if}}", "{{else}}", "{{#each b}}", "{{/each}}", "{{#with}}", "{{/with}}",
             '{{role "user"}}', "{{../x}}", "{{this}}", "{{!--", "--}}", "{{~", "~}}", "{{history}}", "{{else if a}}", "{{{"]
        ),
        max_size=8,
    ).map("".join),
)  # fmt: skip
def test_any_front_matter_and_body_reads_as_a_prompt_that_parses_or_ends_in_a_prompt_error(
    data: dict[str, Any], body: str
) -> None:
    front = f"---\n{yaml_text.dump(data)}---\n" if data else ""
    for candidate in (front + body, body):
        try:
            prompt = dotprompt.read(candidate, "x.prompt").prompt
        except PromptError as exc:
            assert exc.hint
        else:
            assert check(prompt.turns) == []
            assert normalise(prompt.turns) == prompt.turns


schemas = st.recursive(
    st.sampled_from(
        [{"type": "string"}, {"type": "integer", "description": "n, m"}, {}, {"type": "boolean"}]
    ),
    lambda inner: st.one_of(
        inner.map(lambda item: {"type": "array", "items": item}),
        st.dictionaries(st.sampled_from(["a", "b", "type"]), inner, max_size=2).map(
            lambda rows: {
                "type": "object",
                "properties": rows,
                "required": [*rows],
                "additionalProperties": False,
            }
        ),
    ),
    max_leaves=5,
)


@settings(max_examples=80, deadline=None)
@given(schemas)
def test_a_json_schema_survives_picoschema(schema: dict[str, Any]) -> None:
    written = picoschema.from_json_schema(schema)
    assert picoschema.to_json_schema(written, "x") == schema


def test_picoschema_is_short_where_it_can_say_it_all() -> None:
    short = {
        "a": "string, first",
        "b?": "integer",
        "c(array, many)": "string",
        "d?(object)": {"e": "any"},
        "f?(enum)": ["x", "y"],
        "(*)": "number",
    }
    schema = picoschema.to_json_schema(short, "x")
    assert schema == {
        "type": "object",
        "properties": {
            "a": {"type": "string", "description": "first"},
            "b": {"type": ["integer", "null"]},
            "c": {"type": "array", "items": {"type": "string"}, "description": "many"},
            "d": {
                "type": ["object", "null"],
                "properties": {"e": {}},
                "required": ["e"],
                "additionalProperties": False,
            },
            "f": {"enum": ["x", "y", None]},
        },
        "required": ["a", "c"],
        "additionalProperties": {"type": "number"},
    }
    assert picoschema.from_json_schema(schema) == short
