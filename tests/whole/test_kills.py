"""kill -9 of anything, at any time: the batch of the first run completes by itself, and the books are right."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.whole.conftest import Up
from tests.whole.crux_up import CruxUp
from tests.whole.models import LoopbackModel, on_loopback
from tests.workers.processes import running, until

pytestmark = pytest.mark.process

TREE: dict[str, Callable[[CruxUp], int]] = {
    "main": lambda crux: crux.main,
    "sentinel": lambda crux: crux.sentinel,
    "monitor": lambda crux: crux.aides[0],
    "pusher": lambda crux: crux.aides[0],  # the monitor's successor is younger
    "one worker": lambda crux: crux.workers[0],
    "the other worker": lambda crux: crux.workers[1],
}


@pytest.fixture
def model() -> Iterator[LoopbackModel]:
    """A model so slow that the first batch outlasts the kills; afterwards it is let go."""
    with on_loopback(LoopbackModel()) as model:
        model.seconds = 1.0
        yield model


def test_a_batch_survives_the_kill_of_each_process_of_the_tree_in_turn(up: Up, model: LoopbackModel) -> None:
    crux = up("--first-run", **model.env)
    for role, find in TREE.items():
        wait_until_at_work(crux)
        victim = find(crux)
        os.kill(victim, signal.SIGKILL)
        until(lambda victim=victim: not running(victim), f"the death of {role}")  # type: ignore[misc]

    model.seconds = 0
    check_that_it_completes(crux)
    assert Counter(status for _, status in crux.records.attempts())["abandoned"] > 0
    crux.stop()


def test_a_batch_survives_the_kill_of_the_whole_tree_three_times_in_a_row(up: Up, model: LoopbackModel) -> None:
    crux = up("--first-run", **model.env)
    lost: set[str] = set()
    for _ in range(3):
        wait_until_at_work(crux)
        victims = [*crux.workers, *crux.aides, crux.sentinel, crux.main]
        for pid in reversed(victims):  # frozen, so that what they hold is known, and all die at once
            os.kill(pid, signal.SIGSTOP)
        lost |= crux.records.running_at(victims)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        until(lambda victims=victims: not any(map(running, victims)), "their deaths")  # type: ignore[misc]

    model.seconds = 0
    check_that_it_completes(crux)
    assert len(lost) >= 3
    assert crux.records.outcomes(lost) == {"abandoned": len(lost)}
    crux.stop()


def test_after_the_kill_of_crux_up_its_children_end_and_the_next_one_finishes_the_batch(
    up: Up, model: LoopbackModel
) -> None:
    crux = up("--first-run", CRUX_DRAIN_SECONDS="0", **model.env)
    wait_until_at_work(crux)

    crux.tree.process.kill()

    until(lambda: crux.tree.pids() == [], "the end of its children")
    assert crux.records.tasks()["pending"] > 0
    model.seconds = 0
    successor = up("--first-run", **model.env)
    check_that_it_completes(successor)
    assert len(successor.records.lists()) == 1
    successor.stop()


def wait_until_at_work(crux: CruxUp) -> None:
    """Wait for all processes, and for tasks in the hands of workers that live now."""
    until(crux.is_whole, "a whole tree")
    until(lambda: crux.records.running_at(crux.workers), "work")


def check_that_it_completes(crux: CruxUp) -> None:
    """See that the batch completes by itself, each task once, with dense events and right counters."""
    until(lambda: crux.records.tasks() == {"completed": 60}, "the end of the batch", seconds=60)
    until(lambda: crux.records.held() == 0, "letting go")
    assert set(crux.records.completions().values()) == {1}
    assert len(crux.records.completions()) == 60
    assert {status for _, status in crux.records.attempts()} <= {"completed", "abandoned", "released"}
    crux.records.check_books()
