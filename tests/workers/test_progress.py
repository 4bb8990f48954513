"""What the supervisor takes for progress."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import OperationalError

from tasks_app.conf import conf
from tasks_app.services import workers
from tasks_app.workers import progress
from tasks_app.workers.progress import Progress, patience_seconds
from tests.builders import kill

pytestmark = pytest.mark.django_db


def test_a_live_worker_of_the_cluster_is_progress_and_another_clusters_is_not() -> None:
    ours = Progress("ours", expected=1)
    workers.register("host", 1, 10, "theirs")
    assert not ours()
    worker = workers.register("host", 2, 10, "ours")
    assert ours()
    kill(worker)
    assert not ours()


def test_too_few_workers_are_progress_for_three_minutes(later: Callable[[float], None]) -> None:
    cluster = Progress("ours", expected=2)
    one, two = workers.register("host", 1, 10, "ours"), workers.register("host", 2, 10, "ours")
    assert cluster()
    kill(two)
    later(179)
    assert cluster()
    later(2)
    assert not cluster()
    kill(one)
    assert not cluster()
    workers.register("host", 3, 10, "ours")
    assert cluster(), "a new cluster has its own three minutes"


def test_a_database_that_does_not_answer_is_no_reason_to_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("away")

    monkeypatch.setattr(workers, "alive", away)
    assert Progress("ours", expected=1)()


def test_the_patience_covers_three_leases_and_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert patience_seconds() == 45
    monkeypatch.setattr(conf, "lease_seconds", 2)
    assert patience_seconds() == 20


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock that progress is measured by."""
    now = 1000.0
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now))

    def move(seconds: float) -> None:
        nonlocal now
        now += seconds

    return move
