"""The pair within each value of a column: for looking, not for deciding; only what survives the correction is dark."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup

from playground.stats.sentences import points
from playground.ui.forest import Axis, Interval, forest, ticks
from playground.ui.html import icon, join
from playground.ui.verdict_look import Look
from playground.verdicts import Comparison, Slice, Table, Verdict, caution, sliceable

FIRST_COLUMNS = 2


def chosen_columns(table: Table, look: Look) -> tuple[str, ...]:
    """The columns that are sliced by: those of the look, else the first two."""
    there = sliceable(table)
    return (
        tuple(name for name in there if name in look.cut) if look.cut is not None else there[:FIRST_COLUMNS]
    )


def slices_zone(
    experiment_id: str,
    found: Verdict,
    pair: Comparison,
    parted: Sequence[Slice],
    look: Look,
    columns: Sequence[str],
) -> Markup:
    """The columns to choose from, and a row a value."""
    there = sliceable(found.table)
    if not there:
        return Markup(
            '<aside class="v-slices" aria-label="Slices"><div class="v-filters"><h3>Slices</h3></div><p class="empty">No column of the data has a few values to slice by. '
            "Give one the role of a tag in the Data tab.</p></aside>"
        )
    chips = join(
        Markup(
            '<button class="v-chip mono" data-act="verdict_look" data-id="{}" data-look="{}" aria-pressed="{}">{}</button>'
        ).format(experiment_id, look.to(cut=_toggled(columns, name)).text, str(name in columns).lower(), name)
        for name in there
    )
    axis = Axis.around(
        [(each.found.low, each.found.high) for each in parted if each.found is not None],
        within=(-1.0, 1.0),
        reference=0.0,
        width=104,
    )
    rows = []
    for column, group in groupby(parted, key=lambda each: each.column):
        rows.append(
            Markup('<tr class="group"><th colspan="5" scope="rowgroup" class="mono">{}</th></tr>').format(
                column
            )
        )
        rows += [_row(each, axis) for each in group]
    a, b = found.table.number(pair.a), found.table.number(pair.b)
    files = Markup(
        '<a class="btn quiet small" download href="files/experiment/{}/slices.csv{}">{}CSV</a>'
    ).format(experiment_id, look.files((a, b)), icon("download"))
    table = (
        Markup(
            '<table class="table"><thead><tr><th></th><th class="num cases">Cases</th><th class="num diff">{} \u2212 {}</th><th class="pic">{}</th><th class="num ends">{:g} %</th></tr></thead><tbody>{}</tbody></table><p class="hint below">{}</p>'
        ).format(
            pair.a,
            pair.b,
            ticks(axis),
            100 * (1 - found.rule.alpha),
            join(rows),
            caution(parted, found.rule),
        )
        if parted
        else Markup('<p class="empty">Choose a column.</p>')
    )
    return Markup(
        '<aside class="v-slices" aria-label="Slices"><div class="v-filters"><h3>Slices</h3><span class="hint">{} against {}</span><span class="grow"></span>{}</div><div class="v-columns" role="group" aria-label="Columns">{}</div>{}</aside>'
    ).format(pair.a, pair.b, files, chips, table)


def _toggled(columns: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(each for each in columns if each != name) if name in columns else (*columns, name)


def _row(each: Slice, axis: Axis) -> Markup:
    found = each.found
    return Markup(
        '<tr class="{}"><td><span class="one" title="{v}" translate="no">{v}</span></td><td class="num">{:,}</td><td class="num">{}</td><td class="pic">{}</td><td class="num soft">{}</td></tr>'
    ).format(
        "apart" if each.is_apart else "",
        each.cases,
        points(found.difference, signed=True) if found else "\u2013",
        forest(Interval(*found[:3]) if found else None, axis, look="" if each.is_apart else "part"),
        f"{points(found.low)} to {points(found.high)}" if found else "\u2013",
        v=each.value,
    )
