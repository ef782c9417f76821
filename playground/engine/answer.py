"""From token bytes to text that may be shown: whole characters only, and nothing of a stop string.

text = AnswerText(stop=["END"])
text.add(b"so E")   → "so "      "E" may be the beginning of END
text.add(b"ND!")    → ""         and text.stopped is True
"""

from __future__ import annotations

import codecs


class AnswerText:
    """The growing text of one answer. Bytes that are no UTF-8 become U+FFFD once it is sure that they are none.

    `spelled` is what the last bytes completed, held back or not.
    """

    def __init__(self, stop: list[str]) -> None:
        self.stopped = False
        self.spelled = ""
        self._stop = stop
        self._held = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, piece: bytes) -> str:
        """Text that can be shown after these bytes; sets `stopped` when a stop string is complete."""
        self.spelled = self._decoder.decode(piece)
        return self._release(self.spelled)

    def finish(self) -> str:
        """Text that was still held back, when the answer ends without a stop string.

        The beginning of a character whose rest was cut off by the token limit is left out: half of it is no text.
        """
        text, self._held = self._held, ""
        return "" if self.stopped else text

    def _release(self, text: str) -> str:
        if self.stopped:
            return ""
        text = self._held + text
        found = [at for at in (text.find(stop) for stop in self._stop) if at >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = max((_overlap(text, stop) for stop in self._stop), default=0)
        cut = len(text) - keep
        self._held = text[cut:]
        return text[:cut]


def byte_name(piece: bytes) -> str:
    """How bytes are shown that are no text alone: `<0xE6><0x97>`."""
    return "".join(f"<0x{byte:02X}>" for byte in piece)


def raw_of(piece: bytes, text: str) -> str:
    """The bytes of a token in hexadecimal, "" where they are those of the text that it shows."""
    return "" if piece == text.encode() else piece.hex()


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that is a beginning of `stop` (but not all of it)."""
    for size in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:size]):
            return size
    return 0
