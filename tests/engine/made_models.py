"""Models made from the embedded one by llama.cpp's own quantiser: other number formats, fewer layers.

made_model(folder, "F16", layers=3) → folder/F16-3.gguf, made once
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import llama_cpp.llama_cpp as llama

from playground.engine.library import start_library
from playground.settings import embedded_model_path

FORMATS = {"Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "F16": 1, "Q4_K_S": 14, "Q4_K_M": 15, "BF16": 32, "Q6_K": 18}
"""llama.cpp's number of each file type."""
LAYERS = 30


def made_model(folder: Path, kind: str, layers: int = LAYERS, source: Path | None = None) -> Path:
    """The embedded model (or another) in another number format, with its first `layers` layers only."""
    target = folder / f"{source.stem + '-' if source else ''}{kind}-{layers}.gguf"
    source = source or embedded_model_path()
    assert source
    if target.exists():
        return target
    start_library()
    params = llama.llama_model_quantize_default_params()
    params.ftype, params.allow_requantize, params.nthread = FORMATS[kind], True, 2
    without = [*range(layers, LAYERS), -1]
    pruned = (ctypes.c_int32 * len(without))(*without)
    if layers < LAYERS:
        params.prune_layers = ctypes.cast(pruned, type(params.prune_layers))
    folder.mkdir(exist_ok=True)
    half = target.with_suffix(".half")
    code = llama.llama_model_quantize(os.fsencode(source), os.fsencode(half), ctypes.byref(params))
    assert code == 0, f"llama.cpp could not make {target.name}"
    return half.rename(target)
