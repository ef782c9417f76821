"""The trace of a technique in its column: every step as a row, which opens in the drawer, then what was found.

Answer 8 · votes 3 of 5
sample 1   …so there are 8.    8   ✓ answer    612
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from playground.answers.amounts import amount
from playground.errors import NotFoundError
from playground.store.records import StoredCell, StoredRun
from playground.types.generation import Message
from playground.types.grid import CellKey
from playground.types.trace import Answer, Step
from playground.ui.actions import Action, Ask
from playground.ui.html import count, icon, join, seconds
from playground.ui.update import Update
from playground.workbench.runs import find_cell
from playground.workbench.service import Workbench

STATES = {
    "answer": ("check", "answer"),
    "kept": ("check", "kept"),
    "pruned": ("cut", "pruned"),
    "given up": ("cut", "given up"),
    "failed": ("cross", "failed"),
    "runs": ("dot", "runs"),
}
"""How a state looks; any other is a word alone."""
DEEPEST = 6
"""Rows are set in so often at the most: a column is narrow."""


def trace(steps: Sequence[Step], key: CellKey, answer: Answer | None = None) -> Markup:
    """The rows of a trace; with an answer, what was found after them. Nothing for no steps."""
    if not steps and not (answer and answer.is_traced):
        return Markup("")
    depth: dict[int, int] = {}
    children: dict[int | None, list[Step]] = {}
    known = {step.number for step in steps}
    for step in steps:
        children.setdefault(step.parent if step.parent in known else None, []).append(step)
    lines = join(_row(step, min(level, DEEPEST), key) for step, level in _ordered(children, None, 0, depth))
    found = _found(answer, key) if answer is not None else Markup("")
    valued = " valued" if any(step.value is not None for step in steps) else ""
    stated = " stated" if any(step.state for step in steps) else ""
    rows = Markup('<div class="steps{}{}" role="group" aria-label="Steps">{}</div>').format(
        valued, stated, lines
    )
    return join((rows, found))


def _ordered(
    children: Mapping[int | None, list[Step]], parent: int | None, level: int, seen: dict[int, int]
) -> Iterable[tuple[Step, int]]:
    """Every step after the one that it is under, with how deep it stands."""
    for step in children.get(parent, ()):
        if step.number not in seen:
            seen[step.number] = level
            yield step, level
            yield from _ordered(children, step.number, level + 1, seen)


def _found(answer: Answer, key: CellKey) -> Markup:
    facts = [f"{name.replace('_', ' ')} {said}" for name, said in answer.facts]
    if answer.ended == "length":
        facts.append("its last call was cut" if answer.is_cut else "ended at a bound")
    said = (
        Markup('<b class="mono">{}</b>').format(answer.extracted)
        if answer.extracted is not None
        else Markup("")
    )
    lead = Markup('<span class="hint">Extracted answer</span> {}').format(said) if said else Markup("")
    rest = Markup('<span class="hint">{}</span>').format(", ".join(facts)) if facts else Markup("")
    took = Markup(
        '<button class="link" data-act="trace_price" data-column="{}" data-repeat="{}" title="Its price beside the other columns, and when its calls ran">What it took</button>'
    ).format(key.variant, key.repeat)
    return Markup('<div class="found">{} {} {}</div>').format(lead, rest, took)


def _row(step: Step, level: int, key: CellKey) -> Markup:
    symbol, word = STATES.get(step.state, ("", step.state))
    state = Markup('<span class="st {}">{}{}</span>').format(
        step.state.replace(" ", "-"), icon(symbol) if symbol else "", word
    )
    value = Markup('<span class="val none"></span><span class="num worth"></span>')
    if step.value is not None:
        value = Markup(
            '<span class="val num"><i style="width:{}%"></i></span><span class="num worth">{:.2f}</span>'
        ).format(round(100 * min(max(step.value, 0.0), 1.0)), step.value)
    writes = step.kind == "call" and step.completion is None
    text = " ".join(step.text.split())[:300]
    said = Markup('<span class="hint">writing</span>') if writes else text
    extracted = (
        Markup('<span class="ext mono">{}</span>').format(step.extracted) if step.extracted else Markup("")
    )
    tokens = count(step.tokens) if step.completion else ""
    off = " off" if step.state in ("pruned", "given up") else ""
    return Markup(
        '<button class="step {}{}" style="--level:{}" data-act="step" data-column="{}" '
        'data-repeat="{}" data-number="{}" title="{}"><b>{}</b><span class="one mono">{}</span>'
        '{}{}{}<span class="num tok" title="tokens">{}</span></button>'
    ).format(
        step.kind,
        off,
        level,
        key.variant,
        key.repeat,
        step.number,
        f"{step.label or 'call'}: show exactly what was sent and what came back",
        step.label or "call",
        said,
        extracted,
        value,
        state,
        tokens,
    )


def price(cell: StoredCell, run: StoredRun) -> str:
    """How many times the tokens of one plain call, from a column of the same model and prompt without a technique."""
    mine = cell.answer.tokens
    for other in run.cells:
        same = other.model == cell.model and other.content_hash == cell.content_hash
        if not same or other.answer.is_traced or other.status != "done":
            continue
        if mine and (theirs := other.answer.tokens):
            return f"×{mine / theirs:.1f}"
    return "–"


def readings(cell: StoredCell, run: StoredRun) -> Markup:
    """What a technique took, in the five places of a foot."""
    answer = cell.answer
    places = (
        ("calls", f"{answer.calls:,}", "Calls of the model"),
        (
            "tokens",
            count(answer.tokens),
            f"{count(answer.prompt_tokens)} in, {count(answer.completion_tokens)} out",
        ),
        (
            "seconds",
            seconds(answer.wall_s),
            f"{seconds(answer.total_s)} of work, some of it at the same time",
        ),
        (
            "price",
            price(cell, run),
            "Times the tokens of one plain call. It is known when a column beside this one runs the same prompt on the "
            "same model without a technique.",
        ),
        ("steps", f"{len(answer.steps):,}", "Calls, tools and notes"),
    )
    cells = join(
        Markup('<div title="{}"><dt>{}</dt><dd>{}</dd></div>').format(why, label, value)
        for label, value, why in places
    )
    return Markup('<dl class="readings">{}</dl>').format(cells)


# --- one step, in the drawer ------------------------------------------------------------------------------


async def step(workbench: Workbench, ask: Ask) -> Update:
    """What one step was sent, exactly, and what came back; of a run that goes on as it stands."""
    number = ask.integer("number")
    found, of = await _find(workbench, ask, number), ask.integer("column")
    if found is None:
        raise NotFoundError("This trace has no such step.", "Open the run from History again.")
    title = f"{(found.label or 'Call').capitalize()}, column {of + 1}"
    return {"drawer": {"title": title, "body": opened(found)}}


async def _find(workbench: Workbench, ask: Ask, number: int) -> Step | None:
    run_id, column, repeat = ask.run_id(), ask.integer("column"), ask.integer("repeat", 0)
    live = workbench.runs.live.get(run_id)
    running = live.cells.get(CellKey(0, column, repeat)) if live else None
    if running is not None and running.end is None:
        return running.steps.get(number)
    cell = (
        running.end.cell
        if running and running.end
        else find_cell(await workbench.runs.get(run_id), column, repeat)
    )
    return next((each for each in cell.answer.steps if each.number == number), None)


def opened(step: Step) -> Markup:
    """A step with its messages, its answer and its measurements."""
    parts = [_message(message, step) for message in step.messages]
    if step.completion is not None and step.completion.reasoning.strip():
        parts.append(_part("Thoughts", step.completion.reasoning))
    if step.kind == "call":
        parts.append(
            _part("Answer", step.text, "came") if step.completion else _part("Answer", "still writing")
        )
    elif step.output:
        parts.append(_part("Result" if step.kind == "tool" else "Note", step.output, "came"))
    if step.extracted:
        parts.append(_part("Extracted", step.extracted))
    facts = []
    if step.value is not None:
        facts.append(f"value {step.value:.2f}")
    if step.state:
        facts.append(step.state)
    if (done := step.completion) is not None:
        facts.append(f"{count(done.prompt_tokens)} tokens in, {count(done.completion_tokens)} out")
        if done.cached_tokens:
            facts.append(f"{count(done.cached_tokens)} of them read before")
        facts.append(f"first token {seconds(done.first_token_s)}")
        facts.append(f"{seconds(done.total_s)}")
        facts += [f"ignored: {what}" for what in done.ignored]
    if step.model:
        facts.append(step.model)
    line = Markup('<p class="hint">{}</p>').format(", ".join(facts)) if facts else Markup("")
    return Markup('<div class="exchange">{}{}</div>').format(join(parts), line)


def _message(message: Message, step: Step) -> Markup:
    role = "Input" if step.kind == "tool" else message.role.capitalize()
    return _part(role, message.content)


def _part(label: str, text: str, kind: str = "") -> Markup:
    words = amount(text)
    return Markup('<section class="part {}"><h3 title="{}">{}</h3><pre>{}</pre></section>').format(
        kind, words, label, text
    )


ACTIONS: dict[str, Action] = {"step": step}
