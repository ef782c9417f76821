"""What an experiment that has ended came to is kept beside the store, and counts as long as nothing of it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from playground import verdicts
from playground.types.experiment import Cases, Experiment, ExperimentVariant
from playground.types.prompt import Check, Prompt, Turn
from playground.workbench import experiment_summary
from playground.workbench.experiment_standing import Standing
from playground.workbench.experiment_summary import Summaries
from playground.workbench.service import Workbench

MakeWorkbench = Callable[..., Workbench]
PLANNED = Experiment(
    name="Kept",
    prompt=Prompt(turns=(Turn(role="user", template="Say {{ word }}"),)),
    model="scripted:echo",
    variants=(
        ExperimentVariant(name="A"),
        ExperimentVariant(name="B", prompt=Prompt(turns=(Turn(role="user", template="SAY {{ word }}"),))),
    ),
    cases=Cases(rows=tuple({"word": f"w{n}", "kind": n % 3} for n in range(12))),
    checks=(Check(scorer="contains", options={"text": "Say", "ignore_case": False}),),
)


@pytest.fixture
async def kept(make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch) -> tuple[Workbench, str, Path]:
    monkeypatch.setattr(experiment_summary, "LEAST_CELLS", 1)
    workbench = make_workbench({"echo": "{last}"})
    run_id = await workbench.experiments.start(PLANNED)
    await workbench.experiments.wait(run_id)
    return workbench, run_id, workbench.settings.data_dir / "summaries" / f"{run_id}.npz"


def reads(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The experiments whose cells are read from now on."""
    asked: list[str] = []
    outcomes = workbench.store.experiments.outcomes
    monkeypatch.setattr(
        workbench.store.experiments, "outcomes", lambda run_id, *more: asked.append(run_id) or outcomes(run_id, *more)
    )  # fmt: skip
    return asked


def another(workbench: Workbench) -> Standing:
    """What a program that has just begun knows of the experiments."""
    return Standing(workbench.store, {}, Summaries(workbench.settings.data_dir / "summaries"))


def numbers(table: object) -> dict[str, object]:
    names = ("status", "passed", "score", "tokens", "seconds", "cut")
    return {name: getattr(table, name).tolist() for name in names} | {
        name: getattr(table, name) for name in ("entries", "cases", "columns", "reasons", "checks", "attempt")
    }


async def test_another_program_opens_it_from_its_summary_and_sees_the_same(
    kept: tuple[Workbench, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, run_id, file = kept
    assert file.exists()
    second, asked = another(first), reads(first, monkeypatch)
    assert repr(numbers(await second.table(run_id))) == repr(numbers(await first.experiments.table(run_id)))
    assert await second.progress(run_id) == await first.experiments.progress(run_id)
    found = await second.verdict(run_id)
    assert found.sentence == (await first.experiments.verdict(run_id)).sentence
    assert asked == [], "no cell was read"


async def test_a_summary_that_is_damaged_or_of_another_moment_is_left_aside(
    kept: tuple[Workbench, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workbench, run_id, file = kept
    earlier = file.read_bytes()
    expected = (await workbench.experiments.verdict(run_id)).sentence
    for damaged in (b"", earlier[: len(earlier) // 2], b"no archive", earlier.replace(b"stamp", b"stomp")):
        file.write_bytes(damaged)
        again, asked = another(workbench), reads(workbench, monkeypatch)
        assert (await again.verdict(run_id)).sentence == expected
        assert asked == [run_id]
    await workbench.experiments.rescore(run_id, [Check(scorer="contains", options={"text": "nothing"})])
    file.write_bytes(earlier)
    again, asked = another(workbench), reads(workbench, monkeypatch)
    assert not (await again.table(run_id)).passed.any()
    assert asked == [run_id]


async def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    kept: tuple[Workbench, str, Path],
) -> None:
    workbench, run_id, file = kept
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("in its place")
    again = another(workbench)
    assert (await again.progress(run_id)).done == 24
    assert file.parent.read_text() == "in its place"


async def test_whoever_asks_for_a_verdict_that_is_being_made_waits_for_the_same_one(
    kept: tuple[Workbench, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workbench, run_id, _ = kept
    made: list[bool] = []
    verdict = verdicts.verdict

    def counted(*given: Any, with_more: bool) -> verdicts.Verdict:
        made.append(with_more)
        return verdict(*given, with_more=with_more)

    monkeypatch.setattr(verdicts, "verdict", counted)
    standing = another(workbench)
    await standing.table(run_id)
    found = await asyncio.gather(*(standing.verdict(run_id) for _ in range(3)))
    assert made == [True] and found[0] is found[1] is found[2]
    assert await standing.verdict(run_id, with_more=False) is found[0], "it says all that was asked for"
    assert made == [True]
