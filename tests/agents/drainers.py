"""A program that drains a list, for tests that start several: `python -m tests.agents.drainers drain LIST LOG GATE`.

Each run of a task appends "task pid" to LOG, and does not end before there is a file GATE.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from uuid import UUID

import django


def run(how: str, list_id: str, log: str, gate: str) -> None:
    """Drain the list, awaited ("drain") or from plain code ("drain_sync")."""
    from tasks_app.agents.drain import drain
    from tasks_app.agents.registry import worker
    from tasks_app.agents.scope import current_attempt
    from tasks_app.crossing import run_sync

    @worker("writer")
    async def write(text: str) -> int:
        append(log, f"{current_attempt().task.id} {os.getpid()}\n")
        while not Path(gate).exists():
            await asyncio.sleep(0.01)
        return os.getpid()

    if how == "drain_sync":
        run_sync(drain, UUID(list_id), concurrency=5)
    else:
        asyncio.run(_drain(UUID(list_id)))


async def _drain(list_id: UUID) -> None:
    from tasks_app.agents.drain import drain

    await drain(list_id, concurrency=5)


def append(path: str, line: str) -> None:
    """In one write, so that the lines of several processes do not mix."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run in the background it is ignored
    django.setup()
    run(*sys.argv[1:])
