"""Rows that come in: a file, or what was pasted, is looked at on one page with all that was found; then it is stored.

    file → POST library/table → an Upload in the tray → data_read draws the page, each choice reads again → data_store

Nothing is stored before the button, which carries the number of rows.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, get_args

from markupsafe import Markup
from pydantic import ValidationError

from playground.datasets.cell import cell_text, kind_of_value
from playground.errors import PromptError
from playground.store.records import DatasetSummary
from playground.tables.base import Choices, Found
from playground.tables.reading import Preview, PreviewRow, Problem, ReadColumn, Reading, read_table
from playground.types.dataset import Column, ColumnKind, Row
from playground.types.prompt import Prompt
from playground.ui.actions import Action, Ask
from playground.ui.dataset_halves import halves_of, halves_part, length_part
from playground.ui.html import attributes, button, icon, join, options, plural, segments
from playground.ui.update import Update
from playground.workbench.service import Workbench

MOST_BYTES = 64_000_000
SHOWN_COLUMNS = 200
SHOWN_LINES = 8
SHOWN_PROBLEMS = 60
PAGE_ROWS = 100
WORD = {
    "encoding": "Encoding",
    "delimiter": "Delimiter",
    "header": "First record",
    "quote": "Quotes",
    "decimal": "Decimal sign",
    "sheet": "Sheet",
}
ROLES = (
    ("", "column"),
    ("input", "variable"),
    ("expected", "expected answer"),
    ("cluster", "cluster"),
    ("tag", "tag"),
)


@dataclass(eq=False)
class Upload:
    """A file on its way in, on disk as long as it is here, and what was chosen about it."""

    name: str
    file: IO[bytes]
    size: int
    choices: Choices = field(default_factory=Choices)
    into: str = ""
    """The id of the data set that it is added to; "" makes a new one."""
    title: str = ""
    only: str = "all"
    halves: str = ""
    """In which half its rows go: "file", "ratio", "train", "held-out"; "" until somebody chooses."""
    reading: Reading | None = None


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
    body = _page(
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


# --- the page -------------------------------------------------------------------------------------------


def _page(
    upload: Upload,
    token: str,
    preview: Preview,
    sets: Sequence[DatasetSummary],
    prompt: str,
    values: Mapping[str, Any],
    more: Markup,
) -> Markup:
    side = _problems(preview, more)
    return join(
        (
            _bar(upload, token, preview),
            _choices(upload, token, preview, sets),
            Markup('<div class="import-body"><div class="import-main">{}{}{}</div>{}</div>').format(
                _columns(token, preview, prompt),
                _without(preview, values),
                _rows(upload, token, preview),
                side,
            ),
        )
    )


def _bar(upload: Upload, token: str, preview: Preview) -> Markup:
    shut = "" if preview.stored else Markup(" disabled")
    why = Markup('<span class="hint">{}</span>').format(
        "Nothing is stored yet." if preview.stored else "No row of it can be stored."
    )
    return Markup(
        '<div class="bar data-bar"><button class="btn quiet back" data-act="data_home">Data sets</button>{}<h2>Import</h2>'
        '<span class="mono one file">{}</span><span class="hint num">{}</span><span class="grow"></span>{}'
        '<button class="btn quiet" data-act="data_home">Cancel</button>'
        '<button class="btn primary" data-act="data_store" data-token="{}"{}>{}Store {}</button></div>'
    ).format(
        icon("right", "soft"),
        upload.name,
        _size(preview.size_bytes),
        why,
        token,
        shut,
        icon("check"),
        plural(preview.stored, "row"),
    )


def _size(size: int) -> str:
    return (
        f"{size:,} bytes"
        if size < 1000
        else f"{size / 1000:,.0f} kB"
        if size < 1e6
        else f"{size / 1e6:,.1f} MB"
    )


def _choices(upload: Upload, token: str, preview: Preview, sets: Sequence[DatasetSummary]) -> Markup:
    into = next((each for each in sets if each.id == upload.into), None)
    name = upload.title or upload.name.rpartition(".")[0].replace("_", " ").strip() or upload.name
    where = Markup(
        '<label class="import-choice"><span class="hint">Add to</span><select class="field" data-choose="into" data-token="{}" aria-label="Add to">{}</select>{}</label>'
    ).format(
        token,
        options([("", "A new data set"), *((each.id, each.name) for each in sets)], upload.into),
        Markup('<span class="hint">as version {}; {} stay</span>').format(
            into.latest + 1, plural(into.rows, "row")
        )
        if into
        else Markup(
            '<input class="field" name="title" value="{}" maxlength="200" aria-label="Name of the data set" data-choose="title" data-token="{}">'
        ).format(name, token),
    )
    return Markup('<div class="import-choices">{}{}</div>').format(
        join(_choice(found, token) for found in preview.found), where
    )


def _choice(found: Found, token: str) -> Markup:
    shown = list(found.options)
    if found.value not in [value for value, _ in shown]:
        shown.insert(0, (found.value, found.label))
    field_ = (
        Markup('<select class="field" data-choose="{}" data-token="{}" aria-label="{}">{}</select>').format(
            found.what, token, WORD[found.what], options(shown, found.value)
        )
        if len(shown) > 1
        else Markup('<span class="field fixed">{}</span>').format(found.label)
    )
    return Markup(
        '<label class="import-choice"><span class="hint">{}</span>{}<span class="hint {}">{}{}</span></label>'
    ).format(
        WORD[found.what],
        field_,
        "" if found.sure else "warn",
        "" if found.sure else icon("warn"),
        found.evidence,
    )


def _columns(token: str, preview: Preview, prompt: str) -> Markup:
    against = (
        Markup('<span class="hint">against the variables of</span> <b>{}</b>').format(prompt)
        if prompt
        else Markup("")
    )
    shown = preview.columns[:SHOWN_COLUMNS]
    more = len(preview.columns) - len(shown)
    return Markup(
        '<section class="import-part" aria-label="Columns"><div class="import-head"><h3>Columns</h3>{}<span class="grow"></span><span class="hint">counted over {}</span></div>'
        '<div class="scroll-x" tabindex="0" role="group" aria-label="Columns of the file"><table class="table import-columns"><thead><tr><th>Column in the file</th><th>Type</th>'
        '<th class="num">Filled</th><th class="num">Missing</th><th>First value</th><th>Becomes</th><th>For</th><th>Why</th></tr></thead><tbody>{}</tbody></table></div>{}</section>'
    ).format(
        against,
        plural(preview.records, "record"),
        join(_column(column, token, preview) for column in shown),
        Markup('<p class="hint more">and {:,} more columns, stored by their names</p>').format(more)
        if more > 0
        else "",
    )


def _column(column: ReadColumn, token: str, preview: Preview) -> Markup:
    others = [name for name in preview.without_column if name != column.becomes]
    becomes = [(column.becomes or column.name, column.becomes or column.name)]
    if column.becomes != column.name and column.becomes:
        becomes.append((column.name, column.name))
    becomes += [(name, name) for name in others] + [("", "not imported")]
    kinds = [(kind, kind) for kind in get_args(ColumnKind)]
    data = attributes({"token": token, "column": column.name})
    symbol, colour, word = (
        ("dash", "soft", "left out")
        if not column.becomes
        else ("check", "ok", "certain")
        if column.sure
        else ("hint", "warn", "guessed")
    )
    return Markup(
        '<tr class="{}"><td class="mono one" title="{}">{}</td><td><select class="bare" data-choose="kinds"{} aria-label="Type of {}">{}</select></td>'
        '<td class="num">{:,}</td><td class="num {}">{:,}</td><td class="mono one">{}</td>'
        '<td><select class="field mono" data-choose="names"{} aria-label="{} becomes">{}</select></td>'
        '<td><select class="bare" data-choose="roles"{} aria-label="{} is for">{}</select></td>'
        '<td class="hint why"><span class="{}" title="{}">{}</span> {}</td></tr>'
    ).format(
        "" if column.becomes else "out",
        column.name,
        column.name,
        data,
        column.name,
        options(kinds, column.kind),
        column.filled,
        "warn" if column.missing else "",
        column.missing,
        cell_text(column.first)[:120] or "–",
        data,
        column.name,
        options(becomes, column.becomes),
        data,
        column.name,
        options(ROLES, column.role),
        colour,
        word,
        icon(symbol, colour),
        column.why,
    )


def _without(preview: Preview, values: Mapping[str, Any]) -> Markup:
    """Variables that no column becomes: a tick stores the value that Compare holds in every row."""
    names = [name for name in preview.without_column if cell_text(values.get(name))]
    if not names:
        return Markup("")
    fields = join(
        Markup(
            '<label title="{}"><input type="checkbox" name="fill:{}"> <span class="mono">{}</span> <span class="hint one">{}</span></label>'
        ).format(cell_text(values[name])[:1000], name, name, cell_text(values[name])[:80])
        for name in names[:20]
    )
    return Markup(
        '<section class="import-part" aria-label="Variables without a column"><div class="import-head"><h3>Variables without a column</h3>'
        '<span class="hint">tick one to store in every row what Compare holds now</span></div><div class="import-fill">{}</div></section>'
    ).format(fields)


def _rows(upload: Upload, token: str, preview: Preview) -> Markup:
    with_problem = preview.refused + preview.told
    columns = [column for column in preview.columns if column.becomes][:8]
    view = segments(
        "data_read",
        [("all", f"All {preview.records:,}"), ("problems", f"With a problem {with_problem:,}")],
        upload.only,
        token=token,
    )
    head = join(
        Markup('<th class="{}">{}</th>').format("num" if column.kind == "number" else "", column.becomes)
        for column in columns
    )
    return Markup(
        '<section class="import-part" aria-label="As it will be stored"><div class="import-head"><h3>As it will be stored</h3><span class="hint num">{} read, {:,} will be stored</span>'
        '<span class="grow"></span>{}</div><div class="scroll-x" tabindex="0" role="group" aria-label="Rows as they will be stored"><table class="table import-rows">'
        '<thead><tr><th class="num">{}</th>{}<th>State</th></tr></thead><tbody>{}</tbody></table></div>{}</section>'
    ).format(
        plural(preview.records, "record"),
        preview.stored,
        view if with_problem else "",
        preview.unit.capitalize(),
        head,
        join(_row(row, columns) for row in preview.rows),
        Markup('<p class="hint more">the first {:,} of {:,}</p>').format(len(preview.rows), preview.shown)
        if preview.shown > len(preview.rows)
        else "",
    )


def _row(row: PreviewRow, columns: Sequence[ReadColumn]) -> Markup:
    if row.raw:
        cells = Markup('<td class="mono one" colspan="{}">{}</td>').format(len(columns), row.raw[:300])
    else:
        cells = join(
            Markup('<td class="mono one {}">{}</td>').format(
                "num" if column.kind == "number" else "",
                cell_text(row.values.get(column.becomes))[:160] or "–",
            )
            for column in columns
        )
    state = Markup("")
    if row.findings:
        found = next((each for each in row.findings if each.refused), row.findings[0])
        words = f"refused: {found.what}" if row.refused else found.what
        if found.column and found.column not in words:
            words = f"{found.column}: {words}"
        state = Markup('<span class="{}" title="{}">{}{}</span>').format(
            "bad" if row.refused else "warn", found.then, icon("cross" if row.refused else "warn"), words
        )
    return Markup(
        '<tr id="import-line-{}" class="{}"><td class="num hint">{:,}</td>{}<td class="fate">{}</td></tr>'
    ).format(row.line, "refused" if row.refused else "", row.line, cells, state)


def _problems(preview: Preview, more: Markup) -> Markup:
    if not preview.problems:
        return Markup(
            '<section class="import-side" aria-label="Problems"><header>{}<h3>No row has a problem</h3></header>{}</section>'
        ).format(icon("check", "ok"), more)
    count = preview.refused + preview.told
    shown = preview.problems[:SHOWN_PROBLEMS]
    left = len(preview.problems) - len(shown)
    return Markup(
        '<section class="import-side" aria-label="Problems"><header><h3 class="grow">{} {} a problem</h3><span class="hint num">{:,} refused, {:,} as told</span></header><ul>{}</ul>{}{}</section>'
    ).format(
        plural(count, "row"),
        "has" if count == 1 else "have",
        preview.refused,
        preview.told,
        join(_problem(problem, preview.unit) for problem in shown),
        Markup('<p class="hint more">and {:,} more kinds of problem</p>').format(left) if left > 0 else "",
        more,
    )


def _problem(problem: Problem, unit: str) -> Markup:
    lines = problem.lines[:SHOWN_LINES]
    more = problem.count - len(lines)
    title = f"{unit.capitalize()}{'' if problem.count == 1 else 's'} {', '.join(f'{n:,}' for n in lines)}"
    if more > 0:
        title += f" and {more:,} more"
    act = Markup("")
    if problem.kind == "equal" and problem.refused:
        act = button("Store anyway", "data_keep_equal", kind="quiet small")
    elif problem.kind == "fields" and unit == "line" and problem.count == 1:
        act = button("Edit the line", "data_edit_line", kind="quiet small", line=problem.lines[0])
    what = (
        f"{problem.column}: {problem.what}"
        if problem.column and problem.column not in problem.what
        else problem.what
    )
    return Markup(
        '<li class="{}"><div class="row"><button class="bare" data-act="data_to_line" data-line="{}">{}<b>{}</b></button><span class="grow"></span>{}</div><p>{}</p>{}</li>'
    ).format(
        "refused" if problem.refused else "told",
        problem.lines[0],
        icon("cross" if problem.refused else "warn", "bad" if problem.refused else "warn"),
        title,
        act,
        what,
        Markup('<p class="hint">{}</p>').format(problem.then) if problem.then else "",
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
