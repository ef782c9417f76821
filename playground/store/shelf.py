"""The list of saved prompts: found by words, filtered, counted; and the favourites.

shelf.prompts(session, Filter("refund tone", tag="mail"), limit=100, offset=0)  →  [PromptSummary…]
shelf.facets(session, Filter("refund"))  →  Facets(total=12, origins={"mine": 12}, …)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from playground.errors import PromptError
from playground.store.content import fold, matches, portions
from playground.store.prompts import prompt_row
from playground.store.records import Facets, PromptSummary
from playground.store.runs import find_run
from playground.store.tables import Favourite, Label, PromptRow, PromptTag, Version

KEY_CHARS = 500


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of prompts is narrowed to; an empty value asks for nothing. `binned` lists the bin instead."""

    search: str = ""
    family: str = ""
    tag: str = ""
    origin: str = ""
    favourite: bool = False
    binned: bool = False


def prompt_key(prompt_id: str) -> str:
    """The key of a saved prompt among the favourites."""
    return f"prompt:{prompt_id}"


_PREFIX = sa.literal(prompt_key(""))
_PROMPT_KEY = col(Favourite.key).startswith(prompt_key(""))
_IS_FAVOURITE = sa.exists().where(col(Favourite.key) == _PREFIX + col(PromptRow.id))
_SHOWN = [column for column in PromptRow.__table__.c if column.name not in ("search_text", "name_key")]  # type: ignore[attr-defined]


def prompts(
    session: Session, wanted: Filter, limit: int, offset: int, sort: str = "", falls: bool = True
) -> list[PromptSummary]:
    """Prompts that contain all words: those with the words in their name first, then the last changed first.

    With a `sort`, by "name", "family" or "changed" instead.
    """
    in_name = matches(PromptRow.name_key, wanted.search)
    order: list[Any] = [sa.case((sa.and_(*in_name), 0), else_=1)] if in_name else []
    changed = col(PromptRow.deleted_at if wanted.binned else PromptRow.updated_at)
    family = sa.func.lower(sa.func.coalesce(sa.func.nullif(col(PromptRow.family), ""), "mine"))
    keys: dict[str, Any] = {"name": sa.func.lower(col(PromptRow.name)), "family": family, "changed": changed}
    if (key := keys.get(sort)) is not None:
        order = [key.desc() if falls else key.asc()]
    order += [changed.desc(), col(PromptRow.name), col(PromptRow.id)]
    return _summaries(session, _conditions(wanted), order, limit, offset)


def find_prompt(session: Session, name: str) -> PromptSummary | None:
    """The prompt of this name, letter case aside; not one in the bin."""
    found = _summaries(session, [col(PromptRow.name_key) == fold(name.strip())], [], 1, 0)
    return found[0] if found else None


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    binned = col(PromptRow.deleted_at)
    found: list[sa.ColumnElement[bool]] = [binned.is_not(None) if wanted.binned else binned.is_(None)]
    # The short columns first: a database may skip the long text of a row that they rule out.
    if wanted.family:
        found.append(col(PromptRow.family) == wanted.family)
    if wanted.origin:
        own = ("mine", "fork")  # a fork is one's own too
        found.append(col(PromptRow.origin).in_(own if wanted.origin == "mine" else (wanted.origin,)))
    if wanted.tag:
        tagged = sa.select(col(PromptTag.prompt_id)).where(col(PromptTag.tag) == wanted.tag)
        found.append(col(PromptRow.id).in_(tagged))
    if wanted.favourite:
        found.append(_IS_FAVOURITE)
    return found + matches(PromptRow.search_text, wanted.search)


def _summaries(
    session: Session, conditions: list[sa.ColumnElement[bool]], order: list[Any], limit: int, offset: int
) -> list[PromptSummary]:
    statement = (
        sa.select(*_SHOWN, _IS_FAVOURITE.label("favourite"))
        .where(*conditions)
        .order_by(*order)
        .limit(max(0, min(limit, 2**31 - 1)))
        .offset(max(0, min(offset, 2**31 - 1)))
    )
    rows = session.execute(statement).mappings().all()
    ids = [row["id"] for row in rows]
    tags, labels, variants = _tags(session, ids), _labels(session, ids), _variants(session, ids)
    return [
        PromptSummary(
            **row,
            tags=tuple(tags[row["id"]]),
            labels=tuple(labels[row["id"]]),
            variants=tuple(variants[row["id"]]),
        )
        for row in rows
    ]


def _tags(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for portion in portions(ids):
        for prompt_id, tag in session.execute(
            sa.select(col(PromptTag.prompt_id), col(PromptTag.tag))
            .where(col(PromptTag.prompt_id).in_(portion))
            .order_by(PromptTag.prompt_id, col(PromptTag.position))
        ):
            found[prompt_id].append(tag)
    return found


def _labels(session: Session, ids: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for portion in portions(ids):
        for prompt_id, name, number in session.execute(
            sa.select(col(Label.prompt_id), col(Label.name), col(Label.number))
            .where(col(Label.prompt_id).in_(portion))
            .order_by(Label.prompt_id, col(Label.name))
        ):
            found[prompt_id].append((name, number))
    return found


def _variants(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for portion in portions(ids):
        for prompt_id, variant in session.execute(
            sa.select(col(Version.prompt_id), col(Version.variant))
            .where(col(Version.prompt_id).in_(portion), col(Version.variant) != "")
            .distinct()
            .order_by(Version.prompt_id, col(Version.variant))
        ):
            found[prompt_id].append(variant)
    return found


def facets(session: Session, wanted: Filter) -> Facets:
    """How many prompts contain all words, by origin, family and tag: one statement, one pass over the texts.

    Each kind of number follows the filters of the other kinds.
    """
    binned = col(PromptRow.deleted_at).is_not(None).label("binned")
    found = (
        sa.select(col(PromptRow.id), col(PromptRow.origin), col(PromptRow.family), binned)
        .where(*matches(PromptRow.search_text, wanted.search))
        .cte("found")
    )
    loved = found.c.id.in_(
        sa.select(sa.func.substr(col(Favourite.key), len(prompt_key("")) + 1)).where(_PROMPT_KEY)
    )
    tagged = found.c.id.in_(sa.select(col(PromptTag.prompt_id)).where(col(PromptTag.tag) == wanted.tag))
    of_family = [found.c.family == wanted.family] if wanted.family else []
    of_tag = [tagged] if wanted.tag else []
    of_origin = [found.c.binned if wanted.binned else ~found.c.binned]
    if wanted.origin:
        own = ("mine", "fork")
        of_origin.append(found.c.origin.in_(own if wanted.origin == "mine" else (wanted.origin,)))
    of_origin += [loved] if wanted.favourite else []
    tag, nothing = col(PromptTag.tag), sa.literal("")
    shown = sa.select(found.c.id).where(*of_origin, *of_family)

    def counted(what: str, *conditions: sa.ColumnElement[bool]) -> sa.Select[str, str, int]:
        return sa.select(sa.literal(what), nothing, sa.func.count()).select_from(found).where(*conditions)

    rows = session.execute(
        sa.union_all(
            sa.select(sa.literal("origin"), found.c.origin, sa.func.count())
            .where(~found.c.binned, *of_family, *of_tag)
            .group_by(found.c.origin),
            sa.select(sa.literal("family"), found.c.family, sa.func.count())
            .where(*of_origin, *of_tag)
            .group_by(found.c.family),
            sa.select(sa.literal("tag"), tag, sa.func.count())
            .where(col(PromptTag.prompt_id).in_(shown))
            .group_by(tag),
            counted("binned", found.c.binned, *of_family, *of_tag),
            counted("favourite", ~found.c.binned, loved, *of_family, *of_tag),
            counted("matched", *of_origin, *of_family, *of_tag),
        )
    )
    origins, families, tags, numbers = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    kinds = {"origin": origins, "family": families, "tag": tags}
    for what, value, count in rows:
        numbers[what] += count
        if what in kinds:
            kinds[what][value] = count
    families.pop("", None)
    return Facets(
        total=numbers["origin"],
        origins=_most_frequent_first(origins),
        families=_most_frequent_first(families),
        tags=_most_frequent_first(tags),
        favourites=numbers["favourite"],
        binned=numbers["binned"],
        matched=numbers["matched"],
    )


def _most_frequent_first(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def favourites(session: Session) -> frozenset[str]:
    """The keys of all favourites."""
    return frozenset(session.execute(sa.select(col(Favourite.key))).scalars())


def set_favourite(session: Session, key: str, on: bool) -> None:
    """Make it a favourite, or no longer; a run that is one is pinned.

    Raises PromptError for another kind of key, NotFoundError for what is not there.
    """
    kind, _, name = key.partition(":")
    if kind not in ("prompt", "pattern", "run") or not 0 < len(name) <= KEY_CHARS:
        raise PromptError(f'"{key[:KEY_CHARS]}" cannot be a favourite.', "Choose a prompt or a pattern.")
    if on and kind == "prompt":
        prompt_row(session, name)
    if on and kind == "run":
        find_run(session, name)
    session.execute(sa.delete(Favourite).where(col(Favourite.key) == key))
    if on:
        session.add(Favourite(key=key))
