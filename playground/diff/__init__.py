"""Differences: between two texts (words.py) and between two versions of a prompt (prompts.py)."""

from playground.diff.prompts import FieldChange, TurnDiff, diff_fields, diff_turns
from playground.diff.words import Changes, Piece, count_changes, describe, diff_words

__all__ = [
    "Changes",
    "FieldChange",
    "Piece",
    "TurnDiff",
    "count_changes",
    "describe",
    "diff_fields",
    "diff_turns",
    "diff_words",
]
