"""Graphics processors: listed, filled, shared between models, and done without. The devices are fakes where ctypes begins."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama
import numpy
import pytest

from playground.engine import memory
from playground.engine.client import Engine, EngineOptions, Wishes
from playground.engine.devices import Device, devices, from_json, to_json
from playground.engine.findings import Findings
from playground.engine.gguf import layer_sizes, read_header
from playground.engine.gpu import Gpu
from playground.engine.library import start_library
from playground.engine.model import LoadedModel, Options
from playground.engine.offload import ALL, Layers, fewer, needed, plan, room
from playground.engine.placement import Graphics
from playground.engine.protocol import Configure, Done, Started, Warm
from playground.engine.shelf import Shelf
from playground.errors import BackendError, BackendUnavailable
from playground.types.prompt import Sampling
from tests.tiny_projector import write_gguf

MB, GB = 1_000_000, 1_000_000_000


class FakeGgml:
    """ggml's list of devices: (type, name, description, free, total) each."""

    def __init__(self, *rows: tuple[int, str, str, int, int]) -> None:
        self.rows = rows

    def ggml_backend_dev_count(self) -> int:
        return len(self.rows)

    def ggml_backend_dev_get(self, index: int) -> int:
        return index

    def ggml_backend_dev_type(self, device: int) -> int:
        return self.rows[device][0]

    def ggml_backend_dev_name(self, device: int) -> bytes | None:
        return self.rows[device][1].encode()

    def ggml_backend_dev_description(self, device: int) -> bytes | None:
        return self.rows[device][2].encode() or None

    def ggml_backend_dev_memory(self, device: int, free: Any, total: Any) -> None:
        free._obj.value, total._obj.value = self.rows[device][3:]


CPU = (0, "CPU", "EPYC", 20 * GB, 24 * GB)
CARD = (1, "CUDA0", "NVIDIA L4", 22 * GB, 24 * GB)
INSIDE = (2, "Vulkan0", "Intel Graphics", 6 * GB, 12 * GB)


def test_the_library_of_this_machine_lists_without_a_guess() -> None:
    start_library()
    assert all(device.total_bytes > 0 for device in devices())


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ((CPU,), []),
        ((CPU, CARD), ["CUDA0"]),
        ((CARD, INSIDE, (1, "CUDA1", "", 1, 2), CPU), ["CUDA0", "CUDA1"]),
        ((INSIDE, CPU), ["Vulkan0"]),
        (((3, "BLAS", "Accelerate", 0, 0), CPU), []),
    ],
)
def test_cards_are_used_and_the_processors_own_graphics_only_without_one(
    rows: tuple[Any, ...], names: list[str]
) -> None:
    assert [device.name for device in devices(FakeGgml(*rows))] == names


def test_apples_graphics_share_the_machines_memory_although_they_are_called_a_card() -> None:
    (found,) = devices(FakeGgml((1, "MTL0", "Apple M2", 10 * GB, 16 * GB), CPU))
    assert found.is_integrated
    assert not devices(FakeGgml(CARD))[0].is_integrated


def test_a_list_survives_its_way_between_processes() -> None:
    found = devices(FakeGgml(CARD, (1, "CUDA1", "", 0, 0)))
    assert from_json(to_json(found)) == found
    assert [device.label for device in found] == ["CUDA0 (NVIDIA L4)", "CUDA1"]
    for spoilt in ("[[1]]", "{", "3"):
        with pytest.raises((ValueError, TypeError)):
            from_json(spoilt)


# --- how much fits --------------------------------------------------------------------------------------

SIZES = Layers(blocks=(10, 20, 30), output=100)


@pytest.mark.parametrize(
    ("wanted", "room_bytes", "layers", "gpu_bytes"),
    [
        (ALL, 10_000, 4, 100 + 60 + 6),
        (ALL, 166, 4, 166),
        (ALL, 165, 3, 100 + 50 + 4),
        (ALL, 100, 1, 100),
        (ALL, 99, 0, 0),
        (2, 10_000, 2, 100 + 30 + 2),
        (99, 10_000, 4, 166),
        (0, 10_000, 0, 0),
    ],
)
def test_layers_are_taken_from_the_end_with_their_cells_as_far_as_they_fit(
    wanted: int, room_bytes: int, layers: int, gpu_bytes: int
) -> None:
    assert plan(SIZES, 6, wanted, room_bytes) == (layers, 4, gpu_bytes)


def test_a_part_of_each_device_is_left_free_and_a_bound_holds() -> None:
    large, small = Device("A", "", False, 10 * GB, 12 * GB), Device("B", "", False, GB, GB)
    assert room([large]) == 10 * GB - 512 * MB
    assert room([large, small]) == 10 * GB - 512 * MB + GB - GB // 8
    assert room([large], 3 * GB) == 3 * GB
    assert room([Device("C", "", False, 5, GB)]) == 0


def test_fewer_ends_at_none() -> None:
    tried = [31]
    while tried[-1]:
        tried.append(fewer(tried[-1]))
    assert tried == sorted(set(tried), reverse=True) and tried[-1] == 0 and len(tried) < 14


def test_the_sizes_of_layers_are_those_of_the_files_tensors(model: Path) -> None:
    sizes, header = layer_sizes(model), read_header(model)
    assert len(sizes.blocks) == 30 and len(set(sizes.blocks)) == 1
    # The embeddings serve as the output too: all of the file can be on the device.
    assert 0 < header.size_bytes - sum(sizes.blocks) - sizes.output < 2 * MB


def test_a_split_file_is_counted_whole_and_its_own_output_goes_before_the_embeddings(tmp_path: Path) -> None:
    matrix = numpy.zeros((32, 32), numpy.float32)
    parts = [
        {"token_embd.weight": matrix, "blk.0.attn_q.weight": matrix},
        {"blk.1.attn_q.weight": matrix, "blk.1.ffn_up.weight": matrix, "output.weight": matrix},
    ]
    for number, tensors in enumerate(parts, 1):
        path = tmp_path / f"m-{number:05d}-of-00002.gguf"
        write_gguf(path, {"general.architecture": "llama"}, tensors)
    assert layer_sizes(tmp_path / "m-00001-of-00002.gguf") == Layers((4096, 8192), 4096)


def test_a_cut_off_list_of_tensors_is_an_error_in_words(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", {}, {"blk.0.x": numpy.zeros(64, numpy.float32)})
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BackendError, match="damaged or cut off"):
        layer_sizes(path)


# --- loading --------------------------------------------------------------------------------------------


@pytest.fixture
def small_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[int]]]:
    """llama.cpp as on a device that has memory for so many layers, and for the cells of so many; lists what was tried."""
    start_library()
    load, init, tried = llama.llama_model_load_from_file, llama.llama_init_from_model, [0]

    def make(weights: int = 99, cells: int = 99) -> list[int]:
        def loaded(path: bytes, params: Any) -> Any:
            tried.append(params.n_gpu_layers)
            return load(path, params) if params.n_gpu_layers <= weights else None

        def set_up(model: Any, params: Any) -> Any:
            return init(model, params) if tried[-1] <= cells else None

        monkeypatch.setattr(llama, "llama_model_load_from_file", loaded)
        monkeypatch.setattr(llama, "llama_init_from_model", set_up)
        tried.clear()
        return tried

    yield make


def options(layers: int, least: int = 0) -> Options:
    return Options(
        512, 1, 1, gpu_layers=layers, least_layers=least, device="Vulkan0 (Fake)" if layers else ""
    )


@pytest.mark.parametrize("where", ["weights", "cells"])
def test_out_of_memory_on_the_device_falls_back_to_fewer_layers_and_says_so(
    model: Path, small_device: Callable[..., list[int]], where: str
) -> None:
    tried = small_device(**{where: 17})
    loaded = LoadedModel(read_header(model), options(31))
    assert tried == [31, 23, 17] and loaded.gpu_layers == 17
    assert loaded.place == "Vulkan0 (Fake), 17 of 31 layers"
    assert loaded.notes == ["31 GPU layers: there was memory for 17"]
    loaded.new_context(256).close()
    loaded.close()


def test_a_device_without_any_memory_leaves_all_to_the_processor(
    model: Path, small_device: Callable[..., list[int]]
) -> None:
    tried = small_device(weights=0)
    loaded = LoadedModel(read_header(model), options(4))
    assert tried == [4, 3, 2, 1, 0]
    assert loaded.place == "Vulkan0 (Fake), 0 of 31 layers" and loaded.notes
    loaded.close()


def test_fewer_layers_than_the_machines_memory_needs_there_are_an_error_with_a_remedy(
    model: Path, small_device: Callable[..., list[int]]
) -> None:
    small_device(weights=5)
    with pytest.raises(BackendError, match="no memory for 20 of its layers") as error:
        LoadedModel(read_header(model), options(31, least=20))
    assert "PLAYGROUND_ENGINE_MEMORY_MB" in error.value.hint


def test_a_model_that_fits_has_no_note_and_one_without_device_no_place(
    model: Path, small_device: Callable[..., list[int]]
) -> None:
    tried = small_device()
    whole, plain = LoadedModel(read_header(model), options(31)), LoadedModel(read_header(model), options(0))
    assert tried == [31, 0]
    assert (whole.place, whole.notes) == ("Vulkan0 (Fake), 31 of 31 layers", [])
    assert (plain.place, plain.notes) == ("", [])
    whole.close()
    plain.close()


def test_no_layer_on_a_device_means_that_no_device_is_used_at_all(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    load = llama.llama_model_load_from_file

    def loaded(path: bytes, params: Any) -> Any:
        given.append((params.n_gpu_layers, bool(params.devices)))
        return load(path, params)

    monkeypatch.setattr(llama, "llama_model_load_from_file", loaded)
    for layers in (0, 3):
        LoadedModel(read_header(model), options(layers)).close()
    assert given == [(0, True), (3, False)]  # an empty list, and llama.cpp's own choice


# --- several models -------------------------------------------------------------------------------------


def shelf_on(free: int, memory_mb: int = 4096) -> Shelf:
    """A shelf beside a graphics card with so much room for models."""
    start_library()
    card = Device("CUDA0", "Fake", False, free + 512 * MB, 100 * GB)
    limits = Configure(threads=1, yields=False, parallel=1, context_tokens=512, memory_mb=memory_mb)
    return Shelf(limits, Graphics(0, lambda: [card]))


def take(shelf: Shelf, path: Path, layers: int = ALL) -> Any:
    request = Warm(1, str(path), False, "digest", layers)
    until = time.monotonic() + 60
    while (entry := shelf.take(request)) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    return entry


@pytest.fixture
def two(model: Path, tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "a.gguf", tmp_path / "b.gguf"
    for path in paths:
        path.symlink_to(model)
    return paths


def test_models_beyond_the_devices_memory_make_room_and_keep_their_number_of_layers(
    two: tuple[Path, Path],
) -> None:
    shelf = shelf_on(150 * MB)
    first = take(shelf, two[0])
    assert first.model.place == "CUDA0 (Fake), 31 of 31 layers"
    assert 100 * MB < first.gpu_bytes < 150 * MB
    second = take(shelf, two[1])
    assert second.model.gpu_layers == 31 and shelf.entries == [second]
    second.close()


def test_two_that_fit_stay_both(two: tuple[Path, Path]) -> None:
    shelf = shelf_on(300 * MB)
    entries = [take(shelf, path) for path in two]
    assert shelf.entries == entries and all(entry.model.gpu_layers == 31 for entry in entries)
    for entry in entries:
        entry.close()


def test_a_number_chosen_anew_loads_the_model_anew(model: Path) -> None:
    shelf = shelf_on(GB)
    before = take(shelf, model)
    assert take(shelf, model) is before
    after = take(shelf, model, 5)
    assert after is not before and shelf.entries == [after]
    assert after.model.place == "CUDA0 (Fake), 5 of 31 layers"
    assert take(shelf, model, 0).model.place == ""
    shelf.entries[0].close()


def test_what_lies_on_a_card_does_not_count_as_the_machines_memory(model: Path) -> None:
    whole, plain = take(shelf_on(GB), model), take(shelf_on(GB), model, 0)
    sizes = layer_sizes(model)
    assert plain.bytes - whole.bytes == whole.gpu_bytes
    assert whole.gpu_bytes == needed(sizes, read_header(model).kv_bytes_per_token * 512, 31)
    # With the card a bound holds that would refuse the model without it.
    assert take(shelf_on(GB, memory_mb=100), model).model.gpu_layers == 31
    with pytest.raises(BackendError, match="the engine may use 100 MB"):
        take(shelf_on(GB, memory_mb=100), model, 0)


# --- what the parent knows ------------------------------------------------------------------------------


class FakeRun:
    """Throw-away processes: what each module answers, and which ran."""

    def __init__(self, **answers: tuple[int | None, bytes]) -> None:
        self.answers = answers
        self.ran: list[str] = []

    async def __call__(self, module: str, *arguments: str, limit_s: float) -> tuple[int | None, bytes]:
        name = module.rpartition(".")[2]
        self.ran.append(name)
        return self.answers[name]


LISTED = (0, to_json([Device("Vulkan0", "Fake", False, 3 * GB, 4 * GB)]).encode())


def gpu_with(run: FakeRun, *kinds: str) -> Gpu:
    return Gpu(run, lambda: kinds)


async def test_a_build_for_the_processor_only_starts_nothing_and_asks_for_no_layers(
    model: Path, tmp_path: Path
) -> None:
    run = FakeRun()
    gpu = gpu_with(run)
    assert await gpu.look() == ((), "") and gpu.library == ""
    engine = Engine(EngineOptions(1, 1, 512, 4096, tmp_path / "engine.json"), gpu)
    assert await engine._gpu_layers(model) == 0 and run.ran == []


async def test_devices_are_listed_by_a_process_of_its_own_and_not_again_at_once() -> None:
    run = FakeRun(devices=LISTED)
    gpu = gpu_with(run, "Vulkan")
    assert (await gpu.look()).devices == (await gpu.look()).devices == gpu.roomiest
    assert run.ran == ["devices"] and gpu.roomiest[0].label == "Vulkan0 (Fake)"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((0, b"[]"), "its driver shows no device"),
        ((-11, b""), "listing its devices failed (SIGSEGV)"),
        ((None, b""), "listing its devices failed (it did not answer)"),
        ((0, b"?"), "shows no device"),
    ],
)
async def test_a_driver_that_shows_nothing_or_dies_is_a_problem_in_words(
    answer: tuple[int | None, bytes], words: str
) -> None:
    seen = await gpu_with(FakeRun(devices=answer), "CUDA").look()
    assert seen.devices == () and words in seen.problem and "built for CUDA" in seen.problem


@pytest.mark.parametrize(
    ("code", "layers", "kept"), [(0, ALL, True), (-6, 0, False), (None, 0, False), (1, ALL, None)]
)
async def test_a_trial_run_decides_once_whether_devices_are_used(
    model: Path, tmp_path: Path, code: int | None, layers: int, kept: bool | None
) -> None:
    run = FakeRun(devices=LISTED, gpu_trial=(code, b""))
    engine = Engine(EngineOptions(1, 1, 512, 4096, tmp_path / "engine.json"), gpu_with(run, "Vulkan"))
    assert await engine._gpu_layers(model) == layers
    assert await engine._gpu_layers(model) == layers
    assert run.ran.count("gpu_trial") == (2 if kept is None else 1)
    assert Findings(tmp_path / "engine.json").gpu is kept


@pytest.mark.parametrize(
    ("code", "told", "shares", "runs"),
    [(0, b"equal\n", True, 1), (0, b"differs\n", False, 1), (None, b"", False, 1), (1, b"", False, 2)],
)
async def test_a_trial_on_the_device_decides_once_whether_answers_share_calls_there(
    model: Path, tmp_path: Path, code: int | None, told: bytes, shares: bool, runs: int
) -> None:
    run = FakeRun(devices=LISTED, gpu_trial=(code, told))
    engine = Engine(EngineOptions(1, 1, 512, 4096, tmp_path / "engine.json"), gpu_with(run, "Vulkan"))
    assert [await engine._batches_on_gpu(model) for _ in range(2)] == [shares, shares]
    assert run.ran.count("gpu_trial") == runs
    assert engine.findings.gpu is None, "a slow trial of company says nothing against the device"


async def test_none_wanted_means_that_nothing_is_tried(model: Path, tmp_path: Path) -> None:
    run = FakeRun(devices=LISTED)
    options = EngineOptions(1, 1, 512, 4096, tmp_path / "engine.json", gpu_layers=lambda _: 0)
    assert await Engine(options, gpu_with(run, "Vulkan"))._gpu_layers(model) == 0
    assert run.ran == []


async def test_an_engine_that_wants_layers_where_there_is_no_device_answers_as_ever(
    new_engine: Callable[..., Engine], model: Path
) -> None:
    plain, wanting = new_engine(), new_engine()
    wanting.gpu = gpu_with(FakeRun(devices=LISTED, gpu_trial=(0, b"")), "Vulkan")
    texts = []
    for engine in (plain, wanting):
        sampling = Sampling(temperature=0, max_tokens=8, seed=1)
        events = [e async for e in engine.generate(model, [["user", "Hello"]], sampling, Wishes())]
        started, done = events[0], events[-1]
        assert isinstance(started, Started) and isinstance(done, Done)
        assert started.device == "" and started.ignored == []
        texts.append([getattr(event, "text", "") for event in events])
    assert "".join(texts[0]) == "".join(texts[1])


async def test_an_engine_that_dies_with_layers_on_a_device_has_the_device_tried_again(
    new_engine: Callable[..., Engine], model: Path, tmp_path: Path
) -> None:
    run = FakeRun(devices=LISTED, gpu_trial=(0, b""))
    engine = new_engine(findings_path=tmp_path / "engine.json")
    engine.gpu = gpu_with(run, "Vulkan")
    engine.findings.remember_extra_buffers("Q4_1", False)
    sampling = Sampling(temperature=0, max_tokens=500, seed=1)
    with pytest.raises(BackendUnavailable):
        async for event in engine.generate(model, [["user", "Hello"]], sampling, Wishes()):
            if isinstance(event, Started):
                assert engine.pid and engine.findings.gpu is True
                os.kill(engine.pid, signal.SIGKILL)
    assert engine.findings.gpu is None


async def test_without_any_device_the_driver_is_not_asked_again_for_every_answer(
    model: Path, tmp_path: Path
) -> None:
    run = FakeRun(devices=(0, b"[]"))
    engine = Engine(EngineOptions(1, 1, 512, 4096, tmp_path / "engine.json"), gpu_with(run, "CUDA"))
    assert [await engine._gpu_layers(model) for _ in range(3)] == [0, 0, 0]
    engine.gpu._seen = (-1e9, engine.gpu._seen[1]) if engine.gpu._seen else None
    assert await engine._gpu_layers(model) == 0 and run.ran == ["devices"]


def test_pages_are_not_dropped_under_a_driver(
    model: Path, small_device: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_device()
    dropped: list[str] = []
    monkeypatch.setattr(memory, "drop_zero_pages", lambda before: dropped.append("dropped"))
    for layers in (31, 0):
        loaded = LoadedModel(read_header(model), options(layers))
        loaded.new_context(2048).close()
        loaded.close()
    assert dropped == ["dropped"]  # by the one on the processor
