"""Retrying, cancelling, skipping and handing back tasks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tasks_app.errors import AttemptLost, IllegalTransition
from tasks_app.models import Event, Task
from tasks_app.services import claims, interventions, leases, tasks
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, PROGRAM, a_list, a_worker, check_books, claim_all, claim_one

pytestmark = pytest.mark.django_db


class TestRetry:
    def test_a_retry_is_a_new_attempt_and_keeps_the_old_ones(self) -> None:
        task_list = a_list("a")
        claims.complete(claim_one(), {"n": 1})
        retried = interventions.retry(task_list.id, "a", actor=ALICE)
        assert (retried.status, retried.result) == ("pending", None)
        claims.complete(claim_one(), {"n": 2})
        attempts = tasks.attempts_of(task_list.id, "a")
        assert [(one.number, one.status, one.result) for one in attempts] == [
            (1, "completed", {"n": 1}),
            (2, "completed", {"n": 2}),
        ]
        assert tasks.get(task_list.id, "a").result == {"n": 2}
        check_books(task_list)

    def test_only_a_task_that_has_ended_is_retried(self) -> None:
        task_list = a_list("a")
        with pytest.raises(IllegalTransition, match="pending"):
            interventions.retry(task_list.id, "a", actor=ALICE)

    def test_the_policy_tries_again_later_with_the_error_as_feedback(self) -> None:
        task_list = a_list(NewTask(id="a", max_attempts=2))
        task = claims.fail(claim_one(), "the sources are missing")
        assert (task.status, task.feedback) == ("pending", "the sources are missing")
        assert task.not_before is not None
        assert timedelta(0) < task.not_before - timezone.now() <= timedelta(seconds=1)
        assert claim_all(a_worker()) == {}
        Task.objects.filter(task_list=task_list.id).update(not_before=timezone.now())
        again = claim_one()
        assert (again.number, again.task.feedback) == (2, "the sources are missing")
        assert claims.fail(again, "still").status == "failed"
        check_books(task_list)

    def test_an_error_that_cannot_mend_is_not_tried_again(self) -> None:
        a_list(NewTask(id="a", max_attempts=3))
        assert claims.fail(claim_one(), "TypeError: …", retryable=False).status == "failed"

    def test_a_persons_retry_counts_anew(self) -> None:
        task_list = a_list("a")
        claims.fail(claim_one(), "no")
        interventions.retry(task_list.id, "a", actor=ALICE)
        row = Task.objects.get(task_list=task_list.id)
        assert (row.failed_count, row.attempt_count, row.feedback, row.error) == (0, 1, "no", "")


class TestCancelAndSkip:
    def test_cancelling_a_running_task_fences_its_attempt_at_once(self) -> None:
        task_list = a_list("a")
        worker = a_worker()
        claim = claim_one(worker)
        interventions.cancel(task_list.id, "a", actor=ALICE, reason="wrong file")
        (attempt,) = tasks.attempts_of(task_list.id, "a")
        assert (attempt.status, attempt.stopped_at) == ("cancelled", None)
        assert leases.fenced(worker.id) == [claim.attempt_id]
        leases.stopped([claim.attempt_id])
        assert leases.fenced(worker.id) == []
        assert tasks.attempts_of(task_list.id, "a")[0].stopped_at is not None
        check_books(task_list)

    def test_a_task_that_has_ended_is_not_cancelled(self) -> None:
        task_list = a_list("a")
        claims.complete(claim_one())
        with pytest.raises(IllegalTransition, match="already completed; retry it"):
            interventions.cancel(task_list.id, "a", actor=ALICE)
        check_books(task_list)

    def test_every_act_says_who_and_why(self) -> None:
        task_list = a_list("a")
        interventions.cancel(task_list.id, "a", actor=PROGRAM, reason="too late")
        event = Event.objects.get(topic=f"list:{task_list.id}", kind="task.cancelled")
        assert (event.actor_kind, event.actor_name, event.data["reason"]) == ("program", "importer", "too late")
        assert event.data["list"]["counts"]["cancelled"] == 1


class TestHandBack:
    def test_a_running_task_is_taken_from_its_worker_and_waits_for_another(self) -> None:
        task_list = a_list("a")
        worker = a_worker()
        claim = claim_one(worker)
        claims.progress(claim, "reading")
        task = interventions.hand_back(task_list.id, "a", actor=ALICE, reason="the wrong model")
        assert (task.status, task.progress) == ("pending", "")
        (attempt,) = tasks.attempts_of(task_list.id, "a")
        assert (attempt.status, attempt.error, attempt.stopped_at) == ("released", "the wrong model", None)
        assert leases.fenced(worker.id) == [claim.attempt_id]
        with pytest.raises(AttemptLost, match="was released"):
            claims.complete(claim)
        assert claim_one(a_worker(2)).number == 2
        check_books(task_list)

    def test_it_counts_as_no_failure_and_says_who_did_it(self) -> None:
        task_list = a_list("a")
        claim_one()
        interventions.hand_back(task_list.id, "a", actor=ALICE)
        row = Task.objects.get(task_list=task_list.id)
        assert (row.failed_count, row.abandoned_count, row.attempt_count) == (0, 0, 1)
        event = Event.objects.get(topic=f"list:{task_list.id}", kind="task.released")
        assert (event.actor_name, event.data["reason"]) == ("alice", "alice handed it back")

    def test_only_a_running_task_is_handed_back(self) -> None:
        task_list = a_list("a", "b")
        claims.complete(claim_one())
        for task_id in ("a", "b"):
            with pytest.raises(IllegalTransition, match="only one in progress is handed back"):
                interventions.hand_back(task_list.id, task_id, actor=ALICE)
        check_books(task_list)
