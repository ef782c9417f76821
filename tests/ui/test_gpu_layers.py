"""Graphics processors on the Models tab and in `playground doctor`: seen where there are some, and nothing anywhere else."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from playground.backends import inventory
from playground.backends.llamacpp import LlamaCppBackend
from playground.cli.doctor import graphics
from playground.engine.devices import Device, to_json
from playground.engine.gpu import Gpu
from playground.ui.actions import make_call
from playground.ui.app import ACTIONS, OWNERS
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
Read = Callable[[str], Any]
GB = 1_000_000_000
MODEL = "llama.cpp:SmolLM2-135M-Instruct"


class Machine:
    """A workbench with llama.cpp, whose library was built for these kinds and sees these devices."""

    def __init__(self, made: Workbench) -> None:
        self.workbench = made
        self.backend = LlamaCppBackend(made.settings)
        self.kinds: tuple[str, ...] = ()
        self.code: int | None = 0
        self.devices = [Device("Vulkan0", "Fake GPU", False, 7_900_000_000, 8 * GB)]
        self.ran: list[str] = []
        self.backend.engine.gpu = Gpu(self.run, lambda: self.kinds)
        made.models.backends["llama.cpp"] = self.backend
        self.call: Call = make_page(made)

    async def run(self, module: str, *arguments: str, limit_s: float) -> tuple[int | None, bytes]:
        self.ran.append(module)
        return self.code, to_json(self.devices).encode()


def make_page(workbench: Workbench) -> Call:
    answer = make_call(workbench, ACTIONS)

    async def call(action: str, **fields: Any) -> dict[str, Any]:
        return dict(json.loads(await answer(json.dumps({"action": action, **fields}))))

    return call


@pytest.fixture
async def machine(make_workbench: Any, monkeypatch: pytest.MonkeyPatch) -> Machine:
    async def discover(*_: Any, **__: Any) -> list[Any]:
        return []

    monkeypatch.setattr(inventory, "discover", discover)
    return Machine(make_workbench())


async def page(machine: Machine, read_html: Read) -> tuple[str, str]:
    html = (await machine.call("open_models", fresh="yes"))["html"]
    return read_html(html["models-places"]).text, read_html(html["models-list"]).text


async def test_a_build_for_the_processor_only_shows_nothing_of_it(machine: Machine, read_html: Read) -> None:
    before = await page(machine, read_html)
    assert await machine.backend.graphics() is None
    assert await graphics({"llama.cpp": machine.backend}) == []
    assert machine.ran == [] and not any("GPU" in text or "graphics" in text for text in before)


async def test_devices_with_their_free_memory_and_the_layers_of_each_model_are_shown(
    machine: Machine, read_html: Read
) -> None:
    machine.kinds = ("Vulkan",)
    places, models = await page(machine, read_html)
    assert "Vulkan0 (Fake GPU): 7.9 of 8.0 GB free" in places
    assert "31 of 31 layers on the GPU" in models
    said = [(finding.what, finding.detail) for finding in await graphics({"llama.cpp": machine.backend})]
    assert said[:2] == [
        ("graphics", "Vulkan0 (Fake GPU): 7.9 of 8.0 GB free."),
        ("GPU layers", f"{MODEL}: 31 of 31."),
    ]
    assert "take turns" in said[2][1]


async def test_a_small_device_gets_what_fits_and_the_bound_of_the_settings_holds(
    machine: Machine, read_html: Read, make_workbench: Any
) -> None:
    machine.kinds = ("CUDA",)
    bounded = Machine(make_workbench(gpu_memory_mb=150))
    bounded.kinds = ("CUDA",)
    for free in (machine, bounded):
        if free is machine:
            free.devices = [Device("CUDA0", "Small", False, 280_000_000, GB)]
        told = await free.backend.graphics()
        assert told and 0 < told.models[MODEL].layers < 31


async def test_a_number_of_layers_is_chosen_for_one_model_and_forgotten_again(
    machine: Machine, read_html: Read
) -> None:
    machine.kinds = ("Metal",)
    drawer = (await machine.call("gpu_layers", model=MODEL))["drawer"]["body"]
    assert "It has 31 layers" in drawer and "As many as usual" not in drawer
    update = await machine.call("gpu_layers", model=MODEL, layers="12", sure="yes")
    assert update["toast"] == "SmolLM2-135M-Instruct: 12 layers on the GPU from its next answer on"
    assert "12 of 31 layers on the GPU, as you chose" in (await page(machine, read_html))[1]
    path = machine.backend._path(MODEL)
    assert machine.backend.engine.options.gpu_layers(path) == 12
    assert "As many as usual" in (await machine.call("gpu_layers", model=MODEL))["drawer"]["body"]
    await machine.call("gpu_layers", model=MODEL, layers="0", sure="yes")
    assert "all on the processor, as you chose" in (await page(machine, read_html))[1]
    await machine.call("gpu_layers", model=MODEL, usual="yes")
    assert "31 of 31 layers on the GPU C" in (await page(machine, read_html))[1]
    assert machine.backend.engine.options.gpu_layers(path) == -1


@pytest.mark.parametrize("layers", ["-2", "many", "1.5", "99999999"])
async def test_what_is_no_number_of_layers_is_refused(machine: Machine, layers: str) -> None:
    machine.kinds = ("CUDA",)
    assert "alert" in await machine.call("gpu_layers", model=MODEL, layers=layers, sure="yes")
    assert machine.backend.engine.options.gpu_layers(machine.backend._path(MODEL)) == -1


async def test_it_is_the_owners_and_a_model_that_is_gone_is_said_so(machine: Machine) -> None:
    machine.kinds = ("CUDA",)
    assert "gpu_layers" in OWNERS
    update = await machine.call("gpu_layers", model="llama.cpp:gone", layers="3", sure="yes")
    assert "There is no model llama.cpp:gone" in update["alert"]["message"]
    assert "alert" in await machine.call("gpu_layers", model="llama.cpp:gone")


async def test_a_driver_that_dies_is_a_fault_with_a_remedy_and_models_stay(
    machine: Machine, read_html: Read
) -> None:
    machine.kinds, machine.code = ("Vulkan",), -11
    places, models = await page(machine, read_html)
    assert "built for Vulkan, but listing its devices failed (SIGSEGV)" in places
    assert MODEL.partition(":")[2] in models and "layers" not in models
    (fault,) = await graphics({"llama.cpp": machine.backend})
    assert fault.ok is False and fault.hint


async def test_a_crashed_trial_run_is_told_everywhere(machine: Machine, read_html: Read) -> None:
    machine.kinds = ("CUDA",)
    machine.backend.engine.findings.remember_gpu(False)
    assert (
        "A trial run on CUDA crashed, so answers come from the processor."
        in (await page(machine, read_html))[0]
    )
    (fault,) = await graphics({"llama.cpp": machine.backend})
    assert "engine.json" in fault.hint
    path = machine.backend._path(MODEL)
    assert machine.backend._without_gpu(path) == ["graphics processor: its trial run crashed"]
    machine.backend.choose_gpu_layers(MODEL, 0)
    assert machine.backend._without_gpu(path) == []
