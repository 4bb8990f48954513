"""One shift: a pool for the life of a worker process. django-q2 runs it as the process's one job."""

import asyncio
import logging
import os
import socket
import time
from contextlib import closing, suppress
from functools import partial
from uuid import UUID

from django.db import Error

from tasks_app import queue
from tasks_app.agents import registry
from tasks_app.beat import Heartbeat
from tasks_app.conf import conf
from tasks_app.crossing import in_db
from tasks_app.live.changes import open_changes
from tasks_app.llm.client import open_models
from tasks_app.pool import Pool
from tasks_app.services import workers
from tasks_app.workers import watchdog

logger = logging.getLogger(__name__)

WATCH_SECONDS = 0.05  # how soon a stop is seen
TICK_SECONDS = 1.0
PAUSE_SECONDS = 1.0  # after a crash: what crashes at its start must not do so a hundred times a second


def run() -> None:
    """Work until the cluster stops. A shift that dies has its process replaced; one begun after the stop returns."""
    if queue.stopping():
        return
    try:
        asyncio.run(_work())
    except Exception:
        logger.exception("A shift died; a new worker process takes over.")
        time.sleep(PAUSE_SECONDS)
    finally:
        watchdog.rest()
        if not queue.stopping():
            queue.recycle()


async def _work() -> None:
    """Be a worker from its registration to its retirement."""
    host, cluster = socket.gethostname(), queue.cluster_name()
    worker = await in_db(workers.register, host, os.getpid(), conf.worker_concurrency, cluster)
    try:
        with closing(open_changes()) as changes:
            async with open_models() as models:
                run = partial(registry.run_attempt, models=models)
                await _serve(Pool(worker.id, worker.slots, run, wake=changes.wait), worker.id)
    finally:
        with suppress(Error):  # its lease runs out instead
            await in_db(workers.retire, worker.id)


async def _serve(pool: Pool, worker_id: UUID) -> None:
    """Run the pool, beating, until the cluster stops."""
    stop = asyncio.Event()
    watchdog.tick()
    with Heartbeat(worker_id, lambda: pool.running) as heartbeat:
        watch = asyncio.create_task(_watch(stop, heartbeat))
        try:
            await pool.serve(stop)
        finally:
            watch.cancel()
            watchdog.close()


async def _watch(stop: asyncio.Event, heartbeat: Heartbeat) -> None:
    """Set `stop` when the cluster stops, and say once a second that the loop moves; also while it drains."""
    ticked = time.monotonic()
    while True:
        if queue.stopping():
            stop.set()
        if time.monotonic() - ticked >= TICK_SECONDS:
            ticked = time.monotonic()
            heartbeat.tick()
            watchdog.tick()
        await asyncio.sleep(WATCH_SECONDS)
