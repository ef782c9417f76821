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
from playground.types.grid import CellKey
from playground.ui import panels
from playground.ui.actions import Action, Ask
from playground.ui.forms import COLUMNS, form_of_run, new_key
from playground.ui.html import button, icon, join
from playground.ui.judge_page import judge_of, judge_page
from playground.ui.onto_compare import cleared
from playground.ui.update import Update
from playground.ui.verdict_cases import cases_zone, judged
from playground.ui.verdict_judge import judge_cards, judged_line
from playground.ui.verdict_look import Look
from playground.ui.verdict_parts import SIGNS, health_strip, top, variants_table
from playground.ui.verdict_plots import plots
from playground.ui.verdict_rating import rated_zone
from playground.ui.verdict_slices import chosen_columns, slices_zone
from playground.verdicts import Beside, Comparison, Verdict, beside, compare, slices, verdict
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.types.outcomes import StoredExperiment


@dataclass(frozen=True, slots=True)
class Shown:
    """What a look shows: the verdict, the pair as it is judged, and where the cells of each variant stand."""

    id: str
    kept: StoredExperiment
    found: Verdict
    look: Look
    pair: Comparison | None
    other: Beside | None = None

    def place(self, variant: int, case: int) -> tuple[str, CellKey]:
        """The experiment and cell of a variant, which may be the other experiment's."""
        own = len(self.kept.names)
        if self.other is None or variant < own:
            return self.id, CellKey(case, variant, 0)
        return self.look.beside, CellKey(self.other.order[case], variant - own, 0)


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


async def look_at(workbench: Workbench, experiment_id: str, look: Look, *, with_more: bool = True) -> Shown:
    """What a look shows; the other experiment of a look that is gone is left out.

    `with_more` says how many more cases would settle what is open; that is simulated.
    """
    desk = workbench.experiments
    kept = await desk.get(experiment_id)
    table, rule = await desk.table(experiment_id), kept.experiment.rule
    other: Beside | None = None
    if look.beside:
        try:
            rival = await desk.get(look.beside)
            other = beside(table, await desk.table(look.beside), rule, rival.experiment.rule)
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
    pair = found.headline
    if look.pair is not None and found.outcome != "not yet":
        names = [table.entries[number].name for number in look.pair]
        ruled = [each for each in found.comparisons if [each.a, each.b] == names]
        pair = (
            ruled[0]
            if ruled
            else replace(
                await asyncio.to_thread(partial(compare, table, rule, *names, with_more=with_more)),
                is_in_rule=False,
            )
        )
    shown = Shown(experiment_id, kept, found, look, pair, joined)
    return shown if other is None or joined else replace(shown, other=other)


def _slices(shown: Shown) -> Markup:
    assert shown.pair is not None
    columns = chosen_columns(shown.found.table, shown.look)
    parted = slices(shown.found.table, shown.found.rule, shown.pair.a, shown.pair.b, columns)
    return slices_zone(shown.id, shown.found, shown.pair, parted, shown.look, columns)


def _mismatch(shown: Shown) -> Markup:
    """What does not match of another experiment that was to be laid beside this one."""
    if shown.other is None or shown.other.table is not None:
        return Markup("")
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
        Markup('<option value="{}"{}>{}</option>').format(
            row.id,
            Markup(" selected") if row.id == shown.look.beside else "",
            row.name or "Untitled experiment",
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
        Markup('<a class="btn quiet" download href="files/experiment/{}/{}">{}{}</a>').format(
            shown.id, name, icon("download"), label
        )
        for name, label in (("verdict.md", "Markdown"), ("verdict.json", "JSON"), ("verdict.txt", "Text"))
    )
    return Markup('<div class="v-foot">{}<span class="grow"></span>{}</div>').format(chosen, files)


# --- what is done -------------------------------------------------------------------------------------------


async def verdict_look(workbench: Workbench, ask: Ask) -> Update:
    """Another look at the same verdict, in its place."""
    return {"html": {"exp-verdict": await verdict_view(workbench, ask.text("id"), ask)}}


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
    entries = shown.found.table.entries
    order = list(range(len(entries)))
    if shown.pair is not None:
        first = [shown.found.table.number(shown.pair.b), shown.found.table.number(shown.pair.a)]
        order = [*first, *(n for n in order if n not in first)]
    answers = []
    for number in order:
        experiment_id, key = shown.place(number, case)
        cell = await workbench.history.cell(experiment_id, key)
        done = cell.completion
        problem = (
            Markup('<div class="alert">{}<div><b>{}</b>{}</div></div>').format(
                icon("warn"), cell.error, cell.hint
            )
            if cell.error
            else ""
        )
        answers.append(
            Markup(
                '<section class="v-rival"><h3>{}{}</h3>{}<div class="checks">{}</div><pre class="out" tabindex="0">{}</pre></section>'
            ).format(
                judged(shown.found, number, case),
                entries[number].name,
                problem,
                join(panels.check_row(score) for score in cell.scores),
                (done.text if done else "") or "No answer.",
            )
        )
    values = await workbench.history.case_values(shown.id, case, 1)
    facts = join(
        Markup('<dt class="mono">{}</dt><dd class="mono">{}</dd>').format(name, value)
        for name, value in (values[0] if values else {}).items()
    )
    body = Markup('<dl class="facts">{}</dl><div class="v-rivals">{}</div>').format(facts, join(answers))
    foot = button("Into Compare", "verdict_to_compare", id=shown.id, case=case)
    return {"drawer": {"title": f"Case {case + 1}", "body": body, "foot": foot}}


async def verdict_to_compare(workbench: Workbench, ask: Ask) -> Update:
    """The experiment's variants as columns of Compare, with the values of one case."""
    experiment_id, case = ask.text("id"), ask.integer("case")
    run = await workbench.history.run(experiment_id)
    values = await workbench.history.case_values(experiment_id, case, 1)
    if not values:
        raise PromptError(f"There is no case {case + 1}.", "Open the experiment again.")
    form = form_of_run(run)
    opened = form.open.model_copy(update={"key": new_key()})
    changes = {"open": opened, "values": values[0], "columns": form.columns[:COLUMNS], "cases_run": ""}
    return {
        **cleared(form.model_copy(update=changes)),
        "toast": f"Case {case + 1} is in Compare. Run asks the variants again.",
    }


ACTIONS: dict[str, Action] = {
    "verdict_look": verdict_look,
    "verdict_pair": verdict_pair,
    "verdict_beside": verdict_beside,
    "verdict_facts": verdict_facts,
    "verdict_case": verdict_case,
    "verdict_to_compare": verdict_to_compare,
}
