"""The store: every method is one transaction, opened and closed inside, safe to call from any thread.

    store = open_store(settings)
    run_id = store.create_run(spec, works, title="Tone of a refund mail", version_id=None)
    store.save_cell(run_id, CellKey(0, 0, 0), status="done", answer=answer)

A method returns what was committed or raises StoreError with nothing changed; asyncio callers go through
`asyncio.to_thread`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar, cast

import sqlalchemy as sa
from sqlmodel import Session

from playground.settings import Settings
from playground.store import (
    history,
    notebook,
    prompts,
    reopen,
    run_filter,
    runs,
    saving,
    shelf,
)
from playground.store.bin import Bin
from playground.store.cells import RunCells
from playground.store.changes import Change, CreateRun, EndCell, StartCell
from playground.store.copies import Copies
from playground.store.database import Place, in_plain_words
from playground.store.dataset_edits import DatasetEdits
from playground.store.datasets import Datasets
from playground.store.drafts import FormDrafts
from playground.store.experiment_growth import ExperimentGrowth
from playground.store.experiments import Experiments
from playground.store.labels import Labels
from playground.store.presence import HOST, Presence, Program
from playground.store.ratings import Ratings
from playground.store.records import (
    DatabaseFacts,
    Facets,
    HistoryPage,
    PromptSummary,
    RunFilter,
    SavedVersion,
    SaveItem,
    StoredRun,
    StoredVote,
    VersionSummary,
)
from playground.store.removal import Removal
from playground.store.schema import database_facts
from playground.store.writer import Trouble, Writer
from playground.types.grid import CellKey, CellStatus, Choice, RunSpec, Work
from playground.types.prompt import Prompt
from playground.types.scores import Score
from playground.types.setups import Setup
from playground.types.trace import Answer

T = TypeVar("T")


class Store:
    """Prompts, runs and votes that are kept. Made by `open_store`."""

    def __init__(self, settings: Settings, place: Place, engine: sa.Engine) -> None:
        self._settings = settings
        self._place = place
        self._engine = engine
        self._host = None if place.path else HOST
        self._writing_engine = engine.execution_options(write=True)
        self._writer = Writer(self._writing_engine, place)
        self.bin = Bin(self._writing)
        self.copies = Copies(self._reading, self._writing)
        self.cells = RunCells(self._reading)
        self.drafts = FormDrafts(self._reading, self._writing)
        self.datasets = Datasets(self._reading, self._writing)
        self.dataset_edits = DatasetEdits(self._reading, self._writing)
        self._presence = Presence(place.path.parent if place.path else settings.data_dir)
        self.experiments = Experiments(self._reading, self._writing, self._presence)
        self.experiment_growth = ExperimentGrowth(self._writing)
        self.removal = Removal(self._reading, self._writing, self._alive, self._host)
        self.ratings = Ratings(self._reading, self._writing)
        self.hand_labels = Labels(self._reading, self._writing)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with in_plain_words(self._place), Session(self._engine) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with (
            in_plain_words(self._place),
            Session(self._writing_engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def _alive(self) -> list[str]:
        """The programs that use the data folder now, this one first."""
        return [self._presence.id, *(program.id for program in self._presence.others())]

    def close(self) -> None:
        """Store what waits and give back the connections; a change that comes later fails."""
        self._writer.close()
        self._engine.dispose()
        self._presence.end()

    def announce(self, doing: str) -> list[Program]:
        """Tell other programs what this one does with the data folder; those that use it now."""
        self._presence.begin(doing)
        return self._presence.others()

    @property
    def trouble(self) -> Trouble | None:
        """Why changes of runs wait to be stored; None while nothing hinders."""
        return self._writer.trouble

    def facts(self) -> DatabaseFacts:
        """Path, size, revision and row counts."""
        return database_facts(self._settings)

    # --- prompts and their versions ---------------------------------------------------------------------

    def save_version(
        self,
        prompt: Prompt,
        *,
        message: str,
        prompt_id: str | None = None,
        forked_from: str = "",
        author: str = "",
        variant: str = "",
        known: int | None = None,
    ) -> SavedVersion:
        """Save under `prompt.name`: a new prompt without `prompt_id`, else its next version (or a rename).

        With `variant` the version goes to that line of a saved prompt and keeps the prompt's name. Content equal
        to the newest of its line adds none and returns that one. Raises PromptError for a name that is taken
        (letter case does not count), empty, longer than 200 characters or not printable, and VersionMoved when the
        line has a newer version than the newest one `known`.
        """
        item = SaveItem(
            prompt, prompt_id, message, author, forked_from=forked_from, variant=variant, known=known
        )
        with self._writing() as session:
            return saving.save_version(session, item)

    def save_many(
        self, items: Sequence[SaveItem], report: Callable[[int, int], None] | None = None
    ) -> list[SavedVersion]:
        """Save all by the rules of `save_version`, or none; names are compared as they are after the last one.

        `report` is told how many of how many are ready to be written.
        """
        with self._writing() as session:
            return saving.save_many(session, items, report)

    def versions(self, prompt_id: str) -> list[VersionSummary]:
        """The versions of a prompt, newest first. Raises NotFoundError."""
        with self._reading() as session:
            return prompts.versions(session, prompt_id)

    def variants(self, prompt_id: str) -> list[VersionSummary]:
        """The newest version of each named variant, by name. Raises NotFoundError."""
        with self._reading() as session:
            return prompts.variants(session, prompt_id)

    def version(self, prompt_id: str, number: int | None = None) -> SavedVersion:
        """One version, the newest of the main line without a number. Raises NotFoundError."""
        with self._reading() as session:
            return prompts.version(session, prompt_id, number)

    def version_named(self, name: str, at: str = "") -> SavedVersion:
        """A version by its prompt's name and a number or label; "" and "latest" are the newest. NotFoundError."""
        with self._reading() as session:
            return prompts.version_named(session, name, at)

    def version_called(self, spelled: str) -> SavedVersion:
        """The version that "Name", "Name@3" or "Name@label" means. Raises NotFoundError that tells what there is."""
        with self._reading() as session:
            return prompts.version_called(session, spelled)

    def find_version(self, content_hash: str) -> SavedVersion | None:
        """The newest saved version with exactly this content, or None."""
        with self._reading() as session:
            return prompts.find_version(session, content_hash)

    def restore(self, prompt_id: str, number: int, author: str = "") -> SavedVersion:
        """Save the content of version `number` again as the newest main one. Raises NotFoundError."""
        with self._writing() as session:
            return saving.restore(session, prompt_id, number, author)

    def promote(self, prompt_id: str, variant: str, author: str = "") -> SavedVersion:
        """Save the newest content of a variant as the next main version. Raises NotFoundError."""
        with self._writing() as session:
            return saving.promote(session, prompt_id, variant, author)

    def rename(self, prompt_id: str, name: str, author: str = "") -> SavedVersion:
        """Give the prompt another name, recorded as a version. Raises PromptError, NotFoundError."""
        with self._writing() as session:
            return saving.rename(session, prompt_id, name, author)

    def labels(self, prompt_id: str) -> dict[str, int]:
        """The version numbers that the prompt's labels stand on, by label. Raises NotFoundError."""
        with self._reading() as session:
            return prompts.labels_of(session, prompt_id)

    def set_label(self, prompt_id: str, label: str, number: int | None) -> None:
        """Let the label stand on this version alone, None takes it away. Raises PromptError, NotFoundError."""
        with self._writing() as session:
            prompts.set_label(session, prompt_id, label, number)

    # --- the shelf --------------------------------------------------------------------------

    def prompts(
        self,
        search: str = "",
        *,
        family: str = "",
        tag: str = "",
        origin: str = "",
        favourite: bool = False,
        binned: bool = False,
        limit: int = 200,
        offset: int = 0,
        sort: str = "",
        falls: bool = True,
    ) -> list[PromptSummary]:
        """Prompts whose name, description (in both languages), tags or turns contain every word.

        Those with all words in their name come first, then the last changed, unless `sort` is "name", "family" or
        "changed". `binned` lists the bin instead.
        """
        wanted = shelf.Filter(search, family, tag, origin, favourite, binned)
        with self._reading() as session:
            return shelf.prompts(session, wanted, limit, offset, sort, falls)

    def facets(
        self,
        search: str = "",
        *,
        family: str = "",
        tag: str = "",
        origin: str = "",
        favourite: bool = False,
        binned: bool = False,
    ) -> Facets:
        """How many prompts contain every word, by origin, family and tag, most frequent first."""
        wanted = shelf.Filter(search, family, tag, origin, favourite, binned)
        with self._reading() as session:
            return shelf.facets(session, wanted)

    def find_prompt(self, name: str) -> PromptSummary | None:
        """The prompt of this name, letter case aside, unless it is in the bin."""
        with self._reading() as session:
            return shelf.find_prompt(session, name)

    def favourites(self) -> frozenset[str]:
        """The keys of all favourites: `prompt:ID` and `pattern:SLUG`."""
        with self._reading() as session:
            return shelf.favourites(session)

    def set_favourite(self, key: str, on: bool) -> None:
        """Make it a favourite or no longer. Raises PromptError for a key of another form."""
        with self._writing() as session:
            shelf.set_favourite(session, key, on)

    # --- runs -------------------------------------------------------------------------------------------

    def submit(self, change: Change[T]) -> Future[T]:
        """The outcome of something that happens to a run, when it is stored: soon, together with others.

        Fails with StoreError or NotFoundError and nothing changed. Does not block; asyncio callers use
        `asyncio.wrap_future`.
        """
        if isinstance(change, CreateRun) and change.owner is None:
            change = cast("Change[T]", replace(change, owner=self._presence.begin()))
        return self._writer.put(change)

    def create_run(
        self,
        spec: RunSpec,
        works: Sequence[Work],
        *,
        title: str,
        version_id: str | None = None,
    ) -> str:
        """The id of a new run with a pending cell for each of the works.

        `version_id` is the `SavedVersion.id` that the shared prompt was opened from.
        """
        return self.submit(CreateRun(spec, works, title, version_id)).result()

    def add_repeat(self, run_id: str, work: Work, *, spec: RunSpec | None = None) -> int:
        """The number of a further, pending repeat of the work's case and variant.

        Give the `spec` as it stands now when its values, prompt or column settings changed since: it is
        what the run reopens with, while each earlier cell keeps what it was run with.
        """
        owner = self._presence.begin()
        with self._writing() as session:
            return runs.add_repeat(session, run_id, work, spec, owner)

    def start_cell(self, run_id: str, key: CellKey) -> None:
        """Note that the cell's request is on its way."""
        self.submit(StartCell(run_id, key)).result()

    def save_cell(
        self,
        run_id: str,
        key: CellKey,
        *,
        status: CellStatus,
        answer: Answer,
        error: str = "",
        hint: str = "",
        scores: Sequence[Score] = (),
    ) -> None:
        """Store how a cell ended, with the text that had come; saving it again replaces the first result."""
        self.submit(EndCell(run_id, key, status, answer, error, hint, scores)).result()

    def mark_interrupted(self) -> int:
        """Mark every cell whose program has ended before the cell did as interrupted; how many there were.

        They keep the text that was last stored of them. Cells of this program and of others that run are left
        alone. Should a mark be wrong, nothing is lost: the cell's end replaces it.
        """
        lost = runs.lost_cells(self._alive(), self._host)
        with self._reading() as session:
            if not runs.is_there(session, lost):
                return 0
        with self._writing() as session:
            return runs.mark_interrupted(session, lost)

    def run(self, run_id: str) -> StoredRun:
        """A run as Compare shows it: the newest repeats of the columns of its first case. Raises NotFoundError."""
        with self._reading() as session:
            return reopen.load_run(session, runs.find_run(session, run_id))

    def status(self, run_id: str) -> CellStatus:
        """Whether the run is pending, running, interrupted or done. Raises NotFoundError."""
        with self._reading() as session:
            return reopen.run_status(session, runs.find_run(session, run_id).id)

    def vote_and_note(self, run_id: str) -> tuple[StoredVote | None, str]:
        """What a person has said about a run so far. Raises NotFoundError."""
        with self._reading() as session:
            row = runs.find_run(session, run_id)
            return reopen.load_vote(session, row), row.note

    def history(
        self,
        search: str = "",
        limit: int = 50,
        offset: int = 0,
        *,
        sort: str = "time",
        falls: bool = True,
        wanted: RunFilter | None = None,
    ) -> HistoryPage:
        """Runs, newest first, that contain every word of the search, letter case aside; at most 500 a page.

        `wanted` narrows them further, its own search aside. `sort` may be "prompt", "models", "checks", "vote" or
        "note" instead, then runs without one come last; `falls` begins with the greatest.

        Looks at title, note, models, values and turns (64,000 characters of a run), and at the answers: each has an
        equal share of 64,000 characters, 200 at least.
        """
        with self._reading() as session:
            asked = replace(wanted or RunFilter(), search=search)
            return history.history(session, asked, limit, offset, sort, falls)

    def run_choices(self) -> tuple[list[str], list[str]]:
        """What a list of runs can be narrowed to: models by name, and titles, the last used first."""
        with self._reading() as session:
            return run_filter.choices(session)

    def setups(self, run_ids: Sequence[str]) -> dict[str, Setup]:
        """What these runs were made with, by their ids; unknown ones are left out."""
        with self._reading() as session:
            return notebook.setups(session, run_ids)

    def vote(
        self,
        run_id: str,
        kind: Choice | None,
        column: int | None = None,
        note: str = "",
        repeat: int | None = None,
    ) -> None:
        """Replace the run's vote, None takes it back; "column" needs `column`, and means that repeat, or its latest."""
        with self._writing() as session:
            runs.vote(session, run_id, kind, column, note, repeat)

    def thumb(self, run_id: str, column: int, value: int, repeat: int | None = None) -> None:
        """Thumb for a repeat of a column, None for the latest: -1 down, 0 none, 1 up."""
        with self._writing() as session:
            runs.thumb(session, run_id, column, value, repeat)

    def note(self, run_id: str, text: str) -> None:
        """Replace the run's note."""
        with self._writing() as session:
            runs.note(session, run_id, text)
