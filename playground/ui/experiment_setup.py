"""The set-up of an experiment as a page: variants, cases, checks, rule, limits; every value is a menu in its row.

setup(now, choices)   # markup; a control's data-set says what it changes ("variants/1/model"), see experiment_form

What it takes and its file stand beside it: `experiment_cost`.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from playground.scorers import SCORERS, check_name
from playground.techniques.registry import SINGLE, rows
from playground.types.experiment import Experiment, ExperimentVariant
from playground.types.prompt import PRESETS, Check, Prompt
from playground.ui.experiment_choices import Choices, Option, data_options
from playground.ui.experiment_controls import adder, menu, number_field, tick
from playground.ui.experiment_form import (
    ROWS,
    checks_listed,
    model_of,
    prompt_of,
    sampling_of,
)
from playground.ui.experiment_rule import limits_part, rows_there, rule_part
from playground.ui.forest import named
from playground.ui.forms import OWN_VALUES, preset_of
from playground.ui.html import button, icon, join, options, plural

LIMITS = (15, 30, 50, 100, 200, 500, 1000, 2000, 5000)
FEW, TOO_FEW = 30, 15


def setup(now: Experiment, choices: Choices) -> Markup:
    """The five sections."""
    return join(
        (
            _section("Variants", _variant_count(now), _variants(now, choices)),
            _section("Cases", "the rows they answer", _cases(now, choices)),
            _section("Checks", "what counts as right", _checks(now, choices)),
            _section("Rule", "fixed before the first answer", rule_part(now, choices)),
            _section("Limits", "what stops it", limits_part(now)),
        )
    )


def _section(name: str, hint: str, content: Markup) -> Markup:
    return Markup(
        '<section class="exp-part" aria-label="{}"><div class="exp-of"><h3>{}</h3><span class="hint">{}</span></div>'
        '<div class="exp-what">{}</div></section>'
    ).format(name, name, hint, content)


# --- variants -----------------------------------------------------------------------------------------------


def _variant_count(now: Experiment) -> str:
    return (
        f"{len(now.variants)}, one baseline" if len(now.variants) > 1 else "one, nothing to compare it with"
    )


def _variants(now: Experiment, choices: Choices) -> Markup:
    rows = join(_variant(now, choices, number, each) for number, each in enumerate(now.variants))
    head = Markup(
        '<thead><tr><th class="v-name"><span class="sr">Variant</span></th><th>Prompt</th><th>Technique</th><th>Model</th><th>Settings</th>'
        '<th class="num v-calls">Calls a case</th><th class="v-base">Baseline</th><th class="v-x"></th></tr></thead>'
    )
    twin = tick(
        "twin",
        now.twin,
        Markup('A twin of {} <span class="hint">measures the noise floor</span>').format(now.baseline),
    )
    adders = join(
        (
            adder("add/prompt", choices.prompts(now), "Version"),
            adder("add/technique", choices.techniques, "Technique"),
            adder("add/model", choices.models, "Model"),
            twin,
        )
    )
    return Markup(
        '<table class="table exp-variants">{}<tbody>{}</tbody></table><div class="adders">{}</div>{}'
    ).format(head, rows, adders, _unsaved(now))


def _variant(now: Experiment, choices: Choices, number: int, each: ExperimentVariant) -> Markup:
    at, sampling = f"variants/{number}", sampling_of(now, each)
    name = f"variant {each.name}"
    chosen = each.technique.name if each.technique else SINGLE
    preset = preset_of(sampling)
    presets = [(preset, preset)] if preset == OWN_VALUES else []
    presets += [(name, name) for name in PRESETS]
    settings = (
        f"temperature {sampling.temperature:g}, at most {sampling.max_tokens:,} tokens, seed {sampling.seed}"
    )
    baseline = Markup(
        '<input type="radio" name="exp-baseline" data-set="rule/baseline" value="{}"{} aria-label="{}">'
    ).format(
        each.name,
        Markup(" checked") if each.name == now.baseline else "",
        f"Variant {each.name} is the baseline",
    )
    remove = (
        Markup(
            '<button class="btn quiet icon" data-set="remove/{}" aria-label="Remove {}" title="Remove">{}</button>'
        ).format(number, name, icon("cross"))
        if len(now.variants) > 1
        else ""
    )
    return Markup(
        '<tr><td class="v-name" translate="no">{}</td><td>{}</td><td>{}</td><td>{}</td><td title="{}">{}</td><td class="num v-calls">{}</td>'
        '<td class="v-base">{}</td><td class="v-x">{}</td></tr>'
    ).format(
        named(number, name=each.name),
        menu(
            f"{at}/prompt",
            choices.prompts(now),
            choices.chosen_prompt(now, number),
            f"Prompt of {name}",
            "bare",
        ),
        menu(f"{at}/technique", _techniques(choices, each), chosen, f"Technique of {name}", "bare"),
        menu(f"{at}/model", choices.models, model_of(now, each), f"Model of {name}", "bare mono"),
        settings,
        menu(f"{at}/preset", presets, preset, f"Settings of {name}", "bare"),
        calls_words(each),
        baseline,
        remove,
    )


def _techniques(choices: Choices, each: ExperimentVariant) -> list[Option]:
    """The techniques; the one that is chosen with how many samples it was told to take."""
    if each.technique is None:
        return list(choices.techniques)
    told = each.technique.options.get("samples")
    return [
        (value, f"{words}, {told}" if value == each.technique.name and told else words)
        for value, words in choices.techniques
    ]


def calls_words(each: ExperimentVariant) -> str:
    """How many calls a case takes: "1", or the most that a technique makes."""
    if each.technique is None or each.technique.name == SINGLE:
        return "1"
    row = rows().get(each.technique.name)
    if row is None:
        return "–"
    try:
        told = row.read(each.technique.options, each.technique.name)
    except Exception:  # what is wrong with its options is said when the cost is asked
        return "–"
    samples = told.get("samples")
    return str(samples) if isinstance(samples, int) else f"up to {row.max_calls}"


def _unsaved(now: Experiment) -> Markup:
    """What is not saved: the experiment keeps its text, a name would be found again."""
    texts = [each.name for each in now.variants if isinstance(prompt_of(now, each), Prompt)]
    if not texts:
        return Markup("")
    names = ", ".join(texts)
    words = (
        f"The text of variant {names} is not saved: the experiment keeps it as it is."
        if len(texts) == 1
        else f"The texts of these variants are not saved: {names}. The experiment keeps them as they are."
    )
    return Markup('<p class="hint note">{}{}</p>').format(icon("lock"), words)


# --- cases --------------------------------------------------------------------------------------------------


def _cases(now: Experiment, choices: Choices) -> Markup:
    groups = data_options(now, choices)
    chosen = now.cases.dataset or (ROWS if now.cases.rows else "")
    shown = Markup('<option value="" selected disabled>Choose a data set</option>') if not chosen else ""
    data = Markup(
        '<select class="field exp-data" data-set="cases/data" aria-label="Data set">{}{}</select>'
    ).format(
        shown,
        join(
            Markup('<optgroup label="{}">{}</optgroup>').format(title, options(list(rows), chosen))
            for title, rows in groups
        ),
    )
    return Markup('<div class="exp-line">{}{}</div>{}').format(
        data, _halves(now, choices), _about_cases(now, choices)
    )


def _halves(now: Experiment, choices: Choices) -> Markup:
    found = choices.data(now)
    limits, repeats = "", number_field("repeats", now.repeats, "Repeats of each case")
    halves: Markup | str = ""
    if found is not None:
        half = now.cases.half
        counts = (
            ("", "All", found.rows),
            ("train", "Train", found.train),
            ("held-out", "Held out", found.held_out),
        )
        halves = Markup('<span class="seg" role="group" aria-label="Which half">{}</span>').format(
            join(
                Markup('<button data-set="cases/half" value="{}" aria-pressed="{}"{}>{} {}</button>').format(
                    value,
                    str(value == half).lower(),
                    Markup(" disabled") if not count else "",
                    words,
                    f"{count:,}",
                )
                for value, words, count in counts
            )
        )
    have = rows_there(now, choices)
    if have:
        sizes: list[Option] = [("", f"all {have:,}")]
        sizes += [
            (str(n), f"{n:,}")
            for n in sorted({*LIMITS, *([now.cases.limit] if now.cases.limit else [])})
            if n < have
        ]
        limits = Markup('<label class="pair">rows {}</label>').format(
            menu("cases/limit", sizes, str(now.cases.limit or ""), "How many rows", "field")
        )
    return Markup('{}{}<label class="pair">repeats {}</label>').format(halves, limits, repeats)


def _about_cases(now: Experiment, choices: Choices) -> Markup:
    """What one should know of the data: which variables have no column, how few rows there are."""
    notes: list[Markup] = []
    have = rows_there(now, choices)
    taken = min(have, now.cases.limit or have)
    if not now.cases.dataset and not now.cases.rows:
        return Markup('<p class="hint note">{}</p>').format(
            "An experiment needs cases: choose a data set or a sample, or add one in the Data tab."
        )
    columns = columns_of(now, choices)
    missing = [name for name in choices.needs if columns and name not in columns]
    if missing:
        names = _listed(missing)
        told = [f"No column fills {names}, which the prompt asks for."]
        names = _listed(columns)
        told.append(f"The columns are {names}.")
        notes.append(Markup("{}{}").format(note("warn", " ".join(told)), _prompt_of_set(now, choices)))
    if 0 < taken < TOO_FEW:
        notes.append(
            note("warn", f"{plural(taken, 'case')}: no verdict is possible, {TOO_FEW} are the least.")
        )
    elif 0 < taken < FEW:
        notes.append(
            note(
                "warn",
                f"{plural(taken, 'case')} {'is' if taken == 1 else 'are'} few: only a large difference can be told.",
            )
        )
    return Markup('<div id="exp-opened"></div>{}').format(join(notes))


def _prompt_of_set(now: Experiment, choices: Choices) -> Markup:
    """The way on with a set that comes with the program, whose columns another prompt asks for: with its own."""
    found = choices.data(now)
    title = found.name if found is not None else ""
    name = next((each.name for each in choices.samples if each.title == title and each.prompt), "")
    if not name:
        return Markup("")
    return Markup('<div class="exp-line">{}<span class="hint">{}</span></div>').format(
        button("Take the prompt of this set", "experiment_from_sample", kind="small", sample=name),
        "in place of these variants",
    )


def columns_of(now: Experiment, choices: Choices) -> list[str]:
    """The columns that the chosen rows have; none when nobody knows."""
    if now.cases.rows:
        return list(dict.fromkeys(name for row in now.cases.rows for name in row))
    found = choices.data(now)
    return [column.name for column in found.columns] if found else []


def note(kind: str, words: str | Markup) -> Markup:
    """A line under a section: a fact, or a warning with its sign."""
    return Markup('<p class="note {}">{}{}</p>').format(
        kind, icon("warn" if kind == "warn" else "lock"), words
    )


def _listed(names: Sequence[str], most: int = 6) -> str:
    shown = [f'"{name}"' for name in names[:most]]
    return ", ".join([*shown, "…"] if len(names) > most else shown)


# --- checks -------------------------------------------------------------------------------------------------


def _checks(now: Experiment, choices: Choices) -> Markup:
    listed = checks_listed(now, choices.checks)
    rows = join(_check_row(now, number, check, is_on) for number, (check, is_on) in enumerate(listed))
    of_example = len(choices.prompt.checks) - len(choices.checks) if choices.prompt else 0
    about = "tokens, time and length are always measured"
    if of_example:
        about += f"; {plural(of_example, 'check')} of the prompt's example left out"
    nothing = (
        ""
        if listed
        else Markup('<p class="note warn">{}{}</p>').format(
            icon("warn"), "No check: nothing can be counted as right. Add one."
        )
    )
    add = button("Check", "experiment_check", symbol="plus", kind="quiet")
    return Markup(
        '<div class="exp-checks">{}</div>{}<div class="adders">{}<span class="hint">{}</span></div>'
    ).format(rows, nothing, add, about)


def _check_row(now: Experiment, number: int, check: Check, is_on: bool) -> Markup:
    scorer = SCORERS.get(check.scorer)
    label = scorer.label if scorer else check.scorer
    return Markup(
        '<div class="exp-check"><input type="checkbox" id="exp-check-{}" data-set="checks/{}"{}>'
        '<label for="exp-check-{}" class="one">{}</label><span class="soft one" title="{}">{}</span>'
        '<button class="btn quiet icon" data-act="experiment_check" data-number="{}" aria-label="Change the check {}" title="Change">{}</button>'
        '<span class="hint">{}</span></div>'
    ).format(
        number,
        number,
        Markup(" checked") if is_on else "",
        number,
        check_name(check),
        label,
        label,
        number,
        check_name(check),
        icon("pencil"),
        _needs(now, check),
    )


def _needs(now: Experiment, check: Check) -> Markup:
    """What a check asks for: no model, a program, a model; a judge of its own answers is one to watch."""
    row = SCORERS.get(check.scorer)
    if row is None or row.asks is None:
        return Markup("no model")
    if check.scorer != "judge":
        return Markup("runs a program" if check.scorer == "python" else "asks a model")
    own = check.options.get("model") or ""
    same = [each.name for each in now.variants if not own or model_of(now, each) == own]
    if not same:
        return Markup("1 call an answer")
    names = f"{same[0]} to {same[-1]}" if len(same) > 2 else " and ".join(same)
    return Markup(
        '<span class="badge different" title="{}">{}judges its own: {}</span> 1 call an answer'
    ).format(
        "A model favours its own answers. Name another model in the check, and compare it with your ratings.",
        icon("warn"),
        names,
    )
