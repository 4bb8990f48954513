"""Races between real connections. Write skew and deadlocks do not exist on SQLite: these matter on PostgreSQL."""

from functools import partial
from typing import Any

import pytest

from tasks_app.errors import DependencyRefused, IllegalTransition
from tasks_app.models import Event, TaskList
from tasks_app.services import approvals, claims, edits, interventions, leases, task_lists, tasks
from tasks_app.services.edits import Changes
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, claim_all, claim_one, kill, kinds, statuses
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_workers_that_finish_the_last_two_tasks_at_once_close_the_list() -> None:
    for _ in range(10):
        task_list = a_list("a", "b")
        got = claim_all(a_worker())
        together(partial(claims.complete, got["a"]), partial(claims.complete, got["b"]))
        after = task_lists.get(task_list.id)
        assert (after.status, after.finished) == ("completed", True)
        assert kinds(task_list).count("list.finished") == 1
        check_books(task_list)


def test_of_two_workers_with_the_same_task_one_wins() -> None:
    for _ in range(10):
        task_list = a_list("a", concurrency=1)
        one, two = a_worker(1), a_worker(2)
        got = together(partial(claims.claim, one.id, 5, idle=True), partial(claims.claim, two.id, 5, idle=True))
        assert sorted(len(claimed.claims) for claimed in got) == [0, 1]
        check_books(task_list)
        task_lists.discard(task_list.id, "", actor=ALICE)


def test_a_lists_concurrency_holds_against_many_claims_at_once() -> None:
    task_list = a_list(*map(str, range(40)), concurrency=7)
    workers = [a_worker(n) for n in range(6)]
    got = together(*(partial(claims.claim, worker.id, 5, idle=True) for worker in workers))
    ids = [claim.task.id for claimed in got for claim in claimed.claims]
    assert len(ids) == len(set(ids)) == 7
    assert task_lists.get(task_list.id).counts["in_progress"] == 7
    check_books(task_list)


def test_a_person_who_cancels_and_a_worker_that_completes_agree_on_one_ending() -> None:
    for _ in range(10):
        task_list = a_list("a")
        claim = claim_one()
        together(partial(claims.complete, claim, 1), partial(interventions.cancel, task_list.id, "a", actor=ALICE))
        assert statuses(task_list)["a"] in ("completed", "cancelled")
        check_books(task_list)


def test_a_sweep_and_a_late_worker_agree_on_one_ending() -> None:
    for _ in range(10):
        task_list = a_list("a")
        worker = a_worker()
        claim = claim_one(worker)
        kill(worker)
        together(leases.sweep, partial(claims.complete, claim, 1), leases.sweep)
        assert statuses(task_list)["a"] in ("completed", "pending")
        check_books(task_list)
        task_lists.discard(task_list.id, "", actor=ALICE)


def test_an_edit_of_the_input_and_a_claim_agree_on_who_was_first() -> None:
    for _ in range(10):
        task_list = a_list(NewTask(id="a", input="old"))
        claimed, edited = together(
            partial(claims.claim, a_worker().id, 1, idle=True),
            partial(edits.update, task_list.id, "a", Changes(input="new"), actor=ALICE),
        )
        (claim,) = claimed.claims
        assert claim.task.input == tasks.get(task_list.id, "a").input
        assert (claim.task.input == "old") == isinstance(edited, IllegalTransition)
        check_books(task_list)


def test_an_edit_that_takes_an_approval_back_and_a_claim_agree_on_who_was_first() -> None:
    for _ in range(10):
        task_list = a_list(NewTask(id="a", input="old", requires_approval=True))
        approvals.approve(task_list.id, "a", actor=ALICE)
        claimed, edited = together(
            partial(claims.claim, a_worker().id, 1, idle=True),
            partial(edits.update, task_list.id, "a", Changes(input="new"), actor=ALICE),
        )
        ran = [claim.task.input for claim in claimed.claims]
        assert ran == (["old"] if isinstance(edited, IllegalTransition) else [])
        assert statuses(task_list)["a"] == ("in_progress" if ran else "awaiting_approval")
        check_books(task_list)


def test_of_two_edits_that_close_a_circle_together_one_is_refused() -> None:
    for _ in range(10):
        task_list = a_list("a", "b")
        got = together(
            partial(edits.update, task_list.id, "a", Changes(depends_on=["b"]), actor=ALICE),
            partial(edits.update, task_list.id, "b", Changes(depends_on=["a"]), actor=ALICE),
        )
        assert [isinstance(one, DependencyRefused) for one in got].count(True) == 1
        assert len(claim_all(a_worker())) == 1
        check_books(task_list)


def test_two_edits_of_one_task_are_both_kept_each_with_what_it_found() -> None:
    for _ in range(10):
        task_list = a_list(NewTask(id="a", label="0"))
        together(*(partial(edits.update, task_list.id, "a", Changes(label=text), actor=ALICE) for text in "12"))
        first, second = (
            event.data["changes"]["label"]
            for event in Event.objects.after(f"list:{task_list.id}", 0).filter(kind="task.changed")
        )
        assert (first["before"], first["after"]) == ("0", second["before"])
        assert tasks.get(task_list.id, "a").label == second["after"]
        check_books(task_list)


def test_an_edit_that_puts_a_task_behind_another_and_its_failure_agree() -> None:
    for _ in range(10):
        task_list = a_list("x", "a", concurrency=1)
        claim = claim_one()
        together(
            partial(edits.update, task_list.id, "a", Changes(depends_on=["x"]), actor=ALICE),
            partial(claims.fail, claim, "no"),
        )
        assert statuses(task_list) == {"x": "failed", "a": "skipped"}
        check_books(task_list)


def test_many_workers_on_many_lists_neither_deadlock_nor_lose_a_task() -> None:
    lists = [a_list(*map(str, range(12))) for _ in range(5)]
    workers = [a_worker(n) for n in range(4)]

    def work(worker_id: Any) -> int:
        done, after = 0, None
        while True:
            claimed = claims.claim(worker_id, 3, idle=True, after=after)
            after = claimed.last_list
            if not claimed.claims:
                return done
            for claim in claimed.claims:
                claims.progress(claim, "working")
                claims.complete(claim)
                done += 1
            leases.sweep()

    assert sum(together(*(partial(work, worker.id) for worker in workers))) == 60
    for task_list in lists:
        check_books(task_list)
        assert TaskList.objects.get(pk=task_list.id).status == "completed"
