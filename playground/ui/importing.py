"""Prompts that come in and go out in numbers: dropped files, bundles, the folder that is the library.

    files dropped → POST library/incoming → an Intake in the tray → read, compared → the person chooses → saved

What is read and saved runs in threads, so the drawer asks for its progress and may be closed meanwhile.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from playground.errors import PromptError
from playground.exchange import (
    ImportPlan,
    ImportResult,
    Row,
    apply_import,
    explain,
    export_bundle,
    plan_import,
    read_incoming,
)
from playground.ui.actions import Action, Ask, Update
from playground.ui.alerts import to_alert
from playground.ui.html import button, icon, join, options, plural
from playground.ui.library import chosen_filter, find, open_library, picked_keys
from playground.ui.versions import prompt_diff
from playground.workbench import Workbench

MAX_BODY_BYTES = 48_000_000
"""Of the posted JSON: base64 makes the files a third larger."""
SHOWN_ROWS = 200
STATUS = {
    # words, icon, colour
    "new": ("new", "plus", "ok"),
    "identical": ("as it is here", "check", "soft"),
    "changed": ("newer than here", "arrow", "accent"),
    "conflict": ("differs", "different", "warn"),
    "unreadable": ("cannot be read", "warn", "bad"),
}
CHOICES = {
    "add": "Add it",
    "version": "Save as the next version",
    "rename": "Add under another name",
    "skip": "Leave it out",
}


class SentFile(BaseModel):
    """One dropped file: its path inside what was dropped, its bytes in base64."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(max_length=4_000)]
    data: str


class SentFiles(BaseModel):
    """What the page posts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: Annotated[tuple[SentFile, ...], Field(min_length=1, max_length=2_001)]


@dataclass(eq=False)
class Intake:
    """Files on their way into the library. `stage` goes reading → ready → saving → done, or to failed."""

    title: str
    stage: str = "reading"
    done: int = 0
    total: int = 0
    plan: ImportPlan | None = None
    result: ImportResult | None = None
    alert: dict[str, str] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    def report(self, done: int, total: int) -> None:
        """How far the work is, told from its thread."""
        self.done, self.total = done, total


def take_in(workbench: Workbench, sent: SentFiles) -> str:
    """The token of an intake whose files are being read; raises PromptError for what is not base64."""
    try:
        files = [(file.name, base64.b64decode(file.data, validate=True)) for file in sent.files]
    except (binascii.Error, ValueError) as exc:
        raise PromptError("A file did not arrive whole.", "Drop it again.") from exc
    intake = Intake(files[0][0] if len(files) == 1 else plural(len(files), "file"))

    def read() -> None:
        intake.plan = plan_import(workbench.store, read_incoming(files, intake.report))

    intake.task = asyncio.create_task(_work(intake, read, "ready"))
    return workbench.tray.put(intake)


async def _work(intake: Intake, work: object, then: str) -> None:
    try:
        assert callable(work)
        await asyncio.to_thread(work)
        intake.stage = then
    except Exception as exc:  # a thread's error must reach the drawer, whatever it is
        intake.stage, intake.alert = "failed", to_alert(exc)


# --- coming in --------------------------------------------------------------------------------------------


async def open_import(workbench: Workbench, ask: Ask) -> Update:
    """Where an intake stands: its progress, what to choose, or what was done."""
    intake = workbench.tray.take(ask.text("token"), Intake)
    token = ask.text("token")
    if intake.stage in ("reading", "saving"):
        bar = _progress(intake, token)
        if ask.text("again"):
            return {"html": {"import-progress": bar}}
        body = Markup('<div id="import-progress">{}</div>').format(bar)
        return {"drawer": {"title": f"Import {intake.title}", "body": body}}
    if intake.stage == "failed":
        alert = Markup('<div class="alert">{}<div><b>{}</b>{}</div></div><p>Nothing was changed.</p>').format(
            icon("warn"), intake.alert["message"], intake.alert["hint"]
        )
        return {"drawer": {"title": f"Import {intake.title}", "body": alert}}
    if intake.result is not None:
        update = await open_library(workbench, ask.model_copy(update={"fields": {}}))
        body = _result(intake.result)
        return {**update, "drawer": {"title": f"Imported {intake.title}", "body": body, "narrow": True}}
    assert intake.plan is not None
    foot = button("Import", "apply_import", symbol="check", kind="primary", token=token)
    return {
        "drawer": {
            "title": f"Import {intake.title}",
            "body": _plan(intake.plan, token),
            "foot": foot if any(row.choices != ("skip",) for row in intake.plan.rows) else "",
        }
    }


def _progress(intake: Intake, token: str) -> Markup:
    percent = 100 * intake.done / intake.total if intake.total else 0
    words = f"{intake.done:,} of {intake.total:,}" if intake.total else ""
    return Markup(
        '<div data-poll="open_import" data-every="300" data-token="{}" data-again="yes"><p>{} <span class="num hint">{}</span></p>'
        '<span class="track" role="progressbar" aria-label="Import" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{}">'
        '<i style="width:{}%"></i></span></div>'
    ).format(
        token, "Saving" if intake.stage == "saving" else "Reading", words, f"{percent:.0f}", f"{percent:.1f}"
    )


def _plan(plan: ImportPlan, token: str) -> Markup:
    counts = {name: sum(row.status == name for row in plan.rows) for name in STATUS}
    sentence = ", ".join(f"{number:,} {STATUS[name][0]}" for name, number in counts.items() if number)
    order = ["unreadable", "conflict", "changed", "new", "identical"]
    rows = sorted(plan.rows, key=lambda row: order.index(row.status))
    shown = join(_row(row, token) for row in rows[:SHOWN_ROWS])
    rest = len(rows) - SHOWN_ROWS
    more = (
        Markup('<p class="hint">{} more, all {}: each as its kind is handled above.</p>').format(
            f"{rest:,}", " or ".join(sorted({STATUS[row.status][0] for row in rows[SHOWN_ROWS:]}))
        )
        if rest > 0
        else ""
    )
    return Markup(
        '<h3>{}</h3><p class="hint">Nothing is written before you press Import, and then all of it or nothing.</p>'
        '<div data-form id="import-rows"><table class="table import"><tr><th>Prompt</th><th style="width:150px">Here</th>'
        '<th style="width:210px">What to do</th></tr>{}</table></div>{}'
    ).format(f"{plural(len(rows), 'prompt')}: {sentence}", shown, more)


def _row(row: Row, token: str) -> Markup:
    words, symbol, colour = STATUS[row.status]
    incoming = row.incoming
    name = incoming.prompt.name if incoming.error is None else incoming.path
    listed = join(Markup("<br>{}").format(line) for line in incoming.losses[:4])
    if len(incoming.losses) > 4:
        listed += Markup("<br>and {} more").format(len(incoming.losses) - 4)
    diff = (
        Markup("<br>{}").format(button("Compare", "import_diff", kind="quiet", token=token, row=row.key))
        if row.status in ("changed", "conflict")
        else ""
    )
    labels = CHOICES | {"rename": f'Add as "{row.new_name}"'}
    choice = (
        Markup('<select class="field" name="choice:{}" aria-label="What to do with {}">{}</select>').format(
            row.key, name, options([(c, labels[c]) for c in row.choices], row.choice)
        )
        if len(row.choices) > 1
        else Markup('<span class="hint">left out</span>')
    )
    return Markup(
        '<tr><td><b>{}</b><br><span class="hint">{}{}</span></td><td><span class="{}">{} {}</span><br><span class="hint">{}</span>{}</td><td>{}</td></tr>'
    ).format(name, incoming.path, listed, colour, icon(symbol), words, explain(row), diff, choice)


async def import_diff(workbench: Workbench, ask: Ask) -> Update:
    """What a dropped prompt would change in the one of that name here."""
    intake = workbench.tray.take(ask.text("token"), Intake)
    rows = intake.plan.rows if intake.plan else ()
    row = next((row for row in rows if row.key == ask.text("row")), None)
    if row is None or row.ours is None:
        raise PromptError("There is nothing to compare here.", "Drop the file again.")
    body = prompt_diff(row.ours.prompt, row.incoming.prompt, "Here", "In the file")
    back = button("Back to the list", "open_import", symbol="arrow-up", token=ask.text("token"))
    return {"drawer": {"title": f"{row.ours.name}: here and in the file", "body": body, "foot": back}}


async def apply_chosen(workbench: Workbench, ask: Ask) -> Update:
    """Save what was chosen, all of it or nothing."""
    token = ask.text("token")
    intake = workbench.tray.take(token, Intake)
    plan = intake.plan
    if intake.stage == "ready" and plan is not None:
        choices = {
            name.removeprefix("choice:"): str(value)
            for name, value in ask.fields.items()
            if name.startswith("choice:")
        }
        author = workbench.settings.author

        def save() -> None:
            intake.result = apply_import(
                workbench.store, plan, choices, author=author, source=intake.title, report=intake.report
            )

        intake.stage, intake.done, intake.total = "saving", 0, 0
        intake.task = asyncio.create_task(_work(intake, save, "done"))
        await asyncio.wait([intake.task], timeout=0.3)  # a few prompts need no progress
    return await open_import(workbench, ask)


def _result(result: ImportResult) -> Markup:
    facts = [
        (len(result.added), "added"),
        (len(result.versions), "saved as new versions"),
        (result.skipped, "left out"),
    ]
    words = ", ".join(f"{number:,} {what}" for number, what in facts if number) or "nothing to do"
    losses = join(Markup("<li>{}</li>").format(loss) for loss in result.losses[:100])
    report = Markup(
        '<div class="alert warn">{}<div><b>Not taken over</b><ul style="margin:0">{}</ul></div></div>'
    ).format(icon("ignored"), losses)
    return join((Markup("<p>{}.</p>").format(words[:1].upper() + words[1:]), report if losses else ""))


# --- going out --------------------------------------------------------------------------------------------


async def bundle_form(workbench: Workbench, ask: Ask) -> Update:
    """The drawer that makes a bundle of what is selected, else of all that the filter shows."""
    keys = await _keys(workbench, ask)
    if not keys:
        raise PromptError("There is nothing to export.", "Select prompts, or take filters off.")
    body = Markup(
        '<div class="form" data-form><label for="bundle-name" class="soft">Name</label>'
        '<input id="bundle-name" name="name" class="field" maxlength="200" value="Prompts" autofocus>'
        '<label for="bundle-about" class="soft">About</label><input id="bundle-about" name="about" class="field" maxlength="2000">'
        '<label for="bundle-licence" class="soft">Licence</label><input id="bundle-licence" name="licence" class="field" maxlength="200" placeholder="CC BY 4.0">'
        '<span></span><span>{}</span></div><p class="hint">{} with their checks and cases, as one .zip file that another Prompt Playground imports.</p>'
    ).format(
        button(
            "Make the bundle",
            "make_bundle",
            symbol="download",
            kind="primary",
            token=workbench.tray.put(keys),
        ),
        plural(len(keys), "prompt"),
    )
    return {"drawer": {"title": "Export a bundle", "body": body, "narrow": True}}


async def _keys(workbench: Workbench, ask: Ask) -> list[str]:
    if picked := picked_keys(ask):
        return picked
    wanted = chosen_filter(ask)
    everything = type(wanted)(wanted.search, wanted.origin, wanted.family, wanted.tag, 10_000)
    return [item.key for item in (await asyncio.to_thread(find, workbench, everything)).items]


async def make_bundle(workbench: Workbench, ask: Ask) -> Update:
    """The bundle, kept for its download, and what it cannot hold."""
    keys: list[str] = workbench.tray.take(ask.text("token"), list)
    name = ask.text("name").strip() or "Prompts"
    data, losses = await asyncio.to_thread(
        export_bundle,
        workbench.store,
        workbench.library,
        keys,
        name=name,
        description=ask.text("about").strip(),
        licence=ask.text("licence").strip(),
        created=datetime.now(UTC),
    )
    token = workbench.tray.put(data)
    listed = join(Markup("<li>{}</li>").format(loss) for loss in losses[:100])
    report = Markup(
        '<div class="alert warn">{}<div><b>Not in the bundle</b><ul style="margin:0">{}</ul></div></div>'
    ).format(icon("ignored"), listed)
    body = Markup("<p>{}, {} kB.</p>{}").format(
        plural(len(keys), "prompt"), f"{max(1, len(data) // 1000):,}", report if losses else ""
    )
    foot = Markup('<a class="btn primary" download href="files/bundle/{}">{}Download the bundle</a>').format(
        token, icon("download")
    )
    return {"drawer": {"title": name, "body": body, "foot": foot, "narrow": True}}


def bundle_file(workbench: Workbench, token: str) -> tuple[str, bytes]:
    """File name and bytes of a bundle that was made; raises NotFoundError."""
    return "prompts.zip", workbench.tray.take(token, bytes)


ACTIONS: dict[str, Action] = {
    "open_import": open_import,
    "import_diff": import_diff,
    "apply_import": apply_chosen,
    "bundle_form": bundle_form,
    "make_bundle": make_bundle,
}
