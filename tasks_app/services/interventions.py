"""Interventions: what people and programs make of a task from outside: retry, cancel, skip, hand back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from tasks_app.errors import DependencyRefused, IllegalTransition
from tasks_app.models import Task, TaskSnapshot
from tasks_app.rules.actors import Actor
from tasks_app.rules.statuses import FINAL, AttemptStatus, By, TaskStatus, check_move, words
from tasks_app.rules.values import as_reason
from tasks_app.services import tasks
from tasks_app.services.dependents import standings
from tasks_app.services.ledger import Ledger, open_list
from tasks_app.services.task_lists import end_attempts


def retry(list_id: UUID, task_id: str, *, actor: Actor, by: By = By.PERSON, reason: str = "") -> TaskSnapshot:
    """Run a task that has ended again, as a new attempt; the old ones stay on record.

    Raises:
        TaskNotFound, IllegalTransition: it has not ended.
        DependencyRefused: one it depends on stands failed; retry that one.
    """
    with _opened(list_id, task_id, actor) as (ledger, task):
        if task.status not in FINAL:
            state = words(task.status)
            raise IllegalTransition(
                f"Task {task_id!r} is {state}; only one that has ended is retried.", status=task.status
            )
        standing = standings([task.pk])[task.pk] if ledger.row.has_dependencies else None
        if standing and standing.barred_by:
            raise DependencyRefused(f"Task {task_id!r} cannot run: {standing.reason}; retry {standing.barred_by!r}.")
        ledger.move(
            [task],
            TaskStatus.PENDING,
            by=by,
            kind="task.retried",
            data=_because(reason),
            waiting_for=standing.waiting_for if standing else 0,
            failed_count=0,
            abandoned_count=0,
            result=None,
            headline="",
            feedback=task.error or task.feedback,
            error="",
            progress="",
            skip_reason="",
            skipped_by_dependency=False,
            ended_at=None,
        )
    return task.snapshot()


def cancel(list_id: UUID, task_id: str, *, actor: Actor, by: By = By.PERSON, reason: str = "") -> TaskSnapshot:
    """End a task that has not ended. If it runs, its attempt is fenced at once and its worker is told to stop.

    Raises:
        TaskNotFound, IllegalTransition.
    """
    with _opened(list_id, task_id, actor) as (ledger, task):
        end(ledger, task, TaskStatus.CANCELLED, by=by, reason=reason)
    return task.snapshot()


def skip(list_id: UUID, task_id: str, *, actor: Actor, by: By = By.PERSON, reason: str = "") -> TaskSnapshot:
    """Pass over a task that has not ended: those behind it may run as if it were done.

    Raises:
        TaskNotFound, IllegalTransition.
    """
    with _opened(list_id, task_id, actor) as (ledger, task):
        end(ledger, task, TaskStatus.SKIPPED, by=by, reason=reason)
    return task.snapshot()


def hand_back(list_id: UUID, task_id: str, *, actor: Actor, reason: str = "") -> TaskSnapshot:
    """Take a running task from its worker, which is told to stop, and let it wait for another.

    The attempt counts neither as failed nor as abandoned.

    Raises:
        TaskNotFound, IllegalTransition: it does not run.
    """
    text = as_reason(reason) or f"{actor.name} handed it back"
    with _opened(list_id, task_id, actor) as (ledger, task):
        if task.status != TaskStatus.IN_PROGRESS:
            state = words(task.status)
            raise IllegalTransition(
                f"Task {task_id!r} is {state}; only one in progress is handed back.", status=task.status
            )
        end_attempts(ledger, [task], AttemptStatus.RELEASED, error=text)
        ledger.move(
            [task],
            TaskStatus.PENDING,
            by=By.PERSON,
            kind="task.released",
            data=lambda _: {"reason": text},
            progress="",
        )
    return task.snapshot()


def end(ledger: Ledger, task: Task, to: TaskStatus, *, by: By, reason: str) -> None:
    """Cancel or skip a task, whose books are open.

    Raises:
        IllegalTransition.
    """
    check_move(task.key, task.status, to, by)
    end_attempts(ledger, [task], AttemptStatus.CANCELLED)
    ledger.move(
        [task],
        to,
        by=by,
        kind=f"task.{to}",
        data=_because(reason),
        ended_at=ledger.now,
        not_before=None,
        skip_reason=as_reason(reason) if to == TaskStatus.SKIPPED else "",
        skipped_by_dependency=False,
    )


@contextmanager
def _opened(list_id: UUID, task_id: str, actor: Actor) -> Iterator[tuple[Ledger, Task]]:
    with open_list(list_id, actor=actor) as ledger:
        yield ledger, tasks.find(list_id, task_id)


def _because(reason: str) -> Callable[[Task], dict[str, str]] | None:
    told = as_reason(reason)
    return (lambda _: {"reason": told}) if told else None
