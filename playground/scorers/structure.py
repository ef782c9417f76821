"""Scorers that read the answer as data: valid JSON, JSON that matches a schema (Draft 2020-12).

    json_schema(Sample('{"age": "x"}'), schema={"properties": {"age": {"type": "integer"}}})
    → Score("json_schema", 0.0, '{"age": "x"}', "$.age: 'x' is not of type 'integer'")

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

from playground.answers.json_parts import SECONDS, NotJson, Part, fenced, is_fence, parts, whole
from playground.answers.wording import clip, quote
from playground.scorers.alike import trimmed
from playground.scorers.options import JsonSchema
from playground.scorers.text import regex_problem
from playground.types.scores import Sample, Score

SCHEMA_SECONDS = 1.0
TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_CUT = "cut at the token limit, so not valid JSON"


def valid_json(sample: Sample, *, allow_fence: bool = False) -> Score:
    """1 when the whole answer is one JSON value.

    A Markdown code fence around it fails unless `allow_fence`, because a program that reads the answer would
    fail too; with it, the first fence that holds JSON counts, and other text around that is passed over. Duplicate keys and NaN fail: readers disagree on what they mean (RFC 8259, sections 4 and 6).
    """
    try:
        text, _ = _parse(sample, allow_fence)
    except NotJson as exc:
        return Score("json", 0.0, trimmed(sample.answer), str(exc))
    return Score("json", 1.0, text, "valid JSON")


def json_schema(sample: Sample, *, schema: JsonSchema, allow_fence: bool = False) -> Score:
    """1 when the answer is JSON that matches the schema; None when that takes longer than a second."""
    try:
        text, data = _parse(sample, allow_fence)
    except NotJson as exc:
        return Score("json_schema", 0.0, trimmed(sample.answer), str(exc))
    try:
        reason = _mismatch(schema, data)
    except _Undecided as exc:
        return Score("json_schema", None, text, f"does not apply: {exc}")
    return Score("json_schema", float(reason is None), text, reason or "matches the schema")


def contains_json(sample: Sample, *, schema: JsonSchema | None = None) -> Score:
    """1 when an object or list in JSON stands anywhere in the answer; with a schema, one that matches it.

    Other text around it, a code fence too, does not count. Keys that appear twice and NaN are no JSON.
    """
    answer = trimmed(sample.answer)
    first: tuple[str, str] | None = None
    try:
        for part in parts(answer):
            reason = None if schema is None else _mismatch(schema, part.value)
            if reason is None:
                fact = "that matches the schema: " if schema is not None else ""
                return Score("contains_json", 1.0, part.text, f"found JSON {fact}{clip(part.text)}")
            first = first or (part.text, reason)
    except NotJson as exc:
        return Score("contains_json", 0.0, answer, str(exc))
    except _Undecided as exc:
        return Score("contains_json", None, answer, f"does not apply: {exc}")
    except TimeoutError:
        explanation = f"does not apply: looking at every bracket took longer than {SECONDS:g} s"
        return Score("contains_json", None, answer, explanation)
    if first:
        return Score("contains_json", 0.0, *first)
    cut = ", it was cut at the token limit" if sample.finish == "length" else ""
    return Score("contains_json", 0.0, answer, f"there is no JSON object or list in the answer{cut}")


def contains_json_problem(*, schema: dict[str, Any] | bool | None = None) -> str | None:
    """Why the schema cannot be used, with the place in it, or None."""
    return None if schema is None else json_schema_problem(schema=schema)


class _Undecided(ValueError):
    """Whether JSON matches a schema cannot be told; the message says why, without a full stop."""


def _mismatch(schema: dict[str, Any] | bool, data: Any) -> str | None:
    """Where the value does not match the schema, and how; None when it does. Raises _Undecided."""
    token = _deadline.set(time.monotonic() + SCHEMA_SECONDS)
    try:
        # Fifty errors are enough to pick the most telling one.
        error = best_match(islice(_validator(schema).iter_errors(data), 50))
    except TimeoutError:
        raise _Undecided(f"the schema took longer than {SCHEMA_SECONDS:g} s") from None
    except Unresolvable:
        raise _Undecided("a reference in the schema leads nowhere") from None
    except (RecursionError, OverflowError):
        raise _Undecided("the schema or the answer is too deeply nested to compare") from None
    finally:
        _deadline.reset(token)
    if error is None:
        return None
    return ": ".join((clip(error.json_path), clip(error.message, 200)))


def json_schema_problem(*, schema: dict[str, Any] | bool, allow_fence: bool = False) -> str | None:
    """Why the schema cannot be used, with the place in it, or None."""
    del allow_fence
    try:
        # No formats: the one that matters, "regex", is checked below with the engine that will run it.
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker(formats=()))
        return _reference_problem(schema) or _pattern_problem(schema)
    except SchemaError as exc:
        path, why = clip(exc.json_path), clip(exc.message, 200)
        # Of a type it says only that no rule for types holds.
        if path.endswith(".type") and isinstance(exc.instance, str):
            names = ", ".join(TYPES)
            why = f"{quote(exc.instance)} is no type; types are {names}"
        return f"The schema is not valid at {path}: {why}."
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


def _parse(sample: Sample, allow_fence: bool) -> Part:
    """The JSON text of the answer and its value; raises NotJson."""
    text = trimmed(sample.answer)
    try:
        part = _part(text, allow_fence)
    except NotJson:
        if sample.finish == "length":
            raise NotJson(_CUT) from None
        raise
    if sample.finish == "length" and not isinstance(part.value, dict | list):
        raise NotJson(_CUT)  # "12" may be the beginning of "1234"; a closing bracket is an end
    return part


def _part(text: str, allow_fence: bool) -> Part:
    try:
        return Part(text, whole(text))
    except NotJson as exc:
        problem = exc
    try:
        part = fenced(text)
    except NotJson as exc:
        raise exc if allow_fence else problem from None
    if part is None:
        raise problem
    if not allow_fence:
        where = "is wrapped in" if is_fence(text) else "stands beside other text in"
        raise NotJson(f"JSON {where} a code fence")
    return part


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
