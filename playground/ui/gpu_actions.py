"""Choosing how many layers of a model go onto the graphics processors."""

from __future__ import annotations

import asyncio

from markupsafe import Markup

from playground.backends.llamacpp import LlamaCppBackend
from playground.errors import NotFoundError
from playground.types.servers import OnGraphics
from playground.ui.actions import Action, Ask
from playground.ui.drawers import drawer, field, form
from playground.ui.html import button, join
from playground.ui.models import LOOKED_S, done
from playground.ui.update import Update
from playground.workbench.service import Workbench


async def gpu_layers(workbench: Workbench, ask: Ask) -> Update:
    """Ask for a number, then keep it; `usual` forgets it. The model is loaded anew with its next answer."""
    model = ask.text("model")
    backend = workbench.models.backends.get("llama.cpp")
    name = model.partition(":")[2]
    if not isinstance(backend, LlamaCppBackend):
        raise NotFoundError(f"There is no model {model} any more.", "Look again.")
    if ask.text("usual") == "yes":
        await asyncio.to_thread(backend.choose_gpu_layers, model, None)
        return await done(workbench, f"{name}: as many layers as usual from its next answer on")
    if ask.text("sure") == "yes":
        layers = ask.typed("layers", "Layers", 0)
        await asyncio.to_thread(backend.choose_gpu_layers, model, layers)
        words = f"{layers:,} layers on the GPU" if layers else "all on the processor"
        return await done(workbench, f"{name}: {words} from its next answer on")
    now = await _share(workbench, model)
    control = field("gpu-layers", "layers", value=str(now.layers), kind="number", extra="autofocus")
    submit = button("Keep this number", "gpu_layers", symbol="save", kind="primary", model=model, sure="yes")
    note = f"It has {now.of} layers; 0 leaves all of them on the processor. What does not fit stays there, and the receipt says how many were on the GPU."
    usual: Markup | str = ""
    if now.wanted is not None:
        usual = Markup("<p>This number was chosen here.</p>{}").format(
            button("As many as usual", "gpu_layers", symbol="redo", model=model, usual="yes")
        )
    return drawer(
        f"GPU layers of {name}", join((form((("gpu-layers", "Layers", control),), submit, note), usual))
    )


async def _share(workbench: Workbench, model: str) -> OnGraphics:
    place = (await workbench.models.inventory.look(LOOKED_S)).place("llama.cpp")
    share = place.graphics.models.get(model) if place and place.graphics else None
    if share is None:
        raise NotFoundError(f"No layer of {model} can be on a graphics processor now.", "Look again.")
    return share


ACTIONS: dict[str, Action] = {"gpu_layers": gpu_layers}
