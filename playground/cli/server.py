"""Commands for the servers of the columns: add one by its address, list them, remove one.

playground server add "gpu box" https://gpu.example.org/v1 --key-file key.txt
playground server list --format json
playground server remove "gpu box"
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playground.cli.terminal import (
    Data,
    Name,
    Output,
    PrintAs,
    run_async,
    say,
    say_table,
    settings_of,
    write,
)

if TYPE_CHECKING:
    from playground.backends.inventory import Place
    from playground.backends.servers import Server
    from playground.settings import Settings

server = typer.Typer(rich_markup_mode=None)

ServerName = Annotated[str, typer.Argument(metavar="NAME", help="Begins the ids of its models: NAME:MODEL.")]


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.add_typer(server, name="server", help="Add, list and remove model servers.")


@server.command("add")
def add(
    context: typer.Context,
    name: ServerName,
    url: Annotated[str, typer.Argument(metavar="ADDRESS", help="Such as http://127.0.0.1:8000.")],
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="One of: ollama, vllm, llama-server, llamafactory, openai; else asked."
        ),
    ] = "",
    key_file: Annotated[
        str, typer.Option(metavar="FILE", help="The file with its key; - reads standard input.")
    ] = "",
    data: Data = None,
) -> None:
    """Add a model server by its address.

    Without --kind the server is asked what it is, and must run. A key is kept in a file that only you can read; it is
    never an argument, which other users of the machine could see. A server of that name is replaced.
    """
    from playground.backends.servers import LABELS

    settings = settings_of(context, data)
    added = run_async(_add(settings, name, url, kind, _key_in(key_file)))
    say(f"{added.name} added: {LABELS[added.kind]} at {added.url}\n")


async def _add(settings: Settings, name: str, url: str, kind: str, key: str) -> Server:
    from playground.backends.servers import add_server, checked_name, confirm_server, kind_at

    checked_name(name)  # before a server is asked anything
    added = add_server(settings, name, kind or await kind_at(url, settings, key), url, key)
    confirm_server(settings, added.name)  # who types this sits at the machine
    return added


def _key_in(file: str) -> str:
    from playground.cli.arguments import read_text

    return read_text(file).strip() if file else ""


@server.command("list")
def list_servers(
    context: typer.Context,
    output: PrintAs = Output.TEXT,
    data: Data = None,
) -> None:
    """List the model servers, added and usual, with their state."""
    places, found = run_async(_look(settings_of(context, data)))
    if output is Output.JSON:
        write(json.dumps([_row(place) for place in places] + found, ensure_ascii=False, indent=2) + "\n")
        return
    rows = []
    for place in places:
        facts = (
            f"{len(place.models)} {'model' if len(place.models) == 1 else 'models'}"
            if place.is_ok
            else f"{place.problem} {place.hint}".strip()
        )
        rows.append([Name(place.name), Name(place.url), place.state, facts])
    rows += [
        ["-", Name(row["url"]), row["state"], Name(f"playground server add NAME {row['url']}")]
        for row in found
    ]
    say_table(rows)


async def _look(settings: Settings) -> tuple[list[Place], list[dict[str, Any]]]:
    """The servers as they are now, and those that answer on a usual port and are nobody's."""
    from playground.backends.inventory import Inventory
    from playground.backends.remote import RemoteBackend
    from playground.backends.servers import forget_orphans
    from playground.workbench.models import every_backend

    forget_orphans(settings)
    every = every_backend(settings)
    backends = {name: backend for name, backend in every.items() if isinstance(backend, RemoteBackend)}
    try:
        look = await Inventory(settings, backends).look()
    finally:
        await asyncio.gather(*(backend.close() for backend in every.values()))
    found = [{"name": "", "kind": row.kind, "url": row.url, "state": "found"} for row in look.found]
    return [place for place in look.places if place.url], found


def _row(place: Place) -> dict[str, Any]:
    row = {
        name: getattr(place, name) for name in ("name", "kind", "url", "state", "version", "problem", "key")
    }
    return row | {"added": place.is_added, "models": [model.id for model in place.models]}


@server.command("remove")
def remove(context: typer.Context, name: ServerName, data: Data = None) -> None:
    """Forget an added server and its key."""
    from playground.backends.servers import remove_server

    remove_server(settings_of(context, data), name)
    say(f"{name} removed\n")
