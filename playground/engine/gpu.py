"""What the parent knows of graphics processors, without loading llama.cpp: kinds, devices, whether a trial run survived.

gpu.library → "Vulkan", "" for a build that computes on the processor only: then nothing else here ever happens
(await gpu.look()).devices → (Device("Vulkan0", "NVIDIA GeForce RTX 3060", …),)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from playground.engine.build import gpu_kinds
from playground.engine.devices import Device, from_json
from playground.engine.findings import Findings
from playground.engine.process import how_it_ended, throw_away

_FRESH_S = 5.0
_COMPANY_S = 60.0
"""A device so slow that the trial takes longer gains nothing by calls that answers share."""
_LOOK_S, _TRIAL_S = 30.0, 300.0  # drivers compile their kernels at first use

Run = Callable[..., Awaitable[tuple[int | None, bytes]]]


class Seen(NamedTuple):
    """The devices as they are now; a `problem` says why there are none although the library was built for some."""

    devices: tuple[Device, ...] = ()
    problem: str = ""


class Gpu:
    """Looks at most every few seconds, tries once for each build. Belongs to one event loop."""

    def __init__(self, run: Run = throw_away, kinds: Callable[[], tuple[str, ...]] = gpu_kinds) -> None:
        self._run = run
        self._kinds = kinds
        self.roomiest: tuple[Device, ...] = ()
        """The devices at the look that found most of their memory free: when no model of this program was on them."""
        self._seen: tuple[float, Seen] | None = None
        self._looking = asyncio.Lock()
        self._trying = asyncio.Lock()

    @property
    def library(self) -> str:
        """What llama-cpp-python was built for beside the processor: "CUDA", "Metal", "Vulkan"; empty for nothing."""
        return ", ".join(self._kinds())

    async def look(self) -> Seen:
        """The devices, listed by a process of its own: a driver that dies costs nobody an answer."""
        if not self.library:
            return Seen()
        async with self._looking:
            now = time.monotonic()
            if self._seen is None or now - self._seen[0] > _FRESH_S:
                seen = await self._listed()
                self._seen = (now, seen)
                if sum(d.free_bytes for d in seen.devices) > sum(d.free_bytes for d in self.roomiest):
                    self.roomiest = seen.devices
            return self._seen[1]

    async def _listed(self) -> Seen:
        code, output = await self._run("playground.engine.devices", limit_s=_LOOK_S)
        try:
            found = tuple(from_json(output)) if code == 0 else ()
        except (ValueError, TypeError):
            found = ()
        if found:
            return Seen(found)
        if code == 0:
            return Seen(
                problem=f"llama-cpp-python was built for {self.library}, but its driver shows no device."
            )
        return Seen(
            problem=f"llama-cpp-python was built for {self.library}, but listing its devices failed ({how_it_ended(code)})."
        )

    async def is_safe(self, model: Path, findings: Findings) -> bool:
        """Whether llama.cpp survives the devices; tries with this model when that is not known."""
        async with self._trying:
            if findings.gpu is None:
                seen = self._seen[1] if self._seen else await self.look()
                if not seen.devices:
                    return False  # nothing to try; a later look may find the driver in order
            if findings.gpu is None:
                code, _ = await self._run("playground.engine.gpu_trial", str(model), limit_s=_TRIAL_S)
                if code == 1:
                    return True  # an ordinary error, not a crash: the engine will say what is wrong
                findings.remember_gpu(code == 0)
            return bool(findings.gpu)

    async def batches(self, model: Path, findings: Findings, kind: str) -> bool:
        """Whether company changes no bit of the answers of such a `kind` of model there; tries when that is not known."""
        async with self._trying:
            if findings.batches(kind) is None:
                arguments = ("playground.engine.gpu_trial", str(model), "company")
                code, output = await self._run(*arguments, limit_s=_COMPANY_S)
                if code == 1:
                    return False  # an ordinary error: the engine will say what is wrong
                findings.remember_batches(kind, code == 0 and output.strip() == b"equal")
            return bool(findings.batches(kind))
