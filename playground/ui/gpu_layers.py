"""Graphics processors on the Models tab: a line for each, and for each model how many of its layers go there."""

from __future__ import annotations

from markupsafe import Markup

from playground.backends.inventory import Place
from playground.types.servers import ModelInfo
from playground.ui.html import icon, join


def devices(place: Place) -> Markup:
    """Lines below what a backend holds; nothing where its library computes on the processor only."""
    told = place.graphics
    if told is None:
        return Markup("")
    if told.problem:
        return Markup('<div class="hint"><span class="bad">{}</span> {} {}</div>').format(
            icon("warn"), told.problem, told.hint
        )
    return join(Markup('<div class="hint">{}</div>').format(line) for line in told.devices)


def share(place: Place, model: ModelInfo) -> Markup:
    """How much of a model goes onto them, and the button that changes it."""
    told = place.graphics.models.get(model.id) if place.graphics else None
    if told is None:
        return Markup("")
    words = f"{told.layers} of {told.of} layers on the GPU" if told.layers else "all on the processor"
    words += ", as you chose" if told.wanted is not None else ""
    return Markup(
        '<div class="hint">{} <button class="btn quiet small" data-act="gpu_layers" data-model="{}" '
        'aria-label="Change how many layers of {} go onto the GPU">Change</button></div>'
    ).format(words, model.id, model.name)
