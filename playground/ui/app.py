"""The page: its head, its tabs, and the one function that its script calls."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from playground.ui import (
    answer_diff,
    bench_actions,
    bundling,
    case_runs,
    cases,
    cells,
    column_prompts,
    compare,
    completion,
    dataset_answers,
    dataset_duplicates,
    dataset_import,
    dataset_more,
    dataset_rows,
    dataset_sheet,
    datasets,
    details,
    drafts,
    experiment_actions,
    experiment_try,
    experiment_watch,
    experiments,
    gpu_actions,
    history,
    importing,
    judge_page,
    library,
    library_actions,
    model_actions,
    models,
    own_saving,
    running,
    samples,
    sandbox_switch,
    server_actions,
    syncing,
    technique_bench_actions,
    technique_choice,
    technique_documents,
    trace_lanes,
    traces,
    trouble,
    verdict,
    verdict_checks,
    verdict_keep,
    verdict_more,
    verdict_rating,
    version_actions,
    versions,
)
from playground.ui.actions import CLOSED, Ask, make_call
from playground.ui.update import Update
from playground.workbench.service import Workbench

ASSETS = Path(__file__).parent / "assets"
# The look in the order of its cascade: what gives way in a narrow window stands after what it changes.
_LOOK = (
    "tokens",
    "frame",
    "pieces",
    "bar",
    "editor",
    "columns",
    "trace",
    "own",
    "pops",
    "drawer",
    "library",
    "history",
    "narrow",
    "fit",
    "models",
    "bench",
    "forest",
    "experiments",
    "verdict",
    "judge",
    "technique_bench",
    "data",
    "chinese",
)
STYLES = tuple(ASSETS / "look" / f"{name}.css" for name in _LOOK)
ACTIONS = compare.ACTIONS | details.ACTIONS | version_actions.ACTIONS | library.ACTIONS | history.ACTIONS
ACTIONS |= answer_diff.ACTIONS | samples.ACTIONS | drafts.ACTIONS
ACTIONS |= (
    column_prompts.ACTIONS
    | own_saving.ACTIONS
    | traces.ACTIONS
    | trace_lanes.ACTIONS
    | technique_choice.ACTIONS
)
ACTIONS |= technique_documents.ACTIONS | sandbox_switch.ACTIONS | technique_bench_actions.ACTIONS
ACTIONS |= library_actions.ACTIONS | versions.ACTIONS | syncing.ACTIONS
ACTIONS |= importing.ACTIONS | bundling.ACTIONS | cases.ACTIONS | case_runs.ACTIONS | completion.ACTIONS
ACTIONS |= (
    experiments.ACTIONS
    | experiment_actions.ACTIONS
    | experiment_try.ACTIONS
    | experiment_watch.ACTIONS
    | verdict.ACTIONS
    | verdict_checks.ACTIONS
    | verdict_keep.ACTIONS
    | verdict_more.ACTIONS
    | judge_page.ACTIONS
    | verdict_rating.ACTIONS
)
ACTIONS |= (
    datasets.ACTIONS
    | dataset_sheet.ACTIONS
    | dataset_answers.ACTIONS
    | dataset_import.ACTIONS
    | dataset_more.ACTIONS
    | dataset_duplicates.ACTIONS
    | dataset_rows.ACTIONS
)
ACTIONS |= trouble.ACTIONS | running.ACTIONS | cells.ACTIONS
ACTIONS |= (
    models.ACTIONS
    | model_actions.ACTIONS
    | gpu_actions.ACTIONS
    | server_actions.ACTIONS
    | bench_actions.ACTIONS
)

# What starts programs, names paths, adds servers, keeps keys or removes what others use. New actions of these files
# are the owner's unless they are named here.
OWNERS = (
    model_actions.ACTIONS
    | gpu_actions.ACTIONS
    | server_actions.ACTIONS
    | bench_actions.ACTIONS
    | sandbox_switch.ACTIONS
).keys() - {"use_model", "open_sandbox"}

_HEAD = """<div class="pp"><h1>Prompt Playground</h1><span id="health" class="health" role="group" aria-label="Backends"></span><span id="running" role="status"></span>
<span id="language" class="seg" role="group" aria-label="Language"><button data-language="en" lang="en" translate="no">English</button><button data-language="zh" lang="zh-Hans" translate="no">中文</button></span>
<button class="btn quiet" data-keys title="Keys" aria-label="Keys"><kbd>?</kbd><span>Keys</span></button>
<button class="btn quiet icon" data-act="theme" title="Light or dark" aria-label="Light or dark"><svg class="i" aria-hidden="true"><use href="#i-moon"></use></svg></button>
</div><div id="live" class="sr" role="status" aria-live="polite"></div><div id="toasts"></div><div id="trouble"></div>"""


def build(workbench: Workbench) -> gr.Blocks:
    """The whole page; nothing is read from the database yet."""
    icons = (ASSETS / "icons.svg").read_text()
    page: gr.Blocks
    with gr.Blocks(title="Prompt Playground", analytics_enabled=False, fill_width=True) as page:
        gr.HTML(icons + _HEAD, elem_id="head", apply_default_css=False)
        with gr.Tabs(elem_id="page"):
            with gr.Tab("Compare", id="compare-tab"):
                tab = compare.build(make_call(workbench, ACTIONS, closed(workbench)))
            with gr.Tab("Library", id="library-tab", render_children=True):
                library.build()
            with gr.Tab("Data", id="data-tab", render_children=True):
                datasets.build()
            with gr.Tab("Experiments", id="experiments-tab", render_children=True):
                experiments.build()
            with gr.Tab("History", id="history-tab", render_children=True):
                history.build()
            with gr.Tab("Models", id="models-tab", render_children=True):
                models.build()
        compare.wire(tab, workbench)
    page.queue(api_open=False)
    return page


async def load(workbench: Workbench, ask: Ask) -> Update:
    """The page as it opens, with the actions that a visitor finds closed."""
    update = await compare.load(workbench, ask)
    now = running.update(workbench)
    now["html"] = {**update.get("html", {}), **now["html"]}
    return {**update, **now, "closed": sorted(closed(workbench)), "closed_why": CLOSED}


ACTIONS["load"] = load


def closed(workbench: Workbench) -> frozenset[str]:
    """The actions that whoever opens the page may not use."""
    return frozenset() if workbench.settings.is_admin else frozenset(OWNERS)


def theme() -> gr.themes.Base:
    """Gradio's own parts in our colours; our style sheet does the rest."""
    return gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
