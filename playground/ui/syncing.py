"""The folder that is the library: synced when the Library tab is opened, and its conflicts shown to be settled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from playground.errors import PlaygroundError, PromptError
from playground.library.folder_sync import Conflict, Side, SyncReport
from playground.types.prompt import Prompt
from playground.ui.actions import Action, Ask
from playground.ui.alerts import to_alert
from playground.ui.html import button, join, options, plural, warning
from playground.ui.library import open_library
from playground.ui.update import Update
from playground.ui.versions import prompt_diff
from playground.workbench.service import Workbench

SHOWN_CONFLICTS = 100


async def sync_now(workbench: Workbench, take: Mapping[str, Side] | None = None) -> SyncReport:
    """Bring folder and library together; raises PromptError when no folder is set."""
    folder = workbench.settings.library_dir
    if folder is None:
        raise PromptError(
            "No folder is kept equal to the library.",
            "Start with PLAYGROUND_LIBRARY_DIR=DIR, or sync by: playground library sync DIR",
        )
    return await workbench.files.sync(Path(folder), take)


async def opened_library(workbench: Workbench, ask: Ask) -> Update:
    """The Library tab as it is opened: the folder first, where there is one, then the list."""
    if workbench.settings.library_dir is None:
        return await open_library(workbench, ask)
    try:
        report = await sync_now(workbench)
    except (PlaygroundError, OSError) as exc:
        return {**await open_library(workbench, ask), "alert": to_alert(exc)}
    update = await open_library(workbench, ask)
    if report.conflicts or report.problems:
        counts = ((len(report.conflicts), "conflict"), (len(report.problems), "problem"))
        words = ", ".join(plural(number, what) for number, what in counts if number)
        update["alert"] = {
            "message": f"The folder is not in step: {words}.",
            "hint": "Press Sync folder to see them.",
        }
    return update


async def sync_folder(workbench: Workbench, ask: Ask) -> Update:
    """Sync now, settling what was chosen, and show what moved and what is in conflict."""
    chosen = {
        name.removeprefix("side:"): str(value)
        for name, value in ask.fields.items()
        if name.startswith("side:")
    }
    take: dict[str, Side] = {path: "file" for path, side in chosen.items() if side == "file"}
    take |= {path: "library" for path, side in chosen.items() if side == "library"}
    report = await sync_now(workbench, take)
    foot = button("Settle", "sync_folder", symbol="check", kind="primary") if report.conflicts else ""
    return {
        "again": "open_library",
        "drawer": {"title": "Folder and library", "body": _report(workbench, report), "foot": foot},
    }


def _report(workbench: Workbench, report: SyncReport) -> Markup:
    moved = [
        (len(report.to_folder), "written to the folder"),
        (len(report.to_library), "saved in the library"),
        (len(report.removed), "deleted in the folder"),
        (len(report.binned), "moved to the bin"),
    ]
    words = ", ".join(f"{number:,} {what}" for number, what in moved if number) or "nothing to bring along"
    parts = [
        Markup('<p><span class="mono">{}</span>: {} equal, {}.</p>').format(
            workbench.settings.library_dir, f"{report.equal:,}", words
        )
    ]
    if report.losses:
        lines = [
            Markup('<span class="mono">{}</span>: {}').format(path, loss)
            for path, loss in report.losses[:100]
        ]
        parts.append(warning("Not in the files", lines))
    if report.problems:
        lines = [
            Markup('<span class="mono">{}</span>: {}').format(path, why.removeprefix(f"{path}, "))
            for path, why in report.problems[:100]
        ]
        parts.append(warning("Left alone", lines, "warn"))
    if report.conflicts:
        rows = join(_conflict(conflict) for conflict in report.conflicts[:SHOWN_CONFLICTS])
        if (rest := len(report.conflicts) - SHOWN_CONFLICTS) > 0:
            rows += Markup('<p class="hint">{} more are shown once these are settled.</p>').format(
                f"{rest:,}"
            )
        parts.append(
            Markup(
                '<div data-form><h3>{}</h3><p class="hint">Changed on both sides since the last sync. Nothing is overwritten before you choose.</p>{}</div>'
            ).format(plural(len(report.conflicts), "conflict"), rows)
        )
    return join(parts)


def _conflict(conflict: Conflict) -> Markup:
    ways = [("", "Leave both"), ("file", "Take the folder's"), ("library", "Take the library's")]
    empty = Prompt(name=conflict.name)
    diff = prompt_diff(conflict.ours or empty, conflict.theirs or empty, "Library", "Folder")
    return Markup(
        '<details class="conflict"><summary><b translate="no">{}</b> <span class="hint">{}, {}</span></summary>{}</details>'
        '<div class="row-form"><label class="soft" for="side-{}">What to do</label>'
        '<select class="field" style="width:auto" id="side-{}" name="side:{}">{}</select></div>'
    ).format(
        conflict.name,
        conflict.path,
        conflict.words,
        diff,
        conflict.path,
        conflict.path,
        conflict.path,
        options(ways, ""),
    )


ACTIONS: dict[str, Action] = {"open_library_tab": opened_library, "sync_folder": sync_folder}
