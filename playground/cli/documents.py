"""Commands for the documents that techniques look things up in: add files, list them, remove one.

playground document add handbook.pdf prices.csv
playground document list
playground document remove prices.csv
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from playground.cli.terminal import Data, Name, Output, PrintAs, say, say_table, settings_of, write
from playground.errors import PromptError
from playground.plurals import plural

document = typer.Typer(rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.add_typer(document, name="document", help="Add, list and remove documents to look things up in.")


@document.command("add")
def add(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help=".txt, .md, .csv, .pdf or .docx.")],
    data: Data = None,
) -> None:
    """Keep the text of files, for retrieval and for the tools of techniques."""
    from playground.store.documents import Documents

    documents = Documents(settings_of(context, data).data_dir)
    for file in files:
        kept = documents.add(file.name, _bytes(file))
        say(f"{kept.name}: {plural(kept.chars, 'character')} kept as {kept.hash[:12]}\n")


def _bytes(file: Path) -> bytes:
    from playground.formats.documents import check_size

    try:
        check_size(file.name, file.stat().st_size)
        return file.read_bytes()
    except OSError as exc:
        raise PromptError(f"{file} cannot be read: {exc.strerror}.", "Check the path.") from exc


@document.command("list")
def list_documents(
    context: typer.Context,
    output: PrintAs = Output.TEXT,
    data: Data = None,
) -> None:
    """List the documents that are kept."""
    from playground.store.documents import Documents

    every = Documents(settings_of(context, data).data_dir).all()
    if output is Output.JSON:
        write(json.dumps([asdict(kept) for kept in every], ensure_ascii=False, indent=2) + "\n")
        return
    say_table([Name(kept.hash[:12]), plural(kept.chars, "character"), Name(kept.name)] for kept in every)
    if not every:
        say("No documents are kept. Add some with: playground document add FILE\n")


@document.command("remove")
def remove(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="NAME", help="A name, or the beginning of a hash.")],
    data: Data = None,
) -> None:
    """Forget a document; runs that used it keep the passages they showed."""
    from playground.store.documents import Documents

    documents = Documents(settings_of(context, data).data_dir)
    kept = documents.find(wanted)
    documents.remove(kept)
    say(f"{kept.name} removed\n")
