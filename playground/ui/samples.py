"""A column with several samples: its pages, what they come to together, and the drawer with all of them.

    {"count": 3, "marks": [{"repeat": 0, "kind": "pass", "icon": "check", "say": "sample 1 passes all checks"}, …],
     "words": "2 of 3 pass all checks", "equal": "2 different answers: 1 = 3"}

The page draws that under the column's head; cells of such a column travel under "column/repeat".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from markupsafe import Markup

from playground.answers.wording import pass_all_words, pass_words
from playground.runs.samples import Answers, answers, block_start, is_good, sample_number, samples_of, share
from playground.scorers import passed
from playground.store.records import StoredCell, StoredRun
from playground.types.grid import Variant
from playground.ui.actions import Action, Ask
from playground.ui.html import count, icon, join, percent, plural, seconds
from playground.ui.update import ColumnPart, Mark, Strip, Update
from playground.workbench.runs import find_cell
from playground.workbench.service import Workbench

UNFINISHED = ("pending", "running")

_KINDS = {
    "pending": ("ring", "waits"),
    "running": ("dot", "is being written"),
    "pass": ("check", "passes all checks"),
    "fail": ("cross", "fails a check"),
    "done": ("dash", "has no check that applies"),
    "cancelled": ("stop", "was stopped"),
    "error": ("warn", "failed"),
    "interrupted": ("clock", "was interrupted"),
}


def cell_name(run: StoredRun, cell: StoredCell) -> str:
    """How an update calls a cell: "2", or "2/5" in a column with several samples."""
    return name_of(run.spec.variants[cell.column], cell.column, cell.repeat)


def name_of(column: Variant, number: int, repeat: int) -> str:
    """The same for a repeat of that column."""
    return f"{number}/{repeat}" if column.samples > 1 else str(number)


def strips(run: StoredRun, *, is_here: bool) -> dict[str, ColumnPart]:
    """What stands above the samples of each column that has several, by the column's number.

    With `is_here` this program runs what is not finished.
    """
    found: dict[str, ColumnPart] = {}
    for number, column in enumerate(run.spec.variants):
        cells = samples_of(run, number)
        if column.samples > 1 and cells:
            strip_of = strip(
                column, block_start(column, cells[0].repeat), {cell.repeat: cell for cell in cells}
            )
            strip_of["open"] = strip_of["open"] and is_here
            found[str(number)] = {"samples": strip_of}
    return found


def strip(column: Variant, start: int, cells: Mapping[int, StoredCell], running: Sequence[int] = ()) -> Strip:
    """What stands under the head of a column: a mark for each repeat from `start`, and two phrases.

    `cells` are those that are known; of the others those in `running` are being written.
    """
    repeats = range(start, start + column.samples)
    kinds = [_kind(cells.get(repeat), repeat in running) for repeat in repeats]
    marks: list[Mark] = [
        {
            "repeat": repeat,
            "kind": kind,
            "icon": _KINDS[kind][0],
            "say": f"sample {sample_number(column, repeat)} {_KINDS[kind][1]}",
        }
        for repeat, kind in zip(repeats, kinds, strict=True)
    ]
    ended = [
        cells[repeat] for repeat in repeats if repeat in cells and cells[repeat].status not in UNFINISHED
    ]
    is_over = len(ended) == column.samples
    words = [] if is_over else [f"{len(ended)} of {column.samples} done"]
    if phrase := share_words(ended, whole=is_over):
        words.append(phrase)
    equal = equal_words(answers(ended, column)) if is_over else ""
    return {
        "count": column.samples,
        "marks": marks,
        "words": ", ".join(words),
        "equal": equal,
        "open": not is_over,
    }


def _kind(cell: StoredCell | None, running: bool) -> str:
    if cell is None or cell.status == "pending":
        return "running" if running else "pending"
    if cell.status != "done":
        return cell.status
    good = is_good(cell)
    return "done" if good is None else "pass" if good else "fail"


def share_words(cells: Sequence[StoredCell], *, whole: bool) -> str:
    """Such as "6 of 8 pass all checks"; of all answers what was not judged is said too."""
    held = share(cells)
    if not held.judged:
        return plural(len(cells), "answer") if whole else ""
    words = pass_all_words(held.passing, held.judged)
    rest = len(cells) - held.judged
    return f"{words}, {rest} not judged" if whole and rest else words


def equal_words(found: Answers) -> str:
    """Such as "3 different answers: 1 = 4 = 7"."""
    several = [" = ".join(map(str, group.numbers)) for group in found.groups if len(group.numbers) > 1]
    if not found.groups:
        return ""
    if len(found.groups) == 1:
        return "all answers equal" if several else ""
    if not several:
        return "all answers different"
    return f"{len(found.groups)} different answers: {', '.join(several)}"


# --- the drawer -------------------------------------------------------------------------------------------


async def samples(workbench: Workbench, ask: Ask) -> Update:
    """All samples of a column: the share of each check, which answers are equal, and their readings."""
    run = await workbench.runs.get(ask.run_id())
    number = find_cell(run, ask.integer("column")).column
    column, cells = run.spec.variants[number], samples_of(run, number)
    ended = [cell for cell in cells if cell.status not in UNFINISHED]
    body = join((_share(ended), _equal(column, ended), _table(column, ended)))
    return {"drawer": {"title": f"Samples of column {number + 1}", "body": body}}


def _share(cells: Sequence[StoredCell]) -> Markup:
    held = share(cells)
    title = Markup("<h3>{}</h3>").format(share_words(cells, whole=True) or "No answer yet")
    if not held.checks:
        return title + Markup('<p class="hint">No checks. Add them in the editor.</p>')
    rows = join(
        Markup(
            '<tr><td><span class="{}">{}</span> {}</td><td class="num">{}</td><td class="num">{}</td></tr>'
        ).format(
            "ok" if check.passing == check.applying else "bad" if not check.passing else "soft",
            icon("check" if check.passing == check.applying else "cross" if not check.passing else "half"),
            check.name,
            f"{check.passing} of {check.applying}" if check.applying else "does not apply",
            percent(check.passing, check.applying) if check.applying else "–",
        )
        for check in held.checks
    )
    head = Markup(
        '<tr><th>Check</th><th class="num" style="width:120px">Hold it</th><th class="num" style="width:80px">Share</th></tr>'
    )
    return title + Markup('<table class="table">{}{}</table>').format(head, rows)


def _equal(column: Variant, cells: Sequence[StoredCell]) -> Markup:
    found = answers(cells, column)
    if not found.groups:
        return Markup("")
    places = {sample_number(column, cell.repeat): cell for cell in cells}
    rows = join(
        Markup(
            '<tr><td class="num" style="text-align:left">{}</td><td class="mono"><span class="one">{}</span></td>'
            '<td class="num">{}</td></tr>'
        ).format(
            " = ".join(map(str, group.numbers)),
            " ".join(group.text.split())[:200] or "(empty)",
            _show(places[group.numbers[0]], "Show"),
        )
        for group in found.groups
    )
    notes = join(
        Markup('<p class="hint">{} and {} differ in {} only.</p>').format(a, b, what)
        for a, b, what in found.nearly
    )
    title = equal_words(found) or "One answer"
    head = Markup('<tr><th style="width:30%">Samples</th><th>Answer</th><th style="width:76px"></th></tr>')
    return Markup('<h3>{}</h3><table class="table">{}{}</table>{}').format(
        title[0].upper() + title[1:], head, rows, notes
    )


def _show(cell: StoredCell, label: str) -> Markup:
    return Markup(
        '<button class="bare" data-act="sample" data-column="{}" data-repeat="{}">{}</button>'
    ).format(cell.column, cell.repeat, label)


def _table(column: Variant, cells: Sequence[StoredCell]) -> Markup:
    """A row for each sample with its seed and readings; sum and mean below, with the word for it."""
    if not cells:
        return Markup("")
    rows = join(
        Markup(
            '<tr><td>{}</td><td><span class="{}">{}</span> {}</td>'
            '<td class="num">{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>'
        ).format(
            _show(cell, str(sample_number(column, cell.repeat))),
            {"pass": "ok", "fail": "bad", "error": "bad"}.get(kind := _kind(cell, False), "soft"),
            icon(_KINDS[kind][0]),
            _checks(cell) if cell.status == "done" else _KINDS[kind][1].removeprefix("was "),
            cell.sampling.seed,
            count(cell.completion.completion_tokens if cell.completion else None),
            seconds(cell.completion.first_token_s if cell.completion else None),
            seconds(cell.completion.total_s if cell.completion else None),
        )
        for cell in cells
    )
    head = Markup(
        '<tr><th style="width:76px">Sample</th><th>Checks</th><th class="num" style="width:110px">Seed</th>'
        '<th class="num" style="width:90px">Tokens out</th><th class="num" style="width:90px">First token</th>'
        '<th class="num" style="width:76px">Time</th></tr>'
    )
    return Markup(
        '<h3>Each of them</h3><div class="scroll-x" tabindex="0" role="group" aria-label="Samples"><table class="table">{}{}{}</table></div>'
    ).format(head, rows, join(_totals(cells)))


def _checks(cell: StoredCell) -> str:
    applied = [score for score in cell.scores if score.value is not None]
    return pass_words(sum(map(bool, map(passed, applied))), len(applied)) if applied else "none applies"


def _totals(cells: Sequence[StoredCell]) -> list[Markup]:
    done = [cell.completion for cell in cells if cell.completion]
    tokens = [c.completion_tokens for c in done if c.completion_tokens is not None]
    firsts = [c.first_token_s for c in done if c.first_token_s is not None]
    times = [c.total_s for c in done]
    row = Markup(
        '<tr class="sum"><td colspan="3"><b>{}</b></td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>'
    )
    # The samples run beside each other: their times, added up, would be nobody's waiting time.
    return [
        row.format("Sum", count(sum(tokens)) if tokens else "–", "", ""),
        row.format(
            "Mean",
            count(round(fmean(tokens))) if tokens else "–",
            seconds(fmean(firsts) if firsts else None),
            seconds(fmean(times) if times else None),
        ),
    ]


ACTIONS: dict[str, Action] = {"samples": samples}
