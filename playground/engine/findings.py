"""What the engine has found out and need not find out again: one small JSON file in the data folder.

    {"build": "0.3.36 …", "rules": "9f0c…", "extra_buffers": {"Q4_1": true}, "batches": {"llama Q4_1 Q8_0 extra": true}, "gpu": null, "digests": {"/m/a.gguf 98362432 17…": "5f3e…"}}

`gpu` says whether a trial run on graphics processors survived (null: not tried), `extra_buffers` says, per quantization, whether a probe decode with llama.cpp's extra buffers survived, `batches`, per kind of model, whether company changed no bit in a probe under the `rules` that we have now; all hold for one build of the library on one CPU. Where the file cannot be written, the findings last as long as the process.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from playground.engine.build import gpu_parts, library_folders
from playground.engine.cores import usable_cores
from playground.whole_files import write_whole

_DIGESTS = 64


def library_version() -> str:
    """Version of llama-cpp-python, empty when it is not installed; does not import it."""
    try:
        return version("llama-cpp-python")
    except PackageNotFoundError:
        return ""


def current_build() -> str:
    """Names this build of llama.cpp on this CPU: version, size and time of the compiled library, CPU features."""
    parts = [library_version(), f"{usable_cores()} cores"]
    for folder in library_folders():
        parts += map(_file_of_build, sorted(folder.glob("*ggml-cpu*")))
    parts += map(_file_of_build, gpu_parts())
    with suppress(OSError):
        wanted = ("model name", "flags", "Features")
        lines = {x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith(wanted)}
        parts += sorted(lines)
    return f"{parts[0]} {hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"


def current_rules() -> str:
    """Names the rules by which answers share calls, and the probe that tried them: when these change, it is made again."""
    folder = Path(__file__).parent
    content = b"".join((folder / name).read_bytes() for name in ("rules.py", "calls.py", "company.py"))
    return hashlib.sha256(content).hexdigest()[:16]


class Findings:
    """Reads once, writes at every new finding (a new file put in place of the old one, never half a file)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._build = current_build()
        self._rules = current_rules()
        self._buffers: dict[str, bool] = {}
        self._batches: dict[str, bool] = {}
        self._digests: dict[str, str] = {}
        self.gpu: bool | None = None
        with suppress(OSError, ValueError, AttributeError, KeyError, TypeError):
            stored = json.loads(path.read_text())
            digests = stored.get("digests", {})
            self._digests = {k: v for k, v in digests.items() if isinstance(k, str) and isinstance(v, str)}
            if stored.get("build") == self._build:
                self._buffers = _verdicts(stored.get("extra_buffers", {}))
                if stored.get("rules") == self._rules:
                    self._batches = _verdicts(stored.get("batches", {}))
                gpu = stored.get("gpu")
                self.gpu = gpu if isinstance(gpu, bool) else None

    def extra_buffers(self, quantization: str) -> bool | None:
        """Verdict of the probe: True safe, False crashes, None not tried. One crash of any quantization counts for all."""
        return False if False in self._buffers.values() else self._buffers.get(quantization)

    def batches(self, kind: str) -> bool | None:
        """Whether answers of such a model may share calls: None when that has not been tried."""
        return self._batches.get(kind)

    def remember_batches(self, kind: str, equal: bool) -> None:
        """Keep the verdict of a probe: whether company changed no bit."""
        self._batches[kind] = equal
        self._write()

    @property
    def kinds(self) -> dict[str, bool]:
        """Every kind of model that was tried, and whether its answers may share calls."""
        return dict(self._batches)

    def remember_gpu(self, safe: bool | None) -> None:
        """Keep whether graphics processors can be used; None has it tried again."""
        self.gpu = safe
        self._write()

    def remember_extra_buffers(self, quantization: str, safe: bool) -> None:
        """Keep the verdict of a probe."""
        self._buffers[quantization] = safe
        self._write()

    @property
    def tried(self) -> bool:
        """Whether any probe has been made with this build."""
        return bool(self._buffers)

    def digest(self, path: Path) -> str:
        """SHA-256 of the file as it is now, if it has been computed before; else empty."""
        return self._digests.get(_file_key(path), "")

    def remember_digest(self, path: Path, digest: str) -> None:
        """Keep a checksum for as long as the file's size and change time stay."""
        key = _file_key(path)
        if self._digests.get(key) == digest:
            return
        self._digests[key] = digest
        while len(self._digests) > _DIGESTS:
            del self._digests[next(iter(self._digests))]
        self._write()

    def _write(self) -> None:
        content = {
            "build": self._build,
            "rules": self._rules,
            "extra_buffers": self._buffers,
            "gpu": self.gpu,
            "batches": self._batches,
            "digests": self._digests,
        }
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, json.dumps(content, indent=1).encode())


def _file_of_build(library: Path) -> str:
    stat = library.stat()
    return f"{library.name} {stat.st_size} {stat.st_mtime_ns}"


def _verdicts(stored: dict[str, Any]) -> dict[str, bool]:
    return {k: v for k, v in stored.items() if isinstance(k, str) and isinstance(v, bool)}


def _file_key(path: Path) -> str:
    """Path, size and change time; a file that is gone has a key nobody stored."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"
