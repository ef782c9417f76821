"""The drawer: what the model saw, differences, saving, versions, exporting."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from math import exp
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from playground.diff import Piece, TurnDiff, describe, diff_fields, diff_turns, diff_words
from playground.errors import NotFoundError, PlaygroundError
from playground.formats import FORMATS
from playground.store.records import SavedVersion, StoredCell, StoredRun
from playground.types import ExportFile, RenderedChat, TokenLogprob
from playground.ui import compare, panels
from playground.ui.actions import Action, Ask, Update
from playground.ui.panels import button, count, icon, join, plural
from playground.workbench import Workbench, find_cell

_CONTROL = re.compile(r"(<\|[^|>\n]{1,40}\|>|</?[a-z_]{1,20}>|\[/?[A-Z]{1,10}\])")
# Raw HTML off, images off: an answer must not make the browser call out.
_MARKDOWN = MarkdownIt("js-default").disable("image")


def pieces(parts: Sequence[Piece], *, side: str = "both") -> Markup:
    """A word diff: removed struck, added underlined. `side` "before" or "after" leaves the other out."""
    skip = {"before": "added", "after": "removed"}.get(side)
    tags = {"same": "{}", "added": '<ins class="add">{}</ins>', "removed": '<del class="del">{}</del>'}
    return join(Markup(tags[part.kind]).format(part.text) for part in parts if part.kind != skip)


def options(choices: Sequence[tuple[str, str]], chosen: str) -> Markup:
    """The options of a select, value and label each."""
    return join(
        Markup('<option value="{}"{}>{}</option>').format(
            value, Markup(" selected") if value == chosen else "", label
        )
        for value, label in choices
    )


def segments(action: str, rows: Sequence[tuple[str, str]], chosen: str, **data: Any) -> Markup:
    """A row of choices of which one is pressed; it asks for `action` with `view`."""
    buttons = join(
        Markup('<button data-act="{}" aria-pressed="{}"{}>{}</button>').format(
            action, str(value == chosen).lower(), panels.attributes({**data, "view": value}), label
        )
        for value, label in rows
    )
    return Markup('<span class="seg">{}</span>').format(buttons)


async def markdown(workbench: Workbench, ask: Ask) -> Update:
    """An answer as Markdown, sanitised: its own HTML stays text."""
    html = await asyncio.to_thread(_MARKDOWN.render, ask.text("text"))
    return {"view": {"column": ask.integer("column"), "html": html, "kind": "md"}}


async def probabilities(workbench: Workbench, ask: Ask) -> Update:
    """The answer's tokens, coloured by how sure the model was; alternatives on hover, and the table below."""
    cell = find_cell(await workbench.run(ask.run_id()), ask.integer("column"))
    tokens = cell.completion.logprobs if cell.completion else ()
    html = await asyncio.to_thread(heat, tokens)
    return {"view": {"column": cell.column, "html": html, "kind": "heat"}}


def heat(tokens: Sequence[TokenLogprob]) -> Markup:
    """Tokens over three steps of colour; below 10 % underlined too, so that colour is not the only sign."""
    spans = join(
        Markup('<span class="h{}{}" title="{}">{}</span>').format(
            0 if exp(t.logprob) >= 0.9 else 1 if exp(t.logprob) >= 0.5 else 2,
            " low" if exp(t.logprob) < 0.1 else "",
            alternatives(t),
            t.token,
        )
        for t in tokens
    )
    rows = join(
        Markup('<tr><td class="mono">{}</td><td class="num">{}</td><td class="mono">{}</td></tr>').format(
            repr(t.token)[1:-1], percent(t.logprob), alternatives(t)
        )
        for t in tokens[:400]
    )
    legend = Markup(
        '<p class="hint"><span class="h0">90 % and more</span> <span class="h1">50 to 90 %</span> '
        '<span class="h2">below 50 %</span> <span class="h2 low">below 10 %</span></p>'
    )
    return Markup(
        '<pre>{}</pre>{}<details><summary>As a table</summary><table class="table"><tr><th style="width:30%">Token</th>'
        '<th class="num" style="width:80px">Probability</th><th>Alternatives</th></tr>{}</table></details>'
    ).format(spans, legend, rows)


def percent(logprob: float) -> str:
    """A probability in per cent: "83 %", "0.4 %", "< 0.1 %"."""
    value = 100 * exp(logprob)
    if value < 0.1:
        return "< 0.1 %"
    return f"{value:.1f} %" if value < 1 or 99 < value < 100 else f"{value:.0f} %"


def alternatives(token: TokenLogprob) -> str:
    """The token's own probability, then its rivals'."""
    rivals = ", ".join(f"{text!r} {percent(logprob)}" for text, logprob in token.top)
    return rivals or percent(token.logprob)


# --- what the model saw ---------------------------------------------------------------------------------


async def saw(workbench: Workbench, ask: Ask) -> Update:
    """The exact messages, the text after the template and the token ids of a column, beside another column's."""
    run = await workbench.run(ask.run_id())
    cell = find_cell(run, ask.integer("column"))
    view = ask.text("view") or "text"
    other = await _other(run, ask)
    cells = [cell] if other is None else [cell, other]
    seen = [await _rendered(workbench, c) for c in cells]
    tabs = (("messages", "Messages"), ("text", "Text after the template"), ("ids", "Token ids"))
    columns = [(str(c.column), f"column {c.column + 1}") for c in run.cells if c.column != cell.column]
    beside = Markup(
        '<span data-form><label class="hint" for="saw-with">beside</label> <select id="saw-with" class="field" style="width:auto" '
        'data-act="saw" data-column="{}" data-view="{}">{}</select></span>'
    ).format(cell.column, view, options([("", "nothing"), *columns], str(other.column) if other else ""))
    head = Markup(
        '<div style="display:flex;gap:16px;align-items:center;flex-wrap:wrap">{}<span class="grow"></span>{}</div>'
    ).format(
        segments("saw", tabs, view, column=cell.column, value=str(other.column) if other else ""), beside
    )
    body = join((head, _saw_sentence(cells, seen), _saw_views(cells, seen, view), _settings_table(cells)))
    return {"drawer": {"title": "What the model saw", "body": body}}


async def _other(run: StoredRun, ask: Ask) -> StoredCell | None:
    value = ask.text("value")
    return find_cell(run, ask.integer("value")) if value.isdecimal() else None


async def _rendered(workbench: Workbench, cell: StoredCell) -> RenderedChat | PlaygroundError | None:
    try:
        return await workbench.rendered(cell)
    except PlaygroundError as exc:
        return exc


def _text(cell: StoredCell, seen: RenderedChat | PlaygroundError | None) -> str | None:
    stored = cell.completion.rendered_prompt if cell.completion else None
    return stored or (seen.text if isinstance(seen, RenderedChat) else None)


def _saw_sentence(
    cells: Sequence[StoredCell], seen: Sequence[RenderedChat | PlaygroundError | None]
) -> Markup:
    if len(cells) == 1:
        return Markup(
            '<p class="soft">The text below is all that reached the model in column {}.</p>'
        ).format(cells[0].column + 1)
    texts = [_text(cell, chat) for cell, chat in zip(cells, seen, strict=True)]
    if None in texts:
        return Markup('<p class="soft">One of the backends does not tell what it sent.</p>')
    numbers = [c.column + 1 for c in cells]
    if texts[0] == texts[1]:
        return Markup('<p><span class="ok">{}</span> Columns {} and {} received the same text.</p>').format(
            icon("check"), *numbers
        )
    cure: Markup | str = ""
    if cells[0].content_hash == cells[1].content_hash and isinstance(seen[0], RenderedChat):
        send = button("Send the same text to all", "same_text", kind="primary", model=cells[0].model)
        cure = Markup(
            '<p>{} <span class="hint">Renders once with the template of column {}, sends it raw.</span></p>'
        ).format(send, numbers[0])
    return Markup(
        '<p><span class="warn">{}</span> <b>Columns {} and {} received different texts.</b> Seen from column {}, column {} {}.</p>{}'
    ).format(
        icon("different"), *numbers, *numbers, describe(diff_words(texts[0] or "", texts[1] or "")), cure
    )


def _saw_views(
    cells: Sequence[StoredCell], seen: Sequence[RenderedChat | PlaygroundError | None], view: str
) -> Markup:
    texts = [_text(cell, chat) for cell, chat in zip(cells, seen, strict=True)]
    shown = []
    for index, (cell, chat) in enumerate(zip(cells, seen, strict=True)):
        tokens = cell.completion.prompt_tokens if cell.completion else None
        if tokens is None and isinstance(chat, RenderedChat):
            tokens = len(chat.tokens)
        window = (cell.completion.context_tokens if cell.completion else None) or (
            chat.context_tokens if isinstance(chat, RenderedChat) else None
        )
        head = Markup(
            '<div style="display:flex;gap:8px;align-items:center;padding:4px 0"><span class="key">{}</span>'
            '<span class="mono grow">{}</span><b class="num">{} tokens</b><span class="hint num">of {}</span></div>'
        ).format(cell.column + 1, cell.model.partition(":")[2], count(tokens), count(window))
        if view == "messages":
            part = _messages(cell)
        elif view == "ids":
            part = _ids(chat)
        else:
            part = _lines(texts[index], texts[1 - index] if len(texts) == 2 else None)
        if isinstance(chat, PlaygroundError) and not (view == "text" and texts[index]) and view != "messages":
            part = Markup('<p class="bad">{} {}</p>').format(chat.message, chat.hint)
        copy = Markup('<div style="padding-top:8px">{}</div>').format(
            button("Copy text", "copy_text", symbol="copy", kind="quiet", from_=f"#saw{cell.column}")
        )
        shown.append(
            Markup("<div>{}{}{}</div>").format(
                head,
                part,
                copy + Markup('<pre id="saw{}" hidden>{}</pre>').format(cell.column, texts[index] or ""),
            )
        )
    return Markup('<div class="{}">{}</div>').format("two" if len(shown) == 2 else "", join(shown))


def _messages(cell: StoredCell) -> Markup:
    rows = join(
        Markup('<div class="turn-view"><b>{}</b><pre class="words">{}</pre></div>').format(
            m.role.capitalize(), m.content
        )
        for m in cell.messages
    )
    return Markup('<div class="preview" style="padding:0">{}</div>').format(
        rows or Markup('<p class="hint">Nothing was sent.</p>')
    )


def _ids(chat: RenderedChat | PlaygroundError | None) -> Markup:
    if not isinstance(chat, RenderedChat):
        return Markup('<p class="hint">This backend does not tell.</p>')
    return Markup('<p class="words">{}</p>').format(" ".join(map(str, chat.tokens)))


def _lines(text: str | None, other: str | None) -> Markup:
    if text is None:
        return Markup('<p class="hint">This backend does not tell what text it made of the messages.</p>')
    mine = text.splitlines(keepends=True)
    same = set(range(len(mine)))
    if other is not None:
        blocks = SequenceMatcher(
            None, other.splitlines(keepends=True), mine, autojunk=False
        ).get_matching_blocks()
        same = {block.b + offset for block in blocks for offset in range(block.size)}
    rows = join(
        Markup('<span class="n">{}</span><span class="t{}">{}</span>').format(
            n + 1, "" if n in same else " differs", _line(line)
        )
        for n, line in enumerate(mine)
    )
    return Markup('<div class="lines" tabindex="0">{}</div>').format(rows)


def _line(line: str) -> Markup:
    body, end = line.rstrip("\r\n"), line[len(line.rstrip("\r\n")) :]
    parts = [
        Markup('<span class="ctl">{}</span>').format(part) if index % 2 else Markup("{}").format(part)
        for index, part in enumerate(_CONTROL.split(body))
    ]
    return join((*parts, Markup('<span class="ws">↵</span>') if end else ""))


def _settings_table(cells: Sequence[StoredCell]) -> Markup:
    rows = []
    names = list(type(cells[0].sampling).model_fields)
    for name in names:
        values = [getattr(cell.sampling, name) for cell in cells]
        shown = [", ".join(v) or "none" if isinstance(v, tuple) else str(v) for v in values]
        rows.append((name.replace("_", " ").capitalize(), shown))
    facts = (("Weights", "model_digest"), ("Backend", "backend_version"), ("Mode", "mode"))
    for label, key in facts:
        values = [str(getattr(cell.completion, key, None) or "–") for cell in cells]
        rows.append((label, [v if len(v) < 40 else f"{v[:10]}…{v[-6:]}" for v in values]))
    rows.append(("Prompt version", [f"{cell.content_hash[:10]}" for cell in cells]))
    body = join(
        Markup("<tr><td>{}</td>{}{}</tr>").format(
            label,
            join(Markup('<td class="mono">{}</td>').format(v) for v in values),
            _equal(values) if len(values) == 2 else "",
        )
        for label, values in rows
    )
    heads = join(Markup("<th>Column {}</th>").format(cell.column + 1) for cell in cells)
    last = Markup("<th></th>") if len(cells) == 2 else ""
    return Markup(
        '<div class="scroll-x"><h3>Settings as sent</h3><table class="table"><tr><th>Setting</th>{}{}</tr>{}</table></div>'
    ).format(heads, last, body)


def _equal(values: Sequence[str]) -> Markup:
    if values[0] == values[1]:
        return Markup('<td class="hint">{} same</td>').format(icon("check"))
    return Markup('<td class="warn">{} differs</td>').format(icon("different"))


# --- diff of answers ------------------------------------------------------------------------------------


async def diff(workbench: Workbench, ask: Ask) -> Update:
    """A word diff of a column's answer against another column, or its own previous answer."""
    run = await workbench.run(ask.run_id())
    cell = find_cell(run, ask.integer("column"))
    rivals = await _rivals(workbench, run, cell, ask.previous)
    if not rivals:
        raise NotFoundError(
            "There is no other answer to compare with.", "Run a second column, or this one again."
        )
    chosen = ask.text("value")
    chosen = chosen if chosen in rivals else next(iter(rivals))
    label, before = rivals[chosen]
    after = cell.completion.text if cell.completion else ""
    parts = await asyncio.to_thread(diff_words, before, after)
    choice = Markup(
        '<p>Column {} against <select class="field" style="width:auto" aria-label="Compare with" data-act="diff" data-column="{}">{}</select></p>'
    ).format(
        cell.column + 1, cell.column, options([(key, name) for key, (name, _) in rivals.items()], chosen)
    )
    sentence = (
        "The two answers are equal." if before == after else f"Column {cell.column + 1} {describe(parts)}."
    )
    body = join(
        (
            choice,
            Markup("<h3>{}</h3>").format(sentence),
            Markup('<div class="words">{}</div>').format(pieces(parts)),
        )
    )
    legend = Markup(
        '<span class="add">added</span><span class="del">removed</span><span class="hint">compared word by word, against {}</span>'
    ).format(label)
    return {"drawer": {"title": "Difference", "body": body, "foot": legend}}


async def _rivals(
    workbench: Workbench, run: StoredRun, cell: StoredCell, previous: str | None
) -> dict[str, tuple[str, str]]:
    """Answers to compare with: key → label and text; the column's own last answer comes after the others."""
    rivals = {
        str(other.column): (f"column {other.column + 1}", other.completion.text)
        for other in run.cells
        if other.column != cell.column and other.completion
    }
    earlier = [c for c in run.earlier if c.column == cell.column and c.completion]
    if earlier and earlier[-1].completion:
        rivals["previous"] = ("its answer before Run again", earlier[-1].completion.text)
    elif previous and previous != run.id:
        try:
            last = find_cell(await workbench.run(previous), cell.column)
        except NotFoundError:
            return rivals
        if last.completion:
            rivals["previous"] = ("its answer in the last run", last.completion.text)
    return rivals


# --- saving and versions --------------------------------------------------------------------------------


async def save_form(workbench: Workbench, ask: Ask) -> Update:
    """The drawer that asks for a name and a message."""
    form = ask.compare_form()
    return {"drawer": _save_drawer(form.prompt.name, form.prompt_id, form.version, None)}


async def save_winner(workbench: Workbench, ask: Ask) -> Update:
    """The same drawer for the prompt and sampling of one column of the run."""
    run = await workbench.run(ask.run_id())
    cell = find_cell(run, ask.integer("column"))
    form = ask.compare_form()
    return {"drawer": _save_drawer(form.prompt.name or run.title, form.prompt_id, form.version, cell.column)}


def _save_drawer(name: str, prompt_id: str | None, version: int | None, column: int | None) -> dict[str, Any]:
    which = (
        f"the prompt and sampling of column {column + 1}"
        if column is not None
        else "the prompt with its variables and checks"
    )
    again = Markup(
        '<label for="save-new" class="soft">As</label><select id="save-new" name="as" class="field">{}</select>'
    ).format(
        options(
            [("version", f"version {(version or 0) + 1} of this prompt"), ("new", "a new prompt")], "version"
        )
    )
    body = Markup(
        '<div class="form" data-form><label for="save-name" class="soft">Name</label>'
        '<input id="save-name" name="name" class="field" maxlength="200" value="{}" {}>'
        '{}<label for="save-message" class="soft">What changed</label>'
        '<input id="save-message" name="message" class="field" placeholder="Shorter system turn" {}>'
        '<span></span><span>{}</span></div><p class="hint">Saves {}. A version never changes afterwards.</p>'
    ).format(
        name,
        Markup("autofocus") if not name else "",
        again if prompt_id else "",
        Markup("autofocus") if name else "",
        button("Save version", "save", symbol="save", kind="primary", column=column),
        which,
    )
    return {"title": "Save a version", "body": body, "narrow": True}


async def save(workbench: Workbench, ask: Ask) -> Update:
    """Save what is on screen, or a column's prompt with its sampling, as an immutable version."""
    form = ask.compare_form()
    name = ask.text("name").strip()
    column = ask.text("column")
    prompt = form.prompt
    sampling = form.columns[0].sampling if len({c.sampling for c in form.columns}) == 1 else prompt.sampling
    if column.isdecimal():
        cell = find_cell(await workbench.run(ask.run_id()), ask.integer("column"))
        prompt, sampling = cell.prompt, cell.sampling
    version = await workbench.save_prompt(
        prompt.model_copy(update={"name": name, "sampling": sampling}),
        message=ask.text("message").strip(),
        prompt_id=form.prompt_id if ask.text("as", "version") == "version" else None,
        forked_from=form.origin,
    )
    update: Update = {"drawer": None, "toast": f"Saved as version {version.number}"}
    if column.isdecimal():  # the winner becomes the shared prompt, so that the next change starts from it
        shared = form.model_copy(
            update={
                "prompt": version.prompt,
                "columns": tuple(c.model_copy(update={"own": False}) for c in form.columns),
            }
        )
        update["form"] = shared.model_dump(mode="json")
    update |= {
        "saved": {"prompt_id": version.prompt_id, "version": version.number, "origin": ""},
        # What was saved is what the next run is made with, to the last field: so that run knows its version.
        "saved_prompt": {
            "name": version.name,
            "sampling": sampling.model_dump(mode="json") if sampling else None,
        },
    }
    return update


async def versions(workbench: Workbench, ask: Ask) -> Update:
    """The versions of a prompt, and the difference between two of them."""
    prompt_id = ask.text("prompt")
    rows = await asyncio.to_thread(workbench.store.versions, prompt_id)
    newest = max(row.number for row in rows)
    to = ask.integer("to", newest)
    since = ask.integer("from", max(1, to - 1))
    before = await asyncio.to_thread(workbench.store.version, prompt_id, since)
    after = await asyncio.to_thread(workbench.store.version, prompt_id, to)
    table = join(
        Markup(
            "<tr><td class='num'>{}</td><td>{}</td><td class='hint'>{}</td><td style='text-align:right'>{} {} {}</td></tr>"
        ).format(
            row.number,
            row.message or Markup('<span class="hint">no message</span>'),
            stamp(row.created_at),
            button("Open", "open_version", kind="small", prompt=prompt_id, number=row.number),
            button(
                "Compare",
                "versions",
                kind="small",
                prompt=prompt_id,
                to=newest if row.number != newest else to,
                from_=row.number,
            ),
            button("Restore", "restore", kind="small", prompt=prompt_id, number=row.number)
            if row.number != newest
            else "",
        )
        for row in rows
    )
    head = Markup(
        '<div class="scroll-x"><table class="table"><tr><th class="num" style="width:48px">No.</th><th>What changed</th><th style="width:140px">Saved</th><th style="width:250px"></th></tr>{}</table></div>'
    ).format(table)
    return {
        "drawer": {"title": f"Versions of {after.name}", "body": join((head, version_diff(before, after)))}
    }


def version_diff(before: SavedVersion, after: SavedVersion) -> Markup:
    """Two versions turn by turn, then the fields that differ; a sentence on top counts the changes."""
    turns = diff_turns(before.prompt.turns, after.prompt.turns)
    fields = diff_fields(before.prompt, after.prompt)
    if before.number == after.number:
        return Markup('<p class="hint">One version. The next one shows here what it changed.</p>')
    all_pieces = [piece for turn in turns for piece in turn.pieces]
    sentence = (
        f"Version {after.number} against {before.number}: {describe(all_pieces)}{_fields(len(fields))}."
    )
    shown = join(
        Markup(
            '<div class="turn-view"><span><b>{}</b><br><span class="hint">{}</span></span><div class="two"><div class="words">{}</div><div class="words">{}</div></div></div>'
        ).format(
            _role(turn),
            turn.kind,
            pieces(turn.pieces, side="before"),
            pieces(turn.pieces, side="after"),
        )
        for turn in turns
        if turn.kind != "same"
    )
    equal = sum(1 for turn in turns if turn.kind == "same")
    shown += (
        Markup('<p class="hint" style="padding-top:8px">{} as before.</p>').format(plural(equal, "turn"))
        if equal
        else ""
    )
    rows = join(
        Markup(
            '<tr><td>{}</td><td><span class="del">{}</span></td><td><span class="add">{}</span></td></tr>'
        ).format(f.field, f.before, f.after)
        for f in fields
    )
    table = (
        Markup(
            '<h3>Settings, inputs and checks</h3><table class="table"><tr><th>Field</th><th>Version {}</th><th>Version {}</th></tr>{}</table>'
        ).format(before.number, after.number, rows)
        if fields
        else ""
    )
    return Markup('<h3>{}</h3><div class="preview" style="padding:0">{}</div>{}').format(
        sentence, shown, table
    )


def _fields(number: int) -> str:
    return "" if not number else f"; {plural(number, 'field')} {'differs' if number == 1 else 'differ'}"


def _role(turn: TurnDiff) -> str:
    side = turn.after or turn.before
    return side.role.capitalize() if side else ""


def stamp(when: Any) -> Markup:
    """A time as the page's script will word it in the reader's own zone; UTC until then."""
    return Markup('<time datetime="{}">{}</time>').format(when.isoformat(), when.strftime("%Y-%m-%d %H:%M"))


async def open_version(workbench: Workbench, ask: Ask) -> Update:
    """A saved version on the Compare tab."""
    return await compare.open_version(workbench, ask.text("prompt"), ask.integer("number", 0) or None, ask)


async def restore(workbench: Workbench, ask: Ask) -> Update:
    """An old version saved again as the newest."""
    version = await asyncio.to_thread(workbench.store.restore, ask.text("prompt"), ask.integer("number"))
    update = await compare.open_version(workbench, version.prompt_id, version.number, ask)
    return {**update, "toast": f"Restored as version {version.number}"}


# --- export ---------------------------------------------------------------------------------------------


async def export(workbench: Workbench, ask: Ask) -> Update:
    """A column's prompt as a file: the format, a preview, what the format cannot hold, and the download."""
    run_id, column = ask.run_id(), ask.integer("column")
    chosen = ask.text("value") or ask.text("format") or "prompty"
    run = await workbench.run(run_id)
    rows = Markup(
        '<label class="soft" for="export-format">Format</label><select id="export-format" class="field" style="width:auto" autofocus data-act="export" data-column="{}">{}</select>'
    ).format(column, options([(name, row.label) for name, row in FORMATS.items()], chosen))
    columns = segments_of_columns(run, column, chosen)
    head = Markup(
        '<div style="display:flex;gap:12px;align-items:center;flex-wrap:wrap">{}<span class="grow"></span>{}</div>'
    ).format(rows, columns)
    try:
        file = await workbench.export_cell(run_id, column, chosen)
    except PlaygroundError as exc:
        alert = Markup('<div class="alert">{}<div><b>{}</b>{}</div></div>').format(
            icon("warn"), exc.message, exc.hint
        )
        return {"drawer": {"title": "Export", "body": join((head, alert))}}
    foot = Markup(
        '<a class="btn primary" download="{}" href="files/run/{}/{}/{}">{}Download {}</a>{}'
    ).format(
        file.name,
        run_id,
        column,
        chosen,
        icon("download"),
        file.name,
        button("Copy", "copy_text", symbol="copy", kind="quiet", from_="#export-text"),
    )
    if await workbench.managers():
        foot += button("Create an Ollama model", "create_model", column=column)
    return {"drawer": {"title": "Export", "body": join((head, export_body(file))), "foot": foot}}


def export_body(file: ExportFile) -> Markup:
    """What a format cannot hold, and the file itself."""
    losses = join(Markup("<li>{}</li>").format(loss) for loss in file.losses)
    report = Markup(
        '<div class="alert warn">{}<div><b>Not in this file</b><ul style="margin:0">{}</ul></div></div>'
    ).format(icon("ignored"), losses)
    return join(
        (
            report if file.losses else "",
            Markup('<pre class="file" id="export-text" tabindex="0">{}</pre>').format(file.text),
        )
    )


def segments_of_columns(run: StoredRun, column: int, chosen: str) -> Markup:
    """Which column is exported."""
    buttons = join(
        Markup(
            '<button data-act="export" data-column="{}" data-format="{}" aria-pressed="{}">Column {}</button>'
        ).format(cell.column, chosen, str(cell.column == column).lower(), cell.column + 1)
        for cell in run.cells
    )
    return Markup('<span class="seg">{}</span>').format(buttons)


ACTIONS: dict[str, Action] = {
    "markdown": markdown,
    "probabilities": probabilities,
    "saw": saw,
    "diff": diff,
    "save_form": save_form,
    "save_winner": save_winner,
    "save": save,
    "versions": versions,
    "open_version": open_version,
    "restore": restore,
    "export": export,
}
