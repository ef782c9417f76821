"""Graphics processors for real: llama.cpp on Vulkan, by a driver or by Mesa's software one.

    apt-get install mesa-vulkan-drivers libvulkan-dev glslc spirv-headers
    LIVE=1 python -m pytest -m live tests/engine/test_live_vulkan.py

llama-cpp-python is built once into a folder of this test's own (some minutes to half an hour), or found there:
`~/.cache/prompt-playground-tests/vulkan`, another one in `VULKAN_BUILD`. It needs Vulkan's headers of version 1.3.272 or newer;
where the system's are older (Debian 12), `VULKAN_HEADERS` names a folder with newer ones.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from shutil import which
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def build() -> Path:
    """A folder with a llama-cpp-python for Vulkan, made when it is not there."""
    if os.environ.get("LIVE") != "1":
        pytest.skip("set LIVE=1; the first lines of this file say what to install")
    usual = Path.home() / ".cache" / "prompt-playground-tests" / "vulkan"
    folder = Path(os.environ.get("VULKAN_BUILD") or usual)
    if not list(folder.glob("llama_cpp/lib/*ggml-vulkan*")):
        if which("glslc") is None:
            pytest.skip("install: apt-get install mesa-vulkan-drivers libvulkan-dev glslc spirv-headers")
        headers = os.environ.get("VULKAN_HEADERS")
        flags = "-DGGML_VULKAN=on" + (f" -DVulkan_INCLUDE_DIR={headers}" if headers else "")
        package = f"llama-cpp-python=={version('llama-cpp-python')}"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-cache-dir"]
        command += ["--no-binary", "llama-cpp-python", "--target", str(folder), package]
        subprocess.run(command, check=True, env=os.environ | {"CMAKE_ARGS": flags})
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all of them: the trial run on the device happens once."""
    return tmp_path_factory.mktemp("vulkan") / "data"


def playground(build: Path, data: Path, *arguments: str, **settings: str) -> str:
    """What a command prints; the software driver is used where it is the only one."""
    environment = os.environ | {f"PLAYGROUND_{name.upper()}": value for name, value in settings.items()}
    environment |= {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(build))),
        "GGML_VK_VISIBLE_DEVICES": os.environ.get("GGML_VK_VISIBLE_DEVICES", "0"),
    }
    command = [sys.executable, "-m", "playground.cli.main", *arguments, "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def answer(build: Path, data: Path, **settings: str) -> dict[str, Any]:
    """One greedy answer to a question, with its receipt."""
    prompt = data.parent / "ask.prompty"
    prompt.write_text("---\nname: Ask\n---\nuser:\nWhat is the capital of France?\n")
    command = ["run", str(prompt), "--preset", "Greedy", "--max-tokens", "12", "--format", "json"]
    return dict(json.loads(playground(build, data, *command, **settings)))


def test_an_answer_comes_from_the_device_and_its_receipt_says_how_much_of_the_model_is_there(
    build: Path, data: Path
) -> None:
    whole = answer(build, data)
    assert "Vulkan0 (" in whole["backend_version"] and "31 of 31 layers" in whole["backend_version"]
    assert whole["text"].strip()
    part = answer(build, data, gpu_layers="7")
    assert "7 of 31 layers" in part["backend_version"]
    none = answer(build, data, gpu_layers="0")
    assert "layers" not in none["backend_version"]


def test_a_bound_on_the_devices_memory_leaves_the_rest_on_the_processor(build: Path, data: Path) -> None:
    told = answer(build, data, gpu_memory_mb="80", context_tokens="512")
    layers = re.search(r"(\d+) of 31 layers", told["backend_version"])
    assert layers and 0 < int(layers[1]) < 31 and told["text"].strip()


def test_the_doctor_names_the_device_its_memory_and_the_layers_there(build: Path, data: Path) -> None:
    told = playground(build, data, "doctor")
    assert "Vulkan0 (" in told and "GB free" in told
    assert "31 of 31" in told and "take turns" in told
