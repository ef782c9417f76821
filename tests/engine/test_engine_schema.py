"""A JSON schema holds every answer: a model that says anything at all, over the real vocabulary, cannot break it.

What is not held is named: each error of jsonschema in such an answer lies under a keyword that the badge names.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import validator_for

from playground.engine.gguf import read_header
from playground.engine.grammar import Grammars, Guide, new_matcher, new_tokenizer, parsed
from playground.engine.schema.patterns import FORMATS, to_held
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError
from playground.settings import embedded_model_path
from tests.examples import examples


class Babbler:
    """A model without sense: from what a guide allows it takes a token at random, closing brackets more often than not."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.tokenizer = new_tokenizer(vocabulary)
        self.pieces = vocabulary.pieces()
        self.ends = set(vocabulary.end_tokens())
        self.closers = numpy.array([piece[:1] in (b'"', b"}", b"]") for piece in self.pieces])

    def answers(self, schema: Any, count: int = 6, seed: int = 1, most_tokens: int = 150) -> Answers:
        matcher, not_held = new_matcher(schema, self.tokenizer)
        chance = random.Random(seed)
        texts = [
            self._answer(Guide(matcher.deep_copy(), self.vocabulary.size), chance, most_tokens)
            for _ in range(count)
        ]
        return Answers([text for text in texts if text is not None], not_held)

    def _answer(self, guide: Guide, chance: random.Random, most_tokens: int) -> str | None:
        text = b""
        for _ in range(most_tokens):
            allowed = guide.allowed()
            tokens = numpy.flatnonzero(allowed & self.closers) if chance.random() < 0.6 else ()
            ends = [] if len(tokens) else [end for end in self.ends if allowed[end]]
            tokens = tokens if len(tokens) else numpy.flatnonzero(allowed)
            token = int(tokens[chance.randrange(len(tokens))])
            if ends and chance.random() < 0.7:
                token = min(ends)
            if token in self.ends:
                return text.decode()
            assert self.pieces[token], "a token that says nothing"
            text += self.pieces[token]
            guide.take(token)
            if guide.is_complete:
                return text.decode()
        return None


class Answers(NamedTuple):
    texts: list[str]
    not_held: list[str]


@pytest.fixture(scope="module")
def babbler() -> Iterator[Babbler]:
    import llama_cpp.llama_cpp as llama

    from playground.engine.library import start_library
    from playground.engine.model import open_model

    path = embedded_model_path()
    assert path
    start_library()
    handle = open_model(read_header(path), vocabulary_only=True)
    yield Babbler(Vocabulary(handle))
    llama.llama_model_free(handle)


def unexplained(schema: Any, answers: Answers) -> list[str]:
    """Errors of answers that no named keyword explains."""
    named = {keyword.split()[0] for keyword in answers.not_held}
    if "$ref" in named:  # which is in no path of an error
        return []
    named |= {"then", "else"} if "if" in named else set()
    kind = validator_for(schema, default=Draft202012Validator)
    validator = kind(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [
        f"{text!r}: {error.message}"
        for text in answers.texts
        for error in validator.iter_errors(json.loads(text))
        if not explained(error, named)
    ]


def explained(error: ValidationError, named: set[str]) -> bool:
    if named.intersection(map(str, error.absolute_schema_path)):
        return True
    return bool(error.context) and any(explained(inner, named) for inner in error.context or ())


OBJECT = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}
LINKED = {
    "$defs": {
        "n": {
            "type": "object",
            "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}},
            "required": ["v"],
        }
    },
    "$ref": "#/$defs/n",
}  # fmt: skip
WHOLLY_HELD: dict[str, Any] = {
    "nullable enum": {"type": "object", "properties": {"d": {"type": ["string", "null"], "enum": ["x", None]}}, "required": ["d"]},
    "required without property": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a", "zz"]},
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2, "maxItems": 2},
    "digits": {"type": "object", "properties": {"z": {"type": "string", "pattern": r"^\d{5}$"}}, "required": ["z"]},
    "recursive root": LINKED,
    "true": {"type": "object", "properties": {"any": True}, "required": ["any"]},
    "quoted key": {"type": "object", "properties": {'a"b': {"type": "integer"}}, "required": ['a"b']},
    "control character in a key": {"type": "object", "properties": {"\x01\\": {"const": 1}}, "required": ["\x01\\"]},
    "quoted values": {"enum": ['say "hi"', "back\\slash", "line\nbreak", "日本", "👋", ""]},
    "numbers": {"enum": [1, 1.5, -2, 0, 3.0, 0.25]},
    "nested constants": {"const": {"a": [1, {"b": None}], "c": True}},
    "integer bounds": {"type": "integer", "minimum": -3, "exclusiveMaximum": 17},
    "fraction bounds": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "close bounds": {"type": "number", "minimum": 0.1, "maximum": 0.30000000000000004},
    "64 bits": {"type": "integer", "minimum": -9223372036854775808, "maximum": 18446744073709551615},
    "draft 4 bounds": {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number", "minimum": 1, "exclusiveMinimum": True, "maximum": 4},
    "multiple": {"type": "integer", "multipleOf": 7},
    "lengths": {"type": "string", "minLength": 2, "maxLength": 5},
    "list lengths": {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3},
    "a list of one is unique": {"type": "array", "uniqueItems": True, "maxItems": 1},
    "draft 7": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"pair": {"type": "array", "items": [{"type": "integer"}, {"type": "string"}], "additionalItems": False}},
        "type": "object", "properties": {"p": {"$ref": "#/definitions/pair"}}, "required": ["p"],
    },
    "anchor": {"$defs": {"x": {"$anchor": "here", "type": "integer"}}, "type": "array", "items": {"$ref": "#here"}},
    "embedded document": {"$id": "https://example.com/all", "$defs": {"x": {"$id": "part", "type": "integer"}}, "type": "array", "items": {"$ref": "part"}, "minItems": 1},
    "dynamic": {"$dynamicAnchor": "n", "type": "object", "properties": {"c": {"type": "array", "items": {"$dynamicRef": "#n"}, "maxItems": 1}}},
    "one of types": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    "one of kinds": {"oneOf": [
        {"type": "object", "properties": {"kind": {"const": name}, name: {"type": "integer"}}, "required": ["kind"]} for name in ("a", "b")]},
    "all of": {"type": "object", "allOf": [
        {"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {"type": "integer"}}, "required": ["b"]}]},
    "any of required": OBJECT | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "sibling of a reference": {"$defs": {"s": {"type": "string"}}, "$ref": "#/$defs/s", "maxLength": 3},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}},
    "patterned keys": {"type": "object", "patternProperties": {"^a": {"type": "integer"}, "^b": {"type": "string"}}, "additionalProperties": False},
    "pattern beside a property": {"type": "object", "properties": {"a1": {"type": ["integer", "string"]}}, "patternProperties": {"^a": {"type": "string"}}, "required": ["a1"]},
    "closed": OBJECT | {"unevaluatedProperties": False},
    "at least one": OBJECT | {"minProperties": 1},
    "at most one": {"type": "object", "maxProperties": 1},
    "anything": True,
    "words are not keywords": {"const": {"uniqueItems": True, "not": {}}, "title": "if", "examples": [{"not": 1}]},
    "names are not keywords": {"type": "object", "properties": {"not": {"type": "integer"}, "if": True}, "required": ["not"]},
    "trivial": {"type": "integer", "not": False, "dependentRequired": {}, "if": {"minimum": 3}, "uniqueItems": False},
    "options of the engine": {"x-guidance": {"lenient": True, "whitespace_pattern": "[ ]+", "coerce_one_of": True}, **OBJECT},
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLLY_HELD)
def test_every_answer_matches_a_schema_that_is_held(babbler: Babbler, name: str) -> None:
    answers = babbler.answers(WHOLLY_HELD[name], 12)
    assert answers.texts, "no answer came to its end"
    assert answers.not_held == []
    assert unexplained(WHOLLY_HELD[name], answers) == []


NAMED: dict[str, tuple[Any, list[str]]] = {
    "uniqueItems": ({"type": "array", "uniqueItems": True}, ["uniqueItems"]),
    "not": ({"not": {"type": "string"}}, ["not"]),
    "if": ({"if": {"type": "string"}, "then": {"minLength": 3}}, ["if"]),
    "contains": ({"type": "array", "contains": {"type": "integer"}}, ["contains"]),
    "propertyNames": ({"type": "object", "propertyNames": {"maxLength": 3}}, ["propertyNames"]),
    "dependentRequired": (OBJECT | {"dependentRequired": {"a": ["b"]}}, ["dependentRequired"]),
    "dependentSchemas": (OBJECT | {"dependentSchemas": {"a": {"required": ["b"]}}}, ["dependentSchemas"]),
    "unevaluatedProperties": ({"allOf": [OBJECT], "unevaluatedProperties": False}, ["unevaluatedProperties"]),
    "unevaluatedItems": ({"anyOf": [{"type": "array"}], "unevaluatedItems": False}, ["unevaluatedItems"]),
    "fraction": ({"type": "number", "multipleOf": 0.01}, ["multipleOf"]),
    "format": ({"type": "string", "format": "colour"}, ["format colour"]),
    "format of a number": ({"type": "integer", "format": "int32"}, ["format int32"]),
    "a format of the engine's own": ({"type": "string", "format": "unknown"}, ["format unknown"]),
    "look-ahead": ({"type": "string", "pattern": "(?=a)b"}, ["pattern"]),
    "overlapping patterns": ({"type": "object", "patternProperties": {"^a": {"type": "integer"}, "b$": {"type": "string"}}}, ["patternProperties"]),
    "overlapping choices": ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, ["oneOf"]),
    "two of many": ({"type": "object", "minProperties": 2}, ["minProperties"]),
    "at most, among named": (OBJECT | {"required": ["a"], "maxProperties": 1}, ["maxProperties"]),
    "a huge number": ({"enum": [2**60 + 1, 3]}, ["enum"]),
    "a huge bound": ({"type": "integer", "minimum": 2**60}, ["minimum"]),
    "a control character": ({"const": "\x01"}, ["const"]),
    "several": (OBJECT | {"not": {"required": ["a"]}, "if": {"required": ["b"]}, "else": {"required": ["a"]}}, ["if", "not"]),
    "deep inside": ({"type": "array", "items": {"anyOf": [{"type": "object", "properties": {"x": {"not": {}}}}]}}, ["not"]),
    "in a definition": ({"$defs": {"x": {"type": "array", "uniqueItems": True}}, "items": {"$ref": "#/$defs/x"}}, ["uniqueItems"]),
    "circle with a sibling": ({"type": "object", "properties": {"c": {"$ref": "#", "required": ["x"]}}}, ["$ref"]),
    "two dynamic anchors": ({"$dynamicAnchor": "n", "$defs": {"m": {"$dynamicAnchor": "n"}}, "items": {"$dynamicRef": "#n"}}, ["$dynamicRef"]),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_a_keyword_that_is_not_held_is_named(babbler: Babbler, name: str) -> None:
    schema, keywords = NAMED[name]
    answers = babbler.answers(schema)
    assert answers.not_held == keywords
    assert unexplained(schema, answers) == []


REFUSED: dict[str, tuple[str, str]] = {
    "no JSON": ("{", "is not JSON"),
    "a list": ("[1]", "not an object"),
    "NaN": ('{"const": NaN}', "is not JSON"),
    "half a character": ('{"const": "\\ud800"}', "half a character"),
    "deep": ("[" * 100_000, "nested too deeply"),
    "deep schema": ('{"items":' * 80 + "{}" + "}" * 80, "nested more than 64 deep"),
    "long": (json.dumps({"title": "x" * 1_000_001}), "1,000,0.. characters"),
    "unknown type": ('{"properties": {"a": {"type": "colour"}}}', '"colour" at #/properties/a/type is not a type'),
    "wrong shape": ('{"properties": {"a/b": {"minLength": "3"}}}', "at #/properties/a~1b/minLength: .*whole number from 0, not a text"),
    "no schema": ('{"items": 3}', "at #/items: a schema is an object, true or false, not 3"),
    "remote": ('{"$ref": "https://example.org/s"}', '"https://example.org/s" at # leads out of the schema'),
    "file": ('{"items": {"$ref": "file:///etc/passwd"}}', "at #/items leads out of the schema"),
    "dangling": ('{"$ref": "#/$defs/x"}', '"#/\\$defs/x" at # leads nowhere'),
    "false": ("false", "No JSON matches"),
    "itself": ('{"$ref": "#"}', "a part of it requires itself"),
    "endless": ('{"properties": {"c": {"$ref": "#"}}, "required": ["c"]}', "a part of it requires itself"),
    "crossed lengths": ('{"type": "string", "minLength": 5, "maxLength": 3}', r"minLength \(5\) is greater than maxLength \(3\)"),
    "crossed bounds": ('{"type": "integer", "minimum": 1.2, "maximum": 1.8}', r"minimum \(2\) is greater than maximum \(1\)"),
    "no choice": ('{"enum": []}', "No JSON matches"),
    "forbidden key": ('{"required": ["a"], "properties": {"a": false}}', 'the required property "a" can have no value'),
    "many properties": (json.dumps({"properties": {f"p{i}": {} for i in range(1001)}}), "lists 1,001 properties in one object"),
    "many subschemas": (json.dumps({"anyOf": [{"type": "object", "properties": dict.fromkeys(map(str, range(900)), {})}] * 30}), "more than 20,000"),
    "long chain": (json.dumps({"$defs": {f"d{i}": {"items": {"$ref": f"#/$defs/d{i + 1}"}} for i in range(9000)} | {"d9000": {}}, "$ref": "#/$defs/d0"}), "too many definitions"),
    "product": (json.dumps({"allOf": [{"anyOf": [{"required": [f"a{i}{j}"]} for j in range(12)]} for i in range(6)]}), "too large"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_followed_is_refused_in_words_about_the_schema(babbler: Babbler, name: str) -> None:
    text, words = REFUSED[name]
    begin = time.process_time()
    with pytest.raises(BackendError, match=words) as caught:
        new_matcher(parsed(text), babbler.tokenizer)
    assert caught.value.hint
    assert time.process_time() - begin < 10
    assert not re.search(r"(?i)lexer|parser|earley|regexast|unsat|llguidance", str(caught.value))


def test_white_space_has_an_end_and_no_other_text_stands_around(babbler: Babbler) -> None:
    matcher, _ = new_matcher({"type": "array", "items": {"type": "integer"}}, babbler.tokenizer)

    def takes(text: str) -> bool:
        tokens = babbler.vocabulary.tokenize(text, special=False)
        copy = matcher.deep_copy()
        return copy.try_consume_tokens(tokens) == len(tokens) and copy.is_accepting()

    assert takes("[1, 2]") and takes("[1,2]") and takes("[]")
    for text in ("[1,  2]", "[ 1]", "[1 ,2]", "[\n1]", " [1]", "[1]\n"):
        assert not takes(text)


def test_an_undeclared_key_is_left_out_where_the_schema_is_silent(babbler: Babbler) -> None:
    for text in babbler.answers(OBJECT, 20).texts:
        assert json.loads(text).keys() <= {"a", "b"}


@pytest.mark.parametrize(
    "name", ["date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"]
)
def test_formats_are_held(babbler: Babbler, name: str) -> None:
    schema = {"type": ["string", "null"], "format": name}
    answers = babbler.answers(schema, 25, most_tokens=400)
    assert answers.not_held == []
    assert unexplained(schema, answers) == []


def test_dates_know_the_calendar() -> None:
    date = re.compile(FORMATS["date"])
    for right in (
        "2024-02-29",
        "2000-02-29",
        "2023-02-28",
        "0001-01-01",
        "1999-12-31",
        "2010-04-30",
        "2100-10-30",
    ):
        assert date.match(right)
    for wrong in (
        "2023-02-29",
        "1900-02-29",
        "2023-04-31",
        "2023-13-01",
        "0000-01-01",
        "2023-1-1",
        "2023-00-10",
    ):
        assert not date.match(wrong)


PATTERNS = [
    r"^\d{3}-\d{4}$", r"^[A-Z][\w-]*$", r"a.c", r"^(foo|bar)+$", r"\S+@\S+", r"[^\d\s]{2,4}", r"^$|^x+$", r"^[\]\[a-c-]+$", r"\$\d+\.\d\d",
    r"^(?:\+\d{1,3})?\d+$", r"(?P<y>\d\d)/(?P<m>\d\d)", r"^\W\D\S$", r"^[^\W_]+$", r"[\u00e0-\u00ff]+", r"^a{2}b{0,3}c{1,}$", r"x{y}", r"^.{1,10}$",
    r"^#[0-9a-fA-F]{6}$", r"^/path/.*\.json$", r"^(a|)$", r"\t|\n",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_texts_match_a_pattern_as_python_and_as_the_standard_read_it(babbler: Babbler, pattern: str) -> None:
    schema = {"type": "string", "pattern": pattern}
    answers = babbler.answers(schema, 15)
    assert answers.not_held == []
    assert unexplained(schema, answers) == []
    ascii_only = re.compile(pattern, re.ASCII)
    assert all(ascii_only.search(json.loads(text)) for text in answers.texts)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bword",
        r"(a)\1",
        r"(?i)abc",
        r"(?<!a)b",
        r"a*+",
        r"[]a]",
        r"a{,3}",
        r"[\d-x]",
        "(",
        r"\Z",
        r"\ud800",
    ],
)
def test_patterns_that_the_dialects_read_differently_are_not_held(babbler: Babbler, pattern: str) -> None:
    assert to_held(pattern) is None or babbler.answers(
        {"pattern": pattern, "type": "string"}, 1
    ).not_held == ["pattern"]


def test_signs_that_mean_something_to_the_engine_only_are_signs() -> None:
    assert to_held("[[]a&&b]") == r"[\[]a\&\&b\]"
    assert to_held("^[a-z&&~~--]$") is None or "&&" not in str(to_held("^[a-z&&~~--]$"))


def test_a_schema_is_prepared_beside_the_answers_and_kept(babbler: Babbler) -> None:
    grammars = Grammars(babbler.vocabulary)
    assert grammars.wanted('{"type": "integer"}') is None
    assert not grammars.is_idle
    made = wait_for(grammars, '{"type": "integer"}')
    assert grammars.is_idle
    assert grammars.wanted('{"type": "integer"}') is made
    with pytest.raises(BackendError, match="not JSON"):
        wait_for(grammars, "{")
    for number in range(12):
        wait_for(grammars, json.dumps({"const": number}))
    assert grammars.wanted('{"type": "integer"}') is None, "only the last ones are kept"
    wait_for(grammars, '{"type": "integer"}')


def wait_for(grammars: Grammars, schema: str) -> object:
    for _ in range(2000):
        if made := grammars.wanted(schema):
            return made
        time.sleep(0.01)
    raise AssertionError("never made")


# --- any schema -------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "kind", 'q"', "é", "not"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1000, 1000),
    st.sampled_from(["x", "", 'a"b', "日"]),
    st.sampled_from([0.5, -1.25, 1e3]),
)
NUMBERS = st.one_of(st.integers(-50, 50), st.floats(-50, 50).map(lambda x: round(x, 3)))
COUNTS = st.integers(0, 3)


def keywords(**values: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


NUMERIC = keywords(
    minimum=NUMBERS,
    maximum=NUMBERS,
    exclusiveMinimum=NUMBERS,
    exclusiveMaximum=NUMBERS,
    multipleOf=st.sampled_from([2, 3, 0.5]),
)
TEXT = keywords(
    minLength=COUNTS,
    maxLength=st.integers(1, 8),
    pattern=st.sampled_from(PATTERNS),
    format=st.sampled_from(["date", "ipv4", "x"]),
)
LEAVES = st.one_of(
    st.booleans(),
    st.just({}),
    st.builds(lambda k, t: k | {"type": t}, NUMERIC, st.sampled_from(["integer", "number"])),
    st.builds(lambda k: k | {"type": "string"}, TEXT),
    NUMERIC, TEXT,
    st.builds(lambda v: {"enum": v}, st.lists(SCALARS, min_size=1, max_size=4)),
    st.builds(lambda v: {"const": v}, st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(NAMES, SCALARS, max_size=2))),
    st.builds(lambda t: {"type": t}, st.lists(st.sampled_from(["null", "boolean", "integer", "string", "array", "object"]), min_size=1, unique=True)),
    st.sampled_from([{"$ref": "#/$defs/one"}, {"$ref": "#/$defs/one", "maxLength": 4}]),
)  # fmt: skip


def larger(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(parts, min_size=1, max_size=3)
    objects = keywords(
        type=st.just("object"), properties=st.dictionaries(NAMES, parts, max_size=3), required=st.lists(NAMES, max_size=2, unique=True),
        additionalProperties=parts, minProperties=COUNTS, maxProperties=COUNTS, patternProperties=st.dictionaries(st.sampled_from(["^a", "b$", "^k"]), parts, max_size=2),
        propertyNames=parts, dependentRequired=st.dictionaries(NAMES, st.lists(NAMES, unique=True), max_size=1), unevaluatedProperties=parts,
    )  # fmt: skip
    lists = keywords(
        type=st.just("array"), items=parts, prefixItems=some, minItems=COUNTS, maxItems=COUNTS, uniqueItems=st.booleans(), contains=parts, unevaluatedItems=parts
    )  # fmt: skip
    combined = keywords(allOf=some, anyOf=some, oneOf=some)
    combined |= st.builds(lambda k, x: k | x, combined, parts.filter(lambda p: isinstance(p, dict)))
    conditional = keywords(**{"if": parts, "then": parts, "else": parts, "not": parts})
    return st.one_of(objects, lists, combined, objects, lists, conditional)


SCHEMAS = st.builds(
    lambda root, one: root | {"$defs": {"one": one}} if isinstance(root, dict) else root,
    st.recursive(LEAVES, larger, max_leaves=8),
    LEAVES.filter(lambda leaf: "$ref" not in (leaf if isinstance(leaf, dict) else ())),
)


@settings(
    max_examples=examples(80),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(schema=SCHEMAS, seed=st.integers(0, 1000))
def test_any_schema_is_held_or_its_keywords_are_named_or_it_is_refused(
    babbler: Babbler, schema: Any, seed: int
) -> None:
    try:
        answers = babbler.answers(schema, 3, seed, most_tokens=60)
    except BackendError as exc:
        assert exc.hint
        return
    assert unexplained(schema, answers) == []
