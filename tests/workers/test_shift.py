"""Real shifts in real processes: what a kill and a stop leave of a batch."""

import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.processes import Tree, children, running, until
from tests.workers.records import Records

pytestmark = pytest.mark.process


class Crew(Records):
    """A supervised cluster of real shifts with a lease of 2 s, and a look at its database."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._trees: list[Tree] = []

    def up(self, **env: str) -> Tree:
        tree = Tree([sys.executable, "-m", "tests.workers.crew", "up"], self.home, CRUX_LEASE_SECONDS="2", **env)
        self._trees.append(tree)
        return tree

    def start(self, agent: str, *, seconds: float, count: int) -> None:
        self.ask("batch", agent, str(seconds), str(count))

    def end(self) -> None:
        for tree in self._trees:
            tree.end()


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
    assert set(crew.completions().values()) == {1}
    assert len(crew.completions()) == 60
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
    assert {status for _, status in crew.attempts()} == {"released"}  # a slower process may have taken them once more
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
