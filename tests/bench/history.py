"""How fast History opens and searches over 10,000 stored runs: python tests/bench/history.py [RUNS]

Prints the median and the worst of seven calls in milliseconds beside the limit, and the ratio to a bare sqlite3
scan of the same file. Exit code 1 when a worst value is beyond the limit.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from playground.settings import Settings
from playground.store import open_store
from playground.store.content import fold, searchable
from playground.store.database import connect, locate
from playground.store.records import RunFilter
from playground.store.tables import Cell, CellText, Run, RunCase, ScoreRow, Step, VariantRow, Vote
from playground.types.grid import Case, CellKey, RunSpec, Variant, Work
from playground.types.prompt import Prompt, Sampling, Turn

LIMIT_MS = 500
REPEATS = 7
COLUMNS = 3
ANSWER_WORDS = 180  # about 256 tokens, the default length of an answer
FIRST, LAST = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi"), ("ber", "len", "tas", "ros", "nik")
WORDS = [first + last for first in FIRST for last in LAST]


def main() -> int:
    """Build, measure, print; 0 when every call stayed within the limit."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url="")
        store = open_store(settings)
        fill(settings, count)
        size_mb = store.facts().size_bytes / 1e6
        print(f"{count:,} runs of {COLUMNS} cells, {size_mb:.0f} MB on disk; limit {LIMIT_MS} ms")
        file = sqlite3.connect(settings.database_path)
        scan = "SELECT count(*) FROM run WHERE search_text LIKE '%needle-is-not-there%'"
        baseline = measured("bare sqlite3 scan (baseline)", lambda: file.execute(scan).fetchone(), None)[0]
        calls: dict[str, Callable[[], Any]] = {
            "open, first page": store.history,
            "open, page in the middle": lambda: store.history(offset=count // 2),
            "open, last page": lambda: store.history(offset=count - 50),
            "search, every run matches": lambda: store.history("bench"),
            "search, one run matches": lambda: store.history(f"number-{count // 2}."),
            "search, three words": lambda: store.history("bench BERLEN baber"),
            "search, nothing matches": lambda: store.history("needle-is-not-there"),
            "largest page, 200 rows": lambda: store.history(limit=200),
            "only what failed": lambda: store.history(wanted=RunFilter(result="failed")),
            "only what passed": lambda: store.history(wanted=RunFilter(result="passed")),
            "one model, not voted": lambda: store.history(
                wanted=RunFilter(model="llamacpp:small", voted=False)
            ),
            "sorted by checks": lambda: store.history(sort="checks"),
            "sorted by models": lambda: store.history(sort="models"),
            "sorted by vote": lambda: store.history(sort="vote"),
            "what can be filtered by": store.run_choices,
        }
        worst = max(measured(name, call, baseline)[1] for name, call in calls.items())
        file.close()
        store.close()
    print(f"worst {worst:.0f} ms of {LIMIT_MS} ms allowed: {'ok' if worst <= LIMIT_MS else 'TOO SLOW'}")
    return 0 if worst <= LIMIT_MS else 1


def measured(name: str, call: Callable[[], Any], baseline_ms: float | None) -> tuple[float, float]:
    """Median and worst milliseconds of some calls, printed with the ratio to the baseline."""
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    median, worst = statistics.median(times), max(times)
    ratio = f"{median / baseline_ms:6.2f} x baseline" if baseline_ms else ""
    print(f"{name:30} median {median:7.1f} ms   worst {worst:7.1f} ms   {ratio}")
    return median, worst


def fill(settings: Settings, count: int) -> None:
    """Write the runs with bulk inserts: the rows that the store itself would write, without its checks."""
    chance = random.Random(1)
    template = Turn(role="user", template="Bench: answer {{ question }} in plain words. " * 10)
    prompt = Prompt(name="Bench", turns=(template,))
    comparison = RunSpec.comparison(
        prompt=prompt,
        values={"question": "why"},
        variants=tuple(Variant(model="a:b") for _ in range(COLUMNS)),
    )
    store = open_store(settings)
    small = Variant(model="llamacpp:small")
    works = [Work(CellKey(0, n, 0), small, Case(), prompt, (), Sampling()) for n in range(COLUMNS)]
    first = store.create_run(comparison, works, title="Bench", version_id=None)
    store.close()
    engine = connect(locate(settings)).execution_options(write=True)
    with engine.begin() as connection:
        run_row = dict(connection.execute(sa.select(Run.__table__).where(Run.id == first)).mappings().one())
        cell_row = dict(connection.execute(sa.select(Cell.__table__)).mappings().first() or {})
        variant_row = dict(connection.execute(sa.select(VariantRow.__table__)).mappings().first() or {})
        case_row = dict(connection.execute(sa.select(RunCase.__table__)).mappings().first() or {})
    start = datetime(2026, 1, 1, tzinfo=UTC)
    batches: dict[Any, list[dict[str, Any]]] = {
        table: [] for table in (Run, RunCase, VariantRow, Cell, Step, CellText, ScoreRow, Vote)
    }
    for number in range(1, count):
        run_id = f"{number:016x}"
        answers = [" ".join(chance.choices(WORDS, k=ANSWER_WORDS)) for _ in range(COLUMNS)]
        title = f"Bench number-{number}."
        text = searchable([title, template.template, "llamacpp:small"])
        created = start + timedelta(minutes=number)
        batches[Run].append(
            run_row | {"id": run_id, "title": title, "created_at": created, "search_text": text}
        )
        batches[RunCase].append(case_row | {"run_id": run_id})
        for column, answer in enumerate(answers):
            cell_id = number * COLUMNS + column + 1
            batches[VariantRow].append(variant_row | {"id": cell_id, "run_id": run_id, "number": column})
            place = {"id": cell_id, "run_id": run_id, "variant_number": column, "variant_id": cell_id}
            batches[Cell].append(cell_row | place | {"status": "done", "finish": "stop"})
            batches[CellText].append({"cell_id": cell_id, "run_id": run_id, "text": fold(answer)})
            batches[Step].append(
                {"cell_id": cell_id, "number": 0, "text": answer, "rendered_prompt": template.template}
                | {
                    "label": "",
                    "kind": "call",
                    "ignored": [],
                    "logprobs": [],
                    "reasoning": "",
                    "messages": [{"role": "user", "content": template.template}],
                }
            )
            for check in range(2):
                batches[ScoreRow].append(
                    {
                        "cell_id": cell_id,
                        "number": check,
                        "name": "contains",
                        "value": float(check),
                        "weight": 1.0,
                    }
                    | {"answer": answer[:50], "explanation": "Because."}
                )
        vote = {
            "id": run_id,
            "run_id": run_id,
            "voter": "",
            "kind": "column",
            "cell_id": number * COLUMNS + 1,
            "note": "",
            "created_at": created,
        }
        batches[Vote].append(vote)
    with engine.begin() as connection:
        for table, rows in batches.items():
            if rows:
                connection.execute(sa.insert(table), rows)
    engine.dispose()


if __name__ == "__main__":
    raise SystemExit(main())
