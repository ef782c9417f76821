"""The Library tab: shipped patterns and saved prompts; search, filters, favourites, the bin, what is selected."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

import gradio as gr
from markupsafe import Markup, escape

from playground.store.records import MOST_DAYS, MOST_DRAFTS
from playground.ui.actions import Action, Ask
from playground.ui.drafts import UNTITLED
from playground.ui.html import attributes, button, icon, into_column, join, plural
from playground.ui.preview import draft_of, preview
from playground.ui.update import Update
from playground.workbench.service import Workbench

PAGE_ROWS = 100
SHOWN_TAGS = 16
_PAGE = """<div class="pane pp" data-form id="lib">
<nav class="side" id="lib-side" aria-label="Filters"></nav>
<section class="with-foot" aria-label="Prompts"><div class="messages"></div><div class="searchbar"><input class="field grow" id="lib-search" name="search" type="search"
 placeholder="Search names, summaries, tags and texts" aria-label="Search the library" data-act="open_library" data-on="input" data-limit="100">
<button class="btn" data-act="new_prompt"><svg class="i" aria-hidden="true"><use href="#i-plus"></use></svg>New prompt</button></div>
<div id="lib-list"></div><div class="pane-foot" id="lib-foot"></div></section>
<section class="preview-pane" id="lib-preview" aria-label="Preview" aria-live="polite"></section></div>"""


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to; "" is everything. `origin` may also be "favourites", "drafts" or "bin"."""

    search: str = ""
    origin: str = ""
    family: str = ""
    tag: str = ""
    limit: int = PAGE_ROWS

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the search hides rows."""
        return bool(self.origin or self.family or self.tag)


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the list, shipped or saved; `key` is what opens it."""

    key: str
    name: str
    summary: str
    family: str
    favourite: bool
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows for a filter, whether there are more, and the numbers beside the filters."""

    items: list[Item]
    more: bool
    origins: dict[str, int]
    families: dict[str, int]
    tags: dict[str, int]


ORIGINS = {"mine": "Mine", "imported": "Imported", "shipped": "Shipped"}


def build() -> None:
    """Layout only; the lists are filled when the tab is opened."""
    gr.HTML(_PAGE, apply_default_css=False, elem_id="library")


def chosen_filter(ask: Ask) -> Filter:
    """The filter of the page with what was pressed; pressing a pressed one takes it off."""

    def one(name: str) -> str:
        now, pressed = str(ask.fields.get(name, "")), (ask.model_extra or {}).get(name)
        return now if pressed is None else "" if pressed == now else str(pressed)

    limit = min(max(ask.integer("limit", PAGE_ROWS), PAGE_ROWS), 10_000)
    return Filter(ask.text("search"), one("origin"), one("family"), one("tag"), limit)


def find(workbench: Workbench, wanted: Filter) -> Listing:
    """Saved prompts, last changed first, then shipped ones; matches in the name before all others. Blocks."""
    store = workbench.store
    loved = store.favourites()
    facets = store.facets(wanted.search)
    saved = [] if wanted.origin in ("shipped", "drafts") else store.prompts(
        wanted.search,
        family=wanted.family,
        tag=wanted.tag,
        origin=wanted.origin if wanted.origin in ORIGINS else "",
        favourite=wanted.origin == "favourites",
        binned=wanted.origin == "bin",
        limit=wanted.limit + 1,
    )  # fmt: skip
    found = [
        Item(
            f"prompt:{p.id}",
            p.name,
            p.description or f"version {p.latest}" + (f", from {p.forked_from}" if p.forked_from else ""),
            p.family or ORIGINS.get(p.origin, "Mine").lower(),
            p.favourite,
            tuple(label for label, _ in p.labels),
        )
        for p in saved
    ]
    if wanted.origin == "drafts":
        found = [
            Item(f"draft:{d.id}", d.name or UNTITLED, d.begins, draft_of(d), False)
            for d in store.drafts.all(wanted.search)
        ]
    patterns = workbench.prompts.library.search(wanted.search)
    found += [
        Item(key, p.prompt.name, p.prompt.description, p.prompt.family, key in loved)
        for p in patterns
        if (key := f"pattern:{p.slug}")
        and wanted.family in ("", p.prompt.family)
        and (not wanted.tag or wanted.tag in p.prompt.tags)
        and (wanted.origin in ("", "shipped") or (wanted.origin == "favourites" and key in loved))
    ]
    if words := wanted.search.casefold().split():
        found.sort(key=lambda item: not all(word in item.name.casefold() for word in words))
    families, tags = dict(facets.families), dict(facets.tags)
    for pattern in patterns:
        if pattern.prompt.family:
            families[pattern.prompt.family] = families.get(pattern.prompt.family, 0) + 1
        for tag in pattern.prompt.tags:
            tags[tag] = tags.get(tag, 0) + 1
    mine = facets.origins.get("mine", 0) + facets.origins.get("fork", 0)
    origins = {"": facets.total + len(patterns), **facets.origins, "mine": mine, "shipped": len(patterns)}
    origins["favourites"] = facets.favourites + sum(f"pattern:{p.slug}" in loved for p in patterns)
    origins["drafts"] = store.drafts.count()
    origins["bin"] = facets.binned
    return Listing(found[: wanted.limit], len(found) > wanted.limit, origins, families, tags)


def picked_keys(ask: Ask) -> list[str]:
    """Keys of the selected rows, those that a filter hides too; none when the selection was just cleared."""
    names = [name for name, on in ask.fields.items() if name.startswith("pick:") and on]
    return [] if ask.text("clear") else [name.removeprefix("pick:") for name in names]


async def open_library(workbench: Workbench, ask: Ask) -> Update:
    """The list for what is searched and filtered, and a preview of the chosen row."""
    wanted = chosen_filter(ask)
    listing = await asyncio.to_thread(find, workbench, wanted)
    items = listing.items
    chosen = next((i for i in items if i.key == ask.text("key")), items[0] if items else None)
    picked = set(picked_keys(ask))
    shown = await preview(workbench, chosen.key, binned=wanted.origin == "bin") if chosen else ""
    return {
        "html": {
            "lib-side": _side(listing, wanted, chosen.key if chosen else ""),
            "lib-list": _list(listing, chosen, wanted, picked),
            "lib-foot": _foot(workbench, wanted, picked, {i.key for i in items}),
            "lib-preview": shown,
        }
    }


def _side(listing: Listing, wanted: Filter, key: str) -> Markup:
    hidden = {
        "origin": wanted.origin,
        "family": wanted.family,
        "tag": wanted.tag,
        "limit": wanted.limit,
        "key": key,
    }
    parts = [
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value)
        for name, value in hidden.items()
    ]
    origins = [("", "All", listing.origins.get("", 0))]
    origins += [(name, label, listing.origins.get(name, 0)) for name, label in ORIGINS.items()]
    origins.insert(2, ("drafts", "Drafts", listing.origins.get("drafts", 0)))
    origins += [
        ("favourites", "Favourites", listing.origins["favourites"]),
        ("bin", "Bin", listing.origins["bin"]),
    ]
    parts.append(Markup('<div class="group">Origin</div>'))
    parts += [
        _filter("origin", name, label, number, wanted.origin)
        for name, label, number in origins
        if number or name in ("", "favourites", wanted.origin)
    ]
    if listing.families:
        parts.append(Markup('<div class="group">Family</div>'))
    parts += [
        _filter("family", name, name, number, wanted.family)
        for name, number in sorted(listing.families.items())
    ]
    common = sorted(listing.tags, key=lambda tag: (tag != wanted.tag, -listing.tags[tag], tag))[:SHOWN_TAGS]
    if common:
        parts.append(Markup('<div class="group">Tags</div>'))
    parts += [_filter("tag", name, name, listing.tags[name], wanted.tag) for name in sorted(common)]
    return join(parts)


def _filter(kind: str, value: str, label: str, number: int, now: str) -> Markup:
    return Markup(
        '<button class="pick" data-act="open_library"{} aria-pressed="{}"><span>{}</span><span class="num hint">{}</span></button>'
    ).format(attributes({kind: value, "limit": PAGE_ROWS}), str(value == now).lower(), label, f"{number:,}")


def _list(listing: Listing, chosen: Item | None, wanted: Filter, picked: set[str]) -> Markup:
    active = [
        (
            kind,
            value,
            {**ORIGINS, "drafts": "Drafts", "favourites": "Favourites", "bin": "Bin"}.get(value, value),
        )
        for kind, value in (("origin", wanted.origin), ("family", wanted.family), ("tag", wanted.tag))
        if value
    ]
    chips = join(
        Markup(
            '<button class="badge mode" data-act="open_library"{} title="Take this filter off">{}{}</button>'
        ).format(attributes({kind: value}), label, icon("cross"))
        for kind, value, label in active
    )
    head = Markup('<div class="chips">{}</div>').format(chips) if active else ""
    if not listing.items:
        if wanted.origin == "bin" and not wanted.search:
            text = "The bin is empty. What you delete waits here until you put it back or delete it for good."
        elif wanted.origin == "drafts" and not wanted.search:
            text = "No draft. What you type and do not save waits here until you save it or throw it away."
        elif wanted.is_narrow:
            text = f"Nothing matches {repr_search(wanted.search)}in this filter."
        else:
            text = f"Nothing matches {repr_search(wanted.search).strip()}."
        return Markup('{}<p class="empty">{} {}</p>').format(
            head, text, button("Start an empty prompt", "new_prompt", kind="quiet")
        )
    rows = join(_row(item, item is chosen, wanted, item.key in picked) for item in listing.items)
    more = (
        button(f"Show {PAGE_ROWS} more", "open_library", kind="quiet", limit=wanted.limit + PAGE_ROWS)
        if listing.more
        else ""
    )
    end = Markup('<p class="empty">{}</p>').format(more) if more else ""
    return Markup('{}<ul class="items">{}</ul>{}').format(head, rows, end)


def repr_search(search: str) -> str:
    """The search in quotes, or nothing."""
    return f'"{search}" ' if search else ""


def _row(item: Item, is_chosen: bool, wanted: Filter, is_picked: bool) -> Markup:
    labels = join(Markup(' <span class="badge">{}</span>').format(label) for label in item.labels)
    box = Markup('<input type="checkbox" name="pick:{}" data-act="open_library" aria-label="Select {}"{}>')
    box = box.format(item.key, item.name, Markup(" checked") if is_picked else "")
    return Markup(
        '<li class="entry{}">{}<button class="item" data-act="open_library" data-key="{}" aria-pressed="{}">'
        '<span class="grow"><b>{}{}</b><span class="d">{}</span></span><span class="hint">{}</span></button>{}{}</li>'
    ).format(
        " on" if is_chosen else "",
        "" if wanted.origin in ("bin", "drafts") else box,
        item.key,
        str(is_chosen).lower(),
        _marked(item.name, wanted.search),
        labels,
        _marked(item.summary, wanted.search),
        item.family,
        "" if wanted.origin in ("bin", "drafts") else _into_column(item),
        "" if wanted.origin == "drafts" else _star(item),
    )


def _star(item: Item) -> Markup:
    return Markup(
        '<button class="btn quiet icon star{}" data-act="favourite" data-favourite="{}" aria-pressed="{}" aria-label="Favourite: {}" title="Favourite">{}</button>'
    ).format(
        " on" if item.favourite else "",
        item.key,
        str(item.favourite).lower(),
        item.name,
        icon("star", "full" if item.favourite else ""),
    )


def _into_column(item: Item) -> Markup:
    kind, _, ident = item.key.partition(":")
    return into_column(item.name, **{"pattern" if kind == "pattern" else "prompt": ident})


def _marked(text: str, search: str) -> Markup:
    words = [re.escape(word) for word in search.split()]
    if not words:
        return escape(text)
    parts = re.split(f"({'|'.join(words)})", text, flags=re.IGNORECASE)
    return join(
        Markup("<mark>{}</mark>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts)
    )


def _foot(workbench: Workbench, wanted: Filter, picked: set[str], shown: set[str]) -> Markup:
    """What can be done with the selection, whose hidden rows are kept here; what can be brought in."""
    hidden = join(
        Markup('<input type="hidden" name="pick:{}" value="on">').format(key)
        for key in sorted(picked - shown)
    )
    acts = [button("Import", "choose_files", symbol="upload", kind="quiet")]
    is_all = not (wanted.search or wanted.is_narrow)
    share = (
        f"Download {plural(len(picked), 'prompt')}"
        if picked
        else "Download all"
        if is_all
        else "Download these"
    )
    if picked or (shown and wanted.origin not in ("bin", "drafts")):  # what is in the bin stays there
        acts.append(button(share, "quick_bundle", symbol="download", kind="quiet"))
        acts.append(button("Name and licence", "bundle_form", kind="quiet"))
    if picked:
        acts.append(button("Clear selection", "open_library", kind="quiet", clear="yes"))
    if workbench.settings.library_dir:
        acts.append(button("Sync folder", "sync_folder", symbol="redo", kind="quiet"))
    hint = "" if picked else "Drop files, a folder or a bundle anywhere on this page"
    if wanted.origin == "drafts":
        hint = f"Kept for {MOST_DAYS} days after the last change, at most {MOST_DRAFTS}"
    return Markup(
        '{}<input type="file" id="lib-files" multiple hidden aria-label="Files to import">{}'
        '<span class="grow"></span><span class="hint">{}</span>'
    ).format(hidden, join(acts), hint)


ACTIONS: dict[str, Action] = {"open_library": open_library}
