"""What a file for another tool cannot hold, led by one sentence.

    told(("checks: this format has no such field",))  →  "Checks are not in this file."

Losses come as lines "field: reason" (formats/base.py). What a person would miss stands in the sentence, the rest is
folded: what the catalogue says of a pattern is one line, and so is what is said about the variables.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from playground.types.prompt import TEXT_FIELDS, Sampling
from playground.ui.html import icon, join, plural

MISSED = {
    "checks": "checks",
    "cases": "cases",
    "output_schema": "the schema",
    "run_with": "the technique",
    "answer": "the answer",
    "scores": "scores",
    "images": "images",
    "model": "the model",
}
"""What the sentence names, in its order."""
_REASON = "this format has no such field"
_CATALOGUE = {name: name.replace("_", " ") for name in TEXT_FIELDS} | {
    "name_zh": "Chinese name",
    "description_zh": "Chinese description",
    "use_when": "when to use it",
    "avoid_when": "when not to",
    "tried_on": "what it was tried on",
}


def told(losses: Sequence[str]) -> Markup:
    """The sentence, and the folded list when there is more to say; nothing without losses."""
    if not losses:
        return Markup("")
    sentence, lines = sorted_out(losses)
    listed = join(Markup("<li>{}</li>").format(line) for line in lines)
    folded = Markup("<details><summary>Not in this file: {}</summary><ul>{}</ul></details>").format(
        plural(len(lines), "line"), listed
    )
    return Markup('<div class="alert warn losses">{}<div><b>{}</b>{}</div></div>').format(
        icon("ignored"), sentence, folded if lines else ""
    )


def sorted_out(losses: Sequence[str]) -> tuple[str, list[str]]:
    """The sentence, and what it does not say already, a line each."""
    missing, notes = list[str](), list[str]()
    for loss in dict.fromkeys(losses):
        field, _, reason = loss.partition(": ")
        if field == "run_with":  # what becomes of the prompt without it is worth a line too
            missing.append(field)
            notes.append(f"the technique: {reason}")
            continue
        (missing if reason == _REASON else notes).append(field if reason == _REASON else loss)
    named = [words for field, words in MISSED.items() if field in missing]
    settings = [field.replace("_", " ") for field in missing if field in Sampling.model_fields]
    catalogue = [_CATALOGUE[field] for field in missing if field in _CATALOGUE]
    inputs = list(dict.fromkeys(field.split(".")[1] for field in missing if field.startswith("inputs.")))
    known = {*MISSED, *Sampling.model_fields, *_CATALOGUE}
    other = [field for field in missing if field not in known and not field.startswith("inputs.")]
    named += ["sampling values"] if settings else []
    lines = [
        f"{title}: {', '.join(words)}"
        for title, words in (
            ("Sampling values", settings),
            ("What is said of the prompt", catalogue),
            ("What is said of the variables", inputs),
            ("Further fields", other),
        )
        if words
    ]
    lines += [note[:1].upper() + note[1:] for note in notes]
    if named:
        return f"{_listed(named)} {_are(named)} not in this file.", lines
    if len(lines) == 1:
        line = lines.pop()
        title, _, words = line.partition(": ")
        return (f"{line}." if notes else f"{title} is not in this file: {words}."), []
    return f"{plural(len(lines), 'thing')} that this format cannot hold.", lines


def _listed(words: Sequence[str]) -> str:
    text = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return text[:1].upper() + text[1:]


def _are(words: Sequence[str]) -> str:
    return "is" if len(words) == 1 and words[0].startswith("the ") else "are"
