r"""Advice on a prompt that would run as it is: quiet findings, each with its place, what to do, and why.

    lint(Prompt(turns=(Turn("user", "Classify: {{ text }}"),)), {"text": "Nice."})
    → (Finding("missing_output_format", "hint", turn=0, …),)

Mistakes of the template itself are `templates.check`'s; nothing of it is repeated here. A rule that is not sure keeps
quiet, so words are judged in English and Chinese only. Sources: prompts/notes (elements, tips, demonstrations).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Literal

from playground.lint import secret_keys
from playground.lint.demonstrations import rows_of, shown_labels, value_of
from playground.scorers.options import placeholders
from playground.templating.rendering import check, oversized, partial_names, variables
from playground.types.prompt import Check, Prompt, Turn

__all__ = ["RULES", "Finding", "lint"]

Severity = Literal["warn", "hint"]

MAX_CHARS = 1_000_000
"""A longer prompt gets no advice."""
MAX_FINDINGS = 20
"""Of one rule."""
LONG_CHARS, LONG_TOKENS = 2000, 500
"""From here on a text is long enough for the words before it to be lost."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of advice. `turn` counts from 0, `line` from 1 within the turn; `name` is the variable it is about."""

    rule: str
    severity: Severity
    turn: int | None
    line: int | None
    message: str
    hint: str
    why: str
    name: str = ""


Rule = Callable[[Prompt, Mapping[str, Any], Sequence[int | None]], Iterator[Finding]]


def lint(prompt: Prompt, values: dict[str, Any], tokens: Sequence[int | None] = ()) -> tuple[Finding, ...]:
    """What could be better, in the order of the rules; `tokens` are those of each rendered turn, where known.

    Never raises for what is typed, and never repeats a secret that it finds.
    """
    if oversized(prompt.turns) or sum(len(turn.template) for turn in prompt.turns) > MAX_CHARS:
        return ()
    return tuple(
        finding for rule in RULES.values() for finding in islice(rule(prompt, values, tokens), MAX_FINDINGS)
    )


# --- variables and roles --------------------------------------------------------------------------------


def unused_variable(prompt: Prompt, values: Mapping[str, Any], _: object) -> Iterator[Finding]:
    """Declared, and neither a turn nor a check mentions it."""
    if _is_open(prompt) or any(problem.line for problem in check(prompt.turns)):
        return  # what cannot be read may use anything
    used = {variable.name for variable in variables(prompt.turns)}
    used |= {name for row in prompt.checks for name in placeholders(row.options)}
    for field in prompt.inputs:
        if field.name not in used:
            yield Finding(
                "unused_variable",
                "warn",
                None,
                None,
                f'"{field.name}" is declared and not used.',
                f"Write {{{{ {field.name} }}}} in a turn, or remove it.",
                "Whoever fills it in expects that it changes the answer.",
                field.name,
            )


def role_order(prompt: Prompt, values: Mapping[str, Any], _: object) -> Iterator[Finding]:
    """Orders of roles that a chat template may refuse or that people seldom mean."""
    sent = [
        (number, turn)
        for number, turn in enumerate(prompt.turns)
        # Blank turns of these roles are not sent.
        if turn.role == "user" or turn.template.strip()
    ]
    for place, (number, turn) in enumerate(sent):
        before = sent[place - 1][1] if place else None
        if turn.role == "system" and before is not None:
            yield Finding(
                "role_order",
                "warn",
                number,
                None,
                "A system turn stands after another turn.",
                "Put it first, or join it to the first system turn.",
                "Many chat templates take one system turn, at the start; others refuse the prompt or drop it.",
            )
        if turn.role == "assistant" and before and before.role == "assistant" and not _emits_turns(before):
            yield Finding(
                "role_order",
                "warn",
                number,
                None,
                "Two assistant turns stand in a row.",
                "Join them, or put a user turn between them.",
                "Many chat templates want user and assistant to take turns, and refuse anything else.",
            )
    if sent and sent[-1][1].role == "assistant" and not _emits_turns(sent[-1][1]):
        yield Finding(
            "prefill",
            "hint",
            sent[-1][0],
            None,
            "The prompt ends with an assistant turn.",
            "Keep it to put the first words into the model's mouth, else end with a user turn.",
            "Some servers continue such a turn, others begin a new answer after it: compare before you rely on it.",
        )


# --- the form of the answer -----------------------------------------------------------------------------

_JSON = ("json", "json_schema")
_FORMAT = re.compile(
    r"\b(?:answer|reply|respond|output|write|return|say|give|print|use|end|begin|start|state|choose|pick)\b"
    r"[^.?!\n]{0,60}\b(?:only|just|exactly|words?|sentences?|lines?|numbers?|digits?|letters?|labels?|either|one of"
    r"|nothing else|with|as|in|yes|true|\w{1,30} or \w{1,30})\b"
    r"|\b(?:format|json|yaml|csv|xml|table|bullets?|comma.separated|one word|single word|one of|yes or no"
    r"|true or false|labels? (?:is|are)|categor(?:y|ies) (?:is|are))\b|[\"'`“][\w :.,-]{1,60}[\"'`”]"
    r"|\b(?:first|last|one) line\b|\w *: *<|\b(?:answer|label|category|class|sentiment|result|output) *:\s*\Z"
    r"|\b\w{1,30}[\"'”]? or [\"'“]?\w|\b(?:as|into) [^.?!\n]{1,80} and \w|\b\w{1,30}/\w|只|仅|格式|输出|返回|回答[“\"「是否为用]|用一个|之一|还是"
    r"|最后[^。？！\n]{0,12}(?:写|给出|答案|结果)|用[^。？！\n]{0,6}(?:句话|个字|个词|个数)|是或否|开头|结尾|每行",
    re.IGNORECASE,
)
_TASK = re.compile(
    r"\b(?:classify|categori[sz]e|extract|label (?:the|this|each|every)|what is the sentiment of)\b|分类|提取|抽取",
    re.IGNORECASE,
)
# Words that no other language spells like this: a sign that the words above can be expected.
_READABLE = re.compile(r"\b(?:the|what|which|how|this|these|answer|you|each|every)\b|[\u4e00-\u9fff]", re.I)


def missing_output_format(prompt: Prompt, values: Mapping[str, Any], _: object) -> Iterator[Finding]:
    """A program reads the answer, or it is to be a label or a field, and nothing says what it shall look like."""
    text = "\n".join(_literal(turn.template) for turn in prompt.turns)
    task = _TASK.search(text)
    bound = next((row for row in prompt.checks if _is_format_bound(row)), None)
    wants_json = prompt.output_schema is not None or (bound is not None and bound.scorer in _JSON)
    if _is_open(prompt) or not (wants_json or bound or task):
        return
    if not (_READABLE.search(text) or task) or _shows_answers(prompt, values):
        return
    said = re.search(r"json|\{", text, re.I) if wants_json else _FORMAT.search(text)
    if said or (bound and _names_what_is_wanted(bound, text)):
        return
    asking = [n for n, turn in enumerate(prompt.turns) if _TASK.search(_literal(turn.template))]
    asking = asking or [n for n, turn in enumerate(prompt.turns) if turn.role == "user"][-1:]
    what = {"number": "a number", "equals": "one exact text"}.get(
        bound.scorer if bound else "", "a fixed form"
    )
    reason = "The task has fixed answers"
    if wants_json or bound:
        reason = f"A check expects {'JSON' if wants_json else what}"
    yield Finding(
        "missing_output_format",
        "warn" if wants_json or bound else "hint",
        asking[0] if asking else None,
        None,
        f"{reason}, and nothing says how to answer.",
        'Say it to the letter, such as "Answer in JSON with the keys city and year."'
        if wants_json
        else 'Say it to the letter, such as "Answer with one word: positive or negative."',
        "A model that is left free wraps its answer in a sentence, and a program that reads it finds nothing.",
    )


def _is_format_bound(row: Check) -> bool:
    if row.negate:
        return False
    # A pattern for the whole answer is a list of labels or a form; other patterns find something in free text.
    whole = re.fullmatch(r"(?:\(\?i\))?(?:\^|\\A).+(?:\$|\\Z)", str(row.options.get("pattern", "")))
    return row.scorer in ("equals", "number", *_JSON) or (row.scorer == "regex" and whole is not None)


def _names_what_is_wanted(row: Check, text: str) -> bool:
    """Whether the label that the check expects stands in the prompt, as in "sweet or spicy?"."""
    wanted = row.options.get("text")
    return isinstance(wanted, str) and bool(wanted.strip()) and wanted.casefold() in text.casefold()


def _shows_answers(prompt: Prompt, values: Mapping[str, Any]) -> bool:
    """Whether solved cases show the form: earlier assistant turns, or examples in a variable."""
    return any(turn.role == "assistant" and turn.template.strip() for turn in prompt.turns) or any(
        field.kind == "examples" and rows_of(value_of(prompt, values, field.name)) for field in prompt.inputs
    )


# --- demonstrations -------------------------------------------------------------------------------------


def example_labels(prompt: Prompt, values: Mapping[str, Any], _: object) -> Iterator[Finding]:
    """Demonstrations with one label more often than another, or with equal labels side by side."""
    for shown in shown_labels(prompt, values):
        yield from _about_labels(shown.labels, shown.turn, shown.name)


def _about_labels(labels: Sequence[str], turn: int | None, name: str) -> Iterator[Finding]:
    where = f'The examples in "{name}"' if name else "The examples"
    counts = Counter(labels).most_common()
    (most, high), (least, low) = counts[0], counts[-1]
    if len(counts) == 1 or (high > 2 * low and high - low > 1):
        rest = f' and {low} "{least}"' if len(counts) > 1 else ""
        only = "" if rest else " and nothing else"
        yield Finding(
            "example_balance",
            "hint",
            turn,
            None,
            f'{where} show {high} times "{most}"{rest}{only}.',
            "Show each label about equally often.",
            "Doubtful cases drift to the label that was shown most.",
            name,
        )
    runs = [(label, len(list(run))) for label, run in groupby(labels)]
    last, length = runs[-1]
    if 1 < len(counts) == len(runs):
        message = f"{where} are sorted by label."
    elif len(counts) > 1 and length >= 3:
        message = f'{where} end with {length} times "{last}".'
    else:
        return
    yield Finding(
        "example_order",
        "hint",
        turn,
        None,
        message,
        "Let the labels take turns.",
        "A block of equal labels at the end pulls the next answer towards that label.",
        name,
    )


# --- long texts -----------------------------------------------------------------------------------------


def instruction_before_long_text(
    prompt: Prompt, values: Mapping[str, Any], tokens: Sequence[int | None]
) -> Iterator[Finding]:
    """The last user turn ends with a long value, and no word of the task follows it."""
    last = len(prompt.turns) - 1
    if last < 0 or prompt.turns[last].role != "user" or _is_open(prompt):
        return
    source = prompt.turns[last].template
    counted = (tokens[last] if last < len(tokens) else None) or 0
    lengths: dict[str, int] = {}
    begin, end, name = 0, 0, ""
    for match in re.finditer(r"\{\{-?\s*(\w+)\b[^{}]*\}\}", source):
        if match[1] not in lengths:
            lengths[match[1]] = len(_as_text(value_of(prompt, values, match[1])))
        if lengths[match[1]] >= (LONG_CHARS // 4 if counted >= LONG_TOKENS else LONG_CHARS):
            begin, end, name = match.start(), match.end(), match[1]
    if not end:
        return
    said = [_literal(turn.template) for turn in prompt.turns[:last]] + [_literal(source[:begin])]
    if not "".join(said).strip():
        return
    # A closing tag or a line of dashes is no instruction; another variable may be the question.
    rest = source[end:]
    if "{{" in rest or re.search(r"[^\W\d_]{2,}", re.sub(r"</\w+>", "", _literal(rest))):
        return
    yield Finding(
        "instruction_before_long_text",
        "hint",
        last,
        source[:end].count("\n") + 1,
        f'The task stands only before "{name}", which is long.',
        "Say the question or the instruction after it, or in both places.",
        "What is read last is answered best; after a long text the words before it weigh little.",
        name,
    )


# --- secrets --------------------------------------------------------------------------------------------


def secret(prompt: Prompt, values: Mapping[str, Any], _: object) -> Iterator[Finding]:
    """Text that looks like a key, in turns, values, examples and cases; the text itself is never shown."""

    def about(
        kind: str, where: str, turn: int | None = None, line: int | None = None, name: str = ""
    ) -> Finding:
        return Finding(
            "secret",
            "warn",
            turn,
            line,
            f"{where} holds what looks like {kind}.",
            "Take it out, and renew it if it is real.",
            "A prompt is sent to models, kept with every run and shared with others.",
            name,
        )

    for number, turn in enumerate(prompt.turns):
        for kind, line in secret_keys.find(turn.template):
            yield about(kind, f"Line {line}", number, line)
    seen = set()
    for field in prompt.inputs:
        for what, value in (("example", field.example), ("default", field.default)):
            for kind, _line in secret_keys.find(_as_text(value))[:1]:
                seen.add(field.name)
                yield about(kind, f'The {what} of "{field.name}"', name=field.name)
    for number, row in enumerate(prompt.cases, 1):
        for name, value in row.items():
            for kind, _line in secret_keys.find(_as_text(value))[:1]:
                yield about(kind, f'Case {number}, "{name}",', name=name)
    for name, value in values.items():
        for kind, _line in secret_keys.find(_as_text(value))[:1] if name not in seen else ():
            yield about(kind, f'The value of "{name}"', name=name)


def unpinned_partial(prompt: Prompt, values: Mapping[str, Any], _: object) -> Iterator[Finding]:
    """A saved prompt is included as it is at the moment; shipped ones, by their path, do not change."""
    for number, turn in enumerate(prompt.turns):
        for name in partial_names((turn,)):
            if "@" not in name and not name.startswith(("techniques/", "hub/")):
                yield Finding(
                    "unpinned_partial",
                    "hint",
                    number,
                    None,
                    f'"{name}" is included as it is at the moment.',
                    f'Pin a version or a label: "{name}@1", "{name}@production".',
                    "When that prompt changes, this one changes with it, and earlier results no longer tell about it.",
                )


RULES: dict[str, Rule] = {
    "unused_variable": unused_variable,
    "role_order": role_order,
    "missing_output_format": missing_output_format,
    "example_labels": example_labels,
    "instruction_before_long_text": instruction_before_long_text,
    "unpinned_partial": unpinned_partial,
    "secret": secret,
}


# --- pieces ---------------------------------------------------------------------------------------------

_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_OPENING = re.compile("|".join(map(re.escape, _CLOSING)))
_PARTIAL = re.compile(r"\{%-?\s*(?:include|import|from|extends)\b")
_ROLE_LINE = re.compile(r"^[ \t]*(?:system|user|assistant)[ \t]*:[ \t]*$", re.M | re.I)


def _literal(template: str) -> str:
    """What the author wrote: the text between the tags, up to one that is not closed."""
    parts, at = [], 0
    while tag := _OPENING.search(template, at):
        parts.append(template[at : tag.start()])
        end = template.find(_CLOSING[tag[0]], tag.end())
        if end < 0:
            return " ".join(parts)
        at = end + 2
    return " ".join((*parts, template[at:]))


def _is_open(prompt: Prompt) -> bool:
    """Whether parts come from elsewhere, so that nothing can be said to be missing."""
    return any(_PARTIAL.search(turn.template) for turn in prompt.turns)


def _emits_turns(turn: Turn) -> bool:
    """Whether role lines in its text open further messages, so that its role is not the last one."""
    return bool(_ROLE_LINE.search(turn.template))


def _as_text(value: Any) -> str:
    """All text of a JSON value, a line each."""
    if isinstance(value, str):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return "\n".join(_as_text(part) for part in parts)
