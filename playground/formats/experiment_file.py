"""An experiment as a YAML file, both ways: `read_experiment(write_experiment(x)) == x`.

    name: Does a worked example help?
    prompt: sentiment.prompty
    model: llama.cpp:SmolLM2-135M-Instruct
    sampling: Greedy
    variants:
      A: {baseline: true}
      B: {prompt: sentiment-example.prompty}
      C: {technique: {name: self-consistency, samples: 5}, sampling: Balanced}
    cases: {dataset: sentiment.csv, limit: 60}
    checks:
      - {scorer: equals, options: {text: "{{ expected }}", ignore_case: true}}
    rule: {metric: passes, margin: 0.05}

`version: 7` in a variant means that version of the experiment's prompt. An unknown key is refused with the one it may
have been meant for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError

from playground.errors import PromptError
from playground.formats import yaml_text
from playground.formats.technique_choice import read_choice, written_choice
from playground.plain_words import of_field
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Limits, Rule
from playground.types.prompt import PRESETS, Check, Prompt, Sampling

_VARIANT_KEYS = ("prompt", "version", "model", "technique", "sampling", "thinking", "baseline")
_TRUTH = TypeAdapter(bool)
_SAID_OTHERWISE = {
    "split": "half",
    "reps": "repeats",
    "dataset": "cases",
    "baseline": "rule",
    "seed": "sampling",
}
"""Words of elsewhere, and the key that stands for them here."""


def read_experiment(text: str, file: str = "The experiment") -> Experiment:
    """The experiment of a file with this text; raises PromptError naming the file and the place in it."""
    data = yaml_text.load(text, file=file)
    if not isinstance(data, dict):
        known = ", ".join(Experiment.model_fields)
        raise PromptError(
            f"{file} is no experiment: it has no `key: value` lines.",
            f"It needs at least variants and cases; its keys are: {known}.",
        )
    _refuse_unknown(data, Experiment.model_fields, file, "")
    rule = _block(data, "rule", Rule.model_fields, file)
    shared = data.get("prompt", "")
    variants, baseline = _variants(data.get("variants"), shared, file)
    if baseline and rule.setdefault("baseline", baseline) != baseline:
        raise PromptError(
            f'{file} names two baselines: "{baseline}" in variants and "{rule["baseline"]}" in rule.',
            "Keep one of them.",
        )
    whole = {
        **data,
        "prompt": _prompt(shared, file, "prompt"),
        "variants": variants,
        "sampling": _sampling(data.get("sampling"), file, "sampling"),
        "cases": _block(data, "cases", Cases.model_fields, file),
        "rule": rule,
        "limits": _block(data, "limits", Limits.model_fields, file),
        "checks": _checks(data.get("checks"), file),
    }
    try:
        return Experiment.model_validate(whole)
    except ValidationError as exc:
        # Of a prompt that stands in the file it says first that it is no name.
        first = next((error for error in exc.errors() if error["loc"][-1:] != ("str",)), exc.errors()[0])
        place = _place(first["loc"], [row["name"] for row in variants])
        raise PromptError(
            f"{file}: {place + ': ' if place else ''}{of_field(first)}.",
            "Correct it and read the file again.",
        ) from exc


def write_experiment(experiment: Experiment) -> str:
    """The file, with what is not as usual alone. Raises PromptError for values that YAML cannot hold."""
    told = experiment.model_dump(mode="json", exclude_defaults=True)
    told["prompt"] = _written_prompt(experiment.prompt)
    told["variants"] = {variant.name: _written_variant(variant) for variant in experiment.variants}
    told["sampling"] = _written_sampling(experiment.sampling)
    if experiment.checks is not None:
        told["checks"] = [check.model_dump(mode="json", exclude_defaults=True) for check in experiment.checks]
    order = [name for name in Experiment.model_fields if told.get(name) not in (None, "")]
    return yaml_text.dump({name: told[name] for name in order})


# --- reading ----------------------------------------------------------------------------------------------


def _place(loc: tuple[int | str, ...], names: list[Any]) -> str:
    """Where it is in the file: "variants.B.sampling", "checks, entry 1, scorer"."""
    match loc:
        case ("variants", int(number), *rest):
            parts: list[Any] = ["variants", names[number], *rest]
        case ("checks", int(number), *rest):
            return ", ".join([f"checks, entry {number + 1}", *map(str, rest)])
        case _:
            parts = list(loc)
    return ".".join(str(part) for part in parts if part not in ("str", "Prompt"))


def _variants(data: Any, shared: Any, file: str) -> tuple[list[dict[str, Any]], str]:
    """The variants in the order of the file, and the one that says of itself that it is the baseline."""
    if not isinstance(data, dict) or not data:
        raise PromptError(
            f"{file}: variants have no names." if data else f"{file} has no variants.",
            "Name at least two, such as: variants: {A: {baseline: true}, B: {technique: chain-of-thought}}",
        )
    rows, baselines = [], []
    for name, given in data.items():
        where = f"variants.{name}"
        if given is not None and not isinstance(given, dict):
            raise PromptError(
                f"{file}: {where} is not a block of `key: value` lines.",
                f"Its keys are: {', '.join(_VARIANT_KEYS)}.",
            )
        row = dict(given or {})
        _refuse_unknown(row, _VARIANT_KEYS, file, where)
        if _is_true(row.pop("baseline", False), f"{file}: {where}.baseline"):
            baselines.append(name)
        if "version" in row:
            row["prompt"] = _version(shared, row.pop("version"), row.get("prompt"), file, where)
        row["prompt"] = _prompt(row.get("prompt", ""), file, where)
        row["technique"] = read_choice(row.get("technique"), f"{file}: {where}.technique")
        row["sampling"] = _sampling(row.get("sampling"), file, f"{where}.sampling")
        rows.append({"name": name, **row})
    if len(baselines) > 1:
        raise PromptError(f"{file} names two baselines: {', '.join(baselines)}.", "Keep one of them.")
    return rows, baselines[0] if baselines else ""


def _is_true(data: Any, where: str) -> bool:
    """True or false, in the words that stand for them elsewhere in the file."""
    try:
        return _TRUTH.validate_python(data)
    except ValidationError as exc:
        raise PromptError(
            f"{where}: {of_field(exc.errors()[0])}.", "Correct it and read the file again."
        ) from exc


def _version(shared: Any, version: Any, prompt: Any, file: str, where: str) -> str:
    if not isinstance(shared, str) or not shared or prompt:
        raise PromptError(
            f"{file}: {where}.version is a version of the experiment's prompt, which has no name here.",
            "Name it above with prompt: NAME, or write prompt: NAME@VERSION in the variant.",
        )
    if isinstance(version, bool) or not isinstance(version, int | str):
        raise PromptError(
            f"{file}: {where}.version is neither the number of a version nor a label.",
            "Such as version: 2, or version: production.",
        )
    return f"{shared.partition('@')[0]}@{version}"


def _prompt(data: Any, file: str, where: str) -> Any:
    """A name, or a prompt that stands in the file."""
    if isinstance(data, dict):
        _refuse_unknown(data, Prompt.model_fields, file, where)
        return {**data, "run_with": read_choice(data.get("run_with"), f"{file}: {where}.run_with")}
    if isinstance(data, list):
        raise PromptError(
            f"{file}: {where} is a list.",
            "A prompt is a name, or a block with turns: [{role: user, template: …}].",
        )
    if not isinstance(data, str) and data is not None:
        return str(data)
    return data or ""


def _sampling(data: Any, file: str, where: str) -> Any:
    """A preset by name, or values; what is not stated is greedy's."""
    if data is None or data == "":
        return None
    if isinstance(data, str):
        named = {name.casefold(): sampling for name, sampling in PRESETS.items()}
        if data.casefold() not in named:
            raise PromptError(
                f'{file}: {where}: there is no preset "{data[:60]}".', f"Presets: {', '.join(PRESETS)}."
            )
        return named[data.casefold()].model_dump()
    if isinstance(data, dict):
        _refuse_unknown(data, Sampling.model_fields, file, where)
    return data


def _checks(data: Any, file: str) -> Any:
    if data is None:
        return None
    rows = data if isinstance(data, list) else [data]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise PromptError(
                f"{file}: checks, entry {number}, is not a block of `key: value` lines.",
                'Such as: {scorer: equals, options: {text: "{{ expected }}"}}',
            )
        _refuse_unknown(row, Check.model_fields, file, f"checks, entry {number}")
    return rows


def _block(data: Mapping[str, Any], name: str, known: Iterable[str], file: str) -> dict[str, Any]:
    given = data.get(name)
    if given is None:
        return {}
    if name == "cases" and isinstance(given, str):
        return {"dataset": given}
    if name == "cases" and isinstance(given, list):
        return {"rows": given}
    if not isinstance(given, dict):
        raise PromptError(
            f"{file}: {name} is not a block of `key: value` lines.", f"Its keys are: {', '.join(known)}."
        )
    _refuse_unknown(given, known, file, name)
    return dict(given)


def _refuse_unknown(data: Mapping[str, Any], known: Iterable[str], file: str, where: str) -> None:
    """Raises PromptError for the first key that means nothing here."""
    keys = list(known)
    for key in data:
        if key in keys:
            continue
        near = get_close_matches(str(key), keys, n=1, cutoff=0.5)
        meant = _SAID_OTHERWISE.get(str(key), "")
        meant = meant if meant in keys else near[0] if near else ""
        hint = f'Did you mean "{meant}"?' if meant else f"There are: {', '.join(keys)}."
        key = str(key)[:60]
        place = f'{file} in {where} has an unknown key "{key}".'
        raise PromptError(place if where else f'{file} has an unknown key "{key}".', hint)


# --- writing ----------------------------------------------------------------------------------------------


def _written_variant(variant: ExperimentVariant) -> dict[str, Any]:
    told = variant.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
    told["prompt"] = _written_prompt(variant.prompt)
    told["technique"] = written_choice(variant.technique)
    told["sampling"] = _written_sampling(variant.sampling)
    return {key: value for key, value in told.items() if value not in (None, "")}


def _written_prompt(prompt: str | Prompt) -> Any:
    if isinstance(prompt, str):
        return prompt
    told = prompt.model_dump(mode="json", exclude_defaults=True)
    return {key: value for key, value in told.items() if value is not None}


def _written_sampling(sampling: Sampling | None) -> Any:
    if sampling is None:
        return None
    preset = next((name for name, known in PRESETS.items() if known == sampling), None)
    return preset or sampling.model_dump(mode="json", exclude_defaults=True)
