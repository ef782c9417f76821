"""Which rows are looked at: a line of words and comparisons as a person types it.

    read_filter('days_late:>5 channel:=email -refund', columns)
    →  (Term("days_late", ">", "5"), Term("channel", "=", "email"), Term("", "has", "refund", negated=True))

A word is looked for in every value, `column:word` in one of them, `column:=value` is the whole of it and `column:` an
empty one; numbers are compared by > >= < <=; `row:47,112` names rows, `is:generated` those that a model wrote. A minus
turns a part round. What has spaces stands in quotes. Upper and lower case are the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from playground.datasets.cell import cell_text, is_empty
from playground.types.dataset import Column, Row

Op = Literal["has", "=", "!=", ">", ">=", "<", "<=", "empty", "rows", "generated"]

_PART = re.compile(
    r'(?P<minus>-?)(?:(?P<column>"(?:[^"]|"")+"|[^\s":]+):)?(?P<sign>>=|<=|!=|>|<|=)?(?P<text>"(?:[^"]|"")*"|\S*)'
)
_NUMBERS = re.compile(r"\d{1,12}(?:,\d{1,12})*")
_WORDS: dict[str, str] = {
    "has": "with",
    "=": "equal to",
    "!=": "other than",
    ">": "over",
    ">=": "of at least",
    "<": "under",
    "<=": "of at most",
}


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a row must have or, `negated`, must not; no `column` is any. `value` is folded, see `folded`."""

    column: str
    op: Op
    value: str = ""
    negated: bool = False

    @property
    def number(self) -> float | None:
        """The bound of a comparison; None for one that is no number, which no value is over or under."""
        return number_of(self.value)

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows that are named, by their numbers."""
        return tuple(int(number) for number in self.value.split(",")) if self.op == "rows" else ()

    @property
    def words(self) -> str:
        """What a row has to have, such as "days_late over 5"."""
        turned = "not " if self.negated else ""
        if self.op == "rows":
            return f"{turned}the number {self.value.replace(',', ', ')}"
        if self.op == "generated":
            return f"{turned}been generated"
        if self.op == "empty":
            return f"{self.column} {'filled' if self.negated else 'empty'}"
        if not self.column:
            return f"{'no ' if self.negated else ''}“{self.value}”"
        shown = self.value if self.op in (">", ">=", "<", "<=") else f"“{self.value}”"
        return f"{self.column} {turned}{_WORDS[self.op]} {shown}"

    def matches(self, row: Row) -> bool:
        """Whether the row has it, or, negated, has it not."""
        return self._has(row) != self.negated

    def _has(self, row: Row) -> bool:
        if self.op == "rows":
            return row.number in self.rows
        if self.op == "generated":
            return bool(row.made_by)
        if not self.column:
            return any(self.value in folded(value) for value in row.values.values())
        value = row.values.get(self.column)
        if self.op == "empty":
            return is_empty(value)
        if self.op == "has":
            return self.value in folded(value)
        if self.op in ("=", "!="):
            return equals(value, self.value) == (self.op == "=")
        number, bound = number_of(value), self.number
        return number is not None and bound is not None and _compare(number, self.op, bound)


def read_filter(text: str, columns: Sequence[Column]) -> tuple[Term, ...]:
    """What a line asks for; what looks like a column but is none is a word to look for."""
    names = {column.name.casefold(): column.name for column in columns}
    terms = [_term(found, names) for found in _PART.finditer(text.strip())]
    return tuple(term for term in terms if term is not None)


def _term(found: re.Match[str], names: Mapping[str, str]) -> Term | None:
    negated, sign, value = bool(found["minus"]), found["sign"] or "", folded(_bare(found["text"]))
    asked = _bare(found["column"] or "").casefold()
    column = names.get(asked, "")
    if not column and asked == "row" and not sign and _NUMBERS.fullmatch(value):
        return Term("", "rows", value, negated)
    if not column and asked == "is" and value == "generated":
        return Term("", "generated", "", negated)
    if not column:
        # A word, with the sign or colon that it was written with.
        word = folded(_bare(found.group().removeprefix(found["minus"])))
        return Term("", "has", word, negated) if word else None
    if not value and sign not in (">", ">=", "<", "<="):
        return Term(column, "empty", "", negated != (sign == "!="))
    ops: dict[str, Op] = {"": "has", "=": "=", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
    return Term(column, ops[sign], value, negated)


def matches(row: Row, terms: Sequence[Term]) -> bool:
    """Whether the row has all of it."""
    return all(term.matches(row) for term in terms)


def words(terms: Sequence[Term]) -> str:
    """What is asked for, as a sentence names it."""
    return " and ".join(term.words for term in terms)


def to_text(terms: Sequence[Term]) -> str:
    """The line that `read_filter` reads as these terms."""
    return " ".join(f"{'-' if term.negated else ''}{_written(term)}" for term in terms)


def filter_by(column: str, value: Any) -> str:
    """The line for the rows that have this value in this column."""
    if is_empty(value):
        return to_text([Term(column, "empty")])
    return to_text([Term(column, "=", cell_text(value))])


def _written(term: Term) -> str:
    if term.op == "rows":
        return f"row:{term.value}"
    if term.op == "generated":
        return "is:generated"
    if not term.column:
        return _quoted(term.value, r'[\s":<>=!-]')
    sign = "" if term.op in ("has", "empty") else term.op
    value = _quoted(term.value, r'[\s"<>=!]') if term.value else ""
    return _quoted(term.column, r'[\s":]') + f":{sign}{value}"


def _quoted(text: str, special: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search(special, text) else text


def _bare(text: str) -> str:
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == '"' == text[-1] else text


# --- values ---------------------------------------------------------------------------------------------


def folded(value: Any) -> str:
    """A value as the text that is searched."""
    return cell_text(value).casefold()


def number_of(value: Any) -> float | None:
    """The value as a number, a text that reads as one too; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def equals(value: Any, text: str) -> bool:
    """Whether a value is this folded text; a number also when it is written another way, such as 5.0 for 5."""
    if folded(value) == text:
        return True
    return (
        not isinstance(value, str) and (number := number_of(value)) is not None and number == number_of(text)
    )


def _compare(number: float, op: str, bound: float) -> bool:
    return {
        ">": number > bound,
        ">=": number >= bound,
        "<": number < bound,
        "<=": number <= bound,
    }[op]
