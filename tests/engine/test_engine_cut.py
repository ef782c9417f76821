"""A model with few of its layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from playground.engine import cut
from playground.engine.context import Row
from playground.engine.cut import few_layers
from playground.engine.gguf import layer_sizes, read_header
from playground.engine.library import start_library
from playground.engine.model import LoadedModel, Options
from playground.engine.probe import loaded
from tests.tiny_projector import write_gguf


def made(path: Path, layers: int, wide: int = -1, **values: Any) -> Path:
    """A file with so many layers, one of them wider."""
    tensors = {
        f"blk.{n}.ffn_up.weight": numpy.full((8, 16 if n == wide else 8), float(n)) for n in range(layers)
    }
    named = {"general.architecture": "llama", "llama.block_count": layers, **values}
    return write_gguf(path, named, tensors | {"output.weight": numpy.ones((8, 8))})


def test_three_of_thirty_layers_make_a_model_that_llama_cpp_computes_with(
    model: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few.gguf"
    assert few_layers(model, few)
    whole, header = read_header(model), read_header(few)
    assert header.kv_bytes_per_token * 10 == whole.kv_bytes_per_token
    assert header.weights == whole.weights
    assert layer_sizes(few).blocks == layer_sizes(model).blocks[:3]
    start_library()
    small = LoadedModel(header, Options(context_tokens=256, parallel=1, threads=1))
    context = small.new_context(64)
    assert context.decode([Row(5, 0, 0, True)]) == 0
    assert numpy.isfinite(context.logits(0)).all()
    context.close()
    small.close()


def test_the_first_layer_of_each_make_is_kept() -> None:
    q4, q6 = b"dims" + b"4" * 4, b"dims" + b"6" * 4
    layers = {n: {"ffn_down.weight": q6 if n in (6, 9) else q4} for n in range(10)}
    assert cut._chosen(layers) == [0, 1, 6]
    assert cut._chosen({n: {"ffn_down.weight": q4} for n in range(10)}) == [0, 1, 2]
    assert cut._chosen(layers | {3: {"attn_q.weight": q4}}) == []


@pytest.mark.parametrize(
    ("layers", "wide", "values"),
    [
        (5, -1, {}),
        (12, 7, {}),
        (12, -1, {"llama.attention.head_count_kv": [2] * 12}),
        (12, -1, {"llama.block_count": 11}),
    ],
    ids=["few as it is", "not of one design", "something said of each layer", "layers that nobody counts"],
)
def test_a_model_that_saves_little_or_is_not_all_alike_stays_whole(
    layers: int, wide: int, values: dict[str, Any], tmp_path: Path
) -> None:
    target = tmp_path / "few.gguf"
    assert few_layers(made(tmp_path / "plain.gguf", 12), target)
    target.unlink()
    assert not few_layers(made(tmp_path / "x.gguf", layers, wide, **values), target)
    assert not target.exists()


def test_the_probe_reads_all_of_a_model_where_llama_cpp_does_not_take_the_smaller_one(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path, target: Path) -> bool:
        target.write_bytes(path.read_bytes()[:10_000])
        return True

    start_library()
    monkeypatch.setattr("playground.engine.probe.few_layers", broken)
    whole = loaded(model, Options(context_tokens=256, parallel=1, threads=1))
    assert whole.header.path == model
    whole.close()
