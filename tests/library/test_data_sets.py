"""The data sets that are shipped: made by the script beside them, complete, and each with its card."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

DATA = Path(__file__).parents[2] / "data"


def test_the_word_problems_are_what_their_script_writes() -> None:
    made = runpy.run_path(str(DATA / "arithmetic" / "make.py"))["rows"]()
    with (DATA / "arithmetic" / "arithmetic.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    assert head == ["id", "kind", "question", "answer"]
    assert rows == [[str(cell) for cell in row] for row in made]
    assert len(rows) == 120
    assert len({row[2] for row in rows}) == 120
    assert all(int(row[3]) > 0 for row in rows)


def test_every_data_set_has_a_card() -> None:
    for folder in (path for path in DATA.iterdir() if path.is_dir() and (path / "make.py").exists()):
        card = (folder / "README.md").read_text(encoding="utf-8")
        assert all(word in card for word in ("Origin", "Size", "Columns", "For", "Baseline")), folder.name
