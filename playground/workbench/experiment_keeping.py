"""What is stored of an experiment at its end: again and again while the database is held or the disk is full.

await keeping.answers()                                  # all that have ended are stored
await keeping.change(release, "How it stands")           # stored, or said in the log why not
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from playground.errors import NotFoundError, StoreBusy, StoreError, StoreHindered
from playground.runs.deposits import Deposits
from playground.workbench.experiment_going import HINDERED_S

log = logging.getLogger(__name__)


class Keeping:
    """Waits for the disk, but never holds up the end of the program."""

    def __init__(self, deposits: Deposits) -> None:
        self._deposits = deposits
        self.is_ending = False

    async def answers(self) -> None:
        """Wait until every answer that has ended is stored."""
        while not self.is_ending and not await self._deposits.settled(HINDERED_S):
            pass

    async def change(self, change: Callable[[], object], what: str) -> None:
        """Make a change of the store; `what` begins a sentence in the log. Never raises for the store's reasons."""
        told = False
        while True:
            try:
                await asyncio.to_thread(change)
                return
            except NotFoundError as exc:  # it was deleted meanwhile
                log.info("%s is not kept. %s", what, exc)
                return
            except StoreError as exc:
                if self.is_ending or not isinstance(exc, StoreBusy | StoreHindered):
                    log.warning("%s could not be stored. %s", what, exc)
                    return
                if not told:
                    log.warning("%s cannot be stored yet. %s", what, exc)
                told = True
                await asyncio.sleep(HINDERED_S)
