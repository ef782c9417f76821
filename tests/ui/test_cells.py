"""Runs that Compare cannot show whole: their cells page by page, and as files from the page and the command line."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import openpyxl
import pytest

from playground.store.changes import CreateRun, EndCell
from playground.store.records import StoredRun
from playground.types.generation import Completion, Message
from playground.types.grid import Case, RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from playground.types.scores import Score
from playground.types.trace import Answer
from playground.workbench.service import Workbench
from tests import forked
from tests.works import at, work

Call = Callable[..., Awaitable[dict[str, Any]]]
Run = Callable[..., Awaitable[StoredRun]]
Read = Callable[[str], Any]
ODD = 'a\0b "quoted", \ud800 👩\r\n=1+1 <b>'
PROMPT = Prompt(name="Capital", turns=(Turn(role="user", template="The capital of {{ land }}?"),))
SCORES = (
    Score("contains", 1.0, "x", "found", 3.0),
    Score("number", 0.0, "x", "no"),
    Score("n", None, "", ""),
)


@pytest.fixture
def grid(workbench: Workbench) -> str:
    """A run of 130 cases with two variants; the last case is answered, its second variant failed."""
    spec = RunSpec(
        prompt=PROMPT,
        variants=(Variant(model="scripted:echo"), Variant(model="scripted:other")),
        cases=tuple(Case(values={"land": f"{n} {ODD}"}, row_id=f"row {n}") for n in range(130)),
    )
    cells = [
        work(v, column.model, PROMPT, Sampling(), case)
        for case in range(130)
        for v, column in enumerate(spec.variants)
    ]
    run_id = workbench.store.submit(CreateRun(spec, cells, "Capitals")).result(20)
    sent = [Message("user", ODD)]
    done = Completion(ODD, "stop", completion_tokens=7, total_s=0.5, mode="exact")
    workbench.store.submit(
        EndCell(run_id, at(0, 0, 129), "done", Answer.of_one_call(sent, done), scores=SCORES)
    ).result(20)
    workbench.store.submit(
        EndCell(run_id, at(1, 0, 129), "error", Answer.of_one_call(sent, None), "It broke.", "Again.")
    ).result(20)
    return run_id


async def test_a_large_run_opens_with_its_first_case_and_the_first_page_of_its_cells(
    call: Call, grid: str, read_html: Read
):
    update = await call("open_run", id=grid)
    assert (update["run"], update["tab"], list(update["columns"])) == (grid, "Compare", ["0", "1"])
    body = read_html(update["drawer"]["body"])
    assert "100 of 260 answers" in body.text
    assert len(body.find("tr")) == 101


async def test_a_link_to_a_large_run_opens_it_too(call: Call, grid: str):
    update = await call("load", query={"run": grid})
    assert "100 of 260 answers" in update["drawer"]["body"]


async def test_the_history_says_how_many_answers_a_large_run_has(call: Call, grid: str, ran: Run):
    await ran(2)
    page = (await call("open_history"))["html"]["hist-list"]
    assert page.count("260 cells") == page.count(" cells") == 1


async def test_a_comparison_opens_without_the_drawer(call: Call, ran: Run):
    run = await ran(2)
    assert (await call("open_run", id=run.id))["drawer"] is None
    assert "drawer" not in await call("load", query={"run": run.id})


async def test_the_pages_lead_to_the_last_cell(call: Call, grid: str, read_html: Read):
    pages, after = [], ""
    while True:
        body = read_html((await call("cells", run=grid, after=after))["drawer"]["body"])
        pages.append(len(body.find("tr")) - 1)
        if not (more := body.find("button", data_act="cells")):
            break
        after = more[0]["data-after"]
    assert pages == [100, 100, 60]
    assert "done" in body.text and "1/2" in body.text
    assert "error" in body.text and "It broke." in body.text


@pytest.mark.parametrize("after", ["x", "1,2", "1,2,3,4", "a,b,c"])
async def test_a_page_that_is_none_is_refused_in_words(call: Call, grid: str, after: str):
    assert "no such page" in (await call("cells", run=grid, after=after))["alert"]["message"]


async def test_the_csv_has_a_line_for_every_cell(web: httpx.AsyncClient, grid: str):
    answer = await web.get(f"/files/run/{grid}/answers.csv")
    assert answer.headers["content-disposition"] == f"attachment; filename=run-{grid}.csv"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [(row["case"], row["column"], row["repeat"], row["samples"]) for row in rows] == [
        (str(case), column, "1", "1") for case in range(1, 131) for column in "12"
    ]
    done, failed = rows[-2:]
    assert (done["answer"], done["status"], done["completion_tokens"]) == (
        ODD.replace("\ud800", "?"),
        "done",
        "7",
    )
    assert (done["score"], done["passed"], done["checks"], done["row_id"]) == ("0.75", "1", "2", "row 129")
    assert done["variant"] == "", "a run that is no experiment has no names for its columns"
    assert json.loads(done["values"]) == {"land": f"129 {ODD}"}
    assert (failed["error"], failed["hint"], failed["answer"]) == ("It broke.", "Again.", "")


async def test_the_json_has_everything_that_was_sent_and_received(web: httpx.AsyncClient, grid: str):
    answer = await web.get(f"/files/run/{grid}/answers.json")
    told = answer.json()
    assert (told["run"], told["title"], told["kind"], len(told["cells"])) == (
        grid,
        "Capitals",
        "experiment",
        260,
    )
    done = told["cells"][-2]
    assert (done["answer"], done["mode"], done["sampling"]["seed"]) == (ODD, "exact", 42)
    assert done["messages"] == [{"role": "user", "content": ODD}]
    assert [score["value"] for score in done["scores"]] == [1.0, 0.0, None]


async def test_a_spreadsheet_of_the_answers_has_numbers_as_numbers_and_no_formulas(
    web: httpx.AsyncClient, grid: str
):
    answer = await web.get(f"/files/run/{grid}/answers.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    head, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    done = dict(zip(head, rows[-2], strict=True))
    assert len(rows) == 260 and (done["case"], done["completion_tokens"], done["score"]) == (130, 7, 0.75)
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}
    lines = (await web.get(f"/files/run/{grid}/answers.jsonl")).text.splitlines()
    first = json.loads(lines[0])
    assert len(lines) == 260 and first["case"] == 1 and first["values"]["land"].startswith("0 ")


@pytest.mark.parametrize("path", ["nothing/answers.csv", "nothing/answers.json", "{id}/answers.ods"])
async def test_a_file_that_is_none_is_not_found(web: httpx.AsyncClient, grid: str, path: str):
    assert (await web.get("/files/run/" + path.format(id=grid))).status_code == 404


async def test_the_export_of_a_column_offers_all_answers(call: Call, ran: Run, read_html: Read):
    run = await ran(2)
    body = read_html((await call("export", run=run.id, column=0))["drawer"]["body"])
    links = [link["href"] for link in body.find("a")]
    assert links == [f"files/run/{run.id}/answers.csv", f"files/run/{run.id}/answers.json"]


def test_the_command_line_writes_the_same_file(workbench: Workbench, grid: str, tmp_path: Any):
    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        data = str(workbench.settings.data_dir)
        command = [sys.executable, "-m", "playground.cli.main", "answers", *arguments, "--data", data]
        return forked.run(command, capture_output=True)

    shown = run(grid)
    assert shown.returncode == 0, shown.stderr
    assert len(list(csv.reader(io.StringIO(shown.stdout.decode(), newline="")))) == 261
    path = tmp_path / "all.json"
    assert run(grid, "--format", "json", "--output", str(path)).returncode == 0
    assert len(json.loads(path.read_text())["cells"]) == 260
    lost = run("nothing")
    assert lost.returncode == 2 and b"There is no such run." in lost.stderr
    assert run(grid, "--output", str(tmp_path / "no" / "x")).returncode == 1
