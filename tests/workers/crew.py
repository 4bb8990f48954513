"""Real shifts on a scratch database, in other processes than the tests': `python -m tests.workers.crew up`."""

import asyncio
import os
import sys
import time
from collections.abc import Callable

import django


def cluster() -> int:
    """A cluster of real shifts that know a few workers more: they inherit the registry."""
    from tasks_app import queue
    from tasks_app.agents import registry

    @registry.worker("napper")
    async def nap(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "slept"

    @registry.worker("stone")
    def sit(seconds: float) -> None:
        time.sleep(seconds)  # nobody can stop a thread

    return queue.run_cluster("tasks_app.workers.shift.run")


def up() -> int:
    """The cluster under a supervisor that asks for its progress, as `crux up` does it."""
    from tasks_app.workers.progress import Progress, patience_seconds
    from tasks_app.workers.supervise import Child, supervise

    progress = Progress(os.environ["CRUX_CLUSTER"], expected=2)
    argv = [sys.executable, "-m", "tests.workers.crew", "cluster"]
    return supervise([Child("workers", argv, progress=progress, patience_seconds=patience_seconds())], stop_seconds=9)


def batch(agent: str, seconds: str, count: str) -> int:
    """Start a list of `count` tasks."""
    from tasks_app.services import task_lists, tasks
    from tasks_app.services.tasks import NewTask
    from tests.builders import PROGRAM

    made = task_lists.create("Batch", agent=agent, actor=PROGRAM)
    tasks.add_many(made.id, [NewTask(id=f"t{n}", input=float(seconds)) for n in range(int(count))], actor=PROGRAM)
    task_lists.start(made.id, actor=PROGRAM)
    return 0


if __name__ == "__main__":
    django.setup()
    words: dict[str, Callable[..., int]] = {"cluster": cluster, "up": up, "batch": batch}
    sys.exit(words[sys.argv[1]](*sys.argv[2:]))
