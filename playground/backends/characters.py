r"""Whole characters out of text that was cut in the middle of one.

A JSON string may hold half of a character (`"\ud83d"`), and a server that cuts its answer by UTF-16 units sends the other
half with the next piece. Half a character is no text: nothing can store or show it.
"""

from __future__ import annotations


class WholeCharacters:
    """Joins halves over the border of two pieces; `lost` says that one had no other half and was left out."""

    def __init__(self) -> None:
        self.lost = False
        self._half = ""

    def feed(self, piece: str) -> str:
        """The piece, with the half that was held back before it and without one at its end."""
        if not piece:
            return ""
        text, self._half = self._half + piece, ""
        if text.isascii():
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        try:
            text.encode()
        except UnicodeEncodeError:
            whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
            halves = sum("\ud800" <= character <= "\udfff" for character in text)
            joined = sum(character > "\uffff" for character in whole)
            self.lost = self.lost or halves != 2 * (joined - sum(c > "\uffff" for c in text))
            return whole
        return text

    def end(self) -> None:
        """Nothing follows: a half that is still held back is lost."""
        self.lost, self._half = self.lost or bool(self._half), ""


def whole(text: str) -> str:
    """A whole text without halves of characters."""
    return WholeCharacters().feed(text)
