"""The heartbeat: while the loop moves, and only then."""

import threading
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError

from tasks_app import beat
from tasks_app.beat import Heartbeat
from tasks_app.conf import conf
from tasks_app.services import workers
from tests.workers.processes import until


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[tuple[UUID, int]]:
    """What was beaten, with a lease of 30 ms."""
    beaten: list[tuple[UUID, int]] = []
    monkeypatch.setattr(conf, "lease_seconds", 0.03)
    monkeypatch.setattr(workers, "beat", lambda worker_id, running: beaten.append((worker_id, running)))
    return beaten


def test_it_beats_for_its_worker_with_the_slots_in_use(beats: list[tuple[UUID, int]]) -> None:
    worker = uuid4()
    with Heartbeat(worker, lambda: 7):
        until(lambda: len(beats) >= 3, "three beats")
    assert set(beats) == {(worker, 7)}


def test_it_is_silent_after_its_end(beats: list[tuple[UUID, int]]) -> None:
    with Heartbeat(uuid4(), lambda: 0):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]


def test_it_pauses_while_the_loop_stands_still(
    beats: list[tuple[UUID, int]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Heartbeat(uuid4(), lambda: 0) as heartbeat:
        until(lambda: beats, "a beat")
        monkeypatch.setattr(beat, "STALLED_SECONDS", -1.0)  # every tick is too old
        until(lambda: "has not moved" in caplog.text, "the complaint")
        seen = len(beats)
        until(lambda: caplog.text.count("has not moved") >= 3, "more of them")
        assert len(beats) == seen
        monkeypatch.setattr(beat, "STALLED_SECONDS", 60.0)
        heartbeat.tick()
        until(lambda: len(beats) > seen, "another beat")


def test_a_database_error_costs_a_beat_not_the_heart(
    beats: list[tuple[UUID, int]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good, failures = workers.beat, iter([OperationalError("gone"), OperationalError("still gone")])

    def flaky(worker_id: UUID, running: int) -> None:
        if error := next(failures, None):
            raise error
        good(worker_id, running)

    monkeypatch.setattr(workers, "beat", flaky)
    with Heartbeat(uuid4(), lambda: 0):
        until(lambda: beats, "a beat")
    assert "still gone" in caplog.text
