"""Bytes painted for news beside finished answers: python tests/bench/paints.py

Three columns have ended with 40 kB each, a fourth writes (or thinks) 7 kB more, told to one page; at most 5 times the
news. Exit code 1 beyond it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from contextlib import aclosing
from pathlib import Path
from typing import Any

from playground.backends.scripted import ScriptedBackend
from playground.settings import Settings
from playground.store import open_store
from playground.types.generation import Chunk
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from playground.ui.stream import stream_run
from playground.workbench.service import Workbench

LIMIT = 5.0
ANSWER = "word " * 8_000
NEWS = [f"news{number:05d} " for number in range(700)]


async def painted(kind: str, folder: Path) -> tuple[int, int]:
    """Bytes and paints once the three answers are on screen."""
    script: list[Any] = [1.0]
    for word in NEWS:
        script += [word if kind == "text" else Chunk(reasoning=word), 0.008]
    backend = ScriptedBackend({"done": [ANSWER], "writes": [*script, "end"]})
    settings = Settings(data_dir=folder, database_url="")
    workbench = Workbench(settings, open_store(settings), {"scripted": backend})
    columns = tuple(
        Variant(model=f"scripted:{name}", sampling=Sampling(max_tokens=100_000))
        for name in ("done", "done", "done", "writes")
    )
    live = await workbench.runs.begin(
        RunSpec.comparison(prompt=Prompt(turns=(Turn(role="user", template="Hi"),)), variants=columns)
    )
    size = count = shown = 0
    async with aclosing(stream_run(workbench, {"stream": "f3k09x2m1a", "run": live.run.id})) as paints:
        async for paint in paints:
            if not isinstance(paint, str):
                continue
            if shown == 3:
                size, count = size + len(paint.encode()), count + 1
            shown += sum(
                ANSWER in (column.get("text"), column.get("grow"))
                for column in json.loads(paint)["columns"].values()
            )
    await workbench.close()
    return size, count


def main() -> int:
    """Print a row a kind; 1 when the limit is broken."""
    news = sum(map(len, NEWS))
    worst = 0.0
    for kind in ("text", "thoughts"):
        with tempfile.TemporaryDirectory() as folder:
            size, count = asyncio.run(painted(kind, Path(folder)))
        worst = max(worst, size / news)
        print(
            f"{kind}: {size:,} bytes in {count} paints for {news:,} bytes of news: {size / news:.1f} × (limit {LIMIT:g})"
        )
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
