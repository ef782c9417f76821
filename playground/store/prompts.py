"""Saved prompts and their versions, read: each function works inside the caller's transaction.

A version never changes. The prompt's name is always the name inside its newest main version, so that a rename is
a version too, and what is exported under a hash carries the name of that day.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.errors import NotFoundError
from playground.store.content import fold, load_content, portions
from playground.store.naming import NEWEST, clean_label
from playground.store.records import SavedVersion, VersionSummary
from playground.store.tables import Label, PromptRow, Version
from playground.types.prompt import Prompt


def versions(session: Session, prompt_id: str) -> list[VersionSummary]:
    """All versions of a prompt, one in the bin too, newest first."""
    row = prompt_row(session, prompt_id)
    statement = select(Version).where(Version.prompt_id == row.id).order_by(col(Version.number).desc())
    return [_summary(version) for version in session.exec(statement)]


def variants(session: Session, prompt_id: str) -> list[VersionSummary]:
    """The newest version of each named variant, by name."""
    row = prompt_row(session, prompt_id)
    newest = newest_of_lines(session, [row.id]).values()
    return [_summary(version) for version in sorted(newest, key=lambda v: v.variant) if version.variant]


def newest_of_lines(session: Session, prompt_ids: Sequence[str]) -> dict[tuple[str, str], Version]:
    """The newest version by prompt and variant, the main line ("") included."""
    found: dict[tuple[str, str], Version] = {}
    for portion in portions(prompt_ids):
        newest = (
            sa.select(sa.func.max(Version.number).label("number"), col(Version.prompt_id).label("prompt_id"))
            .where(col(Version.prompt_id).in_(portion))
            .group_by(col(Version.prompt_id), col(Version.variant))
            .subquery()
        )
        same = (col(Version.prompt_id) == newest.c.prompt_id) & (col(Version.number) == newest.c.number)
        for version in session.exec(select(Version).join(newest, same)):
            found[version.prompt_id, version.variant] = version
    return found


def version(session: Session, prompt_id: str, number: int | None) -> SavedVersion:
    """One version of a prompt, one in the bin too; the newest of the main line without a number."""
    row = prompt_row(session, prompt_id)
    return load_saved(session, version_row(session, row.id, row.latest if number is None else number))


def find_row(session: Session, name: str) -> PromptRow | None:
    """The prompt of this name, letter case aside; not one in the bin."""
    return session.exec(select(PromptRow).where(PromptRow.name_key == fold(name.strip()))).first()


def version_named(session: Session, name: str, at: str) -> SavedVersion:
    """A version by the prompt's name and a number or label; the newest of the main line for "" and "latest"."""
    row = find_row(session, name)
    if row is None:
        raise NotFoundError(f'There is no prompt named "{name}".', "Look in the Library for its name.")
    at = at.strip()
    if not at or fold(at) == NEWEST:
        return version(session, row.id, None)
    if at.isdecimal():
        # Python refuses to read a number of thousands of digits.
        return version(session, row.id, int(at) if len(at) < 10 else 0)
    standing = labels_of(session, row.id)
    for label, number in standing.items():
        if fold(label) == fold(at):
            return version(session, row.id, number)
    there = f"Its labels are: {', '.join(standing)}." if standing else "It has no labels."
    newest = f"Its newest version is {row.latest}."
    raise NotFoundError(f'The prompt "{row.name}" has no label "{at}".', f"{there} {newest}")


def version_called(session: Session, spelled: str) -> SavedVersion:
    """What "Name", "Name@3" or "Name@label" means; a prompt that has all of it as its name comes first."""
    title, pinned, at = spelled.rpartition("@")
    if pinned and find_row(session, spelled) is None:
        return version_named(session, title, at)
    return version_named(session, spelled, "")


def labels_of(session: Session, prompt_id: str) -> dict[str, int]:
    """The numbers of the versions that a prompt's labels stand on, by label in order."""
    row = prompt_row(session, prompt_id)
    statement = select(Label).where(Label.prompt_id == row.id).order_by(col(Label.name))
    return {label.name: label.number for label in session.exec(statement)}


def set_label(session: Session, prompt_id: str, name: str, number: int | None) -> None:
    """Let the label stand on this version alone; None takes it away."""
    row = living_row(session, prompt_id)
    name = clean_label(name, labels_of(session, row.id))
    session.execute(sa.delete(Label).where(col(Label.prompt_id) == row.id, col(Label.name) == name))
    if number is not None:
        session.add(Label(prompt_id=row.id, name=name, number=version_row(session, row.id, number).number))


def find_version(session: Session, key: str) -> SavedVersion | None:
    """The newest version with this content, among prompts that are not in the bin."""
    statement = (
        select(Version)
        .join(PromptRow, col(PromptRow.id) == Version.prompt_id)
        .where(col(PromptRow.deleted_at).is_(None), Version.content_hash == fold(key))
        .order_by(col(Version.created_at).desc(), col(Version.number).desc())
    )
    found = session.exec(statement).first()
    return load_saved(session, found) if found else None


def load_saved(session: Session, row: Version) -> SavedVersion:
    """The version with its content and its prompt's name."""
    prompt = load_content(session, [row.content_hash])[row.content_hash]
    return to_saved(prompt_row(session, row.prompt_id), row, prompt)


def to_saved(row: PromptRow, version: Version, prompt: Prompt) -> SavedVersion:
    """The value of these rows."""
    return SavedVersion(
        id=version.id,
        prompt_id=row.id,
        number=version.number,
        content_hash=version.content_hash,
        message=version.message,
        author=version.author,
        created_at=version.created_at,
        variant=version.variant,
        name=row.name,
        origin=row.origin,
        forked_from=row.forked_from,
        prompt=prompt,
    )


def _summary(version: Version) -> VersionSummary:
    return VersionSummary(
        id=version.id,
        prompt_id=version.prompt_id,
        number=version.number,
        content_hash=version.content_hash,
        message=version.message,
        author=version.author,
        created_at=version.created_at,
        variant=version.variant,
    )


def prompt_row(session: Session, prompt_id: str) -> PromptRow:
    """The prompt, one in the bin too. Raises NotFoundError."""
    row = session.get(PromptRow, fold(prompt_id))
    if row is None:
        raise _no_prompt()
    return row


def living_row(session: Session, prompt_id: str) -> PromptRow:
    """The prompt, locked for a change. Raises NotFoundError for one in the bin too."""
    return living_rows(session, [prompt_id])[fold(prompt_id)]


def living_rows(session: Session, prompt_ids: Sequence[str]) -> dict[str, PromptRow]:
    """The prompts by id, locked for a change. Raises NotFoundError when one is not there or in the bin."""
    wanted = sorted(
        {fold(prompt_id) for prompt_id in prompt_ids}
    )  # one order, so that two writers cannot deadlock
    found: dict[str, PromptRow] = {}
    for portion in portions(wanted):
        statement = select(PromptRow).where(col(PromptRow.id).in_(portion)).order_by(col(PromptRow.id))
        found.update((row.id, row) for row in session.exec(statement.with_for_update()))
    for prompt_id in wanted:
        if prompt_id not in found:
            raise _no_prompt()
        if found[prompt_id].deleted_at is not None:
            raise NotFoundError(
                f'The prompt "{found[prompt_id].name}" was deleted.',
                "Take it out of the bin, or save it as a new prompt.",
            )
    return found


def _no_prompt() -> NotFoundError:
    return NotFoundError("There is no such prompt.", "It may be in another data folder; look in the Library.")


def version_row(session: Session, prompt_id: str, number: int) -> Version:
    """One version of a prompt. Raises NotFoundError that tells which there are."""
    statement = select(Version).where(Version.prompt_id == prompt_id)
    found = None
    if 1 <= number < 2**31:  # what an integer column holds
        found = session.exec(statement.where(Version.number == number)).first()
    if found is None:
        last = session.exec(select(sa.func.max(Version.number)).where(Version.prompt_id == prompt_id)).one()
        raise NotFoundError(f"The prompt has no version {number}.", f"Choose one from 1 to {last}.")
    return found
