"""The scorer that compares JSON with the expected one field by field: each field counts the same.

json_fields(Sample('{"city": "Oslo", "people": 3}'), expected='{"city": "Oslo", "people": 4}')  →  0.5
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

from playground.answers.json_parts import NotJson, Part, fenced, parts, whole
from playground.answers.wording import clip, quote
from playground.plurals import plural
from playground.scorers.alike import folded, seen, trimmed
from playground.scorers.options import About, LongText
from playground.types.scores import Sample, Score

Further = Literal["passed over", "wrong"]


class _Field(NamedTuple):
    path: str
    problem: str
    """Half a sentence, "" where it is as expected."""


def json_fields(
    sample: Sample,
    *,
    expected: Annotated[
        LongText, About('The right JSON; values of the case may stand in it: {"city": "{{ city }}"}.')
    ],
    further_fields: Annotated[
        Further, About("Whether a field that is not expected is passed over or counts as a wrong one.")
    ] = "passed over",
    ignore_case: Annotated[bool, About("Whether Oslo and OSLO are the same text.")] = True,
) -> Score:
    """The share of the expected fields that the answer's JSON has with the same value, at any depth.

    The JSON may stand in a code fence or in other text. The items of a list are compared in their order. 3 is 3.0, and
    "3" is text: not the same. White space at the ends of a text does not count.
    """
    answer = trimmed(sample.answer)
    wanted = whole(trimmed(expected))
    try:
        text, value = _found(answer, type(wanted))
    except NotJson as exc:
        return Score("json_fields", 0.0, answer, str(exc))
    except TimeoutError:
        return Score("json_fields", None, answer, "does not apply: looking at every bracket took too long")
    fields = list(_compared("$", wanted, value, further_fields, ignore_case))
    wrong = [field for field in fields if field.problem]
    right = len(fields) - len(wrong)
    explanation = f"{right:,} of {plural(len(fields), 'field')} right"
    if wrong:
        shown = "; ".join(f"{clip(field.path)} {field.problem}" for field in wrong[:3])
        explanation += f": {shown}" + (f"; and {len(wrong) - 3:,} more" if len(wrong) > 3 else "")
    return Score("json_fields", right / len(fields), text, explanation)


def _found(answer: str, kind: type) -> Part:
    """The JSON of the answer: all of it, in a fence, or the first object or list of that kind; raises NotJson."""
    try:
        return Part(answer, whole(answer))
    except NotJson as exc:
        problem = exc
    try:
        if part := fenced(answer):
            return part
    except NotJson:
        pass
    others = list(parts(answer))
    for part in others:
        if isinstance(part.value, kind):
            return part
    if others:
        return others[0]
    raise problem


def _compared(path: str, wanted: Any, given: Any, further: Further, ignore_case: bool) -> Iterator[_Field]:
    if isinstance(wanted, dict) and wanted:
        if not isinstance(given, dict):
            yield from (_Field(name, f"is not there, {_kind(given)} is") for name in _leaves(path, wanted))
            return
        for key, value in wanted.items():
            name = f"{path}.{key}"
            if key in given:
                yield from _compared(name, value, given[key], further, ignore_case)
            else:
                yield from (_Field(leaf, "is missing") for leaf in _leaves(name, value))
        yield from _not_expected(path, [key for key in given if key not in wanted], further)
    elif isinstance(wanted, list) and wanted:
        if not isinstance(given, list):
            yield from (_Field(name, f"is not there, {_kind(given)} is") for name in _leaves(path, wanted))
            return
        for place, value in enumerate(wanted):
            name = f"{path}[{place}]"
            if place < len(given):
                yield from _compared(name, value, given[place], further, ignore_case)
            else:
                yield from (_Field(leaf, "is missing") for leaf in _leaves(name, value))
        # Items too many make the list another one, whatever is said of fields.
        yield from _not_expected(path, range(len(wanted), len(given)), "wrong")
    else:
        is_same = _same(wanted, given, ignore_case)
        yield _Field(path, "" if is_same else f"is {_shown(given)}, not {_shown(wanted)}")


def _not_expected(path: str, names: Any, further: Further) -> Iterator[_Field]:
    if further == "wrong":
        for name in names:
            yield _Field(f"{path}[{name}]" if isinstance(name, int) else f"{path}.{name}", "is not expected")


def _leaves(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner)
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from _leaves(f"{path}[{place}]", inner)
    else:
        yield path


def _same(wanted: Any, given: Any, ignore_case: bool) -> bool:
    if isinstance(wanted, str) and isinstance(given, str):
        return _plain(wanted, ignore_case) == _plain(given, ignore_case)
    if isinstance(wanted, bool) or isinstance(given, bool):
        return wanted is given
    return bool(wanted == given)


def _plain(text: str, ignore_case: bool) -> str:
    return seen(folded(seen(trimmed(text)), ignore_case))


def _shown(value: Any) -> str:
    return clip(json.dumps(value, ensure_ascii=False), 40)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(value), "a number")


def json_fields_problem(
    *, expected: str, further_fields: Further = "passed over", ignore_case: bool = True
) -> str | None:
    """Why these options cannot be meant, or None."""
    del further_fields, ignore_case
    try:
        whole(trimmed(expected))
    except NotJson as exc:
        return f"What is expected must be JSON: {quote(expected, 40)} is {exc}."
    return None
