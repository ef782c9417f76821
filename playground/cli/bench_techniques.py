"""Techniques beside each other on a data set, from the command line.

playground bench-techniques data/arithmetic/arithmetic.csv --cases 60 --techniques chain-of-thought,say-it-twice
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playground.cli.terminal import (
    Data,
    open_there,
    settings_of,
    shown,
    shown_report,
    tell,
    with_workbench,
    write,
    write_file,
)
from playground.errors import PlaygroundError, PromptError
from playground.plurals import plural

if TYPE_CHECKING:
    from playground.bench.technique_report import Report
    from playground.bench.techniques import Data as BenchData
    from playground.workbench.service import Workbench

EVERY = 10
"""Cells between two lines of progress."""


class BenchFormat(StrEnum):
    """How the comparison is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Put the command on the command line."""
    app.command("bench-techniques")(bench_techniques)


def bench_techniques(
    context: typer.Context,
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="CSV, JSON or JSONL with answers.")],
    model: Annotated[str, typer.Option("--model", "-m", metavar="MODEL", help="Ask this model.")] = "",
    techniques: Annotated[
        str, typer.Option(metavar="A,B,…", help="These beside zero-shot and self-consistency.")
    ] = "",
    prompt: Annotated[str, typer.Option(metavar="PROMPT", help="Ask with this prompt.")] = "",
    cases: Annotated[int | None, typer.Option(metavar="N", min=1, help="So many, drawn by --seed.")] = None,
    samples: Annotated[
        int, typer.Option(metavar="N", min=1, max=100, help="Answers of self-consistency (5).")
    ] = 5,
    max_tokens: Annotated[int, typer.Option(metavar="N", min=1, help="Cut each answer here (256).")] = 256,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="For the draw and the samples (1).")] = 1,
    output: Annotated[
        BenchFormat, typer.Option("--format", metavar="text|markdown|csv|json", help="How to print.")
    ] = BenchFormat.TEXT,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw accuracy over tokens.", show_default=False)
    ] = None,
    data: Data = None,
) -> None:
    """Measure techniques on a data set, at equal tokens.

    How often each is right, with intervals, beside the tokens that took, and what self-consistency
    reaches with as many. The column "expected" or "answer" holds the answer; numbers are compared as
    numbers. Every answer is kept as a run. Ctrl+C prints what is known by then.
    """
    known: list[Report] = []

    async def work(workbench: Workbench) -> None:
        from playground.bench.techniques import USUAL
        from playground.bench.techniques import bench_techniques as bench
        from playground.types.prompt import Sampling

        found = await workbench.models.find(model)
        names = [name.strip() for name in techniques.split(",") if name.strip()] or list(USUAL)
        sampling = Sampling(temperature=0, max_tokens=max_tokens, seed=seed)
        rows = read(workbench, dataset, prompt, cases, seed)
        async for done, total, report in bench(
            workbench, rows, found.id, names, sampling=sampling, samples=samples
        ):
            known[:] = [report]
            if done % EVERY == 0 or done == total:
                tell(f"{done:,} of {plural(total, 'answer')}")

    try:
        with_workbench(open_there(settings_of(context, data)), work)
    finally:
        if known:
            show(known[0], output, figure)
    if not known or not any(each.ended for each in known[0].tried):
        raise PlaygroundError("No model answered.", "See what is wrong: playground doctor")


def read(workbench: Workbench, file: Path, prompt: str, most: int | None, seed: int) -> BenchData:
    """The data set with the prompt that asks; raises PromptError."""
    from playground.bench.techniques import dataset
    from playground.cli.arguments import find_prompt
    from playground.cli.data_choices import read_bytes
    from playground.tables.reading import read_table

    cases = tuple(row.values for row in read_table(file.name, read_bytes(file)).rows())
    found = find_prompt(workbench, prompt).prompt if prompt else None
    return dataset(cases, most=most, seed=seed, prompt=found)


def show(report: Report, output: BenchFormat, figure: Path | None) -> None:
    """Print the report, and draw it where that was asked for."""
    from playground.bench import technique_tables as tables

    formats = {
        BenchFormat.TEXT: tables.to_text,
        BenchFormat.MARKDOWN: tables.to_markdown,
        BenchFormat.CSV: tables.to_csv,
        BenchFormat.JSON: tables.to_json,
    }
    text = formats[output](report)
    in_words = {BenchFormat.TEXT: shown, BenchFormat.MARKDOWN: shown_report}.get(output, str)
    write(in_words(text))
    if figure is not None:
        from playground.ui.technique_plot import figure as draw

        try:
            write_file(figure, draw(report))
        except ValueError as exc:
            raise PromptError("There is nothing to draw yet.", "Let more answers end.") from exc
