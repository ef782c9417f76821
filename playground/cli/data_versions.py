"""Commands that make the next version of a data set: split, dedupe, sample; and delete, which ends all of them.

playground data split "Late parcels" --held-out 0.5 --by channel
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from playground.cli.terminal import Data, about, open_there, parted, say, settings_of, with_workbench, write
from playground.plurals import plural

if TYPE_CHECKING:
    from playground.workbench.service import Workbench

DataSet = Annotated[
    str, typer.Argument(metavar="NAME", help='A data set: "name", or "name@3" for version 3.')
]


def register(data: typer.Typer) -> None:
    """Put these commands beside the others for data sets."""
    data.command("split")(split_data)
    data.command("dedupe")(dedupe_data)
    data.command("sample")(sample_data)
    data.command("delete")(delete_data)


def split_data(
    context: typer.Context,
    name: DataSet,
    held_out: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0,
            max=1,
            help="Held out (2/3): verdicts rest on it, and more rows show smaller differences.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same halves (7).")] = 7,
    by: Annotated[str, typer.Option(metavar="COLUMN", help="Share out each of its values alike.")] = "",
    cluster: Annotated[
        str,
        typer.Option(metavar="COLUMN", help="Rows with its value stay together; else its cluster column."),
    ] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Rows that have a half stay in it.")] = False,
    folder: Data = None,
) -> None:
    """Draw the rows into a half to work on and a half that is held out, as the next version.

    Rows of one cluster stay together, and so do rows with equal inputs.
    """
    from playground.datasets.split import HELD_OUT

    share = HELD_OUT if held_out is None else held_out

    async def work(workbench: Workbench) -> None:
        version = await workbench.datasets.find(name)
        drawn = await workbench.datasets.split(
            version, held_out=share, seed=seed, by=by, cluster=cluster, keep=keep
        )
        if drawn.number == version.number:
            say(f"{drawn.words} is split so already: train {drawn.train:,}, held out {drawn.held_out:,}\n")
        else:
            write(about(drawn.words, drawn.note) + "\n")

    with_workbench(open_there(settings_of(context, folder)), work)


def dedupe_data(
    context: typer.Context,
    name: DataSet,
    near: Annotated[bool, typer.Option("--near", help="Also rows that share most of their words.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only name the rows.")] = False,
    folder: Data = None,
) -> None:
    """Leave out rows that repeat an earlier one, as the next version.

    Rows are equal when their inputs are; one with another expected answer is named and stays.
    """

    async def work(workbench: Workbench) -> None:
        version = await workbench.datasets.find(name)
        found = await workbench.datasets.twins(version, near=near)
        for twin in found:
            alike = f"row {twin.row} shares {twin.likeness:.0%} of its words with row {twin.of}"
            if twin.likeness == 1:
                alike = f"row {twin.row} equals row {twin.of}"
            write(parted(alike, "with another expected answer: it stays" if twin.differs else "") + "\n")
        if not any(not twin.differs for twin in found):
            say(f"{version.words} has no row to leave out.\n")
        elif not dry_run:
            made = await workbench.datasets.dedupe(version, near=near)
            write(about(made.words, plural(made.rows, "row"), made.note) + "\n")

    with_workbench(open_there(settings_of(context, folder)), work)


def sample_data(
    context: typer.Context,
    name: DataSet,
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="So many rows.")],
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same rows (7).")] = 7,
    folder: Data = None,
) -> None:
    """Keep so many of the rows, drawn by seed, as the next version."""

    async def work(workbench: Workbench) -> None:
        version = await workbench.datasets.find(name)
        made = await workbench.datasets.draw(version, rows, seed)
        write(about(made.words, made.note or plural(made.rows, "row")) + "\n")

    with_workbench(open_there(settings_of(context, folder)), work)


def delete_data(context: typer.Context, name: DataSet, folder: Data = None) -> None:
    """Delete a data set; experiments keep the versions they ran on, and the page can put it back."""

    async def work(workbench: Workbench) -> None:
        version = await workbench.datasets.find(name)
        used = await workbench.datasets.used_by(version.dataset_id)
        await workbench.datasets.delete(version.dataset_id)
        kept = "; 1 experiment keeps what it ran on" if used else ""
        if len(used) > 1:
            kept = f"; {len(used):,} experiments keep what they ran on"
        say(f"{version.name} deleted{kept}\n")

    with_workbench(open_there(settings_of(context, folder)), work)
