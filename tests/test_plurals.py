"""Numbers agree with their words: no text that people read puts a plural behind whatever number comes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from playground.plurals import plural

PACKAGE = Path(__file__).parent.parent / "playground"
WORDS = "cases|rows|cells|answers|calls|variants|checks|repeats|ratings|labels"
_BEHIND = re.compile(
    rf"^ (?:empty |more |further |different |rated |paired )?(?:{WORDS})\b(?!/s| with | at | in another )"
)
_IN_TEMPLATE = re.compile(rf"\{{[^{{}}]*\}} (?:{WORDS})\b")
NEVER_ONE = {
    "cli/doctor.py": "the name of a model, which answers",
    "cli/running.py": "different answers are several",
    "workbench/experiment_more.py": "some of the rows, never of one",
    "workbench/experiment_plan.py": "more than the most",
    "workbench/experiment_going.py": "one in a row has words of its own",
    "answers/wording.py": "the number one has a sentence of its own",
    "datasets/facts.py": "of one row its number is said",
    "formats/promptfoo_csv.py": "some of the rows, never of one",
    "formats/promptfoo_table.py": "a cell without a column comes after one that has one",
    "runs/prepared.py": "some of the calls, never of one",
    "stats/estimates.py": "what a programmer reads",
    "stats/corrected.py": "what a programmer reads",
    "stats/paired.py": "what a programmer reads",
    "stats/sentences.py": "one repeat is not said",
    "tables/json_rows.py": "more than the most",
    "tables/parquet.py": "more than the most",
    "types/experiment.py": "more than the most",
    "ui/dataset_halves.py": "some of the rows, never of one",
    "ui/dataset_sheet.py": "more than the most",
    "ui/experiment_rule.py": "one check has words of its own",
    "ui/experiment_strip.py": "one case has words of its own",
    "ui/samples.py": "different answers are several",
    "verdicts/table.py": "what a programmer reads",
}
"""Where a number with a plural behind it is never one, with the reason."""


def test_a_number_has_its_word() -> None:
    assert [plural(n, "case") for n in (0, 1, 2, 1200)] == ["0 cases", "1 case", "2 cases", "1,200 cases"]
    assert [plural(n, "entry", "entries") for n in (1, 2)] == ["1 entry", "2 entries"]


def _is_limit(node: ast.expr) -> bool:
    """Whether it is a constant of the program, which is known to be more than one, or more than a comparison lets by."""
    return (
        isinstance(node, ast.Name | ast.Attribute)
        and (node.id if isinstance(node, ast.Name) else node.attr).isupper()
    )


def _loose(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of each number with a plural behind it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for value, behind in zip(node.values, node.values[1:], strict=False):
                if not isinstance(value, ast.FormattedValue) or not isinstance(behind, ast.Constant):
                    continue
                if _BEHIND.match(str(behind.value)) and not _is_limit(value.value):
                    yield node.lineno, f"{{{ast.unparse(value.value)}}}{str(behind.value)[:30]}"
        elif isinstance(node, ast.Constant) and (found := _IN_TEMPLATE.search(str(node.value))):
            yield node.lineno, found[0]


def test_no_plural_stands_behind_a_number_that_may_be_one() -> None:
    found: dict[str, list[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        name = file.relative_to(PACKAGE).as_posix()
        if not name.startswith("translation/") and (loose := [*_loose(ast.parse(file.read_text()))]):
            found[name] = [f"line {line}: {text}" for line, text in loose]
    assert {name: lines for name, lines in found.items() if name not in NEVER_ONE} == {}, (
        "say it with plural()"
    )
    assert not NEVER_ONE.keys() - found.keys(), "these are exceptions no more"
