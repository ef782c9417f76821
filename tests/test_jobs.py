"""Background work: what is known of it while it runs, how it ends, and that leaving it closes what it opened."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from playground.errors import BackendError, NotFoundError
from playground.jobs import KEPT, Job, Jobs
from playground.types.servers import Progress

Steps = Callable[[], AsyncIterator[Progress]]


def steps(*rows: Progress | Exception) -> Steps:
    async def go() -> AsyncIterator[Progress]:
        for row in rows:
            if isinstance(row, Exception):
                raise row
            yield row

    return go


async def ended(jobs: Jobs, job: Job) -> Job:
    async with asyncio.timeout(5):
        while job.state == "running":
            await asyncio.sleep(0)
    return job


async def test_a_job_ends_by_itself_and_keeps_the_last_word_and_every_layer() -> None:
    jobs = Jobs()
    rows = (
        Progress("pulling a", "a", 5, 10),
        Progress("pulling b", "b", 1, 4),
        Progress("pulling a", "a", 10, 10),
    )
    job = await ended(jobs, jobs.start("qwen3", "pulling", steps(*rows, Progress("success"))))
    assert (job.state, job.status, list(job.layers)) == ("done", "success", ["a", "b"])
    assert (job.done_bytes, job.total_bytes) == (11, 14)
    assert [layer.is_done for layer in job.layers.values()] == [True, False]
    assert job.ended_at is not None


async def test_a_failure_keeps_the_servers_words_and_says_what_to_do() -> None:
    jobs = Jobs()
    fault = BackendError('It says: "file does not exist"', "Look into its log.")
    job = await ended(jobs, jobs.start("absent", "pulling", steps(Progress("pulling manifest"), fault)))
    assert (job.state, job.error, job.hint) == (
        "failed",
        'It says: "file does not exist"',
        "Look into its log.",
    )
    better = await ended(jobs, jobs.start("absent", "pulling", steps(fault), "Check the name."))
    assert better.hint == "Check the name."


async def test_an_unforeseen_exception_is_logged_and_shown_without_its_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    jobs = Jobs()
    with caplog.at_level(logging.CRITICAL):
        job = await ended(jobs, jobs.start("x", "pulling", steps(RuntimeError("a secret"))))
    assert job.error == "The program failed with RuntimeError."
    assert "secret" not in job.error + job.hint


async def test_cancelling_closes_the_work_before_it_returns() -> None:
    closed: list[str] = []

    async def endless() -> AsyncIterator[Progress]:
        try:
            while True:
                yield Progress("pulling", "a", 1, 10)
                await asyncio.sleep(0)
        finally:
            closed.append("closed")

    jobs = Jobs()
    job = jobs.start("slow", "pulling", endless)
    while not job.layers:
        await asyncio.sleep(0)
    await jobs.cancel(job.id)
    assert (job.state, closed, jobs.running) == ("cancelled", ["closed"], [])
    assert (await jobs.cancel(job.id)).state == "cancelled"


async def test_a_job_can_be_cancelled_before_it_ran() -> None:
    jobs = Jobs()
    job = await jobs.cancel(jobs.start("x", "pulling", steps(Progress("success"))).id)
    assert job.state == "cancelled"


async def test_closing_ends_everything_that_runs() -> None:
    async def waits() -> AsyncIterator[Progress]:
        await asyncio.Event().wait()
        yield Progress("never")

    jobs = Jobs()
    started = [jobs.start(name, "pulling", waits) for name in "ab"]
    await asyncio.sleep(0)
    await jobs.close()
    assert [job.state for job in started] == ["cancelled", "cancelled"]


async def test_only_the_latest_ended_jobs_are_kept_and_one_can_be_forgotten() -> None:
    jobs = Jobs()
    for number in range(KEPT + 3):
        await ended(jobs, jobs.start(str(number), "pulling", steps()))
    running = jobs.start("last", "pulling", steps())
    assert len(jobs.ended) == KEPT
    jobs.forget(running.id)  # one that runs stays
    assert running in list(jobs)
    first = jobs.ended[0]
    jobs.forget(first.id)
    with pytest.raises(NotFoundError):
        jobs.get(first.id)
    await jobs.close()


def test_rate_and_time_left_come_from_the_last_seconds() -> None:
    now = [0.0]
    job = Job("1", "x", "", datetime.now(UTC), clock=lambda: now[0])
    assert (job.total_bytes, job.bytes_per_s, job.left_s) == (None, None, None)
    for second, done in enumerate((1_000_000, 1_000_000, *range(1_000_000, 1_000_700, 100))):
        now[0] = float(second)
        job.take(Progress("pulling", "a", done, 1_001_000))
    assert job.bytes_per_s == 100  # the million that was there before is no speed
    assert job.left_s == 4
    job.take(Progress("pulling", "a", 1_001_000, 1_001_000))
    assert (job.bytes_per_s, job.left_s) == (None, None)
