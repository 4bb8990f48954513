"""Worker processes: births, beats, deaths, and how they are forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tasks_app.conf import conf
from tasks_app.models import Attempt, Worker, WorkerSnapshot
from tasks_app.services import claims, leases, tasks, workers
from tests.builders import ALICE, a_list, a_worker, check_books, claim_one, kill, statuses

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


class TestForgetting:
    def test_the_sweep_forgets_workers_long_dead_and_keeps_their_names_in_their_attempts(self) -> None:
        task_list = a_list("a")
        old, recent, well = a_worker(1), a_worker(2), a_worker(3)
        claims.complete(claim_one(old))
        silent_for(old, days=8)
        silent_for(recent, days=6)
        leases.sweep()
        assert set(Worker.objects.values_list("pk", flat=True)) == {recent.id, well.id}
        (attempt,) = tasks.attempts_of(task_list.id, "a")
        assert attempt.worker == "host:1"

    def test_a_worker_that_said_goodbye_long_ago_is_forgotten_too(self) -> None:
        worker = a_worker()
        workers.retire(worker.id)
        silent_for(worker, days=8)
        assert workers.forget_dead() == 1

    def test_one_that_still_holds_something_is_kept_until_the_sweep_has_taken_it(self) -> None:
        a_list("a", "b")
        worker = a_worker()
        claims.complete(claim_one(worker))
        claim_one(worker)
        silent_for(worker, days=8)
        assert workers.forget_dead() == 0
        leases.sweep()
        assert not Worker.objects.exists()
        assert sorted(Attempt.objects.values_list("status", flat=True)) == ["abandoned", "completed"]
        assert not Attempt.objects.filter(worker__isnull=False).exists()

    def test_one_whose_cancelled_work_has_not_been_let_go_of_is_kept(self) -> None:
        task_list = a_list("a")
        worker = a_worker()
        claim_one(worker)
        tasks.cancel(task_list.id, "a", actor=ALICE)
        silent_for(worker, days=8)
        assert workers.forget_dead() == 0

    def test_a_live_worker_is_kept_however_old(self) -> None:
        worker = a_worker()
        Worker.objects.filter(pk=worker.id).update(started_at=timezone.now() - timedelta(days=400))
        assert workers.forget_dead() == 0

    def test_where_nobody_is_to_be_forgotten_it_costs_one_query(self, django_assert_num_queries: object) -> None:
        a_worker()
        with django_assert_num_queries(1):  # type: ignore[operator]
            workers.forget_dead()
