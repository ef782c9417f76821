"""Markdown (`.md`): a page for people, with where it comes from, every message and the answer.

    # Classify sentiment
    ## User
    ```text
    Is this review positive or negative?
    ```

Messages stand in fences longer than any run of backticks in them, so that nothing in a prompt is taken for
Markdown and every blank and line break stays. Read is any page with a heading for each turn; a page without such
headings is one user turn.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from playground.errors import PromptError
from playground.formats import front_matter
from playground.formats.base import Export, Format, Reading, as_text, checked, file_name, one, receipt, unheld
from playground.formats.literal import literal
from playground.formats.yaml_text import MAX_BYTES
from playground.templating.rendering import normalise
from playground.types.files import ExportFile
from playground.types.prompt import Turn

SUFFIX = ".md"
MEDIA_TYPE = "text/markdown"
LOSSES = ("variables: the text is rendered with the values of this run",)


# --- writing ------------------------------------------------------------------------------------------------


def write(export: Export) -> ExportFile:
    """A title, the description, a table of facts, one heading per turn, and the answer if there is one."""
    prompt = export.prompt
    parts = [f"# {_title(prompt.name)}"] if prompt.name else []
    if prompt.description:
        parts.append(_paragraph(prompt.description))
    facts = {label: text for label, text in receipt(export).items() if label != "Prompt"}
    if facts:
        rows = [f"| {_inline(label)} | {_inline(text)} |" for label, text in facts.items()]
        parts.append("\n".join(["| | |", "|---|---|", *rows]))
    for message in export.messages:
        parts += [f"## {message.role.capitalize()}", _fenced(message.content)]
    if export.answer is not None:
        parts += ["## Answer", _fenced(export.answer)]
    losses = list(LOSSES if prompt.inputs or export.values else ())
    losses += unheld(export, "name", "description", "sampling", "model", "scores", "answer", "samples")
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, "\n\n".join(parts) + "\n", tuple(losses))


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _inline(text: str) -> str:
    """The text on one line, with every character that Markdown or HTML would read escaped."""
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    """The text, every character of it, as Markdown that shows it: white space that would be lost by its number."""
    text = re.sub(r"([\\`*_{}\[\]<>#|~&!])", r"\\\1", text)
    return _LOST_SPACE.sub(lambda match: "".join(f"&#{ord(char)};" for char in match[0]), text)


def _title(name: str) -> str:
    """The name as the text of a heading; one that would open a turn has its first letter by number."""
    text = _escaped(name)
    return f"&#{ord(text[0])};{text[1:]}" if _TURN.fullmatch(f"# {text}") else text


def _paragraph(text: str) -> str:
    """The text as a paragraph that is neither a list, a rule nor a line of a table."""
    whole = _escaped(text)
    return f"&#{ord(whole[0])};{whole[1:]}" if whole[0] in "-+=:0123456789" else whole


# --- reading ------------------------------------------------------------------------------------------------

MAX_HEADING = 100  # characters; longer lines open no turn
_LOST_SPACE = re.compile(
    r"^ +| +$|(?<= ) +|[^\S ]|[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\ud800-\udfff]"
)
_NUMBER = re.compile(r"&#(\d{1,7});|\\([\\`*_{}\[\]<>#|~&!])")
_TURN = re.compile(r"#{1,4}[ \t]+\**(system|user|assistant|answer)\**[ \t]*:?\**[ \t]*#*[ \t]*", re.I | re.A)
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})([^`]*)")
_ROW = re.compile(r"[ ]{0,3}\|.*\|[ \t]*")


class Section(NamedTuple):
    """A heading's word in lower case, empty for what stands before the first one, and the lines below it."""

    word: str
    lines: list[str]


def read(text: str, file: str = "The file") -> Reading:
    """The turns under headings such as `## User`, literally; raises PromptError for a file that is too large."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PromptError(f"{file} is larger than {MAX_BYTES:,} bytes.", "A prompt is a few kilobytes.")
    body = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    losses: list[str] = []
    facts, body = _read_front(body, file, losses)
    first, *sections = read_sections(body)
    name, description, turns = "", "", []
    if sections:
        name, description = _read_top(first.lines, losses)
    else:
        sections = [Section("user", first.lines)]
    for section in sections:
        if section.word == "answer":
            losses.append("answer: a prompt does not hold an answer")
        else:
            turns.append(
                Turn.model_validate({"role": section.word, "template": literal(_content(section.lines))})
            )
    if any("{{" in line for section in sections for line in section.lines):
        losses.append("variables: braces in the text are kept as text")
    prompt = checked(
        file,
        name=name or facts.get("name", ""),
        description=description or facts.get("description", ""),
        turns=normalise(turns),
    )
    return Reading(prompt, tuple(losses))


def _read_front(body: str, file: str, losses: list[str]) -> tuple[dict[str, str], str]:
    """Name and description from `key: value` lines above the page, which are no part of the prompt, and the rest."""
    try:
        data, rest = front_matter.split(body, file)
    except PromptError:
        return {}, body
    if not data:
        return {}, body
    losses += [
        f"{key}: there is no such field here" for key in data if key not in ("name", "title", "description")
    ]
    name = data.get("name", data.get("title"))
    return {"name": as_text(name), "description": as_text(data.get("description"))}, rest


def read_sections(body: str) -> list[Section]:
    """The page cut at the headings of turns that stand outside fences; the first section has no word."""
    sections, fence = [Section("", [])], ""
    for line in body.split("\n"):
        mark = _FENCE.fullmatch(line)
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
        elif mark:
            fence = mark[1]
        elif turn := len(line) <= MAX_HEADING and _TURN.fullmatch(line):
            sections.append(Section(turn[1].lower(), []))
            continue
        sections[-1].lines.append(line)
    return sections


def _content(lines: list[str]) -> str:
    """The text of one fence when there is nothing else, every character of it; else the text without blank edges."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    rows = lines[filled[0] : filled[-1] + 1] if filled else []
    mark = _FENCE.fullmatch(rows[0]) if len(rows) > 1 else None
    if (
        mark
        and [row for row in rows[1:] if row.startswith(mark[1]) and not row.strip(mark[1][0] + " \t")]
        == rows[-1:]
    ):
        return "\n".join(rows[1:-1])
    return "\n".join(rows)


def _read_top(lines: list[str], losses: list[str]) -> tuple[str, str]:
    """Title and description above the first turn; a table of facts is named as a loss."""
    rows = [line.strip() for line in lines if line.strip()]
    title = rows.pop(0)[2:].strip() if rows and rows[0].startswith("# ") else ""
    if len(rows) > len(plain := [row for row in rows if not _ROW.fullmatch(row)]):
        losses.append("table: where the text comes from is not kept")
    return _unescaped(title), _unescaped("\n".join(plain))


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        if match[2]:
            return match[2]
        return chr(int(match[1])) if int(match[1]) < 0x110000 else match[0]

    return _NUMBER.sub(character, text)


FORMAT = Format("markdown", "Markdown", SUFFIX, MEDIA_TYPE, one(read), write, renders=True)
