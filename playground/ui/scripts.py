"""The page's scripts at addresses that change with what is in them, so that a browser asks for each of them once."""

from __future__ import annotations

import hashlib
from pathlib import Path

FOR_GOOD = "public, max-age=31536000, immutable"
"""Of what is never another thing at the same address."""


class Scripts:
    """The scripts of a folder as they are when the program starts."""

    def __init__(self, folder: Path) -> None:
        self._bodies = {path.name: path.read_bytes() for path in sorted(folder.glob("*.js"))}
        self.version = hashlib.sha256(repr(self._bodies).encode()).hexdigest()[:16]

    def at(self, name: str, version: str = "") -> tuple[bytes, str] | None:
        """A script, and how long a browser may keep it; None when there is none of that name.

        Without a version it is the one that the page has; a tab of an older program gets what there is now.
        """
        body = self._bodies.get(name)
        if body is None:
            return None
        if not version:
            body = f'export * from "./{self.version}/{name}";\n'.encode()
        return body, FOR_GOOD if version == self.version else "no-cache"

    def head(self) -> str:
        """What the page's head says: named together, they are fetched together and not one after another."""
        folder = f"playground/{self.version}"
        preloaded = "".join(f'<link rel="modulepreload" href="{folder}/{name}">' for name in self._bodies)
        return preloaded + f'<script type="module" src="{folder}/main.js"></script>'
