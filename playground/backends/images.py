"""Images on their way to a server: base64 without a prefix, looked at before they are sent.

media_type("iVBORw0KGgo…") → "image/png"
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from playground.errors import BackendError
from playground.types import GenerationRequest

MOST_BYTES = 20_000_000
"""Of one image as a file; servers refuse or choke on more."""

_STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def media_type(image: str) -> str:
    """The type of a base64 image, told by its first bytes; raises BackendError for what is none or too large."""
    size = len(image) * 3 // 4
    if size > MOST_BYTES:
        raise BackendError(
            f"An image of {size / 1e6:.0f} MB is too large to send.",
            f"Scale it below {MOST_BYTES / 1e6:.0f} MB.",
        )
    try:
        # All of it is decoded: a server's own words for a broken end would not help.
        data = base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BackendError("An image is not base64 text.", "Add the image file again.") from exc
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for start, found in _STARTS.items():
        if data.startswith(start):
            return found
    raise BackendError("A file among the images is not an image.", "Use PNG, JPEG, WebP or GIF.")


def check_images(request: GenerationRequest, capabilities: Sequence[str]) -> None:
    """Raises BackendError for broken images, and for any image where the model is known not to see."""
    if request.images and capabilities and "vision" not in capabilities:
        name = request.model.partition(":")[2]
        raise BackendError(f"{name} cannot see images.", "Choose a model that can, or take the image out.")
    if request.images and not any(message.role == "user" for message in request.messages):
        raise BackendError("There is no user turn to put the image into.", "Add a user turn.")
    for image in request.images:
        media_type(image)


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
