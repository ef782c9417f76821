"""The bench of techniques on the Experiments tab: chosen, under way, and what it found.

    open_experiments(at="techniques")  →  {"experiment": "techniques", "html": {"exp-head": …, "exp-body": …}}

It is a job of the program, not of the page; the last result is kept until the next one.
"""

from __future__ import annotations

import math
from base64 import b64encode
from typing import cast

from markupsafe import Markup

from playground.bench.kept_techniques import Benching, KeptBench, last_bench
from playground.bench.technique_report import CURVE, Equal, Report
from playground.bench.technique_tables import to_csv
from playground.bench.technique_words import asked, beside, headline
from playground.bench.techniques import USUAL, ZERO_SHOT
from playground.jobs import Job
from playground.stats import Paired
from playground.stats.sentences import points
from playground.techniques.registry import SINGLE, technique_of
from playground.ui.actions import Ask
from playground.ui.drawers import select
from playground.ui.experiments import crumbs
from playground.ui.forest import Axis, Interval, Look, forest, ticks
from playground.ui.html import Name, button, icon, join, plural, stamp
from playground.ui.technique_gain import By, gain_plot
from playground.ui.update import Update
from playground.workbench.sample_data import all_samples
from playground.workbench.service import Workbench
from playground.workbench.techniques import offered

AT = "techniques"
"""What stands in the place of an experiment's id."""
SAMPLE = "sample:"
POLL_MS = 1000
TOLD = (2, 3, 5, 8, 10, 13, 16, 20, 30, 40)
"""How often zero-shot is asked in the rows of its table; the plot has them all."""
MOST_SAVED = 200
"""Saved prompts in the list of prompts."""
CASES = (("20", "20 cases"), ("60", "60 cases"), ("120", "120 cases"), ("0", "all cases"))
SAMPLES = (("3", "3 times"), ("5", "5 times"), ("8", "8 times"), ("20", "20 times"))
LENGTHS = (("128", "128 tokens"), ("256", "256 tokens"), ("512", "512 tokens"), ("1024", "1,024 tokens"))


def job_of(workbench: Workbench) -> Job | None:
    """The last bench, under way or ended."""
    jobs = [job for job in workbench.jobs if isinstance(job.subject, Benching)]
    return jobs[-1] if jobs else None


async def shown(workbench: Workbench, ask: Ask) -> Update:
    """The page: what runs, else the last result, else (or when another one is wanted) what to choose."""
    job, last = job_of(workbench), last_bench(workbench.settings)
    if job is not None and job.state == "running" and isinstance(job.subject, Benching):
        html = _under_way(job, job.subject)
    elif job is not None and job.state == "failed" and not ask.text("anew"):
        html = {**await _chosen(workbench), "exp-poll": Markup("")}
        html["exp-body"] = Markup('<p class="alert" role="alert">{}<span><b>{}</b> {}</span></p>{}').format(
            icon("warn"), job.error, job.hint, html["exp-body"]
        )
    elif last is not None and not ask.text("anew"):
        html = _found(last)
    else:
        html = await _chosen(workbench)
    return {"experiment": AT, "html": html}


# --- chosen ---------------------------------------------------------------------------------------------


async def _chosen(workbench: Workbench) -> dict[str, Markup]:
    kept = await workbench.datasets.all()
    names = {each.name for each in kept}
    data = [(each.id, f"{each.name}, {plural(each.rows, 'row')}") for each in kept]
    data += [
        (f"{SAMPLE}{each.name}", f"{each.title}, {plural(each.rows, 'row')}")
        for each in await all_samples()
        if each.title not in names
    ]
    models = [(model.id, model.id) for model in (await workbench.models.inventory.look(60.0)).chat_models]
    usual = f"{SAMPLE}arithmetic"
    first = usual if usual in dict(data) else next(iter(dict(data)), "")
    fields = join(
        Markup('<label for="{}">{}</label>{}').format(ident, label, control)
        for ident, label, control in (
            ("tb-data", "Data set", select("tb-data", "data", data, first)),
            ("tb-prompt", "Asked with", select("tb-prompt", "prompt", await _prompts(workbench), "")),
            ("tb-model", "Model", select("tb-model", "model", models, next(iter(dict(models)), ""))),
            ("tb-cases", "Cases", select("tb-cases", "cases", CASES, "60")),
            ("tb-samples", "Zero-shot is asked", select("tb-samples", "samples", SAMPLES, "8")),
            ("tb-length", "An answer has at most", select("tb-length", "length", LENGTHS, "256")),
        )
    )
    there = workbench.runs.programs.there_anywhere()
    ticks_ = join(
        Markup(
            '<label class="tb-pick{}"><input type="checkbox" name="technique:{}"{}{}> <span>{}</span> <span class="hint">{}</span></label>'
        ).format(
            " off" if each.lacks else "",
            each.name,
            Markup(" checked") if each.name in USUAL and not each.lacks else "",
            Markup(" disabled") if each.lacks else "",
            each.row.title,
            each.lacks or each.row.about,
        )
        for each in offered(there)
        if each.name not in (SINGLE, CURVE, ZERO_SHOT)
    )
    head = Markup(
        '<div class="exp-bar">{}<h2>Techniques at equal tokens</h2><span class="grow"></span></div>'
    )
    body = Markup(
        '<div class="tb-setup" data-form><p class="lead">Each technique answers the same cases. Its rival is zero-shot asked as often as its tokens pay for, '
        'and voted.</p><div class="tb-fields">{}</div><fieldset class="tb-list"><legend>Techniques</legend>{}</fieldset><div class="row">{}'
        '<span class="hint">A column called answer or expected holds the answer, one called question or text what is asked. Every answer is kept as a run.</span></div></div>'
    ).format(fields, ticks_, button("Measure", "start_bench", symbol="play", kind="primary"))
    return {"exp-head": head.format(crumbs()), "exp-body": body, "exp-poll": Markup("")}


async def _prompts(workbench: Workbench) -> list[tuple[str, str]]:
    """What a question can be asked with: itself alone, a prompt that comes with a sample, a saved one."""
    alone = [("", "the question alone")]
    samples = [
        (f"{SAMPLE}{each.name}", _prompt_of(each.title)) for each in await all_samples() if each.prompt
    ]
    saved = await workbench.saved.search("", limit=MOST_SAVED)
    return alone + samples + [(row.id, Name(row.name)) for row in saved]


def _prompt_of(sample_title: str) -> str:
    return f"the prompt of {sample_title}"


# --- under way and found --------------------------------------------------------------------------------


def _under_way(job: Job, state: Benching) -> dict[str, Markup]:
    model = state.model.partition(":")[2]
    head = Markup(
        '<div class="exp-bar">{}<h2>Techniques on {}</h2><span class="hint"><span class="mono">{}</span></span><span class="grow"></span>{}</div>'
    ).format(crumbs(), state.title, model, button("Stop", "stop_bench", symbol="stop"))
    body = Markup('<div id="tb-live">{}</div>').format(_live(state))
    return {"exp-head": head, "exp-body": body, "exp-poll": Markup("")}


def _live(state: Benching) -> Markup:
    """What changes while it runs, and asks again."""
    share = 100 * state.done / state.total if state.total else 0
    return Markup(
        '<div class="tb-now"><div class="row"><span>{:,} of {}</span><span class="grow"></span><span class="hint">It goes on when this tab is closed.</span></div>'
        '<span class="track"><i style="width:{}%"></i></span></div>{}<span data-poll="bench_now" data-every="{}"></span>'
    ).format(
        state.done,
        plural(state.total, "answer"),
        f"{share:.1f}",
        _report(state.report, is_whole=False) if state.report else "",
        POLL_MS,
    )


async def bench_now(workbench: Workbench, ask: Ask) -> Update:
    """How far it is; what it found once it is over, where it stands."""
    job = job_of(workbench)
    if job is not None and job.state == "running" and isinstance(job.subject, Benching):
        return {"html": {"tb-live": _live(job.subject)}}
    return await shown(workbench, ask)


def _found(last: KeptBench) -> dict[str, Markup]:
    report = last.report
    data = b64encode(to_csv(report).encode("utf-8", "replace")).decode()
    csv = Markup(
        '<a class="btn quiet" download="techniques.csv" href="data:text/csv;charset=utf-8;base64,{}">{}CSV</a>'
    ).format(data, icon("download"))
    state = Markup('{} <span class="mono">{}</span>, {}, {} {}').format(
        icon("check", "ok") if last.is_complete else icon("stop", "soft"),
        report.model.partition(":")[2],
        plural(report.cases, "case"),
        "finished" if last.is_complete else "stopped",
        stamp(last.at),
    )
    head = Markup(
        '<div class="exp-bar">{}<h2>Techniques on {}</h2><span class="hint">{}</span><span class="grow"></span>{}{}</div>'
    ).format(
        crumbs(), last.title, state, csv, button("Measure another", "open_experiments", at=AT, anew="yes")
    )
    body = join((_report(report, is_whole=True), _ordering(last)))
    return {"exp-head": head, "exp-body": body, "exp-poll": Markup("")}


def _ordering(last: KeptBench) -> Markup:
    """Whether Compare lists techniques in this order, and the way back."""
    said = (
        "Compare lists techniques in this order."
        if last.orders
        else "Compare lists techniques in its own order."
    )
    change = button("Undo" if last.orders else "Use this order", "bench_order", kind="quiet")
    return Markup('<p class="tb-order"><span class="hint">{}</span> {}</p>').format(said, change)


def _report(report: Report, *, is_whole: bool) -> Markup:
    said = (
        Markup('<div class="tb-verdict"><h2>{}</h2><p>{}</p></div>').format(headline(report), beside(report))
        if is_whole
        else Markup("")
    )
    parts = _drawn(report), _bought(report), _table(report, is_whole=is_whole), _failures(report)
    return Markup('{}<div class="tb-all"><div class="tb-two">{}{}</div>{}{}</div>').format(said, *parts)


def _drawn(report: Report) -> Markup:
    """The plot over tokens, and over seconds where these are known: the page shows one of them."""
    plots = [
        (by, title, plot)
        for by, title in (("tokens", "Gain against tokens"), ("time", "Gain against time"))
        if (plot := gain_plot(report, cast(By, by)))
    ]
    if not plots:
        return Markup("")
    chosen = join(
        Markup('<button type="button" data-tb-by="{}" aria-pressed="{}">{}</button>').format(
            by, "true" if by == "tokens" else "false", by.capitalize()
        )
        for by, _, _ in plots
    )
    switch = Markup('<span class="seg" role="group" aria-label="What lies along">{}</span>').format(chosen)
    return Markup('<section class="tb-plot" aria-label="Gain">{}{}</section>').format(
        switch if len(plots) > 1 else "",
        join(
            Markup(
                '<div data-tb-plot="{}"{}><h3>{t} <span class="hint">dashed: zero-shot, voted, with 95 %</span></h3>'
                '<div class="scroll-x" tabindex="0" role="group" aria-label="{t}">{}</div></div>'
            ).format(by, Markup(" hidden") if by != "tokens" else "", plot, t=title)
            for by, title, plot in plots
        ),
    )


def _bought(report: Report) -> Markup:
    """What equal tokens buy: zero-shot asked once and more often."""
    plain = report.tried[0]
    rows: list[tuple[str, float, float, Paired | None]]
    rows = [("once", plain.mean_tokens, plain.accuracy.value if plain.accuracy else math.nan, None)]
    rows += [
        (
            f"{p.samples} times, voted",
            p.tokens,
            p.accuracy,
            report.over_one(p.samples) if p.samples <= len(report.votes) else None,
        )
        for p in report.curve
        if p.samples in TOLD or (p.samples > 1 and p.samples == len(report.curve))
    ]
    lines = join(
        Markup(
            '<tr><td>{}</td><td class="num">{}</td><td class="num"><b>{}</b></td><td class="num">{}</td><td class="num">{}</td></tr>'
        ).format(name, _count(tokens), _percent(share), _gain(pair) if pair else "", _within(pair))
        for name, tokens, share, pair in rows
    )
    return Markup(
        '<section class="tb-bought" aria-label="What equal tokens buy"><h3>What equal tokens buy</h3><table class="table"><thead><tr><th>Zero-shot asked</th>'
        '<th class="num">Tokens</th><th class="num">Score</th><th class="num">Gain</th><th class="num">95 %</th></tr></thead><tbody>{}</tbody></table>'
        '<p class="hint">The rival of a technique is zero-shot asked as often as its tokens pay for, rounded up, on the same cases.</p></section>'
    ).format(lines)


def _table(report: Report, *, is_whole: bool) -> Markup:
    rows = report.equals()
    ends = [(each.gain.low, each.gain.high) for each in rows if each.gain]
    axis = Axis.around(ends, within=(-1, 1), reference=0.0)
    lines = join(_row(report, each, axis, is_whole=is_whole) for each in rows)
    return Markup(
        '<div class="scroll-x" tabindex="0" role="group" aria-label="Techniques"><table class="table tb-table"><thead><tr><th style="width:190px">Technique</th><th class="num">Calls</th><th class="num">Tokens</th>'
        '<th class="num">Price</th><th class="num">Score</th><th class="num">95 %</th><th class="num">Over zero-shot</th><th class="num">95 %</th><th class="num" style="width:186px">Same tokens as</th>'
        '<th class="num">Gain there</th><th style="width:{}px">{}</th><th class="num">95 %</th><th style="width:112px">Verdict</th></tr></thead><tbody>{}</tbody></table></div>'
        '<p class="hint tb-note">Verdicts are Holm-corrected over {}. Every technique answered the same {} with the same seed; answers are read by the same extraction.</p>'
    ).format(
        axis.width + 24, ticks(axis), lines, plural(len(rows), "technique"), plural(report.cases, "case")
    )


def _row(report: Report, each: Equal, axis: Axis, *, is_whole: bool) -> Markup:
    tried, plain = each.tried, report.tried[0].mean_tokens
    score, gain = tried.accuracy, each.gain
    price = f"×{tried.mean_tokens / plain:.1f}" if plain > 0 and tried.mean_tokens > 0 else "–"
    picture = forest(Interval(gain.difference, gain.low, gain.high) if gain else None, axis, look=_look(each))
    cells = (
        f"{tried.mean_calls:.1f}".removesuffix(".0") if tried.ended else "–",
        _count(tried.mean_tokens),
        price,
        Markup("<b>{}</b>").format(_percent(score.value if score else math.nan)),
        f"{points(score.low)} to {points(score.high)}" if score else "",
        _gain(each.over_one),
        _within(each.over_one),
        asked(each) if tried.ended else "",
        Markup("<b>{}</b>").format(_gain(gain)),
    )
    return Markup(
        '<tr data-technique="{n}"{}><td class="what"><b>{}</b></td>{}<td class="pic">{}</td><td class="num within">{}</td><td class="says">{}</td></tr>'
    ).format(
        Markup(
            ' data-act="bench_differing" data-name="{}" tabindex="0" title="Cases where it and its rival differ"'
        ).format(tried.name)
        if is_whole
        else "",
        tried.title,
        join(
            Markup('<td class="num{}">{}</td>').format(" gain" if number == len(cells) - 1 else "", cell)
            for number, cell in enumerate(cells)
        ),
        picture,
        _within(gain),
        _verdict(each) if is_whole else "",
        n=tried.name,
    )


def _look(each: Equal) -> Look:
    return "worse" if each.is_decided and each.gain and each.gain.difference < 0 else ""


def _verdict(each: Equal) -> Markup:
    if each.gain is None:
        return Markup('<span class="soft">too few</span>')
    if not each.is_decided:
        return Markup('<span class="soft">{} no verdict</span>').format(icon("dash"))
    if each.gain.difference > 0:
        return Markup('<span class="ok">↑ better</span>')
    return Markup('<span class="bad">↓ worse</span>')


def _failures(report: Report) -> Markup:
    lines = [
        Markup("<li><b>{}</b>: {} without an answer: {}</li>").format(
            each.title, plural(count, "case"), reason
        )
        for each in report.tried
        for reason, count in each.failures.most_common(3)
    ]
    return Markup('<ul class="tb-failed">{}</ul>').format(join(lines)) if lines else Markup("")


def _count(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.0f}"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def _gain(pair: Paired | None) -> str:
    return "–" if pair is None else points(pair.difference, signed=True)


def _within(pair: Paired | None) -> str:
    return "" if pair is None else f"{points(pair.low)} to {points(pair.high)}"


def known(name: str) -> bool:
    """Whether a technique can be measured here by its name."""
    return name not in (SINGLE, CURVE, ZERO_SHOT) and bool(technique_of(name))
