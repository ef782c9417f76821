"""Commands for what has run: the list of it, and its end.

playground history list --search refund
playground history delete 3f2a… 9c01… --yes
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from playground.cli.terminal import (
    Data,
    Name,
    Output,
    PrintAs,
    open_there,
    open_to_read,
    say,
    say_table,
    settings_of,
    tell,
    with_workbench,
)
from playground.errors import PromptError
from playground.plurals import plural
from playground.times import minute

if TYPE_CHECKING:
    from playground.store.records import Contents
    from playground.workbench.service import Workbench

history = typer.Typer(rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.add_typer(history, name="history", help="List and delete what has run.")


@history.command("list")
def list_runs(
    context: typer.Context,
    search: Annotated[str, typer.Option(metavar="WORDS", help="Only runs with these words.")] = "",
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=500, help="So many at most (50).")] = 50,
    output: PrintAs = Output.TEXT,
    folder: Data = None,
) -> None:
    """List runs and experiments, newest first, each with its id."""
    workbench = open_to_read(settings_of(context, folder, check_models=False))
    try:
        page = workbench.store.history(search, limit)
    finally:
        workbench.store.close()
    if output is Output.JSON:
        rows = [
            {
                "run": run.id,
                "time": run.created_at.isoformat(),
                "kind": run.kind,
                "title": run.title,
                "cells": run.planned,
                "models": list(run.models),
                "note": run.note,
            }
            for run in page.rows
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    say_table(
        [
            [
                Name(run.id),
                Name(minute(run.created_at)),
                plural(run.planned, "cell"),
                Name(run.title),
            ]
            for run in page.rows
        ]
    )
    if not page.rows:
        say("No run is here.\n")
    elif page.total > len(page.rows):
        tell(f"{page.total - len(page.rows):,} more: --limit N, or --search WORDS")


@history.command("delete")
def delete_runs(
    context: typer.Context,
    run: Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids of runs or experiments.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    folder: Data = None,
) -> None:
    """Delete runs and experiments for good, all of these or none.

    Their answers, scores, votes and notes go; saved prompts and data sets stay, and a deleted experiment still counts as
    an attempt at its question. One that still goes on is refused. Exit code 1: it was not deleted.
    """

    async def work(workbench: Workbench) -> int:
        contents = await workbench.removal.look(run)
        if not yes and not _is_wanted(contents):
            say("Nothing was deleted.\n")
            return 1
        gone = await workbench.removal.delete(run)
        await workbench.removal.finish()
        count = len(gone.titles)
        say("The run is deleted\n" if count == 1 else f"{count:,} runs are deleted\n")
        return 0

    raise typer.Exit(with_workbench(open_there(settings_of(context, folder, check_models=False)), work))


def _is_wanted(contents: Contents) -> bool:
    """What goes, and whether whoever sits there wants that. Raises PromptError where nobody can be asked."""
    from playground.workbench.removal import in_words

    if not sys.stdin.isatty():
        raise PromptError("Nobody can be asked here.", "Add --yes to delete without a question.")
    for title in contents.titles:
        typer.echo(title, err=True)
    for words in in_words(contents):
        tell(words)
    if contents.attempts:
        tell("Each experiment among them still counts as an attempt at its question.")
    tell("They cannot be put back. Delete for good? Type yes:")
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是")
