r"""The lines of a text file, in whatever encoding, with what is odd about some of them.

    lines_of(b"name\nGr\xfc\xdfe\n", "a.csv")  →  Text(["name\n", "Grüße\n"], Found("encoding", "cp1252", …, "not UTF-8: byte 0xFC in line 2"))

A file that is UTF-8 but for some lines is read line by line: what proves to be UTF-8 is read so, the other lines in the
encoding that fits them best, and each of these is named.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from playground.errors import PromptError
from playground.tables.base import Finding, Found
from playground.tables.charset import MARKS, NAMES, charset_of, decode

OPTIONS = (
    ("utf-8", "UTF-8"),
    *((name, NAMES[name]) for name in NAMES if name not in ("utf_16_le", "utf_16_be")),
)

_LATIN = ("cp1252", "cp1250", "cp1254")
_ASCII = (0x09, 0x0A, 0x0D, *range(0x20, 0x7F))
_SMALL = re.compile(rb"[a-z \r\n]")
_FOREIGN = re.compile(rb"[\x80-\xff]{6}")


class Text(NamedTuple):
    """Lines with their ends, what was found of the encoding, and findings by line, counted from 1."""

    lines: list[str]
    found: Found
    odd: dict[int, Finding]


def lines_of(data: bytes, file: str, encoding: str = "") -> Text:
    """The lines; with an `encoding` in that one. Raises PromptError for bytes that are no text."""
    if encoding:
        return _chosen(data, file, encoding)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        is_wide = data.startswith(MARKS) or data.count(b"\0") * 8 >= len(data)
        if not is_wide:
            return _mixed(data, file, exc)
        try:
            return _whole(data, file, exc)
        except PromptError:
            if not _begins_as_text(data):
                raise
            return _mixed(data, file, exc)  # pieces of it have zero bytes: their lines are named
    if data.count(b"\0") * 8 >= max(len(data), 1) and not _begins_as_text(data):
        return _whole(data, file, None)
    is_ascii = text.isascii()
    evidence = "plain ASCII, the same in any" if is_ascii else "every byte fits"
    return _text(text, Found("encoding", "utf-8", "UTF-8", evidence, True, OPTIONS))


def _whole(data: bytes, file: str, exc: UnicodeDecodeError | None) -> Text:
    """A file that is all in one other encoding."""
    sure = data.startswith(MARKS)
    try:
        decoded = decode(data, file)
    except PromptError:
        lines = io.StringIO(data.decode("utf-16", "replace"), newline="") if sure else ()
        first = next((n for n, line in enumerate(lines, 1) if "\ufffd" in line or _is_narrow(line)), 0)
        if not first:
            raise
        raise PromptError(
            f"{file} begins as UTF-16, and from line {first:,} on it is something else.",
            "Save it as UTF-8 text and read it again.",
        ) from None
    evidence = "a byte order mark says so" if sure else f"guessed; {_where(data, exc)}"
    name = next(name for name, label in NAMES.items() if f"read as {label}" in decoded.note)
    narrow = Finding("encoding", "has pieces that are not UTF-16, as the rest is", "Correct the line.", True)
    lines = io.StringIO(decoded.text, newline="") if name.startswith("utf_16") else ()
    odd = {n: narrow for n, line in enumerate(lines, 1) if _is_narrow(line)}
    return _text(decoded.text, Found("encoding", name, NAMES[name], evidence, sure and not odd, OPTIONS), odd)


@cache
def _pairs() -> re.Pattern[str]:
    """Four characters or more whose two bytes are ASCII each."""
    pairs = (chr(high << 8 | low) for high in _ASCII for low in _ASCII)
    return re.compile(f"[{''.join(map(re.escape, pairs))}]{{4,}}")


def _is_narrow(line: str) -> bool:
    """Whether a line that was read as UTF-16 has a piece of plain ASCII in it: each two of its letters look like one.

    In ASCII nearly all bytes are small letters and blanks; of Chinese characters one in thirty has two such bytes.
    """
    for piece in _pairs().findall(line):
        halves = piece.encode("utf-16-be")
        if 5 * len(_SMALL.findall(halves)) >= 4 * len(halves):
            return True
    return False


def _mixed(data: bytes, file: str, exc: UnicodeDecodeError) -> Text:
    """Lines that are not UTF-8 in the encoding that fits them best, the others as UTF-8."""
    rows = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    bad: dict[int, bytes] = {}
    proven = 0
    for number, row in enumerate(rows):
        if row.isascii() or b"\0" in row:  # a zero byte is told of by itself
            continue
        try:
            row.decode("utf-8")
            proven += 1
        except UnicodeDecodeError:
            bad[number] = row
    common = charset_of(b"\n".join(bad.values()))
    names = {number: common or charset_of(row) for number, row in bad.items()}
    if common in _LATIN:
        names |= _told_apart(bad)
    is_several = proven > 0 or len(set(names.values())) > 1
    if not proven and not common and bad:
        raise PromptError(
            f"{file} holds bytes of no encoding that is known here: {_where(data, exc)}.",
            "Save it as UTF-8 text and read it again.",
        )
    odd: dict[int, Finding] = {}
    texts: list[str] = []
    line = 1
    for number, row in enumerate(rows):
        name = names.get(number, "utf-8")
        text = row.decode(name or "utf-8", "replace")
        texts.append(text)
        if number in bad and not name:
            odd[line] = Finding(
                "encoding", "bytes of no encoding that is known here", "Correct the line.", True
            )
        elif number in bad and is_several:
            odd[line] = Finding(
                "encoding",
                f"not UTF-8, as other lines are: read as {NAMES[name]}",
                "Where letters look wrong, correct the line.",
            )
        line += 1 + text.removesuffix("\r").count("\r")
    if is_several or not bad:
        labels = list(dict.fromkeys(NAMES[name] for name in names.values() if name))
        evidence = f"{_where(data, exc)}, and in {len(bad):,} lines in all" if bad else _where(data, exc)
        whole = " and ".join(["UTF-8", *labels] if proven or not bad else labels)
        found = Found("encoding", "", whole, evidence, False, OPTIONS)
        return _text("\n".join(texts), found, odd)
    return _text(
        "\n".join(texts), Found("encoding", common, NAMES[common], _where(data, exc), False, OPTIONS)
    )


def _told_apart(bad: Mapping[int, bytes]) -> dict[int, str]:
    """The charsets of lines that were all taken for Western ones, when some look like no Western text; else nothing.

    Such lines have many letters beyond ASCII in a row, as Chinese or Russian has them.
    """
    strange = {number for number, row in bad.items() if _FOREIGN.search(row)}
    if not strange or len(strange) == len(bad):
        return {}
    of_strange = charset_of(b"\n".join(row for number, row in bad.items() if number in strange))
    of_rest = charset_of(b"\n".join(row for number, row in bad.items() if number not in strange))
    if not of_strange or not of_rest or of_strange in _LATIN:
        return {}
    return {number: of_strange if number in strange else of_rest for number in bad}


def _begins_as_text(data: bytes) -> bool:
    """Whether a first line that is not empty is UTF-8 without a zero byte, as that of no UTF-16 text is."""
    first, found, _ = data.partition(b"\n")
    try:
        return bool(found) and b"\0" not in first and bool(first.decode("utf-8-sig").strip())
    except UnicodeDecodeError:
        return False


def _chosen(data: bytes, file: str, encoding: str) -> Text:
    if encoding not in dict(OPTIONS):
        raise PromptError(f"{encoding[:40]!r} is no encoding that is read here.", "Choose one of the list.")
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    label = dict(OPTIONS)[encoding]
    odd: dict[int, Finding] = {}
    try:
        text = data.decode(codec)
        evidence = "chosen; every byte fits"
    except UnicodeDecodeError as exc:
        text = data.decode(codec, "replace")
        for number, row in enumerate(io.StringIO(text, newline=""), 1):
            if "\ufffd" in row:
                odd[number] = Finding(
                    "encoding",
                    f"bytes that are not {label}",
                    "Correct the line, or choose another encoding.",
                    True,
                )
        evidence = f"chosen; {_where(data, exc, label)}"
    return _text(text, Found("encoding", encoding, label, evidence, not odd, OPTIONS), odd)


def _text(text: str, found: Found, odd: dict[int, Finding] | None = None) -> Text:
    lines = list(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    odd = odd or {}
    if "\0" in text:
        for number, line in enumerate(lines, 1):
            if "\0" in line:
                odd[number] = Finding("nul", "a zero byte, so this is no text", "Correct the line.", True)
    return Text(lines, found, odd)


def _line(data: bytes, exc: UnicodeDecodeError) -> int:
    return data.count(b"\n", 0, exc.start) + 1


def _where(data: bytes, exc: UnicodeDecodeError | None, label: str = "UTF-8") -> str:
    if exc is None:
        return "zero bytes between the letters"
    return f"not {label}: byte 0x{data[exc.start]:02X} in line {_line(data, exc):,}"
