"""What a column's header says in a word: cut, different, ignored, mode, fact; each opens its explanation."""

from __future__ import annotations

from markupsafe import Markup

from playground.backends.answers import HALF
from playground.backends.tokens import UNFIT
from playground.store.records import StoredCell, StoredRun
from playground.types.generation import OLD_EXACT, Completion, mode_words
from playground.ui.html import (
    attributes,
    count,
    icon,
    join,
)

REMARKS = {
    HALF: "The server sent half of a character (one of a surrogate pair), which no text can hold.",
    UNFIT: "The tokens that the server told, joined, are not the text of the answer.",
}
"""What is said of an answer among the settings that were not honoured."""


def badge(
    kind: str, text: str, explanation: str, column: int | None = None, more: int | None = None
) -> Markup:
    """A small fact in a column's head; it opens its explanation, and offers so many `more` max tokens for the column."""
    symbol = {
        "ignored": "ignored",
        "different": "different",
        "cut": "cut",
        "mode": "check",
        "none": "warn",
    }.get(kind, "")
    offer = attributes({"column": column, "more": more}) if more else ""
    return Markup(
        '<button class="badge {}" data-act="explain" title="{}" data-text="{}"{}>{}{}</button>'
    ).format(kind, explanation, explanation, offer, icon(symbol) if symbol else "", text)


ENOUGH = 512
"""Max tokens that most answers end within."""


def _more_tokens(cell: StoredCell) -> int | None:
    """The max tokens to try next: enough for most, else four times as many, as far as the model's window has room."""
    done, limit = cell.completion, cell.sampling.max_tokens
    wanted = max(ENOUGH, 4 * limit)
    if done and done.context_tokens and done.prompt_tokens is not None:
        wanted = min(wanted, done.context_tokens - done.prompt_tokens)
    return wanted if wanted > limit else None


def badges(cell: StoredCell, run: StoredRun) -> Markup:
    """What was cut, different or ignored, then the mode and the context used: in this order."""
    done = cell.completion
    if done is None:
        return Markup("")
    shown: list[Markup] = []
    if done.finish == "length":
        limit = cell.sampling.max_tokens
        at_limit = done.completion_tokens is None or done.completion_tokens >= limit
        why = f"max tokens is {limit:,}" if at_limit else "the context window is full"
        text = f"cut at {count(done.completion_tokens)} tokens"
        words = f"The answer was cut because {why}. The model had not ended it."
        more = _more_tokens(cell) if at_limit else None
        shown.append(badge("cut", text, words, column=cell.column, more=more))
    if cell.status == "done" and not done.text.strip():
        shown.append(badge("none", *_nothing(done)))
    shown += different(cell, run)
    for setting in done.ignored:
        shown.append(_said(setting))
    if run.spec.same_text:
        why = f"Every column was sent the text that {run.spec.same_text} makes of the prompt, unchanged."
        shown.append(badge("mode", "same text", why))
    mode = mode_words(done.mode, done.backend_version, done.prompt_tokens)
    if mode in OLD_EXACT:
        shown.append(badge("fact", mode, _OLD.format(OLD_EXACT[mode])))
    if done.context_tokens and done.prompt_tokens is not None:
        used = done.prompt_tokens + (done.completion_tokens or 0)
        text = f"context {used:,} of {done.context_tokens:,}"
        explanation = (
            f"Prompt and answer fill {used:,} of the {done.context_tokens:,} tokens this model can hold here."
        )
        shown.append(badge("fact", text, explanation))
    return join(shown)


_OLD = (
    "An older version computed this answer in other groups of rows. Run again answers in another mode: after a prompt "
    "of {} tokens and more the last bits may differ, and with them a greedy answer."
)


def _nothing(done: Completion) -> tuple[str, str]:
    """Why there is no answer although it ended: what the badge says, and its explanation."""
    if not done.reasoning.strip():
        return "empty answer", "The model ended its answer without a word."
    return (
        "no answer, only thoughts",
        "The model never closed its thoughts: all that it wrote is above, and checks see an empty answer. "
        "More max tokens, or thinking switched off, may give one.",
    )


FACTS = {
    "window unknown": "This server does not tell how many tokens its model can hold. A prompt that is too long may be cut without a word.",
    "answered as ": "The server names another model in its answer than this column asked for.",
    "not in the server's list": "The server does not list this model. Another one may have answered.",
    "answers take turns": "A trial found that company could change the last bits of this model's answers here, so each is "
    "computed alone. They are exact, and slower side by side.",
    "queue full": "The server was busy at first. The times count from the last try.",
}
"""What a backend says of an answer that is no setting it left out, by how it begins."""


def _said(note: str) -> Markup:
    """A setting that was not honoured, or a fact about the answer."""
    if note in REMARKS:
        return badge("ignored", note, REMARKS[note])
    for beginning, explanation in FACTS.items():
        if note.startswith(beginning):
            return badge("different", note, explanation)
    return badge("ignored", f"ignored: {note}", f"This backend does not honour {note}.")


def different(cell: StoredCell, run: StoredRun) -> list[Markup]:
    """A badge when the first column of the same prompt was sent another text than this one."""
    mine = cell.completion.rendered_prompt if cell.completion else None
    for other in run.cells:
        theirs = other.completion.rendered_prompt if other.completion else None
        if other.column >= cell.column:
            break
        if other.content_hash != cell.content_hash or mine is None or theirs is None or mine == theirs:
            continue
        assert cell.completion and other.completion
        extra = (cell.completion.prompt_tokens or 0) - (other.completion.prompt_tokens or 0)
        text = f"different text sent: {'+' if extra >= 0 else '−'}{abs(extra):,} tokens"
        why = f"Column {other.column + 1} has the same prompt, but its model received another text. What it saw shows both."
        return [badge("different", text, why)]
    return []
