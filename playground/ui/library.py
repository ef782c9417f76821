"""The Library tab: shipped patterns and saved prompts; search, filters, favourites, the bin, what is selected."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import gradio as gr
from markupsafe import Markup

from playground.library.shipped import plain
from playground.store.unsaved import MOST_DAYS, MOST_DRAFTS
from playground.ui.actions import Action, Ask
from playground.ui.html import attributes, button, icon, into_column, join, marked, plural, stamp
from playground.ui.listing import PAGE_ROWS, PLACES, Filter, Item, Listing, find
from playground.ui.preview import preview
from playground.ui.table import Head, Look, asked_by, csv_lines, kept, look_of, table
from playground.ui.update import Update
from playground.workbench.service import Workbench

SHOWN_TAGS = 16
_PAGE = """<div class="pane pp" data-form id="lib">
<nav class="side" id="lib-side" aria-label="Filters"></nav>
<section class="with-foot" aria-label="Prompts"><div class="messages"></div><input type="file" id="lib-files" multiple hidden aria-label="Files to import"><div class="searchbar"><input class="field grow" id="lib-search" name="search" type="search"
 placeholder="Search names, summaries, tags and texts" aria-label="Search the library" data-act="open_library" data-on="input" data-start="" data-rows="" data-into="#lib-list .item">
<span class="hint num" id="lib-count"></span><span id="lib-look" hidden></span>
<button class="btn" data-act="new_prompt"><svg class="i" aria-hidden="true"><use href="#i-plus"></use></svg>New prompt</button></div>
<div id="lib-list"></div><div class="pane-foot" id="lib-foot"></div></section>
<section class="preview-pane" id="lib-preview" aria-label="Preview" aria-live="polite"></section></div>"""


HEADS = (
    Head("", "", "34px"),
    Head("name", "Name"),
    Head("family", "Family", "116px"),
    Head("changed", "Changed", "104px", falls=True),
    Head("", "", "128px"),
)


def build() -> None:
    """Layout only; the lists are filled when the tab is opened."""
    gr.HTML(_PAGE, apply_default_css=False, elem_id="library")


def chosen_filter(ask: Ask) -> Filter:
    """The filter of the page with what was pressed; pressing a pressed one takes it off."""

    def one(name: str) -> str:
        now, pressed = str(ask.fields.get(name, "")), (ask.model_extra or {}).get(name)
        return now if pressed is None else "" if pressed == now else str(pressed)

    return Filter(ask.text("search"), one("origin"), one("family"), one("tag"))


def chosen_look(asked: Mapping[str, str]) -> Look:
    """The order and the window that were asked for; without an order the best matches come first."""
    look = look_of(asked, HEADS, PAGE_ROWS)
    return look if asked.get("sort", "") in {head.sort for head in HEADS} - {""} else replace(look, sort="")


def picked_keys(ask: Ask) -> list[str]:
    """Keys of the selected rows, those that a filter hides too; none when the selection was just cleared."""
    names = [name for name, on in ask.fields.items() if name.startswith("pick:") and on]
    return [] if ask.text("clear") else [name.removeprefix("pick:") for name in names]


async def open_library(workbench: Workbench, ask: Ask) -> Update:
    """The list for what is searched and filtered, and a preview of the chosen row."""
    wanted = chosen_filter(ask)
    look = chosen_look(asked_by(ask))
    listing = await asyncio.to_thread(find, workbench, wanted, look, ask.language)
    items = listing.items
    asked, wording = key_of_all(ask.text("key")), ask.text("wording")
    chosen = next((i for i in items if i.key == asked), items[0] if items else None)
    opens = chosen.opens or chosen.key if chosen else ""
    if chosen and chosen.key == asked and wording and wording != ask.language:
        opens = ask.text("key")  # the reader asked for the other language
    else:
        wording = ""
    picked = set(picked_keys(ask))
    shown = await preview(workbench, opens, binned=wanted.origin == "bin") if chosen else ""
    return {
        "html": {
            "lib-side": _side(listing, wanted, opens, wording),
            "lib-list": _list(listing, chosen, wanted, picked, look),
            "lib-count": Markup("{}").format(
                plural(listing.total, "draft" if wanted.origin == "drafts" else "prompt")
            ),
            "lib-look": kept(look),
            "lib-foot": _foot(workbench, wanted, picked, {i.key for i in items}),
            "lib-preview": shown,
        }
    }


def key_of_all(key: str) -> str:
    """The key that stands for all wordings of a pattern: what is starred and selected."""
    kind, _, ident = key.partition(":")
    return f"{kind}:{plain(ident)}" if kind == "pattern" else key


def _side(listing: Listing, wanted: Filter, key: str, wording: str = "") -> Markup:
    hidden = {
        "origin": wanted.origin,
        "family": wanted.family,
        "tag": wanted.tag,
        "key": key,
        "wording": wording,
    }
    parts = [
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value)
        for name, value in hidden.items()
    ]
    parts.append(Markup('<div class="group">Origin</div>'))
    parts += [
        _filter("origin", name, label, listing.origins.get(name, 0), wanted.origin)
        for name, label in PLACES.items()
        if listing.origins.get(name) or name in ("", "favourites", wanted.origin)
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
    ).format(
        attributes({kind: value, "start": "", "rows": ""}), str(value == now).lower(), label, f"{number:,}"
    )


def _list(
    listing: Listing,
    chosen: Item | None,
    wanted: Filter,
    picked: set[str],
    look: Look | None = None,
) -> Markup:
    active = [
        (kind, value, PLACES.get(value, value) if kind == "origin" else value)
        for kind, value in (("origin", wanted.origin), ("family", wanted.family), ("tag", wanted.tag))
        if value
    ]
    chips = join(
        Markup(
            '<button class="badge mode" data-act="open_library"{} title="Take this filter off">{}{}</button>'
        ).format(attributes({kind: value, "start": "", "rows": ""}), label, icon("cross"))
        for kind, value, label in active
    )
    head = Markup('<div class="chips">{}</div>').format(chips) if active else ""
    if not listing.items:
        return Markup("{}{}").format(head, _nothing(wanted))
    rows = (_row(item, item is chosen, wanted, item.key in picked) for item in listing.items)
    return head + table(HEADS, rows, look or Look(rows=PAGE_ROWS), listing.total, "open_library")


def _nothing(wanted: Filter) -> Markup:
    """What an empty list says, and the way on."""
    empty = button("Start an empty prompt", "new_prompt", kind="quiet")
    all_ = button("Look at all patterns", "open_library", kind="quiet", origin=wanted.origin)
    off = button("Take search and filters off", "all_library", kind="quiet")
    is_origin_alone = not (wanted.search or wanted.family or wanted.tag)
    if wanted.origin == "bin" and is_origin_alone:
        text, ways = (
            "The bin is empty. What you delete waits here until you put it back or delete it for good.",
            empty,
        )
    elif wanted.origin == "drafts" and is_origin_alone:
        text, ways = (
            "No draft. What you type and do not save waits here until you save it or throw it away.",
            empty,
        )
    elif wanted.origin == "mine" and is_origin_alone:
        text = "Nothing of yours yet. Write a prompt, or try a pattern and change it; Ctrl S keeps it here."
        ways = empty + all_
    elif wanted.origin == "imported" and is_origin_alone:
        text = "Nothing was imported yet. Drop a bundle, a folder or prompt files anywhere on this page."
        ways = button("Choose files", "choose_files", symbol="upload", kind="quiet")
    elif wanted.origin == "favourites" and is_origin_alone:
        text, ways = "No favourite yet. The star at the end of a row makes one.", all_
    elif wanted.is_narrow:
        text, ways = f"Nothing matches {repr_search(wanted.search)}in this filter.", off + empty
    else:
        text, ways = f"Nothing matches {repr_search(wanted.search).strip()}.", off + empty
    return Markup('<p class="empty">{} {}</p>').format(text, ways)


def repr_search(search: str) -> str:
    """The search in quotes, or nothing."""
    return f'"{search}" ' if search else ""


def _row(item: Item, is_chosen: bool, wanted: Filter, is_picked: bool) -> Markup:
    labels = join(Markup(' <span class="badge">{}</span>').format(label) for label in item.labels)
    box = Markup('<input type="checkbox" name="pick:{}" data-act="open_library" aria-label="Select {}"{}>')
    box = box.format(item.key, item.name, Markup(" checked") if is_picked else "")
    return Markup(
        '<tr class="entry{}"><td class="tick">{}</td><td><button class="item" data-act="open_library" data-key="{}" data-wording="" aria-pressed="{}"{}>'
        '<span class="grow"><b translate="no">{}{}</b><span class="d"{}>{}</span></span></button></td>'
        '<td class="hint"><span class="one">{}</span></td><td class="hint">{}</td><td class="last">{}{}</td></tr>'
    ).format(
        " on" if is_chosen else "",
        "" if wanted.origin in ("bin", "drafts") else box,
        item.opens or item.key,
        str(is_chosen).lower(),
        Markup(' lang="{}"').format(item.language) if item.language else "",
        marked(item.name, wanted.search),
        labels,
        Markup(' translate="no"') if item.is_shipped else "",
        marked(item.summary, wanted.search),
        item.family,
        stamp(item.changed) if item.changed else "",
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
        icon("star"),
    )


def _into_column(item: Item) -> Markup:
    kind, _, ident = (item.opens or item.key).partition(":")
    return into_column(item.name, **{"pattern" if kind == "pattern" else "prompt": ident})


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
        acts.append(button("CSV", "library_csv", kind="quiet"))
    if picked:
        acts.append(button("Clear selection", "open_library", kind="quiet", clear="yes"))
    if workbench.settings.library_dir:
        acts.append(button("Sync folder", "sync_folder", symbol="redo", kind="quiet"))
    hint = "" if picked else "Drop files, a folder or a bundle anywhere on this page"
    if wanted.origin == "drafts":
        hint = f"Kept for {MOST_DAYS} days after the last change, at most {MOST_DRAFTS}"
    return Markup('{}{}<span class="hint">{}</span>').format(hidden, join(acts), hint)


CSV_NAMES = (
    "name",
    "origin",
    "family",
    "tags",
    "version",
    "labels",
    "changed",
    "favourite",
    "summary",
    "key",
)
CSV_ROWS = 200


def csv_of(workbench: Workbench, asked: Mapping[str, str]) -> Iterator[str]:
    """All prompts that the filter shows as CSV, in the order asked for. Blocks."""
    wanted = Filter(*(asked.get(name, "") for name in ("search", "origin", "family", "tag")))
    look = replace(chosen_look(asked), start=0, rows=CSV_ROWS)

    def rows() -> Iterator[Sequence[object]]:
        now = look
        while items := find(workbench, wanted, now).items:
            for item in items:
                changed = item.changed.isoformat() if item.changed else ""
                tags, labels = ", ".join(item.tags), ", ".join(item.labels)
                loved = "yes" if item.favourite else ""
                facts = (item.family, tags, item.version or "", labels, changed, loved)
                yield item.name, item.origin, *facts, item.summary, item.key
            now = replace(now, start=now.start + len(items))

    return csv_lines(CSV_NAMES, rows())


ACTIONS: dict[str, Action] = {"open_library": open_library}
