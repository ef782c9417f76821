"""The graphics processors that llama.cpp can compute on, as it lists them. Runs in the child, or in a process of its own.

    python -m playground.engine.devices
    [["Vulkan0", "NVIDIA GeForce RTX 3060", false, 11811160064, 12884901888]]

Only a llama-cpp-python that was built for CUDA, Metal, Vulkan, … lists any. The functions are ggml's
(`ggml-backend.h` of llama.cpp commit 0c1e57098); llama-cpp-python has no names for them, so they are declared here.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

_GPU, _INTEGRATED = 1, 2  # enum ggml_backend_dev_type; 0 is the CPU, 3 an accelerator beside it


class Device(NamedTuple):
    """A graphics processor, with the memory that is free on it now; an integrated one shares the machine's own."""

    name: str
    description: str
    is_integrated: bool
    free_bytes: int
    total_bytes: int

    @property
    def label(self) -> str:
        """How receipts call it."""
        return f"{self.name} ({self.description})" if self.description else self.name


class Ggml(Protocol):
    """The functions of ggml's library that are used here; tests put a fake in their place."""

    def ggml_backend_dev_count(self) -> int: ...  # noqa: D102
    def ggml_backend_dev_get(self, index: int) -> Any: ...  # noqa: D102
    def ggml_backend_dev_type(self, device: Any) -> int: ...  # noqa: D102
    def ggml_backend_dev_name(self, device: Any) -> bytes | None: ...  # noqa: D102
    def ggml_backend_dev_description(self, device: Any) -> bytes | None: ...  # noqa: D102
    def ggml_backend_dev_memory(self, device: Any, free: Any, total: Any) -> None: ...  # noqa: D102


class Library:
    """ggml's own library, as libllama has loaded it: a second copy would have a list of devices of its own."""

    def __init__(self) -> None:
        pointer, words, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_size_t)
        self.ggml_backend_dev_count = _declared("ggml_backend_dev_count", ctypes.c_size_t)
        self.ggml_backend_dev_get = _declared("ggml_backend_dev_get", pointer, ctypes.c_size_t)
        self.ggml_backend_dev_type = _declared("ggml_backend_dev_type", ctypes.c_int, pointer)
        self.ggml_backend_dev_name = _declared("ggml_backend_dev_name", words, pointer)
        self.ggml_backend_dev_description = _declared("ggml_backend_dev_description", words, pointer)
        self.ggml_backend_dev_memory = _declared("ggml_backend_dev_memory", None, pointer, size, size)


def _declared(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(_owner(name), name)
    function.restype, function.argtypes = result, list(arguments)
    return function


def _owner(name: str) -> Any:
    """The library that has a function: libllama finds those it depends on, but not on Windows."""
    from playground.engine.bindings import llama

    if hasattr(llama._lib, name):
        return llama._lib
    from llama_cpp._ctypes_extensions import load_shared_library

    folder = Path(llama.__file__).parent / "lib"
    return next(
        x for x in (load_shared_library(n, folder) for n in ("ggml", "ggml-base")) if hasattr(x, name)
    )


def devices(ggml: Ggml | None = None) -> list[Device]:
    """Those that llama.cpp uses by itself: all graphics cards, or without one the processor's own graphics."""
    ggml = ggml or Library()
    found = []
    for index in range(ggml.ggml_backend_dev_count()):
        device = ggml.ggml_backend_dev_get(index)
        kind = ggml.ggml_backend_dev_type(device)
        if kind in (_GPU, _INTEGRATED):
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            ggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
            name, description = ggml.ggml_backend_dev_name(device), ggml.ggml_backend_dev_description(device)
            found.append(
                Device(_text(name), _text(description), kind == _INTEGRATED, free.value, total.value)
            )
    cards = [device for device in found if not device.is_integrated]
    # Apple's are called graphics cards by llama.cpp and have no memory of their own.
    return [device._replace(is_integrated=device.name.startswith("MTL")) for device in cards] or found[:1]


def _text(words: bytes | None) -> str:
    return (words or b"").decode("utf-8", "replace").strip()


def to_json(found: Sequence[Device]) -> str:
    """One line for `from_json`."""
    return json.dumps([list(device) for device in found])


def from_json(line: str | bytes) -> list[Device]:
    """The devices of a line; raises ValueError or TypeError for another one."""
    rows = [Device(*row) for row in json.loads(line)]
    return [
        Device(str(name), str(description), bool(integrated), int(free), int(total))
        for name, description, integrated, free, total in rows
    ]


def main() -> int:
    """Print what there is."""
    from playground.engine.library import start_library

    start_library()
    print(to_json(devices()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
