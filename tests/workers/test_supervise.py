"""The supervisor's manners, on children of a line each."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.processes import Tree, children, running, until

pytestmark = pytest.mark.process

SUPERVISE = """
import json, logging, os, sys
from pathlib import Path
from tasks_app.workers.supervise import Child, supervise

logging.basicConfig(format="%(message)s")
codes = json.loads(os.environ["CHILDREN"])
stuck = Path(os.environ["CRUX_HOME"]) / "stuck"
children = [
    Child(name, [sys.executable, "-c", code], {"NAME": name}, progress=lambda: not stuck.exists(), patience_seconds=0.3)
    for name, code in codes.items()
]
sys.exit(supervise(children, stop_seconds=float(os.environ.get("STOP_SECONDS", 1))))
"""
IDLE = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('{}', 'w'); time.sleep(600)"


class Family:
    """Starts supervisors and ends them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.trees: list[Tree] = []

    def __call__(self, *, stop_seconds: float = 1, **codes: str) -> Tree:
        named = {name: textwrap.dedent(code) for name, code in codes.items()}
        argv = [sys.executable, "-c", SUPERVISE]
        tree = Tree(argv, self.home, CHILDREN=json.dumps(named), STOP_SECONDS=str(stop_seconds))
        self.trees.append(tree)
        return tree


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Family]:
    family = Family(tmp_path)
    yield family
    for tree in family.trees:
        tree.end()


def test_what_a_child_leaves_behind_is_gone_before_it_starts_anew(supervise: Family) -> None:
    log = supervise.home / "pids"
    code = f"""
        import os, subprocess, sys, time
        before = open({str(log)!r}).read().split() if os.path.exists({str(log)!r}) else []
        name = "/proc/{{}}/cmdline".format
        alive = [pid for pid in before if os.path.exists(name(pid)) and open(name(pid)).read()]
        orphan = subprocess.Popen([sys.executable, "-c", "import os, time; os.setpgid(0, 0); time.sleep(600)"])
        open({str(log)!r}, "a").write(f"{{orphan.pid}}\\n")
        if alive: open({str(log)!r} + ".alive", "w").write(str(alive))
        time.sleep(0.2)
    """
    supervise(child=code)

    until(lambda: log.exists() and len(log.read_text().split()) >= 3, "three lives")
    assert not Path(f"{log}.alive").exists()


def test_a_child_that_ends_well_is_started_anew_and_quick_deaths_wait_longer(supervise: Family) -> None:
    tree = supervise(child="pass")

    until(lambda: "in 1 s" in tree.output.read_text(), "the third death")

    lines = tree.output.read_text().splitlines()
    assert lines[:3] == [
        "child: ended (exit code 0); starting it anew at once.",
        "child: ended (exit code 0); starting it anew in 0.5 s.",
        "child: ended (exit code 0); starting it anew in 1 s.",
    ]


def test_a_child_whose_first_exit_says_misuse_ends_all(supervise: Family) -> None:
    tree = supervise(fine=IDLE, wrong="import sys; sys.exit(2)")

    assert tree.process.wait(20) == 2
    assert tree.pids() == []


def test_misuse_later_is_a_crash_like_any_other(supervise: Family) -> None:
    born = supervise.home / "born"
    code = "import os, sys; sys.exit(2 if os.path.exists({0!r}) else open({0!r}, 'w').close())"
    tree = supervise(child=code.format(str(born)))

    until(lambda: "ended (exit code 2); starting it anew" in tree.output.read_text(), "another start")
    assert running(tree.pid)


def test_a_deaf_child_is_killed_when_its_time_is_out(supervise: Family) -> None:
    ready = supervise.home / "ready"
    tree = supervise(stop_seconds=0.2, child=DEAF.format(ready))
    until(ready.exists, "the child")

    tree.process.terminate()

    assert tree.process.wait(20) == 0
    assert tree.pids() == []
    assert "child: did not stop in time; killed." in tree.output.read_text()


def test_a_second_signal_does_not_wait(supervise: Family) -> None:
    ready = supervise.home / "ready"
    tree = supervise(stop_seconds=600, child=DEAF.format(ready))
    until(ready.exists, "the child")

    tree.process.send_signal(2)
    with pytest.raises(subprocess.TimeoutExpired):
        tree.process.wait(0.3)
    tree.process.send_signal(2)

    assert tree.process.wait(20) == 0
    assert tree.pids() == []


def test_a_child_without_progress_is_replaced(supervise: Family) -> None:
    tree = supervise(child=IDLE)
    until(lambda: children(tree.pid), "the child")
    first = children(tree.pid)

    (supervise.home / "stuck").touch()
    until(lambda: not running(first[0]), "its end")
    (supervise.home / "stuck").unlink()

    until(lambda: children(tree.pid), "its successor")
    assert "child: no progress for" in tree.output.read_text()


def test_a_child_that_cannot_be_stopped_for_want_of_progress_is_killed(supervise: Family) -> None:
    ready = supervise.home / "ready"
    tree = supervise(stop_seconds=0.2, child=DEAF.format(ready))
    until(ready.exists, "the child")
    first = children(tree.pid)

    (supervise.home / "stuck").touch()

    until(lambda: not running(first[0]), "its end")


def test_children_end_with_a_parent_that_is_killed(supervise: Family) -> None:
    tree = supervise(one=IDLE, two=IDLE)
    until(lambda: len(children(tree.pid)) == 2, "two children")

    tree.process.kill()

    until(lambda: tree.pids() == [], "their end")


def test_a_child_that_cannot_be_executed_is_tried_again(tmp_path: Path) -> None:
    code = SUPERVISE.replace('[sys.executable, "-c", code]', "['/nowhere/at/all']")
    tree = Tree([sys.executable, "-c", code], tmp_path, CHILDREN='{"child": ""}')
    try:
        until(lambda: tree.output.read_text().count("cannot be started") >= 2, "another try")
    finally:
        tree.end()
