"""New runs and further cells of one: what all cells of a column share is stored once, as its variant.

create(connection, [CreateRun(…)])   rows of run, run_case, variant and cell
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from playground.store.blobs import KEEP as KEEP_BLOB
from playground.store.blobs import packed_images
from playground.store.changes import CreateRun
from playground.store.content import KEEP, body_rows, content_hash, searchable, texts_in, to_json
from playground.store.tables import Table
from playground.types.grid import CellKey, RunSpec, Work
from playground.types.prompt import Prompt, Sampling

TITLE_CHARS = 300
FOUND_CASES = 500
"""A run can be found by the values of so many of its cases."""

_tables = Table.metadata.tables
RUN, CASE, VARIANT, CELL = _tables["run"], _tables["run_case"], _tables["variant"], _tables["cell"]
VERSION, PROMPT, CONTENT = _tables["version"], _tables["prompt"], _tables["content"]
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)

FIND_VERSIONS = (
    sa.select(VERSION.c.content_hash, VERSION.c.id)
    .join(PROMPT, PROMPT.c.id == VERSION.c.prompt_id)
    .where(PROMPT.c.deleted_at.is_(None), VERSION.c.content_hash.in_(_KEYS))
    .order_by(VERSION.c.created_at, VERSION.c.number)  # the last one counts
)
FIND_VARIANTS = sa.select(VARIANT).where(
    VARIANT.c.run_id == sa.bindparam("run"), VARIANT.c.number == sa.bindparam("variant")
)
KEEP_VARIANTS = sa.insert(VARIANT).returning(VARIANT.c.id, sort_by_parameter_order=True)
READ_RUN = sa.select(RUN.c.title, RUN.c.note, RUN.c.comparison).where(RUN.c.id == sa.bindparam("run"))
READ_CASES = (
    sa.select(CASE.c.input_values)
    .where(CASE.c.run_id == sa.bindparam("run"), CASE.c.number < FOUND_CASES)
    .order_by(CASE.c.number)
)
READ_MODELS = sa.select(VARIANT.c.model).where(VARIANT.c.run_id == sa.bindparam("run")).order_by(VARIANT.c.id)
READ_CONTENT = sa.select(CONTENT.c.hash, CONTENT.c.json_text).where(CONTENT.c.hash.in_(_KEYS))

Keep = Callable[[Prompt], str]
"""Gives the hash of a prompt and sees to it that its body is stored."""


def create(connection: sa.Connection, created: Sequence[CreateRun]) -> None:
    """Store these runs with all their cells pending."""
    if not created:
        return
    bodies: dict[str, Prompt] = {}
    runs: list[dict[str, Any]] = []
    cases: list[dict[str, Any]] = []
    blobs: list[dict[str, Any]] = []
    variants: list[dict[str, Any]] = []
    cells: list[dict[str, Any]] = []
    places: list[int] = []  # of each cell: where its variant stands in `variants`
    for change in created:
        hashes: dict[int, str] = {}

        def keep(prompt: Prompt, hashes: dict[int, str] = hashes) -> str:
            if (known := hashes.get(id(prompt))) is None:
                known = hashes[id(prompt)] = content_hash(prompt)
                bodies.setdefault(known, prompt)
            return known

        spec = change.spec
        runs.append(_run_row(change, spec, keep))
        more, images = case_rows(change.run_id, spec)
        cases += more
        blobs += images
        known: dict[Any, int] = {}
        for work in change.works:
            form = (
                work.key.variant, work.model, work.backend, keep(work.prompt), unseeded(work.sampling),
            )  # fmt: skip
            if form not in known:
                known[form] = len(variants)
                variants.append(variant_row(change.run_id, work, form[3]))
            places.append(known[form])
            cells.append(cell_row(change.run_id, work, work.key, change.owner))
    connection.execute(KEEP, body_rows(bodies))
    if blobs:
        connection.execute(KEEP_BLOB, blobs)
    _link_versions(connection, runs, created)
    connection.execute(sa.insert(RUN), runs)
    connection.execute(sa.insert(CASE), cases)
    if cells:
        ids = connection.execute(KEEP_VARIANTS, variants).scalars().all()
        for row, place in zip(cells, places, strict=True):
            row["variant_id"] = ids[place]
        connection.execute(sa.insert(CELL), cells)


def _run_row(change: CreateRun, spec: RunSpec, keep: Keep) -> dict[str, Any]:
    form = form_of(spec, keep)
    title = change.title.strip()[:TITLE_CHARS]
    prompts = [spec.prompt, *(variant.prompt for variant in spec.variants if variant.prompt)]
    return {
        "id": change.run_id,
        "created_at": change.at,
        "kind": spec.kind,
        "title": title,
        "note": "",
        "version_id": change.version_id,
        "content_hash": form["prompt"],
        "planned": len(change.works),
        "search_text": _found_by(
            title,
            "",
            [work.model for work in change.works],
            [case.values for case in spec.cases[:FOUND_CASES]],
            [turn.template for prompt in prompts for turn in prompt.turns],
        ),
        "comparison": form,
    }


def _link_versions(
    connection: sa.Connection, runs: Sequence[dict[str, Any]], created: Sequence[CreateRun]
) -> None:
    wanted = [row["content_hash"] for row, change in zip(runs, created, strict=True) if change.find_version]
    if not wanted:
        return
    found = connection.execute(FIND_VERSIONS, {"keys": sorted(set(wanted))})
    versions: dict[str, str] = {row.content_hash: row.id for row in found}
    for row, change in zip(runs, created, strict=True):
        if change.find_version and row["version_id"] is None:
            row["version_id"] = versions.get(row["content_hash"])


# --- rows -------------------------------------------------------------------------------------------------


def form_of(spec: RunSpec, keep: Keep) -> dict[str, Any]:
    """What the run reopens with as JSON data, each prompt replaced by its hash; its cases are rows of their own.

    The variants are its "columns", as in files of before they had that name.
    """
    data = to_json(spec.model_copy(update={"cases": ()}))
    for name in ("cases", "variants", "repeats", "kind"):
        del data[name]
    data["prompt"] = keep(spec.prompt)
    data["columns"] = [
        to_json(variant) | {"prompt": keep(variant.prompt) if variant.prompt else None}
        for variant in spec.variants
    ]
    return data


def case_rows(run_id: str, spec: RunSpec) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of the cases, and those of their images."""
    rows, blobs = [], []
    for number, case in enumerate(spec.cases):
        named, images = packed_images(case.images)
        blobs += images
        rows.append(
            {
                "run_id": run_id,
                "number": number,
                "input_values": to_json(case.model_copy(update={"images": ()}))["values"],
                "images": named,
                "row_id": case.row_id,
            }
        )
    return rows, blobs


def unseeded(sampling: Sampling) -> Sampling:
    """The sampling that the cells of a variant share."""
    return sampling.model_copy(update={"seed": None})


def variant_row(run_id: str, work: Work, content: str) -> dict[str, Any]:
    """The variant of that work, whose prompt has the hash `content`."""
    return {
        "run_id": run_id,
        "number": work.key.variant,
        "model": work.model,
        "backend": work.backend,
        "content_hash": content,
        "sampling": to_json(unseeded(work.sampling)),
    }


def cell_row(run_id: str, work: Work, key: CellKey, owner: str | None) -> dict[str, Any]:
    """A pending cell at that place, but for the id of its variant."""
    return {
        "run_id": run_id,
        "case_number": key.case,
        "variant_number": key.variant,
        "repeat": key.repeat,
        "status": "pending",
        "seed": work.sampling.seed,
        "calls": 0,
        "total_s": 0.0,
        "error": "",
        "hint": "",
        "thumb": 0,
        "attempt": 0,
        "owner": owner,
    }


def keep_variant(connection: sa.Connection, run_id: str, work: Work, content: str) -> tuple[int, bool]:
    """The id of the work's variant, and whether it is new."""
    row = variant_row(run_id, work, content)
    for known in connection.execute(FIND_VARIANTS, {"run": run_id, "variant": work.key.variant}).mappings():
        if all(known[name] == value for name, value in row.items()):
            return int(known["id"]), False
    return int(connection.execute(KEEP_VARIANTS, [row]).scalar_one()), True


# --- finding ----------------------------------------------------------------------------------------------


def _found_by(title: str, note: str, models: Iterable[str], values: object, turns: Iterable[str]) -> str:
    return searchable([title, note, " ".join(dict.fromkeys(models)), *texts_in(values), *turns])


def search_text(connection: sa.Connection, run_id: str) -> str:
    """What a run can be found by beside its answers, from what is stored of it."""
    title, note, form = connection.execute(READ_RUN, {"run": run_id}).one()
    values = connection.execute(READ_CASES, {"run": run_id}).scalars().all()
    models = connection.execute(READ_MODELS, {"run": run_id}).scalars().all()
    hashes = list(dict.fromkeys([form["prompt"], *(c["prompt"] for c in form["columns"] if c["prompt"])]))
    bodies = {key: body for key, body in connection.execute(READ_CONTENT, {"keys": hashes})}
    turns = [turn["template"] for key in hashes for turn in json.loads(bodies[key])["turns"] if key in bodies]
    return _found_by(title, note, models, values, turns)
