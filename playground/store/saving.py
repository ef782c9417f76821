"""Everything that adds a version: saving one prompt or thousands, restoring, renaming, promoting a variant.

    save_many(session, [SaveItem(prompt), SaveItem(changed, prompt_id="3f0c…")])  →  [SavedVersion, SavedVersion]

One path for all, with a number of queries that does not grow with the items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from sqlmodel import Session, col

from playground.errors import NotFoundError, PromptError, VersionMoved
from playground.store.columns import now
from playground.store.content import content_hash, fold, keep_contents, load_content, portions, searchable
from playground.store.naming import clean_label, clean_name
from playground.store.prompts import living_row, living_rows, newest_of_lines, to_saved, version_row
from playground.store.records import SavedVersion, SaveItem
from playground.store.tables import PromptRow, PromptTag, Version
from playground.types.prompt import Prompt

Lines = dict[tuple[str, str], Version]
"""The newest version by prompt and variant."""


def save_many(
    session: Session, items: Sequence[SaveItem], report: Callable[[int, int], None] | None = None
) -> list[SavedVersion]:
    """Store each item as a new prompt or as the next version of a line of one, in order.

    Content equal to the newest of its line adds nothing and gives that version. Names are compared as they are
    after all items, so that two prompts may swap theirs. Raises PromptError (VersionMoved too) and NotFoundError; the transaction of
    the caller then takes everything back. `report` is told how many of how many are ready.
    """
    rows = living_rows(session, [item.prompt_id for item in items if item.prompt_id is not None])
    lines = newest_of_lines(session, list(rows))
    numbers = Counter({row_id: 0 for row_id in rows})
    for newest in lines.values():
        numbers[newest.prompt_id] = max(numbers[newest.prompt_id], newest.number)
    moment = now()
    saved: list[tuple[PromptRow, Version, Prompt]] = []
    added: list[Version] = []
    contents: dict[str, Prompt] = {}
    heads: dict[str, tuple[PromptRow, Prompt]] = {}  # what is the newest main content now
    for number, item in enumerate(items):
        if report is not None:
            report(number, len(items))
        row = rows[fold(item.prompt_id)] if item.prompt_id is not None else None
        variant = _variant(item, row, lines)
        name = row.name if row and variant else clean_name(item.prompt.name)
        prompt = item.prompt.model_copy(update={"name": name})
        key = content_hash(prompt)
        if row is None:
            row = PromptRow(name=name, name_key=None, content_hash=key, created_at=moment)
            row.forked_from = item.forked_from
            row.origin = item.origin or ("fork" if item.forked_from else "mine")
        line = lines.get((row.id, variant))
        if line is not None and line.content_hash == key:
            saved.append((row, line, prompt))
            continue
        if line is not None and item.known is not None and line.number > item.known:
            raise VersionMoved(line.number)
        numbers[row.id] += 1
        version = Version(
            prompt_id=row.id,
            number=numbers[row.id],
            content_hash=key,
            message=item.message.strip(),
            author=item.author.strip(),
            created_at=moment,
            variant=variant,
        )
        if not variant:
            row.name, row.latest, row.content_hash = name, version.number, key
            heads[row.id] = row, prompt
        row.updated_at = moment
        lines[row.id, variant] = version
        contents.setdefault(key, prompt)
        added.append(version)
        saved.append((row, version, prompt))
    keep_contents(session, contents)
    _settle_names(session, [row for row, _ in heads.values()])
    session.add_all(row for row, _ in heads.values())
    _index(session, heads)
    session.add_all(added)
    session.flush()
    return [to_saved(*each) for each in saved]


def _variant(item: SaveItem, row: PromptRow | None, lines: Lines) -> str:
    """The line that the item goes to, "" for the main one."""
    if not item.variant:
        return ""
    if row is None:
        raise PromptError("A variant belongs to a saved prompt.", "Save the prompt first, then its variant.")
    return clean_label(item.variant, [name for of, name in lines if of == row.id and name], what="variant")


def _settle_names(session: Session, rows: Sequence[PromptRow]) -> None:
    """Give each prompt the key of its name. Raises PromptError when two prompts would have the same."""
    renamed = [row for row in rows if row.name_key != fold(row.name)]
    for row in renamed:
        row.name_key = None
    session.flush()  # names that are given up are free for the others
    taken: set[str | None] = set()
    for portion in portions([fold(row.name) for row in renamed]):
        found = session.execute(
            sa.select(col(PromptRow.name_key)).where(col(PromptRow.name_key).in_(portion))
        )
        taken.update(found.scalars())
    for row in renamed:
        key = fold(row.name)
        if key in taken:
            raise PromptError(
                f'There is already a prompt named "{row.name}".',
                "Choose another name, or open that prompt and save a new version of it.",
            )
        taken.add(key)
        row.name_key = key


def _index(session: Session, heads: Mapping[str, tuple[PromptRow, Prompt]]) -> None:
    """Write what lists show and search: description, family, tags and the folded text."""
    tags = []
    for row, prompt in heads.values():
        row.description, row.family = prompt.description, prompt.family
        told = (prompt.name, prompt.description, prompt.name_zh, prompt.description_zh)
        row.search_text = searchable([*told, *prompt.tags, *(turn.template for turn in prompt.turns)])
        for position, tag in enumerate(dict.fromkeys(prompt.tags)):
            tags.append({"prompt_id": row.id, "position": position, "tag": tag})
    session.flush()  # the rows of tags and versions point to those of prompts
    for portion in portions(list(heads)):
        session.execute(sa.delete(PromptTag).where(col(PromptTag.prompt_id).in_(portion)))
    if tags:
        session.execute(sa.insert(PromptTag), tags)


def save_version(session: Session, item: SaveItem) -> SavedVersion:
    """Store one prompt by the rules of `save_many`."""
    return save_many(session, [item])[0]


def restore(session: Session, prompt_id: str, number: int, author: str) -> SavedVersion:
    """Save the content of an old version again as the newest main one, under the prompt's name of today."""
    row = living_row(session, prompt_id)
    return _again(session, row, version_row(session, row.id, number), f"Restored version {number}", author)


def promote(session: Session, prompt_id: str, variant: str, author: str) -> SavedVersion:
    """Save the newest content of a variant as the next main version."""
    row = living_row(session, prompt_id)
    lines = {fold(name): line for (_, name), line in newest_of_lines(session, [row.id]).items() if name}
    line = lines.get(fold(variant.strip()))
    if line is None:
        names = ", ".join(sorted(line.variant for line in lines.values()))
        raise NotFoundError(
            f'The prompt "{row.name}" has no variant "{variant}".',
            f"Its variants are: {names}." if names else "Save one first.",
        )
    return _again(session, row, line, f'Promoted variant "{line.variant}"', author)


def rename(session: Session, prompt_id: str, name: str, author: str) -> SavedVersion:
    """Give the prompt another name, as a new main version."""
    row = living_row(session, prompt_id)
    newest = version_row(session, row.id, row.latest)
    return _again(session, row, newest, f'Renamed from "{row.name}"', author, name=name)


def _again(
    session: Session, row: PromptRow, version: Version, message: str, author: str, name: str | None = None
) -> SavedVersion:
    prompt = load_content(session, [version.content_hash])[version.content_hash]
    prompt = prompt.model_copy(update={"name": row.name if name is None else name})
    return save_version(session, SaveItem(prompt, row.id, message, author))
