"""Claims, fences, and what a worker may do to its own attempt."""

import pytest

from tasks_app.conf import conf
from tasks_app.errors import AttemptLost, IllegalTransition, ValueRefused
from tasks_app.models import Task
from tasks_app.services import claims, interventions, leases, task_lists, tasks
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, claim_all, claim_one, kill, kinds, statuses

pytestmark = pytest.mark.django_db


def test_a_claim_takes_priority_first_then_position() -> None:
    a_list("a", "b", NewTask(id="urgent", priority=5))
    worker = a_worker()
    order = [claim_one(worker).task.id for _ in range(3)]
    assert order == ["urgent", "a", "b"]


def test_a_list_never_runs_more_than_its_concurrency() -> None:
    task_list = a_list("a", "b", "c", concurrency=2)
    worker = a_worker()
    got = claim_all(worker)
    assert set(got) == {"a", "b"}
    claims.complete(got["a"])
    assert set(claim_all(worker)) == {"c"}
    check_books(task_list)


def test_the_default_concurrency_is_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "list_concurrency", 1)
    a_list("a", "b")
    assert set(claim_all(a_worker())) == {"a"}


def test_only_started_lists_are_served() -> None:
    task_list = a_list("a", started=False)
    assert claim_all(a_worker()) == {}
    task_lists.start(task_list.id, actor=ALICE)
    assert set(claim_all(a_worker())) == {"a"}


def test_a_paused_list_is_served_again_once_every_reason_is_lifted() -> None:
    task_list = a_list("a")
    task_lists.pause(task_list.id, actor=ALICE)
    task_lists.pause(task_list.id, actor=ALICE, reason="budget")
    task_lists.resume(task_list.id, actor=ALICE)
    assert claim_all(a_worker()) == {}
    task_lists.resume(task_list.id, actor=ALICE, reason="budget")
    assert set(claim_all(a_worker())) == {"a"}
    assert kinds(task_list).count("list.paused") == 2


def test_running_tasks_finish_while_their_list_is_paused() -> None:
    task_list = a_list("a")
    claim = claim_one()
    task_lists.pause(task_list.id, actor=ALICE)
    assert claims.complete(claim, "done").status == "completed"


def test_a_task_nobody_is_named_for_waits() -> None:
    a_list("a", NewTask(id="b", agent="writer"), agent="")
    assert set(claim_all(a_worker())) == {"b"}


def test_lists_have_their_turn() -> None:
    for n in range(3):
        a_list(*(f"{n}-{m}" for m in range(5)))
    worker = a_worker()
    first = claims.claim(worker.id, 3, idle=True)
    assert sorted(claim.task.id for claim in first.claims) == ["0-0", "1-0", "2-0"]
    one = claims.claim(worker.id, 1, idle=False, after=first.last_list)
    two = claims.claim(worker.id, 1, idle=False, after=one.last_list)
    assert one.claims[0].list_id != two.claims[0].list_id


def test_a_claim_for_one_list_leaves_the_others_alone() -> None:
    lists = [a_list(f"{n}-a", f"{n}-b") for n in range(3)]
    got = claims.claim(a_worker().id, 5, idle=True, only=lists[1].id)
    assert [claim.task.id for claim in got.claims] == ["1-a", "1-b"]


def test_a_worker_that_said_goodbye_gets_nothing() -> None:
    from tasks_app.services import workers

    a_list("a")
    worker = a_worker()
    workers.retire(worker.id)
    assert claim_all(worker) == {}


def test_the_life_of_a_task_is_on_record() -> None:
    task_list = a_list("a")
    claim = claim_one()
    assert claims.start(claim).status == "in_progress"
    assert claims.progress(claim, "reading\nsection 2").progress == "reading section 2"
    done = claims.complete(claim, {"summary": "It is short.", "n": [1, None]})
    assert (done.status, done.result) == ("completed", {"summary": "It is short.", "n": [1, None]})
    assert Task.objects.get(pk=done.pk).headline == "It is short."
    assert kinds(task_list) == [
        "list.created",
        "task.added",
        "list.started",
        "task.started",
        "task.progress",
        "task.completed",
        "list.finished",
    ]
    check_books(task_list)


def test_a_second_ending_is_declined_and_the_first_stays() -> None:
    task_list = a_list("a")
    claim = claim_one()
    claims.complete(claim, 1)
    with pytest.raises(IllegalTransition, match="what it said first stays"):
        claims.complete(claim, 2)
    with pytest.raises(IllegalTransition):
        claims.fail(claim, "no")
    assert tasks.get(task_list.id, "a").result == 1
    check_books(task_list)


@pytest.mark.parametrize("result", [float("inf"), object(), {"a": "\x00"}, "x" * 300_000])
def test_a_result_that_cannot_be_stored_leaves_the_task_in_progress(result: object) -> None:
    task_list = a_list("a")
    claim = claim_one()
    with pytest.raises(ValueRefused, match="The result of task 'a'"):
        claims.complete(claim, result)
    assert statuses(task_list) == {"a": "in_progress"}


def test_errors_and_progress_of_models_are_stored_whatever_they_hold() -> None:
    task_list = a_list("a")
    claim = claim_one()
    claims.progress(claim, "half a pair \ud800 and \x00" + "x" * 10_000)
    claims.fail(claim, "\x00" + "e" * 100_000)
    task = tasks.get(task_list.id, "a")
    assert len(task.progress) == 500
    assert task.error.startswith("\ufffdeee")
    assert len(task.error) == 20_000


class TestFences:
    def test_a_late_worker_is_refused_everything(self) -> None:
        task_list = a_list("a")
        late = claim_one()
        interventions.cancel(task_list.id, "a", actor=ALICE)
        interventions.retry(task_list.id, "a", actor=ALICE)
        second = claim_one()
        for verb in (claims.start, claims.complete):
            with pytest.raises(AttemptLost, match="Attempt 1 of task 'a' was cancelled"):
                verb(late)
        with pytest.raises(AttemptLost):
            claims.fail(late, "no")
        with pytest.raises(AttemptLost):
            claims.progress(late, "still here")
        assert claims.complete(second, "right").result == "right"
        check_books(task_list)

    def test_a_worker_of_a_discarded_list_is_told_to_stop(self) -> None:
        task_list = a_list("a")
        claim = claim_one()
        task_lists.discard(task_list.id, "no", actor=ALICE)
        with pytest.raises(AttemptLost, match="discarded"):
            claims.complete(claim)


class TestLeases:
    def test_a_dead_workers_tasks_go_to_another(self) -> None:
        task_list = a_list("a", "b")
        dead, alive = a_worker(1), a_worker(2)
        lost = claim_all(dead)
        kill(dead)
        assert leases.sweep() == 2
        assert leases.sweep() == 0
        got = claim_all(alive)
        assert set(got) == {"a", "b"}
        assert got["a"].number == 2
        with pytest.raises(AttemptLost, match="abandoned"):
            claims.complete(lost["a"])
        assert [one.status for one in tasks.attempts_of(task_list.id, "a")] == ["abandoned", "running"]
        check_books(task_list)

    def test_a_live_workers_tasks_are_left_alone(self) -> None:
        a_list("a")
        claim_one()
        assert leases.sweep() == 0

    def test_abandoned_attempts_do_not_count_as_failures(self) -> None:
        task_list = a_list("a")
        worker = a_worker(1)
        claim_one(worker)
        kill(worker)
        leases.sweep()
        assert statuses(task_list) == {"a": "pending"}
        assert Task.objects.get(task_list=task_list.id).failed_count == 0

    def test_a_task_that_kills_its_workers_fails_in_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "max_abandoned", 2)
        task_list = a_list(NewTask(id="poison", max_attempts=9), NewTask(id="behind", depends_on=["poison"]))
        for pid in (1, 2):
            worker = a_worker(pid)
            claim_one(worker)
            kill(worker)
            leases.sweep()
        task = tasks.get(task_list.id, "poison")
        assert task.status == "failed"
        assert "died 2 times" in task.error
        assert statuses(task_list)["behind"] == "skipped"
        check_books(task_list)

    def test_a_suspect_runs_alone(self) -> None:
        task_list = a_list("a", "poison", "z")
        Task.objects.filter(task_list=task_list.id, key="poison").update(abandoned_count=4)
        worker = a_worker()
        first = claims.claim(worker.id, 10, idle=True)
        assert ([claim.task.id for claim in first.claims], first.alone) == (["a"], True)
        busy = claims.claim(worker.id, 10, idle=False)
        assert (busy.claims, busy.alone) == ((), True)
        claims.complete(first.claims[0])
        alone = claims.claim(worker.id, 10, idle=True)
        assert ([claim.task.id for claim in alone.claims], alone.alone) == (["poison"], True)
        claims.complete(alone.claims[0])
        assert set(claim_all(worker)) == {"z"}

    def test_a_stopping_worker_gives_its_tasks_back(self) -> None:
        task_list = a_list("a", "b")
        got = claim_all(a_worker())
        claims.complete(got["a"])
        assert leases.release(list(got.values())) == 1
        assert statuses(task_list) == {"a": "completed", "b": "pending"}
        assert tasks.attempts_of(task_list.id, "b")[0].status == "released"
        assert claim_one(a_worker(2)).number == 2
        check_books(task_list)

    def test_a_claim_that_was_never_confirmed_to_its_worker_is_given_back(self) -> None:
        task_list = a_list("a", "b")
        worker = a_worker()
        got = claim_all(worker)
        assert leases.release_strays(worker.id, {claim.attempt_id for claim in got.values()}) == 0
        assert leases.release_strays(worker.id, {got["a"].attempt_id}) == 1
        assert statuses(task_list) == {"a": "in_progress", "b": "pending"}
        check_books(task_list)

    def test_the_sweep_lets_go_for_a_dead_worker(self) -> None:
        task_list = a_list("a")
        worker = a_worker()
        claim_one(worker)
        interventions.cancel(task_list.id, "a", actor=ALICE)
        kill(worker)
        leases.sweep()
        assert tasks.attempts_of(task_list.id, "a")[0].stopped_at is not None
        check_books(task_list)


def test_a_claim_costs_the_same_for_a_list_of_any_size(django_assert_num_queries: object) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counted = []
    for size in (10, 1000):
        task_list = a_list(*(f"{size}-{n}" for n in range(size)))
        worker = a_worker(size)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            claim_all(worker, limit=5)
        counted.append(len(queries))
        task_lists.pause(task_list.id, actor=ALICE)
    assert counted[0] == counted[1]
