"""What the installed llama-cpp-python was built for, told by the files of its library: nothing is loaded.

gpu_kinds() → ("Vulkan",)      () for the usual build, which computes on the processor only
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

KINDS = {
    "cuda": "CUDA",
    "metal": "Metal",
    "vulkan": "Vulkan",
    "hip": "HIP",
    "sycl": "SYCL",
    "musa": "MUSA",
    "opencl": "OpenCL",
    "cann": "CANN",
    "webgpu": "WebGPU",
}
"""What llama.cpp calls the part of its library for a kind of graphics processor, and what people call it."""


def library_folders() -> list[Path]:
    """Where the compiled library lies; empty when it is not installed."""
    spec = find_spec("llama_cpp")
    return [Path(folder, "lib") for folder in (spec.submodule_search_locations or ())] if spec else []


@cache
def gpu_parts() -> tuple[Path, ...]:
    """The files that compute on graphics processors."""
    return tuple(
        path
        for folder in library_folders()
        for path in sorted(folder.glob("*ggml-*"))
        if path.suffix in (".so", ".dylib", ".dll") and _kind(path) in KINDS
    )


def gpu_kinds() -> tuple[str, ...]:
    """What they are for."""
    return tuple(dict.fromkeys(KINDS[_kind(path)] for path in gpu_parts()))


def _kind(path: Path) -> str:
    return path.stem.partition("ggml-")[2]
