"""An experiment on screen: while it runs it is looked at again and again, and turns into its verdict where it stands.

    open_experiments(at="3f…")             →  {"experiment": "3f…", "html": {"exp-head": …, "exp-body": …}}
    experiment_now(id="3f…", seen=812)     →  {"html": {"exp-now": …, …}}, or only the way to ask again when nothing ended

Whoever comes sees how it stands; nothing depends on a page that looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.errors import NotFoundError
from playground.formats.experiment_file import write_experiment
from playground.plurals import plural
from playground.runs.blocks import ROUND
from playground.types.grid import CellKey
from playground.ui import running
from playground.ui.actions import Action, Ask
from playground.ui.experiment_cost import file_name
from playground.ui.experiment_data import data_note
from playground.ui.experiment_results import failures, last_answers, place, unscored, whole_cell
from playground.ui.experiment_running import progress_row, sentence, variants_table
from playground.ui.experiment_strip import strips
from playground.ui.experiments import crumbs, data_words, open_experiments
from playground.ui.html import button, count, icon, stamp
from playground.ui.removing import ask_to_delete, left
from playground.ui.trouble import notice
from playground.ui.update import Update
from playground.ui.verdict import verdict_view
from playground.ui.verdict_keep import keep_button
from playground.verdicts import Table, verdict
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.types.outcomes import Progress, StoredExperiment

LAST = 8
QUICK_MS, SLOW_MS = 1000, 4000
"""How often a page looks: seldom where a look is dear."""
MANY_CELLS = 5000
ENDED = ("done", "error")

_BODY = Markup(
    '<div class="exp-run"><div id="exp-now"></div><div id="exp-progress"></div><div id="exp-variants"></div><div id="exp-cells"></div>'
    '<div class="exp-two"><section id="exp-failures" aria-label="Failures"></section><section id="exp-last" aria-label="Last answers"></section></div></div>'
)


async def shown(workbench: Workbench, experiment_id: str, ask: Ask, *, ends: str = "") -> Update:
    """The whole page of an experiment: running, resting, or its verdict. Raises NotFoundError.

    `ends` is what is said in the place of its buttons while what has begun comes to its end.
    """
    kept = await workbench.experiments.get(experiment_id)
    progress = await workbench.experiments.progress(experiment_id)
    winner = ""
    if kept.state == "done":
        winner = (await workbench.experiments.verdict(experiment_id, with_more=False)).winner
    html: dict[str, str] = {"exp-head": _head(kept, progress, ends, winner)}
    if kept.state == "done":
        html |= {"exp-body": await _done(workbench, kept, ask), "exp-poll": ""}
    else:
        html |= {"exp-body": _BODY, **await _now(workbench, kept, progress)}
    now = running.update(workbench)
    return {**now, "experiment": experiment_id, "html": {**now["html"], **html}}


async def _done(workbench: Workbench, kept: StoredExperiment, ask: Ask) -> Markup:
    """The verdict, and what stayed failed below it."""
    groups = await workbench.experiments.failures(kept.id)
    stayed = failures(kept.id, kept.experiment, kept.names, groups) if groups else ""
    without = unscored(await workbench.experiments.unscored(kept.id))
    return Markup(
        '{}<div id="exp-verdict">{}</div><section class="v-failures" aria-label="Failures">{}</section><section class="v-failures" aria-label="Without a score">{}</section>'
    ).format(await data_note(workbench, kept), await verdict_view(workbench, kept.id, ask), stayed, without)


async def experiment_now(workbench: Workbench, ask: Ask) -> Update:
    """How it stands; what is done turns into its verdict in place, and a screen reader hears of it."""
    experiment_id = ask.text("id")
    try:
        kept = await workbench.experiments.get(experiment_id)
    except NotFoundError:  # deleted, here or by another program
        told = Ask(action="open_experiments", at=experiment_id, form=ask.form)
        return {**await open_experiments(workbench, told), "only_at": experiment_id}
    if kept.state != ask.text("state"):
        update = await shown(workbench, experiment_id, ask)
        sentence = kept.row.sentence
        if kept.state == "done" and not sentence:  # it has just ended
            sentence = (await workbench.experiments.verdict(experiment_id, with_more=False)).sentence
        said = {
            "done": f"Finished. {sentence}",
            "paused": f"Paused. {kept.row.why}",
            "stopped": "Stopped.",
        }
        update["html"] = {**update["html"], "exp-say": said.get(kept.state, "")}
        return {**update, "only_at": experiment_id}
    progress = await workbench.experiments.progress(experiment_id)
    seen = workbench.experiments.changed(experiment_id)
    if kept.state == "running" and str(seen) == ask.text("seen"):
        return {
            "only_at": experiment_id,
            "html": {**_progress(workbench, kept, progress), "exp-poll": _poll(kept, seen)},
        }
    return {"only_at": experiment_id, "html": await _now(workbench, kept, progress)}


async def _now(workbench: Workbench, kept: StoredExperiment, progress: Progress) -> dict[str, str]:
    """All that changes while it runs, of one moment: what was stored after it was counted is left for the next look."""
    desk, experiment = workbench.experiments, kept.experiment
    stored, last = await desk.failures(kept.id), await desk.last(kept.id, LAST)
    seen, under_way = desk.changed(kept.id), desk.under_way(kept.id)
    table = await desk.table(kept.id)
    # Counted after all that is listed: never fewer cells are said to have ended than answers are shown.
    progress = await desk.progress(kept.id)
    # A large table takes a while, which the page of somebody else must not wait for.
    found = await asyncio.to_thread(verdict, table, experiment.rule, with_more=False)
    cells, status = await asyncio.to_thread(marks, table, under_way), table.status

    def stands(key: CellKey) -> str:
        return str(status[key.variant][key.case][key.repeat])

    groups = [
        replace(each, keys=tuple(key for key in each.keys if stands(key) == "error")) for each in stored
    ]
    # Of many cells they are counted once it rests: that reads every score.
    is_dear = kept.state == "running" and kept.row.total > MANY_CELLS
    without = unscored(() if is_dear else await desk.unscored(kept.id))
    shown_last = [cell for cell in last if stands(cell.key) in ENDED]
    tokens = f"{count(progress.tokens)} tokens" if progress.tokens else ""
    return {
        "exp-now": sentence(kept, progress, found) + await data_note(workbench, kept),
        **(_progress(workbench, kept, progress) if kept.state != "done" else {"exp-progress": ""}),
        "exp-variants": variants_table(kept, progress, found),
        "exp-cells": strips(kept.names, cells, _order(kept)),
        "exp-failures": failures(kept.id, experiment, kept.names, [each for each in groups if each.keys])
        + without,
        "exp-last": last_answers(kept.id, experiment, kept.names, shown_last, tokens),
        "exp-poll": _poll(kept, seen),
    }


def _progress(workbench: Workbench, kept: StoredExperiment, progress: Progress) -> dict[str, str]:
    """How far it is, and what keeps its answers from being stored."""
    row = progress_row(kept, progress, hindered=workbench.history.trouble is not None)
    return {"exp-progress": row, **({"trouble": told} if (told := notice(workbench)) else {})}


def _poll(kept: StoredExperiment, seen: int) -> Markup:
    """What makes the page ask again; also while it rests, for another page may go on with it."""
    every = QUICK_MS if kept.state == "running" and kept.row.total <= MANY_CELLS else SLOW_MS
    return Markup(
        '<span data-poll="experiment_now" data-id="{}" data-state="{}" data-seen="{}" data-every="{}"></span>'
    ).format(kept.id, kept.state, seen, every)


def _order(kept: StoredExperiment) -> str:
    several = len(set(kept.run_models.values())) > 1
    if not several:
        return "a few cases at a time, by all variants"
    if kept.experiment.limits.stop_when_decided:
        return f"{ROUND} cases at a time, by one model after the other"
    return "one model after the other"


# --- what the arrays say ------------------------------------------------------------------------------------


def marks(table: Table, under_way: Collection[CellKey] = ()) -> list[list[str]]:
    """How each case of each variant stands, its repeats together: the words of `experiment_strip.WORDS`."""
    status, passed = table.status.tolist(), table.passed.tolist()
    for key in under_way:
        status[key.variant][key.case][key.repeat] = "running"
    return [
        [_mark(states, values) for states, values in zip(states_of, values_of, strict=True)]
        for states_of, values_of in zip(status, passed, strict=True)
    ]


def _mark(states: list[str], values: list[float]) -> str:
    if "running" in states:
        return "running"
    if "error" in states:
        return "failed"
    if any(state in ("pending", "interrupted", "cancelled") for state in states):
        return "waits"
    judged = [value for value in values if value == value]  # NaN is what no check says anything of
    if not judged:
        return "none"
    mean = sum(judged) / len(judged)
    return "pass" if mean == 1 else "fail" if mean == 0 else "part"


# --- the head -----------------------------------------------------------------------------------------------


def _head(kept: StoredExperiment, progress: Progress, ends: str, winner: str) -> Markup:
    name = kept.experiment.name or "Untitled experiment"
    since = {"running": "running since ", "paused": "paused", "stopped": "stopped"}
    if kept.state == "done":
        words = Markup("{:,} of {}, finished {}").format(
            progress.done, plural(progress.total, "cell"), stamp(kept.row.ended_at or kept.row.created_at)
        )
        symbol, colour = ("warn", "bad") if progress.failed else ("check", "ok")
        failed = (
            Markup('<span class="bad">{:,} failed</span>').format(progress.failed) if progress.failed else ""
        )
        state = Markup('<span class="state">{} {}{}</span>').format(icon(symbol, colour), words, failed)
    else:
        symbol, colour = {"running": ("dot", "accent"), "paused": ("pause", "warn")}.get(
            kept.state, ("stop", "soft")
        )
        when = stamp(kept.row.created_at) if kept.state == "running" else ""
        state = Markup('<span class="state">{} {}{}</span>').format(
            icon(symbol, colour), since[kept.state], when
        )
    return Markup(
        '<div class="exp-bar">{}<h2 class="one" title="{n}">{n}</h2>{}<span class="grow"></span>{}</div>'
    ).format(crumbs(), state, _ways(kept, ends, winner), n=name)


def _ways(kept: StoredExperiment, ends: str, winner: str) -> Markup:
    """What can be done with it by now."""
    file = button("Rule and file", "experiment_file", kind="quiet fold", id=kept.id)
    checks = button("Checks", "verdict_checks", kind="quiet fold", id=kept.id) if kept.row.done else ""
    again = button("Set up another like it", "set_up_again", kind="quiet fold", id=kept.id)
    delete = button("Delete", "delete_experiment", symbol="trash", kind="quiet fold", id=kept.id)
    if kept.state == "running" and ends:
        return Markup('<span class="hint">{}</span>{}').format(ends, file)
    if kept.state == "running":
        pause = Markup(
            '<button class="btn" data-act="pause_experiment" data-id="{}" id="exp-pause">{}Pause<kbd>P</kbd></button>'
        ).format(kept.id, icon("pause"))
        stop = button("Stop", "ask_to_stop_experiment", symbol="stop", kind="danger", id=kept.id)
        return Markup("{}{}{}").format(file, stop, pause)
    if kept.state in ("paused", "stopped"):
        on = button("Go on", "resume_experiment", symbol="play", kind="primary", id=kept.id)
        stop = Markup("")
        if kept.state == "paused":
            stop = button("Stop", "ask_to_stop_experiment", symbol="stop", kind="danger", id=kept.id)
        return Markup("{}{}{}{}{}{}").format(file, checks, again, delete, stop, on)
    more = button("Run over more cases", "ask_for_cases", kind="quiet fold", id=kept.id)
    retry = (
        button(f"Run {kept.row.failed:,} again", "experiment_again", symbol="redo", id=kept.id)
        if kept.row.failed
        else ""
    )
    return Markup("{}{}{}{}{}{}").format(file, checks, more, delete, retry, keep_button(kept, winner))


# --- what is done -------------------------------------------------------------------------------------------


async def go_to_experiment(workbench: Workbench, ask: Ask) -> Update:
    """To its page, from wherever one is."""
    return {**await shown(workbench, ask.text("id"), ask), "tab": "Experiments", "drawer": None}


async def pause_experiment(workbench: Workbench, ask: Ask) -> Update:
    """What has begun ends; nothing more begins."""
    await workbench.experiments.pause(ask.text("id"))
    if ask.text("quiet"):  # from the list of what runs, on whatever tab
        return running.update(workbench)
    return await shown(workbench, ask.text("id"), ask, ends="Pauses when what has begun has ended.")


async def resume_experiment(workbench: Workbench, ask: Ask) -> Update:
    """It goes on where it stands."""
    await workbench.experiments.resume(ask.text("id"))
    return await shown(workbench, ask.text("id"), ask)


async def ask_to_stop_experiment(workbench: Workbench, ask: Ask) -> Update:
    """Asks once; what is done is kept."""
    progress = await workbench.experiments.progress(ask.text("id"))
    body = Markup(
        "<p>Done and kept: {:,} of {}. It can go on later, from here or from another program.</p>"
    ).format(progress.done, plural(progress.total, "cell"))
    foot = Markup("{}{}").format(
        button("Stop it", "stop_experiment", symbol="stop", kind="danger", id=ask.text("id")),
        button("Let it run", "close", kind="quiet"),
    )
    return {"drawer": {"title": "Stop the experiment?", "body": body, "foot": foot, "narrow": True}}


async def stop_experiment(workbench: Workbench, ask: Ask) -> Update:
    """Everything that runs of it is cut."""
    await workbench.experiments.stop(ask.text("id"))
    return {**await shown(workbench, ask.text("id"), ask), "drawer": None}


async def experiment_again(workbench: Workbench, ask: Ask) -> Update:
    """Failed cells once more: all, those of one reason, or one cell."""
    experiment_id, reason = ask.text("id"), ask.text("reason")
    keys = [_key(ask)] if ask.text("case") else None
    await workbench.experiments.again(experiment_id, keys, reason=reason)
    return {**await shown(workbench, experiment_id, ask), "drawer": None}


def _key(ask: Ask) -> CellKey:
    return CellKey(ask.integer("case"), ask.integer("variant"), ask.integer("repeat", 0))


async def experiment_cell(workbench: Workbench, ask: Ask) -> Update:
    """One answer, with its checks and what was sent."""
    experiment_id, key = ask.text("id"), _key(ask)
    kept = await workbench.experiments.get(experiment_id)
    cell = await workbench.history.cell(experiment_id, key)
    values = await workbench.history.case_values(experiment_id, key.case, 1)
    foot = (
        button(
            "Run it again",
            "experiment_again",
            symbol="redo",
            id=experiment_id,
            case=key.case,
            variant=key.variant,
            repeat=key.repeat,
        )
        if cell.status == "error"
        else Markup("")
    )
    title = f"Cell {place(kept.names, key, kept.experiment.repeats)}"
    return {"drawer": {"title": title, "body": whole_cell(cell, values[0] if values else {}), "foot": foot}}


async def experiment_file(workbench: Workbench, ask: Ask) -> Update:
    """The rule and the file of a stored experiment, in the drawer."""
    kept = await workbench.experiments.get(ask.text("id"))
    rule = kept.experiment.rule
    looking = (
        "Evidence may be looked at any time"
        if rule.looking == "any time"
        else f"Decided after {plural(kept.cases, 'case')}"
    )
    margin = f"; the same within {100 * rule.margin:g} points" if rule.margin else ""
    said = Markup(
        "<p>{} {}, alpha {:g} %, against {}{}. Fixed {}: attempt {} on this question. Data: {}.</p>"
    ).format(
        icon("lock"),
        looking,
        100 * rule.alpha,
        kept.experiment.baseline,
        margin,
        stamp(kept.row.created_at),
        kept.row.attempt,
        data_words(kept.row.dataset, kept.row.number, kept.half),
    )
    text = write_experiment(kept.as_scored)
    body = Markup('{}<pre class="out" id="exp-kept-file" tabindex="0">{}</pre>').format(said, text)
    foot = Markup("{}{}{}").format(
        button("Copy", "copy_text", symbol="copy", from_="#exp-kept-file"),
        button(
            "Download",
            "download_text",
            symbol="download",
            from_="#exp-kept-file",
            name=file_name(kept.experiment),
        ),
        button("Set up another like it", "set_up_again", kind="quiet", id=kept.id),
    )
    return {"drawer": {"title": "Rule and file", "body": body, "foot": foot}}


async def delete_experiment(workbench: Workbench, ask: Ask) -> Update:
    """An experiment that does not run: asked about first, then deleted for good."""
    run_id = ask.text("id")
    of_list = {"search": ask.text("search")} if "search" in ask.fields else {}
    listed = Ask(action="open_experiments", form=ask.form, fields=of_list)
    if not await workbench.removal.still_there([run_id]):
        drawn = await open_experiments(workbench, listed)
        return {**drawn, "drawer": None, "toast": "This experiment was deleted."}
    if ask.text("sure") != "yes":
        contents = await workbench.removal.look([run_id])
        return ask_to_delete("Delete this experiment?", contents, "delete_experiment", id=run_id)
    contents = await workbench.removal.delete([run_id])
    drawn = await open_experiments(workbench, listed)
    said = f'"{contents.titles[0]}" is deleted'
    return {**drawn, **left(ask, [run_id]), "drawer": None, "toast": said}


ACTIONS: dict[str, Action] = {
    "delete_experiment": delete_experiment,
    "experiment_now": experiment_now,
    "go_to_experiment": go_to_experiment,
    "pause_experiment": pause_experiment,
    "resume_experiment": resume_experiment,
    "ask_to_stop_experiment": ask_to_stop_experiment,
    "stop_experiment": stop_experiment,
    "experiment_again": experiment_again,
    "experiment_cell": experiment_cell,
    "experiment_file": experiment_file,
}
