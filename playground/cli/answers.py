"""All answers of a stored run, written as a file: `playground answers RUN`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from playground.cli.terminal import Data, open_to_read, settings_of, write, write_pieces


class FileKind(StrEnum):
    """The endings of `runs.answers.FILES`."""

    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(answers)


def answers(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, as in a link to it.")],
    kind: Annotated[
        FileKind, typer.Option("--format", metavar="csv|json", help="How to write.")
    ] = FileKind.CSV,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write to; else standard output.")
    ] = None,
    data: Data = None,
) -> None:
    """Write all answers of a run, however many, with their values, scores and measurements."""
    from playground.runs.answers import FILES

    workbench = open_to_read(settings_of(context, data))
    try:
        stored = workbench.store.run(run)
        pieces: Iterator[str] = FILES[kind.value][1](
            stored, workbench.store.cells.stream_rows(run), workbench.history.variant_names(run)
        )
        if output is None:
            for piece in pieces:
                write(piece)
        else:
            write_pieces(output, pieces)
    finally:
        workbench.store.close()
