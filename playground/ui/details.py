"""A close look at answers, in the drawer and the column: what the model saw, differences, Markdown, probabilities."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from math import exp

from markdown_it import MarkdownIt
from markupsafe import Markup

from playground.diff import describe, diff_words
from playground.engine.answer import byte_name
from playground.errors import PlaygroundError
from playground.store.records import StoredCell, StoredRun
from playground.types.generation import RenderedChat, TokenLogprob, mode_words
from playground.ui.actions import Action, Ask
from playground.ui.html import (
    button,
    count,
    icon,
    join,
    options,
    plural,
    segments,
)
from playground.ui.update import Update
from playground.workbench.runs import find_cell
from playground.workbench.service import Workbench

_CONTROL = re.compile(r"(<\|[^|>\n]{1,40}\|>|</?[a-z_]{1,20}>|\[/?[A-Z]{1,10}\])")
# Raw HTML off, images off: an answer must not make the browser call out.
_MARKDOWN = MarkdownIt("js-default").disable("image")


def safe_markdown(text: str) -> Markup:
    """Markdown as HTML that is safe to show: HTML in the text stays text, images and odd links are not made."""
    return Markup(_MARKDOWN.render(text))


async def markdown(workbench: Workbench, ask: Ask) -> Update:
    """An answer as Markdown, sanitised: its own HTML stays text."""
    html = await asyncio.to_thread(safe_markdown, ask.text("text"))
    return {"view": {"column": ask.integer("column"), "html": html, "kind": "md"}}


async def probabilities(workbench: Workbench, ask: Ask) -> Update:
    """The answer's tokens, coloured by how sure the model was; alternatives of the chosen one, and the table below."""
    cell = find_cell(await workbench.runs.get(ask.run_id()), ask.integer("column"), ask.repeat())
    tokens = cell.completion.logprobs if cell.completion else ()
    html = await asyncio.to_thread(heat, tokens)
    return {"view": {"column": cell.column, "html": html, "kind": "heat"}}


def heat(tokens: Sequence[TokenLogprob]) -> Markup:
    """Tokens over three steps of colour; below 10 % underlined too, so that colour is not the only sign."""
    spans = join(
        Markup(
            '<span class="h{}{}" role="button" tabindex="{}" aria-label="{}, {}" data-others="{}">{}</span>'
        ).format(
            0 if exp(t.logprob) >= 0.9 else 1 if exp(t.logprob) >= 0.5 else 2,
            " low" if exp(t.logprob) < 0.1 else "",
            -1 if number else 0,
            shown(t),
            percent(t.logprob),
            alternatives(t),
            t.token,
        )
        # The first bytes of a character stand in the table; its last token shows it.
        for number, t in enumerate(t for t in tokens if t.token)
    )
    rows = join(
        Markup('<tr><td class="mono">{}</td><td class="num">{}</td><td class="mono">{}</td></tr>').format(
            shown(t), percent(t.logprob), alternatives(t)
        )
        for t in tokens[:400]
    )
    legend = Markup(
        '<p class="hint"><span class="h0">90 % and more</span> <span class="h1">50 to 90 %</span> '
        '<span class="h2">below 50 %</span> <span class="h2 low">below 10 %</span></p>'
    )
    return Markup(
        '<pre role="group" aria-label="Tokens, left and right arrows move">{}</pre>'
        '<p class="hint others" aria-live="polite">Press a token, or move with the arrow keys: its alternatives stand here.</p>'
        '{}<details><summary>As a table</summary><table class="table"><tr><th style="width:30%">Token</th>'
        '<th class="num" style="width:80px">Probability</th><th>Alternatives</th></tr>{}</table></details>'
    ).format(spans, legend, rows)


def shown(token: TokenLogprob) -> str:
    """A token for the table; the first bytes of a character as bytes."""
    if token.token:
        return repr(token.token)[1:-1]
    return byte_name(bytes.fromhex(token.raw)) or "(a part of the next character)"


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
    run = await workbench.runs.get(ask.run_id())
    cell = find_cell(run, ask.integer("column"), ask.repeat())
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
        return await workbench.runs.rendered(cell)
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
    return Markup('<div class="lines" translate="no" tabindex="0">{}</div>').format(rows)


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
        if key == "model_digest":
            values = [f"{v[:10]}…{v[-6:]}" if len(v) >= 40 else v for v in values]
        elif key == "mode":
            values = [
                mode_words(c.mode, c.backend_version, c.prompt_tokens) or "–" if c else "–"
                for c in (cell.completion for cell in cells)
            ]
        rows.append((label, values))
    rows.append(("Prompt version", [f"{cell.content_hash[:10]}" for cell in cells]))
    heads = join(Markup("<th>Column {}</th>").format(cell.column + 1) for cell in cells)
    last = Markup("<th></th>") if len(cells) == 2 else ""
    head = Markup("<tr><th>Setting</th>{}{}</tr>").format(heads, last)
    equal = [row for row in rows if len(cells) == 2 and row[1][0] == row[1][1]]
    return Markup(
        '<div class="scroll-x" tabindex="0" role="group" aria-label="Settings as sent"><h3>Settings as sent</h3>{}{}</div>'
    ).format(
        _rows(head, [row for row in rows if row not in equal])
        if len(equal) < len(rows)
        else Markup('<p class="hint">Both columns were sent the same settings.</p>'),
        Markup("<details><summary>{}</summary>{}</details>").format(
            f"{plural(len(equal), 'setting')} {'is' if len(equal) == 1 else 'are'} the same",
            _rows(head, equal),
        )
        if equal
        else "",
    )


def _rows(head: Markup, rows: Sequence[tuple[str, Sequence[str]]]) -> Markup:
    body = join(
        Markup("<tr><td>{}</td>{}{}</tr>").format(
            label,
            join(Markup('<td class="mono">{}</td>').format(v) for v in values),
            _equal(values) if len(values) == 2 else "",
        )
        for label, values in rows
    )
    return Markup('<table class="table">{}{}</table>').format(head, body)


def _equal(values: Sequence[str]) -> Markup:
    if values[0] == values[1]:
        return Markup('<td class="hint">{} same</td>').format(icon("check"))
    return Markup('<td class="warn">{} differs</td>').format(icon("different"))


ACTIONS: dict[str, Action] = {
    "markdown": markdown,
    "probabilities": probabilities,
    "saw": saw,
}
