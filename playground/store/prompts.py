"""Saved prompts and their versions: each function works inside the caller's transaction.

A version never changes. The prompt's name is always the name inside its newest version, so that a rename is a
version too, and what is exported under a hash carries the name of that day.
"""

from __future__ import annotations

import unicodedata

from sqlmodel import Session, col, select

from playground.errors import NotFoundError, PromptError
from playground.store.content import content_hash, fold, keep_content, load_content, matches, searchable
from playground.store.records import PromptSummary, SavedVersion, VersionSummary
from playground.store.tables import PromptRow, Version, now
from playground.types import Prompt

NAME_CHARS = 200


def clean_name(name: str) -> str:
    """The name without outer blanks. Raises PromptError for one that is empty, too long or not printable.

    Slashes, dots and any script are welcome: a name is data and never becomes a path here.
    """
    name = name.strip()
    if not name:
        raise PromptError("The prompt has no name.", "Give it one to save it.")
    if len(name) > NAME_CHARS:
        raise PromptError(f"The name has {len(name)} characters.", f"Use at most {NAME_CHARS}.")
    # Cc: control characters with NUL and line ends; Cs: half surrogate pairs; Zl, Zp: line separators.
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in name):
        raise PromptError("The name contains a control character or a line break.", "Remove it.")
    return name


def save_version(
    session: Session, prompt: Prompt, message: str, prompt_id: str | None, forked_from: str, author: str
) -> SavedVersion:
    """Store the prompt as a new prompt or as the next version of one; unchanged content adds nothing."""
    prompt = prompt.model_copy(update={"name": clean_name(prompt.name)})
    row = PromptRow(name="", name_key=None, forked_from=forked_from, origin="fork" if forked_from else "mine")
    if prompt_id is not None:
        row = _living(session, prompt_id)
        latest = _version(session, row.id, row.latest)
        if latest.content_hash == content_hash(prompt):
            return _saved(row, latest, prompt)
    key = fold(prompt.name)
    if key != row.name_key:
        _refuse_taken(session, key, prompt.name)
    row.name, row.name_key, row.latest, row.updated_at = prompt.name, key, row.latest + 1, now()
    row.search_text = searchable(
        [prompt.name, prompt.description, *prompt.tags, *(t.template for t in prompt.turns)]
    )
    session.add(row)
    session.flush()  # the version's foreign keys need both rows
    version = Version(
        prompt_id=row.id,
        number=row.latest,
        content_hash=keep_content(session, prompt),
        message=message.strip(),
        author=author.strip(),
    )
    session.add(version)
    return _saved(row, version, prompt)


def _refuse_taken(session: Session, key: str, name: str) -> None:
    if session.exec(select(PromptRow.id).where(PromptRow.name_key == key)).first() is not None:
        raise PromptError(
            f'There is already a prompt named "{name}".',
            "Choose another name, or open that prompt and save a new version of it.",
        )


def restore(session: Session, prompt_id: str, number: int) -> SavedVersion:
    """Save the content of an old version again as the newest one, under the prompt's name of today."""
    row = _living(session, prompt_id)
    old = _version(session, row.id, number)
    prompt = load_content(session, [old.content_hash])[old.content_hash]
    return save_version(
        session, prompt.model_copy(update={"name": row.name}), f"Restored version {number}", row.id, "", ""
    )


def rename(session: Session, prompt_id: str, name: str) -> SavedVersion:
    """Give the prompt another name, as a new version."""
    row = _living(session, prompt_id)
    latest = _version(session, row.id, row.latest)
    prompt = load_content(session, [latest.content_hash])[latest.content_hash]
    return save_version(
        session, prompt.model_copy(update={"name": name}), f'Renamed from "{row.name}"', row.id, "", ""
    )


def delete(session: Session, prompt_id: str) -> None:
    """Take the prompt off the list and free its name; runs keep pointing to its versions."""
    row = _living(session, prompt_id)
    row.deleted_at, row.name_key = now(), None
    session.add(row)


def prompts(session: Session, search: str, limit: int, offset: int) -> list[PromptSummary]:
    """Prompts that are not deleted and contain all words of the search, last changed first."""
    statement = (
        select(PromptRow)
        .where(col(PromptRow.deleted_at).is_(None), *matches(PromptRow.search_text, search))
        .order_by(col(PromptRow.updated_at).desc(), col(PromptRow.id))
        .limit(limit)
        .offset(offset)
    )
    return [
        PromptSummary(
            id=row.id,
            name=row.name,
            origin=row.origin,
            forked_from=row.forked_from,
            latest=row.latest,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in session.exec(statement)
    ]


def versions(session: Session, prompt_id: str) -> list[VersionSummary]:
    """All versions of a prompt, a deleted one too, newest first."""
    row = _prompt(session, prompt_id)
    statement = select(Version).where(Version.prompt_id == row.id).order_by(col(Version.number).desc())
    return [
        VersionSummary(
            id=version.id,
            prompt_id=version.prompt_id,
            number=version.number,
            content_hash=version.content_hash,
            message=version.message,
            author=version.author,
            created_at=version.created_at,
        )
        for version in session.exec(statement)
    ]


def version(session: Session, prompt_id: str, number: int | None) -> SavedVersion:
    """One version of a prompt, a deleted one too; the newest without a number."""
    row = _prompt(session, prompt_id)
    return load_saved(session, _version(session, row.id, row.latest if number is None else number))


def find_version(session: Session, key: str) -> SavedVersion | None:
    """The newest version with this content, among prompts that are not deleted."""
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
    return _saved(_prompt(session, row.prompt_id), row, prompt)


def _saved(row: PromptRow, version: Version, prompt: Prompt) -> SavedVersion:
    return SavedVersion(
        id=version.id,
        prompt_id=row.id,
        number=version.number,
        content_hash=version.content_hash,
        message=version.message,
        author=version.author,
        created_at=version.created_at,
        name=row.name,
        origin=row.origin,
        forked_from=row.forked_from,
        prompt=prompt,
    )


def _prompt(session: Session, prompt_id: str, *, lock: bool = False) -> PromptRow:
    row = session.get(PromptRow, fold(prompt_id), with_for_update=lock or None)
    if row is None:
        raise NotFoundError(
            "There is no such prompt.", "It may be in another data folder; look in the Library."
        )
    return row


def _living(session: Session, prompt_id: str) -> PromptRow:
    """The prompt, locked for a change. Raises NotFoundError for a deleted one too."""
    row = _prompt(session, prompt_id, lock=True)
    if row.deleted_at is not None:
        raise NotFoundError(f'The prompt "{row.name}" was deleted.', "Save it as a new prompt.")
    return row


def _version(session: Session, prompt_id: str, number: int) -> Version:
    statement = select(Version).where(Version.prompt_id == prompt_id)
    found = None
    if 1 <= number < 2**31:  # what an integer column holds
        found = session.exec(statement.where(Version.number == number)).first()
    if found is None:
        raise NotFoundError(f"The prompt has no version {number}.", "Choose one from its list of versions.")
    return found
