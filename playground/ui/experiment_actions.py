"""What is done on the set-up of an experiment: begun from Compare, a sample or a file; changed, priced, started.

    experiment_from_compare(form)                   →  {"plan": {…}, "tab": "Experiments", …}
    change_experiment(what="repeats", value="3")    →  {"plan": {…}, "html": {"exp-main": …}}
    start_experiment()                              →  {"plan": None, "experiment": "3f…", …}

The set-up is one value of the page's form (`form.experiment`): drafts and undo carry it, and nothing is stored before Start.
"""

from __future__ import annotations

from markupsafe import Markup

from playground.errors import NotFoundError, PlaygroundError, PromptError
from playground.formats.experiment_file import read_experiment
from playground.scorers import check_name
from playground.types.experiment import Experiment
from playground.types.prompt import Check, Prompt
from playground.ui.actions import Action, Ask
from playground.ui.check_form import check_form, read_check
from playground.ui.experiment_choices import SAMPLE, choices_of
from playground.ui.experiment_cost import cost, in_short
from playground.ui.experiment_form import (
    ROWS,
    change,
    checks_listed,
    compact,
    of_columns,
    own_prompts,
    stripped,
    with_checks,
    with_rows,
)
from playground.ui.experiment_setup import note
from playground.ui.experiment_techniques import with_techniques
from playground.ui.experiment_watch import shown
from playground.ui.experiments import being_set_up, draw_setup, open_experiments, prompt_at_hand
from playground.ui.forms import ColumnForm, CompareForm
from playground.ui.html import button, icon
from playground.ui.update import Update
from playground.workbench.sample_data import use_sample
from playground.workbench.service import Workbench

CHOOSE = "Choose a data set, or a sample, under Cases."
"""What to do about missing cases, on the page; elsewhere they are named in the file."""


def at_hand(ask: Ask) -> Experiment:
    """The experiment that is being set up; raises PromptError."""
    now = being_set_up(ask)
    if now is None:
        raise PromptError("No experiment is being set up.", "Set one up from Compare.")
    return now


# --- where it comes from ------------------------------------------------------------------------------------


async def experiment_from_compare(workbench: Workbench, ask: Ask) -> Update:
    """The columns as variants, over a data set whose columns fit the prompt, else over the prompt's own cases."""
    form = ask.compare_form()
    if not any(turn.template.strip() for turn in form.prompt.turns):
        raise PromptError("The prompt is empty.", "Write something in a turn, then run it over a data set.")
    shared, own = await _prompts(workbench, form)
    dataset = "" if form.prompt.cases else await _fitting(workbench, form.prompt)
    now = of_columns(form, shared, own, dataset, ask.language)
    return await _taken(workbench, now, ask, is_told=True)


async def run_over_data(workbench: Workbench, ask: Ask) -> Update:
    """The columns of Compare over a data set that is at hand: the way from its own page."""
    form = ask.compare_form()
    version = await workbench.datasets.version(ask.text("dataset"), ask.integer("number", 0) or None)
    shared, own = await _prompts(workbench, form)
    now = of_columns(form, shared, own, version.words, ask.language)
    return await _taken(workbench, now, ask, is_told=True)


async def _prompts(workbench: Workbench, form: CompareForm) -> tuple[str | Prompt, list[str | Prompt]]:
    """The prompts of the form: by name where that finds the same text again, else as they are."""
    shared: str | Prompt = stripped(form.prompt)
    if form.prompt_id and form.version:
        shared = await _named(workbench, form.prompt_id, form.version, form.prompt) or shared
    elif form.origin:
        shared = await _pattern(workbench, form.origin, form.prompt) or shared
    own: list[str | Prompt] = []
    for column, prompt in zip(form.columns, own_prompts(form), strict=True):
        found: str | Prompt | None = None
        if prompt is not None and column.source and not column.source.edited and not form.prompt.checks:
            if column.source.prompt_id:
                found = await _named(workbench, column.source.prompt_id, column.source.number, prompt)
            elif column.source.pattern:
                found = await _pattern(workbench, column.source.pattern, prompt)
        own.append(found or prompt or "")
    return shared, own


async def _named(workbench: Workbench, prompt_id: str, number: int, prompt: Prompt) -> str | None:
    try:
        saved = await workbench.saved.version(prompt_id, number)
    except NotFoundError:
        return None
    return f"{saved.name}@{saved.number}" if _alike(saved.prompt, prompt) else None


async def _pattern(workbench: Workbench, slug: str, prompt: Prompt) -> str | None:
    try:
        found = await workbench.prompts.prompt_of(f"pattern:{slug}")
    except NotFoundError:
        return None
    return slug if _alike(found, prompt) else None


def _alike(one: Prompt, other: Prompt) -> bool:
    """Whether a model would meet the same, and the same checks would judge it."""
    return all(
        getattr(one, field) == getattr(other, field)
        for field in ("turns", "inputs", "checks", "output_schema")
    )


async def _fitting(workbench: Workbench, prompt: Prompt) -> str:
    """The data set used last whose columns fill every variable of the prompt; "" when none does."""
    needs = {field.name for field in prompt.inputs if field.required}
    for each in await workbench.datasets.all():
        if needs and needs <= {column.name for column in each.columns}:
            return f"{each.name}@{each.latest}"
    return ""


async def experiment_from_sample(workbench: Workbench, ask: Ask) -> Update:
    """A set that comes with the program with its own prompt, and its experiment where it has one, on column 1's model."""
    sample = await use_sample(workbench.datasets, ask.text("sample"))
    prompt, column = sample.prompt or Prompt(), ask.compare_form().columns[0]
    if sample.experiment and sample.prompt:
        written = read_experiment(sample.experiment, "The experiment of the sample")
        named = {"prompt": stripped(prompt), "model": column.model}
        cases = written.cases.model_copy(update={"dataset": sample.version.words})
        return await _taken(workbench, compact(written.model_copy(update={**named, "cases": cases})), ask)
    first = ColumnForm(
        model=column.model,
        sampling=prompt.sampling or column.sampling,
        preset=column.preset,
        technique=prompt.run_with,
    )
    form = CompareForm(prompt=prompt, columns=(first,))
    return await _taken(workbench, of_columns(form, stripped(prompt), [""], sample.version.words), ask)


async def read_experiment_file(workbench: Workbench, ask: Ask) -> Update:
    """An experiment that was pasted as a file."""
    return await _taken(workbench, read_experiment(ask.text("text"), "The file"), ask)


async def _taken(workbench: Workbench, now: Experiment, ask: Ask, *, is_told: bool = False) -> Update:
    now = await with_techniques(workbench, now, is_told=is_told)
    update = await draw_setup(workbench, now, prompt_at_hand(ask))
    return {**update, "plan": now.model_dump(mode="json"), "tab": "Experiments"}


async def drop_experiment(workbench: Workbench, ask: Ask) -> Update:
    """The set-up is thrown away; undo brings it back."""
    form = {**(ask.form or {}), "experiment": None}
    update = await open_experiments(workbench, ask.model_copy(update={"form": form}))
    return {**update, "plan": None, "toast": "Set-up discarded"}


async def set_up_again(workbench: Workbench, ask: Ask) -> Update:
    """A stored experiment as a new set-up: over more cases, with another variant, by another rule."""
    kept = await workbench.experiments.get(ask.text("id"))
    return {**await _taken(workbench, kept.as_scored, ask), "drawer": None}


# --- one change ---------------------------------------------------------------------------------------------


async def change_experiment(workbench: Workbench, ask: Ask) -> Update:
    """One control was set. What makes no sense is said, and the page shows what stands."""
    now, what, value = at_hand(ask), ask.text("what"), ask.text("value")
    if what == "file":
        try:
            after = read_experiment(value, "The file")
        except PlaygroundError as exc:
            said = Markup('<p class="note bad">{}<span><b>{}</b> {}</span></p>').format(
                icon("warn"), exc.message, exc.hint
            )
            return {"html": {"exp-yaml-problem": said}}
    elif what == "cases/data" and value.startswith(SAMPLE):
        sample = await use_sample(workbench.datasets, value.removeprefix(SAMPLE))
        after = change(now, what, sample.version.words)
    else:
        choices = await choices_of(workbench, now, prompt_at_hand(ask))
        try:
            is_own = (what, value) == ("cases/data", ROWS)
            after = (
                with_rows(now, choices.rows) if is_own else change(now, what, value, of_prompt=choices.checks)
            )
        except PlaygroundError as exc:
            update = await draw_setup(workbench, now, prompt_at_hand(ask), anew=False)
            return {**update, "alert": {"message": exc.message, "hint": exc.hint}}
    after = await with_techniques(workbench, after, is_told=what.endswith("/technique"))
    update = await draw_setup(workbench, after, prompt_at_hand(ask), anew=False)
    return {**update, "plan": after.model_dump(mode="json")}


async def experiment_cost(workbench: Workbench, ask: Ask) -> Update:
    """Calls, tokens, time and power of the set-up, or why it cannot start."""
    now = at_hand(ask)
    try:
        estimate = await workbench.experiments.plan(now)
    except PlaygroundError as exc:
        said = Markup('<h3>What it takes</h3><div class="alert warn">{}<div><b>{}</b>{}</div></div>').format(
            icon("warn"), exc.message, exc.hint if now.cases.dataset or now.cases.rows else CHOOSE
        )
        return {"html": {"exp-cost": said, "exp-short": "", "exp-opened": "", "exp-attempt": ""}}
    rows = "This half was opened" if now.cases.half else "These rows were run"
    opened = f"{rows} {_times(estimate.opened)} before." if estimate.opened else ""
    if now.cases.half == "held-out" and not estimate.opened:
        opened = "This half was never opened before."
    rule = (
        "Fixed at Start and printed with the result. Another rule is another attempt, and attempts are counted: "
        f"this is attempt {estimate.attempt}."
    )
    return {
        "html": {
            "exp-cost": cost(now, estimate),
            "exp-short": in_short(estimate),
            "exp-opened": note("", opened) if opened else "",
            "exp-attempt": note("", rule),
        }
    }


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


async def start_experiment(workbench: Workbench, ask: Ask) -> Update:
    """It begins, and its page is shown; the set-up is used up."""
    experiment_id = await workbench.experiments.start(at_hand(ask))
    return {
        **await shown(workbench, experiment_id, ask),
        "plan": None,
    }


# --- a check, in the drawer ---------------------------------------------------------------------------------


async def experiment_check(workbench: Workbench, ask: Ask) -> Update:
    """The drawer of a check: the chosen kind with its options as fields."""
    now = at_hand(ask)
    choices = await choices_of(workbench, now)
    listed = checks_listed(now, choices.checks)
    number = ask.integer("number", -1)
    check = listed[number][0] if 0 <= number < len(listed) else None
    body = check_form(check, ask.text("value") or ask.text("scorer"), number, action="experiment_check")
    return {"drawer": {"title": "Check", "body": body, "foot": _check_foot(number), "narrow": True}}


def _check_foot(number: int) -> Markup:
    remove = (
        button("Remove", "remove_experiment_check", symbol="trash", kind="quiet", number=number)
        if number >= 0
        else ""
    )
    return Markup("{}{}").format(
        button("Keep the check", "keep_experiment_check", kind="primary", number=number), remove
    )


async def keep_experiment_check(workbench: Workbench, ask: Ask) -> Update:
    """The check of the drawer, added or in the place of the one that was opened."""
    check = read_check(ask)
    return await _with(workbench, ask, check)


async def remove_experiment_check(workbench: Workbench, ask: Ask) -> Update:
    """Without the check that was opened."""
    return await _with(workbench, ask, None)


async def _with(workbench: Workbench, ask: Ask, check: Check | None) -> Update:
    now, number = at_hand(ask), ask.integer("number", -1)
    choices = await choices_of(workbench, now)
    listed = [each for each, is_on in checks_listed(now, choices.checks) if is_on or each == check]
    opened = checks_listed(now, choices.checks)
    before = opened[number][0] if 0 <= number < len(opened) else None
    if before is None:
        chosen = [*listed, *([check] if check else [])]
    else:
        chosen = [new for each in listed if (new := check if each == before else each) is not None]
    after = with_checks(now, chosen, choices.checks)
    # A rule on a check that is gone counts all of them.
    if after.rule.metric not in ("passes", "score", *map(check_name, chosen)):
        after = after.model_copy(update={"rule": after.rule.model_copy(update={"metric": "passes"})})
    update = await draw_setup(workbench, after, prompt_at_hand(ask), anew=False)
    return {**update, "plan": after.model_dump(mode="json"), "drawer": None}


ACTIONS: dict[str, Action] = {
    "experiment_from_compare": experiment_from_compare,
    "run_over_data": run_over_data,
    "experiment_from_sample": experiment_from_sample,
    "read_experiment_file": read_experiment_file,
    "drop_experiment": drop_experiment,
    "set_up_again": set_up_again,
    "change_experiment": change_experiment,
    "experiment_cost": experiment_cost,
    "start_experiment": start_experiment,
    "experiment_check": experiment_check,
    "keep_experiment_check": keep_experiment_check,
    "remove_experiment_check": remove_experiment_check,
}
