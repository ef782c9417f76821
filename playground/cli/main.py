"""The command line: reads arguments, calls the workbench, prints.

    playground                                                     the app, on http://localhost:7860
    playground run hub/classification/sentiment --var review="Never again."
    playground export techniques/role/role --format modelfile --output Modelfile

Exit codes: 0 done (and every check passed), 1 a fault of the set-up, of the answer or of a check, 2 bad input,
130 stopped with Ctrl+C. Heavy imports stand inside the commands that need them, so that `--help` is quick.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playground import garbage
from playground.cli import answers as answer_commands
from playground.cli import backends as server_commands
from playground.cli import bench_techniques as bench_commands
from playground.cli import data as data_commands
from playground.cli import documents as document_commands
from playground.cli import history as history_commands
from playground.cli import library as library_commands
from playground.cli import prompts as prompt_commands
from playground.cli import server as added_commands
from playground.cli.terminal import (
    Data,
    ModelName,
    Output,
    PrintAs,
    PromptName,
    Vars,
    named,
    open_or_move,
    open_there,
    parted,
    reader_language,
    run_async,
    say,
    settings_of,
    shown,
    tell,
    tell_all,
    told,
    unknown_language,
    with_workbench,
    write,
)
from playground.errors import NotFoundError, PlaygroundError, PromptError

if TYPE_CHECKING:
    from playground.cli.exactness import Report
    from playground.runs.events import Ended
    from playground.workbench.service import Workbench

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


# --- serving --------------------------------------------------------------------------------------------


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(metavar="PORT", help="Serve on this port (7860).")] = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Serve here (127.0.0.1).")] = None,
    data: Data = None,
    model: Annotated[
        list[Path] | None, typer.Option(metavar="FILE.gguf", help="Offer this model file too. Repeatable.")
    ] = None,
    allow_admin: Annotated[
        bool,
        typer.Option(
            "--allow-admin", help="With --host: visitors may start programs, name files and add servers too."
        ),
    ] = False,
    no_embedded: Annotated[bool, typer.Option("--no-embedded", help="Leave out the embedded model.")] = False,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Run programs that models write, unread, in a sandbox; doctor says how strong it is.",
        ),
    ] = False,
) -> None:
    """Compare prompts side by side on real models.

    Without a command: serve the app in the browser.
    """
    options = {"port": port, "host": host, "data_dir": data, "models": tuple(model or ()) or None}
    options["allow_admin"] = True if allow_admin else None
    options["embedded"] = False if no_embedded else None
    options["sandbox"] = True if sandbox else None
    context.obj = {key: value for key, value in options.items() if value is not None}
    if context.invoked_subcommand is not None:
        return
    from playground.cli.arguments import address_of
    from playground.ui.server import serve as serve_app

    settings = settings_of(context)
    if settings.is_open_to_network:
        tell(
            "Warning: whoever reaches this address can read and change all prompts and runs, and use every model here."
        )
        if settings.allow_admin:
            tell(
                "They can also start programs, name files of this machine, add servers, keep keys and delete models."
            )
        else:
            tell(
                "Servers, keys, model files and programs can be changed on this machine only (--allow-admin opens them)."
            )
    if settings.sandbox:
        from playground.sandbox.run import what_it_is_worth

        tell(run_async(what_it_is_worth()))
    workbench = open_or_move(settings)
    for other in workbench.store.announce(f"the app, {address_of(settings)}"):
        tell(
            f"Note: the data folder {workbench.settings.data_dir} is also used by {other}. "
            "Both work: what one saves the other shows, and neither touches the other's running answers."
        )

    def is_ready() -> None:
        garbage.keep_loaded()
        typer.echo(f"Prompt Playground: {address_of(settings)}")

    serve_app(workbench.settings, workbench, is_ready)


# --- running --------------------------------------------------------------------------------------------


@app.command()
def run(
    context: typer.Context,
    prompt: PromptName,
    var: Vars = None,
    example: Annotated[bool, typer.Option("--example", help="Use the prompt's example values.")] = False,
    model: ModelName = "",
    preset: Annotated[str, typer.Option(metavar="NAME", help="Greedy, Balanced or Creative.")] = "",
    temperature: Annotated[float | None, typer.Option(metavar="N", help="0 is greedy.")] = None,
    top_p: Annotated[float | None, typer.Option(metavar="N", help="1 is off.")] = None,
    top_k: Annotated[int | None, typer.Option(metavar="N", help="0 is off.")] = None,
    min_p: Annotated[float | None, typer.Option(metavar="N", help="0 is off.")] = None,
    repetition_penalty: Annotated[float | None, typer.Option(metavar="N", help="1 is off.")] = None,
    presence_penalty: Annotated[float | None, typer.Option(metavar="N", help="0 is off.")] = None,
    frequency_penalty: Annotated[float | None, typer.Option(metavar="N", help="0 is off.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Same seed, same answer.")] = None,
    max_tokens: Annotated[int | None, typer.Option(metavar="N", help="Cut the answer here.")] = None,
    stop: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="End here. Repeatable.")] = None,
    samples: Annotated[int, typer.Option(metavar="N", help="So many answers, each with its own seed.")] = 1,
    technique: Annotated[
        str, typer.Option(metavar="NAME", help="Run it with a technique; else with the prompt's own.")
    ] = "",
    option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the technique. Repeatable.")
    ] = None,
    step: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP=PROMPT", help="A prompt in place of the technique's own. Repeatable."),
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="Experiment: exit with 1 unless all variants reach this, from 0 to 1; the baseline, or else the one of --not-worse-than, need not.",
        ),
    ] = None,
    not_worse_than: Annotated[
        str, typer.Option(metavar="VARIANT", help="Experiment: exit with 1 unless none is worse than this.")
    ] = "",
    margin: Annotated[
        float | None, typer.Option(metavar="N", help="By this share at the most (0.03).", show_default=False)
    ] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Experiment: write the result as JSON.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE.xml", help="Experiment: write JUnit XML.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Experiment: write a summary.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Experiment: go on with the last run of this file.")
    ] = False,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Experiment: run the failed cells of the last run again.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Experiment: say what it takes and run nothing.")
    ] = False,
    timeout_s: Annotated[
        float | None, typer.Option(metavar="N", help="Experiment: a call that takes longer fails.")
    ] = None,
    output: PrintAs = Output.TEXT,
    data: Data = None,
) -> None:
    """Run a prompt and print the answer, or an experiment (a .yaml file) and print the verdict.

    The text comes as it is written, and the run is kept in the history. Exit code 0: answered, and
    every check that applies passed. 1: a check or an answer failed. 2: bad input. Of an experiment 0
    says that what was asked of it holds, 1 that it does not, 2 that it could not be run.
    """
    from playground.cli import experiments, running

    asked = experiments.Asked(
        prompt, min_score, not_worse_than, margin, as_json, junit, markdown, resume, only_failed, dry_run,
        timeout_s, prints_json=output is Output.JSON,
    )  # fmt: skip
    if experiments.is_experiment(prompt):
        experiments.refuse_options_of_a_prompt(context)
        work = partial(experiments.run_experiment, asked=asked)
        raise typer.Exit(with_workbench(open_or_move(settings_of(context, data)), work))
    if asked != experiments.Asked(prompt, prints_json=asked.prints_json):
        raise PromptError("These options go with an experiment.", "Name its file: playground run FILE.yaml")

    async def answer(workbench: Workbench) -> list[Ended]:
        from playground.cli.arguments import (
            choose_sampling,
            find_prompt,
            read_technique,
            read_values,
            require_ready,
        )
        from playground.techniques.registry import technique_of
        from playground.types.grid import MOST_SAMPLES, RunSpec, Variant
        from playground.types.prompt import Sampling, example_values
        from playground.workbench.step_words import fitting

        found = find_prompt(workbench, prompt)
        tell_all("left out", found.losses)
        # The options above have the names of the fields, so that none can be forgotten.
        changes = {name: context.params[name] for name in Sampling.model_fields}
        sampling = choose_sampling(found.prompt, preset, changes)
        values = example_values(found.prompt) if example else {}
        values |= read_values(found.prompt, var or ())
        require_ready(found.prompt, values)
        if not 1 <= samples <= MOST_SAMPLES:
            raise PromptError(f"--samples {samples} is not from 1 to {MOST_SAMPLES}.", "Give another number.")
        steps = technique_of(technique).steps if technique else ()
        # By the prompt alone: a command answers the same on every terminal, whatever that one's language is.
        words = fitting(workbench.prompts.library, steps, found.prompt, values)
        choice = read_technique(technique, option or (), step or (), found.prompt.run_with, words)
        if choice is not None:
            await workbench.runs.programs.read(choice, values)
        column = Variant(
            model=(await workbench.models.find(model)).id,
            sampling=sampling,
            samples=samples,
            technique=choice,
        )
        comparison = RunSpec.comparison(prompt=found.prompt, values=values, variants=(column,))
        show = write if output is Output.TEXT else lambda _: None
        if samples > 1:
            return await running.run_samples(workbench, comparison, show)
        return [await running.run_one(workbench, comparison, show)]

    ended = with_workbench(open_or_move(settings_of(context, data)), answer)
    if output is Output.JSON:
        told = running.to_json(ended[0]) if samples == 1 else running.samples_to_json(ended)
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    raise typer.Exit(0 if running.report_all(ended) else 1)


# --- the doctor -----------------------------------------------------------------------------------------


@app.command()
def doctor(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="With --exact: this model.", show_default=False)
    ] = None,
    data: Data = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Answer 20 prompts alone and in company, and compare every bit.")
    ] = False,
) -> None:
    """Say what works and what to do.

    Prints what is installed, which models and servers answer, and where the data is. Exit code 0
    only when a model answers and the database opens; with --exact, when company changed no answer.
    """
    if exact or model:
        if not exact:
            raise PlaygroundError("A model goes with --exact.", f"Say so: playground doctor --exact {model}")
        report = with_workbench(open_there(settings_of(context, data)), partial(_compared, model or ""))
        raise typer.Exit(0 if report.equal == report.total else 1)
    from playground.cli.doctor import can_run, examine
    from playground.workbench.models import every_backend

    settings = settings_of(context, data, check_models=False)
    findings = run_async(examine(settings, every_backend(settings)))
    marks = {True: "ok", False: "FAULT", None: "-"}
    for finding in findings:
        write(f"{shown(f'{marks[finding.ok]:<6}')} {named(finding.what, finding.detail)}\n")
        if finding.hint:
            say(f"{'':<7}{finding.hint}\n")
    raise typer.Exit(0 if can_run(findings) else 1)


async def _compared(model: str, workbench: Workbench) -> Report:
    """Compare answers alone and in company, and say what came of it."""
    from playground.cli.exactness import compared

    found = await workbench.models.find(model)
    tell(f"{found.id}: 20 prompts alone, then in random company …")
    report = await compared(workbench.models.backend_of(found.id), found.id)
    compared_what = "texts and log-probabilities" if report.with_scores else "texts"
    mode, _, build = report.mode.partition(", ")
    how = parted(mode or "mode unknown", build)
    say(f"{report.equal} of {report.total} equal ({compared_what}; {how})\n")
    for prompt in report.different:
        write(f"  {shown('differs:')} {prompt[:70]}\n")
    return report


prompt_commands.register(app)
server_commands.register(app)
added_commands.register(app)
document_commands.register(app)
data_commands.register(app)
library_commands.register(app)
answer_commands.register(app)
history_commands.register(app)
bench_commands.register(app)


# --- edges ----------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `playground`: runs a command, shows errors without a traceback, exits."""
    garbage.put_off()
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(
                errors="backslashreplace"
            )  # a terminal that cannot show a character must not end the run
    if said := unknown_language():
        tell(f'Note: PLAYGROUND_LANG is "{said[:40]}", which is no language here: en or zh. This is English.')
    try:
        if reader_language() == "zh":
            from playground.cli import chinese_help

            sys.exit(chinese_help.run(typer.main.get_command(app), arguments, "playground"))
        else:
            app(arguments, prog_name="playground")
    except PlaygroundError as exc:
        tell_all("error", [told(exc)])
        sys.exit(2 if isinstance(exc, PromptError | NotFoundError) else 1)
    except ModuleNotFoundError as exc:
        tell_all(
            "error", [f"The package {exc.name} is not installed. Install the program again: pip install ."]
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
