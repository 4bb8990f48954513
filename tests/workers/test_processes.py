"""The tree of processes, killed in every way: real processes, real signals."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workers.processes import Tree, children, running, scratch, until

pytestmark = pytest.mark.process

ROLES: dict[str, Callable[[Tree], int]] = {
    "main": lambda up: children(up.pid)[0],
    "sentinel": lambda up: children(children(up.pid)[0])[0],
    "worker": lambda up: up.shifts()[0],
    "monitor": lambda up: _below_sentinel(up)[-2],
    "pusher": lambda up: _below_sentinel(up)[-1],
}


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_process_leaves_no_orphan_and_two_shifts_run_again(up: Tree, role: str) -> None:
    until(lambda: len(up.shifts()) == 2 and len(up.pids()) == 7, "a whole tree")
    victim = ROLES[role](up)

    os.kill(victim, signal.SIGKILL)

    until(lambda: not running(victim), "the death")
    until(lambda: len(up.shifts()) == 2 and len(up.pids()) == 7, "a whole tree again")
    assert set(up.shifts()) <= set(_below_sentinel(up))


def test_all_killed_at_once_three_times_come_back_each_time(up: Tree) -> None:
    for _ in range(3):
        until(lambda: len(up.shifts()) == 2 and len(up.pids()) == 7, "a whole tree")
        victims = [pid for pid in up.pids() if pid != up.pid]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        until(lambda victims=victims: not any(map(running, victims)), "their deaths")  # type: ignore[misc]
    until(lambda: len(up.shifts()) == 2 and len(up.pids()) == 7, "a whole tree again")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_lets_the_shifts_drain_and_leaves_no_process(up: Tree, signum: signal.Signals) -> None:
    until(lambda: len(up.shifts()) == 2, "two shifts")
    shifts = up.shifts()

    up.process.send_signal(signum)

    assert up.process.wait(20) == 0
    assert sorted(up.words("drained")) == sorted(shifts)
    assert up.pids() == []
    assert "killed" not in up.output.read_text()


def test_when_the_parent_is_killed_its_children_drain_and_end(up: Tree) -> None:
    until(lambda: len(up.shifts()) == 2, "two shifts")
    shifts = up.shifts()

    up.process.kill()

    until(lambda: up.pids() == [], "the end of all")
    assert sorted(up.words("drained")) == sorted(shifts)


def test_a_stop_before_the_shifts_have_begun_leaves_no_process(up: Tree) -> None:
    until(lambda: children(up.pid), "a child")

    up.process.terminate()

    assert up.process.wait(20) == 0
    assert up.pids() == []


def test_a_recycled_shift_is_followed_by_another_in_a_new_process(home: Path) -> None:
    tree = scratch("cluster", home, CRUX_WORKERS="1", SCRATCH_RECYCLE_SECONDS="0.1")
    try:
        until(lambda: len(tree.words("recycled")) >= 3, "three recyclings")
        assert len(set(tree.words("shift"))) == len(tree.words("shift"))
    finally:
        tree.process.terminate()
        until(lambda: tree.pids() == [], "the end")
        tree.end()


def test_a_cluster_started_by_hand_ends_with_code_0_when_asked(home: Path) -> None:
    tree = scratch("cluster", home)
    try:
        until(lambda: len(tree.shifts()) == 2, "two shifts")
        tree.process.terminate()
        assert tree.process.wait(20) == 0
        assert tree.pids() == []
    finally:
        tree.end()


def test_the_stock_cluster_command_refuses_and_names_ours(home: Path) -> None:
    tree = Tree([sys.executable, "manage.py", "qcluster", "--run-once"], home)
    assert tree.process.wait(20) == 1
    assert "manage.py crux up" in tree.output.read_text()


def _below_sentinel(up: Tree) -> list[int]:
    main = children(up.pid)
    sentinel = children(main[0]) if main else []
    return children(sentinel[0]) if sentinel else []
