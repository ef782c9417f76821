import struct
from pathlib import Path

import pytest

from playground.engine.gguf import display_name, read_header
from playground.errors import BackendError


def test_the_embedded_model_describes_itself(model: Path) -> None:
    header = read_header(model)
    assert header.quantization == "Q4_1"
    assert header.context_tokens == 8192
    assert header.kv_bytes_per_token == 30 * 3 * (64 + 64) * 2
    assert header.size_bytes == model.stat().st_size


def test_a_header_is_read_once_until_the_file_changes(tmp_path: Path, model: Path) -> None:
    path = tmp_path / "x.gguf"
    path.symlink_to(model)
    header = read_header(path)
    assert read_header(path) is header
    path.unlink()
    path.write_bytes(b"PK\x03\x04 zip")
    with pytest.raises(BackendError, match="not a GGUF"):
        read_header(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a GGUF"),
        (b"PK\x03\x04 zip", "not a GGUF"),
        (b"GGUF", "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 5) + b"\xff" * 40, "damaged"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1) + b"a" + struct.pack("<IIQ", 9, 9, 1 << 40), "damaged"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1) + b"a" + struct.pack("<I", 77), "damaged"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(BackendError, match=words) as caught:
        read_header(path)
    assert caught.value.hint


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="no model file"):
        read_header(tmp_path / "gone.gguf")
    with pytest.raises(BackendError, match="cannot be read"):
        read_header(tmp_path)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct"),
        ("qwen2.5-0.5b-instruct-q4_k_m.gguf", "qwen2.5-0.5b-instruct"),
        ("model-F16.gguf", "model"),
        ("Q8.gguf", "Q8"),
        ("Q8_0.gguf", "Q8_0"),
    ],
)
def test_the_display_name_has_no_quantization(file: str, name: str) -> None:
    assert display_name(Path(file)) == name
