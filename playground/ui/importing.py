"""Prompts that come in: dropped files and bundles are read, compared with the library, chosen from and saved.

    files dropped → POST library/incoming → an Intake in the tray → read, compared → the person chooses → saved

What is read and saved runs in threads, so the drawer asks for its progress and may be closed meanwhile.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from markupsafe import Markup
from pydantic import Field, ValidationError

from playground.errors import PromptError
from playground.library.importing import ImportPlan, ImportResult, Row, explain
from playground.types.prompt import Value
from playground.ui.actions import Action, Ask
from playground.ui.alerts import to_alert
from playground.ui.html import button, icon, join, options, plural, warning
from playground.ui.update import Alert, Drawer, Update
from playground.ui.versions import prompt_diff
from playground.workbench.service import Workbench

AT_WORK = ("reading", "saving")
SHOWN_ROWS = 200
SHOWN_LOSSES = 100
STATUS = {
    # words, icon, colour
    "new": ("new", "plus", "ok"),
    "identical": ("as it is here", "check", "soft"),
    "changed": ("newer than here", "arrow", "accent"),
    "conflict": ("differs", "different", "warn"),
    "unreadable": ("cannot be read", "warn", "bad"),
}
ALIKE = {"new": "that are new", "changed": "newer than here", "conflict": "that differ"}
CHOICES = {
    "add": "Add it",
    "version": "Save as the next version",
    "rename": "Add under another name",
    "skip": "Leave it out",
}


class SentFile(Value):
    """One dropped file: its path inside what was dropped, its bytes in base64."""

    name: Annotated[str, Field(max_length=4_000)]
    data: str


class SentFiles(Value):
    """What the page posts."""

    files: Annotated[tuple[SentFile, ...], Field(min_length=1, max_length=2_001)]


@dataclass(eq=False)
class Intake:
    """Files on their way into the library. `stage` goes reading → ready → saving → done, or to failed."""

    title: str
    stage: str = "reading"
    done: int = 0
    total: int = 0
    plan: ImportPlan | None = None
    choices: dict[str, str] = field(default_factory=dict)
    result: ImportResult | None = None
    alert: Alert = field(default_factory=lambda: Alert(message="", hint=""))
    task: asyncio.Task[None] | None = None

    def report(self, done: int, total: int) -> None:
        """How far the work is, told from its thread."""
        self.done, self.total = done, total


def unpack(body: bytes) -> Sequence[tuple[str, bytes]]:
    """The posted files by name; raises PromptError for what are none. Blocks for a second when they are large."""
    try:
        sent = SentFiles.model_validate_json(body)
    except ValidationError as exc:
        raise PromptError("These files cannot be read.", "Drop at most 2,000 at once.") from exc
    try:
        return [(file.name, base64.b64decode(file.data, validate=True)) for file in sent.files]
    except (binascii.Error, ValueError) as exc:
        raise PromptError("A file did not arrive whole.", "Drop it again.") from exc


async def take_in(workbench: Workbench, body: bytes) -> str:
    """The token of an intake whose files are being read; raises PromptError for what cannot be unpacked."""
    files = await asyncio.to_thread(unpack, body)
    intake = Intake(files[0][0] if len(files) == 1 else plural(len(files), "file"))

    async def read() -> None:
        intake.plan = await workbench.files.plan(files, intake.report)

    intake.task = asyncio.create_task(_work(intake, read(), "ready"))
    return workbench.tray.put(intake, lambda: intake.stage in AT_WORK)


async def _work(intake: Intake, work: Awaitable[None], then: str) -> None:
    try:
        await work
        intake.stage = then
    except Exception as exc:  # an error must reach the drawer, whatever it is
        intake.stage, intake.alert = "failed", to_alert(exc)


# --- coming in --------------------------------------------------------------------------------------------


async def open_import(workbench: Workbench, ask: Ask) -> Update:
    """Where an intake stands: its progress, what to choose, or what was done."""
    intake = workbench.tray.take(ask.text("token"), Intake)
    token = ask.text("token")
    if intake.stage in AT_WORK:
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
        body = _result(intake.result)
        drawer: Drawer = {"title": f"Imported {intake.title}", "body": body, "narrow": True}
        return {"drawer": drawer, "again": "open_library"}
    assert intake.plan is not None
    foot = button("Import", "apply_import", symbol="check", kind="primary", token=token)
    return {
        "drawer": {
            "title": f"Import {intake.title}",
            "body": _plan(intake.plan, token, intake.choices),
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


def _plan(plan: ImportPlan, token: str, choices: Mapping[str, str]) -> Markup:
    counts = {name: sum(row.status == name for row in plan.rows) for name in STATUS}
    broken = counts.pop("unreadable")  # a file that cannot be read is no prompt
    sentence = ", ".join(f"{number:,} {STATUS[name][0]}" for name, number in counts.items() if number)
    said = [f"{plural(len(plan.rows) - broken, 'prompt')}: {sentence}"] if sentence else []
    said += [f"{plural(broken, 'file')} cannot be read"] if broken else []
    order = ["unreadable", "conflict", "changed", "new", "identical"]
    rows = sorted(plan.rows, key=lambda row: order.index(row.status))
    shown = join(_row(row, token, choices.get(row.key, row.choice)) for row in rows[:SHOWN_ROWS])
    rest = len(rows) - SHOWN_ROWS
    more = (
        Markup(
            '<p class="hint">{} more, not listed here, all {}: what is chosen for all holds for them.</p>'
        ).format(f"{rest:,}", " or ".join(sorted({STATUS[row.status][0] for row in rows[SHOWN_ROWS:]})))
        if rest > 0
        else ""
    )
    return Markup(
        '<h3>{}</h3><p class="hint">Nothing is written before you press Import, and then all of it or nothing.</p>'
        '<div data-form id="import-rows">{}<table class="table wraps"><tr><th class="w1">Prompt</th><th class="w2">Here</th>'
        '<th style="width:210px">What to do</th></tr>{}</table></div>{}'
    ).format("; ".join(said), _for_all(rows, choices), shown, more)


def _for_all(rows: Sequence[Row], choices: Mapping[str, str]) -> Markup:
    """One choice for all prompts of a kind, where there are several; the page's script sets the rows that are shown."""
    parts = []
    for status in dict.fromkeys(row.status for row in rows):
        alike = [row for row in rows if row.status == status and len(row.choices) > 1]
        if len(alike) < 2 or status not in ALIKE:
            continue
        ways = [("", "As chosen below")] + [
            (choice, CHOICES[choice]) for choice in CHOICES if any(choice in row.choices for row in alike)
        ]
        parts.append(
            Markup(
                '<label class="soft" for="all-{}">All {} {}</label><select class="field" style="width:auto" id="all-{}" name="all:{}" data-for-all="{}">{}</select>'
            ).format(
                status,
                f"{len(alike):,}",
                ALIKE[status],
                status,
                status,
                status,
                options(ways, choices.get(f"all:{status}", "")),
            )
        )
    return Markup('<div class="row-form">{}</div>').format(join(parts)) if parts else Markup("")


def _row(row: Row, token: str, chosen: str) -> Markup:
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
        Markup(
            '<select class="field" name="choice:{}" data-status="{}" aria-label="What to do with {}">{}</select>'
        ).format(row.key, row.status, name, options([(c, labels[c]) for c in row.choices], chosen))
        if len(row.choices) > 1
        else Markup('<span class="hint">left out</span>')
    )
    return Markup(
        '<tr><td class="w1"><b translate="no">{}</b><br><span class="hint">{}{}</span></td><td class="w2"><span class="{}">{} {}</span><br><span class="hint">{}</span>{}</td><td style="width:210px">{}</td></tr>'
    ).format(name, incoming.path, listed, colour, icon(symbol), words, explain(row), diff, choice)


async def import_diff(workbench: Workbench, ask: Ask) -> Update:
    """What a dropped prompt would change in the one of that name here."""
    intake = workbench.tray.take(ask.text("token"), Intake)
    intake.choices = _chosen(ask)
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
        intake.choices = _chosen(ask)
        choices = _for_every_row(plan, intake.choices)

        async def save() -> None:
            intake.result = await workbench.files.apply(
                plan, choices, source=intake.title, report=intake.report
            )

        intake.stage, intake.done, intake.total = "saving", 0, 0
        intake.task = asyncio.create_task(_work(intake, save(), "done"))
        await asyncio.wait([intake.task], timeout=0.3)  # a few prompts need no progress
    return await open_import(workbench, ask)


def _chosen(ask: Ask) -> dict[str, str]:
    """What the page's selects say: {"0": "version", "all:new": "skip"}."""
    kept = {name.removeprefix("choice:"): str(value) for name, value in ask.fields.items()}
    return {
        name: value
        for name, value in kept.items()
        if f"choice:{name}" in ask.fields or name.startswith("all:")
    }


def _for_every_row(plan: ImportPlan, chosen: Mapping[str, str]) -> dict[str, str]:
    """A choice for each row: its own where it is listed, else the one for all of its kind."""
    choices = {name: value for name, value in chosen.items() if not name.startswith("all:")}
    for row in plan.rows:
        wanted = chosen.get(f"all:{row.status}", "")
        if row.key not in choices and wanted in row.choices:
            choices[row.key] = wanted
    return choices


def _result(result: ImportResult) -> Markup:
    facts = [
        (len(result.added), "added"),
        (len(result.versions), "saved as new versions"),
        (result.skipped, "left out"),
    ]
    words = ", ".join(f"{number:,} {what}" for number, what in facts if number) or "nothing to do"
    said = Markup("<p>{}.</p>").format(words[:1].upper() + words[1:])
    return join((said, warning("Not taken over", result.losses[:SHOWN_LOSSES])))


ACTIONS: dict[str, Action] = {
    "open_import": open_import,
    "import_diff": import_diff,
    "apply_import": apply_chosen,
}
