"""Adding, retrying, cancelling, skipping and removing tasks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tasks_app.conf import conf
from tasks_app.errors import (
    DuplicateTaskId,
    IllegalTransition,
    TaskListNotFound,
    TaskNotFound,
    ValueRefused,
)
from tasks_app.models import Event, Task
from tasks_app.models.columns import new_id
from tasks_app.services import claims, interventions, leases, tasks
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, PROGRAM, a_list, a_worker, check_books, claim_all, claim_one, statuses

pytestmark = pytest.mark.django_db


def test_tasks_keep_the_order_in_which_they_were_added() -> None:
    task_list = a_list("b", "a", started=False)
    tasks.add_many(task_list.id, [NewTask(id="c")], actor=ALICE)
    rows = Task.objects.filter(task_list=task_list.id).order_by("position")
    assert [(task.key, task.position) for task in rows] == [("b", 1), ("a", 2), ("c", 3)]
    check_books(task_list)


def test_a_task_without_a_label_shows_its_id() -> None:
    task_list = a_list(NewTask(id="notes/one.md"))
    assert tasks.get(task_list.id, "notes/one.md").label == "notes/one.md"


def test_a_batch_is_added_whole_or_not_at_all() -> None:
    task_list = a_list("a")
    with pytest.raises(DuplicateTaskId, match="'a' is taken"):
        tasks.add_many(task_list.id, [NewTask(id="b"), NewTask(id="a")], actor=ALICE)
    with pytest.raises(DuplicateTaskId, match="twice"):
        tasks.add_many(task_list.id, [NewTask(id="c"), NewTask(id="c")], actor=ALICE)
    assert statuses(task_list) == {"a": "pending"}
    check_books(task_list)


def test_a_removed_task_keeps_its_id() -> None:
    task_list = a_list("a", "b")
    tasks.remove(task_list.id, "a", actor=ALICE)
    with pytest.raises(TaskNotFound):
        tasks.get(task_list.id, "a")
    with pytest.raises(DuplicateTaskId):
        tasks.add_many(task_list.id, [NewTask(id="a")], actor=ALICE)
    check_books(task_list)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (NewTask(id=""), "1 to 200 characters"),
        (NewTask(id="x" * 201), "1 to 200 characters"),
        (NewTask(id=" x"), "blanks"),
        (NewTask(id="a\x00b"), "1 to 200"),
        (NewTask(id="x", input={"a": {1, 2}}), "not JSON"),
        (NewTask(id="x", input=float("nan")), "not JSON"),
        (NewTask(id="x", input="a\x00b"), "NUL"),
        (NewTask(id="x", input="\ud800"), "surrogate"),
        (NewTask(id="x", input="x" * 300_000), "at most 262,144"),
        (NewTask(id="x", max_attempts=0), "from 1 to 1,000,000"),
        (NewTask(id="x", max_attempts=2**40), "from 1 to 1,000,000"),
        (NewTask(id="x", agent="x" * 101), "The agent of task 'x' is a name of at most 100"),
        (NewTask(id="x", model="m" * 201), "The model of task 'x' is a name of at most 200"),
        (NewTask(id="x", model="m\x00"), "The model of task 'x'"),
        (NewTask(id="x", priority=2**40), "out of bounds"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(task: NewTask, words: str) -> None:
    task_list = a_list()
    with pytest.raises(ValueRefused, match=words):
        tasks.add_many(task_list.id, [task], actor=ALICE)
    assert statuses(task_list) == {}


def test_a_backslash_before_u0000_is_text_and_is_kept() -> None:
    task_list = a_list(NewTask(id="a", input="\\u0000"))
    assert tasks.get(task_list.id, "a").input == "\\u0000"


def test_an_unknown_list_is_named() -> None:
    missing = new_id()
    with pytest.raises(TaskListNotFound, match=str(missing)):
        tasks.add_many(missing, [NewTask(id="a")], actor=ALICE)


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

    def test_a_running_task_is_cancelled_before_it_is_removed(self) -> None:
        task_list = a_list("a")
        claim_one()
        with pytest.raises(IllegalTransition, match="cancel it first"):
            tasks.remove(task_list.id, "a", actor=ALICE)

    def test_every_act_says_who_and_why(self) -> None:
        task_list = a_list("a")
        interventions.cancel(task_list.id, "a", actor=PROGRAM, reason="too late")
        event = Event.objects.get(topic=f"list:{task_list.id}", kind="task.cancelled")
        assert (event.actor_kind, event.actor_name, event.data["reason"]) == ("program", "importer", "too late")
        assert event.data["list"]["counts"]["cancelled"] == 1


def test_more_tasks_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "max_batch_tasks", 1)
    with pytest.raises(ValueRefused, match="at most 1 "):
        a_list("a", "b")
