"""Gates: a task that awaits approval goes on by a person's word and by nothing else."""

from __future__ import annotations

from uuid import UUID

from tasks_app.errors import IllegalTransition
from tasks_app.models import Task, TaskSnapshot
from tasks_app.rules.actors import Actor
from tasks_app.rules.statuses import By, TaskStatus, words
from tasks_app.rules.values import clean_text
from tasks_app.services import tasks
from tasks_app.services.ledger import Ledger, open_list


def approve(list_id: UUID, task_id: str, *, actor: Actor, note: str = "") -> TaskSnapshot:
    """Let a task that awaits approval run.

    Raises:
        IllegalTransition: it does not await approval, or the actor is no person.
    """
    with open_list(list_id, actor=actor) as ledger:
        task = _awaiting(ledger, task_id)
        ledger.move(
            [task],
            TaskStatus.PENDING,
            by=By.PERSON,
            kind="task.approved",
            data=lambda _: {"note": note},
            approved_at=ledger.now,
        )
    return task.snapshot()


def reject(list_id: UUID, task_id: str, *, actor: Actor, note: str = "") -> TaskSnapshot:
    """Fail a task that awaits approval, with the note as its error.

    Raises:
        IllegalTransition: as for `approve`.
    """
    with open_list(list_id, actor=actor) as ledger:
        task = _awaiting(ledger, task_id)
        ledger.move(
            [task],
            TaskStatus.FAILED,
            by=By.PERSON,
            kind="task.rejected",
            data=lambda _: {"note": note},
            error=clean_text(f"Rejected by {actor.name}" + (f": {note}" if note else ".")),
            ended_at=ledger.now,
        )
    return task.snapshot()


def _awaiting(ledger: Ledger, task_id: str) -> Task:
    task = tasks.find(ledger.row.pk, task_id)
    if ledger.actor.kind != "person":
        raise IllegalTransition("Only a person opens or closes a gate.", status=task.status)
    if task.status != TaskStatus.AWAITING_APPROVAL:
        state = words(task.status)
        raise IllegalTransition(f"Task {task_id!r} is {state}; it does not await approval.", status=task.status)
    return task
