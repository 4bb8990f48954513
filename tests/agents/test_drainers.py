"""Drains in processes of their own, on one database: together, killed, interrupted."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tasks_app.models import Attempt, TaskListSnapshot, Worker
from tests.builders import a_list, check_books, statuses
from tests.workers.processes import ROOT, WAIT_SECONDS, until

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = [f"t{number}" for number in range(40)]


class Drainers:
    """Processes that drain lists, and what they wrote."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, task_list: TaskListSnapshot, how: str = "drain") -> "subprocess.Popen[bytes]":
        words = [how, str(task_list.id), str(self.home / "log"), str(self.gate)]
        argv = [sys.executable, "-m", "tests.agents.drainers", *words]
        env = {**os.environ, "DATABASE_URL": address(), "CRUX_HOME": str(self.home), "CRUX_LEASE_SECONDS": "2"}
        self.processes.append(subprocess.Popen(argv, cwd=ROOT, env=env, stderr=subprocess.PIPE))
        return self.processes[-1]

    @property
    def gate(self) -> Path:
        return self.home / "gate"

    def runs(self) -> list[tuple[str, int]]:
        """Each run's task and process, in order."""
        log = self.home / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [(key, int(pid)) for key, _, pid in (line.partition(" ") for line in lines)]

    def at_work(self) -> set[int]:
        return {pid for _, pid in self.runs()}


@pytest.fixture
def drainers(tmp_path: Path) -> Iterator[Drainers]:
    drainers = Drainers(tmp_path)
    yield drainers
    for process in drainers.processes:
        process.kill()
        process.communicate()


def address() -> str:
    """The database of this test, as another process is told of it."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    login = f"{known['USER']}:{known['PASSWORD']}" if known["PASSWORD"] else known["USER"]
    return f"postgres://{login}@{known['HOST']}:{known['PORT'] or 5432}/{known['NAME']}"


def outcomes(task_list: TaskListSnapshot) -> Counter[str]:
    return Counter(Attempt.objects.filter(task__task_list=task_list.id).values_list("status", flat=True))


def test_of_two_processes_that_drain_one_list_each_task_is_run_by_one(drainers: Drainers) -> None:
    task_list = a_list(*KEYS, started=False)
    one, two = drainers.start(task_list), drainers.start(task_list)
    until(lambda: drainers.at_work() == {one.pid, two.pid}, "work in both")
    assert len(drainers.runs()) <= 10

    drainers.gate.touch()

    assert [one.wait(WAIT_SECONDS), two.wait(WAIT_SECONDS)] == [0, 0]
    assert Counter(key for key, _ in drainers.runs()) == dict.fromkeys(KEYS, 1)
    assert outcomes(task_list) == {"completed": len(KEYS)}
    check_books(task_list)


def test_what_a_killed_drain_leaves_the_other_takes_over(drainers: Drainers) -> None:
    task_list = a_list(*KEYS, started=False)
    doomed = drainers.start(task_list)
    until(lambda: len(drainers.runs()) == 5, "work")
    lost = {key for key, _ in drainers.runs()}
    heir = drainers.start(task_list)
    until(lambda: heir.pid in drainers.at_work(), "work in the other")

    doomed.kill()
    drainers.gate.touch()

    assert heir.wait(WAIT_SECONDS) == 0
    assert Counter(key for key, pid in drainers.runs() if pid == heir.pid) == dict.fromkeys(KEYS, 1)
    assert {key for key, pid in drainers.runs() if pid == doomed.pid} == lost
    assert outcomes(task_list) == {"completed": len(KEYS), "abandoned": 5}
    check_books(task_list)


@pytest.mark.parametrize("how", ["drain", "drain_sync"])
def test_ctrl_c_gives_back_all_that_runs(drainers: Drainers, how: str) -> None:
    task_list = a_list(*KEYS[:8], started=False)
    drainer = drainers.start(task_list, how)
    until(lambda: len(drainers.runs()) == 5, "work")

    drainer.send_signal(signal.SIGINT)

    _, said = drainer.communicate(timeout=WAIT_SECONDS)
    assert said.rstrip().endswith(b"KeyboardInterrupt")
    assert set(statuses(task_list).values()) == {"pending"}
    assert outcomes(task_list) == {"released": 5}
    assert Worker.objects.get().stopped_at is not None
    check_books(task_list)
