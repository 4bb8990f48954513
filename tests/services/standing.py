"""A task that stands in a status, brought there by the services' own doors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tasks_app.models import Attempt, Task, WorkerSnapshot
from tasks_app.services import approvals, claims, edits, hands, interventions, leases
from tasks_app.services.claims import Claim
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker


@dataclass(frozen=True, slots=True)
class Stand:
    """Task `a` of a list, the last attempt at it, the worker that made it, and another one."""

    list_id: UUID
    claim: Claim
    worker: WorkerSnapshot
    other: WorkerSnapshot

    def status(self) -> str:
        """Where the task stands."""
        return Task.objects.get(task_list=self.list_id, key="a").status

    def rows(self) -> list[Any]:
        """The task and its attempts, every column."""
        of = Task.objects.filter(task_list=self.list_id, key="a"), Attempt.objects.filter(task=self.claim.task_pk)
        return [list(rows.order_by("pk").values()) for rows in of]


def stand(status: str, *, max_attempts: int) -> Stand:
    """A task in this status that a worker has had, or has, in hand."""
    task_list = a_list(NewTask(id="a", max_attempts=max_attempts, requires_approval=status == "awaiting_approval"))
    worker = a_worker(1)
    if status == "awaiting_approval":
        approvals.approve(task_list.id, "a", actor=ALICE)
    claim, _ = hands.open_attempt(worker.id, task_list.id, "a")
    match status:
        case "pending":
            leases.release([claim])
        case "awaiting_approval":  # again: what was approved is another by now
            leases.release([claim])
            edits.update(task_list.id, "a", {"input": "other"}, actor=ALICE)
        case "skipped" | "cancelled":
            settle(task_list.id, "a", status)
            leases.stopped([claim.attempt_id])
        case _:
            finish(claim, status)
    made = Stand(task_list.id, claim, worker, a_worker(2))
    assert made.status() == status
    return made


def bring(worker: WorkerSnapshot, list_id: UUID, task_id: str, status: str) -> None:
    """Bring a pending task to this status; one with a gate waits already, if that is asked for."""
    if status in ("in_progress", "completed", "failed"):
        claim, _ = hands.open_attempt(worker.id, list_id, task_id)
        finish(claim, status)
    else:
        settle(list_id, task_id, status)


def settle(list_id: UUID, task_id: str, status: str) -> None:
    """Let Alice skip a task, or cancel it; any other status it has by itself."""
    if status == "skipped":
        interventions.skip(list_id, task_id, actor=ALICE)
    elif status == "cancelled":
        interventions.cancel(list_id, task_id, actor=ALICE)


def finish(claim: Claim, status: str) -> None:
    """End a running attempt so; or leave it running."""
    if status == "completed":
        claims.complete(claim, "done")
    elif status == "failed":
        claims.fail(claim, "no", retryable=False)
