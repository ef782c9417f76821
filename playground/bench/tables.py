"""What `bench_backends` measured, for people and for programs: text, Markdown, JSON.

model                           load  first token  alone  4 at once  16 at once  peak memory  same answers
llama.cpp:SmolLM2-135M-Instruct 0.4 s       31 ms   95/s      210/s       260/s       412 MB  –
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from playground.bench.measuring import AT_ONCE, Measured, agreement
from playground.bench.noise import noise, worded
from playground.translation.lines import padded, width

NONE = "–"
Table = list[list[str]]
"""The head and the rows, each a list of cells."""


def measured_table(measured: Sequence[Measured]) -> Table:
    """One row for each model; answers are compared with the first model that gave any."""
    head = ["model", "load", "first token"]
    head += [("alone" if count == 1 else f"{count} at once") for count in AT_ONCE]
    return [[*head, "peak memory", "same answers"], *(_row(found, measured) for found in measured)]


def abilities_table(found: Mapping[str, Mapping[str, bool]]) -> Table:
    """One row for each ability, one column for each backend."""
    names = list(dict.fromkeys(ability for row in found.values() for ability in row))
    rows = [[name, *("yes" if row.get(name) else NONE for row in found.values())] for name in names]
    return [["ability", *found], *rows]


def to_text(measured: Sequence[Measured], found: Mapping[str, Mapping[str, bool]]) -> str:
    """Both tables with columns of equal width, and what went wrong."""
    return _document(measured, found, aligned)


def to_markdown(measured: Sequence[Measured], found: Mapping[str, Mapping[str, bool]]) -> str:
    """Both tables for a document."""
    return _document(measured, found, piped)


def to_json(measured: Sequence[Measured], found: Mapping[str, Mapping[str, bool]]) -> str:
    """Everything that was measured, unrounded, as one object."""
    first = _first(measured)
    rows = [
        asdict(row)
        | {
            "rates": dict(row.rates),
            "agreement": asdict(agreement(first.greedy, row.greedy)) if first else None,
            "noise": asdict(floor) if (floor := noise(row.greedy, row.again)) else None,
        }
        for row in measured
    ]
    return json.dumps({"models": rows, "abilities": found}, ensure_ascii=False, indent=2) + "\n"


def _document(
    measured: Sequence[Measured],
    found: Mapping[str, Mapping[str, bool]],
    written: Callable[[Table], str],
) -> str:
    problems = "".join(_printable(f"{row.model}: {row.problem}") + "\n" for row in measured if row.problem)
    tables = [written(measured_table(measured)), problems, written(abilities_table(found))]
    return "\n".join(filter(None, tables))


def _first(measured: Sequence[Measured]) -> Measured | None:
    return next((row for row in measured if any(row.greedy)), None)


def _row(found: Measured, measured: Sequence[Measured]) -> list[str]:
    rates = [found.rates.get(count) for count in AT_ONCE]
    return [
        _printable(found.model),
        NONE if found.load_s is None else f"{found.load_s:.1f} s",
        NONE if found.first_token_s is None else f"{found.first_token_s * 1000:.0f} ms",
        *(NONE if rate is None else f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s" for rate in rates),
        NONE if found.memory_bytes is None else f"{found.memory_bytes / 1e6:.0f} MB",
        _same(found, measured),
    ]


def _same(found: Measured, measured: Sequence[Measured]) -> str:
    first, parts = _first(measured), list[str]()
    if first is not None and first is not found and any(found.greedy):
        told = agreement(first.greedy, found.greedy)
        parts.append(f"{told.equal} of {told.of}" + (f" ({told.cause})" if told.cause else ""))
    if (floor := noise(found.greedy, found.again)) is not None:
        parts.append(worded(floor))
    return "; ".join(parts) or NONE


def aligned(table: Table) -> str:
    """Columns of equal width."""
    widths = [max(width(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(map(padded, row, widths)) for row in table]
    return "".join(line.rstrip() + "\n" for line in lines)


def piped(table: Table) -> str:
    """A table of Markdown."""
    head, *rows = [[_escaped(cell) for cell in row] for row in table]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _escaped(cell: str) -> str:
    """The cell as plain text of Markdown."""
    for character in "\\|`*_<[":
        cell = cell.replace(character, "\\" + character)
    return cell


def _printable(text: str) -> str:
    """Names of models come from servers: neither a terminal nor a table must break on them."""
    return "".join(character if character.isprintable() else " " for character in text)
