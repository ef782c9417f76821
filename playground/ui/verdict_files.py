"""The files of a verdict: every table as CSV, the whole as text, Markdown and JSON; the sentence stands in each.

await verdict_file(workbench, "3f…", "slices.csv", "pair=1-0")   →  ExportFile("late-parcels-slices.csv", "text/csv", …)
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from playground.errors import NotFoundError
from playground.translation.lines import in_chinese, markdown_in_chinese
from playground.types.files import ExportFile
from playground.ui.judge_file import card_file
from playground.ui.verdict import look_at
from playground.ui.verdict_look import Look
from playground.verdicts import Verdict, as_json, as_markdown, as_text, csv_table, slices
from playground.workbench.service import Workbench

_WHOLE: dict[str, tuple[str, Callable[[Verdict], str]]] = {
    "verdict.md": ("text/markdown; charset=utf-8", as_markdown),
    "verdict.json": ("application/json", as_json),
    "verdict.txt": ("text/plain; charset=utf-8", as_text),
}
_IN_CHINESE: dict[str, Callable[[Verdict], str]] = {
    "verdict.md": lambda found: markdown_in_chinese(as_markdown(found)),
    "verdict.txt": lambda found: as_text(found, in_chinese),
}
CARD = "judge.md"
"""The card of the judge whose page the look is."""
SAYING_MORE = (*_WHOLE, "variants.csv")
"""These say how many more cases would settle what is open; the others need not wait for that."""
TABLES = ("variants.csv", "health.csv", "cases.csv", "slices.csv", "ratings.csv")


async def verdict_file(
    workbench: Workbench, experiment_id: str, name: str, look: str, *, chinese: bool = False
) -> ExportFile:
    """One file of an experiment; what people read is in Chinese for who reads so. Raises NotFoundError for another name, or when nothing is compared."""
    if name not in (*_WHOLE, *TABLES, CARD):
        raise NotFoundError(
            f'There is no file "{name}" of an experiment.',
            f"There are {', '.join((*_WHOLE, *TABLES, CARD))}.",
        )
    shown = await look_at(workbench, experiment_id, Look.read(look), with_more=name in SAYING_MORE)
    stem = re.sub(r"[^\w-]+", "-", shown.kept.row.name).strip("-").lower()[:60] or "experiment"
    if name == CARD:
        text = await card_file(workbench, shown)
        text = await asyncio.to_thread(markdown_in_chinese, text) if chinese else text
        return ExportFile(f"{stem}-{name}", "text/markdown; charset=utf-8", text)
    if name in _WHOLE:
        kind, written = _WHOLE[name]
        if chinese:
            written = _IN_CHINESE.get(name, written)
        text = await asyncio.to_thread(written, shown.found)
        return ExportFile(f"{stem}-{name}", kind, text)
    pair = (shown.pair.a, shown.pair.b) if shown.pair else None
    parted = (
        await asyncio.to_thread(slices, shown.found.table, shown.found.rule, *pair)
        if pair and name == "slices.csv"
        else ()
    )
    sheet = await asyncio.to_thread(csv_table, shown.found, name, pair, parted)
    if sheet is None:
        raise NotFoundError("Nothing is compared yet.", "Wait until the experiment is done.")
    return ExportFile(f"{stem}-{name}", "text/csv; charset=utf-8", sheet)
