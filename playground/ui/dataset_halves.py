"""What an import says beside its problems: in which half its rows go, and how long they are after the template.

halves_of(rows, "ratio", version)     # each row in the half that was chosen, drawn by the seed
await length_words(workbench, …)      # "204 to 391 tokens a row; all fit into 8,192"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from playground.datasets.cell import cell_text
from playground.datasets.split import HELD_OUT, SEED, split
from playground.errors import PlaygroundError
from playground.plurals import plural
from playground.store.records import DatasetSummary
from playground.types.dataset import Row
from playground.types.prompt import Prompt
from playground.ui.html import segments
from playground.workbench.counting import count
from playground.workbench.service import Workbench

MOST_CHARS = 100_000
"""A row that is longer is not counted: that takes longer than a page may wait."""
SOME = 6
"""So many of the shortest and of the longest rows are counted: between them lie the others."""


def share_of(into: DatasetSummary | None) -> float:
    """The share that is held out: that of the data set which rows are added to."""
    halves = (into.train + into.held_out) if into is not None else 0
    return into.held_out / halves if into is not None and halves else HELD_OUT


def chosen(halves: str, into: DatasetSummary | None) -> str:
    """What is chosen until somebody does: a data set with halves keeps its shares."""
    return halves or ("ratio" if into is not None and into.train + into.held_out else "file")


def halves_part(token: str, halves: str, stored: int, into: DatasetSummary | None) -> Markup:
    """The choice, and what it comes to."""
    now, share = chosen(halves, into), share_of(into)
    held = round(stored * share) if now == "ratio" else stored if now == "held-out" else 0
    train = stored - held if now in ("ratio", "held-out", "train") else 0
    is_kept = into is not None and bool(into.train + into.held_out)
    ratio = f"Keep {_ratio(share)}" if is_kept else _ratio(share)
    view = segments(
        "data_halves",
        [("file", "As it is"), ("ratio", ratio), ("held-out", "Held out"), ("train", "Train")],
        now,
        token=token,
    )
    words = "Rows keep the half that the file gives them; without one they are in none."
    if now != "file":
        words = f"{train:,} to train, {held:,} held out"
        words += f", drawn with seed {SEED}; equal rows stay together." if now == "ratio" else "."
        if into is not None:
            a, b = into.train + train, into.held_out + held
            words += f" Version {into.latest + 1}: {a:,} train + {b:,} held out = {plural(into.rows + stored, 'row')}."
    return Markup('<div class="import-more"><h3>Split</h3>{}<p class="hint">{}</p></div>').format(view, words)


def _ratio(share: float) -> str:
    """Such as "1 : 2", or in percent where no small numbers say it."""
    for first in range(1, 5):
        other = first * share / (1 - share) if share < 1 else 0
        if other and abs(other - round(other)) < 0.02 * other and round(other) > 0:
            return f"{first} : {round(other)}"
    return f"{100 * (1 - share):.0f} : {100 * share:.0f} %"


def halves_of(rows: Sequence[Row], halves: str, into: DatasetSummary | None, cluster: str = "") -> list[Row]:
    """The rows in the halves that were chosen; those of a cluster, and equal ones, stay together."""
    now = chosen(halves, into)
    if now == "file":
        return list(rows)
    if now in ("train", "held-out"):
        half = "train" if now == "train" else "held-out"
        return [replace(row, half=half) for row in rows]  # type: ignore[arg-type]
    numbered = [replace(row, number=number, half="") for number, row in enumerate(rows, 1)]
    drawn = split(numbered, held_out=share_of(into), seed=SEED, cluster=cluster)
    return [replace(row, half=drawn[number.number]) for row, number in zip(rows, numbered, strict=True)]


async def length_part(
    workbench: Workbench,
    prompt: Prompt | None,
    model: str,
    rows: Sequence[Mapping[str, Any]],
    values: Mapping[str, Any],
) -> Markup:
    """How many tokens the shortest and the longest of the rows are after the template; nothing where nobody can say."""
    if prompt is None or not model:
        return Markup("")
    sizes = [sum(len(cell_text(value)) for value in row.values()) for row in rows]
    places = sorted((n for n, size in enumerate(sizes) if size <= MOST_CHARS), key=lambda n: sizes[n])
    by_length = [rows[n] for n in places]
    if not by_length:
        return Markup("")
    some = by_length if len(by_length) <= 2 * SOME else [*by_length[:SOME], *by_length[-SOME:]]
    try:
        texts = []
        for row in some:
            messages = await workbench.prompts.render(prompt, {**values, **row})
            texts.append("\n".join(message.content for message in messages))
        info = await workbench.models.find(model)
        tokens = await count(workbench.models.backend_of(info.id), info.id, texts)
    except PlaygroundError:  # a row without a variable, a model that is gone: what is wrong is said elsewhere
        return Markup("")
    if not tokens:
        return Markup("")
    low, high, window = min(tokens), max(tokens), info.context_tokens
    told = f"{low:,} to {high:,} tokens a row" if low != high else f"{low:,} tokens a row"
    if window is not None:
        told += (
            f"; all fit into {window:,}." if high < window else f": the longest do not fit into {window:,}."
        )
    name = Markup('<span translate="no">{}</span>').format(prompt.name) if prompt.name else "Untitled prompt"
    looked = f"By the shortest and longest of {len(rows):,} rows." if len(rows) > len(some) else ""
    return Markup(
        '<div class="import-more"><h3>Length after the template</h3><p class="hint{}">{}, <span class="mono" translate="no">{}</span></p><p class="hint">{} {}</p></div>'
    ).format("", name, info.id.partition(":")[2] or info.id, told, looked)
