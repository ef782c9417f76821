"""The rows of a data set as a table in which a value is looked up.

lookup[Tea]  →  "item: Tea; answer: 3"
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playground.plurals import plural
from playground.techniques.base import Row, Tool
from playground.techniques.extraction import normal
from playground.techniques.tools.search import Bm25

MAX_ROWS = 5
_CELL_CHARS = 300


def lookup_in(rows: Sequence[Row]) -> Tool:
    """The table as a tool: the rows in which a value is the one asked for, else the ones most like it."""
    written = [_line(row) for row in rows]
    values = [{normal(str(value)) for value in (*row.values.values(), row.answer)} for row in rows]
    index = Bm25(written)

    async def run(text: str) -> str:
        wanted = normal(text)
        exact = [place for place, row in enumerate(values) if wanted and wanted in row]
        found = exact or index.ranked(text, MAX_ROWS)
        if not found:
            return f'No row has "{text.strip()[:80]}".'
        lines = [written[place] for place in found[:MAX_ROWS]]
        if len(found) > MAX_ROWS:
            lines.append(f"({plural(len(found) - MAX_ROWS, 'more row')}.)")
        return "\n".join(lines if exact else ["No row has exactly that; the nearest:", *lines])

    return Tool(
        name="lookup",
        takes="a value to find in the rows of the table",
        run=run,
        schema={
            "type": "object",
            "properties": {"value": {"type": "string", "description": "a value to find in the rows"}},
            "required": ["value"],
            "additionalProperties": False,
        },
    )


def _line(row: Row) -> str:
    cells: dict[str, Any] = dict(row.values)
    if row.answer:
        cells["answer"] = row.answer
    pairs = ((name, " ".join(str(value).split())) for name, value in cells.items())
    return "; ".join(f"{name}: {value[:_CELL_CHARS]}" for name, value in pairs if value)
