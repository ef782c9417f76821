"""Techniques on a data set: what is asked, what counts as right, and what may be said of it."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from playground.bench import technique_tables as tables
from playground.bench.technique_report import Point, Report, Tried
from playground.bench.techniques import Data, bench_techniques, dataset
from playground.errors import NotFoundError, PromptError
from playground.types.prompt import Check, Input, Prompt, Turn
from playground.ui.technique_plot import figure
from playground.workbench.service import Workbench

MakeWorkbench = Callable[..., Workbench]
ROWS = [{"question": f"Say {n}", "answer": str(n)} for n in range(1, 21)]


async def report_of(workbench: Workbench, data: Data, *names: str, **more: Any) -> Report:
    last = None
    async for done, total, report in bench_techniques(workbench, data, "scripted:echo", names, **more):
        assert 0 < done <= total
        last = report
    assert last is not None
    return last


def tried(name: str, right: list[float], tokens: float, calls: int = 1) -> Tried:
    title = "Zero-shot" if name == "zero-shot" else name.replace("-", " ").capitalize()
    return Tried(name, title, right, [tokens] * len(right), [calls] * len(right))


async def test_every_case_is_asked_with_every_technique_and_stored_as_one_run(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"echo": "{last}"})
    found = await report_of(workbench, dataset(ROWS), "say-it-twice", samples=3)
    assert [each.name for each in found.tried] == ["zero-shot", "say-it-twice", "self-consistency"]
    plain = found.tried[0]
    assert plain.right == [1.0] * 20, "an echo of the question holds its number"
    assert plain.calls == [1] * 20
    assert plain.tokens[0] == 3 + 2, "words in and out: the question between its marks, and its echo"
    assert found.tried[1].mean_tokens > plain.mean_tokens
    assert found.tried[2].calls == [3] * 20
    assert [point.samples for point in found.curve] == [1, 2, 3]
    assert found.curve[2].tokens == pytest.approx(3 * found.curve[0].tokens)
    stored = await workbench.runs.get(found.run_id)
    assert stored.total == 60
    assert stored.spec.kind == "experiment"
    assert "Zero-shot" in tables.to_text(found)


async def test_cases_that_fail_are_counted_by_reason_and_are_not_wrong(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": [RuntimeError("gone")]})
    found = await report_of(workbench, dataset(ROWS[:2]))
    assert found.tried[0].accuracy is None
    assert math.isnan(found.tried[0].right[0])
    assert sum(found.tried[0].failures.values()) == 2
    assert "Zero-shot: 2 cases without an answer:" in tables.to_text(found)
    with pytest.raises(ValueError, match="No technique"):
        figure(found)


async def test_answers_that_no_check_applies_to_are_neither_right_nor_wrong(
    make_workbench: MakeWorkbench,
) -> None:
    prompt = Prompt(
        turns=(Turn(role="user", template="{{ question }}"),),
        inputs=(Input(name="question", example="Say 0"),),
        checks=(Check(scorer="contains", options={"text": "0"}, example=True),),
    )
    found = await report_of(make_workbench({"echo": "{last}"}), dataset(ROWS[:3], prompt=prompt), samples=2)
    assert all(math.isnan(right) for each in found.tried for right in each.right)
    assert found.curve == []


async def test_an_unknown_technique_is_refused_before_anything_runs(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": "{last}"})
    with pytest.raises(NotFoundError, match="chain-of-thougt"):
        await report_of(workbench, dataset(ROWS), "chain-of-thougt")
    assert (await workbench.history.runs()).total == 0


def test_a_data_set_says_what_is_asked_and_what_is_right() -> None:
    made = dataset(
        [{"id": "a", "question": "2 + 2?", "answer": "4"}, {"question": "Capital?", "answer": "Paris"}]
    )
    assert made.prompt.turns == (Turn(role="user", template="{{ question }}"),)
    assert made.prompt.checks == (Check(scorer="equals", options={"text": "{{ answer }}"}),)
    numbers = dataset([{"input": "half of 3", "expected": "1.5"}, {"input": "x", "expected": "1,000"}])
    assert numbers.prompt.checks == (Check(scorer="number", options={"expected": "{{ expected }}"}),)


def test_so_many_cases_are_drawn_by_the_seed_and_those_without_an_answer_left_out() -> None:
    rows = [*ROWS, {"question": "open", "answer": " "}]
    drawn = dataset(rows, most=5, seed=3)
    assert drawn.of == 20
    assert len(drawn.cases) == 5
    assert drawn.cases == dataset(rows, most=5, seed=3).cases != dataset(rows, most=5, seed=4).cases


@pytest.mark.parametrize(
    ("rows", "prompt", "said"),
    [
        ([], None, "No column of the data set says which answer"),
        ([{"question": "x", "solution": "y"}], None, "It has: question, solution."),
        ([{"question": "x", "answer": ""}], None, 'The column "answer" is empty everywhere'),
        ([{"riddle": "x", "answer": "y"}], None, "No column of the data set is the question"),
    ],
)
def test_a_data_set_that_cannot_be_asked_is_refused(
    rows: list[dict[str, str]], prompt: Prompt | None, said: str
) -> None:
    with pytest.raises(PromptError) as error:
        dataset(rows, prompt=prompt)
    assert said in f"{error.value.message} {error.value.hint}"


def test_a_technique_that_is_better_is_said_to_be_with_its_interval() -> None:
    plain = tried("zero-shot", [0.0] * 30 + [1.0] * 10, 100)
    better = tried("chain-of-thought", [1.0] * 20 + [0.0] * 10 + [1.0] * 10, 300)
    level = tried("say-it-twice", [*plain.right], 180)
    found = Report("scripted:echo", 40, 40, [plain, better, level])
    said = found.sentence()
    assert said.startswith("Chain of thought beats Zero-shot by 50 points (95 %: ")
    assert "Say it twice" not in said


def test_no_technique_beats_zero_shot_is_said_when_none_does() -> None:
    plain = tried("zero-shot", [0.0, 1.0] * 20, 100)
    worse = tried("chain-of-thought", [0.0] * 40, 300)
    said = Report("scripted:echo", 40, 40, [plain, worse]).sentence()
    assert said.startswith("No technique beats zero-shot here. Zero-shot beats Chain of thought by 50 points")
    level = Report("scripted:echo", 40, 40, [plain, tried("say-it-twice", [*plain.right], 180)])
    assert level.sentence() == "No technique beats zero-shot here."


def test_several_techniques_have_to_clear_a_higher_bar() -> None:
    plain = tried("zero-shot", [0.0] * 30, 100)
    slight = [1.0] * 6 + [0.0] * 24  # p = 0.016 alone
    alone = Report("m:x", 30, 30, [plain, tried("a", slight, 1)])
    assert "beats" in alone.sentence().replace("No technique beats", "")
    among = Report("m:x", 30, 30, [plain, *(tried(name, slight, 1) for name in "abcd")])
    assert among.sentence() == "No technique beats zero-shot here."


def test_too_few_cases_have_no_verdict() -> None:
    found = Report("m:x", 5, 5, [tried("zero-shot", [0.0] * 5, 1), tried("a", [1.0] * 5, 1)])
    assert found.sentence() == "Too few cases for a verdict: 5 cases, 15 are the least."


def test_what_the_same_tokens_buy_is_read_off_the_curve_and_not_beyond_it() -> None:
    curve = [Point(1, 0.2, 100), Point(2, 0.4, 200)]
    found = Report("m:x", 20, 20, [tried("zero-shot", [0.0] * 20, 50)], curve)
    assert found.at_equal_tokens(tried("a", [0.0], 150)) == pytest.approx(0.3)
    assert found.at_equal_tokens(tried("a", [0.0], 250)) is None
    assert found.at_equal_tokens(tried("a", [0.0], math.nan)) is None


def test_tables_and_figure_hold_the_same_numbers() -> None:
    right = [1.0] * 5 + [0.0] * 15
    found = Report(
        "scripted:echo",
        20,
        120,
        [tried("zero-shot", right, 100), tried("chain-of-thought", right, 300)],
        [Point(1, 0.25, 200), Point(2, 0.3, 400)],
        "r1",
    )
    text = tables.to_text(found)
    assert "20 of 120 cases, kept as run r1" in text
    assert "25 % (11 to 47)" in text
    assert "Self-consistency by samples: 1: 25 % at 200 tokens; 2: 30 % at 400 tokens." in text
    assert "| Zero-shot | 25 % (11 to 47) | 20 | 100 |" in tables.to_markdown(found)
    rows = list(csv.DictReader(tables.to_csv(found).splitlines()))
    assert [row["technique"] for row in rows] == [
        "zero-shot",
        "chain-of-thought",
        "self-consistency",
        "self-consistency",
    ]
    assert rows[3]["accuracy"] == "0.3"
    told = json.loads(tables.to_json(found))
    assert told["techniques"][1]["against_zero_shot"]["difference"] == 0
    assert told["techniques"][1]["same_tokens"] == pytest.approx(0.275)
    drawn = ElementTree.fromstring(figure(found))
    words = " ".join(drawn.itertext())
    assert "No technique beats zero-shot here." in words
    assert "Chain of thought: 25 % at 300 tokens" in words


def test_a_name_with_markup_stays_text_in_the_figure() -> None:
    hostile = Tried("zero-shot", "<script>x</script>", [1.0] * 20, [9.0] * 20, [1] * 20)
    drawn = figure(Report('m:"><script>', 20, 20, [hostile]))
    assert "<script" not in drawn
    ElementTree.fromstring(drawn)
