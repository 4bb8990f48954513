"""The heartbeat: while the loop moves, and only then."""

import subprocess
import sys
import threading
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError

from tasks_app.conf import conf
from tasks_app.services import workers
from tasks_app.workers import beat
from tasks_app.workers.beat import Heartbeat
from tests.workers.processes import ROOT, until


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[tuple[UUID, int]]:
    """What was beaten, with a lease of 30 ms and without the watchdog, which would end the tests' process."""
    beaten: list[tuple[UUID, int]] = []
    monkeypatch.setattr(conf, "lease_seconds", 0.03)
    monkeypatch.setattr(beat, "_end_process_in", lambda seconds: None)
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


@pytest.mark.process
def test_a_process_whose_loop_is_wedged_shows_its_stacks_and_ends() -> None:
    code = """
        import time, django; django.setup()
        from uuid import uuid4
        from tasks_app.services import workers
        from tasks_app.workers import beat
        workers.beat = lambda *_: None
        beat.WEDGED_SECONDS = 0.2
        def wedged(): time.sleep(600)
        with beat.Heartbeat(uuid4(), lambda: 0): wedged()
    """
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(line.strip() for line in code.splitlines())],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "crux_site.settings", "DJANGO_SECRET_KEY": "test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "in wedged" in done.stderr
