"""Images on their way to a model: base64 without a prefix, looked at before they are sent.

    look("iVBORw0KGgo…") → Picture(media_type="image/png", width=640, height=480, size_bytes=51200)

Only the frame of a file is read, never its pixels: type, size in pixels, and whether its end is there. So a file that
would unfold to gigabytes is refused for the numbers in its header, by a program that has not unfolded anything.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from playground.errors import BackendError
from playground.types.generation import GenerationRequest
from playground.types.servers import ModelInfo

MOST_BYTES = 20_000_000
"""Of one image as a file; servers refuse or choke on more."""
MOST_PIXELS = 64_000_000
"""Of one image, 192 MB once unfolded; models scale everything to a few million at most."""
MOST_IMAGES = 20
MOST_BYTES_TOGETHER = 60_000_000
MOST_PIXELS_TOGETHER = 128_000_000
"""With one message; they are all unfolded at once."""

_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"PK\x03\x04", "a ZIP archive"),
)
_SIZED = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # JPEG's frame markers, without the tables between them
_MOST_PARTS = 100_000  # of a file; more are there to keep a reader busy
_BARE = {0x01, *range(0xD0, 0xD9)}  # JPEG's markers that nothing belongs to


@dataclass(frozen=True, slots=True)
class Picture:
    """What the file says of itself; width and height in pixels."""

    media_type: str
    width: int
    height: int
    size_bytes: int


class _Broken(ValueError):
    """The file does not hold what its header promises; the words complete the sentence "The image …"."""


def can_see(model: ModelInfo) -> bool | None:
    """Whether a model takes images; None where its server does not tell."""
    return "vision" in model.capabilities if model.capabilities else None


def media_type(image: str) -> str:
    """The type of a base64 image, told by its first bytes; raises BackendError for what is none."""
    return _kind(_decoded(image, "The image"), "The image").media_type


def look(image: str, name: str = "The image") -> Picture:
    """What a base64 image is; raises BackendError, with the numbers, for one that no model could read."""
    size = len(image) * 3 // 4
    if size > MOST_BYTES:
        raise BackendError(
            f"{name} has {size / 1e6:,.0f} MB, and at most {MOST_BYTES / 1e6:,.0f} MB can be sent.",
            "Scale it down, or save it with a stronger compression.",
        )
    data = _decoded(image, name)
    kind = _kind(data, name)
    try:
        width, height = kind.measure(data)
    except (_Broken, IndexError, struct.error) as exc:
        reason = f" {exc}" if isinstance(exc, _Broken) else " ends inside its header"
        raise BackendError(
            f"{name} is a damaged {kind.word} of {len(data):,} bytes: it{reason}.",
            "Save it again from the program it comes from, or copy it once more.",
        ) from exc
    if not width or not height:
        raise BackendError(
            f"{name} is a {kind.word} of {width:,} × {height:,} pixels.", "Choose one with a picture in it."
        )
    if width * height > MOST_PIXELS:
        raise BackendError(
            f"{name} unfolds to {width:,} × {height:,} pixels ({width * height / 1e6:,.0f} million), and at most "
            f"{MOST_PIXELS / 1e6:,.0f} million can be sent.",
            "Scale it down.",
        )
    return Picture(kind.media_type, width, height, len(data))


def check_images(request: GenerationRequest, capabilities: Sequence[str], remedy: str = "") -> list[Picture]:
    """What the images of a request are; raises BackendError before anything is sent.

    That is for a model known not to see (`remedy` says how it could), for images without a place, for broken ones.
    """
    images = request.images
    if not images:
        return []
    if capabilities and "vision" not in capabilities:
        name = request.model.partition(":")[2]
        other = "Choose a model that can, or take the image out."
        raise BackendError(f"{name} cannot see images.", f"{remedy} {other}".strip())
    if request.raw_prompt is not None:
        raise BackendError(
            "Text that is sent raw has no place for an image.",
            "Switch the same-text comparison off, or take the image out.",
        )
    if not any(message.role == "user" for message in request.messages):
        raise BackendError("There is no user turn to put the image into.", "Add a user turn.")
    if len(images) > MOST_IMAGES:
        raise BackendError(
            f"There are {len(images)} images, and at most {MOST_IMAGES} can be sent.",
            "Take some of them out.",
        )
    total = len(images)
    pictures = [look(image, label(place, total)) for place, image in enumerate(images)]
    size = sum(picture.size_bytes for picture in pictures)
    pixels = sum(picture.width * picture.height for picture in pictures)
    if size > MOST_BYTES_TOGETHER or pixels > MOST_PIXELS_TOGETHER:
        raise BackendError(
            f"The {total} images have {size / 1e6:,.0f} MB and {pixels / 1e6:,.0f} million pixels together, and at most "
            f"{MOST_BYTES_TOGETHER / 1e6:,.0f} MB and {MOST_PIXELS_TOGETHER / 1e6:,.0f} million can be sent.",
            "Take some of them out, or scale them down.",
        )
    return pictures


def label(place: int, total: int) -> str:
    """How an image is called in a sentence: by its number where there are several."""
    return "The image" if total == 1 else f"Image {place + 1} of {total}"


def messages_with_images(request: GenerationRequest) -> list[dict[str, Any]]:
    """The messages as OpenAI's protocol carries them: text alone, or parts with the images first."""
    messages: list[dict[str, Any]] = [{"role": m.role, "content": m.content} for m in request.messages]
    if request.images:
        last = last_user(request)
        urls = [f"data:{media_type(image)};base64,{image}" for image in request.images]
        parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        messages[last]["content"] = [*parts, {"type": "text", "text": messages[last]["content"]}]
    return messages


def last_user(request: GenerationRequest) -> int:
    """The place of the last user message."""
    return max(place for place, message in enumerate(request.messages) if message.role == "user")


# --- kinds of files -------------------------------------------------------------------------------------


class _Size(NamedTuple):
    width: int
    height: int


class _Kind(NamedTuple):
    """A file format: how it begins, what it is called, and how its pixels are counted (raises _Broken)."""

    start: bytes
    word: str
    media_type: str
    measure: Callable[[bytes], _Size]


def _decoded(image: str, name: str) -> bytes:
    try:
        return base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BackendError(f"{name} is not base64 text.", "Add the image file again.") from exc


def _kind(data: bytes, name: str) -> _Kind:
    """The format of a file by its first bytes; raises BackendError that names what it is instead."""
    for kind in _KINDS:
        if data.startswith(kind.start) and (kind.word != "WebP" or data[8:12] == b"WEBP"):
            return kind
    head = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    other = next((words for start, words in _OTHERS if data.startswith(start)), "")
    if data[4:8] == b"ftyp":
        other = "a HEIC, AVIF or video file"
    if head.startswith(b"<") and b"<svg" in head.lower():
        other = "an SVG, a drawing without pixels"
    said = f"is {other}" if other else "is not an image" if data else "is empty"
    raise BackendError(f"{name} {said} ({len(data):,} bytes).", "Use PNG, JPEG, WebP or GIF.")


def _png(data: bytes) -> _Size:
    """Walks over all chunks with their checksums up to the last one."""
    at = 8
    size = None
    for _ in range(_MOST_PARTS):
        if at + 8 > len(data):
            raise _Broken(f"ends at byte {len(data):,} without its last chunk")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise _Broken(f"ends at byte {len(data):,}, and its next chunk would end at {end:,}")
        body = memoryview(data)[at + 4 : end - 4]
        if zlib.crc32(body) != int.from_bytes(data[end - 4 : end], "big"):
            raise _Broken(f"has a wrong checksum at byte {end - 4:,}")
        if size is None:
            if kind != b"IHDR" or length < 8:
                raise _Broken("does not begin with its size")
            size = _Size(*struct.unpack_from(">II", data, at + 8))
        if kind == b"IEND":
            return size
        at = end
    raise _Broken(f"has more than {_MOST_PARTS:,} chunks")


def _jpeg(data: bytes) -> _Size:
    """Walks over the segments to the frame with the size and on to the scan; its end mark must follow."""
    at = 2
    size = None
    for _ in range(_MOST_PARTS):
        if data[at] != 0xFF:
            raise _Broken(f"has no marker at byte {at:,}")
        marker = data[at + 1]
        if marker == 0xFF or marker in _BARE:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _SIZED and size is None:
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = _Size(width, height)
        if marker in (0xDA, 0xD9):
            break
        at += 2 + length
    if size is None:
        raise _Broken("does not tell its size")
    if data.find(b"\xff\xd9", at) < 0:
        raise _Broken(f"ends at byte {len(data):,} without its end mark")
    return size


def _gif(data: bytes) -> _Size:
    size = _Size(*struct.unpack_from("<HH", data, 6))
    if b"\x3b" not in data[-16:]:  # some programs write a few bytes after the end mark
        raise _Broken(f"ends at byte {len(data):,} without its end mark")
    return size


def _webp(data: bytes) -> _Size:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise _Broken(f"ends at byte {len(data):,} and promises {length + 8:,}")
    kind = data[12:16]
    if kind == b"VP8X":
        return _Size(*(int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27)))
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return _Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return _Size(width & 0x3FFF, height & 0x3FFF)
    raise _Broken("holds no picture")


_KINDS = (
    _Kind(b"\x89PNG\r\n\x1a\n", "PNG", "image/png", _png),
    _Kind(b"\xff\xd8\xff", "JPEG", "image/jpeg", _jpeg),
    _Kind(b"GIF87a", "GIF", "image/gif", _gif),
    _Kind(b"GIF89a", "GIF", "image/gif", _gif),
    _Kind(b"RIFF", "WebP", "image/webp", _webp),
)
