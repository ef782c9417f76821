"""How many layers of each model file are wanted on graphics processors: a small list in the data folder, `gpu.json`.

    {"/models/qwen3-8b-Q4_K_M.gguf": 20}

What is not in it has the number of the settings.
"""

from __future__ import annotations

import json
from pathlib import Path

from playground.backends.servers import write_private
from playground.errors import SettingsError
from playground.settings import Settings

MOST = 10_000


def layers_of(settings: Settings, model: Path) -> int:
    """Layers that are wanted of that file: a number, or -1 for all that fit."""
    return chosen(settings).get(str(model), settings.gpu_layers)


def chosen(settings: Settings) -> dict[str, int]:
    """What was chosen for single files; nothing where the list cannot be read."""
    try:
        kept = json.loads((settings.data_dir / "gpu.json").read_text("utf-8"))
        return {
            str(path): count for path, count in kept.items() if type(count) is int and -1 <= count <= MOST
        }
    except (OSError, ValueError, AttributeError):
        return {}


def choose(settings: Settings, model: Path, count: int | None) -> None:
    """Keep a number for one file, None for that of the settings; raises SettingsError."""
    if count is not None and not -1 <= count <= MOST:
        raise SettingsError(
            f"{count:,} cannot be a number of layers.", "Give 0 for none, or the number of layers."
        )
    others = {path: number for path, number in chosen(settings).items() if path != str(model)}
    write_private(settings.data_dir / "gpu.json", others | ({} if count is None else {str(model): count}))
