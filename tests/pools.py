"""A pool at work while a test looks on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tasks_app.crossing import in_db, run_sync
from tasks_app.models import Attempt, TaskListSnapshot
from tasks_app.pool import Pool
from tasks_app.services import claims, task_lists
from tasks_app.services.claims import Claim
from tests.builders import a_worker

WAIT_SECONDS = 30  # a bound, not a measure


async def complete(claim: Claim) -> None:
    await in_db(claims.complete, claim, claim.task.id.upper())


async def until(true: Callable[[], object]) -> None:
    """Wait until `true()`, which may ask the database."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not await in_db(true):
            await asyncio.sleep(0.01)


class Serving:
    """A pool at work on its own loop while a test looks on."""

    def __init__(self, run: Callable[[Claim], Awaitable[None]], slots: int, wake: Any = asyncio.sleep) -> None:
        self.worker = a_worker(slots=slots)
        self.pool = Pool(self.worker.id, slots, run, wake=wake)
        self.stop = asyncio.Event()

    def serve(self, *then: Callable[[], object] | Awaitable[None] | Callable[[], Awaitable[None]]) -> Pool:
        """Serve; wait for each of `then` in turn (a condition, or something to await); stop."""

        async def scenario() -> None:
            serving = asyncio.create_task(self.pool.serve(self.stop))
            for step in then:
                if asyncio.iscoroutinefunction(step):
                    await step()
                else:
                    await until(step)  # type: ignore[arg-type]
                assert not serving.done()
            self.stop.set()
            async with asyncio.timeout(WAIT_SECONDS):
                await serving

        run_sync(scenario)
        return self.pool


def finished(task_list: TaskListSnapshot) -> Callable[[], bool]:
    return lambda: task_lists.get(task_list.id).finished


def attempt_of(task_list: TaskListSnapshot, key: str) -> Attempt:
    return Attempt.objects.select_related("task").get(task__task_list=task_list.id, task__key=key)


def serve_until_finished(task_list: TaskListSnapshot, run: Callable[[Claim], Awaitable[None]], slots: int = 10) -> None:
    Serving(run, slots).serve(finished(task_list))
