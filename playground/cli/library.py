"""Commands around the library: import files and bundles, export a bundle, keep a folder equal.

playground library import team.zip prompts/ --on-conflict version
playground library export team.zip --tag support --licence "CC BY 4.0"
playground library sync ~/team/prompts
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playground.cli.terminal import (
    Data,
    Language,
    Name,
    about,
    bracketed,
    open_there,
    open_to_read,
    say,
    say_table,
    settings_of,
    tell,
    tell_all,
    write_file,
)
from playground.errors import PromptError
from playground.plurals import plural

if TYPE_CHECKING:
    from playground.library.reading import Incoming
    from playground.workbench.service import Workbench

library = typer.Typer(rich_markup_mode=None)


class OnConflict(StrEnum):
    """What becomes of a prompt that differs from the one of its name here."""

    SKIP = "skip"
    VERSION = "version"
    RENAME = "rename"


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.add_typer(library, name="library", help="Import, export and sync prompts.")


def _open(context: typer.Context, data: Path | None) -> Workbench:
    return open_there(settings_of(context, data, check_models=False))


# --- importing ------------------------------------------------------------------------------------------


@library.command("import")
def import_prompts(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, folders or bundles (.zip).")],
    on_conflict: Annotated[
        OnConflict, typer.Option("--on-conflict", help="For a prompt that differs from the one here.")
    ] = OnConflict.SKIP,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen.")] = False,
    data: Data = None,
) -> None:
    """Add prompts of any known format to the library.

    All or nothing is saved. A prompt that is newer in its bundle becomes the next version of the one here; one that
    differs without being newer is left out, unless --on-conflict says otherwise. Exit code 1: something was left out.
    """
    from playground.library.importing import apply_import, explain, plan_import

    workbench = _open(context, data)
    try:
        plan = plan_import(workbench.store, _read(paths))
        choices, left_out, rows, lost = {}, 0, [], []
        for row in plan.rows:
            wanted = on_conflict.value if row.status == "conflict" else row.choice
            choice = wanted if wanted in row.choices else row.choice
            choices[row.key] = choice
            name = row.incoming.prompt.name if row.incoming.error is None else row.incoming.path
            place = "" if name == row.incoming.path else bracketed(row.incoming.path)
            rows.append([row.status, choice, Name(about(f"{name}{place}", explain(row)))])
            lost.append((row.incoming.path, row.incoming.losses))
            left_out += choice == "skip" and row.status != "identical"
        say_table(rows)
        for path, losses in lost:
            tell_all(Name(path), losses)
        if not dry_run:
            result = apply_import(
                workbench.store, plan, choices, author=workbench.settings.author, source=paths[0].name
            )
            made = plural(len(result.versions), "new version")
            say(f"{len(result.added):,} added, {made}, {result.skipped:,} left out.\n")
    finally:
        workbench.store.close()
    if left_out:
        raise typer.Exit(1)


def _read(paths: list[Path]) -> list[Incoming]:
    """What the paths hold; raises PromptError for one that cannot be read."""
    from playground.library.reading import read_folder, read_incoming

    found: list[tuple[str, str, bytes]] = []
    for path in paths:
        folder = read_folder(path)
        tell_all("passed over", folder.passed_over)
        above = (path if path.is_dir() else path.parent).resolve().name
        found += [(above, name, data) for name, data in folder.files]
    # Same-named files of several places keep the name of theirs.
    times = Counter(name for _, name, _ in found)
    return read_incoming(
        [(f"{above}/{name}" if times[name] > 1 else name, data) for above, name, data in found]
    )


# --- exporting ------------------------------------------------------------------------------------------


@library.command("export")
def export_prompts(
    context: typer.Context,
    output: Annotated[Path, typer.Argument(metavar="FILE.zip", help="The bundle to write.")],
    name: Annotated[str, typer.Option(metavar="TEXT", help="Name of the bundle.")] = "",
    description: Annotated[str, typer.Option(metavar="TEXT", help="What is in it.")] = "",
    licence: Annotated[str, typer.Option(metavar="TEXT", help='Its licence, such as "CC BY 4.0".')] = "",
    search: Annotated[str, typer.Option(metavar="WORDS", help="Only prompts with these words.")] = "",
    family: Annotated[str, typer.Option(metavar="NAME", help="Only this family.")] = "",
    tag: Annotated[str, typer.Option(metavar="NAME", help="Only this tag.")] = "",
    shipped: Annotated[bool, typer.Option("--shipped", help="Shipped patterns too.")] = False,
    language: Annotated[
        Language | None,
        typer.Option(
            "--language", metavar="en|zh", help="Of patterns this wording alone; else all wordings."
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Write saved prompts, with their checks and cases, as a bundle that others import."""
    from playground.library.exporting import export_bundle

    workbench = open_to_read(settings_of(context, data, check_models=False))
    try:
        saved = workbench.store.prompts(search, family=family, tag=tag, limit=100_000)
        keys = [f"prompt:{prompt.id}" for prompt in saved]
        if shipped:
            keys += [
                f"pattern:{p.slug}"
                for p in workbench.prompts.library.search(search, family=family or None, tag=tag or None)
            ]
        if not keys:
            raise PromptError(
                "No saved prompt matches, so there is nothing to export.", "Shipped ones: --shipped"
            )
        bundle, losses = export_bundle(
            workbench.store,
            workbench.prompts.library,
            keys,
            name=name or output.stem,
            description=description,
            licence=licence,
            created=datetime.now(UTC),
            language=language,
        )
    finally:
        workbench.store.close()
    write_file(output, bundle)
    tell_all("not in the bundle", losses)
    say(f"{plural(len(keys), 'prompt')} written to {output}\n")


# --- a folder that is kept equal ------------------------------------------------------------------------


@library.command("sync")
def sync_folder(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of .prompty files.")],
    take_file: Annotated[
        list[str] | None,
        typer.Option("--take-file", metavar="PATH", help="Settle a conflict: the file wins. Repeatable."),
    ] = None,
    take_library: Annotated[
        list[str] | None,
        typer.Option(
            "--take-library", metavar="PATH", help="Settle a conflict: the library wins. Repeatable."
        ),
    ] = None,
    allow_deletions: Annotated[
        bool, typer.Option("--allow-deletions", help="Also when most files are gone.")
    ] = False,
    data: Data = None,
) -> None:
    """Make a folder of .prompty files and the saved prompts equal, in both directions.

    What changed on one side since the last time reaches the other. What changed on both is shown and left alone, and
    the exit code is 1. PLAYGROUND_LIBRARY_DIR does the same whenever the Library tab is opened.
    """
    from playground.library.folder_sync import Side, sync

    workbench = _open(context, data)
    try:
        take: dict[str, Side] = dict.fromkeys(take_file or (), "file")
        take |= dict.fromkeys(take_library or (), "library")
        report = sync(
            workbench.store,
            folder,
            take=take,
            author=workbench.settings.author,
            allow_deletions=allow_deletions,
        )
    finally:
        workbench.store.close()
    rows: list[list[str]] = []
    for label, files in (
        ("written to the folder", report.to_folder),
        ("saved in the library", report.to_library),
        ("deleted in the folder", report.removed),
        ("moved to the bin", report.binned),
    ):
        rows += [[label, Name(path)] for path in files]
    say_table(rows)
    for path, loss in report.losses:
        tell(f"not in the file: {path}: {loss}")
    for path, why in report.problems:
        tell(f"left alone: {path}: {why.removeprefix(f'{path}, ')}")
    for conflict in report.conflicts:
        tell(f"conflict: {conflict.path}: {conflict.words}")
    settled = {*report.to_folder, *report.to_library, *report.removed, *report.binned}
    tell_all("nothing to settle", sorted(take.keys() - settled - {path for path, _ in report.problems}))
    if report.conflicts:
        tell("Settle each with --take-file PATH or --take-library PATH.")
    moved = len(report.to_folder) + len(report.to_library) + len(report.removed) + len(report.binned)
    say(f"{report.equal:,} equal, {moved:,} brought along, {len(report.conflicts):,} in conflict.\n")
    if report.conflicts or report.problems:
        raise typer.Exit(1)
