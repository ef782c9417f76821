"""Zip archives from strangers: names, kinds and sizes are checked before and while they are unpacked.

unpack(data, members=4_001)  →  {"bundle.json": b"…", "classification/tone.prompty": b"…"}

Nothing is written to disk and no header is believed: bytes are counted as they come out. An archive that breaks
one rule is refused whole. The rules are those of library bundles: no path that leads elsewhere, no links, no two
names that are one on some system, no bytes that two entries share, at most MAX_BYTES unpacked, at most MAX_RATIO times
the packed size.
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO

from playground.errors import PromptError

MAX_BYTES = 32 * 2**20
"""Unpacked, all files together."""
MAX_RATIO = 100
NAME_CHARS = 200
MAGIC = b"PK\x03\x04"

_CHUNK = 2**16
_DIRECTORY_ROW = 46 + 4 * NAME_CHARS + 200  # bytes: the fixed part, a name in UTF-8, extra fields
_HEAD = 30  # bytes: the fixed part of what stands before a file
_END = struct.Struct("<4s4H2LH")  # the end-of-central-directory record, APPNOTE.TXT 4.3.16
_ARCHIVES = (MAGIC, b"PK\x05\x06", b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ\x00")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # plain, strong, masked headers
_UTF8 = 0x800
_AGAIN = "Nothing was imported. Ask for the file again, or export it anew."


# --- packing ------------------------------------------------------------------------------------------------


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files in this order; the same files give the same bytes.

    What would unpack to more than MAX_RATIO times its size is stored as it is, so that `unpack` takes it.
    """
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)  # the date is 1 January 1980, always
            info.create_system, info.external_attr = 3, 0o644 << 16
            # Half the ratio: the zlib that packs here may be another one than the one that was asked.
            small = len(zlib.compress(content)) * MAX_RATIO // 2 < len(content)
            target.writestr(info, content, _METHODS[0] if small else _METHODS[1])
    return out.getvalue()


# --- unpacking ----------------------------------------------------------------------------------------------


def unpack(data: bytes, *, members: int) -> dict[str, bytes]:
    """Every file of the zip by its name, folders left out. Raises PromptError naming the rule and the entry."""
    _check_end(data, members)
    try:
        with zipfile.ZipFile(BytesIO(data)) as source:
            infos = source.infolist()
            names = [_checked(info) for info in infos]
            _check_collisions(names)
            _check_overlap(infos, names, source.start_dir)
            total, files = 0, {}
            for name, info in zip(names, infos, strict=True):
                content = b"".join(_content(source, info, name, MAX_BYTES - total))
                total += len(content)
                if name.endswith("/") and content:
                    raise refused(name, "is a folder with content")
                if content.startswith(_ARCHIVES):
                    raise refused(name, "is an archive inside the archive", "Unpack it and add its files.")
                if not name.endswith("/"):
                    files[name] = content
            return files
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error) as exc:
        raise PromptError("The zip file is damaged.", _AGAIN) from exc
    except (ValueError, NotImplementedError, RuntimeError, OverflowError) as exc:
        raise PromptError(
            "The zip file cannot be read: it is encrypted or packed in a way that is not known here.", _AGAIN
        ) from exc


def refused(name: str, problem: str, hint: str = _AGAIN) -> PromptError:
    """The error for one entry; its name, which may be anything, is shortened and shown as printable text."""
    shown = name if len(name) <= 80 else f"{name[:77]}..."
    text = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in shown)
    return PromptError(f'The bundle is refused: the entry "{text}" {problem}.', hint)


def fold(name: str) -> str:
    """A name as the most forgiving file system sees it: letter case and composed letters do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _check_end(data: bytes, members: int) -> None:
    """Read the record at the end before anything is built from the directory that it points to."""
    if not data.startswith((MAGIC, _ARCHIVES[1])):
        raise PromptError("The file is not a zip file.", "Choose a library bundle, a file that ends in .zip.")
    at = data.rfind(_ARCHIVES[1], max(0, len(data) - _END.size - 2**16))
    if at < 0 or at + _END.size > len(data):
        raise PromptError("The zip file is cut off: its end is missing.", _AGAIN)
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(data, at)
    if count > members or here > members:
        raise PromptError(
            f"The bundle is refused: it has {max(count, here):,} entries.",
            f"At most {members:,} are read; split it into several bundles.",
        )
    if data[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise PromptError("The bundle is refused: it is a zip64 file.", "Write it as an ordinary zip file.")
    if disk or first_disk or here != count or at + _END.size + comment != len(data) or offset + size != at:
        raise PromptError("The zip file does not hold together: its parts are not where it says.", _AGAIN)
    # The count may be a lie: zipfile reads as many rows as there are.
    if size > members * _DIRECTORY_ROW or data.count(b"PK\x01\x02", offset, at) > members:
        raise PromptError("The bundle is refused: its list of entries is too long.", "Split it into several.")


def _checked(info: zipfile.ZipInfo) -> str:
    """The entry's name, when name, kind and packing are ones that are read."""
    name = _name(info)
    problem = name_problem(name)
    mode = stat.S_IFMT(info.external_attr >> 16)
    if not problem and mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        problem = "is a link" if mode == stat.S_IFLNK else "is not an ordinary file"
    if not problem and info.flag_bits & _ENCRYPTED:
        problem = "is encrypted"
    if not problem and info.compress_type not in _METHODS:
        problem = f"is packed with method {info.compress_type}, which is not read here"
    if problem:
        raise refused(
            name, problem, "Nothing was imported. Pack plain files with ordinary names and no password."
        )
    return name


def _name(info: zipfile.ZipInfo) -> str:
    """The entry's name; without the mark of UTF-8 it is what systems of the region write, such as Windows in Chinese.

    The format knows only code page 437 and UTF-8 (APPNOTE.TXT, D.1), and programs write others nevertheless.
    """
    name = info.orig_filename  # `filename` ends at a NUL
    if info.flag_bits & _UTF8 or name.isascii():
        return name
    written = name.encode("cp437")
    for charset in ("utf-8", "gb18030"):
        try:
            return written.decode(charset)
        except UnicodeDecodeError:
            continue
    return name


def name_problem(name: str) -> str:
    """What is wrong with a path inside an archive, as the end of a sentence; empty when nothing is."""
    parts = name.removesuffix("/").split("/")
    drive = re.match(r"[A-Za-z]:", name)
    problems = {
        f"has a name of {len(name):,} characters, more than {NAME_CHARS}": len(name) > NAME_CHARS,
        "has a control character in its name": any(
            unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or _BIDI.match(char)
            for char in name[:NAME_CHARS]
        ),
        "has a backslash in its name": "\\" in name,
        "begins with a drive letter": drive is not None,
        "has a colon in its name": ":" in name,
        "is an absolute path": name.startswith("/"),
        "leads out of its folder with `..`": ".." in parts,
        "has an empty part or a `.` in its path": not name or "" in parts or "." in parts,
        "has a part that ends in a dot or a blank": any(part != part.rstrip(". ") for part in parts),
        "has the name of a device": any(_DEVICE.fullmatch(part) for part in parts),
    }
    return next((words for words, is_so in problems.items() if is_so), "")


def _check_collisions(names: list[str]) -> None:
    """Refuse a name that stands twice, two that some file system takes for one, and a file that is a folder too."""
    seen: dict[str, str] = {}
    for name in names:
        key = fold(name.removesuffix("/"))
        if key in seen:
            same = (
                "stands in it twice"
                if seen[key] == name
                else f'is the same file as "{seen[key]}" on some systems'
            )
            raise refused(name, same, "Nothing was imported. Rename one of the two.")
        seen[key] = name
    for key, name in seen.items():
        parts = key.split("/")
        for end in range(1, len(parts)):
            parent = seen.get("/".join(parts[:end]))
            if parent is not None and not parent.endswith("/"):
                raise refused(
                    name, f'lies in "{parent}", which is a file', "Nothing was imported. Rename one."
                )


def _check_overlap(infos: list[zipfile.ZipInfo], names: list[str], directory: int) -> None:
    """Refuse an entry that reaches into the next: a small archive could count the same bytes many times.

    Python does it too when the entry is opened, since 3.11.8 (CVE-2024-0450) and in what Debian has made of 3.11.2.
    """
    placed = sorted(zip(infos, names, strict=True), key=lambda row: row[0].header_offset)
    ends = [info.header_offset for info, _ in placed[1:]] + [directory]
    for (info, name), end in zip(placed, ends, strict=False):  # an empty archive has no entry
        if info.header_offset + _HEAD + info.compress_size > end:
            raise refused(name, "shares bytes with what comes after it")


def _content(source: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, room: int) -> Iterator[bytes]:
    """The pieces of one file, counted while they come; raises PromptError at the first byte too many."""
    size = 0
    with source.open(info) as stream:
        while piece := stream.read(_CHUNK):
            size += len(piece)
            if size > MAX_RATIO * info.compress_size:
                raise refused(name, f"unpacks to more than {MAX_RATIO} times its packed size")
            if size > room:
                raise refused(
                    name,
                    f"brings it to more than {MAX_BYTES // 2**20} MiB unpacked",
                    "Nothing was imported. Split the bundle into several.",
                )
            yield piece
