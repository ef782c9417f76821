"""Bytes by their hash, such as the images of a run: each is stored once.

keep_blob(session, image)  →  "9f2a…" (SHA-256, 64 hexadecimal digits)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Session, col

from playground.errors import StoreError
from playground.store.content import portions
from playground.store.tables import Blob

KEEP = sa.text("INSERT INTO blob (hash, data) VALUES (:hash, :data) ON CONFLICT DO NOTHING").bindparams(
    sa.bindparam("data", type_=sa.LargeBinary)
)
"""As text for the same reason as in `content`."""


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
