"""What became of the data set that an experiment runs over: nothing to say while it is there, else where it is by now.

await data_note(workbench, kept)   →  "The data set “Reviews” is in the bin. …", with the way back
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.ui.html import button, icon
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.types.outcomes import StoredExperiment


async def data_note(workbench: Workbench, kept: StoredExperiment) -> Markup:
    """One line for an experiment whose data set was deleted; it keeps the rows that it began with."""
    row = kept.row
    if not row.dataset_id or (place := await workbench.datasets.place(row.dataset_id)) == "list":
        return Markup("")
    back = Markup("")
    if place == "bin":
        words = 'The data set <b translate="no">{}</b> is in the bin.'
        back = button("Put it back", "data_put_back", kind="quiet small link", dataset=row.dataset_id)
    else:
        words = 'The data set <b translate="no">{}</b> was deleted for good.'
    rest = "This experiment keeps the rows that it began with: nothing of it changes."
    return Markup('<p class="note exp-gone">{}<span>{} {} {}</span></p>').format(
        icon("trash", "soft"), Markup(words).format(row.dataset), rest, back
    )
