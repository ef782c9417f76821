"""The header of a GGUF file, read without llama.cpp: whether it is one, and what it says about itself.

    read_header(Path("SmolLM2-135M-Instruct.Q4_1.gguf"))
    → Header(name="SmolLM2 135M Instruct", quantization="Q4_1", context_tokens=8192, kv_bytes_per_token=23040, …)

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little endian).
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from playground.engine.offload import Layers
from playground.errors import BackendError

_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS",
    20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
    28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip
_WEIGHTS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K",
    13: "Q5_K", 14: "Q6_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S",
    22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}  # fmt: skip
_QUANTIZATION = re.compile(r"(?i)(?:^|[.\-_])((?:IQ|Q|TQ)\d+(?:_[A-Z0-9]+)*|BF16|F16|F32|MXFP4)$")
_BLOCK = re.compile(r"blk\.(\d{1,4})\.")
_SPLIT = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
_MOST_PARTS, _MOST_TENSORS = 1000, 1_000_000
_LONG_ARRAY = 1024  # longer ones are vocabularies: skipped, not kept


@dataclass(frozen=True, slots=True)
class Header:
    """What the playground wants to know before it loads a file; sizes in bytes, None where the file is silent.

    `width` is the number of values per token; of a projector, those it makes for the language model.
    `weights` are the number formats of the matrices: {"Q4_1", "Q8_0"}.
    """

    path: Path
    size_bytes: int
    name: str
    architecture: str
    quantization: str
    context_tokens: int | None
    kv_bytes_per_token: int
    width: int | None = None
    has_vision_encoder: bool = False
    weights: frozenset[str] = frozenset()

    @property
    def is_projector(self) -> bool:
        """Whether this is the part that turns images (or sounds) into tokens of a model, not a model itself."""
        return self.architecture == "clip"


def read_header(path: Path) -> Header:
    """Header of the GGUF at `path`; raises BackendError with one sentence when it is not a readable model.

    Asked for before every answer, and a large vocabulary takes a while to pass over: a file that has not changed is read once.
    """
    return _header(path, tuple(map(_stamp, parts_of(path))))


@lru_cache(maxsize=64)
def _header(path: Path, _stamps: tuple[object, ...]) -> Header:
    size, values, weights = _read(path)
    architecture = str(values.get("general.architecture", ""))
    return Header(
        path=path,
        size_bytes=size,
        name=str(values.get("general.name", "")),
        architecture=architecture,
        quantization=_quantization(path, values.get("general.file_type")),
        context_tokens=_positive(values.get(f"{architecture}.context_length")),
        kv_bytes_per_token=_kv_bytes_per_token(architecture, values),
        width=_positive(values.get(f"{architecture}.embedding_length"))
        or _positive(values.get("clip.vision.projection_dim")),
        has_vision_encoder=values.get("clip.has_vision_encoder") is True,
        weights=weights.union(*(_read(part).weights for part in parts_of(path)[1:])),
    )


def _stamp(path: Path) -> tuple[int, ...]:
    """Another one once the file has changed; nothing where it cannot be looked at."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def layer_sizes(path: Path) -> Layers:
    """Bytes of each block and of the output, of all parts of a file that was split; raises BackendError."""
    blocks: dict[int, int] = {}
    output = embeddings = 0
    has_output = False
    for part in parts_of(path):
        for name, size in _tensor_sizes(part).items():
            if block := _BLOCK.match(name):
                blocks[int(block[1])] = blocks.get(int(block[1]), 0) + size
            elif name.startswith("output"):
                output += size
                has_output = has_output or name == "output.weight"
            elif name == "token_embd.weight":
                embeddings = size
    count = max(blocks, default=-1) + 1
    return Layers(tuple(blocks.get(n, 0) for n in range(count)), output + (0 if has_output else embeddings))


def parts_of(path: Path) -> list[Path]:
    """The files of a model: one, or "name-00001-of-00003.gguf" and its siblings."""
    match = _SPLIT.search(path.name)
    if not match or not 1 <= int(match[2]) <= _MOST_PARTS:
        return [path]
    before = path.name[: match.start()]
    names = [f"{before}-{n:05d}-of-{match[2]}.gguf" for n in range(1, int(match[2]) + 1)]
    return [part for name in names if (part := path.with_name(name)).exists()]


def _matrices(view: mmap.mmap, at: int) -> frozenset[str]:
    """Formats of the tensors with two dimensions and more, from the list after the key-value pairs."""
    (tensors,) = struct.unpack_from("<Q", view, 8)
    found = set()
    for _ in range(min(tensors, _MOST_TENSORS)):
        _, at = string(view, at)
        (dimensions,) = struct.unpack_from("<I", view, at)
        (kind,) = struct.unpack_from("<I", view, at + 4 + 8 * dimensions)
        if dimensions > 1:
            found.add(_WEIGHTS.get(kind, str(kind)))
        at += 4 + 8 * dimensions + 4 + 8
    return frozenset(found)


def _tensor_sizes(path: Path) -> dict[str, int]:
    """Bytes of each tensor by its name: from where it begins to where the next one does. Raises BackendError."""
    with opened(path) as view:
        (tensors,) = struct.unpack_from("<Q", view, 8)
        values, at = metadata(view)
        starts: list[tuple[int, str]] = []
        for _ in range(min(tensors, _MOST_TENSORS)):
            name, at = string(view, at)
            (dimensions,) = struct.unpack_from("<I", view, at)
            at += 4 + 8 * dimensions + 4
            (start,) = struct.unpack_from("<Q", view, at)
            starts.append((start, name))
            at += 8
        alignment = _positive(values.get("general.alignment")) or 32
        end = len(view) - -(-at // alignment) * alignment
    starts.sort()
    ends = [*(start for start, _ in starts[1:]), end]
    return {name: max(0, end - start) for (start, name), end in zip(starts, ends, strict=True)}


def check_adapter(path: Path, base: Header) -> None:
    """Raise BackendError when the file is not a LoRA adapter in the GGUF format made for this kind of model."""
    values = _read(path).values
    made_for = str(values.get("general.architecture", ""))
    if values.get("general.type") != "adapter" or values.get("adapter.type") != "lora":
        raise BackendError(
            f"{path.name} is not a LoRA adapter.", "Convert it with llama.cpp's convert_lora_to_gguf.py."
        )
    if made_for != base.architecture:
        raise BackendError(
            f"The adapter {path.name} was made for {made_for or 'an unknown kind of model'}, and {base.path.name} is "
            f"{base.architecture}.",
            "Choose the model it was trained on.",
        )


class _Contents(NamedTuple):
    size_bytes: int
    values: dict[str, Any]
    weights: frozenset[str]


def _read(path: Path) -> _Contents:
    """Size and metadata of a GGUF file; raises BackendError."""
    with opened(path) as view:
        values, at = metadata(view)
        return _Contents(len(view), values, _matrices(view, at))


@contextmanager
def opened(path: Path) -> Iterator[mmap.mmap]:
    """The bytes of a GGUF file; raises BackendError, also for what the block finds broken."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise BackendError(
                    f"{path} is not a GGUF file.",
                    "Choose a model file in the GGUF format (it starts with the letters GGUF).",
                )
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
                yield view
    except FileNotFoundError as exc:
        raise BackendError(f"There is no model file at {path}.", "Check the path.") from exc
    except OSError as exc:
        raise BackendError(
            f"The model file {path} cannot be read: {exc.strerror}.", "Check its permissions."
        ) from exc
    except (struct.error, IndexError, OverflowError, ValueError) as exc:
        raise BackendError(
            f"The GGUF file {path} is damaged or cut off.", "Copy or download it again."
        ) from exc


def _quantization(path: Path, file_type: object) -> str:
    """From the file's own type number, else from the usual suffix of its name, else empty."""
    if isinstance(file_type, int) and file_type in _FILE_TYPES:
        return _FILE_TYPES[file_type]
    match = _QUANTIZATION.search(path.stem)
    return match[1].upper() if match else ""


def display_name(path: Path) -> str:
    """Stem of the file without a quantization suffix: `SmolLM2-135M-Instruct.Q4_1.gguf` → `SmolLM2-135M-Instruct`."""
    return _QUANTIZATION.sub("", path.stem) or path.stem


def _kv_bytes_per_token(architecture: str, values: dict[str, Any]) -> int:
    """Memory of one KV cell at 16 bits: keys and values of every layer; 0 where the header does not say enough."""

    def get(key: str) -> Any:
        return values.get(f"{architecture}.{key}")

    layers, heads, width = (
        _positive(get(k)) for k in ("block_count", "attention.head_count", "embedding_length")
    )
    kv_heads = get("attention.head_count_kv")
    total_heads = (
        sum(kv_heads) if isinstance(kv_heads, list) else (_positive(kv_heads) or heads or 0) * (layers or 0)
    )
    head = width // heads if heads and width else 0
    keys = _positive(get("attention.key_length")) or head
    return 2 * total_heads * (keys + (_positive(get("attention.value_length")) or head))


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def metadata(view: mmap.mmap) -> tuple[dict[str, Any], int]:
    """Key-value pairs of the header, and where they end.

    Long arrays (the vocabulary) are skipped. Raises struct.error when cut off.
    """
    version, _tensors, pairs = struct.unpack_from("<IQQ", view, 4)
    if version not in (2, 3) or pairs > 100_000:
        raise ValueError(f"GGUF version {version}")
    values: dict[str, Any] = {}
    at = 24
    for _ in range(pairs):
        key, at = string(view, at)
        (kind,) = struct.unpack_from("<I", view, at)
        values[key], at = _value(view, at + 4, kind)
    return values, at


def string(view: mmap.mmap, at: int) -> tuple[str, int]:
    """A text at this place, and where it ends."""
    (length,) = struct.unpack_from("<Q", view, at)
    if at + 8 + length > len(view):
        raise IndexError("string beyond the end of the file")
    return view[at + 8 : at + 8 + length].decode("utf-8", "replace"), at + 8 + length


def _value(view: mmap.mmap, at: int, kind: int) -> tuple[Any, int]:
    if kind == _STRING:
        return string(view, at)
    if kind != _ARRAY:
        form = _SCALARS.get(kind)
        if form is None:
            raise ValueError(f"unknown value type {kind}")
        return struct.unpack_from(form, view, at)[0], at + struct.calcsize(form)
    inner, count = struct.unpack_from("<IQ", view, at)
    at += 12
    if count > len(view) or inner == _ARRAY or (inner != _STRING and inner not in _SCALARS):
        raise ValueError("impossible array")
    if count <= _LONG_ARRAY:
        items = []
        for _ in range(count):
            item, at = _value(view, at, inner)
            items.append(item)
        return items, at
    if inner == _STRING:
        unpack = struct.Struct("<Q").unpack_from
        for _ in range(count):
            at += 8 + unpack(view, at)[0]
        return None, at
    return None, at + count * struct.calcsize(_SCALARS[inner])
