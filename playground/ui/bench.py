"""Which backend for me: the measuring under way, its result as table and plots, and what each backend can do."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from markupsafe import Markup

from playground.backends.base import Backend
from playground.backends.servers import LABELS
from playground.bench.kept import Measurement, Measuring, to_csv
from playground.bench.measuring import AT_ONCE, Agreement, Measured, abilities, agreement
from playground.bench.noise import noise, worded
from playground.bench.tables import to_markdown
from playground.jobs import Job
from playground.ui.html import button, icon, join, seconds, stamp
from playground.ui.plots import Series, dots, lines
from playground.ui.progress import icon_button, roughly, size

CAUSES = {
    "": "",
    "template or tokens": "template or tokens",
    "sampler or weights": "sampler or weights",
    "not told": "reason not told",
}
_HEADS = tuple("Tokens/s, alone" if at_once == 1 else f"{at_once} at once" for at_once in AT_ONCE)

SECTION = """<section aria-label="Which backend for me?" id="measure"><div class="headline"><h2>Which backend for me?</h2><span class="soft" id="measure-sum"></span>
<span class="grow"></span><span class="hint" id="measure-when"></span><span id="measure-button"></span></div><div id="measure-now"></div><div id="measure-result"></div>
<div id="measure-acts"></div><details class="can"><summary>What each backend can do</summary><div id="measure-can" class="scroll-x" tabindex="0" role="group" aria-label="What each backend can do"></div></details></section>"""
"""The places that are filled below."""


def job_of(jobs: Iterable[Job]) -> Job | None:
    """The last measuring, under way or ended."""
    return next((job for job in reversed(list(jobs)) if isinstance(job.subject, Measuring)), None)


def section(job: Job | None, last: Measurement | None, backends: Mapping[str, Backend]) -> dict[str, Markup]:
    """Everything of the section, by the id of its places. While a measuring runs, its own numbers are shown."""
    can = abilities(one_of_each(backends))
    runs = job is not None and job.state == "running"
    html = {
        "measure-now": _now(job) if job else Markup(""),
        "measure-button": _button(runs, bool(last)),
        "measure-when": _when(last) if last and not runs else Markup(""),
        "measure-acts": _acts(last, can) if last and not runs else Markup(""),
        "measure-can": _can(can),
    }
    if job is not None and job.state == "running":
        return html | moving(job)
    return html | _shown(last.measured if last else ())


def one_of_each(backends: Mapping[str, Backend]) -> dict[str, Backend]:
    """The backends without further servers of a kind, which can do what the first of it can."""
    kinds: dict[type[Backend], str] = {}
    for name, backend in backends.items():
        kinds.setdefault(type(backend), name)
    return {name: backends[name] for name in kinds.values()}


def moving(job: Job | None) -> dict[str, Markup]:
    """What changes while it is measured, by the id of its places; nothing when nothing is."""
    if job is None or job.state != "running" or not isinstance(job.subject, Measuring):
        return {}
    state = job.subject
    known = [row for row in state.measured if any(row.rates.values())]
    return {
        "measure-step": _step(state),
        "measure-time": Markup("{}").format(_time(job, state)),
        "measure-bar": _bar(state.share),
        **(_shown(known) if known else {"measure-sum": Markup(""), "measure-result": Markup("")}),
    }


def _shown(measured: Sequence[Measured]) -> dict[str, Markup]:
    if not measured:
        hint = "Measure here what tables of adjectives cannot tell: load time, first token, speed alone and with 16 at once."
        return {
            "measure-sum": Markup('<span class="hint">{}</span>').format(hint),
            "measure-result": Markup(""),
        }
    return {
        "measure-sum": Markup("{}").format(verdict(measured)),
        "measure-result": join((_table(measured), _plots(measured))),
    }


# --- under way ------------------------------------------------------------------------------------------


def _now(job: Job) -> Markup:
    if job.state == "running" and isinstance(job.subject, Measuring):
        return Markup(
            '<div class="job" role="group" aria-label="Measuring"><div class="row"><span id="measure-step" class="one">{}</span><span class="grow"></span>'
            '<span class="hint num" id="measure-time">{}</span>{}</div><div id="measure-bar">{}</div></div>'
        ).format(
            _step(job.subject),
            _time(job, job.subject),
            button("Stop", "cancel_job", symbol="stop", kind="small", job=job.id),
            _bar(job.subject.share),
        )
    if job.state == "failed":
        return Markup(
            '<div class="job ended"><div class="row"><span class="bad">{}</span><span class="grow bad">{} <span class="soft">{}</span></span>{}</div></div>'
        ).format(
            icon("warn"),
            job.error,
            job.hint,
            icon_button("cross", "Dismiss this message", "forget_job", job=job.id),
        )
    return Markup("")


def _step(state: Measuring) -> Markup:
    number = len(state.measured)
    if not number:
        return Markup("beginning")
    model = state.measured[-1].model
    doing = state.doing.removeprefix(f"{number}/{len(state.models)} {model}: ")
    doing = "one request" if doing == "1 at once" else doing
    return Markup('{} of {} <b class="mono">{}</b> <span class="hint">{}</span>').format(
        number, len(state.models), model, doing
    )


def _time(job: Job, state: Measuring) -> str:
    gone = (datetime.now(UTC) - job.started_at).total_seconds()
    return f"{roughly(gone)}, at most {seconds(state.seconds).replace('.0 s', ' s')}. You can close this tab."


def _bar(share: float) -> Markup:
    percent = f"{share * 100:.0f}"
    return Markup(
        '<span class="track" role="progressbar" aria-label="measuring" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{}"><i style="width:{}%"></i></span>'
    ).format(percent, percent)


def _button(runs: bool, again: bool) -> Markup:
    if runs:
        return Markup("")
    label = "Measure again" if again else "Measure"
    return button(label, "choose_measured", symbol="redo" if again else "play")


def _when(last: Measurement) -> Markup:
    end = "in" if last.complete else "stopped after"
    return Markup("measured here {}, {} {}").format(stamp(last.at), end, seconds(last.took_s))


# --- result ---------------------------------------------------------------------------------------------


def split(model: str) -> tuple[str, str]:
    """The words for a backend, and the name of its model, from a model's id."""
    backend, _, name = model.partition(":")
    return {str(kind): label for kind, label in LABELS.items()}.get(backend, backend), name


def short_names(measured: Sequence[Measured]) -> list[str]:
    """A name for each row that fits into a plot: the backend's, or the model's where a backend has several."""
    parts = [split(row.model) for row in measured]
    backends = [backend for backend, _ in parts]
    names = [name if backends.count(backend) > 1 else backend for backend, name in parts]
    return [name if len(name) <= 18 else f"{name[:17]}…" for name in names]


def verdict(measured: Sequence[Measured]) -> str:
    """One sentence: who writes fastest and how much, alone and at the most requests at once, and what it costs to load."""
    first, most = AT_ONCE[0], AT_ONCE[-1]
    alone = [(row.rates[first] or 0.0, row) for row in measured if row.rates.get(first)]
    if not alone:
        return "No model was measured to its end."
    (best, winner), (least, loser) = max(alone, key=_rate), min(alone, key=_rate)
    names = dict(zip((row.model for row in measured), short_names(measured), strict=True))
    if winner is loser:
        crowd = winner.rates.get(most)
        more = f", {crowd:,.0f} with {most} at once" if crowd else ""
        return f"{names[winner.model]} writes {best:,.0f} tokens/s alone{more}."
    said = f"{names[winner.model]} writes {best / least:.1f} times as fast as {names[loser.model]}"
    if (much := winner.rates.get(most)) and (little := loser.rates.get(most)):
        said += f", with {most} requests {much / little:.1f} times"
    if winner.load_s is not None and loser.load_s is not None and abs(winner.load_s - loser.load_s) >= 1:
        late = winner.load_s - loser.load_s
        said += f", and starts {roughly(abs(late))} {'later' if late > 0 else 'sooner'}"
    return f"{said}."


def _rate(pair: tuple[float, Measured]) -> float:
    return pair[0]


def best_of(values: Sequence[float | None], *, least: bool = False) -> int | None:
    """The place of the best value; None with fewer than two to compare."""
    known = [(value, place) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return None
    return (min if least else max)(known)[1]


def _table(measured: Sequence[Measured]) -> Markup:
    heads = join(Markup('<th class="num" style="width:168px">{}</th>').format(head) for head in _HEADS)
    first = next((row for row in measured if any(row.greedy)), None)
    columns = [_bars([row.first_token_s for row in measured], seconds, least=True)]
    columns += [_bars([row.rates.get(at_once) for row in measured], _speed) for at_once in AT_ONCE]
    rows = join(_row(row, [column[place] for column in columns], first) for place, row in enumerate(measured))
    return Markup(
        '<div class="scroll-x" tabindex="0" role="group" aria-label="Measured"><table class="table bench"><thead><tr><th>Backend and model</th><th class="num" style="width:76px">Load</th>'
        '<th class="num" style="width:168px">First token, less is better</th>{}<th class="num" style="width:106px">Peak memory</th><th style="width:214px">Greedy answers agree</th></tr></thead><tbody>{}</tbody></table></div>'
    ).format(heads, rows)


def _row(row: Measured, cells: Sequence[Markup], first: Measured | None) -> Markup:
    backend, name = split(row.model)
    problem = (
        Markup('<div class="warn why">{} {}</div>').format(icon("warn"), row.problem) if row.problem else ""
    )
    return Markup(
        '<tr><td><b translate="no">{}</b> <span class="mono soft one" title="{}" translate="no">{}</span>{}</td><td class="num">{}</td>{}<td class="num">{}</td><td>{}</td></tr>'
    ).format(
        backend,
        name,
        name,
        problem,
        seconds(row.load_s),
        join(cells),
        size(row.memory_bytes),
        _same(row, first) + _floor(row),
    )


def _bars(
    values: Sequence[float | None], worded: Callable[[float | None], str], *, least: bool = False
) -> list[Markup]:
    """A cell a row: a bar as long as its share of the largest, and the number; the best one is marked."""
    top, best = (
        max((value for value in values if value is not None), default=0.0),
        best_of(values, least=least),
    )
    return [
        Markup(
            '<td class="num"><span class="gauge {}"><span class="track"><i style="width:{}%"></i></span><span>{}</span></span></td>'
        ).format(
            "best" if place == best else "",
            f"{100 * value / top:.1f}" if value and top else 0,
            worded(value),
        )
        for place, value in enumerate(values)
    ]


def _speed(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}"


def _same(row: Measured, first: Measured | None) -> Markup:
    if first is None or not any(row.greedy):
        return Markup('<span class="soft">–</span>')
    if first is row:
        return Markup('<span class="soft">reference</span>')
    told = agreement(first.greedy, row.greedy)
    words = worded_agreement(told)
    if told.equal == told.of:
        return Markup('<span class="ok">{}</span> {}').format(icon("check"), words)
    return Markup('<span class="warn">{} {}</span>').format(icon("different"), words)


def _floor(row: Measured) -> Markup:
    found = noise(row.greedy, row.again)
    return Markup('<div class="hint">{}</div>').format(worded(found)) if found else Markup("")


def worded_agreement(told: Agreement) -> str:
    """Such as "8 of 10: template or tokens"."""
    cause = CAUSES[told.cause]
    return f"{told.equal} of {told.of}" + (f": {cause}" if cause else "")


def _plots(measured: Sequence[Measured]) -> Markup:
    names = short_names(measured)
    rates = [tuple(row.rates.get(at_once) for at_once in AT_ONCE) for row in measured]
    firsts = [row.first_token_s for row in measured]
    if not any(rate for row in rates for rate in row):
        return Markup("")
    ticks = tuple("alone" if at_once == 1 else f"{at_once} at once" for at_once in AT_ONCE)
    speed = [
        Series(
            name,
            f"{row.model}: "
            + ", ".join(f"{_speed(rate)} {tick}" for rate, tick in zip(values, ticks, strict=True)),
            values,
        )
        for name, row, values in zip(names, measured, rates, strict=True)
    ]
    wait = [
        Series(name, f"{row.model}: {seconds(first)}", (first,))
        for name, row, first in zip(names, measured, firsts, strict=True)
    ]
    figure = Markup('<figure><figcaption>{} <span class="hint">{}</span></figcaption>{}</figure>')
    left = figure.format(
        "Tokens/s of all answers together",
        "by requests at once, more is better",
        lines(
            ticks,
            speed,
            best=best_of([max(filter(None, row), default=None) for row in rates]),
            title="Tokens/s by requests at once; the table above has the numbers",
        ),
    )
    right = figure.format(
        "First token",
        "one request, less is better",
        dots(
            wait,
            best=best_of(firsts, least=True),
            unit=seconds,
            title="First token; the table above has the numbers",
        ),
    )
    return Markup('<div class="plots">{}{}</div>').format(left, right)


def _acts(last: Measurement, can: Mapping[str, Mapping[str, bool]]) -> Markup:
    markdown = to_markdown(last.measured, can)
    notes = [
        "Rates are tokens of the answers over the seconds from the first request to the last end.",
        "Load is what the first answer waited longer: about 0 when the model was in memory.",
    ]
    if any(row.rates.get(at_once) is None for row in last.measured if row.rates for at_once in AT_ONCE):
        notes.append("A dash: the answers took longer than their share of the time; a longer one helps.")
    if len({split(row.model)[1].casefold() for row in last.measured}) > 1:
        notes.append("The models or their weights differ, so this compares them as well as the backends.")
    return Markup(
        '<div class="after"><button class="btn quiet small" data-act="copy_text" data-from="#measure-markdown">{}Copy as Markdown</button>'
        '{}{}<span class="hint">{}</span></div><pre id="measure-markdown" hidden>{}</pre>'
    ).format(
        icon("copy"),
        _download("Markdown", "backends.md", "text/markdown", markdown),
        _download("CSV", "backends.csv", "text/csv", to_csv(last.measured)),
        " ".join(notes),
        markdown,
    )


def _download(label: str, name: str, media_type: str, text: str) -> Markup:
    data = b64encode(text.encode("utf-8", "replace")).decode()
    return Markup(
        '<a class="btn quiet small" download="{}" href="data:{};charset=utf-8;base64,{}">{}{}</a>'
    ).format(name, media_type, data, icon("download"), label)


# --- abilities ------------------------------------------------------------------------------------------


def _can(found: Mapping[str, Mapping[str, bool]]) -> Markup:
    names = list(dict.fromkeys(ability for row in found.values() for ability in row))
    heads = join(Markup('<th style="width:176px">{}</th>').format(split(name)[0]) for name in found)
    yes = Markup('<td><span class="ok">{}</span> yes</td>').format(icon("check"))
    no = Markup('<td class="hint">–</td>')
    rows = join(
        Markup("<tr><td>{}</td>{}<td></td></tr>").format(
            name[:1].upper() + name[1:], join(yes if row.get(name) else no for row in found.values())
        )
        for name in names
    )
    return Markup(
        '<table class="table can-table" style="min-width:{}px"><thead><tr><th style="width:210px">Ability</th>{}<th></th></tr></thead><tbody>{}</tbody></table>'
    ).format(234 + 176 * len(found), heads, rows)
