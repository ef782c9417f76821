"""The one service that both shells call, put together of its desks.

    workbench = open_workbench(Settings())
    async for event in workbench.runs.compare(spec):   # RunStarted, Started, Delta…, Ended for every cell
        ...

It knows all the parts; the parts do not know each other.
"""

from __future__ import annotations

import asyncio

from playground.backends.base import Backend
from playground.backends.servers import forget_orphans
from playground.endings import ended
from playground.errors import ReadOnlyData, StoreHindered
from playground.settings import Settings
from playground.store import Store, open_store, open_to_read
from playground.store.database import locate
from playground.store.writer import CLOSE_S
from playground.workbench.datasets import DatasetDesk
from playground.workbench.documents import DocumentDesk
from playground.workbench.experiments import ExperimentDesk
from playground.workbench.files import PromptFiles
from playground.workbench.form_drafts import DraftDesk
from playground.workbench.history import History
from playground.workbench.labels import LabelDesk
from playground.workbench.models import ModelDesk, every_backend
from playground.workbench.prompts import PromptDesk
from playground.workbench.removal import RemovalDesk
from playground.workbench.runs import RunDesk
from playground.workbench.saved import SavedPrompts
from playground.workbench.sheets import SheetDesk
from playground.workbench.tray import Tray

RENDERER_END_S = 5.0


def open_workbench(settings: Settings) -> Workbench:
    """A workbench on the settings' database; raises StoreError when that cannot be opened."""
    forget_orphans(settings)
    return Workbench(settings, open_store(settings), every_backend(settings))


def open_workbench_to_read(settings: Settings) -> Workbench:
    """A workbench for whoever changes nothing: where the database cannot be written, it is read as it stands.

    Raises StoreError when it cannot be read either.
    """
    try:
        return open_workbench(settings)
    except (ReadOnlyData, StoreHindered):
        if not (path := locate(settings).path) or not path.exists():
            raise
        return Workbench(settings, open_to_read(settings), every_backend(settings))


class Workbench:
    """The service. Everything it needs is given; tests give it scripted backends and a store in a temporary folder."""

    def __init__(self, settings: Settings, store: Store, backends: dict[str, Backend]) -> None:
        self.settings = settings
        self.store = store
        self.models = ModelDesk(settings, backends)
        self.prompts = PromptDesk(settings, store, self.models)
        self.runs = RunDesk(store, self.models, self.prompts)
        self.history = History(store)
        self.saved = SavedPrompts(store, settings.author)
        self.files = PromptFiles(store, self.prompts.library, settings.author)
        self.drafts = DraftDesk(store)
        self.documents = DocumentDesk(settings.data_dir)
        self.datasets = DatasetDesk(store, settings.author)
        self.experiments = ExperimentDesk(
            store, self.models, self.prompts, self.runs, self.datasets, settings.data_dir / "summaries"
        )
        self.removal = RemovalDesk(store, self.experiments)
        self.labels = LabelDesk(store, self.experiments, self.runs.scoring)
        self.sheets = SheetDesk(store, self.datasets)
        self.jobs = self.models.jobs
        self.tray = Tray()
        self._ending: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Stop what runs, end child processes, close the database; in this order, each whatever the others do.

        Calling it again waits for the same end. Answers that are being scored or stored are waited for, but not
        for ever.
        """
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        await self.experiments.close()
        await self.runs.close()
        await self.removal.close()
        await ended("questions to judges", self.labels.wait(), RENDERER_END_S)
        await self.models.close()
        await ended("renderer", self.prompts.close(), RENDERER_END_S)
        await ended("database", asyncio.to_thread(self.store.close), CLOSE_S + 5)
