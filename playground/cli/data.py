"""Commands for data sets: list, import, show, export; what makes the next version of one is in `data_versions`.

playground data import late_parcels.csv --name "Late parcels"
playground data show "Late parcels@1" --rows 5
playground data export "Late parcels" --format jsonl --output late.jsonl
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playground.cli import data_versions
from playground.cli.data_choices import choices_of, read_bytes, require_columns, sample_table
from playground.cli.data_versions import DataSet
from playground.cli.data_words import as_json, report
from playground.cli.terminal import (
    Data,
    Name,
    Output,
    PrintAs,
    about,
    bracketed,
    open_there,
    open_to_read,
    parted,
    say,
    say_table,
    settings_of,
    shown,
    tell,
    with_workbench,
    write,
    write_bytes,
)
from playground.plurals import plural

if TYPE_CHECKING:
    from playground.types.dataset import Half, Row
    from playground.workbench.service import Workbench

data = typer.Typer(rich_markup_mode=None)
WIDE_CHARS = 48


class TableFormat(StrEnum):
    """A format that data sets are written in."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    XLSX = "xlsx"
    PARQUET = "parquet"


class HalfName(StrEnum):
    """A half of a data set."""

    TRAIN = "train"
    HELD_OUT = "held-out"


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    data_versions.register(data)
    app.add_typer(data, name="data", help="Import, list, show, split and export data sets.")


@data.command("list")
def list_data(context: typer.Context, output: PrintAs = Output.TEXT, folder: Data = None) -> None:
    """List the data sets, and the samples that come with the program."""
    from playground.workbench.sample_data import all_samples

    async def work(workbench: Workbench) -> None:
        every = await workbench.datasets.all()
        if output is Output.JSON:
            rows = [
                {
                    "name": each.name,
                    "version": each.latest,
                    "rows": each.rows,
                    "train": each.train,
                    "held_out": each.held_out,
                    "columns": [column.model_dump() for column in each.columns],
                    "updated": each.updated_at.isoformat(),
                    "used_by": each.used,
                }
                for each in every
            ]
            write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
            return
        say_table(
            [
                Name(f"{each.name}@{each.latest}"),
                plural(each.rows, "row"),
                plural(len(each.columns), "column"),
                f"train {each.train:,}, held out {each.held_out:,}" if each.train or each.held_out else "",
            ]
            for each in every
        )
        if not every:
            say("There are no data sets. Import one with: playground data import FILE\n")
        if samples := await all_samples():
            say("Samples, which playground data import NAME takes:\n")
        shipped = [[Name(sample.name), plural(sample.rows, "row"), sample.title] for sample in samples]
        say_table(shipped, indent="  ")

    with_workbench(open_to_read(settings_of(context, folder)), work)


@data.command("import")
def import_data(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=".csv, .tsv, .json, .jsonl, .xlsx or .parquet.")
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="Call it so; else as the file.")] = "",
    add_to: Annotated[str, typer.Option(metavar="NAME", help="Add the rows to this data set.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be stored.")] = False,
    encoding: Annotated[str, typer.Option(metavar="NAME", help="Such as cp1252; else found out.")] = "",
    delimiter: Annotated[str, typer.Option(metavar="CHAR", help="What parts the fields.")] = "",
    decimal: Annotated[str, typer.Option(metavar=".|,", help="The decimal sign of numbers.")] = "",
    sheet: Annotated[str, typer.Option(metavar="NAME", help="The sheet of an .xlsx file.")] = "",
    no_header: Annotated[bool, typer.Option("--no-header", help="The first record is a row.")] = False,
    rename: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=NAME", help="Call a column so. Repeatable.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Leave it out. Repeatable.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=KIND", help="One of: text, number, boolean, list, json. Repeatable."),
    ] = None,
    expected: Annotated[str, typer.Option(metavar="COLUMN", help="Holds the expected answer.")] = "",
    cluster: Annotated[str, typer.Option(metavar="COLUMN", help="Groups rows that belong together.")] = "",
    tag: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Marks rows. Repeatable.")] = None,
    keep_equal: Annotated[
        bool, typer.Option("--keep-equal", help="With --add-to: store rows again that are there.")
    ] = False,
    note: Annotated[str, typer.Option(metavar="TEXT", help="What this version is.")] = "",
    output: PrintAs = Output.TEXT,
    folder: Data = None,
) -> None:
    """Read a table and keep its rows as a data set.

    What was found about the file, and every record with a problem, is told by line. Exit code 0: rows
    were stored. 2: nothing could be.
    """
    from playground.tables.reading import read_table

    file = sample_table(file) or file
    content = read_bytes(file)
    chosen = choices_of(
        encoding, delimiter, decimal, sheet, no_header, rename, skip, kind, expected, cluster, tag, keep_equal
    )

    async def work(workbench: Workbench) -> None:
        desk = workbench.datasets
        target = await desk.find(add_to) if add_to else None
        known = await desk.known(target) if target else {}
        reading = read_table(file.name, content, chosen, into=target.columns if target else (), known=known)
        require_columns(reading.columns, chosen)
        found = reading.preview(count=0)
        version = None
        if not dry_run and target:
            version, _ = await desk.keep_more(reading, target.dataset_id, note or f"Added {file.name}")
        elif not dry_run:
            version, _ = await desk.keep(reading, name or file.stem, note or f"Imported {file.name}")
        if output is Output.JSON:
            write(json.dumps(as_json(found, version), ensure_ascii=False, indent=2) + "\n")
        else:
            report(found, version)

    with_workbench(open_there(settings_of(context, folder)), work)


@data.command("show")
def show_data(
    context: typer.Context,
    name: DataSet,
    rows: Annotated[int, typer.Option(metavar="N", min=0, max=1_000, help="So many rows (10).")] = 10,
    start: Annotated[int, typer.Option(metavar="N", min=0, help="After so many others.")] = 0,
    half: Annotated[HalfName | None, typer.Option(metavar="train|held-out", help="Of this half.")] = None,
    sort: Annotated[str, typer.Option(metavar="COLUMN", help="In this order; -COLUMN falls.")] = "",
    wanted: Annotated[
        str, typer.Option("--filter", metavar="TEXT", help="Such as 'days_late:>5 refund -chat'.")
    ] = "",
    output: PrintAs = Output.TEXT,
    folder: Data = None,
) -> None:
    """Show a data set: its columns, its versions and some of its rows."""

    async def work(workbench: Workbench) -> None:
        desk = workbench.datasets
        version = await desk.find(name)
        names = {column.name for column in version.columns}
        falls = sort.startswith("-") and sort not in names
        page = await desk.rows(
            version,
            filter=wanted,
            half=_half(half),
            sort=sort[1:] if falls else sort,
            falls=falls,
            start=start,
            count=rows,
        )
        if output is Output.JSON:
            told = version.model_dump(mode="json") | {
                "found": page.total,
                "shown": [_row(row) for row in page.rows],
            }
            write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
            return
        say(f"{version.words}: {plural(version.rows, 'row')}")
        say(
            f", train {version.train:,}, held out {version.held_out:,}\n"
            if version.train or version.held_out
            else "\n"
        )
        for column in version.columns:
            write(f"  {about(column.name, column.kind, column.role)}\n")
        for each in await desk.versions(version.dataset_id):
            stamp = f"{each.created_at.astimezone():%Y-%m-%d %H:%M}"
            what = parted(f"version {each.number}", stamp, plural(each.rows, "row"))
            write(f"  {about(what, each.note) if each.note else what}\n")
        if wanted or half:
            say(f"{page.total:,} of {plural(version.rows, 'row')}\n")
        for row in page.rows:
            half_word = bracketed(shown(row.half.replace("-", " "))) if row.half else ""
            made = f" {shown(f'made by {row.made_by}')}" if row.made_by else ""
            write(f"{shown(f'row {row.number}')}{half_word}{made}\n")
            for column in version.columns:
                write(f"  {column.name}: {_short(row.values.get(column.name))}\n")

    with_workbench(open_to_read(settings_of(context, folder)), work)


@data.command("export")
def export_data(
    context: typer.Context,
    name: DataSet,
    format_name: Annotated[
        TableFormat | None,
        typer.Option(
            "--format", metavar="csv|tsv|json|jsonl|xlsx|parquet", help="Else as the file is called."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write here; else to standard output.")
    ] = None,
    half: Annotated[HalfName | None, typer.Option(metavar="train|held-out", help="Only this half.")] = None,
    folder: Data = None,
) -> None:
    """Write a data set as a file.

    Texts that a spreadsheet would run as formulas are made harmless in CSV, TSV and XLSX, and that is said.
    """
    suffix = output.suffix.lstrip(".").lower() if output else ""
    known = {each.value: each for each in TableFormat}
    wanted = format_name or known.get(suffix, TableFormat.CSV)

    async def work(workbench: Workbench) -> None:
        version = await workbench.datasets.find(name)
        only = _half(half)
        pieces = workbench.datasets.written(version, wanted.value, only)
        if output is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.flush()
        else:
            write_bytes(output, pieces)
        spreadsheet = wanted in (TableFormat.CSV, TableFormat.TSV, TableFormat.XLSX)
        if spreadsheet and (count := await workbench.datasets.inert_cells(version, only)):
            many = count != 1
            way = (
                "got a quote before"
                if wanted is not TableFormat.XLSX
                else f"{'are' if many else 'is'} marked as text"
            )
            what = f"{count:,} texts that look like formulas" if many else "1 text that looks like a formula"
            tell(
                f"{what} {way}, so that no spreadsheet runs {'them' if many else 'it'}; read again here, {'they are' if many else 'it is'} as before."
            )

    with_workbench(open_to_read(settings_of(context, folder)), work)


def _half(half: HalfName | None) -> Half:
    return half.value if half else ""


def _row(row: Row) -> dict[str, Any]:
    return {"row": row.number, "half": row.half, "made_by": row.made_by, "values": row.values}


def _short(value: Any) -> str:
    text = (
        "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    )
    text = " ".join(text.split())
    return text if len(text) <= WIDE_CHARS * 2 else f"{text[: WIDE_CHARS * 2 - 1]}…"
