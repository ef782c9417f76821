"""The verdict on an experiment: the sentence first, its evidence below, every part of the view in the address.

    await verdict_view(workbench, "3f…", ask)      # what stands in the tab's body when an experiment is done

Four zones: verdict and block, health, variants with their intervals, cases where a pair differs beside the slices. The
pair drives sentence, block, cases and slices.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.errors import NotFoundError, PromptError
from playground.scorers import check_hash, check_name
from playground.times import minute
from playground.types.grid import CellKey
from playground.ui import panels
from playground.ui.actions import Action, Ask
from playground.ui.experiment_results import cache_words
from playground.ui.forms import COLUMNS, ColumnForm, form_of_run, new_key, preset_of
from playground.ui.html import button, icon, join
from playground.ui.judge_page import judge_of, judge_page
from playground.ui.onto_compare import cleared
from playground.ui.update import Update
from playground.ui.verdict_cases import cases_zone, judged
from playground.ui.verdict_judge import judge_cards, judged_line
from playground.ui.verdict_look import Look
from playground.ui.verdict_parts import SIGNS, health_strip, says, top, variants_table, what_words
from playground.ui.verdict_plots import plots
from playground.ui.verdict_rating import rated_zone
from playground.ui.verdict_slices import chosen_columns, slices_zone
from playground.verdicts import Beside, Comparison, Verdict, beside, compare, slices, verdict
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.types.outcomes import StoredExperiment


MOST_REPEATS = 10
"""Answers of one variant to one case that are shown; the file has all of them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a look shows: the verdict, the pair as it is judged, and where the cells of each variant stand."""

    id: str
    kept: StoredExperiment
    found: Verdict
    look: Look
    pair: Comparison | None
    other: Beside | None = None
    rival: StoredExperiment | None = None
    has_more: bool = True
    """Whether it is known how many more cases would settle what is open."""

    def place(self, variant: int, case: int, repeat: int = 0) -> tuple[str, CellKey]:
        """The experiment and cell of a variant, which may be the other experiment's."""
        own = len(self.kept.names)
        if self.other is None or variant < own:
            return self.id, CellKey(case, variant, repeat)
        return self.look.beside, CellKey(self.other.order[case], variant - own, repeat)

    @property
    def repeats(self) -> range:
        """The repeats of a case whose answers are shown."""
        return range(min(self.found.table.repeats, MOST_REPEATS))


async def verdict_view(workbench: Workbench, experiment_id: str, ask: Ask) -> Markup:
    """The page of an experiment that is done. Raises NotFoundError."""
    shown = await look_at(workbench, experiment_id, Look.read(ask.text("look")))
    if (check := judge_of(shown)) is not None:
        return await judge_page(workbench, shown, check)
    found, look = shown.found, shown.look
    listed = await cases_zone(workbench, shown) if shown.pair else Markup("")
    parted = await asyncio.to_thread(_slices, shown) if shown.pair else Markup("")
    return Markup(
        '<div class="verdict" id="verdict" data-id="{}" data-look="{}">{}{}{}{}<div class="v-two">{}{}</div><section class="v-variants v-rated" id="v-rated" aria-label="Ratings">{}</section><section id="v-judges" aria-label="Judges">{}</section>{}{}</div>'
    ).format(
        experiment_id,
        look.text,
        top(shown, await judged_line(workbench, shown)),
        health_strip(experiment_id, found, look),
        _mismatch(shown),
        variants_table(shown),
        listed,
        parted,
        rated_zone(shown),
        await judge_cards(workbench, shown),
        plots(experiment_id, found, look),
        await _foot(workbench, shown),
    )


async def look_at(workbench: Workbench, experiment_id: str, look: Look, *, with_more: bool = False) -> Shown:
    """What a look shows; the other experiment of a look that is gone is left out.

    `with_more` says how many more cases would settle what is open; that is simulated.
    """
    desk = workbench.experiments
    kept = await desk.get(experiment_id)
    table, rule = await desk.table(experiment_id), kept.experiment.rule
    other: Beside | None = None
    rival: StoredExperiment | None = None
    if look.beside:
        try:
            rival = await desk.get(look.beside)
            called = {check_hash(each): check_name(each) for each in (*kept.checks, *rival.checks)}
            other = beside(table, await desk.table(look.beside), rule, rival.experiment.rule, called)
        except NotFoundError:
            look = replace(look, beside="")
    joined = other if other is not None and other.table is not None else None
    if joined is not None and joined.table is not None:
        table = joined.table
        found = await asyncio.to_thread(partial(verdict, table, rule, with_more=with_more))
    else:
        found = await desk.verdict(experiment_id, with_more=with_more)
        table = found.table
    count = len(table.entries)
    if look.pair is not None and max(look.pair) >= count:
        look = replace(look, pair=None)
    pair, has_more = found.headline, found.has_more
    if look.pair is not None and found.outcome != "not yet":
        names = [table.entries[number].name for number in look.pair]
        ruled = [each for each in found.comparisons if [each.a, each.b] == names]
        has_more = has_more and (bool(ruled) or with_more)
        pair = (
            ruled[0]
            if ruled
            else replace(
                await asyncio.to_thread(partial(compare, table, rule, *names, with_more=with_more)),
                is_in_rule=False,
            )
        )
    shown = Shown(experiment_id, kept, found, look, pair, joined, rival, has_more)
    return shown if other is None or joined else replace(shown, other=other)


def _slices(shown: Shown) -> Markup:
    assert shown.pair is not None
    columns = chosen_columns(shown.found.table, shown.look)
    parted = slices(shown.found.table, shown.found.rule, shown.pair.a, shown.pair.b, columns)
    return slices_zone(shown.id, shown.found, shown.pair, parted, shown.look, columns)


def _mismatch(shown: Shown) -> Markup:
    """What does not match of another experiment that was to be laid beside this one; which one "(2)" stands for."""
    if shown.other is None or shown.rival is None:
        return Markup("")
    if shown.other.table is not None:
        name, at = shown.rival.row.name or "Untitled experiment", minute(shown.rival.row.created_at)
        return Markup('<p class="hint v-second">(2): <b translate="no">{}</b> · {}</p>').format(name, at)
    listed = join(Markup("<li>{}</li>").format(problem) for problem in shown.other.problems)
    return Markup(
        '<div class="alert warn v-mismatch">{}<div><b>The two cannot lie beside each other.</b><ul>{}</ul></div>{}</div>'
    ).format(
        icon("different"),
        listed,
        button(
            "Leave it", "verdict_look", kind="quiet small", id=shown.id, look=shown.look.to(beside="").text
        ),
    )


async def _foot(workbench: Workbench, shown: Shown) -> Markup:
    """Files of the whole, and the way to lay another experiment beside this one."""
    page = await workbench.experiments.find("", 50)
    others = [row for row in page.rows if row.id != shown.id and row.state == "done"]
    rows = join(
        Markup('<option value="{}"{}{}>{} · {}</option>').format(
            row.id,
            Markup(" selected") if row.id == shown.look.beside else "",
            Markup(' translate="no"') if row.name else "",
            row.name or "Untitled experiment",
            minute(row.created_at),  # attempts are called alike
        )
        for row in others
    )
    chosen = (
        Markup(
            '<label class="soft" for="v-beside">Lay beside</label><select class="field" id="v-beside" data-act="verdict_beside" '
            'data-id="{}" data-look="{}"><option value="">nothing</option>{}</select>'
        ).format(shown.id, shown.look.text, rows)
        if others
        else Markup(
            '<span class="hint">A second experiment on the same cases can be laid beside this one.</span>'
        )
    )
    files = join(
        Markup('<a class="btn quiet" download href="files/experiment/{}/{}{}">{}{}</a>').format(
            shown.id, name, shown.look.files(), icon("download"), label
        )
        for name, label in (("verdict.md", "Markdown"), ("verdict.json", "JSON"), ("verdict.txt", "Text"))
    )
    answers = join(
        Markup('<a class="btn quiet" download href="files/run/{}/answers.{}">{}{}</a>').format(
            shown.id, ending, icon("download"), label
        )
        for ending, label in (("csv", "CSV"), ("xlsx", "XLSX"), ("jsonl", "JSON Lines"))
    )
    return Markup(
        '<div class="v-foot">{}<span class="grow"></span><span class="soft">Verdict</span>{}<span class="soft">All answers</span>{}</div>'
    ).format(chosen, files, answers)


# --- what is done -------------------------------------------------------------------------------------------


async def verdict_look(workbench: Workbench, ask: Ask) -> Update:
    """Another look at the same verdict, in its place."""
    return {"html": {"exp-verdict": await verdict_view(workbench, ask.text("id"), ask)}}


async def verdict_more(workbench: Workbench, ask: Ask) -> Update:
    """The sentences once more, now with how many cases would settle what is open: the page need not wait for that."""
    shown = await look_at(workbench, ask.text("id"), Look.read(ask.text("look")), with_more=True)
    return {"html": {"v-says": says(shown, await judged_line(workbench, shown))}}


async def verdict_pair(workbench: Workbench, ask: Ask) -> Update:
    """The look with the pair that a menu names."""
    look = Look.read(f"pair={ask.text('value')}")
    now = Look.read(ask.text("look")).to(pair=look.pair)
    return await verdict_look(workbench, _with_look(ask, now))


async def verdict_beside(workbench: Workbench, ask: Ask) -> Update:
    """Another experiment beside this one, or none."""
    other = Look.read(f"beside={ask.text('value')}").beside
    return await verdict_look(
        workbench, _with_look(ask, Look.read(ask.text("look")).to(beside=other, pair=None))
    )


def _with_look(ask: Ask, look: Look) -> Ask:
    return Ask.model_validate({**ask.model_dump(), "look": look.text})


async def verdict_facts(workbench: Workbench, ask: Ask) -> Update:
    """Every fact of the health strip with what follows from it."""
    shown = await look_at(workbench, ask.text("id"), Look.read(ask.text("look")))
    rows = join(
        Markup('<li class="{}">{}<div><b>{}</b><p>{}</p></div></li>').format(
            fact.kind, icon(*SIGNS[fact.kind]), fact.words, fact.details
        )
        for fact in shown.found.health
    )
    return {
        "drawer": {
            "title": "What the verdict leans on",
            "body": Markup('<ul class="v-facts">{}</ul>').format(rows),
            "narrow": True,
        }
    }


async def verdict_case(workbench: Workbench, ask: Ask) -> Update:
    """One case with the answers of all variants beside each other, the pair first."""
    shown = await look_at(workbench, ask.text("id"), Look.read(ask.text("look")))
    case = ask.integer("case")
    found, entries = shown.found, shown.found.table.entries
    order = list(range(len(entries)))
    if shown.pair is not None:
        first = [shown.found.table.number(shown.pair.b), shown.found.table.number(shown.pair.a)]
        order = [*first, *(n for n in order if n not in first)]
    answers = []
    for number in order:
        told = [await _answer(workbench, shown, number, case, repeat) for repeat in shown.repeats]
        answers.append(
            Markup(
                '<section class="v-rival"><h3>{}{} <span class="hint one">{}</span></h3>{}</section>'
            ).format(
                judged(shown.found, number, case),
                entries[number].name,
                what_words(entries[number], found.baseline),
                join(told),
            )
        )
    values = await workbench.history.case_values(shown.id, case, 1)
    facts = join(
        Markup('<dt class="mono">{}</dt><dd class="mono">{}</dd>').format(name, value)
        for name, value in (values[0] if values else {}).items()
    )
    body = Markup('<dl class="facts">{}</dl><div class="v-rivals">{}</div>').format(facts, join(answers))
    foot = button("Into Compare", "verdict_to_compare", id=shown.id, case=case, look=shown.look.text)
    return {"drawer": {"title": f"Case {case + 1}", "body": body, "foot": foot}}


async def _answer(workbench: Workbench, shown: Shown, variant: int, case: int, repeat: int) -> Markup:
    """One answer of a variant with what its checks say; of several to a case each is numbered."""
    experiment_id, key = shown.place(variant, case, repeat)
    cell = await workbench.history.cell(experiment_id, key)
    done = cell.completion
    again = (
        button(
            "Run it again",
            "experiment_again",
            symbol="redo",
            kind="small",
            id=shown.id,
            case=key.case,
            variant=key.variant,
            repeat=key.repeat,
            look=shown.look.text,
        )
        if cell.error and experiment_id == shown.id
        else ""
    )
    problem = (
        Markup('<div class="alert">{}<div><b>{}</b>{}</div>{}</div>').format(
            icon("warn"), cell.error, cell.hint, again
        )
        if cell.error
        else ""
    )
    total = shown.found.table.repeats
    which = Markup('<p class="hint">Answer {} of {}</p>').format(repeat + 1, total) if total > 1 else ""
    if words := cache_words(cell):
        which += Markup('<p class="hint">{}</p>').format(words)
    return Markup(
        '{}{}<div class="checks">{}</div><pre class="out" tabindex="0" aria-label="{}">{}</pre>'
    ).format(
        which,
        problem,
        join(panels.check_row(score) for score in cell.scores),
        f"Answer of {shown.found.table.entries[variant].name}",
        (done.text if done else "") or "No answer.",
    )


async def verdict_to_compare(workbench: Workbench, ask: Ask) -> Update:
    """The experiment's variants as columns of Compare, those of the pair in any case, with the values of one case.

    Its checks go along, and the seed that was drawn for an answer, so that the same model gives the same answer and it is
    judged the same.
    """
    experiment_id, case = ask.text("id"), ask.integer("case")
    run = await workbench.history.run(experiment_id)
    values = await workbench.history.case_values(experiment_id, case, 1)
    if not values:
        raise PromptError(f"There is no case {case + 1}.", "Open the experiment again.")
    shown = await look_at(workbench, experiment_id, Look.read(ask.text("look")))
    columns = [await _column(workbench, shown, number, case) for number in _into(shown)]
    form = form_of_run(run)
    opened = form.open.model_copy(update={"key": new_key()})
    judged_by = form.prompt.model_copy(update={"checks": shown.kept.checks})
    changes = {"open": opened, "prompt": judged_by, "values": values[0], "columns": tuple(columns)}
    return {
        **cleared(form.model_copy(update=changes | {"cases_run": ""})),
        "toast": f"Case {case + 1} is in Compare. Run asks the variants again.",
    }


def _into(shown: Shown) -> list[int]:
    """The variants that become columns, in their order: as many as there is room for, the pair among them.

    Of an experiment that lies beside, only the variant that is looked at.
    """
    own, names = len(shown.kept.names), [entry.name for entry in shown.found.table.entries]
    pair = [names.index(shown.pair.a), names.index(shown.pair.b)] if shown.pair is not None else []
    others = [number for number in range(own) if number not in pair]
    return sorted([*pair, *others][:COLUMNS])


async def _column(workbench: Workbench, shown: Shown, variant: int, case: int) -> ColumnForm:
    """The settings of a variant as a column, with the seed of its answer; a prompt of another experiment is the column's own."""
    experiment_id, key = shown.place(variant, case)
    cell = await workbench.history.cell(experiment_id, key)
    known = form_of_run(await workbench.history.run(experiment_id)).columns
    if key.variant < len(known):
        column = known[key.variant]
    else:  # of a large experiment only the first variants are told
        kept = await workbench.experiments.get(experiment_id)
        technique = kept.technique_of(kept.names[key.variant])
        column = ColumnForm(model=cell.model, preset=preset_of(cell.sampling), technique=technique)
        column = column.model_copy(update={"sampling": cell.sampling, "own": True})
    if column.sampling.temperature and column.sampling.seed is None:
        column = column.model_copy(update={"sampling": cell.sampling})
    if not column.turns and (column.own or experiment_id != shown.id):
        column = column.model_copy(update={"own": True, "turns": cell.prompt.turns})
    return column


ACTIONS: dict[str, Action] = {
    "verdict_look": verdict_look,
    "verdict_more": verdict_more,
    "verdict_pair": verdict_pair,
    "verdict_beside": verdict_beside,
    "verdict_facts": verdict_facts,
    "verdict_case": verdict_case,
    "verdict_to_compare": verdict_to_compare,
}
