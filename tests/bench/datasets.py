"""A data set of 100,000 rows: every view of its grid in time and memory, beside a bare pass over a table of as many rows.

    PYTHONPATH=. python tests/bench/datasets.py [ROWS]

All times are processor time. A view is one page of 50 rows with the count of what the filter lets through. The contract: at most 500 ms each, memory
flat, and a version with one changed cell stores one row. `x bare` is the time beside SELECT count(*) with a LIKE over the
same text in the same file, which no design can do without.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from playground.settings import Settings
from playground.store import open_store
from playground.store.dataset_tables import DatasetEntry, DatasetRow
from playground.tables.reading import read_table
from playground.types.dataset import SetValue
from playground.workbench.datasets import DatasetDesk

WORDS = [
    "parcel",
    "late",
    "refund",
    "lamp",
    "kettle",
    "order",
    "driver",
    "neighbour",
    "depot",
    "weekend",
    "number",
    "again",
    "nobody",
    "tells",
    "money",
    "back",
]


def table(rows: int) -> bytes:
    """A table as the drawing has it: a message, an order, days, a channel, an expected answer."""
    lines = ["message,order_no,days_late,channel,expected"]
    for n in range(rows):
        words = " ".join(WORDS[(n * 7 + step * step) % len(WORDS)] for step in range(12))
        lines.append(
            f'"{words}, {n}",DX-{n},{n % 22},{("email", "chat", "phone")[n % 3]},{("refund", "wait")[n % 2]}'
        )
    return "\n".join(lines).encode()


def megabytes() -> float:
    """The most memory that this process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def timed(work: Callable[[], Awaitable[Any]], times: int = 3) -> float:
    """The quickest of some goes, in milliseconds of processor time: what other programs take is no part of it."""
    best = float("inf")
    for _ in range(times):
        begun = time.process_time()
        await work()
        best = min(best, time.process_time() - begun)
    return best * 1000


async def main(rows: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Settings(data_dir=Path(folder), database_url=""))
        desk = DatasetDesk(store, "")
        begun = time.process_time()
        reading = read_table("late.csv", table(rows))
        read_s = time.process_time() - begun
        version, _ = await desk.keep(reading, "Late parcels")
        print(
            f"{rows:,} rows: told in {read_s:.1f} s, told and stored in {time.process_time() - begun:.1f} s"
        )
        del reading
        with store._reading() as session:
            begun = time.process_time()
            like = (
                sa.select(sa.func.count())
                .select_from(DatasetRow)
                .where(sa.text("search_text LIKE '%kettle%'"))
            )
            session.execute(like).scalar()
            bare = (time.process_time() - begun) * 1000
        before = megabytes()
        looks: dict[str, dict[str, Any]] = {
            "first page": {},
            "last page": {"start": rows - 50},
            "filter days_late:>5": {"filter": "days_late:>5"},
            "filter of two words": {"filter": "kettle -refund"},
            "find nothing": {"filter": "nowhere"},
            "sort by number": {"sort": "days_late", "falls": True},
            "sort by text": {"sort": "message"},
            "filter and sort": {"filter": "channel:=email", "sort": "days_late"},
        }
        worst = 0.0
        for name, look in looks.items():
            took = await timed(lambda look=look: desk.rows(version, **look))  # type: ignore[misc]
            worst = max(worst, took)
            print(f"  {name:<22}{took:8.0f} ms {took / bare:7.1f} x bare")
        print(f"  bare LIKE             {bare:8.0f} ms")
        grown = megabytes() - before
        begun = time.process_time()
        changed = await desk.edit(version.dataset_id, 1, [SetValue(row=47, column="expected", value="ask")])
        edit_s = time.process_time() - begun
        with store._reading() as session:
            stored = [
                session.execute(sa.select(sa.func.count()).select_from(each)).scalar_one() - rows
                for each in (DatasetRow, DatasetEntry)
            ]
        print(
            f"one cell changed: version {changed.number} stores {stored[0]} row, {stored[1]} entry; {edit_s:.1f} s"
        )
        before = megabytes()
        begun = time.process_time()
        size = await asyncio.to_thread(lambda: sum(map(len, desk.written(version, "csv"))))
        print(
            f"export: {size / 1e6:.0f} MB in {time.process_time() - begun:.1f} s, {megabytes() - before:.0f} MB more memory"
        )
        print(f"slowest view {worst:.0f} ms (500), views took {grown:.0f} MB more memory")
        store.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
