"""vLLM's batch-invariant mode: whether it is asked for, and whether this machine can have it.

    environment(asked=True) → {"VLLM_BATCH_INVARIANT": "1"}
    refuse_where_impossible()      # raises SettingsError on a machine without a GPU that can

With the mode a server's sums do not depend on which answers it writes at the same time. It is beta in vLLM
(vllm-project/vllm#27433): NVIDIA from compute capability 8.0, in newer versions also AMD Instinct and Intel GPUs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from playground.errors import SettingsError

VARIABLE = "VLLM_BATCH_INVARIANT"
LEAST_CAPABILITY = 8.0
_LOOK_SECONDS = 5.0


def is_on(*, asked: bool) -> bool:
    """Whether a server started here has the mode: asked for, or set in the environment that it takes over."""
    set_to = os.environ.get(VARIABLE, "").strip()
    return asked or (set_to.lstrip("-").isdecimal() and int(set_to) != 0)  # vLLM reads it as a number


def environment(*, asked: bool) -> dict[str, str]:
    """What the server's environment needs beyond this program's own."""
    return {VARIABLE: "1"} if asked else {}


def refuse_where_impossible(devices: Path = Path("/dev")) -> None:
    """Raise SettingsError when no GPU of this machine can do it; where that cannot be told, vLLM decides."""
    found = _nvidia()
    if found:
        if max(found.values()) < LEAST_CAPABILITY:
            name, capability = max(found.items(), key=lambda row: row[1])
            raise SettingsError(
                f"The batch-invariant mode needs compute capability {LEAST_CAPABILITY:.1f}, and the {name} has {capability:.1f}.",
                'Start the server without it; the noise floor can be measured under "Which backend for me?".',
            )
        return
    if found is None and not (devices / "kfd").exists() and not list((devices / "dri").glob("renderD*")):
        raise SettingsError(
            "vLLM has its batch-invariant mode on GPUs only, and this machine shows none.",
            "Start the server without it; in float32 (--dtype float32) answers on a processor were equal in every batch tried.",
        )


def _nvidia() -> dict[str, float] | None:
    """Compute capability of each NVIDIA GPU by its name; None without a driver that tells."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=name,compute_cap", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=_LOOK_SECONDS, check=True)
        rows = [line.rpartition(",") for line in said.stdout.splitlines() if line.strip()]
        return {name.strip(): float(capability) for name, _, capability in rows}
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}
