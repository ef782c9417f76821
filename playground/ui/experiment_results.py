"""What comes in while an experiment runs: failures grouped by reason, the last answers, one cell in the drawer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.answers.wording import pass_words
from playground.scorers import passed
from playground.store.records import StoredCell
from playground.types.grid import CellKey
from playground.types.trace import CACHED
from playground.ui import panels
from playground.ui.html import button, clock, count, icon, join, plural, seconds, stamp

if TYPE_CHECKING:
    from playground.types.experiment import Experiment
    from playground.types.outcomes import FailureGroup, Unscored

SHOWN_PLACES = 4
SHOWN_CHARS = 200
MOST_GROUPS = 50


def place(names: Sequence[str], key: CellKey, repeats: int) -> str:
    """What a cell is called: "D 41", with several repeats "D 41.2"."""
    return f"{names[key.variant]} {key.case + 1}{f'.{key.repeat + 1}' if repeats > 1 else ''}"


def failures(
    experiment_id: str, experiment: Experiment, names: Sequence[str], groups: Sequence[FailureGroup]
) -> Markup:
    """The groups with the cells that they met, each with a way to run them again."""
    cells = sum(len(group.keys) for group in groups)
    if not cells:
        return Markup(
            '<div class="exp-pane-head"><h3>Failures</h3></div><p class="empty">None. A failed call is tried {} before it counts.</p>'
        ).format(plural(experiment.limits.tries, "time"))
    rows = join(_group(experiment_id, experiment, names, group) for group in groups[:MOST_GROUPS])
    return Markup(
        '<div class="exp-pane-head"><h3>Failures</h3><span class="hint">{} in {}, each tried {}</span><span class="grow"></span>{}</div>'
        '<table class="table exp-failures"><thead><tr><th>Reason</th><th class="num">Cells</th><th>Where</th><th class="num">Last</th><th></th></tr></thead><tbody>{}</tbody></table>'
        '<p class="hint below">A failed cell is not a failed check: it counts in no score until it has an answer. Cells that stay failed are named in the verdict.</p>'
    ).format(
        f"{cells:,}",
        plural(len(groups), "group"),
        plural(experiment.limits.tries, "time"),
        button(f"Run {cells:,} again", "experiment_again", symbol="redo", kind="small", id=experiment_id),
        rows,
    )


def _group(experiment_id: str, experiment: Experiment, names: Sequence[str], group: FailureGroup) -> Markup:
    places = [place(names, key, experiment.repeats) for key in group.keys]
    more = len(places) - SHOWN_PLACES
    # By itself, for what stands before it are codes: those are never translated.
    rest = Markup(' <span class="hint">and {:,} more</span>').format(more) if more > 0 else ""
    where = Markup('<span class="mono">{}</span>{}').format(", ".join(places[:SHOWN_PLACES]), rest)
    return Markup(
        '<tr><td><span class="reason">{}<span><b>{}</b><span class="hint">{}</span></span></span></td><td class="num">{:,}</td>'
        '<td class="where">{}</td><td class="num soft">{}</td><td class="num">{}</td></tr>'
    ).format(
        icon("warn", "bad"),
        group.reason,
        group.hint,
        len(places),
        where,
        stamp(group.last_at) if group.last_at else "",
        button(
            f"Run {len(places):,}",
            "experiment_again",
            kind="quiet small link",
            id=experiment_id,
            reason=group.reason,
        ),
    )


def unscored(found: Sequence[Unscored]) -> Markup:
    """Answers that a check gave no score, with the reason; nothing where every answer has its scores."""
    if not found:
        return Markup("")
    rows = join(
        Markup('<tr><td translate="no">{}</td><td>{}</td><td class="num">{:,}</td></tr>').format(*each)
        for each in found
    )
    return Markup(
        '<div class="exp-pane-head"><h3>Without a score</h3><span class="hint">the commonest reasons first</span></div>'
        '<table class="table exp-unscored"><thead><tr><th>Check</th><th>Why</th><th class="num">Answers</th></tr></thead><tbody>{}</tbody></table>'
        '<p class="hint below">A check that does not apply is no failure: such an answer counts in what its other checks say, and in nothing '
        "where it has none.</p>"
    ).format(rows)


def last_answers(
    experiment_id: str, experiment: Experiment, names: Sequence[str], cells: Sequence[StoredCell], tokens: str
) -> Markup:
    """The newest answers, each opens."""
    rows = join(_answer(experiment_id, experiment, names, cell) for cell in cells)
    body = (
        Markup(
            '<table class="table exp-last"><thead><tr><th class="num time">Time</th><th class="cell">Cell</th><th>Answer</th><th class="ended">Checks</th><th class="num tok">Tokens</th><th class="num took">Time taken</th></tr></thead><tbody>{}</tbody></table>'
        ).format(rows)
        if cells
        else Markup('<p class="empty">The first answers are on their way.</p>')
    )
    return Markup(
        '<div class="exp-pane-head"><h3>Last answers</h3><span class="hint">newest first</span><span class="grow"></span><span class="hint num">{}</span></div>{}'
    ).format(tokens, body)


def _answer(experiment_id: str, experiment: Experiment, names: Sequence[str], cell: StoredCell) -> Markup:
    name = place(names, cell.key, experiment.repeats)
    done = cell.completion
    text = (cell.answer.final or (done.text if done else "") or cell.error)[:SHOWN_CHARS].replace("\n", " ")
    return Markup(
        '<tr data-act="experiment_cell" data-id="{}" data-case="{}" data-variant="{}" data-repeat="{}" tabindex="0" aria-label="Open {}">'
        '<td class="num time soft">{}</td><td class="mono cell">{}</td><td class="mono"><span class="one">{}</span></td><td class="ended"><span class="one">{}</span></td>'
        '<td class="num tok">{}</td><td class="num took">{}</td></tr>'
    ).format(
        experiment_id,
        cell.key.case,
        cell.key.variant,
        cell.key.repeat,
        name,
        clock(cell.finished_at) if cell.finished_at else "",
        name,
        text,
        checks_words(cell),
        count(cell.answer.completion_tokens),
        _took(cell),
    )


def cache_words(cell: StoredCell) -> str:
    """That an answer was given before and is served again: "from the cache", "2 of 5 calls from the cache", else ""."""
    told = next((value for name, value in cell.answer.facts if name == CACHED), None)
    if told is None:
        return ""
    return f"{told} from the cache" if told else "from the cache"


def _took(cell: StoredCell) -> Markup | str:
    """How long an answer took; one from the cache took that long when it was given."""
    if words := cache_words(cell):
        return Markup('<span class="soft" title="{}">cache</span>').format(
            f"{words}: given in {seconds(cell.answer.total_s)} before"
        )
    return seconds(cell.answer.total_s)


def checks_words(cell: StoredCell) -> Markup:
    """How the checks of a cell ended: how many hold, or the first that does not."""
    if cell.error:
        return Markup('<span class="bad">{} failed</span>').format(icon("warn"))
    judged = [score for score in cell.scores if passed(score) is not None]
    broken = [score for score in judged if not passed(score)]
    if not judged:
        return Markup('<span class="soft">{} not judged</span>').format(icon("dash"))
    if broken:
        told = f"{broken[0].name}: {broken[0].explanation}"
        return Markup('<span class="bad" title="{}">{} {}</span>').format(told, icon("cross"), broken[0].name)
    return Markup('<span class="ok">{} {}</span>').format(icon("check"), pass_words(len(judged), len(judged)))


def whole_cell(cell: StoredCell, given: Mapping[str, object]) -> Markup:
    """One answer with what its checks say, the values it was asked with, and what was sent."""
    done, state = cell.completion, panels.state(cell)
    problem = (
        Markup('<div class="alert">{}<div><b>{}</b>{}</div></div>').format(
            icon("warn"), cell.error, cell.hint
        )
        if cell.error
        else ""
    )
    checks = join(panels.check_row(score) for score in cell.scores)
    values = join(
        Markup('<dt class="mono">{}</dt><dd class="mono">{}</dd>').format(name, value)
        for name, value in given.items()
    )
    sent = join(
        Markup('<h3>{}</h3><pre class="out">{}</pre>').format(message.role.capitalize(), message.content)
        for message in cell.messages
    )
    return Markup(
        '<p class="hint"><span class="mono">{}</span>, {}{}</p>{}<div class="checks">{}</div>{}<pre class="out" tabindex="0">{}</pre>'
        '<h3>Values</h3><dl class="facts">{}</dl><details><summary>What was sent</summary>{}</details>'
    ).format(
        cell.model,
        state["text"],
        Markup(", <b>{}</b>").format(words) if (words := cache_words(cell)) else "",
        problem,
        checks,
        panels.reasoning(cell),
        (done.text if done else "") or "No answer.",
        values,
        sent,
    )
