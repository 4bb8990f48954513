"""A program that works by hand on a scratch database: `python -m tests.workers.handwork hold LIST`."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import django
from django.db import connections


def hold(list_id: str) -> int:
    """Take `t0`, say so, and never end it."""
    held = _take(list_id, "t0")
    time.sleep(600)
    return held is None


def take(list_id: str) -> int:
    """Complete `t0` at once, if nobody holds it."""
    _use(_worker(list_id, "t0"), "complete_task", result="by hand")
    return 0


def leave(list_id: str) -> int:
    """Take `t0` and end, like a script with an error after its start."""
    _left.append(_take(list_id, "t0"))
    return 0


def fork(list_id: str) -> int:
    """Take `t0`; have a fork take `t1` and end; say how both stand; then be killed."""
    held = _take(list_id, "t0")
    connections.close_all()
    child = os.fork()
    if child == 0:
        _left.append(_take(list_id, "t1"))
        return 0
    os.waitpid(child, 0)
    _say("parent", held is not None)
    time.sleep(600)
    return 0


_left: list[Any] = []  # reachable to the last


def _worker(list_id: str, task_id: str) -> Any:
    from tasks_app.agents.task_worker import task_worker

    return task_worker(list_id, task_id)


def _take(list_id: str, task_id: str) -> Any:
    worker = _worker(list_id, task_id)
    _use(worker, "start_task")
    return worker


def _use(worker: Any, tool: str, **arguments: Any) -> None:
    from tasks_app.crossing import run_sync

    _say(tool, json.loads(run_sync(worker.as_tools()[tool].execute, arguments)))


def _say(what: str, answer: object) -> None:
    print(what, answer, flush=True)


if __name__ == "__main__":
    django.setup()
    words: dict[str, Callable[[str], int]] = {"hold": hold, "take": take, "leave": leave, "fork": fork}
    sys.exit(words[sys.argv[1]](sys.argv[2]))
