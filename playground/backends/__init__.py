"""Where answers come from: one file per backend, one row each in `BACKENDS`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, cast

from playground.backends.base import Backend
from playground.backends.servers import added_servers
from playground.errors import SettingsError
from playground.settings import Settings

# "module:Class", imported when chosen, so that nobody pays for a backend that is not used.
BACKENDS: dict[str, str] = {
    "llama.cpp": "playground.backends.llamacpp:LlamaCppBackend",
    "ollama": "playground.backends.ollama:OllamaBackend",
    "vllm": "playground.backends.vllm:VllmBackend",
    "llama-server": "playground.backends.llama_server:LlamaServerBackend",
    "llamafactory": "playground.backends.llamafactory:LlamaFactoryBackend",
    "openai": "playground.backends.openai_compatible:OpenAICompatibleBackend",
    "scripted": "playground.backends.scripted:ScriptedBackend",
}

MEMBERS = ("name", "abilities", "parallel", "models", "stream", "health", "close")
"""What every backend has: see `Backend`."""


def rows() -> dict[str, str]:
    """`BACKENDS` and what other packages register in the entry-point group `playground.backends`."""
    return BACKENDS | _registered()


@cache
def _registered() -> dict[str, str]:
    """Looked up once: reading what is installed takes longer than building all backends."""
    return {point.name: point.value for point in entry_points(group="playground.backends")}


def added_backends(settings: Settings) -> dict[str, Backend]:
    """The servers that were added by address, by their names; raises SettingsError when their file cannot be read."""
    return {
        server.name: cast(Backend, _class(BACKENDS[server.kind])(settings, server))
        for server in added_servers(settings)
    }


def make_backend(name: str, settings: Settings) -> Backend:
    """The backend of that row, built with the settings; raises SettingsError for a name without a row, and for what is no backend."""
    table = rows()
    if name not in table:
        raise SettingsError(f'There is no backend "{name}".', f"Known backends: {', '.join(table)}.")
    backend = _class(table[name])(settings)
    missing = [member for member in MEMBERS if not hasattr(backend, member)]
    if missing:  # only one from another package can lack something
        raise SettingsError(
            f'The backend "{name}" has no {", ".join(missing)}.',
            f"Ask who made the package of {table[name].partition(':')[0]} for a newer one, or uninstall it.",
        )
    return cast(Backend, backend)


def _class(row: str) -> Any:
    module, _, attribute = row.partition(":")
    return getattr(import_module(module), attribute)
