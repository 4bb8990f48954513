"""Worker processes: births, beats, deaths."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tasks_app.conf import conf
from tasks_app.models import Worker, WorkerSnapshot
from tasks_app.services import claims, leases, workers
from tests.builders import a_list, a_worker, check_books, claim_one, kill, statuses

pytestmark = pytest.mark.django_db


def silent_for(worker: WorkerSnapshot, **since: float) -> None:
    Worker.objects.filter(pk=worker.id).update(beat_at=timezone.now() - timedelta(**since))


def alive() -> list[str]:
    return [worker.name for worker in workers.alive()]


def test_a_new_worker_is_alive_and_idle() -> None:
    worker = workers.register("host", 7, 100, "up-1")
    assert (worker.name, worker.slots, worker.running, worker.stopped_at) == ("host:7", 100, 0, None)
    assert workers.alive() == [worker]
    assert workers.any_alive()


def test_one_that_works_for_a_program_alone_is_alive_and_serves_nobody() -> None:
    own = workers.register("host", 7, 0, "")
    assert not workers.any_alive()
    assert workers.alive() == []
    assert Worker.objects.alive().get().pk == own.id
    server = a_worker()
    assert workers.alive() == [server]


def test_a_host_of_any_name_gets_in() -> None:
    worker = workers.register("h" * 300, 7, 100, "c" * 300)
    assert (len(worker.host), len(worker.cluster)) == (255, 200)


def test_a_beat_keeps_a_worker_alive_and_says_how_busy_it_is() -> None:
    worker = a_worker()
    silent_for(worker, seconds=conf.lease_seconds - 5)
    assert alive() == ["host:1"]
    workers.beat(worker.id, 42)
    (after,) = workers.alive()
    assert after.running == 42
    assert after.beat_at > timezone.now() - timedelta(seconds=conf.lease_seconds - 5)


def test_a_worker_that_is_silent_beyond_its_lease_is_dead_until_it_beats_again() -> None:
    worker = a_worker()
    silent_for(worker, seconds=conf.lease_seconds + 5)
    assert not workers.any_alive()
    assert Worker.objects.dead().count() == 1
    workers.beat(worker.id, 0)
    assert alive() == ["host:1"]


def test_a_worker_that_said_goodbye_is_dead_whatever_it_says_later() -> None:
    worker = a_worker()
    workers.retire(worker.id)
    workers.beat(worker.id, 3)
    assert alive() == []
    assert Worker.objects.dead().count() == 1


def test_every_worker_is_either_alive_or_dead() -> None:
    late, gone, well = a_worker(1), a_worker(2), a_worker(3)
    kill(late)
    workers.retire(gone.id)
    assert {row.pk for row in Worker.objects.alive()} == {well.id}
    assert {row.pk for row in Worker.objects.dead()} == {late.id, gone.id}


def test_what_a_worker_held_that_said_goodbye_goes_to_others() -> None:
    task_list = a_list("a")
    worker = a_worker()
    claim_one(worker)
    workers.retire(worker.id)
    assert leases.sweep() == 1
    assert statuses(task_list) == {"a": "pending"}
    check_books(task_list)


def test_one_that_slept_for_a_week_works_on() -> None:
    task_list = a_list("a")
    worker = a_worker()
    silent_for(worker, days=8)
    leases.sweep()
    workers.beat(worker.id, 0)
    claims.complete(claim_one(worker))
    assert statuses(task_list) == {"a": "completed"}
