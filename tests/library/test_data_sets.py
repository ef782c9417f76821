"""The data sets that are shipped: what their scripts write, complete, each with its card and a prompt that fits it."""

from __future__ import annotations

import csv
import json
import re
import runpy
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from playground.formats import prompty
from playground.library.shipped_data import ShippedSet, shipped_sets
from playground.scorers import all_passed, check_problem, score_all
from playground.types.scores import Sample

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
SETS = {each.name: each for each in shipped_sets()}
every_set = pytest.mark.parametrize("shipped", SETS.values(), ids=SETS.keys())


def rows_of(shipped: ShippedSet) -> list[dict[str, Any]]:
    with shipped.path.open(encoding="utf-8", newline="") as file:
        if shipped.path.suffix == ".csv":
            return [dict(row) for row in csv.DictReader(file)]
        return [json.loads(line) for line in file]


def expected_of(row: dict[str, Any]) -> str:
    value = row.get("expected", row.get("answer"))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value or "")


def test_every_folder_with_a_script_is_a_set_and_two_of_them_are_chinese() -> None:
    assert {*SETS} == {path.parent.name for path in DATA.glob("*/make.py")}
    assert len(SETS) >= 8
    assert len([name for name in SETS if name.endswith("-zh")]) == 2


@every_set
def test_a_set_is_what_its_script_writes_byte_for_byte(
    shipped: ShippedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = shutil.copy(shipped.path.parent / "make.py", tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / shipped.path.name).read_bytes() == shipped.path.read_bytes()


@every_set
def test_a_set_has_a_hundred_rows_none_twice_and_none_without_an_answer(shipped: ShippedSet) -> None:
    rows = rows_of(shipped)
    assert len(rows) == shipped.rows >= 100
    assert len({row["id"] for row in rows}) == len(rows)
    asked = [json.dumps([row.get(name) for name in ("context", "text", "question")]) for row in rows]
    assert len(set(asked)) == len(rows)
    assert all(expected_of(row).strip() for row in rows)
    assert all({*row} == {*shipped.columns} and all(value != "" for value in row.values()) for row in rows)


@every_set
def test_a_card_tells_the_truth(shipped: ShippedSet) -> None:
    facts = dict(re.findall(r"^- \*\*(\w+)\*\*: (.+)$", shipped.card, re.M))
    further = {"Try", "Slice"}  # what to look at besides
    assert [fact for fact in facts if fact not in further] == [
        "Origin",
        "Size",
        "Columns",
        "For",
        "Prompt",
        "Baseline",
    ]
    assert facts["Size"].startswith(f"{shipped.rows} rows")
    assert re.findall(r"`(\w+)`", facts["Columns"]) == [*shipped.columns]
    assert shipped.about == facts["For"]
    right, of = map(int, re.search(r": (\d+) of (\d+) cases right", facts["Baseline"]).groups())  # type: ignore[union-attr]
    assert f"({100 * right / of:.0f} %;" in facts["Baseline"]


@every_set
def test_the_prompt_beside_a_set_asks_for_its_columns_and_its_checks_pass_a_right_answer(
    shipped: ShippedSet,
) -> None:
    assert shipped.prompt is not None
    reading = prompty.read(shipped.prompt.read_text(encoding="utf-8"), shipped.prompt.name)
    prompt = reading.prompt
    assert reading.losses == ()
    assert {item.name for item in prompt.inputs} <= {*shipped.columns}
    assert [problem for check in prompt.checks if (problem := check_problem(check))] == []
    for row in rows_of(shipped):
        assert all_passed(score_all(prompt.checks, Sample(expected_of(row), values=row))), row["id"]
        assert not all_passed(score_all(prompt.checks, Sample("no idea", values=row))), row["id"]


def test_what_must_be_in_a_summary_stands_in_the_report_and_in_its_summary() -> None:
    for row in rows_of(SETS["summaries"]):
        assert all(fact in row["text"] and fact in row["expected"] for fact in row["key_facts"]), row["id"]


def test_what_the_context_answers_stands_in_it_and_what_it_does_not_is_marked() -> None:
    rows = rows_of(SETS["context"])
    for row in rows:
        assert (row["expected"] in row["context"]) is (row["answerable"] == "yes"), row["id"]
    assert sum(row["answerable"] == "no" for row in rows) == 30


def test_an_attack_names_its_canary_and_a_harmless_message_does_not() -> None:
    for row in rows_of(SETS["injection"]):
        assert (row["canary"] in row["text"]) is (row["attack"] != "none"), row["id"]


def test_the_sets_travel_in_the_wheel_and_in_the_source_archive() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"][
        "targets"
    ]
    for name in SETS:
        assert build["wheel"]["force-include"][f"data/{name}"] == f"playground/data_sets/{name}"
        assert f"data/{name}" in build["sdist"]["include"]
