"""A model with few of its layers, in which to try what all of them have in common. Runs in the child.

    few_layers(Path("SmolLM2-135M-Instruct.Q4_1.gguf"), Path("/tmp/x/few.gguf"))
    → True: the file has the first layer of every make (which formats its matrices have), three at least

A tenth of the weights takes a tenth of the time, and of a large model the time is minutes.
"""

from __future__ import annotations

import mmap
import re
import shutil
import struct
from pathlib import Path
from typing import NamedTuple

from playground.engine.gguf import metadata, opened, parts_of, string

_LEAST = 3
"""Layers: what the first computes shows in the keys and values of the second."""
_BLOCK = re.compile(r"blk\.(\d+)\.(.+)")


class _Tensor(NamedTuple):
    name: str
    make: bytes  # dimensions and number format, as the file says them
    start: int
    size: int


def few_layers(path: Path, target: Path) -> bool:
    """Write the smaller model; False, and no file, where that is no model or saves little: layers that are not all alike.

    Raises OSError when there is no room for it, BackendError when `path` is not a GGUF file.
    """
    if len(parts_of(path)) > 1:
        return False
    with opened(path) as view:
        values, at = metadata(view)
        count = values.get(key := f"{values.get('general.architecture')}.block_count")
        tensors, alignment = _tensors(view, at, values.get("general.alignment") or 32)
        layers = _layers(tensors)
        if len(layers) != count or any(isinstance(v, list) and len(v) == count for v in values.values()):
            return False
        chosen = _chosen(layers)
        if not chosen or 2 * len(chosen) > len(layers):
            return False
        kept = [kept for tensor in tensors if (kept := _renamed(tensor, chosen))]
        if 2 * sum(tensor.size for tensor in kept) > shutil.disk_usage(target.parent).free:
            return False
        head = bytearray(view[:at])
        struct.pack_into("<Q", head, 8, len(kept))
        place = head.find(struct.pack("<Q", len(key)) + key.encode()) + 8 + len(key)
        struct.pack_into("<II", head, place, _UINT32, len(chosen))
        _write(target, bytes(head), kept, view, alignment)
    return True


_UINT32 = 4


def _tensors(view: mmap.mmap, at: int, alignment: int) -> tuple[list[_Tensor], int]:
    """All tensors, with where in the file they lie."""
    (count,) = struct.unpack_from("<Q", view, 8)
    found = []
    for _ in range(count):
        name, at = string(view, at)
        (dimensions,) = struct.unpack_from("<I", view, at)
        end = at + 4 + 8 * dimensions + 4
        found.append((name, view[at:end], struct.unpack_from("<Q", view, end)[0]))
        at = end + 8
    data = -(-at // alignment) * alignment
    starts = sorted({start for _, _, start in found} | {len(view) - data})
    after = dict(zip(starts, starts[1:], strict=False))
    return [
        _Tensor(name, make, data + start, after.get(start, start) - start) for name, make, start in found
    ], alignment


def _layers(tensors: list[_Tensor]) -> dict[int, dict[str, bytes]]:
    """The tensors of each layer, with their makes."""
    layers: dict[int, dict[str, bytes]] = {}
    for tensor in tensors:
        if block := _BLOCK.fullmatch(tensor.name):
            layers.setdefault(int(block[1]), {})[block[2]] = tensor.make
    return layers


def _chosen(layers: dict[int, dict[str, bytes]]) -> list[int]:
    """The first layer of each make, and some more; none where they are not of one design."""
    designs = {frozenset((name, make[:-4]) for name, make in layer.items()) for layer in layers.values()}
    if len(designs) != 1:
        return []
    makes: dict[frozenset[tuple[str, bytes]], int] = {}
    for number in sorted(layers):
        makes.setdefault(frozenset(layers[number].items()), number)
    others = [number for number in sorted(layers) if number not in makes.values()]
    return sorted([*makes.values(), *others[: max(0, _LEAST - len(makes))]])


def _renamed(tensor: _Tensor, chosen: list[int]) -> _Tensor | None:
    """The tensor in a model of these layers; None for one of another layer."""
    block = _BLOCK.fullmatch(tensor.name)
    if not block:
        return tensor
    number = int(block[1])
    return tensor._replace(name=f"blk.{chosen.index(number)}.{block[2]}") if number in chosen else None


def _write(target: Path, head: bytes, tensors: list[_Tensor], view: mmap.mmap, alignment: int) -> None:
    at, places = 0, []
    for tensor in tensors:
        places.append(at)
        at += -(-tensor.size // alignment) * alignment
    with target.open("wb") as file:
        file.write(head)
        for tensor, place in zip(tensors, places, strict=True):
            name = tensor.name.encode()
            file.write(struct.pack("<Q", len(name)) + name + tensor.make + struct.pack("<Q", place))
        file.write(bytes(-file.tell() % alignment))
        for tensor in tensors:
            with memoryview(view)[tensor.start : tensor.start + tensor.size] as data:
                file.write(data)
            file.write(bytes(-tensor.size % alignment))
