"""What an answer may say next: what followed the last time that it, or its prompt, said the same three tokens. Runs in the child.

    guesses.after([5, 6, 7, 8, 9, 5, 6, 7], most=2) → [8, 9]

Where one row may not be computed alone, a second one has to go with it (`rules.py`). A row of a guess keeps it company as well as
any other, and when the guess comes true the next token is there already, with the very bits that it would have had.
"""

from __future__ import annotations

_ALIKE = 3
"""Tokens: after two that were said before, what follows is seldom the same, and a guess costs its logits."""


class Guesses:
    """Those of one text that only grows."""

    def __init__(self) -> None:
        self._followed: dict[tuple[int, ...], int] = {}  # by what, where
        self._known = _ALIKE

    def after(self, tokens: list[int], most: int) -> list[int]:
        """At most so many; none where these three are new. Tokens may stand as their complements (`prefix_tree.py`)."""
        if most < 1 or len(tokens) < _ALIKE:
            return []
        for at in range(self._known, len(tokens)):
            self._followed[_plain(tokens[at - _ALIKE : at])] = at
        self._known = len(tokens)
        at = self._followed.get(_plain(tokens[-_ALIKE:]), len(tokens))
        return list(_plain(tokens[at : at + most]))


def _plain(tokens: list[int]) -> tuple[int, ...]:
    return tuple(max(token, ~token) for token in tokens)
