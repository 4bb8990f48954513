"""Real shifts in real processes: what a kill and a stop leave of a batch."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.workers.processes import ROOT, Tree, children, running, until

pytestmark = pytest.mark.process


class Crew:
    """A supervised cluster of real shifts with a lease of 2 s, and a look at its database."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._trees: list[Tree] = []

    def up(self, **env: str) -> Tree:
        tree = Tree([sys.executable, "-m", "tests.workers.crew", "up"], self._home, CRUX_LEASE_SECONDS="2", **env)
        self._trees.append(tree)
        return tree

    def start(self, agent: str, *, seconds: float, count: int) -> None:
        self._ask("batch", agent, str(seconds), str(count))

    def check_books(self) -> None:
        """Counters, events and attempts say the same; asked when nothing moves."""
        self._ask("check")

    def tasks(self) -> Counter[str]:
        """How many tasks are in each status; quick enough to catch a moment."""
        return Counter(status for (status,) in self._rows("SELECT status FROM tasks_app_task"))

    def attempts(self) -> list[tuple[str, str]]:
        """Each attempt's task and status."""
        return self._rows("SELECT key, a.status FROM tasks_app_attempt a JOIN tasks_app_task t ON t.id = task_id")

    def held(self) -> int:
        """How many attempts somebody has not let go of."""
        return int(self._rows("SELECT count(*) FROM tasks_app_attempt WHERE stopped_at IS NULL")[0][0])

    def end(self) -> None:
        for tree in self._trees:
            tree.end()

    def _rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self._home / "crux.sqlite3", timeout=10)) as database:
            return database.execute(query).fetchall()

    def _ask(self, *words: str) -> None:
        clean = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        env = {**clean, "DJANGO_SETTINGS_MODULE": "crux_site.settings", "CRUX_HOME": str(self._home)}
        argv = [sys.executable, "-m", "tests.workers.crew", *words]
        subprocess.run(argv, cwd=ROOT, env=env, check=True, timeout=60)


@pytest.fixture
def crew(home: Path) -> Iterator[Crew]:
    crew = Crew(home)
    yield crew
    crew.end()


def test_a_batch_survives_kills_of_anything_at_any_time(crew: Crew) -> None:
    crew.start("napper", seconds=0.3, count=60)
    tree = crew.up(CRUX_WORKER_CONCURRENCY="4")
    until(lambda: crew.tasks()["completed"] >= 4, "the first tasks")
    dice = random.Random()
    for _ in range(3):
        until(lambda: len(tree.pids()) > 3, "processes to kill")
        victims = [pid for pid in tree.pids() if pid != tree.pid]
        for pid in dice.choice([victims, [dice.choice(victims)]]):
            os.kill(pid, signal.SIGKILL)
        until(lambda victims=victims: not all(map(running, victims)), "a death")  # type: ignore[misc]

    until(lambda: crew.tasks() == {"completed": 60}, "the end of the batch", seconds=60)

    crew.check_books()
    completed = Counter(key for key, status in crew.attempts() if status == "completed")
    assert set(completed.values()) == {1}
    assert len(completed) == 60
    tree.process.terminate()
    assert tree.process.wait(20) == 0
    assert tree.pids() == []


def test_a_stop_gives_back_what_takes_too_long_and_the_next_start_goes_on(crew: Crew) -> None:
    crew.start("napper", seconds=1, count=2)
    tree = crew.up(CRUX_DRAIN_SECONDS="0")
    until(lambda: crew.tasks()["in_progress"] == 2, "two tasks at work")

    tree.process.terminate()

    assert tree.process.wait(20) == 0
    assert crew.tasks() == {"pending": 2}
    assert [status for _, status in crew.attempts()] == ["released"] * 2
    assert crew.held() == 0
    crew.check_books()
    crew.up()
    until(lambda: crew.tasks() == {"completed": 2}, "their end")


def test_a_stop_waits_for_what_is_nearly_done(crew: Crew) -> None:
    crew.start("napper", seconds=0.5, count=2)
    tree = crew.up()
    until(lambda: crew.tasks()["in_progress"] == 2, "two tasks at work")

    tree.process.terminate()

    assert tree.process.wait(20) == 0
    assert crew.tasks() == {"completed": 2}


def test_a_thread_that_cannot_be_stopped_does_not_hold_up_the_stop(crew: Crew) -> None:
    crew.start("stone", seconds=600, count=2)
    tree = crew.up(CRUX_DRAIN_SECONDS="0")
    until(lambda: crew.tasks()["in_progress"] == 2, "two tasks at work")

    tree.process.terminate()

    assert tree.process.wait(20) == 0
    assert "did not stop in time" not in tree.output.read_text()
    assert crew.tasks() == {"pending": 2}


def test_when_the_parent_is_killed_the_shifts_hand_back_their_tasks(crew: Crew) -> None:
    crew.start("napper", seconds=600, count=2)
    tree = crew.up(CRUX_DRAIN_SECONDS="0")
    until(lambda: crew.tasks()["in_progress"] == 2, "two tasks at work")

    tree.process.kill()

    until(lambda: tree.pids() == [], "the end of all")
    assert crew.tasks() == {"pending": 2}


def test_a_process_that_hangs_loses_its_tasks_to_the_others(crew: Crew) -> None:
    crew.start("napper", seconds=3, count=4)
    tree = crew.up(CRUX_WORKER_CONCURRENCY="2")
    until(lambda: crew.tasks()["in_progress"] == 4, "four tasks at work")
    sentinel = children(children(tree.pid)[0])[0]
    worker = children(sentinel)[0]  # workers are born before monitor and pusher

    os.kill(worker, signal.SIGSTOP)
    until(lambda: crew.tasks() == {"completed": 4}, "the end of the batch", seconds=60)
    os.kill(worker, signal.SIGCONT)

    ends = Counter(status for _, status in crew.attempts())
    assert ends["completed"] == 4
    assert ends["abandoned"] >= 2  # a machine that is busy may cost another lease
    until(lambda: crew.held() == 0, "letting go")
