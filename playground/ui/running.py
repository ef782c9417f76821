"""What runs now: how many in the page's head, and a small list to open or stop them from any tab.

The page asks again while something runs, and rarely while nothing does; tabs of one browser tell each other.
"""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup

from playground.errors import PlaygroundError
from playground.runs.live import Live
from playground.types.outcomes import UnderWay
from playground.ui.actions import Action, Ask
from playground.ui.alerts import to_alert
from playground.ui.drawers import drawer
from playground.ui.html import button, icon, join, plural, seconds
from playground.ui.update import Update
from playground.workbench.service import Workbench


def update(workbench: Workbench) -> Update:
    """The head's words, the list where it is open, and which runs a page can look at."""
    live = list(workbench.runs.live)
    experiments = workbench.experiments.running()
    return {
        "live": [each.run.id for each in live],
        "html": {
            "running": _head(len(live) + len(experiments)),
            "running-list": _list(live, experiments),
        },
    }


def _head(count: int) -> Markup:
    """A button such as "2 running"; nothing while nothing runs."""
    if not count:
        return Markup("")
    words = Markup('<span>{}<span class="word"> running</span></span>').format(count)
    return Markup(
        '<button class="btn quiet" data-act="open_running" title="{} now. Show, open or stop them.">{}{}</button>'
    ).format(f"{plural(count, 'run')}", icon("dot", "accent"), words)


def _list(live: list[Live], experiments: list[UnderWay]) -> Markup:
    if not live and not experiments:
        return Markup('<p class="empty">Nothing is running.</p>')
    rows = [_row(each) for each in reversed(live)]
    return join((*(_experiment(each) for each in reversed(experiments)), *rows))


def _experiment(progress: UnderWay) -> Markup:
    left = f", about {seconds(round(progress.left_s))} left" if progress.left_s else ""
    return Markup(
        '<div class="job" role="group" aria-label="{n}"><div class="row"><b class="one grow" title="{n}">{n}</b>{}{}</div>'
        '<div class="row soft"><span class="one grow">experiment</span><span class="num">{:,} of {}{}</span></div></div>'
    ).format(
        button("Open", "go_to_experiment", kind="small", id=progress.id),
        button("Pause", "pause_experiment", symbol="pause", kind="small", id=progress.id, quiet="yes"),
        progress.ended,
        plural(progress.total, "cell"),
        left,
        n=progress.name,
    )


def _row(live: Live) -> Markup:
    run = live.run
    models = [column.model.partition(":")[2] or column.model for column in run.spec.variants]
    took = seconds((datetime.now(UTC) - live.began_at).total_seconds())
    ended = sum(cell.end is not None for cell in live.cells.values())
    done = f", {ended:,} of {max(run.total, len(live.cells)):,} ended" if ended else ""
    return Markup(
        '<div class="job" role="group" aria-label="{}"><div class="row"><b class="one grow" title="{}" translate="no">{}</b>{}{}</div>'
        '<div class="row soft"><span class="one mono grow" title="{}">{}</span><span class="num">{}{}</span></div></div>'
    ).format(
        run.title,
        run.title,
        run.title,
        button("Open", "open_run", kind="small", id=run.id),
        button("Stop", "stop_run", symbol="stop", kind="small", id=run.id),
        ", ".join(models),
        ", ".join(models),
        took,
        done,
    )


async def running(workbench: Workbench, ask: Ask) -> Update:
    """What runs now."""
    return update(workbench)


async def open_running(workbench: Workbench, ask: Ask) -> Update:
    """The list of what runs, in the drawer."""
    now = update(workbench)
    body = Markup('<div id="running-list">{}</div>').format(now["html"]["running-list"])
    return {**drawer("Running", body), **now}


async def stop_run(workbench: Workbench, ask: Ask) -> Update:
    """Stop all of a run; what had arrived is kept."""
    workbench.runs.stop(ask.text("id"))
    return {"toast": "Stopped; what had arrived is kept", **update(workbench)}


async def again(workbench: Workbench, ask: Ask) -> Update:
    """Run one column again while the page looks at others of the run."""
    column = ask.integer("column")
    try:
        await workbench.runs.begin_again(ask.run_id(), column)
    except PlaygroundError as exc:
        return {"alert": to_alert(exc), "not_started": [column]}
    return update(workbench)


async def lost(workbench: Workbench, ask: Ask) -> Update:
    """A page missed a paint of that stream: it gets everything again, or looks at the run anew."""
    watches = workbench.runs.live.watches(ask.text("stream"))
    for watch in watches:
        watch.lost = True
        watch.wake()
    return {} if watches else {"anew": True}


async def leave(workbench: Workbench, ask: Ask) -> Update:
    """A page looks at something else; the run goes on."""
    for watch in workbench.runs.live.watches(ask.text("stream")):
        watch.left = True
        watch.wake()
    return {}


ACTIONS: dict[str, Action] = {
    "running": running,
    "open_running": open_running,
    "stop_run": stop_run,
    "again": again,
    "lost": lost,
    "leave": leave,
}
