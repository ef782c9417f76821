"""What can be done with servers on the Models tab: add and remove, keep a key, run a vLLM of our own.

Keys come in and never go out.
"""

from __future__ import annotations

import asyncio
import shlex

from markupsafe import Markup

from playground.backends.invariance import refuse_where_impossible
from playground.backends.inventory import Place
from playground.backends.managed_vllm import Managed, require_vllm
from playground.backends.servers import KINDS, LABELS
from playground.errors import NotFoundError, SettingsError
from playground.plurals import plural
from playground.settings import key_variable
from playground.ui.actions import Action, Ask
from playground.ui.drawers import drawer, field, form, select
from playground.ui.html import button, icon, join
from playground.ui.models import LOOKED_S, done, shown
from playground.ui.models_places import worded
from playground.ui.update import Update
from playground.workbench.service import Workbench

# --- servers and keys -----------------------------------------------------------------------------------


async def add_server(workbench: Workbench, ask: Ask) -> Update:
    """Ask for name, kind, address and key; then add the server."""
    if ask.text("sure") == "yes":
        name, kind = ask.text("name"), ask.text("kind")
        server = await workbench.models.add_server(name, kind, ask.text("url"), ask.text("secret"))
        return await done(workbench, f"{server.name} added: {LABELS[server.kind]}")
    kinds = [("", "find out"), *((kind, LABELS[kind]) for kind in KINDS)]
    rows = (
        ("server-name", "Name", field("server-name", "name", hint="gpu box", extra="autofocus")),
        ("server-url", "Address", field("server-url", "url", hint="http://127.0.0.1:8000")),
        ("server-kind", "Kind", select("server-kind", "kind", kinds, "")),
        ("server-key", "Key, if it asks", field("server-key", "secret", kind="password")),
    )
    submit = button("Add the server", "add_server", symbol="plus", kind="primary", sure="yes")
    note = "The key is kept in a file that only you can read. It is never shown again and never part of an export."
    return drawer("Add a server", form(rows, submit, note))


async def use_server(workbench: Workbench, ask: Ask) -> Update:
    """Add a server that was found on a usual port."""
    server = await workbench.models.add_server(ask.text("name"), ask.text("kind"), ask.text("url"))
    return await done(workbench, f"{server.name} can be used now")


async def server_key(workbench: Workbench, ask: Ask) -> Update:
    """Ask for another key of a server, then keep it; an empty one forgets."""
    name = ask.text("name")
    if ask.text("confirm") == "yes":
        await workbench.models.confirm_server(name)
        return await done(workbench, f"{key_variable(name)} is sent to {name}")
    if ask.text("sure") == "yes":
        key = ask.text("secret").strip()
        await workbench.models.set_server_key(name, key)
        return await done(workbench, "Key kept" if key else "Key forgotten")
    place = await _place(workbench, name)
    now = {"kept": "A key is kept.", "environment": "", "withheld": "", "": "No key is kept."}[place.key]
    if place.key == "environment":
        now = f"The key in use comes from {key_variable(name)} in the environment and goes before one kept here."
    confirm = Markup("")
    if place.key == "withheld":
        confirm = Markup(
            "<p>{} is set in the environment and not sent to {}: nobody at this machine has confirmed that address.</p>{}"
        ).format(
            key_variable(name),
            place.url,
            button("Send it there", "server_key", symbol="check", name=name, confirm="yes"),
        )
    rows = (("server-key", "Key", field("server-key", "secret", kind="password", extra="autofocus")),)
    submit = button("Keep this key", "server_key", symbol="save", kind="primary", name=name, sure="yes")
    note = f"{now} It is never shown. An empty field forgets it. A file that only you can read holds it."
    return drawer(f"Key of {place.label}", join((confirm, form(rows, submit, note))))


async def server_parallel(workbench: Workbench, ask: Ask) -> Update:
    """Ask how many answers a server is asked for at once, then keep it; `usual` forgets what was learnt or chosen."""
    name = ask.text("name")
    if ask.text("usual") == "yes":
        await workbench.models.set_parallel(name, None)
        return await done(workbench, f"{name}: as many answers at once as is usual")
    if ask.text("sure") == "yes":
        answers = ask.typed("answers", "At most", 1)
        await workbench.models.set_parallel(name, answers)
        return await done(workbench, f"{name}: up to {answers:,} at once")
    place = await _place(workbench, name)
    control = field("server-answers", "answers", value=str(place.parallel), kind="number", extra="autofocus")
    submit = button(
        "Keep this number", "server_parallel", symbol="save", kind="primary", name=name, sure="yes"
    )
    note = "Further answers wait here for their turn. When a server goes away with several under way, half as many are asked for from then on."
    usual: Markup | str = ""
    if place.bound:
        under = place.bound.died_under
        why = (
            f"It went away with {plural(under, 'answer')} under way."
            if under
            else "This number was chosen here."
        )
        usual = Markup("<p>{}</p>{}").format(
            why, button("As many as is usual", "server_parallel", symbol="redo", name=name, usual="yes")
        )
    return drawer(
        f"Answers at once of {place.label}",
        join((form((("server-answers", "At most", control),), submit, note), usual)),
    )


async def remove_server(workbench: Workbench, ask: Ask) -> Update:
    """Ask first, then forget an added server with its key."""
    name = ask.text("name")
    if ask.text("sure") == "yes":
        await workbench.models.remove_server(name)
        return await done(workbench, f"{name} removed")
    place = await _place(workbench, name)
    key = " and the key kept for it" if place.key == "kept" else ""
    body = Markup(
        '<p>The address <span class="mono">{}</span>{} is forgotten. The server itself and stored runs stay; columns that use it need another model.</p><div class="pair">{}{}</div>'
    ).format(
        place.url,
        key,
        button("Remove it", "remove_server", symbol="trash", kind="danger", name=name, sure="yes"),
        button("Keep it", "close"),
    )
    return drawer(f"Remove {name}", body)


async def _place(workbench: Workbench, name: str) -> Place:
    place = (await workbench.models.inventory.look(LOOKED_S)).place(name)
    if place is None:
        raise NotFoundError(f'No server is called "{name}".', "Look again.")
    return place


# --- a vLLM of our own ----------------------------------------------------------------------------------


_INVARIANT = Markup(
    '<span><input type="checkbox" id="vllm-invariant" name="invariant"> <span class="soft">an answer does not depend on '
    "those written beside it; slower, and only on GPUs that can (NVIDIA from compute capability 8.0, in newer versions of "
    "vLLM also AMD Instinct and Intel)</span></span>"
)


async def start_vllm(workbench: Workbench, ask: Ask) -> Update:
    """Ask for a model and further options, then start the server; `again` starts one that has ended as it was."""
    if ask.text("again"):
        managed = workbench.jobs.get(ask.text("again")).subject
        if not isinstance(managed, Managed):
            raise NotFoundError("This server is not here any more.", "Start it anew.")
        options = shlex.join(managed.arguments)
        workbench.models.serve_vllm(managed.model, options, batch_invariant=managed.batch_invariant)
        workbench.jobs.forget(ask.text("again"))
        return await shown(workbench, LOOKED_S)
    if ask.text("sure") == "yes":
        invariant = str(ask.fields.get("invariant", "")).lower() == "true"
        if invariant:  # said in the drawer, before a server is on its way
            await asyncio.to_thread(refuse_where_impossible)
        workbench.models.serve_vllm(ask.text("model"), ask.text("options"), batch_invariant=invariant)
        return {**await shown(workbench, LOOKED_S), "drawer": None}
    missing = Markup("")
    try:
        require_vllm()
    except SettingsError as exc:
        missing = Markup(
            '<div class="alert warn">{}<div><b>{}</b>{}</div></div><p class="hint">A vLLM that runs elsewhere needs no installation here: use Add a server.</p>'
        ).format(icon("warn"), exc.message, worded(exc.hint))
    rows = (
        ("vllm-model", "Model", field("vllm-model", "model", hint="Qwen/Qwen3-0.6B", extra="mono")),
        (
            "vllm-options",
            "Further options",
            field("vllm-options", "options", hint="--max-model-len 4096"),
        ),
        ("vllm-invariant", "Batch-invariant", _INVARIANT),
    )
    submit = button("Start", "start_vllm", symbol="play", kind="primary", sure="yes")
    if missing:
        submit = Markup('<button class="btn primary" disabled>{}Start</button>').format(icon("play"))
    note = "A name on Hugging Face, or a folder with a model. It listens on this machine only, with neutral sampling, and ends with this program or with Stop. You can close this tab while it loads."
    return drawer("Start a vLLM server", join((missing, form(rows, submit, note))))


ACTIONS: dict[str, Action] = {
    "add_server": add_server,
    "use_server": use_server,
    "server_key": server_key,
    "server_parallel": server_parallel,
    "remove_server": remove_server,
    "start_vllm": start_vllm,
}
