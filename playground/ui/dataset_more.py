"""What is done with a whole data set: exported, split into halves, sampled, freed of duplicates, and its versions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup

from playground.datasets.cell import cell_text
from playground.datasets.sample import sample
from playground.datasets.split import HELD_OUT, SEED
from playground.diff import diff_words
from playground.errors import NotFoundError, PromptError
from playground.formats.base import file_name
from playground.tables.registry import FORMATS
from playground.types.dataset import Column, DatasetVersion, Half, Row
from playground.ui.actions import Action, Ask
from playground.ui.html import Name, attributes, button, icon, join, options, pieces, plural, stamp
from playground.ui.update import Update
from playground.workbench.service import Workbench

SHOWN_CHANGES = 200
HELD_OUT_PERCENT = round(100 * HELD_OUT)
"""As the form says it, in whole percent; it stands for the exact share."""


async def version_of(workbench: Workbench, ask: Ask) -> DatasetVersion:
    """The version that is asked about, the newest without a number."""
    return await workbench.datasets.version(ask.text("dataset"), ask.integer("number", 0) or None)


async def _unsaved(workbench: Workbench, ask: Ask) -> str:
    """What is not saved yet, in words: a whole version is made of what is stored."""
    sheet = await workbench.sheets.open(ask.text("dataset"), draft=ask.text("draft"))
    return sheet.edits.words


async def refuse_unsaved(workbench: Workbench, ask: Ask) -> None:
    """Raises PromptError while edits of the data set are not saved."""
    if words := await _unsaved(workbench, ask):
        raise PromptError(f"Edits are not saved yet: {words}.", "Save or discard them first, then do this.")


# --- files ----------------------------------------------------------------------------------------------


async def data_export(workbench: Workbench, ask: Ask) -> Update:
    """The ways out: every format that is read is written, too."""
    version = await version_of(workbench, ask)
    formulas = await workbench.datasets.inert_cells(version)
    unsaved = await _unsaved(workbench, ask)
    links = join(
        Markup(
            '<a class="btn" download href="files/dataset/{}/{}?number={}" data-format="{}">{}{}</a>'
        ).format(version.dataset_id, name, version.number, name, icon("download", "soft-icon"), row.label)
        for name, row in FORMATS.items()
    )
    notes = []
    if unsaved:
        notes.append(f"Version {version.number} as it is stored: {unsaved} are not in it before you save.")
    if formulas:
        notes.append(
            f"{plural(formulas, 'text')} would be run as a formula by a spreadsheet: a quote stands before each in CSV and TSV, "
            "and XLSX marks them as text."
        )
    if version.train or version.held_out:
        notes.append("The half of each row stands in a column split; it is read back as that.")
    body = Markup('<p>{} of “{}”, version {}.</p><div class="quiet-row ways-out">{}</div>{}').format(
        plural(version.rows, "row"),
        version.name,
        version.number,
        links,
        join(Markup('<p class="hint">{}</p>').format(note) for note in notes),
    )
    return {"drawer": {"title": "Export", "body": body, "narrow": True}}


async def dataset_export(
    workbench: Workbench, dataset_id: str, format_name: str, number: int | None, half: str
) -> tuple[str, str, Iterator[bytes]]:
    """The name, media type and pieces of a version as a file. Raises NotFoundError, PromptError."""
    if format_name not in FORMATS:
        raise NotFoundError(f'There is no format "{format_name}".', f"There are {', '.join(FORMATS)}.")
    version = await workbench.datasets.version(dataset_id, number)
    row = FORMATS[format_name]
    wanted: Half = "train" if half == "train" else "held-out" if half else ""
    body = await asyncio.to_thread(workbench.datasets.written, version, format_name, wanted)
    name = file_name(f"{version.name} {version.number}", f".{row.suffixes[0]}")
    return name, row.media_type, body


# --- halves, a sample, duplicates -----------------------------------------------------------------------


async def data_more(workbench: Workbench, ask: Ask) -> Update:
    """Split, sample, and take duplicates out; each makes a version at once, with the way back."""
    version = await version_of(workbench, ask)
    names = [column.name for column in version.columns]
    clusters = [column.name for column in version.columns if column.role == "cluster"]
    facts = await workbench.datasets.facts(version)
    twins = len(facts.twins)
    chosen = [("", "none"), *((name, Name(name)) for name in names)]
    data = attributes({"dataset": version.dataset_id})
    expected = next((column.name for column in version.columns if column.role == "expected"), "")
    body = Markup(
        '<section class="more-part" data-form><h3>Split into train and held out</h3><p class="hint">A verdict rests on the held-out half, which is the larger one: more rows show smaller differences. The other is for working on the prompt. Equal rows stay together.</p>'
        '<div class="form"><label for="split-share" class="soft">Held out, %</label><input id="split-share" name="share" class="field num" type="number" min="1" max="99" value="{}">'
        '<label for="split-by" class="soft">As often of each</label><select id="split-by" name="by" class="field">{}</select>'
        '<label for="split-cluster" class="soft">Never torn apart</label><select id="split-cluster" name="cluster" class="field">{}</select>'
        '<label for="split-seed" class="soft">Seed</label><input id="split-seed" name="seed" class="field num" type="number" min="0" value="{}">'
        '<span></span><span><button class="btn primary" data-act="data_split"{}>Split {}</button></span></div></section>'
        '<section class="more-part" data-form><h3>Sample</h3><p class="hint">A new data set of some rows, drawn by the seed.</p><div class="form">'
        '<label for="sample-count" class="soft">Number of rows</label><input id="sample-count" name="count" class="field num" type="number" min="1" max="{}" value="{}">'
        '<label for="sample-seed" class="soft">Seed</label><input id="sample-seed" name="seed" class="field num" type="number" min="0" value="{}">'
        '<span></span><span><button class="btn" data-act="data_sample"{}>Make the sample</button></span></div></section>'
        '<section class="more-part"><h3>Duplicates</h3>{}</section>'
    ).format(
        HELD_OUT_PERCENT,
        options(chosen, expected if facts_choices(facts.columns.get(expected)) else ""),
        options(chosen, clusters[0] if clusters else ""),
        SEED,
        data,
        plural(version.rows, "row"),
        version.rows,
        min(100, version.rows),
        SEED,
        data,
        _duplicates(twins, data),
    )
    return {"drawer": {"title": "Split and clean", "body": body, "narrow": True}}


def _duplicates(equal: int, data: Markup) -> Markup:
    """Rows that are equal, and the way to look for those that nearly are: that takes a moment."""
    said = (
        Markup(
            '<p>{} equal to an earlier one.</p><p><button class="btn" data-act="data_dedupe"{}>Take {} out</button></p>'
        ).format(
            f"{plural(equal, 'row')} {'is' if equal == 1 else 'are'}", data, "it" if equal == 1 else "them"
        )
        if equal
        else Markup('<p class="hint">No two rows are equal.</p>')
    )
    look = Markup('<button class="btn quiet" data-act="data_near"{}>{}Look for nearly equal rows</button>')
    return Markup('{}<div id="data-near"><p>{}</p></div>').format(
        said, look.format(data, icon("search", "soft-icon"))
    )


def facts_choices(column: object) -> bool:
    """Whether a column has few values, so that each half can have its share of each."""
    return bool(getattr(column, "choices", ()))


async def data_split(workbench: Workbench, ask: Ask) -> Update:
    """A version whose rows are in halves."""
    await refuse_unsaved(workbench, ask)
    version = await version_of(workbench, ask)
    share = ask.typed("share", "Held out, %", 1, 99)
    made = await workbench.datasets.split(
        version,
        held_out=HELD_OUT if share == HELD_OUT_PERCENT else share / 100,
        seed=ask.typed("seed", "Seed", 0),
        by=ask.text("by"),
        cluster=ask.text("cluster"),
    )
    return version_made(made, version.number, made.note)


async def data_sample(workbench: Workbench, ask: Ask) -> Update:
    """A new data set of some rows."""
    await refuse_unsaved(workbench, ask)
    version = await version_of(workbench, ask)
    count, seed = ask.typed("count", "Number of rows", 1, version.rows), ask.typed("seed", "Seed", 0)
    rows = await workbench.datasets.all_rows(version)
    chosen = await asyncio.to_thread(sample, rows, count, seed)
    name = f"{version.name}{'，' if ask.language == 'zh' else ', '}{ask.own(plural(len(chosen), 'row'))}"
    kept = [Row(row.values, row.half, row.made_by) for row in chosen]
    made = await workbench.datasets.create(
        name, version.columns, kept, note=f"Drawn from {version.words} with seed {seed}"
    )
    return {
        "drawer": None,
        "toast": f"{plural(len(chosen), 'row')} in “{made.name}”",
        "sheet": {"made": made.dataset_id},
    }


def version_made(made: DatasetVersion, before: int, words: str) -> Update:
    """A version was made; with the way back to the one before."""
    return {
        "drawer": None,
        "toast": f"{words}: version {made.number}",
        "toast_act": {
            "label": "Undo",
            "act": "data_restore",
            "dataset": made.dataset_id,
            "number": str(before),
        },
        "sheet": {"back": made.dataset_id},
    }


# --- versions -------------------------------------------------------------------------------------------


async def data_versions(workbench: Workbench, ask: Ask) -> Update:
    """All versions; each can be looked at, compared with the one before, and made the newest again."""
    versions = await workbench.datasets.versions(ask.text("dataset"))
    used = await workbench.datasets.used_by(ask.text("dataset"))
    rows = join(_version_row(version, list(used.values()).count(version.number)) for version in versions)
    body = Markup(
        '<table class="table wraps versions"><tbody>{}</tbody></table><div id="data-difference"></div>'
    ).format(rows)
    return {"drawer": {"title": f"Versions of {versions[0].name}", "body": body}}


def _version_row(version: DatasetVersion, used: int) -> Markup:
    data: dict[str, Any] = {"dataset": version.dataset_id, "number": version.number}
    count, total = version.train, version.held_out
    halves = f", {count:,} train and {total:,} held out" if total else ""
    return Markup(
        '<tr><td class="w1"><b>Version {}</b> {} <span class="hint d">{}</span></td><td class="w2">{}{}{}</td><td class="w2">{}</td><td class="w2">{}{}</td></tr>'
    ).format(
        version.number,
        Markup('<span class="badge mode">newest</span>') if version.number == version.latest else "",
        version.note,
        plural(version.rows, "row"),
        halves,
        f", used by {plural(used, 'experiment')}" if used else "",
        stamp(version.created_at),
        button("Difference", "data_difference", symbol="diff", kind="quiet small", **data)
        if version.number > 1
        else "",
        button("Open", "data_open_version", kind="quiet small", **data),
    )


async def data_difference(workbench: Workbench, ask: Ask) -> Update:
    """What a version changed, row by row, against the one before."""
    version = await version_of(workbench, ask)
    before = await workbench.datasets.version(version.dataset_id, version.number - 1)
    old = {row.number: row for row in await workbench.datasets.all_rows(before)}
    new = {row.number: row for row in await workbench.datasets.all_rows(version)}
    body = await asyncio.to_thread(_difference, before, version, old, new)
    return {"html": {"data-difference": body}}


def _difference(
    before: DatasetVersion, version: DatasetVersion, old: dict[int, Row], new: dict[int, Row]
) -> Markup:
    called = _renamed(before.columns, version.columns)
    if called:
        old = {
            number: Row(
                {called.get(name, name): value for name, value in row.values.items()},
                row.half,
                row.made_by,
                number,
            )
            for number, row in old.items()
        }
    added = [row for number, row in new.items() if number not in old]
    gone = [row for number, row in old.items() if number not in new]
    changed = [
        (old[number], row)
        for number, row in new.items()
        if number in old and (old[number].id != row.id or old[number].half != row.half)
    ]
    columns = _columns_words(before.columns, version.columns)
    counts = [
        plural(len(changed), "row changed", "rows changed") if changed else "",
        plural(len(added), "row added", "rows added") if added else "",
        plural(len(gone), "row removed", "rows removed") if gone else "",
    ]
    lines: list[Markup] = [_changed(was, now) for was, now in changed[:SHOWN_CHANGES]]
    lines += [_whole(row, "add") for row in added[: max(0, SHOWN_CHANGES - len(lines))]]
    lines += [_whole(row, "del") for row in gone[: max(0, SHOWN_CHANGES - len(lines))]]
    more = len(changed) + len(added) + len(gone) - len(lines)
    return Markup(
        '<h3>Version {} against version {}</h3><p>{}</p>{}<table class="table difference"><tbody>{}</tbody></table>{}'
    ).format(
        version.number,
        before.number,
        ", ".join(filter(bool, counts)) or "The rows are the same",
        Markup("<p>{}</p>").format(columns) if columns else "",
        join(lines),
        Markup('<p class="hint">and {:,} more</p>').format(more) if more > 0 else "",
    )


def _renamed(before: Sequence[Column], now: Sequence[Column]) -> dict[str, str]:
    """What columns are called now whose place a new name has taken, and nothing else about them."""
    if len(before) != len(now):
        return {}
    was, names = {column.name for column in before}, {column.name for column in now}
    pairs = [(a, b) for a, b in zip(before, now, strict=True) if a.name not in names and b.name not in was]
    return {a.name: b.name for a, b in pairs if a.kind == b.kind}


def _columns_words(before: Sequence[Column], now: Sequence[Column]) -> str:
    called = _renamed(before, now)
    parts = [f"column {of} is called {name} now" for of, name in called.items()]
    before = [Column(name=called.get(c.name, c.name), kind=c.kind, role=c.role) for c in before]
    was, names = {column.name: column for column in before}, {column.name for column in now}
    parts += [f"column {column.name} added" for column in now if column.name not in was]
    parts += [f"column {name} removed" for name in was if name not in names]
    parts += [
        f"column {column.name}: {column.kind}{f', {column.role}' if column.role else ''}"
        for column in now
        if column.name in was and was[column.name] != column
    ]
    return "; ".join(parts)


def _changed(was: Row, now: Row) -> Markup:
    names = [name for name in {**was.values, **now.values} if was.values.get(name) != now.values.get(name)]
    parts = [
        Markup('<div><span class="mono hint">{}</span> <span class="words">{}</span></div>').format(
            name,
            pieces(
                diff_words(cell_text(was.values.get(name))[:2000], cell_text(now.values.get(name))[:2000])
            ),
        )
        for name in names
    ]
    if was.half != now.half:
        parts.append(
            Markup(
                '<div><span class="hint">half</span> <del class="del">{}</del> <ins class="add">{}</ins></div>'
            ).format(was.half or "none", now.half or "none")
        )
    return Markup('<tr><td class="num hint">{:,}</td><td>{}</td></tr>').format(now.number, join(parts))


def _whole(row: Row, kind: str) -> Markup:
    text = " · ".join(cell_text(value)[:200] for value in row.values.values())
    tag = "ins" if kind == "add" else "del"
    return Markup(
        '<tr><td class="num hint">{:,}</td><td class="words"><{} class="{}">{}</{}></td></tr>'
    ).format(row.number, Markup(tag), kind, text[:500], Markup(tag))


ACTIONS: dict[str, Action] = {
    "data_export": data_export,
    "data_more": data_more,
    "data_split": data_split,
    "data_sample": data_sample,
    "data_versions": data_versions,
    "data_difference": data_difference,
}
