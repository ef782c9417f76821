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
from playground.library.reading import read_incoming
from playground.runs.planning import with_defaults
from playground.templating import worker
from playground.templating.partials import Partials
from playground.templating.rendering import check, normalise
from playground.types.generation import Message
from playground.types.prompt import Check, Input, Prompt, Sampling, Turn
from playground.types.scores import Score
from tests.examples import examples
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
        source=st.just(""),
    )
    elif_ = st.builds(
        Piece,
        st.just("elif"),
        st.sampled_from(["flag", "empty"]),
        negated=st.booleans(),
        source=st.just(""),
    )
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


@settings(max_examples=examples(80), deadline=None)
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
{{#with who}}{{name}}{{/with}}{{json who}}{{media url=picture}}{{>footer}}{{>p a=1}}{{upper name}}
{{history}}
{{role "tool"}}Tool{{role "system"}}
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
        ("history", "examples", False, None),
    ]
    assert prompt.sampling == Sampling(temperature=0.9, seed=None)
    assert prompt.output_schema is not None and prompt.output_schema["required"] == ["title"]
    assert [turn.role for turn in prompt.turns] == ["user", "assistant", "user", "system"]
    first = prompt.turns[0].template
    assert first.startswith(
        "Hello {{ '{{' }}not this}} {{ name }}{{ tone }}!\n{% for t in tags %}x{% endfor %}"
    )
    assert "{% for tag in tags %}{{ loop.index0 }}:{{ tag }}{% endfor %}\n" in first
    assert "{% if not theme %}none{% else %}{{ theme }}{% endif %}\n" in first
    assert "{% if who or who is mapping %}{{ who.name }}{% endif %}{{ who | json }}" in first
    assert first.endswith(
        """{# {{media url=picture}} #}{% include "footer" %}"""
        """{% with a = 1 %}{% include "p" %}{% endwith %}{{ '{{' }}upper name}}"""
    )
    assert prompt.turns[1].template.startswith("{% for message in history %}")
    assert prompt.turns[2] == Turn(role="user", template="Tool")
    assert prompt.turns[3] == Turn(role="system", template="End {{ who.name }}")
    assert prompt.metadata == {
        "dotprompt": {"variant": "formal", "tools": ["search"], "config": {"thinkingBudget": 5}}
    }
    assert [loss.partition(": ")[0] for loss in reading.losses] == [
        "config.thinkingBudget",
        "model",
        "tools",
        "variant",
        "media url=picture",
        "partial footer",
        "partial p",
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


@pytest.mark.parametrize(
    ("front", "place"),
    [
        ("config: 3", "config"),
        ("config: {temperature: hot}", "temperature"),
        ("input: [a]", "input"),
        ("input: {default: 3}", "input.default"),
        ("input: {schema: {a: 3}}", "input.schema.a"),
        ("input: {schema: {'a(frob)': string}}", "input.schema.a(frob)"),
        ("input: {schema: {'a(enum)': one}}", "input.schema.a(enum)"),
        ("input: {schema: {type: object, properties: [1]}}", "input.schema"),
        ("output: {schema: 3}", "output.schema"),
        ("output: 3", "output"),
        ("name: [a]", "name"),
        ("description: {a: b}", "description"),
        ("metadata: text", "metadata"),
        ("ext: 3", "ext"),
        ("ext: {playground: 3}", "ext.playground"),
        ("ext: {playground: {tags: 3}}", "tags"),
        ("ext: {playground: {checks: [3]}}", "checks.0"),
        ("ext: {playground: {inputs: [{kind: x}]}}", "ext.playground.inputs"),
        ("ext: {playground: {inputs: 3}}", "ext.playground.inputs"),
        ("ext: {playground: {sampling: 3}}", "ext.playground.sampling"),
    ],
)
def test_a_file_is_imported_without_the_one_field_that_cannot_be_read(front: str, place: str) -> None:
    reading = dotprompt.read(f"---\nunread: 1\n{front}\n---\nHi {{{{b}}}}", "x.prompt")
    assert reading.prompt.turns == (Turn(role="user", template="Hi {{ b }}"),)
    assert place in [loss.partition(": ")[0] for loss in reading.losses]
    assert not reading.prompt.inputs and reading.prompt.output_schema is None
    assert reading.prompt.name in ("", "x")


def test_the_other_fields_of_a_schema_stay_when_one_cannot_be_read() -> None:
    text = "---\ninput: {schema: {a: 3, b?: 'string, why'}}\noutput: {schema: {c: Order, d(frob): string}}\n---\n{{b}}"
    reading = dotprompt.read(text, "x.prompt")
    assert reading.prompt.inputs == (Input(name="b", description="why", required=False),)
    assert reading.prompt.output_schema == {
        "type": "object",
        "properties": {"c": {}},
        "required": ["c"],
        "additionalProperties": False,
    }
    assert [loss.partition(": ")[0] for loss in reading.losses] == [
        "input.schema.a",
        "output.schema.c",
        "output.schema.d(frob)",
    ]


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


@settings(max_examples=examples(100), deadline=None)
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
             '{{role "user"}}', "{{../x}}", "{{this}}", "{{!--", "--}}", "{{~", "~}}", "{{history}}", "{{else if a}}", "{{{",
             "{{#> p}}", "{{/p}}", '{{#*inline "p"}}', "{{/inline}}", "{{> p x a=1}}", "{{#ifEquals a 1}}", "{{/ifEquals}}", "{{json this}}",
             "{{#each a as |x y|}}", "{{@key}}", "{{@../index}}", "{{@a.b.c}}", "{{lookup a b}}", "{{{{r}}}}", "{{{{/r}}}}", "{{#a}}", "{{^a}}", "{{/a}}",
             "{{section 'x'}}", "{{media url=a}}", "{{a-b.[c d].0}}", "{{> @partial-block}}"]
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


@settings(max_examples=examples(80), deadline=None)
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


# --- what Handlebars says, as its own engine renders it ------------------------------------------------------

PEOPLE: dict[str, Any] = {
    "name": "Ada",
    "n": 5,
    "zero": 0,
    "blank": "",
    "no": False,
    "yes": True,
    "empty": [],
    "user": {"name": "Bo", "tags": ["x", "y"], "deep": {"a": "A"}},
    "rows": [{"t": "1", "subs": ["p", "q"]}, {"t": "2", "subs": []}],
    "words": ["w1", "w2", "w3"],
    "prices": {"tea": 2, "pie": 3.5},
    "item": "pie",
    "html": "<b>&\"'",
    "first-name": "Fi",
    "x y": {"z w": "in"},
}
LAYOUT = "<{{> @partial-block}}|{{#> nav}}own{{/nav}}>"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{#each prices}}{{@key}}={{this}};{{/each}}", "tea=2;pie=3.5;"),
        ("{{#each prices as |price key|}}{{key}}:{{price}} {{/each}}", "tea:2 pie:3.5 "),
        ("{{#each rows as |r i|}}{{i}}{{r.t}}{{../name}}{{#each r.subs as |s|}}{{s}}{{@index}}{{@../index}}{{else}}none{{/each}};{{/each}}", "01Adap00q10;12Adanone;"),
        ("{{#each rows}}{{t}}{{#each subs}}{{this}}-{{../t}}-{{../../name}} {{/each}}{{/each}}", "1p-1-Ada q-1-Ada 2"),
        ("{{#with user}}{{name}} {{../name}} {{@root.n}}{{#with deep}}{{a}}{{../name}}{{/with}}{{/with}}", "Bo Ada 5ABo"),
        ("{{#with user as |u|}}{{u.name}}{{name}}{{/with}}{{#with blank}}a{{else}}b{{/with}}", "BoBob"),
        ("{{lookup prices item}} {{lookup words 1}} {{lookup (lookup rows 0) 't'}} {{lookup prices 'none'}}.", "3.5 w2 1 ."),
        ("{{words.[1]}} {{words.length}} {{rows.[0].t}} {{user/tags/length}} {{this.name}} {{./name}} {{this/user/name}}", "w2 3 1 2 Ada Ada Bo"),
        ("{{first-name}} {{[x y].[z w]}}", "Fi in"),
        ("{{{html}}} {{html}} {{&html}}", "<b>&\"' <b>&\"' <b>&\"'"),
        ("{{#if zero}}T{{else}}F{{/if}}{{#if blank}}T{{else}}F{{/if}}{{#if no}}T{{else}}F{{/if}}{{#if empty}}T{{else}}F{{/if}}{{#if words}}T{{/if}}", "FFFFT"),
        ("{{#if zero includeZero=true}}T{{else}}F{{/if}}{{#if no includeZero=true}}T{{else}}F{{/if}}", "TF"),
        ("{{#unless no}}u{{/unless}}{{^no}}inv{{/no}}{{^if no}}x{{/if}}{{#words}}{{.}}{{/words}}", "uinvxw1w2w3"),
        ("{{#if user.nick}}n{{else}}no nick{{/if}}{{#unless user.nick}}!{{/unless}}", "no nick!"),
        ("{{#ifEquals n 5}}a{{else}}b{{/ifEquals}}{{#ifEquals n '5'}}a{{else}}b{{/ifEquals}}{{#ifEquals yes true}}a{{else}}b{{/ifEquals}}", "aba"),
        ("{{#ifEquals zero false}}a{{else}}b{{/ifEquals}}{{#ifEquals no 0}}a{{else}}b{{/ifEquals}}{{#ifEquals zero no}}a{{else}}b{{/ifEquals}}", "bbb"),
        ("{{#if no}}1{{else if yes}}2{{else}}3{{/if}}{{#if no}}1{{else ifEquals n 5}}2{{else}}3{{/if}}{{#if no}}1{{else each words}}{{this}}{{/if}}", "22w1w2w3"),
        ("{{json prices}} {{json words indent=2}} {{json (lookup prices item)}}", '{"tea":2,"pie":3.5} [\n  "w1",\n  "w2",\n  "w3"\n] 3.5'),
        ("{{#each words}}{{#if @first}}F{{/if}}{{#unless @last}}{{this}},{{else}}and {{this}}{{/unless}}{{/each}}", "Fw1,w2,and w3"),
        ("{{#> nowhere}}default {{name}}{{/nowhere}}", "default Ada"),
        ('{{#*inline "p"}}[{{name}}]{{/inline}}{{> p}}{{> p name="Z"}}{{#with user}}{{> p}}{{/with}}{{> p user}}', "[Ada][Z][Bo][Bo]"),
        ("{{#> layout}}Body {{name}}{{/layout}}", "<Body Ada|own>"),
        ('{{#> layout}}{{#*inline "nav"}}N{{/inline}}B{{/layout}}', "<B|N>"),
        ("{{> row rows.[0]}} {{#each rows}}{{> row}}{{/each}}", "(1) (1)(2)"),
        ("x\n  {{> lines}}\ny", "x\n  l1\n  l2 5\ny"),
        ("{{> lines}}\ny {{> lines}}y", "l1\nl2 5\ny l1\nl2 5\ny"),
        ("A{{~name~}}  B {{~#if yes~}} c {{~else~}} d {{~/if~}} e", "AAdaBce"),
        ("\\{{name}} \\\\{{name}} {{!-- c {{x}} --}}{{! d }}z", "{{name}} \\Ada z"),
        ('{"a": {{n}}, "b": "{{name}}"} {% x %} {# y #}', '{"a": 5, "b": "Ada"} {% x %} {# y #}'),
        ("a\n  {{#if yes}}\n  b\n  {{/if}}\nc", "a\n  b\nc"),
        ("x {{log name}}y", "x y"),
        ("{{@user.id}}|{{#if @user.id}}a{{else}}b{{/if}}|{{@a.b.c}}|", "|b||"),
    ],
)  # fmt: skip
def test_what_is_read_renders_as_the_engine_of_handlebars_renders_it(source: str, expected: str) -> None:
    """The expected texts are those of dotprompt 1.x for JavaScript with handlebars 4.7.8."""
    beside = {"layout": LAYOUT, "row": "({{t}})", "lines": "l1\nl2 {{n}}\n"}
    prompt = dotprompt.read(source, "x.prompt", beside).prompt
    names = prompt.metadata.get("dotprompt", {}).get("names", {})
    given = PEOPLE | {ours: PEOPLE[theirs] for ours, theirs in names.items() if theirs in PEOPLE}
    library = {
        name: dotprompt.read(text, f"_{name}.prompt").prompt.turns[0].template
        for name, text in {"lines": beside["lines"]}.items()
    }
    turns = [(turn.role, turn.template) for turn in prompt.turns]
    ((role, text),) = worker.render(turns, with_defaults(prompt, given), 100_000, Partials(library))
    assert (role, text.rstrip("\n")) == ("user", expected.rstrip("\n"))


TYPED = """---
input:
  schema:
    flag: boolean
    tags(array): string
    user(object): {name: string, nick?: string, vip?: boolean, subs?(array): string}
    rows(array): {t: string, note?: string}
    prices(object): {(*): number}
    shop?(object): {open: boolean}
---
"""


@pytest.mark.parametrize(
    ("source", "template", "expected"),
    [
        ("{{flag}} {{tags}}", '{{ flag | tojson }} {{ tags | join(",") }}', "true a,b"),
        ("{{user.nick}}.", "{{ user.nick | default }}.", "."),
        ("{{user.vip}}.", '{{ user.vip | tojson if user.vip is boolean else "" }}.', "."),
        ("{{#each user.subs}}q{{else}}no{{/each}}", "{% for sub in user.subs | default([], true) %}q{% else %}no{% endfor %}", "no"),
        ("{{#each rows}}{{t}}{{#if note}}!{{/if}}{{/each}}", "{% for row in rows %}{{ row.t }}{% if row.note | default %}!{% endif %}{% endfor %}", "1!2"),
        ("{{#each prices}}{{this}} {{/each}}", "{% for key, price in prices.items() %}{{ price }} {% endfor %}", "1 2 "),
        ("{{#prices}}p{{/prices}}{{#tags}}{{.}}{{/tags}}{{#flag}}f{{/flag}}", "{% if prices or prices is mapping %}p{% endif %}{% for tag in tags %}{{ tag }}{% endfor %}{% if flag %}f{% endif %}", "pabf"),
        ("{{#ifEquals user.nick null}}a{{else}}b{{/ifEquals}}", "{% if user.nick is none %}a{% else %}b{% endif %}", "b"),
        ("{{#if shop}}s{{else}}none{{/if}}", "{% if shop %}s{% else %}none{% endif %}", "none"),
    ],
)  # fmt: skip
def test_what_the_schema_says_of_a_value_decides_how_it_is_printed_tested_and_repeated(
    source: str, template: str, expected: str
) -> None:
    prompt = dotprompt.read(TYPED + source, "x.prompt").prompt
    assert prompt.turns == (Turn(role="user", template=template),)
    given = {
        "flag": True,
        "tags": ["a", "b"],
        "user": {"name": "U"},
        "rows": [{"t": "1", "note": "N"}, {"t": "2"}],
        "prices": {"x": 1, "y": 2},
        "shop": "",
    }
    assert worker.render([("user", template)], given, 10_000) == [("user", expected)]


@pytest.mark.parametrize(
    "template",
    [
        "{{ order | json }} {{ order | json(2) }}",
        '{% if tone == "kind" %}a{% else %}b{% endif %}{% if tone != "kind" %}c{% endif %}',
        "{% if n == 1 and n is not boolean %}x{% endif %}{% if a == b and (a is boolean) == (b is boolean) %}y{% endif %}",
        "{% if flag is sameas true %}x{% endif %}{% if a is none %}y{% endif %}",
        "{% for key, price in prices.items() %}{{ key }}: {{ price }}\n{% endfor %}",
        "{{ prices[item] | default }} {{ words[1] }}",
        "{% if words | length == 2 %}x{% endif %}{{ words | length }}",
        '{% with to = name %}{% include "hi" %}{% endwith %}',
        "{% for row in rows %}{% set row_loop = loop %}{% for x in row.xs %}{{ row_loop.index0 }}{% endfor %}{% endfor %}",
        '{# {{section "a"}} #}One',
        "{{ all_inputs() | json }}",
        '{% for a in rows %}{{ a.b | tojson if a.b is boolean else "" }}{% endfor %}',
    ],
)
def test_what_was_read_from_handlebars_is_written_as_it_was(template: str) -> None:
    prompt = Prompt(name="x", turns=(Turn(role="user", template=template),))
    written = dotprompt.write(Export(prompt=prompt))
    again = dotprompt.read(written.text, "x.prompt").prompt
    assert dotprompt.write(Export(prompt=again)).text == written.text
    if "a.b" not in template:  # its type is in no schema
        assert again.turns == prompt.turns


FOREIGN_KEPT = """---
name: trip
variant: short
config:
  temperature: 0.5
  safety: [low]
input:
  schema: Order
output:
  format: json
  schema: Answer
tools:
- search
team.owner: Bo
---
{{role "system"}}
Be brief, {{first-name}}. {{@auth.email}}
{{history}}
{{role "user"}}
Go
"""


def test_a_foreign_file_is_written_with_all_that_it_had() -> None:
    reading = dotprompt.read(FOREIGN_KEPT, "trip.short.prompt")
    assert [item.name for item in reading.prompt.inputs] == ["auth", "history"]
    assert reading.prompt.sampling is not None
    written = dotprompt.write(Export(prompt=reading.prompt, sampling=reading.prompt.sampling))
    assert written.text.partition("\n---\n")[2] == FOREIGN_KEPT.partition("\n---\n")[2].replace(
        "first-name", "[first-name]"
    )
    data = yaml_text.load(written.text.split("---\n")[1], file="x")
    before = yaml_text.load(FOREIGN_KEPT.split("---\n")[1], file="x")
    assert {key: data[key] for key in before if key != "config"} == {
        key: value for key, value in before.items() if key != "config"
    }
    assert data["config"]["safety"] == ["low"]
    assert dotprompt.read(written.text, "trip.short.prompt").prompt.inputs == reading.prompt.inputs


def test_an_input_schema_defined_elsewhere_is_left_out_and_said() -> None:
    reading = dotprompt.read("---\ninput:\n  schema: Order\n---\nShip {{item}} to {{city}}.\n", "x.prompt")
    assert reading.prompt.turns == (Turn(role="user", template="Ship {{ item }} to {{ city }}."),)
    assert reading.losses == ("input.schema: the schema Order is defined elsewhere; it is left out",)


def test_a_partial_block_without_its_file_shows_its_default_text() -> None:
    reading = dotprompt.read("Start\n{{#> footer}}default text{{/footer}}\n", "x.prompt")
    assert reading.prompt.turns == (Turn(role="user", template="Start\ndefault text"),)
    assert reading.losses == ("partial footer: its file is not here, so its default text stands",)


def test_partials_of_a_folder_are_found_beside_the_prompt_and_elsewhere_in_it() -> None:
    files = [
        ("shop/ask.prompt", b"{{> row user}}{{> sign}}{{#each xs}}{{> far}}{{/each}}"),
        ("shop/_row.prompt", b"[{{name}}]"),
        ("shop/_sign.prompt", b"---\nname: sign\n---\nYours"),
        ("other/_row.prompt", b"wrong"),
        ("other/_far.prompt", b"<{{this}}>"),
    ]
    ask, *partials = read_incoming(files)
    assert ask.prompt.turns[0].template == (
        '[{{ user.name }}]{% include "sign" %}{% for x in xs %}<{{ x }}>{% endfor %}'
    )
    assert [incoming.prompt.name for incoming in partials] == ["row", "sign", "row", "far"]


@pytest.mark.parametrize(
    ("source", "partials"),
    [
        ("{{#if a}}" * 60 + "{{/if}}" * 60, {}),
        ("{{#if a}}" + "{{else if b}}" * 1500 + "{{/if}}", {}),
        ("{{> p a}}" * 150, {"p": "x{{b}}" * 1000}),
        ("{{> p a}}" * 150, {"p": "x" * 100_000}),
    ],
    ids=["deep", "chain", "pieces", "characters"],
)
def test_what_grows_without_end_is_refused(source: str, partials: dict[str, str]) -> None:
    with pytest.raises(PromptError, match="x.prompt: .*more than"):
        dotprompt.read(source, "x.prompt", partials)


@pytest.mark.parametrize(
    ("source", "partials"),
    [
        ("{{> p a}}", {"p": "{{> p a}}"}),
        ("{{> p a}}", {"p": "{{> q a}}", "q": "{{> p a}}"}),
        ("{{> p0 a}}", {f"p{i}": f"{{{{> p{i + 1} a}}}}" * 10 for i in range(9)} | {"p9": "x"}),
        ("{{#if " + "(lookup " * 5000 + "a" + " b)" * 5000 + "}}x{{/if}}", {}),
        ("{{" + "a." * 100_000 + "b}}", {}),
        ("{{f " + "a=b " * 100_000 + "}}", {}),
        ("{{> @partial-block}}{{> (lookup . 'x')}}{{upper name}}{{#repeat 3}}x{{/repeat}}", {}),
    ],
    ids=["itself", "each other", "bomb", "brackets", "path", "words", "unknown"],
)
def test_a_tag_that_cannot_be_followed_is_text_and_named(source: str, partials: dict[str, str]) -> None:
    reading = dotprompt.read(source, "x.prompt", partials)
    assert reading.losses and check(reading.prompt.turns) == []
    assert any("it stands as text" in loss for loss in reading.losses)
