"""llama.cpp's own functions, as llama-cpp-python declares them, without the package around them. Runs in the child.

    from playground.engine.bindings import llama
    llama.llama_decode(…)

Importing any part of llama-cpp-python 0.3.36 imports all of it first: a high-level API that nothing here uses, a cache on disk, and SQLite
and sockets with them. Without these an engine process starts with a fifth less work and is 4 MB smaller.
"""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec, module_from_spec
from pathlib import Path

if "llama_cpp" not in sys.modules and (_spec := find_spec("llama_cpp")):
    sys.modules["llama_cpp"] = module_from_spec(_spec)  # found, not run: it only says where its parts are

import llama_cpp.llama_cpp as llama  # noqa: E402

__all__ = ["llama", "version"]


def version() -> str:
    """llama-cpp-python's own, from its package's text: `importlib.metadata` would take 3 MB."""
    text = (Path(llama.__file__).parent / "__init__.py").read_text()
    found = re.search(r"""__version__ = ["'](.+?)["']""", text)
    return found[1] if found else ""
