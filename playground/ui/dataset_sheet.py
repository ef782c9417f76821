"""A data set as its grid asks for it: a window of rows, one row, edits, undo, and saving them as a version.

    {"action": "data_rows", "dataset": "9f…", "draft": "k3…", "find": "days_late:>5", "start": 0, "count": 100}
    →  {"sheet": {"rows": [{"n": 47, "v": {"message": "My kettle…"}, "half": "held-out"}], "total": 162, …}}

A cell of the grid is its text, at most CELL_CHARS of it; what a person types is read as its column's kind here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import ValidationError

from playground.datasets.cell import cell_text, read_cell
from playground.datasets.draft import Draft, read_step
from playground.datasets.looking import filter_by
from playground.errors import PromptError, RowsMoved
from playground.store.unsaved import Journal
from playground.types.dataset import AddRow, DropRow, Edit, RenameColumn, SetColumns, SetHalf, SetValue
from playground.ui.actions import Action, Ask
from playground.ui.alerts import to_alert
from playground.ui.html import plural
from playground.ui.update import Update
from playground.workbench.service import Workbench
from playground.workbench.sheets import Looking, Sheet, ShownRow

CELL_CHARS = 400
MOST_TWINS = 5_000
MOST_READ_ANEW = 10_000
"""Rows whose values are read as another kind when the type of their column is changed."""
ROW_CHARS = 60_000
"""Of one value in the pane of its row; what is longer is not edited there."""


async def sheet_of(workbench: Workbench, ask: Ask) -> Sheet:
    """The sheet that is asked about."""
    number = ask.integer("number", 0) or None
    return await workbench.sheets.open(ask.text("dataset"), number, "" if number else ask.text("draft"))


def state_of(sheet: Sheet) -> dict[str, Any]:
    """What the page knows of a sheet besides its rows."""
    version, edits = sheet.version, sheet.edits
    return {
        "id": version.dataset_id,
        "name": version.name,
        "number": version.number,
        "latest": version.latest,
        "count": version.rows,
        "note": version.note,
        "columns": [column.model_dump() for column in edits.columns],
        "words": edits.words,
        "steps": sheet.steps,
        "draft": sheet.draft,
    }


async def data_open(workbench: Workbench, ask: Ask) -> Update:
    """A data set as it comes onto the screen."""
    sheet = await sheet_of(workbench, ask)
    others = [
        {"draft": draft, "steps": steps, "at": at.isoformat()}
        for draft, steps, at in await workbench.sheets.drafts_of(sheet.version.dataset_id)
        if draft != ask.text("draft")
    ]
    return {"sheet": {**state_of(sheet), "others": others}}


async def data_rows(workbench: Workbench, ask: Ask) -> Update:
    """A window of its rows."""
    sheet = await sheet_of(workbench, ask)
    looking = Looking(
        filter=ask.text("find"),
        half="train" if ask.text("half") == "train" else "held-out" if ask.text("half") else "",
        sort=ask.text("sort"),
        falls=ask.text("falls") == "yes",
        start=ask.integer("start", 0),
        count=ask.integer("count", 100),
    )
    page = await workbench.sheets.rows(sheet, looking)
    return {
        "sheet": {
            "start": looking.start,
            "rows": [row_of(shown, sheet.edits) for shown in page.rows],
            "total": page.total,
            "halves": page.halves,
            "asked": page.words,
            "unread": page.unread,
        }
    }


def row_of(shown: ShownRow, edits: Draft, chars: int = CELL_CHARS) -> dict[str, Any]:
    """A row as the grid draws it: only what is filled, only what is unusual."""
    row, was, columns = shown.row, shown.was, edits.columns
    texts = {column.name: cell_text(row.values.get(column.name)) for column in columns}
    found: dict[str, Any] = {
        "n": row.number,
        "v": {name: text[:chars] for name, text in texts.items() if text},
    }
    if long := {name: len(text) for name, text in texts.items() if len(text) > chars}:
        found["long"] = long
    if row.half:
        found["half"] = row.half
    if row.made_by:
        found["by"] = row.made_by
    if shown.is_dropped:
        found["gone"] = True
    if was is not None and was is not row:
        before = {name: cell_text(was.values.get(edits.stored.get(name, ""))) for name in texts}
        found["was"] = {name: text[:chars] for name, text in before.items() if text != texts[name]}
    return found


async def data_row(workbench: Workbench, ask: Ask) -> Update:
    """One row with its whole values, and what it was in the version."""
    sheet = await sheet_of(workbench, ask)
    shown = await workbench.sheets.row(sheet, ask.integer("row"))
    return {"sheet": {"row": row_of(shown, sheet.edits, ROW_CHARS)}}


async def data_facts(workbench: Workbench, ask: Ask) -> Update:
    """Its columns in a few words, and what is wrong with its rows, each with the filter that shows them."""
    sheet = await sheet_of(workbench, ask)
    facts = await workbench.datasets.facts(sheet.version)
    now = {of: name for name, of in sheet.edits.stored.items()}
    return {
        "sheet": {
            "facts": {
                now[name]: {
                    "words": each.words,
                    "choices": [list(choice) for choice in each.choices],
                    "longest": each.longest,
                }
                for name, each in facts.columns.items()
                if name in now
            },
            "badges": [{"words": each.words, "find": _rows_filter(each.rows)} for each in facts.troubles],
            "twins": dict(islice(facts.twins.items(), MOST_TWINS)),
        }
    }


def _rows_filter(rows: Sequence[int]) -> str:
    return f"row:{','.join(map(str, rows))}"


async def data_values(workbench: Workbench, ask: Ask) -> Update:
    """The values of a row as Compare takes them."""
    sheet = await sheet_of(workbench, ask)
    shown = await workbench.sheets.row(sheet, ask.integer("row"))
    return {"sheet": {"values": shown.row.values}}


async def data_same(workbench: Workbench, ask: Ask) -> Update:
    """The filter for the rows that have the same value in this column."""
    sheet = await sheet_of(workbench, ask)
    shown = await workbench.sheets.row(sheet, ask.integer("row"))
    column = ask.text("column")
    return {"sheet": {"find": filter_by(column, shown.row.values.get(column))}}


# --- editing --------------------------------------------------------------------------------------------


async def data_do(workbench: Workbench, ask: Ask) -> Update:
    """One step of edits: cells as they were typed, halves, rows that come or go, columns."""
    sheet = await sheet_of(workbench, ask)
    step = tuple(step_of((ask.model_extra or {}).get("edit"), sheet))
    step += tuple(await _read_anew(workbench, sheet, step))
    sheet = await workbench.sheets.do(sheet, step)
    return {"sheet": {**state_of(sheet), "done": await _touched(workbench, sheet, step)}}


async def _read_anew(workbench: Workbench, sheet: Sheet, step: Sequence[Edit]) -> list[Edit]:
    """The values of columns whose kind changes, as that kind; raises PromptError naming the row that has none."""
    kinds = {column.name: column.kind for column in sheet.edits.columns}
    for edit in step:
        if isinstance(edit, RenameColumn) and edit.column in kinds:
            kinds[edit.name] = kinds.pop(edit.column)
    changed = {
        column.name: column.kind
        for edit in step
        if isinstance(edit, SetColumns)
        for column in edit.columns
        if kinds.get(column.name, column.kind) != column.kind
    }
    if not changed:
        return []
    if sheet.version.rows > MOST_READ_ANEW:
        raise PromptError(
            f"{sheet.version.rows:,} rows are too many to read anew; at most {MOST_READ_ANEW:,} are.",
            "Export them, and choose the type when you import them.",
        )
    now = Draft.of(sheet.version.columns, [tuple(sheet.edits.edits()), tuple(step)])
    stored = await workbench.datasets.all_rows(sheet.version)
    rows = [now.shown(row) for row in stored if row.number not in now.dropped]
    return [
        SetValue(
            row=row.number,
            column=name,
            value=_value(cell_text(row.values[name]), kind, f"Row {row.number}, {name}"),
        )
        for row in (*rows, *sheet.edits.added.values())
        for name, kind in changed.items()
        if name in row.values
    ]


async def _touched(workbench: Workbench, sheet: Sheet, step: Sequence[Edit]) -> list[dict[str, Any]]:
    """The rows of a step as they are now: the grid draws them again where it shows them."""
    numbers = {edit.row for edit in step if isinstance(edit, SetValue | SetHalf | DropRow)}
    if len(numbers) > 200:
        return []
    rows = [
        row for number in sorted(numbers) if (row := await _row_or_none(workbench, sheet, number)) is not None
    ]
    return [row_of(row, sheet.edits) for row in rows]


async def _row_or_none(workbench: Workbench, sheet: Sheet, number: int) -> ShownRow | None:
    try:
        return await workbench.sheets.row(sheet, number)
    except PromptError:
        return None


def step_of(edit: Any, sheet: Sheet) -> list[Edit]:
    """The edits that the page asks for; raises PromptError naming the cell that cannot be read."""
    if not isinstance(edit, Mapping):
        raise PromptError("There is no edit in this.", "Reload the page and try again.")
    try:
        found: list[Edit] = list(read_step(edit.get("step", [])))
        for number, name, text in edit.get("cells", []):
            kind = sheet.edits.column(str(name)).kind
            found.append(SetValue(row=int(number), column=str(name), value=_value(str(text), kind, name)))
        for cells in edit.get("add", []):
            values = {
                str(name): value
                for name, text in dict(cells).items()
                if (value := _value(str(text), sheet.edits.column(str(name)).kind, name)) is not None
            }
            found.append(
                AddRow(values=values, half=_half_of_new(sheet), made_by=str(edit.get("by", ""))[:200])
            )
    except (ValidationError, TypeError, ValueError) as exc:
        raise PromptError("This edit cannot be read.", "Reload the page and make it again.") from exc
    return found


def _half_of_new(sheet: Sheet) -> Any:
    """A row that is added to a data set with halves is one to work on: nothing was measured on it."""
    return "train" if sheet.version.train or sheet.version.held_out else ""


def _value(text: str, kind: str, name: Any) -> Any:
    try:
        return read_cell(text, kind)
    except PromptError as exc:
        raise PromptError(f"{name}: {exc.message}", exc.hint) from exc


async def data_undo(workbench: Workbench, ask: Ask) -> Update:
    """The last step taken back, and what it was, so that it can be done again."""
    sheet, step = await workbench.sheets.undo(await sheet_of(workbench, ask))
    again = [edit.model_dump(mode="json") for edit in step]
    return {"sheet": {**state_of(sheet), "undone": again}}


async def data_discard(workbench: Workbench, ask: Ask) -> Update:
    """All edits thrown away, with the way back."""
    journal = await workbench.sheets.discard(await sheet_of(workbench, ask))
    update: Update = {"sheet": state_of(await sheet_of(workbench, ask))}
    if journal is not None:
        update["toast"] = f"{plural(len(journal.steps), 'edit')} discarded"
        update["toast_act"] = {
            "label": "Undo",
            "act": "data_restore_draft",
            "token": workbench.tray.put(journal),
        }
    return update


async def data_restore_draft(workbench: Workbench, ask: Ask) -> Update:
    """The edits that were thrown away are there again."""
    sheet = await workbench.sheets.put_back(workbench.tray.take(ask.text("token"), Journal))
    return {"sheet": state_of(sheet) | {"back": sheet.version.dataset_id}}


async def data_save(workbench: Workbench, ask: Ask) -> Update:
    """The edits as the next version; with the way back to the one before."""
    try:
        version = await workbench.sheets.save(await sheet_of(workbench, ask), ask.text("note").strip())
    except RowsMoved as exc:
        return {
            "alert": to_alert(exc),
            "toast": "Your edits are kept",
            "toast_act": {
                "label": "Put mine on top",
                "act": "data_on_top",
                "dataset": ask.text("dataset"),
                "draft": ask.text("draft"),
            },
        }
    sheet = await workbench.sheets.open(version.dataset_id, draft=ask.text("draft"))
    return {
        "sheet": state_of(sheet) | {"saved": version.number},
        "toast": f"Saved as version {version.number}",
        "toast_act": {
            "label": "Undo",
            "act": "data_restore",
            "dataset": version.dataset_id,
            "number": str(version.number - 1),
        },
    }


async def data_on_top(workbench: Workbench, ask: Ask) -> Update:
    """The edits over the newest version, in place of the one that they were begun from."""
    sheet = await workbench.sheets.onto_newest(await sheet_of(workbench, ask))
    return {
        "sheet": state_of(sheet) | {"back": sheet.version.dataset_id},
        "toast": f"Your edits lie over version {sheet.version.number} now: look at them, then save",
    }


async def data_restore(workbench: Workbench, ask: Ask) -> Update:
    """An older version as the newest one."""
    number = ask.integer("number")
    version = await workbench.datasets.restore(ask.text("dataset"), number)
    return {
        "toast": f"Version {version.number} is version {number} again",
        "sheet": {"back": version.dataset_id},
    }


ACTIONS: dict[str, Action] = {
    "data_open": data_open,
    "data_rows": data_rows,
    "data_row": data_row,
    "data_facts": data_facts,
    "data_values": data_values,
    "data_same": data_same,
    "data_do": data_do,
    "data_undo": data_undo,
    "data_discard": data_discard,
    "data_restore_draft": data_restore_draft,
    "data_save": data_save,
    "data_on_top": data_on_top,
    "data_restore": data_restore,
}
