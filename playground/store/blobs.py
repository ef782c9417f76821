"""Bytes by their hash, such as the images of a run: each is stored once.

    keep_blob(session, image)  →  "9f2a…" (SHA-256, 64 hexadecimal digits)

In a stored comparison an image is `{"sha256": "9f2a…"}`; a text that is no base64, which no model will take, stays.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from playground.errors import StoreError
from playground.store.content import portions
from playground.store.tables import Blob

KEEP = sa.text("INSERT INTO blob (hash, data) VALUES (:hash, :data) ON CONFLICT DO NOTHING").bindparams(
    sa.bindparam("data", type_=sa.LargeBinary)
)
"""As text for the same reason as in `content`."""


def packed_images(images: Iterable[str]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Base64 images as a stored comparison names them, and the rows that `KEEP` takes."""
    named: list[Any] = []
    rows = []
    for image in images:
        try:
            data = base64.b64decode(image, validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if base64.b64encode(data).decode() != image or not data:
            named.append(image)
            continue
        key = hashlib.sha256(data).hexdigest()
        named.append({"sha256": key})
        rows.append({"hash": key, "data": data})
    return named, rows


def loaded_images(session: Session, named: Iterable[Any]) -> list[str]:
    """The base64 images of a stored comparison. Raises StoreError when one is missing."""
    named = list(named)
    found = load_blobs(session, [item["sha256"] for item in named if isinstance(item, dict)])
    return [
        base64.b64encode(found[item["sha256"]]).decode() if isinstance(item, dict) else item for item in named
    ]


def keep_blob(session: Session, data: bytes) -> str:
    """The SHA-256 of the bytes, after storing them when they are new."""
    key = hashlib.sha256(data).hexdigest()
    session.connection().execute(KEEP, {"hash": key, "data": data})
    return key


def load_blobs(session: Session, hashes: Iterable[str]) -> dict[str, bytes]:
    """The bytes of these hashes. Raises StoreError when one is missing."""
    wanted = sorted(set(hashes))
    found: dict[str, bytes] = {}
    for portion in portions(wanted):
        rows = session.execute(sa.select(col(Blob.hash), col(Blob.data)).where(col(Blob.hash).in_(portion)))
        found.update((key, data) for key, data in rows)
    if missing := [key for key in wanted if key not in found]:
        raise StoreError(
            f"{len(missing)} stored image(s) are missing, the first is {missing[0][:12]}.",
            "The database was changed from outside; go back to a copy of it.",
        )
    return found
