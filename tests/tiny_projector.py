"""A real mmproj file, small and with random weights, for the embedded SmolLM2; and pictures to show it."""

from __future__ import annotations

import base64
import io
import struct
from pathlib import Path
from typing import Any

import numpy
from PIL import Image

WIDTH, PATCH, SIDE = 32, 14, 56
PICTURE_TOKENS = (SIDE // PATCH) ** 2


def write_gguf(path: Path, values: dict[str, Any], tensors: dict[str, numpy.ndarray] | None = None) -> Path:
    """A GGUF file of version 3; tensors in 32 bits, row after row."""
    head, body = b"", b""
    for name, tensor in (tensors or {}).items():
        shape = tuple(reversed(tensor.shape))
        head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(body))
        body += tensor.astype("<f4").tobytes()
        body += bytes(-len(body) % 32)
    pairs = b"".join(_text(key) + _value(value) for key, value in values.items())
    start = b"GGUF" + struct.pack("<IQQ", 3, len(tensors or {}), len(values)) + pairs + head
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(start + bytes(-len(start) % 32) + body)
    return path


def write_projector(path: Path, kind: str = "mlp", words: int = 576, seed: int = 1) -> Path:
    """An encoder of one layer for 56 × 56 pixels.

    `mlp` (LLaVA) makes 16 tokens of an image, `gemma3` 4 that look at each other in both directions, `idefics3` (SmolVLM) puts
    words around them that SmolLM2 lacks. `words` is the width of the language model.
    """
    draws = numpy.random.default_rng(seed)

    def random(*shape: int) -> numpy.ndarray:
        return draws.normal(size=shape) * 0.1

    def norm(name: str) -> dict[str, numpy.ndarray]:
        return {f"{name}.weight": numpy.ones(WIDTH), f"{name}.bias": numpy.zeros(WIDTH)}

    values: dict[str, Any] = {
        "general.architecture": "clip",
        "clip.has_vision_encoder": True,
        "clip.projector_type": kind,
        "clip.use_gelu": True,
        "clip.vision.image_size": SIDE,
        "clip.vision.patch_size": PATCH,
        "clip.vision.embedding_length": WIDTH,
        "clip.vision.feed_forward_length": WIDTH,
        "clip.vision.block_count": 1,
        "clip.vision.projection_dim": words,
        "clip.vision.attention.head_count": 2,
        "clip.vision.attention.layer_norm_epsilon": 1e-5,
        "clip.vision.image_mean": [0.5, 0.5, 0.5],
        "clip.vision.image_std": [0.5, 0.5, 0.5],
    }
    tensors = {
        "v.patch_embd.weight": random(WIDTH, 3, PATCH, PATCH),
        "v.position_embd.weight": random(PICTURE_TOKENS, WIDTH),
        **norm("v.blk.0.ln1"),
        **norm("v.blk.0.ln2"),
    }
    for part in ("attn_q", "attn_k", "attn_v", "attn_out", "ffn_up", "ffn_down"):
        tensors[f"v.blk.0.{part}.weight"] = random(WIDTH, WIDTH)
        tensors[f"v.blk.0.{part}.bias"] = random(WIDTH)
    if kind == "mlp":
        for layer, inputs in ((0, WIDTH), (2, words)):
            tensors[f"mm.{layer}.weight"] = random(words, inputs)
            tensors[f"mm.{layer}.bias"] = random(words)
    else:
        values["clip.vision.projector.scale_factor"] = 2
        tensors |= norm("v.post_ln")
    if kind == "idefics3":
        tensors["mm.model.fc.weight"] = random(words, WIDTH * 4)
    if kind == "gemma3":
        tensors["mm.input_projection.weight"] = random(WIDTH, words)
        tensors["mm.soft_emb_norm.weight"] = numpy.ones(WIDTH)
    return write_gguf(path, values, tensors)


def picture(colour: str = "red", size: tuple[int, int] = (100, 60), kind: str = "PNG") -> str:
    """An image file of one colour, as base64."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if all(isinstance(item, str) for item in value):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))
    kind, sign = (5, "i") if all(isinstance(item, int) for item in value) else (6, "f")
    return struct.pack(f"<IIQ{len(value)}{sign}", 9, kind, len(value), *value)
