"""All answers of a run as CSV or JSON, a piece at a time: a run of any size is written with little memory.

for piece in csv_pieces(run, store.cells.stream_rows(run.id), ("A", "B")): file.write(piece)
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from playground.scorers import passed, summary
from playground.store.records import CellRecord, StoredRun
from playground.tables.spreadsheet import inert
from playground.tables.writing import write_table
from playground.types.dataset import Column, Row

PIECE = 100
"""Cells of one piece: each costs a reader a turn."""
COLUMNS = (
    "case", "row_id", "column", "variant", "repeat", "samples", "prompt", "model", "status", "seed", "finish", "prompt_tokens",
    "completion_tokens", "first_token_s", "total_s", "score", "passed", "checks", "thumb", "answer", "reasoning",
    "error", "hint", "values", "technique", "extracted", "calls",
)  # fmt: skip


def csv_pieces(run: StoredRun, records: Iterable[CellRecord], names: Sequence[str] = ()) -> Iterator[str]:
    """A head and one line a cell; case, column and repeat are counted from 1, the values of the case are JSON.

    `variant` is what an experiment calls the column, of its `names`; empty for another run. `samples` is how many answers
    one press of Run asks of the column; empty for a column that Compare does not show.

    A text that a spreadsheet would run as a formula has a quote before; the JSON file has every text as it is.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, record in enumerate(records, 1):
        told = _plain(run, record, names)
        writer.writerow([inert(told[name]) for name in COLUMNS])
        if number % PIECE == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def json_pieces(run: StoredRun, records: Iterable[CellRecord], names: Sequence[str] = ()) -> Iterator[str]:
    """One object: what the run is, and under `cells` a list with everything that was sent and received."""
    head: dict[str, Any] = {"run": run.id, "title": run.title, "created_at": run.created_at.isoformat()}
    prompt = run.spec.prompt.model_dump(mode="json", exclude_defaults=True)
    head |= {"kind": run.spec.kind, "note": run.note, "prompt": prompt}
    lines = [json.dumps(head)[:-1] + ', "cells": [']
    between = "\n"
    for number, record in enumerate(records, 1):
        lines.append(between + json.dumps(_whole(run, record, names)))
        between = ",\n"
        if number % PIECE == 0:
            yield "".join(lines)
            lines.clear()
    lines.append("\n]}\n")
    yield "".join(lines)


FILES: dict[str, tuple[str, Callable[[StoredRun, Iterable[CellRecord], Sequence[str]], Iterator[str]]]] = {
    "csv": ("text/csv", csv_pieces),
    "json": ("application/json", json_pieces),
}
"""Media type and pieces by the ending of the file."""
TABLES = ("jsonl", "xlsx")
"""What is written as a table is: with the columns of the CSV."""
_NUMBERS = frozenset(
    ("case", "column", "repeat", "samples", "seed", "prompt_tokens", "completion_tokens", "first_token_s", "total_s",
     "score", "passed", "checks", "thumb", "calls")
)  # fmt: skip
_COLUMNS = tuple(
    Column(name=name, kind="number" if name in _NUMBERS else "json" if name == "values" else "text")
    for name in COLUMNS
)


def table_pieces(
    ending: str, run: StoredRun, records: Callable[[], Iterable[CellRecord]], names: Sequence[str] = ()
) -> Iterator[bytes]:
    """The lines of the CSV as JSON Lines or XLSX, one of `TABLES`; `records` may be asked for twice.

    Raises PromptError for a text that does not fit into a cell of XLSX.
    """

    def batches() -> Iterator[list[Row]]:
        for record in records():
            told = _plain(run, record, names) | {"values": record.case.values}
            yield [Row({name: _sound(told[name]) for name in COLUMNS}, id="-")]

    return write_table(ending, _COLUMNS, batches)


def _sound(value: Any) -> Any:
    """A value without halves of characters, which no file can hold."""
    if isinstance(value, dict):
        return json.loads(_sound(json.dumps(value, ensure_ascii=False)))
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def source_name(run: StoredRun, column: int) -> str:
    """The version or pattern that the prompt of a column was taken from; "" where it was from neither."""
    variants = run.spec.variants
    variant = (
        variants[column] if column < len(variants) else None
    )  # of a large run only the first ones are told
    if variant is None or variant.source is not None:
        return variant.source.words if variant and variant.source else ""
    saved = run.version if variant.prompt is None else None
    return f"{saved.name}@{saved.number}" if saved else ""


def prompt_name(run: StoredRun, column: int) -> str:
    """What the prompt of a column is called: "Refund@3", "own text", the name of the shared one."""
    variants = run.spec.variants
    is_own = column < len(variants) and variants[column].prompt is not None
    return source_name(run, column) or ("own text" if is_own else run.spec.prompt.name)


def _plain(run: StoredRun, record: CellRecord, names: Sequence[str]) -> dict[str, Any]:
    cell, done = record.cell, record.cell.completion
    verdicts = [passed(score) for score in cell.scores if score.value is not None]
    variants = run.spec.variants
    technique = variants[cell.column].technique if cell.column < len(variants) else None
    return {
        "case": cell.case + 1,
        "row_id": record.case.row_id,
        "column": cell.column + 1,
        "variant": names[cell.column] if cell.column < len(names) else "",
        "repeat": cell.repeat + 1,
        "prompt": prompt_name(run, cell.column),
        "samples": variants[cell.column].samples if cell.column < len(variants) else None,
        "model": cell.model,
        "status": cell.status,
        "seed": cell.sampling.seed,
        "finish": done.finish if done else None,
        "prompt_tokens": done.prompt_tokens if done else None,
        "completion_tokens": done.completion_tokens if done else None,
        "first_token_s": done.first_token_s if done else None,
        "total_s": done.total_s if done else None,
        "score": summary(cell.scores),
        "passed": sum(map(bool, verdicts)),
        "checks": len(verdicts),
        "thumb": cell.thumb or None,
        "answer": done.text if done else "",
        "reasoning": done.reasoning if done else "",
        "error": cell.error,
        "hint": cell.hint,
        "values": json.dumps(record.case.values),
        "technique": technique.name if technique else "",
        "extracted": cell.answer.extracted,
        "calls": cell.answer.calls,
    }


def _whole(run: StoredRun, record: CellRecord, names: Sequence[str]) -> dict[str, Any]:
    cell = record.cell
    told = _plain(run, record, names) | {"values": record.case.values}
    told["backend"], told["prompt_hash"] = cell.backend, cell.content_hash
    told["sampling"] = cell.sampling.model_dump(mode="json")
    told["messages"] = [asdict(message) for message in cell.messages]
    told["scores"] = [asdict(score) for score in cell.scores]
    if cell.completion is not None:
        known = asdict(cell.completion)
        told |= {name: value for name, value in known.items() if name not in ("text", *told)}
    return told
