"""Each behaviour that the public dotprompt specification tests (google/dotprompt, folder `spec`), in cases of our own.

A row is named after the file and the test of the specification; one with several tests there has as many rows here.
Those that do not hold stand in NOT_HELD, each with its reason.
"""

from __future__ import annotations

from typing import Any

import pytest

from playground.formats import dotprompt
from playground.runs.planning import with_defaults
from playground.templating import worker
from playground.templating.partials import Partials
from playground.types.prompt import Prompt

NOT_HELD = {
    "helpers/media: basic": "a turn holds text; an image is added to the run, and the tag stays as a comment",
    "helpers/media: url_only": "as above",
    "helpers/media: content_types, video": "as above; and no model here takes a video",
    "helpers/media: content_types, audio": "as above; and no model here takes sound",
    "helpers/role: system_only_prompt": "earlier messages go where the template says {{history}}, nowhere else",
    "helpers/role_metadata: role_with_metadata": "a turn has a role and a text, no metadata; its text does hold",
    "helpers/role_metadata: role_mixed_metadata": "as above",
}


def said(prompt: Prompt, values: dict[str, Any], partials: dict[str, str]) -> list[tuple[str, str]]:
    """The messages of a run: partials are prompts of the library, what is not given takes its default."""
    sources = {}
    for name, text in partials.items():
        (turn,) = dotprompt.read(text, f"_{name}.prompt", partials).prompt.turns
        sources[name] = turn.template
    turns = [(turn.role, turn.template) for turn in prompt.turns]
    return worker.render(turns, with_defaults(prompt, values), 100_000, Partials(sources))


ROLES = '{{role "system"}}You are {{who}}.\n{{role "model"}}Yes?\n{{role "user"}}{{ask}}\n'
EQUAL = "{{#ifEquals left right}}\nsame\n{{else}}\nother\n{{/ifEquals}}\n"
UNEQUAL = "{{#unlessEquals left right}}\nother\n{{else}}\nsame\n{{/unlessEquals}}\n"
SCRIPTS = ["汉字", "ひらがなと漢字", "한글", "عربي", "עברית", "кириллица", "ελληνικά", "ภาษาไทย", "हिन्दी"]
EMOJI = ["🙂", "👩👩👦", "🤝🏿", "🇫🇷", "🌧🌈🌞"]
ODD = ["x\u200by\u200cz", "e\u0301 ä ñ", "∀ ∃ ∈ ≠", "€ ₹ ₿", "⇐ ⇕ ↺"]
EQUALITIES: list[tuple[str, Any, Any, str]] = [
    ("basic", 7, 7, "same"),
    ("basic", 7, 8, "other"),
    ("type_safety", 7, "7", "other"),
    ("boolean_comparison", True, True, "same"),
    ("boolean_comparison", False, False, "same"),
    ("boolean_comparison", True, False, "other"),
    ("null_comparison", None, None, "same"),
    ("null_comparison", None, 0, "other"),
]

Row = tuple[str, str, dict[str, Any], str | list[tuple[str, str]]]
"""The test of the specification, a body, values, and what the user's message says or all messages."""
ROWS: list[Row] = [
    ("variables: basic, provided", "Dear {{name}}:", {"name": "Ada"}, "Dear Ada:"),
    ("variables: basic, default", "---\ninput: {default: {name: you}}\n---\nDear {{name}}:", {}, "Dear you:"),
    ("variables: basic, overridden", "---\ninput: {default: {name: you}}\n---\nDear {{name}}:", {"name": "Ada"}, "Dear Ada:"),
    ("variables: basic, no escaping", "Dear {{name}}:", {"name": "<i>A & B</i>"}, "Dear <i>A & B</i>:"),
    *[(f"unicode: unicode_basic, {text}", "Say {{x}}.", {"x": text}, f"Say {text}.") for text in SCRIPTS],
    *[(f"unicode: unicode_emoji, {text}", "{{a}} {{x}} {{b}}", {"a": "A", "x": text, "b": "B"}, f"A {text} B") for text in EMOJI],
    ("unicode: unicode_in_template, ASCII value", "早安，{{x}}！", {"x": "Bo"}, "早安，Bo！"),
    ("unicode: unicode_in_template, both", "早安，{{x}}！", {"x": "老王"}, "早安，老王！"),
    ("unicode: unicode_mixed_scripts", "{{a}}-{{b}}-{{c}}", {"a": "day", "b": "日", "c": "일"}, "day-日-일"),
    *[(f"unicode: unicode_special, {text}", "{{x}}", {"x": text}, text) for text in ODD],
    ("unicode: unicode_nested", '{{who.name}}: "{{who.says}}"', {"who": {"name": "Łukasz", "says": "Cześć"}}, 'Łukasz: "Cześć"'),
    ("unicode: unicode_iteration", "{{#each words}}{{this}}{{#unless @last}}、{{/unless}}{{/each}}", {"words": ["一", "二", "三"]}, "一、二、三"),
    ("metadata: metadata_state, given", "{{@state.step}} of {{@state.all}}", {"state": {"step": 2, "all": 9}}, "2 of 9"),
    ("metadata: metadata_state, missing value", "{{@state.step}} of {{@state.all}}.", {"state": {"step": 0}}, "0 of ."),
    ("metadata: metadata_state, nested beside", "{{@state.step}}", {"state": {"step": 3, "more": {"a": 1}}}, "3"),
    ("metadata: metadata_context_variables, given", "{{n}} {{@auth.mail}} {{@user.team}}", {"n": "Bo", "auth": {"mail": "b@x.de"}, "user": {"team": "T"}}, "Bo b@x.de T"),
    ("metadata: metadata_context_variables, missing", "{{n}} <{{@auth.mail}}>", {"n": "Bo"}, "Bo <>"),
    ("metadata: metadata_context_variables, deep", "{{n}} {{@auth.can.edit}}", {"n": "Bo", "auth": {"can": {"edit": "yes"}}}, "Bo yes"),
    *[(f"helpers/ifEquals: {name}, {left!r} {right!r}", EQUAL, {"left": left, "right": right}, text) for name, left, right, text in EQUALITIES],
    *[(f"helpers/unlessEquals: {name}, {left!r} {right!r}", UNEQUAL, {"left": left, "right": right}, text) for name, left, right, text in EQUALITIES],
    ("helpers/json: basic", "{{json this}}", {"ok": False}, '{"ok":false}'),
    ("helpers/json: indented", "{{json this indent=2}}", {"ok": False}, '{\n  "ok": false\n}'),
    ("helpers/json: indented_4_spaces", "{{json this indent=4}}", {"ok": False}, '{\n    "ok": false\n}'),
    ("helpers/json: nested_objects", "{{json this}}", {"a": {"b": {"c": 7}}}, '{"a":{"b":{"c":7}}}'),
    ("helpers/json: arrays", "{{json this}}", {"a": [3, "x", None]}, '{"a":[3,"x",null]}'),
    ("helpers/json: empty_values", "{{json this}}", {}, "{}"),
    ("helpers/role: system_role", ROLES, {"who": "kind", "ask": "Why?"}, [("system", "You are kind."), ("assistant", "Yes?"), ("user", "Why?")]),
    ("helpers/role: all_roles", ROLES + '{{role "assistant"}}So.', {"who": "a", "ask": "b"}, [("system", "You are a."), ("assistant", "Yes?"), ("user", "b"), ("assistant", "So.")]),
    ("helpers/history: basic_history", '{{role "system"}}S\n{{history}}\n{{role "user"}}Last\n', {"history": [{"role": "user", "content": "One"}, {"role": "model", "content": "Two"}]},
     [("system", "S"), ("user", "One"), ("assistant", "Two"), ("user", "Last")]),
    ("helpers/history: empty_history", '{{role "system"}}S\n{{history}}\n{{role "user"}}Last\n', {}, [("system", "S"), ("user", "Last")]),
    ("helpers/section: basic_section", '{{section "a"}}\nOne\n{{section "b"}}\nTwo', {}, "\nOne\n\nTwo"),
    ("helpers/section: nested_sections", '{{section "a"}}\nOne\n{{section "b"}}\nTwo\n{{section "a"}}\nThree', {}, "\nOne\n\nTwo\n\nThree"),
    ("whitespace: whitespace_tilde_basic", "a  {{~x~}}  b", {"x": "-"}, "a-b"),
    ("whitespace: whitespace_tilde_left", "a  {{~x}}  b", {"x": "-"}, "a-  b"),
    ("whitespace: whitespace_tilde_right", "a  {{x~}}  b", {"x": "-"}, "a  -b"),
    ("whitespace: whitespace_tilde_multiline", "<p>\n  {{~x~}}\n</p>", {"x": "-"}, "<p>-</p>"),
    ("whitespace: whitespace_tilde_block_each", "All:{{#each xs~}}\n  * {{this}}\n{{~/each}}.", {"xs": ["a", "b"]}, "All:* a* b."),
    ("whitespace: whitespace_tilde_block_if, true", "a\n{{~#if on~}}\nb\n{{~/if~}}\nc", {"on": True}, "abc"),
    ("whitespace: whitespace_tilde_block_if, false", "a\n{{~#if on~}}\nb\n{{~/if~}}\nc", {"on": False}, "ac"),
    ("whitespace: whitespace_no_tilde", "a {{ x }} b", {"x": "-"}, "a - b"),
]  # fmt: skip

PARTIALS: list[tuple[str, str, dict[str, str], dict[str, Any], str]] = [
    ("basic_partial", "{{> hi}} And more.", {"hi": "Good day."}, {}, "Good day. And more."),
    ("partial_name_with_full_regex", "{{> v1.greet-all_x}} And more.", {"v1.greet-all_x": "Hello."}, {}, "Hello. And more."),
    ("partial_with_context", "{{> hi to=name}}", {"hi": "Dear {{to}},"}, {"name": "Ada"}, "Dear Ada,"),
    ("resolved_partial", "{{> hi}}", {"hi": "Good day."}, {}, "Good day."),
    ("nested_resolved_partial", "{{> outer}}", {"outer": "<{{> inner}}>", "inner": "in"}, {}, "<in>"),
    ("partial_with_license_header", '{{> hi to="all"}}', {"hi": "{{!--\n  Terms\n--}}\nDear {{to}},\n"}, {}, "Dear all,"),
    ("partial_with_hash_comment", "{{> hi}}", {"hi": "# not a comment\nText\n"}, {}, "# not a comment\nText"),
]  # fmt: skip

NUMBER = {"type": "number", "description": "how many"}
SCHEMAS: list[tuple[str, str, Any]] = [
    ("simple_scalar_no_description", "number", {"type": "number"}),
    ("simple_scalar_description", "number, how many", NUMBER),
    ("simple_scalar_description_no_whitespace", "number,how many", NUMBER),
    ("simple_scalar_description_with_commas", "number, how many, a day", {"type": "number", "description": "how many, a day"}),
    ("simple_scalar_description_extra_whitespace", "number,   how many", NUMBER),
    ("simple_object", "{a: string, b: boolean}", {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "boolean"}}, "required": ["a", "b"], "additionalProperties": False}),
    ("required_field", "{a: 'number, how many', 'b?': string}", {"type": "object", "properties": {"a": NUMBER, "b": {"type": ["string", "null"]}}, "required": ["a"], "additionalProperties": False}),
    ("array_of_scalars", "{'a(array, some)': 'number, how many'}", {"type": "object", "properties": {"a": {"type": "array", "items": NUMBER, "description": "some"}}, "required": ["a"], "additionalProperties": False}),
    ("nested_object_in_array_and_out", "{'a?(object, one)': {'b?': string}, 'c(array)': {d: any}}", {"type": "object", "properties": {
        "a": {"type": ["object", "null"], "description": "one", "properties": {"b": {"type": ["string", "null"]}}, "additionalProperties": False},
        "c": {"type": "array", "items": {"type": "object", "properties": {"d": {}}, "required": ["d"], "additionalProperties": False}}}, "required": ["c"], "additionalProperties": False}),
    ("simple_json_schema_type", "{type: integer}", {"type": "integer"}),
    ("inferred_json_schema_from_properties", "{properties: {a: {type: string}}}", {"type": "object", "properties": {"a": {"type": "string"}}}),
    ("enum_field", "{'a?(enum, one of)': [x, y]}", {"type": "object", "properties": {"a": {"enum": ["x", "y", None], "description": "one of"}}, "additionalProperties": False}),
    ("any_field", "{a: any, 'b?': 'any, at will'}", {"type": "object", "properties": {"a": {}, "b": {"description": "at will"}}, "required": ["a"], "additionalProperties": False}),
    ("wildcard_fields_with_other_fields", "{a: string, (*): 'number, how many'}", {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": NUMBER}),
    ("wildcard_fields_without_other_fields", "{(*): any}", {"type": "object", "properties": {}, "additionalProperties": {}}),
    ("named_schema_override_description", "Count, of them", {"type": "integer", "description": "of them"}),
    ("nested_named_schema", "{a: Count, 'b?': 'Count, or not'}", {"type": "object", "properties": {"a": {"type": "integer", "description": "a count"}, "b": {"type": ["integer", "null"], "description": "or not"}}, "required": ["a"], "additionalProperties": False}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "values", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ROWS]
)
def test_a_body_says_what_the_specification_says(
    source: str, values: dict[str, Any], expected: str | list[tuple[str, str]]
) -> None:
    prompt = dotprompt.read(source, "x.prompt").prompt
    turns = [(turn.role, turn.template) for turn in prompt.turns]
    given = values if None in values.values() else with_defaults(prompt, values)
    messages = [(role, text.rstrip("\n")) for role, text in worker.render(turns, given, 100_000)]
    assert messages == ([("user", expected)] if isinstance(expected, str) else expected)


@pytest.mark.parametrize(
    ("source", "partials", "values", "expected"), [pytest.param(*row[1:], id=row[0]) for row in PARTIALS]
)
def test_a_partial_says_what_the_specification_says(
    source: str, partials: dict[str, str], values: dict[str, Any], expected: str
) -> None:
    """With the partials beside it, which are prompts of the library then, and with them only in the library."""
    for beside in (partials, {}):
        prompt = dotprompt.read(source, "x.prompt", beside).prompt
        assert [(role, text.strip("\n")) for role, text in said(prompt, values, partials)] == [
            ("user", expected)
        ]


@pytest.mark.parametrize(("schema", "expected"), [pytest.param(*row[1:], id=row[0]) for row in SCHEMAS])
def test_a_picoschema_means_what_the_specification_says(schema: str, expected: Any) -> None:
    known = {"Count": {"type": "integer", "description": "a count"}}
    text = f"---\noutput:\n  schema: {schema}\n---\nHi"
    assert dotprompt.read(text, "x.prompt", schemas=known).prompt.output_schema == expected


def test_a_picoschema_for_the_input_too() -> None:
    """picoschema: input_and_output; an input that is no object has no name here."""
    reading = dotprompt.read("---\ninput: {schema: string}\noutput: {schema: string}\n---\nHi", "x.prompt")
    assert reading.prompt.output_schema == {"type": "string"}
    assert reading.losses == ("input.schema: only an object with fields becomes variables",)


def test_what_has_no_field_here_is_kept_and_written_again() -> None:
    """metadata: raw, ext."""
    text = "---\nmodel: m\nconfig: {temperature: 2, beams: 4}\ncustom: prop\na.b: c\na.b.d: e\n---\nHi"
    prompt = dotprompt.read(text, "x.prompt").prompt
    assert prompt.sampling is not None and prompt.sampling.temperature == 2
    assert prompt.metadata["dotprompt"] == {
        "config": {"beams": 4},
        "custom": "prop",
        "a.b": "c",
        "a.b.d": "e",
    }


def test_the_specification_holds_but_for_what_is_named() -> None:
    held = len(ROWS) + len(PARTIALS) + len(SCHEMAS) + 1 + 2
    assert (held, len(NOT_HELD)) == (97, 7)
    assert all(NOT_HELD.values())


@pytest.mark.parametrize("name", ["picture", "film.clip"])
def test_media_stays_as_a_comment_and_is_written_again(name: str) -> None:
    """helpers/media: not held."""
    source = f"See {{{{media url={name} contentType=kind}}}}"
    reading = dotprompt.read(source, "x.prompt")
    assert reading.prompt.turns[0].template == f"See {{# {{{{media url={name} contentType=kind}}}} #}}"
    assert reading.losses == (f"media url={name} contentType=kind: images are added when the prompt runs",)
    assert source in dotprompt.write(dotprompt.Export(prompt=reading.prompt)).text


def test_a_turn_keeps_its_text_without_its_metadata_and_says_so() -> None:
    """helpers/role_metadata: not held."""
    reading = dotprompt.read('{{role "system" purpose="rules" a=1}}Be kind.\n{{role "user"}}Hi', "x.prompt")
    assert [(turn.role, turn.template) for turn in reading.prompt.turns] == [
        ("system", "Be kind."),
        ("user", "Hi"),
    ]
    assert reading.losses == (
        'body, line 1: {{role "system" purpose="rules" a=1}} says purpose, a of its turn, which is not kept',
    )
