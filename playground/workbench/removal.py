"""The end of runs and experiments, for asyncio callers: gone from every list at once, their cells in the background.

contents = await workbench.removal.look([run_id])      # what would go; raises when one of them still goes on
await workbench.removal.delete([run_id])
await workbench.removal.finish()                       # until nothing of them is left in the store
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from playground.endings import ended
from playground.errors import PlaygroundError
from playground.plurals import plural
from playground.store import Store
from playground.store.records import Contents
from playground.workbench.experiments import ExperimentDesk

log = logging.getLogger(__name__)

REST_S = 0.02
"""Between two portions: whoever waits to write has the turn."""
END_S = 5.0


def in_words(contents: Contents) -> list[str]:
    """What goes, in numbers: "4 answers", "8 scores"; nothing of what there is none of."""
    told = (
        (contents.answers, plural(contents.answers, "answer")),
        (contents.scores, plural(contents.scores, "score")),
        (contents.votes, plural(contents.votes, "vote")),
        (contents.labels, plural(contents.labels, "label")),
        (contents.notes, plural(contents.notes, "note")),
    )
    return [words for count, words in told if count]


class RemovalDesk:
    """Deletes what is stored of runs. Belongs to one event loop."""

    def __init__(self, store: Store, experiments: ExperimentDesk) -> None:
        self._store = store
        self._experiments = experiments
        self._finishing: asyncio.Task[None] | None = None
        self._is_ending = False

    async def still_there(self, run_ids: Sequence[str]) -> list[str]:
        """Those of these runs that nobody has deleted, in the order given."""
        return await asyncio.to_thread(self._store.removal.still_there, run_ids) if run_ids else []

    async def look(self, run_ids: Sequence[str]) -> Contents:
        """What would go with these runs. Raises NotFoundError, StoreBusy for one that still goes on."""
        return await asyncio.to_thread(self._store.removal.look, run_ids)

    async def delete(self, run_ids: Sequence[str]) -> Contents:
        """Delete these runs for good, or none of them; what went. Raises what `look` raises."""
        contents = await asyncio.to_thread(self._store.removal.delete, run_ids)
        for run_id in run_ids:
            await asyncio.to_thread(self._experiments.forget, run_id)
        self.begin()
        return contents

    def begin(self) -> None:
        """Take away what is left of deleted runs, here or by a program that has ended meanwhile; nobody waits for it."""
        if not self._is_ending and (self._finishing is None or self._finishing.done()):
            self._finishing = asyncio.create_task(self._finish())

    async def finish(self) -> None:
        """Until nothing is left of them; what hinders is in the log, and a later program goes on."""
        self.begin()
        if self._finishing is not None:
            await asyncio.shield(self._finishing)

    async def close(self) -> None:
        """Leave the rest for the next program."""
        self._is_ending = True
        if self._finishing is not None:
            await ended("removal of runs", self._finishing, END_S)

    async def _finish(self) -> None:
        is_some = False
        try:
            while not self._is_ending and await asyncio.to_thread(self._store.removal.go_on):
                is_some = True
                await asyncio.sleep(REST_S)
            if is_some:
                await asyncio.to_thread(self._store.removal.settle)
        except PlaygroundError as exc:
            log.warning("What is left of deleted runs stays until this program starts again. %s", exc)
