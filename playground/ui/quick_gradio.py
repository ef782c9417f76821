"""Imports Gradio in half the time.

While it is imported, Gradio 6.31 parses the source of each of its components and rewrites the type stub beside it
(`component_meta.create_or_modify_pyi`). That is a help for those who write components; here it cost 1.5 of 3.2 s at
every start, and wrote into the installed package. So the one function is replaced before the components are imported.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec


def import_gradio() -> None:
    """Import the package `gradio`; the ordinary way when it is not built as expected or is already there."""
    if "gradio" in sys.modules:
        return
    try:
        _import_without_stubs()
    except Exception:
        for name in [name for name in sys.modules if name.partition(".")[0] == "gradio"]:
            del sys.modules[name]
        __import__("gradio")


def _import_without_stubs() -> None:
    spec = find_spec("gradio")
    assert spec and spec.loader
    package = module_from_spec(spec)
    sys.modules["gradio"] = package  # not run yet: its modules can be imported, its components are not
    from gradio import component_meta

    if not hasattr(component_meta, "create_or_modify_pyi"):
        raise ImportError("Gradio does not rewrite stubs any more.")
    component_meta.create_or_modify_pyi = lambda *_: None
    spec.loader.exec_module(package)
