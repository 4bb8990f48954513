"""Programs that work by hand, as real processes: killed, left, forked."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.workers.processes import Tree, until
from tests.workers.records import Records

pytestmark = pytest.mark.process

LEASE_SECONDS = 2

Program = Callable[[str], Tree]


@pytest.fixture
def program(home: Path) -> Iterator[Program]:
    """Starts `handwork WORD` on a list of two tasks, `t0` and `t1`; nothing of it is left after the test."""
    Records(home).ask("batch", "nobody", "0", "2")
    (list_id,) = Records(home).lists()
    trees: list[Tree] = []

    def start(word: str) -> Tree:
        place = home / f"program-{len(trees)}"
        place.mkdir()
        argv = [sys.executable, "-m", "tests.workers.handwork", word, list_id]
        trees.append(Tree(argv, place, CRUX_HOME=str(home), CRUX_LEASE_SECONDS=str(LEASE_SECONDS)))
        return trees[-1]

    yield start
    for tree in trees:
        tree.end()


def said(tree: Tree) -> str:
    """What it has printed so far."""
    return tree.output.read_text()


def asked(program: Program) -> str:
    """What another program is told that completes `t0`."""
    other = program("take")
    assert other.process.wait(40) == 0
    return said(other)


def test_what_a_killed_program_held_goes_to_the_next_once_the_lease_is_out(program: Program, home: Path) -> None:
    holder = program("hold")
    until(lambda: "start_task {'ok': True" in said(holder), "the start")
    lived = "SELECT 86400 * (julianday(beat_at) - julianday(started_at)) FROM tasks_app_worker"
    until(lambda: Records(home).rows(lived)[0][0] > LEASE_SECONDS, "a life longer than a lease")
    assert "is held by" in asked(program)

    holder.process.kill()
    until(lambda: "'ok': True" in asked(program), "the takeover")

    assert Records(home).attempts() == [("t0", "abandoned"), ("t0", "completed")]
    Records(home).check_books()


def test_a_program_that_ends_gives_back_at_once_what_it_holds(program: Program, home: Path) -> None:
    left = program("leave")
    assert left.process.wait(40) == 0

    assert Records(home).attempts() == [("t0", "released")]
    assert Records(home).tasks() == Counter(pending=2)
    assert Records(home).rows("SELECT count(*) FROM tasks_app_worker WHERE stopped_at IS NULL") == [(0,)]
    Records(home).check_books()


def test_a_fork_holds_its_own_and_gives_back_its_own(program: Program, home: Path) -> None:
    parent = program("fork")
    until(lambda: "parent True" in said(parent), "the end of the fork")

    assert sorted(Records(home).attempts()) == [("t0", "running"), ("t1", "released")]
    assert len(Records(home).rows("SELECT DISTINCT worker_id FROM tasks_app_attempt")) == 2
