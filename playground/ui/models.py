"""The Models tab: which backends answer, which models they have, and what is on its way.

What changes while a person looks (progress, load of a server) has places of its own, so that asking again every
moment never takes a button away from under the pointer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import gradio as gr
from markupsafe import Markup

from playground.backends.inventory import Look, Place
from playground.backends.managed_vllm import Managed
from playground.backends.remote import can_chat
from playground.bench.kept import last_measurement
from playground.jobs import Job
from playground.types.servers import ModelInfo
from playground.ui import bench, gpu_layers, managed_vllm
from playground.ui.actions import Action, Ask
from playground.ui.html import count, icon, join, stamp
from playground.ui.models_places import STATES, load_id, load_line, places_table
from playground.ui.progress import icon_button, job_layers, job_row, job_sum, newest_first, size
from playground.ui.trouble import notice
from playground.ui.update import Update
from playground.workbench.service import Workbench

FRESH_S = 4.0
"""Opening the tab again so soon shows what was seen."""
LOOKED_S = 60.0
"""A model chosen in a row was seen at the last look."""
JOB_MS, LOAD_MS = 700, 2000

_PAGE = f"""<div class="pp models" id="models"><div class="messages"></div>
<section aria-label="Backends"><div class="headline"><h2>Backends</h2><span class="hint" id="models-looked">looking on the usual ports</span><span class="grow"></span>
<button class="btn quiet" data-act="open_models" data-fresh="yes"><svg class="i" aria-hidden="true"><use href="#i-redo"></use></svg>Look again</button>
<button class="btn quiet" data-act="open_sandbox"><svg class="i" aria-hidden="true"><use href="#i-lock"></use></svg>Sandbox</button>
<button class="btn" data-act="start_vllm"><svg class="i" aria-hidden="true"><use href="#i-play"></use></svg>Start vLLM</button>
<button class="btn" data-act="add_server"><svg class="i" aria-hidden="true"><use href="#i-plus"></use></svg>Add a server</button></div>
<div id="models-places" class="scroll-x" tabindex="0" role="group" aria-label="Servers"></div><div id="models-served"></div></section>
<section aria-label="Models"><div class="headline"><h2>Models</h2><span class="hint num" id="models-count"></span><span class="grow"></span>
<input class="field find" type="search" placeholder="Find a model" aria-label="Find a model" data-filter="#models-list tbody tr">
<button class="btn" data-act="gguf"><svg class="i" aria-hidden="true"><use href="#i-plus"></use></svg>Add a GGUF file</button><span id="models-pull"></span></div>
<div id="models-jobs"></div><div id="models-list" class="scroll-x" tabindex="0" role="group" aria-label="Models"></div></section>
{bench.SECTION}<div id="models-poll"></div></div>"""

_ABILITIES = {"completion": "text", "embedding": "embeddings"}


def build() -> None:
    """Layout only; the tables are filled when the tab is opened."""
    gr.HTML(_PAGE, apply_default_css=False, elem_id="models-tab-body")


# --- what is shown --------------------------------------------------------------------------------------


async def open_models(workbench: Workbench, ask: Ask) -> Update:
    """The whole tab; `fresh` looks again although the last look is young."""
    return await shown(workbench, 0 if ask.text("fresh") else FRESH_S)


async def shown(workbench: Workbench, max_age_s: float = 0) -> Update:
    """The whole tab after something has changed."""
    look = await workbench.models.inventory.look(max_age_s)
    jobs = list(workbench.jobs)
    pulls = list(filter(_is_pull, jobs))
    last = await asyncio.to_thread(last_measurement, workbench.settings)
    models = [(place, model) for place in look.places if place.is_ok for model in place.models]
    can_pull = any(place.is_managed and place.is_ok for place in look.places)
    return {
        "choices": choices(look),
        "html": {
            "models-looked": Markup("looked for on the usual ports, {}").format(stamp(look.at)),
            "models-places": places_table(look, await workbench.models.inventory.metrics(), _ours(jobs)),
            "models-served": managed_vllm.rows(jobs),
            "models-count": _counted(len(models), sum(job.state == "running" for job in pulls)),
            "models-pull": _pull_button(can_pull),
            "models-jobs": join(job_row(job) for job in newest_first(pulls)),
            "models-list": _models(models),
            **bench.section(bench.job_of(jobs), last, workbench.models.backends),
            "models-poll": Markup("") if _ours(jobs) else _poll(jobs, look),
            "health": _health(look, jobs),
        },
    }


async def done(workbench: Workbench, toast: str) -> Update:
    """The whole tab, looked at anew, after something was done."""
    workbench.models.inventory.forget()
    return {**await shown(workbench), "drawer": None, "toast": toast}


async def poll_models(workbench: Workbench, ask: Ask) -> Update:
    """What moves: jobs and the load of servers; the whole tab once a job has begun, changed or ended."""
    jobs = list(workbench.jobs)
    if ask.text("jobs") != _signature(jobs):
        workbench.models.inventory.forget()
        return await shown(workbench)
    html = managed_vllm.moving(jobs) | bench.moving(bench.job_of(jobs))
    for job in filter(_is_pull, workbench.jobs.running):
        html |= {f"job-{job.id}-sum": job_sum(job), f"job-{job.id}-layers": job_layers(job)}
    if ask.text("load"):
        metrics = await workbench.models.inventory.metrics()
        html |= {load_id(name): load_line(row) for name, row in metrics.items()}
    return {"html": html}


async def health(workbench: Workbench, ask: Ask) -> Update:
    """The line in the page's head."""
    look = await workbench.models.inventory.look(60, search=False)
    return {"html": {"health": _health(look, list(workbench.jobs)), "trouble": notice(workbench)}}


def choices(look: Look) -> list[dict[str, str]]:
    """Models for the columns of Compare, as its script takes them."""
    return [{"id": m.id, "name": m.name, "backend": m.backend, "detail": m.detail} for m in look.chat_models]


def _health(look: Look, jobs: Sequence[Job]) -> Markup:
    good = ", ".join(place.label for place in look.places if place.is_ok)
    bad = [place for place in look.places if not place.is_ok and place.is_wanted]
    parts = [Markup('<span class="good">{}{}</span>').format(icon("check", "ok"), good)] if good else []
    parts += [
        Markup('<span class="bad" title="{}">{}{} {}</span>').format(
            place.problem, icon("warn"), place.label, STATES[place.state][2]
        )
        for place in bad
    ]
    # Seen from every tab: the models of a server that has come or gone are columns at once.
    return join((*parts, _poll(jobs, look) if _ours(jobs) else ""))


def _poll(jobs: Sequence[Job], look: Look) -> Markup:
    runs = any(job.state == "running" for job in jobs)
    loads = any(place.is_measured and place.is_ok for place in look.places)
    if not runs and not loads:
        return Markup("")
    return Markup(
        '<span data-poll="poll_models" data-every="{}" data-jobs="{}" data-load="{}"></span>'
    ).format(JOB_MS if runs else LOAD_MS, _signature(jobs), "yes" if loads else "")


def _signature(jobs: Iterable[Job]) -> str:
    return " ".join(f"{job.id}:{_state(job)}" for job in jobs)


def _state(job: Job) -> str:
    return job.subject.state if isinstance(job.subject, Managed) and job.state == "running" else job.state


def _is_pull(job: Job) -> bool:
    """Whether status and layers are all there is of it: a model is pulled or made."""
    return job.subject is None


def _ours(jobs: Iterable[Job]) -> dict[str, str]:
    """Servers that this program runs: the name of each among the backends ("" until it answers), and its job."""
    return {
        job.subject.server.name if job.subject.server else "": job.id
        for job in jobs
        if job.state == "running" and isinstance(job.subject, Managed)
    }


# --- models ---------------------------------------------------------------------------------------------


def _counted(models: int, running: int) -> str:
    return f"{models:,}" + (f", and {running} on {'its' if running == 1 else 'their'} way" if running else "")


def _pull_button(enabled: bool) -> Markup:
    why = "" if enabled else Markup(' disabled title="Opens when an Ollama server answers"')
    return Markup('<button class="btn" data-act="pull"{}>{}Pull a model</button>').format(
        why, icon("download")
    )


def _models(models: Sequence[tuple[Place, ModelInfo]]) -> Markup:
    if not models:
        return Markup(
            '<p class="empty" style="padding:16px var(--pad)">No model is here. Add a GGUF file, pull one with Ollama, or add a server.</p>'
        )
    return Markup(
        '<table class="table list"><thead><tr><th>Model</th><th style="width:130px">Backend</th><th style="width:96px">Weights</th>'
        '<th class="num" style="width:84px">Size</th><th class="num" style="width:152px">Trained context</th>'
        '<th style="width:190px">Can</th><th style="width:236px">State</th>'
        '<th style="width:236px"><span class="sr">Actions</span></th></tr></thead><tbody>{}</tbody></table>'
        '<p class="empty none" style="padding:12px var(--pad)" hidden>No model has these words.</p>'
    ).format(join(_model(place, model) for place, model in models))


def _model(place: Place, model: ModelInfo) -> Markup:
    loaded = place.in_memory(model)
    if loaded:
        facts = ["loaded"]
        facts += [size(loaded.size_bytes)] if loaded.size_bytes else []
        facts += [f"context {count(loaded.context_tokens)}"] if loaded.context_tokens else []
        state = Markup('<span class="accent">{}</span> {}').format(icon("dot"), ", ".join(facts))
    elif place.is_managed or place.kind is None:
        state = Markup('<span class="soft">{} on disk</span>{}').format(
            icon("ring"), gpu_layers.share(place, model)
        )
    else:
        window = f", context {count(model.context_tokens)}" if model.context_tokens else ""
        state = Markup('<span class="accent">{}</span> served{}').format(icon("dot"), window)
    acts: list[Markup] = []
    if can_chat(model):
        acts.append(
            Markup(
                '<button class="btn quiet small" data-act="use_model" data-model="{}">Use in Compare</button>'
            ).format(model.id)
        )
    if place.is_managed and loaded:
        acts.append(
            Markup(
                '<button class="btn quiet small" data-act="unload_model" data-model="{}">Unload</button>'
            ).format(model.id)
        )
    if place.is_managed:
        acts.append(icon_button("trash", f"Delete {model.name}", "delete_model", model=model.id))
    return Markup(
        '<tr><td class="mono" translate="no"><span class="one" title="{}">{}</span></td><td translate="no">{}</td><td class="mono soft">{}</td>'
        '<td class="num">{}</td><td class="num">{}</td><td class="soft">{}</td><td>{}</td><td><span class="acts-cell">{}</span></td></tr>'
    ).format(
        model.name,
        model.name,
        place.label,
        model.quantization or "–",
        size(model.size_bytes),
        count(model.trained_tokens),
        abilities(place, model),
        state,
        join(acts),
    )


def abilities(place: Place, model: ModelInfo) -> str:
    """What a model can do in our words; a dash where the server does not tell."""
    known = model.capabilities or (("completion",) if place.kind is None else ())
    return ", ".join(dict.fromkeys(_ABILITIES.get(word, word) for word in known)) or "–"


ACTIONS: dict[str, Action] = {
    "open_models": open_models,
    "poll_models": poll_models,
    "health": health,
}
