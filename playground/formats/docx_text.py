"""The text of a Word file (`.docx`): a zip archive whose `word/document.xml` holds paragraphs and tables (ECMA-376).

Of the archive only that one part is unpacked, counted while it comes out. A document type, and so every entity of its
own, is refused: no Word file has one. python-docx builds a tree with lxml for what takes forty lines here.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import IO
from xml.parsers import expat

from playground.errors import PromptError

_PART = "word/document.xml"
_NAMESPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
MAX_XML = 100_000_000
_CHUNK = 2**16
_AGAIN = "Open it in a word processor and save it again."


def read(name: str, data: bytes, max_chars: int) -> str:
    """The text, a line a paragraph, the cells of a table's row with tabs between; raises PromptError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if _PART not in archive.namelist():
                raise PromptError(f"{name} is no Word file.", "Save it as .docx, .pdf or text.")
            info = archive.getinfo(_PART)
            if info.flag_bits & 0x1:
                raise PromptError(f"{name} has a password.", "Save it without one.")
            with archive.open(info) as part:
                return _text(name, part, max_chars)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        struct.error,
        ValueError,
        OverflowError,
    ) as exc:
        raise PromptError(f"{name} is damaged.", _AGAIN) from exc
    except (NotImplementedError, RuntimeError) as exc:
        raise PromptError(f"{name} is packed in a way that is not known here.", _AGAIN) from exc
    except expat.ExpatError as exc:
        raise PromptError(f"{name} is damaged: its text is no XML.", _AGAIN) from exc


class _Reader:
    """What the parser's events come to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pieces: list[str] = []
        self.chars = 0
        self._in_text = 0
        self._cells = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        word = _word(tag)
        if word == "t":
            self._in_text += 1
        elif word == "tab":
            self.pieces.append("\t")
        elif word in ("br", "cr"):
            self.pieces.append("\n")
        elif word == "tc":
            self._cells += 1

    def end(self, tag: str) -> None:
        word = _word(tag)
        if word == "t":
            self._in_text -= 1
        elif word == "p":
            self.pieces.append(" " if self._cells else "\n")
        elif word == "tc":
            self._cells -= 1
            self.pieces.append("\t")
        elif word == "tr":
            self.pieces.append("\n")

    def text(self, text: str) -> None:
        if self._in_text:
            self.pieces.append(text)
            self.chars += len(text)

    def doctype(self, *_: object) -> None:
        raise PromptError(f"{self.name} holds a document type, which no Word file has.", _AGAIN)


def _text(name: str, part: IO[bytes], max_chars: int) -> str:
    reader = _Reader(name)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    size = 0
    while piece := part.read(_CHUNK):
        size += len(piece)
        if size > MAX_XML or reader.chars > max_chars:
            raise PromptError(
                f"{name} unpacks to more than {max_chars:,} characters of text or {MAX_XML // 10**6} MB.",
                "Split it into several files.",
            )
        parser.Parse(piece, False)
    parser.Parse(b"", True)
    lines = (line.replace(" \t", "\t").strip() for line in "".join(reader.pieces).splitlines())
    return "\n".join(lines)


def _word(tag: str) -> str:
    """The name of one of Word's own elements, "" for another."""
    namespace, _, name = tag.rpartition(" ")
    return name if namespace in _NAMESPACES else ""
