"""Importing: what becomes of each incoming prompt, and then all of it at once.

    plan = plan_import(store, incoming)                 Row("0", …, status="changed", choices=("version", …)), …
    result = apply_import(store, plan, {"0": "skip"})   everything in one transaction, or nothing

A prompt is known again by its name, letter case aside, and its content hash. Nothing is written before `apply_import`,
and nothing of the library is ever replaced: "version" adds a version, "rename" a further prompt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from playground.diff import diff_fields, diff_turns
from playground.errors import PromptError
from playground.library.reading import Incoming, Report
from playground.store import Store, content_hash
from playground.store.content import fold
from playground.store.naming import NAME_CHARS
from playground.store.records import Head, SavedVersion, SaveItem
from playground.types.prompt import Sampling

Status = Literal["new", "identical", "changed", "conflict", "unreadable"]
Decision = Literal["skip", "add", "version", "rename"]


@dataclass(frozen=True, slots=True)
class Row:
    """What can become of one incoming prompt. `choice`, the default, is one of `choices`.

    `ours` is the newest version of the library's prompt of that name; `number`, for "identical", the version of ours
    that is the same (None: it is the same as an earlier row). `new_name` is what "rename" would call it.
    """

    key: str
    incoming: Incoming
    status: Status
    choices: tuple[Decision, ...]
    ours: SavedVersion | None = None
    number: int | None = None
    new_name: str = ""

    @property
    def choice(self) -> Decision:
        """What is done unless a person chooses otherwise."""
        return self.choices[0]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """A row for each incoming prompt, in their order."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What was saved; `skipped` counts the rest, `losses` ("path: field: reason") are of what was saved."""

    added: tuple[SavedVersion, ...]
    versions: tuple[SavedVersion, ...]
    skipped: int
    losses: tuple[str, ...]


# --- comparing with the library -----------------------------------------------------------------------------


def plan_import(store: Store, incoming: Sequence[Incoming], report: Report | None = None) -> ImportPlan:
    """What is new, identical, changed or in conflict, with the choices for each; nothing is written.

    "changed" means that our newest version is an earlier one of theirs; "conflict" that neither follows the other.
    """
    heads = {head.name_key: head for head in store.copies.heads()}
    names = [fold(item.prompt.name) for item in incoming]
    ours = store.copies.contents([heads[name].prompt_id for name in names if name in heads])
    taken = {*heads, *names}
    numbers: Counter[str] = Counter()
    seen: dict[str, set[str]] = {}
    rows = []
    for index, (item, name) in enumerate(zip(incoming, names, strict=True)):
        if item.error is not None:
            rows.append(Row(str(index), item, "unreadable", ("skip",)))
        else:
            key = content_hash(item.prompt)
            head = heads.get(name)
            row = _compared(store, Row(str(index), item, "new", ("add", "skip")), key, head, ours)
            if name in seen:
                row = _again(row, is_same=key in seen[name])
            if "rename" in row.choices:
                row = replace(row, new_name=_free_name(item.prompt.name, numbers, taken))
            seen.setdefault(name, set()).add(key)
            rows.append(row)
        if report is not None:
            report(index + 1, len(incoming))
    return ImportPlan(tuple(rows))


def _compared(
    store: Store, row: Row, key: str, head: Head | None, contents: Mapping[str, SavedVersion]
) -> Row:
    """The row with what the library's prompt of that name makes of it."""
    if head is None or head.prompt_id not in contents:  # in the bin since
        return row
    ours = contents[head.prompt_id]
    row = replace(row, ours=ours)
    if key in head.hashes:
        number = ours.number if key == ours.content_hash else _number(store, head, key)
        return replace(row, status="identical", choices=("skip", "rename"), number=number)
    if head.content_hash in row.incoming.history:
        return replace(row, status="changed", choices=("version", "skip", "rename"))
    return replace(row, status="conflict", choices=("skip", "version", "rename"))


def _number(store: Store, head: Head, key: str) -> int | None:
    """The newest of our main versions with this content."""
    same = [v.number for v in store.versions(head.prompt_id) if (v.content_hash, v.variant) == (key, "")]
    return max(same, default=None)


def _again(row: Row, *, is_same: bool) -> Row:
    """A row whose name an earlier one has: only one of the two can have it."""
    if is_same and row.status != "identical":
        return replace(row, status="identical", choices=("skip", "rename"))
    return row if row.status == "identical" else replace(row, choices=("rename", "skip"))


def _free_name(name: str, numbers: Counter[str], taken: set[str]) -> str:
    """The name with the next number in brackets that nobody has; it is taken from now on."""
    while True:
        numbers[name] += 1
        tail = f" ({numbers[name] + 1})"
        free = name[: NAME_CHARS - len(tail)].rstrip() + tail
        if fold(free) not in taken:
            taken.add(fold(free))
            return free


# --- in words -----------------------------------------------------------------------------------------------

_GROUPS = {"Input": "inputs", "Check": "checks", "Metadata": "metadata"}
_SAMPLING = {field.replace("_", " ").capitalize() for field in Sampling.model_fields}


def explain(row: Row) -> str:
    """One sentence for the list: what the status means for this prompt."""
    if row.incoming.error is not None:
        return str(row.incoming.error)
    if row.status == "identical" and row.number is None:
        return "The same as one before it in this list."
    if row.ours is None or row.status == "new":
        return (
            "Not in your library yet." if row.choice == "add" else "One before it in this list has this name."
        )
    if row.status == "identical":
        if row.number == row.ours.number:
            return f"The same as your version {row.number}."
        return f"The same as your version {row.number}; yours has gone on to version {row.ours.number}."
    if row.status == "changed":
        return f"Newer than your version {row.ours.number}: {changes(row)}."
    return f"Different from your version {row.ours.number}, and neither is known to follow the other: {changes(row)}."


def changes(row: Row) -> str:
    """What differs from our newest version: "2 turns and the checks differ"; empty without one of ours."""
    if row.ours is None:
        return ""
    before, after = row.ours.prompt, row.incoming.prompt
    turns = sum(turn.kind != "same" for turn in diff_turns(before.turns, after.turns))
    parts = [
        f"the {group}"
        for group in dict.fromkeys(_group(change.field) for change in diff_fields(before, after))
    ]
    parts += ["the cases"] if before.cases != after.cases else []
    parts = [*([f"{turns} turn{'s' if turns > 1 else ''}"] if turns else []), *parts] or ["a detail"]
    single = len(parts) == 1 and (turns == 1 or not parts[0].endswith("s"))
    return f"{_listed(parts)} {'differs' if single else 'differ'}"


def _group(field: str) -> str:
    if field in _SAMPLING:
        return "sampling"
    return _GROUPS.get(field.partition(" ")[0], field.lower())


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)


# --- writing to the library ---------------------------------------------------------------------------------


def apply_import(
    store: Store,
    plan: ImportPlan,
    choices: Mapping[str, str] | None = None,
    *,
    author: str = "",
    source: str = "",
    report: Report | None = None,
) -> ImportResult:
    """Save what is chosen (by `Row.key`; the row's own choice where none is given) in one transaction.

    `source` is where it comes from, for the version's message. Raises PromptError, with nothing saved, for a choice
    that a row does not have, and when the library has changed since the plan so that a choice means something else.
    """
    decided = _decided(plan, choices or {})
    _check_still_true(store, decided)
    message = f"Imported from {source}" if source else "Imported"
    chosen = [(row, decision) for row, decision in decided if decision != "skip"]
    saved = store.save_many([_item(row, decision, message, author) for row, decision in chosen], report)
    if report is not None:
        report(len(chosen), len(chosen))
    both = list(zip(chosen, saved, strict=True))
    return ImportResult(
        added=tuple(version for (_, decision), version in both if decision != "version"),
        versions=tuple(version for (_, decision), version in both if decision == "version"),
        skipped=len(plan.rows) - len(chosen),
        losses=tuple(f"{row.incoming.path}: {loss}" for row, _ in chosen for loss in row.incoming.losses),
    )


def _decided(plan: ImportPlan, choices: Mapping[str, str]) -> list[tuple[Row, Decision]]:
    unknown = choices.keys() - {row.key for row in plan.rows}
    if unknown:
        raise PromptError(
            f"The list has no row {min(unknown)!r}.", "Nothing was imported. Make the list again."
        )
    decided = []
    for row in plan.rows:
        wanted = choices.get(row.key, row.choice)
        decision = next((choice for choice in row.choices if choice == wanted), None)
        if decision is None:
            raise PromptError(
                f'"{wanted}" is no choice for "{row.incoming.prompt.name}".',
                f"Nothing was imported. Choose one of: {', '.join(row.choices)}.",
            )
        decided.append((row, decision))
    return decided


def _check_still_true(store: Store, decided: Iterable[tuple[Row, Decision]]) -> None:
    """Refuse when a name was taken since, or a prompt that would get a version got another one or is gone."""
    heads = {head.name_key: head for head in store.copies.heads()}
    for row, decision in decided:
        name = row.new_name if decision == "rename" else row.incoming.prompt.name
        head = heads.get(fold(name))
        problem = ""
        if decision in ("add", "rename") and head is not None:
            problem = "there is a prompt of that name now"
        elif decision == "version" and row.ours is not None:
            if head is None or head.prompt_id != row.ours.prompt_id:
                problem = "it is not there any more"
            elif head.content_hash != row.ours.content_hash:
                problem = "it has a newer version now"
        if problem:
            raise PromptError(
                f'The library has changed since this list was made: "{name}": {problem}.',
                "Nothing was imported. Make the list again.",
            )


def _item(row: Row, decision: Decision, message: str, author: str) -> SaveItem:
    prompt = row.incoming.prompt
    if decision == "rename":
        prompt = prompt.model_copy(update={"name": row.new_name})
    prompt_id = row.ours.prompt_id if decision == "version" and row.ours is not None else None
    return SaveItem(prompt, prompt_id, message, author, origin="imported")
