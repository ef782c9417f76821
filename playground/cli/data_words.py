"""What the command line says of a table that was read: what was found, its columns, its problems by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.cli.terminal import about, say, shown, tell, write
from playground.plurals import plural

if TYPE_CHECKING:
    from playground.tables.preview import Preview, Problem
    from playground.types.dataset import DatasetVersion


SHOWN_LINES = 8
"""Lines that are named of one problem."""


def report(found: Preview, version: DatasetVersion | None) -> None:
    """Print what was found in a table and what was stored of it; problems go to standard error."""
    for each in found.found:
        say(f"{each.what}: {each.label} ({each.evidence})\n")
    for column in found.columns:
        becomes = f" → {column.becomes}" if column.becomes and column.becomes != column.name else ""
        told = ["not imported"]
        if column.becomes:
            told = [column.kind, column.role, f"{column.filled:,} filled"]
            told += [f"{column.missing:,} missing"] if column.missing else []
        why = f"; {column.why}" if column.why else ""
        write(f"  {about(f'{column.name}{becomes}', *told)}{shown(why)}\n")
    for problem in found.problems:
        tell(_told(problem, found.unit))
    counts = f"{plural(found.records, 'record')} read, {found.stored:,} {'stored' if version else 'would be stored'}"
    parts = [f"{found.refused:,} refused"] if found.refused else []
    parts += [f"{found.told:,} stored as told"] if found.told else []
    say(f"{counts}{f' ({chr(44).join(parts)})'.replace(',', ', ') if parts else ''}\n")
    if version:
        say(f"{version.words}: {plural(version.rows, 'row')}\n")


def _told(problem: Problem, unit: str) -> str:
    named = ", ".join(f"{line:,}" for line in problem.lines[:SHOWN_LINES])
    more = problem.count - min(len(problem.lines), SHOWN_LINES)
    word = unit if problem.count == 1 else {"entry": "entries"}.get(unit, f"{unit}s")
    kind = "refused" if problem.refused else "stored as told"
    then = f" {problem.then}" if problem.then else ""
    return f"{kind}, {word} {named}{f' and {more:,} more' if more else ''}: {problem.what}.{then}"


def as_json(found: Preview, version: DatasetVersion | None) -> dict[str, Any]:
    """The same for a program; `version` is None when nothing was stored."""
    from dataclasses import asdict

    told = asdict(found)
    for key in ("rows", "shown", "without_column"):
        del told[key]
    for each in told["found"]:
        del each["options"]
    return told | {"version": version.model_dump(mode="json") if version else None}
