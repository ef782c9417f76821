"""How the program ends: each part in its turn, whatever the others do, and never for ever.

await ended("jobs", jobs.close(), 10)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

log = logging.getLogger(__name__)


async def ended(what: str, work: Awaitable[object], limit_s: float) -> None:
    """Wait for the work so long; that it failed or did not end in time is logged, and the next part has its turn."""
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=limit_s)
    finally:
        if not task.done():
            task.cancel()
    if not done:
        log.warning("The %s did not end within %g s and was left.", what, limit_s)
    elif not task.cancelled() and (exc := task.exception()) is not None:
        log.error("The %s could not be closed: %s", what, exc, exc_info=exc)
