"""Commands around model servers: run vLLM, write and read offline batches, compare the backends.

playground serve-vllm Qwen/Qwen3-0.6B --args "--max-model-len 4096"
playground batch export techniques/role/role --rows rows.jsonl --model Qwen/Qwen3-0.6B --output batch.jsonl
playground batch import results.jsonl --batch batch.jsonl
playground bench-backends --seconds 60 --format markdown
"""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playground.cli.terminal import (
    Data,
    PromptName,
    open_there,
    run_async,
    say,
    settings_of,
    shown,
    shown_report,
    tell,
    tell_all,
    with_workbench,
    write,
    write_file,
)
from playground.errors import PlaygroundError, PromptError, SettingsError
from playground.plurals import plural

if TYPE_CHECKING:
    from playground.bench.measuring import Measured, Report
    from playground.settings import Settings
    from playground.workbench.batch import Stored
    from playground.workbench.service import Workbench

batch = typer.Typer(rich_markup_mode=None)


class TableFormat(StrEnum):
    """How a comparison of backends is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command("serve-vllm")(serve_vllm)
    app.command("bench-backends")(bench_backends)
    app.add_typer(batch, name="batch", help="Write and read offline batches for vllm run-batch.")


# --- vLLM -----------------------------------------------------------------------------------------------


def serve_vllm(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name on Hugging Face, or a folder.")],
    port: Annotated[
        int | None,
        typer.Option(metavar="PORT", min=1, max=65535, help="Serve on this port; else a free one."),
    ] = None,
    args: Annotated[
        str, typer.Option("--args", metavar="TEXT", help='More for vllm serve: "--max-model-len 4096".')
    ] = "",
    batch_invariant: Annotated[
        bool,
        typer.Option(
            "--batch-invariant", help="Answers do not depend on those beside them; needs a GPU that can."
        ),
    ] = False,
    data: Data = None,
) -> None:
    """Run a vLLM server for the columns.

    It is one of the servers of the Models tab until Ctrl+C ends it. Sampling defaults of the model are off
    (--generation-config vllm), so that columns stay fair. Needs the extra: pip install "prompt-playground[vllm]".
    """
    try:
        further = shlex.split(args)
    except ValueError as exc:
        raise SettingsError(
            "--args cannot be read: a quotation mark is open.", "Close every quotation mark."
        ) from exc
    try:
        run_async(_serve_vllm(settings_of(context, data), model, tuple(further), port, batch_invariant))
    except asyncio.CancelledError:
        raise typer.Exit(128 + signal.SIGTERM) from None


async def _serve_vllm(
    settings: Settings, model: str, args: tuple[str, ...], port: int | None, batch_invariant: bool
) -> None:
    from playground.backends.vllm_process import managed_vllm

    task = asyncio.current_task()
    assert task is not None
    # SIGTERM ends it as Ctrl+C does, so that its row does not stay behind.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    run = managed_vllm(settings, model, args, port=port, on_line=tell, batch_invariant=batch_invariant)
    async with run as (process, server):
        mode = ", batch-invariant" if process.batch_invariant else ""
        say(f'ready: {model} at {process.url}{mode}, in the playground as "{server.name}". Ctrl+C ends it.\n')
        await process.fail_when_ended()


# --- batches --------------------------------------------------------------------------------------------


@batch.command("export")
def export_batch(
    context: typer.Context,
    prompt: PromptName,
    rows: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="Values, one JSON object a line.")],
    model: Annotated[str, typer.Option(metavar="NAME", help="What vLLM will load, or an id.")],
    output: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="The batch to write.")],
    preset: Annotated[str, typer.Option(metavar="NAME", help="Greedy, Balanced or Creative.")] = "",
    data: Data = None,
) -> None:
    """Write a batch for vllm run-batch, one request for each row of values."""

    async def make(workbench: Workbench) -> list[str]:
        from playground.cli.arguments import choose_sampling, find_prompt
        from playground.workbench.batch import read_rows, to_lines

        found = find_prompt(workbench, prompt)
        tell_all("left out", found.losses)
        with _lines(rows) as lines:
            values = read_rows(lines, rows.name)
        sampling = choose_sampling(found.prompt, preset, {})
        return await to_lines(
            workbench, found.prompt, values, await workbench.models.name_at_server(model), sampling
        )

    made = with_workbench(open_there(settings_of(context, data)), make)
    model = json.loads(made[0])["body"]["model"]
    write_file(output, "".join(line + "\n" for line in made))
    results = output.with_suffix(".results.jsonl")
    command = ["vllm", "run-batch", "-i", str(output), "-o", str(results), "--model", model]
    tell(f"{plural(len(made), 'request')} in {output}. Next:")
    tell("  " + shlex.join([*command, "--generation-config", "vllm"]))
    tell("  " + shlex.join(["playground", "batch", "import", str(results), "--batch", str(output)]))


@batch.command("import")
def import_batch(
    context: typer.Context,
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS.jsonl", help="What vllm run-batch has written.")
    ],
    exported: Annotated[Path, typer.Option("--batch", metavar="FILE.jsonl", help="The batch it was given.")],
    data: Data = None,
) -> None:
    """Store the results of a batch as runs, with their checks.

    Reading the same results again replaces them. Exit code 1 when a line could not be used, an answer is
    an error, or a result is missing; everything else is stored all the same.
    """

    async def store(workbench: Workbench) -> Stored:
        from playground.workbench.batch import store_results

        with _lines(exported) as asked, _lines(results) as answers:
            return await asyncio.to_thread(store_results, workbench, asked, answers)

    stored = with_workbench(open_there(settings_of(context, data)), store)
    tell_all("problem", stored.problems)
    if stored.missing:
        tell(f"problem: {stored.missing} of the requests have no result.")
    say(f"{plural(len(stored.runs), 'run')} stored, {stored.errors:,} of them with an error.\n")
    raise typer.Exit(1 if stored.problems or stored.missing else 0)


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[str]]:
    """The lines of a file, broken characters marked; raises PromptError when it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield iter(file)
    except OSError as exc:
        raise PromptError(f"{path} cannot be read: {exc.strerror}.", "Check the path.") from exc


# --- which backend --------------------------------------------------------------------------------------


def bench_backends(
    context: typer.Context,
    seconds: Annotated[
        float, typer.Option(metavar="N", min=1, help="For all models together (100).")
    ] = 100.0,
    models: Annotated[
        list[str] | None, typer.Option("--models", metavar="MODEL", help="Only this one. Repeatable.")
    ] = None,
    output: Annotated[
        TableFormat, typer.Option("--format", metavar="text|markdown|json", help="How to print.")
    ] = TableFormat.TEXT,
    data: Data = None,
) -> None:
    """Measure the models that answer here, side by side.

    Load time, time to the first token, speed alone and with 4 and 16 requests at once, peak memory where it can
    be read, and whether greedy answers agree, beside what each backend can do. Ctrl+C prints what is known by then.
    """
    known: dict[str, Any] = {"measured": (), "abilities": {}}

    def report(step: Report) -> None:
        known["measured"] = step.measured
        tell(step.doing)

    async def work(workbench: Workbench) -> tuple[Measured, ...]:
        from playground.bench.measuring import abilities, measure

        known["abilities"] = abilities(workbench.models.backends)
        if models:
            wanted = [(await workbench.models.find(name)).id for name in models]
        else:
            found, silent = await workbench.models.all_or_errors()
            tell_all("left out", map(str, silent))
            wanted = [model.id for model in found]
        return await measure(workbench, list(dict.fromkeys(wanted)), report, seconds=seconds)

    try:
        known["measured"] = with_workbench(open_there(settings_of(context, data)), work)
    finally:
        if known["measured"]:
            _print_bench(known["measured"], known["abilities"], output)
    if not any(row.first_token_s is not None for row in known["measured"]):
        raise PlaygroundError("No model answered.", "See what is wrong: playground doctor")


def _print_bench(
    measured: tuple[Measured, ...], found: dict[str, dict[str, bool]], output: TableFormat
) -> None:
    from playground.bench.tables import to_json, to_markdown, to_text

    formats = {TableFormat.TEXT: to_text, TableFormat.MARKDOWN: to_markdown, TableFormat.JSON: to_json}
    text = formats[output](measured, found)
    in_words = {TableFormat.TEXT: shown, TableFormat.MARKDOWN: shown_report}.get(output, str)
    write(in_words(text))
