"""What a list tells of a run beside its figures: what changed since the run before, its best answer, where words were found.

"The run before" is the newest earlier one of the same prompt: of the same text or name among the runs just before it,
else the one just before when its text is alike, else the last one with exactly this prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from playground.diff.changes import Change, run_changes
from playground.scorers.similarity import similarity
from playground.store.content import fold, load_content, portions
from playground.store.records import Found
from playground.store.tables import IS_THERE, CellText, Run, RunCase, Step
from playground.types.prompt import Prompt, Sampling, TechniqueChoice
from playground.types.setups import ColumnSetup, Setup

NEAR = 12
"""So many runs before one are looked at for one of the same prompt."""
ALIKE = 0.6
"""Two texts are of one prompt when they are so similar, in 0..1."""
LINE_CHARS = 300
READ_CHARS = 4_000
AROUND = 70
"""Characters of a text on both sides of a word that was found in it."""


class _Row(NamedTuple):
    id: str
    title: str
    content_hash: str


def setups(session: Session, run_ids: Iterable[str]) -> dict[str, Setup]:
    """What these runs were made with, by their ids."""
    ids = list(dict.fromkeys(run_ids))
    rows: dict[str, Any] = {}
    cases: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for portion in portions(ids):
        forms = sa.select(col(Run.id), col(Run.comparison)).where(col(Run.id).in_(portion), IS_THERE)
        rows |= {run_id: form for run_id, form in session.execute(forms)}
        first = sa.select(col(RunCase.run_id), col(RunCase.input_values), col(RunCase.images)).where(
            col(RunCase.run_id).in_(portion), col(RunCase.number) == 0
        )
        cases |= {row[0]: row for row in session.execute(first)}
        highest = (
            sa.select(col(RunCase.run_id), sa.func.max(col(RunCase.number)) + 1)
            .where(col(RunCase.run_id).in_(portion))
            .group_by(col(RunCase.run_id))
        )
        counts |= {run_id: count for run_id, count in session.execute(highest)}
    hashes = {key for form in rows.values() for key in _hashes(form)}
    prompts = load_content(session, sorted(hashes))
    return {
        run_id: _setup(rows[run_id], cases.get(run_id), counts.get(run_id, 1), prompts)
        for run_id in ids
        if run_id in rows
    }


def _hashes(form: Mapping[str, Any]) -> set[str]:
    return {form["prompt"], *(column["prompt"] for column in form["columns"] if column.get("prompt"))}


def _setup(form: Mapping[str, Any], case: Any, cases: int, prompts: Mapping[str, Prompt]) -> Setup:
    columns = tuple(
        ColumnSetup(
            model=column["model"],
            sampling=Sampling.model_validate(column.get("sampling") or {}),
            prompt=prompts.get(column.get("prompt") or ""),
            samples=column.get("samples", 1),
            thinking=column.get("thinking", False),
            technique=TechniqueChoice.model_validate(told) if (told := column.get("technique")) else None,
        )
        for column in form["columns"]
    )
    values, images = (case[1], tuple(case[2] or ())) if case is not None else ({}, ())
    names = tuple(str(image) for image in images)
    return Setup(prompts[form["prompt"]], values, columns, names, form.get("same_text", ""), cases)


def changes_since(
    session: Session, runs: Sequence[tuple[str, Any, str, str]]
) -> tuple[dict[str, tuple[Change, ...] | None], dict[str, Setup]]:
    """For each run (id, time, title, hash of its prompt) what changed since the run before, None without one.

    The setups of these runs come along.
    """
    near = _near(session, [(run_id, created) for run_id, created, _, _ in runs])
    before: dict[str, str | None] = {}
    for run_id, created, title, key in runs:
        same = next((row.id for row in near[run_id] if row.content_hash == key or row.title == title), None)
        before[run_id] = same or _same_prompt(session, run_id, created, key)
    last = {run_id: rows[0].id for run_id, rows in near.items() if rows}
    wanted = [*before, *(x for x in before.values() if x), *last.values()]
    known = setups(session, wanted)
    found: dict[str, tuple[Change, ...] | None] = {}
    for run_id in before:
        mine, just_before = known[run_id], known.get(last.get(run_id, ""))
        earlier = known.get(before[run_id] or "")
        if just_before is not None and last[run_id] != before[run_id] and _are_alike(just_before, mine):
            earlier = just_before
        found[run_id] = None if earlier is None else tuple(run_changes(earlier, mine))
    return found, known


def _near(session: Session, runs: Sequence[tuple[str, Any]]) -> dict[str, list[_Row]]:
    """The runs just before each of these, the newest first: one query for those that follow each other in time."""
    newest = max((created for _, created in runs), default=None)
    if newest is None:
        return {}
    rows = _before(session, newest, None, len(runs) + NEAR + 1)
    places = {row.id: number for number, row in enumerate(rows)}
    found = {}
    for run_id, created in runs:
        at = places.get(run_id)
        is_whole = at is not None and (at + NEAR < len(rows) or len(rows) <= len(runs) + NEAR)
        if at is not None and is_whole:
            found[run_id] = rows[at + 1 : at + 1 + NEAR]
        else:
            found[run_id] = _before(session, created, run_id, NEAR)
    return found


def _before(session: Session, created: Any, run_id: str | None, limit: int) -> list[_Row]:
    """Runs up to that time, the newest first; with an id those before that run."""
    asked = sa.select(col(Run.id), col(Run.title), col(Run.content_hash)).where(
        col(Run.created_at) <= created, IS_THERE
    )
    if run_id is not None:
        asked = asked.where(sa.tuple_(col(Run.created_at), col(Run.id)) < sa.tuple_(created, run_id))
    newest = asked.order_by(col(Run.created_at).desc(), col(Run.id).desc()).limit(limit)
    return [_Row(*row) for row in session.execute(newest)]


def _same_prompt(session: Session, run_id: str, created: Any, key: str) -> str | None:
    """The last run before with exactly this prompt, however long ago."""
    asked = (
        sa.select(col(Run.id))
        .where(col(Run.content_hash) == key, col(Run.created_at) < created, col(Run.id) != run_id, IS_THERE)
        .order_by(col(Run.created_at).desc())
        .limit(1)
    )
    return session.execute(asked).scalars().first()


def _are_alike(a: Setup, b: Setup) -> bool:
    texts = ["\n".join(turn.template for turn in setup.prompt.turns) for setup in (a, b)]
    return similarity(*texts) >= ALIKE


# --- answers --------------------------------------------------------------------------------------------------


def texts_of(session: Session, cell_ids: Iterable[int]) -> dict[int, str]:
    """How the answers of these cells begin, by cell."""
    found: dict[int, str] = {}
    for portion in portions(sorted(set(cell_ids))):
        begins = sa.func.substr(col(Step.text), 1, READ_CHARS, type_=sa.Text)
        asked = sa.select(col(Step.cell_id), begins).where(col(Step.cell_id).in_(portion))
        found |= {
            cell_id: text
            for cell_id, text in session.execute(asked.order_by(col(Step.cell_id), col(Step.number)))
        }
    return found


def first_line(text: str) -> str:
    """The first line that holds something."""
    return next((line.strip()[:LINE_CHARS] for line in text.splitlines() if line.strip()), "")


def found_in(
    session: Session, words: Sequence[str], shown: Mapping[str, str], known: Mapping[str, Setup]
) -> dict[str, Found]:
    """Where the words of a search stand in these runs, when what is `shown` of a run does not hold one of them."""
    hidden = {run_id: [word for word in words if word not in fold(text)] for run_id, text in shown.items()}
    hidden = {run_id: missing for run_id, missing in hidden.items() if missing}
    found: dict[str, Found] = {}
    for run_id, missing in hidden.items():
        places = _places(known[run_id]) if run_id in known else ()
        place = next(((name, text) for name, text in places if missing[0] in fold(text)), None)
        if place is not None:
            found[run_id] = Found(place[0], around(place[1], missing[0]))
    rest = [run_id for run_id in hidden if run_id not in found]
    for portion in portions(rest):
        any_word = sa.or_(
            *(
                sa.and_(
                    col(CellText.run_id) == run_id,
                    col(CellText.text).contains(hidden[run_id][0], autoescape=True),
                )
                for run_id in portion
            )
        )
        asked = sa.select(col(CellText.run_id), col(CellText.cell_id)).where(any_word)
        cells = {run_id: cell_id for run_id, cell_id in session.execute(asked)}
        texts = texts_of(session, cells.values())
        for run_id, cell_id in cells.items():
            found[run_id] = Found("an answer", around(texts.get(cell_id, ""), hidden[run_id][0]))
    return found


def _places(setup: Setup) -> list[tuple[str, str]]:
    """The texts a run was made with, each with its name."""
    places = [(name, value if isinstance(value, str) else str(value)) for name, value in setup.values.items()]
    places += [(f"{turn.role} turn", turn.template) for turn in setup.prompt.turns]
    for number, column in enumerate(setup.columns):
        turns = column.prompt.turns if column.prompt else ()
        places += [(f"{turn.role} turn of column {number + 1}", turn.template) for turn in turns]
    return places


def around(text: str, word: str) -> str:
    """The part of a text around a word, on one line; where folding moved the word, how the text begins."""
    at = max(0, text.lower().find(word))
    start, end = max(0, at - AROUND), at + len(word) + AROUND
    cut = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''}"
