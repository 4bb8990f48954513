"""Drain: work on a task list here and now, in the process that asks for it."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import closing, suppress
from functools import partial
from uuid import UUID

from django.db import Error

from tasks_app.agents import registry
from tasks_app.agents.acting import actor
from tasks_app.agents.scope import scope
from tasks_app.agents.threads import more_threads
from tasks_app.beat import Heartbeat
from tasks_app.crossing import in_db
from tasks_app.errors import Refused, UnknownAgent
from tasks_app.live.changes import open_changes
from tasks_app.models import TaskListSnapshot
from tasks_app.pool import Pool
from tasks_app.rules import given
from tasks_app.rules.actors import Actor
from tasks_app.services import leases, task_lists, tasks, workers

__all__ = ["drain"]

MAX_CONCURRENCY = 100_000  # a list's own is no more
TICK_SECONDS = 1.0


async def drain(list_id: UUID, *, concurrency: int | None = None) -> dict[str, int]:
    """Start the list and work on it here until it can do no more; returns how many tasks are in each status then.

    It waits for back-offs and `not_before`, and for what other workers run. It does not wait for people: what is
    paused, awaits approval or is behind such stays, and so does a task added meanwhile that names no agent.
    Cancelled, it gives back what it runs.

    Args:
        concurrency: tasks at once here; the list's own limit holds besides, for all who work on it together.

    Raises:
        UnknownAgent: neither some tasks nor their list name an agent; nothing was started.
        ValueRefused: a concurrency below 1.
        TaskListNotFound, TaskListDiscarded.
        Refused: an attempt drains the list of its own task.
    """
    if concurrency is not None:
        given.whole(concurrency, "A drain's concurrency", least=1, most=MAX_CONCURRENCY)
    here = scope()
    if here is not None and here.attempt.list_id == list_id:
        raise Refused(
            f"Task {here.attempt.task.id!r} drains the list it is part of, and would wait for itself for ever; "
            "make a list of its own for its work."
        )
    started = await in_db(_start, list_id, actor())
    if await in_db(task_lists.can_go_on, list_id):
        await _work(list_id, slots=concurrency or started.concurrency)
    return dict((await in_db(task_lists.get, list_id)).counts)


def _start(list_id: UUID, by: Actor) -> TaskListSnapshot:
    if nobodys := tasks.without_agent(list_id):
        names = ", ".join(map(repr, nobodys))
        raise UnknownAgent(f"Nobody is named to work on {names}; name an agent on each task, or one on the list.")
    return task_lists.start(list_id, actor=by)


async def _work(list_id: UUID, *, slots: int) -> None:
    """Be a worker for this list alone, from its registration to its retirement; it belongs to no cluster."""
    from tasks_app.llm.client import open_models  # half a second, which no page and no command should wait for

    worker = await in_db(workers.register, socket.gethostname(), os.getpid(), slots, "")
    try:
        with closing(open_changes()) as changes, more_threads(slots):
            async with open_models() as models:
                done = asyncio.Event()

                async def wait(seconds: float) -> None:
                    """For news; but there will be none where nothing goes on."""
                    if pool.running or await in_db(task_lists.can_go_on, list_id):
                        await changes.wait(seconds)
                    else:
                        done.set()

                run = partial(registry.run_attempt, models=models)
                pool = Pool(worker.id, slots, run, wake=wait, only=list_id)
                await _serve(pool, worker.id, done)
    finally:
        with suppress(Error):  # its lease runs out instead
            await in_db(_leave, worker.id)


async def _serve(pool: Pool, worker_id: UUID, done: asyncio.Event) -> None:
    with Heartbeat(worker_id, lambda: pool.running) as heartbeat:
        ticking = asyncio.create_task(_tick(heartbeat))
        try:
            await pool.serve(done)
        finally:
            ticking.cancel()


async def _tick(heartbeat: Heartbeat) -> None:
    while True:
        heartbeat.tick()
        await asyncio.sleep(TICK_SECONDS)


def _leave(worker_id: UUID) -> None:
    """Give back what a cancelled pool could not, as a claim that it never saw, and retire."""
    leases.release_strays(worker_id, ())
    workers.retire(worker_id)
