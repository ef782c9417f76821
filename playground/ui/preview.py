"""One prompt of the library, shipped or saved, as the Library tab shows it at the right."""

from __future__ import annotations

import json
import re

from markupsafe import Markup, escape

from playground.library.shipped import Language, Library, Pattern, language_of
from playground.scorers import check_name
from playground.store.records import SavedVersion
from playground.store.unsaved import FormDraftSummary
from playground.types.prompt import Prompt, example_values
from playground.ui.drafts import UNTITLED
from playground.ui.forms import readable_draft
from playground.ui.html import button, icon, into_column, join, plural, stamp
from playground.workbench.service import Workbench

IN_LANGUAGE: dict[Language, str] = {"en": "In English", "zh": "In Chinese"}
_JINJA = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)


async def preview(workbench: Workbench, key: str, *, binned: bool = False) -> Markup:
    """The whole pane for "pattern:SLUG", "prompt:ID" or "draft:ID"; raises NotFoundError."""
    kind, _, ident = key.partition(":")
    if kind == "pattern":
        library = workbench.prompts.library
        pattern, language = library.get(ident), language_of(ident)
        notes = [n for n in library.notes_of(ident, language) if not n.error]
        read = join(button(note.title, "open_note", kind="quiet", slug=note.slug) for note in notes)
        first = button("Try it", "try_pattern", symbol="arrow", kind="primary", slug=ident)
        acts = [into_column(pattern.prompt.name, pattern=ident)]
        acts.append(button("Export", "export_prompt", symbol="download", kind="quiet", key=key))
        acts.append(button("Copy link", "copy_link", symbol="link", kind="quiet", pattern=ident))
        return _pane(
            pattern.prompt,
            pattern.prompt.name,
            f"Shipped, {pattern.prompt.family}",
            first,
            acts,
            [*_in_other_languages(library, pattern), ("Read", read)],
        )
    if kind == "draft":
        return await _draft(workbench, ident)
    saved = await workbench.saved.version(ident)
    head = Markup("Version {}, {}{}").format(
        saved.number, stamp(saved.created_at), f", from {saved.forked_from}" if saved.forked_from else ""
    )
    if binned:
        first = button("Put it back", "restore_prompt", symbol="redo", kind="primary", prompt=ident)
        acts = [button("Delete for good", "purge_prompt", symbol="trash", kind="quiet", prompt=ident)]
    else:
        first = button(
            "Try it", "open_version", symbol="arrow", kind="primary", prompt=ident, number=saved.number
        )
        acts = [
            button(plural(saved.number, "version"), "versions", symbol="history", kind="quiet", prompt=ident),
            into_column(saved.name, prompt=ident, number=saved.number),
            button("Export", "export_prompt", symbol="download", kind="quiet", key=key),
            button("Copy link", "copy_link", symbol="link", kind="quiet", prompt=ident, version=saved.number),
            button("Delete", "delete_prompt", symbol="trash", kind="quiet", prompt=ident),
        ]
    standing = Markup("") if binned else await _standing(workbench, saved)
    return _pane(saved.prompt, saved.name, head, first, acts, [("Standing", standing)])


def _in_other_languages(library: Library, pattern: Pattern) -> list[tuple[str, Markup]]:
    """The pattern's other wordings, each with a way to it."""
    rows = []
    for other in library.wordings(pattern.slug):
        if other.slug != pattern.slug and other.error is None:
            language = language_of(other.slug)
            key = f"pattern:{other.slug}"
            way = button("Show this wording", "open_library", kind="quiet small", key=key, wording=language)
            rows.append((IN_LANGUAGE[language], Markup("{} {}").format(_named(other.prompt, language), way)))
    return rows


def _named(prompt: Prompt, language: Language) -> Markup:
    comma = "，" if language == "zh" else ", "
    words = comma.join(filter(None, (prompt.name, prompt.description)))
    return Markup('<span lang="{}" translate="no">{}</span>').format(language, words)


async def _draft(workbench: Workbench, ident: str) -> Markup:
    draft = await workbench.drafts.get(ident)
    form = readable_draft(draft.form)
    prompt = form.prompt if form else Prompt()
    own = Markup("")
    for number, column in enumerate(form.columns if form else (), 1):
        if column.own:
            turns = _turns(prompt.model_copy(update={"turns": column.turns}))
            own += Markup("<section><h3>Column {}, its own prompt</h3></section>{}").format(number, turns)
    head = Markup("{}, {}").format(draft_of(draft).capitalize(), stamp(draft.updated_at))
    first = button("Go on", "open_draft", symbol="arrow", kind="primary", draft=ident)
    acts = [button("Throw away", "drop_draft", symbol="trash", kind="quiet", draft=ident)]
    return _pane(prompt, draft.name or UNTITLED, head, first, acts, [], own)


def draft_of(draft: FormDraftSummary) -> str:
    """What a draft was begun from: "draft of version 2", "draft of a pattern"."""
    kind = draft.key.partition(":")[0]
    if draft.version:
        return f"draft of version {draft.version}"
    return {"pattern": "draft of a pattern", "run": "draft of a run"}.get(kind, "draft, never saved")


async def _standing(workbench: Workbench, saved: SavedVersion) -> Markup:
    """Labels and variants of a saved prompt as buttons that open them."""
    labels = await workbench.saved.labels(saved.prompt_id)
    variants = await workbench.saved.variants(saved.prompt_id)
    parts = [
        Markup(
            '<button class="badge" data-act="open_version" data-prompt="{}" data-number="{}">{}{}: version {}</button> '
        ).format(saved.prompt_id, number, icon("pin"), label, number)
        for label, number in sorted(labels.items())
    ]
    if variants:
        words = ", ".join(sorted(v.variant for v in variants))
        parts.append(button(f"Variants: {words}", "open_variants", kind="quiet", prompt=saved.prompt_id))
    return join(parts)


def _pane(
    prompt: Prompt,
    name: str,
    head: str,
    first: Markup,
    acts: list[Markup],
    more_facts: list[tuple[str, Markup]],
    more: Markup | str = "",
) -> Markup:
    source = (
        Markup(' <a href="{}" target="_blank" rel="noreferrer noopener">Guide</a>').format(prompt.source)
        if prompt.source.startswith("https://")
        else ""
    )
    chinese = Prompt(name=prompt.name_zh, description=prompt.description_zh)
    is_told = not (chinese.name or chinese.description) or any(
        label == IN_LANGUAGE["zh"] for label, _ in more_facts
    )
    rows = [
        ("Use when", _written(prompt.use_when)),
        ("Not when", _written(prompt.avoid_when)),
        ("Tags", ", ".join(prompt.tags)),
        ("Tried on", _written(", ".join(prompt.tried_on))),
        (IN_LANGUAGE["zh"], "" if is_told else _named(chinese, "zh")),
        *more_facts,
    ]
    listed = join(Markup("<dt>{}</dt><dd>{}</dd>").format(label, text) for label, text in rows if text)
    title = Markup(
        '<section><button class="btn quiet small to-list" data-act="to_list">{}Back to the list</button><div class="title-row"><h2 class="grow" translate="no">{}</h2>{}</div>'
        '<p class="hint">{}{}</p><p translate="no">{}</p><div class="quiet-row">{}</div></section>'
    ).format(icon("arrow-up"), name, first, head, source, prompt.description, join(acts))
    facts = Markup('<section><dl class="facts">{}</dl></section>').format(listed) if listed else ""
    return Markup('<div class="preview">{}{}{}{}{}</div>').format(
        title, facts, _turns(prompt), more, _tables(prompt)
    )


def _written(text: str) -> Markup | str:
    """What the prompt's author wrote, in whatever language."""
    return Markup('<span translate="no">{}</span>').format(text) if text else ""


def _turns(prompt: Prompt) -> Markup:
    return join(
        Markup('<div class="turn-view"><b>{}</b><pre translate="no">{}</pre></div>').format(
            turn.role.capitalize(), template(turn.template)
        )
        for turn in prompt.turns
    )


def template(source: str) -> Markup:
    """Template text with its tags coloured."""
    return join(
        Markup('<span class="jinja">{}</span>').format(part) if number % 2 else escape(part)
        for number, part in enumerate(_JINJA.split(source))
    )


def _tables(prompt: Prompt) -> Markup:
    parts = []
    if prompt.inputs:
        rows = join(
            Markup(
                '<tr><td class="mono" translate="no">{}</td><td>{}</td><td class="mono" translate="no">{}</td></tr>'
            ).format(
                field.name, field.kind.replace("_", " "), _short(example_values(prompt).get(field.name, ""))
            )
            for field in prompt.inputs
        )
        parts.append(
            Markup(
                '<section><h3>Inputs</h3><table class="table"><tr><th style="width:30%">Name</th><th style="width:20%">Type</th><th>Example</th></tr>{}</table></section>'
            ).format(rows)
        )
    if prompt.cases:
        shown = join(
            Markup('<li class="mono" translate="no">{}</li>').format(_short(case))
            for case in prompt.cases[:3]
        )
        parts.append(
            Markup('<section><h3>{}</h3><ul class="plain-list">{}</ul>{}</section>').format(
                plural(len(prompt.cases), "case"),
                shown,
                Markup('<p class="hint">and {} more</p>').format(len(prompt.cases) - 3)
                if len(prompt.cases) > 3
                else "",
            )
        )
    if prompt.checks:
        rows = join(Markup("<li>{}</li>").format(check_name(check)) for check in prompt.checks)
        parts.append(Markup('<section><h3>Checks</h3><ul class="plain-list">{}</ul></section>').format(rows))
    return join(parts)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else text[:159] + "…"
