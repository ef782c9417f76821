"""`playground run experiment.yaml`: an experiment from a file to its verdict, and whether what depends on it holds.

    playground run data/sentiment/sentiment.experiment.yaml --not-worse-than A --margin 0.03 --junit result.xml

Exit codes: 0 it is decided and every gate holds, 1 a gate does not hold, 2 it could not be run or has no answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from playground.cli.terminal import named, say, shown, shown_report, tell, tell_all, write, write_file
from playground.errors import NotFoundError, PlaygroundError, PromptError, SettingsError
from playground.plurals import plural
from playground.types.experiment import LEAST_TIMEOUT_S, MOST_TIMEOUT_S

if TYPE_CHECKING:
    from playground.types.experiment import Experiment
    from playground.types.outcomes import Estimate, Progress
    from playground.verdicts import Gate, Verdict
    from playground.workbench.service import Workbench

SUFFIXES = (".yaml", ".yml")
TELL_S = 5.0
"""How it stands is told so often."""
MARGIN = 0.03


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks of an experiment; `only_failed` and `resume` go on with one that is stored."""

    file: str
    min_score: float | None = None
    not_worse_than: str = ""
    margin: float | None = None
    as_json: Path | None = None
    junit: Path | None = None
    markdown: Path | None = None
    resume: bool = False
    only_failed: bool = False
    dry_run: bool = False
    timeout_s: float | None = None
    prints_json: bool = False

    @property
    def has_gate(self) -> bool:
        """Whether something depends on the result."""
        return self.min_score is not None or bool(self.not_worse_than)


def is_experiment(name: str) -> bool:
    """Whether what is to be run is the file of an experiment."""
    return name.endswith(SUFFIXES)


async def run_experiment(workbench: Workbench, asked: Asked) -> int:
    """Run it to its end, print the verdict, write the files; the exit code. Errors are told, and are 2."""
    try:
        return await _run(workbench, asked)
    except PlaygroundError as exc:
        tell_all("error", [str(exc)])
        return 2


async def _run(workbench: Workbench, asked: Asked) -> int:
    from playground.cli.arguments import read_text
    from playground.formats.experiment_file import read_experiment

    path = Path(asked.file)
    experiment = read_experiment(read_text(asked.file), path.name)
    if not experiment.name:
        experiment = experiment.model_copy(update={"name": path.name.split(".")[0]})
    _require(experiment, asked)
    if asked.timeout_s is not None:
        limits = experiment.limits.model_copy(update={"timeout_s": asked.timeout_s})
        experiment = experiment.model_copy(update={"limits": limits})
    desk = workbench.experiments
    folder = path.parent
    if asked.dry_run:
        say(in_words(await desk.plan(experiment, folder)))
        return 0
    if asked.has_gate:
        rule = experiment.rule.model_copy(update={"gate": True})
        experiment = experiment.model_copy(update={"rule": rule})
    run_id = await _begun(workbench, experiment, asked, folder)
    try:
        await _watched(workbench, run_id)
    except asyncio.CancelledError:
        await desk.stop(run_id, "paused")
        tell(f"Paused; what is done is kept. Go on with: playground run {asked.file} --resume")
        raise
    return await _reported(workbench, run_id, asked)


async def _begun(workbench: Workbench, experiment: Experiment, asked: Asked, folder: Path) -> str:
    """The id of the experiment, which runs now or had nothing left to run."""
    desk = workbench.experiments
    if not (asked.resume or asked.only_failed):
        return await desk.start(experiment, folder)
    stored = await desk.latest(experiment)
    if stored is None:
        if asked.only_failed:
            raise NotFoundError(
                f"{asked.file} was not run yet as it stands now.", "Run it without --only-failed."
            )
        tell("There is nothing to go on with: it begins anew.")
        return await desk.start(experiment, folder)
    await desk.limit(stored.id, experiment.limits)
    if asked.only_failed:
        again = await desk.again(stored.id)
        if again:
            tell(f"{again:,} failed {'cell runs' if again == 1 else 'cells run'} again.")
        else:
            tell("No cell has failed: none runs again.")
    else:
        await desk.resume(stored.id)
    return stored.id


def _require(experiment: Experiment, asked: Asked) -> None:
    names = [variant.name for variant in experiment.variants]
    if asked.not_worse_than and asked.not_worse_than not in names:
        raise PromptError(
            f'There is no variant "{asked.not_worse_than[:60]}".', f"The variants are: {', '.join(names)}."
        )
    if asked.min_score is not None and not 0 <= asked.min_score <= 1:
        raise PromptError(f"--min-score {asked.min_score:g} is not from 0 to 1.", "For example: 0.8")
    if asked.margin is not None and not 0 < asked.margin < 1:
        raise PromptError(f"--margin {asked.margin:g} is not between 0 and 1.", "For example: 0.03")
    if asked.timeout_s is not None and not LEAST_TIMEOUT_S <= asked.timeout_s <= MOST_TIMEOUT_S:
        raise PromptError(
            f"--timeout-s {asked.timeout_s:g} is not from {LEAST_TIMEOUT_S:g} to {MOST_TIMEOUT_S:,g} seconds.",
            "For example: 30",
        )
    for path in (asked.as_json, asked.junit, asked.markdown):
        if path is not None and path.is_dir():
            raise PromptError(f"{path} is a folder.", "Name a file before anything is run.")
        if path is not None and not path.parent.is_dir():
            raise PromptError(f"{path} is in no folder that is there.", "Name a file before anything is run.")
    if asked.margin is not None and not asked.not_worse_than:
        raise PromptError("--margin goes with --not-worse-than.", "Name the variant to compare with.")


async def _watched(workbench: Workbench, run_id: str) -> None:
    """Until it does not run any more; how it stands goes to standard error."""
    desk = workbench.experiments
    ending = asyncio.ensure_future(desk.wait(run_id))
    said = ""
    while not ending.done():
        await asyncio.wait({ending}, timeout=TELL_S)
        if not ending.done() and (line := progress_words(await desk.progress(run_id))) != said:
            tell(line)
            said = line
    await ending
    await workbench.runs.deposits.all_stored()


async def _reported(workbench: Workbench, run_id: str, asked: Asked) -> int:
    from playground.cli.experiment_files import junit, markdown, to_json
    from playground.verdicts import as_text

    desk = workbench.experiments
    stored = await desk.get(run_id)
    found = await desk.verdict(run_id)
    gates = gates_of(found, asked)
    failures = await desk.failures(run_id)
    files: list[tuple[Path | None, Callable[[], str]]] = [
        (asked.as_json, lambda: to_json(stored, found, gates, failures)),
        (asked.junit, lambda: junit(stored, found, gates, failures)),
        (asked.markdown, lambda: shown_report(markdown(stored, found, gates, failures))),
    ]
    unwritten: list[SettingsError] = []
    if asked.prints_json:
        write(to_json(stored, found, gates, failures))
    else:
        write(as_text(found, shown))
        for _, gate in gates:
            for _, holds, line in gate.rows:
                write(f"{named('holds' if holds else 'FAILS', line)}\n")
    if cached := (await desk.progress(run_id)).cached:
        tell(
            f"{cached:,} of {plural(stored.row.total, 'answer')} {'was' if cached == 1 else 'were'} given before and came from the cache."
        )
    for check, reason, count in await desk.unscored(run_id):
        tell(f"{plural(count, 'answer')} without a score: {check}: {reason}")
    for group in failures:
        tell_all(f"{len(group.keys):,} failed", [f"{group.reason} {group.hint}".strip()])
    if failures:
        tell(f"Run them again with: playground run {asked.file} --only-failed")
    for path, made in files:  # what is printed already is not lost with a file that cannot be written
        if path is not None:
            try:
                write_file(path, made())
            except SettingsError as exc:
                unwritten.append(exc)
    tell_all("error", map(str, unwritten))
    if unwritten:
        tell(f"Write them without running anything again: playground run {asked.file} --resume")
        return 2
    if stored.state != "done":
        tell_all("error", [f"It is {stored.state}. {stored.row.why}".strip()])
        if stored.state in ("paused", "stopped"):
            tell(f"Go on with: playground run {asked.file} --resume")
        return 2
    if not stored.row.done:
        tell_all("error", ["No cell has an answer."])
        return 2
    return 0 if all(gate.holds for _, gate in gates) else 1


def gates_of(found: Verdict, asked: Asked) -> list[tuple[str, Gate]]:
    """What has to hold, by the option that asks for it. A lone variant, else all but the baseline, must reach a score."""
    from playground.verdicts import at_least, not_worse

    gates = []
    if asked.min_score is not None:
        reference = asked.not_worse_than or found.baseline
        others = tuple(
            row.entry.name for row in found.rows if row.entry.name != reference and not row.entry.twin_of
        )
        gates.append(("min-score", at_least(found.table, found.rule, asked.min_score, others)))
    if asked.not_worse_than:
        margin = asked.margin if asked.margin is not None else found.rule.margin or MARGIN
        gates.append(("not-worse-than", not_worse(found.table, found.rule, margin, asked.not_worse_than)))
    return gates


def progress_words(progress: Progress) -> str:
    """Such as "379 of 640 cells, 0.6 cells/s, about 7 min left, 3 failed"."""
    parts = [f"{progress.done + progress.failed:,} of {plural(progress.total, 'cell')}"]
    if progress.cells_per_s:
        parts.append(
            f"{progress.cells_per_s:.2g} cells/s"
            if progress.cells_per_s < 10
            else f"{progress.cells_per_s:.0f} cells/s"
        )
    if progress.left_s is not None:
        parts.append(f"about {span(progress.left_s)} left")
    if progress.cached:
        parts.append(f"{progress.cached:,} from the cache")
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    return ", ".join(parts)


def in_words(estimate: Estimate) -> str:
    """What --dry-run prints."""
    from playground.stats import tenths

    lines = [
        f"{plural(estimate.cells, 'cell')}: {plural(estimate.cases, 'case')} of {estimate.dataset}"
        + (f", version {estimate.number}" if estimate.number else "")
        + f", {plural(len(estimate.variants), 'variant')}. About {plural(estimate.calls, 'call')}."
    ]
    for row in estimate.variants:
        tokens = f"{plural(row.tokens, 'token')}" if row.tokens is not None else "tokens unknown"
        time = span(row.seconds) if row.seconds is not None else "time unknown"
        lines.append(f"  {row.name}: {plural(row.calls, 'call')}, {tokens}, {time}")
    if estimate.tokens is not None and estimate.seconds is not None:
        lines.append(
            f"Together {plural(estimate.tokens, 'token')} and {span(estimate.seconds)}, {estimate.measured}."
        )
    elif not estimate.measured:
        lines.append("Tokens and time are unknown: these models have not answered here yet.")
    lines += [
        f"Finds a difference of {100 * row.difference:.0f} points {tenths(row.at_end)} at the end,"
        f" {tenths(row.any_time)} looking any time."
        for row in estimate.power
    ]
    lines.append(f"Checks: {'; '.join(estimate.checks)}.")
    lines.append(f"This would be attempt {estimate.attempt} on its question.")
    if estimate.opened:
        times = "once" if estimate.opened == 1 else f"{estimate.opened} times"
        lines.append(f"This half was used {times} before.")
    lines += [f"Note: {warning}" for warning in estimate.warnings]
    return "\n".join(lines) + "\n"


def span(seconds: float) -> str:
    """Such as "40 s", "7 min", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


OF_A_PROMPT = (
    "var", "example", "model", "preset", "temperature", "top_p", "top_k", "min_p", "repetition_penalty",
    "presence_penalty", "frequency_penalty", "seed", "max_tokens", "stop", "samples", "technique", "option", "step",
)  # fmt: skip
"""Options of `run` that say something of one prompt."""


def refuse_options_of_a_prompt(context: typer.Context) -> None:
    """Raises PromptError for an option whose place is the file of the experiment."""
    for name in OF_A_PROMPT:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise PromptError(
                f"--{name.replace('_', '-')} does not go with the file of an experiment.",
                "Say it in the file.",
            )
