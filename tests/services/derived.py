"""What a task's columns must be, derived from other rows: its attempts, what it depends on, its gate."""

from __future__ import annotations

from tasks_app.models import Attempt, Dependency, Task, TaskList, TaskListSnapshot
from tasks_app.rules.statuses import UNFINISHED

OPEN = ("pending", "awaiting_approval", "skipped")  # their standing is kept up; others have run, or are to be retried


def check_derived(task_list: TaskListSnapshot) -> None:
    """Each present task of a list is where its attempts, dependencies and gate put it."""
    rows = Task.objects.filter(task_list=task_list.id)
    by_pk = {task.pk: task for task in rows}
    on: dict[int, list[Task]] = {pk: [] for pk in by_pk}
    for edge in Dependency.objects.filter(task__task_list=task_list.id):
        on[edge.task_id].append(by_pk[edge.on_id])
    attempts: dict[int, list[Attempt]] = {pk: [] for pk in by_pk}
    for attempt in Attempt.objects.filter(task__task_list=task_list.id).order_by("number"):
        attempts[attempt.task_id].append(attempt)
    discarded = TaskList.objects.filter(pk=task_list.id, discarded_at__isnull=False).exists()
    for task in by_pk.values():
        _check_parent(task, by_pk)
        if task.removed_at is None:
            assert not (discarded and task.status in UNFINISHED), "nothing of a discarded list is left to do"
            _check_attempts(task, attempts[task.pk])
            if task.status in OPEN:
                _check_standing(task, on[task.pk])
            _check_gate(task)


def _check_attempts(task: Task, attempts: list[Attempt]) -> None:
    last = attempts[-1] if attempts else None
    if task.status == "completed":
        assert last is not None
        assert (last.status, last.result) == ("completed", task.result), "a completed task shows what its attempt gave"
    else:
        assert (task.result, task.headline) == (None, ""), "a retry hides the result"
    if task.status == "failed" and last is not None and not task.error.startswith("Rejected by"):
        assert last.status in ("failed", "abandoned")
    if task.status in ("pending", "awaiting_approval") and last is not None:
        assert last.status != "running"


def _check_standing(task: Task, on: list[Task]) -> None:
    satisfied = [one for one in on if one.status == "completed" or _passed_over(one)]
    barring = [one for one in on if one.status in ("failed", "cancelled") or one.skipped_by_dependency]
    assert task.waiting_for == len(on) - len(satisfied)
    if task.status != "skipped":
        assert not barring, "a task behind a failure is skipped, not left to wait for ever"
    elif task.skipped_by_dependency:
        assert barring, "a task behind no failure is not skipped for one"


def _passed_over(task: Task) -> bool:
    return task.status == "skipped" and not task.skipped_by_dependency


def _check_gate(task: Task) -> None:
    if task.status == "awaiting_approval":
        assert task.requires_approval
        assert task.approved_at is None
    if task.status == "pending" and task.requires_approval and task.waiting_for == 0:
        assert task.approved_at is not None, "an unapproved task with nobody to wait for waits for approval"


def _check_parent(task: Task, by_pk: dict[int, Task]) -> None:
    above, steps = task, 0
    while above.parent_id is not None:
        above, steps = by_pk[above.parent_id], steps + 1
        assert steps <= len(by_pk), "no task is above itself"
