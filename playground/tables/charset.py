r"""The text of bytes in whatever charset: UTF-8 where it is that, else what charset-normalizer finds.

decode(b"Gr\xfc\xdfe", "a.txt")  →  Decoded("Grüße", "text: read as Windows-1252 …")

UTF-8 proves itself; the others are guessed from the letters, and a short text leaves several. Then the more widespread one
counts, and the note says which, so that a person can look.
"""

from __future__ import annotations

from typing import NamedTuple

from playground.errors import PromptError

NAMES = {
    "utf_16": "UTF-16",
    "utf_16_le": "UTF-16",
    "utf_16_be": "UTF-16",
    "utf_32": "UTF-32",
    "iso2022_jp": "ISO-2022-JP",
    "cp1252": "Windows-1252",
    "gb18030": "GB18030",
    "cp932": "Shift-JIS",
    "big5": "Big5",
    "cp949": "EUC-KR",
    "euc_jp": "EUC-JP",
    "cp1251": "Windows-1251",
    "cp1250": "Windows-1250",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "koi8_r": "KOI8-R",
}
"""Python's names of the charsets that are looked for, the likelier of two that fit first."""
_ORDER = list(NAMES)
_WIDE = ("utf_16", "utf_16_le", "utf_16_be", "utf_32")
MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_RARE = 8
"""Of so many bytes one that is zero is no letter of UTF-16, which has them all over."""
_LOOKED_AT = 100_000
"""Bytes that the charset is told from."""


class Decoded(NamedTuple):
    """A text without its byte order mark, and a note when it was not UTF-8."""

    text: str
    note: str = ""


def decode(data: bytes, file: str) -> Decoded:
    """The text; raises PromptError for bytes that are no text."""
    is_wide = data.count(b"\0") * _RARE >= max(len(data), 1) or data.startswith(MARKS)
    if not is_wide:
        try:
            return Decoded(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            pass
    name = charset_of(data, is_wide=is_wide)
    try:
        text = data.decode(name).removeprefix("\ufeff") if name else ""
    except UnicodeDecodeError:
        text, name = "", ""
    if not name or "\0" in text:
        what = "zero bytes, so it is no text" if b"\0" in data else "bytes of no charset that is known here"
        raise PromptError(f"{file} holds {what}.", "Save it as UTF-8 text and read it again.")
    marked = data.startswith(MARKS)
    if is_wide and not marked and 2 * sum(map(str.isascii, text)) < len(text):
        raise PromptError(
            f"{file} holds zero bytes, so it is no text.", "Save it as UTF-8 text and read it again."
        )
    guess = "" if marked else ", which is a guess; where letters look wrong, save the file as UTF-8"
    return Decoded(text, f"text: read as {NAMES[name]}{guess}")


def charset_of(data: bytes, *, is_wide: bool = False) -> str:
    """Python's name of the charset, nothing when none fits."""
    from charset_normalizer import from_bytes  # only a file that is not UTF-8 needs it

    if is_wide:
        start = data[: _LOOKED_AT - _LOOKED_AT % 4]
        found = from_bytes(start, cp_isolation=list(_WIDE)).best()
        return found.encoding if found is not None and found.encoding in NAMES else ""
    # Lines in plain ASCII say nothing, and there are many of them in a prompt.
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    words = b"\n".join(lines)[:_LOOKED_AT] if lines else data[:_LOOKED_AT]
    narrow = [name for name in _ORDER if name not in _WIDE]
    matches = list(from_bytes(words, cp_isolation=narrow, threshold=0.3))
    least = min((match.chaos for match in matches), default=0.0)

    def rank(match: object) -> tuple[bool, float, int]:
        names = _names(match)
        return match.chaos > least, -round(match.coherence, 1), _ORDER.index(names[0])  # type: ignore[attr-defined]

    ranked = sorted((match for match in matches if _names(match)), key=rank)
    candidates = [name for match in ranked for name in _names(match)] or ["cp1252"]
    return next((name for name in candidates if _fits(data, name)), "")


def _names(match: object) -> list[str]:
    """The charsets that give the very same text as this match, the likeliest first."""
    same = {match.encoding, *match.could_be_from_charset}  # type: ignore[attr-defined]
    return [name for name in _ORDER if name in same]


def _fits(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return False
    return True
