"""The servers a person has: on their usual ports, or added by address with a name, a kind and maybe a key.

    await discover(settings)   → [Server("ollama", "ollama", "http://127.0.0.1:11434", found=True)]
    add_server(settings, "gpu box", "vllm", "https://gpu.example.org/v1", key="…")

`servers.json` in the data folder holds what was added. Keys stand apart from it, in the environment
(`PLAYGROUND_KEY_<NAME>`) or in `keys.json`, which only the user can read: never in the database, never in a text.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from playground.backends.addresses import base_url, is_loopback
from playground.backends.deadlines import Deadline
from playground.backends.http import Connection, prepare
from playground.backends.processes import is_gone
from playground.errors import BackendUnavailable, NotFoundError, PlaygroundError, SettingsError
from playground.settings import Settings, key_variable
from playground.whole_files import write_whole

Kind = Literal["ollama", "vllm", "llama-server", "llamafactory", "openai"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LABELS: dict[Kind, str] = {
    "ollama": "Ollama",
    "vllm": "vLLM",
    "llama-server": "llama-server",
    "llamafactory": "LLaMA-Factory",
    "openai": "OpenAI-compatible server",
}
USUAL_PORTS = (11434, 8000, 8080, 8190)
LOOK_SECONDS = 0.4
NAMED_SECONDS = 10.0
"""A server that somebody named is given so long to say what it is."""
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Server:
    """A server of a kind at an address. `name` begins the ids of its models; `found` says that nobody added it.

    `confirmed`: the settings name this address, or who sits at this machine does; only then a key of the environment
    is sent to it. A visitor who may add servers could otherwise have it sent to an address of his own.
    `owner` is the program (see `processes`) that runs the server and takes the row away at its end; empty for others.
    `batch_invariant` says whether it was started in that mode; None for a server that somebody else started.
    """

    name: str
    kind: Kind
    url: str
    found: bool = False
    confirmed: bool = True
    owner: str = ""
    batch_invariant: bool | None = None


def usual_server(kind: Kind, settings: Settings) -> Server:
    """The server of that kind at the configured address; the address is empty where the kind is left out."""
    url = {
        "ollama": settings.ollama_url,
        "vllm": settings.vllm_url,
        "llama-server": settings.llama_server_url,
        "llamafactory": settings.llamafactory_url,
        "openai": settings.openai_url,
    }[kind]
    return Server(kind, kind, base_url(url) if url.strip() else "", found=True)


# --- added servers --------------------------------------------------------------------------------------


def added_servers(settings: Settings) -> list[Server]:
    """What was added, in that order; raises SettingsError for a file that cannot be read."""
    path = settings.data_dir / "servers.json"
    try:
        rows = json.loads(path.read_text("utf-8"))
        return [_server_of(row) for row in rows]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise SettingsError(
            f"{path.name} in the data folder cannot be read.", "Repair or delete it."
        ) from exc


def _server_of(row: dict[str, Any]) -> Server:
    url = base_url(row["url"])
    # Version 0.2 did not ask: what it added on this machine cannot take a key anywhere.
    confirmed = bool(row.get("confirmed", is_loopback(url)))
    owner = str(row.get("owner", ""))
    invariant = row.get("batch_invariant")
    return Server(
        checked_name(row["name"]),
        _kind(row["kind"]),
        url,
        confirmed=confirmed,
        owner=owner,
        batch_invariant=invariant if isinstance(invariant, bool) else None,
    )


def confirm_server(settings: Settings, name: str) -> None:
    """Let the key of the environment go to the address of that added server; raises NotFoundError."""
    servers = added_servers(settings)
    if name not in [server.name for server in servers]:
        raise NotFoundError(f'No server called "{name}" was added.', "Look again.")
    _write_servers(settings, [replace(s, confirmed=True) if s.name == name else s for s in servers])


def add_server(
    settings: Settings,
    name: str,
    kind: str,
    url: str,
    key: str = "",
    *,
    owner: str = "",
    batch_invariant: bool | None = None,
) -> Server:
    """Remember a server, in place of one of that name; raises SettingsError for what cannot be one.

    The key of an earlier server of that name is forgotten: it was meant for another address.
    """
    server = Server(
        checked_name(name),
        _kind(kind),
        base_url(url),
        confirmed=not settings.is_open_to_network,
        owner=owner,
        batch_invariant=batch_invariant,
    )
    set_key(settings, server.name, key)
    others = [known for known in added_servers(settings) if known.name != server.name]
    _write_servers(settings, [*others, server])
    return server


def remove_server(settings: Settings, name: str) -> None:
    """Forget an added server and its key; raises NotFoundError."""
    servers = added_servers(settings)
    if name not in [server.name for server in servers]:
        raise NotFoundError(
            f'No server called "{name}" was added.', "Servers found on their usual ports stay."
        )
    _write_servers(settings, [server for server in servers if server.name != name])
    set_key(settings, name, "")


def forget_orphans(settings: Settings) -> list[Server]:
    """Take away the rows of servers whose program was killed before it could; the servers ended with it."""
    servers = added_servers(settings)
    orphans = [server for server in servers if server.owner and is_gone(server.owner)]
    if not orphans:
        return []
    with suppress(SettingsError):  # a folder that cannot be written now is no reason not to start
        _write_servers(settings, [server for server in servers if server not in orphans])
        for server in orphans:
            set_key(settings, server.name, "")
    return orphans


def checked_name(name: str) -> str:
    """The name without blanks around it; raises SettingsError where model ids would become ambiguous."""
    name = str(name).strip()
    if not name or len(name) > LONGEST_NAME or ":" in name or not name.isprintable():
        raise SettingsError(
            "This cannot be the name of a server.", f"Use 1 to {LONGEST_NAME} characters without a colon."
        )
    if name in (*KINDS, "llama.cpp", "scripted"):
        raise SettingsError(f'"{name}" already stands for a server of this machine.', "Choose another name.")
    return name


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise SettingsError(f'"{kind}" is not a kind of server.', f"Kinds: {known}.")
    return kind


def _write_servers(settings: Settings, servers: list[Server]) -> None:
    rows = [
        {"name": server.name, "kind": server.kind, "url": server.url, "confirmed": server.confirmed}
        | ({"owner": server.owner} if server.owner else {})
        | ({} if server.batch_invariant is None else {"batch_invariant": server.batch_invariant})
        for server in servers
    ]
    write_private(settings.data_dir / "servers.json", rows)


# --- keys -----------------------------------------------------------------------------------------------


def key_of(settings: Settings, name: str, *, confirmed: bool = True) -> str:
    """The key of a server, from the environment (for a confirmed address) or the key file; empty without one."""
    return (settings.server_key(name) if confirmed else "") or _keys(settings).get(name, "")


def set_key(settings: Settings, name: str, key: str) -> None:
    """Keep the key of a server, or forget it when empty; raises SettingsError, which never shows the key."""
    key = key.strip()
    if any(not "!" <= character <= "~" for character in key):
        raise SettingsError(
            "The key holds a blank or a character that cannot be sent.", "Copy it again, without line ends."
        )
    keys = _keys(settings)
    if keys.get(name, "") == key:
        return
    kept = {other: value for other, value in keys.items() if other != name}
    write_private(settings.data_dir / "keys.json", kept | ({name: key} if key else {}))


def key_hint(name: str) -> str:
    """What to do when a server asks for a key."""
    return f"Enter its key in the Models tab, or set {key_variable(name)}."


def _keys(settings: Settings) -> dict[str, str]:
    path = settings.data_dir / "keys.json"
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)  # copied or unpacked with wider rights
        keys = json.loads(path.read_text("utf-8"))
        return {str(name): str(key) for name, key in keys.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, AttributeError):
        # The decoder's own message would show a piece of the file.
        raise SettingsError("keys.json in the data folder cannot be read.", "Repair or delete it.") from None


def write_private(path: Path, value: Any) -> None:
    """Replace a JSON file in one step; only the user can read it from its first byte on. Raises SettingsError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, json.dumps(value, indent=1).encode())
    except OSError as exc:
        raise SettingsError(
            f"{path.name} in the data folder cannot be written.", "Check its rights."
        ) from exc


# --- looking --------------------------------------------------------------------------------------------


async def discover(settings: Settings) -> list[Server]:
    """Servers that answer now on the configured addresses and the usual ports of this machine; under half a second."""
    usual = {server.url: server for kind in KINDS if (server := usual_server(kind, settings)).url}
    urls = list(dict.fromkeys([*usual, *(f"http://127.0.0.1:{port}" for port in USUAL_PORTS)]))
    kinds = await asyncio.gather(*(identify(url, settings) for url in urls))
    return [
        usual[url]
        if url in usual and usual[url].kind == kind
        else Server(_found_name(kind, url), kind, url, True)
        for url, kind in zip(urls, kinds, strict=True)
        if kind
    ]


async def kind_at(url: str, settings: Settings, key: str = "") -> Kind:
    """Which kind of server answers at an address that somebody gave; raises SettingsError when nothing that serves models does."""
    address = base_url(url)
    kind = await identify(address, settings, key=key.strip(), seconds=NAMED_SECONDS)
    if kind is None:
        raise SettingsError(
            f"Nothing that serves models answers at {address}.",
            "Start the server, or choose its kind to add it as it is.",
        )
    return kind


async def identify(
    url: str,
    settings: Settings,
    *,
    key: str = "",
    seconds: float = LOOK_SECONDS,
) -> Kind | None:
    """Which kind of server answers there, told by its answers; None when nothing that serves models does."""
    connection = Connection("The server", url, settings, key=key)
    await prepare()
    try:
        async with Deadline(seconds):
            return await _identify(connection, seconds)
    except (PlaygroundError, TimeoutError):
        return None
    finally:
        await connection.close()


async def _identify(connection: Connection, seconds: float) -> Kind | None:
    models: Any = None
    refusal = ""
    try:
        models = await connection.get("/v1/models", timeout_s=seconds)
    except BackendUnavailable:
        return None
    except PlaygroundError as exc:
        refusal = exc.message
    owners = {str(row.get("owned_by", "")).lower() for row in listed(models, "data")}
    for owner, kind in OWNERS.items():
        if owner in owners:
            return kind
    if refusal and "Invalid API key." in refusal:  # word for word LLaMA-Factory's
        return "llamafactory"
    if "version" in await _quiet(connection, "/api/version", seconds):
        return "ollama"
    if "version" in await _quiet(connection, "/version", seconds):
        return "vllm"
    if "default_generation_settings" in await _quiet(connection, "/props", seconds):
        return "llama-server"
    known = isinstance(models, dict) and ("data" in models or models.get("object") == "list")
    return "openai" if known or "key" in refusal else None


OWNERS: dict[str, Kind] = {
    "vllm": "vllm",
    "llamacpp": "llama-server",
    "owner": "llamafactory",
    "library": "ollama",
}
"""What stands under `owned_by` in a list of models."""


def listed(value: Any, name: str) -> list[dict[str, Any]]:
    """The objects in a list of an answer; empty for every other shape."""
    rows = value.get(name) if isinstance(value, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


async def _quiet(connection: Connection, path: str, seconds: float) -> dict[str, Any]:
    with suppress(PlaygroundError):
        answer = await connection.get(path, timeout_s=seconds)
        return answer if isinstance(answer, dict) else {}
    return {}


def _found_name(kind: Kind, url: str) -> str:
    return f"{kind}-{url.rpartition(':')[2].partition('/')[0]}"
