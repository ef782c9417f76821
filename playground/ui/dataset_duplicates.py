"""Rows of a data set that repeat an earlier one: equal ones are known, nearly equal ones are looked for when asked.

data_near(dataset)              →  the pairs, what tells them apart marked word by word
data_dedupe(dataset, near=yes)  →  the next version without them; another expected answer keeps a row
"""

from __future__ import annotations

from markupsafe import Markup

from playground.datasets.cell import cell_text
from playground.datasets.duplicates import Twin
from playground.diff import diff_words
from playground.errors import PromptError
from playground.types.dataset import Row
from playground.ui.actions import Action, Ask
from playground.ui.dataset_more import refuse_unsaved, version_made, version_of
from playground.ui.html import attributes, join, pieces, plural
from playground.ui.update import Update
from playground.workbench.service import Workbench

SHOWN_TWINS = 60


async def data_near(workbench: Workbench, ask: Ask) -> Update:
    """Rows that share most of their words with an earlier one, beside it, and the way to take them out."""
    version = await version_of(workbench, ask)
    equal = (await workbench.datasets.facts(version)).twins
    found = [twin for twin in await workbench.datasets.twins(version, near=True) if twin.row not in equal]
    if not found:
        return {"html": {"data-near": Markup('<p class="hint">No two rows are nearly equal.</p>')}}
    shown = sorted(found, key=lambda twin: -twin.likeness)[:SHOWN_TWINS]
    numbers = [number for twin in shown for number in (twin.row, twin.of)]
    rows = {row.number: row for row in await workbench.datasets.rows_of(version, numbers)}
    gone = [twin for twin in found if not twin.differs]
    differ = len(found) - len(gone)
    told = f"{plural(len(found), 'row')} {'is' if len(found) == 1 else 'are'} nearly equal to an earlier one"
    told += f"; {differ:,} with another expected answer stay" if differ else ""
    take = (
        Markup(
            '<p><button class="btn" data-act="data_dedupe" data-near="yes"{}>Take {} out</button> <span class="hint">equal rows too</span></p>'
        ).format(attributes({"dataset": version.dataset_id}), "it" if len(gone) == 1 else f"{len(gone):,}")
        if gone
        else Markup("")
    )
    lines = join(_twin(twin, rows[twin.of], rows[twin.row]) for twin in shown)
    more = len(found) - len(shown)
    return {
        "html": {
            "data-near": Markup(
                '<p>{}.</p>{}<table class="table difference"><tbody>{}</tbody></table>{}'
            ).format(
                told, take, lines, Markup('<p class="hint">and {:,} more</p>').format(more) if more else ""
            )
        }
    }


def _twin(twin: Twin, earlier: Row, row: Row) -> Markup:
    """Two rows in one, what tells them apart marked."""
    names = [
        name for name in {**earlier.values, **row.values} if earlier.values.get(name) != row.values.get(name)
    ]
    parts = join(
        Markup(
            '<div><span class="mono hint" translate="no">{}</span> <span class="words" translate="no">{}</span></div>'
        ).format(
            name,
            pieces(
                diff_words(cell_text(earlier.values.get(name))[:400], cell_text(row.values.get(name))[:400])
            ),
        )
        for name in names
    )
    return Markup('<tr><td class="num hint">{:,} and {:,}<br>{:.0f} % alike</td><td>{}</td></tr>').format(
        twin.of, twin.row, 100 * twin.likeness, parts
    )


async def data_dedupe(workbench: Workbench, ask: Ask) -> Update:
    """A version without the rows that repeat an earlier one, exactly or nearly; another expected answer keeps a row."""
    await refuse_unsaved(workbench, ask)
    version = await version_of(workbench, ask)
    near = ask.text("near") == "yes"
    if all(twin.differs for twin in await workbench.datasets.twins(version, near=near)):
        raise PromptError(
            "No row would be taken out.",
            "Rows that repeat an earlier one with another expected answer stay: correct those by hand.",
        )
    made = await workbench.datasets.dedupe(version, near=near)
    return version_made(made, version.number, "Without near duplicates" if near else "Without duplicates")


ACTIONS: dict[str, Action] = {"data_near": data_near, "data_dedupe": data_dedupe}
