"""How many layers of a model go onto the graphics processors, and what they take there. Pure arithmetic.

    plan(layers, kv_bytes=188_743_680, wanted=ALL, room_bytes=8_000_000_000) → Plan(layers=31, of=31, gpu_bytes=296_000_000)

llama.cpp counts the output as one more layer and takes from the end: of 30 blocks, 3 layers are the output and the last two
blocks. A block brings its share of the KV cells along. Token embeddings stay in the machine's memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from playground.engine.devices import Device

ALL = -1
"""As many layers as fit."""
NONE = 0
_RESERVE_BYTES = 512_000_000
_RESERVE_SHARE = 8
"""Buffers to compute with, and what the driver takes for itself: so much of each device, on small ones an eighth of it."""


class Layers(NamedTuple):
    """Sizes in bytes: of each block, and of the output with the copy of the embeddings that some models use for it."""

    blocks: tuple[int, ...]
    output: int

    @property
    def total(self) -> int:
        """Layers as llama.cpp counts them."""
        return len(self.blocks) + 1


class Plan(NamedTuple):
    """Layers on the graphics processors, of how many, and the memory that weights and KV cells take there."""

    layers: int
    of: int
    gpu_bytes: int


def room(devices: Sequence[Device], bound_bytes: int = 0) -> int:
    """Bytes that models may take on these devices together; a bound of 0 is none."""
    free = sum(
        max(0, device.free_bytes - min(_RESERVE_BYTES, device.total_bytes // _RESERVE_SHARE))
        for device in devices
    )
    return min(free, bound_bytes) if bound_bytes else free


def plan(layers: Layers, kv_bytes: int, wanted: int, room_bytes: int) -> Plan:
    """The wanted layers, as far as they fit; `kv_bytes` are the cells of all blocks."""
    most = layers.total if wanted == ALL else min(wanted, layers.total)
    count = most
    while count and needed(layers, kv_bytes, count) > room_bytes:
        count -= 1
    return Plan(count, layers.total, needed(layers, kv_bytes, count))


def needed(layers: Layers, kv_bytes: int, count: int) -> int:
    """Bytes of so many layers with their KV cells."""
    if not count:
        return 0
    blocks = count - 1
    cells = kv_bytes * blocks // max(1, len(layers.blocks))
    return layers.output + sum(layers.blocks[len(layers.blocks) - blocks :]) + cells


def fewer(count: int) -> int:
    """The next number to try when so many did not fit after all."""
    return count * 3 // 4 if count > 1 else 0
