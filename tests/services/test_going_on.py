"""Whether a list can go on by itself: what ends a drain."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import TaskList
from tasks_app.services import approvals, claims, interventions, task_lists
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, claim_all

pytestmark = pytest.mark.django_db

LATER = timezone.now() + timedelta(days=1)
GATE = NewTask(id="gate", requires_approval=True)


@pytest.mark.parametrize(
    ("agent", "new", "goes_on"),
    [
        ("writer", [], False),
        ("writer", ["a"], True),
        ("writer", [NewTask(id="a", not_before=LATER)], True),
        ("writer", [GATE], False),
        ("writer", [GATE, NewTask(id="behind", depends_on=["gate"])], False),
        ("writer", [GATE, "a"], True),
        ("", ["a"], False),
        ("", ["a", NewTask(id="behind", agent="writer", depends_on=["a"])], False),
        ("", ["a", NewTask(id="b", agent="writer")], True),
    ],
)
def test_a_list_goes_on_while_a_task_waits_for_time_alone(agent: str, new: list[NewTask | str], goes_on: bool) -> None:
    assert task_lists.can_go_on(a_list(*new, agent=agent).id) is goes_on


def test_a_list_goes_on_while_anything_runs_also_when_it_is_paused() -> None:
    task_list = a_list("a", NewTask(id="b", depends_on=["a"]), concurrency=1)
    claim = claim_all(a_worker())["a"]
    task_lists.pause(task_list.id, actor=ALICE)
    assert task_lists.can_go_on(task_list.id)
    claims.complete(claim)
    assert not task_lists.can_go_on(task_list.id)
    task_lists.resume(task_list.id, actor=ALICE)
    assert task_lists.can_go_on(task_list.id)


def test_a_list_that_was_left_goes_on_when_a_person_does_something_for_it() -> None:
    task_list = a_list(GATE)
    approvals.approve(task_list.id, "gate", actor=ALICE)
    assert task_lists.can_go_on(task_list.id)
    claims.complete(claim_all(a_worker())["gate"])
    assert not task_lists.can_go_on(task_list.id)
    interventions.retry(task_list.id, "gate", actor=ALICE)
    assert task_lists.can_go_on(task_list.id)


def test_a_discarded_list_goes_on_until_all_of_it_is_cancelled() -> None:
    task_list = a_list("a", GATE)
    TaskList.objects.filter(pk=task_list.id).update(discarded_at=timezone.now())
    assert task_lists.can_go_on(task_list.id)
    task_lists.finish_discard(task_list.id, actor=ALICE)
    assert not task_lists.can_go_on(task_list.id)


def test_no_list_does_not_go_on() -> None:
    assert not task_lists.can_go_on(uuid4())


def test_it_is_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    task_list = a_list("a")
    with django_assert_num_queries(1):
        task_lists.can_go_on(task_list.id)
