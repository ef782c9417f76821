"""Partials that lie beside a prompt: `_footer.prompt` is what `{{>footer}}` of the prompts around it names.

Beside([("mails/_sign.prompt", b"Yours"), ("mails/ask.prompt", b"…")]).of("mails/ask.prompt")
→ {"sign": "Yours", "mails/sign": "Yours"}
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePosixPath

from playground.errors import PromptError
from playground.tables.charset import decode

MAX_BYTES = 200_000
"""Of one partial; a larger one is only a prompt of its own."""


class Beside:
    """The partials among files, given by path and content."""

    def __init__(self, files: Sequence[tuple[str, bytes]]) -> None:
        self._found: dict[PurePosixPath, str] = {}
        self._of: dict[PurePosixPath, dict[str, str]] = {}
        for name, data in files:
            path = PurePosixPath(name.replace("\\", "/"))
            if path.name.startswith("_") and path.suffix == ".prompt" and len(data) <= MAX_BYTES:
                with suppress(PromptError):  # no text: it is a row of its own that says so
                    self._found[path.with_name(path.stem[1:])] = decode(data, path.name).text

    def of(self, name: str) -> dict[str, str]:
        """Every partial by its path and by its name alone, where the one in the same folder comes first."""
        folder = PurePosixPath(name.replace("\\", "/")).parent
        if folder in self._of:
            return self._of[folder]
        near = {path.name: text for path, text in self._found.items() if path.parent == folder}
        far = {path.name: text for path, text in self._found.items()}
        self._of[folder] = {str(path): text for path, text in self._found.items()} | far | near
        return self._of[folder]
