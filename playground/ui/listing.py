"""What the Library lists for a filter: saved prompts and shipped patterns in one order, a window at a time, and numbers.

    find(workbench, Filter(origin="mine"), Look(rows=100))  →  Listing(items, total, origins, families, tags)

The numbers beside a filter follow the other filters: what a press on it would show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge

from playground.library.shipped import Language, Pattern, language_of, plain
from playground.store.records import Facets, PromptSummary
from playground.ui.drafts import UNTITLED
from playground.ui.preview import draft_of
from playground.ui.table import Look
from playground.workbench.service import Workbench

PAGE_ROWS = 100
ORIGINS = {"mine": "Mine", "imported": "Imported", "shipped": "Shipped"}
PLACES = {
    "": "All",
    "mine": ORIGINS["mine"],
    "drafts": "Drafts",
    "imported": ORIGINS["imported"],
    "shipped": ORIGINS["shipped"],
    "favourites": "Favourites",
    "bin": "Bin",
}
"""What the list can be narrowed to by `Filter.origin`, in the order on screen."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to; "" is everything. `origin` may also be "favourites", "drafts" or "bin"."""

    search: str = ""
    origin: str = ""
    family: str = ""
    tag: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the search hides rows."""
        return bool(self.origin or self.family or self.tag)


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the list, shipped or saved. `key` names it, `opens` is the key of the wording that the row shows.

    `names` are those of its other wordings, `language` is the one that the row is in ("" is not known).
    """

    key: str
    name: str
    summary: str
    family: str
    favourite: bool
    labels: tuple[str, ...] = ()
    changed: datetime | None = None
    version: int | None = None
    origin: str = ""
    tags: tuple[str, ...] = ()
    opens: str = ""
    names: tuple[str, ...] = ()
    language: str = ""

    @property
    def is_shipped(self) -> bool:
        """Whether it is a file of the pattern library."""
        return self.key.startswith("pattern:")


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a window, how many there are in all, and the numbers beside the filters."""

    items: list[Item]
    total: int
    origins: dict[str, int]
    families: dict[str, int]
    tags: dict[str, int]


def find(workbench: Workbench, wanted: Filter, look: Look, language: Language = "en") -> Listing:
    """The shipped ones in the reader's language. Without a chosen order: matches in the name before all others, saved prompts, last changed first, then shipped ones.

    Blocks.
    """
    store = workbench.store
    loved = store.favourites()
    facets = store.facets(
        wanted.search,
        family=wanted.family,
        tag=wanted.tag,
        origin=wanted.origin if wanted.origin not in ("favourites", "bin") else "",
        favourite=wanted.origin == "favourites",
        binned=wanted.origin == "bin",
    )
    library = workbench.prompts.library
    found = library.search(wanted.search, language=language)
    numbers = _numbers(facets, found, wanted, loved)
    numbers[0]["drafts"] = store.drafts.count()
    if wanted.origin == "drafts":
        drafts = [
            Item(f"draft:{d.id}", d.name or UNTITLED, d.begins, draft_of(d), False)
            for d in store.drafts.all(wanted.search)
        ]
        return Listing(drafts[look.start : look.start + look.rows], len(drafts), *numbers)
    words = wanted.search.casefold().split()
    shipped = [_pattern(p, loved, library.names(p.slug)) for p in found if _is_in(p, wanted, loved)]
    shipped = _sorted(shipped, look, words)
    # So many saved ones come before the window at least; the shipped ones among them are all known.
    offset = max(0, look.start - len(shipped))
    limit = look.start - offset + look.rows
    saved = [] if wanted.origin == "shipped" else store.prompts(
        wanted.search,
        family=wanted.family,
        tag=wanted.tag,
        origin=wanted.origin if wanted.origin in ORIGINS else "",
        favourite=wanted.origin == "favourites",
        binned=wanted.origin == "bin",
        limit=limit,
        offset=offset,
        sort=look.sort,
        falls=look.falls,
    )  # fmt: skip
    both = merge(
        map(_saved, saved), shipped, key=lambda item: _rank(item, look, words), reverse=_is_reversed(look)
    )
    window = list(both)[look.start - offset : look.start - offset + look.rows]
    total = (0 if wanted.origin == "shipped" else facets.matched) + len(shipped)
    return Listing(window, total, *numbers)


def _is_reversed(look: Look) -> bool:
    return look.falls and look.sort in ("name", "family")


def _rank(item: Item, look: Look, words: list[str]) -> tuple[int | str, ...]:
    """Where an item stands among the others; shipped ones have no time of change."""
    if look.sort == "name":
        return (item.name.casefold(),)
    if look.sort == "family":
        return (item.family.casefold(),)
    if look.sort == "changed":
        return (int(item.is_shipped),)
    names = "\n".join((item.name, *item.names)).casefold()
    return int(not all(word in names for word in words)), int(item.is_shipped)


def _sorted(items: list[Item], look: Look, words: list[str]) -> list[Item]:
    return sorted(items, key=lambda item: _rank(item, look, words), reverse=_is_reversed(look))


def _saved(p: PromptSummary) -> Item:
    origin = ORIGINS.get(p.origin, "Mine").lower()
    return Item(
        f"prompt:{p.id}",
        p.name,
        p.description or f"version {p.latest}" + (f", from {p.forked_from}" if p.forked_from else ""),
        p.family or origin,
        p.favourite,
        tuple(label for label, _ in p.labels),
        p.deleted_at or p.updated_at,
        p.latest,
        origin,
        p.tags,
    )


def _key(pattern: Pattern) -> str:
    """What stars and selections name: all wordings of a pattern are one."""
    return f"pattern:{plain(pattern.slug)}"


def _pattern(p: Pattern, loved: frozenset[str], names: tuple[str, ...]) -> Item:
    prompt, language = p.prompt, language_of(p.slug)
    return Item(
        _key(p),
        prompt.name,
        prompt.description,
        prompt.family,
        _key(p) in loved,
        origin="shipped",
        tags=prompt.tags,
        opens=f"pattern:{p.slug}",
        names=names,
        language=language,
    )


def _is_in(pattern: Pattern, wanted: Filter, loved: frozenset[str]) -> bool:
    of_origin = wanted.origin in ("", "shipped") or (wanted.origin == "favourites" and _key(pattern) in loved)
    of_family = wanted.family in ("", pattern.prompt.family)
    return of_origin and of_family and (not wanted.tag or wanted.tag in pattern.prompt.tags)


def _numbers(
    facets: Facets, found: list[Pattern], wanted: Filter, loved: frozenset[str]
) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """What stands beside the filters: origins, families, tags."""
    anywhere = [p for p in found if _is_in(p, replace(wanted, origin=""), loved)]
    families, tags = dict(facets.families), dict(facets.tags)
    for pattern in found:
        prompt = pattern.prompt
        if prompt.family and _is_in(pattern, replace(wanted, family=""), loved):
            families[prompt.family] = families.get(prompt.family, 0) + 1
        for tag in prompt.tags if _is_in(pattern, replace(wanted, tag=""), loved) else ():
            tags[tag] = tags.get(tag, 0) + 1
    own = facets.origins
    origins = {"": facets.total + len(anywhere), **own, "mine": own.get("mine", 0) + own.get("fork", 0)}
    origins["shipped"] = len(anywhere)
    origins["favourites"] = facets.favourites + sum(_key(p) in loved for p in anywhere)
    origins["bin"] = facets.binned
    return origins, families, tags
