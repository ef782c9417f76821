"""Where a model goes: the layers that fit onto the graphics processors, within a bound for all models. Runs in the child.

    graphics = Graphics(bound_mb=0)
    placed = graphics.place(header, window=8192, wanted=ALL, taken_bytes=0) → Placed(Plan(31, 31, …), "Vulkan0 (…)", …)

The number of layers decides an answer's last bits, so it follows from the file and the free memory alone, not from the other
models that happen to be there: those make room, or are waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from playground.engine.devices import Device, devices
from playground.engine.gguf import Header, layer_sizes
from playground.engine.offload import NONE, Layers, Plan, needed, plan, room


class Placed(NamedTuple):
    """A plan, on which devices, and what it was made from. `shares_memory`: what lies there lies in the machine's memory."""

    plan: Plan
    device: str
    shares_memory: bool
    layers: Layers
    kv_bytes: int

    def gpu_bytes(self, count: int) -> int:
        """What so many layers take on the devices."""
        return needed(self.layers, self.kv_bytes, count)

    def own_bytes(self, count: int) -> int:
        """What so many layers save in the machine's memory."""
        return 0 if self.shares_memory else self.gpu_bytes(count)

    def least_layers(self, too_much_bytes: int) -> int:
        """How many must be there for the machine's memory to hold the rest, which is so many bytes too large without them."""
        counts = range(self.layers.total)
        return next((n for n in counts if self.own_bytes(n) >= too_much_bytes), self.layers.total)


class Graphics:
    """The graphics processors. They are looked at for the first model that wants any, and again while none is on them."""

    def __init__(self, bound_mb: int, look: Callable[[], Sequence[Device]] = devices) -> None:
        self._bound_bytes = bound_mb * 1_000_000
        self._look = look
        self._devices: Sequence[Device] = ()
        self.room_bytes = 0

    def place(self, header: Header, window: int, wanted: int, taken_bytes: int) -> Placed | None:
        """What to load where; None for a model that stays on the processor. Raises BackendError for a file that is none."""
        if wanted == NONE:
            return None
        if not taken_bytes:
            self._devices = self._look()
            self.room_bytes = room(self._devices, self._bound_bytes)
        if not self._devices:
            return None
        layers, kv_bytes = layer_sizes(header.path), header.kv_bytes_per_token * window
        return Placed(
            plan(layers, kv_bytes, wanted, self.room_bytes),
            " + ".join(device.label for device in self._devices),
            all(device.is_integrated for device in self._devices),
            layers,
            kv_bytes,
        )
