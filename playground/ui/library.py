"""The Library tab: shipped patterns and saved prompts; search, preview, try, versions, export."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr
from markupsafe import Markup, escape

from playground.errors import NotFoundError
from playground.formats import FORMATS
from playground.planning import example_values
from playground.scorers import check_name
from playground.types import Prompt
from playground.ui.actions import Action, Ask, Update
from playground.ui.compare import open_pattern
from playground.ui.details import safe_markdown
from playground.ui.html import attributes, button, icon, join, options, stamp
from playground.ui.keeping import export_body
from playground.workbench import Workbench

_PAGE = """<div class="pane pp" data-form id="lib">
<nav class="side" id="lib-side" aria-label="Filters"></nav>
<section aria-label="Prompts"><div class="searchbar"><input class="field grow" id="lib-search" name="search" type="search"
 placeholder="Search names, summaries, tags and texts" aria-label="Search the library" data-act="open_library" data-on="input">
<button class="btn" data-act="new_prompt"><svg class="i" aria-hidden="true"><use href="#i-plus"></use></svg>New prompt</button></div>
<div id="lib-list"></div></section>
<section class="preview-pane" id="lib-preview" aria-label="Preview" aria-live="polite"></section></div>"""


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the list, shipped or saved; `key` is what opens it."""

    key: str
    origin: str
    name: str
    summary: str
    family: str


def build() -> None:
    """Layout only; the lists are filled when the tab is opened."""
    gr.HTML(_PAGE, apply_default_css=False, elem_id="library")


async def items(workbench: Workbench, search: str) -> list[Item]:
    """Saved prompts, newest first, then the shipped patterns in the order of their folders."""
    saved = await asyncio.to_thread(workbench.store.prompts, search)
    mine = [
        Item(
            f"prompt:{p.id}",
            "Mine",
            p.name,
            f"version {p.latest}" + (f", from {p.forked_from}" if p.forked_from else ""),
            "",
        )
        for p in saved
    ]
    shipped = [
        Item(f"pattern:{p.slug}", "Shipped", p.prompt.name, p.prompt.description, p.prompt.family)
        for p in workbench.library.search(search)
    ]
    return mine + shipped


async def open_library(workbench: Workbench, ask: Ask) -> Update:
    """The list for what is searched and filtered, and a preview of the chosen row."""
    search = ask.text("search") or str(ask.fields.get("search", ""))
    origin = ask.text("origin") or str(ask.fields.get("origin_now", ""))
    family = ask.text("family") or str(ask.fields.get("family_now", ""))
    found = await items(workbench, search)
    shown = [i for i in found if origin in ("", "All", i.origin) and family in ("", "All", i.family)]
    chosen = next((i for i in shown if i.key == ask.text("key")), shown[0] if shown else None)
    return {
        "html": {
            "lib-side": _side(found, origin or "All", family or "All"),
            "lib-list": _list(shown, chosen, search, bool(found)),
            "lib-preview": await _preview(workbench, chosen.key) if chosen else "",
        }
    }


def _side(found: Sequence[Item], origin: str, family: str) -> Markup:
    origins, families = Counter(i.origin for i in found), Counter(i.family for i in found if i.family)
    parts = [
        Markup(
            '<input type="hidden" name="origin_now" value="{}"><input type="hidden" name="family_now" value="{}">'
        ).format(origin, family)
    ]
    parts.append(Markup('<div class="group">Origin</div>'))
    parts += [
        _filter("origin", name, number, origin) for name, number in (("All", len(found)), *origins.items())
    ]
    parts.append(Markup('<div class="group">Family</div>'))
    parts += [
        _filter("family", name, number, family)
        for name, number in (("All", len(found)), *sorted(families.items()))
    ]
    return join(parts)


def _filter(kind: str, name: str, number: int, now: str) -> Markup:
    return Markup(
        '<button class="pick" data-act="open_library"{} aria-pressed="{}"><span>{}</span><span class="num hint">{}</span></button>'
    ).format(attributes({kind: name}), str(name == now).lower(), name, number)


def _list(shown: Sequence[Item], chosen: Item | None, search: str, any_found: bool) -> Markup:
    if not shown:
        text = "Nothing matches in this filter." if any_found else f'Nothing matches "{search}".'
        return Markup('<p class="empty" style="padding:16px 24px">{} {}</p>').format(
            text, button("Start an empty prompt", "new_prompt", kind="quiet")
        )
    rows = join(
        Markup(
            '<li><button class="item {}" data-act="open_library" data-key="{}" aria-pressed="{}"><span class="grow"><b>{}</b><span class="d">{}</span></span><span class="hint">{}</span></button></li>'
        ).format(
            "on" if i is chosen else "",
            i.key,
            str(i is chosen).lower(),
            _marked(i.name, search),
            _marked(i.summary, search),
            i.family or i.origin.lower(),
        )
        for i in shown
    )
    return Markup('<ul class="items">{}</ul>').format(rows)


def _marked(text: str, search: str) -> Markup:
    words = [re.escape(word) for word in search.split()]
    if not words:
        return escape(text)
    parts = re.split(f"({'|'.join(words)})", text, flags=re.IGNORECASE)
    return join(
        Markup("<mark>{}</mark>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts)
    )


async def _preview(workbench: Workbench, key: str) -> Markup:
    kind, _, ident = key.partition(":")
    if kind == "pattern":
        prompt, saved = workbench.library.get(ident).prompt, None
        head = f"Shipped, {prompt.family}"
        first = button("Try it", "try_pattern", symbol="arrow", kind="primary", slug=ident)
        acts = []
    else:
        saved = await asyncio.to_thread(workbench.store.version, ident, None)
        prompt = saved.prompt
        head = Markup("Mine, version {}, {}").format(saved.number, stamp(saved.created_at))
        first = button(
            "Try it", "open_version", symbol="arrow", kind="primary", prompt=ident, number=saved.number
        )
        acts = [button("Versions", "versions", symbol="history", kind="quiet", prompt=ident)]
    acts.append(button("Export", "export_prompt", symbol="download", kind="quiet", key=key))
    if saved:
        acts.append(button("Delete", "delete_prompt", symbol="trash", kind="quiet", prompt=ident))
    source = (
        Markup(' <a href="{}" target="_blank" rel="noreferrer noopener">Guide</a>').format(prompt.source)
        if prompt.source.startswith("https://")
        else ""
    )
    facts = [("Use when", prompt.use_when), ("Not when", prompt.avoid_when), ("Tags", ", ".join(prompt.tags))]
    chinese = "，".join(filter(None, (prompt.name_zh, prompt.description_zh)))
    notes = workbench.library.notes_of(ident) if kind == "pattern" else []
    read = join(
        button(note.title, "open_note", kind="quiet", slug=note.slug) for note in notes if not note.error
    )
    rows = [
        *facts,
        ("In Chinese", Markup('<span lang="zh">{}</span>').format(chinese) if chinese else ""),
        ("Read", read),
    ]
    listed = join(Markup("<dt>{}</dt><dd>{}</dd>").format(label, text) for label, text in rows if text)
    title = Markup(
        '<section><div style="display:flex;gap:16px;align-items:flex-start"><h2 class="grow">{}</h2>{}</div>'
        '<p class="hint">{}{}</p><p>{}</p><div style="display:flex;gap:24px;margin-top:8px">{}</div></section>'
    ).format(saved.name if saved else prompt.name, first, head, source, prompt.description, join(acts))
    facts_part = Markup('<section><dl class="facts">{}</dl></section>').format(listed) if listed else ""
    return Markup('<div class="preview">{}{}{}{}</div>').format(
        title, facts_part, _turns(prompt), _tables(prompt)
    )


_JINJA = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)


def _turns(prompt: Prompt) -> Markup:
    return join(
        Markup('<div class="turn-view"><b>{}</b><pre>{}</pre></div>').format(
            turn.role.capitalize(),
            join(
                Markup('<span class="jinja">{}</span>').format(p) if n % 2 else escape(p)
                for n, p in enumerate(_JINJA.split(turn.template))
            ),
        )
        for turn in prompt.turns
    )


def _tables(prompt: Prompt) -> Markup:
    parts = []
    if prompt.inputs:
        rows = join(
            Markup('<tr><td class="mono">{}</td><td>{}</td><td class="mono">{}</td></tr>').format(
                field.name, field.kind.replace("_", " "), _short(example_values(prompt).get(field.name, ""))
            )
            for field in prompt.inputs
        )
        parts.append(
            Markup(
                '<section><h3>Inputs</h3><table class="table"><tr><th style="width:30%">Name</th><th style="width:20%">Type</th><th>Example</th></tr>{}</table></section>'
            ).format(rows)
        )
    if prompt.checks:
        rows = join(Markup("<li>{}</li>").format(check_name(check)) for check in prompt.checks)
        parts.append(
            Markup(
                '<section><h3>Checks</h3><ul style="margin:0;padding-left:20px;list-style:disc">{}</ul></section>'
            ).format(rows)
        )
    return join(parts)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else text[:159] + "…"


async def open_note(workbench: Workbench, ask: Ask) -> Update:
    """A chapter of the Guide in our words, in the drawer."""
    note = next((n for n in workbench.library.notes() if n.slug == ask.text("slug")), None)
    if note is None:
        raise NotFoundError("There is no such note.", "Reload the page.")
    body = Markup('<div class="view md">{}</div>').format(safe_markdown(note.text))
    foot = Markup('<a href="{}" target="_blank" rel="noreferrer noopener">The Guide on this</a>').format(
        note.source
    )
    title = f"{note.title} · {note.title_zh}" if note.title_zh else note.title
    return {"drawer": {"title": title, "body": body, "foot": foot if note.source else "", "narrow": True}}


async def try_pattern(workbench: Workbench, ask: Ask) -> Update:
    """A shipped pattern in Compare, filled with its example; saving it makes a copy of your own."""
    return await open_pattern(workbench, ask.text("slug"), ask)


async def delete_prompt(workbench: Workbench, ask: Ask) -> Update:
    """Ask first, then move a saved prompt out of the library; its runs stay."""
    prompt_id = ask.text("prompt")
    version = await asyncio.to_thread(workbench.store.version, prompt_id, None)
    if ask.text("sure") != "yes":
        body = Markup(
            '<p>"{}" and its {} versions leave the library. Runs that used them stay in History.</p><p>{} {}</p>'
        ).format(
            version.name,
            version.number,
            button("Delete it", "delete_prompt", symbol="trash", kind="danger", prompt=prompt_id, sure="yes"),
            button("Keep it", "close"),
        )
        return {"drawer": {"title": "Delete this prompt", "body": body, "narrow": True}}
    await asyncio.to_thread(workbench.store.delete_prompt, prompt_id)
    update = await open_library(workbench, ask.model_copy(update={"fields": {}}))
    return {**update, "drawer": None, "toast": f'"{version.name}" deleted'}


async def export_prompt(workbench: Workbench, ask: Ask) -> Update:
    """A prompt of the library as a file, with its example values where a format needs the rendered text."""
    key = ask.text("key")
    kind, _, ident = key.partition(":")
    if kind == "pattern":
        prompt = workbench.library.get(ident).prompt
    else:
        prompt = (await asyncio.to_thread(workbench.store.version, ident, None)).prompt
    chosen = ask.text("value") or "prompty"
    models = await workbench.models()
    file = await workbench.export_prompt(
        prompt, example_values(prompt), models[0].id if models else "", chosen
    )
    head = Markup(
        '<div><label class="soft" for="export-format">Format</label> <select id="export-format" class="field" style="width:auto" data-act="export_prompt" data-key="{}">{}</select></div>'
    ).format(key, options([(name, row.label) for name, row in FORMATS.items()], chosen))
    foot = Markup('<a class="btn primary" download="{}" href="files/prompt/{}/{}">{}Download {}</a>').format(
        file.name, chosen, key, icon("download"), file.name
    )
    return {
        "drawer": {"title": f"Export {prompt.name}", "body": join((head, export_body(file))), "foot": foot}
    }


ACTIONS: dict[str, Action] = {
    "open_library": open_library,
    "open_note": open_note,
    "try_pattern": try_pattern,
    "delete_prompt": delete_prompt,
    "export_prompt": export_prompt,
}
