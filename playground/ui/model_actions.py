"""What can be done with models on the Models tab: GGUF files, and the models of a server that manages them.

Each action asks first where something would be lost, then answers with the whole tab.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from markupsafe import Markup

from playground.backends.inventory import Place
from playground.backends.llamacpp import LlamaCppBackend
from playground.backends.model_files import check
from playground.errors import BackendError, NotFoundError, PromptError
from playground.types.generation import Message
from playground.types.servers import ModelInfo
from playground.ui.actions import Action, Ask
from playground.ui.drawers import drawer, field, form, select
from playground.ui.forms import readable_draft
from playground.ui.html import button, icon, join
from playground.ui.models import LOOKED_S, choices, done, shown
from playground.ui.onto_compare import default_form
from playground.ui.progress import size
from playground.ui.terms import about
from playground.ui.update import Update
from playground.workbench.runs import find_cell
from playground.workbench.service import Workbench

# --- GGUF files -----------------------------------------------------------------------------------------


def _llamacpp(workbench: Workbench) -> LlamaCppBackend:
    backend = workbench.models.backends.get("llama.cpp")
    if not isinstance(backend, LlamaCppBackend):
        raise BackendError("llama.cpp is not part of this program.", "Add a server instead.")
    return backend


async def gguf(workbench: Workbench, ask: Ask) -> Update:
    """Ask for the path of a file or folder, then check and remember it; the list of those added before."""
    backend = _llamacpp(workbench)
    if ask.text("sure") == "yes":
        path = await asyncio.to_thread(backend.add_file, ask.text("path"))
        return await done(workbench, f"{path.name} added")
    if ask.text("remove"):
        await asyncio.to_thread(backend.remove_file, ask.text("remove"))
        workbench.models.inventory.forget()
        update = await shown(workbench)
        return {**update, **await _gguf_drawer(backend), "toast": "Removed from the list; the file stays"}
    return await _gguf_drawer(backend)


async def _gguf_drawer(backend: LlamaCppBackend) -> Update:
    paths = await asyncio.to_thread(backend.added_paths)
    problems = await asyncio.to_thread(lambda: [check(path) for path in paths])
    path_field = field("gguf-path", "path", hint="/models/qwen3-0.6b-Q8_0.gguf", extra="mono")
    submit = button("Add", "gguf", symbol="plus", kind="primary", sure="yes")
    note = "A path on the machine where this program runs. Nothing is copied; a folder is looked through three levels deep."
    listed = join(
        Markup(
            '<tr><td class="mono">{}{}</td><td><span class="acts-cell"><button class="btn quiet small" data-act="gguf" data-remove="{}" aria-label="Remove {} from the list">Remove</button></span></td></tr>'
        ).format(
            path,
            Markup('<div class="bad">{} {}</div>').format(icon("warn"), problem) if problem else "",
            path,
            path.name,
        )
        for path, problem in zip(paths, problems, strict=True)
    )
    before = Markup(
        '<section><h3>Added before</h3><table class="table"><tr><th>Path</th><th style="width:90px"></th></tr>{}</table></section>'
    )
    body = form((("gguf-path", "File or folder", path_field),), submit, note)
    words = Markup('<p class="hint">Words: GGUF{}, mmproj{}, quantisation{}</p>').format(
        about("GGUF"), about("mmproj"), about("quantisation")
    )
    return drawer("Add a GGUF file or a folder", join((body, words, before.format(listed) if listed else "")))


# --- models of a server ---------------------------------------------------------------------------------


async def _find(workbench: Workbench, model_id: str) -> tuple[Place, ModelInfo]:
    look = await workbench.models.inventory.look(LOOKED_S)
    for place in look.places:
        for model in place.models:
            if model.id == model_id:
                return place, model
    raise NotFoundError(f"There is no model {model_id} any more.", "Look again.")


async def use_model(workbench: Workbench, ask: Ask) -> Update:
    """The model in column 1 of Compare."""
    _, model = await _find(workbench, ask.text("model"))
    draft = readable_draft(ask.form) or await default_form(workbench)
    first = draft.columns[0].model_copy(update={"model": model.id})
    draft = draft.model_copy(update={"columns": (first, *draft.columns[1:])})
    look = await workbench.models.inventory.look(LOOKED_S)
    return {
        "choices": choices(look),
        "form": draft.model_dump(mode="json"),
        "tab": "Compare",
        "toast": f"{model.name} is in column 1",
    }


async def unload_model(workbench: Workbench, ask: Ask) -> Update:
    """Take a model out of its server's memory."""
    place, model = await _find(workbench, ask.text("model"))
    await workbench.models.manager(place.name).unload(model.id)
    return await done(workbench, f"{model.name} is out of memory")


async def delete_model(workbench: Workbench, ask: Ask) -> Update:
    """Ask first, naming the size, then delete a model from its server's disk."""
    place, model = await _find(workbench, ask.text("model"))
    if ask.text("sure") == "yes":
        await workbench.models.manager(place.name).delete(model.id)
        return await done(workbench, f"{model.name} deleted")
    loaded = place.in_memory(model)
    warning = Markup(
        '<div class="alert warn">{}<div><b>This model is in use</b>It is in the memory of {}; answers it is writing now break off.</div></div>'
    ).format(icon("warn"), place.label)
    body = Markup(
        '{}<p><span class="mono">{}</span>, {}, is deleted from the disk of {}. Stored runs keep their answers; to have the model again it must be pulled or made again.</p><div class="pair">{}{}</div>'
    ).format(
        warning if loaded else "",
        model.name,
        size(model.size_bytes),
        place.label,
        button("Delete it", "delete_model", symbol="trash", kind="danger", model=model.id, sure="yes"),
        button("Keep it", "close"),
    )
    return drawer("Delete this model", body)


async def _managers(workbench: Workbench) -> list[Place]:
    look = await workbench.models.inventory.look(LOOKED_S)
    places = [place for place in look.places if place.is_managed and place.is_ok]
    if not places:
        raise BackendError("No Ollama server answers.", "Start one with: ollama serve")
    return places


async def pull(workbench: Workbench, ask: Ask) -> Update:
    """Ask for a name, then pull that model as a job."""
    places = await _managers(workbench)
    if ask.text("sure") == "yes":
        name = " ".join(ask.text("name").split())
        if not name:
            raise PromptError("There is no name.", "Write the name of a model, such as qwen3:0.6b.")
        place = _chosen(places, ask.text("server"))
        detail = f"pulling from {place.label}"
        if any((job.title, job.detail) == (name, detail) for job in workbench.jobs.running):
            raise PromptError(f"{name} is being pulled already.", "Its progress is above the list of models.")
        manager = workbench.models.manager(place.name)
        hint = f'Check the name and its tag, such as "qwen3:0.6b", and whether {place.label} reaches its registry. What is there stays.'
        workbench.jobs.start(name, detail, lambda: manager.pull(name), hint)
        return {**await shown(workbench, LOOKED_S), "drawer": None}
    rows = [("pull-name", "Name", field("pull-name", "name", hint="qwen3:0.6b", extra="mono"))]
    rows += _server_rows("pull-server", places)
    submit = button("Pull", "pull", symbol="download", kind="primary", sure="yes")
    note = "The name as in Ollama's library, with a tag for size and weights. You can close this tab while it is pulled."
    return drawer("Pull a model", form(rows, submit, note))


def _server_rows(ident: str, places: Sequence[Place]) -> list[tuple[str, str, Markup]]:
    if len(places) < 2:
        return []
    rows = [(place.name, f"{place.label}, {place.url}") for place in places]
    return [(ident, "Server", select(ident, "server", rows, places[0].name))]


def _chosen(places: Sequence[Place], name: str) -> Place:
    return next((place for place in places if place.name == name), places[0])


async def create_model(workbench: Workbench, ask: Ask) -> Update:
    """A model on an Ollama server with the prompt and sampling of a run's chosen or voted column built in."""
    run = await workbench.runs.get(ask.run_id())
    vote = run.vote.column if run.vote and run.vote.kind == "column" else None
    cell = find_cell(run, ask.integer("column", vote or 0))
    system = [m for m in cell.messages if m.role == "system"]
    turns = [m for m in cell.messages if m.role != "system"]
    examples = turns[:-1] if turns and turns[-1].role == "user" else turns
    if not cell.messages:
        raise PromptError("This column was sent nothing.", "Run it first.")
    places = await _managers(workbench)
    if ask.text("sure") == "yes":
        name = " ".join(ask.text("name").split())
        if not name:
            raise PromptError("There is no name.", "Write a name for the new model.")
        place = _owner(places, ask.text("base"))
        keep = str(ask.fields.get("keep", "")).lower() == "true"
        answer = cell.completion.text if cell.completion else ""
        history = [*turns, *([Message("assistant", answer)] if answer else [])] if keep else examples
        built = (*system, *history)
        manager, base, sampling = workbench.models.manager(place.name), ask.text("base"), cell.sampling
        steps = lambda: manager.create(name, base, built, sampling)  # noqa: E731
        workbench.jobs.start(name, f"being made on {place.label}", steps)
        return {**await shown(workbench, LOOKED_S), "drawer": None, "tab": "Models"}
    bases = [(m.id, f"{m.name}, {place.label}") for place in places for m in place.models]
    if not bases:
        raise BackendError("Ollama has no model to begin with.", "Pull one in the Models tab first.")
    known = [ident for ident, _ in bases]
    keeps = Markup(
        '<span><input type="checkbox" id="create-keep" name="keep" {}> <span class="soft">keep it with its answer, as history</span></span>'
    )
    rows = (
        ("create-name", "Name", field("create-name", "name", value=_model_name(run.title), extra="mono")),
        (
            "create-base",
            "From",
            select("create-base", "base", bases, cell.model if cell.model in known else known[0]),
        ),
        ("create-keep", "Last question", keeps.format("" if system or examples else Markup("checked"))),
    )
    submit = button(
        "Create the model", "create_model", symbol="plus", kind="primary", column=cell.column, sure="yes"
    )
    parts = [
        f"{len(system)} system turn" if system else "",
        f"{len(examples)} example turns" if examples else "",
    ]
    held = " and ".join(filter(None, parts)) or "no system turn and no examples"
    note = f"Column {cell.column + 1} has {held}, with the values of this run; they and its sampling are built in. The last question is what people will type, so it is left out unless you keep it with its answer."
    return drawer("Create an Ollama model", form(rows, submit, note))


def _owner(places: Sequence[Place], model_id: str) -> Place:
    for place in places:
        if any(model.id == model_id for model in place.models):
            return place
    raise NotFoundError(f"There is no model {model_id} any more.", "Choose another one to begin with.")


def _model_name(title: str) -> str:
    """A name as Ollama takes it: letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "my-prompt"


# --- jobs -----------------------------------------------------------------------------------------------


async def cancel_job(workbench: Workbench, ask: Ask) -> Update:
    """End a job; what the server has already stays there."""
    await workbench.jobs.cancel(ask.text("job"))
    return await _jobs_changed(workbench)


async def forget_job(workbench: Workbench, ask: Ask) -> Update:
    """Take an ended job off the list."""
    workbench.jobs.forget(ask.text("job"))
    return await _jobs_changed(workbench)


async def _jobs_changed(workbench: Workbench) -> Update:
    return await shown(workbench, LOOKED_S)


ACTIONS: dict[str, Action] = {
    "gguf": gguf,
    "use_model": use_model,
    "unload_model": unload_model,
    "delete_model": delete_model,
    "pull": pull,
    "create_model": create_model,
    "cancel_job": cancel_job,
    "forget_job": forget_job,
}
