"""The vLLM servers that this page started: state, last lines of the log, Stop."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from markupsafe import Markup

from playground.backends.managed_vllm import Managed
from playground.jobs import Job
from playground.ui.html import button, icon, join
from playground.ui.progress import icon_button, roughly

LINES = 80
"""Of the log, as many as somebody reads."""


def rows(jobs: Iterable[Job]) -> Markup:
    """One row a server, newest first."""
    found = [(job, job.subject) for job in jobs if isinstance(job.subject, Managed)]
    return join(_row(job, managed) for job, managed in reversed(found))


def moving(jobs: Iterable[Job]) -> dict[str, Markup]:
    """State and log of those that run, by the id of their places."""
    html: dict[str, Markup] = {}
    for job in jobs:
        if isinstance(job.subject, Managed) and job.state == "running":
            html |= {
                f"served-{job.id}-state": _state(job, job.subject),
                f"served-{job.id}-log": _log(job.subject),
            }
    return html


def _row(job: Job, managed: Managed) -> Markup:
    if job.state == "running":
        return Markup(
            '<div class="job" role="group" aria-label="vLLM with {}"><div class="row"><b class="mono one">{}</b><span class="hint mono one">{}</span>'
            '<span class="grow"></span><span class="served-state" id="served-{}-state">{}</span>{}</div>'
            '<div class="log" tabindex="0" role="region" aria-label="Log of {}"><div class="words" id="served-{}-log">{}</div></div></div>'
        ).format(
            managed.model,
            managed.model,
            managed.options,
            job.id,
            _state(job, managed),
            button("Stop", "cancel_job", symbol="stop", kind="small", job=job.id),
            managed.model,
            job.id,
            _log(managed),
        )
    failed = job.state == "failed"
    why = Markup('<div class="alert">{}<div class="grow"><div class="words">{}</div>{}</div></div>')
    return Markup(
        '<div class="job ended"><div class="row"><span class="{}">{}</span><b class="mono one">{}</b><span class="hint mono one">{}</span>'
        '<span class="soft">{}</span><span class="grow"></span>{}{}</div>{}</div>'
    ).format(
        "bad" if failed else "soft",
        icon("warn" if failed else "stop"),
        managed.model,
        managed.options,
        "vLLM failed" if failed else "vLLM stopped",
        button("Start again", "start_vllm", symbol="redo", kind="quiet small", again=job.id),
        icon_button("cross", f"Dismiss {managed.model}", "forget_job", job=job.id),
        why.format(icon("warn"), job.error.rstrip(), job.hint) if failed else "",
    )


def _state(job: Job, managed: Managed) -> Markup:
    if managed.state == "starting":
        waited = (datetime.now(UTC) - job.started_at).total_seconds()
        return Markup('<span class="accent">{}</span> starting, <span class="num">{}</span>').format(
            icon("ring"), roughly(waited)
        )
    server = managed.server
    where = f"at {server.url}, in the columns as {server.name}" if server else ""
    if managed.state == "silent":
        return Markup('<span class="bad">{} does not answer</span> <span class="hint">{}</span>').format(
            icon("warn"), where
        )
    return Markup('<span class="ok">{}</span> answers <span class="hint">{}</span>').format(
        icon("check"), where
    )


def _log(managed: Managed) -> Markup:
    lines = list(managed.log)[-LINES:]
    return Markup("{}").format("\n".join(lines) or "Its log appears here.")
