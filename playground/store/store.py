"""The store: every method is one transaction, opened and closed inside, safe to call from any thread.

    store = open_store(settings)
    run_id = store.create_run(comparison, cells, title="Tone of a refund mail", version_id=None)
    store.save_cell(run_id, 0, 0, status="done", completion=completion, messages=messages)

A method returns what was committed or raises StoreError with nothing changed; asyncio callers go through
`asyncio.to_thread`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlmodel import Session

from playground.settings import Settings
from playground.store import history, prompts, reopen, runs
from playground.store.database import Place, connect, in_plain_words, locate, prepare_file
from playground.store.records import (
    DatabaseFacts,
    HistoryPage,
    NewCell,
    PromptSummary,
    SavedVersion,
    StoredRun,
    VersionSummary,
)
from playground.store.schema import bring_up_to_date, database_facts
from playground.types import CellStatus, Choice, Comparison, Completion, Message, Prompt, Score


def open_store(settings: Settings) -> Store:
    """The store of these settings, created or upgraded as needed.

    Raises ReadOnlyData when folder or file may not be written (the caller may offer another folder), and
    StoreError for a file that is no database, is damaged, or is newer than this program.
    """
    place = locate(settings)
    if place.path is not None:
        prepare_file(place.path)
    bring_up_to_date(place)
    return Store(settings, place, connect(place))


class Store:
    """Prompts, runs and votes that are kept. Made by `open_store`."""

    def __init__(self, settings: Settings, place: Place, engine: sa.Engine) -> None:
        self._settings = settings
        self._place = place
        self._engine = engine
        self._writer = engine.execution_options(write=True)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with in_plain_words(self._place), Session(self._engine) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with (
            in_plain_words(self._place),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    def facts(self) -> DatabaseFacts:
        """Path, size, revision and row counts."""
        return database_facts(self._settings)

    # --- prompts ----------------------------------------------------------------------------------------

    def save_version(
        self,
        prompt: Prompt,
        *,
        message: str,
        prompt_id: str | None = None,
        forked_from: str = "",
        author: str = "",
    ) -> SavedVersion:
        """Save under `prompt.name`: a new prompt without `prompt_id`, else its next version (or a rename).

        Content equal to the newest version adds none and returns that one. Raises PromptError for a name that
        is taken (letter case does not count), empty, longer than 200 characters or not printable.
        """
        with self._writing() as session:
            return prompts.save_version(session, prompt, message, prompt_id, forked_from, author)

    def prompts(self, search: str = "", limit: int = 200, offset: int = 0) -> list[PromptSummary]:
        """Saved prompts whose name, description, tags or turns contain every word, last changed first."""
        with self._reading() as session:
            return prompts.prompts(session, search, limit, offset)

    def versions(self, prompt_id: str) -> list[VersionSummary]:
        """The versions of a prompt, newest first. Raises NotFoundError."""
        with self._reading() as session:
            return prompts.versions(session, prompt_id)

    def version(self, prompt_id: str, number: int | None = None) -> SavedVersion:
        """One version, the newest without a number. Raises NotFoundError."""
        with self._reading() as session:
            return prompts.version(session, prompt_id, number)

    def find_version(self, content_hash: str) -> SavedVersion | None:
        """The newest saved version with exactly this content, or None."""
        with self._reading() as session:
            return prompts.find_version(session, content_hash)

    def restore(self, prompt_id: str, number: int) -> SavedVersion:
        """Save the content of version `number` again as the newest one. Raises NotFoundError."""
        with self._writing() as session:
            return prompts.restore(session, prompt_id, number)

    def rename(self, prompt_id: str, name: str) -> SavedVersion:
        """Give the prompt another name, recorded as a version. Raises PromptError, NotFoundError."""
        with self._writing() as session:
            return prompts.rename(session, prompt_id, name)

    def delete_prompt(self, prompt_id: str) -> None:
        """Take the prompt off the list and free its name; its versions stay readable by id."""
        with self._writing() as session:
            prompts.delete(session, prompt_id)

    # --- runs -------------------------------------------------------------------------------------------

    def create_run(
        self, comparison: Comparison, cells: Sequence[NewCell], *, title: str, version_id: str | None = None
    ) -> str:
        """The id of a new run, its cells pending; several cells of one column are its repeats 0, 1, 2 and so on.

        `version_id` is the `SavedVersion.id` that the shared prompt was opened from.
        """
        with self._writing() as session:
            return runs.create_run(session, comparison, cells, title, version_id)

    def add_repeat(
        self, run_id: str, column: int, cell: NewCell, *, comparison: Comparison | None = None
    ) -> int:
        """The number of a further, pending repeat of a column.

        Give the `comparison` as it stands now when its values, prompt or column settings changed since: it is
        what the run reopens with, while each earlier cell keeps what it was run with.
        """
        with self._writing() as session:
            return runs.add_repeat(session, run_id, column, cell, comparison)

    def start_cell(self, run_id: str, column: int, repeat: int = 0) -> None:
        """Note that the cell's request is on its way."""
        with self._writing() as session:
            runs.start_cell(session, run_id, column, repeat)

    def save_cell(
        self,
        run_id: str,
        column: int,
        repeat: int,
        *,
        status: CellStatus,
        completion: Completion | None,
        messages: Sequence[Message],
        error: str = "",
        hint: str = "",
        scores: Sequence[Score] = (),
    ) -> None:
        """Store how a cell ended, with the text that had come; saving it again replaces the first result."""
        with self._writing() as session:
            runs.save_cell(
                session,
                run_id,
                column,
                repeat,
                status=status,
                completion=completion,
                messages=messages,
                error=error,
                hint=hint,
                scores=scores,
            )

    def mark_interrupted(self) -> int:
        """Mark every cell that is pending or running as interrupted; how many there were.

        For the start of the app, which is the only process that runs cells of a data folder. Were there a
        second one, its running cells would show as interrupted until each is saved, and nothing would be lost.
        """
        with self._writing() as session:
            return runs.mark_interrupted(session)

    def run(self, run_id: str) -> StoredRun:
        """A run with everything needed to show it again. Raises NotFoundError."""
        with self._reading() as session:
            return reopen.load_run(session, runs.find_run(session, run_id))

    def history(self, search: str = "", limit: int = 50, offset: int = 0) -> HistoryPage:
        """Runs, newest first, that contain every word of the search, letter case aside; at most 500 a page.

        Looks at title, note, models, values, turns and answers (the first 64,000 characters of a run in all).
        """
        with self._reading() as session:
            return history.history(session, search, limit, offset)

    def vote(self, run_id: str, kind: Choice | None, column: int | None = None, note: str = "") -> None:
        """Replace the run's vote, None takes it back; "column" needs `column` and means its latest repeat."""
        with self._writing() as session:
            runs.vote(session, run_id, kind, column, note)

    def thumb(self, run_id: str, column: int, value: int) -> None:
        """Thumb for the latest repeat of a column: -1 down, 0 none, 1 up."""
        with self._writing() as session:
            runs.thumb(session, run_id, column, value)

    def note(self, run_id: str, text: str) -> None:
        """Replace the run's note."""
        with self._writing() as session:
            runs.note(session, run_id, text)
