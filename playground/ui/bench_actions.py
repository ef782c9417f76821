"""Measuring the backends from the Models tab: choose models and time, begin; Stop is that of every job."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from markupsafe import Markup

from playground.backends.inventory import Look, Place
from playground.backends.remote import can_chat
from playground.bench.kept import Measuring, measuring
from playground.errors import NotFoundError, PromptError
from playground.types.servers import ModelInfo
from playground.ui.actions import Action, Ask
from playground.ui.bench import job_of
from playground.ui.drawers import drawer, select
from playground.ui.html import button, join
from playground.ui.models import LOOKED_S, shown
from playground.ui.progress import size
from playground.ui.update import Update
from playground.workbench.service import Workbench

TIMES = (("30", "30 s"), ("100", "1 min 40 s"), ("300", "5 min"))
"""For all models together."""
USUAL_TIME = "100"


async def choose_measured(workbench: Workbench, ask: Ask) -> Update:
    """Ask which models are measured and for how long."""
    look = await workbench.models.inventory.look(LOOKED_S)
    groups = [
        (place, chat)
        for place in look.places
        if place.is_ok and (chat := [m for m in place.models if can_chat(m)])
    ]
    if not groups:
        raise NotFoundError(
            "There is no model that can be measured.", "Add a GGUF file, pull a model, or add a server."
        )
    chosen = usual_choice(look)
    lists = join(_group(place, models, chosen) for place, models in groups)
    body = Markup(
        '<div data-form class="measure-form">{}<div class="form"><label for="measure-seconds" class="soft">Time for all</label>{}</div>{}</div>'
        '<p class="hint">The same model on each backend makes the fairest comparison. Each model is loaded, asked alone, then with 4 and 16 requests at once, then with ten greedy questions. Other work of these servers meanwhile makes the numbers worse.</p>'
    ).format(
        lists,
        select("measure-seconds", "seconds", TIMES, USUAL_TIME),
        button("Measure", "measure", symbol="play", kind="primary"),
    )
    return drawer("Which backend for me?", body)


def _group(place: Place, models: Sequence[ModelInfo], chosen: set[str]) -> Markup:
    rows = join(
        Markup(
            '<label class="pick-model"><input type="checkbox" name="model:{}"{}> <span class="mono">{}</span> <span class="hint">{}</span></label>'
        ).format(
            model.id,
            Markup(" checked") if model.id in chosen else "",
            model.name,
            ", ".join(filter(None, (model.quantization, size(model.size_bytes) if model.size_bytes else ""))),
        )
        for model in models
    )
    return Markup("<fieldset><legend>{}</legend>{}</fieldset>").format(place.label, rows)


def usual_choice(look: Look) -> set[str]:
    """One model of each backend: one that other backends have too, else one in memory, else the smallest."""
    places = [place for place in look.places if place.is_ok]
    chosen = set()
    for place in places:
        others = [_key(m.name) for other in places if other is not place for m in other.models if can_chat(m)]

        def rank(
            model: ModelInfo, place: Place = place, others: list[str] = others
        ) -> tuple[bool, bool, float]:
            key = _key(model.name)
            shared = any(key.startswith(other) or other.startswith(key) for other in others)
            return not shared, place.in_memory(model) is None, model.size_bytes or float("inf")

        models = [model for model in place.models if can_chat(model)]
        if models:
            chosen.add(min(models, key=rank).id)
    return chosen


def _key(name: str) -> str:
    """What is alike in the names of one model: "smollm2:135m" and "SmolLM2-135M-Instruct" begin alike."""
    return re.sub(r"[^a-z0-9]", "", name.lower().rpartition("/")[2].removesuffix(":latest")) or name


async def measure(workbench: Workbench, ask: Ask) -> Update:
    """Begin with the ticked models."""
    job = job_of(workbench.jobs)
    if job is not None and job.state == "running":
        raise PromptError("The backends are being measured already.", "Stop it first, or wait for its end.")
    known = {model.id for model in (await workbench.models.inventory.look(LOOKED_S)).chat_models}
    ticked = [
        name.removeprefix("model:")
        for name, on in ask.fields.items()
        if name.startswith("model:") and on is True
    ]
    gone = [name for name in ticked if name not in known]
    if gone:
        raise NotFoundError(f"There is no model {gone[0]} any more.", "Look again.")
    if not ticked:
        raise PromptError("No model is chosen.", "Tick at least one; two or more can be compared.")
    seconds = ask.text("seconds", USUAL_TIME)
    if seconds not in dict(TIMES):
        raise PromptError("This is no time to measure for.", "Choose one of the list.")
    state = Measuring(tuple(ticked), float(seconds))
    workbench.jobs.start("Which backend for me?", "", partial(measuring, workbench, state), subject=state)
    return {**await shown(workbench, LOOKED_S), "drawer": None}


ACTIONS: dict[str, Action] = {"choose_measured": choose_measured, "measure": measure}
