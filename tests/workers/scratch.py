"""A tree of processes with a shift that does nothing, for tests that kill it: `python -m tests.workers.scratch up`."""

import os
import socket
import sys
import time
from pathlib import Path

import django


def shift() -> None:
    """Be a shift until the stop, and say so in $SCRATCH_LOG."""
    from tasks_app import queue

    if queue.stopping():
        return
    _log("shift", os.getpid())
    born = time.monotonic()
    while not queue.stopping():
        time.sleep(0.02)
        if time.monotonic() - born > float(os.environ.get("SCRATCH_RECYCLE_SECONDS", "inf")):
            _log("recycled", os.getpid())
            queue.recycle()
            return
    _log("drained", os.getpid())


def cluster() -> int:
    """A django-q2 cluster of scratch shifts."""
    django.setup()
    from tasks_app import queue

    return queue.run_cluster("tests.workers.scratch.shift")


def up() -> int:
    """The cluster under a supervisor, as `crux up` does it."""
    django.setup()
    from tasks_app.workers.supervise import Child, supervise

    workers = Child("workers", [sys.executable, "-m", "tests.workers.scratch", "cluster"])
    return supervise([workers], stop_seconds=8)


def _log(word: str, value: object) -> None:
    with Path(os.environ["SCRATCH_LOG"]).open("a") as log:
        log.write(f"{word} {value} {socket.gethostname()}\n")


if __name__ == "__main__":
    sys.exit({"cluster": cluster, "up": up}[sys.argv[1]]())
