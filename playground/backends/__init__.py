"""Where answers come from: one file per backend, one row each in `BACKENDS`."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from playground.backends.base import Backend
from playground.errors import SettingsError
from playground.settings import Settings

# "module:Class", imported when chosen, so that nobody pays for a backend that is not used.
BACKENDS: dict[str, str] = {
    "llama.cpp": "playground.backends.llamacpp:LlamaCppBackend",
    "scripted": "playground.backends.scripted:ScriptedBackend",
}


def rows() -> dict[str, str]:
    """`BACKENDS` and what other packages register in the entry-point group `playground.backends`."""
    return BACKENDS | {point.name: point.value for point in entry_points(group="playground.backends")}


def make_backend(name: str, settings: Settings) -> Backend:
    """The backend of that row, built with the settings; raises SettingsError for a name without a row."""
    table = rows()
    if name not in table:
        raise SettingsError(f'There is no backend "{name}".', f"Known backends: {', '.join(table)}.")
    module, _, attribute = table[name].partition(":")
    return cast(Backend, getattr(import_module(module), attribute)(settings))
