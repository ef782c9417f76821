"""A language model of random weights, small enough to be made in a moment; its words are the 256 bytes.

write_model(path)                         llama, two layers, widths that every number format can have
write_model(path, experts=4)              the same as a mixture of experts
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy

from tests.tiny_projector import write_gguf

_WIDTH, _HIDDEN, _LAYERS, _HEADS, _KV_HEADS = 256, 512, 2, 4, 2
_BYTE, _NORMAL, _CONTROL, _UNKNOWN = 6, 1, 3, 2
_WORDS = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *(f"▁{n}" for n in range(61))]


def write_model(path: Path, *, experts: int = 0) -> Path:
    """The file, in F32."""
    draws = numpy.random.default_rng(5)
    narrow = _WIDTH * _KV_HEADS // _HEADS
    values: dict[str, Any] = {
        "general.architecture": "llama",
        "llama.context_length": 4096,
        "llama.embedding_length": _WIDTH,
        "llama.block_count": _LAYERS,
        "llama.feed_forward_length": _HIDDEN,
        "llama.attention.head_count": _HEADS,
        "llama.attention.head_count_kv": _KV_HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": _WIDTH // _HEADS,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": _WORDS,
        "tokenizer.ggml.scores": [0.0] * len(_WORDS),
        "tokenizer.ggml.token_type": [_UNKNOWN, _CONTROL, _CONTROL] + 256 * [_BYTE] + 61 * [_NORMAL],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
    }
    if experts:
        values |= {"llama.expert_count": experts, "llama.expert_used_count": 2}
    each, ends = ((experts,), "_exps") if experts else ((), "")
    shapes: dict[str, tuple[int, ...]] = {
        "attn_q": (_WIDTH, _WIDTH),
        "attn_k": (narrow, _WIDTH),
        "attn_v": (narrow, _WIDTH),
        "attn_output": (_WIDTH, _WIDTH),
        f"ffn_gate{ends}": (*each, _HIDDEN, _WIDTH),
        f"ffn_up{ends}": (*each, _HIDDEN, _WIDTH),
        f"ffn_down{ends}": (*each, _WIDTH, _HIDDEN),
    }
    if experts:
        shapes["ffn_gate_inp"] = (experts, _WIDTH)
    tensors = {"output_norm.weight": numpy.ones(_WIDTH)}
    wanted = {"token_embd": (len(_WORDS), _WIDTH), "output": (len(_WORDS), _WIDTH)}
    for layer in range(_LAYERS):
        wanted |= {f"blk.{layer}.{name}": shape for name, shape in shapes.items()}  # type: ignore[misc]
        tensors |= {f"blk.{layer}.{name}_norm.weight": numpy.ones(_WIDTH) for name in ("attn", "ffn")}
    for name, shape in wanted.items():
        tensors[f"{name}.weight"] = draws.normal(0, 1.5 / shape[-1] ** 0.5, shape)
    return write_gguf(path, values, tensors)
