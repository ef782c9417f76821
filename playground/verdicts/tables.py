"""Every table of a verdict as plain cells: heads and rows, which text, Markdown and CSV are written from.

    {"variants": Sheet(heads=("variant", "what", …), rows=(("A", "Zero-shot", …), …)), "health": …, "slices": …, "cases": …}

Words for people stand in `rows`, unrounded numbers in `numbers`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite

from playground.plurals import plural
from playground.stats import Estimate
from playground.stats.sentences import e_words, points
from playground.tables.spreadsheet import inert
from playground.verdicts.differing import differing
from playground.verdicts.judging import VariantRow, Verdict
from playground.verdicts.slicing import Slice
from playground.verdicts.words import (
    adjusted_cell,
    bounds_words,
    count_words,
    difference_bounds,
    difference_words,
    outcome_words,
    p_cell,
    ratio_words,
    second_words,
    value_words,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table; every row has a cell for every head."""

    heads: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def shown_variants(found: Verdict) -> Sheet:
    """The variants in words, for a terminal or a report. With several comparisons the p that allows for them is named."""
    level = f"{100 * (1 - found.rule.alpha):g} %"
    is_live = found.rule.looking == "any time"
    adjusted = (f"after {found.correction}",) if found.correction and not is_live else ()
    heads = (
        "",
        "variant",
        "passed",
        "score",
        level,
        f"against {found.baseline}",
        level,
        "E" if is_live else "p",
        *adjusted,
    )
    heads += ("verdict", "tokens a case", "price", "time a case")
    return Sheet(heads, tuple(_shown(row, found, bool(adjusted)) for row in found.rows))


def _shown(row: VariantRow, found: Verdict, is_adjusted: bool) -> tuple[object, ...]:
    title = ", ".join(part for part in (row.entry.title, row.entry.prompt, row.entry.model) if part)
    against = (
        ("0", "", "", "")
        if row.is_baseline
        else (
            difference_words(row.against),
            difference_bounds(row.against),
            p_cell(row.against, found.rule),
            adjusted_cell(row.against),
        )
    )
    return (
        row.entry.name,
        title,
        f"{row.passed:,} of {row.cases:,}" if row.passed is not None else plural(row.cases, "case"),
        value_words(row, found.rule),
        bounds_words(row.estimate),
        *(against if is_adjusted else against[:3]),
        outcome_words(row, found.rule),
        count_words(row.tokens),
        ratio_words(row.price),
        second_words(row.seconds),
    )


def variants(found: Verdict) -> Sheet:
    """The variants in unrounded numbers."""
    heads = (
        "variant", "what", "prompt", "model", "cases", "passed", "value", "low", "high", "against", "difference",
        "difference_low", "difference_high", "p", "p_adjusted", "correction", "evidence", "pairs", "clusters", "both",
        "only_this", "only_baseline", "neither", "dropped", "outcome", "more", "effect_size", "tokens_a_case", "price",
        "seconds_a_case", "failed",
    )  # fmt: skip
    return Sheet(heads, tuple(_numbers(row, found) for row in found.rows))


def _numbers(row: VariantRow, found: Verdict) -> tuple[object, ...]:
    estimate = row.estimate or Estimate(float("nan"), float("nan"), float("nan"))
    each = row.against
    pair = each.found if each else None
    block = each.block if each else None
    return (
        row.entry.name, row.entry.title, row.entry.prompt, row.entry.model, row.cases, row.passed, *estimate,
        each.b if each else "", *((pair.difference, pair.low, pair.high, pair.p) if pair else ("",) * 4),
        each.p if pair and each else "", found.correction, pair.evidence if pair else "", each.cases if each else "",
        each.clusters if each else "", *(block or ("",) * 4),
        "; ".join(f"{reason} {count}" for reason, count in each.dropped.items()) if each else "",
        outcome_words(row, found.rule), each.more if each else "", each.effect if each else "", row.tokens, row.price, row.seconds,
        row.failed,
    )  # fmt: skip


def shown_ratings(found: Verdict) -> Sheet:
    """What people prefer, in words: a row a rated pair."""
    level = f"{100 * (1 - found.rule.alpha):g} %"
    heads = ("rated", "pair", "cases", "first better", "second better", "tie", "both bad", "difference", level, "E", "verdict")  # fmt: skip
    return Sheet(
        heads,
        tuple(
            (
                "",
                f"{each.a} and {each.b}",
                each.cases,
                *(each.prefer_a, each.prefer_b, each.ties, each.bad),
                points(each.found.difference, signed=True),
                f"{points(each.found.low)} to {points(each.found.high)}",
                e_words(each.found.evidence).removeprefix("E = "),
                each.outcome,
            )
            for each in found.rated.pairs
        ),
    )


def ratings_sheet(found: Verdict) -> Sheet:
    """Every rating: the case, the two variants, which is better, and who said so."""
    table = found.table
    return Sheet(
        ("case", "id", "first", "second", "better", "voter"),
        tuple(
            (each.case + 1, table.cases[each.case], first, second, {"a": first, "b": second}.get(each.better, each.better), each.voter)
            for each in table.ratings
            for first, second in [(table.entries[each.a].name, table.entries[each.b].name)]
        ),
    )  # fmt: skip


def health(found: Verdict) -> Sheet:
    """What to watch."""
    return Sheet(
        ("state", "fact", "what it means"), tuple((f.kind, f.words, f.details) for f in found.health)
    )


def slices_sheet(found: Sequence[Slice], a: str, b: str) -> Sheet:
    """The slices of a pair in unrounded numbers."""
    heads = ("column", "value", "cases", f"{a} minus {b}", "low", "high", "p_adjusted", "stays_apart")
    return Sheet(
        heads,
        tuple(
            (
                each.column,
                each.value,
                each.cases,
                *(each.found[:3] if each.found else ("",) * 3),
                each.p,
                each.is_apart,
            )
            for each in found
        ),
    )


def cases_sheet(found: Verdict, a: str, b: str) -> Sheet:
    """Every case in the order of `differing`: its columns, and the value of each variant."""
    table = found.table
    heads = ("case", "id", "group", *table.columns, *(entry.name for entry in table.entries))
    groups = differing(table, found.rule, a, b)
    order = [case for group in groups for case in group.cases]
    columns: list[Iterable[object]] = [[case + 1 for case in order], map(table.cases.__getitem__, order)]
    columns.append(group.title for group in groups for _ in group.cases)
    columns += [map(column.__getitem__, order) for column in table.columns.values()]
    columns += [values[order].tolist() for values in table.values(found.rule.metric)]
    return Sheet(heads, tuple(zip(*columns, strict=True)))


def to_csv(sheet: Sheet) -> str:
    """The table as CSV. A text that a spreadsheet would run as a formula gets a quote before; unknown numbers are empty."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow([inert(head) for head in sheet.heads])
    rows.writerows([_written(value) for value in row] for row in sheet.rows)
    return out.getvalue()


def _written(value: object) -> object:
    if isinstance(value, float):
        return value if isfinite(value) else ""
    return inert(value)


def csv_table(
    found: Verdict, name: str, pair: tuple[str, str] | None = None, parts: Sequence[Slice] = ()
) -> str | None:
    """The table of a file's name as CSV; slices and cases are of the pair, the headline's unless named: None without one."""
    head = found.headline
    sheets: dict[str, Callable[[], Sheet]] = {
        "variants.csv": partial(variants, found),
        "health.csv": partial(health, found),
        "ratings.csv": partial(ratings_sheet, found),
    }
    chosen = pair or ((head.a, head.b) if head else None)
    if chosen:
        sheets["cases.csv"] = partial(cases_sheet, found, *chosen)
        sheets["slices.csv"] = partial(slices_sheet, parts, *chosen)
    return to_csv(sheets[name]()) if name in sheets else None
