"""A table on its way into a data set: what was found, what each column becomes, which records have a problem.

    reading = read_table("late_parcels_june.csv", data, variables=("message", "order_no"))
    reading.preview().problems[0]   →  Problem("fields", (73,), "4 fields instead of 6", refused=True)
    list(reading.rows())            →  [Row({"message": …}), …]

Nothing is stored here. A record that cannot be taken is refused; one that can, but not as it is written, is stored as
told: the two are counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from playground.errors import PromptError
from playground.tables.base import MOST_ROWS, Choices, Finding, Found, Record, Source
from playground.tables.kinds import Scan, Told, convert, decimal_hint, kind_of
from playground.tables.preview import Preview, PreviewRow, ReadColumn, Tally
from playground.tables.registry import open_table
from playground.tables.spreadsheet import inert
from playground.types.dataset import Column, ColumnRole, Half, Row, value_problem

EXPECTED = (
    "expected", "answer", "expected_output", "expected_answer", "label", "target", "gold", "reference",
    "期望", "期望答案", "预期", "预期答案", "标准答案", "参考答案", "正确答案", "答案", "标签", "标注",
)  # fmt: skip
"""Names under which the expected answer usually stands, the likeliest first."""
CLUSTERS = (
    "cluster", "group", "group_id", "conversation", "conversation_id", "session", "session_id", "聚类", "分组", "会话",
)  # fmt: skip
TAGS = ("tag", "tags", "标记")
SPLITS = ("split", "half", "划分", "数据划分")
"""Names of a column that gives each row its half."""
_HELD_OUT = ("held-out", "held out", "held_out", "test", "留出", "留出集", "测试", "测试集")
HALVES: dict[str, Half] = {"": "", "train": "train", "训练": "train", "训练集": "train"}
HALVES.update({name: "held-out" for name in _HELD_OUT})
MADE_BY = "made_by"
_DECIMALS = (("", "None in it"), (".", "Point"), (",", "Comma"))


class Reading:
    """A table that was opened, its columns told; made by `read_table`."""

    def __init__(
        self,
        file: str,
        size_bytes: int,
        source: Source,
        choices: Choices,
        variables: Sequence[str],
        into: Sequence[Column],
        known: Mapping[str, int],
    ) -> None:
        self.file = file
        self._size_bytes = size_bytes
        self._source = source
        self._choices = choices
        self._variables = tuple(variables)
        self._into = {column.name: column for column in into}
        self._known = known
        self._scans = [Scan() for _ in source.names]
        self._decimal = "."
        self._decimal_found = None if source.is_typed else self._find_decimal()
        self._look_over()
        self._half = self._place_of(SPLITS, lambda seen: seen <= HALVES.keys())
        self._made_by = self._place_of((MADE_BY,), lambda _: True)
        self.columns = self._columns()

    @property
    def as_columns(self) -> tuple[Column, ...]:
        """The columns that are stored."""
        return tuple(
            Column(name=column.becomes, kind=column.kind, role=column.role)
            for column in self.columns
            if column.becomes
        )

    def rows(self, tally: Tally | None = None) -> Iterator[Row]:
        """The rows to store, in the order of the file; counted in `tally`."""
        for _, row in self._parsed(tally or Tally()):
            if row is not None:
                yield row

    def preview(self, start: int = 0, count: int = 50, *, only_problems: bool = False) -> Preview:
        """What is found, with some of the rows; reads the whole file."""
        tally = Tally()
        rows: list[PreviewRow] = []
        shown = 0
        for record, row in self._parsed(tally):
            if only_problems and not record.findings:
                continue
            if start <= shown < start + count:
                raw = "" if row is not None else " | ".join(map(str, record.cells))[:500]
                rows.append(PreviewRow(record.line, row.values if row else {}, record.findings, raw))
            shown += 1
        for note in self._source.notes:
            tally.note(1, note)
        taken = {column.becomes for column in self.columns}
        found = (*self._source.found, *([self._decimal_found] if self._decimal_found else []))
        order = sorted(tally.problems.values(), key=lambda each: (not each.refused, each.lines[0]))
        return Preview(
            file=self.file,
            size_bytes=self._size_bytes,
            format=self._source.format,
            unit=self._source.unit,
            found=found,
            columns=self.columns,
            records=tally.records,
            stored=tally.stored,
            refused=tally.refused,
            told=tally.told,
            problems=tuple(order),
            rows=tuple(rows),
            shown=shown,
            without_column=tuple(name for name in self._variables if name not in taken),
        )

    # --- columns ----------------------------------------------------------------------------------------

    def _find_decimal(self) -> Found:
        """The decimal sign of the file's numbers, from those that leave no doubt."""
        hints = {",": 0, ".": 0}
        examples: dict[str, str] = {}
        for record in self._source.records():
            for cell in record.cells if not _refused(record) else ():
                if (hint := decimal_hint(cell.strip())) and cell:
                    hints[hint] += 1
                    examples.setdefault(hint, cell.strip())
        sign = self._choices.decimal or ("," if hints[","] > hints["."] else "." if hints["."] else "")
        self._decimal = sign or "."
        evidence = "no number has one"
        if self._choices.decimal:
            evidence = "chosen"
        elif sign:
            number, _ = convert(examples[sign], "number", sign)
            other = "." if sign == "," else ","
            evidence = f"{examples[sign]} is read as {number}"
            if hints[other]:
                evidence += f"; {hints[other]:,} have the other sign, such as {examples[other]}"
        sure = bool(self._choices.decimal) or not (hints[","] and hints["."])
        return Found("decimal", sign, dict(_DECIMALS)[sign], evidence, sure, _DECIMALS[1:])

    def _look_over(self) -> None:
        decimal = "" if self._source.is_typed else self._decimal
        for record in self._source.records():
            if not _refused(record):
                for scan, cell in zip(self._scans, record.cells, strict=False):
                    scan.see(cell, decimal, self._source.has_json_texts)

    def _place_of(self, names: Sequence[str], fits: Callable[[set[str]], bool]) -> int | None:
        """The column of one of these names that says something of each row, unless a person said what it becomes."""
        for place, name in enumerate(self._source.names):
            seen = {value.strip().casefold() for value in self._scans[place].distinct}
            if (
                folded(name) in names
                and name not in self._choices.names
                and name not in self._into
                and fits(seen)
            ):
                return place
        return None

    def _columns(self) -> tuple[ReadColumn, ...]:
        becomes = self._targets()
        guessed = next((name for name in EXPECTED for target in becomes if folded(target[0]) == name), "")
        whys = self._source.whys or [""] * len(self._scans)
        taken, found = set[str](), []
        for name, scan, (target, why, sure), remark in zip(
            self._source.names, self._scans, becomes, whys, strict=True
        ):
            told = self._kind(name, target, scan)
            role, said = self._role(name, target, guessed)
            if target in taken:
                raise PromptError(f'Two columns become "{target[:60]}".', "Let each become another one.")
            if target:
                taken.add(target)
            reasons = [each for each in (said, why, told.why if target else "", remark) if each]
            found.append(
                ReadColumn(
                    name,
                    target,
                    told.kind,
                    role if target else "",
                    scan.filled,
                    scan.missing,
                    len(scan.distinct),
                    scan.first,
                    "; ".join(reasons),
                    sure and (told.sure or not target) and not said.startswith("guessed"),
                )
            )
        if not taken:
            raise PromptError(f"{self.file}: every column is left out.", "Import one at least.")
        return tuple(found)

    def _targets(self) -> list[tuple[str, str, bool]]:
        """For each column what it becomes, why, and whether that is certain."""
        wanted = [*self._variables, *(name for name in self._into if name not in self._variables)]
        names = self._source.names
        exact = {name for name in names if name in wanted}
        by_folded = {folded(name): name for name in reversed(wanted) if name not in exact}
        taken = set(exact)
        targets = []
        for place, name in enumerate(names):
            if name in self._choices.names:
                targets.append((self._choices.names[name].strip(), "", True))
                continue
            if place in (self._half, self._made_by):
                words = (
                    "says of each row which half it is in"
                    if place == self._half
                    else "says which model made a row"
                )
                targets.append(("", words, True))
                continue
            if not self._scans[place].filled and name == f"column {place + 1}":
                targets.append(("", "left out: it has neither a name nor a value", True))
                continue
            what = "variable" if name in self._variables else "column of the data set"
            near = by_folded.get(folded(name), "")
            if name in exact:
                targets.append((name, f"{what}, same name", True))
            elif near and near not in taken:
                taken.add(near)
                what = "variable" if near in self._variables else "column of the data set"
                targets.append((near, f"{what}, guessed from the name", False))
            else:
                targets.append((name, "column only" if self._variables else "", True))
        return targets

    def _kind(self, name: str, target: str, scan: Scan) -> Told:
        if name in self._choices.kinds:
            return Told(self._choices.kinds[name])
        if target in self._into:
            return Told(self._into[target].kind)
        return kind_of(scan)

    def _role(self, name: str, target: str, guessed: str) -> tuple[ColumnRole, str]:
        """What the column is for, and why when that was guessed."""
        if name in self._choices.roles:
            return self._choices.roles[name], ""
        if target in self._into:
            return self._into[target].role, ""
        if any(column.role == "expected" for column in self._into.values()) and folded(target) in EXPECTED:
            return "", ""
        if target in self._variables:
            return "input", ""
        if guessed and folded(target) == guessed:
            return "expected", "" if guessed == "expected" else "guessed from the name: the expected answer"
        if folded(target) in CLUSTERS:
            return "cluster", "guessed from the name: rows of one group"
        if folded(target) in TAGS:
            return "tag", ""
        return "", ""

    # --- records ----------------------------------------------------------------------------------------

    def _parsed(self, tally: Tally) -> Iterator[tuple[Record, Row | None]]:
        """Every record with its row, None when it is refused; the record carries all findings."""
        plan = [
            (place, column, Column(name=column.becomes, kind=column.kind, role=column.role))
            for place, column in enumerate(self.columns)
            if column.becomes
        ]
        seen: dict[str, int] = {}
        for record in self._source.records():
            tally.records += 1
            if tally.records > MOST_ROWS:
                raise PromptError(f"{self.file} has more than {MOST_ROWS:,} records.", "Split it.")
            findings = list(record.findings)
            row = None
            if not _refused(record):
                half, made_by = self._marks(record)
                row = Row(self._values(record, plan, findings), half, made_by)
                if not row.values:
                    findings.append(Finding("empty", "no value in it", "", True))
                elif (number := self._known.get(row.id)) and not self._choices.keep_equal:
                    words = f"equal to row {number} of the data set"
                    findings.append(Finding("equal", words, "Stored again, it would count twice.", True))
                elif row.id in seen:
                    findings.append(
                        Finding(
                            "equal",
                            f"equal to {self._source.unit} {seen[row.id]}",
                            "Stored, and counts twice.",
                        )
                    )
                else:
                    seen[row.id] = record.line
            record.findings = tuple(findings)
            for finding in findings:
                tally.note(record.line, finding)
            if row is None or _refused(record):
                tally.refused += 1
                yield record, None
            else:
                tally.stored += 1
                tally.told += bool(findings)
                yield record, row

    def _marks(self, record: Record) -> tuple[Half, str]:
        def text(place: int | None) -> str:
            cell = record.cells[place] if place is not None else None
            return "" if cell is None else str(cell).strip()

        return HALVES[text(self._half).casefold()], text(self._made_by)[:200]

    def _values(
        self, record: Record, plan: Sequence[tuple[int, ReadColumn, Column]], findings: list[Finding]
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for place, _column, target in plan:
            cell = record.cells[place] if place < len(record.cells) else None
            is_quoted = False
            if (
                not self._source.is_typed
                and isinstance(cell, str)
                and cell[:1] == "'"
                and inert(cell[1:]) == cell
            ):
                cell, is_quoted = cell[1:], True
                words = "without the quote that keeps a spreadsheet from running it"
                findings.append(Finding("quoted", f"{target.name}: read {words}", column=target.name))
            value, problem = convert(cell, target.kind, self._decimal)
            if problem:
                findings.append(
                    Finding("kind", f"{target.name}: {problem}", "Stored as missing.", column=target.name)
                )
            if value is None:
                if target.role == "expected" and not problem:
                    then = "Checks that need it do not apply to these rows."
                    findings.append(Finding("expected", f"{target.name} is empty", then, column=target.name))
                continue
            if trouble := value_problem(target, value):
                findings.append(Finding("nul", f"{target.name} {trouble}", "Correct it.", True, target.name))
            if not is_quoted and isinstance(value, str) and value[:1] in "=+-@\t\r" and inert(value) != value:
                words = (
                    f"{target.name} begins with {value[0]!r}"
                    if value[0] in "\t\r"
                    else f"{target.name} begins with {value[0]}"
                )
                findings.append(
                    Finding(
                        "formula",
                        words,
                        "Kept as text, and quoted in every export to a spreadsheet.",
                        column=target.name,
                    )
                )
            values[target.name] = value
        return values


def read_table(
    file: str,
    data: bytes,
    choices: Choices | None = None,
    *,
    variables: Sequence[str] = (),
    into: Sequence[Column] = (),
    known: Mapping[str, int] | None = None,
) -> Reading:
    """A table opened and its columns told; raises PromptError.

    `variables` are those of a prompt; `into` are the columns of the data set that the rows are added to, and `known`
    the ids of its rows with their numbers.
    """
    wanted = choices or Choices()
    source = open_table(file, data, wanted)
    return Reading(file, len(data), source, wanted, variables, into, known or {})


def folded(name: str) -> str:
    """A name as two people might both write it: "Order No" and order_no are one."""
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


def _refused(record: Record) -> bool:
    return any(found.refused for found in record.findings)
