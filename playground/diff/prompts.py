"""What differs between two versions of a prompt: turn by turn, and field by field.

diff_fields(Prompt(sampling=Sampling(max_tokens=128)), Prompt(sampling=Sampling(max_tokens=256)))
→ [FieldChange("Max tokens", "128", "256")]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from playground.answers.wording import show_number
from playground.diff.words import Piece, diff_words
from playground.scorers import check_name
from playground.scorers.similarity import common_runs, similarity
from playground.types.prompt import TEXT_FIELDS, Check, Input, Prompt, Sampling, Turn

TurnKind = Literal["same", "changed", "added", "removed"]

ABSENT = "absent"
MAX_TURN_PAIRS = 2_500
"""Pairs of turns that are compared by their text; beyond that only equal turns are recognised."""


@dataclass(frozen=True, slots=True)
class TurnDiff:
    """A turn of two versions. `before` is None for an added turn, `after` for a removed one."""

    kind: TurnKind
    before: Turn | None
    after: Turn | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs, in words; "absent" on the side that does not have it."""

    field: str
    before: str
    after: str


# --- turns ------------------------------------------------------------------------------------------------


def diff_turns(a: Sequence[Turn], b: Sequence[Turn]) -> list[TurnDiff]:
    """The turns of both versions in one order, paired by role and by how alike their texts are."""
    diffs = []
    at_a = at_b = 0
    for i, j in [*_pairs(a, b), (len(a), len(b))]:
        diffs += [TurnDiff("removed", turn, None, diff_words(turn.template, "")) for turn in a[at_a:i]]
        diffs += [TurnDiff("added", None, turn, diff_words("", turn.template)) for turn in b[at_b:j]]
        if i < len(a):
            kind: TurnKind = "same" if a[i] == b[j] else "changed"
            diffs.append(TurnDiff(kind, a[i], b[j], diff_words(a[i].template, b[j].template)))
        at_a, at_b = i + 1, j + 1
    return diffs


def _pairs(a: Sequence[Turn], b: Sequence[Turn]) -> list[tuple[int, int]]:
    """The alignment (i in a, j in b, both rising) with the highest sum of similarities."""
    if len(a) * len(b) > MAX_TURN_PAIRS:
        turns_a, turns_b = ([(t.role, t.template) for t in turns] for turns in (a, b))
        runs = common_runs(turns_a[:10_000], turns_b[:10_000])
        return [(run.a_start + k, run.b_start + k) for run in runs for k in range(run.size)]
    gain = [[_gain(left, right) for right in b] for left in a]
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in reversed(range(len(a))):
        for j in reversed(range(len(b))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], gain[i][j] + best[i + 1][j + 1])
    pairs = []
    i = j = 0
    while i < len(a) and j < len(b):
        if gain[i][j] and best[i][j] == gain[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _gain(a: Turn, b: Turn) -> float:
    """0 for different roles; a rewritten turn of the same role still is the same turn, with little gain."""
    return 0.1 + similarity(a.template[:2000], b.template[:2000]) if a.role == b.role else 0.0


# --- fields -----------------------------------------------------------------------------------------------


def diff_fields(a: Prompt, b: Prompt) -> list[FieldChange]:
    """Everything but the turns that differs: texts, sampling, inputs, checks, schema, further keys."""
    return [
        *_diff_texts(a, b),
        *_diff_sampling(a.sampling, b.sampling),
        *_diff_values("Run with", _run_with(a), _run_with(b)),
        *_diff_inputs(a.inputs, b.inputs),
        *_diff_checks(a.checks, b.checks),
        *_diff_values("Output schema", a.output_schema, b.output_schema),
        *(
            change
            for key in dict.fromkeys([*a.metadata, *b.metadata])
            for change in _diff_values(f"Metadata {key}", a.metadata.get(key), b.metadata.get(key))
        ),
    ]


def _diff_texts(a: Prompt, b: Prompt) -> Iterator[FieldChange]:
    for field in TEXT_FIELDS:
        yield from _diff_values(_label(field), getattr(a, field) or None, getattr(b, field) or None)


def _diff_sampling(a: Sampling | None, b: Sampling | None) -> Iterator[FieldChange]:
    if a is None or b is None:
        if a != b:
            yield FieldChange("Sampling", _sampling_words(a), _sampling_words(b))
        return
    for field in Sampling.model_fields:
        yield from _diff_values(_label(field), getattr(a, field), getattr(b, field), none="random")


def _sampling_words(sampling: Sampling | None) -> str:
    if sampling is None:
        return ABSENT
    # Temperature, seed and length always; the rest where it is not at its neutral value.
    shown = ("temperature", "seed", "max_tokens")
    return ", ".join(
        f"{_label(field).lower()} {_show(getattr(sampling, field), none='random')}"
        for field, info in Sampling.model_fields.items()
        if field in shown or getattr(sampling, field) != info.default
    )


def _run_with(prompt: Prompt) -> str | None:
    return prompt.run_with.words if prompt.run_with else None


def _diff_inputs(a: Sequence[Input], b: Sequence[Input]) -> Iterator[FieldChange]:
    before, after = ({item.name: _input_facts(item) for item in items} for items in (a, b))
    for name in dict.fromkeys([*before, *after]):
        left, right = before.get(name), after.get(name)
        if left is None or right is None:
            yield FieldChange(
                f"Input {name}", *(ABSENT if x is None else _joined(x.values()) for x in (left, right))
            )
            continue
        differing = [fact for fact in left if left[fact] != right[fact]]
        if differing:
            pair = (_joined(facts[fact] for fact in differing) for facts in (left, right))
            yield FieldChange(f"Input {name}", *pair)


def _input_facts(item: Input) -> dict[str, str]:
    return {
        "kind": item.kind.replace("_", " "),
        "required": "required" if item.required else "optional",
        "description": f'described as "{item.description}"' if item.description else "",
        "default": "" if item.default is None else f"default {_show(item.default)}",
        "example": "" if item.example is None else f"example {_show(item.example)}",
        "choices": f"choices {_show(item.choices)}" if item.choices else "",
        "fields": f"fields {', '.join(map(_field_fact, item.fields))}" if item.fields else "",
    }


def _field_fact(item: Input) -> str:
    """A field of an object in one phrase: its name, then what of it is not usual."""
    facts = _input_facts(item)
    usual = _input_facts(Input(name=item.name))
    more = [text for fact, text in facts.items() if text and text != usual[fact]]
    return f"{item.name} ({', '.join(more)})" if more else item.name


def _diff_checks(a: Sequence[Check], b: Sequence[Check]) -> Iterator[FieldChange]:
    """Equal checks cancel; of the others the first of each scorer are one check that was edited."""
    removed, added = list(a), list(b)
    for check in a:
        if check in added:
            added.remove(check)
            removed.remove(check)
    for check in removed:
        twin = next((other for other in added if other.scorer == check.scorer), None)
        if twin is not None:
            added.remove(twin)
        after = ABSENT if twin is None else _check_words(twin, check)
        yield FieldChange(f"Check {check_name(twin or check)}", _check_words(check, twin), after)
    for check in added:
        yield FieldChange(f"Check {check_name(check)}", ABSENT, _check_words(check, None))


def _check_words(check: Check, twin: Check | None) -> str:
    """The check's sentence, the weight and, where that is all the same in its twin, the options that differ."""
    name, weight = check_name(check), f"weight {show_number(check.weight)}"
    hidden = ""
    if twin is not None and name == check_name(twin):
        hidden = ", ".join(
            f"{_label(key).lower()} {_show(value)}"
            for key, value in check.options.items()
            if twin.options.get(key) != value
        )
    return _joined([name, hidden, weight])


def _diff_values(field: str, before: Any, after: Any, none: str = ABSENT) -> Iterator[FieldChange]:
    if before != after:
        yield FieldChange(field, _show(before, none), _show(after, none))


def _show(value: Any, none: str = ABSENT) -> str:
    if value is None:
        return none
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return show_number(float(value)) if abs(value) < 1e15 else f"{value:,}"
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(value) or "none"
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # a date as a key, say: YAML allows what JSON does not
        return str(value)


def _joined(facts: Iterable[str]) -> str:
    return ", ".join(fact for fact in facts if fact) or "none"


def _label(field: str) -> str:
    return field.replace("_", " ").capitalize()
