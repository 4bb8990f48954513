"""Tasks that wait for a person."""

import pytest

from tasks_app.errors import IllegalTransition
from tasks_app.services import approvals, claims, interventions, leases, tasks
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, PROGRAM, a_list, a_worker, check_books, claim_all, claim_one, statuses

pytestmark = pytest.mark.django_db


def test_a_gated_task_waits_for_a_person() -> None:
    task_list = a_list(NewTask(id="a", requires_approval=True))
    assert statuses(task_list) == {"a": "awaiting_approval"}
    assert claim_all(a_worker()) == {}
    with pytest.raises(IllegalTransition, match="Only a person"):
        approvals.approve(task_list.id, "a", actor=PROGRAM)
    approvals.approve(task_list.id, "a", actor=ALICE, note="go")
    assert set(claim_all(a_worker())) == {"a"}
    check_books(task_list)


def test_the_gate_stands_only_once_the_dependencies_are_done() -> None:
    task_list = a_list("a", NewTask(id="b", depends_on=["a"], requires_approval=True))
    assert statuses(task_list)["b"] == "pending"
    claims.complete(claim_one())
    assert statuses(task_list)["b"] == "awaiting_approval"
    check_books(task_list)


def test_a_rejection_fails_the_task_and_a_retry_asks_anew() -> None:
    task_list = a_list(NewTask(id="a", requires_approval=True))
    approvals.reject(task_list.id, "a", actor=ALICE, note="not like this")
    task = tasks.get(task_list.id, "a")
    assert (task.status, task.error) == ("failed", "Rejected by alice: not like this")
    interventions.retry(task_list.id, "a", actor=ALICE)
    assert statuses(task_list) == {"a": "awaiting_approval"}
    check_books(task_list)


def test_a_policy_retry_keeps_the_approval() -> None:
    task_list = a_list(NewTask(id="a", requires_approval=True, max_attempts=2))
    approvals.approve(task_list.id, "a", actor=ALICE)
    claims.fail(claim_one(), "no")
    assert statuses(task_list) == {"a": "pending"}


def test_no_sweep_opens_a_gate() -> None:
    task_list = a_list(NewTask(id="a", requires_approval=True))
    leases.sweep()
    assert statuses(task_list) == {"a": "awaiting_approval"}
