"""Scorers that read the answer as data: valid JSON, JSON that matches a schema (Draft 2020-12).

    json_schema(Sample('{"age": "x"}'), schema={"properties": {"age": {"type": "integer"}}})
    → Score("json_schema", 0.0, '{"age": "x"}', "at $.age: 'x' is not of type 'integer'")

Neither an answer nor a schema can hang the program or reach the network: work is bounded by a deadline,
patterns by the `regex` engine's own, and a reference leads nowhere outside the schema.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from itertools import islice
from typing import Any

import regex as regex_engine
from jsonschema import Draft202012Validator, FormatChecker, SchemaError, ValidationError
from jsonschema.exceptions import best_match
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from playground.scorers.options import JsonSchema
from playground.scorers.text import clip, quote, regex_problem
from playground.types import Sample, Score

SCHEMA_SECONDS = 1.0
_CUT = "cut at the token limit, so not valid JSON"


class NotJson(ValueError):
    """The text is not JSON; the message is a fact about it, without a full stop."""


def valid_json(sample: Sample, *, allow_fence: bool = False) -> Score:
    """1 when the whole answer is one JSON value.

    A Markdown code fence around it fails unless `allow_fence`, because a program that reads the answer would
    fail too. Duplicate keys and NaN fail: readers disagree on what they mean (RFC 8259, sections 4 and 6).
    """
    try:
        text, _ = _parse(sample, allow_fence)
    except NotJson as exc:
        return Score("json", 0.0, sample.answer.strip(), str(exc))
    return Score("json", 1.0, text, "valid JSON")


def json_schema(sample: Sample, *, schema: JsonSchema, allow_fence: bool = False) -> Score:
    """1 when the answer is JSON that matches the schema; None when that takes longer than a second."""
    try:
        text, data = _parse(sample, allow_fence)
    except NotJson as exc:
        return Score("json_schema", 0.0, sample.answer.strip(), str(exc))
    token = _deadline.set(time.monotonic() + SCHEMA_SECONDS)
    try:
        # Fifty errors are enough to pick the most telling one.
        error = best_match(islice(_validator(schema).iter_errors(data), 50))
    except TimeoutError:
        explanation = f"does not apply: the schema took longer than {SCHEMA_SECONDS:g} s"
        return Score("json_schema", None, text, explanation)
    except Unresolvable:
        return Score("json_schema", None, text, "does not apply: a reference in the schema leads nowhere")
    except (RecursionError, OverflowError):
        explanation = "does not apply: the schema or the answer is too deeply nested to compare"
        return Score("json_schema", None, text, explanation)
    finally:
        _deadline.reset(token)
    if error is None:
        return Score("json_schema", 1.0, text, "matches the schema")
    return Score("json_schema", 0.0, text, f"at {clip(error.json_path)}: {clip(error.message, 200)}")


def json_schema_problem(*, schema: dict[str, Any] | bool, allow_fence: bool = False) -> str | None:
    """Why the schema cannot be used, with the place in it, or None."""
    del allow_fence
    try:
        # No formats: the one that matters, "regex", is checked below with the engine that will run it.
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker(formats=()))
        return _reference_problem(schema) or _pattern_problem(schema)
    except SchemaError as exc:
        return f"The schema is not valid at {clip(exc.json_path)}: {clip(exc.message, 200)}."
    except (RecursionError, OverflowError):
        return "The schema is too deeply nested."


def _reference_problem(schema: dict[str, Any] | bool) -> str | None:
    resource: Resource[Any] = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = Registry().with_resource("", resource).resolver()
    for node in _nodes(schema):
        for keyword in ("$ref", "$dynamicRef"):
            reference = node.get(keyword)
            if not isinstance(reference, str):
                continue
            if not reference.startswith("#"):
                return f"The reference {quote(reference)} leads outside the schema; only #/… is followed."
            try:
                resolver.lookup(reference)
            except Unresolvable:
                return f"The reference {quote(reference)} leads nowhere."
    return None


def _pattern_problem(schema: dict[str, Any] | bool) -> str | None:
    keywords: set[str] = set()
    for node in _nodes(schema):
        keywords |= node.keys()
        named = node.get("patternProperties")
        patterns = [*named] if isinstance(named, dict) else []
        if isinstance(node.get("pattern"), str):
            patterns.append(node["pattern"])
        for pattern in patterns:
            if problem := regex_problem(pattern=pattern):
                return f"In the schema, {quote(pattern)}: {problem}"
    if {"patternProperties", "unevaluatedProperties"} <= keywords:
        # jsonschema (4.26) matches this pair with `re`, inside a function that cannot be replaced or stopped.
        return 'Use "additionalProperties" beside "patternProperties"; "unevaluatedProperties" is not supported there.'
    return None


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a JSON value, itself included."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item)


# --- reading ----------------------------------------------------------------------------------------------


def _parse(sample: Sample, allow_fence: bool) -> tuple[str, Any]:
    """The JSON text and its value; raises NotJson."""
    text = sample.answer.strip()
    inner = _inside_fence(text)
    if inner is not None and allow_fence:
        text = inner
    try:
        data = _loads(text)
    except NotJson:
        if sample.finish == "length":
            raise NotJson(_CUT) from None
        if inner is not None and not allow_fence and _is_json(inner):
            raise NotJson("JSON is wrapped in a code fence") from None
        raise
    if sample.finish == "length" and not isinstance(data, dict | list):
        raise NotJson(_CUT)  # "12" may be the beginning of "1234"; a closing bracket is an end
    return text, data


def _inside_fence(text: str) -> str | None:
    """The text between ```json (or a bare ```) and ```, None when the whole is not one fence."""
    first, newline, rest = text.partition("\n")
    if not newline or first.strip().lower() not in ("```", "```json") or not rest.endswith("```"):
        return None
    return rest.removesuffix("```").strip()


def _is_json(text: str) -> bool:
    try:
        _loads(text)
    except NotJson:
        return False
    return True


def _loads(text: str) -> Any:
    if not text:
        raise NotJson("the answer is empty")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except NotJson:
        raise
    except json.JSONDecodeError as exc:
        if exc.pos == 0:
            raise NotJson(f"not valid JSON: it starts with {quote(text, 30)}") from None
        raise NotJson(f"not valid JSON at line {exc.lineno:,}, column {exc.colno:,}: {exc.msg}") from None
    except RecursionError:
        raise NotJson("nested too deeply to be read as JSON") from None
    except ValueError:  # Python reads whole numbers up to 4,300 digits
        raise NotJson("holds a number with too many digits") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise NotJson(f"the key {quote(key)} appears twice in one object")
        members[key] = value
    return members


def _refuse_constant(name: str) -> Any:
    raise NotJson(f"{name} is not a JSON number")


# --- a validator that stops -------------------------------------------------------------------------------

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]

_deadline: ContextVar[float] = ContextVar("schema_deadline")


def _seconds_left() -> float:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _bounded(keyword: Keyword) -> Keyword:
    """The keyword, stopped at the deadline: references can make a small schema exponential."""

    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _seconds_left()
        yield from keyword(validator, value, instance, schema) or ()

    return check


def _matches(pattern: str, text: str) -> bool:
    return regex_engine.search(pattern, text, timeout=_seconds_left()) is not None


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _matches(pattern, instance):
        yield ValidationError(f"{quote(instance)} does not match the pattern {quote(pattern)}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for pattern, subschema in patterns.items():
            for key, value in instance.items():
                if _matches(pattern, key):
                    yield from validator.descend(value, subschema, path=key, schema_path=pattern)


def _additional_properties(
    validator: Any, extra: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    declared, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, value in instance.items():
        if key in declared or any(_matches(pattern, key) for pattern in patterns):
            continue
        if extra is False:
            yield ValidationError(f"the key {quote(key)} is not in the schema")
        else:
            yield from validator.descend(value, extra, path=key)


def _unique_items(_: Any, unique: bool, instance: Any, __: Any) -> Iterator[ValidationError]:
    """By hash, where jsonschema compares each pair: a long list would take minutes."""
    if unique and isinstance(instance, list):
        seen: set[Any] = set()
        for item in instance:
            key = _hashable(item)
            if key in seen:
                yield ValidationError(
                    f"{quote(json.dumps(item, ensure_ascii=False))} appears twice in a list"
                )
                return
            seen.add(key)


def _hashable(value: Any) -> Any:
    """Equal for equal JSON values: 1 is 1.0 but not true."""
    if isinstance(value, dict):
        return ("object", frozenset((key, _hashable(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", tuple(map(_hashable, value)))
    return (type(value) is bool, value)


_Validator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        name: _bounded(keyword)
        for name, keyword in {
            **Draft202012Validator.VALIDATORS,
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
            "uniqueItems": _unique_items,
        }.items()
    },
)


def _validator(schema: dict[str, Any] | bool) -> Any:
    # An empty registry: jsonschema's own would fetch a reference it does not know from the network.
    return _Validator(_without_dialect(schema), registry=Registry())


def _without_dialect(value: Any) -> Any:
    """The schema without `$schema`, at which jsonschema would change to a validator without a deadline."""
    if isinstance(value, dict):
        return {
            key: _without_dialect(item)
            for key, item in value.items()
            if not (key == "$schema" and isinstance(item, str))
        }
    return [_without_dialect(item) for item in value] if isinstance(value, list) else value
