"""Jobs as rows with bars, and the words for bytes and times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from playground.jobs import Job, Layer
from playground.ui.html import button, icon, join, stamp

_ENDS = {
    "done": ("check", "ok", "done"),
    "failed": ("warn", "bad", "failed"),
    "cancelled": ("stop", "soft", "cancelled"),
}


def newest_first(jobs: Sequence[Job]) -> list[Job]:
    """Running jobs, then ended ones."""
    return sorted(reversed(jobs), key=lambda job: job.state != "running")


def job_row(job: Job) -> Markup:
    """A job: while it runs, its places for sum and layers are filled anew; Cancel stays what it is."""
    if job.state == "running":
        return Markup(
            '<div class="job" role="group" aria-label="{} {}"><div class="row"><b class="mono one">{}</b><span class="hint">{}</span>'
            '<span class="grow"></span><span class="sum num" id="job-{}-sum">{}</span>{}</div><div id="job-{}-layers">{}</div></div>'
        ).format(
            job.title,
            job.detail,
            job.title,
            job.detail,
            job.id,
            job_sum(job),
            button("Cancel", "cancel_job", symbol="cross", kind="small", job=job.id),
            job.id,
            job_layers(job),
        )
    symbol, colour, words = _ENDS[job.state]
    words = f"{words}: {job.error}" if job.error else words
    return Markup(
        '<div class="job ended"><div class="row"><span class="{}">{}</span><b class="mono one">{}</b><span class="hint">{}</span>'
        '<span class="grow {}">{} <span class="soft">{}</span></span><span class="hint">{}</span>{}</div></div>'
    ).format(
        colour,
        icon(symbol),
        job.title,
        job.detail,
        "bad" if job.error else "",
        words,
        job.hint,
        stamp(job.ended_at) if job.ended_at else "",
        icon_button("cross", f"Dismiss {job.title}", "forget_job", job=job.id),
    )


def job_sum(job: Job) -> Markup:
    """Percent, bytes, rate and time left; the server's word before it has told a size."""
    total = job.total_bytes
    if not total:
        return Markup('<span class="hint">{}</span>').format(job.status or "asking the server")
    facts = [f"{size(job.done_bytes)} of {size(total)}"]
    if job.bytes_per_s:
        facts.append(f"{size(round(job.bytes_per_s))}/s")
    if job.left_s is not None:
        facts.append(f"{roughly(job.left_s)} left")
    elif job.done_bytes >= total:
        facts.append(job.status)
    return Markup('<b>{} %</b> <span class="hint">{}</span>').format(
        min(100, 100 * job.done_bytes // total), ", ".join(filter(None, facts))
    )


def roughly(value: float) -> str:
    """Seconds, minutes or hours, as coarse as a guess deserves."""
    minutes = round(value / 60)
    if value < 90:
        return f"{value:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def job_layers(job: Job) -> Markup:
    """One bar a layer."""
    return join(_layer(layer) for layer in job.layers.values())


def _layer(layer: Layer) -> Markup:
    name = layer.name.removeprefix("sha256:")[:12]
    total = layer.total_bytes
    percent = 100 if layer.is_done else 100 * layer.done_bytes / total if total else 0
    rate = "done" if layer.is_done else f"{size(round(layer.bytes_per_s))}/s" if layer.bytes_per_s else "–"
    return Markup(
        '<div class="layer"><span class="mono" title="{}">{}</span><span class="track {}" role="progressbar" aria-label="{}" '
        'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{}"><i style="width:{}%"></i></span>'
        '<span class="num soft">{} of {}</span><span class="num hint">{}</span></div>'
    ).format(
        layer.name,
        name,
        "full" if layer.is_done else "",
        f"layer {name}",
        f"{percent:.0f}",
        f"{percent:.1f}",
        size(layer.done_bytes),
        size(total),
        rate,
    )


def size(value: int | None) -> str:
    """Bytes such as "8 kB", "98 MB", "5.2 GB"; a dash when unknown."""
    if value is None:
        return "–"
    number, unit = float(value), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    digits = 1 if unit in ("GB", "TB") and number < 99.95 else 0
    return f"{number:,.{digits}f} {unit}"


def icon_button(symbol: str, label: str, action: str, **data: Any) -> Markup:
    """A button that is only an icon, with its words for a screen reader and on hover."""
    return Markup(
        '<button class="btn quiet icon" aria-label="{}" title="{}" data-act="{}"{}>{}</button>'
    ).format(
        label,
        label,
        action,
        join(Markup(' data-{}="{}"').format(name, value) for name, value in data.items()),
        icon(symbol),
    )
