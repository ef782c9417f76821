"""What changed, in a few words each: between two versions of a prompt, and between two runs.

run_changes(Setup(…temperature 0…), Setup(…temperature 0.7…))  →  [Change("temperature", "0", "0.7")]
message_for(changes)  →  "Temperature: 0 → 0.7"
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from playground.answers.wording import clip, show_number
from playground.diff.prompts import ABSENT, FieldChange, diff_fields, diff_turns
from playground.diff.words import Piece, diff_words
from playground.types.prompt import Prompt, Sampling, TechniqueChoice, Turn
from playground.types.setups import ColumnSetup, Setup

SHOWN_CHARS = 40
LONG = 4_000
"""Of longer texts only the stretch that differs is compared word by word, and so many characters of that."""
MESSAGE_CHANGES = 3
_IS_NUMBER = re.compile(r"[-−]?[\d.,]+")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: where it is, what stood there and what stands there now; "" on the side that has nothing.

    `is_named`: where it is has been named by whoever wrote the prompt, as a variable is.
    """

    where: str
    before: str = ""
    after: str = ""
    is_named: bool = field(default=False, kw_only=True)

    @property
    def words(self) -> str:
        """The change as one phrase: `tone: “dry” → “warm”`."""
        before, after = _quoted(self.before), _quoted(self.after)
        if before and after:
            return f"{self.where}: {before} → {after}"
        if after:
            return f"{self.where}: added {after}"
        return f"{self.where}: removed {before}" if before else self.where


def message_for(changes: Sequence[Change]) -> str:
    """A message for a version with these changes; "" without any."""
    shown = "; ".join(change.words for change in changes[:MESSAGE_CHANGES])
    more = len(changes) - MESSAGE_CHANGES
    text = shown + (f"; and {more} more" if more > 0 else "")
    return text[:1].upper() + text[1:]


def prompt_changes(a: Prompt, b: Prompt) -> list[Change]:
    """Turns first, then every other field, each in a few words."""
    fields = [_field_change(field) for field in diff_fields(a, b)]
    return [*turn_changes(a.turns, b.turns), *fields, *_case_changes(a, b)]


def turn_changes(a: Sequence[Turn], b: Sequence[Turn]) -> list[Change]:
    """Which turns came, went or say something else."""
    found = []
    for diff in diff_turns(_bounded(a), _bounded(b)):
        turn = diff.after or diff.before
        assert turn is not None
        turns = b if diff.after else a
        alike = [other for other in turns if other.role == turn.role]
        number = f" {_place(alike, turn) + 1}" if len(alike) > 1 else ""
        where = f"{turn.role} turn{number}"
        shown = clip(turn.template, SHOWN_CHARS)
        if diff.kind == "added":
            found.append(Change(where, after=shown) if shown else Change(f"{where} added, without text"))
        elif diff.kind == "removed":
            found.append(Change(where, before=shown) if shown else Change(f"{where} removed, without text"))
        elif diff.kind == "changed":
            before = diff.before.template if diff.before else ""
            found.append(_text_change(where, before, turn.template, diff.pieces))
    if not found and len(a) == len(b):  # what was cut off for the comparison differs
        pairs = zip(a, b, strict=True)
        found = [_text_change(f"{x.role} turn", x.template, y.template) for x, y in pairs if x != y]
    return found


def run_changes(a: Setup, b: Setup) -> list[Change]:
    """What the second run was made with and the first was not; nothing for a repetition."""
    found = list(_value_changes(a.values, b.values))
    found += prompt_changes(replace_sampling(a.prompt), replace_sampling(b.prompt))
    if a.images != b.images:
        found.append(Change("images", str(len(a.images) or ""), str(len(b.images) or "")))
        if len(a.images) == len(b.images):
            found[-1] = Change("other images")
    if a.cases != b.cases:
        found.append(Change("cases", f"{a.cases:,}", f"{b.cases:,}"))
    found += _column_changes(a.columns, b.columns)
    if a.same_text != b.same_text:
        found.append(Change("same text to all", *(_model(x) for x in (a.same_text, b.same_text))))
    return found


def replace_sampling(prompt: Prompt) -> Prompt:
    """The prompt without the sampling it states: a run has the one of its columns."""
    return prompt.model_copy(update={"sampling": None, "cases": ()})


# --- pieces -------------------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    return text if not text or _IS_NUMBER.fullmatch(text) else f"“{text}”"


def _field_change(field: FieldChange) -> Change:
    kind, _, name = field.field.partition(" ")
    if kind in ("Check", "Input") and ABSENT in (
        field.before,
        field.after,
    ):  # its name is all there is to say
        is_new = field.before == ABSENT
        name = clip(name, SHOWN_CHARS)
        return Change(kind.lower(), "" if is_new else name, name if is_new else "")
    sides = ("" if side == ABSENT else clip(side, SHOWN_CHARS) for side in (field.before, field.after))
    return Change(f"{kind.lower()} {name}".strip(), *sides)


def _place(turns: Sequence[Turn], turn: Turn) -> int:
    return next((n for n, other in enumerate(turns) if other is turn or other == turn), 0)


def _bounded(turns: Sequence[Turn]) -> list[Turn]:
    return [
        t if len(t.template) <= LONG else t.model_copy(update={"template": t.template[:LONG]}) for t in turns
    ]


def _text_change(where: str, before: str, after: str, pieces: Sequence[Piece] | None = None) -> Change:
    """The first place where two texts differ, and in how many they do."""
    if pieces is None or max(len(before), len(after)) > LONG:
        before, after = _differing(before, after)
        pieces = diff_words(before, after)
    regions: list[list[str]] = []
    inside = False
    for piece in pieces:
        if piece.kind == "same":
            inside = inside and not piece.text.strip()  # white space alone does not part two changes
            if inside:
                regions[-1] = [side + piece.text for side in regions[-1]]
            continue
        if not inside:
            regions.append(["", ""])
        regions[-1][piece.kind == "added"] += piece.text
        inside = True
    if not regions:
        return Change(where)
    left, right = (clip(side, SHOWN_CHARS) for side in regions[0])
    if not left and not right:
        return Change(f"{where}, white space")
    return Change(where if len(regions) == 1 else f"{where}, {len(regions)} places", left, right)


def _differing(a: str, b: str) -> tuple[str, str]:
    """The stretch of two texts outside of what they begin and end with alike, from a word's start to a word's end."""
    start, shorter = 0, min(len(a), len(b))
    while start < shorter and a[start] == b[start]:
        start += 1
    end = 0
    while end < shorter - start and a[-1 - end] == b[-1 - end]:
        end += 1
    while start and not a[start - 1].isspace():
        start -= 1
    while end and not a[len(a) - end].isspace():
        end -= 1
    return a[start : len(a) - end][:LONG], b[start : len(b) - end][:LONG]


def _value_changes(a: Any, b: Any) -> Iterator[Change]:
    for name in dict.fromkeys([*a, *b]):
        left, right = a.get(name), b.get(name)
        if left == right:
            continue
        before, after = _shown(left), _shown(right)
        if before and after and max(len(before), len(after)) > SHOWN_CHARS:
            yield replace(_text_change(name, before, after), is_named=True)
        else:
            yield Change(name, before, after, is_named=True)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _column_changes(a: Sequence[ColumnSetup], b: Sequence[ColumnSetup]) -> list[Change]:
    found: dict[int, list[Change]] = {}
    for number, (left, right) in enumerate(zip(a, b, strict=False)):
        found[number] = list(_one_column(left, right))
    shared = [change for change in found.get(0, []) if all(change in changes for changes in found.values())]
    several = len(b) > 1
    said = [*shared]
    for number, changes in found.items():
        of = f" of column {number + 1}" if several else ""
        said += [replace(c, where=f"{c.where}{of}") for c in changes if c not in shared or not several]
    if several or len(a) > 1:
        said += [Change(f"column {n + 1}", after=_model(c.model)) for n, c in enumerate(b) if n >= len(a)]
        said += [Change(f"column {n + 1}", before=_model(c.model)) for n, c in enumerate(a) if n >= len(b)]
    return list(dict.fromkeys(said))


def _one_column(a: ColumnSetup, b: ColumnSetup) -> Iterator[Change]:
    if a.model != b.model:
        yield Change("model", _model(a.model), _model(b.model))
    for name in Sampling.model_fields:
        left, right = getattr(a.sampling, name), getattr(b.sampling, name)
        if left != right:
            yield Change(name.replace("_", " "), _number(left), _number(right))
    if a.samples != b.samples:
        yield Change("samples", str(a.samples), str(b.samples))
    if a.thinking != b.thinking:
        yield Change("thinking", "on" if a.thinking else "off", "on" if b.thinking else "off")
    yield from _technique_changes(a.technique, b.technique)
    if a.prompt is None or b.prompt is None:
        if a.prompt is not b.prompt:
            yield Change("prompt", *("shared" if p is None else "own" for p in (a.prompt, b.prompt)))
    else:
        yield from turn_changes(a.prompt.turns, b.prompt.turns)


def _technique_changes(a: TechniqueChoice | None, b: TechniqueChoice | None) -> Iterator[Change]:
    """Another technique, or of the same one each option and each step's prompt that differs."""
    left, right = a.name if a else "none", b.name if b else "none"
    if left != right:
        yield Change("technique", left, right)
    elif a is not None and b is not None:
        for before, after in ((a.options, b.options), (a.prompts, b.prompts)):
            for name in dict.fromkeys((*before, *after)):
                if (was := before.get(name)) != (now := after.get(name)):
                    shown = ("" if value is None else clip(str(value), SHOWN_CHARS) for value in (was, now))
                    yield Change(f"{a.name} {name.replace('_', ' ')}", *shown)
        if a.documents != b.documents:
            chosen = (
                "all that are kept" if each is None else f"{len(each)} chosen"
                for each in (a.documents, b.documents)
            )
            yield Change(f"{a.name} documents", *chosen)


def _number(value: Any) -> str:
    if value is None:
        return "random"
    return ", ".join(value) or "none" if isinstance(value, tuple) else show_number(float(value))


def _model(model: str) -> str:
    return clip(model.partition(":")[2] or model, SHOWN_CHARS)


def _case_changes(a: Prompt, b: Prompt) -> list[Change]:
    if a.cases == b.cases:
        return []
    before, after = (f"{len(p.cases):,}" if p.cases else "" for p in (a, b))
    return [Change("cases", before, after)] if before != after else [Change("cases edited")]
