"""From an experiment as it is written down to what is run: names become prompts, models and rows, or a refusal.

    resolved = await planner.resolve(experiment)      # nothing is stored
    await planner.estimate(resolved)                  # what it takes, and what it can find

Whatever cannot be meant raises PlaygroundError with the name of the variant or the place.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playground.datasets.sample import lot, sample
from playground.errors import NotFoundError, PlaygroundError, PromptError
from playground.library.shipped import read_prompt
from playground.plurals import plural
from playground.runs.planning import SEEDS, checks_of, schema_problem
from playground.scorers import check_called, check_name, check_problem
from playground.store import Store, content_hash
from playground.tables.reading import read_table
from playground.techniques.registry import plain_or
from playground.types.dataset import Column, DatasetVersion, Row, to_case
from playground.types.experiment import MOST_CELLS, PASSES, SCORE, TWIN, Experiment, ExperimentVariant
from playground.types.grid import Case, PromptSource, RunSpec, Variant
from playground.types.outcomes import DataFacts
from playground.types.prompt import Check, Prompt, Sampling
from playground.workbench.datasets import DatasetDesk
from playground.workbench.models import ModelDesk
from playground.workbench.prompts import PromptDesk
from playground.workbench.techniques import TechniqueDesk

FEW = 15
"""Under so many cases there is no verdict at all."""
_FILES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xlsx", ".parquet", ".txt")


@dataclass(frozen=True, slots=True)
class Resolved:
    """An experiment with everything that it names; the last of its variants may be the twin."""

    experiment: Experiment
    spec: RunSpec
    checks: tuple[Check, ...]
    data: DataFacts
    question: str
    version: DatasetVersion | None = None
    """Of the data set that the cases are from; None for rows of a file."""

    @property
    def names(self) -> tuple[str, ...]:
        """The variants' names."""
        return tuple(variant.name for variant in self.spec.variants)

    @property
    def facts(self) -> dict[str, Any]:
        """What it was run with, as a later reader wants to know it."""
        variants = self.spec.variants
        return {
            "variants": list(self.names),
            "models": {variant.name: variant.model for variant in variants},
            "prompts": {variant.name: variant.source.words if variant.source else "" for variant in variants},
            "techniques": {
                each.name: variant.technique.model_dump(mode="json")
                for each, variant in zip(self.experiment.variants, variants, strict=False)
                if each.technique is None and variant.technique is not None
            },
            "cluster": self.data.cluster,
            "slices": list(self.data.slices),
            "leaks": self.data.leaks,
        }


class Planner:
    """Resolves experiments against what is here now."""

    def __init__(
        self,
        store: Store,
        models: ModelDesk,
        prompts: PromptDesk,
        programs: TechniqueDesk,
        datasets: DatasetDesk,
    ) -> None:
        self._store = store
        self._datasets = datasets
        self._models = models
        self._prompts = prompts
        self._programs = programs

    async def resolve(self, experiment: Experiment, folder: Path | None = None) -> Resolved:
        """What would be run. Files are looked for in the `folder`; without one an experiment may name none."""
        if not experiment.variants:
            raise PromptError("The experiment has no variants.", "Add at least two: A and B.")
        data, cases, version = await self._cases(experiment, folder)
        cells = len(cases) * (len(experiment.variants) + experiment.twin) * experiment.repeats
        if cells > MOST_CELLS:
            raise PromptError(
                f"{cells:,} cells are too many: {plural(len(cases), 'case')} × "
                f"{plural(len(experiment.variants) + experiment.twin, 'variant')} × "
                f"{plural(experiment.repeats, 'repeat')}, and {MOST_CELLS:,} are the most. Nothing was stored.",
                "Take fewer cases (limit), variants or repeats.",
            )
        shared = (
            await self._prompt(experiment.prompt, folder, "The experiment") if experiment.prompt else None
        )
        variants = [await self._variant(experiment, each, shared, folder) for each in experiment.variants]
        baseline = next(each for each in variants if each.name == experiment.baseline)
        if experiment.twin:
            variants.append(_twin(baseline))
        first = shared[0] if shared else variants[0].prompt
        assert first is not None
        spec = RunSpec(
            prompt=first,
            variants=tuple(
                variant.model_copy(update={"prompt": None}) if variant.prompt == first else variant
                for variant in variants
            ),
            cases=tuple(cases),
            repeats=experiment.repeats,
            kind="experiment",
        )
        checks = self._checks(experiment, baseline.prompt or first)
        question = _question(data, experiment, baseline, first)
        resolved = Resolved(experiment, spec, checks, data, question, version)
        await self._try(resolved)
        return resolved

    # --- what it names ----------------------------------------------------------------------------------

    async def _variant(
        self,
        experiment: Experiment,
        each: ExperimentVariant,
        shared: tuple[Prompt, PromptSource] | None,
        folder: Path | None,
    ) -> Variant:
        where = f"Variant {each.name}"
        if each.prompt:
            prompt, source = await self._prompt(each.prompt, folder, where)
        elif shared is not None:
            prompt, source = shared
        else:
            raise PromptError(
                f"{where} has no prompt.",
                "Give it one, or name one for all variants at the top: prompt: NAME.",
            )
        try:
            model = await self._models.find(each.model or experiment.model)
        except PlaygroundError as exc:
            raise type(exc)(f"{where}: {exc.message}", exc.hint) from exc
        technique = plain_or(each.technique or prompt.run_with)
        if technique is not None:
            try:
                await self._programs.read(technique, {})
            except PlaygroundError as exc:
                raise PromptError(f"{where}: {exc.message}", exc.hint) from exc
        sampling = each.sampling or experiment.sampling or prompt.sampling or Sampling()
        return Variant(
            name=each.name,
            model=model.id,
            prompt=prompt,
            source=source,
            technique=technique,
            sampling=Sampling.model_validate(sampling.model_dump()),
            thinking=each.thinking,
        )

    async def _prompt(
        self, asked: str | Prompt, folder: Path | None, where: str
    ) -> tuple[Prompt, PromptSource]:
        if isinstance(asked, Prompt):
            name = asked.name or "own text"
            return asked, PromptSource(name=name)
        if asked.endswith(".prompty"):
            if folder is None:
                raise _no_files(where, asked)
            prompt, _ = await asyncio.to_thread(read_prompt, folder / asked)
            return prompt, PromptSource(name=Path(asked).name)
        try:
            prompt = await asyncio.to_thread(self._prompts.named, asked)
        except NotFoundError as exc:
            raise NotFoundError(f"{where}: {exc.message}", exc.hint) from exc
        name, _, at = asked.rpartition("@")
        if not name:
            return prompt, PromptSource(name=asked)
        return prompt, PromptSource(name=name, number=int(at) if at.isdecimal() else 0, at=at)

    async def _cases(
        self, experiment: Experiment, folder: Path | None
    ) -> tuple[DataFacts, list[Case], DatasetVersion | None]:
        asked = experiment.cases
        version = None
        columns: tuple[Column, ...] = ()
        if asked.rows:
            name = "own rows"
            rows = [Row(dict(row), number=number) for number, row in enumerate(asked.rows, 1)]
        elif not asked.dataset:
            raise PromptError(
                "The experiment has no cases.", "Name a data set or a file: cases: {dataset: sentiment.csv}."
            )
        elif folder is not None and await asyncio.to_thread((folder / asked.dataset).is_file):
            name = Path(asked.dataset).name
            columns, rows = await asyncio.to_thread(_read_rows, folder / asked.dataset)
        else:
            if folder is None and asked.dataset.endswith(_FILES):
                raise _no_files("Cases", asked.dataset)
            try:
                version = await self._datasets.find(asked.dataset)
            except NotFoundError as exc:
                if not asked.dataset.endswith(_FILES):
                    raise
                raise NotFoundError(
                    f"There is no file {asked.dataset[:200]} beside the experiment, and no data set of that name.",
                    "Check the path: it counts from the folder of the experiment's file.",
                ) from exc
            name, columns = version.name, version.columns
            rows = await self._datasets.all_rows(version, asked.half)
        if asked.half and version is None and any(row.half for row in rows):
            rows = [row for row in rows if row.half == asked.half]
        elif asked.half and version is None:
            raise PromptError(
                f'{name} has no halves, so there is no "{asked.half}" in it.',
                "Import it as a data set and split it, or leave half out.",
            )
        rows = sample(rows, asked.limit, asked.seed)
        if experiment.rule.looking == "any time":
            # Evidence grows case by case: data that are sorted would begin with no sample of the rest.
            rows.sort(key=lambda row: lot(asked.seed, row.id, row.number))
        if not rows:
            which = f" in its half {asked.half}" if asked.half else ""
            raise PromptError(f"{name} has no rows{which}.", "Add rows, split it, or choose other ones.")
        cluster = asked.cluster or next((each.name for each in columns if each.role == "cluster"), "")
        slices = asked.slices or tuple(each.name for each in columns if each.role == "tag")
        known = {column.name for column in columns} or {name for row in rows for name in row.values}
        for wanted in (cluster, *slices):
            if wanted and wanted not in known:
                raise PromptError(
                    f'{name} has no column "{wanted}".', f"Its columns: {', '.join(sorted(known))}."
                )
        facts = DataFacts(
            version.dataset_id if version else "", name, version.number if version else None, slices, cluster
        )
        return facts, [to_case(row, columns) for row in rows], version

    def _checks(self, experiment: Experiment, prompt: Prompt) -> tuple[Check, ...]:
        checks = checks_of(prompt) if experiment.checks is None else experiment.checks
        if not checks:
            raise PromptError(
                "The experiment has no checks, so nothing tells a right answer from a wrong one.",
                'Add some: checks: [{scorer: equals, options: {text: "{{ expected }}"}}].',
            )
        for check in checks:
            if bad := check_problem(check):
                raise PromptError(bad, "Correct the checks of the experiment.")
            if check.scorer == "python" and not self._programs.has_sandbox:
                raise PromptError(
                    f'The check "{check_name(check)}" runs in the sandbox, which is off: no answer would get a score.',
                    "Switch it on in the Models tab, or start the program with --sandbox.",
                )
        metric = experiment.rule.metric
        known = [PASSES, SCORE, *map(check_name, checks)]
        if metric not in known and check_called(checks, metric) is None:
            raise PromptError(
                f'The rule\'s metric "{metric[:80]}" is no check of the experiment.',
                f"It may be: {', '.join(known)}.",
            )
        return checks

    async def _try(self, resolved: Resolved) -> None:
        """Render the first case with every variant: a mistake of a template or a missing column shows before the start."""
        spec = resolved.spec
        values = spec.cases[0].values
        for variant in spec.variants:
            prompt = variant.prompt or spec.prompt
            if (bad := schema_problem(prompt)) is not None:
                raise PromptError(f"Variant {variant.name}: {bad.message}", bad.hint)
            try:
                await self._prompts.render(prompt, dict(values))
            except PlaygroundError as exc:
                names = ", ".join(values) or "none"
                told = f"The columns are {names}."
                raise PromptError(
                    f"Variant {variant.name} cannot be rendered with the first case: {exc.message}",
                    f"{exc.hint} {told}".strip(),
                ) from exc


def _twin(baseline: Variant) -> Variant:
    """The baseline once more: with other seeds, where seeds count."""
    seed = baseline.sampling.seed
    other = None if seed is None else (seed + SEEDS // 2) % SEEDS
    sampling = baseline.sampling.model_copy(update={"seed": other})
    return baseline.model_copy(update={"name": baseline.name + TWIN, "sampling": sampling})


def _question(data: DataFacts, experiment: Experiment, baseline: Variant, prompt: Prompt) -> str:
    """The same for all that try to beat this baseline on this half of this data set."""
    rows = json.dumps(experiment.cases.rows, sort_keys=True, default=str) if experiment.cases.rows else ""
    technique = baseline.technique.model_dump(mode="json") if baseline.technique else None
    asked = [
        data.dataset_id or data.name, experiment.cases.half, rows, content_hash(baseline.prompt or prompt),
        baseline.model, technique,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]


def _read_rows(path: Path) -> tuple[tuple[Column, ...], list[Row]]:
    """Columns and rows of a file; raises PromptError."""
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise PromptError(f"{path.name} cannot be read: {exc.strerror}.", "Check the path.") from exc
    reading = read_table(path.name, data)
    return reading.as_columns, [replace(row, number=number) for number, row in enumerate(reading.rows(), 1)]


def _no_files(where: str, name: str) -> PlaygroundError:
    return PromptError(
        f'{where}: "{name[:100]}" is a file, and files are read by the command line alone.',
        "Import it in Data or in the Library, and choose it by its name.",
    )


def seeded(sampling: Sampling, repeat: int) -> Sampling:
    """The sampling of a repeat: each has a seed of its own."""
    seed = sampling.seed
    return sampling if seed is None else sampling.model_copy(update={"seed": (seed + repeat) % SEEDS})
