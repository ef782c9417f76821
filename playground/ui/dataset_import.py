"""Rows that come in: a file, or what was pasted, is looked at on one page with all that was found; then it is stored.

    file → POST library/table → an Upload in the tray → data_read draws the page, each choice reads again → data_store

Nothing is stored before the button, which carries the number of rows.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from playground.datasets.cell import kind_of_value
from playground.errors import PromptError
from playground.store.records import DatasetSummary
from playground.tables.base import Choices
from playground.tables.preview import Preview
from playground.tables.reading import Reading, read_table
from playground.types.dataset import Column, Row
from playground.types.prompt import Prompt
from playground.ui.actions import Action, Ask
from playground.ui.dataset_halves import halves_of, halves_part, length_part
from playground.ui.dataset_import_page import PAGE_ROWS, Upload, import_page
from playground.ui.html import plural
from playground.ui.update import Update
from playground.workbench.service import Workbench

MOST_BYTES = 64_000_000


def take_upload(workbench: Workbench, name: str, data: bytes) -> str:
    """The token of a file that waits to be looked at."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 it is closed with its upload
    file.write(data)
    shown = "".join(char for char in name.replace("\\", "/").rpartition("/")[2] if char.isprintable())[:200]
    return workbench.tray.put(Upload(shown or "Pasted", file, len(data)))


async def data_read(workbench: Workbench, ask: Ask) -> Update:
    """The page of a file, with what was chosen since."""
    upload = workbench.tray.take(ask.text("token"), Upload)
    _choose(upload, (ask.model_extra or {}).get("choose"))
    upload.only = ask.text("view") or upload.only
    preview, sets = await _looked_at(workbench, upload, ask)
    values = (ask.model_extra or {}).get("values")
    held = values if isinstance(values, dict) else {}
    into = next((each for each in sets if each.id == upload.into), None)
    more = halves_part(ask.text("token"), upload.halves, preview.stored, into)
    more += await length_part(
        workbench, *_asked_with(ask), [row.values for row in preview.rows if row.values], held
    )
    body = import_page(
        upload,
        ask.text("token"),
        preview,
        sets,
        ask.text("prompt"),
        held,
        more,
    )
    return {"html": {"data-import": body}, "sheet": {"token": ask.text("token")}}


def _asked_with(ask: Ask) -> tuple[Prompt | None, str]:
    """The prompt and the model of Compare's first column."""
    try:
        form = ask.compare_form()
    except ValidationError:
        return None, ""
    return form.prompt, form.columns[0].model if form.columns else ""


def _choose(upload: Upload, chosen: Any) -> None:
    """One change of the choices; the file is read anew by them."""
    if not isinstance(chosen, Mapping):
        return
    before = upload.choices
    try:
        if "into" in chosen:
            upload.into = str(chosen["into"])
        elif "halves" in chosen:
            upload.halves = str(chosen["halves"])
            return
        elif "title" in chosen:
            upload.title = str(chosen["title"])[:200]
            return
        elif "column" in chosen:
            what, name = str(chosen["what"]), str(chosen["column"])
            now: dict[str, Any] = dict(getattr(before, what))
            now[name] = str(chosen["value"])
            upload.choices = Choices.model_validate({**before.model_dump(), what: now})
        elif "line" in chosen:
            lines = {**before.lines, int(chosen["line"]): str(chosen["value"])}
            upload.choices = Choices.model_validate({**before.model_dump(), "lines": lines})
        else:
            found = {str(name): value for name, value in chosen.items()}
            if "header" in found:
                found["header"] = {"yes": True, "no": False}.get(str(found["header"]))
            upload.choices = Choices.model_validate({**before.model_dump(), **found})
    except (ValidationError, KeyError, AttributeError, ValueError) as exc:
        raise PromptError("This cannot be chosen.", "Reload the page and try again.") from exc
    upload.reading = None


async def _looked_at(
    workbench: Workbench, upload: Upload, ask: Ask
) -> tuple[Preview, Sequence[DatasetSummary]]:
    sets = await workbench.datasets.all()
    into: tuple[Column, ...] = ()
    known: dict[str, int] = {}
    if upload.into:
        version = await workbench.datasets.version(upload.into)
        into = version.columns
        known = await workbench.datasets.known(version)
    if upload.reading is None:
        variables = [str(name) for name in (ask.model_extra or {}).get("variables") or ()]
        upload.reading = await asyncio.to_thread(_read, upload, variables, into, known)
    reading = upload.reading
    only = upload.only == "problems"
    preview = await asyncio.to_thread(lambda: reading.preview(0, PAGE_ROWS, only_problems=only))
    return preview, sets


def _read(
    upload: Upload, variables: Sequence[str], into: Sequence[Column], known: Mapping[str, int]
) -> Reading:
    upload.file.seek(0)
    return read_table(
        upload.name, upload.file.read(), upload.choices, variables=variables, into=into, known=known
    )


# --- storing --------------------------------------------------------------------------------------------


async def data_line(workbench: Workbench, ask: Ask) -> Update:
    """One line of the file as it stands there, to be edited."""
    upload = workbench.tray.take(ask.text("token"), Upload)
    number = ask.integer("line")
    text = upload.choices.lines.get(number)
    if text is None:
        encoding = upload.choices.encoding or "utf-8"
        text = await asyncio.to_thread(_line, upload, number, encoding)
    return {"sheet": {"text": text}}


def _line(upload: Upload, number: int, encoding: str) -> str:
    upload.file.seek(0)
    lines = upload.file.read().splitlines()
    raw = lines[number - 1] if 0 < number <= len(lines) else b""
    try:
        return raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return raw.decode("cp1252", errors="replace")


Fill = dict[str, Any]


async def data_store(workbench: Workbench, ask: Ask) -> Update:
    """The rows that can be stored, as a new data set or the next version of one."""
    upload = workbench.tray.take(ask.text("token"), Upload)
    if upload.reading is None:
        raise PromptError("This file is being read.", "Wait for it, then store it.")
    values = (ask.model_extra or {}).get("values")
    fill = {
        name.removeprefix("fill:"): values[name.removeprefix("fill:")]
        for name, on in ask.fields.items()
        if name.startswith("fill:")
        and on
        and isinstance(values, dict)
        and name.removeprefix("fill:") in values
    }
    reading = upload.reading
    columns = [
        *reading.as_columns,
        *(Column(name=name, kind=kind_of_value(value), role="input") for name, value in fill.items()),
    ]
    note = f"Imported from {upload.name}"
    rows = await asyncio.to_thread(lambda: [_with(row, fill) for row in reading.rows()])
    if not rows:
        raise PromptError("No row of this can be stored.", "Look at the problems beside it.")
    into = next((each for each in await workbench.datasets.all() if each.id == upload.into), None)
    cluster = next((column.name for column in columns if column.role == "cluster"), "")
    rows = await asyncio.to_thread(halves_of, rows, upload.halves, into, cluster)
    if upload.into:
        version = await workbench.datasets.add(upload.into, rows, columns=columns, note=note)
    else:
        name = (ask.text("title") or upload.title or upload.name.rpartition(".")[0] or upload.name).strip()
        version = await workbench.datasets.create(name, columns, rows, note=note)
    words = plural(len(rows), "row")
    return {
        "toast": f"{words} stored in “{version.name}”, version {version.number}",
        "sheet": {"stored": version.dataset_id},
    }


def _with(row: Row, fill: Fill) -> Row:
    return Row({**fill, **row.values}, row.half, row.made_by) if fill else row


ACTIONS: dict[str, Action] = {"data_read": data_read, "data_line": data_line, "data_store": data_store}
