"""Which mmproj file belongs to which model: the part of a vision model that llama.cpp keeps in a file of its own.

    SmolVLM-256M-Instruct-Q8_0.gguf  +  mmproj-SmolVLM-256M-Instruct-f16.gguf        by its name
    gemma-3-4b-it-Q4_K_M.gguf        +  mmproj-F16.gguf                              alone with it in a folder

Looked for beside the model, and among the files that were named: on the command line, or added in the Models tab.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from playground.engine.gguf import Header, display_name, read_header
from playground.errors import BackendError

_WORD = re.compile(r"[a-z0-9]+")
# Words of a file's name that say nothing about the model.
_GENERAL = re.compile(r"mmproj|gguf|ggml|model|vision|encoder|bf16|f16|f32|fp16|fp32|i?q\d.*|k|m|s|l|xl|\d")
_BEST_FIRST = ("F16", "Q8_0", "BF16", "F32")  # the usual one, and the fastest on a CPU


def is_projector_file(path: Path) -> bool:
    """Whether a GGUF is no model but a projector: its name says so, and its header does not object."""
    if "mmproj" not in path.name.lower():
        return False
    try:
        return read_header(path).is_projector
    except BackendError:
        return True


def projector_of(model: Header, named: Sequence[Path] = ()) -> Path | None:
    """The mmproj file of a model: of those beside it and those named, the one whose name fits best; None without one."""
    folder = model.path.parent
    names = _names(folder)  # of hundreds, for each of hundreds of models: paths are made of a few only
    beside = [folder / name for name in names if "mmproj" in name.lower()]
    candidates = [header for path in dict.fromkeys((*named, *beside)) if (header := _vision_header(path))]
    if not candidates:
        return None
    models = {display_name(Path(name)) for name in names if not is_projector_file(folder / name)}
    is_alone = models <= {display_name(model.path)}
    own = _words(model.path)

    def fits(projector: Header) -> bool:
        if is_alone and projector.path in beside:
            return True
        words = _words(projector.path)
        return words <= own if words else projector.width == model.width

    def order(projector: Header) -> tuple[int, int]:
        quantization = projector.quantization
        place = _BEST_FIRST.index(quantization) if quantization in _BEST_FIRST else len(_BEST_FIRST)
        return -len(_words(projector.path) & own), place

    best = min(filter(fits, candidates), key=order, default=None)
    return best.path if best else None


def _names(folder: Path) -> list[str]:
    """GGUF files of a folder, sorted; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.name.lower().endswith(".gguf"))
    except OSError:
        return []


def _vision_header(path: Path) -> Header | None:
    """Header of a projector for images, else None."""
    if "mmproj" not in path.name.lower():
        return None
    try:
        header = read_header(path)
    except BackendError:
        return None
    return header if header.is_projector and header.has_vision_encoder else None


def _words(path: Path) -> set[str]:
    """The words of a file's name that tell the model."""
    return {word for word in _WORD.findall(path.stem.lower()) if not _GENERAL.fullmatch(word)}
