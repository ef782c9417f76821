"""A verdict as text for a terminal, as Markdown for a report, and as JSON. The sentence is always the first thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Any

from playground.translation.lines import padded, width
from playground.verdicts.judging import Verdict
from playground.verdicts.tables import Sheet, shown_ratings, shown_variants, variants

_SIGNS = {"ok": "\u2713", "warn": "!", "bad": "\u2717"}


def as_text(found: Verdict, told: Callable[[str], str] = str) -> str:
    """The sentences, the variants as a table, and what to watch; each of them as the reader is `told` it."""
    facts = [
        f"  {_SIGNS[fact.kind]} {fact.words}{_details(fact.words, fact.details) if fact.kind != 'ok' else ''}"
        for fact in found.health
    ]
    people = ["", *columns(shown_ratings(found), told)] if found.rated.pairs else []
    rows = columns(shown_variants(found), told)
    return "\n".join([*map(told, found.sentences), "", *rows, *people, "", *map(told, facts)]) + "\n"


def as_markdown(found: Verdict) -> str:
    """The same for a report or a pull request."""
    head = [f"**{_escaped(found.sentence)}**", *(_escaped(said) for said in found.sentences[1:])]
    sheets = [shown_variants(found), *([shown_ratings(found)] if found.rated.pairs else [])]
    facts = [
        f"- {_SIGNS[fact.kind]} {_escaped(fact.words)}"
        + (_details(fact.words, _escaped(fact.details)) if fact.kind != "ok" else "")
        for fact in found.health
    ]
    tables = [markdown_table(sheet.heads, *sheet.rows) for sheet in sheets]
    return "\n\n".join([*head, *tables, "\n".join(facts)]) + "\n"


def _details(words: str, details: str) -> str:
    """What a fact means, behind it: one colon is enough for a line."""
    return f"{'. ' if ': ' in words else ': '}{details}"


def markdown_table(heads: Sequence[object], *rows: Sequence[object]) -> str:
    """A table whose cells are texts of anybody's; from the third column on they are numbers."""
    rule = "|" + "|".join("---" if n < 2 else "---:" for n in range(len(heads))) + "|"
    return "\n".join([_markdown_row(heads), rule, *map(_markdown_row, rows)])


def as_json(found: Verdict) -> str:
    """Everything in numbers, sorted as it is said; unknown numbers are null."""
    sheet = variants(found)
    rule = found.rule.model_dump(mode="json")
    value = {
        "sentence": found.sentence,
        "sentences": found.sentences,
        "outcome": found.outcome,
        "winner": found.winner,
        "baseline": found.baseline,
        "correction": found.correction,
        "rule": rule,
        "attempt": found.table.attempt,
        "cells": {"all": found.table.cells, "ended": found.table.ended},
        "variants": [dict(zip(sheet.heads, row, strict=True)) for row in sheet.rows],
        "ratings": _preferences(found),
        "health": [{"state": f.kind, "fact": f.words, "details": f.details} for f in found.health],
    }
    return json.dumps(_known(value), ensure_ascii=False, indent=2) + "\n"


def _preferences(found: Verdict) -> dict[str, Any]:
    """What people prefer, in numbers."""
    pairs = [
        {
            "variant": each.a,
            "against": each.b,
            "rated": each.cases,
            "preferred": each.prefer_a,
            "rival_preferred": each.prefer_b,
            "ties": each.ties,
            "both_bad": each.bad,
            "difference": each.found.difference,
            "low": each.found.low,
            "high": each.found.high,
            "evidence": each.found.evidence,
            "outcome": each.outcome,
            "sentence": each.sentence,
        }
        for each in found.rated.pairs
    ]
    strengths = [
        {"variant": each.name, "chance_against_baseline": each.chance, "low": each.low, "high": each.high}
        for each in found.rated.strengths
    ]
    return {"pairs": pairs, "strengths": strengths}


def columns(sheet: Sheet, told: Callable[[str], str] = str) -> Iterable[str]:
    """The lines of a table for a terminal: texts left, numbers right, and no column that is empty everywhere."""
    rows = [[told(str(cell)) for cell in row] for row in (sheet.heads, *sheet.rows)]
    kept = [n for n in range(len(sheet.heads)) if any(row[n] not in ("", "\u2013") for row in rows[1:])]
    widths = {n: max(width(row[n]) for row in rows) for n in kept}
    for row in rows:
        yield "  ".join(
            padded(row[n], widths[n], right=n >= 2 and sheet.heads[n] != "verdict") for n in kept
        ).rstrip()


def _markdown_row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(_escaped(str(cell)) for cell in cells) + " |"


def _escaped(text: str) -> str:
    """Names come from users: they are no Markdown, and a bar ends no cell."""
    for sign in "\\`*_|<>[]":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_known(inner) for inner in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
