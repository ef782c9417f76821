"""The turns of a Handlebars body while they are written: pieces are added to the last one, a role opens the next.

turns = Turns("mail.prompt")
turns.open("system"); turns.add(Piece("text", "Be "), Piece("value", source="tone"))
turns.written()                      # [Turn("system", "Be {{ tone }}")]
"""

from __future__ import annotations

from playground.errors import PromptError
from playground.formats.plain_jinja import Piece, chained, join, merged
from playground.types.prompt import Role, Turn

MAX_PIECES = 20_000
MAX_CHARS = 4_000_000


class Turns:
    """What has been written; text before the first role is a user turn. `file` is named where it becomes too much."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._done: list[tuple[Role, list[Piece]]] = [("user", [])]
        self._count = self._chars = 0

    @property
    def pieces(self) -> list[Piece]:
        """Those of the last turn."""
        return self._done[-1][1]

    def open(self, role: Role) -> None:
        """Begin the next turn."""
        self._done.append((role, []))

    def add(self, *pieces: Piece) -> None:
        """Go on with the last turn. Raises PromptError for more than a prompt can be."""
        found = self.pieces
        self._count += len(pieces)
        self._chars += sum(len(piece.text) for piece in pieces)
        if self._count > MAX_PIECES or self._chars > MAX_CHARS:
            raise PromptError(
                f"{self.file}: with its partials the prompt has more than {MAX_PIECES:,} pieces or "
                f"{MAX_CHARS:,} characters.",
                "Use fewer partials inside each other.",
            )
        for piece in pieces:
            if piece.kind == "text" and found and found[-1].kind == "role":
                piece = Piece("text", piece.text.removeprefix("\n"))
            found.append(piece)

    def written(self) -> list[Turn]:
        """The turns as they stand; blank ones are dropped, as dotprompt drops them."""
        turns = []
        for number, (role, found) in enumerate(self._done):
            found = chained(merged(found))
            if found and number and found[0].kind == "text":
                found[0] = Piece("text", found[0].text.removeprefix("\n"))
            if found and found[-1].kind == "text":
                found[-1] = Piece("text", found[-1].text.rstrip("\n"))
            if any(piece.kind != "text" or piece.text.strip() for piece in found):
                turns.append(Turn(role=role, template=join(found)))
        return turns
