"""The set-up of an experiment as a value, and what each control of its screen makes of it.

    now = of_columns(form, "Refund@3", ["", "Refund@4"])   # from the columns of Compare
    now = change(now, "variants/1/technique", "self-consistency", rows=160)
    now = change(now, "add/prompt", "Refund@5")
    now = change(now, "rule/looking", "any time")

Pure: nothing is asked of the store here. What makes no sense raises PromptError, and the set-up stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from playground.errors import PromptError
from playground.library.shipped import Language
from playground.plain_words import of_field
from playground.techniques.registry import SINGLE
from playground.types.experiment import MOST_TIMEOUT_S, MOST_VARIANTS, Cases, Experiment, ExperimentVariant
from playground.types.prompt import PRESETS, Check, Prompt, Sampling, TechniqueChoice
from playground.ui.forest import letter
from playground.ui.forms import CompareForm, variant

ROWS = "rows"
"""How the choice of data names the cases that are kept with the prompt."""
SAME = "the same as "
"""How a choice of prompt names that of another variant."""


# --- from Compare -------------------------------------------------------------------------------------------


def of_columns(
    form: CompareForm,
    shared: str | Prompt,
    own: Sequence[str | Prompt],
    dataset: str = "",
    language: Language = "en",
) -> Experiment:
    """The columns as variants over a data set, or over the prompt's own cases; samples of a column become repeats.

    `shared` is the prompt of the editor, `own` those of the columns ("" where one has none): by name where they are saved.
    The experiment's name is in that language: what becomes a name is translated no more.
    """
    variants = tuple(
        ExperimentVariant(
            name=letter(number),
            prompt=own[number],
            model=column.model,
            technique=column.technique,
            sampling=column.sampling,
            thinking=column.thinking,
        )
        for number, column in enumerate(form.columns)
    )
    cases = Cases(dataset=dataset) if dataset else Cases(rows=form.prompt.cases)
    return compact(
        Experiment(
            name=(form.prompt.name or _UNTITLED[language]) + _counted(len(variants), language),
            prompt=shared,
            variants=variants,
            cases=cases,
            repeats=max(column.samples for column in form.columns),
        )
    )


def own_prompts(form: CompareForm) -> list[Prompt | None]:
    """The prompt of each column that has one of its own, as an experiment keeps it: without cases of its own."""
    return [
        stripped(variant(form, number)) if column.own else None for number, column in enumerate(form.columns)
    ]


def stripped(prompt: Prompt) -> Prompt:
    """A prompt as an experiment keeps it: its cases are the experiment's, sampling and technique the variant's."""
    return prompt.model_copy(update={"cases": (), "sampling": None, "run_with": None})


_COUNTS = ("", "one", "two", "three", "four", "five", "six")


_UNTITLED: dict[Language, str] = {"en": "Untitled prompt", "zh": "未命名提示词"}


def _counted(count: int, language: Language) -> str:
    if language == "zh":
        return f"，{count} 个变体"
    words = _COUNTS[count] if count < len(_COUNTS) else str(count)
    return f", {words} variant{'' if count == 1 else 's'}"


# --- what a variant is --------------------------------------------------------------------------------------


def model_of(now: Experiment, variant: ExperimentVariant) -> str:
    """The model that answers for a variant."""
    return variant.model or now.model


def sampling_of(now: Experiment, variant: ExperimentVariant) -> Sampling:
    """The sampling that a variant is run with."""
    return variant.sampling or now.sampling or Sampling()


def prompt_of(now: Experiment, variant: ExperimentVariant) -> str | Prompt:
    """The prompt of a variant: a name, or the prompt itself."""
    return variant.prompt or now.prompt


def name_and_version(prompt: str | Prompt) -> tuple[str, str]:
    """What a prompt is called, and which version of it: ("Refund", "3"), ("Refund", "production"), ("Refund", "")."""
    if isinstance(prompt, Prompt):
        return prompt.name, ""
    name, _, at = prompt.rpartition("@")
    return (name, at) if name else (prompt, "")


def checks_listed(now: Experiment, of_prompt: Sequence[Check]) -> list[tuple[Check, bool]]:
    """Every check that can be ticked with whether it is: those of the prompt, then those that were added here."""
    chosen = list(of_prompt if now.checks is None else now.checks)
    return [(check, check in chosen) for check in of_prompt] + [
        (check, True) for check in chosen if check not in of_prompt
    ]


def compact(now: Experiment) -> Experiment:
    """The same, with what all variants share said once: so its file stays short."""
    if not now.variants:
        return now
    models = {model_of(now, each) for each in now.variants}
    samplings = [sampling_of(now, each) for each in now.variants]
    shared: dict[str, Any] = {"model": models.pop() if len(models) == 1 else ""}
    shared["sampling"] = samplings[0] if all(each == samplings[0] for each in samplings) else None
    variants = tuple(
        each.model_copy(
            update={
                "model": "" if shared["model"] else model_of(now, each),
                "sampling": None if shared["sampling"] else sampling_of(now, each),
                "prompt": "" if each.prompt == now.prompt else each.prompt,
            }
        )
        for each in now.variants
    )
    return now.model_copy(update={**shared, "variants": variants})


# --- one change ---------------------------------------------------------------------------------------------


def change(now: Experiment, what: str, value: str, *, of_prompt: Sequence[Check] = ()) -> Experiment:
    """The set-up after one control was set; `of_prompt` are the checks of its prompt.

    Rows are not brought by a control: `with_rows` takes those that are kept with the prompt.

    Raises PromptError for what makes no sense.
    """
    kind, *rest = what.split("/")
    if kind not in _CHANGES:
        raise PromptError(f'The set-up has no "{what}".', "Reload the page.")
    try:
        changed = _CHANGES[kind](now, rest, value, of_prompt)
        # `model_copy` checks nothing.
        changed = Experiment.model_validate(_renamed(now, changed).model_dump())
        return compact(changed)
    except ValidationError as exc:
        raise PromptError("The set-up cannot be so.", _sentence(exc)) from exc
    except (IndexError, KeyError) as exc:
        raise PromptError(f'The set-up has no "{what}" any more.', "Reload the page.") from exc


def _renamed(before: Experiment, after: Experiment) -> Experiment:
    """A name that ends with the number of variants goes on saying it."""
    for language in _UNTITLED:
        was = _counted(len(before.variants), language)
        if after.name.endswith(was):
            name = after.name.removesuffix(was) + _counted(len(after.variants), language)
            return after.model_copy(update={"name": name})
    return after


def _name(now: Experiment, rest: list[str], value: str, _: Sequence[Check]) -> Experiment:
    return now.model_copy(update={"name": value.strip()})


def _variant(now: Experiment, rest: list[str], value: str, _: Sequence[Check]) -> Experiment:
    number, field = int(rest[0]), rest[1]
    each = now.variants[number]
    return _with(now, number, each.model_copy(update=_set(now, each, field, value)))


def _set(now: Experiment, each: ExperimentVariant, field: str, value: str) -> dict[str, Any]:
    match field:
        case "prompt":
            return {"prompt": _meant(now, value)}
        case "technique":
            same = each.technique is not None and each.technique.name == value
            chosen = each.technique if same else TechniqueChoice(name=value)
            return {"technique": None if value in ("", SINGLE) else chosen}
        case "model":
            return {"model": value}
        case "preset":
            before = sampling_of(now, each)
            kept = {"seed": before.seed, "max_tokens": before.max_tokens, "stop": before.stop}
            return {"sampling": PRESETS[value].model_copy(update=kept) if value in PRESETS else before}
        case _:
            raise KeyError(field)


def _meant(now: Experiment, value: str) -> str | Prompt:
    """The prompt that a choice stands for."""
    return prompt_of(now, named(now, value.removeprefix(SAME))) if value.startswith(SAME) else value


def named(now: Experiment, name: str) -> ExperimentVariant:
    """The variant of that name; raises KeyError."""
    for each in now.variants:
        if each.name == name:
            return each
    raise KeyError(name)


def _with(now: Experiment, number: int, each: ExperimentVariant) -> Experiment:
    variants = list(now.variants)
    variants[number] = each
    return now.model_copy(update={"variants": tuple(variants)})


def _add(now: Experiment, rest: list[str], value: str, _: Sequence[Check]) -> Experiment:
    """A further variant: the baseline with another prompt, technique or model."""
    if len(now.variants) >= MOST_VARIANTS:
        raise PromptError(
            f"An experiment has {MOST_VARIANTS} variants at most.",
            "Remove one, or start a second experiment.",
        )
    like = named(now, now.baseline) if now.variants else ExperimentVariant(name="A", model=now.model)
    taken = {each.name for each in now.variants}
    free = next(name for name in map(letter, range(2 * MOST_VARIANTS)) if name not in taken)
    more = like.model_copy(update={"name": free, **_set(now, like, rest[0], value)})
    return now.model_copy(update={"variants": (*now.variants, more)})


def _remove(now: Experiment, rest: list[str], value: str, _: Sequence[Check]) -> Experiment:
    """Without that variant; where the names are letters they go on from A without a gap."""
    if len(now.variants) == 1:
        raise PromptError("An experiment has one variant at least.", "Add another one first.")
    number = int(rest[0])
    gone = now.variants[number]
    left = [each for place, each in enumerate(now.variants) if place != number]
    baseline = now.rule.baseline if now.rule.baseline != gone.name else ""
    letters = [letter(place) for place in range(len(now.variants))]
    if [each.name for each in now.variants] == letters:
        renamed = {each.name: letter(place) for place, each in enumerate(left)}
        baseline = renamed.get(baseline, "")
        left = [each.model_copy(update={"name": renamed[each.name]}) for each in left]
    rule = now.rule.model_copy(update={"baseline": baseline})
    return now.model_copy(update={"variants": tuple(left), "rule": rule})


def _twin(now: Experiment, rest: list[str], value: str, _: Sequence[Check]) -> Experiment:
    return now.model_copy(update={"twin": _yes(value)})


def _cases(now: Experiment, rest: list[str], value: str, _: Sequence[Check]) -> Experiment:
    field = rest[0]
    if field == "data":
        # Another table has other halves, columns and numbers of rows.
        return now.model_copy(update={"cases": Cases(dataset=value)})
    given: dict[str, Any] = {
        "half": lambda: value,
        "limit": lambda: _whole(value, "The number of rows", 1) if value else None,
        "cluster": lambda: value,
    }
    update: dict[str, Any] = {field: given[field]()}
    if field == "half":
        update["limit"] = None
    return now.model_copy(update={"cases": now.cases.model_copy(update=update)})


def with_rows(now: Experiment, rows: Sequence[dict[str, Any]]) -> Experiment:
    """The set-up over these rows in place of a data set."""
    return now.model_copy(update={"cases": Cases(rows=tuple(rows))})


def _check(now: Experiment, rest: list[str], value: str, of_prompt: Sequence[Check]) -> Experiment:
    listed = checks_listed(now, of_prompt)
    number = int(rest[0])
    ticked = [
        check for place, (check, is_on) in enumerate(listed) if (_yes(value) if place == number else is_on)
    ]
    if not 0 <= number < len(listed):
        raise IndexError(number)
    return with_checks(now, ticked, of_prompt)


def with_checks(now: Experiment, checks: Sequence[Check], of_prompt: Sequence[Check]) -> Experiment:
    """The set-up with these checks: unsaid where they are those of the prompt; a rule on one that is gone counts all."""
    chosen = None if tuple(checks) == tuple(of_prompt) else tuple(checks)
    return now.model_copy(update={"checks": chosen})


def _rule(now: Experiment, rest: list[str], value: str, _: Sequence[Check]) -> Experiment:
    field = rest[0]
    limits = now.limits
    update: dict[str, Any]
    match field:
        case "baseline":
            named(now, value)
            update = {"baseline": value}
        case "metric":
            update = {"metric": value}
        case "margin":
            update = {"margin": _number(value, "What counts as the same") / 100 if value.strip() else None}
        case "alpha":
            update = {"alpha": _number(value, "The level") / 100}
        case "gate":
            update = {"gate": _yes(value)}
        case "looking":
            update = {"looking": value}
            # "Any time, and stop early" does so until that is taken away; the other rule never may.
            limits = limits.model_copy(update={"stop_when_decided": value == "any time"})
        case _:
            raise KeyError(field)
    return now.model_copy(update={"rule": now.rule.model_copy(update=update), "limits": limits})


def _limits(now: Experiment, rest: list[str], value: str, _: Sequence[Check]) -> Experiment:
    field = rest[0]
    names = {
        "at_once": "The number at once",
        "tries": "The number of tries",
        "failures_in_row": "The number of failures",
        "tokens": "The number of tokens",
    }
    if field == "stop_when_decided":
        update: dict[str, Any] = {field: _yes(value)}
    elif field in ("at_once", "tokens", "timeout_s") and not value.strip():
        update = {field: None}
    elif field == "timeout_s":
        update = {field: _number(value, "The limit of a call", MOST_TIMEOUT_S)}
    else:
        update = {field: _whole(value, names[field], 1)}
    return now.model_copy(update={"limits": now.limits.model_copy(update=update)})


def _repeats(now: Experiment, rest: list[str], value: str, _: Sequence[Check]) -> Experiment:
    return now.model_copy(update={"repeats": _whole(value, "The number of repeats", 1)})


def _cache(now: Experiment, rest: list[str], value: str, _: Sequence[Check]) -> Experiment:
    return now.model_copy(update={"cache": _yes(value)})


def _sentence(exc: ValidationError) -> str:
    words = of_field(dict(exc.errors(include_input=False, include_url=False)[0]))
    return f"{words[0].upper()}{words[1:]}."


_Change = Callable[[Experiment, list[str], str, Sequence[Check]], Experiment]
_CHANGES: dict[str, _Change] = {
    "name": _name,
    "variants": _variant,
    "add": _add,
    "remove": _remove,
    "twin": _twin,
    "cases": _cases,
    "checks": _check,
    "rule": _rule,
    "limits": _limits,
    "repeats": _repeats,
    "cache": _cache,
}


def _yes(value: str) -> bool:
    return value.lower() in ("true", "on", "yes")


def _whole(value: str, what: str, least: int) -> int:
    text = value.replace(",", "").replace("\u202f", "").strip()
    if not text.isdecimal() or not text.isascii() or len(text) > 12 or int(text) < least:
        raise PromptError(
            f'{what} is a whole number from {least} up, not "{value.strip()[:40]}".', "Type it in digits."
        )
    return int(text)


def _number(value: str, what: str, most: float = 100) -> float:
    text = value.replace("points", "").replace("%", "").strip().replace(",", ".")
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found < most:
        raise PromptError(
            f'{what} is a number between 0 and {most:,g}, not "{value.strip()[:40]}".', "Type it in digits."
        )
    return found
