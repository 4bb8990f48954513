"""docs/reference/events.md is a contract: every kind is there, with what its data holds."""

from __future__ import annotations

import re

import pytest

from tasks_app.models import Event, TaskListSnapshot
from tasks_app.rules.events import KINDS
from tasks_app.services import approvals, claims, edits, events, interventions, leases, plans, task_lists, tasks
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, claim_all, kill
from tests.docs.pages import page

PAGE = page("docs/reference/events.md")


def _told() -> dict[str, tuple[set[str], set[str]]]:
    """Kind → what its data always holds, and what it may hold."""
    told = {}
    for kind, _, data in re.findall(r"^\| `((?:list|task|plan)\.\w+)` \| (.*?) \| (.*?) ?\|$", PAGE.text, re.M):
        sure, _, perhaps = re.sub(r":.*", "", data).replace("(", "maybe ").partition("maybe")
        told[kind] = set(re.findall(r"`(\w+)`", sure)), set(re.findall(r"`(\w+)`", perhaps))
    return told


def test_every_kind_is_told() -> None:
    assert _told().keys() == KINDS


@pytest.mark.django_db
def test_the_data_of_each_kind_is_as_told() -> None:
    told = _told()
    _everything_happens()
    happened = list(Event.objects.all())

    assert {event.kind for event in happened} == KINDS
    for event in happened:
        sure, perhaps = told[event.kind]
        assert sure <= event.data.keys() <= sure | perhaps, (event.kind, event.data)


@pytest.mark.django_db
def test_the_fields_are_as_told() -> None:
    task_list = a_list("a")
    event, *_ = events.after(f"list:{task_list.id}", 0)
    fields = re.findall(r"^\| `(\w+)` \|", PAGE.text.partition("## Kinds")[0], re.M)

    assert list(event.public()) == fields


def _everything_happens() -> None:
    plan = plans.create("Book", actor=ALICE)
    plans.update(plan.id, actor=ALICE, content="More.")
    made = a_list("done", NewTask(id="twice", max_attempts=2), "broken", "stopped", "given", "lost", agent="writer")
    tasks.add_many(made.id, [NewTask(id="behind", depends_on=["broken"]), *_gated("yes", "no")], actor=ALICE)
    worker = a_worker()
    held = claim_all(worker)
    claims.progress(held["done"], "reading")
    claims.complete(held["done"], "result")
    claims.fail(held["twice"], "again")
    claims.fail(held["broken"], "for good")
    interventions.cancel(made.id, "stopped", actor=ALICE, reason="enough")
    leases.stopped([held["stopped"].attempt_id])
    leases.release([held["given"]])
    kill(worker)
    leases.sweep()
    _people_step_in(made)


def _people_step_in(made: TaskListSnapshot) -> None:
    approvals.approve(made.id, "yes", actor=ALICE)
    approvals.reject(made.id, "no", actor=ALICE, note="not this one")
    interventions.retry(made.id, "broken", actor=ALICE)
    interventions.skip(made.id, "given", actor=ALICE)
    edits.update(made.id, "given", {"label": "Given away", "reason": "sold"}, actor=ALICE)
    tasks.remove(made.id, "no", actor=ALICE)
    task_lists.pause(made.id, actor=ALICE)
    task_lists.resume(made.id, actor=ALICE)
    task_lists.set_concurrency(made.id, 3, actor=ALICE)
    task_lists.discard(made.id, "over", actor=ALICE)


def _gated(*ids: str) -> list[NewTask]:
    return [NewTask(id=task, requires_approval=True) for task in ids]
