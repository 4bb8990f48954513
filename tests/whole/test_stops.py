"""Ctrl-C and SIGTERM: everything ends within 10 s, and what was under way is handed back, not lost."""

import os
import signal
from collections import Counter
from collections.abc import Callable

import pytest

from tests.whole.conftest import Up
from tests.whole.crux_up import CruxUp
from tests.whole.models import LoopbackModel, on_loopback
from tests.workers.processes import until

pytestmark = pytest.mark.process


def ctrl_c(crux: CruxUp) -> None:
    """A terminal's: to all of the foreground process group, which `up` leads here."""
    os.killpg(crux.tree.pid, signal.SIGINT)


def sigterm(crux: CruxUp) -> None:
    """A service manager's: to the process it started."""
    os.kill(crux.tree.pid, signal.SIGTERM)


@pytest.mark.parametrize("stop", [ctrl_c, sigterm])
def test_a_stop_ends_all_within_10_s_and_releases_what_takes_longer(up: Up, stop: Callable[[CruxUp], None]) -> None:
    with on_loopback(LoopbackModel()) as model:
        model.seconds = 600  # no task ends in the 5 s for which a stop waits
        crux = up("--first-run", **model.env)
        until(lambda: crux.records.tasks()["in_progress"] == 4, "four tasks at work")

        stop(crux)

        assert crux.tree.process.wait(10) == 0
    assert crux.tree.pids() == []
    assert "did not stop in time" not in crux.output()
    assert crux.records.tasks() == {"pending": 60}
    assert Counter(status for _, status in crux.records.attempts()) == {"released": 4}
    assert crux.records.held() == 0
    crux.records.check_books()
