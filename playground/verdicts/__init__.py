"""Which variant wins, how sure that is, and what would settle it: from plain arrays, without a store or a page.

table = table_of([Entry("A"), Entry("B")], case_ids, slots, columns={"channel": […]})
found = verdict(table, Rule(baseline="A"))
found.sentence  →  "B beats A by 12 points (95 %: 4 to 20; 160 cases; p = 0.006)."
"""

from playground.verdicts.aligning import Aligned, Bias, Place, align, is_held_out, labelling_order
from playground.verdicts.beside import Beside, beside
from playground.verdicts.comparing import Comparison, compare
from playground.verdicts.differing import Group, differing
from playground.verdicts.gates import Gate, at_least, not_worse
from playground.verdicts.health import Fact
from playground.verdicts.judging import VariantRow, Verdict, verdict, with_ratings
from playground.verdicts.preferring import Preference, Rated, rated
from playground.verdicts.rendering import as_json, as_markdown, as_text, markdown_table
from playground.verdicts.slicing import Slice, caution, sliceable, slices
from playground.verdicts.table import Entry, Slot, Table, table_of
from playground.verdicts.tables import csv_table

__all__ = [
    "Aligned",
    "Bias",
    "Beside",
    "Comparison",
    "Entry",
    "Fact",
    "Gate",
    "Group",
    "Place",
    "Preference",
    "Rated",
    "Slice",
    "Slot",
    "Table",
    "VariantRow",
    "Verdict",
    "align",
    "as_json",
    "as_markdown",
    "as_text",
    "at_least",
    "beside",
    "caution",
    "compare",
    "csv_table",
    "differing",
    "is_held_out",
    "labelling_order",
    "markdown_table",
    "not_worse",
    "rated",
    "sliceable",
    "slices",
    "table_of",
    "verdict",
    "with_ratings",
]
