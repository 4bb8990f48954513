"""Work by hand: an attempt at one task, named by its id, for a program that is no worker of the pool.

It obeys the conditions of a claim (dependencies, pauses, time, approval), but neither asks whether the list was
started nor counts against its concurrency.
"""

from __future__ import annotations

import os
import socket
from typing import Any
from uuid import UUID

from django.db import transaction

from tasks_app.errors import IllegalTransition
from tasks_app.models import Attempt, Dependency, Task, TaskSnapshot, Worker
from tasks_app.rules.actors import Actor
from tasks_app.rules.statuses import AttemptStatus, By, TaskStatus, check_move
from tasks_app.rules.values import is_id
from tasks_app.services import claims, leases, tasks
from tasks_app.services.claims import Claim
from tasks_app.services.dependents import is_satisfied
from tasks_app.services.ledger import Ledger, open_list

NAMED = 5  # dependencies a refusal names; one of thousands waits for many

Opened = tuple[Claim, TaskSnapshot]
"""The attempt, and its task as it stands now."""


def open_attempt(worker_id: UUID, list_id: UUID, task_id: str) -> Opened:
    """Start a pending task as the next attempt at it. Some twelve queries.

    The worker's row is made if it is not there. An attempt whose worker has died is abandoned first.

    Args:
        worker_id: of this process; a new one at will.

    Raises:
        IllegalTransition: another holds the task, it waits for something, or it has ended; the message says which.
        TaskNotFound, TaskListNotFound, TaskListDiscarded.
    """
    _take_from_dead(list_id, task_id)
    claim = _open(worker_id, list_id, task_id)
    return claim, claim.task


def complete(worker_id: UUID, list_id: UUID, task_id: str, result: Any = None) -> Opened:
    """Start a pending task and end it well, in one transaction: refused, it has not been touched. Some twenty queries.

    Raises:
        ValueRefused: the result is not JSON or too large.
        IllegalTransition, TaskNotFound, TaskListNotFound, TaskListDiscarded: as for `open_attempt`.
    """
    _take_from_dead(list_id, task_id)
    with transaction.atomic():
        claim = _open(worker_id, list_id, task_id)
        return claim, claims.complete(claim, result)


def fail(worker_id: UUID, list_id: UUID, task_id: str, error: str) -> Opened:
    """Start a pending task and end it badly, in one transaction. Some twenty queries.

    Raises:
        IllegalTransition, TaskNotFound, TaskListNotFound, TaskListDiscarded: as for `open_attempt`.
    """
    _take_from_dead(list_id, task_id)
    with transaction.atomic():
        claim = _open(worker_id, list_id, task_id)
        return claim, claims.fail(claim, error)


def _take_from_dead(list_id: UUID, task_id: str) -> None:
    """Do the sweep's work on this list if it is what stands in the way; else one query."""
    if not is_id(task_id):
        return  # no task has it, as whoever looks for it says
    running = Attempt.objects.filter(task__task_list=list_id, task__key=task_id, status=AttemptStatus.RUNNING)
    if running.filter(worker__in=Worker.objects.dead()).exists():
        leases.sweep_list(list_id)


@transaction.atomic
def _open(worker_id: UUID, list_id: UUID, task_id: str) -> Claim:
    worker = _row_of(worker_id)
    with open_list(list_id, actor=Actor("worker", worker.name)) as ledger:
        task = tasks.find(list_id, task_id)
        _check_free(ledger, task)
        return claims.open_attempts(ledger, [task], worker)[0]


def _row_of(worker_id: UUID) -> Worker:
    """The row of this process, made if need be: in the transaction of the attempt it is to hold, or it is not there."""
    about = {"host": socket.gethostname()[:255], "pid": os.getpid(), "slots": 0, "cluster": ""}
    return Worker.objects.get_or_create(pk=worker_id, defaults=about)[0]


def _check_free(ledger: Ledger, task: Task) -> None:
    """Pass if the task may be started now.

    Raises:
        IllegalTransition: it may not; the message says why, and the way out.
    """
    if task.status == TaskStatus.IN_PROGRESS:
        names = Attempt.objects.filter(task=task, status=AttemptStatus.RUNNING).values_list("worker_name", flat=True)
        raise _refusal(task, f"is held by {names.first() or 'another'}; wait for it to end, or cancel it")
    if task.status == TaskStatus.AWAITING_APPROVAL:
        raise _refusal(task, "awaits approval; a person has to approve it first")
    check_move(task.key, task.status, TaskStatus.IN_PROGRESS, By.WORKER)
    if ledger.row.pauses:
        raise _refusal(task, f"cannot start: its list is paused ({', '.join(ledger.row.pauses)}); resume it first")
    if task.waiting_for:
        raise _refusal(task, f"waits for {_awaited(task)}; end that first")
    if task.not_before is not None and task.not_before > ledger.now:
        raise _refusal(task, f"may not start before {task.not_before.isoformat(timespec='seconds')}; wait until then")


def _awaited(task: Task) -> str:
    rows = Dependency.objects.filter(task=task).order_by("on__position")
    edges = rows.values_list("on__key", "on__status", "on__skipped_by_dependency")
    keys = [repr(key) for key, status, by_dependency in edges if not is_satisfied(status, by_dependency)]
    if len(keys) > NAMED:
        return f"{', '.join(keys[:NAMED])} and {len(keys) - NAMED} more"
    return " and ".join(filter(None, (", ".join(keys[:-1]), keys[-1])))


def _refusal(task: Task, why: str) -> IllegalTransition:
    return IllegalTransition(f"Task {task.key!r} {why}.", status=str(task.status))
