"""The picture in the architecture, compared with the real imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "playground"

# From the ground up. A module imports from rows below its own, and within its own part.
ROWS = (
    {"errors", "garbage", "plain_words", "plurals", "times", "endings", "waiting", "thoughts", "whole_files"},
    {"translation"},
    {"types", "settings"},
    {"engine", "sandbox", "templating", "answers"},
    {"techniques", "scorers", "backends"},
    {"tables", "datasets"},
    {"formats", "stats", "diff", "lint"},
    {"verdicts"},
    {"store", "jobs"},
    {"library", "runs"},
    {"workbench"},
    {"bench"},
    {"ui", "cli"},
)
# Neighbours that know each other: the command line serves the page and words errors as it does.
NEIGHBOURS = {("cli", "ui")}
# What the store hands out: all that the page knows of it.
HANDED_OUT = {"playground.store.records", "playground.store.unsaved"}
# The one home of each third-party package; pydantic is at home everywhere.
HOMES = {
    "gradio": {"ui"},
    "fastapi": {"ui"},
    "starlette": {"ui"},
    "uvicorn": {"ui"},
    "h11": {"ui"},
    "markdown_it": {"ui"},
    "markupsafe": {"ui"},
    "typer": {"cli"},
    "sqlmodel": {"store"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "jinja2": {"templating", "engine"},  # the engine catches what a model's own chat template raises
    "llama_cpp": {"engine"},
    "llguidance": {"engine"},
    "numpy": {"engine", "stats", "verdicts", "bench"},
    "yaml": {"formats"},
    "charset_normalizer": {"tables"},
    "openpyxl": {"tables"},
    "pyarrow": {"tables"},
    "pypdf": {"formats"},
    "regex": {"answers", "scorers", "techniques"},
    "rapidfuzz": {"scorers"},
    "sacrebleu": {"scorers"},
    "py3langid": {"scorers"},
    "scipy": {"stats"},
    "jsonschema": {"scorers", "techniques"},
    "referencing": {"scorers", "engine", "techniques"},
    "httpx": {"backends", "cli"},
    "aiohttp": {"backends"},
    "ollama": {"backends"},
    "babel": {"translation"},
    "tree_sitter": {"translation"},
    "tree_sitter_javascript": {"translation"},
    "yarl": {"backends"},  # comes with aiohttp: its addresses
    "pydantic_settings": {"settings"},
    "platformdirs": {"settings"},
}
# The page's tabs and what belongs to each; every other file of the page is for all of them.
TABS = {
    "compare": {"compare"},
    "library": {"library", "listing", "library_actions", "bundling", "importing", "syncing"},
    "datasets": {
        "datasets",
        "dataset_answers",
        "dataset_halves",
        "dataset_sheet",
        "dataset_duplicates",
        "dataset_import",
        "dataset_import_page",
        "dataset_more",
        "dataset_rows",
    },
    "experiments": {
        "experiments",
        "judge_apart",
        "judge_card",
        "judge_criteria",
        "judge_file",
        "judge_labelling",
        "judge_page",
        "technique_bench",
        "technique_bench_actions",
        "technique_bench_cases",
        "technique_gain",
        "experiment_actions",
        "experiment_choices",
        "experiment_controls",
        "experiment_cost",
        "experiment_form",
        "experiment_results",
        "experiment_rule",
        "experiment_running",
        "experiment_setup",
        "experiment_strip",
        "experiment_try",
        "experiment_techniques",
        "experiment_watch",
        "verdict",
        "verdict_cases",
        "verdict_files",
        "verdict_judge",
        "verdict_keep",
        "verdict_look",
        "verdict_checks",
        "verdict_more",
        "verdict_parts",
        "verdict_plots",
        "verdict_rating",
        "verdict_slices",
    },
    "history": {"history", "run_rows", "beside"},
    "models": {
        "models",
        "model_actions",
        "gpu_actions",
        "gpu_layers",
        "models_places",
        "server_actions",
        "bench",
        "bench_actions",
        "managed_vllm",
    },
}
ROW_OF = {part: number for number, row in enumerate(ROWS) for part in row}


def part_of(module: str) -> str:
    """`playground.store.tables` → `store`; the package itself, which only knows its version, is ground."""
    return (module.split(".") + [""])[1].removesuffix(".py")


@cache
def imports() -> list[tuple[str, str, str]]:
    """Every import as (file, its part, imported module), those inside functions too."""
    return list(_imports())


@cache
def page_files() -> list[tuple[Path, ast.Module]]:
    """The files of the page, read."""
    return [(path, ast.parse(path.read_text())) for path in sorted((PACKAGE / "ui").glob("*.py"))]


def _imports() -> Iterator[tuple[str, str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE.parent).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                # `from playground import errors` imports a module too.
                whole = node.module == "playground"
                names = [f"playground.{alias.name}" if whole else str(node.module) for alias in node.names]
            else:
                continue
            for name in names:
                yield file, part_of(file.replace("/", ".")), name


def test_every_part_has_a_row() -> None:
    parts = {part_of(file.replace("/", ".")) for file, _, _ in imports()} - {"__init__"}
    assert parts <= ROW_OF.keys()


def test_imports_go_downwards_only() -> None:
    wrong = [
        f"{file} imports {module}"
        for file, part, module in imports()
        if module.startswith("playground.")
        and (target := part_of(module)) not in (part, "__version__")
        and ROW_OF[target] >= ROW_OF[part]
        and (part, target) not in NEIGHBOURS
    ]
    assert wrong == []


def test_each_third_party_package_has_one_home() -> None:
    wrong = [
        f"{file} imports {module}"
        for file, part, module in imports()
        if (top := module.partition(".")[0]) not in sys.stdlib_module_names | {"playground", "pydantic"}
        and part not in HOMES.get(top, ())
    ]
    assert wrong == []


def test_the_page_knows_of_the_store_only_what_it_hands_out() -> None:
    wrong = [
        f"{file} imports {module}"
        for file, part, module in imports()
        if part == "ui" and module.startswith("playground.store") and module not in HANDED_OUT
    ]
    assert wrong == []


def test_a_tab_imports_no_tab() -> None:
    tab_of = {file: tab for tab, files in TABS.items() for file in files}
    # These two put the tabs together: the page, and the routes beside it.
    above = ("app", "routes")
    wrong = []
    for path, tree in page_files():
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        names = {str(node.module).removeprefix("playground.ui.") for node in froms}
        names |= {alias.name for node in froms if node.module == "playground.ui" for alias in node.names}
        own = tab_of.get(path.stem)
        if path.stem not in above:
            wrong += [f"{path.stem} imports {name}" for name in sorted(names) if tab_of.get(name, own) != own]
        if any(isinstance(node, ast.FunctionDef) and node.name == "build" for node in tree.body):
            assert path.stem in {*TABS, "app"}, f"{path.stem} builds a tab: name it here"
    assert wrong == []


def test_the_page_asks_the_desks_and_not_the_store() -> None:
    # The Library's list puts saved prompts, drafts and patterns together in one thread.
    wrong = [
        f"{path.name}:{node.lineno}"
        for path, tree in page_files()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "store" and path.name != "listing.py"
    ]
    assert wrong == []
