"""The page of a file that comes in: what was found in it, its columns, rows as they will be stored, and problems.

import_page(upload, token, preview, sets, prompt, values, more)   # every choice draws it anew
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, get_args

from markupsafe import Markup

from playground.datasets.cell import cell_text
from playground.store.records import DatasetSummary
from playground.tables.base import Choices, Found
from playground.tables.preview import Preview, PreviewRow, Problem, ReadColumn
from playground.tables.reading import Reading
from playground.types.dataset import ColumnKind
from playground.ui.html import Name, attributes, button, icon, join, options, plural, segments

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


def import_page(
    upload: Upload,
    token: str,
    preview: Preview,
    sets: Sequence[DatasetSummary],
    prompt: str,
    values: Mapping[str, Any],
    more: Markup,
) -> Markup:
    """The whole page; `more` stands below the problems."""
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
        options([("", "A new data set"), *((each.id, Name(each.name)) for each in sets)], upload.into),
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
        Markup('<span class="hint">against the variables of</span> <b translate="no">{}</b>').format(prompt)
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
    own = [column.becomes or column.name]
    if column.becomes != column.name and column.becomes:
        own.append(column.name)
    becomes: list[tuple[str, str]] = [(name, Name(name)) for name in (*own, *others)]
    becomes.append(("", "not imported"))
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
        Markup('<th class="{}" translate="no">{}</th>').format(
            "num" if column.kind == "number" else "", column.becomes
        )
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
